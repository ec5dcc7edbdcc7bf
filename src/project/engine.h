/* SPDX-License-Identifier: MIT */
/* Container engines: which one is there, and how each is told what to do. */
#pragma once

#include "project/child.h"

enum engine_kind { ENGINE_DOCKER = 0, ENGINE_BUILDX, ENGINE_PODMAN, ENGINE_BUILDAH };
/* "docker", "buildx", "podman", "buildah"; NULL at the end. */
extern const char *const engine_words[];

struct engine {
	enum engine_kind kind;
	char *program; /* owned */
};

#define auto_engine auto_with(engine_done) struct engine

/*
 * The one of this name, or for "auto" the first that answers: docker, podman, buildah. docker_path: a docker client, or the
 * directory that it is in; NULL or "": the one in PATH. 0, or -errno with e set: -ENOENT when it is not there, -EIO when it
 * does not answer.
 */
int engine_find(const char *name, const char *docker_path, struct engine *ret, struct err *e);
void engine_done(struct engine *engine);

/* One image: what commands are about. Borrowed. */
struct engine_image {
	const char *platform;	/* linux/arm/v7 */
	const char *dockerfile; /* a path */
	const char *context;	/* the directory */
	const char *name;	/* with tag */
	const char *archive;	/* a path; what engine_save() writes is an archive of docker save or of OCI */
	const char *target;	/* the same as "oci-archive:PATH:NAME" */
	const char *const *options; /* more of them for the build */
	size_t n_options;
	bool is_insecure;	/* registries may speak plain HTTP, where that is not for the daemon to know */
};

void engine_build(const struct engine *engine, const struct engine_image *image, struct child *ret);
void engine_save(const struct engine *engine, const struct engine_image *image, struct child *ret);
/* Whether it can run a command in an image, as a shell takes it. */
bool engine_can_run(const struct engine *engine);
void engine_run(const struct engine *engine, const struct engine_image *image, const char *command, struct child *ret);
