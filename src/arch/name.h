/* SPDX-License-Identifier: MIT */
/* Any spelling of an architecture or platform in, one canonical platform out. */
#pragma once

#include "arch/arch.h"
#include "base/buf.h"
#include "base/err.h"

enum { NAME_VARIANT_MAX = 12 };

/* What was meant: the row, and the OCI variant, "" where none is said or implied. */
struct platform {
	const struct arch *arch;
	char variant[NAME_VARIANT_MAX];
};

/* What was asked for on a command line, without repetitions. */
struct name_set {
	const struct arch *arch[ARCH_COUNT_MAX];
	size_t n;
	bool is_all;
};

/*
 * One name: OCI platform, GOARCH, QEMU, Docker-library, Debian, Alpine, GNU, uname or systemd word, in
 * any case. Where schemes disagree Debian decides (armhf is v7, armel v5). -EINVAL with a suggestion.
 */
int name_parse(const char *text, size_t len, struct platform *ret, struct err *e);
/* Adds every name of a list separated by commas or white space; "all" sets is_all. */
int name_set_add(struct name_set *set, const char *list, struct err *e);
void name_set_add_arch(struct name_set *set, const struct arch *arch);
/* Adds what is meant where no platform is named. */
void name_set_add_usual(struct name_set *set);
bool name_set_has(const struct name_set *set, const struct arch *arch);
/* "linux/arm/v7"; "-" for an architecture that OCI has no word for. */
void name_platform(struct buf *out, const struct arch *arch, const char *variant);
/* The usual word of each naming scheme for a platform; NULL where a scheme has none. */
struct name_words {
	char docker[24], uname[24], debian[24], alpine[24], gnu[48], systemd[24];
};
struct name_words name_words(const struct platform *p);
/* A spelling, of which name is len long. Zeroed it is before the first; what is not told of is the iterator's. */
struct name_spelling {
	const char *name;
	size_t len;
	struct platform platform;
	size_t column, alias;
	const struct arch *row;
	const char *words;
};
/* The next one of the whole table; false at its end. */
bool name_next(struct name_spelling *spelling);
