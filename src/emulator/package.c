// SPDX-License-Identifier: MIT
/* THE table of distributions: the command that installs emulators on each. */
#include "emulator/package.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/str.h"

enum { RELEASE_MAX = 64 * 1024 };

/* The packages with static emulators, as each distribution names them. */
static const struct distribution {
	const char *id;			 /* os-release(5): ID, or a word of ID_LIKE */
	const char *install, *emulators; /* %s: a package for each architecture */
} distributions[] = {
	{ "debian", "sudo apt install", "qemu-user-static" },
	{ "ubuntu", "sudo apt install", "qemu-user-static" },
	{ "fedora", "sudo dnf install", "qemu-user-static" },
	{ "rhel", "sudo dnf install", "qemu-user-static" },
	{ "arch", "sudo pacman -S", "qemu-user-static" },
	{ "alpine", "doas apk add", "qemu-%s" },
	{ "opensuse", "sudo zypper install", "qemu-linux-user" },
	{ "suse", "sudo zypper install", "qemu-linux-user" },
};

static const char *const release_files[] = { "/etc/os-release", "/usr/lib/os-release" };

/* The value of NAME= without its quotes: words separated by blanks. */
static void read_value(const char *text, const char *name, char ret[256])
{
	size_t len = strlen(name);

	*ret = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) || line[len] != '=')
			continue;
		line += len + 1;
		line += strspn(line, "\"'");
		snprintf(ret, 256, "%.*s", (int)strcspn(line, "\"'\n"), line);
		return;
	}
}

static const struct distribution *find_distribution(bool *ret_is_nixos)
{
	/* Debian's qemu-user is static since version 14; testing and sid have no number. */
	static const struct distribution newer = { "debian", "sudo apt install", "qemu-user" };
	static const struct distribution *found;
	static bool is_known, is_nixos;
	char id[256], like[256], version[256];
	unsigned long number;
	auto_buf text = { 0 };
	auto_fd fd = -1;

	for (size_t i = 0; !is_known && fd < 0 && i < ARRAY_SIZE(release_files); i++)
		fd = open(release_files[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	is_known = true;
	if (fd >= 0 && !fd_read_all(fd, RELEASE_MAX, &text)) {
		read_value(buf_text(&text), "ID", id);
		read_value(buf_text(&text), "ID_LIKE", like);
		read_value(buf_text(&text), "VERSION_ID", version);
		is_nixos = !strcmp(id, "nixos");
		if (!strcmp(id, "debian") && (!*version || (!str_to_uint(version, 1000, &number) && number >= 14)))
			found = &newer;
		for (size_t i = 0; !found && i < ARRAY_SIZE(distributions); i++)
			if (!strcmp(id, distributions[i].id))
				found = &distributions[i];
		for (size_t i = 0; !found && i < ARRAY_SIZE(distributions); i++)
			if (str_in_words(like, distributions[i].id, strlen(distributions[i].id)))
				found = &distributions[i];
	}
	*ret_is_nixos = is_nixos;
	return found;
}

bool package_emulators(struct buf *out, const struct arch *arch)
{
	bool is_nixos;
	const struct distribution *d = find_distribution(&is_nixos);

	if (d && strchr(d->emulators, '%'))
		buf_addf(out, arch ? "%s qemu-%s" : "%s qemu-arm qemu-aarch64", d->install, arch ? arch->qemu : "");
	else if (d)
		buf_addf(out, "%s %s", d->install, d->emulators);
	else if (is_nixos)
		buf_adds(out, "set boot.binfmt.emulatedSystems in the configuration of NixOS");
	else
		buf_adds(out, "install static QEMU user-mode emulators, or name their directory: --emulator-dir DIR");
	return d;
}

int package_hint(struct err *e)
{
	auto_buf text = { 0 };

	package_emulators(&text, NULL);
	return err_hint(e, "%s", buf_text(&text));
}

bool package_install(struct buf *out, const char *package, const char *need)
{
	bool is_nixos;
	const struct distribution *d = find_distribution(&is_nixos);
	bool is_apt = d && str_starts(d->install, "sudo apt");

	buf_addf(out, "%s %s", is_apt ? d->install : "install", is_apt ? package : need);
	return is_apt;
}
