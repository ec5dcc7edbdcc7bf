// SPDX-License-Identifier: MIT
/* What a dynamic ELF file requires from its loader: libraries, a search path, symbol versions. */
#include "arch/dynamic.h"

#include <elf.h>
#include <string.h>
#include <sys/types.h>

#include "arch/elf.h"
#include "base/fdio.h"
#include "base/memory.h"

enum { ENTRIES_MAX = 4096, NEEDED_MAX = 256, TEXT_MAX = 512 };

struct source {
	int fd;
	struct elf_head head;
	uint64_t phoff;
	size_t phentsize, phnum;
};

/* Entries of the dynamic section: addresses, counts, and offsets of text in the string table. */
struct entries {
	uint64_t strings, need, n_need, def, n_def, rpath, runpath;
	uint64_t needed[NEEDED_MAX];
	size_t n_needed;
};

static uint64_t get(const struct source *s, const uint8_t *p, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)p[i] << 8 * (s->head.is_big ? bytes - 1 - i : i);
	return value;
}

static bool read_at(const struct source *s, uint64_t offset, uint8_t *ret, size_t size)
{
	return offset <= INT64_MAX - size && fd_pread(s->fd, ret, size, (off_t)offset) == (ssize_t)size;
}

/* A program header: its type, file offset, address and size in the file. */
struct segment {
	uint64_t type, offset, address, size;
};

static bool read_segment(const struct source *s, size_t i, struct segment *ret)
{
	bool is_64 = s->head.bits == 64;
	unsigned word = is_64 ? 8 : 4;
	uint8_t p[56];

	if (!read_at(s, s->phoff + i * s->phentsize, p, is_64 ? 56 : 32))
		return false;
	ret->type = get(s, p, 4);
	ret->offset = get(s, p + (is_64 ? 8 : 4), word);
	ret->address = get(s, p + (is_64 ? 16 : 8), word);
	ret->size = get(s, p + (is_64 ? 32 : 16), word);
	return true;
}

/* File offset of what is loaded at an address; 0 if nothing is. */
static uint64_t find_offset(const struct source *s, uint64_t address)
{
	struct segment segment;

	for (size_t i = 0; i < s->phnum && read_segment(s, i, &segment); i++)
		if (segment.type == PT_LOAD && address >= segment.address && address - segment.address < segment.size)
			return segment.offset + (address - segment.address);
	return 0;
}

/* Reads text from the string table at file offset strings. Owned; NULL if malformed. */
static char *read_text(const struct source *s, uint64_t strings, uint64_t at)
{
	char text[TEXT_MAX];
	ssize_t n = at < INT32_MAX ? fd_pread(s->fd, text, sizeof(text), (off_t)(strings + at)) : -1;

	return n > 0 && memchr(text, '\0', (size_t)n) ? mem_text(text) : NULL;
}

static void read_entries(const struct source *s, const struct segment *dynamic, struct entries *ret)
{
	const struct {
		uint64_t tag;
		uint64_t *value;
	} known[] = {
		{ DT_STRTAB, &ret->strings },
		{ DT_VERNEED, &ret->need },
		{ DT_VERNEEDNUM, &ret->n_need },
		{ DT_VERDEF, &ret->def },
		{ DT_VERDEFNUM, &ret->n_def },
		{ DT_RPATH, &ret->rpath },
		{ DT_RUNPATH, &ret->runpath },
	};
	unsigned word = s->head.bits / 8;
	uint8_t p[16];

	for (uint64_t i = 0; i < ENTRIES_MAX && (i + 1) * 2 * word <= dynamic->size; i++) {
		uint64_t tag, value;

		if (!read_at(s, dynamic->offset + i * 2 * word, p, 2 * word))
			return;
		tag = get(s, p, word);
		value = get(s, p + word, word);
		if (tag == DT_NULL)
			return;
		if (tag == DT_NEEDED && ret->n_needed < NEEDED_MAX)
			ret->needed[ret->n_needed++] = value;
		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			if (known[k].tag == tag)
				*known[k].value = value;
	}
}

/* Reads Elf64_Verneed and Elf64_Vernaux, which have the same layout in 32 bits. */
static void read_wants(const struct source *s, const struct entries *entries, uint64_t strings, struct dynamic *ret)
{
	uint64_t at = entries->need ? find_offset(s, entries->need) : 0;
	uint8_t p[16], aux[16];

	for (uint64_t i = 0; at && i < MIN_OF(entries->n_need, (uint64_t)NEEDED_MAX); i++) {
		auto_free char *library = NULL;
		uint64_t where;

		if (!read_at(s, at, p, sizeof(p)))
			return;
		library = read_text(s, strings, get(s, p + 4, 4));
		where = at + get(s, p + 8, 4);
		for (uint64_t k = 0; library && k < get(s, p + 2, 2) && ret->n_wants < ENTRIES_MAX; k++) {
			char *version;

			if (!read_at(s, where, aux, sizeof(aux)))
				return;
			version = read_text(s, strings, get(s, aux + 8, 4));
			if (version && !(get(s, aux + 4, 2) & VER_FLG_WEAK)) {
				ret->wants = mem_more(ret->wants, ret->n_wants, sizeof(*ret->wants));
				ret->wants[ret->n_wants++] = (struct dynamic_want){ mem_text(library), version };
			} else {
				free(version);
			}
			where += get(s, aux + 12, 4);
		}
		at = get(s, p + 12, 4) ? at + get(s, p + 12, 4) : 0;
	}
}

static void read_defines(const struct source *s, const struct entries *entries, uint64_t strings, struct dynamic *ret)
{
	uint64_t at = entries->def ? find_offset(s, entries->def) : 0;
	uint8_t p[20], aux[8];

	for (uint64_t i = 0; at && i < MIN_OF(entries->n_def, (uint64_t)ENTRIES_MAX); i++) {
		auto_free char *version = NULL;

		if (!read_at(s, at, p, sizeof(p)) || !read_at(s, at + get(s, p + 12, 4), aux, sizeof(aux)))
			return;
		version = read_text(s, strings, get(s, aux, 4));
		if (version)
			mem_push_text(&ret->defines, &ret->n_defines, version);
		at = get(s, p + 16, 4) ? at + get(s, p + 16, 4) : 0;
	}
}

int dynamic_read(int fd, struct dynamic *ret)
{
	struct entries entries = { .rpath = UINT64_MAX, .runpath = UINT64_MAX };
	struct source s = { .fd = fd };
	struct segment segment = { 0 };
	uint64_t strings, path;
	uint8_t head[ELF_HEAD];
	bool is_64;
	int r = 0;
	ssize_t n = fd_pread(fd, head, sizeof(head), 0);

	*ret = (struct dynamic){ 0 };
	if (n != sizeof(head) || elf_read_head(head, sizeof(head), &s.head, NULL) != 1)
		return -EBADMSG;
	is_64 = s.head.bits == 64;
	s.phoff = get(&s, head + (is_64 ? 32 : 28), is_64 ? 8 : 4);
	s.phentsize = (size_t)get(&s, head + (is_64 ? 54 : 42), 2);
	s.phnum = MIN_OF((size_t)get(&s, head + (is_64 ? 56 : 44), 2), (size_t)ELF_PHNUM_MAX);
	for (size_t i = 0; i < s.phnum && segment.type != PT_DYNAMIC; i++)
		if (!read_segment(&s, i, &segment))
			return -EBADMSG;
	if (segment.type == PT_DYNAMIC)
		read_entries(&s, &segment, &entries);
	strings = entries.strings ? find_offset(&s, entries.strings) : 0;
	if (!strings)
		return -EBADMSG;
	for (size_t i = 0; i < entries.n_needed; i++) {
		auto_free char *name = read_text(&s, strings, entries.needed[i]);

		if (name)
			mem_push_text(&ret->needed, &ret->n_needed, name);
		else
			r = -EBADMSG;
	}
	ret->is_runpath = entries.runpath != UINT64_MAX;
	path = ret->is_runpath ? entries.runpath : entries.rpath;
	if (path != UINT64_MAX)
		ret->path = read_text(&s, strings, path);
	read_wants(&s, &entries, strings, ret);
	read_defines(&s, &entries, strings, ret);
	return r;
}

void dynamic_done(struct dynamic *dynamic)
{
	mem_free_texts(dynamic->needed, dynamic->n_needed);
	mem_free_texts(dynamic->defines, dynamic->n_defines);
	for (size_t i = 0; i < dynamic->n_wants; i++) {
		free(dynamic->wants[i].file);
		free(dynamic->wants[i].version);
	}
	free(dynamic->wants);
	free(dynamic->path);
	*dynamic = (struct dynamic){ 0 };
}
