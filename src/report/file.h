/* SPDX-License-Identifier: MIT */
/* What one file is, and for a script what really runs: facts for inspect and doctor. */
#pragma once

#include "arch/abi.h"
#include "base/err.h"

enum {
	FILE_STEPS_MAX = 6,  /* fs/exec.c, exec_binprm(): five scripts and a program */
	FILE_LINE_MAX = 257, /* what the kernel reads of a script, and a NUL */
};

#define FILE_PATH_USUAL "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* A file on the way from what was typed to the program that the kernel starts. */
struct file_step {
	char *path;
	bool is_elf;
	struct elf_info elf;
	char command[FILE_LINE_MAX]; /* of a script: its #! line without the #! */
};

struct file_facts {
	struct file_step steps[FILE_STEPS_MAX];
	size_t n;      /* the last one is what runs, unless missing or too_deep */
	char *missing; /* an interpreter of a script that is not there; owned */
	bool is_too_deep;
	bool has_loader; /* of a dynamic program: its ELF interpreter is there */
	bool has_platform;
	struct platform platform;
};

/* A regular file, below root or (-1) on this machine, to be read. A descriptor or -errno, -EBADMSG for what is none. */
int file_open(int root, const char *path);
/*
 * Reads a file, below root when that is not -1 (links resolve inside). Never blocks. 0; -ENOEXEC when it
 * is neither ELF nor script, -EBADMSG when it is malformed, with the path in front; ret is to be freed
 * with file_done() also on failure.
 */
int file_look(int root, const char *path, struct file_facts *ret, struct err *e);
/*
 * The first of these directories (as in PATH; NULL: none) that has an executable file of that name, else one that is
 * not executable: its path, to be freed.
 */
char *file_find(int root, const char *search, const char *name);
/*
 * fs/binfmt_script.c: the rest of a script's first line, blanks and tabs around it dropped. 1, 0 where the file is not
 * a script, -ENOEXEC with e set where the kernel would see the name of its program in part.
 */
int file_script(int fd, char command[FILE_LINE_MAX], struct err *e);

/* What env(1) does for a script, whose #! line gives it one argument. */
enum file_env {
	FILE_ENV_NONE,	  /* the line is for another interpreter, or has what is not judged */
	FILE_ENV_PROGRAM, /* starts that program */
	FILE_ENV_ITSELF,  /* gets no program: it starts the script, again and again */
	FILE_ENV_REFUSES, /* takes all of it for an option that does not exist */
};

/* ret is the program of FILE_ENV_PROGRAM: a path, or a name to look for in PATH. */
enum file_env file_env_program(const char *command, char ret[FILE_LINE_MAX]);
/* What execvp(3) would start for this word, followed through scripts; NULL where that is unknown. */
const struct arch *file_command_arch(const char *command);
void file_done(struct file_facts *facts);
