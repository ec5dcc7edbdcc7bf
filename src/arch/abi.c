// SPDX-License-Identifier: MIT
/* ABI, floating point and variant of an ELF file, from e_flags and build attributes. */
#include "arch/abi.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/* Missing in the elf.h of some C libraries, such as musl. */
#ifndef EM_ARCV2
#define EM_ARCV2 195
#endif
#ifndef EF_RISCV_RVC
#define EF_RISCV_RVC	   0x0001
#define EF_RISCV_FLOAT_ABI 0x0006
#define EF_RISCV_RVE	   0x0008
#endif

static const struct {
	uint16_t machine;
	const char *words;
} machines[] = {
	{ EM_SPARC, "SPARC" },
	{ EM_386, "Intel 80386" },
	{ EM_68K, "Motorola 68000" },
	{ 6, "Intel 80486" },
	{ EM_MIPS, "MIPS" },
	{ EM_PARISC, "PA-RISC" },
	{ EM_SPARC32PLUS, "SPARC v8+" },
	{ EM_PPC, "PowerPC" },
	{ EM_PPC64, "PowerPC 64" },
	{ EM_S390, "IBM S/390" },
	{ EM_ARM, "ARM" },
	{ EM_SH, "SuperH" },
	{ EM_SPARCV9, "SPARC v9" },
	{ EM_IA_64, "Itanium" },
	{ EM_X86_64, "x86-64" },
	{ EM_CRIS, "CRIS" },
	{ EM_OPENRISC, "OpenRISC" },
	{ EM_ARC_COMPACT, "ARC" },
	{ EM_XTENSA, "Xtensa" },
	{ EM_ALTERA_NIOS2, "Nios II" },
	{ 164, "Hexagon" },
	{ EM_AARCH64, "AArch64" },
	{ EM_MICROBLAZE, "MicroBlaze" },
	{ 0xbaab, "MicroBlaze (old number)" },
	{ EM_ARCV2, "ARCv2" },
	{ EM_RISCV, "RISC-V" },
	{ 247, "BPF" },
	{ 252, "C-SKY" },
	{ 258, "LoongArch" },
	{ EM_ALPHA, "Alpha" },
};

const char *abi_machine(uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == machine)
			return machines[i].words;
	return NULL;
}

static void add(struct buf *out, const char *text)
{
	if (out->len)
		buf_adds(out, ", ");
	buf_adds(out, text);
}

/* By Tag_CPU_arch: the name, and the OCI variant that has all its instructions. */
static const struct {
	const char *words, *variant;
} arm_cpus[] = {
	{ "before ARMv4", "v5" },
	{ "ARMv4", "v5" },
	{ "ARMv4T", "v5" },
	{ "ARMv5T", "v5" },
	{ "ARMv5TE", "v5" },
	{ "ARMv5TEJ", "v5" },
	{ "ARMv6", "v6" },
	{ "ARMv6KZ", "v6" },
	{ "ARMv6T2", "v6" },
	{ "ARMv6K", "v6" },
	{ "ARMv7", "v7" },
	{ "ARMv6-M", "" },
	{ "ARMv6S-M", "" },
	{ "ARMv7E-M", "" },
	{ "ARMv8-A", "v8" },
	{ "ARMv8-R", "v8" },
};

static void describe_arm(struct buf *out, const struct elf_info *info)
{
	unsigned eabi = info->head.flags >> 24;
	char text[16];

	if (eabi)
		snprintf(text, sizeof(text), "EABI%u", eabi);
	add(out, eabi ? text : "OABI");
	if ((info->head.flags & EF_ARM_ABI_FLOAT_HARD) || info->arm.vfp_args == 1 || strstr(info->interpreter, "armhf"))
		add(out, "hard float");
	else if (info->head.flags & EF_ARM_ABI_FLOAT_SOFT)
		add(out, "soft float");
	if (info->head.is_big)
		add(out, info->head.flags & EF_ARM_BE8 ? "BE8" : "BE32");
	if (info->arm.has && info->arm.cpu_arch < ARRAY_SIZE(arm_cpus))
		add(out, arm_cpus[info->arm.cpu_arch].words);
}

static void describe_mips(struct buf *out, const struct elf_info *info)
{
	static const char *const isas[] = { "MIPS I", "MIPS II", "MIPS III", "MIPS IV", "MIPS V", "MIPS32", "MIPS64",
		"MIPS32 r2", "MIPS64 r2", "MIPS32 r6", "MIPS64 r6" };
	static const char *const abis[] = { "o32", "o32", "o64", "EABI32", "EABI64", "o32", "o32", "o32" };
	uint32_t flags = info->head.flags;
	unsigned isa = flags >> 28;

	add(out, info->head.bits == 64 ? "n64" : flags & EF_MIPS_ABI2 ? "n32" : abis[(flags & ELF_MIPS_ABI) >> 12 & 7]);
	if (isa < ARRAY_SIZE(isas))
		add(out, isas[isa]);
	if (flags & EF_MIPS_FP64)
		add(out, "FP64");
	if (flags & EF_MIPS_NAN2008)
		add(out, "NaN2008");
}

static void describe_ppc64(struct buf *out, const struct elf_info *info)
{
	static const char *const abis[] = { NULL, "ELFv1", "ELFv2", NULL };
	const char *abi = abis[info->head.flags & EF_PPC64_ABI];

	if (abi || info->head.is_big)
		add(out, abi ? abi : "ELFv1");
}

static void describe_riscv(struct buf *out, const struct elf_info *info)
{
	static const char *const floats[] = { "", "f", "d", "q" };
	char text[16];

	snprintf(text, sizeof(text), "%s%s", info->head.bits == 64 ? "lp64" : "ilp32",
		floats[(info->head.flags & EF_RISCV_FLOAT_ABI) >> 1]);
	add(out, text);
	if (info->head.flags & EF_RISCV_RVC)
		add(out, "compressed");
	if (info->head.flags & EF_RISCV_RVE)
		add(out, "RVE");
}

static void describe_loongarch(struct buf *out, const struct elf_info *info)
{
	static const char *const floats[] = { NULL, "soft float", "single float", "double float" };
	unsigned abi = info->head.flags & 7;

	if (abi < ARRAY_SIZE(floats) && floats[abi])
		add(out, floats[abi]);
}

static void describe_m68k(struct buf *out, const struct elf_info *info)
{
	add(out, !info->head.flags || info->head.flags & 0x01000000 ? "680x0" : "ColdFire");
}

void abi_describe(struct buf *out, const struct elf_info *info)
{
	static const struct {
		uint16_t machine;
		void (*describe)(struct buf *out, const struct elf_info *info);
		const char *of_32_bits; /* name of the 32-bit ABI, if that is the exception */
	} kinds[] = {
		{ EM_ARM, describe_arm, NULL },
		{ EM_MIPS, describe_mips, NULL },
		{ EM_PPC64, describe_ppc64, NULL },
		{ EM_RISCV, describe_riscv, NULL },
		{ EM_X86_64, NULL, "x32" },
		{ EM_S390, NULL, "31 bits" },
		{ EM_AARCH64, NULL, "ILP32" },
		{ 258, describe_loongarch, NULL },
		{ EM_68K, describe_m68k, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].machine != info->head.machine)
			continue;
		if (kinds[i].describe)
			kinds[i].describe(out, info);
		else if (info->head.bits == 32)
			add(out, kinds[i].of_32_bits);
	}
}

const char *abi_os(const struct elf_head *head)
{
	static const struct {
		uint8_t number;
		const char *words;
	} systems[] = {
		{ ELFOSABI_NONE, "System V" },
		{ ELFOSABI_NETBSD, "NetBSD" },
		{ ELFOSABI_GNU, "GNU/Linux" },
		{ ELFOSABI_SOLARIS, "Solaris" },
		{ ELFOSABI_FREEBSD, "FreeBSD" },
		{ ELFOSABI_OPENBSD, "OpenBSD" },
		{ ELFOSABI_ARM, "ARM" },
		{ 65, "FDPIC" },
		{ ELFOSABI_STANDALONE, "standalone" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(systems); i++)
		if (systems[i].number == head->os_abi)
			return systems[i].words;
	return NULL;
}

/* Interpreters of other systems have other paths than those of Linux, which are in /lib or /lib64. */
bool abi_is_for_linux(const struct elf_info *info)
{
	static const char *const other_loaders[] = { "/libexec/", "/usr/libexec/", "/usr/lib/ld.so.1",
		"/usr/lib/amd64/", "/usr/lib/64/", "/usr/lib/sparcv9/" };

	if (info->system || elf_is_other_system(&info->head))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(other_loaders); i++)
		if (!strncmp(info->interpreter, other_loaders[i], strlen(other_loaders[i])))
			return false;
	return true;
}

/* Microcontrollers do not run Linux: profile M, and the architectures that exist for it only. */
static bool is_microcontroller(const struct elf_arm *arm)
{
	return arm->has && (arm->profile == 'M' || arm->cpu_arch == 11 || arm->cpu_arch == 12 || arm->cpu_arch == 13 ||
				   arm->cpu_arch == 16 || arm->cpu_arch == 17 || arm->cpu_arch == 21);
}

bool abi_platform(const struct elf_info *info, struct platform *ret)
{
	struct platform p = { .arch = elf_arch(&info->head) };
	const char *variant = "";

	if (!p.arch || !abi_is_for_linux(info) || is_microcontroller(&info->arm))
		return false;
	if (info->arm.has && info->arm.cpu_arch < ARRAY_SIZE(arm_cpus))
		variant = arm_cpus[info->arm.cpu_arch].variant;
	else if (strcmp(p.arch->qemu, "arm"))
		variant = p.arch->variant ? p.arch->variant : "";
	snprintf(p.variant, sizeof(p.variant), "%s", variant);
	*ret = p;
	return true;
}
