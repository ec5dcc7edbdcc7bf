// SPDX-License-Identifier: MIT
/* The layer that puts an emulator into an image: the same bytes whoever makes it, and nothing in them but what is new. */
#include "image/graft.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "image/tar_header.h"
#include "image/tar_write.h"

enum { CHUNK = 128 * 1024 };

static int64_t time_of(const struct graft_request *request, const struct stat *st)
{
	int64_t time = st->st_mtim.tv_sec < 0 ? 0 : st->st_mtim.tv_sec;

	return request->has_epoch && time > request->epoch ? request->epoch : time;
}

/* Each directory above path, the highest first. */
static void add_parents(struct buf *out, const struct view *view, const char *path, int64_t time)
{
	char name[VIEW_PATH_MAX + 1];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path);
		struct tar_entry entry = { .path = name, .type = TAR_DIRECTORY, .mode = 0755, .mtime = time };
		struct view_directory found;

		memcpy(name, path, len + 1);
		name[len + 1] = '\0';
		if (view_directory(view, path, len, &found)) {
			entry.mode = (unsigned)found.directory->mode;
			entry.uid = found.directory->uid;
			entry.gid = found.directory->gid;
			entry.mtime = found.directory->mtime;
			buf_add(&entry.records, layer_text(found.layer, found.directory->records),
				found.directory->records_len);
		}
		tar_write_header(out, &entry);
		buf_done(&entry.records);
	}
}

/* Zero bytes behind the content: its padding and the end of the tar. */
static size_t tail_of(const struct graft *graft)
{
	return (size_t)tar_padding(graft->size) + TAR_END;
}

static int find_digest(struct graft *graft)
{
	static const char zeros[TAR_BLOCK + TAR_END];
	auto_free char *chunk = mem_new(1, CHUNK);
	struct digest_state *state = chunk ? digest_begin() : NULL;
	uint64_t done = 0;
	ssize_t n = 0;

	if (!state)
		return -ENOMEM;
	digest_add(state, graft->head.data, graft->head.len);
	while (done < graft->size) {
		n = fd_pread(graft->emulator, chunk, (size_t)MIN_OF(graft->size - done, (uint64_t)CHUNK),
			(off_t)done);
		if (n <= 0)
			break;
		digest_add(state, chunk, (size_t)n);
		done += (uint64_t)n;
	}
	digest_add(state, zeros, tail_of(graft));
	digest_end(state, graft->diff_id);
	return n < 0 ? (int)n : done < graft->size ? -EIO : 0;
}

static int check_place(const struct graft_request *request, char path[VIEW_PATH_MAX], struct err *e)
{
	struct view_hit hit;
	int r;

	if (*request->at != '/' || !request->at[1] || request->at[strlen(request->at) - 1] == '/')
		return err_set(e, -EBADMSG, "'%s' is no place for a file: it must be an absolute path", request->at);
	r = view_place(request->view, request->at, path);
	if (r)
		return err_set(e, -EBADMSG, "%s: its directory cannot be reached inside the image: %s", request->at,
			strerror(-r));
	if (view_find(request->view, path, &hit) && hit.entry->kind != LAYER_FILE &&
		hit.entry->kind != LAYER_HARDLINK && hit.entry->kind != LAYER_SYMLINK)
		return err_set(e, -EBADMSG, "%s: something that is no file stands there", request->at);
	return 0;
}

int graft_make(const struct graft_request *request, struct graft *ret, struct err *e)
{
	struct graft graft = { .emulator = request->emulator };
	struct tar_entry file = { .type = TAR_FILE, .mode = 0755 };
	char path[VIEW_PATH_MAX];
	struct stat st;
	int r = check_place(request, path, e);

	if (r)
		return r;
	if (fstat(request->emulator, &st) < 0)
		return err_sys(e, -errno, "cannot read the emulator");
	file.path = graft.path = mem_text(path);
	file.size = graft.size = (uint64_t)st.st_size;
	file.mtime = graft.time = time_of(request, &st);
	if (graft.path) {
		add_parents(&graft.head, request->view, graft.path, file.mtime);
		tar_write_header(&graft.head, &file);
	}
	graft.tar_size = graft.head.len + graft.size + tail_of(&graft);
	r = graft.path && buf_ok(&graft.head) ? find_digest(&graft) : -ENOMEM;
	if (!r)
		*ret = graft;
	else
		graft_done(&graft);
	return r ? err_sys(e, r, "cannot read the emulator") : 0;
}

void graft_done(struct graft *graft)
{
	free(graft->path);
	buf_done(&graft->head);
	*graft = (struct graft){ .emulator = -1 };
}

int graft_write(const struct graft *graft, int to)
{
	static const char zeros[TAR_BLOCK + TAR_END];
	int r = fd_write(to, graft->head.data, graft->head.len);

	if (!r)
		r = fd_copy_range(graft->emulator, 0, to, graft->size);
	return r ? r : fd_write(to, zeros, tail_of(graft));
}
