// SPDX-License-Identifier: MIT
/* Checks what the kernel needs before it selects a handler, and the #! line of a script. */
#include "report/start.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "base/fdio.h"
#include "base/str.h"

struct start start_read(int root, const char *path)
{
	auto_fd fd = file_open(root, path);
	struct start start = { .is_executable = true };
	struct statvfs fs;
	struct stat st;

	snprintf(start.real, sizeof(start.real), "%s", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return start;
	if (root >= 0)
		doctor_real_path(fd, path, start.real);
	start.is_set_id = st.st_mode & (S_ISUID | S_ISGID) || fgetxattr(fd, "security.capability", NULL, 0) > 0;
	start.n = (int)fd_pread(fd, start.head, sizeof(start.head), 0);
	start.is_executable = st.st_mode & 0111;
	if (fstatvfs(fd, &fs) < 0)
		return start;
	start.is_noexec = fs.f_flag & ST_NOEXEC;
	start.is_nosuid = fs.f_flag & ST_NOSUID;
	return start;
}

void start_remount_hint(struct buf *hint, const char *option, const char *path)
{
	buf_addf(hint, "sudo mount -o remount,%s \"$(findmnt -no TARGET -T ", option);
	str_quote(hint, path);
	buf_adds(hint, ")\"");
}

void start_check(const struct start *start, const char *path, struct doctor *d)
{
	auto_buf hint = doctor_command("chmod +x ", start->real);
	if (!start->is_executable)
		doctor_add(d, PROBLEM("not-executable"), buf_text(&hint),
			"%s has no permission to be executed: 'Permission denied' (EACCES)", path);
	hint.len = 0;
	start_remount_hint(&hint, "exec", start->real);
	if (start->is_noexec)
		doctor_add(d, PROBLEM("noexec"), buf_text(&hint),
			"%s is on a file system that is mounted noexec: 'Permission denied' (EACCES)", path);
}

static void check_line_ends(const struct start *start, const struct file_step *step, struct doctor *d)
{
	const char *end = strchr(step->command, '\r'), *word = step->command + strcspn(step->command, " \t");
	auto_buf hint = doctor_command("sed -i 's/\\r$//' ", start->real);
	char program[FILE_LINE_MAX];

	if (!end)
		return;
	word += strspn(word, " \t");
	snprintf(program, sizeof(program), "%.*s", (int)strcspn(step->command, " \t"), step->command);
	if (!*word || !strcmp(str_basename(program), "env"))
		doctor_add(d, PROBLEM("carriage-return"), buf_text(&hint),
			"%s has Windows line ends: the kernel looks for a program with a carriage return in its name",
			step->path);
	else
		doctor_add(d, *word == '-' || *word == '\r' ? PROBLEM("carriage-return") : WARNING("carriage-return"),
			buf_text(&hint),
			"%s has Windows line ends: %s gets a carriage return with its argument, and few programs take "
			"that",
			step->path, program);
}

void start_script(int root, const struct file_step *step, char **ret_program, struct doctor *d)
{
	struct start start = start_read(root, step->path);
	char program[FILE_LINE_MAX];

	doctor_add(d, FINE("script"), NULL, "%s is a script for %s", step->path, step->command);
	start_check(&start, step->path, d);
	check_line_ends(&start, step, d);
	switch (file_env_program(step->command, program)) {
	case FILE_ENV_NONE:
		return;
	case FILE_ENV_ITSELF:
		doctor_add(d, PROBLEM("script-program-missing"), NULL,
			"%s names no program for env, which then starts the script itself, endlessly", step->path);
		return;
	case FILE_ENV_REFUSES:
		doctor_add(d, PROBLEM("script-program-missing"), NULL,
			"%s gives env all of '%s' as one option, which it refuses; env -S splits it", step->path,
			step->command + strcspn(step->command, "-"));
		return;
	case FILE_ENV_PROGRAM:
		break;
	}
	free(*ret_program);
	*ret_program = file_find(root,
		strchr(program, '/') ? ""
		: root < 0	     ? getenv("PATH")
				     : FILE_PATH_USUAL,
		program);
	if (!*ret_program)
		doctor_add(d, PROBLEM("script-program-missing"), NULL,
			"%s asks env for '%s', which %s: exit status 127", step->path, program,
			strchr(program, '/') ? "does not exist" : "is in no directory of PATH");
}

bool start_has_mark(int root, const char *path, struct doctor *d)
{
	struct start start = start_read(root, path);
	auto_buf hint = doctor_command("sed -i '1s/^\\xef\\xbb\\xbf//' ", start.real);

	if (start.n < 5 || memcmp(start.head, "\xef\xbb\xbf#!", 5))
		return false;
	doctor_add(d, PROBLEM("byte-order-mark"), buf_text(&hint),
		"%s: a byte order mark before its #! line hides that from the kernel: 'Exec format error'", path);
	return true;
}
