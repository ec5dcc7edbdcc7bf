// SPDX-License-Identifier: MIT
/* Handlers registered at boot: one file each in /etc/binfmt.d, which systemd-binfmt reads. */
#include "binfmt/persist.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/probe.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/newfile.h"
#include "base/str.h"

#define MARK "# Written by anyarch register --persist; anyarch unregister removes it.\n"

enum { CONF_MAX = 64 * 1024 };

static int open_conf_dir(const char *root, bool make, struct err *e)
{
	auto_free char *path = mem_print("%s/etc/binfmt.d", root ? root : "");
	int fd;

	if (make && mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, -errno, "%s", path) : fd;
}

/* 1 if anyarch wrote the file, 0 if another program did, -ENOENT if it does not exist. */
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
	auto_free char *file = mem_print("%s.conf", rule->name);
	auto_newfile new = NEWFILE_INIT;
	auto_buf text = { 0 };
	int r;

	if (dir < 0)
		return dir;
	buf_adds(&text, MARK);
	r = rule_render(rule, &text, e);
	if (r)
		return r;
	buf_adds(&text, "\n");
	if (!owner(dir, file) && !replace) {
		err_set(e, -EEXIST, "/etc/binfmt.d/%s exists, and anyarch did not write it", file);
		return err_hint(e, "--replace replaces it");
	}
	r = newfile_open_at(dir, file, NEWFILE_REPLACES, &new, e);
	r = r ? r : newfile_commit_text(&new, &text, 0644, e);
	return r ? err_prefix(e, "/etc/binfmt.d") : 0;
}

bool persist_has(const char *root, const char *name)
{
	auto_fd dir = open_conf_dir(root, false, NULL);
	auto_free char *file = mem_print("%s.conf", name);

	return dir >= 0 && owner(dir, file) == 1;
}

int persist_remove(const char *root, const char *name, struct err *e)
{
	auto_fd dir = open_conf_dir(root, false, NULL);
	auto_free char *file = mem_print("%s.conf", name);

	if (dir < 0 || owner(dir, file) != 1)
		return 0;
	if (unlinkat(dir, file, 0) < 0)
		return err_sys(e, -errno, "cannot remove /etc/binfmt.d/%s", file);
	return 1;
}

static bool exists(const char *root, const char *path)
{
	auto_free char *whole = mem_print("%s%s", root ? root : "", path);

	return !access(whole, F_OK);
}

/* systemd.unit(5): a masked unit is a link to /dev/null, or an empty file. */
static bool is_masked(const char *root, const char *path)
{
	auto_free char *whole = mem_print("%s%s", root ? root : "", path);
	char target[16];
	struct stat st;
	ssize_t n = readlink(whole, target, sizeof(target));

	return (n == strlen("/dev/null") && !memcmp(target, "/dev/null", (size_t)n)) ||
	       (!stat(whole, &st) && S_ISREG(st.st_mode) && !st.st_size);
}

int persist_check_reader(const char *root, struct err *e)
{
	static const char *const openrc[] = { "/etc/runlevels/boot/binfmt", "/etc/runlevels/sysinit/binfmt",
		"/etc/runlevels/default/binfmt" };
	bool is_systemd = exists(NULL, "/run/systemd/system");

	for (size_t i = 0; i < ARRAY_SIZE(openrc); i++)
		if (exists(root, openrc[i]))
			return 0;
	if (is_masked(root, "/etc/systemd/system/systemd-binfmt.service") ||
		(!root && is_masked(root, "/run/systemd/system/systemd-binfmt.service"))) {
		err_set(e, -EOPNOTSUPP, "nothing reads /etc/binfmt.d at boot: systemd-binfmt is masked");
		return err_hint(e, "sudo systemctl unmask systemd-binfmt");
	}
	if (root)
		return 0;
	if (is_systemd &&
		(exists(NULL, "/usr/lib/systemd/systemd-binfmt") || exists(NULL, "/lib/systemd/systemd-binfmt")))
		return 0;
	err_set(e, -EOPNOTSUPP, "nothing reads /etc/binfmt.d at boot: %s",
		is_systemd ? "systemd has no systemd-binfmt here" : "this system was not started by systemd or OpenRC");
	return err_hint(e, is_systemd ? "install systemd's binfmt service, or run 'anyarch register' at boot"
				      : "run 'anyarch register' at boot, on the machine itself");
}

/* A later rule replaces an earlier one of its name: systemd-binfmt removes what is there first. */
static void add_rule(struct persist_rules *list, struct rule *rule)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->rules[i].name, rule->name))
			continue;
		rule_done(&list->rules[i]);
		list->n--;
		memmove(&list->rules[i], &list->rules[i + 1], (list->n - i) * sizeof(*rule));
		break;
	}
	list->rules = mem_more(list->rules, list->n, sizeof(*list->rules));
	list->rules[list->n++] = *rule;
}

static void add_lines(const char *path, struct persist_rules *ret)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_buf text = { 0 };
	char *rest, *line;

	if (fd < 0 || fd_read_all(fd, CONF_MAX, &text) || !text.data)
		return;
	for (rest = text.data; (line = strsep(&rest, "\r\n"));) {
		struct rule rule = { 0 };
		size_t n;

		line += strspn(line, " \t");
		n = strlen(line);
		while (n && strchr(" \t", line[n - 1]))
			line[--n] = '\0';
		if (*line && !strchr("#;", *line) && !rule_parse(line, n, &rule, NULL))
			add_rule(ret, &rule);
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(str_basename(*(char *const *)a), str_basename(*(char *const *)b));
}

void persist_load(const char *root, struct persist_rules *ret)
{
	static const char *const dirs[] = { "/etc", "/run", "/usr/local/lib", "/usr/lib" };
	char **files = NULL;
	size_t n = 0;

	*ret = (struct persist_rules){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = mem_print("%s%s/binfmt.d", root ? root : "", dirs[i]);
		const struct dirent *entry;
		auto_dir dir = opendir(path);

		while (dir && (entry = readdir(dir))) {
			auto_free char *file = mem_print("%s/%s", path, entry->d_name);
			bool is_hidden = !str_ends(file, ".conf");

			for (size_t k = 0; k < n; k++)
				is_hidden |= !strcmp(str_basename(files[k]), entry->d_name);
			if (!is_hidden)
				mem_push_text(&files, &n, file);
		}
	}
	if (n)
		qsort(files, n, sizeof(*files), compare_names);
	for (size_t i = 0; i < n; i++)
		add_lines(files[i], ret);
	mem_free_texts(files, n);
}

void persist_done(struct persist_rules *rules)
{
	while (rules->n)
		rule_done(&rules->rules[--rules->n]);
	free(rules->rules);
	*rules = (struct persist_rules){ 0 };
}

bool persist_restores(const struct persist_rules *rules, const struct arch *arch)
{
	const struct probe probe = probe_build(arch, 0, NULL);

	/* The kernel asks the newest first. With F, it does not take one whose emulator it cannot open. */
	for (size_t i = rules->n; i-- > 0;) {
		const struct rule *rule = &rules->rules[i];

		if (rule->extension || !rule_matches(rule, probe.data, probe.size))
			continue;
		if (!access(rule->interpreter, X_OK))
			return true;
		if (!(rule->flags & RULE_FIXED))
			return false;
	}
	return false;
}
