/* SPDX-License-Identifier: MIT */
/* The record: a small file beside an injected emulator that says what to undo. */
#pragma once

#include <time.h>

#include "base/buf.h"
#include "base/digest.h"

struct record {
	char digest[DIGEST_TEXT]; /* of the injected emulator */
	char also[DIGEST_TEXT];	  /* of a previous emulator that is being replaced; "": none */
	bool has_backup;	  /* a previous file is kept as backup */
	unsigned made_dirs;	  /* number of directories created above the file */
	struct timespec dir_time; /* original mtime of the deepest directory that existed */
};

/* ".NAME" + suffix. 0 or -ENAMETOOLONG. */
int record_name(const char *name, const char *suffix, char ret[256]);
void record_render(const struct record *record, struct buf *out);
/* Accepts exactly what record_render() writes. 0 or -EBADMSG. */
int record_parse(const char *text, struct record *ret);
