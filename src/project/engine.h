/* SPDX-License-Identifier: MIT */
/* Container engines: THE table of the commands of each. A new engine is a row of it. */
#pragma once

#include "project/child.h"
#include "project/platforms.h"

/* Operations of an engine. Not every engine has a command for each. */
enum engine_verb {
	ENGINE_PULL = 0,
	ENGINE_BUILD,
	ENGINE_SAVE, /* writes an archive, docker or OCI */
	ENGINE_TAG,  /* adds the name <target> to <name> */
	ENGINE_TRY_BEGIN,
	ENGINE_TRY,		       /* runs a shell command in an image */
	ENGINE_PUSH,		       /* pushes an image to <to> */
	ENGINE_LIST,		       /* creates a manifest list for <to> */
	ENGINE_LIST_ADD,	       /* adds <name>, which the registry has */
	ENGINE_LIST_PUSH,	       /* prints the digest, or writes it to <digest> */
	ENGINE_QUIET,		       /* from here on, output is not shown (struct child) */
	ENGINE_VERSION = ENGINE_QUIET, /* fails if the engine does not answer */
	ENGINE_HOST,		       /* for a builder, instead: prints its platforms, the machine's own first */
	ENGINE_BUILDER,		       /* prints the kind of builder */
	ENGINE_STORE,		       /* prints the kind of image store */
	ENGINE_ASK,		       /* prints the platform of a local image */
	ENGINE_ASK_FOR,		       /* the same for one variant of the image, if the engine can keep several */
	ENGINE_ID,		       /* prints the ID of a local image; fails without one */
	ENGINE_LOAD,		       /* reads what ENGINE_SAVE wrote */
	ENGINE_REACH,		       /* fails if the registry is unreachable or has no <to> */
	ENGINE_CLEANUP,		       /* from here on, commands run even after a signal */
	ENGINE_REMOVE = ENGINE_CLEANUP,
	ENGINE_TRY_END,
	ENGINE_LIST_END,
	ENGINE_VERBS,
};

/* Differences between engines, and their commands. */
struct engine_kind {
	const char *name, *program;
	const char *archive;  /* skopeo's name of the format that ENGINE_SAVE writes */
	const char *place;    /* prefix of local image names */
	bool is_automatic;    /* "auto" tries it */
	bool has_daemon;      /* Docker's engine, which may run on another machine than its client */
	bool sees_local;      /* builds can use local images as base */
	bool is_rootless_run; /* runs containers even where the other engines cannot */
	const char *commands[ENGINE_VERBS];
};

/* Ends with a nameless one. "skopeo", which only pushes, is not in the table. */
extern const struct engine_kind engine_kinds[];
extern const struct engine_kind engine_skopeo;

/* Checks a value of the setting what: "auto" or an engine's name. 0, or -EINVAL with e set. */
int engine_check(const char *what, const char *name, struct err *e);
/* Appends the names of all engines, separated by between, the last two by last. */
void engine_names(struct buf *out, const char *between, const char *last);

struct engine {
	const struct engine_kind *kind; /* NULL: an unreachable builder; this machine builds instead */
	char *program;			/* owned */
	/* Set for a builder; all owned. */
	char *where;			 /* its address as the user wrote it; NULL: this machine's own engine */
	char *variable;			 /* NAME=value, for each of its commands; NULL: none */
	char *option;			 /* first option of each command; NULL: none */
	bool is_loaded;			 /* this machine's own engine receives the built image */
	struct platforms can, is_native; /* as reported; empty if not reported */
};

#define auto_engine auto_with(engine_done) struct engine

/* Values for the <names> in commands. Borrowed; NULL is "". */
#define ENGINE_WORDS(VALUE)                                                                                            \
	VALUE(platform)	  /* linux/arm/v7 */                                                                           \
	VALUE(arch)	  /* of platform */                                                                            \
	VALUE(variant)	  /* of platform */                                                                            \
	VALUE(name)	  /* of the image, with tag */                                                                 \
	VALUE(to)	  /* push target */                                                                            \
	VALUE(target)	  /* a second name */                                                                          \
	VALUE(dockerfile) /* a path */                                                                                 \
	VALUE(context)	  /* the directory */                                                                          \
	VALUE(archive)	  /* a path */                                                                                 \
	VALUE(container)  /* unique name for a container */                                                            \
	VALUE(shell)	  /* a command */                                                                              \
	VALUE(list)	  /* unique name for a manifest list */                                                        \
	VALUE(scratch)	  /* a directory */                                                                            \
	VALUE(insecure)	  /* not empty: allow plain HTTP registries */                                                 \
	VALUE(quiet)	  /* not empty: show no progress */
struct engine_words {
#define VALUE(name) const char *name;
	ENGINE_WORDS(VALUE)
#undef VALUE
	/* Expand to several words: <options>, <all>. */
	const char *const *options, *const *all;
	size_t n_options, n_all;
};

/* Builds the command; false if the engine has none for the verb. ret is freed by child_done(). */
bool engine_command(
	const struct engine *engine, enum engine_verb verb, const struct engine_words *words, struct child *ret);

/* Which engine to find, and how. Borrowed. */
struct engine_search {
	const char *name;	 /* its kind; for engine_find() also "auto": the first that answers */
	const char *docker_path; /* a docker client, or its directory; NULL or "": from PATH */
	/* Runs a command, as child_run(); NULL: do not contact any engine. */
	int (*run)(void *context, struct child *command, struct err *e);
	void *context;
};

/* 0, or -errno with e set: -ENOENT if not installed, -EIO if it does not answer. */
int engine_find(const struct engine_search *search, struct engine *ret, struct err *e);
/*
 * Opens an engine of the given kind. The caller has set a builder's members of engine; the others are set here, even on
 * failure. Freed by engine_done(). Errors as engine_find().
 */
int engine_open(const struct engine_search *search, struct engine *engine, struct err *e);
void engine_done(struct engine *engine);

/* Parses the output of ENGINE_ASK; false if it names no platform. */
bool engine_platform(const struct buf *answer, struct platform *ret);
