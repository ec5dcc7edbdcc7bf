/* SPDX-License-Identifier: MIT */
/* State and helpers shared by building and publishing a project. */
#pragma once

#include "base/digest.h"
#include "project/bases.h"
#include "project/builders.h"
#include "project/render.h"

enum build_result { BUILD_PENDING = 0, BUILD_DONE, BUILD_FAILED, BUILD_WRONG, BUILD_SMOKED };
/* Whether programs run natively or emulated during the build. */
enum build_native { BUILD_NATIVE_UNKNOWN = 0, BUILD_NATIVE, BUILD_EMULATED };
/* "not built", "built", "failed", "wrong platform", "does not run" */
extern const char *const build_words[];

struct build_item {
	struct platform platform;
	struct platform found; /* platform in the built image's label: v6 is accepted for v7 */
	char *text;	       /* linux/arm/v7 */
	char *name;	       /* REPO/IMAGE:ARCH-VERSION */
	enum build_result result;
	const struct engine *engine; /* that builds it; valid while building */
	char *builder;		     /* its address; NULL: this machine's own engine */
	enum build_native native;
	bool is_accelerated; /* at least one of its bases had native compilers */
	double seconds;
	struct err err; /* why it failed */
};

enum { BUILD_OPTIONS_MAX = 64 };

struct build_request {
	int dir;				/* the project's directory */
	const char *path;			/* of the project, for the commands shown */
	struct platforms selected;		/* empty: all of TARGET_ARCHES */
	const char *engine;			/* NULL: as in build.config */
	struct builders builders;		/* preferred to those in build.config */
	bool has_fallback;			/* build here if a builder is unreachable */
	const char *options[BUILD_OPTIONS_MAX]; /* for the engine's build */
	size_t n_options;
	const char *out;	   /* OCI archive of all platforms; NULL: none */
	const char *docker_config; /* the client's configuration directory; NULL: none */
	unsigned jobs;		   /* platforms built in parallel, by each engine; 0 is 1 */
	bool push, insecure, dry_run, no_check, quiet;
	bool accelerate;       /* use native compilers during the build */
	const char *toolchain; /* their directory; NULL: this machine's */
	bool is_remote;	       /* Docker's engine runs on another machine, with its own handlers */
	/* Called before each command; from several threads if jobs is more than 1. */
	void (*show)(const struct child *command, void *context);
	/* Receives each line of a platform's output when platforms build in parallel; from several threads. */
	void (*line)(const struct build_item *item, const char *text, size_t len, void *context);
	/* Receives a sentence that is not an error. */
	void (*note)(const char *text, void *context);
	void *context;
};

struct build {
	struct build_item items[PLATFORMS_MAX];
	size_t n;
	char *name;		  /* for all platforms: REPO/IMAGE:VERSION */
	char digest[DIGEST_TEXT]; /* of the index with that name; "" if there is none */
	bool is_pushed;
};

enum { NAMES_MAX = 64 };

struct flow {
	const struct build_request *request;
	struct build *build;
	struct render render;
	struct engine *engines; /* PLATFORMS_MAX + 1; owned */
	size_t n_engines;
	const struct engine *engine; /* this machine's own, or the first if that builds nothing */
	struct bases *bases;	     /* for each platform */
	char *context;		     /* the project's directory, as passed to engines */
	char *scratch;		     /* a temporary directory */
	char *names[NAMES_MAX];	     /* of the image for all platforms: IMAGE_VERSION, then ALIASES; unique, owned */
	size_t n_names;
	bool has_shared; /* two platforms share a base image name, of which the engine keeps one variant */
	bool has_lines;	 /* output is passed on by lines, as several commands run in parallel */
};

/* The value of a key in build.config. */
const char *flow_value(const struct flow *f, enum config_key key);
/*
 * Sets f->names, the names for all platforms, and the image names in f->build. 0, or -errno with e set: two images with
 * one name, a name that no registry accepts, or too many names.
 */
int flow_name_all(struct flow *f, struct err *e);
/*
 * Finds the engine for each platform, in f->engines. 0, or -errno with e set: an engine that does not answer, a builder
 * that is unreachable or does not support its platform.
 */
int flow_find_engines(struct flow *f, struct err *e);
/* The path of a temporary file for platform i. Owned. */
char *flow_scratch(const struct flow *f, size_t i, const char *end);
/* Writes a temporary file, unless --dry-run. 0, or -errno with e set. */
int flow_write(const struct flow *f, const char *path, const struct buf *text, struct err *e);
/* The values for commands about a platform's image, except archive and dockerfile. Borrowed from f. */
struct engine_words flow_words(const struct flow *f, const struct build_item *item);
/* "yes" if plain HTTP is allowed: with --insecure, and on loopback addresses, as for Docker; else NULL. */
const char *flow_insecure(const struct flow *f, const char *name);

/* Passes on a sentence that is not an error. */
void flow_note(const struct flow *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* For flow_engine(). */
struct flow_call {
	const struct engine *engine;   /* NULL: the item's engine, else the flow's */
	const struct build_item *item; /* its platform; may be NULL */
	struct buf *answer;	       /* NULL: show the output */
};
/* Shows one of an engine's commands and, unless --dry-run, runs it as child_run(). No command is no error. */
int flow_engine(const struct flow *f, const struct flow_call *call, enum engine_verb verb,
	const struct engine_words *words, struct err *e);
