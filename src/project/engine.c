// SPDX-License-Identifier: MIT
/* Container engines: which one is there, and how each is told what to do. */
#include "project/engine.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/str.h"

const char *const engine_words[] = { "docker", "buildx", "podman", "buildah", NULL };

/* Clients before 20.10 hide buildx from who has not asked for it; it is set for this child, and in nobody's
 * configuration. */
static void begin(const struct engine *engine, struct child *c)
{
	*c = (struct child){ 0 };
	child_add(c, engine->program, NULL);
	if (engine->kind == ENGINE_BUILDX) {
		c->variables[0] = ENGINE_EXPERIMENTAL;
		child_add(c, "buildx", NULL);
	}
}

/* A client in a directory, or the directory itself, as lobradov's scripts have it. */
char *engine_docker(const char *path)
{
	struct stat st;
	char *program = NULL;

	if (!path || !*path)
		return mem_text("docker");
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return mem_text(path);
	return asprintf(&program, "%s%sdocker", path, str_ends(path, "/") ? "" : "/") < 0 ? NULL : program;
}

/* Docker's client asks the daemon; the others need none, and say their version. */
static int ask(const struct engine *engine, const struct engine_runner *runner, struct err *e)
{
	struct child c;
	int r;

	begin(engine, &c);
	c.is_quiet = true;
	child_add(&c, "version", NULL);
	r = runner->run(runner->context, &c, e);
	if (r == -ENOENT)
		return err_hint(e, "install it, or choose another engine: --engine docker, buildx, podman or buildah");
	if (r == -EIO)
		return err_hint(e, engine->kind == ENGINE_DOCKER ? "is the daemon running, and may you talk to it?"
								 : "'docker buildx version' has to work");
	return r;
}

static int try_one(enum engine_kind kind, const char *docker_path, const struct engine_runner *runner,
	struct engine *ret, struct err *e)
{
	bool is_docker = kind == ENGINE_DOCKER || kind == ENGINE_BUILDX;
	auto_engine engine = { kind, is_docker ? engine_docker(docker_path) : mem_text(engine_words[kind]) };
	int r;

	if (!engine.program)
		return err_sys(e, -ENOMEM, "cannot look for an engine");
	r = ask(&engine, runner, e);
	if (r)
		return r;
	*ret = engine;
	engine.program = NULL;
	return 0;
}

int engine_find(const char *name, const char *docker_path, const struct engine_runner *runner, struct engine *ret,
	struct err *e)
{
	static const enum engine_kind order[] = { ENGINE_DOCKER, ENGINE_PODMAN, ENGINE_BUILDAH };

	for (unsigned i = 0; engine_words[i]; i++)
		if (!strcmp(engine_words[i], name))
			return try_one((enum engine_kind)i, docker_path, runner, ret, e);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		int r = try_one(order[i], docker_path, runner, ret, NULL);

		if (!r || r == -EINTR)
			return r ? err_sys(e, r, "engine") : 0;
	}
	err_set(e, -ENOENT, "no engine that works: neither docker nor podman nor buildah answers");
	return err_hint(e, "--engine NAME says why one does not");
}

void engine_done(struct engine *engine)
{
	free(engine->program);
	engine->program = NULL;
}

void engine_build(const struct engine *engine, const struct engine_image *image, struct child *ret)
{
	begin(engine, ret);
	child_add(ret, "build", NULL);
	if (engine->kind == ENGINE_BUILDX)
		child_add(ret, "--load", NULL);
	if (image->is_insecure && engine->kind >= ENGINE_PODMAN)
		child_add(ret, "--tls-verify=false", NULL);
	for (size_t i = 0; i < image->n_options; i++)
		child_add(ret, image->options[i], NULL);
	child_add(ret, "--platform", image->platform, "--file", image->dockerfile, "--tag", image->name, image->context,
		NULL);
}

void engine_save(const struct engine *engine, const struct engine_image *image, struct child *ret)
{
	*ret = (struct child){ 0 };
	child_add(ret, engine->program, NULL);
	if (engine->kind == ENGINE_PODMAN)
		child_add(ret, "save", "--quiet", "--format", "oci-archive", "--output", image->archive, image->name,
			NULL);
	else if (engine->kind == ENGINE_BUILDAH)
		child_add(ret, "push", "--quiet", image->name, image->target, NULL);
	else
		child_add(ret, "save", "--output", image->archive, image->name, NULL);
}

void engine_tag(const struct engine *engine, const struct engine_image *image, struct child *ret)
{
	*ret = (struct child){ 0 };
	child_add(ret, engine->program, "tag", image->name, image->target, NULL);
}

void engine_load(const struct engine *engine, const struct engine_image *image, struct child *ret)
{
	*ret = (struct child){ .is_quiet = true };
	child_add(ret, engine->program, NULL);
	if (engine->kind == ENGINE_BUILDAH)
		child_add(ret, "pull", "--quiet", image->target, NULL);
	else
		child_add(ret, "load", "--quiet", "--input", image->archive, NULL);
}

void engine_remove(const struct engine *engine, const struct engine_image *image, struct child *ret)
{
	*ret = (struct child){ .is_cleanup = true, .is_quiet = true };
	child_add(ret, engine->program, "rmi", image->name, NULL);
}

void engine_try(
	const struct engine *engine, const struct engine_image *image, const char *command, struct engine_trial *ret)
{
	const char *program = engine->program;

	*ret = (struct engine_trial){ .after.is_cleanup = true, .after.is_quiet = true };
	if (engine->kind == ENGINE_BUILDAH) {
		child_add(&ret->before, program, "from", "--quiet", "--pull-never", "--name", image->container,
			image->name, NULL);
		child_add(&ret->trial, program, "run", image->container, "--", "/bin/sh", "-c", command, NULL);
		child_add(&ret->after, program, "rm", image->container, NULL);
	} else {
		child_add(&ret->trial, program, "run", "--rm", "--name", image->container, "--entrypoint", "/bin/sh",
			image->name, "-c", command, NULL);
		child_add(&ret->after, program, "rm", "--force", NULL);
		if (engine->kind == ENGINE_PODMAN) /* which waits for it, unlike docker */
			child_add(&ret->after, "--time", "0", NULL);
		child_add(&ret->after, image->container, NULL);
	}
}

void engine_ask(const struct engine *engine, const struct engine_image *image, struct buf *answer, struct child *ret)
{
	*ret = (struct child){ .is_quiet = true, .answer = answer };
	if (engine->kind == ENGINE_BUILDAH)
		child_add(ret, engine->program, "inspect", "--type", "image", "--format",
			"{{.OCIv1.OS}}/{{.OCIv1.Architecture}}", image->name, NULL);
	else
		child_add(ret, engine->program, "image", "inspect", "--format",
			engine->kind == ENGINE_PODMAN ? "{{.Os}}/{{.Architecture}}"
						      : "{{.Os}}/{{.Architecture}}/{{.Variant}}",
			image->name, NULL);
}

/* Without a variant there is a slash at the end. */
bool engine_platform(const struct buf *answer, struct platform *ret)
{
	size_t len = answer->len;

	while (len && strchr(" \n/", answer->data[len - 1]))
		len--;
	return len && !name_parse(answer->data, len, ret, NULL);
}

void engine_pull(const struct engine *engine, const struct engine_image *image, struct child *ret)
{
	begin(engine, ret);
	if (engine->kind == ENGINE_BUILDX) {
		child_add(ret, "imagetools", "inspect", image->name, NULL);
		return;
	}
	child_add(ret, "pull", "--quiet", "--platform", image->platform, NULL);
	if (image->is_insecure && engine->kind >= ENGINE_PODMAN)
		child_add(ret, "--tls-verify=false", NULL);
	child_add(ret, image->name, NULL);
}

bool engine_is_docker(const struct engine *engine)
{
	return engine->kind == ENGINE_DOCKER || engine->kind == ENGINE_BUILDX;
}

bool engine_has_one_platform(const struct engine *engine)
{
	return engine->kind == ENGINE_DOCKER;
}
