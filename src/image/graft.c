// SPDX-License-Identifier: MIT
/* The layer that adds an emulator and its native tools to an image: reproducible, and without unchanged files. */
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
#include "image/tmpfile.h"

const char *const graft_codec_words[] = { "none", "gzip", "zstd", NULL };

/* Adds the parent directories of path, topmost first, except those that paths in before have in common with it. */
static void add_parents(
	struct buf *out, const struct view *view, const char *path, struct graft_paths before, int64_t time)
{
	char name[VIEW_PATH_MAX + 1];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path), i = 0;
		struct tar_entry entry = { .path = name, .type = TAR_DIRECTORY, .mode = 0755, .mtime = time };
		struct view_directory found;

		while (i < before.n && (strncmp(before.items[i], path, len) != 0 || before.items[i][len] != '/'))
			i++;
		if (i < before.n)
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

static int check_place(const struct view *view, const char *at, char path[VIEW_PATH_MAX], struct err *e)
{
	struct view_hit hit;
	int r;

	if (*at != '/' || !at[1] || at[strlen(at) - 1] == '/')
		return err_set(e, -EBADMSG, "'%s' is not a path for a file: it must be absolute", at);
	r = view_place(view, at, path);
	if (r)
		return err_set(e, -EBADMSG, "%s: cannot reach its directory inside the image: %s", at, strerror(-r));
	/* ".wh." would be a whiteout (image-spec layer.md), and what is longer than NAME_MAX cannot be unpacked. */
	for (const char *p = path; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len > NAME_MAX || str_starts(p, LAYER_WHITEOUT_PREFIX) || (len == 1 && *p == '.') ||
			(len == 2 && !memcmp(p, "..", 2)))
			return err_set(
				e, -EBADMSG, "'%s' is not a path for a file: a layer cannot have such a name", at);
		p += len;
	}
	if (view_find(view, path, &hit) && hit.entry->kind != LAYER_FILE && hit.entry->kind != LAYER_HARDLINK &&
		hit.entry->kind != LAYER_SYMLINK)
		return err_set(e, -EBADMSG, "%s: not a regular file", at);
	return 0;
}

static int write_plain(const struct graft *graft, int to)
{
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; !r && i < graft->n_parts; at = graft->parts[i++].at) {
		r = fd_write(to, graft->head.data + at, graft->parts[i].at - at);
		if (!r && graft->parts[i].size)
			r = fd_copy_range(graft->parts[i].file, 0, to, graft->parts[i].size);
	}
	return r ? r : fd_write(to, graft->head.data + at, graft->head.len - at);
}

/* A thread that writes the layer to disk while the digest is computed. */
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

/* Ends the tar and computes sizes and digests. Consumes graft: moved to ret, or freed on failure. */
static int finish(struct graft *graft, const struct graft_request *request, struct graft *ret, struct err *e)
{
	static const char zeros[TAR_END];
	struct storing storing = { .graft = graft, .fd = -1 };
	struct digest_state *state = digest_begin();
	size_t at = 0;
	int r;

	buf_add(&graft->head, zeros, sizeof(zeros));
	r = buf_ok(&graft->head) ? 0 : -E2BIG;
	/* A failure is not an error: the layer is then written later, which reports errors. */
	if (!r && request && request->has_place)
		storing.fd = openat(request->place, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (storing.fd >= 0 && pthread_create(&storing.thread, NULL, store, &storing))
		cleanup_fd(&storing.fd);
	graft->tar_size = graft->head.len;
	for (size_t i = 0; !r && i < graft->n_parts; at = graft->parts[i++].at) {
		graft->tar_size += graft->parts[i].size;
		digest_add(state, graft->head.data + at, graft->parts[i].at - at);
		r = digest_add_range(state, graft->parts[i].file, 0, graft->parts[i].size);
	}
	graft->stored_size = graft->tar_size;
	if (!r)
		digest_add(state, graft->head.data + at, graft->head.len - at);
	digest_end(state, graft->diff_id);
	if (storing.fd >= 0) {
		pthread_join(storing.thread, NULL);
		graft->is_stored = !storing.code;
		graft->stored = storing.fd;
		if (storing.code)
			cleanup_fd(&graft->stored);
	}
	memcpy(graft->digest, graft->diff_id, DIGEST_TEXT);
	if (r) {
		graft_done(graft);
		return err_sys(e, r, "cannot read the emulator");
	}
	*ret = *graft;
	return 0;
}

/* Adds a file: header, text or a reference to the content of file, padding. */
static void add_part(struct graft *graft, const struct tar_entry *entry, int file, const struct buf *text)
{
	static const char zeros[TAR_BLOCK];

	tar_write_header(&graft->head, entry);
	if (text)
		buf_add(&graft->head, buf_text(text), text->len);
	else
		graft->parts[graft->n_parts++] = (struct graft_part){ graft->head.len, file, entry->size };
	buf_add(&graft->head, zeros, (size_t)tar_padding(entry->size));
}

static int add_file(struct graft *graft, const struct graft_request *request, const struct graft_file *file,
	struct graft_paths before, struct err *e)
{
	struct tar_entry entry = { .path = (char *)file->path + 1, .type = TAR_FILE, .mode = file->mode };
	char path[VIEW_PATH_MAX];
	struct stat st;
	int r = check_place(request->view, file->path, path, e);

	if (r)
		return r;
	if (strcmp(path, file->path + 1))
		return err_set(e, -EBADMSG, "%s: a link leads to /%s", file->path, path);
	if (!strcmp(path, graft->path))
		return err_set(e, -EBADMSG, "%s: this is the emulator's own path", file->path);
	/* Whoever can write to a directory could replace its tools, which run natively. */
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		struct view_directory found;
		int len = (int)(slash - path);

		if (!view_directory(request->view, path, (size_t)len, &found))
			continue;
		if (found.directory->mode & 022)
			return err_set(e, -EBADMSG, "/%.*s: writable by others (mode %04o)", len, path,
				(unsigned)found.directory->mode & 07777);
		if (found.directory->uid)
			return err_set(e, -EBADMSG, "/%.*s: owned by user %llu instead of root", len, path,
				(unsigned long long)found.directory->uid);
	}
	if (file->file >= 0 && fstat(file->file, &st) < 0)
		return err_sys(e, -errno, "cannot read what is for %s", file->path);
	entry.size = file->file < 0 ? file->text->len : (uint64_t)st.st_size;
	add_parents(&graft->head, request->view, entry.path, before, 0);
	add_part(graft, &entry, file->file, file->text);
	return 0;
}

int graft_make(const struct graft_request *request, struct graft *ret, struct err *e)
{
	auto_free const char **before = mem_new(request->n_files + 1, sizeof(*before));
	struct tar_entry emulator = { .type = TAR_FILE, .mode = 0755 };
	struct graft graft = { 0 };
	char path[VIEW_PATH_MAX];
	struct stat st;
	int r = check_place(request->view, request->at, path, e);

	if (r)
		return r;
	if (fstat(request->emulator, &st) < 0)
		return err_sys(e, -errno, "cannot read the emulator");
	emulator.size = (uint64_t)st.st_size;
	emulator.mtime = st.st_mtim.tv_sec < 0 ? 0 : st.st_mtim.tv_sec;
	if (request->has_epoch && emulator.mtime > request->epoch)
		emulator.mtime = request->epoch;
	graft.time = emulator.mtime;
	before[0] = emulator.path = graft.path = mem_text(path);
	graft.parts = mem_new(request->n_files + 1, sizeof(*graft.parts));
	add_parents(&graft.head, request->view, path, (struct graft_paths){ 0 }, emulator.mtime);
	add_part(&graft, &emulator, request->emulator, NULL);
	for (size_t i = 0; !r && i < request->n_files; i++) {
		r = add_file(&graft, request, &request->files[i], (struct graft_paths){ before, i + 1 }, e);
		before[i + 1] = request->files[i].path + 1;
	}
	if (r) {
		graft_done(&graft);
		return r;
	}
	return finish(&graft, request, ret, e);
}

int graft_hide(const struct view *view, struct graft_paths paths, int64_t time, struct graft *ret, struct err *e)
{
	struct graft graft = { .hides = true, .time = time, .path = mem_text(paths.n ? paths.items[0] : "") };

	for (size_t i = 0; i < paths.n; i++) {
		const char *name = str_basename(paths.items[i]);
		auto_free char *whiteout = mem_print(
			"%.*s" LAYER_WHITEOUT_PREFIX "%s", (int)(name - paths.items[i]), paths.items[i], name);

		add_parents(&graft.head, view, paths.items[i], (struct graft_paths){ paths.items, i }, time);
		tar_write_header(&graft.head, &(struct tar_entry){ .path = whiteout, .type = TAR_FILE, .mode = 0644 });
	}
	return finish(&graft, NULL, ret, e);
}

void graft_done(struct graft *graft)
{
	free(graft->path);
	free(graft->parts);
	buf_done(&graft->head);
	if (graft->is_stored)
		cleanup_fd(&graft->stored);
	*graft = (struct graft){ 0 };
}

int graft_write(const struct graft *graft, int to)
{
	return graft->is_stored ? fd_copy_range(graft->stored, 0, to, graft->stored_size) : write_plain(graft, to);
}

int graft_pack(struct graft *graft, enum graft_codec codec, const struct graft *other, struct err *e)
{
	bool is_done = other && other->codec == codec && !strcmp(other->diff_id, graft->diff_id);
	struct stat st;
	auto_fd plain = is_done ? -1 : image_tmpfile();
	auto_fd fd = is_done ? fcntl(other->stored, F_DUPFD_CLOEXEC, 3) : image_tmpfile();
	int r = fd < 0 ? is_done ? -errno : fd : 0;

	if (!r && !is_done) {
		r = plain < 0 ? plain : graft_write(graft, plain);
		if (!r)
			r = codec == GRAFT_GZIP ? codec_gzip_pack(plain, fd) : codec_zstd_pack(plain, fd);
	}
	if (!r)
		r = fstat(fd, &st) < 0 ? -errno : digest_file(fd, graft->digest);
	if (r) {
		err_sys(e, r, "cannot compress the layer in %s", image_tmpdir());
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
