// SPDX-License-Identifier: MIT
/* Facts about a file and, for a script, the program that runs it. */
#include "report/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/kind.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "rootfs/beneath.h"

int file_open(int root, const char *path)
{
	if (root >= 0)
		return fd_reopen_regular(beneath_open(root, path, O_PATH));
	return fd_open_regular(AT_FDCWD, path, 0);
}

int file_script(int fd, char command[FILE_LINE_MAX], struct err *e)
{
	char line[FILE_LINE_MAX];
	ssize_t n = fd_pread(fd, line, sizeof(line) - 1, 0);
	size_t skip;

	if (n < 2 || line[0] != '#' || line[1] != '!')
		return 0;
	line[n] = '\0';
	skip = 2 + strspn(line + 2, " \t");
	if (n == sizeof(line) - 1 && !strpbrk(line + skip, " \t\n"))
		return err_set(e, -ENOEXEC, "its #! line is longer than the %d bytes that the kernel reads",
			FILE_LINE_MAX - 1);
	line[strcspn(line, "\n")] = '\0';
	snprintf(command, FILE_LINE_MAX, "%s", line + skip);
	for (size_t len = strlen(command); len && strchr(" \t", command[len - 1]); len--)
		command[len - 1] = '\0';
	return 1;
}

/* Reads the step's file. Sets *ret_next to the script's interpreter, owned; NULL at the end. */
static int look_at_step(int root, struct file_step *step, char **ret_next, struct err *e)
{
	auto_fd fd = file_open(root, step->path);
	auto_err line = { 0 };
	int r, is_script;

	*ret_next = NULL;
	if (fd == -EBADMSG)
		return err_set(e, fd, "%s: not a regular file", step->path);
	if (fd < 0)
		return err_sys(e, fd, "%s", step->path);
	r = elf_read(fd, &step->elf, e);
	step->is_elf = !r;
	if (r != -ENOEXEC)
		return r ? err_prefix(e, "%s", step->path) : 0;
	is_script = file_script(fd, step->command, &line);
	if (is_script < 0)
		return err_set(e, is_script, "%s: %s", step->path, line.message);
	if (!is_script) {
		kind_hint(kind_of(fd), step->path, e);
		return err_prefix(e, "%s", step->path);
	}
	err_done(e);
	if (!*step->command)
		return err_set(e, -EBADMSG, "%s: a #! line without a program", step->path);
	*ret_next = mem_part(step->command, strcspn(step->command, " \t"));
	return 0;
}

int file_look(int root, const char *path, struct file_facts *ret, struct err *e)
{
	char *next = mem_text(path);
	int r = 0;

	*ret = (struct file_facts){ 0 };
	while (!r && next && ret->n < FILE_STEPS_MAX) {
		struct file_step *step = &ret->steps[ret->n++];

		step->path = take_ptr(&next);
		r = look_at_step(root, step, &next, e);
		if (ret->n > 1 && (r == -ENOENT || r == -ENOTDIR)) {
			ret->missing = take_ptr(&step->path); /* the script itself was read */
			ret->n--;
			err_done(e);
			return 0;
		}
		if (r && ret->n > 1)
			err_prefix(e, "%s", path);
	}
	ret->is_too_deep = next;
	free(next);
	if (!r && ret->steps[ret->n - 1].is_elf) {
		const struct elf_info *elf = &ret->steps[ret->n - 1].elf;

		ret->has_platform = abi_platform(elf, &ret->platform);
		if (elf->has_interpreter) {
			auto_fd fd = file_open(root, elf->interpreter);

			ret->has_loader = fd >= 0;
		}
	}
	return r;
}

char *file_find(int root, const char *search, const char *name)
{
	char *refused = NULL; /* execvp(3) continues, and fails with EACCES if nothing else is found */

	for (const char *dir = search, *end; dir; dir = *end ? end + 1 : NULL) {
		auto_free char *path = NULL;
		auto_fd fd = -1;
		struct stat st;

		end = strchrnul(dir, ':');
		path = mem_print("%.*s%s%s", (int)(end - dir), dir, end > dir ? "/" : "", name);
		fd = file_open(root, path);
		/* Execution does not require read permission, but that to search the directory. */
		if ((fd == -EACCES && (root >= 0 || !access(path, X_OK))) ||
			(fd >= 0 && !fstat(fd, &st) && st.st_mode & 0111)) {
			free(refused);
			return take_ptr(&path);
		}
		if (fd >= 0 && !refused)
			refused = take_ptr(&path);
	}
	return refused;
}

char *file_command(const char *command, const struct arch **ret_arch)
{
	char *path = file_find(-1, strchr(command, '/') ? "" : getenv("PATH"), command);
	struct file_facts facts;

	*ret_arch = NULL;
	if (!path)
		return NULL;
	if (!file_look(-1, path, &facts, NULL))
		*ret_arch = facts.platform.arch;
	file_done(&facts);
	return path;
}

/* Skips env's own options, in words as -S splits them; NULL for an unknown option. */
static const char *skip_options(const char *words)
{
	static const char *const alone[] = { "-", "-i", "-v", "-0", "--", "--ignore-environment", "--debug" };
	bool is_set = false; /* a variable: no option follows */

	for (size_t len; len = strcspn(words, " \t"), len; words += len + strspn(words + len, " \t")) {
		bool is_known = memchr(words, '=', len) && *words != '-';

		is_set |= is_known;
		for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
			is_known |= !is_set && strlen(alone[i]) == len && !memcmp(words, alone[i], len);
		if (!is_set && len == 2 && !memcmp(words, "-u", 2)) {
			words += len + strspn(words + len, " \t");
			len = strcspn(words, " \t");
			is_known = true;
		}
		if (!is_known)
			return *words == '-' ? NULL : words;
	}
	return words;
}

enum file_env file_env_program(const char *command, char ret[FILE_LINE_MAX])
{
	size_t len = strcspn(command, " \t");
	const char *word = command + len + strspn(command + len, " \t"), *split = NULL;

	snprintf(ret, FILE_LINE_MAX, "%.*s", (int)len, command);
	if (strcmp(str_basename(ret), "env"))
		return FILE_ENV_NONE;
	len = 1 + strspn(word + (*word != '\0'), "0iv");
	if (*word == '-' && word[len] == 'S')
		split = word + len + 1;
	else if (str_starts(word, "--split-string="))
		split = word + strlen("--split-string=");
	if (split)
		word = skip_options(split + strspn(split, " \t"));
	else if (*word == '-' && strchr(" \t-", word[len]) && strpbrk(word, " \t"))
		return FILE_ENV_REFUSES;
	else if (strchr(word, '=') || (skip_options(word) && !*skip_options(word)))
		return FILE_ENV_ITSELF;
	if (!word)
		return FILE_ENV_NONE;
	snprintf(ret, FILE_LINE_MAX, "%.*s", (int)(split ? strcspn(word, " \t") : strlen(word)), word);
	if (*ret == '-' || ret[strcspn(ret, "\"'\\$\r")])
		return FILE_ENV_NONE;
	return *ret ? FILE_ENV_PROGRAM : FILE_ENV_ITSELF;
}

void file_done(struct file_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++)
		free(facts->steps[i].path);
	free(facts->missing);
	*facts = (struct file_facts){ 0 };
}
