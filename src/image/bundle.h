/* SPDX-License-Identifier: MIT */
/* Named members: of a tar archive, or of an OCI layout directory. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"

enum {
	BUNDLE_JSON_MAX = 4 * 1024 * 1024,  /* as other readers of images limit a document */
	BUNDLE_MEMBERS_MAX = 64 * 1024,	    /* of an image; root file systems have more */
	BUNDLE_NAMES_MAX = 8 * 1024 * 1024, /* bytes of all names */
};

/* Where a member's bytes are. fd is borrowed from the bundle unless owned is not -1. */
struct member {
	int fd;
	int owned;
	uint64_t offset, size;
};

#define MEMBER_INIT                                                                                                    \
	{                                                                                                              \
		.fd = -1, .owned = -1                                                                                  \
	}

struct bundle;
struct json;

/*
 * Opens what a descriptor refers to, which is taken over: a directory; a tar archive; one compressed with
 * gzip or zstd, or coming from a pipe, which goes to a temporary file first (in $TMPDIR, already unlinked).
 * Two different members of one name are -EBADMSG: readers disagree which counts. NULL with e set.
 */
struct bundle *bundle_open(int fd, const char *tmpdir, struct err *e);
void bundle_free(struct bundle *bundle);
/*
 * A regular member; a link to another member of the archive is followed once. Names with ".." and links
 * that leave the bundle are -EBADMSG, a missing one -ENOENT, one that is no regular file -EBADMSG.
 */
int bundle_find(const struct bundle *bundle, const char *name, struct member *ret, struct err *e);
void member_done(struct member *member);
/* A small member whole. -E2BIG above BUNDLE_JSON_MAX. */
int bundle_text(const struct bundle *bundle, const char *name, struct buf *out, struct err *e);
/* A document, parsed; its text as well where text is not NULL. Errors name it. ret is only set on success. */
int bundle_json(const struct bundle *bundle, const char *name, struct buf *text, struct json **ret, struct err *e);
/* The archive itself (of a compressed one its copy), borrowed, and where its members end; -1 for a directory. */
int bundle_archive(const struct bundle *bundle, uint64_t *ret_end);
/* Whether that is a copy: it came compressed, or from a pipe. */
bool bundle_is_copy(const struct bundle *bundle);
/* Where a member of an archive begins with its headers and ends with its padding; false when there is none. */
bool bundle_extent(const struct bundle *bundle, const char *name, uint64_t *ret_start, uint64_t *ret_end);
/*
 * A member that is there once more, byte for byte, as some builders write them: the i-th, where it begins and ends;
 * false behind the last one.
 */
size_t bundle_n_repeated(const struct bundle *bundle);
bool bundle_repeated(const struct bundle *bundle, size_t i, uint64_t *ret_start, uint64_t *ret_end);
/* Whether it is there, whatever it is; true also where that cannot be found out: reading it then says why. */
bool bundle_has(const struct bundle *bundle, const char *name);
