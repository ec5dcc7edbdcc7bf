// SPDX-License-Identifier: MIT
/* Dockerfile.cross: checks it, and renders it for a platform. */
#include "project/template.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"
#include "project/scan.h"

struct line {
	struct scan_line scan;
	bool is_dropped; /* its marker excludes the target */
	bool drops_rest; /* the first line of its instruction is dropped */
};

/* Reads the next line and decides whether target drops it (NULL: never). false at the end. line keeps state. */
static bool next(struct scan *s, const struct target *target, struct line *line)
{
	bool was_continued = line->scan.is_continued;
	struct marks marks;

	if (!scan_instruction(s, &line->scan))
		return false;
	marks = placeholder_marks(line->scan.text, line->scan.len);
	line->is_dropped = target && (target->is_native ? marks.for_emulated : marks.for_native);
	line->drops_rest =
		line->scan.is_first ? line->is_dropped : line->drops_rest && (was_continued || line->scan.is_document);
	return true;
}

static size_t skip_blanks(const struct scan_line *line, size_t at)
{
	while (at < line->len && scan_is_blank(line->text[at]))
		at++;
	return at;
}

/* Whether a line is a parser directive, "# NAME=value"; these precede all else, even comments. Sets both offsets. */
static bool is_directive(const struct scan_line *line, size_t *ret_name, size_t *ret_value)
{
	size_t at = skip_blanks(line, 0);

	if (at == line->len || line->text[at] != '#')
		return false;
	*ret_name = at = skip_blanks(line, at + 1);
	while (at < line->len && isalpha((unsigned char)line->text[at]))
		at++;
	at = skip_blanks(line, at);
	*ret_value = at + 1;
	return at < line->len && line->text[at] == '=';
}

static int check_line(const struct scan_line *line, bool *is_top, struct err *e)
{
	size_t name, value;

	if (memchr(line->text, '\0', line->len))
		return err_set(e, -EBADMSG, "a NUL byte: not a text file");
	*is_top = *is_top && is_directive(line, &name, &value);
	if (*is_top && value - name > 6 && !strncasecmp(line->text + name, "escape", 6) &&
		!isalpha((unsigned char)line->text[name + 6])) {
		value = skip_blanks(line, value);
		if (value == line->len || line->text[value] != '\\') {
			err_set(e, -EBADMSG, "the directive escape: lines are continued with a backslash here");
			return err_hint(e, "remove the directive, and write \\ instead of its character");
		}
	}
	/* Comments may contain any placeholder. */
	return line->is_remark ? 0 : placeholder_check(line->text, line->len, line->is_first, e);
}

/* Refuses to drop only the last line of an instruction: the following line would become part of it. */
static int check_ends(const struct template *t, bool is_native, struct err *e)
{
	struct target target = { .is_native = is_native };
	struct scan s = { .text = t->text, .len = t->len };
	struct line line = { 0 };

	while (next(&s, &target, &line)) {
		if (line.scan.is_first || line.scan.is_remark || line.scan.is_continued || line.scan.is_document ||
			!line.is_dropped || line.drops_rest)
			continue;
		err_set(e, -EBADMSG, "line %u: on platforms without this line, the preceding instruction has no end",
			line.scan.number);
		err_hint(e, "mark the first line of the instruction, and write it once for each case");
		return -EBADMSG;
	}
	return 0;
}

static bool is_from_scratch(const struct scan_line *line)
{
	auto_free char *text = mem_part(line->text, line->len);
	const char *rest = text, *word;
	size_t len;

	do {
		if (!scan_word(&rest, &word, &len))
			return false;
	} while (!strncasecmp(word, "FROM", len) || str_starts(word, "--"));
	return len == strlen("scratch") && !strncmp(word, "scratch", len);
}

/*
 * With one base for all platforms, the engine silently uses the image for its own machine. After FROM scratch, a
 * placeholder in any instruction is enough.
 */
static int check_base(const struct template *t, struct err *e)
{
	bool is_base = false, is_scratch = false, has_from = false;
	struct scan s = { .text = t->text, .len = t->len };
	struct line line = { 0 };

	while (next(&s, NULL, &line)) {
		bool is_from = scan_is(&line.scan, "FROM");

		if (line.scan.is_first)
			is_base = is_from || (!has_from && scan_is(&line.scan, "ARG"));
		has_from |= is_from;
		if (is_from)
			is_scratch = is_from_scratch(&line.scan);
		if ((is_base || is_scratch) && !line.scan.is_remark && placeholder_is_in(line.scan.text, line.scan.len))
			return 0;
	}
	if (!has_from)
		err_set(e, -EBADMSG, "it has no FROM");
	else
		err_set(e, -EBADMSG, "no FROM in it depends on the platform: all images would be the same");
	err_hint(e, "FROM --platform=__PLATFORM__ IMAGE selects the variant for each; FROM __BASEIMAGE_ARCH__/IMAGE is "
		    "Docker's official one");
	return -EBADMSG;
}

int template_check(const struct template *t, bool is_for_several, struct err *e)
{
	struct scan s = { .text = t->text, .len = t->len };
	struct line line = { 0 };
	bool is_top = true;
	int r;

	if (t->len > LIMIT_TEMPLATE)
		return err_set(e, -E2BIG, "more than %d bytes", LIMIT_TEMPLATE);
	while (next(&s, NULL, &line))
		if (check_line(&line.scan, &is_top, e))
			return err_prefix(e, "line %u", line.scan.number);
	r = check_ends(t, true, e);
	if (!r)
		r = check_ends(t, false, e);
	return r || !is_for_several ? r : check_base(t, e);
}

int template_render(
	const struct template *t, const struct target *target, const char *note, struct buf *out, struct err *e)
{
	struct scan s = { .text = t->text, .len = t->len };
	struct line line = { 0 };
	bool is_noted = false;

	while (next(&s, target, &line)) {
		const struct scan_line *l = &line.scan;

		if (!is_noted && !(l->is_remark && memchr(l->text, '#', l->len))) {
			buf_addf(out, "%s\n", note);
			is_noted = true;
		}
		if (line.is_dropped || line.drops_rest)
			continue;
		if (placeholder_expand(l->text, l->whole_len, target, out, e))
			return err_prefix(e, "line %u", l->number);
	}
	return 0;
}
