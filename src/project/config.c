// SPDX-License-Identifier: MIT
/* build.config: the keys and their valid values. */
#include "project/config.h"

#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/reference.h"
#include "project/assign.h"
#include "project/engine.h"
#include "project/placeholder.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define WORD  LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

/* distribution/reference: a tag has at most 128 characters. */
enum { TAG_MAX = REFERENCE_TAG_MAX, TEXT_MAX = 4096 };

/* No value may begin with '-': it could be read as an option by the program that receives it. */
static const struct key {
	const char *name, *usual;
	const char *chars; /* NULL: anything */
	const char *first; /* NULL: any but '-' */
	size_t max;
	bool is_list;
	const char *example;
} keys[CONFIG_KEYS] = {
	[CONFIG_REPO] = { "REPO", .chars = WORD ".-:/", .first = WORD, .max = 255, .example = "myname" },
	[CONFIG_IMAGE_NAME] = { "IMAGE_NAME", .chars = LOWER "._-/", .first = LOWER, .max = 255, .example = "nginx" },
	[CONFIG_IMAGE_VERSION] = { "IMAGE_VERSION", "latest", WORD ".-", WORD, .max = TAG_MAX, .example = "1.0" },
	[CONFIG_DOCKER_CLI_PATH] = { "DOCKER_CLI_PATH", .max = TEXT_MAX, .example = "/opt/docker/bin" },
	[CONFIG_TARGET_ARCHES] = { "TARGET_ARCHES", .max = TEXT_MAX, .example = "\"amd64 arm32v6 arm64v8\"" },
	[CONFIG_DOCKERFILE] = { "DOCKERFILE", "Dockerfile.cross", .max = TEXT_MAX,
		.example = "docker/Dockerfile.cross" },
	[CONFIG_ENGINE] = { "ENGINE", "auto", .max = 16, .example = "podman" },
	[CONFIG_PLATFORM_TAG] = { "PLATFORM_TAG", .chars = WORD ".-", .first = WORD, .max = TEXT_MAX,
		.example = CONFIG_VERSION_MARK "-__ARCH__" },
	[CONFIG_TAG_PREFIX] = { "TAG_PREFIX", .chars = WORD ".-", .first = WORD, .max = TAG_MAX, .example = "rpi-" },
	[CONFIG_TAG_SUFFIX] = { "TAG_SUFFIX", .chars = WORD ".-", .first = WORD ".-", .max = TAG_MAX,
		.example = "-linux" },
	[CONFIG_ALIASES] = { "ALIASES", .chars = WORD ".-", .first = WORD, .max = TAG_MAX, .is_list = true,
		.example = "\"stable rpi-stable\"" },
	[CONFIG_SMOKE] = { "SMOKE", .max = TEXT_MAX, .example = "\"nginx -v\"" },
	[CONFIG_BUILDERS] = { "BUILDERS", .max = TEXT_MAX, .example = "\"arm32v7=ssh://pi@raspberry\"" },
};

static int refuse(const struct key *key, struct err *e)
{
	return err_hint(e, "for example: %s=%s", key->name, key->example);
}

static int check_item(const struct key *key, const char *text, size_t len, struct err *e)
{
	if (len > key->max)
		err_set(e, -EBADMSG, "%s: more than %zu characters", key->name, key->max);
	else if (key->first ? !strchr(key->first, *text) : *text == '-')
		err_set(e, -EBADMSG, "%s cannot begin with '%c'", key->name, *text);
	else if (key->chars && strspn(text, key->chars) < len)
		err_set(e, -EBADMSG, "%s cannot have '%c' in it", key->name, text[strspn(text, key->chars)]);
	else
		return 0;
	return refuse(key, e);
}

/* Requires a path inside the project, in its normal form. */
static int check_inside(const struct key *key, const char *path, struct err *e)
{
	size_t len;

	for (const char *p = path; *p; p += len + (p[len] == '/')) {
		len = strcspn(p, "/");
		if (p == path && !len)
			err_set(e, -EBADMSG, "%s: a path inside the project cannot begin with '/'", key->name);
		else if (len == 2 && !strncmp(p, "..", 2))
			err_set(e, -EBADMSG, "%s: '..' leads out of the project", key->name);
		else if (!len || (len == 1 && *p == '.'))
			err_set(e, -EBADMSG, "%s: a part of the path is empty or '.'", key->name);
		else
			continue;
		return refuse(key, e);
	}
	return 0;
}

/* Expands PLATFORM_TAG, which may contain the version besides the placeholders of templates; out NULL: checks it. */
static int expand_scheme(
	const char *scheme, const struct target *target, const char *version, struct buf *out, struct err *e)
{
	for (const char *mark = scheme; mark; scheme = mark + strlen(CONFIG_VERSION_MARK)) {
		size_t len;
		int r;

		mark = strstr(scheme, CONFIG_VERSION_MARK);
		len = mark ? (size_t)(mark - scheme) : strlen(scheme);
		r = out ? placeholder_expand(scheme, len, target, out, e) : placeholder_check(scheme, len, false, e);
		if (r)
			return err_prefix(e, "PLATFORM_TAG");
		if (!mark)
			break;
		if (out)
			buf_adds(out, version);
	}
	return 0;
}

int config_tag(const struct config *config, const struct platform *platform, struct buf *out, struct err *e)
{
	const struct target target = { *platform, false };
	const char *scheme = config->values[CONFIG_PLATFORM_TAG], *version = config->values[CONFIG_IMAGE_VERSION];

	buf_adds(out, config->values[CONFIG_TAG_PREFIX]);
	if (!*scheme)
		buf_addf(out, "%s-%s", platform_word(platform).text, version);
	if (expand_scheme(scheme, &target, version, out, e))
		return -EBADMSG;
	buf_adds(out, config->values[CONFIG_TAG_SUFFIX]);
	if (out->len > REFERENCE_TAG_MAX)
		return err_set(e, -EBADMSG, "the tag %s has more than %d characters", buf_text(out), REFERENCE_TAG_MAX);
	if (reference_is_tag(buf_text(out)))
		return 0;
	err_set(e, -EBADMSG, "PLATFORM_TAG: '%s' cannot be a tag", buf_text(out));
	return err_hint(e, "letters, digits, '_', then also '.' and '-'; for example: PLATFORM_TAG=%s",
		keys[CONFIG_PLATFORM_TAG].example);
}

/* Some values are those of command line options, too: -EINVAL there is -EBADMSG in the file. */
static int check_value(struct config *config, enum config_key id, const char *value, struct err *e)
{
	const char *item, *list = value;
	auto_err why = { 0 };
	size_t len;
	int r = 0;

	if (!keys[id].is_list && check_item(&keys[id], value, strlen(value), e))
		return -EBADMSG;
	while (keys[id].is_list && str_next_item(&list, &item, &len))
		if (check_item(&keys[id], item, len, e))
			return -EBADMSG;
	if (id == CONFIG_DOCKER_CLI_PATH && *value != '/')
		return err_set(e, -EBADMSG, "DOCKER_CLI_PATH must begin with '/'");
	if (id == CONFIG_DOCKERFILE)
		return check_inside(&keys[id], value, e);
	if (id == CONFIG_PLATFORM_TAG) {
		struct marks marks = placeholder_marks(value, strlen(value));

		if (marks.for_native || marks.for_emulated)
			return err_set(e, -EBADMSG, "PLATFORM_TAG: markers of lines are not allowed in a tag");
		if (!expand_scheme(value, NULL, NULL, NULL, e))
			return 0;
		return err_hint(e, CONFIG_VERSION_MARK
			", __DOCKER_ARCH__, __ARCH__, __VARIANT__ and others of anyarch-project(5)");
	}
	if ((id == CONFIG_TAG_PREFIX || id == CONFIG_TAG_SUFFIX) && placeholder_is_in(value, strlen(value))) {
		err_set(e, -EBADMSG, "%s is the same for all platforms, and has no placeholders", keys[id].name);
		return err_hint(e, "for example: PLATFORM_TAG=%s", keys[CONFIG_PLATFORM_TAG].example);
	}
	if (id == CONFIG_ENGINE && engine_check(keys[id].name, value, &why))
		r = err_set(e, -EBADMSG, "%s", why.message);
	else if ((id == CONFIG_BUILDERS && builders_add(&config->builders, value, &why)) ||
		 (id == CONFIG_TARGET_ARCHES && platforms_add(&config->platforms, value, &why)))
		r = err_set(e, -EBADMSG, "%s: %s", keys[id].name, why.message);
	return r && why.hint ? err_hint(e, "%s", why.hint) : r;
}

static int unknown_key(const char *text, size_t len, struct err *e)
{
	auto_buf typed = { 0 }, names = { 0 };
	const char *near = NULL;
	unsigned least = 4;

	buf_add(&typed, text, MIN_OF(len, (size_t)64));
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		unsigned d = strcasecmp(buf_text(&typed), keys[i].name)
				     ? str_distance(buf_text(&typed), keys[i].name, 3)
				     : 0;

		buf_addf(&names, "%s%s", i ? ", " : "", keys[i].name);
		if (d < least) {
			least = d;
			near = keys[i].name;
		}
	}
	err_set(e, -EBADMSG, "unknown key '%s'", buf_text(&typed));
	return near ? err_hint(e, "did you mean %s?", near) : err_hint(e, "keys: %s", buf_text(&names));
}

int config_parse(const char *text, size_t len, struct config *ret, struct err *e)
{
	struct scan cursor = { .text = text, .len = len };
	auto_config config = { 0 };
	auto_buf value = { 0 };
	enum config_key id = 0;
	const char *key;
	size_t key_len;
	int r;

	if (len > LIMIT_CONFIG)
		return err_set(e, -E2BIG, "more than %d bytes", LIMIT_CONFIG);
	while ((r = assign_next(&cursor, &key, &key_len, &value, e)) > 0) {
		for (id = 0; id < CONFIG_KEYS; id++)
			if (strlen(keys[id].name) == key_len && !memcmp(keys[id].name, key, key_len))
				break;
		if (id == CONFIG_KEYS) {
			unknown_key(key, key_len, e);
			return err_prefix(e, "line %u", cursor.number);
		}
		if (config.lines[id])
			r = err_set(e, -EBADMSG, "%s is already set in line %u", keys[id].name, config.lines[id]);
		else
			r = value.len ? check_value(&config, id, buf_text(&value), e) : 0;
		if (r)
			return err_prefix(e, "line %u", cursor.number);
		config.lines[id] = cursor.number;
		config.values[id] = value.len ? mem_text(buf_text(&value)) : NULL;
	}
	if (r)
		return r;
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		if (!config.values[i])
			config.values[i] = mem_text(keys[i].usual ? keys[i].usual : "");
	*ret = config;
	config = (struct config){ 0 };
	return 0;
}

int config_require(const struct config *config, enum config_key id, struct err *e)
{
	if (*config->values[id])
		return 0;
	if (config->lines[id])
		err_set(e, -EBADMSG, "line %u: %s has no value", config->lines[id], keys[id].name);
	else
		err_set(e, -EBADMSG, "%s is missing", keys[id].name);
	return refuse(&keys[id], e);
}

void config_done(struct config *config)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		free(config->values[i]);
	builders_done(&config->builders);
	*config = (struct config){ 0 };
}
