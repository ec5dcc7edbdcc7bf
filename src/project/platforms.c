// SPDX-License-Identifier: MIT
/* A list of platforms in the given order. */
#include "project/platforms.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

bool platform_is_same(const struct platform *a, const struct platform *b)
{
	return a->arch == b->arch && !strcmp(a->variant, b->variant);
}

bool platforms_have(const struct platforms *list, const struct platform *platform)
{
	for (size_t i = 0; i < list->n; i++)
		if (platform_is_same(&list->items[i], platform))
			return true;
	return false;
}

int platforms_add(struct platforms *list, const char *text, struct err *e)
{
	const char *item;
	size_t len, n = 0;

	for (; str_next_item(&text, &item, &len); n++) {
		struct platform platform;

		if (name_parse(item, len, &platform, e))
			return -EINVAL;
		if (!platform.arch->oci)
			return err_set(e, -EINVAL, "OCI defines no platform name for %s", platform.arch->qemu);
		if (platforms_have(list, &platform))
			continue;
		if (list->n == PLATFORMS_MAX)
			return err_set(e, -EINVAL, "more than %d platforms", PLATFORMS_MAX);
		list->items[list->n++] = platform;
	}
	return n ? 0 : err_set(e, -EINVAL, "no platform specified");
}

void platforms_text(const struct platforms *list, struct buf *out)
{
	for (size_t i = 0; i < list->n; i++)
		buf_addf(out, "%s%s", i ? " " : "", name_text(&list->items[i]).text);
}

struct name_text platform_word(const struct platform *platform)
{
	struct name_words words = name_words(platform);
	struct name_text word;

	snprintf(word.text, sizeof(word.text), "%s", *words.docker ? words.docker : platform->arch->oci);
	return word;
}
