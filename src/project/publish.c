// SPDX-License-Identifier: MIT
/*
 * Publishes one name for all platforms of a project: writes the index, and pushes it to a registry, with skopeo if that
 * is installed, else with the engine's own commands.
 */
#include "project/publish.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/model.h"
#include "image/write.h"
#include "report/file.h"

/* Prefers skopeo, which pushes the checked archive; an engine pushes its own copy. */
static const struct engine *find_pusher(const struct engine *engine)
{
	static char program[] = "skopeo";
	static const struct engine skopeo = { &engine_skopeo, .program = program };
	auto_free char *path = file_find(-1, getenv("PATH"), program);

	return path && !access(path, X_OK) ? &skopeo : engine;
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

int publish_check(const struct flow *f, struct err *e)
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

/* skopeo ends the path at a ':': use a link without one to the index in the requested file. */
static int link_archive(const struct flow *f, struct err *e)
{
	const char *out = f->request->out;
	auto_free char *path = out ? mem_realpath(out) : NULL, *link = mem_print("%s/all", f->scratch);

	if (!out)
		return 0;
	if (!path)
		return err_sys(e, -errno, "%s", out);
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

static int push_name(const struct flow *f, const struct engine *pusher, const struct engine_words *words,
	char digest[DIGEST_TEXT], struct err *e)
{
	struct flow_call call = { .engine = pusher };
	auto_free char *path = mem_print("%s/digest", f->scratch);
	auto_buf answer = { 0 }, text = { 0 };
	auto_fd fd = -1;
	int r = flow_engine(f, &call, ENGINE_LIST, words, e);

	for (size_t i = 0; !r && i < f->build->n; i++) {
		struct engine_words one = flow_words(f, &f->build->items[i]);

		one.to = words->to;
		one.list = words->list;
		r = flow_engine(f, &call, ENGINE_LIST_ADD, &one, e);
	}
	call.answer = pusher->kind->has_daemon ? &answer : NULL;
	r = r ? r : flow_engine(f, &call, ENGINE_LIST_PUSH, words, e);
	/* skopeo preserves digests. Docker prints the digest, podman and buildah write it to a file. */
	if (!r && pusher->kind != &engine_skopeo && !f->request->dry_run && !find_digest(buf_text(&answer), digest)) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fd_read_all(fd, DIGEST_TEXT, &text) || !find_digest(buf_text(&text), digest))
			r = err_set(e, -EIO, "%s manifest push reported no digest", pusher->program);
	}
	call.answer = NULL;
	flow_engine(f, &call, ENGINE_LIST_END, words, NULL);
	return r;
}

/* Whether some platforms of TARGET_ARCHES are missing: replacing the names for all would drop them. */
static bool is_partial(const struct flow *f)
{
	return f->build->n < f->render.config.platforms.n;
}

/* Pushes all names, which must get the same digest; another digest means a concurrent change. */
static int push_names(const struct flow *f, const struct engine *pusher, size_t *ret_n, struct err *e)
{
	const char *all[PLATFORMS_MAX] = { NULL };
	struct engine_words words = flow_words(f, &f->build->items[0]);
	char *digest = f->build->digest;
	/* The six characters of mkdtemp() make the list's name unique. */
	auto_free char *list = mem_print("localhost/anyarch-build:%s", f->scratch + strlen(f->scratch) - 6);
	auto_free char *archive = mem_print("oci-archive:%s/all:%s", f->scratch, flow_value(f, CONFIG_IMAGE_VERSION));
	int r = 0;

	for (size_t i = 0; i < f->build->n; i++)
		all[i] = f->build->items[i].name;
	if (!f->request->dry_run && pusher->kind == &engine_skopeo)
		r = link_archive(f, e);
	else if (!f->request->dry_run && pusher->kind->has_daemon)
		r = link_config(f, e);
	words.list = list;
	words.archive = archive;
	words.all = all;
	words.n_all = f->build->n;
	for (size_t i = 0; !r && i < f->n_names; i++) {
		char one[DIGEST_TEXT] = "";

		words.to = f->names[i];
		r = push_name(f, pusher, &words, one, e);
		if (!r && *one && i && strcmp(one, digest))
			r = err_set(e, -EIO, "%s became %s, and %s %s", f->names[0], digest, f->names[i], one);
		if (!r && *one && !i)
			memcpy(digest, one, DIGEST_TEXT);
		*ret_n += !r;
	}
	return r;
}

/* Pushes each platform, then the names for all. */
static int push_all(const struct flow *f, struct err *e)
{
	size_t n_platforms = 0, n_names = 0;
	int r = 0;

	if (is_partial(f))
		flow_note(f, "only these platforms are pushed: %s is for all of TARGET_ARCHES, and is not changed",
			f->build->name);
	for (; !r && n_platforms < f->build->n; n_platforms += !r) {
		const struct build_item *item = &f->build->items[n_platforms];
		struct engine_words words = flow_words(f, item);
		auto_free char *path = flow_scratch(f, n_platforms, ".tar"),
			       *archive = mem_print("%s:%s", item->engine->kind->archive, path);

		words.archive = archive;
		r = flow_engine(f, &(struct flow_call){ .engine = find_pusher(item->engine) }, ENGINE_PUSH, &words, e);
	}
	if (!r && !is_partial(f))
		r = push_names(f, find_lister(f), &n_names, e);
	if (r && !(e && e->hint))
		err_hint(e, "pushed before that: %zu of %zu platforms, %zu of %zu names for all; see the error above%s",
			n_platforms, f->build->n, n_names, is_partial(f) ? 0 : f->n_names,
			flow_insecure(f, f->build->name) ? "" : " (for a registry that speaks plain HTTP: --insecure)");
	f->build->is_pushed = !r && !f->request->dry_run;
	if ((r || is_partial(f)) && !f->request->out) /* it was neither written nor pushed */
		*f->build->digest = '\0';
	return r;
}

/* The images for the index, open until it is written. */
struct gathered {
	struct bundle *bundles[PLATFORMS_MAX];
	struct model models[PLATFORMS_MAX];
	struct write_image images[PLATFORMS_MAX];
	size_t n;
};

static int gather_one(const struct flow *f, struct gathered *g, size_t i, struct err *e)
{
	const struct build_item *item = &f->build->items[i];
	auto_free char *archive = flow_scratch(f, i, ".tar");
	const struct model_image *image;
	int fd = open(archive, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return err_sys(e, -errno, "%s", item->name);
	g->bundles[i] = bundle_open(fd, e);
	if (!g->bundles[i])
		return e ? e->code : -EBADMSG;
	g->n++;
	r = model_read(g->bundles[i], &g->models[i], e); /* already checked after the build */
	if (r)
		return r;
	image = g->models[i].images;
	while (image->kind != MODEL_IMAGE) /* there is one: checked after the build */
		image++;
	g->images[i] = (struct write_image){ .bundle = g->bundles[i],
		.image = image,
		.architecture = item->found.arch->oci,
		.variant = write_variant(&item->found),
		.is_host = item->found.arch == arch_host() };
	return 0;
}

/* Refuses two images with the same platform: engines would use either. */
static int check_different(const struct build *build, struct err *e)
{
	for (size_t i = 0; i < build->n; i++)
		for (size_t k = 0; k < i; k++)
			if (platform_is_same(&build->items[i].found, &build->items[k].found))
				return err_set(e, -EBADMSG,
					"the images for %s and %s are labeled with the same platform",
					build->items[k].text, build->items[i].text);
	return 0;
}

int publish(const struct flow *f, struct err *e)
{
	auto_free struct gathered *g = mem_new(1, sizeof(*g));
	const struct write_index request = { g->images, f->build->n, (const char *const *)f->names, f->n_names, NULL,
		0 };
	auto_free char *own = mem_print("%s/all", f->scratch);
	const struct outlet_request to = { .path = f->request->out ? f->request->out : own, .force = true };
	int r = check_different(f->build, e);

	if (!r && !f->request->dry_run) {
		auto_outlet outlet = OUTLET_INIT;
		char digest[DIGEST_TEXT];

		for (size_t i = 0; !r && i < f->build->n; i++)
			r = gather_one(f, g, i, e);
		r = r ? r : outlet_open(&to, &outlet, e);
		r = r ? r : oci_write_index(&request, &outlet, digest, e);
		if (!r)
			memcpy(f->build->digest, digest, sizeof(digest));
	}
	for (size_t i = 0; i < g->n; i++) {
		model_done(&g->models[i]);
		bundle_free(g->bundles[i]);
	}
	return r || !f->request->push ? r : push_all(f, e);
}
