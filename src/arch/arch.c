// SPDX-License-Identifier: MIT
/* The table of architectures: one row per QEMU linux-user target; every other module loops over it. */
#include "arch/arch.h"

#include <string.h>

#if defined(__x86_64__)
#define HOST_QEMU "x86_64"
#elif defined(__aarch64__)
#define HOST_QEMU "aarch64"
#elif defined(__arm__)
#define HOST_QEMU "arm"
#elif defined(__i386__)
#define HOST_QEMU "i386"
#elif defined(__riscv) && __riscv_xlen == 64
#define HOST_QEMU "riscv64"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_QEMU "ppc64le"
#elif defined(__s390x__)
#define HOST_QEMU "s390x"
#else
#error "say which row of the table this host is"
#endif

/*
 * Magic and mask are those of QEMU's scripts/qemu-binfmt-conf.sh, checked against what QEMU's loader accepts, except
 * microblaze (upstream's e_type is byte-swapped, and its machine number is from before binutils 2.22), cris and nios2
 * (upstream has none). The probe program exits with its argc; its instructions are beside the bytes.
 */
// clang-format off
static const struct arch table[] = {
	{
		.qemu = "aarch64", .family = "arm", .oci = "arm64", .docker = "arm64v8", .bits = 64, .is_big = false,
		.uname = "aarch64", .debian = "arm64", .alpine = "aarch64", .systemd = "arm64",
		.gnu = "aarch64-linux-gnu aarch64-linux-musl",
		.match = {
			{ .handler = "qemu-aarch64", .machine = 183,
			  .magic = "7f454c460201010000000000000000000200b700",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_code = "e00340f9a80b80d2010000d4", /* ldr x0,[sp] ; mov x8,#93 ; svc #0 */
	},
	{
		.qemu = "arm", .family = "arm", .oci = "arm", .variant = "v7", .docker = "arm32v7", .bits = 32, .is_big = false,
		.uname = "armv7l armv8l armv7", .debian = "armhf", .alpine = "armv7", .systemd = "arm",
		.gnu = "arm-linux-gnueabihf armv7-linux-gnueabihf armv7l-linux-gnueabihf",
		.match = {
			{ .handler = "qemu-arm", .machine = 40,
			  .magic = "7f454c4601010100000000000000000002002800",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_flags = 0x5000000, .probe_code = "00009de50170a0e3000000ef", /* ldr r0,[sp] ; mov r7,#1 ; svc 0 */
	},
	{
		.qemu = "x86_64", .family = "x86", .oci = "amd64", .docker = "amd64", .bits = 64, .is_big = false,
		.uname = "x86_64", .debian = "amd64", .alpine = "x86_64", .systemd = "x86-64",
		.gnu = "x86_64-linux-gnu x86_64-linux-musl",
		.match = {
			{ .handler = "qemu-x86_64", .machine = 62,
			  .magic = "7f454c4602010100000000000000000002003e00",
			  .mask = "fffffffffffefe00fffffffffffffffffeffffff" },
		},
		.probe_code = "5f6a3c580f05", /* pop %rdi ; push $0x3c ; pop %rax ; syscall */
	},
	{
		.qemu = "i386", .family = "x86", .oci = "386", .docker = "i386", .bits = 32, .is_big = false,
		.uname = "i686 i586 i486", .debian = "i386", .alpine = "x86", .systemd = "x86",
		.gnu = "i686-linux-gnu i386-linux-gnu i586-linux-gnu i486-linux-gnu",
		.match = {
			{ .handler = "qemu-i386", .machine = 3,
			  .magic = "7f454c4601010100000000000000000002000300",
			  .mask = "fffffffffffefe00fffffffffffffffffeffffff" },
			{ .handler = "qemu-i486", .machine = 6,
			  .magic = "7f454c4601010100000000000000000002000600",
			  .mask = "fffffffffffefe00fffffffffffffffffeffffff" },
		},
		.probe_code = "5b31c040cd80", /* pop %ebx ; xor %eax,%eax ; inc %eax ; int $0x80 */
	},
	{
		.qemu = "riscv64", .family = "riscv", .oci = "riscv64", .docker = "riscv64", .bits = 64, .is_big = false,
		.uname = "riscv64", .debian = "riscv64", .alpine = "riscv64", .systemd = "riscv64",
		.gnu = "riscv64-linux-gnu",
		.match = {
			{ .handler = "qemu-riscv64", .machine = 243,
			  .magic = "7f454c460201010000000000000000000200f300",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_code = "033501009308d00573000000", /* ld a0,0(sp) ; li a7,93 ; ecall */
	},
	{
		.qemu = "ppc64le", .oci = "ppc64le", .docker = "ppc64le", .bits = 64, .is_big = false,
		.uname = "ppc64le", .debian = "ppc64el", .alpine = "ppc64le", .systemd = "ppc64-le",
		.gnu = "powerpc64le-linux-gnu",
		.match = {
			{ .handler = "qemu-ppc64le", .machine = 21,
			  .magic = "7f454c4602010100000000000000000002001500",
			  .mask = "ffffffffffffff00fffffffffffffffffeffff00" },
		},
		.probe_flags = 0x2, .probe_code = "01000038000061e802000044", /* li r0,1 ; ld r3,0(r1) ; sc */
	},
	{
		.qemu = "s390x", .oci = "s390x", .docker = "s390x", .bits = 64, .is_big = true,
		.uname = "s390x", .debian = "s390x", .alpine = "s390x", .systemd = "s390x",
		.gnu = "s390x-linux-gnu",
		.match = {
			{ .handler = "qemu-s390x", .machine = 22,
			  .magic = "7f454c4602020100000000000000000000020016",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_code = "5820f0040a01", /* l %r2,4(%r15) ; svc 1 */
	},
	{
		.qemu = "loongarch64", .oci = "loong64", .bits = 64, .is_big = false,
		.uname = "loongarch64", .debian = "loong64", .alpine = "loongarch64", .systemd = "loongarch64",
		.gnu = "loongarch64-linux-gnu",
		.match = {
			{ .handler = "qemu-loongarch64", .machine = 258,
			  .magic = "7f454c4602010100000000000000000002000201",
			  .mask = "fffffffffffffffc00fffffffffffffffeffffff" },
		},
		.probe_flags = 0x43, .probe_code = "0b7481036400c02800002b00", /* ori $a7,$zero,93 ; ld.d $a0,$sp,0 ; syscall 0 */
	},
	{
		.qemu = "mips64el", .family = "mips", .oci = "mips64le", .docker = "mips64le", .bits = 64, .is_big = false,
		.uname = "mips64", .debian = "mips64el mips64r6el", .alpine = "mips64el", .systemd = "mips64-le",
		.gnu = "mips64el-linux-gnuabi64 mipsisa64r6el-linux-gnuabi64",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-mips64el", .machine = 8,
			  .magic = "7f454c4602010100000000000000000002000800",
			  .mask = "ffffffffffffff0000fffffffffffffffeffffff" },
		},
		.probe_flags = 0x20000000, .probe_code = "c21302240000a4df0c000000", /* li v0,5058 ; ld a0,0(sp) ; syscall */
	},
	{
		.qemu = "mipsel", .family = "mips", .oci = "mipsle", .bits = 32, .is_big = false,
		.uname = "mips", .debian = "mipsel mipsr6el", .alpine = "mipsel", .systemd = "mips-le",
		.gnu = "mipsel-linux-gnu mipsisa32r6el-linux-gnu",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-mipsel", .machine = 8,
			  .magic = "7f454c46010101000000000000000000020008000100000000000000000000000000000000000000",
			  .mask = "ffffffffffffff0000fffffffffffffffeffffffffffffff00000000000000000000000020000000" },
		},
		.probe_flags = 0x1000, .probe_code = "a10f02240000a48f0c000000", /* li v0,4001 ; lw a0,0(sp) ; syscall */
	},
	{
		.qemu = "mips64", .family = "mips", .oci = "mips64", .bits = 64, .is_big = true,
		.uname = "mips64", .debian = "mips64 mips64r6", .alpine = "mips64", .systemd = "mips64",
		.gnu = "mips64-linux-gnuabi64 mipsisa64r6-linux-gnuabi64",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-mips64", .machine = 8,
			  .magic = "7f454c4602020100000000000000000000020008",
			  .mask = "ffffffffffffff0000fffffffffffffffffeffff" },
		},
		.probe_flags = 0x20000000, .probe_code = "240213c2dfa400000000000c", /* li v0,5058 ; ld a0,0(sp) ; syscall */
	},
	{
		.qemu = "mips", .family = "mips", .oci = "mips", .bits = 32, .is_big = true,
		.uname = "mips", .debian = "mips mipsr6", .alpine = "mips", .systemd = "mips",
		.gnu = "mips-linux-gnu mipsisa32r6-linux-gnu",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-mips", .machine = 8,
			  .magic = "7f454c46010201000000000000000000000200080000000100000000000000000000000000000000",
			  .mask = "ffffffffffffff0000fffffffffffffffffeffffffffffff00000000000000000000000000000020" },
		},
		.probe_flags = 0x1000, .probe_code = "24020fa18fa400000000000c", /* li v0,4001 ; lw a0,0(sp) ; syscall */
	},
	{
		.qemu = "mipsn32", .family = "mips", .oci = "mips64p32", .bits = 32, .is_big = true,
		.uname = "mips64", .debian = "mipsn32",
		.gnu = "mips64-linux-gnuabin32",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-mipsn32", .machine = 8,
			  .magic = "7f454c46010201000000000000000000000200080000000100000000000000000000000000000020",
			  .mask = "ffffffffffffff0000fffffffffffffffffeffffffffffff00000000000000000000000000000020" },
		},
		.probe_flags = 0x20000020, .probe_code = "240217aa8fa400000000000c", /* li v0,6058 ; lw a0,0(sp) ; syscall */
	},
	{
		.qemu = "mipsn32el", .family = "mips", .oci = "mips64p32le", .bits = 32, .is_big = false,
		.uname = "mips64", .debian = "mipsn32el",
		.gnu = "mips64el-linux-gnuabin32",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-mipsn32el", .machine = 8,
			  .magic = "7f454c46010101000000000000000000020008000100000000000000000000000000000020000000",
			  .mask = "ffffffffffffff0000fffffffffffffffeffffffffffffff00000000000000000000000020000000" },
		},
		.probe_flags = 0x20000020, .probe_code = "aa1702240000a48f0c000000", /* li v0,6058 ; lw a0,0(sp) ; syscall */
	},
	{
		.qemu = "ppc", .family = "ppc", .oci = "ppc", .bits = 32, .is_big = true,
		.uname = "ppc", .debian = "powerpc powerpcspe", .alpine = "ppc", .systemd = "ppc",
		.gnu = "powerpc-linux-gnu",
		.match = {
			{ .handler = "qemu-ppc", .machine = 20,
			  .magic = "7f454c4601020100000000000000000000020014",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_code = "380000018061000044000002", /* li r0,1 ; lwz r3,0(r1) ; sc */
	},
	{
		.qemu = "ppc64", .family = "ppc", .oci = "ppc64", .bits = 64, .is_big = true,
		.uname = "ppc64", .debian = "ppc64", .alpine = "ppc64", .systemd = "ppc64",
		.gnu = "powerpc64-linux-gnu",
		.match = {
			{ .handler = "qemu-ppc64", .machine = 21,
			  .magic = "7f454c4602020100000000000000000000020015",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_flags = 0x2, .probe_code = "38000001e861000044000002", /* li r0,1 ; ld r3,0(r1) ; sc */
	},
	{
		.qemu = "riscv32", .family = "riscv", .oci = "riscv", .bits = 32, .is_big = false,
		.uname = "riscv32", .debian = "riscv32", .alpine = "riscv32", .systemd = "riscv32",
		.gnu = "riscv32-linux-gnu",
		.match = {
			{ .handler = "qemu-riscv32", .machine = 243,
			  .magic = "7f454c460101010000000000000000000200f300",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_code = "032501009308d00573000000", /* lw a0,0(sp) ; li a7,93 ; ecall */
	},
	{
		.qemu = "aarch64_be", .family = "arm big-endian", .oci = "arm64be", .bits = 64, .is_big = true,
		.uname = "aarch64_be", .systemd = "arm64-be",
		.gnu = "aarch64_be-linux-gnu",
		.match = {
			{ .handler = "qemu-aarch64_be", .machine = 183,
			  .magic = "7f454c46020201000000000000000000000200b7",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_code = "e00340f9a80b80d2010000d4", /* ldr x0,[sp] ; mov x8,#93 ; svc #0 */
	},
	{
		.qemu = "armeb", .family = "arm big-endian", .oci = "armbe", .bits = 32, .is_big = true,
		.uname = "armv7b armv8b armv6b armv5teb", .debian = "armeb", .systemd = "arm-be",
		.gnu = "armeb-linux-gnueabi armeb-linux-gnueabihf armeb-linux-gnu",
		.match = {
			{ .handler = "qemu-armeb", .machine = 40,
			  .magic = "7f454c4601020100000000000000000000020028",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_flags = 0x5000000, .probe_code = "e59d0000e3a07001ef000000", /* ldr r0,[sp] ; mov r7,#1 ; svc 0 */
	},
	{
		.qemu = "alpha", .bits = 64, .is_big = false,
		.uname = "alpha", .debian = "alpha", .systemd = "alpha",
		.gnu = "alpha-linux-gnu",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-alpha", .machine = 36902,
			  .magic = "7f454c4602010100000000000000000002002690",
			  .mask = "fffffffffffefe00fffffffffffffffffeffffff" },
		},
		.probe_code = "00001ea601001f2083000000", /* ldq a0,0(sp) ; lda v0,1 ; callsys */
	},
	{
		.qemu = "cris", .bits = 32, .is_big = false,
		.uname = "crisv32", .systemd = "cris",
		.gnu = "cris-linux-gnu crisv32-axis-linux-gnu",
		.match = {
			{ .handler = "qemu-cris", .machine = 76,
			  .magic = "7f454c4601010100000000000000000002004c00",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_flags = 0x2, .probe_code = "41926eaa3de9", /* moveq 1,$r9 ; move.d [$sp],$r10 ; break 13 */
	},
	{
		.qemu = "hexagon", .bits = 32, .is_big = false,
		.uname = "hexagon", .gnu = "hexagon-unknown-linux-musl hexagon-linux-musl",
		.match = {
			{ .handler = "qemu-hexagon", .machine = 164,
			  .magic = "7f454c460101010000000000000000000200a400",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_flags = 0x60, .probe_code = "a6cb007800c09d9104c00054", /* { r6 = #93 } ; { r0 = memw(r29+#0) } ; { trap0(#1) } */
	},
	{
		.qemu = "hppa", .bits = 32, .is_big = true,
		.uname = "parisc parisc64", .debian = "hppa", .systemd = "parisc",
		.gnu = "hppa-linux-gnu",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-hppa", .machine = 15,
			  .magic = "7f454c460102010000000000000000000002000f",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_flags = 0x210, .probe_code = "0819025ae400820034140002", /* copy r25,r26 ; be,l 100(sr2,r0),sr0,r31 ; ldi 1,r20 */
	},
	{
		.qemu = "m68k", .bits = 32, .is_big = true,
		.uname = "m68k", .debian = "m68k", .systemd = "m68k",
		.gnu = "m68k-linux-gnu",
		.match = {
			{ .handler = "qemu-m68k", .machine = 4,
			  .magic = "7f454c4601020100000000000000000000020004",
			  .mask = "fffffffffffffe00fffffffffffffffffffeffff" },
		},
		.probe_flags = 0x1000000, .probe_code = "700122174e40", /* moveq #1,%d0 ; move.l (%sp),%d1 ; trap #0 */
	},
	{
		.qemu = "microblaze", .bits = 32, .is_big = true,
		.uname = "microblaze", .gnu = "microblaze-linux-gnu",
		.match = {
			{ .handler = "qemu-microblaze", .machine = 189,
			  .magic = "7f454c46010201000000000000000000000200bd",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
			{ .handler = "qemu-microblaze-baab", .machine = 0xbaab,
			  .magic = "7f454c460102010000000000000000000002baab",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_code = "31800001e8a10000b9cc0008", /* addik r12,r0,1 ; lwi r5,r1,0 ; brki r14,8 */
	},
	{
		.qemu = "microblazeel", .bits = 32, .is_big = false,
		.uname = "microblaze", .gnu = "microblazeel-linux-gnu",
		.match = {
			{ .handler = "qemu-microblazeel", .machine = 189,
			  .magic = "7f454c460101010000000000000000000200bd00",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
			{ .handler = "qemu-microblazeel-baab", .machine = 0xbaab,
			  .magic = "7f454c460101010000000000000000000200abba",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_code = "010080310000a1e80800ccb9", /* addik r12,r0,1 ; lwi r5,r1,0 ; brki r14,8 */
	},
	{
		.qemu = "nios2", .bits = 32, .is_big = false,
		.uname = "nios2", .debian = "nios2", .systemd = "nios2",
		.gnu = "nios2-linux-gnu",
		.match = {
			{ .handler = "qemu-nios2", .machine = 113,
			  .magic = "7f454c4601010100000000000000000002007100",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_code = "44178000170000d93a683b00", /* movi r2,93 ; ldw r4,0(sp) ; trap 0 */
	},
	{
		.qemu = "or1k", .bits = 32, .is_big = true,
		.uname = "openrisc", .debian = "or1k",
		.gnu = "or1k-linux-gnu",
		.match = {
			{ .handler = "qemu-or1k", .machine = 92,
			  .magic = "7f454c460102010000000000000000000002005c",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_code = "9d60005d8461000020000001", /* l.addi r11,r0,93 ; l.lwz r3,0(r1) ; l.sys 1 */
	},
	{
		.qemu = "sh4", .bits = 32, .is_big = false,
		.uname = "sh4 sh4a", .debian = "sh4", .systemd = "sh",
		.gnu = "sh4-linux-gnu",
		.match = {
			{ .handler = "qemu-sh4", .machine = 42,
			  .magic = "7f454c4601010100000000000000000002002a00",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_flags = 0x9, .probe_code = "01e3f26411c3", /* mov #1,r3 ; mov.l @r15,r4 ; trapa #17 */
	},
	{
		.qemu = "sh4eb", .bits = 32, .is_big = true,
		.uname = "sh4 sh4a", .debian = "sh4eb", .systemd = "sh",
		.gnu = "sh4eb-linux-gnu",
		.match = {
			{ .handler = "qemu-sh4eb", .machine = 42,
			  .magic = "7f454c460102010000000000000000000002002a",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_flags = 0x9, .probe_code = "e30164f2c311", /* mov #1,r3 ; mov.l @r15,r4 ; trapa #17 */
	},
	{
		.qemu = "sparc", .family = "sparc", .oci = "sparc", .bits = 32, .is_big = true,
		.uname = "sparc", .debian = "sparc", .systemd = "sparc",
		.gnu = "sparc-linux-gnu",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-sparc", .machine = 2,
			  .magic = "7f454c4601020100000000000000000000020002",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_code = "82102001d003a04091d02010", /* mov 1,%g1 ; ld [%sp+0x40],%o0 ; ta 0x10 */
	},
	{
		.qemu = "sparc32plus", .family = "sparc", .bits = 32, .is_big = true,
		.uname = "sparc64", .systemd = "sparc",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-sparc32plus", .machine = 18,
			  .magic = "7f454c4601020100000000000000000000020012",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_flags = 0x100, .probe_code = "82102001d003a04091d02010", /* mov 1,%g1 ; ld [%sp+0x40],%o0 ; ta 0x10 */
	},
	{
		.qemu = "sparc64", .family = "sparc", .oci = "sparc64", .bits = 64, .is_big = true,
		.uname = "sparc64", .debian = "sparc64", .systemd = "sparc64",
		.gnu = "sparc64-linux-gnu",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-sparc64", .machine = 43,
			  .magic = "7f454c460202010000000000000000000002002b",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_code = "82102001d05ba87f91d0206d", /* mov 1,%g1 ; ldx [%sp+2175],%o0 ; ta 0x6d */
	},
	{
		.qemu = "xtensa", .bits = 32, .is_big = false,
		.uname = "xtensa", .gnu = "xtensa-linux-gnu",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-xtensa", .machine = 94,
			  .magic = "7f454c4601010100000000000000000002005e00",
			  .mask = "ffffffffffffff00fffffffffffffffffeffffff" },
		},
		.probe_flags = 0x300, .probe_code = "22a076622100005000", /* movi a2,118 ; l32i a6,a1,0 ; syscall */
	},
	{
		.qemu = "xtensaeb", .bits = 32, .is_big = true,
		.uname = "xtensa", .gnu = "xtensaeb-linux-gnu",
		.has_other_signals = true, .match = {
			{ .handler = "qemu-xtensaeb", .machine = 94,
			  .magic = "7f454c460102010000000000000000000002005e",
			  .mask = "ffffffffffffff00fffffffffffffffffffeffff" },
		},
		.probe_flags = 0x300, .probe_code = "220a76261200000500", /* movi a2,118 ; l32i a6,a1,0 ; syscall */
	},
};
// clang-format on

const struct arch *arch_next(const struct arch *row)
{
	if (!row)
		return table;
	return row + 1 < table + ARRAY_SIZE(table) ? row + 1 : NULL;
}

const struct arch *arch_by_qemu(const char *name)
{
	for (const struct arch *a = NULL; (a = arch_next(a));)
		if (!strcmp(a->qemu, name))
			return a;
	return NULL;
}

const char *arch_word(const struct arch *arch)
{
	return arch->oci && (*arch->oci < '0' || *arch->oci > '9') ? arch->oci : arch->qemu;
}

const struct arch *arch_host(void)
{
	return arch_by_qemu(HOST_QEMU);
}
