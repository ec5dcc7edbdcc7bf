/* SPDX-License-Identifier: MIT */
/* Facts about a file and, for a script, the program that runs it; used by inspect and doctor. */
#pragma once

#include "arch/abi.h"
#include "base/err.h"

enum {
	FILE_STEPS_MAX = 6,  /* fs/exec.c, exec_binprm(): five scripts and a program */
	FILE_LINE_MAX = 257, /* what the kernel reads of a script, and a NUL */
};

#define FILE_PATH_USUAL "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* A file between the command and the program that the kernel starts. */
struct file_step {
	char *path;
	bool is_elf;
	struct elf_info elf;
	char command[FILE_LINE_MAX]; /* for a script: its #! line without the #! */
};

struct file_facts {
	struct file_step steps[FILE_STEPS_MAX];
	size_t n;      /* the last one runs, unless missing or too_deep */
	char *missing; /* a script's missing interpreter; owned */
	bool is_too_deep;
	bool has_loader; /* for a dynamic program: its ELF interpreter exists */
	bool has_platform;
	struct platform platform;
};

/* Opens a regular file, below root or (-1) on this machine. A descriptor or -errno; -EBADMSG if not regular. */
int file_open(int root, const char *path);
/*
 * Reads a file, below root if that is not -1 (links resolve inside). Never blocks. 0; -ENOEXEC if it is neither ELF nor
 * script, -EBADMSG if malformed; errors begin with the path. Always free ret with file_done().
 */
int file_look(int root, const char *path, struct file_facts *ret, struct err *e);
/*
 * The path of name in the first directory of search (like PATH; NULL: none) where it is executable, or else exists, to
 * be freed.
 */
char *file_find(int root, const char *search, const char *name);
/*
 * fs/binfmt_script.c: reads the rest of a script's first line, without surrounding blanks and tabs. 1; 0 if not a
 * script; -ENOEXEC with e set if the kernel would read a truncated program name.
 */
int file_script(int fd, char command[FILE_LINE_MAX], struct err *e);

/* What env(1) does for a script; the #! line passes it a single argument. */
enum file_env {
	FILE_ENV_NONE,	  /* another interpreter, or an unknown option */
	FILE_ENV_PROGRAM, /* starts that program */
	FILE_ENV_ITSELF,  /* gets no program: starts the script itself, endlessly */
	FILE_ENV_REFUSES, /* takes the whole argument for an option, which does not exist */
};

/* Judges a #! line. ret is the program of FILE_ENV_PROGRAM: a path, or a name to find in PATH. */
enum file_env file_env_program(const char *command, char ret[FILE_LINE_MAX]);
/*
 * The file that execvp(3) would start for a command, to be freed, and the architecture of its program, following
 * scripts; both are NULL if unknown.
 */
char *file_command(const char *command, const struct arch **ret_arch);
void file_done(struct file_facts *facts);
