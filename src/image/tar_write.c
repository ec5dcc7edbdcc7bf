// SPDX-License-Identifier: MIT
/* Writes tar members reproducibly. */
#include "image/tar_write.h"

#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "image/tar_header.h"

enum { ID_DIGITS = TAR_ID_LEN - 1, SIZE_DIGITS = TAR_SIZE_LEN - 1 };

static void put_number(uint8_t *field, unsigned digits, uint64_t value)
{
	for (unsigned i = digits; i-- > 0; value >>= 3)
		field[i] = (uint8_t)('0' + (value & 7));
}

/* Stores the name in one field, or split at a slash in two; false if it does not fit. */
static bool put_name(uint8_t *block, const char *name)
{
	size_t len = strlen(name);

	if (len <= TAR_NAME_LEN) {
		memcpy(block + TAR_NAME, name, len);
		return true;
	}
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t before = (size_t)(slash - name), after = len - before - 1;

		if (before <= TAR_PREFIX_LEN && after && after <= TAR_NAME_LEN) {
			memcpy(block + TAR_PREFIX, name, before);
			memcpy(block + TAR_NAME, slash + 1, after);
			return true;
		}
	}
	memcpy(block + TAR_NAME, name, TAR_NAME_LEN);
	return false;
}

static void put_fixed(uint8_t *block, char type)
{
	unsigned sum = 0;

	block[TAR_TYPE] = (uint8_t)type;
	memcpy(block + TAR_MAGIC, "ustar\00000", 8);
	put_number(block + TAR_MAJOR, ID_DIGITS, 0);
	put_number(block + TAR_MINOR, ID_DIGITS, 0);
	memset(block + TAR_CHECKSUM, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	put_number(block + TAR_CHECKSUM, 6, sum);
	block[TAR_CHECKSUM + 6] = '\0';
}

/* Appends "LENGTH KEY=VALUE\n"; LENGTH includes its own digits. */
static void pax_record(struct buf *out, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, len = rest + 1;
	char digits[24];

	while ((size_t)snprintf(digits, sizeof(digits), "%zu", len) + rest != len)
		len++;
	buf_addf(out, "%zu %s=%s\n", len, key, value);
}

void tar_write_header(struct buf *out, const struct tar_entry *entry)
{
	const struct {
		const char *key;
		size_t at;
		unsigned digits;
		uint64_t value;
	} numbers[] = { { "uid", TAR_UID, ID_DIGITS, entry->uid }, { "gid", TAR_GID, ID_DIGITS, entry->gid },
		{ "size", TAR_SIZE, SIZE_DIGITS, entry->type == TAR_FILE ? entry->size : 0 },
		{ "mtime", TAR_MTIME, SIZE_DIGITS, (uint64_t)entry->mtime } };
	static const char zeros[TAR_BLOCK];
	uint8_t block[TAR_BLOCK] = { 0 }, pax[TAR_BLOCK] = { 0 };
	auto_buf records = { 0 };

	if (!put_name(block, entry->path))
		pax_record(&records, "path", entry->path);
	put_number(block + TAR_MODE, ID_DIGITS, entry->mode & 07777);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		bool fits = numbers[i].value < (uint64_t)1 << 3 * numbers[i].digits;
		char text[24];

		put_number(block + numbers[i].at, numbers[i].digits, fits ? numbers[i].value : 0);
		snprintf(text, sizeof(text), "%lld", (long long)numbers[i].value);
		if (!fits)
			pax_record(&records, numbers[i].key, text);
	}
	put_fixed(block, (char)entry->type);
	if (entry->records.len)
		buf_add(&records, entry->records.data, entry->records.len);
	if (records.len) {
		put_name(pax, "PaxHeaders/member");
		put_number(pax + TAR_MODE, ID_DIGITS, 0644);
		put_number(pax + TAR_UID, ID_DIGITS, 0);
		put_number(pax + TAR_GID, ID_DIGITS, 0);
		put_number(pax + TAR_SIZE, SIZE_DIGITS, records.len);
		put_number(pax + TAR_MTIME, SIZE_DIGITS, 0);
		put_fixed(pax, 'x');
		buf_add(out, pax, sizeof(pax));
		buf_add(out, buf_text(&records), records.len);
		buf_add(out, zeros, (size_t)tar_padding(records.len));
	}
	buf_add(out, block, sizeof(block));
}

int tar_begin_member(int to, const char *name, uint64_t size)
{
	struct tar_entry entry = { .path = (char *)(uintptr_t)name, .type = TAR_FILE, .mode = 0644, .size = size };
	auto_buf header = { 0 };

	tar_write_header(&header, &entry);
	return fd_write(to, header.data, header.len);
}

int tar_end_member(int to, uint64_t size)
{
	static const char zeros[TAR_BLOCK];

	return fd_write(to, zeros, (size_t)tar_padding(size));
}

int tar_write_end(int to)
{
	static const char zeros[TAR_END];

	return fd_write(to, zeros, sizeof(zeros));
}
