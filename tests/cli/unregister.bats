#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what unregister takes out, and above all what it leaves: other people's handlers, unless they are named exactly.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"

ARM=/usr/bin/qemu-arm-static
FOREIGN=$'WSLInterop\nbox-arm\npython3.12\nwine'

setup() {
	need_commands qemu-arm-static nsenter
	ns_open
	table_write "$RULE_WSL"
	table_write "$RULE_PYTHON"
	table_write "$RULE_WINE"
	table_write "$(rule box-arm arm /usr/bin/true '')"
	table_write "$(rule qemu-arm arm $ARM F)"
	table_write "$(rule qemu-aarch64 aarch64 /nonexistent '')"
	table_write "$(rule qemu-riscv64 riscv64 /nonexistent '')"
}

teardown() {
	ns_close
}

# left NAMES...: what is in the table besides the foreign ones.
left() {
	local one

	same table "$({
		printf '%s\n' "$FOREIGN"
		for one; do
			printf '%s\n' "$one"
		done
	} | sort)" "$(table_names | sort)"
}

@test "platforms, in any spelling" {
	expect 0 anyarch unregister linux/arm/v7
	same removed qemu-arm "$output"
	left qemu-aarch64 qemu-riscv64
	expect 0 anyarch unregister arm64,riscv64
	left
}

@test "handlers by name" {
	expect 0 anyarch unregister qemu-aarch64 qemu-riscv64
	left qemu-arm
}

@test "a pattern takes ours alone" {
	expect 0 anyarch unregister 'qemu-a*'
	left qemu-riscv64
	expect 0 anyarch unregister '*'
	left
}

@test "--all takes ours alone" {
	expect 0 anyarch unregister --all
	left
	[[ $(sort <<<"$output") == $'qemu-aarch64\nqemu-arm\nqemu-riscv64' ]]
	expect 0 anyarch unregister --all
	says 'nothing was registered'
}

@test "the word all is the option" {
	expect 0 anyarch unregister all
	left
}

@test "what is not ours goes when it is named exactly, and nothing else" {
	expect 0 anyarch unregister python3.12
	same table $'WSLInterop\nbox-arm\nwine' "$(table_names | grep -v qemu | sort)"
	expect 0 anyarch unregister WSLInterop wine box-arm
	same table $'qemu-aarch64\nqemu-arm\nqemu-riscv64' "$(table_names | sort)"
}

@test "a pattern that matches what is not ours leaves it" {
	expect 0 anyarch unregister 'python*' 'W?LInterop' '*arm'
	left qemu-aarch64 qemu-riscv64
}

@test "a handler named like ours that takes no ELF files stays, unless it is named" {
	table_write ':qemu-script:M::#!qemu::/usr/bin/true:'
	table_write ':qemu-ext:E::arm::/usr/bin/true:'
	expect 0 anyarch unregister --all
	left qemu-script qemu-ext
	expect 0 anyarch unregister qemu-script qemu-ext
	left
}

@test "what is not there is told, and is no failure" {
	expect 0 anyarch unregister arm
	expect 0 anyarch unregister arm
	says arm
	left qemu-aarch64 qemu-riscv64
}

@test "an unknown word is refused before anything is removed" {
	local word

	for word in nonsense arm65 register status . .. ../qemu-arm /; do
		expect_one_of '2 3' anyarch unregister arm "$word"
		left qemu-arm qemu-aarch64 qemu-riscv64
	done
}

@test "no word at all is a usage error" {
	expect 2 anyarch unregister
	hints --all
	expect_one_of '2 3' anyarch unregister ''
	left qemu-arm qemu-aarch64 qemu-riscv64
}

@test "dry-run says what would be removed and removes nothing" {
	local before

	before=$(table_snapshot)
	expect 0 anyarch unregister --dry-run --all
	[[ $(sort <<<"$output") == $'qemu-aarch64\nqemu-arm\nqemu-riscv64' ]]
	same table "$before" "$(table_snapshot)"
}

@test "--transient takes what register made for now: not what others wrote, and not what is kept for the next boot" {
	local conf=$BATS_TEST_TMPDIR/root/etc/binfmt.d/qemu-arm.conf

	expect 0 anyarch unregister --transient arm arm64 qemu-riscv64
	says 'nothing to remove'
	expect 0 anyarch unregister --transient --all
	left qemu-arm qemu-aarch64 qemu-riscv64

	expect 0 anyarch unregister arm
	expect 0 anyarch register --replace arm
	mkdir -p "${conf%/*}"
	printf '%s\n%s\n' '# Written by anyarch register --persist; anyarch unregister removes it.' \
		"$(anyarch register --dry-run --replace arm)" >"$conf"
	expect 0 anyarch unregister --transient --root "$BATS_TEST_TMPDIR/root" --all
	left qemu-arm qemu-aarch64 qemu-riscv64
	[[ -f $conf ]]

	expect 0 anyarch unregister --transient arm arm64 riscv64
	same removed qemu-arm "$output"
	left qemu-aarch64 qemu-riscv64
}

@test "quiet" {
	expect 0 anyarch unregister --quiet --all
	[[ -z $output && -z $stderr ]]
	left
}

@test "names with control characters are printed escaped and can be named" {
	local name=$'qemu-\e[31m'

	table_write "$(rule "$name" arm $ARM F)"
	expect 0 anyarch unregister --all
	refute grep -q $'\e' "$OUT" "$ERR"
	left
	table_write ":odd"$'\e\n'":M::hello::/usr/bin/true:"
	expect 0 anyarch unregister "odd"$'\e\n'
	refute grep -q $'\e' "$OUT" "$ERR"
	left
}

@test "leftovers of an interrupted run go with their handler" {
	table_write "$(rule qemu-arm.new-0123456789ab arm $ARM F)"
	table_write "$(rule qemu-arm.probe-9-0123456789ab arm $ARM F)"
	expect 0 anyarch unregister arm
	left qemu-aarch64 qemu-riscv64
}

@test "a program that is running goes on" {
	local pid status=0

	make_root
	ROOT=$BATS_TEST_TMPDIR
	make_arm_reader "$ROOT/reader"
	expect 0 anyarch unregister --all
	table_write "$(rule qemu-arm arm $ARM F)"
	mkfifo "$BATS_TEST_TMPDIR/in"
	nsenter --target "$NS_PID" --user --mount --preserve-credentials -- chroot "$ROOT" /reader \
		<>"$BATS_TEST_TMPDIR/in" 3>&- &
	pid=$!
	eventually 30 is_emulating "$pid"
	expect 0 anyarch unregister arm
	echo x >"$BATS_TEST_TMPDIR/in"
	wait "$pid" || status=$?
	[[ $status -eq 9 ]]
}

is_emulating() {
	grep -q qemu-arm-static <(tr '\0' ' ' <"/proc/$1/cmdline")
}

# Reads one byte, exits with 9.
make_arm_reader() {
	{
		put_hex 7f454c46 01010100 00000000 00000000 0200 2800 01000000 54004000 34000000 00000000 00000005 3400 2000
		put_hex 0100 0000 0000 0000 01000000 00000000 00004000 00004000 78000000 78000000 07000000 00000100
		put_hex 0000a0e3 0d10a0e1 0120a0e3 0370a0e3 000000ef # mov r0,#0; mov r1,sp; mov r2,#1; mov r7,#3; svc 0
		put_hex 0900a0e3 0170a0e3 000000ef 00000000 # mov r0,#9; mov r7,#1; svc 0
	} >"$1"
	chmod 0755 "$1"
}

@test "nothing is mounted: nothing to remove, and nothing is mounted for it" {
	ns umount "$BINFMT"
	expect 0 anyarch unregister --all
	refute grep -q ' - binfmt_misc ' "/proc/$NS_PID/mountinfo"
}

@test "somebody who is not root is refused" {
	local before

	need_root
	before=$(table_snapshot)
	ns mount -t tmpfs -o mode=0755 tmpfs /mnt
	ns cp "$ANYARCH" /mnt/anyarch
	expect 4 ns setpriv --reuid 65534 --regid 65534 --clear-groups /mnt/anyarch unregister --all
	same table "$before" "$(table_snapshot)"
}
