/* SPDX-License-Identifier: MIT */
/* The layer that puts an emulator and what belongs to it into an image: the same bytes whoever makes it, nothing but
 * what is new. */
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

/* The content of an open file, which comes in at a place of the head. */
struct graft_part {
	size_t at;
	int file; /* borrowed */
	uint64_t size;
};

/*
 * Put together in memory but for the files in it, which stay where they are; or, compressed or not, in a file without a
 * name. Zeroed it is empty; graft_done() frees.
 */
struct graft {
	char *path;	 /* of the emulator, from the image's root, without links */
	struct buf head; /* all but the content of files: headers, what is short, the end */
	struct graft_part *parts;
	size_t n_parts;
	bool hides;	   /* it takes something away instead */
	uint64_t tar_size; /* of the whole layer */
	int64_t time;	   /* of the emulator, bounded */
	char diff_id[DIGEST_TEXT];
	enum graft_codec codec;
	bool is_stored; /* the layer as it is to be stored is in a file: always, when it is compressed */
	int stored;
	uint64_t stored_size; /* as stored, and its digest */
	char digest[DIGEST_TEXT];
};

/* A file that comes with the emulator: root's, of the time 0. */
struct graft_file {
	const char *path; /* absolute in the image, without links: see graft_make() */
	unsigned mode;
	int file; /* borrowed; -1: the text */
	const struct buf *text;
};

struct graft_request {
	const struct view *view; /* what is below it */
	const char *at;		 /* absolute path in the image */
	int emulator;
	bool has_epoch; /* SOURCE_DATE_EPOCH bounds times */
	int64_t epoch;
	bool has_place; /* a directory in which the layer can be stored while its digest is found; borrowed */
	int place;
	const struct graft_file *files; /* beside the emulator */
	size_t n_files;
};

/*
 * Makes the layer. Its directories are those above the emulator, with the attributes that they have below, so that
 * unpacking changes none of them; links on the way are resolved, as a directory in the place of a link would hide all
 * behind it. Those that are not there are 0755, root's, with the emulator's time. -EBADMSG when something that is no
 * file stands at the place or a parent is no directory, or, of a file beside it, a parent is a link or not root's
 * alone; -errno when a file cannot be read. Once it is stored its files are not needed any more.
 */
int graft_make(const struct graft_request *request, struct graft *ret, struct err *e);
/* Paths inside an image, from its root and without links. Borrowed. */
struct graft_paths {
	const char *const *items;
	size_t n;
};

/*
 * Makes the layer that hides files, which are in the view, as whiteouts beside them; directories as above. It has
 * nothing but their names, and the time that is given.
 */
int graft_hide(const struct view *view, struct graft_paths paths, int64_t time, struct graft *ret, struct err *e);
void graft_done(struct graft *graft);
/* Stores it compressed, in a file without a name in tmpdir. other, which may be NULL, may be the same one, done
 * already. */
int graft_pack(
	struct graft *graft, enum graft_codec codec, const struct graft *other, const char *tmpdir, struct err *e);
/*
 * Gives a stored layer a name in a directory, on the disk, and the looks of another file (fd_look_like()). 0; -ENOENT
 * when it is not stored or cannot get one there; -errno of the disk.
 */
int graft_link(const struct graft *graft, int dir, const char *name, const struct stat *like);
/* Writes the layer, as it is stored, to a file at its position. 0 or -errno. */
int graft_write(const struct graft *graft, int to);
