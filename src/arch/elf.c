// SPDX-License-Identifier: MIT
/* What an ELF file is, read through libelf with its inputs bounded; the one file that knows libelf. */
#include "arch/elf.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"

static void cleanup_elf(Elf **elf)
{
	elf_end(*elf);
}

/* What the first bytes are instead, in the words of people who meet them. */
static const char *not_elf(const uint8_t *head, size_t n)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *what;
	} kinds[] = {
		{ "#!", 2, "a script" },
		{ "MZ", 2, "a Windows program" },
		{ "\xcf\xfa\xed\xfe", 4, "a macOS program" },
		{ "\xca\xfe\xba\xbe", 4, "a macOS program or Java class" },
		{ "\x1f\x8b", 2, "gzip data" },
	};

	if (n == 0)
		return "an empty file";
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (n >= kinds[i].len && !memcmp(head, kinds[i].magic, kinds[i].len))
			return kinds[i].what;
	return "something else";
}

/* libelf trusts e_ident and falls back silently, so it gets only what passes here. */
static int check_ident(int fd, off_t *ret_size, struct err *e)
{
	uint8_t head[64];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EBADMSG, "not a regular file");
	n = fd_pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return err_sys(e, (int)n, "cannot read it");
	if (n < SELFMAG || memcmp(head, ELFMAG, SELFMAG))
		return err_set(e, -ENOEXEC, "not an ELF file: %s", not_elf(head, (size_t)n));
	if (n < EI_NIDENT)
		return err_set(e, -EBADMSG, "truncated ELF header");
	if (head[EI_CLASS] != ELFCLASS32 && head[EI_CLASS] != ELFCLASS64)
		return err_set(e, -EBADMSG, "bad ELF class %u", head[EI_CLASS]);
	if (head[EI_DATA] != ELFDATA2LSB && head[EI_DATA] != ELFDATA2MSB)
		return err_set(e, -EBADMSG, "bad ELF byte order %u", head[EI_DATA]);
	if (n < (head[EI_CLASS] == ELFCLASS64 ? 64 : 52))
		return err_set(e, -EBADMSG, "truncated ELF header");
	*ret_size = st.st_size;
	return 0;
}

static int read_segments(Elf *elf, off_t size, struct elf_info *info, struct err *e)
{
	size_t n;

	if (elf_getphdrnum(elf, &n) < 0 || n > ELF_PHNUM_MAX)
		return err_set(e, -EBADMSG, "bad ELF program header count");
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return err_set(e, -EBADMSG, "ELF program headers lie outside the file");
		if (ph.p_type == PT_INTERP)
			info->has_interpreter = true;
		if (ph.p_type == PT_LOAD && (ph.p_offset > (uint64_t)size ||
						    ph.p_filesz > (uint64_t)size - ph.p_offset))
			info->is_truncated = true;
		if (ph.p_type == PT_LOAD && ph.p_flags == PF_R)
			info->constants = ph.p_offset;
	}
	return 0;
}

int elf_read(int fd, struct elf_info *ret, struct err *e)
{
	__attribute__((cleanup(cleanup_elf))) Elf *elf = NULL;
	struct elf_info info = { 0 };
	GElf_Ehdr eh;
	off_t size = 0;
	int r = check_ident(fd, &size, e);

	if (r)
		return r;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh))
		return err_set(e, -EBADMSG, "malformed ELF file: %s", elf_errmsg(-1));
	if (eh.e_phnum && eh.e_phentsize != (eh.e_ident[EI_CLASS] == ELFCLASS64 ? 56 : 32))
		return err_set(e, -EBADMSG, "bad ELF program header size %u", eh.e_phentsize);
	info.bits = eh.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	info.is_big = eh.e_ident[EI_DATA] == ELFDATA2MSB;
	info.machine = eh.e_machine;
	info.type = eh.e_type;
	r = read_segments(elf, size, &info, e);
	if (r)
		return r;
	*ret = info;
	return 0;
}

const struct arch *elf_arch(const struct elf_info *info)
{
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t i = 0; i < ARCH_MATCHES_MAX && a->match[i].handler; i++)
			if (a->bits == info->bits && a->is_big == info->is_big &&
				a->match[i].machine == info->machine)
				return a;
	return NULL;
}
