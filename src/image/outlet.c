// SPDX-License-Identifier: MIT
/* The output of a new image: the directory of an OCI layout, or an archive. */
#include "image/outlet.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/tar_write.h"

bool outlet_has(const struct outlet *outlet, const char *name)
{
	for (size_t i = 0; i < outlet->n; i++)
		if (!strcmp(outlet->names[i], name))
			return true;
	return false;
}

/* So many blobs of a layout are synced one by one; if there are more, the file system is, once: faster than 16,000. */
enum { SYNCED_MAX = 64 };

#define BLOBS_SHA512 "blobs/sha512/"

/* Where in blobs index.json is until all of a layout is written: without it, the layout is that of a killed run. */
#define UNFINISHED "index.json"

/* Writes member's content, or text if member is NULL. */
static int write_member(const struct outlet *outlet, const char *name, const struct member *member,
	const struct buf *text, struct err *e)
{
	bool is_archive = outlet->dir < 0;
	uint64_t size = member ? member->size : text->len;
	auto_fd file = -1;
	int to = outlet->file.fd, r = 0;

	if (is_archive) {
		r = tar_begin_member(to, name, size);
	} else {
		bool is_sha512 = str_starts(name, BLOBS_SHA512), is_blob = is_sha512 || str_starts(name, BUNDLE_BLOBS);
		int dir = is_sha512		       ? outlet->sha512
			  : is_blob		       ? outlet->sha256
			  : strcmp(name, "index.json") ? outlet->dir
						       : outlet->blobs;

		to = file = openat(dir, is_blob ? name + strlen(BUNDLE_BLOBS) : name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		r = to < 0 ? -errno : 0;
	}
	if (!r)
		r = member ? fd_copy_range(member->fd, member->offset, to, size) : fd_write(to, text->data, size);
	if (!r)
		r = is_archive ? tar_end_member(to, size) : outlet->n <= SYNCED_MAX && fsync(to) < 0 ? -errno : 0;
	return r ? err_sys(e, r, "cannot write %s", name) : 0;
}

int outlet_part(struct outlet *outlet, const char *name, const struct member *member, struct err *e)
{
	return write_member(outlet, name, member, &(struct buf){ 0 }, e);
}

static int open_folder(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int outlet_blob(struct outlet *outlet, const struct member *member, const char *digest, struct err *e)
{
	bool is_sha512 = digest_is_sha512(digest);
	char own[DIGEST_SHA512_TEXT], name[sizeof(BLOBS_SHA512) + sizeof(own)];
	int r;

	snprintf(name, sizeof(name), "%s%s", is_sha512 ? BLOBS_SHA512 : BUNDLE_BLOBS, digest + strlen("sha256:"));
	if (outlet_has(outlet, name))
		return 0;
	r = is_sha512 ? digest_range_sha512(member->fd, member->offset, member->size, own)
		      : digest_range(member->fd, member->offset, member->size, own);
	if (!r && is_sha512 && outlet->dir >= 0 && outlet->sha512 < 0) {
		r = mkdirat(outlet->blobs, "sha512", 0755) < 0 ? -errno : 0;
		outlet->sha512 = r ? -1 : open_folder(outlet->blobs, "sha512");
		r = r || outlet->sha512 >= 0 ? r : -errno;
	}
	if (r)
		return err_sys(e, r, "cannot write %s", name);
	if (strcmp(own, digest))
		return err_set(e, -EBADMSG, "%s does not have the digest that is its name", name);
	mem_push_text(&outlet->names, &outlet->n, name);
	return outlet_part(outlet, name, member, e);
}

int outlet_text(struct outlet *outlet, const struct buf *text, char ret_digest[DIGEST_TEXT], struct err *e)
{
	char name[BUNDLE_BLOB_NAME];

	digest_text(buf_text(text), text->len, ret_digest);
	bundle_blob_name(ret_digest, name);
	if (outlet_has(outlet, name))
		return 0;
	mem_push_text(&outlet->names, &outlet->n, name);
	return write_member(outlet, name, NULL, text, e);
}

int outlet_document(struct outlet *outlet, const char *name, const struct buf *text, struct err *e)
{
	return write_member(outlet, name, NULL, text, e);
}

int outlet_layout(struct outlet *outlet, struct err *e)
{
	auto_buf layout = { 0 };

	buf_adds(&layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
	return outlet_document(outlet, "oci-layout", &layout, e);
}

int outlet_end(struct outlet *outlet, struct err *e)
{
	int r = 0;

	if (outlet->dir < 0)
		r = tar_write_end(outlet->file.fd);
	else if ((outlet->n > SYNCED_MAX && syncfs(outlet->dir) < 0) || fsync(outlet->sha256) < 0 ||
		 (outlet->sha512 >= 0 && fsync(outlet->sha512) < 0) || fsync(outlet->dir) < 0 ||
		 renameat(outlet->blobs, UNFINISHED, outlet->dir, "index.json") < 0 || fsync(outlet->dir) < 0)
		r = -errno;
	if (r)
		return err_sys(e, r, "cannot write the image");
	outlet->is_whole = true;
	return outlet->dir < 0 ? newfile_commit(&outlet->file, newfile_usual_mode(), e) : 0;
}

/* Removes an incomplete layout, and nothing behind a link in it. */
static void remove_layout(int dir)
{
	auto_fd blobs = open_folder(dir, "blobs");
	static const char *const folders[] = { "sha256", "sha512" };

	for (size_t i = 0; blobs >= 0 && i < ARRAY_SIZE(folders); i++) {
		auto_dir list = fd_list_at(blobs, folders[i]);
		const struct dirent *entry;

		while (list && (entry = fd_next(list)))
			unlinkat(dirfd(list), entry->d_name, 0);
		unlinkat(blobs, folders[i], AT_REMOVEDIR);
	}
	if (blobs >= 0)
		unlinkat(blobs, UNFINISHED, 0);
	unlinkat(dir, "index.json", 0);
	unlinkat(dir, "oci-layout", 0);
	unlinkat(dir, "blobs", AT_REMOVEDIR);
}

/* Accepts an empty directory, or one that only has what a killed run leaves: no index. */
static int check_layout(int dir, const char *path, struct err *e)
{
	auto_dir list = fd_list_at(dir, ".");
	const struct dirent *entry;
	bool is_begun = list;

	while (is_begun && (entry = fd_next(list)))
		is_begun = !strcmp(entry->d_name, "blobs") || !strcmp(entry->d_name, "oci-layout");
	if (is_begun)
		return 0;
	err_set(e, -EEXIST, "%s already exists", path);
	return err_hint(e, "name a directory that does not exist, or is empty");
}

int outlet_check(const struct outlet_request *request, struct err *e)
{
	auto_fd dir = request->is_layout ? open(request->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct stat st;

	if (request->is_layout)
		return dir >= 0		 ? check_layout(dir, request->path, e)
		       : errno == ENOENT ? 0
					 : err_sys(e, -errno, "%s", request->path);
	if (request->force || stat(request->path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0; /* outlet_open() refuses other types of files */
	err_set(e, -EEXIST, "%s already exists", request->path);
	return err_hint(e, "--force replaces it");
}

int outlet_open(const struct outlet_request *request, struct outlet *ret, struct err *e)
{
	ret->path = request->path;
	if (request->is_layout) {
		bool is_new = !mkdir(request->path, 0755);
		auto_fd fd = is_new || errno == EEXIST ? open(request->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		int r;

		if (fd < 0)
			return err_sys(e, -errno, "%s", request->path);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return err_set(e, errno == EWOULDBLOCK ? -EBUSY : -errno, "%s: another run is writing to it",
				request->path);
		r = check_layout(fd, request->path, e);
		if (r)
			return r;
		remove_layout(fd);
		ret->is_new = is_new;
		ret->dir = take_fd(&fd);
		if (!mkdirat(ret->dir, "blobs", 0755))
			ret->blobs = open_folder(ret->dir, "blobs");
		if (ret->blobs >= 0 && !mkdirat(ret->blobs, "sha256", 0755))
			ret->sha256 = open_folder(ret->blobs, "sha256");
		return ret->sha256 < 0 ? err_sys(e, -errno, "%s/blobs", request->path) : 0;
	}
	return newfile_open(request->path, request->force ? NEWFILE_REPLACES : NEWFILE_IS_NEW, &ret->file, e);
}

void outlet_done(struct outlet *outlet)
{
	if (outlet->dir >= 0 && !outlet->is_whole) {
		remove_layout(outlet->dir);
		if (outlet->is_new)
			rmdir(outlet->path);
	}
	cleanup_fd(&outlet->sha512);
	cleanup_fd(&outlet->sha256);
	cleanup_fd(&outlet->blobs);
	cleanup_fd(&outlet->dir);
	newfile_done(&outlet->file);
	mem_free_texts(outlet->names, outlet->n);
	*outlet = (struct outlet)OUTLET_INIT;
}
