// SPDX-License-Identifier: MIT
/* Creates the first files of a project. */
#include "project/init.h"

#include <string.h>

#include "base/newfile.h"
#include "image/reference.h"
#include "project/adopt.h"
#include "project/config.h"
#include "project/files.h"
#include "project/template.h"

const char *const init_words[] = { "created", "kept" };

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

static int make_template(const struct init_request *request, struct init_item *item, struct err *e)
{
	int r;

	if (!request->from) {
		buf_adds(&item->text, template_text);
		return 0;
	}
	if (item->result == INIT_KEPT)
		return err_set(e, -EEXIST, "%s exists; refusing to replace it by %s", item->name, request->from);
	r = adopt_read(request->from, &item->text, e);
	return r ? err_prefix(e, "%s", request->from) : 0;
}

int init_plan(const struct init_request *request, struct init *ret, struct err *e)
{
	auto_init init = { .items = { { .name = TEMPLATE_FILE }, { .name = CONFIG_FILE } } };
	auto_buf name = { 0 };
	int r;

	derive_name(request->dir_name, &name);
	init.is_nameless = !name.len;
	buf_addf(&init.items[INIT_CONFIG].text, "%sIMAGE_NAME=%s\n%s", config_head, buf_text(&name), config_rest);
	for (struct init_item *item = init.items; item < init.items + INIT_FILES; item++) {
		enum files_there there = request->dir < 0 ? FILES_NOTHING : files_look(request->dir, item->name, NULL);

		if (there == FILES_OTHER)
			return err_set(e, -EEXIST, "%s: not a regular file", item->name);
		item->result = there == FILES_NOTHING ? INIT_CREATED : INIT_KEPT;
	}
	r = make_template(request, &init.items[INIT_TEMPLATE], e);
	if (r)
		return r;
	*ret = init;
	memset(&init, 0, sizeof(init));
	return 0;
}

int init_write(const struct init_item *item, int dir, struct err *e)
{
	const struct files_new file = { item->name, &item->text, newfile_usual_mode(), true };

	return item->result == INIT_CREATED ? files_write(dir, &file, e) : 0;
}

void init_done(struct init *init)
{
	for (size_t i = 0; i < INIT_FILES; i++)
		buf_done(&init->items[i].text);
}
