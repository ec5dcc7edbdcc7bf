#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns the proof by others that handlers do what they are for: arch-test, which knows nothing of us, runs a program of each
# architecture, and mmdebstrap builds a root filesystem of a foreign one.
# shellcheck disable=SC2154,SC2030,SC2031,SC2178,SC2128 # arrays of other functions have the same names; the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/mmdebstrap.bash
source "$BATS_TEST_DIRNAME/../lib/mmdebstrap.bash"

setup() {
	need_commands qemu-arm-static nsenter jq arch-test
	ns_open
	make_root
}

teardown() {
	ns_close
}

# The architecture's name in arch-test, and QEMU's.
ARCH_TEST='alpha alpha
arm arm
armel arm
armhf arm
arm64 aarch64
hppa hppa
i386 i386
m68k m68k
mips mips
mipsel mipsel
mips64 mips64
mips64el mips64el
mipsn32 mipsn32
mipsn32el mipsn32el
powerpc ppc
ppc64 ppc64
ppc64el ppc64le
riscv64 riscv64
s390x s390x
sh4 sh4
sparc sparc
sparc64 sparc64'

@test "register all: arch-test runs a program of every architecture that it knows" {
	local name qemu tried=0 failed=''

	expect 0 anyarch register all
	[[ $(table_names | wc -l) -ge 33 ]]
	while read -r name qemu; do
		[[ -x /usr/lib/arch-test/$name ]] || continue
		tried=$((tried + 1))
		ns arch-test "$name" >/dev/null 2>&1 || failed+=" $name ($qemu)"
	done <<<"$ARCH_TEST"
	printf '%d of its architectures\n' "$tried"
	same failed '' "$failed"
	[[ $tried -ge 20 ]]
}

@test "the control: arch-test runs none of the foreign ones without handlers" {
	local name

	for name in alpha armhf arm64 riscv64 s390x; do
		refute ns arch-test "$name" >/dev/null 2>&1
	done
}

@test "arch-test runs them in an empty root, too" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	expect 0 anyarch register arm arm64 riscv64 s390x ppc64le
	for name in armhf arm64 riscv64 s390x ppc64el; do
		ns arch-test -c "$BATS_TEST_TMPDIR/empty" "$name"
	done
}

@test "register all, twice, status and unregister agree on every architecture" {
	local registered

	expect 0 anyarch register --json all
	registered=$(jq -r '.handlers[].handler' "$OUT" | sort)
	same handlers "$registered" "$(table_names | sort)"
	expect 0 anyarch register all
	says 'nothing to change'
	expect 0 anyarch status --json
	same 'emulated, and who is not' '' "$(jq -r '.platforms[] | select(.handler != null and .state != "emulated" and .arch != null) | .handler' "$OUT")"
	expect 0 anyarch unregister --all
	same handlers '' "$(table_names)"
}

@test "programs of all architectures at once" {
	local pids=() name pid

	expect 0 anyarch register all
	for name in armhf arm64 riscv64 s390x ppc64el mips64el sparc64 m68k; do
		ns arch-test "$name" >/dev/null 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
}

@test "mmdebstrap builds a root filesystem of armhf, and its programs run" {
	local archive=$BATS_TEST_TMPDIR/root.tar

	need_commands mmdebstrap
	need_root
	expect 0 anyarch register armhf
	TMPDIR=$BATS_TEST_TMPDIR build_armhf essential "$archive" ns
	mkdir "$BATS_TEST_TMPDIR/root"
	ns tar -C "$BATS_TEST_TMPDIR/root" -xf "$archive" --exclude='./dev/*'
	same machine armhf "$(ns chroot "$BATS_TEST_TMPDIR/root" /usr/bin/dpkg --print-architecture)"
	# shellcheck disable=SC2016
	same sum 'armv7l 45' "$(ns chroot "$BATS_TEST_TMPDIR/root" /bin/sh -c 'echo $(uname -m) $((1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9))')"
}
