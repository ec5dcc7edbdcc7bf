// SPDX-License-Identifier: MIT
/* anyarch inspect: what a file, root file system or image is made of. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/render_inspect.h"
#include "rootfs/survey.h"

enum { OPT_SURVEY = OPT_FIRST, OPT_EXPECT, OPT_ROOT, OPT_JSON };

static const struct option_spec specs[] = {
	{ OPT_SURVEY, "survey", NULL, "count every ELF file by architecture" },
	{ OPT_EXPECT, "expect", "PLATFORM", "exit 3 unless it is made for this platform" },
	{ OPT_ROOT, "root", "DIR", "files are below DIR, as after chroot" },
	{ OPT_JSON, "json", NULL, "print it as JSON" },
	{ 0 },
};

struct context {
	struct platform expected;
	const char *root;
	bool survey, json, expects;
	struct json *list;
};

static int set(void *context, int id, const char *argument, struct err *e)
{
	struct context *c = context;

	switch (id) {
	case OPT_SURVEY:
		c->survey = true;
		return 0;
	case OPT_EXPECT:
		c->expects = true;
		return name_parse(argument, strlen(argument), &c->expected, e);
	case OPT_ROOT:
		c->root = argument;
		return 0;
	default:
		c->json = true;
		return 0;
	}
}

/*
 * Whether what was found can be called what was expected. A file that does not tell its variant fits any,
 * and an older variant runs on a newer platform, as the label promises no more.
 */
static bool is_expected(const struct platform *expected, const struct platform *found)
{
	if (expected->arch != found->arch)
		return false;
	return !*expected->variant || !*found->variant ||
		strcmp(found->variant, expected->variant) <= 0;
}

static int check_expected(const struct context *c, const char *target, bool has_platform,
	const struct platform *found, struct err *e)
{
	auto_buf want = { 0 }, got = { 0 };

	if (!c->expects || (has_platform && is_expected(&c->expected, found)))
		return 0;
	name_platform(&want, c->expected.arch, c->expected.variant);
	if (has_platform)
		name_platform(&got, found->arch, found->variant);
	return err_set(e, -EBADMSG, "%s: it is made for %s, not for %s", target,
		has_platform ? buf_text(&got) : "no platform that is known", buf_text(&want));
}

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
		r = check_expected(c, target, facts.has_platform, &facts.platform, e);
	file_done(&facts);
	return r;
}

/* Names the files of every other architecture than the expected one. */
static int check_mixture(const struct context *c, const char *target, const struct content *content,
	struct err *e)
{
	auto_buf files = { 0 };

	if (!c->expects)
		return 0;
	for (size_t i = 0; i < content->tally.n; i++) {
		const struct tally_kind *kind = &content->tally.kinds[i];

		for (size_t k = 0; kind->arch != c->expected.arch && k < TALLY_EXAMPLES; k++)
			if (kind->examples[k])
				buf_addf(&files, "%s%s", files.len ? ", " : "", kind->examples[k]);
	}
	return files.len ? err_set(e, -EBADMSG, "%s: made for something else: %s", target,
				   buf_text(&files)) : 0;
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
		r = check_expected(c, target, content.has_platform, &content.platform, e);
	if (!r)
		r = check_mixture(c, target, &content, e);
	content_done(&content);
	return r;
}

static int inspect(struct context *c, int root, const char *target, struct err *e)
{
	auto_fd dir = -1;

	if (root >= 0)
		return inspect_file(c, root, target, e);
	dir = open(target, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (dir >= 0)
		return inspect_root(c, dir, target, e);
	return inspect_file(c, -1, target, e);
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
	const struct option_set set_of = { &cmd_inspect, specs, set };
	struct context c = { 0 };
	auto_err e = { 0 };
	int status, first = options_parse(&set_of, argc, argv, &c, &status);

	if (first < 0)
		return status;
	if (first == argc) {
		err_set(&e, -EINVAL, "inspect: what?");
		err_hint(&e, "name files or root file systems");
		return exit_with(&e);
	}
	if (c.json)
		c.list = jv_array();
	status = inspect_all(&c, argc - first, argv + first);
	if (c.json && jv_write(c.list, stdout))
		status = EXIT_TROUBLE;
	if (c.json)
		jv_free(c.list);
	return status;
}

const struct command cmd_inspect = {
	"inspect", "[OPTION...] TARGET...",
	"show what a file or root file system is made of, and for which platform", run,
};
