// SPDX-License-Identifier: MIT
/* A new project: the files that it begins with. */
#include "project/init.h"

#include <stdio.h>
#include <string.h>

#include "base/newfile.h"
#include "image/reference.h"
#include "project/config.h"
#include "project/files.h"
#include "project/template.h"

#define IGNORE_FILE ".gitignore"

enum { LIMIT_IGNORE = 1024 * 1024 };

const char *const init_words[] = { "created", "extended", "kept", "unchanged" };

static const char template_text[] =
	"# One Dockerfile for all platforms; anyarch-project(5) tells what can stand between double underscores.\n"
	"# 'anyarch render' makes a Dockerfile of it for each platform that build.config names.\n"
	"FROM __BASEIMAGE_ARCH__/alpine:latest\n"
	"\n"
	"CMD [\"uname\", \"-m\"]\n";

static const char config_head[] = "# What is built, for anyarch-project(5). This file is read, not executed.\n"
				  "\n"
				  "# Whose image it is: a name at a registry, or HOST:PORT/NAME.\n"
				  "REPO=\n"
				  "# What it is called: small letters and digits, with '.', '_' or '-' between them.\n";

static const char config_rest[] =
	"# Empty: latest.\n"
	"IMAGE_VERSION=\n"
	"\n"
	"# What it is built for, as the prefixes of Docker's official images or in any other spelling.\n"
	"# Raspberry Pi 1 and Zero: arm32v6; later ones: arm32v7 with a system of 32 bits, arm64v8 with one of 64.\n"
	"TARGET_ARCHES=\"amd64 arm32v6 arm64v8\"\n";

/* A name of an image that is like the directory's: what cannot be in one becomes '-'. Nothing where nothing is left. */
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

static void make_config(const char *image_name, struct buf *out)
{
	buf_addf(out, "%sIMAGE_NAME=%s\n%s", config_head, image_name, config_rest);
}

static bool has_line(const struct buf *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *p = buf_text(text); (p = strstr(p, line)); p += len)
		if ((p == text->data || p[-1] == '\n') && strchr("\r\n", p[len]))
			return true;
	return false;
}

static void add_line(struct buf *text, const char *line)
{
	if (has_line(text, line))
		return;
	if (text->len && text->data[text->len - 1] != '\n')
		buf_adds(text, "\n");
	buf_addf(text, "%s\n", line);
}

static void ignore(struct buf *text, const struct platform *platform)
{
	auto_buf line = { 0 };

	buf_adds(&line, "/Dockerfile.");
	platform_word(platform, &line);
	if (buf_ok(&line))
		add_line(text, buf_text(&line));
	text->failed |= line.failed;
}

/* By name, and not with a '*': whatever Dockerfiles people write themselves are not ignored. */
static void add_ignored(struct buf *text)
{
	static const char *const variants[] = { "v5", "v6", "v7" };

	for (const struct arch *arch = NULL; (arch = arch_next(arch));) {
		struct platform platform = { .arch = arch };

		if (!arch->docker)
			continue;
		for (size_t i = 0; arch->variant && i < ARRAY_SIZE(variants); i++) {
			snprintf(platform.variant, sizeof(platform.variant), "%s", variants[i]);
			ignore(text, &platform);
		}
		if (!arch->variant)
			ignore(text, &platform);
	}
}

static int plan_ignored(int dir, struct init_item *item, struct err *e)
{
	enum files_there there = dir < 0 ? FILES_NOTHING : files_look(dir, item->name, &item->mode);
	size_t before;
	int r = 0;

	if (there == FILES_LINK) /* git does not follow it either */
		return err_set(e, -ELOOP, "%s: it is a link, and is not followed", item->name);
	if (there != FILES_NOTHING)
		r = files_read(dir, item->name, LIMIT_IGNORE, &item->text, e);
	if (!r && item->text.len && memchr(item->text.data, '\0', item->text.len))
		r = err_set(e, -EBADMSG, "%s: a NUL byte: this is no text", item->name);
	if (r)
		return r;
	before = item->text.len;
	add_ignored(&item->text);
	item->result = there == FILES_NOTHING ? INIT_CREATED : item->text.len > before ? INIT_EXTENDED : INIT_UNCHANGED;
	return buf_ok(&item->text) ? 0 : err_sys(e, -ENOMEM, "%s", item->name);
}

static int plan_file(int dir, struct init_item *item, struct err *e)
{
	enum files_there there = dir < 0 ? FILES_NOTHING : files_look(dir, item->name, NULL);

	if (there == FILES_OTHER)
		return err_set(e, -EEXIST, "%s: something that is no file stands there", item->name);
	item->result = there == FILES_NOTHING ? INIT_CREATED : INIT_KEPT;
	return buf_ok(&item->text) ? 0 : err_sys(e, -ENOMEM, "%s", item->name);
}

int init_plan(int dir, const char *dir_name, struct init *ret, struct err *e)
{
	auto_init init = { .items = { { .name = TEMPLATE_FILE }, { .name = CONFIG_FILE }, { .name = IGNORE_FILE } } };
	auto_buf name = { 0 };
	int r = 0;

	derive_name(dir_name, &name);
	if (!buf_ok(&name))
		return err_sys(e, -ENOMEM, CONFIG_FILE);
	init.is_nameless = !name.len;
	buf_adds(&init.items[INIT_TEMPLATE].text, template_text);
	make_config(buf_text(&name), &init.items[INIT_CONFIG].text);
	for (size_t i = 0; !r && i < INIT_FILES; i++) {
		init.items[i].mode = newfile_usual_mode();
		r = i == INIT_IGNORE ? plan_ignored(dir, &init.items[i], e) : plan_file(dir, &init.items[i], e);
	}
	if (r)
		return r;
	*ret = init;
	memset(&init, 0, sizeof(init));
	return 0;
}

int init_write(const struct init_item *item, int dir, struct err *e)
{
	if (item->result != INIT_CREATED && item->result != INIT_EXTENDED)
		return 0;
	return files_write(dir, item->name, &item->text, item->mode, item->result == INIT_CREATED, e);
}

void init_done(struct init *init)
{
	for (size_t i = 0; i < INIT_FILES; i++)
		buf_done(&init->items[i].text);
}
