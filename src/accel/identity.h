/* SPDX-License-Identifier: MIT */
/* Identifies a compiler or assembler by its bytes; never runs a program of a root. */
#pragma once

#include "base/defs.h"

enum { IDENTITY_FILE_MAX = 60 * 1024 * 1024 };

enum identity_kind {
	IDENTITY_GCC = 0,
	IDENTITY_BINUTILS,
	IDENTITY_NONE,	  /* none of its own: it belongs to the compiler of its directory */
	IDENTITY_PACKAGE, /* an unchanged file of a package, by the root's records (accel/packages.h) */
};

struct identity {
	char package[96]; /* "Debian 12.2.0-14+deb12u1", "GNU Binutils for Debian" */
	char vendor[48];  /* "Debian": the origin of its patches and defaults */
	char version[32]; /* upstream version: "12.2.0" */
};

/*
 * Finds the identity in a program's bytes: the string that GCC's configure makes of --with-pkgversion ("(Debian
 * 12.2.0-14) "), with version and target as separate strings, or the banner of Binutils ("(GNU Binutils for Debian)
 * 2.40"). target may be NULL: not checked. false if there is none.
 */
bool identity_find(const char *bytes, size_t len, enum identity_kind kind, const char *target, struct identity *ret);
/*
 * The same for an open file of at most IDENTITY_FILE_MAX bytes. is_ours: a file of this machine, which is mapped for
 * speed; an untrusted file may shrink while mapped. 1, 0 without identity, -E2BIG, -errno.
 */
int identity_read(int fd, bool is_ours, enum identity_kind kind, const char *target, struct identity *ret);
/* Whether upstream version and vendor are the same. The packages' revisions may differ. */
bool identity_is_equal(const struct identity *a, const struct identity *b);
