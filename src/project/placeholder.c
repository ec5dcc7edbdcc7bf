// SPDX-License-Identifier: MIT
/* THE table of placeholders. */
#include "project/placeholder.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"

enum { WORD_MAX = 64 };

static void put_qemu(const struct platform *p, struct buf *out)
{
	buf_adds(out, p->arch->qemu);
}

static void put_emulator(const struct platform *p, struct buf *out)
{
	buf_addf(out, "qemu-%s-static", p->arch->qemu);
}

static void put_platform(const struct platform *p, struct buf *out)
{
	name_platform(out, p->arch, p->variant);
}

static void put_arch(const struct platform *p, struct buf *out)
{
	buf_adds(out, p->arch->oci);
}

static void put_variant(const struct platform *p, struct buf *out)
{
	buf_adds(out, p->variant);
}

#define IN_WORDS(field) NULL, offsetof(struct name_words, field)

/* The first two are lobradov's, as is the marker __CROSS_; the others say the rest that is known. */
static const struct placeholder {
	const char *name, *scheme;
	void (*put)(const struct platform *p, struct buf *out);
	size_t word; /* without put: where in struct name_words */
	bool can_be_empty;
} placeholders[] = {
	{ "__BASEIMAGE_ARCH__", "Docker", IN_WORDS(docker) },
	{ "__QEMU_ARCH__", "QEMU", put_qemu },
	{ "__DOCKER_ARCH__", "Docker", IN_WORDS(docker) },
	{ "__EMULATOR__", "QEMU", put_emulator },
	{ "__PLATFORM__", "OCI", put_platform },
	{ "__ARCH__", "OCI", put_arch },
	{ "__VARIANT__", "OCI", put_variant, .can_be_empty = true },
	{ "__DEBIAN_ARCH__", "Debian", IN_WORDS(debian) },
	{ "__ALPINE_ARCH__", "Alpine", IN_WORDS(alpine) },
	{ "__UNAME_ARCH__", "uname", IN_WORDS(uname) },
	{ "__GNU_TRIPLET__", "GNU", IN_WORDS(gnu) },
};

static const struct marker {
	const char *name;
	struct marks marks;
	bool takes_blanks; /* and the blanks behind it */
} markers[] = {
	{ "__CROSS_", { .for_emulated = true }, false },
	{ "__IF_EMULATED__", { .for_emulated = true }, true },
	{ "__IF_NATIVE__", { .for_native = true }, true },
};

static bool stands_at(const char *name, const char *p, const char *end)
{
	size_t len = strlen(name);

	return (size_t)(end - p) >= len && !memcmp(p, name, len);
}

static const struct placeholder *placeholder_at(const char *p, const char *end)
{
	for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
		if (stands_at(placeholders[i].name, p, end))
			return &placeholders[i];
	return NULL;
}

static const struct marker *marker_at(const char *p, const char *end)
{
	for (size_t i = 0; i < ARRAY_SIZE(markers); i++)
		if (stands_at(markers[i].name, p, end))
			return &markers[i];
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *behind(const struct marker *marker, const char *p, const char *end)
{
	p += strlen(marker->name);
	while (marker->takes_blanks && p < end && is_blank(*p))
		p++;
	return p;
}

struct marks placeholder_marks(const char *text, size_t len)
{
	struct marks marks = { 0 };

	for (const char *p = text, *end = text + len; p < end; p++) {
		const struct marker *marker = *p == '_' ? marker_at(p, end) : NULL;

		marks.for_native |= marker && marker->marks.for_native;
		marks.for_emulated |= marker && marker->marks.for_emulated;
	}
	return marks;
}

size_t placeholder_skip_marks(const char *text, size_t len)
{
	const char *p = text, *end = text + len;

	while (p < end) {
		const struct marker *marker = marker_at(p, end);

		if (!marker && !is_blank(*p))
			break;
		p = marker ? behind(marker, p, end) : p + 1;
	}
	return (size_t)(p - text);
}

bool placeholder_is_in(const char *text, size_t len)
{
	for (const char *p = text, *end = text + len; p < end; p++)
		if (*p == '_' && (placeholder_at(p, end) || marker_at(p, end)))
			return true;
	return false;
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* At most two letters off. The lengths are compared first, as a file may be full of such words. */
static bool is_near(const char *word, const char *name)
{
	size_t a = strlen(word), b = strlen(name);

	return (a > b ? a - b : b - a) <= 2 && str_distance(word, name, 2) <= 2;
}

/* The name that was meant, if any: a few letters off, or in lower case. */
static const char *find_near(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
		if (is_near(word, placeholders[i].name) || !strcasecmp(word, placeholders[i].name))
			return placeholders[i].name;
	for (size_t i = 0; i < ARRAY_SIZE(markers); i++)
		if (markers[i].takes_blanks && is_near(word, markers[i].name))
			return markers[i].name;
	return NULL;
}

static bool is_upper(const char *word)
{
	while (*word && !islower((unsigned char)*word))
		word++;
	return !*word;
}

static int refuse(const char *word, const char *near, struct err *e)
{
	auto_buf names = { 0 };

	err_set(e, -EBADMSG, "unknown placeholder %s", word);
	if (near)
		return err_hint(e, "did you mean %s?", near);
	for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
		buf_addf(&names, "%s%s", i ? " " : "", placeholders[i].name);
	return err_hint(e, "placeholders: %s", buf_text(&names));
}

/* What stands at p begins with two underscores and is neither placeholder nor marker. */
static int check_word(const char *p, const char *end, bool begins_instruction, struct err *e)
{
	char word[WORD_MAX];
	size_t len = 2;
	const char *near;

	while (p + len < end && len < sizeof(word) - 1 && is_word_byte(p[len]))
		len++;
	memcpy(word, p, len);
	word[len] = '\0';
	near = find_near(word);
	if (near || (is_upper(word) && (begins_instruction || str_ends(word + 3, "__"))))
		return refuse(word, near, e);
	return 0;
}

/* __CROSS__ would leave an underscore behind. */
static int check_marker(const struct marker *marker, const char *p, const char *end, struct err *e)
{
	const char *next = behind(marker, p, end);

	if (marker->takes_blanks || next == end || *next != '_' || placeholder_at(next, end))
		return 0;
	err_set(e, -EBADMSG, "an underscore too many behind the marker %s", marker->name);
	return err_hint(e, "write %sCOPY, or __IF_EMULATED__ COPY", marker->name);
}

int placeholder_check(const char *text, size_t len, bool begins_instruction, struct err *e)
{
	const char *start = text + placeholder_skip_marks(text, len), *end = text + len;
	bool is_inside = false; /* of a word: -D__ARM_EABI__ is nobody's placeholder */

	for (const char *p = text; p < end;) {
		const struct marker *marker = marker_at(p, end);
		const struct placeholder *found = placeholder_at(p, end);
		int r = 0;

		if (marker)
			r = check_marker(marker, p, end, e);
		else if (!found && !is_inside && end - p > 2 && p[0] == '_' && p[1] == '_' &&
			 isalpha((unsigned char)p[2]))
			r = check_word(p, end, begins_instruction && p == start, e);
		if (r)
			return r;
		is_inside = !marker && !found && is_word_byte(*p);
		p = marker ? behind(marker, p, end) : p + (found ? strlen(found->name) : 1);
	}
	return 0;
}

static int put(const struct placeholder *placeholder, const struct platform *platform, struct buf *out, struct err *e)
{
	size_t before = out->len;
	auto_buf name = { 0 };

	if (placeholder->put) {
		placeholder->put(platform, out);
	} else {
		struct name_words words = name_words(platform);

		buf_adds(out, (const char *)&words + placeholder->word);
	}
	if (out->len > before || placeholder->can_be_empty)
		return 0;
	name_platform(&name, platform->arch, platform->variant);
	return err_set(
		e, -EBADMSG, "%s: %s has no word for %s", placeholder->name, placeholder->scheme, buf_text(&name));
}

int placeholder_expand(const char *text, size_t len, const struct target *target, struct buf *out, struct err *e)
{
	for (const char *p = text, *end = text + len; p < end;) {
		const struct marker *marker = *p == '_' ? marker_at(p, end) : NULL;
		const struct placeholder *found = *p == '_' ? placeholder_at(p, end) : NULL;
		int r = found ? put(found, &target->platform, out, e) : 0;

		if (r)
			return r;
		if (!marker && !found)
			buf_add(out, p, 1);
		p = marker ? behind(marker, p, end) : p + (found ? strlen(found->name) : 1);
	}
	return 0;
}
