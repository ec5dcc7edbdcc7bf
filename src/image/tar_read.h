/* SPDX-License-Identifier: MIT */
/* Headers of a tar stream: ustar, PAX, GNU long names; strict numbers and checksums. */
#pragma once

#include "base/buf.h"
#include "base/stream.h"
#include "image/tar_header.h"
#include "image/tar_sparse.h"

/* Limits beside the format: one long name or PAX header, and how many members there may be. */
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
	char *path;	/* as it stands there, and never a path of this machine */
	char *linkname; /* of links, else NULL */
	enum tar_type type;
	unsigned mode;
	uint64_t uid, gid, size;
	int64_t mtime;
	struct buf records; /* of its PAX header, as they stand there: extended attributes, times with a fraction */
	uint64_t start;	    /* of its first header in the source, extensions included */
	uint64_t offset;    /* of the content in the source */
};

/* Reads from source, which is borrowed. entry belongs to the reader and lives until the next call. */
struct tar_reader {
	struct source *source;
	struct tar_entry entry;
	uint64_t left, padding; /* of the current content, as it is stored */
	struct sparse sparse;	/* its holes; no parts: it has none */
	unsigned long members;
	bool is_layer; /* umoci and others leave out the zero blocks, and the padding before them */
	bool is_done;
	uint64_t end; /* when it is done: where the members end, before the zero blocks */
};

/* is_layer: the end of the source between members ends it, too, also before the first one; else that is truncated. */
void tar_init(struct tar_reader *reader, struct source *source, bool is_layer);
void tar_done(struct tar_reader *reader);
/*
 * The next member; what is left of the last one's content is passed over. 1, 0 at the two zero blocks
 * (or one and the end of the source), -EBADMSG malformed or truncated, -E2BIG over a limit, -errno.
 * Unknown member types are -EBADMSG, as are files with holes but for those of layers in GNU's format 1.0.
 */
int tar_next(struct tar_reader *reader, struct err *e);
/* Reads content of the current member. Bytes, 0 at its end, -errno. */
ssize_t tar_read(struct tar_reader *reader, void *data, size_t len, struct err *e);
/* "./usr//bin/x/" to "usr/bin/x", as whoever unpacks it sees it; false for ".." and for what does not fit. */
bool tar_plain_name(const char *path, char *out, size_t size);
