// SPDX-License-Identifier: MIT
/* THE table of placeholders. */
#include "project/placeholder.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

enum { WORD_MAX = 64 };

/* The values of all placeholders for a platform; "" if a scheme has no name for it. */
struct words {
	struct name_words names;
	struct name_text platform;
	char qemu[24], oci[24], variant[NAME_VARIANT_MAX], emulator[48];
};

static struct words find_words(const struct platform *p)
{
	struct words words = { .names = name_words(p), .platform = name_text(p) };

	snprintf(words.qemu, sizeof(words.qemu), "%s", p->arch->qemu);
	snprintf(words.oci, sizeof(words.oci), "%s", p->arch->oci);
	snprintf(words.variant, sizeof(words.variant), "%s", p->variant);
	snprintf(words.emulator, sizeof(words.emulator), "qemu-%s-static", p->arch->qemu);
	return words;
}

/* A placeholder, which is replaced by a word, or a marker, which is removed. lobradov's are the first three. */
static const struct token {
	const char *name;
	const char *scheme; /* NULL: a marker */
	size_t word;	    /* offset in struct words */
	bool can_be_empty;
	struct marks marks;
	bool takes_blanks; /* and the blanks after it */
} tokens[] = {
#define WORD(field) offsetof(struct words, field)
	{ "__BASEIMAGE_ARCH__", "Docker", WORD(names.docker) },
	{ "__QEMU_ARCH__", "QEMU", WORD(qemu) },
	{ "__CROSS_", .marks = { .for_emulated = true } },
	{ "__IF_EMULATED__", .marks = { .for_emulated = true }, .takes_blanks = true },
	{ "__IF_NATIVE__", .marks = { .for_native = true }, .takes_blanks = true },
	{ "__DOCKER_ARCH__", "Docker", WORD(names.docker) },
	{ "__EMULATOR__", "QEMU", WORD(emulator) },
	{ "__PLATFORM__", "OCI", WORD(platform.text) },
	{ "__ARCH__", "OCI", WORD(oci) },
	{ "__VARIANT__", "OCI", WORD(variant), .can_be_empty = true },
	{ "__DEBIAN_ARCH__", "Debian", WORD(names.debian) },
	{ "__ALPINE_ARCH__", "Alpine", WORD(names.alpine) },
	{ "__UNAME_ARCH__", "uname", WORD(names.uname) },
	{ "__GNU_TRIPLET__", "GNU", WORD(names.gnu) },
#undef WORD
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The token that begins at p, and what follows it; NULL and the next byte if none does. */
static const struct token *token_at(const char *p, const char *end, const char **ret_next)
{
	*ret_next = p + 1;
	for (size_t i = 0; *p == '_' && i < ARRAY_SIZE(tokens); i++) {
		size_t len = strlen(tokens[i].name);

		if ((size_t)(end - p) < len || memcmp(p, tokens[i].name, len))
			continue;
		p += len;
		while (tokens[i].takes_blanks && p < end && is_blank(*p))
			p++;
		*ret_next = p;
		return &tokens[i];
	}
	return NULL;
}

struct marks placeholder_marks(const char *text, size_t len)
{
	struct marks marks = { 0 };

	for (const char *p = text, *next, *end = text + len; p < end; p = next) {
		const struct token *token = token_at(p, end, &next);

		marks.for_native |= token && token->marks.for_native;
		marks.for_emulated |= token && token->marks.for_emulated;
	}
	return marks;
}

size_t placeholder_skip_marks(const char *text, size_t len)
{
	const char *p = text, *next, *end = text + len;

	for (; p < end; p = next) {
		const struct token *token = token_at(p, end, &next);

		if (token ? token->scheme != NULL : !is_blank(*p))
			break;
	}
	return (size_t)(p - text);
}

bool placeholder_is_in(const char *text, size_t len)
{
	for (const char *p = text, *next, *end = text + len; p < end; p = next)
		if (token_at(p, end, &next))
			return true;
	return false;
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The name that was probably meant, of which at most two letters differ; NULL: none. */
static const char *find_near(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		const char *name = tokens[i].name;
		size_t other = strlen(name);
		/* Compares lengths first for speed: a file may be full of such words. */
		bool is_near = (len > other ? len - other : other - len) <= 2 && str_distance(word, name, 2) <= 2;

		if ((tokens[i].scheme && (is_near || !strcasecmp(word, name))) || (tokens[i].takes_blanks && is_near))
			return name;
	}
	return NULL;
}

/* Checks a word at p that begins with two underscores and is not a token. */
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
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++)
		if (tokens[i].scheme)
			buf_addf(&names, "%s%s", names.len ? " " : "", tokens[i].name);
	return err_hint(e, "placeholders: %s", buf_text(&names));
}

int placeholder_check(const char *text, size_t len, bool begins_instruction, struct err *e)
{
	const char *start = text + placeholder_skip_marks(text, len), *end = text + len;
	bool is_inside = false; /* inside a word: -D__ARM_EABI__ is not a placeholder */

	for (const char *p = text, *next, *after; p < end; p = next) {
		const struct token *token = token_at(p, end, &next), *second;

		if (!token && !is_inside && end - p > 2 && p[0] == '_' && p[1] == '_' && isalpha((unsigned char)p[2]) &&
			check_word(p, end, begins_instruction && p == start, e))
			return -EBADMSG;
		is_inside = !token && is_word_byte(*p);
		if (!token || token->scheme || token->takes_blanks || next == end || *next != '_')
			continue;
		second = token_at(next, end, &after);
		if (second && second->scheme)
			continue;
		/* __CROSS__ would leave an underscore. */
		err_set(e, -EBADMSG, "an underscore too many after the marker %s", token->name);
		return err_hint(e, "write %sCOPY, or __IF_EMULATED__ COPY", token->name);
	}
	return 0;
}

int placeholder_expand(const char *text, size_t len, const struct target *target, struct buf *out, struct err *e)
{
	const struct words words = find_words(&target->platform);

	for (const char *p = text, *next, *end = text + len; p < end; p = next) {
		const struct token *token = token_at(p, end, &next);
		const char *word = token ? (const char *)&words + token->word : "";

		if (!token)
			buf_add(out, p, 1);
		if (!token || !token->scheme)
			continue;
		buf_adds(out, word);
		if (!*word && !token->can_be_empty)
			return err_set(e, -EBADMSG, "%s: %s has no word for %s", token->name, token->scheme,
				words.platform.text);
	}
	return 0;
}
