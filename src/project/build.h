/* SPDX-License-Identifier: MIT */
/* A project built: an image for each platform, each checked, and one name for all of them. */
#pragma once

#include "base/digest.h"
#include "project/child.h"
#include "project/platforms.h"

enum build_result { BUILD_PENDING = 0, BUILD_DONE, BUILD_FAILED, BUILD_WRONG, BUILD_SMOKED };
/* "not built", "built", "failed", "wrong platform", "does not run" */
extern const char *const build_words[];

struct build_item {
	struct platform platform;
	struct platform found; /* what the image that was built says: v6 is as good for v7 */
	char *text;	       /* linux/arm/v7 */
	char *name;	       /* REPO/IMAGE:ARCH-VERSION */
	enum build_result result;
	bool is_accelerated; /* at least one of its bases had native compilers */
	double seconds;
	struct err err; /* why not */
};

enum { BUILD_OPTIONS_MAX = 64 };

struct build_request {
	int dir;				/* the project's */
	const char *path;			/* and how commands are told of it */
	struct platforms selected;		/* none: all that TARGET_ARCHES has */
	const char *engine;			/* NULL: what build.config says */
	const char *options[BUILD_OPTIONS_MAX]; /* more of them for the engine's build */
	size_t n_options;
	const char *out; /* an OCI archive of all; NULL: none */
	const char *tmpdir;
	const char *docker_config; /* the directory of the client's configuration; NULL: none */
	unsigned jobs;		   /* so many platforms at once; 0 is 1 */
	bool push, insecure, dry_run, no_check, quiet;
	bool accelerate;       /* native compilers while it is built */
	const char *toolchain; /* the directory that they are in; NULL: this machine's */
	const char *program;   /* this one, to be run for that */
	bool is_remote;	       /* Docker's engine is on another machine, which has handlers of its own */
	/* Called before each command; with more than one job from several threads. */
	void (*show)(const struct child *command, void *context);
	/* Gets each line that a platform's commands print, where they run side by side; from several threads. */
	void (*line)(const struct build_item *item, const char *text, size_t len, void *context);
	/* Gets a sentence that is no error. */
	void (*note)(const char *text, void *context);
	void *context;
};

struct build {
	struct build_item items[PLATFORMS_MAX];
	size_t n;
	char *name;		  /* of all: REPO/IMAGE:VERSION */
	char digest[DIGEST_TEXT]; /* of what has that name; "" where it was not made */
	bool is_pushed;
};

#define auto_build auto_with(build_done) struct build

/*
 * Checks everything that can be checked before, also that base images are there, then builds each platform; one that
 * fails hinders no other, but the name for all. Each image has to be what it is called. 0; -EBADMSG when some platform
 * failed, its item telling why; else -errno, and nothing was pushed under the name for all. ret is freed by
 * build_done() in any case.
 */
int build_run(const struct build_request *request, struct build *ret, struct err *e);
void build_done(struct build *build);
