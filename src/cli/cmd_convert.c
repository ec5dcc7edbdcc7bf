// SPDX-License-Identifier: MIT
/* anyarch convert: one image out of whatever it lies in, as docker load and the classic builder take it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/newfile.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/image_name.h"
#include "image/convert.h"
#include "report/image.h"

enum { OPT_PLATFORM = OPT_FIRST, OPT_TAG, OPT_FIX_LABEL };
enum { TAGS_MAX = 64 };

static const struct option_spec specs[] = {
	{ OPT_PLATFORM, "platform", "PLATFORM", "of several the one for this, as its files tell" },
	{ OPT_TAG, "tag", "NAME:TAG", "what it is called then (repeatable)" },
	{ OPT_FIX_LABEL, "fix-label", NULL, "make a label that lies say what the files are" },
	{ 0 },
};

struct context {
	struct platform platform;
	bool has_platform, fix_label;
	const char *tags[TAGS_MAX];
	size_t n_tags;
};

/* A name that docker load takes, and that needs no escapes in JSON. */
static bool is_tag(const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon && colon != text && colon[1] && !strchr(colon, '/') &&
		!text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:")];
}

static int set(void *context, int id, const char *argument, struct err *e)
{
	struct context *c = context;

	switch (id) {
	case OPT_PLATFORM:
		c->has_platform = true;
		return name_parse(argument, strlen(argument), &c->platform, e);
	case OPT_TAG:
		if (c->n_tags == TAGS_MAX || !is_tag(argument))
			return err_set(e, -EINVAL, "--tag wants NAME:TAG, not '%s'", argument);
		c->tags[c->n_tags++] = argument;
		return 0;
	default:
		c->fix_label = true;
		return 0;
	}
}

static bool is_wanted(const struct context *c, const struct image_name *name, const struct image_facts *facts)
{
	if (facts->image->kind != MODEL_IMAGE || !image_is_named(facts->image, name->reference))
		return false;
	return !c->has_platform ||
		(facts->content.has_platform && image_fits(&c->platform, &facts->content.platform));
}

/* The one that is asked for; one that fits exactly before one of an older variant. */
static int choose(const struct context *c, const struct image_name *name, const struct image_report *report,
	const struct image_facts **ret, struct err *e)
{
	size_t fitting = 0, exact = 0;

	for (size_t i = 0; i < report->model.n; i++) {
		const struct image_facts *facts = &report->facts[i];
		bool is_exact = c->has_platform && facts->content.has_platform &&
			!strcmp(facts->content.platform.variant, c->platform.variant);

		if (!is_wanted(c, name, facts) ||
			(fitting && (*ret)->image->config_digest && facts->image->config_digest &&
				!strcmp((*ret)->image->config_digest, facts->image->config_digest)))
			continue;
		fitting++;
		exact += is_exact;
		if (fitting == 1 || (is_exact && exact == 1))
			*ret = facts;
	}
	if (!fitting) {
		err_set(e, -ENOENT, "%s: there is no such image in it", name->path);
		return err_hint(e, "anyarch inspect %s", name->path);
	}
	if (fitting > 1 && exact != 1) {
		err_set(e, -EINVAL, "%s: there are several images in it", name->path);
		return err_hint(e, "choose: --platform PLATFORM, or PREFIX:FILE:REFERENCE");
	}
	return 0;
}

static int write_out(const struct convert_request *request, const char *path, struct err *e)
{
	auto_newfile file = NEWFILE_INIT;
	int r = newfile_open(path, &file, e);

	if (!r)
		r = convert_to_docker(request, file.fd, e);
	return r ? r : newfile_commit(&file, newfile_usual_mode(), e);
}

static int check_label(const struct context *c, const struct image_facts *facts, struct convert_request *request,
	struct err *e)
{
	const struct content *content = &facts->content;

	if (facts->err.code)
		return err_set(e, facts->err.code, "%s", facts->err.message);
	if (c->fix_label && content->has_platform) {
		request->architecture = content->platform.arch->oci;
		request->variant = content->platform.variant;
		return request->architecture ? 0 : err_set(e, -EBADMSG, "containers have no word for its platform");
	}
	if (facts->agrees)
		return 0;
	err_set(e, -EBADMSG, "its label and its files disagree");
	return err_hint(e, "--fix-label makes the label say what the files are; 'anyarch inspect' tells both");
}

static int convert(const struct context *c, const struct image_name *name, struct bundle *bundle, bool is_directory,
	const char *out, struct err *e)
{
	const char *own[1];
	struct convert_request request = { .bundle = bundle, .tags = c->tags, .n_tags = c->n_tags };
	const struct image_facts *facts = NULL;
	struct image_report report;
	int r = image_look_each(bundle, is_directory, &(struct image_visit){ .cache = -1 }, &report, e);

	request.tmpdir = image_tmpdir();
	if (!r)
		r = choose(c, name, &report, &facts, e);
	if (!r)
		r = check_label(c, facts, &request, e);
	if (!r && !c->n_tags && facts->image->reference && is_tag(facts->image->reference)) {
		own[0] = facts->image->reference;
		request.tags = own;
		request.n_tags = 1;
	}
	if (!r) {
		request.image = facts->image;
		r = write_out(&request, out, e);
	}
	image_done(&report);
	return r && e->message && !str_starts(e->message, name->path) ? err_prefix(e, "%s", name->path) : r;
}

static int open_and_convert(const struct context *c, const char *in, const char *out, struct err *e)
{
	struct image_name name;
	struct bundle *bundle;
	struct stat st;
	int fd, r = image_name_parse(in, &name, e);

	if (r)
		return r;
	fd = strcmp(name.path, "-") ? open(name.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) :
				      fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	r = fd < 0 || fstat(fd, &st) < 0 ? err_sys(e, -errno, "%s", name.path) : 0;
	if (!r) {
		bundle = bundle_open(fd, image_tmpdir(), e);
		r = bundle ? convert(c, &name, bundle, S_ISDIR(st.st_mode), out, e) : err_prefix(e, "%s", name.path);
		bundle_free(bundle);
	}
	free(name.path);
	return r;
}

static int run(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_convert, specs, set };
	struct context c = { 0 };
	auto_err e = { 0 };
	int status, first = options_parse(&set_of, argc, argv, &c, &status);
	const char *out;

	if (first < 0)
		return status;
	if (argc - first != 2) {
		err_set(&e, -EINVAL, "convert: which image, and to which file?");
		return exit_with(&e);
	}
	stop_catch();
	out = argv[first + 1];
	if (str_starts(out, "docker-archive:"))
		out += strlen("docker-archive:");
	if (!*str_basename(out) || str_starts(out, "oci:") || str_starts(out, "oci-archive:"))
		err_set(&e, -EINVAL, "'%s' is no file for an archive of docker save", out);
	if (e.code || open_and_convert(&c, argv[first], out, &e))
		return exit_with(&e);
	return EXIT_DONE;
}

const struct command cmd_convert = {
	"convert", "[OPTION...] IMAGE FILE", "make an archive for docker load of one image", run,
};
