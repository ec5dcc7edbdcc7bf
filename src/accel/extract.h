/* SPDX-License-Identifier: MIT */
/* Files of an image as they are after all its layers, read from those layers again. */
#pragma once

#include <sys/stat.h>

#include "image/bundle.h"
#include "image/view.h"

/* Of one file and of all together: they are held in memory. */
enum {
	EXTRACT_FILE_MAX = 60 * 1024 * 1024,
	EXTRACT_SUM_MAX = 768 * 1024 * 1024,
	EXTRACT_FILES_MAX = 384,
	EXTRACT_PASSES_MAX = 16, /* over the layers */
};

/* A file that is wanted, by the layer and the member that hold its bytes. */
struct extract_file {
	const struct layer *layer;
	const char *path; /* of the member; the layer's */
	bool is_linked;	  /* another member is a hard link to it */
	bool is_read;	  /* its layer has been, since it is wanted */
	unsigned long seen;
	int fd, code;	/* its bytes; why there are none */
	struct stat st; /* of its header */
};

/* Zeroed but for the first four, which are borrowed, it is empty; extract_done() frees. */
struct extract {
	const struct view *view;
	const struct bundle *bundle;
	char *const *names; /* of the view's layers */
	bool are_blobs;	    /* OCI's layers, whose names are their digests */
	struct extract_file files[EXTRACT_FILES_MAX];
	size_t n;
	uint64_t held;
	unsigned passes;
};

/* Wants a file, whatever links lead to it; what is not there is passed over. 0, -E2BIG for too many. */
int extract_want(struct extract *extract, const char *path);
/*
 * Reads each layer that holds one that is wanted and was not read yet, once. Of several members of one path the last
 * one counts. 1, or 0 when there is none; -EBADMSG when a layer is not what it was when the view was made, -E2BIG after
 * too many passes, -errno.
 */
int extract_read(struct extract *extract, struct err *e);
/*
 * Of an extract (as struct tool_root has it): a descriptor at the start of a file's bytes (one of a file at a time),
 * and what its header says. -EAGAIN until extract_read(): it is wanted now; -ENOENT; -EFBIG over a limit; -EBADMSG when
 * it is no regular file or cannot be told which it is.
 */
int extract_open(void *context, const char *path, struct stat *st);
void extract_done(struct extract *extract);
