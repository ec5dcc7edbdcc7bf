// SPDX-License-Identifier: MIT
/* Shared by the project commands. */
#include "cli/project.h"

#include <fcntl.h>
#include <string.h>

#include "base/stop.h"
#include "base/str.h"

int project_open(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, -errno, "%s", path) : fd;
}

int project_write(struct project_view *view, int out, const struct file *file, const char *platform, struct err *e)
{
	bool is_change = file->result == FILE_CREATED || file->result == FILE_REPLACED;
	const char *result = file_words[file->result];
	auto_buf path = { 0 };
	int r = view->dry_run ? 0 : stop_check(e);

	if (!r && !view->dry_run)
		r = files_write(out, file, e);
	if (r)
		return r;
	if (strcmp(view->where, "."))
		buf_addf(&path, "%s%s", view->where, str_ends(view->where, "/") ? "" : "/");
	buf_adds(&path, file->name);
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
	return 0;
}

int project_finish(struct project_view *view, int status)
{
	if (!view->json)
		return status;
	return print_json(view->list ? view->list : jv_array()) ? EXIT_TROUBLE : status;
}
