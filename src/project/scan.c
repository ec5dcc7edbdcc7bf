// SPDX-License-Identifier: MIT
/* Splits a text into lines, and classifies a Dockerfile's lines by instruction. */
#include "project/scan.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "project/placeholder.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

bool scan_line(struct scan *s, struct scan_line *ret)
{
	const char *text = s->text + s->at, *newline;

	if (s->at == s->len)
		return false;
	newline = memchr(text, '\n', s->len - s->at);
	*ret = (struct scan_line){ .text = text, .at = s->at, .number = ++s->number };
	ret->len = newline ? (size_t)(newline - text) : s->len - s->at;
	ret->whole_len = ret->len + (newline ? 1 : 0);
	s->at += ret->whole_len;
	return true;
}

struct scan_word scan_word(const char **cursor)
{
	struct scan_word word = { 0 };

	while (is_blank(**cursor))
		++*cursor;
	word.text = *cursor;
	while (word.text[word.len] && !is_blank(word.text[word.len]))
		word.len++;
	*cursor += word.len;
	return word;
}

bool scan_word_is(struct scan_word word, const char *name)
{
	return word.len == strlen(name) && !strncasecmp(word.text, name, word.len);
}

struct scan_word scan_option(const char **cursor, const char *option)
{
	struct scan_word value = { 0 }, word;
	size_t len = strlen(option);

	for (const char *rest = *cursor; (word = scan_word(&rest)).len > 2 && !strncmp(word.text, "--", 2);) {
		if (word.len >= len && !memcmp(word.text, option, len))
			value = (struct scan_word){ word.text + len, word.len - len };
		*cursor = rest;
	}
	return value;
}

struct scan_from scan_from(const char *rest)
{
	struct scan_from from = { .platform = scan_option(&rest, "--platform=") };

	from.image = scan_word(&rest);
	if (scan_word_is(scan_word(&rest), "AS"))
		from.name = scan_word(&rest);
	return from;
}

bool scan_is(const struct scan_line *line, const char *name)
{
	size_t skip = placeholder_skip_marks(line->text, line->len), len = strlen(name);
	const char *word = line->text + skip;

	return line->is_first && line->len - skip > len && !strncasecmp(word, name, len) &&
	       (is_blank(word[len]) || word[len] == '\\');
}

static bool is_remark(const struct scan_line *line)
{
	size_t n = 0;

	while (n < line->len && is_blank(line->text[n]))
		n++;
	return n == line->len || line->text[n] == '#';
}

/* Parses the start of a here-document as BuildKit does: digits, <<, '-', and the delimiter, which may be quoted. */
static void add_document(struct scan *s, const char *word, size_t len)
{
	struct scan_document one = { .mark = word };
	const char *end = word + len;

	while (one.mark < end && isdigit((unsigned char)*one.mark))
		one.mark++;
	if (end - one.mark < 3 || one.mark[0] != '<' || one.mark[1] != '<')
		return;
	one.mark += 2;
	one.has_tabs = *one.mark == '-';
	one.mark += one.has_tabs;
	if (end - one.mark > 2 && strchr("'\"", *one.mark) && end[-1] == *one.mark) {
		one.mark++;
		end--;
	}
	one.len = (size_t)(end - one.mark);
	if (one.len && !memchr(one.mark, '<', one.len) && s->n_documents < SCAN_DOCUMENTS_MAX)
		s->documents[s->n_documents++] = one;
}

static void find_documents(struct scan *s, const struct scan_line *line)
{
	static const char *const names[] = { "RUN", "COPY", "ADD" };
	size_t at = 0, len;

	if (line->is_first) {
		s->can_have_documents = false;
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			s->can_have_documents |= scan_is(line, names[i]);
	}
	for (; s->can_have_documents && at < line->len; at += len + 1) {
		len = 0;
		while (at + len < line->len && !is_blank(line->text[at + len]))
			len++;
		if (len > 2)
			add_document(s, line->text + at, len);
	}
}

static bool ends(const struct scan_document *document, const struct scan_line *line)
{
	size_t skip = 0;

	while (document->has_tabs && skip < line->len && line->text[skip] == '\t')
		skip++;
	return line->len - skip == document->len && !memcmp(line->text + skip, document->mark, document->len);
}

bool scan_instruction(struct scan *s, struct scan_line *ret)
{
	bool was_continued = s->is_continued;
	size_t len;

	if (!scan_line(s, ret))
		return false;
	if (!was_continued && s->document < s->n_documents) {
		ret->is_document = true;
		s->document += ends(&s->documents[s->document], ret);
		return true;
	}
	ret->is_remark = is_remark(ret);
	ret->is_first = !was_continued && !ret->is_remark;
	/* To Docker, a backslash before trailing blanks is a continuation, too. */
	for (len = ret->len; len && is_blank(ret->text[len - 1]);)
		len--;
	ret->is_continued = ret->is_remark ? was_continued : len && ret->text[len - 1] == '\\';
	s->is_continued = ret->is_continued;
	if (ret->is_first)
		s->n_documents = 0;
	if (!ret->is_remark && !s->is_without_documents)
		find_documents(s, ret);
	if (!ret->is_continued && s->n_documents) {
		struct scan ahead = { .text = s->text, .len = s->len, .at = s->at };
		struct scan_line line;
		size_t i = 0;

		/*
		 * Checks that all here-documents end. Otherwise BuildKit refuses the file, and the classic builder
		 * supports none: treat the file as having none, and never scan ahead again.
		 */
		while (i < s->n_documents && scan_line(&ahead, &line))
			i += ends(&s->documents[i], &line);
		s->is_without_documents = i < s->n_documents;
		s->n_documents = s->is_without_documents ? 0 : s->n_documents;
		s->document = 0;
	}
	return true;
}

bool scan_whole(struct scan *s, struct scan_whole *ret)
{
	struct scan_line line;

	buf_done(&ret->text);
	while (scan_instruction(s, &line)) {
		size_t len = line.len;

		if (line.is_remark || line.is_document)
			continue;
		if (!ret->text.len) {
			ret->at = line.at;
			ret->is_one_line = !line.is_continued;
		}
		while (line.is_continued && len && line.text[--len] != '\\')
			continue;
		buf_add(&ret->text, line.text, len);
		if (!line.is_continued)
			return true;
	}
	buf_done(&ret->text);
	return false;
}
