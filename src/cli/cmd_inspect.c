// SPDX-License-Identifier: MIT
/* anyarch inspect: what a file, root file system or image is made of. */
#include <fcntl.h>
#include <string.h>

#include "cli/options.h"
#include "cli/render_inspect.h"
#include "image/tmpfile.h"
#include "report/expect.h"
#include "report/target.h"
#include "rootfs/survey.h"

struct context {
	const struct platform *expected; /* NULL: anything */
	struct platform platform;
	const char *root;
	bool survey, json, expects;
	struct json *list;
};

static const struct option_spec specs[] = {
	{ 0, "survey", NULL, "count every ELF file by architecture", SWITCH(struct context, survey) },
	{ 0, "expect", "PLATFORM", "exit with 3 unless TARGET is made for PLATFORM",
		PLATFORM(struct context, platform, expects) },
	{ 0, "root", "DIR", "resolve files below DIR, as after chroot", TEXT(struct context, root) },
	{ OPTION_JSON(struct context, json) },
	{ 0 },
};

static void show(struct context *c, struct json *one)
{
	if (c->json)
		jv_push(c->list, one);
	else
		jv_free(one);
}

static int inspect_file(struct context *c, int root, const char *target, struct err *e)
{
	struct file_facts facts;
	int r = file_look(root, target, &facts, e);

	if (!r && !c->json)
		render_file(target, &facts);
	if (!r && c->json)
		show(c, json_file(target, &facts));
	if (!r)
		r = expect_platform(c->expected, target, facts.has_platform ? &facts.platform : NULL, NULL, e);
	file_done(&facts);
	return r;
}

static int inspect_root(struct context *c, int root, const char *target, struct err *e)
{
	struct content content;
	unsigned long skipped;
	int r = survey_root(root, c->survey, &content, &skipped, e);

	if (!r && !c->json)
		render_content(target, "root:", &content, skipped, c->survey);
	if (!r && c->json)
		show(c, json_content(target, "rootfs", &content, skipped));
	if (!r)
		r = expect_platform(
			c->expected, target, content.has_platform ? &content.platform : NULL, &content.tally, e);
	content_done(&content);
	return r;
}

static int show_image(struct context *c, const char *target, const struct image_name *name, struct image_report *report,
	struct err *e)
{
	size_t shown = 0;

	for (size_t i = 0; i < report->model.n; i++) {
		struct json *names;
		struct image_facts *facts = &report->facts[i];

		if (!image_is_named(facts->image, name->reference) || expect_is_repeated(report, name->reference, i))
			continue;
		shown++;
		names = image_names(report, i);
		if (c->json) {
			jv_push(c->list, json_image(target, model_format_words[report->model.format], facts, names));
			continue;
		}
		render_image(facts, names, c->survey);
		jv_free(names);
	}
	if (!shown && name->reference)
		return err_set(e, -ENOENT, "%s: contains no image of that name", target);
	return expect_images(c->expected, target, name->reference, report, e);
}

static int inspect_image(struct context *c, const char *target, const struct image_name *name, int fd, struct err *e)
{
	struct image_report report;
	int r = image_look(fd, image_tmpdir(), &report, e);

	if (r) {
		err_prefix(e, "%s", target);
	} else {
		if (!c->json)
			render_fact(model_format_words[report.model.format], target);
		r = show_image(c, target, name, &report, e);
	}
	image_done(&report);
	return r;
}

static int inspect(struct context *c, int root, const char *text, struct err *e)
{
	struct target target;
	int r;

	if (root >= 0)
		return inspect_file(c, root, text, e);
	r = target_open(text, &target, e);
	if (!r)
		r = target.kind == TARGET_IMAGE	 ? inspect_image(c, text, &target.name, take_fd(&target.fd), e)
		    : target.kind == TARGET_ROOT ? inspect_root(c, target.fd, text, e)
						 : inspect_file(c, -1, text, e);
	target_done(&target);
	return r;
}

static int inspect_all(struct context *c, int n, char **targets)
{
	auto_fd root = -1;
	int status = EXIT_DONE;
	auto_err e = { 0 };

	if (c->root) {
		root = open(c->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (root < 0) {
			err_sys(&e, -errno, "%s", c->root);
			return exit_with(&e);
		}
	}
	for (int i = 0; i < n; i++) {
		if (i && !c->json)
			puts("");
		if (inspect(c, root, targets[i], &e)) {
			int one;

			fflush(stdout);
			one = exit_with(&e);
			status = status ? status : one;
		}
	}
	return status;
}

static int run(int argc, char **argv)
{
	struct context c = { 0 };
	int status, first = options_parse(&cmd_inspect, argc, argv, &c, &status);

	if (first < 0)
		return status;
	c.expected = c.expects ? &c.platform : NULL;
	if (c.json)
		c.list = jv_array();
	status = inspect_all(&c, argc - first, argv + first);
	return c.json && print_json(c.list) ? EXIT_TROUBLE : status;
}

const struct command cmd_inspect = {
	"inspect",
	"[OPTION...] TARGET...",
	"show the architecture and platform of files, root file systems and images",
	run,
	specs,
	.least_words = 1,
	.examples = "  anyarch inspect ./hello-arm\n"
		    "  anyarch inspect --expect linux/arm/v7 image.tar\n"
		    "  docker save me/app | anyarch inspect -\n",
};
