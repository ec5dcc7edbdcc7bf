// SPDX-License-Identifier: MIT
/* The partitions of a disk image. */
#include "report/disk.h"

#include <string.h>

#include "arch/kind.h"
#include "base/buf.h"
#include "base/fdio.h"

enum { SECTOR = 512, PARTITIONS_MAX = 16, MBR_ENTRIES = 4, GPT_ENTRY = 128, GPT_PROTECTIVE = 0xee };

struct partition {
	unsigned number;
	uint64_t start, size; /* bytes */
};

static uint64_t little(const uint8_t *p, size_t len)
{
	uint64_t value = 0;

	while (len-- > 0)
		value = value << 8 | p[len];
	return value;
}

static void add(struct partition *list, size_t *n, unsigned number, uint64_t first, uint64_t sectors)
{
	if (*n < PARTITIONS_MAX && first && sectors && first < INT64_MAX / SECTOR && sectors < INT64_MAX / SECTOR)
		list[(*n)++] = (struct partition){ number, first * SECTOR, sectors * SECTOR };
}

/* UEFI specification, 5.3: the header in the second sector says where the entries are. */
static size_t read_gpt(int fd, struct partition *list)
{
	uint8_t header[SECTOR], entry[GPT_ENTRY];
	static const uint8_t unused[16];
	uint64_t at, count, size;
	size_t n = 0;

	if (fd_pread(fd, header, sizeof(header), SECTOR) != SECTOR || memcmp(header, "EFI PART", 8))
		return 0;
	at = little(header + 72, 8);
	count = little(header + 80, 4);
	size = little(header + 84, 4);
	if (at > INT64_MAX / SECTOR / 2 || size < GPT_ENTRY || size > 4096)
		return 0;
	for (uint64_t i = 0; i < count && i < PARTITIONS_MAX; i++) {
		if (fd_pread(fd, entry, sizeof(entry), (off_t)(at * SECTOR + i * size)) != sizeof(entry))
			break;
		if (memcmp(entry, unused, sizeof(unused)))
			add(list, &n, (unsigned)i + 1, little(entry + 32, 8),
				little(entry + 40, 8) - little(entry + 32, 8) + 1);
	}
	return n;
}

static size_t read_mbr(int fd, struct partition *list)
{
	uint8_t sector[SECTOR];
	size_t n = 0;

	if (fd_pread(fd, sector, sizeof(sector), 0) != SECTOR)
		return 0;
	for (unsigned i = 0; i < MBR_ENTRIES; i++) {
		const uint8_t *entry = sector + 446 + 16 * i;

		if (entry[4] && entry[4] != GPT_PROTECTIVE && !(entry[0] & 0x7f))
			add(list, &n, i + 1, little(entry + 8, 4), little(entry + 12, 4));
	}
	return n;
}

/* What a partition begins with: a file system, or nothing that is known. */
static const char *describe(int fd, const struct partition *p)
{
	const struct kind *kind = kind_at(fd, p->start);
	const char *what = kind->what;

	return !kind->is_mountable ? "unknown" : !strncmp(what, "an ", 3) ? what + 3 : what + 2;
}

int disk_refuse(int fd, const char *path, struct err *e)
{
	struct partition list[PARTITIONS_MAX];
	const struct partition *root = NULL;
	auto_buf text = { 0 };
	size_t n;

	if (!kind_of(fd)->is_disk)
		return 0;
	n = read_gpt(fd, list);
	n = n ? n : read_mbr(fd, list);
	for (size_t i = 0; i < n; i++) {
		const struct partition *p = &list[i];

		buf_addf(&text, "%spartition %u: %s, %.1f MiB", i ? "; " : "", p->number, describe(fd, p),
			(double)p->size / (1 << 20));
		if (kind_at(fd, p->start)->is_mountable && (!root || p->size > root->size))
			root = p;
	}
	if (!n)
		return 0;
	err_set(e, -ENOEXEC, "not an ELF file: a disk image (%s)", buf_text(&text));
	if (root)
		err_hint(e, "sudo mount -o ro,loop,offset=%llu,sizelimit=%llu %s DIR, then specify DIR",
			(unsigned long long)root->start, (unsigned long long)root->size, kind_name(path));
	return -ENOEXEC;
}
