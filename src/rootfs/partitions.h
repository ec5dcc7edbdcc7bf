/* SPDX-License-Identifier: MIT */
/* The partitions of a disk image, or the file system that fills it. */
#pragma once

#include "base/buf.h"

enum { PARTITIONS_MAX = 64, PARTITION_TYPE_MAX = 24 };

struct partition {
	unsigned number;	       /* 0: a file system without a partition table */
	uint64_t start, size;	       /* bytes */
	char type[PARTITION_TYPE_MAX]; /* libblkid's TYPE of the content: "ext4", "crypto_LUKS"; "": unknown */
	bool is_beyond;		       /* it ends after the end of the file */
	unsigned overlaps;	       /* number of a partition that overlaps it; 0: none */
};

struct partitions {
	struct partition list[PARTITIONS_MAX];
	size_t n;
};

/*
 * Reads an MBR with its logical partitions, or a GPT, with sectors of 512 or 4096 bytes; extended partitions are not
 * listed. fd is a regular file. n is 0 if the table is unreadable or inconsistent, such as a circular chain of logical
 * partitions or one of more than PARTITIONS_MAX.
 */
void partitions_read(int fd, struct partitions *ret);
/* Appends "partition 1: vfat, 256.0 MiB; partition 2: ..." */
void partitions_say(struct buf *out, const struct partitions *partitions);
