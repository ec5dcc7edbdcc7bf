/* SPDX-License-Identifier: MIT */
/* Finds what is wrong with this machine or a target, why, and which command fixes it. */
#pragma once

#include "base/buf.h"
#include "emulator/content.h"
#include "report/file.h"
#include "report/status.h"

enum finding_level {
	FINDING_OK = 0, /* checked, and fine */
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
	char *hint;	    /* a command; NULL for none */
	const char *target; /* the target as typed; borrowed, NULL for this machine */
};

/* A zeroed one is empty; doctor_done() frees. */
struct doctor {
	struct finding *findings;
	size_t n;
	const char *target; /* target of new findings */
	unsigned depth;	    /* nesting of scripts that env starts */
	size_t first;	    /* of the findings of the examined file or root */
	int started;	    /* result of exec_try() for the examined file */
};

/* Adds a finding; hint may be NULL. */
void doctor_add(struct doctor *doctor, struct finding_kind kind, const char *hint, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* The worst level. */
enum finding_level doctor_worst(const struct doctor *doctor);
/* Whether the examined file or root has a problem. */
bool doctor_has_problem(const struct doctor *doctor);
void doctor_done(struct doctor *doctor);

/*
 * The path of an open file or directory on this machine, without links, also in ret; inside a disk image, below DIR;
 * path if unknown.
 */
const char *doctor_real_path(int fd, const char *path, char ret[4096]);
/* Appends the command that registers a good handler for an architecture instead of rule (NULL: none exists). */
void doctor_register_hint(struct buf *out, const struct arch *arch, const struct rule *rule);
/* A command followed by a word, which is quoted. */
struct buf doctor_command(const char *command, const char *word);
/* Appends the command that removes an entry; nothing if its name cannot be typed. */
void doctor_unregister_hint(struct buf *out, const struct rule *rule);
/* Whether this entry has a name that register uses. */
bool doctor_has_our_name(const struct arch *arch, const struct rule *rule);
/* Whether this is root without the right to mount, as in a container without --privileged. */
bool doctor_is_powerless(void);
/* Finds what is wrong with the interpreter of an entry used for arch (NULL: another kind of entry). */
void doctor_interpreter(const struct rule *rule, const struct arch *arch, struct doctor *ret);
/* Checks the flags and interpreter of every entry of the table. */
void doctor_entries(const struct status *status, struct doctor *ret);
/* Reports that the whole table is switched off. */
void doctor_switched_off(const struct status *status, struct doctor *ret);
/* Checks the machine: kernel, table, its entries and who else writes to it, containers. Changes nothing. */
void doctor_machine(const struct status *status, struct doctor *ret);
/*
 * Follows a file from the command to the running process. root is the descriptor of the directory in which it would
 * run, -1 for this machine. -errno if the file cannot be read; a file that is not a program is a finding.
 */
int doctor_file(const struct status *status, int root, const char *path, struct doctor *ret, struct err *e);
/* Checks that a dynamic program's loader exists and finds its libraries. rule matches the program; NULL: none. */
void doctor_loader(const struct rule *rule, int root, const struct file_step *step, const struct file_facts *facts,
	struct doctor *d);
/* Checks a target as named on a command line; with root, a file below that directory. -errno if it cannot be read. */
int doctor_target(const struct status *status, const char *root, const char *text, struct doctor *ret, struct err *e);
/* Whether a working emulator for arch is at the path that arch's handler expects. */
bool doctor_is_provided(const struct status *status, const struct arch *arch, const struct content *content);
/* Checks the native tools that inject --accelerate put into a root; without any, nothing is reported. 0, -errno. */
int doctor_tools(
	const struct status *status, int root, const struct arch *arch, const char *target, struct doctor *ret);
struct json;
/* The same of an image, by the document of its tools. */
void doctor_image_tools(const struct status *status, const struct json *document, const struct arch *arch,
	const char *target, struct doctor *ret);
/* Checks whether programs of this platform run in a root or image, which may contain the emulator. */
void doctor_platform(const struct status *status, const struct arch *arch, const char *what, bool has_emulator_inside,
	struct doctor *ret);
