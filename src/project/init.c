// SPDX-License-Identifier: MIT
/* Creates the first files of a project, also from an ordinary Dockerfile. */
#include "project/init.h"

#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/newfile.h"
#include "base/str.h"
#include "image/reference.h"
#include "project/config.h"
#include "project/files.h"
#include "project/scan.h"
#include "project/template.h"

static const char template_text[] =
	"# One Dockerfile for all platforms; anyarch-project(5) describes the placeholders in double underscores.\n"
	"# 'anyarch render' creates a Dockerfile for each platform in build.config.\n"
	"FROM __BASEIMAGE_ARCH__/alpine:latest\n"
	"\n"
	"CMD [\"uname\", \"-m\"]\n";

static const char config_head[] =
	"# What to build: anyarch-project(5). This file is read, not executed.\n"
	"\n"
	"# Where the image is published: a name at Docker Hub, or HOST:PORT/NAME.\n"
	"REPO=\n"
	"# Name of the image: lower-case letters and digits, with '.', '_' or '-' between them.\n";

static const char config_rest[] = "# Tag of the image (default: latest).\n"
				  "IMAGE_VERSION=\n"
				  "\n"
				  "# Platforms, as prefixes of Docker's official images or in any other spelling.\n"
				  "# Raspberry Pi 1 and Zero: arm32v6; later models: arm32v7 with a 32-bit system, "
				  "arm64v8 with a 64-bit system.\n"
				  "TARGET_ARCHES=\"amd64 arm32v6 arm64v8\"\n";

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
static size_t official_prefix(struct scan_word image)
{
	size_t len = strcspn(image.text, "/");
	struct platform platform;
	struct name_words words;

	if (len >= image.len || name_parse(image.text, len, &platform, NULL))
		return 0;
	words = name_words(&platform);
	return strlen(words.docker) == len && !strncmp(words.docker, image.text, len) ? len : 0;
}

static bool is_stage(const struct adopting *a, struct scan_word word)
{
	for (size_t i = 0; i < a->n_stages; i++)
		if (scan_word_is(word, a->stages[i]))
			return true;
	return false;
}

/* Rewrites FROM, on one line. */
static void change_from(struct adopting *a, const struct scan_line *line, struct buf *out)
{
	auto_free char *text = mem_part(line->text, line->len);
	const char *cursor = text;
	struct scan_from from;
	struct scan_word platform;

	scan_word(&cursor);
	from = scan_from(cursor);
	platform = from.platform;
	a->is_fixed = platform.len && !memchr(platform.text, '$', platform.len);
	if (scan_word_is(from.image, "scratch") || is_stage(a, from.image) ||
		(platform.len && !names_target(platform.text, platform.len))) {
		buf_adds(out, text);
	} else {
		const char *at = platform.text ? platform.text - strlen(OPTION) : from.image.text;
		size_t prefix = platform.len ? 0 : official_prefix(from.image);

		a->n_changed++;
		buf_add(out, text, (size_t)(at - text));
		if (platform.text)
			buf_addf(out, OPTION "__PLATFORM__%s", platform.text + platform.len);
		else
			buf_addf(out, prefix ? "__BASEIMAGE_ARCH__%s" : OPTION "__PLATFORM__ %s", at + prefix);
	}
	if (from.name.len && a->n_stages < STAGES_MAX)
		a->stages[a->n_stages++] = mem_part(from.name.text, from.name.len);
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
		if (scan_is(&line, "COPY")) {
			auto_free char *text = mem_part(line.text, line.len);
			const char *cursor = text;
			struct scan_word image;

			scan_word(&cursor);
			image = scan_option(&cursor, "--from=");
			if (image.len && !is_stage(a, image) && !a->copied &&
				strspn(image.text, "0123456789") < image.len)
				a->copied = mem_part(image.text, image.len);
		}
		a->is_cross |= !line.is_remark && names_target(line.text, line.len);
		buf_add(out, line.text, line.whole_len);
	}
	return 0;
}

/*
 * Turns an ordinary Dockerfile into a template: each base image is selected for the target platform, the rest is
 * copied. 0, or -errno with e set to a sentence: -EBADMSG, among others if no template is needed.
 */
static int adopt(const char *path, struct buf *out, struct err *e)
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

/* Derives an image name from the directory's: replaces invalid characters by '-'; may be empty. */
static void derive_name(const char *dir_name, struct buf *out)
{
	bool is_between = false;

	if (reference_is_name(dir_name)) {
		buf_adds(out, dir_name);
		return;
	}
	for (; *dir_name; dir_name++) {
		char c = *dir_name >= 'A' && *dir_name <= 'Z' ? (char)(*dir_name - 'A' + 'a') : *dir_name;

		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789", c)) {
			is_between = true;
			continue;
		}
		if (is_between && out->len)
			buf_adds(out, "-");
		buf_add(out, &c, 1);
		is_between = false;
	}
}

int init_plan(const struct init_request *request, struct init *ret, struct err *e)
{
	static const char *const names[INIT_FILES] = { TEMPLATE_FILE, CONFIG_FILE };
	auto_init init = { 0 };
	struct file *template = &init.files[INIT_TEMPLATE];
	auto_buf name = { 0 };

	derive_name(request->dir_name, &name);
	init.is_nameless = !name.len;
	buf_addf(&init.files[INIT_CONFIG].text, "%sIMAGE_NAME=%s\n%s", config_head, buf_text(&name), config_rest);
	for (size_t i = 0; i < INIT_FILES; i++) {
		struct file *file = &init.files[i];
		enum files_there there = request->dir < 0 ? FILES_NOTHING : files_look(request->dir, names[i], NULL);

		if (there == FILES_OTHER)
			return err_set(e, -EEXIST, "%s: not a regular file", names[i]);
		file->name = mem_text(names[i]);
		file->mode = newfile_usual_mode();
		file->result = there == FILES_NOTHING ? FILE_CREATED : FILE_KEPT;
	}
	if (!request->from) {
		buf_adds(&template->text, template_text);
	} else {
		if (template->result == FILE_KEPT)
			return err_set(
				e, -EEXIST, "%s exists; refusing to replace it by %s", template->name, request->from);
		if (adopt(request->from, &template->text, e))
			return err_prefix(e, "%s", request->from);
	}
	*ret = init;
	init = (struct init){ 0 };
	return 0;
}

void init_done(struct init *init)
{
	files_done(init->files, INIT_FILES);
}
