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

enum { SUBID_FILE_MAX = 1024 * 1024, ID_MAX = 0xfffffffe };

/* "NAME:START:COUNT" or "UID:START:COUNT"; the first matching line is used. */
static bool parse_range(char *line, const char *name, const char *id, struct range *ret)
{
	char *start = strchr(line, ':'), *count = start ? strchr(start + 1, ':') : NULL;

	if (!count)
		return false;
	*start++ = *count++ = '\0';
	return (!strcmp(line, name) || !strcmp(line, id)) && !str_to_uint(start, ID_MAX, &ret->start) &&
	       !str_to_uint(count, ID_MAX, &ret->count) && ret->count;
}

/* Reads /etc/passwd only: getpwuid(3) in a static program would load NSS modules of another libc. */
static void find_name(const char *id, char ret[64])
{
	auto_fd fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	auto_buf text = { 0 };
	char *rest, *line;

	*ret = '\0';
	if (fd < 0 || fd_read_all(fd, SUBID_FILE_MAX, &text) || !text.data)
		return;
	for (rest = text.data; !*ret && (line = strsep(&rest, "\n"));) {
		char *name = strsep(&line, ":");
		char *password = strsep(&line, ":"), *uid = strsep(&line, ":");

		if (password && uid && !strcmp(uid, id))
			snprintf(ret, 64, "%s", name);
	}
}

static bool find_range(const char *file, uid_t uid, struct range *ret)
{
	auto_fd fd = open(file, O_RDONLY | O_CLOEXEC);
	auto_buf text = { 0 };
	char name[64], id[16], *rest, *line;

	snprintf(id, sizeof(id), "%u", (unsigned)uid);
	find_name(id, name);
	if (fd < 0 || fd_read_all(fd, SUBID_FILE_MAX, &text) || !text.data)
		return false;
	for (rest = text.data; (line = strsep(&rest, "\n"));)
		if (parse_range(line, *name ? name : id, id, ret))
			return true;
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

/* Runs outside the new namespace: waits until the namespace exists, maps its ids, reports 0 or 1 through done. */
static _Noreturn void map_from_outside(int ready, int done, pid_t target, uid_t uid, gid_t gid)
{
	struct range uids, gids;
	char byte = 1;

	if (!uid && read(ready, &byte, 1) == 1)
		byte = write_map(target, "uid_map") || write_map(target, "gid_map");
	else if (uid && read(ready, &byte, 1) == 1 && find_range("/etc/subuid", uid, &uids) &&
		 find_range("/etc/subgid", uid, &gids) && !call_helper("newgidmap", target, gid, &gids) &&
		 !call_helper("newuidmap", target, uid, &uids))
		byte = 0;
	else
		byte = 1;
	_exit(write(done, &byte, 1) == 1 ? 0 : 1);
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

static int unshare_and_map(uid_t uid, gid_t gid, int ready, int done)
{
	char byte = 0;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	if (write(ready, &byte, 1) != 1 || read(done, &byte, 1) != 1)
		return -EIO;
	return byte ? map_single(uid, gid) : 0;
}

static bool has_ranges(uid_t uid)
{
	struct range range;

	return find_range("/etc/subuid", uid, &range) && find_range("/etc/subgid", uid, &range);
}

static int enter_mapped(uid_t uid, gid_t gid)
{
	int ready[2], done[2], r;
	pid_t self = getpid(), child;

	if (uid && !has_ranges(uid))
		return unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? -errno : map_single(uid, gid);
	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(done, O_CLOEXEC) < 0) {
		r = -errno;
		close(ready[0]);
		close(ready[1]);
		return r;
	}
	child = fork();
	if (!child) {
		close(ready[1]);
		close(done[0]);
		map_from_outside(ready[0], done[1], self, uid, gid);
	}
	close(ready[0]);
	close(done[1]);
	r = child < 0 ? -errno : unshare_and_map(uid, gid, ready[1], done[0]);
	close(ready[1]);
	close(done[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

int sandbox_enter(struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r = enter_mapped(uid, gid);

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
