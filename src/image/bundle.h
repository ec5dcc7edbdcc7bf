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

/* Where blobs are, and how long the name of one is with its NUL. */
#define BUNDLE_BLOBS "blobs/sha256/"
enum { BUNDLE_BLOB_NAME = sizeof(BUNDLE_BLOBS) + 64 };
/* The name of the blob of a valid digest. */
void bundle_blob_name(const char *digest, char ret[BUNDLE_BLOB_NAME]);

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

/* A member of an archive. */
struct bundle_file {
	char *name;
	char *link;		      /* the member that this one is a link to; NULL for a regular file */
	uint64_t start, offset, size; /* start: of its headers */
};

/* Made by bundle_open(), and only read by others. */
struct bundle {
	int dir; /* of a layout; -1: */
	int tar; /* the archive, or its copy where it came compressed or from a pipe */
	bool is_copy;
	struct bundle_file *files; /* sorted by name; behind them those that are there once more, byte for byte */
	size_t n, n_repeated;
	size_t names; /* bytes of them */
	uint64_t end; /* of the members of an archive */
};

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
/* A member of an archive, as it is there; NULL when there is none. */
const struct bundle_file *bundle_file(const struct bundle *bundle, const char *name);
/* Whether it is there, whatever it is; true also where that cannot be found out: reading it then says why. */
bool bundle_has(const struct bundle *bundle, const char *name);
