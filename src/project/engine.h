/* SPDX-License-Identifier: MIT */
/* Container engines: THE table of the commands of each. A new engine is a row of it. */
#pragma once

#include "project/child.h"
#include "project/platforms.h"

/* What an engine is asked to do. Not every engine has a command for each. */
enum engine_verb {
	ENGINE_VERSION = 0, /* fails where the engine does not answer */
	ENGINE_HOST,	    /* of a builder instead: answers with its platforms, its machine's own first */
	ENGINE_BUILDER,	    /* answers with the kind of builder */
	ENGINE_STORE,	    /* answers with the kind of store that images are in */
	ENGINE_ASK,	    /* answers with the platform of an image that the engine has */
	ENGINE_ASK_FOR,	    /* the same of a variant of the image, where the engine can keep several */
	ENGINE_ID,	    /* answers with the ID of an image that the engine has; fails where it has none */
	ENGINE_PULL,
	ENGINE_BUILD,
	ENGINE_SAVE, /* an archive of docker save, or of OCI */
	ENGINE_LOAD, /* what ENGINE_SAVE wrote */
	ENGINE_TAG,  /* gives <name> the name <target> as well */
	ENGINE_REMOVE,
	ENGINE_TRY_BEGIN,
	ENGINE_TRY, /* runs a shell command in an image */
	ENGINE_TRY_END,
	ENGINE_REACH,	  /* fails where the registry cannot be reached, or has no <to> */
	ENGINE_PUSH,	  /* an image to <to> */
	ENGINE_LIST,	  /* begins a list for <to> */
	ENGINE_LIST_ADD,  /* puts <name>, which the registry has, into it */
	ENGINE_LIST_PUSH, /* answers with the digest, or writes it to <digest> */
	ENGINE_LIST_END,
	ENGINE_VERBS,
};

/* What differs between engines besides their commands. */
struct engine_kind {
	const char *name, *program;
	const char *archive;  /* of what ENGINE_SAVE writes, as skopeo calls it */
	const char *place;    /* before names of images that only this engine has */
	bool is_automatic;    /* "auto" tries it */
	bool has_daemon;      /* it is Docker's, and may run on another machine than its client */
	bool sees_local;      /* a build can begin from an image that only this engine has */
	bool is_rootless_run; /* runs containers also where the others cannot */
	const char *commands[ENGINE_VERBS];
};

/* Ends with one that has no name. "skopeo", which only pushes, is not one of them. */
extern const struct engine_kind engine_kinds[];
extern const struct engine_kind engine_skopeo;

/* "auto" or an engine's name, as the value of what is called what. 0, or -EINVAL with e set. */
int engine_check(const char *what, const char *name, struct err *e);
/* Appends the names of all engines; last is between the last two of them. */
void engine_names(struct buf *out, const char *between, const char *last);

struct engine {
	const struct engine_kind *kind; /* NULL: a builder that does not answer, and that this machine stands in for */
	char *program;			/* owned */
	/* Of a builder; all owned. */
	char *where;			 /* what the user calls it; NULL: this machine's own engine */
	char *variable;			 /* NAME=value, for each of its commands; NULL: none */
	char *option;			 /* that each of them begins with; NULL: none */
	bool is_loaded;			 /* this machine's own engine gets what it has built */
	struct platforms can, is_native; /* what it has said; nothing where it has said nothing */
};

#define auto_engine auto_with(engine_done) struct engine

/* What stands in commands between < and >. Borrowed; NULL is "". */
struct engine_words {
	const char *platform;	/* linux/arm/v7 */
	const char *arch;	/* of it */
	const char *variant;	/* of it */
	const char *name;	/* of the image, with tag */
	const char *to;		/* where it is pushed to */
	const char *target;	/* a second name */
	const char *dockerfile; /* a path */
	const char *context;	/* the directory */
	const char *archive;	/* a path */
	const char *container;	/* a name for a container that no other one has */
	const char *shell;	/* a command */
	const char *list;	/* a name for a list that no other one has */
	const char *scratch;	/* a directory */
	const char *insecure;	/* not empty: registries may speak plain HTTP */
	const char *quiet;	/* not empty: no progress */
	/* Words of their own: <options>, <all>. */
	const char *const *options, *const *all;
	size_t n_options, n_all;
};

/* The command; false where the engine has none for this. ret is freed by child_done(). */
bool engine_command(
	const struct engine *engine, enum engine_verb verb, const struct engine_words *words, struct child *ret);

/* What engine is looked for, and how. Borrowed. */
struct engine_search {
	const char *name;	 /* of its kind; for engine_find() also "auto": the first that answers */
	const char *docker_path; /* a docker client, or the directory that it is in; NULL or "": the one in PATH */
	/* Runs a command, as child_run(); NULL: no engine is asked. */
	int (*run)(void *context, struct child *command, struct err *e);
	void *context;
};

/* 0, or -errno with e set: -ENOENT when it is not there, -EIO when it does not answer. */
int engine_find(const struct engine_search *search, struct engine *ret, struct err *e);
/*
 * One of this kind, where engine has what a builder has; the rest is set also on failure, until engine_done(). Errors
 * as of engine_find().
 */
int engine_open(const struct engine_search *search, struct engine *engine, struct err *e);
void engine_done(struct engine *engine);

/* The platform in an answer to ENGINE_ASK; false where there is none. */
bool engine_platform(const struct buf *answer, struct platform *ret);
