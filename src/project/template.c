// SPDX-License-Identifier: MIT
/* Dockerfile.cross: checks it, and renders it for a platform. */
#include "project/template.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"
#include "project/scan.h"

#define BLANKS " \t\r"

/* A line, and for emulated [0] and native [1] targets whether they drop it. */
struct line {
	struct scan_line scan;
	bool is_dropped[2]; /* its marker excludes the target */
	bool drops_rest[2]; /* the first line of its instruction is dropped */
};

/* Reads the next line; false at the end. line keeps state. */
static bool next(struct scan *s, struct line *line)
{
	bool was_continued = line->scan.is_continued;
	struct marks marks;

	if (!scan_instruction(s, &line->scan))
		return false;
	marks = placeholder_marks(line->scan.text, line->scan.len);
	line->is_dropped[false] = marks.for_native;
	line->is_dropped[true] = marks.for_emulated;
	for (int i = 0; i < 2; i++)
		line->drops_rest[i] = line->scan.is_first
					      ? line->is_dropped[i]
					      : line->drops_rest[i] && (was_continued || line->scan.is_document);
	return true;
}

/* What was found in the lines that were checked. */
struct found {
	bool has_text; /* a line that is not a parser directive */
	bool has_from, is_scratch;
	bool is_base;	 /* in FROM, or in ARG before the first */
	bool is_varying; /* a base depends on the platform */
};

static int check_line(const struct scan_line *line, struct found *found, struct err *e)
{
	auto_free char *text = mem_part(line->text, line->len);
	const char *name = text + strspn(text, BLANKS), *end, *value;
	bool is_escape, has_hash = *name == '#';

	if (strlen(text) < line->len)
		return err_set(e, -EBADMSG, "a NUL byte: not a text file");
	/* Parser directives, "# NAME=value", precede all else, even comments. */
	name += has_hash;
	name += strspn(name, BLANKS);
	for (end = name; isalpha((unsigned char)*end);)
		end++;
	is_escape = end - name == 6 && !strncasecmp(name, "escape", 6);
	end += strspn(end, BLANKS);
	found->has_text |= !has_hash || *end != '=';
	value = *end ? end + 1 + strspn(end + 1, BLANKS) : end;
	if (!found->has_text && is_escape && *value != '\\') {
		err_set(e, -EBADMSG, "the directive escape: lines are continued with a backslash here");
		return err_hint(e, "remove the directive, and write \\ instead of its character");
	}
	/* Comments may contain any placeholder. */
	return line->is_remark ? 0 : placeholder_check(line->text, line->len, line->is_first, e);
}

/* Refuses to drop only the last line of an instruction: the following line would become part of it. */
static int check_end(const struct line *line, struct err *e)
{
	const struct scan_line *scan = &line->scan;

	if (scan->is_first || scan->is_remark || scan->is_continued || scan->is_document ||
		((!line->is_dropped[0] || line->drops_rest[0]) && (!line->is_dropped[1] || line->drops_rest[1])))
		return 0;
	err_set(e, -EBADMSG, "on platforms without this line, the preceding instruction has no end");
	return err_hint(e, "mark the first line of the instruction, and write it once for each case");
}

/*
 * With one base for all platforms, the engine silently uses the image for its own machine. After FROM scratch, a
 * placeholder in any instruction is enough.
 */
static void note_base(const struct scan_line *line, struct found *found)
{
	bool is_from = scan_is(line, "FROM");

	if (line->is_first)
		found->is_base = is_from || (!found->has_from && scan_is(line, "ARG"));
	if (is_from) {
		auto_free char *text = mem_part(line->text, line->len);
		const char *rest = text + placeholder_skip_marks(text, line->len) + strlen("FROM");
		struct scan_word image = scan_from(rest).image;

		found->has_from = true;
		found->is_scratch = image.len == strlen("scratch") && !memcmp(image.text, "scratch", image.len);
	}
	found->is_varying |=
		(found->is_base || found->is_scratch) && !line->is_remark && placeholder_is_in(line->text, line->len);
}

int template_check(const struct template *t, bool is_for_several, struct err *e)
{
	struct scan s = { .text = t->text, .len = t->len };
	struct line line = { 0 };
	struct found found = { 0 };

	if (t->len > LIMIT_TEMPLATE)
		return err_set(e, -E2BIG, "more than %d bytes", LIMIT_TEMPLATE);
	while (next(&s, &line)) {
		if (check_line(&line.scan, &found, e) || check_end(&line, e))
			return err_prefix(e, "line %u", line.scan.number);
		note_base(&line.scan, &found);
	}
	if (!is_for_several || found.is_varying)
		return 0;
	if (!found.has_from)
		err_set(e, -EBADMSG, "it has no FROM");
	else
		err_set(e, -EBADMSG, "no FROM in it depends on the platform: all images would be the same");
	return err_hint(e,
		"FROM --platform=__PLATFORM__ IMAGE selects the variant for each; FROM __BASEIMAGE_ARCH__/IMAGE is "
		"Docker's official one");
}

int template_render(
	const struct template *t, const struct target *target, const char *note, struct buf *out, struct err *e)
{
	struct scan s = { .text = t->text, .len = t->len };
	struct line line = { 0 };
	bool is_noted = false;

	while (next(&s, &line)) {
		const struct scan_line *l = &line.scan;

		if (!is_noted && !(l->is_remark && memchr(l->text, '#', l->len))) {
			buf_addf(out, "%s\n", note);
			is_noted = true;
		}
		if (line.is_dropped[target->is_native] || line.drops_rest[target->is_native])
			continue;
		if (placeholder_expand(l->text, l->whole_len, target, out, e))
			return err_prefix(e, "line %u", l->number);
	}
	return 0;
}
