// SPDX-License-Identifier: MIT
/* Edits parts of a JSON text and preserves every other byte. */
#include "image/splice.h"

#include <string.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/str.h"

static size_t skip_blanks(const char *text, size_t at)
{
	return at + strspn(text + at, " \t\r\n");
}

/* The offset after the string at offset at. */
static size_t skip_string(const char *text, size_t at)
{
	for (at++; text[at] && text[at] != '"'; at++)
		at += text[at] == '\\' && text[at + 1];
	return at + (text[at] == '"');
}

/* The offset after the value at offset at. */
static size_t skip_value(const char *text, size_t at)
{
	size_t depth = 0;

	do {
		if (text[at] == '"') {
			at = skip_string(text, at);
			continue;
		}
		if (text[at] == '{' || text[at] == '[')
			depth++;
		else if (text[at] == '}' || text[at] == ']')
			depth--;
		else if (!depth)
			return at + strcspn(text + at, ",]} \t\r\n");
		at += text[at] != '\0';
	} while (depth && text[at]);
	return at;
}

struct span span_whole(const char *text)
{
	size_t at = skip_blanks(text, 0);

	return (struct span){ at, skip_value(text, at) - at };
}

/* Decodes the character at p inside a string; *ret_len: its encoded length. Non-ASCII never matches our keys. */
static int read_character(const char *p, size_t *ret_len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char hex[5] = "";
	const char *found;
	uint8_t bytes[2];

	*ret_len = 1;
	if (*p != '\\')
		return (unsigned char)*p;
	*ret_len = 2;
	found = strchr(from, p[1]);
	if (p[1] != 'u')
		return found ? to[found - from] : -1;
	*ret_len = 6;
	memcpy(hex, p + 2, 4);
	return str_from_hex(hex, bytes, sizeof(bytes)) == 2 ? bytes[0] << 8 | bytes[1] : -1;
}

/* Whether the string at offset at is this key. */
static bool is_key(const char *text, size_t at, const char *key)
{
	size_t len;

	for (at++; text[at] != '"'; at += len, key++)
		if (!*key || read_character(text + at, &len) != (unsigned char)*key)
			return false;
	return !*key;
}

/* A member of an object, or an item of an array, which has no name. Zeroed: before the first one. */
struct member_span {
	size_t name;
	struct span value;
};

static bool next_member(const char *text, struct span container, struct member_span *m)
{
	size_t at = skip_blanks(text, m->value.len ? m->value.at + m->value.len : container.at + 1);

	if (m->value.len && text[at] == ',')
		at = skip_blanks(text, at + 1);
	if (text[at] == ']' || text[at] == '}')
		return false;
	m->name = at;
	if (text[container.at] == '{')
		at = skip_blanks(text, skip_blanks(text, skip_string(text, at)) + 1);
	m->value = (struct span){ at, skip_value(text, at) - at };
	return true;
}

bool span_member(const char *text, struct span object, const char *key, struct span *ret)
{
	struct member_span m = { 0 };

	while (text[object.at] == '{' && next_member(text, object, &m))
		if (is_key(text, m.name, key)) {
			*ret = m.value;
			return true;
		}
	return false;
}

bool span_path(const char *text, const char *path, struct span *ret)
{
	struct span span = span_whole(text);
	char key[64];

	for (const char *p = path; *p; p += *p == '.') {
		size_t n = strcspn(p, ".");

		if (n >= sizeof(key))
			return false;
		memcpy(key, p, n);
		key[n] = '\0';
		if (!span_member(text, span, key, &span))
			return false;
		p += n;
	}
	*ret = span;
	return true;
}

bool span_next(const char *text, struct span array, struct span *item)
{
	struct member_span m = { .value = *item };

	if (text[array.at] != '[' || !next_member(text, array, &m))
		return false;
	*item = m.value;
	return true;
}

static void add(struct splice *s, size_t at, size_t len, const char *text)
{
	s->edits = mem_more(s->edits, s->n, sizeof(*s->edits));
	s->edits[s->n++] = (struct splice_edit){ at, len, mem_text(text) };
}

void splice_replace(struct splice *s, struct span span, const char *text)
{
	add(s, span.at, span.len, text);
}

void splice_items(struct splice *s, const char *text, struct span array, struct splice_flags drops, const char *more)
{
	struct span item = { 0 }, next = { 0 };
	size_t end = array.at + 1; /* of the previous item */
	bool has_kept = false, has_next = span_next(text, array, &next);

	for (size_t i = 0; has_next; i++) {
		item = next;
		has_next = span_next(text, array, &next);
		if (i >= drops.n || !drops.items[i])
			has_kept = true;
		else if (has_kept)
			add(s, end, item.at + item.len - end, "");
		else
			add(s, item.at, (has_next ? next.at : item.at + item.len) - item.at, "");
		end = item.at + item.len;
	}
	if (more) {
		auto_free char *appended = mem_print("%s%s", has_kept ? "," : "", more);

		add(s, end, 0, appended);
	}
}

void splice_drop_last(struct splice *s, const char *text, struct span array)
{
	size_t before = array.at + 1; /* end of the item before the last one */
	struct span item = { 0 }, last = { 0 };

	while (span_next(text, array, &item)) {
		before = last.len ? last.at + last.len : before;
		last = item;
	}
	if (last.len)
		add(s, before, last.at + last.len - before, "");
}

void splice_add_member(struct splice *s, const char *text, struct span object, const char *key, const char *value)
{
	struct member_span m = { 0 };
	auto_buf member = { 0 };
	bool is_first = true;
	size_t at;

	while (next_member(text, object, &m))
		is_first = false;
	at = is_first ? object.at + 1 : m.value.at + m.value.len;
	buf_addf(&member, "%s\"%s\":%s", is_first ? "" : ",", key, value);
	add(s, at, 0, buf_text(&member));
}

void splice_drop_member(struct splice *s, const char *text, struct span object, const char *key)
{
	size_t before = object.at + 1;

	for (struct member_span m = { 0 }; next_member(text, object, &m); before = m.value.at + m.value.len)
		if (is_key(text, m.name, key)) {
			struct member_span next = m;
			size_t end = m.value.at + m.value.len;

			/* The comma of the first one is behind it. */
			if (before == object.at + 1 && next_member(text, object, &next))
				end = next.name;
			add(s, before, end - before, "");
			return;
		}
}

static int by_place(const void *a, const void *b)
{
	const struct splice_edit *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

void splice_apply(const struct splice *s, const char *text, size_t len, struct buf *out)
{
	size_t at = 0;

	if (s->n)
		qsort(s->edits, s->n, sizeof(*s->edits), by_place);
	for (size_t i = 0; i < s->n; i++) {
		buf_add(out, text + at, s->edits[i].at - at);
		buf_adds(out, s->edits[i].text);
		at = s->edits[i].at + s->edits[i].len;
	}
	buf_add(out, text + at, len - at);
}

void splice_done(struct splice *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->edits[i].text);
	free(s->edits);
	*s = (struct splice){ 0 };
}

void splice_quote(struct buf *out, const char *text)
{
	auto_buf safe = { 0 };

	str_escape(&safe, text, strlen(text));
	buf_adds(out, "\"");
	for (const char *p = buf_text(&safe); *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_adds(out, "\\");
		buf_add(out, p, 1);
	}
	buf_adds(out, "\"");
}

void splice_descriptor(
	struct splice *s, const char *text, struct span descriptor, const char *digest, const struct buf *content)
{
	auto_buf value = { 0 };
	struct span span;

	buf_addf(&value, "\"%s\"", digest);
	if (span_member(text, descriptor, "digest", &span))
		splice_replace(s, span, buf_text(&value));
	value.len = 0;
	buf_addf(&value, "%zu", content->len);
	if (span_member(text, descriptor, "size", &span))
		splice_replace(s, span, buf_text(&value));
	value.len = 0;
	buf_adds(&value, "\"");
	digest_base64(&value, buf_text(content), content->len);
	buf_adds(&value, "\"");
	if (span_member(text, descriptor, "data", &span) && text[span.at] == '"')
		splice_replace(s, span, buf_text(&value));
}
