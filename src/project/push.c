// SPDX-License-Identifier: MIT
/* Pushes a project's images to a registry. */
#include "project/push.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"

/* Prefers skopeo, which pushes the checked archive; an engine pushes its own copy. */
static const struct engine *find_pusher(const struct engine *engine)
{
	static char program[] = "skopeo";
	static const struct engine skopeo = { &engine_skopeo, .program = program };

	return child_is_there(program) ? &skopeo : engine;
}

/* The engine that pushes the names for all: any but Docker, whose client cannot read the OCI manifests of others. */
static const struct engine *find_lister(const struct flow *f)
{
	const struct engine *found = f->engine;

	for (size_t i = 0; i < f->n_engines; i++)
		if (f->engines[i].kind && !f->engines[i].kind->has_daemon)
			found = &f->engines[i];
	return find_pusher(found);
}

/*
 * Whether a client's error means that no registry answered, as opposed to a missing image. Other errors, for example
 * for a user without login, are not judged here: some registries require a repository to exist before listing it,
 * others create it with the first push.
 */
static bool is_unreachable(const struct err *why)
{
	static const char *const phrases[] = { "dial tcp", "pinging container registry", "no such host",
		"x509:", "HTTP response to HTTPS client", "i/o timeout", "deadline exceeded", "connection reset",
		"connection refused" };

	for (size_t i = 0; why->message && i < ARRAY_SIZE(phrases); i++)
		if (strstr(why->message, phrases[i]))
			return true;
	return false;
}

int push_check(const struct flow *f, struct err *e)
{
	const struct engine *pusher = find_lister(f);
	const struct engine_words words = { .to = f->build->name, .insecure = flow_insecure(f, f->build->name) };
	auto_err why = { 0 };
	int r = flow_engine(f, &(struct flow_call){ .engine = pusher }, ENGINE_REACH, &words, &why);

	if (!r || (r == -EIO && !is_unreachable(&why)))
		return 0;
	err_move(e, &why);
	if (r != -EIO)
		return r;
	err_prefix(e, "the registry of %s does not answer", f->build->name);
	return words.insecure ? r : err_hint(e, "for a registry that speaks plain HTTP: --insecure");
}

/* skopeo ends the path at a ':': use a link without one. */
static int link_archive(const struct flow *f, const struct push *p, struct err *e)
{
	auto_free char *path = mem_realpath(p->archive), *link = mem_print("%s/all", f->scratch);

	if (p->is_ours)
		return 0;
	if (!path)
		return err_sys(e, -errno, "%s", p->archive);
	return symlink(path, link) < 0 ? err_sys(e, -errno, "%s", link) : 0;
}

/*
 * Docker's client keeps unfinished manifest lists in its configuration directory, and adds to existing ones. A
 * temporary directory has no old list and keeps none; links provide the user's credentials.
 */
static int link_config(const struct flow *f, struct err *e)
{
	static const char *const kept[] = { "config.json", "contexts" };
	const char *from = f->request->docker_config;
	auto_free char *dir = mem_print("%s/docker", f->scratch), *config = from ? mem_realpath(from) : NULL;

	if (mkdir(dir, 0700) < 0)
		return err_sys(e, -errno, "%s", dir);
	for (size_t i = 0; config && i < ARRAY_SIZE(kept); i++) {
		auto_free char *target = mem_print("%s/%s", config, kept[i]), *link = mem_print("%s/%s", dir, kept[i]);

		if (symlink(target, link) < 0)
			return err_sys(e, -errno, "%s", link);
	}
	return 0;
}

/* Finds the digest in a command's output or file. */
static bool find_digest(const char *text, char digest[DIGEST_TEXT])
{
	const char *p = strstr(text, "sha256:");

	if (!p || strlen(p) < DIGEST_TEXT - 1 || strspn(p + 7, "0123456789abcdef") != DIGEST_TEXT - 8)
		return false;
	memcpy(digest, p, DIGEST_TEXT - 1);
	digest[DIGEST_TEXT - 1] = '\0';
	return true;
}

/* skopeo preserves digests: the archive's is valid. Docker prints the digest, podman and buildah write it to a file. */
static int read_digest(const struct flow *f, const struct engine *pusher, const struct buf *answer,
	char digest[DIGEST_TEXT], struct err *e)
{
	auto_free char *path = mem_print("%s/digest", f->scratch);
	auto_buf text = { 0 };
	auto_fd fd = -1;

	if (pusher->kind == &engine_skopeo || f->request->dry_run || find_digest(buf_text(answer), digest))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !fd_read_all(fd, DIGEST_TEXT, &text) && find_digest(buf_text(&text), digest))
		return 0;
	return err_set(e, -EIO, "%s manifest push reported no digest", pusher->program);
}

static int push_name(const struct flow *f, const struct engine *pusher, const struct engine_words *words,
	char digest[DIGEST_TEXT], struct err *e)
{
	struct flow_call call = { .engine = pusher };
	auto_buf answer = { 0 };
	int r = flow_engine(f, &call, ENGINE_LIST, words, e);

	for (size_t i = 0; !r && i < f->build->n; i++) {
		struct engine_words one = flow_words(f, &f->build->items[i]);

		one.to = words->to;
		one.list = words->list;
		r = flow_engine(f, &call, ENGINE_LIST_ADD, &one, e);
	}
	call.answer = pusher->kind->has_daemon ? &answer : NULL;
	if (!r)
		r = flow_engine(f, &call, ENGINE_LIST_PUSH, words, e);
	if (!r)
		r = read_digest(f, pusher, &answer, digest, e);
	call.answer = NULL;
	flow_engine(f, &call, ENGINE_LIST_END, words, NULL);
	return r;
}

/* Pushes all names, which must get the same digest; another digest means a concurrent change. */
static int push_names(
	const struct flow *f, struct push *p, const struct engine *pusher, char digest[DIGEST_TEXT], struct err *e)
{
	const char *all[PLATFORMS_MAX] = { NULL };
	/* The six characters of mkdtemp() make the list's name unique. */
	auto_free char *list = mem_print("localhost/anyarch-build:%s", f->scratch + strlen(f->scratch) - 6);
	auto_free char *archive = mem_print("oci-archive:%s/all:%s", f->scratch, p->tag);
	int r = 0;

	for (size_t i = 0; i < f->build->n; i++)
		all[i] = f->build->items[i].name;
	if (p->n && !f->request->dry_run && pusher->kind == &engine_skopeo)
		r = link_archive(f, p, e);
	else if (p->n && !f->request->dry_run && pusher->kind->has_daemon)
		r = link_config(f, e);
	for (size_t i = 0; !r && i < p->n; i++) {
		struct engine_words words = flow_words(f, &f->build->items[0]);
		char one[DIGEST_TEXT] = "";

		words.to = f->names[i];
		words.list = list;
		words.archive = archive;
		words.all = all;
		words.n_all = f->build->n;
		r = push_name(f, pusher, &words, one, e);
		if (!r && *one && i && strcmp(one, digest))
			r = err_set(e, -EIO, "%s became %s, and %s %s", f->names[0], digest, f->names[i], one);
		if (!r && *one && !i)
			memcpy(digest, one, DIGEST_TEXT);
		p->n_done += !r;
	}
	return r;
}

int push_all(const struct flow *f, struct push *push, char digest[DIGEST_TEXT], struct err *e)
{
	const struct engine *pusher = find_lister(f);
	size_t n_platforms = 0;
	int r = 0;

	for (; !r && n_platforms < f->build->n; n_platforms += !r) {
		const struct build_item *item = &f->build->items[n_platforms];
		struct engine_words words = flow_words(f, item);
		auto_free char *path = flow_scratch(f, n_platforms, ".tar"),
			       *archive = mem_print("%s:%s", item->engine->kind->archive, path);

		words.archive = archive;
		r = flow_engine(f, &(struct flow_call){ .engine = find_pusher(item->engine) }, ENGINE_PUSH, &words, e);
	}
	if (!r)
		r = push_names(f, push, pusher, digest, e);
	if (r && !(e && e->hint))
		err_hint(e, "pushed before that: %zu of %zu platforms, %zu of %zu names for all; see the error above%s",
			n_platforms, f->build->n, push->n_done, push->n,
			flow_insecure(f, f->build->name) ? "" : " (for a registry that speaks plain HTTP: --insecure)");
	return r;
}
