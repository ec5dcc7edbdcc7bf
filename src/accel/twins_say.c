// SPDX-License-Identifier: MIT
/* Reports which tools of a root run natively, and why others do not. */
#include <string.h>

#include "accel/twins.h"
#include "base/fdio.h"

/* Why a tool stays emulated: "another version: Debian 13.2.0-5 there, Debian 12.2.0-14 here". */
static void add_why(struct buf *out, const struct twin *twin)
{
	const struct identity *there = &twin->identity, *here = twin->tool ? &twin->tool->identity : NULL;

	buf_adds(out, twin_words[twin->verdict]);
	if (twin->verdict == TWIN_LACKING && *twin->version)
		buf_addf(out, " of version %s", twin->version);
	if (twin->verdict == TWIN_OTHER && tool_compiles(twin->kind))
		buf_addf(out, ": %s %s there, %s %s here", there->vendor, there->version, here->vendor, here->version);
	else if (twin->verdict == TWIN_OTHER)
		buf_addf(out, ": %s there, %s here", there->version, here->version);
}

static bool is_told(const struct twin *twin)
{
	return twin->verdict != TWIN_ABSENT && !twin->kind->is_plugin;
}

/* Compilers are listed by tool, other tools by package, each once. */
static bool is_first_of_name(const struct twins *twins, size_t i)
{
	const struct twin *twin = &twins->list[i];

	for (const struct twin *other = twins->list; other < twin; other++)
		if (other->verdict == twin->verdict && !tool_compiles(other->kind) && !tool_compiles(twin->kind) &&
			!strcmp(other->kind->package, twin->kind->package))
			return false;
	return is_told(twin);
}

static const char *told_name(const struct twin *twin)
{
	return tool_compiles(twin->kind) ? twin->kind->name : twin->kind->package;
}

static void say_equal(struct buf *out, const struct twins *twins)
{
	const char *before = "";
	size_t n_others = 0;

	for (size_t i = 0; i < twins->n; i++)
		if (is_told(&twins->list[i]) && twins->list[i].verdict == TWIN_EQUAL) {
			n_others += !tool_compiles(twins->list[i].kind);
			if (!tool_compiles(twins->list[i].kind))
				continue;
			buf_addf(out, "%s%s", before, twins->list[i].kind->name);
			before = " ";
		}
	if (n_others) {
		buf_addf(out, "%s%zu of", *before ? " and " : "", n_others);
		for (size_t i = 0; i < twins->n; i++)
			if (!tool_compiles(twins->list[i].kind) && twins->list[i].verdict == TWIN_EQUAL &&
				is_first_of_name(twins, i))
				buf_addf(out, " %s", told_name(&twins->list[i]));
	}
	if (twins->n_equal)
		buf_adds(out, twins->n_equal == 1 ? " runs natively" : " run natively");
}

void twins_say(struct buf *out, const struct twins *twins)
{
	const char *before = twins->n_equal ? "; emulated: " : "emulated: ";

	say_equal(out, twins);
	for (size_t i = 0; i < twins->n; i++)
		if (!twin_is_used(&twins->list[i]) && is_first_of_name(twins, i)) {
			buf_addf(out, "%s%s (", before, told_name(&twins->list[i]));
			add_why(out, &twins->list[i]);
			buf_adds(out, ")");
			before = ", ";
		}
	before = "; natively once installed: ";
	for (size_t i = 0; i < twins->n; i++)
		if (twins->list[i].verdict == TWIN_AWAITED && is_told(&twins->list[i])) {
			buf_addf(out, "%s%s", before, twins->list[i].kind->name);
			before = " ";
		}
}

void twins_json(struct json *object, const struct twins *twins)
{
	struct json *accelerated = jv_array(), *emulated = jv_array();

	for (size_t i = 0; i < twins->n; i++) {
		const struct twin *twin = &twins->list[i];
		auto_buf why = { 0 };
		struct json *o;

		if (!is_told(twin))
			continue;
		if (twin->verdict == TWIN_EQUAL) {
			jv_push(accelerated, jv_text(twin->kind->name));
			continue;
		}
		o = jv_object();
		add_why(&why, twin);
		jv_set(o, "tool", jv_text(twin->kind->name));
		jv_set(o, "why", jv_text(buf_text(&why)));
		jv_push(emulated, o);
	}
	jv_set(object, "accelerated", accelerated);
	jv_set(object, "emulated", emulated);
}

int twins_check(const struct twins *twins, struct err *e)
{
	auto_buf why = { 0 };

	if (twins->n_equal)
		return 0;
	twins_say(&why, twins);
	err_set(e, -EBADMSG, "no tool of it can run natively: %s", why.len ? buf_text(&why) : "it has no compiler");
	return err_hint(e, why.len ? "a machine of the same release has the same tools"
				   : "install the compiler in it first, or leave out --accelerate");
}

struct json *twins_read(const struct tool_root *root)
{
	struct stat st;
	auto_fd fd = root->open(root->context, ENTRY_PLACE_ROOT "/" TOOLCHAIN_MANIFEST, &st);
	auto_buf text = { 0 };
	struct json *o = fd < 0 || fd_read_all(fd, BUF_LIMIT, &text) ? NULL : jv_load(buf_text(&text), text.len, NULL);

	if (jv_count(jv_get(o, "accelerated")) <= TOOLCHAIN_TOOLS_MAX &&
		jv_count(jv_get(o, "emulated")) <= TOOLCHAIN_TOOLS_MAX)
		return o;
	jv_free(o);
	return NULL;
}
