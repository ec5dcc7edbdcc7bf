// SPDX-License-Identifier: MIT
/* The mark in an image's config that identifies an injected layer. */
#include "image/mark.h"

#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/str.h"

const char *mark_read(const char *mark, const char *top)
{
	if (!mark || !top || !str_starts(mark, MARK_TEXT))
		return NULL;
	mark += strlen(MARK_TEXT);
	if (!str_starts(mark, top) || mark[strlen(top)] != ' ')
		return NULL;
	return digest_is_valid(mark + strlen(top) + 1) ? mark + strlen(top) + 1 : NULL;
}

const char *mark_find(const struct json *config, bool *ret_in_history)
{
	const struct json *history = jv_get(config, "history"),
			  *diff_ids = jv_get(jv_get(config, "rootfs"), "diff_ids");
	size_t n = jv_count(history), layers = jv_count(diff_ids);
	const char *top = layers ? jv_as_text(jv_at(diff_ids, layers - 1)) : NULL;

	*ret_in_history = n > 0;
	return mark_read(n ? jv_get_text(jv_at(history, n - 1), "comment") : jv_get_text(config, MARK_KEY), top);
}
