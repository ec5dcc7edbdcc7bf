// SPDX-License-Identifier: MIT
/* Makes one image for several platforms out of several images, each for the platform that its files tell. */
#include "image/index.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "image/facts.h"
#include "image/image_name.h"
#include "image/oci_write.h"

/* One image that was named, open until all is written. */
struct input {
	struct image_name name;
	struct bundle *bundle;
	struct image_report report;
};

struct gathered {
	const struct index_request *request;
	struct input inputs[INDEX_INPUTS_MAX];
	size_t n_inputs;
	struct oci_image images[INDEX_IMAGES_MAX];
	const char *from[INDEX_IMAGES_MAX]; /* which file each is of */
	size_t n;
};

/* Borrowed from the facts; NULL with e set. */
static const struct platform *find_platform(
	const struct index_request *request, const struct image_facts *facts, struct err *e)
{
	const struct content *content = &facts->content;

	if (facts->err.code) {
		err_set(e, facts->err.code, "%s", facts->err.message);
		return NULL;
	}
	if (request->trust_label && facts->has_label)
		return &facts->label;
	if (!facts->agrees) {
		err_set(e, -EBADMSG, "label and files disagree");
		err_hint(e, "use the label with --trust-label, or correct it with 'anyarch convert --fix-label'");
		return NULL;
	}
	if (!content->has_platform) {
		err_set(e, -EBADMSG, "no program in it tells its platform");
		err_hint(e, "use the label with --trust-label");
		return NULL;
	}
	/* A label that agrees may be more precise: an older variant than what the files need is none. */
	return &content->platform;
}

static int add_image(struct gathered *c, const struct input *input, const struct image_facts *facts, struct err *e)
{
	struct oci_image *image = &c->images[c->n];
	const struct platform *platform = find_platform(c->request, facts, e);

	if (!platform)
		return e->code;
	if (!platform->arch->oci)
		return err_set(e, -EBADMSG, "OCI defines no platform name for %s", platform->arch->qemu);
	if (c->n == INDEX_IMAGES_MAX)
		return err_set(e, -E2BIG, "more than %d platforms", INDEX_IMAGES_MAX);
	/* Kept by address: the words of the table, and what lives with the facts. */
	*image = (struct oci_image){ .bundle = input->bundle,
		.image = facts->image,
		.architecture = platform->arch->oci,
		.variant = *oci_variant(platform) ? platform->variant : "",
		.is_host = platform->arch == arch_host() };
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->images[i].architecture, image->architecture) &&
			!strcmp(c->images[i].variant, image->variant))
			return strcmp(c->images[i].image->config_digest, facts->image->config_digest)
				       ? err_set(e, -EBADMSG, "linux/%s%s%s is in %s, too", image->architecture,
						 *image->variant ? "/" : "", image->variant, c->from[i])
				       : 0;
	c->from[c->n++] = input->name.path;
	return 0;
}

static int add_input(struct gathered *c, const char *target, struct err *e)
{
	struct input *input = &c->inputs[c->n_inputs++];
	bool has_any = false;
	struct stat st;
	int fd, r;

	image_name_parse(target, &input->name);
	fd = open(input->name.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, -errno, "%s", target);
	input->bundle = bundle_open(fd, c->request->tmpdir, e);
	if (!input->bundle)
		return err_prefix(e, "%s", target);
	r = image_look_each(input->bundle, S_ISDIR(st.st_mode), &(struct image_visit){ 0 }, &input->report, e);
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

static int write_index(struct outlet *outlet, void *context, struct err *e)
{
	char digest[DIGEST_TEXT];

	return oci_write_index(context, outlet, digest, e);
}

static const char *archive_of(const char *out)
{
	return str_starts(out, "oci-archive:") ? out + strlen("oci-archive:") : out;
}

static int write_out(const struct gathered *c, struct err *e)
{
	const char *out = c->request->to;
	struct oci_index request = { c->images, c->n, c->request->tags, c->request->n_tags, c->request->annotations,
		c->request->n_annotations };

	if (str_starts(out, "oci:"))
		return image_out_layout(out + strlen("oci:"), write_index, &request, e);
	return image_out_archive(archive_of(out), c->request->force, write_index, &request, e);
}

static int make(struct gathered *c, struct err *e)
{
	const char *out = c->request->to;
	int r = str_starts(out, "oci:") ? image_out_layout_check(out + strlen("oci:"), e)
					: image_out_check(archive_of(out), c->request->force, e);

	for (size_t i = 0; !r && i < c->request->n; i++) {
		r = stop_check(e);
		if (!r)
			r = add_input(c, c->request->from[i], e);
	}
	return r || c->request->dry_run ? r : write_out(c, e);
}

static void list(const struct gathered *c, struct index_result *ret)
{
	for (size_t i = 0; i < c->n; i++) {
		struct index_row *row = &ret->rows[ret->n++];

		row->architecture = c->images[i].architecture;
		snprintf(row->variant, sizeof(row->variant), "%s", c->images[i].variant);
		row->from = mem_text(c->from[i]);
	}
}

int index_make(const struct index_request *request, struct index_result *ret, struct err *e)
{
	auto_free struct gathered *c = mem_new(1, sizeof(*c));
	int r;

	*ret = (struct index_result){ 0 };
	c->request = request;
	r = make(c, e);
	if (!r)
		list(c, ret);
	for (size_t i = 0; i < c->n_inputs; i++) {
		image_done(&c->inputs[i].report);
		bundle_free(c->inputs[i].bundle);
		free(c->inputs[i].name.path);
	}
	return r;
}

void index_result_done(struct index_result *result)
{
	for (size_t i = 0; i < result->n; i++)
		free(result->rows[i].from);
}
