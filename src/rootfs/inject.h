/* SPDX-License-Identifier: MIT */
/* Puts an emulator into an untrusted root file system, and removes it. */
#pragma once

#include "base/digest.h"
#include "emulator/emulator.h"

enum inject_result {
	INJECT_DONE = 0,
	INJECT_REPLACED,  /* replaced another file, which eject restores */
	INJECT_UNCHANGED, /* the target already has the same emulator */
	INJECT_REMOVED,
	INJECT_ABSENT, /* nothing was injected */
};
extern const char *const inject_words[];

/* An emulator to be injected into any number of roots; zero all members but emulator. */
struct inject_source {
	struct emulator emulator;
	char digest[DIGEST_TEXT]; /* "" until computed */
};

/*
 * The record ".NAME.anyarch" beside emulator NAME says what was created, so that eject can undo exactly that, also in a
 * copy of the tree on another machine. It is a file because most copies lose extended attributes. A previous file is
 * kept as ".NAME.anyarch-was".
 */
struct inject_request {
	struct inject_source *source;
	const char *at; /* path inside the root, absolute */
	bool dry_run;
	bool has_epoch; /* SOURCE_DATE_EPOCH bounds the file's time */
	int64_t epoch;
};

/*
 * Copies the emulator to request.at below root: mode 0755, owner root if permitted, the source's mtime. Missing
 * directories are created. Symlinks resolve inside the root; a symlink as last component is replaced, not followed. All
 * data is on disk when it returns 0. -EBADMSG if at is a directory, FIFO or device, or its record or backup does not
 * fit, -EBUSY, -EIO if writing fails; the tree is then unchanged.
 */
int inject_file(int root, const struct inject_request *request, enum inject_result *ret, struct err *e);
/*
 * Removes the emulator that the record beside at describes, if it is unchanged, and the directories created for it, if
 * empty. *ret is INJECT_ABSENT if there is no record. 0 or -errno with e set; -EBADMSG if the emulator was changed.
 */
int eject_file(int root, const char *at, bool dry_run, enum inject_result *ret, struct err *e);
/*
 * Walks the tree (no symlinks, no other mounts, at most 256 levels) and calls each() with the emulator path of every
 * record; a non-zero result ends the walk and is returned. -EINTR after a signal, -errno.
 */
int inject_each(int root, int (*each)(const char *at, void *context), void *context);
