/* SPDX-License-Identifier: MIT */
/* Parses any spelling of an architecture or platform into one canonical platform. */
#pragma once

#include "arch/arch.h"
#include "base/buf.h"
#include "base/err.h"

enum { NAME_VARIANT_MAX = 12 };

/* A platform: the row, and the OCI variant, "" if none is given or implied. */
struct platform {
	const struct arch *arch;
	char variant[NAME_VARIANT_MAX];
};

/* Architectures named on a command line, without duplicates. */
struct name_set {
	const struct arch *arch[ARCH_COUNT_MAX];
	size_t n;
	bool is_all;
};

/*
 * Parses one name: OCI platform, or a GOARCH, QEMU, Docker library, Debian, Alpine, GNU, uname or systemd name; case is
 * ignored. If schemes disagree, Debian's meaning is used (armhf is v7, armel v5). -EINVAL with a suggestion.
 */
int name_parse(const char *text, size_t len, struct platform *ret, struct err *e);
/* Adds every name of a list separated by commas or white space; "all" sets is_all. */
int name_set_add(struct name_set *set, const char *list, struct err *e);
void name_set_add_arch(struct name_set *set, const struct arch *arch);
/* Adds the platforms that are used if none is named. */
void name_set_add_usual(struct name_set *set);
bool name_set_has(const struct name_set *set, const struct arch *arch);
/* Appends "linux/arm/v7", or "-" if OCI has no name for the architecture. */
void name_platform(struct buf *out, const struct arch *arch, const char *variant);
/* The same as a value. */
struct name_text {
	char text[48];
};
struct name_text name_text(const struct platform *p);
/* The usual name of a platform in each naming scheme; "" if a scheme has none. */
struct name_words {
	char docker[24], uname[24], debian[24], alpine[24], gnu[48], systemd[24];
};
struct name_words name_words(const struct platform *p);
/* A spelling; name is len bytes long. Zeroed, it is before the first; members after platform are private. */
struct name_spelling {
	const char *name;
	size_t len;
	struct platform platform;
	size_t column, alias;
	const struct arch *row;
	const char *words;
};
/* Advances to the next spelling of the table; false at the end. */
bool name_next(struct name_spelling *spelling);
