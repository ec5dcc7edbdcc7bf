// SPDX-License-Identifier: MIT
/* The partitions of a disk image; the only file that uses libblkid. */
#include "rootfs/partitions.h"

#include <blkid.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"

enum { SECTOR = 512, LARGE_SECTOR = 4096 };

/* Determines a partition's content by its superblock. Ambiguous superblocks count as unknown. */
static void find_type(int fd, struct partition *p)
{
	blkid_probe probe = blkid_new_probe();
	const char *type = NULL;

	if (probe && !blkid_probe_set_device(probe, fd, (blkid_loff_t)p->start, (blkid_loff_t)p->size) &&
		!blkid_probe_enable_superblocks(probe, 1) &&
		!blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) && !blkid_do_safeprobe(probe) &&
		!blkid_probe_lookup_value(probe, "TYPE", &type, NULL))
		snprintf(p->type, sizeof(p->type), "%s", type);
	blkid_free_probe(probe);
}

static void add(struct partitions *ret, const struct partition *p)
{
	for (size_t i = 0; i < ret->n; i++) {
		struct partition *other = &ret->list[i];

		if (p->start < other->start + other->size && other->start < p->start + p->size)
			other->overlaps = p->number;
	}
	ret->list[ret->n++] = *p;
	for (size_t i = 0; i + 1 < ret->n; i++)
		if (ret->list[i].overlaps == p->number)
			ret->list[ret->n - 1].overlaps = ret->list[i].number;
}

/* The second entry of each extended boot record locates the next one, in sectors relative to the first. */
static bool is_circular(int fd, uint64_t first, unsigned sector)
{
	uint8_t table[SECTOR];
	uint64_t at = first;

	for (unsigned n = 0; n <= PARTITIONS_MAX; n++) {
		const uint8_t *second = table + 446 + 16;

		if (fd_pread(fd, table, sizeof(table), (off_t)at) != sizeof(table) || !second[4])
			return false;
		at = first +
		     (second[8] | (uint64_t)second[9] << 8 | (uint64_t)second[10] << 16 | (uint64_t)second[11] << 24) *
			     sector;
	}
	return true;
}

/* Whether any partition has known content: a table read with the wrong sector size leads to random offsets. */
static bool read_table(int fd, uint64_t size, unsigned sector, struct partitions *ret)
{
	blkid_probe probe = blkid_new_probe();
	blkid_partlist list = NULL;
	bool is_known = false, is_circle = false;

	*ret = (struct partitions){ 0 };
	if (probe && !blkid_probe_set_device(probe, fd, 0, (blkid_loff_t)size) &&
		!blkid_probe_set_sectorsize(probe, sector) && !blkid_probe_enable_partitions(probe, 1))
		list = blkid_probe_get_partitions(probe);
	for (int i = 0; list && i < blkid_partlist_numof_partitions(list) && ret->n < PARTITIONS_MAX; i++) {
		blkid_partition found = blkid_partlist_get_partition(list, i);
		blkid_loff_t start = blkid_partition_get_start(found), sectors = blkid_partition_get_size(found);
		struct partition p = { .number = (unsigned)blkid_partition_get_partno(found) };

		if (start <= 0 || sectors <= 0 || start > INT64_MAX / SECTOR / 2 || sectors > INT64_MAX / SECTOR / 2)
			continue;
		p.start = (uint64_t)start * SECTOR;
		if (blkid_partition_is_extended(found)) {
			is_circle |= is_circular(fd, p.start, sector);
			continue;
		}
		p.size = (uint64_t)sectors * SECTOR;
		p.is_beyond = p.start + p.size > size;
		if (!p.is_beyond)
			find_type(fd, &p);
		is_known |= *p.type;
		add(ret, &p);
	}
	blkid_free_probe(probe);
	if (is_circle)
		ret->n = 0;
	return is_known || is_circle;
}

void partitions_read(int fd, struct partitions *ret)
{
	struct partition whole = { 0 };
	struct partitions large;
	struct stat st;

	*ret = (struct partitions){ 0 };
	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return;
	if (!read_table(fd, (uint64_t)st.st_size, SECTOR, ret) &&
		(read_table(fd, (uint64_t)st.st_size, LARGE_SECTOR, &large) || (!ret->n && large.n)))
		*ret = large;
	if (ret->n)
		return;
	whole.size = (uint64_t)st.st_size;
	find_type(fd, &whole);
	if (*whole.type)
		ret->list[ret->n++] = whole;
}

void partitions_say(struct buf *out, const struct partitions *partitions)
{
	for (size_t i = 0; i < partitions->n; i++) {
		const struct partition *p = &partitions->list[i];

		if (p->number)
			buf_addf(out, "%spartition %u: ", i ? "; " : "", p->number);
		buf_addf(out, "%s, %.1f MiB", *p->type ? p->type : "unknown", (double)p->size / (1 << 20));
	}
}
