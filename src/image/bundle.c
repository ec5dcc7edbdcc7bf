// SPDX-License-Identifier: MIT
/* A bundle: named members of a tar archive or of an OCI layout directory. */
#include "image/bundle.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/kind.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/str.h"
#include "image/tar_read.h"
#include "image/tmpfile.h"

enum { TRAILER_MAX = 1024 * 1024 };

void bundle_blob_name(const char *digest, char ret[BUNDLE_BLOB_NAME])
{
	snprintf(ret, BUNDLE_BLOB_NAME, BUNDLE_BLOBS "%s", digest + strlen("sha256:"));
}

/* The name as of tar_plain_name(), to be freed; NULL if a component is "..". */
static char *plain_name(const char *path)
{
	size_t size = strlen(path) + 2;
	auto_free char *name = mem_new(1, size);

	return tar_plain_name(path, name, size) ? take_ptr(&name) : NULL;
}

/* Resolves a symlink of an archive: "../x/layer.tar" of "y/layer.tar". To be freed; NULL: it leaves the archive. */
static char *resolve_link(const char *name, const char *link)
{
	auto_buf path = { 0 };

	if (*link != '/') {
		const char *slash = strrchr(name, '/');

		buf_add(&path, name, slash ? (size_t)(slash - name) : 0);
	}
	for (const char *p = link; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len == 2 && !memcmp(p, "..", 2)) {
			char *slash = path.len ? strrchr(path.data, '/') : NULL;

			if (!path.len)
				return NULL;
			path.len = slash ? (size_t)(slash - path.data) : 0;
			path.data[path.len] = '\0';
		} else if (len != 1 || *p != '.') {
			buf_addf(&path, "%s%.*s", path.len ? "/" : "", (int)MIN_OF(len, 4096u), p);
		}
		p += len;
	}
	return path.len ? mem_text(buf_text(&path)) : NULL;
}

static int add_file(struct bundle *b, const struct tar_entry *entry, struct err *e)
{
	auto_free char *name = plain_name(entry->path);
	struct bundle_file file = { .start = entry->start, .offset = entry->offset, .size = entry->size };

	if (!name)
		return err_set(e, -EBADMSG, "a member whose name leaves the archive: %s", entry->path);
	if (entry->type == TAR_DIRECTORY || !*name)
		return 0;
	b->names += strlen(name) + strlen(entry->linkname);
	if (b->n == BUNDLE_MEMBERS_MAX || b->names > BUNDLE_NAMES_MAX) {
		err_set(e, -E2BIG, "too many members in the archive for an image");
		return err_hint(e, "unpack a root file system, then specify its directory");
	}
	b->files = mem_more(b->files, b->n, sizeof(*b->files));
	if (entry->type == TAR_SYMLINK)
		file.link = resolve_link(name, entry->linkname);
	else if (entry->type == TAR_HARDLINK)
		file.link = plain_name(entry->linkname);
	file.name = take_ptr(&name);
	if (entry->type != TAR_FILE && !file.link)
		file.link = mem_text(""); /* a device, or a link that leaves the archive: nothing to read */
	b->files[b->n++] = file;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct bundle_file *)a)->name, ((const struct bundle_file *)b)->name);
}

/* Whether two members have the same content or link target: 1, 0 or -errno. */
static int is_same(const struct bundle *b, const struct bundle_file *x, const struct bundle_file *y)
{
	char one[DIGEST_TEXT], other[DIGEST_TEXT];
	int r;

	if (x->link || y->link)
		return x->link && y->link && !strcmp(x->link, y->link);
	if (x->size != y->size)
		return 0;
	r = digest_range(b->tar, x->offset, x->size, one);
	r = r ? r : digest_range(b->tar, y->offset, y->size, other);
	return r ? r : !strcmp(one, other);
}

/* Readers disagree on which of two members of one name to use: refused, unless both are identical. */
static int check_names(struct bundle *b, struct err *e)
{
	auto_free struct bundle_file *repeated = mem_new(b->n + 1, sizeof(*repeated));
	size_t n = 0;

	if (b->n)
		qsort(b->files, b->n, sizeof(*b->files), by_name);
	for (size_t i = 1; i < b->n; i++) {
		int r = by_name(&b->files[i - 1], &b->files[i]) ? 1 : is_same(b, &b->files[i - 1], &b->files[i]);

		if (r < 0)
			return err_sys(e, r, "cannot read the archive");
		if (!r)
			return err_set(e, -EBADMSG,
				"two different members are called %s: readers disagree on which to use",
				b->files[i].name);
	}
	for (size_t i = 0; i < b->n; i++)
		if (n && !by_name(&b->files[n - 1], &b->files[i]))
			repeated[b->n_repeated++] = b->files[i];
		else
			b->files[n++] = b->files[i];
	if (b->n_repeated)
		memcpy(b->files + n, repeated, b->n_repeated * sizeof(*repeated));
	b->n = n;
	return 0;
}

/* Indexes the members. copy has what was read of a stream that may not be an archive; -1: it is known to be one. */
static int index_tar(struct bundle *b, struct source *source, int copy, struct err *e)
{
	struct tar_reader reader;
	int r;

	tar_init(&reader, source, false);
	while ((r = tar_next(&reader, e)) > 0) {
		r = add_file(b, &reader.entry, e);
		if (r)
			break;
	}
	if (r == -EBADMSG && copy >= 0 && !reader.members && source_position(source)) {
		err_set(e, r, "not an archive: %s", kind_of(copy)->what);
		err_hint(e, "decompress it if it is compressed, and specify the file itself");
		kind_hint(kind_of(b->tar), "", e);
	}
	b->end = reader.end;
	tar_done(&reader);
	return r;
}

/*
 * A compressed archive or a pipe does not support random access, and its index may be its last member, so it is copied.
 * It is parsed while it is copied, so that reading an endless stream stops at the end of the archive.
 */
static int spool(struct bundle *b, struct source *source, struct err *e)
{
	auto_fd copy = image_tmpfile();
	struct source *tee;
	int r, failure = 0;

	if (copy < 0) {
		err_sys(e, copy, "cannot make a temporary file in %s", image_tmpdir());
		return err_hint(e, "set TMPDIR to a directory with room for the unpacked archive");
	}
	tee = source_tee(source, copy, &failure);
	r = index_tar(b, tee, copy, e);
	source_free(tee);
	if (failure) {
		err_done(e);
		r = err_sys(e, failure, "cannot write a temporary copy of the archive");
		err_hint(e, "set TMPDIR to a directory with room for the unpacked archive");
	}
	if (!r) {
		/* Padding up to the codec's checksum, which reveals a damaged stream; any data after that is ignored.
		 */
		auto_free char *chunk = mem_new(1, TRAILER_MAX);
		ssize_t n = source_read(source, chunk, TRAILER_MAX);

		if (n == -EBADMSG)
			return err_set(e, -EBADMSG, "truncated or corrupt");
		if (n < 0 && n != -E2BIG)
			return err_sys(e, (int)n, "cannot read the archive");
		cleanup_fd(&b->tar);
		b->tar = take_fd(&copy);
		b->is_copy = true;
	}
	return r;
}

static int open_tar(struct bundle *b, const struct stat *st, struct err *e)
{
	bool is_file = S_ISREG(st->st_mode);
	struct source *source = is_file ? source_range(b->tar, 0, (uint64_t)st->st_size) : source_pipe(b->tar);
	const char *codec = "";
	int r;

	source = source_decode(source, &codec, e);
	if (!source)
		return e ? kind_hint(kind_of(b->tar), "", e) : -EBADMSG;
	progress_begin("reading", is_file ? (uint64_t)st->st_size : 0);
	if (!is_file || strcmp(codec, "none"))
		r = spool(b, source, e);
	else
		r = index_tar(b, source, -1, e);
	progress_end();
	source_free(source);
	return r ? r : check_names(b, e);
}

struct bundle *bundle_open(int fd, struct err *e)
{
	struct bundle *b = mem_new(1, sizeof(*b));
	struct stat st;
	int r = fstat(fd, &st) < 0 ? err_sys(e, -errno, "cannot open it") : 0;

	b->dir = !r && S_ISDIR(st.st_mode) ? fd : -1;
	b->tar = b->dir < 0 ? fd : -1;
	if (!r && b->dir < 0)
		r = open_tar(b, &st, e);
	if (!r)
		return b;
	bundle_free(b);
	return NULL;
}

void bundle_free(struct bundle *bundle)
{
	if (!bundle)
		return;
	cleanup_fd(&bundle->dir);
	cleanup_fd(&bundle->tar);
	for (size_t i = 0; i < bundle->n + bundle->n_repeated; i++) {
		free(bundle->files[i].name);
		free(bundle->files[i].link);
	}
	free(bundle->files);
	free(bundle);
}

static const struct bundle_file *find_file(const struct bundle *b, const char *name)
{
	struct bundle_file key = { .name = (char *)(uintptr_t)name };

	return b->n ? bsearch(&key, b->files, b->n, sizeof(key), by_name) : NULL;
}

/*
 * Opens each component without following symlinks: blobs/sha256 may be one that leads to /etc. Only a blob itself may
 * be a symlink, as Bazel creates them, and only if the caller owns it: then no other user chose its target.
 */
static int find_in_dir(const struct bundle *b, const char *name, struct member *ret, struct err *e)
{
	auto_fd at = openat(b->dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *p = name;
	char part[NAME_MAX + 1];
	struct stat st;

	for (size_t len; at >= 0 && p[len = strcspn(p, "/")]; p += len + 1) {
		int next;

		snprintf(part, sizeof(part), "%.*s", (int)MIN_OF(len, (size_t)NAME_MAX), p);
		next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		cleanup_fd(&at);
		at = next;
	}
	if (at >= 0) {
		int file = fd_open_regular(at, p, O_NOFOLLOW);

		if (file < 0 && str_starts(name, "blobs/") && !fstatat(at, p, &st, AT_SYMLINK_NOFOLLOW) &&
			S_ISLNK(st.st_mode) && st.st_uid == geteuid())
			file = fd_open_regular(at, p, 0);
		cleanup_fd(&at);
		at = file < 0 ? -1 : file;
		errno = file < 0 ? -file : 0;
	}
	if (at < 0 && errno == ENOENT)
		return err_set(e, -ENOENT, "%s is missing", name);
	if (at < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO))
		return err_sys(e, -errno, "cannot open %s", name);
	if (at < 0 || fstat(at, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, -EBADMSG, "%s is not a regular file", name);
	ret->size = (uint64_t)st.st_size;
	ret->offset = 0;
	ret->fd = ret->owned = take_fd(&at);
	return 0;
}

int bundle_find(const struct bundle *bundle, const char *name, struct member *ret, struct err *e)
{
	auto_free char *plain = plain_name(name);
	const struct bundle_file *file;

	if (!plain || !*plain)
		return err_set(e, -EBADMSG, "the name '%s' leaves the image", name);
	if (bundle->dir >= 0)
		return find_in_dir(bundle, plain, ret, e);
	file = find_file(bundle, plain);
	if (!file)
		return err_set(e, -ENOENT, "%s is missing", plain);
	file = file->link ? find_file(bundle, file->link) : file;
	if (!file || file->link)
		return err_set(e, -EBADMSG, "%s is not a regular file", plain);
	*ret = (struct member){ bundle->tar, -1, file->offset, file->size };
	return 0;
}

const struct bundle_file *bundle_file(const struct bundle *bundle, const char *name)
{
	auto_free char *plain = plain_name(name);

	return plain ? find_file(bundle, plain) : NULL;
}

void member_done(struct member *member)
{
	cleanup_fd(&member->owned);
	*member = (struct member)MEMBER_INIT;
}

bool bundle_has(const struct bundle *bundle, const char *name)
{
	struct member member = MEMBER_INIT;
	int r = bundle_find(bundle, name, &member, NULL);

	member_done(&member);
	return r != -ENOENT;
}

int bundle_text(const struct bundle *bundle, const char *name, struct buf *out, struct err *e)
{
	auto_with(member_done) struct member member = MEMBER_INIT;
	auto_free char *text = NULL;
	int r = bundle_find(bundle, name, &member, e);
	ssize_t n;

	if (r)
		return r;
	if (member.size > BUNDLE_JSON_MAX)
		return err_set(e, -E2BIG, "%s has more than %d bytes", name, BUNDLE_JSON_MAX);
	text = mem_new((size_t)member.size, 1);
	n = fd_pread(member.fd, text, (size_t)member.size, (off_t)member.offset);
	if (n < 0)
		return err_sys(e, (int)n, "%s", name);
	buf_add(out, text, (size_t)n);
	return (uint64_t)n < member.size ? err_set(e, -EBADMSG, "%s: truncated", name) : 0;
}

int bundle_json(const struct bundle *bundle, const char *name, struct buf *text, struct json **ret, struct err *e)
{
	auto_buf own = { 0 };
	struct json *json;
	int r;

	text = text ? text : &own;
	r = bundle_text(bundle, name, text, e);
	if (r)
		return r;
	json = jv_load(buf_text(text), text->len, e);
	if (!json)
		return err_prefix(e, "%s", name);
	*ret = json;
	return 0;
}
