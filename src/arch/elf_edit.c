// SPDX-License-Identifier: MIT
/* Adds a segment to an ELF file that elf_read() accepts, and finds its entry point and build ID. */
#include "arch/elf_edit.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/elf.h"
#include "base/memory.h"

enum { PAGE = 4096, NOTES_MAX = 64 * 1024 };

/* An ELF file that elf_read() has accepted, so that its headers are inside the file. */
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
	int r;

	elf_version(EV_CURRENT);
	r = elf_read(fd, &info, e);
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
		mem_exhausted();
	return err_set(e, -EBADMSG, "cannot read its ELF header");
}

static bool get_segment(const struct file *file, size_t i, GElf_Phdr *ret)
{
	return i < file->header.e_phnum && gelf_getphdr(file->elf, (int)i, ret);
}

/* What determines the new segment. */
struct layout {
	uint64_t end;	/* highest end address of a segment */
	uint64_t align; /* largest alignment of a segment */
	size_t last;	/* index of the last PT_LOAD */
	size_t note;	/* index of the PT_NOTE to replace */
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
			if (ph.p_vaddr > UINT64_MAX / 4 || ph.p_memsz > UINT64_MAX / 4 ||
				(ph.p_align & (ph.p_align - 1)) || ph.p_align > 1024 * 1024 * 1024)
				return err_set(e, -EBADMSG, "a segment beyond the address space");
			l.end = ph.p_vaddr + ph.p_memsz > l.end ? ph.p_vaddr + ph.p_memsz : l.end;
			l.align = ph.p_align > l.align ? ph.p_align : l.align;
			l.last = i;
			l.has_load = true;
		}
		/* Prefer the note that PT_GNU_PROPERTY also describes: it is redundant. */
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

int elf_add_segment(int fd, size_t len, struct elf_added *ret, struct err *e)
{
	auto_file file = { 0 };
	struct layout l = { 0 };
	GElf_Phdr ph, new = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = len, .p_memsz = len };
	struct elf_added added;
	int r = open_file(fd, ELF_C_RDWR, &file, e), step;
	bool is_done = true;
	size_t at;

	if (r)
		return r;
	if (gelf_getclass(file.elf) != ELFCLASS64)
		return err_set(e, -EBADMSG, "not a 64-bit ELF file");
	r = read_layout(&file, &l, e);
	if (r)
		return r;
	new.p_align = l.align;
	new.p_vaddr = new.p_paddr = round_up(l.end, l.align);
	new.p_offset = round_up(file.size, l.align);
	added = (struct elf_added){ .entry = file.header.e_entry, .address = new.p_vaddr, .offset = new.p_offset };
	file.header.e_entry = new.p_vaddr;
	/* Keep everything else in place. */
	elf_flagelf(file.elf, ELF_C_SET, ELF_F_LAYOUT);
	/* Removes the note's header, and inserts the new segment's after the last PT_LOAD. */
	at = l.note < l.last ? l.last : l.last + 1;
	step = l.note < at ? 1 : -1;
	for (size_t i = l.note; is_done && i != at; i += (size_t)step)
		is_done = gelf_getphdr(file.elf, (int)i + step, &ph) && gelf_update_phdr(file.elf, (int)i, &ph);
	if (!is_done || !gelf_update_phdr(file.elf, (int)at, &new) || !gelf_update_ehdr(file.elf, &file.header) ||
		elf_update(file.elf, ELF_C_WRITE) < 0)
		return err_set(e, -EIO, "cannot change its ELF headers: %s", elf_errmsg(-1));
	*ret = added;
	return 0;
}

int elf_entry_offset(int fd, uint64_t *ret_offset, struct err *e)
{
	auto_file file = { 0 };
	int r = open_file(fd, ELF_C_READ, &file, e);
	uint64_t entry = file.header.e_entry;
	GElf_Phdr ph;

	if (r)
		return r;
	for (size_t i = 0; get_segment(&file, i, &ph); i++)
		if (ph.p_type == PT_LOAD && entry >= ph.p_vaddr && entry - ph.p_vaddr < ph.p_filesz) {
			*ret_offset = ph.p_offset + (entry - ph.p_vaddr);
			if (*ret_offset < file.size)
				return 0;
			break;
		}
	return err_set(e, -ENOENT, "its entry point is not in a loadable segment");
}

int elf_build_id(int fd, uint64_t *ret_offset, uint8_t *ret_id, size_t cap, struct err *e)
{
	auto_file file = { 0 };
	GElf_Phdr ph;
	int r = open_file(fd, ELF_C_READ, &file, e);

	if (r)
		return r;
	for (size_t i = 0; get_segment(&file, i, &ph); i++) {
		bool is_inside = ph.p_offset <= file.size && ph.p_filesz <= file.size - ph.p_offset;
		size_t name, desc, next = 0, at = 0, len = 0;
		Elf_Data *notes = NULL; /* owned by libelf, in host byte order */
		GElf_Nhdr note;

		if (ph.p_type == PT_NOTE && ph.p_filesz <= NOTES_MAX && is_inside)
			notes = elf_getdata_rawchunk(file.elf, (int64_t)ph.p_offset, ph.p_filesz,
				ph.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		while (notes && !at && (next = gelf_getnote(notes, next, &note, &name, &desc)))
			if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
				!memcmp((char *)notes->d_buf + name, "GNU", 4)) {
				len = note.n_descsz;
				at = desc;
			}
		if (!at || !len || len > cap)
			continue;
		memcpy(ret_id, (char *)notes->d_buf + at, len);
		*ret_offset = ph.p_offset + at;
		return (int)len;
	}
	return 0;
}
