/* SPDX-License-Identifier: MIT */
/* What building a project and publishing it share while it goes on. */
#pragma once

#include "base/digest.h"
#include "project/bases.h"
#include "project/builders.h"
#include "project/render.h"

enum build_result { BUILD_PENDING = 0, BUILD_DONE, BUILD_FAILED, BUILD_WRONG, BUILD_SMOKED };
/* Whether what runs while it is built is for the machine that builds. */
enum build_native { BUILD_NATIVE_UNKNOWN = 0, BUILD_NATIVE, BUILD_EMULATED };
/* "not built", "built", "failed", "wrong platform", "does not run" */
extern const char *const build_words[];

struct build_item {
	struct platform platform;
	struct platform found; /* what the image that was built says: v6 is as good for v7 */
	char *text;	       /* linux/arm/v7 */
	char *name;	       /* REPO/IMAGE:ARCH-VERSION */
	enum build_result result;
	const struct engine *engine; /* that builds it; while building */
	char *builder;		     /* where that is; NULL: this machine's own engine */
	enum build_native native;
	bool is_accelerated; /* at least one of its bases had native compilers */
	double seconds;
	struct err err; /* why not */
};

enum { BUILD_OPTIONS_MAX = 64 };

struct build_request {
	int dir;				/* the project's */
	const char *path;			/* of the project, as commands are shown with it */
	struct platforms selected;		/* none: all that TARGET_ARCHES has */
	const char *engine;			/* NULL: what build.config says */
	struct builders builders;		/* before those that build.config says */
	bool has_fallback;			/* one that cannot be reached is no error: this machine builds */
	const char *options[BUILD_OPTIONS_MAX]; /* for the engine's build */
	size_t n_options;
	const char *out;	   /* an OCI archive of all; NULL: none */
	const char *docker_config; /* the directory of the client's configuration; NULL: none */
	unsigned jobs;		   /* platforms built in parallel, by each engine; 0 is 1 */
	bool push, insecure, dry_run, no_check, quiet;
	bool accelerate;       /* native compilers while it is built */
	const char *toolchain; /* the directory that they are in; NULL: this machine's */
	bool is_remote;	       /* Docker's engine is on another machine, which has handlers of its own */
	/* Called before each command; with more than one job from several threads. */
	void (*show)(const struct child *command, void *context);
	/* Gets each line that a platform's commands print, where they run in parallel; from several threads. */
	void (*line)(const struct build_item *item, const char *text, size_t len, void *context);
	/* Gets a sentence that is not an error. */
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

enum { NAMES_MAX = 64 };

struct flow {
	const struct build_request *request;
	const char *tmpdir;
	struct build *build;
	struct render render;
	struct engine *engines; /* PLATFORMS_MAX and one; owned */
	size_t n_engines;
	const struct engine *engine; /* this machine's own, or the first where that builds nothing */
	struct bases *bases;	     /* of each platform */
	char *context;		     /* the project's directory, as an engine reads it */
	char *scratch;		     /* a temporary directory */
	char *names[NAMES_MAX]; /* of the image for all platforms: IMAGE_VERSION's first, then ALIASES; each once, owned
				 */
	size_t n_names;
	bool has_shared; /* two platforms have a base image of one name, which the engine keeps for one of them */
	bool has_lines;	 /* what commands print is shown line by line, as several run in parallel */
};

/* Of build.config. */
const char *flow_value(const struct flow *f, enum config_key key);
/*
 * Names the image for all platforms, in f->names, and the images of each, in f->build. 0, or -errno with e set: where
 * two would have one name, for one that no registry takes, for too many.
 */
int flow_name_all(struct flow *f, struct err *e);
/*
 * Finds who builds each platform, in f->engines. 0, or -errno with e set: an engine that does not answer, a builder
 * that cannot be reached or does not build its platform.
 */
int flow_find_engines(struct flow *f, struct err *e);
/* A temporary file of a platform. Owned. */
char *flow_scratch(const struct flow *f, size_t i, const char *end);
/* What commands about a platform's image need; archive and dockerfile are left out. Borrowed from f. */
struct engine_words flow_words(const struct flow *f, const struct build_item *item);
/* "yes" where a registry may speak plain HTTP: with --insecure, and on this machine, as for Docker. NULL otherwise. */
const char *flow_insecure(const struct flow *f, const char *name);

/* Shows a command, and runs it unless nothing is to be run; item: whose platform it is for, or NULL. As child_run(). */
int flow_run(const struct flow *f, const struct build_item *item, const struct child *command, struct err *e);
/* One of the engine's commands; nothing where it has none. */
struct flow_call {
	const struct engine *engine;   /* NULL: the one that builds the item, or else the flow's */
	const struct build_item *item; /* as for flow_run() */
	struct buf *answer;	       /* NULL: its output is shown */
};
int flow_engine(const struct flow *f, const struct flow_call *call, enum engine_verb verb,
	const struct engine_words *words, struct err *e);
