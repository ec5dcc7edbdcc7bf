// SPDX-License-Identifier: MIT
/* Reads files of an image as they are after all its layers, from the layers themselves. */
#include "accel/extract.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fdio.h"
#include "base/str.h"
#include "image/layer_read.h"

enum { CHUNK = 64 * 1024 };

static struct extract_file *find(const struct extract *x, const struct layer *layer, const char *path)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->files[i].layer == layer && !strcmp(x->files[i].path, path))
			return (struct extract_file *)&x->files[i];
	return NULL;
}

/* Resolves a path to a member, which is added if it is new. */
static int want(struct extract *x, const char *path, struct extract_file **ret)
{
	char resolved[VIEW_PATH_MAX];
	struct extract_file *file;
	struct view_hit hit, named;
	int r = view_resolve(x->view, path, &hit, resolved);

	if (r)
		return r;
	if (hit.entry->kind != LAYER_FILE)
		return -EBADMSG;
	file = find(x, hit.layer, layer_text(hit.layer, hit.entry->path));
	if (!file && x->n == EXTRACT_FILES_MAX)
		return -E2BIG;
	if (!file) {
		file = &x->files[x->n++];
		*file = (struct extract_file){
			.layer = hit.layer, .path = layer_text(hit.layer, hit.entry->path), .fd = -1
		};
	}
	file->is_linked |= view_find(x->view, resolved, &named) && named.entry->kind == LAYER_HARDLINK;
	*ret = file;
	return 0;
}

int extract_want(struct extract *x, const char *path)
{
	struct extract_file *file = NULL;

	return want(x, path, &file) == -E2BIG ? -E2BIG : 0; /* extract_open() reports other errors */
}

/* Takes the content of a member, instead of that of an earlier one with the same path. */
static int take(struct extract *x, struct extract_file *file, struct tar_reader *reader, struct err *e)
{
	const struct tar_entry *member = &reader->entry;
	auto_fd fd = -1;
	char chunk[CHUNK];
	ssize_t n;
	int r;

	x->held -= file->fd >= 0 ? (uint64_t)file->st.st_size : 0;
	cleanup_fd(&file->fd);
	file->fd = -1;
	file->seen++;
	if (member->type != TAR_FILE)
		file->code = -EBADMSG;
	else if (member->size > EXTRACT_FILE_MAX || x->held + member->size > EXTRACT_SUM_MAX || tar_is_hollow(reader))
		file->code = -EFBIG;
	else
		file->code = 0;
	if (file->code)
		return 0;
	fd = memfd_create("member", MFD_CLOEXEC);
	r = fd < 0 ? -errno : 0;
	while (!r && (n = tar_read(reader, chunk, sizeof(chunk), e)) != 0)
		r = n < 0 ? (int)n : fd_write(fd, chunk, (size_t)n);
	if (r)
		return e && e->code ? r : err_sys(e, r, "cannot look into /%s", file->path);
	file->st = (struct stat){ .st_mode = S_IFREG | (member->mode & 07777),
		.st_uid = (uid_t)member->uid,
		.st_gid = (gid_t)member->gid,
		.st_size = (off_t)member->size,
		.st_mtim.tv_sec = member->mtime };
	file->fd = take_fd(&fd);
	x->held += member->size;
	return 0;
}

/* The layer that is being read. */
struct pass {
	struct extract *extract;
	const struct layer *layer;
};

static int look_at(void *context, struct tar_reader *reader, struct err *e)
{
	const struct pass *pass = context;
	struct extract_file *file;
	char path[VIEW_PATH_MAX];

	if (!tar_plain_name(reader->entry.path, path, sizeof(path)))
		return 0;
	file = find(pass->extract, pass->layer, path);
	return file && !file->is_read ? take(pass->extract, file, reader, e) : 0;
}

static int read_layer(struct extract *x, const struct layer *layer, const char *name, struct err *e)
{
	static const char blobs[] = "blobs/sha256/";
	struct layer_source source = { .member = MEMBER_INIT };
	struct pass pass = { x, layer };
	struct layer_walk walk = { .each = look_at, .context = &pass };
	int r = bundle_find(x->bundle, name, &source.member, e);

	if (r)
		return r;
	if (x->are_blobs && str_starts(name, blobs) && strlen(name) == strlen(blobs) + 64)
		snprintf(source.digest, sizeof(source.digest), "sha256:%s", name + strlen(blobs));
	r = layer_walk(&source, &walk, e);
	/* Each wanted path must exist as a regular file, as it did when the view was made. */
	for (size_t i = 0; !r && i < x->n; i++) {
		struct extract_file *file = &x->files[i];

		if (file->layer != layer || file->is_read)
			continue;
		file->is_read = true;
		if (!file->seen || file->code == -EBADMSG)
			r = err_set(e, -EBADMSG, "/%s has changed since it was first read", file->path);
	}
	member_done(&source.member);
	return r ? err_prefix(e, "%s", name) : 0;
}

int extract_read(struct extract *x, struct err *e)
{
	bool is_any = false;
	int r = 0;

	/* What was read stays so: a layer that the view has twice is read once. */
	for (size_t i = 0; !r && i < x->view->n; i++) {
		bool is_wanted = false;

		for (size_t k = 0; k < x->n; k++)
			is_wanted |= x->files[k].layer == x->view->layers[i] && !x->files[k].is_read;
		if (is_wanted)
			r = read_layer(x, x->view->layers[i], x->names[i], e);
		is_any |= is_wanted;
	}
	if (!r && is_any && ++x->passes > EXTRACT_PASSES_MAX)
		r = err_set(e, -E2BIG, "more than %d times a file of it asks for others", EXTRACT_PASSES_MAX);
	return r ? r : is_any;
}

int extract_open(void *context, const char *path, struct stat *st)
{
	struct extract_file *file = NULL;
	int r = want(context, path, &file);

	if (r)
		return r;
	if (!file->is_read)
		return -EAGAIN;
	/* With several members of one path, it depends on the unpacker which of them a hard link refers to. */
	if (file->code || (file->seen > 1 && file->is_linked))
		return file->code ? file->code : -EBADMSG;
	*st = file->st;
	r = fcntl(file->fd, F_DUPFD_CLOEXEC, 3);
	return r < 0 || lseek(r, 0, SEEK_SET) < 0 ? -errno : r;
}

void extract_done(struct extract *x)
{
	for (size_t i = 0; i < x->n; i++)
		cleanup_fd(&x->files[i].fd);
	x->n = 0;
	x->held = 0;
}
