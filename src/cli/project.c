// SPDX-License-Identifier: MIT
/* Shared by the project commands. */
#include "cli/project.h"

#include <fcntl.h>
#include <string.h>

#include "base/str.h"

int project_open(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, -errno, "%s", path) : fd;
}

void project_tell(
	struct project_view *view, const char *dir, const char *name, const char *result, const char *platform)
{
	bool is_change = strcmp(result, "kept") && strcmp(result, "unchanged");
	auto_buf path = { 0 };

	if (strcmp(dir, "."))
		buf_addf(&path, "%s%s", dir, str_ends(dir, "/") ? "" : "/");
	buf_adds(&path, name);
	if (view->json) {
		struct json *o = jv_object();

		view->list = view->list ? view->list : jv_array();
		jv_set(o, "file", jv_text(buf_text(&path)));
		if (platform)
			jv_set(o, "platform", jv_text(platform));
		jv_set(o, "result", jv_text(result));
		jv_push(view->list, o);
	} else if (!view->quiet) {
		say_line("%s: %s%s%s%s", buf_text(&path), view->dry_run && is_change ? "would be " : "", result,
			platform ? " for " : "", platform ? platform : "");
	}
}

int project_finish(struct project_view *view, int status)
{
	if (!view->json)
		return status;
	return print_json(view->list ? view->list : jv_array()) ? EXIT_TROUBLE : status;
}
