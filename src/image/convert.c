// SPDX-License-Identifier: MIT
/* Converts images between formats: selects them, checks their labels, and writes them. */
#include "image/convert.h"

#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/facts.h"
#include "image/reference.h"
#include "image/write.h"

/* State of convert(). */
struct work {
	const struct convert_request *c;
	struct image_input from;
	struct image_name to;
	enum model_format format; /* of the output: OCI layout, OCI archive or docker-archive */
	struct outlet_request out;
	struct write_image images[MODEL_IMAGES_MAX]; /* chosen for the output */
	const char *tags[MODEL_IMAGES_MAX][CONVERT_TAGS_MAX];
	size_t n;
};

static bool is_called(const struct work *w, const struct image_facts *facts)
{
	return facts->image->kind == MODEL_IMAGE && image_is_named(facts->image, w->from.name.reference);
}

/* The error if no image fits. An image that could not be read might fit: its error takes precedence. */
static int refuse_none(const struct work *w, struct err *e)
{
	const struct image_name *name = &w->from.name;
	const struct image_report *report = &w->from.report;

	for (size_t i = 0; i < report->model.n; i++)
		if (is_called(w, &report->facts[i]) && report->facts[i].err.code)
			return err_set(e, report->facts[i].err.code, "%s", report->facts[i].err.message);
	if (image_absent(report, name->reference, w->c->platform))
		return err_set(e, -ENOENT,
			"%s: the image for this platform is not in the file: the index lists it, but it was not pulled",
			name->path);
	err_set(e, -ENOENT, "%s: contains no such image", name->path);
	return err_hint(e, "anyarch inspect %s", name->path);
}

/* Selects the requested image; an exact match of the variant is preferred to an older variant. NULL with e set. */
static const struct image_facts *choose(const struct work *w, struct err *e)
{
	const struct platform *platform = w->c->platform;
	const struct image_report *report = &w->from.report;
	const struct image_facts *chosen = NULL;
	size_t fitting = 0, exact = 0;

	for (size_t i = 0; i < report->model.n; i++) {
		const struct image_facts *facts = &report->facts[i];
		bool is_exact = platform && facts->content.has_platform &&
				!strcmp(facts->content.platform.variant, platform->variant);
		bool fits = !platform || (image_is_linux(facts->image) && facts->content.has_platform &&
						 image_fits(platform, &facts->content.platform));

		if (!is_called(w, facts) || !fits ||
			(chosen && chosen->image->config_digest && facts->image->config_digest &&
				!strcmp(chosen->image->config_digest, facts->image->config_digest)))
			continue;
		fitting++;
		exact += is_exact;
		if (fitting == 1 || (is_exact && exact == 1))
			chosen = facts;
	}
	if (!fitting)
		refuse_none(w, e);
	if (fitting > 1 && exact != 1) {
		err_set(e, -EINVAL, "%s: contains several images", w->from.name.path);
		err_hint(e, "choose: --platform PLATFORM, or PREFIX:FILE:REFERENCE");
		return NULL;
	}
	return chosen;
}

/* Refuses a label that disagrees with the files, unless it is to be corrected. */
static int check_label(const struct convert_request *c, const struct image_facts *facts, struct err *e)
{
	if (facts->err.code)
		return err_set(e, facts->err.code, "%s", facts->err.message);
	if (c->fix_label && !image_is_linux(facts->image))
		return err_set(e, -EBADMSG, "the label says %s: --fix-label corrects labels of Linux images only",
			facts->image->os);
	if (c->fix_label && facts->content.has_platform)
		return facts->content.platform.arch->oci ? 0
							 : err_set(e, -EBADMSG, "OCI defines no name for its platform");
	if (facts->agrees)
		return 0;
	err_set(e, -EBADMSG, "label and files disagree");
	return err_hint(e, "correct the label with --fix-label; 'anyarch inspect' shows both");
}

static int add_image(struct work *w, const struct image_facts *facts, struct err *e)
{
	const struct model_image *image = facts->image;
	struct write_image *one = &w->images[w->n];
	const struct platform *platform = &facts->label;
	const char **tags = w->tags[w->n];
	bool is_docker = w->format == MODEL_DOCKER_ARCHIVE;
	int r = check_label(w->c, facts, e);

	if (r)
		return r;
	*one = (struct write_image){ .bundle = w->from.bundle, .image = image, .tags = tags };
	one->relabels = w->c->fix_label && facts->content.has_platform;
	if (one->relabels)
		platform = &facts->content.platform;
	if (!image_is_linux(image)) {
		write_use_label(one);
	} else if (one->relabels || (facts->has_label && facts->label.arch->oci)) {
		one->architecture = platform->arch->oci;
		one->variant = platform->variant;
	}
	w->n++;
	/* The requested names, else the image's own, which docker load must accept in an archive for it. */
	if (w->to.reference)
		tags[one->n_tags++] = w->to.reference;
	for (size_t i = 0; i < w->c->n_tags && one->n_tags < CONVERT_TAGS_MAX; i++)
		tags[one->n_tags++] = w->c->tags[i];
	if (one->n_tags)
		return 0;
	if (image->reference && (!is_docker || reference_is_loadable(image->reference)))
		tags[one->n_tags++] = image->reference;
	for (size_t i = 0; !is_docker && i < image->n_more && one->n_tags < CONVERT_TAGS_MAX; i++)
		tags[one->n_tags++] = image->more_references[i];
	return 0;
}

/* Chooses all images for an OCI output if nothing selects or names one. */
static int choose_images(struct work *w, struct err *e)
{
	int r = 0;

	if (w->format == MODEL_DOCKER_ARCHIVE || w->c->platform || w->from.name.reference || w->c->n_tags ||
		w->to.reference) {
		const struct image_facts *facts = choose(w, e);

		return facts ? add_image(w, facts, e) : e->code;
	}
	for (size_t i = 0; !r && i < w->from.report.model.n; i++)
		if (w->from.report.facts[i].image->kind == MODEL_IMAGE)
			r = add_image(w, &w->from.report.facts[i], e);
	return r || w->n ? r : err_set(e, -ENOENT, "contains no image");
}

/* A copy of what index.json leads to would leave out an image that only manifest.json lists. */
static int check_halves(const struct model *model, struct err *e)
{
	for (size_t i = 0; i < model->n; i++) {
		const struct model_image *image = &model->images[i];

		if (!image->is_second_half)
			continue;
		err_set(e, -EBADMSG, "index.json does not list the image %s of manifest.json",
			image->reference ? image->reference : image->config_digest);
		return err_hint(e, "choose one image, by its name or with --platform");
	}
	return 0;
}

/*
 * If there is nothing to select or change, copies everything, a single index also under new names; else writes the
 * selected images without their attestations and signatures.
 */
static int write_output(struct work *w, struct err *e)
{
	struct write_names names = { w->c->tags, w->c->n_tags };
	const struct model *model = &w->from.report.model;
	bool is_whole = w->format != MODEL_DOCKER_ARCHIVE && model->format != MODEL_DOCKER_ARCHIVE &&
			!w->from.name.reference && !w->c->platform && !w->c->fix_label &&
			!(w->to.reference && w->c->n_tags);
	auto_outlet outlet = OUTLET_INIT;
	int r;

	if (w->to.reference)
		names = (struct write_names){ &w->to.reference, 1 };
	/* With a name, index.json must have a single entry, an index, above all images. */
	is_whole = is_whole && (!names.n || model->n > 1);
	for (size_t i = 1; names.n && i < model->n; i++)
		is_whole = is_whole && model->images[i].top == model->images[0].top;
	r = is_whole ? check_halves(model, e) : choose_images(w, e);
	if (r || w->c->dry_run)
		return r;
	r = outlet_open(&w->out, &outlet, e);
	if (r)
		return r;
	if (w->format == MODEL_DOCKER_ARCHIVE)
		return docker_write(&w->images[0], &outlet, e);
	return is_whole ? oci_copy(w->from.bundle, model, &names, &outlet, e)
			: oci_write_images(w->images, w->n, &outlet, e);
}

int convert(const struct convert_request *request, struct err *e)
{
	auto_free struct work *w = mem_new(1, sizeof(*w));
	const char *to = request->to;
	int r = 0;

	w->c = request;
	/* Takes skopeo's transports; a plain file name is an archive for docker load. */
	image_name_parse(to, &w->to);
	w->format = str_starts(to, "oci:")	     ? MODEL_OCI_LAYOUT
		    : str_starts(to, "oci-archive:") ? MODEL_OCI_ARCHIVE
						     : MODEL_DOCKER_ARCHIVE;
	w->out = (struct outlet_request){ w->to.path, w->format == MODEL_OCI_LAYOUT, request->force };
	if (!strcmp(w->to.path, "-"))
		r = err_set(e, -EINVAL, "convert: cannot write to standard output");
	else if (!*str_basename(w->to.path) && (w->format != MODEL_OCI_LAYOUT || !*w->to.path))
		r = err_set(e, -EINVAL, "'%s' is not a file name", to);
	else if (w->to.reference && w->format == MODEL_DOCKER_ARCHIVE)
		r = err_set(e, -EINVAL, "'%s': name the image with --tag NAME:TAG", to);
	r = r ? r : outlet_check(&w->out, e);
	r = r ? r : image_input_open(request->from, &w->from, e);
	if (!r) {
		r = write_output(w, e);
		if (r && !str_starts(e->message, w->from.name.path))
			err_prefix(e, "%s", w->from.name.path);
	}
	image_input_done(&w->from);
	free(w->to.path);
	return r;
}
