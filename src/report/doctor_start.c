// SPDX-License-Identifier: MIT
/* Checks whether an image's entry point, as it is after all layers, can be started. */
#include <fcntl.h>
#include <string.h>

#include "accel/extract.h"
#include "arch/elf.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "image/image_name.h"
#include "report/doctor_start.h"

/* The entry point of one image. */
struct entry_point {
	const struct image_facts *facts;
	const struct view *view;
	const char *target, *path;
	struct doctor *doctor;
};

static void add(const struct entry_point *p, struct finding_kind kind, const char *what, const char *arg)
{
	doctor_add(p->doctor, kind, NULL, "%s: its entry point %s %s%s", p->target, p->path, what, arg);
}

static bool is_there(const struct view *view, const char *path)
{
	char resolved[VIEW_PATH_MAX];
	struct view_hit hit;

	return !view_resolve(view, path, &hit, resolved) && hit.entry->kind != LAYER_DIRECTORY;
}

/* The script's program must be in the image. */
static void check_script(const struct entry_point *p, const char *command)
{
	auto_free char *name = mem_part(command, strcspn(command, " \t")), *found = NULL;
	char program[FILE_LINE_MAX];

	if (strchr(command, '\r'))
		add(p, PROBLEM("carriage-return"), "has Windows line ends: no engine starts it", "");
	else if (!*name)
		add(p, PROBLEM("not-a-program"), "has no program behind its #!", "");
	else if (*name == '/' && !is_there(p->view, name))
		add(p, PROBLEM("script-program-missing"), "is a script for a program that is not in the image: ", name);
	else
		switch (file_env_program(command, program)) {
		case FILE_ENV_NONE:
			break;
		case FILE_ENV_ITSELF:
			add(p, PROBLEM("script-program-missing"), "names no program for env", "");
			break;
		case FILE_ENV_REFUSES:
			add(p, PROBLEM("script-program-missing"), "gives env one option that it refuses: ", command);
			break;
		case FILE_ENV_PROGRAM:
			if (strchr(program, '/') ? *program == '/' && !is_there(p->view, program)
						 : !(found = image_find_program(p->view, p->facts->image, program)))
				add(p, PROBLEM("script-program-missing"),
					"is a script for a program that is nowhere in the image's PATH: ", program);
		}
}

static void check_elf(const struct entry_point *p, int fd)
{
	auto_free struct elf_info *info = mem_new(1, sizeof(*info));
	const struct content *content = &p->facts->content;
	const struct arch *arch;

	if (elf_read(fd, info, NULL))
		return;
	arch = elf_arch(&info->head);
	if (arch && content->has_platform && arch != content->platform.arch)
		add(p, PROBLEM("entrypoint-foreign"), "is for another architecture than the image: ", arch_word(arch));
	else if (info->has_interpreter && *info->interpreter == '/' && !is_there(p->view, info->interpreter))
		add(p, PROBLEM("loader-missing"), "needs a loader that is not in the image: ", info->interpreter);
}

int doctor_start(struct image_facts *facts, const struct view *view, void *context)
{
	const struct doctor_images *images = context;
	const struct model_image *image = facts->image;
	size_t which = image->starts[0] ? 0 : 1;
	struct entry_point p = { facts, view, images->target, image->starts[which], images->doctor };
	auto_free struct extract *extract = mem_new(1, sizeof(*extract));
	struct stat st;
	auto_fd fd = -ENOENT;

	if (!p.path || facts->is_incomplete)
		return 0;
	*extract = (struct extract){ view, images->report->bundle, image->layers,
		images->report->model.format != MODEL_DOCKER_ARCHIVE };
	if (view->starts[which] && !extract_want(extract, view->starts[which]) && extract_read(extract, NULL) >= 0)
		fd = extract_open(extract, view->starts[which], &st);
	if (fd >= 0) {
		char line[FILE_LINE_MAX] = "", command[FILE_LINE_MAX];
		int n = (int)fd_pread(fd, line, sizeof(line) - 1, 0), is_script = file_script(fd, command, NULL);

		if (!(st.st_mode & 0111))
			add(&p, PROBLEM("not-executable"), "has no permission to be executed", "");
		else if (is_script < 0)
			add(&p, PROBLEM("not-a-program"), "has too long a name of a program behind its #!", "");
		else if (is_script)
			check_script(&p, command);
		else if (n >= 4 && !memcmp(line, "\177ELF", 4))
			check_elf(&p, fd);
		else if (n >= 5 && !memcmp(line, "\xef\xbb\xbf#!", 5))
			add(&p, PROBLEM("byte-order-mark"), "begins with a byte order mark: 'Exec format error'", "");
		else
			add(&p, PROBLEM("not-a-program"), "has no #! line: 'Exec format error'", "");
	} else if (fd == -ENOENT) {
		add(&p, PROBLEM("entrypoint-missing"), "is not in the image", "");
	}
	extract_done(extract);
	return 0;
}
