// SPDX-License-Identifier: MIT
/* Output of inspect about native tools. */
#include "cli/render_tools.h"

#include "cli/cli.h"

static const char *told_text(const struct json *list, size_t i, const char *key)
{
	const char *text = jv_get_text(jv_at(list, i), key);

	return text ? text : "";
}

void render_tools(const struct inspection *inspection, size_t i)
{
	const struct json *document = i < inspection->n_tools ? inspection->tools[i] : NULL;
	auto_buf names = { 0 };

	inspect_natives(document, &names);
	if (names.len)
		say_line("%-13s %s", "native tools:", buf_text(&names));
	for (size_t k = 0; k < jv_count(jv_get(document, "emulated")); k++) {
		auto_buf line = { 0 };

		if (inspect_emulated(document, k, &line))
			say_line("%-13s %s", "emulated:", buf_text(&line));
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
