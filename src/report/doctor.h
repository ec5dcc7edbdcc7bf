/* SPDX-License-Identifier: MIT */
/* What is wrong with this machine or a target, why, and what to type next. */
#pragma once

#include "base/buf.h"
#include "emulator/content.h"
#include "report/file.h"
#include "report/status.h"

enum finding_level {
	FINDING_OK = 0, /* looked at, and fine */
	FINDING_NOTE,	/* good to know */
	FINDING_WARNING,
	FINDING_PROBLEM,
};

extern const char *const finding_words[];

struct finding_kind {
	enum finding_level level;
	const char *id; /* stable, for scripts */
};
#define FINE(id)    ((struct finding_kind){ FINDING_OK, id })
#define NOTE(id)    ((struct finding_kind){ FINDING_NOTE, id })
#define WARNING(id) ((struct finding_kind){ FINDING_WARNING, id })
#define PROBLEM(id) ((struct finding_kind){ FINDING_PROBLEM, id })

/* One observation. Text is owned. */
struct finding {
	struct finding_kind kind;
	char *what;	    /* a sentence */
	char *hint;	    /* what to type; NULL for none */
	const char *target; /* what it is about, as it was typed; borrowed, NULL for this machine */
};

/* A zeroed one is empty. */
struct doctor {
	struct finding *findings;
	size_t n;
	const char *target; /* of the findings that are added */
	unsigned depth;	    /* of scripts for env */
	int started;	    /* what exec_try() said of the file that is looked at */
};

/* Adds a finding; hint may be NULL. */
void doctor_add(struct doctor *doctor, struct finding_kind kind, const char *hint, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* The worst level. */
enum finding_level doctor_worst(const struct doctor *doctor);
void doctor_done(struct doctor *doctor);

/*
 * The path that an opened file or directory has on this machine, without links, also in ret; of a disk image, below
 * DIR; path where that is unknown.
 */
const char *doctor_real_path(int fd, const char *path, char ret[4096]);
/* Appends the command that gives an architecture a good handler in the place of rule (NULL: of none). */
void doctor_register_hint(struct buf *out, const struct arch *arch, const struct rule *rule);
/* Appends the command that takes an entry out; nothing when its name cannot be typed. */
void doctor_unregister_hint(struct buf *out, const struct rule *rule);
/* Whether register would find this entry under the name that it gives itself. */
bool doctor_has_our_name(const struct arch *arch, const struct rule *rule);
/* Root without the right to mount, as in a container without --privileged. */
bool doctor_is_powerless(void);
/* What is wrong with the interpreter of an entry that is used for arch (NULL: not one of ours). */
void doctor_interpreter(const struct rule *rule, const struct arch *arch, struct doctor *ret);
/* Every entry of the table, what its flags and its interpreter mean. */
void doctor_entries(const struct status *status, struct doctor *ret);
/* That the table is switched off as a whole. */
void doctor_switched_off(const struct status *status, struct doctor *ret);
/* Looks at the machine: kernel, table, every entry, who else writes to it, containers. Changes nothing. */
void doctor_machine(const struct status *status, struct doctor *ret);
/*
 * Follows one file from what was typed to a running process. root is a directory descriptor inside which it would
 * be run, -1 for this machine. -errno when the file cannot be read at all; that it is no program is a finding.
 */
int doctor_file(const struct status *status, int root, const char *path, struct doctor *ret, struct err *e);
/* Whether the loader of a dynamic program is there, and finds what that wants. rule takes it, NULL: none. */
void doctor_loader(const struct rule *rule, int root, const struct file_step *step, const struct file_facts *facts,
	struct doctor *d);
/*
 * A file, root file system or image, as it is named on a command line; with root a file below that directory. -errno
 * when it cannot be read.
 */
int doctor_target(const struct status *status, const char *root, const char *text, struct doctor *ret, struct err *e);
/* Whether an emulator of arch that starts lies where the handler of arch asks for it. */
bool doctor_is_provided(const struct status *status, const struct arch *arch, const struct content *content);
/* Whether native tools that inject --accelerate put into a root serve; nothing is found without them. 0, -errno. */
int doctor_tools(
	const struct status *status, int root, const struct arch *arch, const char *target, struct doctor *ret);
struct json;
/* The same of an image, by the document of its tools. */
void doctor_image_tools(const struct status *status, const struct json *document, const struct arch *arch,
	const char *target, struct doctor *ret);
/* Whether programs of this platform run in a root where the emulator may lie inside; used for roots and images. */
void doctor_platform(const struct status *status, const struct arch *arch, const char *what, bool has_emulator_inside,
	struct doctor *ret);
