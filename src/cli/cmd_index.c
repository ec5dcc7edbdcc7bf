// SPDX-License-Identifier: MIT
/* anyarch index: one image for several platforms, which are what the files of each say. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/cli.h"
#include "image/facts.h"
#include "image/image_name.h"
#include "image/index.h"
#include "image/outlet.h"

enum { OPT_TAG = OPT_FIRST, OPT_ANNOTATE, OPT_TRUST_LABEL };
enum { TAGS_MAX = 64, INPUTS_MAX = 64, IMAGES_MAX = 64 };

static const struct option_spec specs[] = {
	{ OPT_TAG, "tag", "NAME", "what it is called; all names are one digest (repeatable)" },
	{ OPT_ANNOTATE, "annotate", "KEY=VALUE", "an annotation of the index (repeatable)" },
	{ OPT_TRUST_LABEL, "trust-label", NULL, "where label and files disagree, the label counts" },
	{ 0 },
};

/* One image that was named, open until all is written. */
struct input {
	struct image_name name;
	struct bundle *bundle;
	struct image_report report;
};

struct context {
	const char *tags[TAGS_MAX], *annotations[TAGS_MAX];
	size_t n_tags, n_annotations;
	bool trust_label;
	struct input inputs[INPUTS_MAX];
	size_t n_inputs;
	struct index_image images[IMAGES_MAX];
	const char *from[IMAGES_MAX]; /* which file each is of */
	size_t n;
};

/* image-spec: what ref.name may consist of; whole names have a colon and slashes. */
static bool is_name(const char *text)
{
	return *text && strchr(text, ':') != text && text[strlen(text) - 1] != ':' &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@+")];
}

static int set(void *context, int id, const char *argument, struct err *e)
{
	struct context *c = context;

	switch (id) {
	case OPT_TAG:
		if (c->n_tags == TAGS_MAX || !is_name(argument))
			return err_set(e, -EINVAL, "--tag wants NAME:TAG or TAG, not '%s'", argument);
		c->tags[c->n_tags++] = argument;
		return 0;
	case OPT_ANNOTATE:
		if (c->n_annotations == TAGS_MAX || !strchr(argument, '=') || *argument == '=')
			return err_set(e, -EINVAL, "--annotate wants KEY=VALUE, not '%s'", argument);
		c->annotations[c->n_annotations++] = argument;
		return 0;
	default:
		c->trust_label = true;
		return 0;
	}
}

/* Borrowed from the facts; NULL with e set. */
static const struct platform *find_platform(const struct context *c, const struct image_facts *facts, struct err *e)
{
	const struct content *content = &facts->content;

	if (facts->err.code) {
		err_set(e, facts->err.code, "%s", facts->err.message);
		return NULL;
	}
	if (c->trust_label && facts->has_label)
		return &facts->label;
	if (!facts->agrees) {
		err_set(e, -EBADMSG, "its label and its files disagree");
		err_hint(e, "--trust-label takes the label; 'anyarch convert --fix-label' makes it true");
		return NULL;
	}
	if (!content->has_platform) {
		err_set(e, -EBADMSG, "no program in it tells its platform");
		err_hint(e, "--trust-label takes what it says itself");
		return NULL;
	}
	/* A label that agrees may be more precise: an older variant than what the files need is none. */
	return &content->platform;
}

static int add_image(struct context *c, const struct input *input, const struct image_facts *facts, struct err *e)
{
	struct index_image *image = &c->images[c->n];
	const struct platform *platform = find_platform(c, facts, e);

	if (!platform)
		return e->code;
	if (!platform->arch->oci)
		return err_set(e, -EBADMSG, "containers have no word for %s", platform->arch->qemu);
	if (c->n == IMAGES_MAX)
		return err_set(e, -E2BIG, "more than %d platforms", IMAGES_MAX);
	/* Kept by address: the words of the table, and what lives with the facts. */
	*image = (struct index_image){ input->bundle, facts->image, platform->arch->oci,
		*index_variant(platform) ? platform->variant : "", platform->arch == arch_host() };
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

static int add_input(struct context *c, const char *target, struct err *e)
{
	struct input *input = &c->inputs[c->n_inputs++];
	bool has_any = false;
	struct stat st;
	int fd, r = image_name_parse(target, &input->name, e);

	if (r)
		return r;
	fd = open(input->name.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, -errno, "%s", target);
	input->bundle = bundle_open(fd, image_tmpdir(), e);
	if (!input->bundle)
		return err_prefix(e, "%s", target);
	r = image_look_each(
		input->bundle, S_ISDIR(st.st_mode), &(struct image_visit){ .cache = -1 }, &input->report, e);
	for (size_t i = 0; !r && i < input->report.model.n; i++) {
		const struct image_facts *facts = &input->report.facts[i];

		if (facts->image->kind != MODEL_IMAGE || !image_is_named(facts->image, input->name.reference))
			continue;
		has_any = true;
		r = add_image(c, input, facts, e);
	}
	if (!r && !has_any)
		r = err_set(e, -ENOENT, "there is no such image in it");
	return r ? err_prefix(e, "%s", target) : 0;
}

static int write_index(struct outlet *outlet, void *context, struct err *e)
{
	char digest[DIGEST_TEXT];

	return index_write(context, outlet, digest, e);
}

static int write_out(const struct context *c, const char *out, struct err *e)
{
	struct index_request request = { c->images, c->n, c->tags, c->n_tags, c->annotations, c->n_annotations };

	if (str_starts(out, "oci:"))
		return image_out_layout(out + strlen("oci:"), write_index, &request, e);
	return image_out_archive(
		str_starts(out, "oci-archive:") ? out + strlen("oci-archive:") : out, write_index, &request, e);
}

static void tell(const struct context *c)
{
	for (size_t i = 0; i < c->n; i++) {
		auto_buf safe = { 0 };

		str_escape(&safe, c->from[i], strlen(c->from[i]));
		printf("linux/%s%s%s: %s\n", c->images[i].architecture, *c->images[i].variant ? "/" : "",
			c->images[i].variant, buf_text(&safe));
	}
}

static void context_free(struct context *c)
{
	for (size_t i = 0; i < c->n_inputs; i++) {
		image_done(&c->inputs[i].report);
		bundle_free(c->inputs[i].bundle);
		free(c->inputs[i].name.path);
	}
	free(c);
}

static int make(struct context *c, int n, char **words, struct err *e)
{
	int r = 0;

	if (n < 2 || n - 1 > INPUTS_MAX || !*str_basename(words[0]) || !strcmp(words[0], "-") ||
		str_starts(words[0], "docker-archive:"))
		return err_set(e, -EINVAL, "index: to which file, and which images?");
	for (int i = 1; !r && i < n; i++) {
		r = stop_check(e);
		if (!r)
			r = add_input(c, words[i], e);
	}
	if (!r)
		r = write_out(c, words[0], e);
	if (!r)
		tell(c);
	return r;
}

static int run(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_index, set };
	struct context *c = mem_new(1, sizeof(*c));
	auto_err e = { 0 };
	int status = EXIT_DONE, first;

	if (!c)
		return EXIT_TROUBLE;
	first = options_parse(&set_of, argc, argv, c, &status);
	stop_catch();
	if (first >= 0)
		status = make(c, argc - first, argv + first, &e) ? exit_with(&e) : EXIT_DONE;
	context_free(c);
	return status;
}

const struct command cmd_index = {
	"index",
	"[OPTION...] OUT IMAGE...",
	"make one image for several platforms",
	run,
	specs,
};
