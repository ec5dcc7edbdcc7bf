/* SPDX-License-Identifier: MIT */
/* The layer that puts an emulator into an image: the same bytes whoever makes it, and nothing in them but what is new. */
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

/*
 * Put together in memory but for the emulator itself, which stays in its file; or, compressed or not, in a file without a
 * name.
 * Zeroed it is empty; graft_done() frees.
 */
struct graft {
	char *path;	   /* of the emulator, from the image's root, without links */
	struct buf head;   /* directories and the emulator's header */
	int emulator;	   /* borrowed */
	uint64_t size;	   /* of the emulator; 0: the layer hides one instead */
	uint64_t tar_size; /* of the whole layer */
	int64_t time;	   /* of the emulator, bounded */
	char diff_id[DIGEST_TEXT];
	enum graft_codec codec;
	bool is_stored;		  /* the layer as it is to be stored is in a file: always, when it is compressed */
	int stored;
	uint64_t stored_size;	  /* as stored, and its digest */
	char digest[DIGEST_TEXT];
};

struct graft_request {
	const struct view *view; /* what is below it */
	const char *at;		 /* absolute path in the image */
	int emulator;
	bool has_epoch; /* SOURCE_DATE_EPOCH bounds times */
	int64_t epoch;
	bool has_place; /* a directory in which the layer can be stored while its digest is found; borrowed */
	int place;
};

/*
 * Makes the layer. Its directories are those above the emulator, with the attributes that they have below, so that
 * unpacking changes none of them; links on the way are resolved, as a directory in the place of a link would hide all
 * behind it. Those that are not there are 0755, root's, with the emulator's time. -EBADMSG when something that is no
 * file stands at the place or a parent is no directory; -errno when the emulator cannot be read.
 */
int graft_make(const struct graft_request *request, struct graft *ret, struct err *e);
/*
 * Makes the layer that hides files, which are in the view, as whiteouts beside them; directories as above. It has nothing
 * but their names, and the time that is given.
 */
int graft_hide(const struct view *view, const char *const *paths, size_t n, int64_t time, struct graft *ret, struct err *e);
void graft_done(struct graft *graft);
/* Stores it compressed, in a file without a name in tmpdir. other, which may be NULL, may be the same one, done already. */
int graft_pack(struct graft *graft, enum graft_codec codec, const struct graft *other, const char *tmpdir, struct err *e);
/*
 * Gives a stored layer a name in a directory, on the disk, and the looks of another file (fd_look_like()). 0; -ENOENT when
 * it is not stored or cannot get one there; -errno of the disk.
 */
int graft_link(const struct graft *graft, int dir, const char *name, const struct stat *like);
/* Writes the layer, as it is stored, to a file at its position. 0 or -errno. */
int graft_write(const struct graft *graft, int to);
