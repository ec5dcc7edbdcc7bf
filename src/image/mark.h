/* SPDX-License-Identifier: MIT */
/* The mark by which a layer that inject added is known again, as a config holds it. */
#pragma once

#include <stdbool.h>

struct json;

/* "anyarch-inject 1 DIFF_ID DIGEST": the layer, and the digest of the config without it. */
#define MARK_TEXT "anyarch-inject 1 "
#define MARK_KEY  "anyarch-inject" /* member of a config whose history cannot hold the mark */

/* The digest in a mark, if that is for the layer of this diff_id; NULL. Both arguments may be NULL. */
const char *mark_read(const char *mark, const char *diff_id);
/* The same of the topmost layer: in the last entry of the history, or without a history in MARK_KEY. */
const char *mark_find(const struct json *config, bool *ret_in_history);
