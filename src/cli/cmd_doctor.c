// SPDX-License-Identifier: MIT
/* anyarch doctor: why something does not run, and what to type next. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/str.h"
#include "cli/options.h"
#include "image/facts.h"
#include "image/image_name.h"
#include "report/doctor.h"
#include "rootfs/beneath.h"
#include "rootfs/survey.h"

struct context {
	const char *root, *mount_at;
	bool all, json;
};

static const struct option_spec specs[] = {
	{ 0, "root", "DIR", "the target is a file below DIR, as after chroot", TEXT(struct context, root) },
	{ OPTION_MOUNT(struct context, mount_at) },
	{ 0, "all", NULL, "also say what was looked at and is fine", SWITCH(struct context, all) },
	{ OPTION_JSON(struct context, json) },
	{ 0 },
};

static const char *survey_hint(struct buf *out, const char *target)
{
	buf_adds(out, "anyarch inspect --survey ");
	doctor_quote(out, target);
	return buf_text(out);
}

static int look_at_root(const struct status *s, int root, const char *target, struct doctor *d, struct err *e)
{
	struct content content;
	auto_buf hint = { 0 };
	unsigned long skipped;
	int r = survey_root(root, false, &content, &skipped, e);

	for (size_t i = 0;
		!r && i < content.n_emulators && content.has_platform && content.platform.arch != arch_host(); i++) {
		auto_fd fd = beneath_open(root, content.emulators[i].path, O_PATH);
		auto_buf remove = { 0 };
		char real[4096];

		/* As it is without links: one in the root could lead to a file of this machine. */
		if (fd >= 0 && *doctor_real_path(fd, "", real)) {
			buf_adds(&remove, "sudo rm ");
			doctor_quote(&remove, real);
		}
		doctor_add(d, FINDING_NOTE, "emulator-inside", buf_text(&remove),
			"%s: an emulator is inside, which fixed handlers do not need: %s", target,
			content.emulators[i].path);
	}
	if (!r && !content.has_platform)
		doctor_add(d, FINDING_PROBLEM, "no-programs", NULL, "%s: there is no program in it", target);
	if (!r && content.has_platform)
		doctor_platform(
			s, content.platform.arch, target, doctor_is_provided(s, content.platform.arch, &content), d);
	if (!r && content.has_platform)
		r = doctor_tools(s, root, content.platform.arch, target, d, e);
	if (!r && content.is_mixed)
		doctor_add(d, FINDING_WARNING, "mixed", survey_hint(&hint, target),
			"%s has programs of several architectures in it", target);
	content_done(&content);
	return r;
}

static void look_at_facts(const struct status *s, const struct image_facts *facts, const char *target, struct doctor *d)
{
	const struct content *content = &facts->content;
	const struct model_image *image = facts->image;
	auto_buf found = { 0 }, hint = { 0 }, label = { 0 }, build = { 0 };

	if (facts->err.code) {
		doctor_add(d, FINDING_PROBLEM, "unreadable", NULL, "%s: %s", target, facts->err.message);
		return;
	}
	buf_addf(&label, "%s/%s%s%s", image->os ? image->os : "?", image->architecture ? image->architecture : "?",
		image->variant ? "/" : "", image->variant ? image->variant : "");
	buf_addf(&build, "docker build --platform %s .", buf_text(&label));
	for (size_t i = 0; i < content->n_emulators; i++) {
		doctor_add(d, FINDING_NOTE, "emulator-inside", NULL, "%s: an emulator is inside: %s", target,
			content->emulators[i].path);
	}
	if (!content->has_platform)
		return;
	name_platform(&found, content->platform.arch, content->platform.variant);
	if (!facts->agrees)
		doctor_add(d, FINDING_PROBLEM, "label-lies", buf_text(&build),
			"%s: its label says %s and its files are for %s: whoever pulls it gets 'Exec "
			"format error'",
			target, buf_text(&label), buf_text(&found));
	if (content->is_mixed)
		doctor_add(d, FINDING_WARNING, "mixed", survey_hint(&hint, target),
			"%s has programs of several architectures in it", target);
	doctor_platform(s, content->platform.arch, target, doctor_is_provided(s, content->platform.arch, content), d);
}

/* An index is asked for this machine's platform unless another is named: "no matching manifest for linux/amd64". */
static void look_at_choice(const struct image_report *report, const char *target, struct doctor *d)
{
	auto_buf own = { 0 }, others = { 0 }, hint = { 0 };
	const struct model_image *first = NULL;

	for (size_t i = 0; i < report->model.n; i++) {
		const struct model_image *image = &report->model.images[i];
		const struct image_facts *facts = &report->facts[i];

		if (image->kind != MODEL_IMAGE || image_first(report, i) != i)
			continue;
		if (!image->index_platform || (facts->has_called && facts->called.arch == arch_host()))
			return;
		first = first ? first : image;
		buf_addf(&others, "%s%s", others.len ? ", " : "", image->index_platform);
	}
	if (!first)
		return;
	name_platform(&own, arch_host(), "");
	buf_addf(&hint, first->reference ? "docker pull --platform %s " : "docker build --platform %s .",
		first->index_platform);
	if (first->reference)
		doctor_quote(&hint, first->reference);
	doctor_add(d, FINDING_NOTE, "no-matching-platform", buf_text(&hint),
		"%s has nothing for %s, only %s: whoever does not name one gets 'no matching manifest'", target,
		buf_text(&own), buf_text(&others));
}

static int look_at_image(const struct status *s, int fd, const char *target, struct doctor *d, struct err *e)
{
	struct image_report report;
	int r = image_look(fd, image_tmpdir(), &report, e);

	for (size_t i = 0; !r && i < report.model.n; i++)
		if (report.facts[i].image->kind == MODEL_IMAGE && image_first(&report, i) == i)
			look_at_facts(s, &report.facts[i], target, d);
	if (!r)
		look_at_choice(&report, target, d);
	image_done(&report);
	return r ? err_prefix(e, "%s", target) : 0;
}

static int look_at_target(
	const struct status *s, const struct context *c, const char *target, struct doctor *d, struct err *e)
{
	auto_fd root = -1, fd = -1;
	struct stat st;

	if (c->root) {
		root = open(c->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return root < 0 ? err_sys(e, -errno, "%s", c->root) : doctor_file(s, root, target, d, e);
	}
	fd = open(target, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno != ENXIO)
		return err_sys(e, -errno, "%s", target);
	if (fd < 0 || fstat(fd, &st) < 0)
		st = (struct stat){ 0 };
	if (S_ISDIR(st.st_mode) && faccessat(fd, "oci-layout", F_OK, 0))
		return look_at_root(s, fd, target, d, e);
	if (S_ISDIR(st.st_mode))
		return look_at_image(s, take_fd(&fd), target, d, e);
	if (S_ISREG(st.st_mode) && image_looks_like(fd))
		return look_at_image(s, take_fd(&fd), target, d, e);
	return doctor_file(s, -1, target, d, e);
}

static void print_text(const struct doctor *d, bool all, bool is_complete)
{
	size_t shown = 0;

	for (int level = FINDING_PROBLEM; level >= (all ? FINDING_OK : FINDING_NOTE); level--)
		for (size_t i = 0; i < d->n; i++) {
			const struct finding *f = &d->findings[i];
			auto_buf what = { 0 }, hint = { 0 };

			if ((int)f->level != level || !f->what)
				continue;
			str_escape(&what, f->what, strlen(f->what));
			printf("%s: %s\n", finding_words[level], buf_text(&what));
			if (f->hint && *f->hint) {
				str_escape(&hint, f->hint, strlen(f->hint));
				printf("    %s\n", buf_text(&hint));
			}
			shown++;
		}
	if (!shown && is_complete)
		puts("Nothing is wrong.");
}

static int print_json(const struct doctor *d, bool is_complete)
{
	struct json *top = jv_object(), *list = jv_array();
	int r;

	for (size_t i = 0; i < d->n; i++) {
		struct json *o = jv_object();

		jv_set(o, "level", jv_text(finding_words[d->findings[i].level]));
		jv_set(o, "id", jv_text(d->findings[i].id));
		jv_set(o, "what", jv_text(d->findings[i].what));
		jv_set(o, "hint", jv_text(d->findings[i].hint));
		jv_push(list, o);
	}
	jv_set(top, "findings", list);
	jv_set(top, "healthy", jv_bool(is_complete && doctor_worst(d) < FINDING_PROBLEM));
	r = jv_write(top, stdout);
	jv_free(top);
	return r;
}

static int diagnose(const struct context *c, int n, char **targets, struct status *s, struct doctor *d)
{
	struct name_set none = { 0 };
	auto_err e = { 0 };
	int status = EXIT_DONE;

	if (status_collect(c->mount_at, false, &none, s, &e))
		return exit_with(&e);
	if (!n)
		doctor_machine(s, d);
	for (int i = 0; i < n; i++)
		if (look_at_target(s, c, targets[i], d, &e))
			status = exit_with(&e);
	if (!c->json)
		print_text(d, c->all || n, !status);
	else if (print_json(d, !status))
		status = EXIT_TROUBLE;
	if (!status && doctor_worst(d) == FINDING_PROBLEM)
		status = EXIT_REFUSED;
	status_done(s);
	return status;
}

static int run(int argc, char **argv)
{
	auto_free struct status *collected = mem_new(1, sizeof(*collected));
	auto_free struct doctor *doctor = mem_new(1, sizeof(*doctor));
	struct context c = { 0 };
	int status, first = options_parse(&cmd_doctor, argc, argv, &c, &status);

	if (first < 0)
		return status;
	if (!collected || !doctor)
		return EXIT_TROUBLE;
	status = diagnose(&c, argc - first, argv + first, collected, doctor);
	doctor_done(doctor);
	return status;
}

const struct command cmd_doctor = {
	"doctor",
	"[OPTION...] [TARGET...]",
	"explain why a file, root file system, image or this machine does not work",
	run,
	specs,
};
