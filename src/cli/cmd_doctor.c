// SPDX-License-Identifier: MIT
/* anyarch doctor: explain why something does not run, and which command fixes it. */
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

			if ((int)f->kind.level != level)
				continue;
			say_line("%s: %s", finding_words[level], f->what);
			if (f->hint && *f->hint)
				say_line("    %s", f->hint);
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

		jv_set(o, "target", jv_text(d->findings[i].target));
		jv_set(o, "level", jv_text(finding_words[d->findings[i].kind.level]));
		jv_set(o, "id", jv_text(d->findings[i].kind.id));
		jv_set(o, "what", jv_text(d->findings[i].what));
		jv_set(o, "hint", jv_text(d->findings[i].hint));
		jv_push(list, o);
	}
	jv_set(top, "findings", list);
	jv_set(top, "healthy", jv_bool(is_complete && doctor_worst(d) < FINDING_PROBLEM));
	return print_json(top);
}

static int run(void *context, int n, char **targets, struct err *e)
{
	auto_free struct status *s = mem_new(1, sizeof(*s));
	auto_free struct doctor *d = mem_new(1, sizeof(*d));
	const struct context *c = context;
	struct name_set none = { 0 };
	int status = status_collect(c->mount_at, false, &none, s, e);

	if (status)
		return status;
	if (!n)
		doctor_machine(s, d);
	for (int i = 0; i < n; i++) {
		d->target = targets[i];
		if (doctor_target(s, c->root, targets[i], d, e))
			status = exit_with(e);
	}
	if (!c->json)
		print_text(d, c->all || n, !status);
	else if (tell_json(d, !status))
		status = EXIT_TROUBLE;
	if (!status && doctor_worst(d) == FINDING_PROBLEM)
		status = EXIT_REFUSED;
	status_done(s);
	doctor_done(d);
	return status;
}

const struct command cmd_doctor = {
	"doctor",
	"[OPTION...] [TARGET...]",
	"explain why a file, root file system, image or this machine does not work",
	run,
	specs,
	sizeof(struct context),
	.examples = "  anyarch doctor\n"
		    "  anyarch doctor ./hello-arm\n"
		    "  anyarch doctor --root rootfs /bin/sh\n",
};
