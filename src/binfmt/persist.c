// SPDX-License-Identifier: MIT
/* Handlers that return at boot: one file each in /etc/binfmt.d, which systemd-binfmt reads. */
#include "binfmt/persist.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/newfile.h"
#include "base/str.h"

#define MARK "# Written by anyarch register --persist; anyarch unregister removes it.\n"

enum { CONF_MAX = 64 * 1024 };

static int open_conf_dir(const char *root, bool make, struct err *e)
{
	auto_buf path = { 0 };
	int fd;

	buf_addf(&path, "%s/etc/binfmt.d", root ? root : "");
	if (make && mkdir(buf_text(&path), 0755) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "%s", buf_text(&path));
	fd = open(buf_text(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, -errno, "%s", buf_text(&path)) : fd;
}

/* 1 ours, 0 somebody else's, -ENOENT nobody's. */
static int owner(int dir, const char *file)
{
	auto_fd fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	auto_buf text = { 0 };

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : 0;
	return !fd_read_all(fd, CONF_MAX, &text) && str_starts(buf_text(&text), MARK);
}

int persist_write(const char *root, const struct rule *rule, bool replace, struct err *e)
{
	auto_fd dir = open_conf_dir(root, true, e);
	auto_newfile new = NEWFILE_INIT;
	auto_buf file = { 0 }, text = { 0 };
	int r;

	if (dir < 0)
		return dir;
	buf_addf(&file, "%s.conf", rule->name);
	buf_adds(&text, MARK);
	r = rule_render(rule, &text, e);
	if (r)
		return r;
	buf_adds(&text, "\n");
	if (!owner(dir, buf_text(&file)) && !replace) {
		err_set(e, -EEXIST, "/etc/binfmt.d/%s is there and not ours", buf_text(&file));
		return err_hint(e, "--replace replaces it");
	}
	r = newfile_open_at(dir, buf_text(&file), NEWFILE_REPLACES, &new, e);
	r = r ? r : newfile_commit_text(&new, &text, 0644, e);
	return r ? err_prefix(e, "/etc/binfmt.d") : 0;
}

bool persist_has(const char *root, const char *name)
{
	auto_fd dir = open_conf_dir(root, false, NULL);
	auto_buf file = { 0 };

	buf_addf(&file, "%s.conf", name);
	return dir >= 0 && owner(dir, buf_text(&file)) == 1;
}

int persist_remove(const char *root, const char *name, struct err *e)
{
	auto_fd dir = open_conf_dir(root, false, NULL);
	auto_buf file = { 0 };

	buf_addf(&file, "%s.conf", name);
	if (dir < 0 || owner(dir, buf_text(&file)) != 1)
		return 0;
	if (unlinkat(dir, buf_text(&file), 0) < 0)
		return err_sys(e, -errno, "cannot remove /etc/binfmt.d/%s", buf_text(&file));
	return 1;
}
