// SPDX-License-Identifier: MIT
/* The layer that puts an emulator into an image: the same bytes whoever makes it, and nothing in them but what is new. */
#include "image/graft.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/tar_header.h"
#include "image/tar_write.h"

enum { CHUNK = 128 * 1024 };

const char *const graft_codec_words[] = { "none", "gzip", "zstd", NULL };

static int64_t time_of(const struct graft_request *request, const struct stat *st)
{
	int64_t time = st->st_mtim.tv_sec < 0 ? 0 : st->st_mtim.tv_sec;

	return request->has_epoch && time > request->epoch ? request->epoch : time;
}

/* Whether a directory is above one of these paths. */
static bool is_above(const char *directory, size_t len, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strncmp(paths[i], directory, len) && paths[i][len] == '/')
			return true;
	return false;
}

/* Each directory above path, the highest first, but for those that the n paths before it have. */
static void add_parents(struct buf *out, const struct view *view, const char *path, const char *const *before, size_t n,
	int64_t time)
{
	char name[VIEW_PATH_MAX + 1];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path);
		struct tar_entry entry = { .path = name, .type = TAR_DIRECTORY, .mode = 0755, .mtime = time };
		struct view_directory found;

		if (is_above(path, len, before, n))
			continue;
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

/* Unpacked, ".wh." takes files away (image-spec layer.md), and what is longer than a name may be is an error. */
static bool has_good_names(const char *path)
{
	for (const char *p = path; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len > NAME_MAX || str_starts(p, LAYER_WHITEOUT_PREFIX) || (len == 1 && *p == '.') ||
			(len == 2 && !memcmp(p, "..", 2)))
			return false;
		p += len;
	}
	return true;
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
	if (!has_good_names(path))
		return err_set(e, -EBADMSG, "'%s' is no place for a file: a layer cannot have such a name", request->at);
	if (view_find(request->view, path, &hit) && hit.entry->kind != LAYER_FILE &&
		hit.entry->kind != LAYER_HARDLINK && hit.entry->kind != LAYER_SYMLINK)
		return err_set(e, -EBADMSG, "%s: something that is no file stands there", request->at);
	return 0;
}

static int write_plain(const struct graft *graft, int to)
{
	static const char zeros[TAR_BLOCK + TAR_END];
	int r = fd_write(to, graft->head.data, graft->head.len);

	if (!r && graft->size)
		r = fd_copy_range(graft->emulator, 0, to, graft->size);
	return r ? r : fd_write(to, zeros, tail_of(graft));
}

/* The layer on its way to the disk, while its digest is found on another core. */
struct storing {
	const struct graft *graft;
	pthread_t thread;
	int fd, code;
};

static void *store(void *context)
{
	struct storing *s = context;

	s->code = write_plain(s->graft, s->fd);
	fd_begin_writing(s->fd);
	return NULL;
}

/* What cannot be done here is done, and told, when it is written. */
static bool start_storing(struct storing *s, const struct graft *graft, int place)
{
	*s = (struct storing){ .graft = graft, .fd = openat(place, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) };
	if (s->fd >= 0 && !pthread_create(&s->thread, NULL, store, s))
		return true;
	cleanup_fd(&s->fd);
	return false;
}

static void end_storing(struct storing *s, struct graft *graft)
{
	pthread_join(s->thread, NULL);
	if (s->code) {
		cleanup_fd(&s->fd);
		return;
	}
	graft->is_stored = true;
	graft->stored = s->fd;
}

/* What follows from its head and the emulator. */
static int finish(struct graft *graft, const struct graft_request *request, struct graft *ret, struct err *e)
{
	bool is_whole = graft->path && buf_ok(&graft->head);
	struct storing storing;
	bool is_storing = is_whole && request && request->has_place && start_storing(&storing, graft, request->place);
	int r;

	graft->tar_size = graft->stored_size = graft->head.len + graft->size + tail_of(graft);
	r = is_whole ? find_digest(graft) : -ENOMEM;
	if (is_storing)
		end_storing(&storing, graft);
	memcpy(graft->digest, graft->diff_id, DIGEST_TEXT);
	if (!r)
		*ret = *graft;
	else
		graft_done(graft);
	return r ? err_sys(e, r, "cannot read the emulator") : 0;
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
		add_parents(&graft.head, request->view, graft.path, NULL, 0, file.mtime);
		tar_write_header(&graft.head, &file);
	}
	return finish(&graft, request, ret, e);
}

static void add_whiteout(struct buf *out, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct tar_entry entry = { .type = TAR_FILE, .mode = 0644 };
	auto_buf name = { 0 };

	if (slash)
		buf_add(&name, path, (size_t)(slash + 1 - path));
	buf_addf(&name, LAYER_WHITEOUT_PREFIX "%s", slash ? slash + 1 : path);
	entry.path = name.data;
	if (buf_ok(&name))
		tar_write_header(out, &entry);
	else
		buf_add(out, NULL, SIZE_MAX); /* fails it */
}

int graft_hide(const struct view *view, const char *const *paths, size_t n, int64_t time, struct graft *ret, struct err *e)
{
	struct graft graft = { .emulator = -1, .time = time, .path = mem_text(n ? paths[0] : "") };

	for (size_t i = 0; i < n; i++) {
		add_parents(&graft.head, view, paths[i], paths, i, time);
		add_whiteout(&graft.head, paths[i]);
	}
	return finish(&graft, NULL, ret, e);
}

void graft_done(struct graft *graft)
{
	free(graft->path);
	buf_done(&graft->head);
	if (graft->is_stored)
		cleanup_fd(&graft->stored);
	*graft = (struct graft){ 0 };
}

int graft_write(const struct graft *graft, int to)
{
	return graft->is_stored ? fd_copy_range(graft->stored, 0, to, graft->stored_size) : write_plain(graft, to);
}

static int pack(const struct graft *graft, enum graft_codec codec, const char *tmpdir, int *ret)
{
	auto_fd plain = open(tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	auto_fd packed = open(tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int r = plain < 0 || packed < 0 ? -errno : write_plain(graft, plain);

	if (!r)
		r = codec == GRAFT_GZIP ? codec_gzip_pack(plain, packed) : codec_zstd_pack(plain, packed);
	if (!r)
		*ret = take_fd(&packed);
	return r;
}

int graft_pack(struct graft *graft, enum graft_codec codec, const struct graft *other, const char *tmpdir, struct err *e)
{
	bool is_done = other && other->codec == codec && !strcmp(other->diff_id, graft->diff_id);
	struct stat st;
	auto_fd fd = is_done ? fcntl(other->stored, F_DUPFD_CLOEXEC, 3) : -1;
	int r = !is_done ? pack(graft, codec, tmpdir, &fd) : fd < 0 ? -errno : 0;

	if (!r)
		r = fstat(fd, &st) < 0 ? -errno : digest_file(fd, graft->digest);
	if (r) {
		err_sys(e, r, "cannot compress the layer in %s", tmpdir);
		return err_hint(e, "set TMPDIR to a directory with room for the emulator");
	}
	if (graft->is_stored)
		cleanup_fd(&graft->stored);
	graft->codec = codec;
	graft->is_stored = true;
	graft->stored = take_fd(&fd);
	graft->stored_size = (uint64_t)st.st_size;
	return 0;
}

int graft_link(const struct graft *graft, int dir, const char *name, const struct stat *like)
{
	char own[32];
	int r;

	if (!graft->is_stored)
		return -ENOENT;
	r = fd_look_like(graft->stored, like);
	if (r || fsync(graft->stored) < 0)
		return r ? r : -errno;
	snprintf(own, sizeof(own), "/proc/self/fd/%d", graft->stored);
	return linkat(AT_FDCWD, own, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -ENOENT : 0;
}
