/* SPDX-License-Identifier: MIT */
/* What counts for the platform of a root file system or image, whichever way its files are reached. */
#pragma once

#include "arch/name.h"
#include "arch/tally.h"
#include "base/err.h"
#include "emulator/emulator.h"

enum { CONTENT_EMULATORS_MAX = 64, CONTENT_TEXT_MAX = 128 };

/* An emulator that lies there: not part of what the tree is. */
struct content_emulator {
	char *path;
	const struct arch *arch; /* what it emulates */
	const struct arch *host; /* what it runs on, NULL when unknown */
	bool is_usable;		 /* emulator_check() has nothing against it */
	char version[EMULATOR_VERSION_MAX];
};

/* What a tree or image is made of. A zeroed one is empty; content_done() frees. */
struct content {
	bool has_platform;
	struct platform platform;
	char *decided_by;	       /* path of the file that settled it; NULL: the majority */
	struct tally tally;	       /* what was looked at: key files, or with all every file */
	bool is_mixed;		       /* more than one architecture in the tally */
	char system[CONTENT_TEXT_MAX]; /* PRETTY_NAME of os-release, "" for none */
	struct content_emulator emulators[CONTENT_EMULATORS_MAX];
	size_t n_emulators;
};

/*
 * Files that tell what a system is, the most telling first, NULL at the end: shells, loaders' users,
 * package managers. They are opened as after chroot.
 */
extern const char *const content_key_files[];
/* Directories whose programs are looked at when no key file is there; NULL at the end. */
extern const char *const content_key_dirs[];
/* Where os-release is; NULL at the end. */
extern const char *const content_release_files[];

/* A key file: settles the platform when none before it did. */
void content_key(struct content *content, const struct elf_info *info, const char *path);
/* Any file, by its header; it only counts. */
void content_file(struct content *content, const struct elf_head *head, const char *path);
/*
 * Whether a file of this name and header may be an emulator (qemu-ARCH[-static]); then the caller asks
 * emulator_version() of its bytes and records a copy with content_emulator() instead of counting it.
 */
const struct arch *content_maybe_emulator(const char *path, const struct elf_head *head);
void content_emulator(struct content *content, const struct content_emulator *emulator);
/* The text of an os-release file. */
void content_release(struct content *content, const char *text);
/* After the last file: the majority decides what no key file did; mixtures are found. */
void content_judge(struct content *content);
void content_done(struct content *content);
