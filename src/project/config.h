/* SPDX-License-Identifier: MIT */
/* build.config: what is built, for which platforms, under which names. Parsed, never executed. */
#pragma once

#include "base/buf.h"
#include "project/builders.h"

#define CONFIG_FILE "build.config"
enum { LIMIT_CONFIG = 64 * 1024 };

/* In PLATFORM_TAG: replaced by IMAGE_VERSION. */
#define CONFIG_VERSION_MARK "__IMAGE_VERSION__"

/* The first five have the names and meaning of lobradov's docker-multiarch-builder. */
enum config_key {
	CONFIG_REPO = 0,
	CONFIG_IMAGE_NAME,
	CONFIG_IMAGE_VERSION,
	CONFIG_DOCKER_CLI_PATH,
	CONFIG_TARGET_ARCHES,
	CONFIG_DOCKERFILE,
	CONFIG_ENGINE,
	CONFIG_PLATFORM_TAG,
	CONFIG_TAG_PREFIX,
	CONFIG_TAG_SUFFIX,
	CONFIG_ALIASES,
	CONFIG_SMOKE,
	CONFIG_BUILDERS,
	CONFIG_KEYS,
};

struct config {
	char *values[CONFIG_KEYS];   /* never NULL after config_parse(): default or "" */
	unsigned lines[CONFIG_KEYS]; /* line of the key; 0: not set */
	struct platforms platforms;
	struct builders builders;
};

#define auto_config auto_with(config_done) struct config

/*
 * Parses the file; an empty value counts as none. 0, or -EBADMSG with e naming the line: see project/assign.h; unknown
 * or repeated keys; values that are invalid for their key. -E2BIG beyond LIMIT_CONFIG. ret is freed by config_done().
 */
int config_parse(const char *text, size_t len, struct config *ret, struct err *e);
/* Requires a value: 0, or -EBADMSG with e saying what to write. */
int config_require(const struct config *config, enum config_key key, struct err *e);
/*
 * Appends the tag of one platform's image. -EBADMSG with e set if a naming scheme has no name for the platform, or
 * beyond the 128 characters of a tag (distribution/reference).
 */
int config_tag(const struct config *config, const struct platform *platform, struct buf *out, struct err *e);
void config_done(struct config *config);
