// SPDX-License-Identifier: MIT
/* A segment more in an ELF file, and what else is read from one that is known to be whole. */
#include "arch/elf_edit.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/elf.h"
#include "base/buf.h"
#include "base/fdio.h"
#include "base/memory.h"

enum { PAGE = 4096, NEEDED_MAX = 256, DYNAMIC_MAX = 4096, STRINGS_MAX = 16 * 1024 * 1024, NOTES_MAX = 64 * 1024 };

/* An ELF file that elf_read() has accepted, so that its headers are within it. */
struct file {
	Elf *elf;
	GElf_Ehdr header;
	uint64_t size;
};

static void file_done(struct file *file)
{
	elf_end(file->elf);
}

#define auto_file auto_with(file_done) struct file

static int open_file(int fd, Elf_Cmd command, struct file *ret, struct err *e)
{
	struct elf_info info;
	struct stat st;
	int r = elf_read(fd, &info, e);

	if (r)
		return r;
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot look at it");
	ret->size = (uint64_t)st.st_size;
	errno = 0;
	ret->elf = elf_begin(fd, command, NULL);
	if (ret->elf && gelf_getehdr(ret->elf, &ret->header))
		return 0;
	if (errno == ENOMEM)
		mem_note();
	return err_set(e, errno == ENOMEM ? -ENOMEM : -EBADMSG, "cannot read its ELF header");
}

static bool get_segment(const struct file *file, size_t i, GElf_Phdr *ret)
{
	return i < file->header.e_phnum && gelf_getphdr(file->elf, (int)i, ret);
}

/* What the new segment has to go by. */
struct layout {
	uint64_t end;	/* of the highest segment in memory */
	uint64_t align; /* the largest of them */
	size_t last;	/* index of the last PT_LOAD */
	size_t note;	/* of the PT_NOTE that goes */
	bool has_load, has_note;
};

static int read_layout(const struct file *file, struct layout *ret, struct err *e)
{
	GElf_Phdr ph, property = { 0 };
	struct layout l = { .align = PAGE };

	for (size_t i = 0; get_segment(file, i, &ph); i++)
		if (ph.p_type == PT_GNU_PROPERTY)
			property = ph;
	for (size_t i = 0; get_segment(file, i, &ph); i++) {
		if (ph.p_type == PT_LOAD) {
			if (ph.p_vaddr > UINT64_MAX / 4 || ph.p_memsz > UINT64_MAX / 4 || (ph.p_align & (ph.p_align - 1)) ||
				ph.p_align > 1024 * 1024 * 1024)
				return err_set(e, -EBADMSG, "a segment lies beyond all addresses");
			l.end = ph.p_vaddr + ph.p_memsz > l.end ? ph.p_vaddr + ph.p_memsz : l.end;
			l.align = ph.p_align > l.align ? ph.p_align : l.align;
			l.last = i;
			l.has_load = true;
		}
		/* What PT_GNU_PROPERTY has as well is the one that nobody misses. */
		if (ph.p_type == PT_NOTE && (!l.has_note || ph.p_offset == property.p_offset)) {
			l.note = i;
			l.has_note = true;
		}
	}
	if (!l.has_load || !l.has_note)
		return err_set(e, -EBADMSG, "its ELF headers have no room for a segment more: no PT_NOTE");
	*ret = l;
	return 0;
}

static uint64_t round_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* Takes the note out of the list and puts the segment behind the last one that is loaded. */
static bool move_headers(const struct file *file, const struct layout *l, GElf_Phdr *added)
{
	size_t at = l->note < l->last ? l->last : l->last + 1;
	int step = l->note < at ? 1 : -1;
	GElf_Phdr ph;

	for (size_t i = l->note; i != at; i += (size_t)step)
		if (!gelf_getphdr(file->elf, (int)i + step, &ph) || !gelf_update_phdr(file->elf, (int)i, &ph))
			return false;
	return gelf_update_phdr(file->elf, (int)at, added);
}

int elf_add_segment(int fd, size_t len, struct elf_added *ret, struct err *e)
{
	auto_file file = { 0 };
	struct layout l = { 0 };
	GElf_Phdr ph = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = len, .p_memsz = len };
	struct elf_added added;
	int r;

	elf_version(EV_CURRENT);
	r = open_file(fd, ELF_C_RDWR, &file, e);
	if (r)
		return r;
	if (gelf_getclass(file.elf) != ELFCLASS64)
		return err_set(e, -EBADMSG, "not an ELF file of 64 bits");
	r = read_layout(&file, &l, e);
	if (r)
		return r;
	ph.p_align = l.align;
	ph.p_vaddr = ph.p_paddr = round_up(l.end, l.align);
	ph.p_offset = round_up(file.size, l.align);
	added = (struct elf_added){ .entry = file.header.e_entry, .address = ph.p_vaddr, .offset = ph.p_offset };
	file.header.e_entry = ph.p_vaddr;
	/* All else stays where it is. */
	elf_flagelf(file.elf, ELF_C_SET, ELF_F_LAYOUT);
	if (!move_headers(&file, &l, &ph) || !gelf_update_ehdr(file.elf, &file.header) ||
		elf_update(file.elf, ELF_C_WRITE) < 0)
		return err_set(e, -EIO, "cannot change its ELF headers: %s", elf_errmsg(-1));
	*ret = added;
	return 0;
}

static bool find_offset(const struct file *file, uint64_t address, uint64_t *ret)
{
	GElf_Phdr ph;

	for (size_t i = 0; get_segment(file, i, &ph); i++)
		if (ph.p_type == PT_LOAD && address >= ph.p_vaddr && address - ph.p_vaddr < ph.p_filesz) {
			*ret = ph.p_offset + (address - ph.p_vaddr);
			return *ret < file->size;
		}
	return false;
}

int elf_entry_offset(int fd, uint64_t *ret_offset, struct err *e)
{
	auto_file file = { 0 };
	int r;

	elf_version(EV_CURRENT);
	r = open_file(fd, ELF_C_READ, &file, e);
	if (r)
		return r;
	return find_offset(&file, file.header.e_entry, ret_offset) ? 0 :
								      err_set(e, -ENOENT, "its entry point leads nowhere");
}

static bool read_part(int fd, uint64_t at, uint64_t len, struct buf *out)
{
	auto_free char *bytes = mem_new(1, len);

	if (!bytes || fd_pread(fd, bytes, len, (off_t)at) != (ssize_t)len)
		return false;
	buf_add(out, bytes, len);
	return buf_ok(out);
}

static uint32_t get_32(const char *p, bool is_big)
{
	const uint8_t *b = (const uint8_t *)p;

	return is_big ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] :
			(uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

/* gABI, "Note Section": three words, the name and the descriptor, each padded to 4. -1: none of them is. */
static int64_t find_id(const struct buf *notes, bool is_big, size_t *ret_len)
{
	size_t at = 0;

	while (notes->len - at >= 12) {
		uint64_t name = get_32(notes->data + at, is_big), desc = get_32(notes->data + at + 4, is_big);
		uint64_t start = at + 12 + round_up(name, 4), end = start + round_up(desc, 4);

		if (end > notes->len)
			return -1;
		if (get_32(notes->data + at + 8, is_big) == NT_GNU_BUILD_ID && name == 4 &&
			!memcmp(notes->data + at + 12, "GNU", 4)) {
			*ret_len = desc;
			return (int64_t)start;
		}
		at = end;
	}
	return -1;
}

int elf_build_id(int fd, uint64_t *ret_offset, uint8_t *ret_id, size_t cap, struct err *e)
{
	auto_file file = { 0 };
	GElf_Phdr ph;
	int r;

	elf_version(EV_CURRENT);
	r = open_file(fd, ELF_C_READ, &file, e);
	if (r)
		return r;
	for (size_t i = 0; get_segment(&file, i, &ph); i++) {
		auto_buf notes = { 0 };
		size_t len = 0;
		int64_t at;

		if (ph.p_type != PT_NOTE || ph.p_filesz > NOTES_MAX || !read_part(fd, ph.p_offset, ph.p_filesz, &notes))
			continue;
		at = find_id(&notes, file.header.e_ident[EI_DATA] == ELFDATA2MSB, &len);
		if (at < 0 || !len || len > cap)
			continue;
		memcpy(ret_id, notes.data + at, len);
		*ret_offset = ph.p_offset + (uint64_t)at;
		return (int)len;
	}
	return 0;
}

/* What PT_DYNAMIC says: where names are, and which of them are needed. */
struct dynamic {
	uint64_t strings, strings_size;
	uint64_t needed[NEEDED_MAX];
	size_t n;
};

static void read_entry(uint64_t tag, uint64_t value, struct dynamic *d)
{
	if (tag == DT_STRTAB)
		d->strings = value;
	else if (tag == DT_STRSZ)
		d->strings_size = value;
	else if (tag == DT_NEEDED && d->n < NEEDED_MAX)
		d->needed[d->n++] = value;
}

/* Only of the machine's own kind: 64 bits, little-endian. */
static bool read_dynamic(int fd, const struct file *file, struct dynamic *ret)
{
	GElf_Phdr ph;

	for (size_t i = 0; get_segment(file, i, &ph); i++) {
		auto_buf bytes = { 0 };

		if (ph.p_type != PT_DYNAMIC || ph.p_filesz > DYNAMIC_MAX * sizeof(Elf64_Dyn) ||
			!read_part(fd, ph.p_offset, ph.p_filesz, &bytes))
			continue;
		for (size_t at = 0; at + sizeof(Elf64_Dyn) <= bytes.len; at += sizeof(Elf64_Dyn)) {
			Elf64_Dyn entry;

			memcpy(&entry, bytes.data + at, sizeof(entry));
			if (entry.d_tag == DT_NULL)
				break;
			read_entry((uint64_t)entry.d_tag, entry.d_un.d_val, ret);
		}
		return true;
	}
	return false;
}

int elf_each_needed(int fd, bool (*each)(const char *name, void *context), void *context, struct err *e)
{
	struct dynamic d = { 0 };
	auto_file file = { 0 };
	auto_buf strings = { 0 };
	uint64_t at;
	int r;

	elf_version(EV_CURRENT);
	r = open_file(fd, ELF_C_READ, &file, e);
	if (r)
		return r;
	if (gelf_getclass(file.elf) != ELFCLASS64 || !read_dynamic(fd, &file, &d) || d.strings_size > STRINGS_MAX ||
		!find_offset(&file, d.strings, &at) || !read_part(fd, at, d.strings_size, &strings))
		return err_set(e, -EBADMSG, "its dynamic section cannot be read");
	for (size_t i = 0; i < d.n; i++) {
		if (d.needed[i] >= strings.len)
			return err_set(e, -EBADMSG, "the name of a library that it needs lies outside");
		if (!each(strings.data + d.needed[i], context))
			break;
	}
	return 0;
}
