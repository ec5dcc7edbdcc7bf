// SPDX-License-Identifier: MIT
/* A project's images on their way to a registry: with what the user has. */
#include "project/push.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/oci_write.h"

/* One way to push; each step works from what the one before it has made. */
struct pusher {
	int (*platform)(const struct flow *f, const struct push *p, size_t i, struct err *e);
	int (*begin)(const struct flow *f, const struct push *p, struct err *e);
	int (*name)(
		const struct flow *f, const struct push *p, const char *name, char digest[DIGEST_TEXT], struct err *e);
	void (*end)(const struct flow *f);
};

/* The digest in what a command has printed or written. */
static bool find_digest(const char *text, char digest[DIGEST_TEXT])
{
	const char *p = strstr(text, "sha256:");

	if (!p || strlen(p) < DIGEST_TEXT - 1 || strspn(p + 7, "0123456789abcdef") != DIGEST_TEXT - 8)
		return false;
	memcpy(digest, p, DIGEST_TEXT - 1);
	digest[DIGEST_TEXT - 1] = '\0';
	return true;
}

/* ---- skopeo ---- */

static int skopeo_copy(const struct flow *f, const char *from, const char *name, bool is_index, struct err *e)
{
	struct child c = { 0 };
	auto_buf to = { 0 };

	buf_addf(&to, "docker://%s", name);
	child_add(&c, "skopeo", "copy", NULL);
	if (f->request->quiet)
		child_add(&c, "--quiet", NULL);
	if (is_index)
		child_add(&c, "--all", "--preserve-digests", NULL);
	if (f->request->insecure)
		child_add(&c, "--dest-tls-verify=false", NULL);
	child_add(&c, from, buf_text(&to), NULL);
	return buf_ok(&to) ? flow_run(f, &c, e) : err_sys(e, -ENOMEM, "%s", name);
}

static int skopeo_platform(const struct flow *f, const struct push *p, size_t i, struct err *e)
{
	auto_free char *one = flow_scratch(f, i, ".tar");
	auto_buf from = { 0 };

	(void)p;
	buf_addf(&from, "%s:%s", engine_is_docker(&f->engine) ? "docker-archive" : "oci-archive", one ? one : "");
	return skopeo_copy(f, buf_text(&from), f->build->items[i].name, false, e);
}

/* It would take a ':' in the path for the end of that: it gets one of ours. */
static int skopeo_begin(const struct flow *f, const struct push *p, struct err *e)
{
	auto_free char *path = f->request->dry_run ? NULL : realpath(p->archive, NULL), *link = NULL;

	if (f->request->dry_run || p->is_ours)
		return 0;
	if (!path || asprintf(&link, "%s/all", f->scratch) < 0)
		return err_sys(e, -errno, "%s", p->archive);
	return symlink(path, link) < 0 ? err_sys(e, -errno, "%s", link) : 0;
}

static int skopeo_name(
	const struct flow *f, const struct push *p, const char *name, char digest[DIGEST_TEXT], struct err *e)
{
	auto_buf from = { 0 };

	(void)digest; /* it is the index's own, as it lies in the archive */
	buf_addf(&from, "oci-archive:%s/all:%s", f->scratch, p->tag);
	return skopeo_copy(f, buf_text(&from), name, true, e);
}

/* ---- docker manifest ---- */

/*
 * Docker's client keeps lists that are being made beside its configuration, and puts new entries into an old list. In a
 * directory of ours there is no old one, and none is left; the user's credentials are reached through links.
 */
static int docker_begin(const struct flow *f, const struct push *p, struct err *e)
{
	static const char *const kept[] = { "config.json", "contexts" };
	auto_free char *dir = NULL, *config = NULL;

	(void)p;
	if (f->request->dry_run)
		return 0;
	config = f->request->docker_config ? realpath(f->request->docker_config, NULL) : NULL;
	if (asprintf(&dir, "%s/docker", f->scratch) < 0)
		return err_sys(e, -ENOMEM, "docker");
	if (mkdir(dir, 0700) < 0)
		return err_sys(e, -errno, "%s", dir);
	for (size_t i = 0; config && i < ARRAY_SIZE(kept); i++) {
		auto_buf from = { 0 }, to = { 0 };

		buf_addf(&from, "%s/%s", config, kept[i]);
		buf_addf(&to, "%s/%s", dir, kept[i]);
		if (!buf_ok(&from) || !buf_ok(&to) || symlink(buf_text(&from), buf_text(&to)) < 0)
			return err_sys(e, -errno, "%s", buf_text(&to));
	}
	return 0;
}

static int docker_platform(const struct flow *f, const struct push *p, size_t i, struct err *e)
{
	struct child c = { 0 };

	(void)p;
	child_add(&c, f->engine.program, "push", f->build->items[i].name, NULL);
	return flow_run(f, &c, e);
}

static int docker_manifest(const struct flow *f, struct child *c, struct err *e)
{
	auto_buf config = { 0 };

	buf_addf(&config, "DOCKER_CONFIG=%s/docker", f->scratch);
	c->variables[0] = ENGINE_EXPERIMENTAL; /* before 20.10 */
	c->variables[1] = buf_text(&config);
	return flow_run(f, c, e);
}

static int docker_annotate(const struct flow *f, const char *name, size_t i, struct err *e)
{
	const struct build_item *item = &f->build->items[i];
	const char *variant = oci_variant(&item->found);
	struct child c = { 0 };

	child_add(&c, f->engine.program, "manifest", "annotate", "--os", "linux", "--arch", item->platform.arch->oci,
		NULL);
	if (variant && *variant)
		child_add(&c, "--variant", variant, NULL);
	child_add(&c, name, item->name, NULL);
	return docker_manifest(f, &c, e);
}

static int docker_name(
	const struct flow *f, const struct push *p, const char *name, char digest[DIGEST_TEXT], struct err *e)
{
	struct child create = { 0 }, push = { 0 };
	auto_buf answer = { 0 };
	int r;

	(void)p;
	child_add(&create, f->engine.program, "manifest", "create", NULL);
	if (f->request->insecure)
		child_add(&create, "--insecure", NULL);
	child_add(&create, name, NULL);
	for (size_t i = 0; i < f->build->n; i++)
		child_add(&create, f->build->items[i].name, NULL);
	r = docker_manifest(f, &create, e);
	for (size_t i = 0; !r && i < f->build->n; i++)
		r = docker_annotate(f, name, i, e);
	if (r)
		return r;
	child_add(&push, f->engine.program, "manifest", "push", "--purge", NULL);
	if (f->request->insecure)
		child_add(&push, "--insecure", NULL);
	child_add(&push, name, NULL);
	push.answer = &answer;
	r = docker_manifest(f, &push, e);
	if (r || f->request->dry_run || find_digest(buf_text(&answer), digest))
		return r;
	return err_set(e, -EIO, "docker manifest push %s printed no digest", name);
}

/* ---- podman manifest, buildah manifest ---- */

/* Its last six characters are mkdtemp()'s: nobody else has a list of this name. */
static void own_list(const struct flow *f, struct buf *out)
{
	buf_addf(out, "localhost/anyarch-build:%s", f->scratch + strlen(f->scratch) - 6);
}

static int podman_manifest(
	const struct flow *f, struct child *c, const char *verb, const char *const *rest, struct err *e)
{
	auto_buf list = { 0 };

	own_list(f, &list);
	child_add(c, f->engine.program, "manifest", verb, NULL);
	if (f->request->insecure && rest)
		child_add(c, "--tls-verify=false", NULL);
	for (; rest && *rest && strncmp(*rest, "docker://", 9); rest++)
		child_add(c, *rest, NULL);
	child_add(c, buf_text(&list), NULL);
	if (rest && *rest)
		child_add(c, *rest, NULL);
	return buf_ok(&list) ? flow_run(f, c, e) : err_sys(e, -ENOMEM, "manifest");
}

static int podman_add(const struct flow *f, size_t i, struct err *e)
{
	const struct build_item *item = &f->build->items[i];
	const char *variant = oci_variant(&item->found);
	const char *words[8] = { "--os", "linux", "--arch", item->platform.arch->oci };
	auto_buf from = { 0 };
	struct child c = { 0 };
	size_t n = 4;

	buf_addf(&from, "docker://%s", item->name);
	if (variant && *variant) {
		words[n++] = "--variant";
		words[n++] = variant;
	}
	words[n] = buf_text(&from);
	return podman_manifest(f, &c, "add", words, e);
}

static int podman_begin(const struct flow *f, const struct push *p, struct err *e)
{
	struct child c = { 0 };
	int r = podman_manifest(f, &c, "create", NULL, e);

	(void)p;
	for (size_t i = 0; !r && i < f->build->n; i++)
		r = podman_add(f, i, e);
	return r;
}

static void podman_end(const struct flow *f)
{
	struct child c = { .is_cleanup = true, .is_quiet = true };

	podman_manifest(f, &c, "rm", NULL, NULL);
}

static int podman_platform(const struct flow *f, const struct push *p, size_t i, struct err *e)
{
	const char *name = f->build->items[i].name;
	auto_buf to = { 0 };
	struct child c = { 0 };

	(void)p;
	buf_addf(&to, "docker://%s", name);
	child_add(&c, f->engine.program, "push", NULL);
	if (f->request->insecure)
		child_add(&c, "--tls-verify=false", NULL);
	child_add(&c, name, buf_text(&to), NULL);
	return buf_ok(&to) ? flow_run(f, &c, e) : err_sys(e, -ENOMEM, "%s", name);
}

static int podman_name(
	const struct flow *f, const struct push *p, const char *name, char digest[DIGEST_TEXT], struct err *e)
{
	auto_buf to = { 0 }, file = { 0 }, text = { 0 };
	struct child c = { 0 };
	auto_fd fd = -1;
	int r;

	(void)p;
	buf_addf(&to, "docker://%s", name);
	buf_addf(&file, "%s/digest", f->scratch);
	r = podman_manifest(
		f, &c, "push", (const char *[]){ "--all", "--digestfile", buf_text(&file), buf_text(&to), NULL }, e);
	if (r || f->request->dry_run)
		return r;
	fd = open(buf_text(&file), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, DIGEST_TEXT, &text) || !find_digest(buf_text(&text), digest))
		return err_set(e, -EIO, "%s manifest push %s wrote no digest", f->engine.program, name);
	return 0;
}

/* ---- all of it ---- */

static const struct pusher skopeo_pusher = { skopeo_platform, skopeo_begin, skopeo_name, NULL };
static const struct pusher engine_pushers[] = {
	[ENGINE_DOCKER] = { docker_platform, docker_begin, docker_name, NULL },
	[ENGINE_BUILDX] = { docker_platform, docker_begin, docker_name, NULL },
	[ENGINE_PODMAN] = { podman_platform, podman_begin, podman_name, podman_end },
	[ENGINE_BUILDAH] = { podman_platform, podman_begin, podman_name, podman_end },
};

/* All names lead to the same, or something else has been written to one of them. */
static int push_names(const struct flow *f, const struct push *p, const struct pusher *pusher, size_t *n_done,
	char digest[DIGEST_TEXT], struct err *e)
{
	int r = pusher->begin ? pusher->begin(f, p, e) : 0;

	for (size_t i = 0; !r && i < p->n; i++) {
		char one[DIGEST_TEXT] = "";

		r = pusher->name(f, p, f->names[i], one, e);
		if (!r && *one && i && strcmp(one, digest))
			r = err_set(e, -EIO, "%s became %s, and %s %s", f->names[0], digest, f->names[i], one);
		if (!r && *one && !i)
			memcpy(digest, one, DIGEST_TEXT);
		*n_done += !r;
	}
	if (pusher->end)
		pusher->end(f);
	return r;
}

int push_all(const struct flow *f, const struct push *push, char digest[DIGEST_TEXT], struct err *e)
{
	const struct pusher *pusher = child_is_there("skopeo") ? &skopeo_pusher : &engine_pushers[f->engine.kind];
	size_t n_platforms = 0, n_names = 0;
	int r = 0;

	for (; !r && n_platforms < f->build->n; n_platforms += !r)
		r = pusher->platform(f, push, n_platforms, e);
	if (!r && push->n)
		r = push_names(f, push, pusher, &n_names, digest, e);
	if (r && !(e && e->hint))
		err_hint(e, "pushed until then: %zu of %zu platforms, %zu of %zu names for all; why is above%s",
			n_platforms, f->build->n, n_names, push->n,
			f->request->insecure ? "" : " (a registry that speaks plain HTTP: --insecure)");
	return r;
}
