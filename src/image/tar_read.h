/* SPDX-License-Identifier: MIT */
/* Reads a tar stream: ustar, PAX, GNU long names; numbers and checksums are checked strictly. */
#pragma once

#include "base/buf.h"
#include "base/stream.h"
#include "image/tar_header.h"
#include "image/tar_sparse.h"

/* Limits: bytes of a long name and of a PAX header, number of members. */
enum {
	TAR_NAME_MAX = 64 * 1024,
	TAR_PAX_MAX = 1024 * 1024,
	TAR_MEMBERS_MAX = 4 * 1000 * 1000,
};

enum tar_type {
	TAR_FILE = '0',
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIRECTORY = '5',
	TAR_FIFO = '6',
};

struct tar_entry {
	char *path;	/* verbatim and untrusted: never open it */
	char *linkname; /* target of a link; meaningless for other types */
	enum tar_type type;
	unsigned mode;
	uint64_t uid, gid, size;
	int64_t mtime;
	struct buf records; /* verbatim PAX records for extended attributes and a fractional mtime */
	uint64_t start;	    /* offset of the first header in the source, extensions included */
	uint64_t offset;    /* offset of the content in the source */
};

/* source is borrowed. entry is owned by the reader and valid until the next tar_next(). */
struct tar_reader {
	struct source *source;
	struct tar_entry entry;
	uint64_t left, padding; /* unread stored bytes of the current member */
	struct sparse sparse;	/* map of a sparse member; no parts: not sparse */
	unsigned long members;
	bool is_layer; /* the trailing zero blocks, and padding before them, may be missing, as umoci writes layers */
	bool is_done;
	uint64_t end; /* when done: offset of the end of the last member, before the zero blocks */
};

/* is_layer: accepts an end of the source between members or before the first one; otherwise that is truncation. */
void tar_init(struct tar_reader *reader, struct source *source, bool is_layer);
void tar_done(struct tar_reader *reader);
/*
 * Reads the next member's headers; skips unread content of the current one. 1, 0 at the two zero blocks (or one and the
 * end of the source), -EBADMSG malformed or truncated, -E2BIG over a limit, -errno; e is set. Unknown member types are
 * -EBADMSG, as are sparse files, except those of layers in GNU's format 1.0.
 */
int tar_next(struct tar_reader *reader, struct err *e);
/* Reads content of the current member. Number of bytes, 0 at its end, -errno with e set. */
ssize_t tar_read(struct tar_reader *reader, void *data, size_t len, struct err *e);
/* Skips len bytes of content, which the member must have; not if it is sparse. 0 or -errno with e set. */
int tar_skip(struct tar_reader *reader, uint64_t len, struct err *e);
/* Whether unread content has more holes, which cost its author nothing, than data. */
bool tar_is_hollow(const struct tar_reader *reader);
/* Normalizes "./usr//bin/x/" to "usr/bin/x", as unpacking does; false if it has ".." or does not fit. */
bool tar_plain_name(const char *path, char *out, size_t size);
