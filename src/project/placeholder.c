// SPDX-License-Identifier: MIT
/* THE table of placeholders. */
#include "project/placeholder.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"

enum { WORD_MAX = 64 };

/* The values of all placeholders for a platform. */
struct words {
	struct name_words names;
	const char *docker, *debian, *alpine, *uname, *gnu; /* copied from names */
	const char *qemu, *oci, *variant;
	char *emulator, *platform; /* owned */
};

static void find_words(const struct platform *p, struct words *ret)
{
	auto_buf platform = { 0 };

	name_platform(&platform, p->arch, p->variant);
	ret->names = name_words(p);
	ret->docker = ret->names.docker;
	ret->debian = ret->names.debian;
	ret->alpine = ret->names.alpine;
	ret->uname = ret->names.uname;
	ret->gnu = ret->names.gnu;
	ret->qemu = p->arch->qemu;
	ret->oci = p->arch->oci;
	ret->variant = p->variant;
	ret->emulator = mem_print("qemu-%s-static", p->arch->qemu);
	ret->platform = mem_text(buf_text(&platform));
}

/* The first two and the marker __CROSS_ are lobradov's; the others cover the remaining naming schemes. */
static const struct placeholder {
	const char *name, *scheme;
	size_t word; /* offset in struct words */
	bool can_be_empty;
} placeholders[] = {
#define WORD(field) offsetof(struct words, field)
	{ "__BASEIMAGE_ARCH__", "Docker", WORD(docker) },
	{ "__QEMU_ARCH__", "QEMU", WORD(qemu) },
	{ "__DOCKER_ARCH__", "Docker", WORD(docker) },
	{ "__EMULATOR__", "QEMU", WORD(emulator) },
	{ "__PLATFORM__", "OCI", WORD(platform) },
	{ "__ARCH__", "OCI", WORD(oci) },
	{ "__VARIANT__", "OCI", WORD(variant), .can_be_empty = true },
	{ "__DEBIAN_ARCH__", "Debian", WORD(debian) },
	{ "__ALPINE_ARCH__", "Alpine", WORD(alpine) },
	{ "__UNAME_ARCH__", "uname", WORD(uname) },
	{ "__GNU_TRIPLET__", "GNU", WORD(gnu) },
#undef WORD
};

static const struct marker {
	const char *name;
	struct marks marks;
	bool takes_blanks; /* and the blanks after it */
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

/* At most two letters differ. Compares lengths first for speed: a file may be full of such words. */
static bool is_near(const char *word, const char *name)
{
	size_t a = strlen(word), b = strlen(name);

	return (a > b ? a - b : b - a) <= 2 && str_distance(word, name, 2) <= 2;
}

/* The name that was probably meant; NULL: none. */
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

/* Checks a word at p that begins with two underscores and is neither placeholder nor marker. */
static int check_word(const char *p, const char *end, bool begins_instruction, struct err *e)
{
	char word[WORD_MAX];
	bool has_lower = false;
	auto_buf names = { 0 };
	const char *near;
	size_t len = 0;

	for (; p + len < end && len < sizeof(word) - 1 && is_word_byte(p[len]); len++) {
		word[len] = p[len];
		has_lower |= islower((unsigned char)p[len]);
	}
	word[len] = '\0';
	near = find_near(word);
	if (!near && (has_lower || !(begins_instruction || str_ends(word + 3, "__"))))
		return 0;
	err_set(e, -EBADMSG, "unknown placeholder %s", word);
	if (near)
		return err_hint(e, "did you mean %s?", near);
	for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
		buf_addf(&names, "%s%s", i ? " " : "", placeholders[i].name);
	return err_hint(e, "placeholders: %s", buf_text(&names));
}

/* Refuses __CROSS__, which would leave an underscore. */
static int check_marker(const struct marker *marker, const char *p, const char *end, struct err *e)
{
	const char *next = behind(marker, p, end);

	if (marker->takes_blanks || next == end || *next != '_' || placeholder_at(next, end))
		return 0;
	err_set(e, -EBADMSG, "an underscore too many after the marker %s", marker->name);
	return err_hint(e, "write %sCOPY, or __IF_EMULATED__ COPY", marker->name);
}

int placeholder_check(const char *text, size_t len, bool begins_instruction, struct err *e)
{
	const char *start = text + placeholder_skip_marks(text, len), *end = text + len;
	bool is_inside = false; /* inside a word: -D__ARM_EABI__ is not a placeholder */

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

int placeholder_expand(const char *text, size_t len, const struct target *target, struct buf *out, struct err *e)
{
	struct words words;
	int r = 0;

	find_words(&target->platform, &words);
	for (const char *p = text, *end = text + len; !r && p < end;) {
		const struct marker *marker = *p == '_' ? marker_at(p, end) : NULL;
		const struct placeholder *found = *p == '_' ? placeholder_at(p, end) : NULL;

		if (found) {
			const char *word = *(const char *const *)(const void *)((const char *)&words + found->word);

			buf_adds(out, word);
			if (!*word && !found->can_be_empty)
				r = err_set(e, -EBADMSG, "%s: %s has no word for %s", found->name, found->scheme,
					words.platform);
		} else if (!marker) {
			buf_add(out, p, 1);
		}
		p = marker ? behind(marker, p, end) : p + (found ? strlen(found->name) : 1);
	}
	free(words.emulator);
	free(words.platform);
	return r;
}
