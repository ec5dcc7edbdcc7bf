/* SPDX-License-Identifier: MIT */
/* The layer that adds an emulator and its native tools to an image: reproducible, and without unchanged files. */
#pragma once

#include <sys/stat.h>

#include "base/buf.h"
#include "base/digest.h"
#include "image/view.h"

enum graft_codec {
	GRAFT_NONE = 0,
	GRAFT_GZIP,
	GRAFT_ZSTD,
};
/* "none", "gzip", "zstd"; NULL at the end. */
extern const char *const graft_codec_words[];

/* The content of an open file, to be inserted at an offset of the head. */
struct graft_part {
	size_t at;
	int file; /* borrowed */
	uint64_t size;
};

/*
 * A layer: headers in memory and references to the open files in it, or, if stored, an unnamed file, compressed or not.
 * Zeroed: empty; graft_done() frees.
 */
struct graft {
	char *path;	 /* of the emulator, relative to the image's root, symlinks resolved */
	struct buf head; /* the tar without the content of parts */
	struct graft_part *parts;
	size_t n_parts;
	bool hides;	   /* made by graft_hide(): has only whiteouts */
	uint64_t tar_size; /* of the uncompressed layer */
	int64_t time;	   /* mtime of the emulator, at most epoch */
	char diff_id[DIGEST_TEXT];
	enum graft_codec codec;
	bool is_stored; /* the blob is in file stored; always true if compressed */
	int stored;
	uint64_t stored_size; /* size and digest of the blob */
	char digest[DIGEST_TEXT];
};

/* A file added beside the emulator: owner root, mtime 0. */
struct graft_file {
	const char *path; /* absolute in the image, without symlinks: see graft_make() */
	unsigned mode;
	int file; /* borrowed; -1: the content is text */
	const struct buf *text;
};

struct graft_request {
	const struct view *view; /* the layers below */
	const char *at;		 /* absolute path in the image */
	int emulator;
	bool has_epoch; /* epoch, of SOURCE_DATE_EPOCH, limits the emulator's time */
	int64_t epoch;
	bool has_place; /* place is a borrowed directory: store the layer in it while computing its digest */
	int place;
	const struct graft_file *files; /* added beside the emulator */
	size_t n_files;
};

/*
 * Creates the layer. It has entries for the parent directories, with their attributes of the layers below, so that
 * unpacking changes none. Symlinks in the path are resolved: a directory in place of one would hide its target. Missing
 * directories get mode 0755, owner root and the emulator's time. 0; -EBADMSG if at is not a regular file or a parent is
 * not a directory, or, for files, if a parent is a symlink or writable by others than root; -errno if a file cannot be
 * read; e is set. The request's files must stay open until the layer is stored or written.
 */
int graft_make(const struct graft_request *request, struct graft *ret, struct err *e);
/* Paths inside an image, relative to its root and without symlinks. Borrowed. */
struct graft_paths {
	const char *const *items;
	size_t n;
};

/*
 * Creates a layer of whiteouts that hides files of the view; parent directories as above. Missing directories get the
 * specified time. 0 or -errno with e set.
 */
int graft_hide(const struct view *view, struct graft_paths paths, int64_t time, struct graft *ret, struct err *e);
void graft_done(struct graft *graft);
/* Compresses the layer to a temporary file without a name, or shares the file of other (may be NULL) if that is the
 * same layer, compressed already. 0 or -errno with e set. */
int graft_pack(struct graft *graft, enum graft_codec codec, const struct graft *other, struct err *e);
/*
 * Syncs a stored layer to disk, links it to a name in dir, and gives it owner and mode of another file
 * (fd_look_like()). 0; -ENOENT if it is not stored or cannot be linked there; -errno of the disk.
 */
int graft_link(const struct graft *graft, int dir, const char *name, const struct stat *like);
/* Writes the layer's blob to a file at its position. 0 or -errno. */
int graft_write(const struct graft *graft, int to);
