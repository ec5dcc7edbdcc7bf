// SPDX-License-Identifier: MIT
/* Turns an ordinary Dockerfile into a template. */
#include "project/adopt.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "project/scan.h"
#include "project/template.h"

#define OPTION "--platform="

enum { STAGES_MAX = 64 };

struct adopting {
	char *stages[STAGES_MAX]; /* names, owned */
	size_t n_stages, n_changed;
	char *copied;  /* the first image of COPY --from that no FROM specifies, owned */
	bool is_fixed; /* the last stage is for a platform that the file specifies */
	bool is_cross; /* it uses the engine's target variables, as cross-compilation does */
};

/* Whether the text uses variables that the engine sets to the target platform. */
static bool names_target(const char *text, size_t len)
{
	static const char *const variables[] = { "TARGETPLATFORM", "TARGETARCH", "TARGETVARIANT" };

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (memmem(text, len, variables[i], strlen(variables[i])))
			return true;
	return false;
}

/* The length of the prefix of an official image for one platform, such as arm32v7/python; 0: none. */
static size_t official_prefix(const char *image)
{
	size_t len = strcspn(image, "/");
	struct platform platform;
	struct name_words words;

	if (!image[len] || name_parse(image, len, &platform, NULL))
		return 0;
	words = name_words(&platform);
	return strlen(words.docker) == len && !strncmp(words.docker, image, len) ? len : 0;
}

/* Rewrites FROM [--platform=P] IMAGE [AS NAME], on one line. */
static void change_from(struct adopting *a, const struct scan_line *line, struct buf *out)
{
	auto_free char *text = mem_part(line->text, line->len), *platform = NULL, *image = NULL;
	const char *cursor = text, *word = text, *option = NULL;
	size_t len, prefix, option_len = 0;
	bool is_kept;

	scan_word(&cursor, &word, &len);
	while (scan_word(&cursor, &word, &len) && len > 2 && !strncmp(word, "--", 2))
		if (str_starts(word, OPTION)) {
			option = word;
			option_len = len;
		}
	image = mem_part(word, len);
	platform = option ? mem_part(option + strlen(OPTION), option_len - strlen(OPTION)) : mem_text("");
	a->is_fixed = *platform && !strchr(platform, '$');
	prefix = *platform ? 0 : official_prefix(image);
	is_kept = !strcasecmp(image, "scratch") || (*platform && !names_target(platform, strlen(platform)));
	for (size_t i = 0; i < a->n_stages; i++)
		is_kept |= !strcasecmp(a->stages[i], image);
	a->n_changed += !is_kept;
	if (is_kept) {
		buf_adds(out, text);
	} else if (option) {
		buf_add(out, text, (size_t)(option - text));
		buf_addf(out, OPTION "__PLATFORM__%s", option + option_len);
	} else {
		buf_add(out, text, (size_t)(word - text));
		buf_addf(out, prefix ? "__BASEIMAGE_ARCH__%s" : OPTION "__PLATFORM__ %s", word + prefix);
	}
	if (scan_word(&cursor, &word, &len) && len == 2 && !strncasecmp(word, "AS", 2) &&
		scan_word(&cursor, &word, &len) && a->n_stages < STAGES_MAX)
		a->stages[a->n_stages++] = mem_part(word, len);
}

/* Reads COPY --from=IMAGE. */
static void note_copied(struct adopting *a, const struct scan_line *line)
{
	static const char flag[] = "--from=";
	auto_free char *text = mem_part(line->text, line->len), *name = NULL;
	const char *cursor = text, *word;
	size_t len;

	while (!name && scan_word(&cursor, &word, &len))
		if (str_starts(word, flag))
			name = mem_part(word + strlen(flag), len - strlen(flag));
	for (size_t i = 0; name && i < a->n_stages; i++)
		if (!strcasecmp(a->stages[i], name))
			return;
	if (name && !a->copied && name[strspn(name, "0123456789")])
		a->copied = take_ptr(&name);
}

static int change(struct adopting *a, const struct buf *from, struct buf *out, struct err *e)
{
	struct scan s = { .text = buf_text(from), .len = from->len };
	struct scan_line line;

	while (scan_instruction(&s, &line)) {
		bool is_from = scan_is(&line, "FROM");

		if (is_from && line.is_continued)
			return err_set(
				e, -EBADMSG, "line %u: FROM continues on the next line; put it on one", line.number);
		if (is_from) {
			change_from(a, &line, out);
			buf_add(out, line.text + line.len, line.whole_len - line.len);
			continue;
		}
		if (scan_is(&line, "COPY"))
			note_copied(a, &line);
		a->is_cross |= !line.is_remark && names_target(line.text, line.len);
		buf_add(out, line.text, line.whole_len);
	}
	return 0;
}

int adopt_read(const char *path, struct buf *out, struct err *e)
{
	struct adopting a = { 0 };
	auto_buf text = { 0 };
	auto_fd fd = fd_open_regular(AT_FDCWD, path, 0);
	int r = fd < 0 ? fd : fd_read_all(fd, LIMIT_TEMPLATE, &text);

	if (r)
		return r == -E2BIG     ? err_set(e, r, "more than %d bytes", LIMIT_TEMPLATE)
		       : r == -EBADMSG ? err_set(e, r, "not a regular file")
				       : err_sys(e, r, "cannot read it");
	if (placeholder_is_in(buf_text(&text), text.len))
		return err_set(e, -EBADMSG, "it is a template already; name it " TEMPLATE_FILE);
	r = change(&a, &text, out, e);
	for (size_t i = 0; i < a.n_stages; i++)
		free(a.stages[i]);
	if (!r && a.is_fixed)
		r = err_set(e, -EBADMSG, "its last stage is for one platform only");
	if (!r && !a.n_changed && a.is_cross)
		r = err_set(e, -EBADMSG,
			"no project is needed: it runs nothing of other platforms, and docker buildx build --platform "
			"can build it as it is");
	if (r) {
		free(a.copied);
		return r;
	}
	r = template_check(&(struct template){ buf_text(out), out->len }, true, e);
	if (r && a.copied && !a.n_changed) {
		err_set(e, r, "it copies from the image %s, which no FROM specifies", a.copied);
		err_hint(e, "add 'FROM %s AS files' before the last FROM, and write COPY --from=files", a.copied);
	}
	free(a.copied);
	return r;
}
