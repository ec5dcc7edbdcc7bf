// SPDX-License-Identifier: MIT
/* Where the members of a new image go: the directory of an OCI layout, or an archive. */
#include "image/outlet.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/newfile.h"
#include "base/stop.h"
#include "base/stream.h"
#include "image/tar_write.h"

enum { CHUNK = 128 * 1024, NAME = 16 + 64 + 1 };

bool outlet_has(const struct outlet *outlet, const char *name)
{
	for (size_t i = 0; i < outlet->n; i++)
		if (!strcmp(outlet->names[i], name))
			return true;
	return false;
}

static int remember(struct outlet *outlet, const char *name)
{
	return mem_push_text(&outlet->names, &outlet->n, &outlet->cap, name);
}

/* The directories of a layout are made with its first member. */
static int create(const struct outlet *outlet, const char *name)
{
	int fd;

	if ((mkdirat(outlet->dir, "blobs", 0755) < 0 || mkdirat(outlet->dir, "blobs/sha256", 0755) < 0) &&
		errno != EEXIST)
		return -errno;
	fd = openat(outlet->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd;
}

static int write_member(const struct outlet *outlet, const char *name, int from, uint64_t offset, uint64_t size)
{
	struct tar_entry entry = { .path = (char *)(uintptr_t)name, .type = TAR_FILE, .mode = 0644, .size = size };
	auto_fd fd = -1;
	int r;

	if (outlet->dir < 0)
		return tar_write_range(outlet->archive, &entry, from, offset);
	fd = create(outlet, name);
	r = fd < 0 ? fd : fd_copy_range(from, offset, fd, size);
	return r ? r : fsync(fd) < 0 ? -errno : 0;
}

static int write_text(const struct outlet *outlet, const char *name, const struct buf *text)
{
	struct tar_entry entry = { .path = (char *)(uintptr_t)name, .type = TAR_FILE, .mode = 0644 };
	auto_fd fd = -1;
	int r;

	if (outlet->dir < 0)
		return tar_write_text(outlet->archive, &entry, text);
	fd = create(outlet, name);
	r = fd < 0 ? fd : fd_write(fd, text->data, text->len);
	return r ? r : fsync(fd) < 0 ? -errno : 0;
}

int outlet_digest(const struct member *member, char ret[DIGEST_TEXT])
{
	auto_free char *chunk = mem_new(1, CHUNK);
	struct digest_state *state = digest_begin();
	ssize_t n = 0;

	for (uint64_t at = 0; at < member->size; at += (uint64_t)n) {
		n = stop_signal() ? -EINTR
				  : fd_pread(member->fd, chunk, (size_t)MIN_OF(member->size - at, (uint64_t)CHUNK),
					    (off_t)(member->offset + at));
		if (n <= 0) {
			n = n ? n : -EBADMSG;
			break;
		}
		digest_add(state, chunk, (size_t)n);
	}
	digest_end(state, ret);
	return (int)MIN_OF(n, 0);
}

static void name_of(const char *digest, char ret[NAME])
{
	snprintf(ret, NAME, "blobs/sha256/%s", digest + strlen("sha256:"));
}

int outlet_blob(struct outlet *outlet, const struct member *member, const char *digest, struct err *e)
{
	char name[NAME], own[DIGEST_TEXT];
	int r;

	name_of(digest, name);
	if (outlet_has(outlet, name))
		return 0;
	r = outlet_digest(member, own);
	if (!r && strcmp(own, digest))
		return err_set(e, -EBADMSG, "%s does not have the digest that is its name", name);
	if (!r)
		r = remember(outlet, name);
	if (!r)
		r = write_member(outlet, name, member->fd, member->offset, member->size);
	return r ? err_sys(e, r, "cannot write %s", name) : 0;
}

int outlet_text(struct outlet *outlet, const struct buf *text, char ret_digest[DIGEST_TEXT], struct err *e)
{
	char name[NAME];
	int r;

	digest_text(buf_text(text), text->len, ret_digest);
	name_of(ret_digest, name);
	if (outlet_has(outlet, name))
		return 0;
	r = remember(outlet, name);
	if (!r)
		r = write_text(outlet, name, text);
	return r ? err_sys(e, r, "cannot write %s", name) : 0;
}

int outlet_document(struct outlet *outlet, const char *name, const struct buf *text, struct err *e)
{
	int r = write_text(outlet, name, text);

	return r ? err_sys(e, r, "cannot write %s", name) : 0;
}

int outlet_layout(struct outlet *outlet, struct err *e)
{
	auto_buf layout = { 0 };

	buf_adds(&layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
	return outlet_document(outlet, "oci-layout", &layout, e);
}

int outlet_end(struct outlet *outlet, struct err *e)
{
	auto_fd blobs = outlet->dir >= 0 ? openat(outlet->dir, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r = 0;

	if (outlet->dir < 0)
		r = tar_write_end(outlet->archive);
	else if (blobs < 0 || fsync(blobs) < 0 || fsync(outlet->dir) < 0)
		r = -errno;
	return r ? err_sys(e, r, "cannot write the image") : 0;
}

void outlet_done(struct outlet *outlet)
{
	for (size_t i = 0; i < outlet->n; i++)
		free(outlet->names[i]);
	free(outlet->names);
	*outlet = (struct outlet){ .dir = -1, .archive = -1 };
}

/* ---- a new image under its name when it is whole ---- */

int image_out_check(const char *path, bool force, struct err *e)
{
	struct stat st;

	if (force || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0; /* newfile_open() refuses what is no file */
	err_set(e, -EEXIST, "%s already exists", path);
	return err_hint(e, "--force replaces it");
}

int image_out_archive(const char *path, bool force, image_out_writer *write, void *context, struct err *e)
{
	__attribute__((cleanup(outlet_done))) struct outlet outlet = { .dir = -1, .archive = -1 };
	auto_newfile file = NEWFILE_INIT;
	int r = newfile_open(path, force ? NEWFILE_REPLACES : NEWFILE_IS_NEW, &file, e);

	outlet.archive = file.fd;
	if (!r)
		r = write(&outlet, context, e);
	return r ? r : newfile_commit(&file, newfile_usual_mode(), e);
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Whether a directory has nothing but what a run that was killed may have left: blobs without an index. */
static bool is_begun(int dir)
{
	DIR *list = fd_list(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *entry;
	bool is = list;

	while (is && (entry = readdir(list)))
		is = is_dot(entry->d_name) || !strcmp(entry->d_name, "blobs");
	if (list)
		closedir(list);
	return is;
}

/* What was begun, and the directory, where it was not there before. */
static void remove_layout(int dir, const char *path, bool is_new)
{
	int fd = openat(dir, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fd_list(fd);
	const struct dirent *entry;

	while (list && (entry = readdir(list)))
		unlinkat(fd, entry->d_name, 0);
	if (list)
		closedir(list);
	unlinkat(dir, "index.json", 0);
	unlinkat(dir, "oci-layout", 0);
	unlinkat(dir, "blobs/sha256", AT_REMOVEDIR);
	unlinkat(dir, "blobs", AT_REMOVEDIR);
	if (is_new)
		rmdir(path);
}

static int check_layout(int dir, const char *path, struct err *e)
{
	if (is_begun(dir))
		return 0;
	err_set(e, -EEXIST, "%s already exists", path);
	return err_hint(e, "name a directory that does not exist, or is empty");
}

int image_out_layout_check(const char *path, struct err *e)
{
	auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "%s", path);
	return check_layout(fd, path, e);
}

int image_out_layout(const char *path, image_out_writer *write, void *context, struct err *e)
{
	__attribute__((cleanup(outlet_done))) struct outlet outlet = { .dir = -1, .archive = -1 };
	bool is_new = !mkdir(path, 0755);
	auto_fd fd = is_new || errno == EEXIST ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r;

	if (fd < 0)
		return err_sys(e, -errno, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, errno == EWOULDBLOCK ? -EBUSY : -errno, "%s: another run is writing to it", path);
	r = check_layout(fd, path, e);
	if (r)
		return r;
	remove_layout(fd, path, false);
	outlet.dir = fd;
	r = write(&outlet, context, e);
	if (r)
		remove_layout(fd, path, is_new);
	return r;
}
