// SPDX-License-Identifier: MIT
/* Determines the platform of a root file system or image from its files. */
#include "emulator/content.h"

#include <stdio.h>
#include <string.h>

#include "arch/abi.h"
#include "base/memory.h"
#include "base/str.h"

const char *const content_key_files[] = { "/bin/sh", "/usr/bin/sh", "/bin/busybox", "/bin/bash", "/usr/bin/dpkg",
	"/sbin/apk", "/usr/bin/apk", "/usr/bin/rpm", "/usr/bin/pacman", "/bin/opkg", "/usr/bin/env", "/bin/true",
	"/sbin/init", NULL };

const char *const content_key_dirs[] = { "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/lib", "/lib",
	"/", NULL };

const char *const content_release_files[] = { "/etc/os-release", "/usr/lib/os-release", NULL };

void content_key(struct content *content, const struct elf_info *info, const char *path)
{
	if (content->has_platform || !abi_platform(info, &content->platform))
		return;
	content->decided_by = mem_text(path);
	content->has_platform = true;
}

void content_file(struct content *content, const struct elf_head *head, const char *path)
{
	if (head->type == 2 || head->type == 3)
		tally_add(&content->tally, head, path);
}

const struct arch *content_maybe_emulator(const char *path, const struct elf_head *head)
{
	const char *name = str_basename(path), *end;
	char target[32];

	if (!str_starts(name, "qemu-") || (head->type != 2 && head->type != 3))
		return NULL;
	name += strlen("qemu-");
	end = strstr(name, "-static");
	snprintf(target, sizeof(target), "%.*s", (int)(end ? (size_t)(end - name) : strlen(name)), name);
	return arch_by_qemu(target);
}

void content_emulator(struct content *content, const struct content_emulator *emulator)
{
	struct content_emulator *copy = &content->emulators[content->n_emulators];

	if (content->n_emulators == CONTENT_EMULATORS_MAX)
		return;
	*copy = *emulator;
	copy->path = mem_text(emulator->path);
	copy->refused = mem_text(emulator->refused);
	content->n_emulators++;
}

/* os-release(5): shell-like assignments; the value may be quoted. */
void content_release(struct content *content, const char *text)
{
	const char *line = str_starts(text, "PRETTY_NAME=") ? text : strstr(text, "\nPRETTY_NAME=");
	size_t len;

	if (!line)
		return;
	line += strcspn(line, "=") + 1;
	len = strcspn(line, "\n");
	if (len >= 2 && (*line == '"' || *line == '\'') && line[len - 1] == *line) {
		line++;
		len -= 2;
	}
	snprintf(content->system, sizeof(content->system), "%.*s", (int)MIN_OF(len, (size_t)1000), line);
}

void content_judge(struct content *content)
{
	const struct tally_kind *most = tally_majority(&content->tally);

	content->is_mixed = content->tally.n > 1;
	if (content->has_platform || !most || !most->arch)
		return;
	content->platform = (struct platform){ .arch = most->arch };
	content->has_platform = true;
}

void content_done(struct content *content)
{
	for (size_t i = 0; i < content->n_emulators; i++) {
		free(content->emulators[i].path);
		free(content->emulators[i].refused);
	}
	free(content->decided_by);
	tally_done(&content->tally);
	*content = (struct content){ 0 };
}
