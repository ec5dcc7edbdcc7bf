// SPDX-License-Identifier: MIT
/* A new user namespace with its own handler table: handlers for one command, without root. */
#include "run/sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "binfmt/userns.h"

/* A line of /etc/subuid: ids that a user may map. */
struct range {
	unsigned long start, count;
};

/* Of a user outside the new namespace. */
struct ids {
	uid_t uid;
	gid_t gid;
	struct range uids, gids;
};

enum { ID_FILE_MAX = 1024 * 1024, ID_MAX = 0xfffffffe };

char *sandbox_user(uid_t uid, enum sandbox_user_field which)
{
	auto_fd fd = fd_open_regular(AT_FDCWD, "/etc/passwd", 0);
	auto_buf text = { 0 };
	char id[16], *rest, *line;

	snprintf(id, sizeof(id), "%u", (unsigned)uid);
	if (fd < 0 || fd_read_all(fd, ID_FILE_MAX, &text))
		return NULL;
	for (rest = text.data; (line = strsep(&rest, "\n"));) {
		char *field[7] = { NULL };

		for (size_t i = 0; i < ARRAY_SIZE(field); i++)
			field[i] = strsep(&line, ":");
		if (field[2] && !strcmp(field[2], id))
			return field[which] ? mem_text(field[which]) : NULL;
	}
	return NULL;
}

/* The first line "NAME:START:COUNT" or "UID:START:COUNT". */
static bool find_range(const char *file, uid_t uid, struct range *ret)
{
	auto_fd fd = open(file, O_RDONLY | O_CLOEXEC);
	auto_free char *name = sandbox_user(uid, SANDBOX_USER_NAME);
	auto_buf text = { 0 };
	char id[16], *rest, *line;

	snprintf(id, sizeof(id), "%u", (unsigned)uid);
	if (fd < 0 || fd_read_all(fd, ID_FILE_MAX, &text))
		return false;
	for (rest = text.data; (line = strsep(&rest, "\n"));) {
		const char *user = strsep(&line, ":"), *start = strsep(&line, ":");

		if (line && (!strcmp(user, id) || (name && !strcmp(user, name))) &&
			!str_to_uint(start, ID_MAX, &ret->start) && !str_to_uint(line, ID_MAX, &ret->count) &&
			ret->count)
			return true;
	}
	return false;
}

static int write_file(const char *path, const char *text)
{
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_write(fd, text, strlen(text));
}

/* The set-user-ID helpers of the shadow suite; they check the ranges themselves. */
static int call_helper(const char *helper, pid_t target, unsigned own, const struct range *range)
{
	char pid[16], id[16], start[24], count[24];
	pid_t child = fork();
	int status;

	if (!child) {
		snprintf(pid, sizeof(pid), "%d", (int)target);
		snprintf(id, sizeof(id), "%u", own);
		snprintf(start, sizeof(start), "%lu", range->start);
		snprintf(count, sizeof(count), "%lu", range->count);
		execlp(helper, helper, pid, "0", id, "1", "1", start, count, (char *)NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EPERM;
}

/* Maps all ids but one: mapping all would look like the initial namespace. Only root outside may write such a map. */
static int write_map(pid_t target, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)target, file);
	return write_file(path, "0 0 4294967294");
}

/* A process may map only one id without helpers (user_namespaces(7)). */
static int map_single(uid_t uid, gid_t gid)
{
	char map[64];
	int r;

	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
	r = write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)gid);
	return r ? r : write_file("/proc/self/gid_map", map);
}

/* A process outside waits until the new namespace exists, maps its ids, and reports 0 or 1. */
static int enter_mapped(const struct ids *ids)
{
	int ready[2] = { -1, -1 }, done[2] = { -1, -1 }, r = 0;
	pid_t self = getpid(), child = -1;
	char byte = 0;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0 || (child = fork()) < 0)
		r = -errno;
	if (!child) {
		close(ready[1]);
		close(done[0]);
		if (read(ready[0], &byte, 1) != 1)
			byte = 1;
		else if (!ids->uid)
			byte = write_map(self, "uid_map") || write_map(self, "gid_map");
		else
			byte = call_helper("newgidmap", self, ids->gid, &ids->gids) ||
			       call_helper("newuidmap", self, ids->uid, &ids->uids);
		_exit(write(done[1], &byte, 1) == 1 ? 0 : 1);
	}
	cleanup_fd(&ready[0]);
	cleanup_fd(&done[1]);
	if (!r && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		r = -errno;
	else if (!r && (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1))
		r = -EIO;
	else if (!r && byte)
		r = map_single(ids->uid, ids->gid);
	cleanup_fd(&ready[1]);
	cleanup_fd(&done[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

int sandbox_enter(struct err *e)
{
	struct ids ids = { .uid = geteuid(), .gid = getegid() };
	int r;

	if (!ids.uid ||
		(find_range("/etc/subuid", ids.uid, &ids.uids) && find_range("/etc/subgid", ids.uid, &ids.gids)))
		r = enter_mapped(&ids);
	else
		r = unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? -errno : map_single(ids.uid, ids.gid);
	if (!r && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		r = -errno; /* AppArmor permits the namespace, but no privileged operation in it */
	return r ? userns_refused(r, e) : 0;
}

int sandbox_register(const struct register_options *options, struct name_set *ret_served, struct err *e)
{
	auto_free struct register_report *report = mem_new(1, sizeof(*report));
	struct register_options own = *options;
	int r;

	own.lasting = LASTING_MOUNT;
	own.no_verify = true;
	own.is_private = true;
	own.names.is_all |= !own.names.n;
	r = register_run(&own, report, e);
	if (r == -EPERM) {
		err_set(e, -EOPNOTSUPP, "this kernel has one handler table for the whole machine");
		err_hint(e, "Linux 6.7 or later has one for each user namespace; or register on the "
			    "machine: sudo anyarch register");
		r = -EOPNOTSUPP;
	}
	for (size_t i = 0; !r && i < report->n; i++)
		if (report->items[i].result == REGISTER_REFUSED || report->items[i].result == REGISTER_FAILED)
			r = err_move(e, &report->items[i].err);
		else
			name_set_add_arch(ret_served, report->items[i].arch);
	register_done(report);
	return r;
}
