// SPDX-License-Identifier: MIT
/* Writes a planned edit: into a layout in place, or as a new archive. */
#include "image/edit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/newfile.h"
#include "base/progress.h"
#include "base/str.h"
#include "image/leftover.h"
#include "image/outlet.h"
#include "image/tar_header.h"
#include "image/tar_write.h"

static int write_member(const struct edit_member *member, int to)
{
	return member->graft ? graft_write(member->graft, to) : fd_write(to, member->text.data, member->text.len);
}

/* Neither directory may be a symlink: shared blobs belong to another layout. */
int commit_open_blobs(int dir, struct err *e)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, fd;
	auto_fd blobs = openat(dir, "blobs", flags);

	fd = blobs < 0 ? -1 : openat(blobs, "sha256", flags);
	return fd < 0 ? err_sys(e, -errno, "blobs/sha256") : fd;
}

/* 1 if the blob was created, 0 if it existed, -errno. A new blob takes owner and mode of index.json (like). */
static int write_blob(int blobs, const struct edit_member *member, const struct stat *like, struct err *e)
{
	const char *hex = member->name + strlen(BUNDLE_BLOBS);
	auto_fd there = fd_open_regular(blobs, hex, O_NOFOLLOW);
	auto_newfile file = NEWFILE_INIT;
	char digest[DIGEST_TEXT];
	int r;

	/* An existing blob with the right digest, of another image or from an earlier run, is used. */
	if (there >= 0 && !digest_file(there, digest) && !strcmp(digest + strlen("sha256:"), hex))
		return 0;
	r = member->graft ? graft_link(member->graft, blobs, hex, like) : -ENOENT;
	if (r != -ENOENT)
		return r ? err_sys(e, r, "cannot write %s", member->name) : 1;
	r = newfile_open_at(blobs, hex, NEWFILE_REPLACES, &file, e);
	if (r)
		return r;
	r = write_member(member, file.fd);
	if (!r)
		r = fd_look_like(file.fd, like);
	if (r)
		return err_sys(e, r, "cannot write %s", member->name);
	r = newfile_commit(&file, like->st_mode & 0777, e);
	return r ? r : 1;
}

/* Whether index.json has this digest: 1, 0, or -errno if it cannot be read. */
static int is_index(int dir, const char *digest)
{
	auto_fd fd = fd_open_regular(dir, "index.json", O_NOFOLLOW);
	char now[DIGEST_TEXT];
	int r = fd < 0 ? fd : digest_file(fd, now);

	return r ? r : !strcmp(now, digest);
}

static int replace_index(int dir, const struct edit_member *index, const struct stat *was, struct err *e)
{
	auto_newfile file = NEWFILE_INIT;
	int r = newfile_open_at(dir, index->name, NEWFILE_REPLACES, &file, e);

	if (r)
		return r;
	r = fd_look_like(file.fd, was);
	return r ? err_sys(e, r, "cannot write %s", index->name)
		 : newfile_commit_text(&file, &index->text, was->st_mode & 0777, e);
}

/* Writes new blobs, then index.json. ret_made: which of the members were created. */
static int change_layout(int dir, int blobs, const struct edit *edit, bool *ret_made, struct err *e)
{
	const struct edit_member *index = NULL;
	struct stat was;
	int r = 0;

	if (fstatat(dir, "index.json", &was, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(was.st_mode))
		return err_set(e, -EIO, "index.json is not a regular file any more");
	for (size_t i = 0; r >= 0 && i < edit->n; i++) {
		bool is_blob = str_starts(edit->members[i].name, BUNDLE_BLOBS);

		index = is_blob ? index : &edit->members[i];
		r = is_blob ? write_blob(blobs, &edit->members[i], &was, e) : 0;
		ret_made[i] = r > 0;
	}
	if (r >= 0)
		r = fsync(blobs) < 0 ? err_sys(e, -errno, "cannot write the blobs") : 0;
	if (!r && index) {
		/* Other tools do not take our lock: an entry that they added meanwhile would be lost. */
		r = is_index(dir, edit->index);
		if (r < 0 && r != -ENOENT)
			err_sys(e, r, "cannot read index.json");
		else
			r = r == 1 ? 0
				   : err_set(e, -EBUSY,
					     "index.json has changed meanwhile: another program writes to the layout");
	}
	if (!r && index) {
		r = replace_index(dir, index, &was, e);
		if (r && is_index(dir, edit->index) != 1)
			return r; /* failed after the rename: the new index needs the new blobs */
	}
	for (size_t i = 0; r && i < edit->n; i++)
		if (ret_made[i])
			unlinkat(blobs, edit->members[i].name + strlen(BUNDLE_BLOBS), 0);
	return r;
}

int commit_layout(int dir, const struct edit *edit, struct err *e)
{
	auto_free bool *made = mem_new(edit->n + 1, sizeof(*made));
	auto_fd blobs = commit_open_blobs(dir, e);
	int r = blobs < 0 ? blobs : leftover_note(dir, blobs, edit, e);
	bool is_noted = !r, is_clean = true;

	if (is_noted)
		r = change_layout(dir, blobs, edit, made, e);
	for (size_t i = 0; !r && i < edit->n_obsolete; i++)
		if (str_starts(edit->obsolete[i], BUNDLE_BLOBS) &&
			unlinkat(blobs, edit->obsolete[i] + strlen(BUNDLE_BLOBS), 0) < 0 && errno != ENOENT)
			is_clean = false; /* the next run tries again */
	if (is_noted && is_clean && (!r || is_index(dir, edit->index) == 1))
		leftover_forget(dir);
	if (r && r != -EINTR && r != -EBUSY)
		r = -EIO;
	if (r && e)
		e->code = r;
	return r;
}

struct gap {
	uint64_t start, end;
};

static int by_start(const void *a, const void *b)
{
	const struct gap *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Adds the range of an archive member, from its headers to its padding; nothing for NULL. */
static void add_gap(const struct bundle_file *file, struct gap *gaps, size_t *n)
{
	if (file)
		gaps[(*n)++] = (struct gap){ file->start, file->offset + file->size + tar_padding(file->size) };
}

/* Whether the archive already has this member, byte for byte, as documents that eject restores. 1, 0 or -errno. */
static int is_in(const struct bundle *bundle, const struct edit_member *new)
{
	auto_with(member_done) struct member member = MEMBER_INIT;
	char digest[DIGEST_TEXT];
	auto_buf text = { 0 };
	int r;

	if (!new->graft) {
		r = bundle_text(bundle, new->name, &text, NULL);
		if (r)
			return r == -ENOENT || r == -E2BIG ? 0 : r;
		return text.len == new->text.len && (!text.len || !memcmp(text.data, new->text.data, text.len));
	}
	r = bundle_find(bundle, new->name, &member, NULL);
	if (r || member.size != new->graft->stored_size)
		return r == -EIO ? r : 0;
	r = digest_range(member.fd, member.offset, member.size, digest);
	return r ? r : !strcmp(digest, new->graft->digest);
}

/*
 * Whether a member is a config, manifest or index, judged by size and first byte; false for documents that readers find
 * by name. 1, 0 or -errno.
 */
static int is_document(const struct bundle *bundle, const char *name)
{
	auto_buf text = { 0 };
	int r = strcmp(name, "index.json") && strcmp(name, "oci-layout") ? bundle_text(bundle, name, &text, NULL)
									 : -ENOENT;

	if (r)
		return r == -ENOENT || r == -E2BIG ? 0 : r;
	return text.len && (*text.data == '{' || *text.data == '[');
}

/* What to do with each member of an edit, decided before anything is written. */
struct fate {
	bool *is_in;	   /* per member: the archive has it already */
	bool *is_document; /* per obsolete one: a document that may stay */
};

static int find_fate(const struct bundle *bundle, const struct edit *edit, struct fate *fate, struct err *e)
{
	bool may_stay = false; /* documents may, if an emulator is added */
	int r = 0;

	for (size_t i = 0; r >= 0 && i < edit->n; i++) {
		const struct edit_member *member = &edit->members[i];

		may_stay |= member->graft && !member->graft->hides;
		fate->is_in[i] = (r = is_in(bundle, member)) > 0;
		if (!r && member->is_needed && bundle_has(bundle, member->name))
			return err_set(e, -EEXIST, "it already contains another %s", member->name);
	}
	for (size_t i = 0; r >= 0 && may_stay && i < edit->n_obsolete; i++)
		fate->is_document[i] = (r = is_document(bundle, edit->obsolete[i])) > 0;
	return r < 0 ? r : 0;
}

/*
 * Collects the ranges to omit: changed, dropped and duplicate members. If a layer is added, unreferenced documents
 * before the first of these ranges are kept: readers ignore them, and data before that range keeps its offset, so that
 * file systems with reflinks can share its blocks.
 */
static size_t find_gaps(const struct bundle *bundle, const struct edit *edit, const struct fate *fate, struct gap *gaps)
{
	uint64_t first = UINT64_MAX;
	size_t n = 0;

	for (size_t i = 0; i < edit->n; i++)
		if (!fate->is_in[i])
			add_gap(bundle_file(bundle, edit->members[i].name), gaps, &n);
	for (size_t i = 0; i < edit->n_obsolete; i++)
		if (!fate->is_document[i])
			add_gap(bundle_file(bundle, edit->obsolete[i]), gaps, &n);
	for (size_t i = 0; i < bundle->n_repeated; i++)
		add_gap(&bundle->files[bundle->n + i], gaps, &n);
	for (size_t i = 0; i < n; i++)
		first = MIN_OF(first, gaps[i].start);
	for (size_t i = 0; i < edit->n_obsolete; i++) {
		size_t more = n;

		if (fate->is_document[i])
			add_gap(bundle_file(bundle, edit->obsolete[i]), gaps, &more);
		if (more > n && gaps[n].start > first)
			n = more;
	}
	return n;
}

int commit_archive(const struct bundle *bundle, const struct edit *edit, int to, struct err *e)
{
	auto_free struct gap *gaps = mem_new(edit->n + edit->n_obsolete + bundle->n_repeated + 1, sizeof(*gaps));
	auto_free bool *flags = mem_new(edit->n + edit->n_obsolete + 1, sizeof(*flags));
	struct fate fate = { flags, flags + edit->n };
	int r = find_fate(bundle, edit, &fate, e);

	if (!r) {
		size_t n = find_gaps(bundle, edit, &fate, gaps);
		uint64_t at = 0;

		/* Copy everything between the gaps. */
		r = 0;
		progress_begin("writing", bundle->end);
		if (n)
			qsort(gaps, n, sizeof(*gaps), by_start);
		for (size_t i = 0; !r && i < n; i++) {
			if (gaps[i].start > at)
				r = fd_copy_range(bundle->tar, at, to, gaps[i].start - at);
			at = gaps[i].end > at ? gaps[i].end : at;
		}
		if (!r && at < bundle->end)
			r = fd_copy_range(bundle->tar, at, to, bundle->end - at);
		progress_end();
	}
	/* Layers before documents: a later eject changes nothing before the injected layer. */
	for (unsigned layers = 2; layers-- > 0;)
		for (size_t i = 0; !r && i < edit->n; i++) {
			const struct edit_member *member = &edit->members[i];
			uint64_t size = member->graft ? member->graft->stored_size : member->text.len;

			if ((member->graft != NULL) != layers || fate.is_in[i])
				continue;
			r = tar_begin_member(to, member->name, size);
			r = r ? r : write_member(member, to);
			r = r ? r : tar_end_member(to, size);
		}
	if (!r)
		r = tar_write_end(to);
	return !r ? 0 : r == -EEXIST ? r : err_sys(e, r, "cannot write the archive");
}
