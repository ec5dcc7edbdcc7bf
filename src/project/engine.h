/* SPDX-License-Identifier: MIT */
/* Container engines: which one is there, and how each is told what to do. */
#pragma once

#include "arch/name.h"
#include "project/child.h"

enum engine_kind { ENGINE_DOCKER = 0, ENGINE_BUILDX, ENGINE_PODMAN, ENGINE_BUILDAH };
/* "docker", "buildx", "podman", "buildah"; NULL at the end. */
extern const char *const engine_words[];

#define ENGINE_EXPERIMENTAL "DOCKER_CLI_EXPERIMENTAL=enabled"

struct engine {
	enum engine_kind kind;
	char *program; /* owned */
};

#define auto_engine auto_with(engine_done) struct engine

/* What runs a command, as child_run(). */
struct engine_runner {
	int (*run)(void *context, struct child *command, struct err *e);
	void *context;
};

/*
 * The one of this name, or for "auto" the first that answers: docker, podman, buildah. docker_path: a docker client, or
 * the directory that it is in; NULL or "": the one in PATH. 0, or -errno with e set: -ENOENT when it is not there, -EIO
 * when it does not answer.
 */
char *engine_docker(const char *path); /* the client alone, without asking; owned, NULL without memory */
int engine_find(const char *name, const char *docker_path, const struct engine_runner *runner, struct engine *ret,
	struct err *e);
void engine_done(struct engine *engine);

/* One image: what commands are about. Borrowed. */
struct engine_image {
	const char *platform;	    /* linux/arm/v7 */
	const char *dockerfile;	    /* a path */
	const char *context;	    /* the directory */
	const char *name;	    /* with tag */
	const char *archive;	    /* a path; what engine_save() writes is an archive of docker save or of OCI */
	const char *target;	    /* the same as "oci-archive:PATH:NAME" */
	const char *container;	    /* a name for a container that nobody else has */
	const char *const *options; /* more of them for the build */
	size_t n_options;
	bool is_insecure; /* registries may speak plain HTTP, where that is not for the daemon to know */
};

void engine_build(const struct engine *engine, const struct engine_image *image, struct child *ret);
void engine_save(const struct engine *engine, const struct engine_image *image, struct child *ret);

/* Gives image->name the name image->target as well; takes what engine_save() wrote; takes a name away, without a word.
 */
void engine_tag(const struct engine *engine, const struct engine_image *image, struct child *ret);
void engine_load(const struct engine *engine, const struct engine_image *image, struct child *ret);
void engine_remove(const struct engine *engine, const struct engine_image *image, struct child *ret);

/* Commands that run a shell command in an image: what has to be before, it, and what has to be after it in any case. */
struct engine_trial {
	struct child before, trial, after;
};
void engine_try(
	const struct engine *engine, const struct engine_image *image, const char *command, struct engine_trial *ret);

/* Whether the engine itself has image->name: its answer, read by engine_platform(), says for which platform. */
void engine_ask(const struct engine *engine, const struct engine_image *image, struct buf *answer, struct child *ret);
/* false where it says nothing that is a platform. */
bool engine_platform(const struct buf *answer, struct platform *ret);
/* Gets image->name for image->platform; Docker's buildx, which keeps what it gets to itself, only looks for it. */
void engine_pull(const struct engine *engine, const struct engine_image *image, struct child *ret);
/* Whether it is Docker's, which may run on another machine than its client. */
bool engine_is_docker(const struct engine *engine);
/* Whether an image that the engine has is for one platform only, also when it is asked for another. */
bool engine_has_one_platform(const struct engine *engine);
