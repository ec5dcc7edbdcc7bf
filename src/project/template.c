// SPDX-License-Identifier: MIT
/* Dockerfile.cross: its lines and instructions, and what is left of them for a platform. */
#include "project/template.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_remark(const char *text, size_t len)
{
	while (len && is_blank(*text)) {
		text++;
		len--;
	}
	return !len || *text == '#';
}

/* Docker takes a backslash for a continuation also where blanks follow it. */
static bool ends_with_backslash(const char *text, size_t len)
{
	while (len && is_blank(text[len - 1]))
		len--;
	return len && text[len - 1] == '\\';
}

static bool is_for_others(const struct template_line *line, const struct target *target)
{
	struct marks marks = placeholder_marks(line->text, line->len);

	return target && (target->is_native ? marks.for_emulated : marks.for_native);
}

bool template_next(const struct template *t, const struct target *target, struct template_line *line)
{
	const char *text = line->text ? line->text + line->whole_len : t->text, *newline;
	size_t left = t->len - (size_t)(text - t->text);
	bool was_continued = line->is_continued;

	if (!left)
		return false;
	newline = memchr(text, '\n', left);
	line->text = text;
	line->len = newline ? (size_t)(newline - text) : left;
	line->whole_len = line->len + (newline ? 1 : 0);
	line->number++;
	line->is_remark = is_remark(line->text, line->len);
	line->is_first = !was_continued && !line->is_remark;
	line->is_dropped = is_for_others(line, target);
	line->drops_rest = was_continued ? line->drops_rest : line->is_first && line->is_dropped;
	if (!line->is_remark)
		line->is_continued = ends_with_backslash(line->text, line->len);
	return true;
}

bool template_is_instruction(const struct template_line *line, const char *name)
{
	size_t skip = placeholder_skip_marks(line->text, line->len), len = strlen(name);
	const char *word = line->text + skip;

	return line->is_first && line->len - skip > len && !strncasecmp(word, name, len) &&
	       (is_blank(word[len]) || word[len] == '\\');
}

/* # NAME=value, before everything else, other comments included. */
static bool is_directive(const struct template_line *line)
{
	const char *text = line->text, *end = text + line->len;

	while (text < end && is_blank(*text))
		text++;
	if (text == end || *text++ != '#')
		return false;
	while (text < end && is_blank(*text))
		text++;
	while (text < end && isalpha((unsigned char)*text))
		text++;
	while (text < end && is_blank(*text))
		text++;
	return text < end && *text == '=';
}

static int check_directive(const struct template_line *line, struct err *e)
{
	const char *text = line->text, *end = text + line->len;

	while (text < end && is_blank(*text))
		text++;
	for (text += text < end; text < end && is_blank(*text); text++) /* the '#' */
		;
	if (end - text < 6 || strncasecmp(text, "escape", 6))
		return 0;
	for (text += 6; text < end && is_blank(*text); text++)
		;
	if (text == end || *text != '=' || ends_with_backslash(text, (size_t)(end - text)))
		return 0;
	err_set(e, -EBADMSG, "the directive escape: lines are continued with a backslash here");
	return err_hint(e, "leave the directive out, and write \\ for what it names");
}

static int check_line(const struct template_line *line, struct err *e)
{
	if (memchr(line->text, '\0', line->len))
		return err_set(e, -EBADMSG, "a NUL byte: this is no text");
	/* What a comment says about placeholders is nobody's mistake. */
	return line->is_remark ? 0 : placeholder_check(line->text, line->len, line->is_first, e);
}

static int check_lines(const struct template *t, struct err *e)
{
	struct template_line line = { 0 };
	bool is_top = true;

	while (template_next(t, NULL, &line)) {
		is_top = is_top && is_directive(&line);
		if (check_line(&line, e) || (is_top && check_directive(&line, e)))
			return err_prefix(e, "line %u", line.number);
	}
	return 0;
}

/* The last line of an instruction cannot go alone: what follows would become a part of that instruction. */
static int check_ends(const struct template *t, bool is_native, struct err *e)
{
	struct target target = { .is_native = is_native };
	struct template_line line = { 0 };

	while (template_next(t, &target, &line)) {
		if (line.is_first || line.is_remark || line.is_continued || !line.is_dropped || line.drops_rest)
			continue;
		err_set(e, -EBADMSG, "line %u: on platforms without this line the instruction before it has no end",
			line.number);
		err_hint(e, "mark the first line of the instruction, and write it once for each case");
		return -EBADMSG;
	}
	return 0;
}

/* A base that is the same for all platforms gives the machine's own image for each of them, without a word. */
static int check_base(const struct template *t, struct err *e)
{
	bool is_base = false, has_from = false;
	struct template_line line = { 0 };

	while (template_next(t, NULL, &line)) {
		bool is_from = template_is_instruction(&line, "FROM");

		if (line.is_first)
			is_base = is_from || (!has_from && template_is_instruction(&line, "ARG"));
		has_from |= is_from;
		if (is_base && !line.is_remark && placeholder_is_in(line.text, line.len))
			return 0;
	}
	if (!has_from)
		err_set(e, -EBADMSG, "it has no FROM");
	else
		err_set(e, -EBADMSG, "no FROM in it depends on the platform: all images would be the same");
	err_hint(e, "FROM --platform=__PLATFORM__ IMAGE takes it for each; FROM __BASEIMAGE_ARCH__/IMAGE is Docker's "
		    "official one");
	return -EBADMSG;
}

int template_check(const struct template *t, bool is_for_several, struct err *e)
{
	int r = t->len > LIMIT_TEMPLATE ? err_set(e, -E2BIG, "it has more than %d bytes", LIMIT_TEMPLATE) : 0;

	if (!r)
		r = check_lines(t, e);
	if (!r)
		r = check_ends(t, true, e);
	if (!r)
		r = check_ends(t, false, e);
	return r || !is_for_several ? r : check_base(t, e);
}

static bool is_comment(const struct template_line *line)
{
	return line->is_remark && memchr(line->text, '#', line->len);
}

int template_render(
	const struct template *t, const struct target *target, const char *note, struct buf *out, struct err *e)
{
	struct template_line line = { 0 };
	bool is_noted = false;

	while (template_next(t, target, &line)) {
		if (!is_noted && !is_comment(&line)) {
			buf_addf(out, "%s\n", note);
			is_noted = true;
		}
		if (line.is_dropped || line.drops_rest)
			continue;
		if (placeholder_expand(line.text, line.whole_len, target, out, e))
			return err_prefix(e, "line %u", line.number);
	}
	return buf_ok(out) ? 0 : err_sys(e, -ENOMEM, "cannot render it");
}
