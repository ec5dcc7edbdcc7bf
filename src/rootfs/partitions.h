/* SPDX-License-Identifier: MIT */
/* What a disk image is made of: its partitions, or the one file system that fills it. */
#pragma once

#include "base/buf.h"

enum { PARTITIONS_MAX = 64, PARTITION_TYPE_MAX = 24 };

struct partition {
	unsigned number;	       /* 0: a file system without a partition table */
	uint64_t start, size;	       /* bytes */
	char type[PARTITION_TYPE_MAX]; /* of its content, in libblkid's words: "ext4", "crypto_LUKS"; "" for unknown */
	bool is_beyond;		       /* it ends after the file does */
	unsigned overlaps;	       /* the number of another one that has bytes of it; 0: none */
};

struct partitions {
	struct partition list[PARTITIONS_MAX];
	size_t n;
};

/*
 * Reads an MBR with its logical partitions or a GPT, of sectors of 512 or 4096 bytes; extended partitions are left
 * out. fd is a regular file. What cannot be read or is not consistent, as a chain of more than PARTITIONS_MAX logical
 * partitions or a circle, is no partition: n is 0 then.
 */
void partitions_read(int fd, struct partitions *ret);
/* Appends "partition 1: vfat, 256.0 MiB; partition 2: ..." */
void partitions_say(struct buf *out, const struct partitions *partitions);
