/* SPDX-License-Identifier: MIT */
/* The small file beside an injected emulator that says what to undo. */
#pragma once

#include <time.h>

#include "base/buf.h"
#include "base/digest.h"

struct record {
	char digest[DIGEST_TEXT]; /* of the emulator that was put there */
	char also[DIGEST_TEXT];	  /* of an earlier one that it is about to replace; "" for none */
	bool has_backup;	  /* something else was there before */
	unsigned made_dirs;	  /* how many of the directories above the file were made */
	struct timespec dir_time; /* of the lowest directory that was there before */
};

/* ".NAME" + suffix. -ENAMETOOLONG. */
int record_name(const char *name, const char *suffix, char ret[256]);
void record_render(const struct record *record, struct buf *out);
/* Whatever does not look as it is written is -EBADMSG. */
int record_parse(const char *text, struct record *ret);
