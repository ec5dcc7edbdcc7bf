/* SPDX-License-Identifier: MIT */
/* One binfmt_misc rule: as text for the kernel, as the kernel shows it, and what it matches. */
#pragma once

#include "arch/arch.h"
#include "base/buf.h"
#include "base/err.h"

/* fs/binfmt_misc.c: MAX_REGISTER_LENGTH, BINPRM_BUF_SIZE, NAME_MAX. */
enum {
	RULE_TEXT_MAX = 1920,
	RULE_TEXT_MIN = 11,
	RULE_WINDOW = 256,
	RULE_NAME_MAX = 255,
	RULE_ENTRY_MAX = 8192,
};

enum rule_flag {
	RULE_PRESERVE_ARGV0 = 1,
	RULE_OPEN_BINARY = 2,
	RULE_CREDENTIALS = 4,
	RULE_FIXED = 8,
};

enum { RULE_FLAGS_TEXT = 8 };

/* Owned strings; a zeroed rule is empty. The magic is size bytes at offset. */
struct rule {
	char *name;
	char *interpreter;
	char *extension; /* type E: matched by file name extension; then there is no magic */
	unsigned flags;
	unsigned offset;
	size_t size;
	uint8_t magic[RULE_WINDOW], mask[RULE_WINDOW];
	bool is_enabled;
};

#define auto_rule auto_with(rule_done) struct rule

/*
 * The rule for the index-th match of an architecture. Its mask ignores ELF bytes 8 to 10, so that type-2 AppImages
 * ("AI\2" there) run, too. Release with rule_done().
 */
struct rule rule_for_arch(
	const struct arch *arch, size_t index, const char *name, const char *interpreter, unsigned flags);
void rule_done(struct rule *rule);

/* Appends what is written to "register". -EBADMSG if the kernel would refuse or misread it. */
int rule_render(const struct rule *rule, struct buf *out, struct err *e);
/* Parses a registration string with any delimiter; one trailing newline is allowed. -EBADMSG. */
int rule_parse(const char *text, size_t len, struct rule *ret, struct err *e);
/*
 * Parses an entry file, in the kernel's fixed line order. An interpreter may contain newlines and so forge lines: such
 * an entry is -EBADMSG.
 */
int rule_parse_entry(const char *name, const char *text, struct rule *ret, struct err *e);

/* Whether the kernel would accept this name for a new entry. 0 or -EBADMSG. */
int rule_check_name(const char *name, struct err *e);
/* The letters of flags, such as "PF", in the kernel's order. */
void rule_flags_text(unsigned flags, char ret[RULE_FLAGS_TEXT]);
/* Whether the rule matches a file that begins with these bytes (zero-padded, as in the kernel). */
bool rule_matches(const struct rule *rule, const uint8_t *head, size_t len);
/* Whether both match the same bytes, whatever the name, interpreter and flags. */
bool rule_same_match(const struct rule *a, const struct rule *b);
