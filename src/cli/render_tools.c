// SPDX-License-Identifier: MIT
/* Output of inspect about native tools. */
#include "cli/render_tools.h"

#include <string.h>

#include "cli/cli.h"

static const char *told_text(const struct json *list, size_t i, const char *key)
{
	const char *text = jv_get_text(jv_at(list, i), key);

	return text ? text : "";
}

void render_tools(const struct inspection *inspection, size_t i)
{
	const struct json *document = i < inspection->n_tools ? inspection->tools[i] : NULL;
	const struct json *list = jv_get(document, "accelerated"), *others = jv_get(document, "emulated");
	auto_buf names = { 0 };

	for (size_t k = 0; k < jv_count(list); k++)
		if (jv_as_text(jv_at(list, k)))
			buf_addf(&names, "%s%s", names.len ? " " : "", jv_as_text(jv_at(list, k)));
	if (names.len)
		say_line("%-13s %s", "native tools:", buf_text(&names));
	for (size_t k = 0; k < jv_count(others); k++) {
		const char *why = told_text(others, k, "why");
		bool is_first = true;
		auto_buf line = { 0 };

		for (size_t m = 0; m < k; m++)
			is_first &= strcmp(told_text(others, m, "why"), why) != 0;
		for (size_t m = k; is_first && m < jv_count(others); m++)
			if (!strcmp(told_text(others, m, "why"), why))
				buf_addf(&line, "%s ", told_text(others, m, "tool"));
		if (is_first)
			say_line("%-13s %s(%s)", "emulated:", buf_text(&line), why);
	}
}

void json_tools(struct json *o, const struct inspection *inspection, size_t i)
{
	const struct json *document = i < inspection->n_tools ? inspection->tools[i] : NULL;
	const struct json *list = jv_get(document, "accelerated"), *others = jv_get(document, "emulated");
	struct json *accelerated = document ? jv_array() : jv_null(), *emulated = document ? jv_array() : jv_null();

	for (size_t k = 0; k < jv_count(list); k++)
		if (jv_as_text(jv_at(list, k)))
			jv_push(accelerated, jv_text(jv_as_text(jv_at(list, k))));
	for (size_t k = 0; k < jv_count(others); k++) {
		struct json *one = jv_object();

		jv_set(one, "tool", jv_text(told_text(others, k, "tool")));
		jv_set(one, "why", jv_text(told_text(others, k, "why")));
		jv_push(emulated, one);
	}
	jv_set(o, "accelerated", accelerated);
	jv_set(o, "emulated", emulated);
}
