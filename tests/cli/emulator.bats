#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns the emulators that must be refused: files that are none, and programs that do not emulate. Whatever they are, the
# table and an old handler that works stay as they are.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"

ARM=/usr/bin/qemu-arm-static

setup_file() {
	make_broken_emulators "$BATS_FILE_TMPDIR/broken"
}

setup() {
	need_commands gcc qemu-arm-static qemu-aarch64-static jq nsenter
	BROKEN=$BATS_FILE_TMPDIR/broken
	ns_open
	make_root
}

teardown() {
	ns_close
}

# refused FILE [WHY]: nothing comes of it, neither into an empty table nor in place of a handler that works; and one line
# says so.
refused() {
	local file=$1 why=${2-} before

	expect 3 anyarch register --emulator "arm=$file" arm || return
	[[ $(error_lines) -eq 1 ]] || return
	[[ -z $why ]] || says "$why" || return
	same 'empty table' '' "$(table_names)" || return
	table_write "$(rule qemu-arm arm $ARM PF)" || return
	before=$(table_snapshot)
	expect 3 anyarch register --emulator "arm=$file" arm || return
	[[ $(error_lines) -eq 1 ]] || return
	same 'table with a handler' "$before" "$(table_snapshot)" || return
	arm_works || return
	echo -1 >"$TABLE/qemu-arm"
}

# bats test_tags=slow
@test "a path that cannot stand in a rule (6)" {
	cp "$ARM" "$BATS_TEST_TMPDIR/a:b"
	cp "$ARM" "$BATS_TEST_TMPDIR/a"$'\n'b
	refused usr/bin/qemu-arm-static absolute
	refused ./qemu-arm-static absolute
	refused '' absolute
	refused "$BATS_TEST_TMPDIR/a:b" "':'"
	refused "$BATS_TEST_TMPDIR/a"$'\n'b 'control character'
	refused "$BATS_TEST_TMPDIR/a"$'\e'b 'control character'
}

@test "a path that is too long for the kernel" {
	local long=/tmp i

	for ((i = 0; i < 200; i++)); do
		long+=/././././.
	done
	expect 3 anyarch register --emulator "arm=${long%/*}$ARM" arm
	refused "/$(printf 'a%.0s' {1..300})"
}

@test "no file (7)" {
	refused /nonexistent 'No such file'
	refused "$BROKEN/exits/below" 'Not a directory'
	ln -s loop "$BATS_TEST_TMPDIR/loop"
	refused "$BATS_TEST_TMPDIR/loop"
}

@test "a directory, a FIFO, a device: no waiting (7, 28)" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	refused /usr/bin 'not a regular file'
	refused "$BATS_TEST_TMPDIR/fifo" 'not a regular file'
	refused /dev/null 'not a regular file'
	refused /dev/zero 'not a regular file'
}

@test "not executable (7)" {
	cp "$ARM" "$BATS_TEST_TMPDIR/plain"
	chmod 0644 "$BATS_TEST_TMPDIR/plain"
	refused "$BATS_TEST_TMPDIR/plain" 'not executable'
}

@test "set-user-ID or set-group-ID: every foreign program would get the owner's rights" {
	local mode

	for mode in 4755 2755 6755; do
		cp "$ARM" "$BATS_TEST_TMPDIR/qemu-arm-static"
		chmod "$mode" "$BATS_TEST_TMPDIR/qemu-arm-static"
		refused "$BATS_TEST_TMPDIR/qemu-arm-static" 'set-'
		expect 3 anyarch register --emulator-dir "$BATS_TEST_TMPDIR" arm
		says 'set-'
		expect_one_of '3 125' "$ANYARCH" run --platform arm --emulator-dir "$BATS_TEST_TMPDIR" "$ROOT/arm" -
		says 'set-'
		same table '' "$(table_names)"
	done
}

@test "one that others than root can write to: a warning" {
	local dir=$BATS_TEST_TMPDIR mode why

	while read -r mode why; do
		rm -f "$dir/mine"
		cp "$ARM" "$dir/mine"
		[[ $mode != owned ]] || { need_root && chown 1000 "$dir/mine"; }
		[[ $mode == owned ]] || chmod "$mode" "$dir/mine"
		[[ $mode != 0775 || $EUID -ne 0 ]] || chgrp 1000 "$dir/mine"
		expect 0 anyarch register --quiet --emulator "arm=$dir/mine" arm
		says "warning: $dir/mine: $why"
	done <<-'CASES'
		0757 every user
		0775 its group
		owned its owner
	CASES
	expect 0 anyarch register --quiet arm
	[[ -z $stderr ]]
}

@test "dynamically linked (25)" {
	refused "$(realpath "$(type -P ls)")" dynamically
}

@test "a program of another machine (26)" {
	refused "$ROOT/arm" arm
	make_foreign "$BATS_TEST_TMPDIR/riscv64" f300
	refused "$BATS_TEST_TMPDIR/riscv64" riscv64
	make_foreign "$BATS_TEST_TMPDIR/nobody" fefe
	refused "$BATS_TEST_TMPDIR/nobody"
}

@test "a script" {
	printf '#!/bin/sh\nexec %s "$@"\n' "$ARM" >"$BATS_TEST_TMPDIR/script"
	chmod 0755 "$BATS_TEST_TMPDIR/script"
	refused "$BATS_TEST_TMPDIR/script"
}

@test "empty, cut short, noise (13, 14, 15, 27)" {
	local size

	refused "$BROKEN/empty"
	refused "$BROKEN/noise"
	for size in 1 7 63 64 100; do
		head -c "$size" "$ARM" >"$BATS_TEST_TMPDIR/cut"
		chmod 0755 "$BATS_TEST_TMPDIR/cut"
		refused "$BATS_TEST_TMPDIR/cut"
	done
}

@test "truncated in the middle (118)" {
	refused "$BROKEN/truncated" truncated
}

@test "garbage behind a header that is in order (117)" {
	refused "$BROKEN/garbage"
}

@test "one that exits with something else (120)" {
	refused "$BROKEN/exits" 'status 7'
}

@test "one that crashes (118)" {
	refused "$BROKEN/crashes" 'signal 11'
}

@test "an emulator of another architecture (120)" {
	refused /usr/bin/qemu-aarch64-static
}

@test "one that knows nothing of P: without P then, and --argv0=on is refused (121)" {
	local before

	expect 3 anyarch register --emulator "arm=$BROKEN/ignores-p" --argv0=on arm
	says 'P flag'
	same table '' "$(table_names)"
	expect 0 anyarch register --emulator "arm=$BROKEN/ignores-p" arm
	same flags F "$(handler_field qemu-arm flags:)"
	before=$(table_snapshot)
	expect 0 anyarch register --emulator "arm=$BROKEN/ignores-p" arm
	says 'nothing to change'
	same table "$before" "$(table_snapshot)"
	expect 3 anyarch register --emulator "arm=$BROKEN/ignores-p" --argv0=on arm
	same table "$before" "$(table_snapshot)"
}

@test "one that knows nothing of P takes the place of one that does" {
	expect 0 anyarch register arm
	same flags PF "$(handler_field qemu-arm flags:)"
	expect 0 anyarch register --json --emulator "arm=$BROKEN/ignores-p" arm
	jq -e '.handlers[0].result == "replaced" and .handlers[0].flags == "F"' "$OUT"
	same flags F "$(handler_field qemu-arm flags:)"
	same table qemu-arm "$(table_names)"
	expect 0 anyarch register --json arm
	jq -e '.handlers[0].result == "replaced" and .handlers[0].flags == "PF"' "$OUT"
	arm_works
}

@test "what an emulator prints is no result; its last line on stderr is the reason, escaped" {
	expect 3 anyarch register --json --emulator "arm=$BROKEN/chatters-and-fails" arm
	jq -e '.handlers[0] | .result == "failed" and (.error | endswith("status 7 instead of 42: ?drivel"))' "$OUT"
	same 'what was printed itself' '' "$(grep -v 'instead of 42: ?drivel' "$OUT" "$ERR" | grep drivel)"
	expect 0 anyarch register --json --emulator "arm=$BROKEN/chatters" --argv0=off arm
	jq -e '.handlers[0].result == "registered"' "$OUT"
	refute grep -q drivel "$OUT" "$ERR"
	expect 0 anyarch status --json
	jq -e . "$OUT"
	refute grep -q drivel "$OUT" "$ERR"
}

@test "one that the kernel may not run: on a noexec mount" {
	ns mount -t tmpfs -o noexec tmpfs /mnt
	ns cp "$ARM" /mnt/
	expect_one_of '3 4' anyarch register --emulator arm=/mnt/qemu-arm-static arm
	same table '' "$(table_names)"
}

@test "the directory of emulators with the entry stub is mounted noexec: named, with what to type" {
	ns mount -t tmpfs -o noexec tmpfs /var/lib
	expect_one_of '3 4' anyarch register --accelerate arm
	says 'is kept in /var/lib/anyarch/emulators, which is mounted noexec'
	same table '' "$(table_names)"
	ns sh -c "$(sed -n 's/^hint: sudo //p' "$ERR")"
	expect 0 anyarch register --accelerate arm
}

@test "one that is open for writing" {
	cp "$ARM" "$BATS_TEST_TMPDIR/busy"
	exec 8>>"$BATS_TEST_TMPDIR/busy"
	expect_one_of '1 3' anyarch register --emulator "arm=$BATS_TEST_TMPDIR/busy" arm
	exec 8>&-
	same table '' "$(table_names)"
	expect 0 anyarch register --emulator "arm=$BATS_TEST_TMPDIR/busy" arm
}

@test "one that is replaced by another file while it is registered keeps working" {
	cp "$ARM" "$BATS_TEST_TMPDIR/mine"
	expect 0 anyarch register --emulator "arm=$BATS_TEST_TMPDIR/mine" arm
	cp "$BROKEN/exits" "$BATS_TEST_TMPDIR/other"
	mv "$BATS_TEST_TMPDIR/other" "$BATS_TEST_TMPDIR/mine"
	arm_works
	rm "$BATS_TEST_TMPDIR/mine"
	arm_works
}

@test "a symbolic link to an emulator will do" {
	ln -s "$ARM" "$BATS_TEST_TMPDIR/link"
	expect 0 anyarch register --emulator "arm=$BATS_TEST_TMPDIR/link" arm
	arm_works
}

@test "the emulator of one architecture broken: the other one is registered, the status tells" {
	expect 3 anyarch register --json --emulator "arm64=$BROKEN/exits" arm arm64
	same table qemu-arm "$(table_names)"
	same results 'registered failed' "$(jq -r '[.handlers[].result] | join(" ")' "$OUT")"
	jq -e '.handlers[1].error | test("status 7")' "$OUT"
	arm_works
}

@test "--no-verify passes on what it is given, short of files that are none" {
	expect 0 anyarch register --no-verify --emulator "arm=$BROKEN/exits" arm
	has_handler qemu-arm
	expect 3 anyarch register --no-verify --emulator "arm=$BROKEN/noise" arm
}
