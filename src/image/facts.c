// SPDX-License-Identifier: MIT
/* Facts about the images of a file: for each platform, its label and what its files say. */
#include "image/facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/kind.h"
#include "base/codec.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/model.h"
#include "image/store.h"
#include "image/tar_read.h"

bool image_looks_like(int fd)
{
	uint8_t head[TAR_BLOCK];

	return codec_at(fd, 0) == CODEC_SUPPORTED ||
	       (fd_pread(fd, head, TAR_BLOCK, 0) == TAR_BLOCK && !memcmp(head + TAR_MAGIC, "ustar", 5));
}

/* A file with an unsupported compression counts as an image, so that the error names the compression. */
bool image_is_target(const char *target)
{
	struct image_name name;
	auto_fd fd = -1;
	struct stat st;
	bool is_image;

	image_name_parse(target, &name);
	fd = open(name.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	is_image =
		name.is_image ||
		(fd >= 0 && !fstat(fd, &st) &&
			(S_ISDIR(st.st_mode) ? !faccessat(fd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW)
					     : S_ISREG(st.st_mode) &&
						       (image_looks_like(fd) || codec_at(fd, 0) == CODEC_UNSUPPORTED)));
	free(name.path);
	return is_image;
}

bool image_fits(const struct platform *wanted, const struct platform *found)
{
	if (wanted->arch != found->arch)
		return false;
	return !*wanted->variant || !*found->variant || strcmp(found->variant, wanted->variant) <= 0;
}

void image_label(struct buf *out, const struct model_image *image)
{
	buf_addf(out, "%s/%s%s%s", image->os ? image->os : "?", image->architecture ? image->architecture : "?",
		image->variant ? "/" : "", image->variant ? image->variant : "");
}

bool image_is_linux(const struct model_image *image)
{
	return !image->os || !*image->os || !strcmp(image->os, "linux");
}

/* name_parse() also accepts GOARCH names. */
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

/* Compares index entry with label, and label with files. */
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
	if (!facts->has_label) /* a Linux label with an unknown architecture: cannot match the files */
		return !facts->image->os || !image_is_linux(facts->image) || !facts->image->architecture;
	return image_fits(&facts->label, &content->platform);
}

/* Collects the image's readable layers, bottom to top. */
static int stack_layers(
	const struct store *store, struct image_facts *facts, const struct layer **ret, size_t *ret_n, struct err *e)
{
	const struct model_image *image = facts->image;

	for (size_t i = 0; i < image->n_layers; i++) {
		size_t at = store_find(store, image->layers[i]);
		const struct layer *layer = &store->layers[at];

		if (!store->files[at].is_here || (image->is_opaque && image->is_opaque[i])) {
			facts->is_incomplete = true;
			continue;
		}
		if (image->layer_sizes && image->layer_sizes[i] != store->files[at].size)
			return err_set(e, -EBADMSG, "%s has %llu bytes instead of %llu", image->layers[i],
				(unsigned long long)store->files[at].size, (unsigned long long)image->layer_sizes[i]);
		if (layer->has_failed)
			return err_set(e, layer->err.code, "%s: %s", image->layers[i], layer->err.message);
		ret[(*ret_n)++] = layer;
	}
	return 0;
}

char *image_find_program(const struct view *view, const struct model_image *image, const char *name)
{
	const char *search = strchr(name, '/') ? image->directory ? image->directory : "/" : image->search;
	char resolved[VIEW_PATH_MAX];
	struct view_hit hit;

	if (*name == '/')
		return mem_text(name);
	for (const char *dir = search; dir && *dir; dir += strspn(dir, ":")) {
		char *path = mem_print("%.*s/%s", (int)strcspn(dir, ":"), dir, name);

		if (!view_resolve(view, path, &hit, resolved) && hit.entry->kind == LAYER_FILE)
			return path;
		free(path);
		dir += strcspn(dir, ":");
	}
	return NULL;
}

static int look_at_image(struct store *store, struct image_facts *facts, const struct image_visit *visit,
	uint64_t *work, int *ret_answer)
{
	auto_free const struct layer **layers = mem_new(facts->image->n_layers + 1, sizeof(struct layer *));
	struct view view = { .layers = layers };
	struct err *e = &facts->err;
	int r = stack_layers(store, facts, layers, &view.n, e);

	if (!r) {
		/* Look into programs not recognized by name: targets of shells' links, and what the image starts. */
		r = 0;
		for (size_t i = 0; i < MODEL_STARTS; i++)
			if (facts->image->starts[i])
				view.starts[i] = image_find_program(&view, facts->image, facts->image->starts[i]);
		for (const char *const *p = content_key_files; !r && *p; p++)
			r = store_look(store, &view, *p, e);
		for (size_t i = 0; !r && i < MODEL_STARTS; i++)
			if (view.starts[i])
				r = store_look(store, &view, view.starts[i], e);
	}
	if (!r) {
		r = view_content(&view, work, &facts->content);
		if (r)
			err_set(e, r, "too many files and layers");
	}
	if (!r) {
		facts->agrees = do_agree(facts);
		if (visit && visit->each)
			*ret_answer = visit->each(facts, &view, visit->context);
	}
	for (size_t i = 0; i < MODEL_STARTS; i++)
		free(view.starts[i]);
	return r;
}

int image_look_each(
	const struct bundle *bundle, const struct image_visit *visit, struct image_report *ret, struct err *e)
{
	struct model *model = &ret->model;
	struct store store = { .bundle = bundle };
	uint64_t work = 0;
	int r;

	*ret = (struct image_report){ 0 };
	r = model_read(bundle, model, e);
	if (r)
		return r;
	store.are_blobs = model->format != MODEL_DOCKER_ARCHIVE;
	ret->bundle = bundle;
	ret->facts = mem_new(model->n + 1, sizeof(*ret->facts));
	for (size_t i = 0; i < model->n; i++) {
		const struct model_image *image = &model->images[i];

		for (size_t k = 0; k < image->n_layers; k++)
			store_add(&store, image->layers[k]);
		for (size_t k = 0; k < MODEL_STARTS; k++)
			if (image->starts[k])
				mem_push_text(&store.programs, &store.n_programs, str_basename(image->starts[k]));
	}
	r = store_read(&store, e);
	for (size_t i = 0; i < model->n; i++) {
		struct image_facts *facts = &ret->facts[i];

		facts->image = &model->images[i];
		read_label(facts);
		if (!r && facts->image->kind == MODEL_IMAGE)
			look_at_image(&store, facts, visit, &work, &r);
	}
	store_done(&store);
	ret->bundle = NULL;
	return r;
}

int image_look(int fd, const struct image_visit *visit, struct image_report *ret, struct err *e)
{
	struct bundle *bundle = bundle_open(fd, e);
	int r;

	*ret = (struct image_report){ 0 };
	if (!bundle)
		return e ? e->code : -EBADMSG;
	r = image_look_each(bundle, visit, ret, e);
	bundle_free(bundle);
	return r;
}

int image_input_open(const char *target, struct image_input *ret, struct err *e)
{
	const struct kind *kind;
	int fd, r = 0;

	image_name_parse(target, &ret->name);
	fd = strcmp(ret->name.path, "-") ? open(ret->name.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
					 : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return image_name_refuse(target, -errno, e);
	/* What people have instead of an image, where a command makes one of it, or something else that is known. */
	kind = ret->name.is_image ? NULL : kind_of(fd);
	if (kind && image_name_is_dir(fd)) {
		r = image_name_refuse_dir(target, e);
	} else if (kind && kind->hint && !image_looks_like(fd) && codec_at(fd, 0) != CODEC_UNSUPPORTED) {
		err_set(e, -EBADMSG, "%s: not an image: %s", target, kind->what);
		r = kind_hint(kind, target, e);
	}
	if (r) {
		close(fd);
		return r;
	}
	ret->bundle = bundle_open(fd, e);
	r = ret->bundle ? image_look_each(ret->bundle, NULL, &ret->report, e) : -EBADMSG;
	return r ? err_prefix(e, "%s", ret->name.path) : 0;
}

void image_input_done(struct image_input *input)
{
	image_done(&input->report);
	bundle_free(input->bundle);
	free(input->name.path);
	*input = (struct image_input){ 0 };
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Compares index entry and layers, too, because they are part of an image's report. */
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
