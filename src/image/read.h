/* SPDX-License-Identifier: MIT */
/* Reads what an image file says of itself. */
#pragma once

#include "image/model.h"

/*
 * Reads and checks every document: sizes before digests before parsing, no duplicate keys, a body that
 * is what its media type says, as many layers as diff_ids. -EBADMSG, -E2BIG, -ENOENT with e set; ret is to
 * be freed with model_done() also on failure.
 */
int model_read(const struct bundle *bundle, struct model *ret, struct err *e);
