// SPDX-License-Identifier: MIT
/* Opens an emulator, and verifies from its file that it is one. */
#include "emulator/emulator.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "arch/elf.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"

enum {
	CHUNK = 128 * 1024,
	SEARCHED_MAX = 64 * 1024 * 1024, /* for the version: holes make a file of any size cost nothing */
	UNMAPPED_UID = 65534,		 /* of users not mapped in this user namespace */
};

bool emulator_has_capabilities(int fd)
{
	return fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

int emulator_refuse_capabilities(struct err *e)
{
	return err_set(e, -EBADMSG, "it has file capabilities: every foreign program would get them");
}

int emulator_check(int fd, struct err *e)
{
	struct elf_info info;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EBADMSG, "not a regular file");
	if (!(st.st_mode & 0111))
		return err_set(e, -EBADMSG, "not executable (mode %04o)", st.st_mode & 07777);
	/* Every user's foreign program would run with the rights of the emulator's owner (or group). */
	if (st.st_mode & (S_ISUID | S_ISGID))
		return err_set(e, -EBADMSG,
			"set-%s-ID (mode %04o): every foreign program would get the rights of its %s",
			st.st_mode & S_ISUID ? "user" : "group", st.st_mode & 07777,
			st.st_mode & S_ISUID ? "owner" : "group");
	if (emulator_has_capabilities(fd))
		return emulator_refuse_capabilities(e);
	r = elf_read(fd, &info, e);
	if (r)
		return r == -ENOEXEC ? (e ? e->code = -EBADMSG : -EBADMSG) : r;
	if (elf_arch(&info.head) != arch_host())
		return err_set(e, -EBADMSG, "it is a program for %s, and this machine is %s",
			elf_arch(&info.head) ? arch_word(elf_arch(&info.head)) : "something else",
			arch_word(arch_host()));
	if (info.has_interpreter)
		return err_set(e, -EBADMSG,
			"dynamically linked: it would need its libraries in every "
			"root filesystem");
	if (info.linkage != ELF_STATIC && info.linkage != ELF_STATIC_PIE)
		return err_set(e, -EBADMSG, "not a program, but of type '%s'", elf_linkage_words[info.linkage]);
	if (info.is_truncated)
		return err_set(e, -EBADMSG, "truncated: a segment ends after the end of the file");
	return 0;
}

const char *emulator_exposure(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (st.st_mode & S_IWOTH)
		return "every user can write to it";
	/* With an access control list, the bits of the group are what the list may grant at most (acl(5)). */
	if (st.st_mode & S_IWGRP && fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0)
		return "its access control list lets other users write to it";
	if (st.st_mode & S_IWGRP && st.st_gid)
		return "its group can write to it";
	return st.st_uid && st.st_uid != UNMAPPED_UID ? "its owner, who is not root, can write to it" : NULL;
}

int emulator_open(const char *root, const char *path, const struct arch *arch, struct emulator *ret, struct err *e)
{
	struct emulator emulator = { .arch = arch, .fd = -1 };
	auto_free char *full = NULL;
	auto_fd fd = -1;
	int r;

	if (path[0] != '/')
		return err_set(e, -EBADMSG, "the path of an emulator must be absolute");
	for (const char *p = path; *p; p++)
		if (*p == ':' || iscntrl((unsigned char)*p))
			return err_set(
				e, -EBADMSG, "the path of an emulator must have no ':' and no control character");
	full = mem_print("%s%s", root, path);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENXIO)
		return err_set(e, -EBADMSG, "not a regular file");
	if (fd < 0)
		return err_sys(e, -errno, "cannot open it");
	r = emulator_check(fd, e);
	if (r)
		return r;
	emulator.path = mem_text(path);
	emulator.fd = take_fd(&fd);
	*ret = emulator;
	return 0;
}

void emulator_done(struct emulator *emulator)
{
	free(emulator->path);
	cleanup_fd(&emulator->fd);
	*emulator = (struct emulator)EMULATOR_INIT;
}

/* Copies the version at text, up to the first byte that cannot be part of one. */
static bool take_version(const char *text, size_t len, char *ret)
{
	size_t n = 0;

	if (!len || !isdigit((unsigned char)*text))
		return false;
	while (n < len && n < EMULATOR_VERSION_MAX - 1 && text[n] &&
		(isalnum((unsigned char)text[n]) || strchr(".-+", text[n])))
		n++;
	memcpy(ret, text, n);
	ret[n] = '\0';
	return true;
}

/* Chunks overlap by the longest marker and version, so that none is cut unless the file ends there. */
static bool find_version(int fd, off_t from, const char *marker, char *chunk, char *ret)
{
	size_t len = strlen(marker), overlap = len + EMULATOR_VERSION_MAX;

	for (off_t at = from; at - from < SEARCHED_MAX && !stop_signal(); at += CHUNK - (off_t)overlap) {
		ssize_t n = fd_pread(fd, chunk, CHUNK, at);
		const char *hit = chunk, *end = chunk + (n < 0 ? 0 : n);
		/* A match that begins in the overlap is complete in the next chunk. */
		const char *last = n < CHUNK ? end : end - overlap;

		for (; (hit = memmem(hit, (size_t)(end - hit), marker, len)) && hit < last; hit++)
			if (take_version(hit + len, (size_t)(end - hit) - len, ret))
				return true;
		if (n < CHUNK)
			break;
	}
	return false;
}

/*
 * QEMU's linux-user/main.c prints "qemu-" TARGET_NAME " version " QEMU_FULL_VERSION: one literal, so the read-only data
 * is searched first.
 */
bool emulator_version(int fd, const struct arch *arch, char ret[EMULATOR_VERSION_MAX])
{
	auto_free char *chunk = mem_new(1, CHUNK);
	struct elf_info info;
	char marker[64];

	*ret = '\0';
	if (!chunk)
		return false;
	snprintf(marker, sizeof(marker), "qemu-%s version ", arch->qemu);
	if (!elf_read(fd, &info, NULL) && info.constants && find_version(fd, (off_t)info.constants, marker, chunk, ret))
		return true;
	return find_version(fd, 0, marker, chunk, ret);
}
