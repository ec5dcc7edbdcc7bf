// SPDX-License-Identifier: MIT
/* What a dynamic ELF file requires from its loader: libraries, a search path, symbol versions. */
#include "arch/dynamic.h"

#include <elf.h>
#include <string.h>
#include <sys/types.h>

#include "arch/elf.h"
#include "base/fdio.h"
#include "base/memory.h"

enum {
	ENTRIES_MAX = 4096,
	NEEDED_MAX = 256,
	TEXT_MAX = 512,
	TABLE_MAX = 16 * 1024 * 1024,
	CHAIN_MAX = 4096,
	SYMBOLS_MAX = 512 * 1024,
	VERSION_INDEX = 0x7fff /* the rest hides a symbol from references without a version */
};

struct source {
	int fd;
	struct elf_head head;
	uint64_t phoff;
	size_t phentsize, phnum;
};

/* Entries of the dynamic section: addresses, counts, and offsets of text in the string table. */
struct entries {
	uint64_t strings, need, n_need, def, n_def, rpath, runpath;
	uint64_t strings_size, symbols, versions, hash, gnu_hash, rela, rela_size, rel, rel_size, jump, jump_size,
		jump_tag;
	uint64_t now, flags, flags_1;
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
		{ DT_STRSZ, &ret->strings_size },
		{ DT_SYMTAB, &ret->symbols },
		{ DT_VERSYM, &ret->versions },
		{ DT_HASH, &ret->hash },
		{ DT_GNU_HASH, &ret->gnu_hash },
		{ DT_RELA, &ret->rela },
		{ DT_RELASZ, &ret->rela_size },
		{ DT_REL, &ret->rel },
		{ DT_RELSZ, &ret->rel_size },
		{ DT_JMPREL, &ret->jump },
		{ DT_PLTRELSZ, &ret->jump_size },
		{ DT_PLTREL, &ret->jump_tag },
		{ DT_FLAGS, &ret->flags },
		{ DT_FLAGS_1, &ret->flags_1 },
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
		ret->now |= tag == DT_BIND_NOW;
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
			if (version) {
				ret->wants = mem_more(ret->wants, ret->n_wants, sizeof(*ret->wants));
				ret->wants[ret->n_wants++] = (struct dynamic_version){ mem_text(library), version,
					(uint16_t)get(s, aux + 6, 2), (uint16_t)get(s, aux + 4, 2) };
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
		char *version;

		if (!read_at(s, at, p, sizeof(p)) || !read_at(s, at + get(s, p + 12, 4), aux, sizeof(aux)))
			return;
		version = read_text(s, strings, get(s, aux, 4));
		if (version) {
			ret->defines = mem_more(ret->defines, ret->n_defines, sizeof(*ret->defines));
			ret->defines[ret->n_defines++] = (struct dynamic_version){ NULL, version,
				(uint16_t)get(s, p + 4, 2), (uint16_t)get(s, p + 2, 2) };
		}
		at = get(s, p + 16, 4) ? at + get(s, p + 16, 4) : 0;
	}
}

/* Reads the headers and the dynamic section. */
static int open_source(int fd, struct source *s, struct entries *entries)
{
	struct segment segment = { 0 };
	uint8_t head[ELF_HEAD];
	bool is_64;
	ssize_t n = fd_pread(fd, head, sizeof(head), 0);

	*s = (struct source){ .fd = fd };
	*entries = (struct entries){ .rpath = UINT64_MAX, .runpath = UINT64_MAX };
	if (n != sizeof(head) || elf_read_head(head, sizeof(head), &s->head, NULL) != 1)
		return -EBADMSG;
	is_64 = s->head.bits == 64;
	s->phoff = get(s, head + (is_64 ? 32 : 28), is_64 ? 8 : 4);
	s->phentsize = (size_t)get(s, head + (is_64 ? 54 : 42), 2);
	s->phnum = MIN_OF((size_t)get(s, head + (is_64 ? 56 : 44), 2), (size_t)ELF_PHNUM_MAX);
	for (size_t i = 0; i < s->phnum && segment.type != PT_DYNAMIC; i++)
		if (!read_segment(s, i, &segment))
			return -EBADMSG;
	if (segment.type == PT_DYNAMIC)
		read_entries(s, &segment, entries);
	return 0;
}

int dynamic_read(int fd, struct dynamic *ret)
{
	struct entries entries;
	struct source s;
	uint64_t strings, path;
	int r = open_source(fd, &s, &entries);

	*ret = (struct dynamic){ 0 };
	if (r)
		return r;
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
	for (size_t i = 0; i < dynamic->n_defines; i++)
		free(dynamic->defines[i].version);
	free(dynamic->defines);
	for (size_t i = 0; i < dynamic->n_wants; i++) {
		free(dynamic->wants[i].file);
		free(dynamic->wants[i].version);
	}
	free(dynamic->wants);
	free(dynamic->path);
	*dynamic = (struct dynamic){ 0 };
}

/* What is loaded at an address, with a NUL behind it. Owned; NULL if it is not in the file, or too long. */
static uint8_t *read_table(const struct source *s, uint64_t address, uint64_t size)
{
	uint64_t offset = address ? find_offset(s, address) : 0;
	uint8_t *table = NULL;

	if (offset && size <= TABLE_MAX)
		table = mem_new(1, (size_t)size + 1);
	if (table && !read_at(s, offset, table, (size_t)size)) {
		free(table);
		return NULL;
	}
	return table;
}

/* The number of symbols, which only hash tables tell: gABI, and do_lookup_x() in glibc's elf/dl-lookup.c. */
static uint64_t count_symbols(const struct source *s, const struct entries *entries)
{
	uint64_t at = entries->gnu_hash ? find_offset(s, entries->gnu_hash) : 0, n = 0, chains;
	auto_free uint8_t *buckets = NULL;
	uint8_t p[16] = { 0 };

	if (!at) {
		at = entries->hash ? find_offset(s, entries->hash) : 0;
		return at && read_at(s, at, p, 8) ? get(s, p + 4, 4) : 0;
	}
	if (!read_at(s, at, p, 16))
		return 0;
	chains = 16 + get(s, p + 8, 4) * s->head.bits / 8;
	buckets = read_table(s, entries->gnu_hash + chains, 4 * get(s, p, 4));
	for (uint64_t i = 0; buckets && i < get(s, p, 4); i++)
		if (get(s, buckets + 4 * i, 4) > n)
			n = get(s, buckets + 4 * i, 4);
	chains += 4 * get(s, p, 4);
	if (n < get(s, p + 4, 4))
		return get(s, p + 4, 4);
	at += chains + 4 * (n - get(s, p + 4, 4));
	for (unsigned i = 0; i < CHAIN_MAX && read_at(s, at + 4 * i, p, 4); i++)
		if (get(s, p, 4) & 1)
			return n + i + 1;
	return 0;
}

/* A table of relocations. */
struct relocations {
	uint64_t address, bytes;
	bool has_addend;
	enum dynamic_use use;
};

/* Notes the use of each symbol, and makes n the number of the last one, plus one. */
static void read_uses(const struct source *s, const struct relocations *r, uint8_t *uses, uint64_t *n)
{
	size_t word = s->head.bits / 8, size = word * (r->has_addend ? 3 : 2);
	auto_free uint8_t *table = read_table(s, r->address, r->bytes);

	for (uint64_t at = 0; table && at + size <= r->bytes; at += size) {
		uint64_t i = get(s, table + at + word, (unsigned)word) >> (word == 8 ? 32 : 8);

		if (!i || i >= SYMBOLS_MAX)
			continue;
		if (uses[i] < r->use)
			uses[i] = (uint8_t)r->use;
		if (*n <= i)
			*n = i + 1; /* hash tables need not count undefined symbols */
	}
}

/* glibc's check_match(), in elf/dl-lookup.c: what has the version of the file itself serves any reference. */
static void read_versions(const struct source *s, const struct entries *entries, struct dynamic_symbols *ret)
{
	uint64_t strings = find_offset(s, entries->strings);
	auto_free uint8_t *table = read_table(s, entries->versions, 2 * ret->n);
	auto_free const char **names = mem_new(VERSION_INDEX + 1, sizeof(*names));
	struct dynamic *versions = &ret->versions;

	read_wants(s, entries, strings, versions);
	read_defines(s, entries, strings, versions);
	for (size_t i = 0; i < versions->n_wants; i++)
		names[versions->wants[i].index & VERSION_INDEX] = versions->wants[i].version;
	for (size_t i = 0; i < versions->n_defines; i++)
		if (!(versions->defines[i].flags & VER_FLG_BASE))
			names[versions->defines[i].index & VERSION_INDEX] = versions->defines[i].version;
	for (size_t i = 0; table && i < ret->n; i++)
		ret->list[i].version = names[get(s, table + 2 * i, 2) & VERSION_INDEX];
}

int dynamic_symbols_read(int fd, bool is_now, struct dynamic_symbols *ret)
{
	struct entries entries;
	struct source s;
	auto_free uint8_t *table = NULL, *uses = NULL;
	uint64_t n, size;
	int r = open_source(fd, &s, &entries);

	*ret = (struct dynamic_symbols){ 0 };
	if (r || s.head.machine == EM_MIPS || s.head.machine == EM_ALPHA)
		return -EBADMSG;
	is_now |= entries.now || entries.flags & DF_BIND_NOW || entries.flags_1 & DF_1_NOW;
	if (entries.rela + entries.rela_size == entries.jump + entries.jump_size)
		entries.rela_size -= MIN_OF(entries.rela_size, entries.jump_size); /* on PowerPC: both */
	const struct relocations all[] = {
		{ entries.rela, entries.rela_size, true, DYNAMIC_EARLY },
		{ entries.rel, entries.rel_size, false, DYNAMIC_EARLY },
		{ entries.jump, entries.jump_size, entries.jump_tag == DT_RELA, is_now ? DYNAMIC_EARLY : DYNAMIC_LAZY },
	};
	uses = mem_new(SYMBOLS_MAX, 1);
	n = count_symbols(&s, &entries);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		read_uses(&s, &all[i], uses, &n);
	size = s.head.bits == 64 ? 24 : 16;
	table = n < SYMBOLS_MAX ? read_table(&s, entries.symbols, n * size) : NULL;
	ret->text = (char *)read_table(&s, entries.strings, entries.strings_size);
	if (!table || !ret->text)
		return -EBADMSG;
	ret->list = mem_new((size_t)n + 1, sizeof(*ret->list));
	for (; ret->n < n; ret->n++) {
		const uint8_t *p = table + ret->n * size, *info = p + (size == 24 ? 4 : 12);
		uint64_t name = get(&s, p, 4);

		ret->list[ret->n] = (struct dynamic_symbol){
			.name = name < entries.strings_size ? ret->text + name : "",
			.is_defined = get(&s, info + 2, 2) != SHN_UNDEF && *info >> 4 != STB_LOCAL,
			.is_weak = *info >> 4 != STB_GLOBAL,
			.is_data = (*info & 15) == STT_OBJECT,
			.use = uses[ret->n],
		};
	}
	read_versions(&s, &entries, ret);
	return 0;
}

void dynamic_symbols_done(struct dynamic_symbols *symbols)
{
	free(symbols->list);
	free(symbols->text);
	dynamic_done(&symbols->versions);
	*symbols = (struct dynamic_symbols){ 0 };
}
