/* SPDX-License-Identifier: MIT */
/* A bundle: named members of a tar archive or of an OCI layout directory. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"

enum {
	BUNDLE_JSON_MAX = 4 * 1024 * 1024,  /* a document; other readers of images have the same limit */
	BUNDLE_MEMBERS_MAX = 64 * 1024,	    /* enough for an image; root file systems have more */
	BUNDLE_NAMES_MAX = 8 * 1024 * 1024, /* bytes of all names */
};

/* The directory of blobs, and the size of a blob's name with its NUL. */
#define BUNDLE_BLOBS "blobs/sha256/"
enum { BUNDLE_BLOB_NAME = sizeof(BUNDLE_BLOBS) + 64 };
/* The blob's name for a valid sha256 digest. */
void bundle_blob_name(const char *digest, char ret[BUNDLE_BLOB_NAME]);

/* A member's content: size bytes at offset of fd, which is borrowed from the bundle if owned is -1. */
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
	char *link;		      /* target of a link, the name of a member; NULL for a regular file */
	uint64_t start, offset, size; /* start of the headers; offset and size of the content */
};

/* Created by bundle_open(), read-only for everything else. */
struct bundle {
	int dir; /* the layout's directory; -1: an archive */
	int tar; /* the archive, or its temporary copy if it was compressed or a pipe */
	bool is_copy;
	struct bundle_file *files; /* n members sorted by name, then n_repeated identical duplicates */
	size_t n, n_repeated;
	size_t names; /* total bytes of names and links */
	uint64_t end; /* offset of the end of the last member */
};

struct json;

/*
 * Opens a layout's directory or a tar archive and takes ownership of fd. An archive that is compressed (gzip, zstd) or
 * comes from a pipe is copied to a temporary file without a name. Two different members of one name are -EBADMSG:
 * readers disagree on which to use. NULL with e set on failure.
 */
struct bundle *bundle_open(int fd, struct err *e);
void bundle_free(struct bundle *bundle);
/*
 * Finds a regular member; a link to another member of the archive is followed once. -ENOENT if it is missing, -EBADMSG
 * for a name with "..", a link that leaves the bundle, or a member other than a regular file.
 */
int bundle_find(const struct bundle *bundle, const char *name, struct member *ret, struct err *e);
void member_done(struct member *member);
/* Appends the content of a small member to out. -E2BIG above BUNDLE_JSON_MAX; errors as above. */
int bundle_text(const struct bundle *bundle, const char *name, struct buf *out, struct err *e);
/* Parses a JSON document; appends its text to text unless NULL. Errors name the member. ret is set on success only. */
int bundle_json(const struct bundle *bundle, const char *name, struct buf *text, struct json **ret, struct err *e);
/* The member of an archive, links not followed; NULL if there is none. */
const struct bundle_file *bundle_file(const struct bundle *bundle, const char *name);
/* Whether a member exists, of any type; true also on errors, which reading the member then reports. */
bool bundle_has(const struct bundle *bundle, const char *name);
