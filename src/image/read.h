/* SPDX-License-Identifier: MIT */
/* Reads the documents of an image file. */
#pragma once

#include "image/model.h"

/*
 * Reads and checks every document: size, then digest, then syntax; no duplicate keys, content that matches the media
 * type, as many layers as diff_ids. 0, or -EBADMSG, -E2BIG, -ENOENT with e set; free ret with model_done() always.
 */
int model_read(const struct bundle *bundle, struct model *ret, struct err *e);
