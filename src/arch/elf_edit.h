/* SPDX-License-Identifier: MIT */
/* Adds a segment to an ELF file without moving anything else; finds its entry point and build ID. */
#pragma once

#include "base/err.h"

/* The location of the new segment. */
struct elf_added {
	uint64_t entry;	  /* the previous entry point, as an address */
	uint64_t address; /* of the segment, now the entry point */
	uint64_t offset;  /* of the segment in the file */
};

/*
 * Makes room for len bytes of code after everything else in a 64-bit executable, which is open for reading and writing.
 * A PT_NOTE header becomes their PT_LOAD (gABI: loadable segments in ascending order), and their start becomes the
 * entry point. The caller writes the bytes to ret->offset; until then the file is incomplete. -EBADMSG with the reason
 * if there is no room, and then nothing was changed; or -errno.
 */
int elf_add_segment(int fd, size_t len, struct elf_added *ret, struct err *e);
/* The file offset of an executable's entry point: 0, -ENOENT if no loadable segment contains it, or -errno. */
int elf_entry_offset(int fd, uint64_t *ret_offset, struct err *e);
/*
 * Reads the build ID (ld(1), --build-id): its file offset and its bytes, at most cap. Its length; 0 if the file has
 * none that fits; or -errno.
 */
int elf_build_id(int fd, uint64_t *ret_offset, uint8_t *ret_id, size_t cap, struct err *e);
