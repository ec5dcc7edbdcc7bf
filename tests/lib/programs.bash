# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns the programs that tests run: foreign ones written byte by byte, and emulators that are broken in a known way.

# put_hex HEX...: these bytes on stdout.
put_hex() {
	local all="$*" text=''

	all=${all// /}
	while [[ -n $all ]]; do
		text+="\\x${all:0:2}"
		all=${all:2}
	done
	# shellcheck disable=SC2059
	printf "$text"
}

# make_arm FILE: an ARM program that prints its argv[0] and exits with its argc.
make_arm() {
	{
		put_hex 7f454c46 01010100 00000000 00000000 # ELF32, little-endian
		put_hex 0200 2800 01000000 54004000 34000000 00000000 00000005 3400 2000 0100 0000 0000 0000
		put_hex 01000000 00000000 00004000 00004000 84000000 84000000 05000000 00000100
		put_hex 04109de5 0100a0e3 0020a0e3 # ldr r1,[sp,#4]; mov r0,#1; mov r2,#0
		put_hex 0230d1e7 000053e3 01208212 fbffff1a # 1: ldrb r3,[r1,r2]; cmp r3,#0; addne r2,#1; bne 1b
		put_hex 0470a0e3 000000ef # mov r7,#4; svc 0
		put_hex 00009de5 0170a0e3 000000ef # ldr r0,[sp]; mov r7,#1; svc 0
	} >"$1"
	chmod 0755 "$1"
}

# make_foreign FILE MACHINE: the header of a 64-bit program for MACHINE (hex, little-endian) that ends at once.
make_foreign() {
	{
		put_hex 7f454c46 02010100 00000000 00000000
		put_hex 0200 "$2" 01000000 7800400000000000 4000000000000000 0000000000000000
		put_hex 00000000 4000 3800 0100 0000 0000 0000
		put_hex 01000000 05000000 0000000000000000 0000400000000000 0000400000000000
		put_hex 8400000000000000 8400000000000000 0000010000000000
		put_hex e00340f9 a80b80d2 010000d4 # aarch64: ldr x0,[sp]; mov x8,#93; svc 0
	} >"$1"
	chmod 0755 "$1"
}

# runs_i386: whether the kernel runs programs for i386, without any handler. Having been built for them says nothing: many
# kernels refuse them at run time.
runs_i386() {
	local program=$BATS_TEST_TMPDIR/i386

	{
		put_hex 7f454c46 01010100 00000000 00000000 0200 0300 01000000 54800408 34000000 00000000 00000000
		put_hex 3400 2000 0100 0000 0000 0000 01000000 00000000 00800408 00800408 5d000000 5d000000 05000000 00100000
		put_hex 31c0 40 31db cd80 9090 # xor eax,eax; inc eax; xor ebx,ebx; int 0x80
	} >"$program"
	chmod 0755 "$program"
	# A user namespace with a table of its own does not see the handlers of the machine.
	# shellcheck disable=SC2016
	unshare --user --map-root-user --mount sh -c 'mount -t binfmt_misc binfmt_misc /mnt && exec "$1"' sh "$program" 2>/dev/null 3>&-
}

# make_root: $ROOT is a root directory that holds nothing but the programs /arm and /arm64. It is made once and shared.
make_root() {
	ROOT=$BATS_RUN_TMPDIR/root
	[[ ! -e $ROOT/made ]] || return 0
	mkdir -p "$ROOT"
	make_arm "$ROOT/arm"
	make_foreign "$ROOT/arm64" b700
	: >"$ROOT/made"
}

# arm_works: in an empty root, where only a fixed handler helps. Its output is its argv[0].
arm_works() {
	local got=0

	ns chroot "$ROOT" /arm - - >/dev/null 2>&1 3>&- || got=$?
	[[ $got -eq 3 ]]
}

arm64_works() {
	local got=0

	ns chroot "$ROOT" /arm64 - - >/dev/null 2>&1 3>&- || got=$?
	[[ $got -eq 3 ]]
}

# compile FILE: a static program of C on stdin.
compile() {
	gcc -O1 -static -o "$1" -x c -
}

# make_broken_emulators DIR: static programs of this machine that are no good emulators.
#   exits crashes hangs   whatever they are given
#   ignores-p             counts its arguments as an emulator does that knows nothing of P
#   chatters              the same, and prints;   chatters-and-fails
make_broken_emulators() {
	mkdir -p "$1"
	compile "$1/chatters" <<<'#include <stdio.h>
		int main(int argc, char **argv) { (void)argv; puts("drivel"); fputs("\033drivel\n", stderr); return argc - 1; }'
	compile "$1/chatters-and-fails" <<<'#include <stdio.h>
		int main(void) { puts("drivel"); fputs("\033drivel\n", stderr); return 7; }'
	compile "$1/exits" <<<'int main(void) { return 7; }'
	compile "$1/crashes" <<<'int main(void) { *(volatile int *)0 = 1; }'
	compile "$1/hangs" <<<'#include <unistd.h>
		int main(void) { for (;;) pause(); }'
	compile "$1/ignores-p" <<<'int main(int argc, char **argv) { (void)argv; return argc - 1; }'
	# A file of this machine by its header, and nothing behind it.
	head -c 64 "$1/exits" >"$1/garbage"
	head -c 100000 /dev/urandom >>"$1/garbage"
	head -c 200000 "$(type -P qemu-arm-static)" >"$1/truncated"
	head -c 100000 /dev/urandom >"$1/noise"
	: >"$1/empty"
	chmod 0755 "$1"/*
}
