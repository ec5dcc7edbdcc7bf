/* SPDX-License-Identifier: MIT */
/* A segment more in an ELF file, where nothing else of it moves. */
#pragma once

#include "base/err.h"

/* Where the new segment came to lie. */
struct elf_added {
	uint64_t entry;	  /* where the program began before, in the addresses of the file */
	uint64_t address; /* of the segment, where it begins now */
	uint64_t offset;  /* of the segment in the file */
};

/*
 * Makes room for len bytes of code behind everything else of an executable of 64 bits, which is open for reading and
 * writing: a PT_NOTE header becomes the PT_LOAD for them (gABI: loadable segments in ascending order), and the entry
 * point leads to their start. The caller writes them to ret->offset; until then the file is not whole. -EBADMSG with
 * the reason where it has no room for that, and then nothing was changed; -errno.
 */
int elf_add_segment(int fd, size_t len, struct elf_added *ret, struct err *e);
/* Where the bytes of an address are in the file of an executable: 0, -ENOENT when no loadable segment has them. */
int elf_entry_offset(int fd, uint64_t *ret_offset, struct err *e);
/*
 * The build ID, as ld(1) --build-id makes it: where it is in the file and its bytes, at most cap. The length; 0 when
 * there is none within the file; -errno.
 */
int elf_build_id(int fd, uint64_t *ret_offset, uint8_t *ret_id, size_t cap, struct err *e);
