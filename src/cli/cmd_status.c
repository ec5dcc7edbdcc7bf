// SPDX-License-Identifier: MIT
/* anyarch status: show what this machine runs, and by which handlers. */
#include <string.h>

#include "base/memory.h"
#include "cli/options.h"
#include "cli/render.h"
#include "report/emulators.h"

struct context {
	struct name_set names;
	struct table_view view;
	const char *mount_at;
	bool check;
};

static const struct option_spec specs[] = {
	{ 0, "check", NULL, "exit 3 unless all these platforms work", SWITCH(struct context, check) },
	{ OPTION_MOUNT(struct context, mount_at) },
	{ OPTION_JSON(struct context, view.json) },
	{ OPTION_COLUMN_LIST(struct context, view) },
	{ OPTION_NOHEADINGS(struct context, view) },
	{ OPTION_OUTPUT_COLUMNS(struct context, view) },
	{ 'q', "quiet", NULL, "do not print notes", SWITCH(struct context, view.quiet) },
	{ 0 },
};

/* Reports each platform that does not work. Returns the exit status. */
static int check(const struct status *status, const struct name_set *asked)
{
	struct name_set names = *asked;
	int result = EXIT_DONE;

	if (names.is_all)
		emulators_add(&names);
	if (!names.n)
		name_set_add_usual(&names);
	for (size_t i = 0; i < names.n; i++) {
		auto_err e = { 0 };

		if (status_works(status, names.arch[i]))
			continue;
		if (status_is_unproven(status, names.arch[i])) {
			err_set(&e, -EOPNOTSUPP,
				"%s programs run here, and whether they run in every root cannot be determined from "
				"here",
				arch_word(names.arch[i]));
			err_hint(&e,
				"reading the table requires CAP_SYS_ADMIN and CAP_SYS_CHROOT: docker run --privileged");
		} else {
			err_set(&e, -EBADMSG, "%s programs do not run here in every root", arch_word(names.arch[i]));
			err_hint(&e, "anyarch register %s", arch_word(names.arch[i]));
		}
		result = exit_with(&e);
	}
	return result;
}

static int run(void *context, int n, char **words, struct err *e)
{
	auto_free struct status *collected = mem_new(1, sizeof(*collected));
	struct context *c = context;
	int status = 0;

	for (int i = 0; !status && i < n; i++)
		status = name_set_add(&c->names, words[i], e);
	status = status ? status : status_collect(c->mount_at, false, &c->names, collected, e);
	if (status)
		return status;
	status = render_status(collected, &c->view);
	if (!status && c->check)
		status = check(collected, &c->names);
	status_done(collected);
	return status;
}

const struct command cmd_status = {
	"status",
	"[OPTION...] [PLATFORM...]",
	"show what this machine runs, by what, and for how long",
	run,
	specs,
	sizeof(struct context),
	status_columns,
	.examples = "  anyarch status\n"
		    "  anyarch status --check arm64\n"
		    "  anyarch status --columns PLATFORM,STATE,WHY\n",
};
