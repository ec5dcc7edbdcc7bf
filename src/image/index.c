// SPDX-License-Identifier: MIT
/* Combines images into one multi-platform image; each one's platform is determined by its files. */
#include "image/index.h"

#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "image/facts.h"
#include "image/write.h"

struct gathered {
	const struct index_request *request;
	struct image_input inputs[INDEX_INPUTS_MAX]; /* open until the output is written */
	size_t n_inputs;
	struct write_image images[INDEX_IMAGES_MAX]; /* as many as the result has rows */
	struct index_result *result;
};

/* Sets the platform of an index entry. Strings are borrowed from the table of architectures and from facts. */
static int describe(
	const struct index_request *request, const struct image_facts *facts, struct write_image *image, struct err *e)
{
	const struct content *content = &facts->content;
	/* A trusted label takes precedence: it may be more precise than the files. */
	const struct platform *platform = request->trust_label && facts->has_label ? &facts->label : &content->platform;

	if (facts->err.code)
		return err_set(e, facts->err.code, "%s", facts->err.message);
	if (!image_is_linux(facts->image)) {
		write_use_label(image);
		if (request->trust_label && image->architecture)
			return 0;
		err_set(e, -EBADMSG, "the label says %s: only Linux images are judged by their files",
			facts->image->os);
		return err_hint(e, "use the label with --trust-label");
	}
	if (platform != &facts->label && !facts->agrees) {
		err_set(e, -EBADMSG, "label and files disagree");
		return err_hint(
			e, "use the label with --trust-label, or correct it with 'anyarch convert --fix-label'");
	}
	if (platform != &facts->label && !content->has_platform) {
		err_set(e, -EBADMSG, "cannot determine its platform: no program found");
		return err_hint(e, "use the label with --trust-label");
	}
	if (!platform->arch->oci)
		return err_set(e, -EBADMSG, "OCI defines no platform name for %s", platform->arch->qemu);
	image->architecture = platform->arch->oci;
	image->variant = *write_variant(platform) ? platform->variant : "";
	image->is_host = platform->arch == arch_host();
	return 0;
}

static int add_image(
	struct gathered *c, const struct image_input *input, const struct image_facts *facts, struct err *e)
{
	struct write_image image = { .bundle = input->bundle, .image = facts->image, .variant = "" };
	struct index_result *result = c->result;
	auto_free char *platform = NULL;
	int r = describe(c->request, facts, &image, e);

	if (r)
		return r;
	if (result->n == INDEX_IMAGES_MAX)
		return err_set(e, -E2BIG, "more than %d platforms", INDEX_IMAGES_MAX);
	platform = mem_print("%s/%s%s%s", image.os ? image.os : "linux", image.architecture, *image.variant ? "/" : "",
		image.variant);
	for (size_t i = 0; i < result->n; i++)
		if (!strcmp(result->rows[i].platform, platform))
			return strcmp(c->images[i].image->config_digest, facts->image->config_digest)
				       ? err_set(e, -EBADMSG, "%s is also in %s", platform, result->rows[i].from)
				       : 0;
	c->images[result->n] = image;
	result->rows[result->n++] = (struct index_row){ take_ptr(&platform), mem_text(input->name.path) };
	return 0;
}

static int add_input(struct gathered *c, const char *target, struct err *e)
{
	struct image_input *input = &c->inputs[c->n_inputs++];
	bool has_any = false;
	int r = image_input_open(target, input, e);

	if (r)
		return r;
	for (size_t i = 0; !r && i < input->report.model.n; i++) {
		const struct image_facts *facts = &input->report.facts[i];

		if (facts->image->kind != MODEL_IMAGE || !image_is_named(facts->image, input->name.reference))
			continue;
		has_any = true;
		r = add_image(c, input, facts, e);
	}
	if (!r && !has_any)
		r = err_set(e, -ENOENT, "contains no such image");
	return r ? err_prefix(e, "%s", target) : 0;
}

int index_make(const struct index_request *request, struct index_result *ret, struct err *e)
{
	auto_free struct gathered *c = mem_new(1, sizeof(*c));
	struct outlet_request out = { request->to, str_starts(request->to, "oci:"), request->force };
	auto_outlet outlet = OUTLET_INIT;
	char digest[DIGEST_TEXT];
	int r;

	*ret = (struct index_result){ 0 };
	c->request = request;
	c->result = ret;
	if (out.is_layout || str_starts(out.path, "oci-archive:"))
		out.path = strchr(out.path, ':') + 1;
	r = outlet_check(&out, e);
	for (size_t i = 0; !r && i < request->n; i++) {
		r = stop_check(e);
		if (!r)
			r = add_input(c, request->from[i], e);
	}
	if (!r && !request->dry_run) {
		r = outlet_open(&out, &outlet, e);
		if (!r)
			r = oci_write_index(&(struct write_index){ c->images, ret->n, request->tags, request->n_tags,
						    request->annotations, request->n_annotations },
				&outlet, digest, e);
	}
	for (size_t i = 0; i < c->n_inputs; i++)
		image_input_done(&c->inputs[i]);
	return r;
}

void index_result_done(struct index_result *result)
{
	for (size_t i = 0; i < result->n; i++) {
		free(result->rows[i].platform);
		free(result->rows[i].from);
	}
}
