// SPDX-License-Identifier: MIT
/* What an image is made of: for each of its platforms the label and the files. */
#include "image/facts.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/image_name.h"
#include "image/layer_read.h"
#include "image/read.h"
#include "image/tar_read.h"

enum { AT_ONCE = 32 }; /* layers that are open together: descriptors are few */

/* What is known of a layer's file when it is closed again. */
struct found {
	bool is_here;
	uint64_t size;
};

/* Every layer that some image names, once. */
struct store {
	const char **names; /* borrowed from the model */
	struct found *found;
	struct layer *layers;
	size_t n, cap;
	bool are_blobs; /* OCI's, whose names are their digests */
	uint64_t work;
};

static size_t find_name(const struct store *store, const char *name)
{
	size_t i = 0;

	while (i < store->n && strcmp(store->names[i], name))
		i++;
	return i;
}

static int add_name(struct store *store, const char *name)
{
	if (find_name(store, name) < store->n)
		return 0;
	if (store->n == store->cap) {
		size_t cap = store->cap ? 2 * store->cap : 16;
		const char **grown = mem_grow(store->names, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		store->names = grown;
		store->cap = cap;
	}
	store->names[store->n++] = name;
	return 0;
}

static void store_done(struct store *store)
{
	for (size_t i = 0; store->layers && i < store->n; i++)
		layer_done(&store->layers[i]);
	free(store->names);
	free(store->found);
	free(store->layers);
}

/* "" for a name that is none. */
static void name_digest(const char *name, char ret[DIGEST_TEXT])
{
	static const char blobs[] = "blobs/sha256/";

	if (!str_starts(name, blobs) || snprintf(ret, DIGEST_TEXT, "sha256:%s", name + strlen(blobs)) >= DIGEST_TEXT ||
		!digest_is_valid(ret))
		*ret = '\0';
}

/* Opens, reads and closes some layers. One that is not here (foreign, or left out) is allowed; its place stays empty.
 */
static int read_some(const struct bundle *bundle, struct store *store, size_t from, size_t n, struct err *e)
{
	struct layer_source sources[AT_ONCE];
	int r = 0;

	for (size_t i = 0; i < n; i++)
		sources[i] = (struct layer_source){ .member = MEMBER_INIT };
	for (size_t i = 0; !r && i < n; i++) {
		struct layer_source *source = &sources[i];

		r = bundle_find(bundle, store->names[from + i], &source->member, e);
		store->found[from + i] = (struct found){ !r, source->member.size };
		if (store->are_blobs)
			name_digest(store->names[from + i], source->digest);
		if (r == -ENOENT)
			r = 0;
		if (!r)
			err_done(e);
	}
	if (!r)
		layer_read_all(sources, store->layers + from, n);
	for (size_t i = 0; i < n; i++)
		member_done(&sources[i].member);
	return r;
}

static int read_layers(const struct bundle *bundle, struct store *store, struct err *e)
{
	int r = 0;

	store->found = mem_new(store->n ? store->n : 1, sizeof(*store->found));
	store->layers = mem_new(store->n ? store->n : 1, sizeof(*store->layers));
	if (!store->found || !store->layers)
		return err_sys(e, -ENOMEM, "cannot read the layers");
	for (size_t i = 0; !r && i < store->n; i += AT_ONCE)
		r = read_some(bundle, store, i, MIN_OF(store->n - i, (size_t)AT_ONCE), e);
	return r;
}

bool image_looks_like(int fd)
{
	uint8_t head[TAR_BLOCK];
	ssize_t n = fd_pread(fd, head, sizeof(head), 0);

	return (n >= 4 && (!memcmp(head, "\x1f\x8b", 2) || !memcmp(head, "\x28\xb5\x2f\xfd", 4) ||
				  ((head[0] & 0xf0) == 0x50 && !memcmp(head + 1, "\x2a\x4d\x18", 3)))) ||
	       (n == TAR_BLOCK && !memcmp(head + 257, "ustar", 5));
}

bool image_fits(const struct platform *wanted, const struct platform *found)
{
	if (wanted->arch != found->arch)
		return false;
	return !*wanted->variant || !*found->variant || strcmp(found->variant, wanted->variant) <= 0;
}

/* GOARCH words are also spellings of ours. */
static bool parse_platform(const char *text, struct platform *ret)
{
	auto_err e = { 0 };

	return !strncmp(text, "linux/", 6) && !name_parse(text, strlen(text), ret, &e);
}

static void read_label(struct image_facts *facts)
{
	const struct model_image *image = facts->image;
	auto_buf text = { 0 };

	if (image->index_platform)
		facts->has_called = parse_platform(image->index_platform, &facts->called);
	if (!image->os || !image->architecture)
		return;
	buf_addf(&text, "%s/%s", image->os, image->architecture);
	if (image->variant && *image->variant)
		buf_addf(&text, "/%s", image->variant);
	facts->has_label = parse_platform(buf_text(&text), &facts->label);
	if (image->index_platform)
		return;
	facts->called = facts->label;
	facts->has_called = facts->has_label;
}

/* Index and label, label and files. */
static bool do_agree(const struct image_facts *facts)
{
	const struct content *content = &facts->content;

	if (facts->has_called && facts->has_label &&
		(facts->called.arch != facts->label.arch ||
			(*facts->called.variant && *facts->label.variant &&
				strcmp(facts->called.variant, facts->label.variant))))
		return false;
	if (!content->has_platform)
		return true;
	if (!facts->has_label) /* Linux, and no platform: whatever the files are for, it is not that */
		return !facts->image->os || strcmp(facts->image->os, "linux") || !facts->image->architecture;
	return image_fits(&facts->label, &content->platform);
}

static int look_at_image(
	struct store *store, struct image_facts *facts, const struct image_visit *visit, int *ret_answer, struct err *e)
{
	const struct model_image *image = facts->image;
	auto_free const struct layer **layers = mem_new(image->n_layers + 1, sizeof(struct layer *));
	struct view view = { .layers = layers };
	int r;

	if (!layers)
		return err_sys(e, -ENOMEM, "cannot look at the image");
	for (size_t i = 0; i < image->n_layers; i++) {
		size_t at = find_name(store, image->layers[i]);
		const struct layer *layer = &store->layers[at];

		if (!store->found[at].is_here || (image->is_opaque && image->is_opaque[i])) {
			facts->is_incomplete = true;
			continue;
		}
		if (image->layer_sizes && image->layer_sizes[i] != store->found[at].size)
			return err_set(e, -EBADMSG, "%s has %llu bytes instead of %llu", image->layers[i],
				(unsigned long long)store->found[at].size, (unsigned long long)image->layer_sizes[i]);
		if (layer->has_failed)
			return err_set(e, layer->err.code, "%s: %s", image->layers[i],
				layer->err.message ? layer->err.message : "unreadable");
		layers[view.n++] = layer;
	}
	r = view_content(&view, &store->work, &facts->content);
	if (r)
		return r == -E2BIG ? err_set(e, r, "too many files and layers to look at")
				   : err_sys(e, r, "cannot look at the image");
	facts->agrees = do_agree(facts);
	if (visit->each)
		*ret_answer = visit->each(facts, &view, visit->context);
	return 0;
}

static int look_at_all(
	const struct bundle *bundle, struct image_report *report, const struct image_visit *visit, struct err *e)
{
	struct model *model = &report->model;
	struct store store = { .are_blobs = model->format != MODEL_DOCKER_ARCHIVE };
	int r = 0;

	report->facts = mem_new(model->n ? model->n : 1, sizeof(*report->facts));
	if (!report->facts)
		return err_sys(e, -ENOMEM, "cannot look at the image");
	for (size_t i = 0; !r && i < model->n; i++) {
		report->facts[i].image = &model->images[i];
		for (size_t k = 0; !r && k < model->images[i].n_layers; k++)
			r = add_name(&store, model->images[i].layers[k]);
	}
	r = r ? err_sys(e, r, "cannot look at the image") : read_layers(bundle, &store, e);
	for (size_t i = 0; !r && i < model->n; i++) {
		struct image_facts *facts = &report->facts[i];

		read_label(facts);
		if (facts->image->kind == MODEL_IMAGE)
			look_at_image(&store, facts, visit, &r, &facts->err);
	}
	store_done(&store);
	return r;
}

int image_look_each(const struct bundle *bundle, bool is_directory, const struct image_visit *visit,
	struct image_report *ret, struct err *e)
{
	int r;

	*ret = (struct image_report){ 0 };
	r = model_read(bundle, is_directory, &ret->model, e);
	return r ? r : look_at_all(bundle, ret, visit, e);
}

int image_look(int fd, const char *tmpdir, struct image_report *ret, struct err *e)
{
	const struct image_visit visit = { 0 };
	struct bundle *bundle;
	struct stat st;
	int r;

	*ret = (struct image_report){ 0 };
	if (fstat(fd, &st) < 0) {
		r = err_sys(e, -errno, "cannot look at it");
		cleanup_fd(&fd);
		return r;
	}
	bundle = bundle_open(fd, tmpdir, e);
	if (!bundle)
		return e ? e->code : -EBADMSG;
	r = image_look_each(bundle, S_ISDIR(st.st_mode), &visit, ret, e);
	bundle_free(bundle);
	return r;
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* What the index says of it and its layers are compared, too: they belong to what is told of an image. */
static bool is_same(const struct model_image *a, const struct model_image *b)
{
	if (!a->digest || !is_same_text(a->digest, b->digest) || a->kind != b->kind || a->n_layers != b->n_layers ||
		a->is_second_half != b->is_second_half || !is_same_text(a->index_platform, b->index_platform))
		return false;
	for (size_t i = 0; i < a->n_layers; i++)
		if (strcmp(a->layers[i], b->layers[i]))
			return false;
	return true;
}

size_t image_first(const struct image_report *report, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_same(&report->model.images[k], &report->model.images[i]))
			return k;
	return i;
}

static void add_reference(struct json *list, const char *name)
{
	if (!name)
		return;
	for (size_t i = 0; i < jv_count(list); i++)
		if (!strcmp(jv_as_text(jv_at(list, i)), name))
			return;
	jv_push(list, jv_text(name));
}

struct json *image_names(const struct image_report *report, size_t i)
{
	struct json *list = jv_array();

	for (size_t k = 0; k < report->model.n; k++) {
		const struct model_image *image = &report->model.images[k];

		if (k != i && !is_same(image, &report->model.images[i]))
			continue;
		add_reference(list, image->reference);
		for (size_t m = 0; m < image->n_more; m++)
			add_reference(list, image->more_references[m]);
	}
	return list;
}

const struct model_image *image_absent(
	const struct image_report *report, const char *reference, const struct platform *platform)
{
	for (size_t i = 0; platform && i < report->model.n; i++) {
		const struct image_facts *facts = &report->facts[i];

		if (facts->image->kind == MODEL_ABSENT && image_is_named(facts->image, reference) &&
			facts->has_called && image_fits(platform, &facts->called))
			return facts->image;
	}
	return NULL;
}

void image_done(struct image_report *report)
{
	for (size_t i = 0; report->facts && i < report->model.n; i++) {
		content_done(&report->facts[i].content);
		err_done(&report->facts[i].err);
	}
	free(report->facts);
	model_done(&report->model);
	*report = (struct image_report){ 0 };
}
