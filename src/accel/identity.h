/* SPDX-License-Identifier: MIT */
/* Which compiler or assembler a program is, read from its bytes: nothing of a root is ever run to find out. */
#pragma once

#include "base/defs.h"

enum { IDENTITY_FILE_MAX = 60 * 1024 * 1024 };

enum identity_kind {
	IDENTITY_GCC = 0,
	IDENTITY_BINUTILS,
	IDENTITY_NONE,	  /* carries none: it belongs to the others of its directory */
	IDENTITY_PACKAGE, /* a package's file as the package brought it: the root's records say so (accel/packages.h) */
};

struct identity {
	char package[96]; /* "Debian 12.2.0-14+deb12u1", "GNU Binutils for Debian" */
	char vendor[48];  /* "Debian": whose patches and defaults are in it */
	char version[32]; /* upstream's: "12.2.0" */
};

/*
 * Finds it in the bytes of a program: what GCC's configure makes of --with-pkgversion ("(Debian 12.2.0-14) "), with the
 * version and the target each a text of its own, or the banner of Binutils ("(GNU Binutils for Debian) 2.40"). target
 * may be NULL where that is not looked for. false when it has none.
 */
bool identity_find(const char *bytes, size_t len, enum identity_kind kind, const char *target, struct identity *ret);
/*
 * The same of an open file of at most IDENTITY_FILE_MAX bytes. One that is the machine's own is mapped, which is
 * faster; of another's nobody knows whether it stays as long as it is. 1, 0 when it has none, -E2BIG, -errno.
 */
int identity_read(int fd, bool is_ours, enum identity_kind kind, const char *target, struct identity *ret);
/* The same upstream version with the same vendor's patches. Packages may differ in their revision. */
bool identity_is_equal(const struct identity *a, const struct identity *b);
