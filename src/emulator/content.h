/* SPDX-License-Identifier: MIT */
/* Determines the platform of a root file system or image from its files, however they are read. */
#pragma once

#include "arch/name.h"
#include "arch/tally.h"
#include "base/err.h"
#include "emulator/emulator.h"

enum { CONTENT_EMULATORS_MAX = 64, CONTENT_TEXT_MAX = 128 };

/* An emulator found in a tree; it does not count as the tree's own program. */
struct content_emulator {
	char *path;
	const struct arch *arch; /* what it emulates */
	const struct arch *host; /* what it runs on; NULL if unknown */
	char *refused;		 /* what emulator_check() says against it; "": nothing */
	char version[EMULATOR_VERSION_MAX];
};

/* The content of a tree or image. Zeroed: empty; content_done() frees it. */
struct content {
	bool has_platform;
	struct platform platform;
	char *decided_by;	       /* path of the file that decided; NULL: the majority */
	struct tally tally;	       /* files that were examined: key files, or all */
	bool is_mixed;		       /* more than one architecture in the tally */
	char system[CONTENT_TEXT_MAX]; /* PRETTY_NAME of os-release, "" if none */
	struct content_emulator emulators[CONTENT_EMULATORS_MAX];
	size_t n_emulators;
};

/*
 * Files that identify a system, most significant first, NULL-terminated: shells, package managers, other programs. They
 * are opened as after chroot.
 */
extern const char *const content_key_files[];
/* Directories whose programs are examined if no key file exists; NULL-terminated. */
extern const char *const content_key_dirs[];
/* Paths of os-release; NULL-terminated. */
extern const char *const content_release_files[];

/* Adds a key file, which decides the platform if none before did. */
void content_key(struct content *content, const struct elf_info *info, const char *path);
/* Adds any file by its header, to the tally only. */
void content_file(struct content *content, const struct elf_head *head, const char *path);
/*
 * What a file of this name (qemu-ARCH[-static]) and header may emulate, or NULL. The caller then reads
 * emulator_version() from its bytes, and records it with content_emulator(), which copies, instead of counting it.
 */
const struct arch *content_maybe_emulator(const char *path, const struct elf_head *head);
void content_emulator(struct content *content, const struct content_emulator *emulator);
/* Adds the text of an os-release file. */
void content_release(struct content *content, const char *text);
/* To be called after the last file: the majority decides if no key file did; sets is_mixed. */
void content_judge(struct content *content);
void content_done(struct content *content);
