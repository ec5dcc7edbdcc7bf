/* SPDX-License-Identifier: MIT */
/* build.config: what is built, for which platforms, under which names. Read, never executed. */
#pragma once

#include "base/buf.h"
#include "project/builders.h"

#define CONFIG_FILE "build.config"
enum { LIMIT_CONFIG = 64 * 1024 };

/* In PLATFORM_TAG: what IMAGE_VERSION says. */
#define CONFIG_VERSION_MARK "__IMAGE_VERSION__"

/* The first five are those of lobradov's docker-multiarch-builder, and mean what they mean there. */
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
	char *values[CONFIG_KEYS];   /* never NULL after config_parse(): its default, or "" */
	unsigned lines[CONFIG_KEYS]; /* where it was said; 0 where it was not */
	struct platforms platforms;
	struct builders builders;
};

#define auto_config auto_with(config_done) struct config

/*
 * An empty value is as good as none. 0, or -EBADMSG with e naming the line: see project/assign.h; unknown keys,
 * keys that are said twice, values that their key cannot have. -E2BIG beyond LIMIT_CONFIG. ret is freed by
 * config_done().
 */
int config_parse(const char *text, size_t len, struct config *ret, struct err *e);
/* Whether there is a value; -EBADMSG with e saying what to write otherwise. */
int config_require(const struct config *config, enum config_key key, struct err *e);
/*
 * Appends the tag of one platform's image. -EBADMSG with e set where a naming scheme has no word for it, or for more
 * than the 128 characters that a tag can have (distribution/reference).
 */
int config_tag(const struct config *config, const struct platform *platform, struct buf *out, struct err *e);
void config_done(struct config *config);
