/* SPDX-License-Identifier: MIT */
/* What building a project and publishing it share while it goes on. */
#pragma once

#include "image/facts.h"
#include "project/build.h"
#include "project/engine.h"
#include "project/render.h"

enum { NAMES_MAX = 64 };

struct flow {
	const struct build_request *request;
	struct build *build;
	struct render render;
	struct engine engine;
	const char *context;	/* the project's directory, as an engine takes it for one */
	char *scratch;		/* a directory of ours */
	char *names[NAMES_MAX]; /* of what is for all platforms: by IMAGE_VERSION first, then ALIASES; each once, owned
				 */
	size_t n_names;
	bool has_shared; /* two platforms have a base image of one name, which the engine keeps for one of them */
	bool has_lines;	 /* what commands print is shown line by line, as several run at once */
};

/* Of build.config. */
const char *flow_value(const struct flow *f, enum config_key key);
/* REPO/IMAGE_NAME:tag. Owned; NULL without memory. */
char *flow_name(const struct flow *f, const char *tag);
/*
 * Names the one for all platforms, in f->names, and the images of each, in f->build. 0, or -errno with e set: where two
 * would have one name, for one that no registry takes, for too many.
 */
int flow_name_all(struct flow *f, struct err *e);
/* A file of a platform that is only needed meanwhile. Owned; NULL without memory. */
char *flow_scratch(const struct flow *f, size_t i, const char *end);
/* Shows a command, and runs it unless nothing is to be run. As child_run(). */
int flow_run(const struct flow *f, const struct child *command, struct err *e);
/* The same for a platform's. */
int flow_run_for(const struct flow *f, const struct build_item *item, const struct child *command, struct err *e);

struct bases;
/* The base images of a platform's Dockerfile: bases_read(). */
int fetch_read(const struct flow *f, size_t i, struct bases *ret, struct err *e);
/*
 * Has the engine get the base images of a platform that it has not, or has for another platform. 0, or -errno with e
 * set: -EBADMSG when one cannot be had.
 */
int fetch_bases(const struct flow *f, size_t i, struct err *e);
/* The first image that is the base for more than one platform. Owned by the caller; NULL: none, or no memory. */
char *fetch_shared(const struct flow *f);

/* The index under all names, to the file that was asked for, and to the registry. 0 or -errno with e set. */
int publish(const struct flow *f, struct err *e);

/* What is to go to a registry. Borrowed. */
struct push {
	size_t n;	     /* so many of f->names */
	const char *archive; /* with the index in it, as OCI has it, under the first of its tags */
	bool is_ours;	     /* it is the file "all" in the scratch directory */
	const char *tag;
};
/*
 * Each platform, then the names for all: with skopeo, or, where there is none, with the engine's own commands. Then
 * digest is what the registry has. 0, or -errno with e saying what has been pushed until then.
 */
int push_all(const struct flow *f, const struct push *push, char digest[DIGEST_TEXT], struct err *e);
