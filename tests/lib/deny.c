// SPDX-License-Identifier: MIT
/*
 * Runs a command on a kernel or in a sandbox that lacks some system calls: a seccomp filter answers them
 * with an error.
 *
 * usage: deny ENOSYS|EPERM SYSCALL[,SYSCALL...] COMMAND...
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	{ "open_tree", SYS_open_tree },
	{ "move_mount", SYS_move_mount },
	{ "fsopen", SYS_fsopen },
	{ "openat2", SYS_openat2 },
	{ "ptrace", SYS_ptrace },
	{ "memfd_create", SYS_memfd_create },
	{ "unshare", SYS_unshare },
	{ "mount", SYS_mount },
	{ "copy_file_range", SYS_copy_file_range },
	{ "setns", SYS_setns },
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]), FILTER_MAX = 2 * CALLS + 2 };

static int find(const char *name, size_t len)
{
	for (size_t i = 0; i < CALLS; i++)
		if (strlen(calls[i].name) == len && !strncmp(calls[i].name, name, len))
			return (int)calls[i].number;
	fprintf(stderr, "deny: unknown system call %.*s\n", (int)len, name);
	return -1;
}

int main(int argc, char **argv)
{
	struct sock_filter filter[FILTER_MAX];
	struct sock_fprog program = { .filter = filter };
	unsigned short n = 0;
	unsigned error;

	if (argc < 4)
		return 2;
	error = !strcmp(argv[1], "EPERM") ? EPERM : ENOSYS;
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (const char *name = argv[2]; *name;) {
		size_t len = strcspn(name, ",");
		int number = find(name, len);

		if (number < 0 || n + 3 > FILTER_MAX)
			return 2;
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
		name += len + (name[len] == ',');
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("deny");
		return 125;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
