// SPDX-License-Identifier: MIT
/* Renders, parses, compares and matches one binfmt_misc rule. */
#include "binfmt/rule.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"

static const struct {
	char letter;
	unsigned flag;
} flag_letters[] = {
	{ 'P', RULE_PRESERVE_ARGV0 },
	{ 'O', RULE_OPEN_BINARY },
	{ 'C', RULE_CREDENTIALS },
	{ 'F', RULE_FIXED },
};

enum { APPIMAGE_AT = 8, APPIMAGE_LEN = 3 };

struct rule rule_for_arch(
	const struct arch *arch, size_t index, const char *name, const char *interpreter, unsigned flags)
{
	struct rule rule = { .flags = flags, .is_enabled = true };

	rule.size = (size_t)str_from_hex(arch->match[index].magic, rule.magic, RULE_WINDOW);
	str_from_hex(arch->match[index].mask, rule.mask, RULE_WINDOW);
	memset(rule.mask + APPIMAGE_AT, 0, APPIMAGE_LEN);
	rule.name = mem_text(name);
	rule.interpreter = mem_text(interpreter);
	return rule;
}

void rule_done(struct rule *rule)
{
	free(rule->name);
	free(rule->interpreter);
	free(rule->extension);
	*rule = (struct rule){ 0 };
}

void rule_flags_text(unsigned flags, char ret[RULE_FLAGS_TEXT])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flag_letters); i++)
		if (flags & flag_letters[i].flag)
			ret[n++] = flag_letters[i].letter;
	ret[n] = '\0';
}

static int parse_flags(const char *text, size_t len, unsigned *ret)
{
	unsigned flags = 0;

	for (size_t i = 0; i < len; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(flag_letters) && flag_letters[k].letter != text[i])
			k++;
		if (k == ARRAY_SIZE(flag_letters))
			return -EBADMSG;
		flags |= flag_letters[k].flag;
	}
	*ret = flags & RULE_CREDENTIALS ? flags | RULE_OPEN_BINARY : flags;
	return 0;
}

int rule_check_name(const char *name, struct err *e)
{
	static const char *const reserved[] = { "", ".", "..", "register", "status" };

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (!strcmp(name, reserved[i]))
			return err_set(e, -EBADMSG, "'%s' is not a valid name of a handler", name);
	if (strlen(name) > RULE_NAME_MAX)
		return err_set(e, -EBADMSG, "a handler's name may have at most %d bytes", RULE_NAME_MAX);
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == ':' || (unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, -EBADMSG, "a handler's name must not contain '/', ':' or control characters");
	return 0;
}

static bool is_extension(const char *text)
{
	return *text && !strchr(text, '/');
}

static void render_bytes(struct buf *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "\\x%02x", bytes[i]);
}

int rule_render(const struct rule *rule, struct buf *out, struct err *e)
{
	char flags[RULE_FLAGS_TEXT];
	size_t before = out->len;
	int r;
	const char *fields[] = { rule->name, rule->interpreter, rule->extension ? rule->extension : "" };

	if (!*rule->interpreter)
		return err_set(e, -EBADMSG, "the rule has no interpreter");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strpbrk(fields[i], ":\n"))
			return err_set(e, -EBADMSG, "the fields of a rule cannot contain ':' or a newline");
	if (rule->extension && !is_extension(rule->extension))
		return err_set(e, -EBADMSG, "invalid extension: empty, or contains '/'");
	if (!rule->extension && (!rule->size || rule->offset + rule->size > RULE_WINDOW))
		return err_set(e, -EBADMSG, "the magic is outside the first %d bytes", RULE_WINDOW);
	r = rule_check_name(rule->name, e);
	if (r)
		return r;
	buf_addf(out, ":%s:%c:", rule->name, rule->extension ? 'E' : 'M');
	if (rule->extension) {
		buf_addf(out, ":%s:", rule->extension);
	} else {
		if (rule->offset)
			buf_addf(out, "%u", rule->offset);
		buf_adds(out, ":");
		render_bytes(out, rule->magic, rule->size);
		buf_adds(out, ":");
		render_bytes(out, rule->mask, rule->size);
	}
	rule_flags_text(rule->flags, flags);
	buf_addf(out, ":%s:%s", rule->interpreter, flags);
	if (out->len - before <= RULE_TEXT_MAX)
		return 0;
	out->len = before;
	out->data[before] = '\0';
	return err_set(e, -EBADMSG, "the rule has more than %d bytes", RULE_TEXT_MAX);
}

/* lib/string_helpers.c, UNESCAPE_HEX: \xHH is a byte; any other backslash and the next character are literal. */
static int parse_bytes(const char *text, size_t len, uint8_t *out, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < len; n++) {
		if (n == RULE_WINDOW)
			return -EBADMSG;
		if (text[i] == '\\' && i + 1 < len && text[i + 1] == 'x') {
			char hex[3] = { i + 2 < len ? text[i + 2] : 0, i + 3 < len ? text[i + 3] : 0 };

			if (str_from_hex(hex, out + n, 1) != 1)
				return -EBADMSG;
			i += 4;
		} else if (text[i] == '\\' && i + 1 < len && n + 1 < RULE_WINDOW) {
			out[n++] = (uint8_t)text[i++];
			out[n] = (uint8_t)text[i++];
		} else {
			out[n] = (uint8_t)text[i++];
		}
	}
	*ret_n = n;
	return 0;
}

struct field {
	const char *text;
	size_t len;
};

/* name type offset magic mask interpreter flags */
enum { NAME, TYPE, OFFSET, MAGIC, MASK, INTERPRETER, FLAGS, FIELDS };

static int parse_fields(const struct field *f, struct rule *rule)
{
	auto_free char *offset = mem_part(f[OFFSET].text, f[OFFSET].len);
	unsigned long at = 0;
	size_t mask;

	rule->name = mem_part(f[NAME].text, f[NAME].len);
	rule->interpreter = mem_part(f[INTERPRETER].text, f[INTERPRETER].len);
	if (f[TYPE].len != 1 || parse_flags(f[FLAGS].text, f[FLAGS].len, &rule->flags))
		return -EBADMSG;
	if (*f[TYPE].text != 'M') {
		rule->extension = mem_part(f[MAGIC].text, f[MAGIC].len);
		return *f[TYPE].text == 'E' && is_extension(rule->extension) ? 0 : -EBADMSG;
	}
	if (*offset && str_to_uint(offset, RULE_WINDOW, &at))
		return -EBADMSG;
	if (parse_bytes(f[MAGIC].text, f[MAGIC].len, rule->magic, &rule->size) ||
		parse_bytes(f[MASK].text, f[MASK].len, rule->mask, &mask))
		return -EBADMSG;
	if (!mask) {
		mask = rule->size;
		memset(rule->mask, 0xff, mask);
	}
	rule->offset = (unsigned)at;
	return rule->size && mask == rule->size && at + mask <= RULE_WINDOW ? 0 : -EBADMSG;
}

int rule_parse(const char *text, size_t len, struct rule *ret, struct err *e)
{
	auto_rule rule = { .is_enabled = true };
	struct field fields[FIELDS];
	const char *at = text + 1, *end;
	size_t n = 0;

	if (len && text[len - 1] == '\n')
		len--;
	end = text + len;
	if (len < RULE_TEXT_MIN || len > RULE_TEXT_MAX || memchr(text, '\0', len) || *text == '\n')
		return err_set(e, -EBADMSG, "not a valid binfmt_misc rule");
	/* The first character separates the fields; none may follow the flags. */
	for (const char *stop = text; stop != end && n < FIELDS; at = stop + 1) {
		stop = memchr(at, *text, (size_t)(end - at));
		stop = stop ? stop : end;
		fields[n++] = (struct field){ at, (size_t)(stop - at) };
	}
	if (n != FIELDS || fields[FLAGS].text + fields[FLAGS].len != end || parse_fields(fields, &rule))
		return err_set(e, -EBADMSG, "not a valid binfmt_misc rule");
	if (rule_check_name(rule.name, e))
		return -EBADMSG;
	if (!*rule.interpreter)
		return err_set(e, -EBADMSG, "the rule has no interpreter");
	*ret = rule;
	rule = (struct rule){ 0 };
	return 0;
}

/* Consumes the line "key value\n"; false if the next line has another key. */
static bool take_line(const char **text, const char *key, char value[RULE_ENTRY_MAX])
{
	const char *end = strchr(*text, '\n');
	size_t klen = strlen(key), len;

	if (!end || strncmp(*text, key, klen))
		return false;
	len = (size_t)(end - *text) - klen;
	if (len >= RULE_ENTRY_MAX)
		return false;
	memcpy(value, *text + klen, len);
	value[len] = '\0';
	*text = end + 1;
	return true;
}

static int parse_entry(const char *text, struct rule *rule)
{
	char value[RULE_ENTRY_MAX];
	unsigned long offset;
	int n;

	if (take_line(&text, "enabled", value))
		rule->is_enabled = true;
	else if (!take_line(&text, "disabled", value))
		return -EBADMSG;
	if (*value || !take_line(&text, "interpreter ", value) || !*value)
		return -EBADMSG;
	rule->interpreter = mem_text(value);
	if (!take_line(&text, "flags: ", value) || parse_flags(value, strlen(value), &rule->flags))
		return -EBADMSG;
	if (take_line(&text, "extension .", value)) {
		rule->extension = mem_text(value);
		return *text ? -EBADMSG : 0;
	}
	if (!take_line(&text, "offset ", value) || str_to_uint(value, RULE_WINDOW, &offset))
		return -EBADMSG;
	rule->offset = (unsigned)offset;
	n = take_line(&text, "magic ", value) ? str_from_hex(value, rule->magic, RULE_WINDOW) : -1;
	if (n <= 0 || offset + (size_t)n > RULE_WINDOW)
		return -EBADMSG;
	rule->size = (size_t)n;
	memset(rule->mask, 0xff, rule->size);
	if (take_line(&text, "mask ", value) && str_from_hex(value, rule->mask, rule->size) != n)
		return -EBADMSG;
	return *text ? -EBADMSG : 0;
}

int rule_parse_entry(const char *name, const char *text, struct rule *ret, struct err *e)
{
	auto_rule rule = { 0 };

	rule.name = mem_text(name);
	if (parse_entry(text, &rule))
		return err_set(e, -EBADMSG, "the kernel shows this entry in an unknown form");
	*ret = rule;
	rule = (struct rule){ 0 };
	return 0;
}

bool rule_matches(const struct rule *rule, const uint8_t *head, size_t len)
{
	if (rule->extension)
		return false;
	for (size_t i = 0; i < rule->size; i++) {
		size_t at = rule->offset + i;
		uint8_t byte = at < len ? head[at] : 0;

		if ((byte ^ rule->magic[i]) & rule->mask[i])
			return false;
	}
	return true;
}

bool rule_same_match(const struct rule *a, const struct rule *b)
{
	if (a->extension || b->extension)
		return a->extension && b->extension && !strcmp(a->extension, b->extension);
	if (a->offset != b->offset || a->size != b->size || memcmp(a->mask, b->mask, a->size))
		return false;
	for (size_t i = 0; i < a->size; i++)
		if ((a->magic[i] ^ b->magic[i]) & a->mask[i])
			return false;
	return true;
}
