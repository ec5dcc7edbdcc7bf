// SPDX-License-Identifier: MIT
/* Parses KEY=value lines like a shell, without a shell. */
#include "project/assign.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"

/* Bytes that a shell interprets outside of quotes, and how: refused as part of a value. */
static const struct {
	char byte;
	bool also_quoted; /* also in double quotes */
	const char *what;
} active[] = {
	{ '`', true, "'`' would run a command" },
	{ '$', true, "'$' would be a variable or a command" },
	{ '\\', false, "'\\' outside of quotes" },
	{ ';', false, "';' would begin a command" },
	{ '&', false, "'&' would begin a command" },
	{ '|', false, "'|' would begin a command" },
	{ '<', false, "'<' would open a file" },
	{ '>', false, "'>' would open a file" },
	{ '(', false, "'(' would begin a list" },
	{ ')', false, "')' without '('" },
	{ '*', false, "'*' would be names of files" },
	{ '?', false, "'?' would be names of files" },
	{ '[', false, "'[' would be names of files" },
	{ '{', false, "'{' would be several words" },
	{ '}', false, "'}' without '{'" },
	{ '~', false, "'~' would be a directory" },
	{ '!', false, "'!' would be the history" },
};

static int check_byte(char byte, bool is_quoted, struct err *e)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(active) && (active[i].byte != byte || (is_quoted && !active[i].also_quoted)))
		i++;
	if (i == ARRAY_SIZE(active))
		return 0;
	err_set(e, -EBADMSG, "%s", active[i].what);
	return err_hint(e, "nothing in this file is executed: write the value itself, between '...' where it needs it");
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Reads a quoted string. Returns the end of the closing quote; NULL with e set. */
static const char *read_quoted(const char *p, const char *end, struct buf *value, struct err *e)
{
	char quote = *p++;

	for (; p < end && *p != quote; p++) {
		/* POSIX, "Double-Quotes": '\' is literal unless one of these follows. */
		if (quote == '"' && *p == '\\' && p + 1 < end && memchr("$`\"\\", p[1], 4))
			p++;
		else if (quote == '"' && check_byte(*p, true, e))
			return NULL;
		buf_add(value, p, 1);
	}
	if (p < end)
		return p + 1;
	err_set(e, -EBADMSG, "the quote %c is not closed on this line", quote);
	return NULL;
}

/* Only blanks and a comment may follow a value. */
static int check_rest(const char *p, const char *end, struct err *e)
{
	while (p < end && is_blank(*p))
		p++;
	if (p == end || *p == '#')
		return 0;
	err_set(e, -EBADMSG, "a second word after the value");
	return err_hint(e, "put quotes around it: KEY=\"several words\"");
}

static int read_value(const char *p, const char *end, struct buf *value, struct err *e)
{
	if (p < end && is_blank(*p) && check_rest(p, end, NULL)) {
		err_set(e, -EBADMSG, "a blank after '='");
		return err_hint(e, "write KEY=value without blanks around '='");
	}
	while (p < end && !is_blank(*p)) {
		if (*p == '\'' || *p == '"') {
			p = read_quoted(p, end, value, e);
			if (!p)
				return -EBADMSG;
			continue;
		}
		if (check_byte(*p, false, e))
			return -EBADMSG;
		buf_add(value, p++, 1);
	}
	return check_rest(p, end, e);
}

int assign_next(struct scan *s, const char **ret_key, size_t *ret_key_len, struct buf *ret_value, struct err *e)
{
	struct scan_line line;

	while (scan_line(s, &line)) {
		const char *text = line.text, *end = line.text + line.len, *equals;
		int r = 0;

		if (line.len && end[-1] == '\r') {
			err_set(e, -EBADMSG, "a DOS line end (CR LF)");
			r = err_hint(e, "remove them all with: sed -i 's/\\r$//' FILE");
		}
		for (const char *p = text; !r && p < end; p++)
			if (!*p || (iscntrl((unsigned char)*p) && *p != '\t'))
				r = err_set(e, -EBADMSG, "a %s byte (%#04x): not a text file", *p ? "control" : "NUL",
					(unsigned char)*p);
		while (text < end && is_blank(*text))
			text++;
		if (!r && (text == end || *text == '#'))
			continue;
		buf_done(ret_value);
		*ret_key = equals = text;
		while (equals < end && (isalnum((unsigned char)*equals) || *equals == '_'))
			equals++;
		*ret_key_len = (size_t)(equals - text);
		if (!r && equals > text && equals < end && *equals == '=' && !isdigit((unsigned char)*text)) {
			r = read_value(equals + 1, end, ret_value, e);
		} else if (!r) {
			err_set(e, -EBADMSG, "expected KEY=value");
			r = err_hint(e, equals < end && is_blank(*equals) && memchr(equals, '=', (size_t)(end - equals))
						? "write KEY=value without blanks around '='"
						: "a comment begins with #");
		}
		return r ? err_prefix(e, "line %u", line.number) : 1;
	}
	return 0;
}
