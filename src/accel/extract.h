/* SPDX-License-Identifier: MIT */
/* Reads files of an image as they are after all its layers, from the layers themselves. */
#pragma once

#include <sys/stat.h>

#include "image/bundle.h"
#include "image/view.h"

/* Limits of a file and of all files, which are held in memory. */
enum {
	EXTRACT_FILE_MAX = 60 * 1024 * 1024,
	EXTRACT_SUM_MAX = 768 * 1024 * 1024,
	EXTRACT_FILES_MAX = 384,
	EXTRACT_PASSES_MAX = 16, /* passes over the layers */
};

/* A wanted file: the layer and the member that hold its bytes. */
struct extract_file {
	const struct layer *layer;
	const char *path; /* path of the member; borrowed from the layer */
	bool is_linked;	  /* another member is a hard link to it */
	bool is_read;	  /* its layer was read after it was wanted */
	unsigned long seen;
	int fd, code;	/* its bytes, or -1 and the error */
	struct stat st; /* from its header */
};

/* The caller sets the first four members (borrowed) and zeroes the rest; extract_done() frees. */
struct extract {
	const struct view *view;
	const struct bundle *bundle;
	char *const *names; /* of the view's layers, in the bundle */
	bool are_blobs;	    /* the layers are OCI blobs, named by their digests */
	struct extract_file files[EXTRACT_FILES_MAX];
	size_t n;
	uint64_t held;
	unsigned passes;
};

/* Marks a file as wanted, resolving links; ignores a missing file. 0, -E2BIG for too many. */
int extract_want(struct extract *extract, const char *path);
/*
 * Reads each layer that holds an unread wanted file, once. Of several members with one path, the last counts. 1, or 0
 * if nothing was wanted; -EBADMSG if a layer no longer matches the view, -E2BIG after too many passes, -errno.
 */
int extract_read(struct extract *extract, struct err *e);
/*
 * open() of a struct tool_root whose context is an extract: returns a descriptor at the start of a file's bytes (one at
 * a time for each file), and its header in st. -EAGAIN before extract_read(): the file is wanted now; -ENOENT; -EFBIG
 * over a limit; -EBADMSG if it is not a regular file or is ambiguous.
 */
int extract_open(void *context, const char *path, struct stat *st);
void extract_done(struct extract *extract);
