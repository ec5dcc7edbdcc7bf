// SPDX-License-Identifier: MIT
/* anyarch doctor: why something does not run, and what to type next. */
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "cli/options.h"
#include "report/doctor.h"

struct context {
	const char *root, *mount_at;
	bool all, json;
};

static const struct option_spec specs[] = {
	{ 0, "root", "DIR", "TARGET is a file below DIR, as after chroot", TEXT(struct context, root) },
	{ OPTION_MOUNT(struct context, mount_at) },
	{ 0, "all", NULL, "also report what is fine", SWITCH(struct context, all) },
	{ OPTION_JSON(struct context, json) },
	{ 0 },
};

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

static int tell_json(const struct doctor *d, bool is_complete)
{
	struct json *top = jv_object(), *list = jv_array();

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
	return print_json(top);
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
		if (doctor_target(s, c->root, targets[i], d, &e))
			status = exit_with(&e);
	if (!c->json)
		print_text(d, c->all || n, !status);
	else if (tell_json(d, !status))
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
	.examples = "  anyarch doctor\n"
		    "  anyarch doctor ./hello-arm\n"
		    "  anyarch doctor --root rootfs /bin/sh\n",
};
