// SPDX-License-Identifier: MIT
/* Reads and classifies ELF files through libelf, with bounded input; with elf_edit.c the only user of libelf. */
#include "arch/elf.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/kind.h"
#include "base/fdio.h"
#include "base/memory.h"

const char *const elf_linkage_words[] = { "unknown", "relocatable", "core dump", "shared library", "static",
	"static-pie", "dynamic", "debug information" };

enum { SIZE_32 = 52, SIZE_64 = 64 };

/* The file that is being read. */
struct source {
	int fd;
	uint64_t size;
	Elf *elf;
};

/* libelf has private error codes; a failed allocation shows in errno, which is 0 before the first call. */
static void cleanup_elf(Elf **elf)
{
	if (*elf && errno == ENOMEM)
		mem_exhausted();
	elf_end(*elf);
}

static uint32_t get(const uint8_t *p, unsigned bytes, bool is_big)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)p[i] << 8 * (is_big ? bytes - 1 - i : i);
	return value;
}

int elf_read_head(const uint8_t *bytes, size_t len, struct elf_head *ret, struct err *e)
{
	struct elf_head head;
	bool is_64;

	if (len < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG))
		return 0;
	if (len < EI_NIDENT)
		return err_set(e, -EBADMSG, "truncated ELF header");
	if (bytes[EI_CLASS] != ELFCLASS32 && bytes[EI_CLASS] != ELFCLASS64)
		return err_set(e, -EBADMSG, "bad ELF class %u", bytes[EI_CLASS]);
	if (bytes[EI_DATA] != ELFDATA2LSB && bytes[EI_DATA] != ELFDATA2MSB)
		return err_set(e, -EBADMSG, "bad ELF byte order %u", bytes[EI_DATA]);
	is_64 = bytes[EI_CLASS] == ELFCLASS64;
	if (len < (is_64 ? SIZE_64 : SIZE_32))
		return err_set(e, -EBADMSG, "truncated ELF header");
	head = (struct elf_head){
		.bits = is_64 ? 64 : 32,
		.is_big = bytes[EI_DATA] == ELFDATA2MSB,
		.os_abi = bytes[EI_OSABI],
		.abi_version = bytes[EI_ABIVERSION],
	};
	head.type = (uint16_t)get(bytes + 16, 2, head.is_big);
	head.machine = (uint16_t)get(bytes + 18, 2, head.is_big);
	head.flags = get(bytes + (is_64 ? 48 : 36), 4, head.is_big);
	*ret = head;
	return 1;
}

/* libelf trusts e_ident and falls back silently, so check the header before libelf sees it. */
static int check_file(struct source *s, struct elf_head *ret, struct err *e)
{
	uint8_t bytes[ELF_HEAD];
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(s->fd, &st) < 0)
		return err_sys(e, -errno, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EBADMSG, "not a regular file");
	n = fd_pread(s->fd, bytes, sizeof(bytes), 0);
	if (n < 0)
		return err_sys(e, (int)n, "cannot read it");
	s->size = (uint64_t)st.st_size;
	r = elf_read_head(bytes, (size_t)n, ret, e);
	if (!r)
		return err_set(e, -ENOEXEC, "not an ELF file: %s", kind_of(s->fd)->what);
	return MIN_OF(r, 0);
}

static bool is_inside(const struct source *s, uint64_t offset, uint64_t len)
{
	return offset <= s->size && len <= s->size - offset;
}

static int read_interpreter(const struct source *s, const GElf_Phdr *ph, struct elf_info *info, struct err *e)
{
	if (info->has_interpreter)
		return err_set(e, -EBADMSG, "two ELF interpreters");
	if (ph->p_filesz < 2 || ph->p_filesz > sizeof(info->interpreter) || !is_inside(s, ph->p_offset, ph->p_filesz))
		return err_set(e, -EBADMSG,
			"the path of the ELF interpreter is empty, too long or "
			"outside the file");
	if (fd_pread(s->fd, info->interpreter, ph->p_filesz, (off_t)ph->p_offset) != (ssize_t)ph->p_filesz)
		return err_set(e, -EBADMSG, "cannot read the path of the ELF interpreter");
	if (!memchr(info->interpreter, '\0', ph->p_filesz))
		return err_set(e, -EBADMSG, "the path of the ELF interpreter is not terminated");
	info->has_interpreter = true;
	return 0;
}

/* Properties collected from all segments. */
struct segments {
	bool is_dynamic, is_loadable, is_debug;
	bool is_pie, is_library, has_debug; /* from the dynamic section */
	uint64_t entry;
};

/* The first note of a program for another system contains that system's name. */
static void read_note(const struct source *s, const GElf_Phdr *ph, struct elf_info *info)
{
	static const char *const systems[] = { "FreeBSD", "NetBSD", "OpenBSD", "DragonFly" };
	char note[12 + 16] = "";

	if (fd_pread(s->fd, note, (size_t)MIN_OF(ph->p_filesz, sizeof(note) - 1), (off_t)ph->p_offset) < 12)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(systems); i++)
		if (!strcmp(note + 12, systems[i]))
			info->system = systems[i];
}

/*
 * A static-pie program has DF_1_PIE or, from a linker older than 2.26, DT_DEBUG, which linkers add to programs only. A
 * file with DT_SONAME or DT_NEEDED and without interpreter is a library. So is musl's libc.so, which has neither, and
 * has an entry point.
 */
static void read_dynamic(const struct source *s, const GElf_Phdr *ph, struct elf_info *info, struct segments *seen)
{
	const struct elf_head *head = &info->head;
	size_t half = head->bits / 8, low = head->is_big ? half - 4 : 0, n;
	size_t want = (size_t)MIN_OF(ph->p_filesz, (uint64_t)ELF_DYNAMIC_MAX);
	auto_free uint8_t *bytes = mem_new(1, want + 1);
	ssize_t got = fd_pread(s->fd, bytes, want, (off_t)ph->p_offset);

	n = got < 0 ? 0 : (size_t)got;
	for (size_t at = 0; at + 2 * half <= n; at += 2 * half) {
		uint32_t tag = get(bytes + at + low, 4, head->is_big);

		if (tag == DT_NULL)
			return;
		seen->is_library |= tag == DT_SONAME || tag == DT_NEEDED;
		info->needs_libraries |= tag == DT_NEEDED;
		seen->has_debug |= tag == DT_DEBUG;
		if (tag == DT_FLAGS_1)
			seen->is_pie = get(bytes + at + half + low, 4, head->is_big) & DF_1_PIE;
	}
}

static int read_segment(
	const struct source *s, const GElf_Phdr *ph, struct elf_info *info, struct segments *seen, struct err *e)
{
	switch (ph->p_type) {
	case PT_INTERP:
		return seen->is_debug ? 0 : read_interpreter(s, ph, info, e);
	case PT_NOTE:
		read_note(s, ph, info);
		break;
	case PT_DYNAMIC:
		if (!seen->is_dynamic)
			read_dynamic(s, ph, info, seen);
		seen->is_dynamic = true;
		break;
	case PT_LOAD:
		seen->is_loadable = true;
		/* The first byte of a file is its ELF header, not code. */
		info->has_entry |= seen->entry >= ph->p_vaddr && seen->entry - ph->p_vaddr < ph->p_memsz &&
				   seen->entry - ph->p_vaddr + ph->p_offset;
		info->is_truncated |= !seen->is_debug && !is_inside(s, ph->p_offset, ph->p_filesz);
		if (is_inside(s, ph->p_offset, ph->p_filesz) && ph->p_offset + ph->p_filesz > info->loaded)
			info->loaded = ph->p_offset + ph->p_filesz;
		if (ph->p_flags == PF_R)
			info->constants = ph->p_offset;
		break;
	default:
		break;
	}
	return 0;
}

static enum elf_linkage linkage_of(const struct elf_info *info, const struct segments *seen)
{
	if (seen->is_debug)
		return ELF_DEBUG;
	if (!seen->is_loadable && (info->head.type == ET_EXEC || info->head.type == ET_DYN))
		return ELF_UNKNOWN;
	switch (info->head.type) {
	case ET_REL:
		return ELF_RELOCATABLE;
	case ET_CORE:
		return ELF_CORE;
	case ET_EXEC:
		return info->has_interpreter ? ELF_DYNAMIC : ELF_STATIC;
	case ET_DYN:
		if (info->has_interpreter)
			return ELF_DYNAMIC;
		return seen->is_pie || !seen->is_dynamic || (seen->has_debug && !seen->is_library) ? ELF_STATIC_PIE
												   : ELF_LIBRARY;
	default:
		return ELF_UNKNOWN;
	}
}

/* The section after this one, the first for NULL; NULL at the end, or if the table is not inside the file. */
static Elf_Scn *next_section(const struct source *s, const GElf_Ehdr *eh, Elf_Scn *section, GElf_Shdr *ret)
{
	size_t n;

	if (elf_getshdrnum(s->elf, &n) < 0 || !n || n > ELF_SHNUM_MAX ||
		!is_inside(s, eh->e_shoff, n * eh->e_shentsize))
		return NULL;
	while ((section = elf_nextscn(s->elf, section)) && !gelf_getshdr(section, ret))
		;
	return section;
}

/*
 * Output of objcopy --only-keep-debug and eu-strip: no section that is loaded has content, and the offsets of segments
 * are meaningless.
 */
static bool is_debug(const struct source *s, const GElf_Ehdr *eh)
{
	Elf_Scn *section = NULL;
	bool has_code = false;
	GElf_Shdr sh;

	while ((section = next_section(s, eh, section, &sh))) {
		if (!(sh.sh_flags & SHF_ALLOC) || sh.sh_type == SHT_NOTE)
			continue;
		if (sh.sh_type != SHT_NOBITS)
			return false;
		has_code |= sh.sh_flags & SHF_EXECINSTR;
	}
	return has_code;
}

static int read_segments(const struct source *s, const GElf_Ehdr *eh, struct elf_info *info, struct err *e)
{
	struct segments seen = { .is_debug = is_debug(s, eh), .entry = eh->e_entry };
	size_t n = eh->e_phnum; /* elf_getphdrnum(3) would silently reduce it to what fits */

	if (eh->e_phnum && eh->e_phentsize != (info->head.bits == 64 ? 56 : 32))
		return err_set(e, -EBADMSG, "bad ELF program header size %u", eh->e_phentsize);
	if (info->head.type == ET_CORE)
		n = 0; /* core dumps have one for each mapping; none matters here */
	if (n > ELF_PHNUM_MAX)
		return err_set(e, -EBADMSG, "bad ELF program header count %zu", n);
	if (n && (!eh->e_phoff || !is_inside(s, eh->e_phoff, n * eh->e_phentsize)))
		return err_set(e, -EBADMSG, "ELF program headers outside the file");
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;
		int r;

		if (!gelf_getphdr(s->elf, (int)i, &ph))
			return err_set(e, -EBADMSG, "ELF program headers outside the file");
		r = read_segment(s, &ph, info, &seen, e);
		if (r)
			return r;
	}
	info->linkage = linkage_of(info, &seen);
	return 0;
}

/* A stripped or malformed section table is not an error: the variant is then unknown. */
static void read_attributes(const struct source *s, const GElf_Ehdr *eh, struct elf_info *info)
{
	auto_free uint8_t *bytes = NULL;
	Elf_Scn *section = NULL;
	GElf_Shdr sh;

	while ((section = next_section(s, eh, section, &sh)) && sh.sh_type != SHT_ARM_ATTRIBUTES)
		;
	if (!section || !sh.sh_size || sh.sh_size > ELF_ATTRIBUTES_MAX || !is_inside(s, sh.sh_offset, sh.sh_size))
		return;
	bytes = mem_new(1, sh.sh_size);
	if (fd_pread(s->fd, bytes, sh.sh_size, (off_t)sh.sh_offset) == (ssize_t)sh.sh_size)
		attributes_parse(bytes, sh.sh_size, info->head.is_big, &info->arm);
}

int elf_read(int fd, struct elf_info *ret, struct err *e)
{
	__attribute__((cleanup(cleanup_elf))) Elf *elf = NULL;
	struct source s = { .fd = fd };
	struct elf_info info = { 0 };
	GElf_Ehdr eh;
	int r = check_file(&s, &info.head, e);

	if (r)
		return r;
	elf_version(EV_CURRENT);
	errno = 0;
	s.elf = elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf && errno == ENOMEM)
		mem_exhausted();
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh)) {
		const char *why = elf_errmsg(-1); /* libelf's error numbers are private */

		if (why && strstr(why, "memory"))
			mem_exhausted();
		return err_set(e, -EBADMSG, "malformed ELF file: %s",
			why && strcmp(why, "no error") ? why : "of an unknown kind");
	}
	r = read_segments(&s, &eh, &info, e);
	if (r)
		return r;
	if (info.head.machine == EM_ARM)
		read_attributes(&s, &eh, &info);
	*ret = info;
	return 0;
}

/*
 * o32 and n32 share class, data and machine; EF_MIPS_ABI2 distinguishes them. o64 and EABI are for consoles and boards,
 * which do not run Linux.
 */
static bool has_abi_of(const struct arch *arch, const struct elf_head *head)
{
	bool is_n32 = !strncmp(arch->qemu, "mipsn32", 7);
	uint32_t abi = head->flags & ELF_MIPS_ABI;

	if (head->machine != EM_MIPS || head->bits == 64)
		return true;
	return is_n32 == !!(head->flags & EF_MIPS_ABI2) && (!abi || abi == ELF_MIPS_ABI_O32);
}

bool elf_is_other_system(const struct elf_head *head)
{
	return head->os_abi == ELFOSABI_FREEBSD || head->os_abi == ELFOSABI_NETBSD ||
	       head->os_abi == ELFOSABI_OPENBSD || head->os_abi == ELFOSABI_SOLARIS;
}

const struct arch *elf_arch(const struct elf_head *head)
{
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t i = 0; i < ARCH_MATCHES_MAX && a->match[i].handler; i++)
			if (a->bits == head->bits && a->is_big == head->is_big &&
				a->match[i].machine == head->machine && has_abi_of(a, head))
				return a;
	return NULL;
}
