/* SPDX-License-Identifier: MIT */
/* The mark in an image's config that identifies an injected layer. */
#pragma once

#include <stdbool.h>

struct json;

/* "anyarch-inject 1 DIFF_ID DIGEST": the layer's diff_id, and the digest of the config without the layer. */
#define MARK_TEXT "anyarch-inject 1 "
#define MARK_KEY  "anyarch-inject" /* member with the mark in a config without a history */

/* The digest in a mark for the layer with this diff_id, else NULL. Both arguments may be NULL. */
const char *mark_read(const char *mark, const char *diff_id);
/* The same for the topmost layer: from the last history entry, or from MARK_KEY if there is no history. */
const char *mark_find(const struct json *config, bool *ret_in_history);
