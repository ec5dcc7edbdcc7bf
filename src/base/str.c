// SPDX-License-Identifier: MIT
/* Strict text: integers, hex, lists, suggestions for typos, escaping. */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

int str_to_uint(const char *text, unsigned long max, unsigned long *ret_value)
{
	unsigned long value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (digit > 9 || value > (max - MIN_OF(max, digit)) / 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	if (value > max)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int str_from_hex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;

	for (; hex[0]; hex += 2, n++) {
		int hi = hex_digit(hex[0]), lo = hi < 0 ? -1 : hex_digit(hex[1]);

		if (lo < 0 || n == cap)
			return -EINVAL;
		out[n] = (uint8_t)(hi << 4 | lo);
	}
	return (int)n;
}

bool str_next_item(const char **cursor, const char **ret_item, size_t *ret_len)
{
	static const char separators[] = ", \t\n\r";
	const char *item = *cursor + strspn(*cursor, separators);

	if (!*item)
		return false;
	*ret_item = item;
	*ret_len = strcspn(item, separators);
	*cursor = item + *ret_len;
	return true;
}

bool str_in_words(const char *list, const char *text, size_t len)
{
	const char *word;
	size_t n;

	while (str_next_item(&list, &word, &n))
		if (n == len && !memcmp(word, text, n))
			return true;
	return false;
}

#define DISTANCE_MAX 48

/* Optimal string alignment with three rows of the table, because a swap looks two rows back. */
unsigned str_distance(const char *a, const char *b, unsigned limit)
{
	unsigned rows[3][DISTANCE_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > DISTANCE_MAX || lb > DISTANCE_MAX)
		return limit + 1;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = up[j - 1] + (a[i - 1] != b[j - 1]);

			best = MIN_OF(best, MIN_OF(up[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN_OF(best, up2[j - 2] + 1);
			row[j] = best;
		}
	}
	return MIN_OF(rows[la % 3][lb], limit + 1);
}

const char *str_nearest(const char *list, const char *text, size_t *ret_len)
{
	const char *word, *best = NULL;
	unsigned least = 3;
	size_t len;

	while (str_next_item(&list, &word, &len)) {
		char one[DISTANCE_MAX + 1];
		unsigned d = 3;

		if (snprintf(one, sizeof(one), "%.*s", (int)len, word) < (int)sizeof(one))
			d = str_distance(text, one, 2);
		if (d >= least || d >= len) /* all of the word would be replaced */
			continue;
		least = d;
		best = word;
		*ret_len = len;
	}
	return best;
}

/* Length of the valid UTF-8 sequence at s (RFC 3629, C1 controls excluded); 0 if there is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	static const struct {
		unsigned char lo, hi, len, second_lo, second_hi;
	} forms[] = {
		{ 0x20, 0x7e, 1, 0, 0 },
		{ 0xc2, 0xc2, 2, 0xa0, 0xbf },
		{ 0xc3, 0xdf, 2, 0x80, 0xbf },
		{ 0xe0, 0xe0, 3, 0xa0, 0xbf },
		{ 0xe1, 0xec, 3, 0x80, 0xbf },
		{ 0xed, 0xed, 3, 0x80, 0x9f },
		{ 0xee, 0xef, 3, 0x80, 0xbf },
		{ 0xf0, 0xf0, 4, 0x90, 0xbf },
		{ 0xf1, 0xf3, 4, 0x80, 0xbf },
		{ 0xf4, 0xf4, 4, 0x80, 0x8f },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (s[0] < forms[i].lo || s[0] > forms[i].hi)
			continue;
		if (forms[i].len > left)
			return 0;
		if (forms[i].len > 1 && (s[1] < forms[i].second_lo || s[1] > forms[i].second_hi))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

void str_escape(struct buf *out, const char *text, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_length((const unsigned char *)text + i, len - i);
		if (n) {
			buf_add(out, text + i, n);
			continue;
		}
		buf_addf(out, "\\x%02x", (unsigned char)text[i]);
		n = 1;
	}
}

void str_quote(struct buf *out, const char *text)
{
	buf_adds(out, "'");
	for (; *text; text++)
		buf_addf(out, *text == '\'' ? "'\\''" : "%c", *text);
	buf_adds(out, "'");
}

bool str_starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

bool str_ends(const char *text, const char *suffix)
{
	size_t lt = strlen(text), ls = strlen(suffix);

	return lt >= ls && !strcmp(text + lt - ls, suffix);
}

const char *str_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
