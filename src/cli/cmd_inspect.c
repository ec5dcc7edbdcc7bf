// SPDX-License-Identifier: MIT
/* anyarch inspect: what a file, root file system or image is made of. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/str.h"
#include "cli/render_inspect.h"
#include "image/image_name.h"
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

/* Appends examples of files that are for another architecture. */
static void list_others(const struct context *c, const struct tally *tally, struct buf *out)
{
	for (size_t i = 0; tally && i < tally->n; i++)
		for (size_t k = 0; tally->kinds[i].arch != c->expected.arch && k < TALLY_EXAMPLES; k++)
			if (tally->kinds[i].examples[k])
				buf_addf(out, "%s%s", out->len ? ", " : "", tally->kinds[i].examples[k]);
}

/* tally (may be NULL): what else lies there. */
static int check_expected(const struct context *c, const char *target, const struct platform *found,
	const struct tally *tally, struct err *e)
{
	auto_buf want = { 0 }, got = { 0 }, files = { 0 };

	if (!c->expects)
		return 0;
	list_others(c, tally, &files);
	name_platform(&want, c->expected.arch, c->expected.variant);
	if (found)
		name_platform(&got, found->arch, found->variant);
	if (!found || !image_fits(&c->expected, found))
		return err_set(e, -EBADMSG, "%s: it is made for %s, not for %s%s%s", target,
			found ? buf_text(&got) : "no platform that is known", buf_text(&want), files.len ? ": " : "",
			buf_text(&files));
	return files.len ? err_set(e, -EBADMSG, "%s: made for something else: %s", target, buf_text(&files)) : 0;
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
		r = check_expected(c, target, facts.has_platform ? &facts.platform : NULL, NULL, e);
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
		r = check_expected(c, target, content.has_platform ? &content.platform : NULL, &content.tally, e);
	content_done(&content);
	return r;
}

static void label_text(struct buf *out, const struct model_image *image)
{
	buf_addf(out, "%s/%s%s%s", image->os ? image->os : "?", image->architecture ? image->architecture : "?",
		image->variant ? "/" : "", image->variant ? image->variant : "");
}

/* The label is what an engine goes by, so it has to be true, and the files have to be what it says. */
static int check_image(const struct context *c, const char *target, const struct image_facts *facts, struct err *e)
{
	const struct content *content = &facts->content;
	auto_buf label = { 0 }, files = { 0 };

	if (facts->err.code)
		return err_set(e, facts->err.code, "%s: %s", target, facts->err.message);
	if (!c->expects)
		return 0;
	if (facts->is_incomplete)
		return err_set(e, -EBADMSG, "%s: a layer is not in the file: nothing can be promised", target);
	label_text(&label, facts->image);
	if (!facts->has_label || !image_fits(&c->expected, &facts->label)) {
		list_others(c, &content->tally, &files);
		return err_set(e, -EBADMSG, "%s: its label says %s%s%s%s", target, buf_text(&label),
			facts->has_label ? "" : ", which is no platform",
			files.len ? "; made for something else: " : "", buf_text(&files));
	}
	return check_expected(c, target, content->has_platform ? &content->platform : NULL, &content->tally, e);
}

/* How well an image is called what is expected: 2 exactly, 1 an older variant, 0 something else. */
static int rank(const struct context *c, const struct image_facts *facts)
{
	if (facts->image->kind != MODEL_IMAGE || !facts->has_called || !image_fits(&c->expected, &facts->called))
		return 0;
	return strcmp(facts->called.variant, c->expected.variant) && *c->expected.variant ? 1 : 2;
}

/* Whether it was shown already, with this name among its others. */
static bool is_repeated(const struct image_name *name, const struct image_report *report, size_t i)
{
	for (size_t k = image_first(report, i); k < i; k++)
		if (image_first(report, k) == image_first(report, i) &&
			image_is_named(&report->model.images[k], name->reference))
			return true;
	return false;
}

/* The images that an engine would choose for what is expected; all of those that are named otherwise. */
static int check_images(const struct context *c, const char *target, const struct image_name *name,
	const struct image_report *report, struct err *e)
{
	size_t runnable = 0, concerned = 0;
	auto_buf list = { 0 }, want = { 0 };
	int best = 0, r = 0;

	for (size_t i = 0; i < report->model.n; i++) {
		const struct image_facts *facts = &report->facts[i];

		if (!image_is_named(facts->image, name->reference) || facts->image->kind != MODEL_IMAGE ||
			is_repeated(name, report, i))
			continue;
		runnable++;
		if (list.len)
			buf_adds(&list, ", ");
		label_text(&list, facts->image);
		if (rank(c, facts) > best)
			best = rank(c, facts);
	}
	for (size_t i = 0; !r && i < report->model.n; i++) {
		const struct image_facts *facts = &report->facts[i];

		if (!image_is_named(facts->image, name->reference) || facts->image->kind != MODEL_IMAGE ||
			(c->expects && runnable > 1 && !facts->image->is_second_half && !facts->err.code &&
				(!best || rank(c, facts) != best)))
			continue;
		concerned++;
		r = check_image(c, target, facts, e);
	}
	if (r || !c->expects || concerned)
		return r;
	name_platform(&want, c->expected.arch, c->expected.variant);
	return err_set(e, -EBADMSG, "%s: no image for %s in it; there is: %s", target, buf_text(&want),
		list.len ? buf_text(&list) : "nothing that runs");
}

static int show_image(struct context *c, const char *target, const struct image_name *name, struct image_report *report,
	struct err *e)
{
	size_t shown = 0;

	for (size_t i = 0; i < report->model.n; i++) {
		struct json *names;
		struct image_facts *facts = &report->facts[i];

		if (!image_is_named(facts->image, name->reference) || is_repeated(name, report, i))
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
		return err_set(e, -ENOENT, "%s: no image of that name in it", target);
	return check_images(c, target, name, report, e);
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

static bool is_layout(int dir)
{
	return !faccessat(dir, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW);
}

static int inspect_path(struct context *c, const char *target, const struct image_name *name, struct err *e)
{
	bool is_stdin = !strcmp(name->path, "-");
	auto_fd fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			      : open(name->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENXIO)
		return err_set(e, -EBADMSG, "%s: neither a regular file nor a directory", target);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, -errno, "%s", target);
	if (!is_stdin && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(e, -EBADMSG, "%s: neither a regular file nor a directory", target);
	if (is_stdin || name->is_image || (S_ISDIR(st.st_mode) ? is_layout(fd) : image_looks_like(fd)))
		return inspect_image(c, target, name, take_fd(&fd), e);
	if (S_ISDIR(st.st_mode))
		return inspect_root(c, fd, target, e);
	return inspect_file(c, -1, target, e);
}

static int inspect(struct context *c, int root, const char *target, struct err *e)
{
	struct image_name name;
	int r;

	if (root >= 0)
		return inspect_file(c, root, target, e);
	r = image_name_parse(target, &name, e);
	if (!r)
		r = inspect_path(c, target, &name, e);
	free(name.path);
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
	const struct option_set set_of = { &cmd_inspect, set };
	struct context c = { 0 };
	auto_err e = { 0 };
	int status, first = options_parse(&set_of, argc, argv, &c, &status);

	if (first < 0)
		return status;
	if (first == argc) {
		err_set(&e, -EINVAL, "inspect: what?");
		err_hint(&e, "name files, root file systems or images");
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
	"inspect",
	"[OPTION...] TARGET...",
	"show what a file, root file system or image is made of, and for which platform",
	run,
	specs,
};
