#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what register leaves in the kernel's table: new handlers, stale ones replaced, other people's untouched, and what
# it refuses; each in an instance of the test's own.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"

ARM=/usr/bin/qemu-arm-static
ARM64=/usr/bin/qemu-aarch64-static

setup() {
	need_commands qemu-arm-static qemu-aarch64-static jq nsenter
	ns_open
	make_root
}

teardown() {
	ns_close
}

# registered WORD: what the JSON of the last run says of the only handler.
result() {
	jq -r '.handlers[0].result' "$OUT"
}

@test "without arguments: arm and arm64, fixed, with P, proven" {
	expect 0 anyarch register
	[[ $(table_names) == $'qemu-aarch64\nqemu-arm' ]]
	for name in qemu-arm qemu-aarch64; do
		same flags PF "$(handler_field "$name" flags:)"
		[[ $(head -n 1 "$TABLE/$name") == enabled ]]
	done
	same interpreter $ARM "$(handler_field qemu-arm interpreter)"
	arm_works
	arm64_works
}

@test "says which handlers, from which file, which version" {
	expect 0 anyarch register arm
	grep -q "linux/arm/v7 *qemu-arm *registered *PF *[0-9.]* *$ARM" "$OUT"
	says 'user namespace only'
	expect 0 anyarch register --json arm arm64
	jq -e 'has("changes") and has("handlers") and has("lasting") and has("lasts") and has("user_namespace_only")
		and has("verified_in_empty_root")' "$OUT"
	same results 'unchanged registered' "$(jq -r '[.handlers[].result] | join(" ")' "$OUT")"
	jq -e '.lasts == true and .user_namespace_only == true and .verified_in_empty_root == true' "$OUT"
	jq -e '.handlers[0].version | test("^[0-9]+[.]")' "$OUT"
}

@test "the table and the JSON of register have the same facts" {
	local text

	expect 0 anyarch register --output PLATFORM,ARCH,HANDLER,RESULT,FLAGS,VERSION,EMULATOR --noheadings arm arm64
	text=$(tr -s ' ' <"$OUT" | sed 's/registered/unchanged/')
	expect 0 anyarch register --json arm arm64
	same facts "$text" "$(jq -r '.handlers[] | [.platform, .arch, .handler, .result, .flags, .version, .emulator] | join(" ")' "$OUT")"
}

@test "a second run changes nothing and says so" {
	local before

	expect 0 anyarch register arm arm64
	before=$(table_snapshot)
	expect 0 anyarch register arm arm64
	says 'nothing to change'
	same table "$before" "$(table_snapshot)"
	expect 0 anyarch register --json arm arm64
	jq -e '.changes == 0 and all(.handlers[]; .result == "unchanged")' "$OUT"
	same table "$before" "$(table_snapshot)"
}

@test "a platform named twice is processed once (10)" {
	expect 0 anyarch register --json arm linux/arm/v7 armhf arm,arm32v6 qemu-arm
	[[ $(jq '.handlers | length' "$OUT") -eq 1 ]]
	same table qemu-arm "$(table_names)"
}

@test "lists with commas and with spaces" {
	expect 0 anyarch register 'arm arm64,riscv64' s390x
	same table $'qemu-aarch64\nqemu-arm\nqemu-riscv64\nqemu-s390x' "$(table_names)"
}

@test "dry-run prints each rule exactly as it is written, and changes nothing" {
	local rules by_us

	expect 0 anyarch register --dry-run arm arm64
	rules=$output
	[[ $(wc -l <"$OUT") -eq 2 && -z $(table_names) && -z $stderr ]]
	expect 0 anyarch register arm arm64
	by_us=$(cat "$TABLE/qemu-arm" "$TABLE/qemu-aarch64")
	expect 0 anyarch unregister --all
	while read -r line; do
		table_write "$line"
	done <<<"$rules"
	same 'what the kernel made of it' "$by_us" "$(cat "$TABLE/qemu-arm" "$TABLE/qemu-aarch64")"
}

@test "dry-run obeys the options, as a rule and as JSON" {
	expect 0 anyarch register --dry-run --credentials --argv0=off arm
	[[ $output == ":qemu-arm:M:"*":$ARM:OCF" || $output == ":qemu-arm:M:"*":$ARM:CF" ]]
	expect 0 anyarch register --dry-run --argv0=on arm
	[[ $output == *":$ARM:PF" ]]
	expect 0 anyarch register --dry-run --json arm
	[[ $(result) == planned ]]
	expect 3 anyarch register --dry-run --force "$(uname -m)"
	expect 0 anyarch register --dry-run "$(uname -m)"
	[[ -z $output ]]
	[[ -z $(table_names) ]]
}

@test "dry-run needs no table and no right" {
	ns umount "$BINFMT"
	# shellcheck disable=SC2016
	expect 0 ns setpriv --bounding-set=-all "$ANYARCH" register --dry-run arm arm64
	[[ $(wc -l <"$OUT") -eq 2 ]]
}

@test "the machine's own architecture is never registered, also with --force (4)" {
	local host

	host=$(uname -m)
	expect 0 anyarch register "$host"
	says 'natively'
	expect 0 anyarch register --quiet "$host"
	[[ -z $stderr$output ]]
	expect 3 anyarch register --emulator "$host=$ARM"
	says 'natively'
	expect 3 anyarch register --force "$host"
	expect 3 anyarch register --force --replace --emulator "$host=$ARM" "$host"
	[[ -z $(table_names) ]]
}

@test "what the kernel runs natively is not registered without --force (4)" {
	[[ $(uname -m) == x86_64 ]] || skip "knows only x86_64's second architecture"
	if ! runs_i386; then
		expect 0 anyarch register i386
		has_handler qemu-i386
		return
	fi
	expect 0 anyarch register i386
	says 'nothing to do for i386: this machine runs such programs natively (use --force'
	expect 0 anyarch register i386 amd64
	says 'nothing to do for i386 and amd64'
	expect 3 anyarch register --emulator i386=/usr/bin/qemu-i386-static
	hints --force
	[[ -z $(table_names) ]]
	expect 0 anyarch register --force i386
	has_handler qemu-i386
}

@test "one refused and one good: the good one is registered, the exit status tells" {
	expect 3 anyarch register --emulator "arm64=$BATS_TEST_TMPDIR/none" arm arm64
	arm_works
	[[ $(error_lines) -ge 1 ]]
}

# As "register arm arm64" on an ARM machine.
@test "one that is native and one that is not: the other one is registered, and that is a success" {
	local host

	host=$(anyarch names --noheadings --output QEMU "$(uname -m)")
	expect 0 anyarch register arm "$(uname -m)"
	arm_works
	same table qemu-arm "$(table_names)"
	says 'nothing to do for'
	expect 0 anyarch register --json arm "$(uname -m)"
	same results "arm unchanged $host native" "$(jq -r '[.handlers[] | .arch, .result] | join(" ")' "$OUT")"
	[[ $(jq '[.handlers[].error] | all(. == null)' "$OUT") == true ]]
}

# native_emulators: those for what this machine runs without.
native_emulators() {
	echo "/usr/bin/qemu-$(uname -m)-static"
	[[ $(uname -m) != x86_64 ]] || ! runs_i386 || echo /usr/bin/qemu-i386-static
}

@test "all passes over what is native, and over what has no emulator" {
	mkdir "$BATS_TEST_TMPDIR/few"
	# shellcheck disable=SC2046
	cp "$ARM" "$ARM64" $(native_emulators) "$BATS_TEST_TMPDIR/few/"
	expect 0 anyarch register --emulator-dir "$BATS_TEST_TMPDIR/few" all
	same table $'qemu-aarch64\nqemu-arm' "$(table_names)"
}

@test "all, and each emulator is for what this machine runs by itself: nothing to do" {
	mkdir "$BATS_TEST_TMPDIR/few"
	# shellcheck disable=SC2046
	cp $(native_emulators) "$BATS_TEST_TMPDIR/few/"
	expect 0 anyarch register --emulator-dir "$BATS_TEST_TMPDIR/few" all
	[[ $stderr == *'nothing to do: this machine natively runs'* ]]
	same table '' "$(table_names)"
	expect 0 anyarch register --quiet --emulator-dir "$BATS_TEST_TMPDIR/few" all
	[[ -z $stderr ]]
}

@test "all with one failing: the others are done, each is told, the status is 1 (11)" {
	local dir=$BATS_TEST_TMPDIR/few

	mkdir "$dir"
	cp "$ARM" "$dir/"
	# A riscv64 program that qemu-aarch64 cannot run.
	cp "$ARM64" "$dir/qemu-riscv64-static"
	expect 1 anyarch register --emulator-dir "$dir" all
	arm_works
	same table qemu-arm "$(table_names)"
	says qemu-riscv64
}

@test "all without any emulator is a refusal" {
	mkdir "$BATS_TEST_TMPDIR/none"
	expect 3 anyarch register --emulator-dir "$BATS_TEST_TMPDIR/none" all
	hints qemu-user-static
	expect 3 anyarch register --emulator-dir "$BATS_TEST_TMPDIR/none" arm
	says arm
}

@test "verbose says which file was passed over, and why" {
	mkdir "$BATS_TEST_TMPDIR/few"
	cp "$ARM" "$BATS_TEST_TMPDIR/few/qemu-arm"
	head -c 10 "$ARM" >"$BATS_TEST_TMPDIR/few/qemu-arm-static"
	chmod 0755 "$BATS_TEST_TMPDIR/few/"*
	expect_raw 0 anyarch register --verbose --emulator-dir "$BATS_TEST_TMPDIR/few" arm
	grep -q few/qemu-arm-static "$ERR"
	same interpreter "$BATS_TEST_TMPDIR/few/qemu-arm" "$(handler_field qemu-arm interpreter)"
}

@test "quiet prints nothing when all is well" {
	expect 0 anyarch register --quiet arm
	[[ -z $output && -z $stderr ]]
	expect 3 anyarch register --quiet --force "$(uname -m)"
	[[ -z $output && -n $stderr ]]
}

# stale RULE...: with this in the table, register makes a good handler of it.
stale() {
	local rule

	for rule; do
		table_write "$rule" || return
	done
	expect 0 anyarch register --json arm || return
	same result replaced "$(result)" || return
	same interpreter "$ARM" "$(handler_field qemu-arm interpreter)" || return
	same flags PF "$(handler_field qemu-arm flags:)" || return
	same table qemu-arm "$(table_names)" || return
	arm_works
}

@test "a stale handler is replaced: not fixed" {
	stale "$(rule qemu-arm arm $ARM P)"
	[[ $(jq -r '.handlers[0].note' "$OUT") == *'not fixed'* ]]
}

@test "a stale handler is replaced: set-user-ID programs keep their rights" {
	stale "$(rule qemu-arm arm $ARM CF)"
	[[ $(jq -r '.handlers[0].note' "$OUT") == *C* ]]
}

@test "a stale handler is replaced: without P" {
	stale "$(rule qemu-arm arm $ARM F)"
}

@test "a stale handler is replaced: its emulator is gone" {
	cp "$ARM" "$BATS_TEST_TMPDIR/gone"
	printf 'x' >>"$BATS_TEST_TMPDIR/gone"
	table_write "$(rule qemu-arm arm "$BATS_TEST_TMPDIR/gone" PF)"
	rm "$BATS_TEST_TMPDIR/gone"
	stale
}

@test "a stale handler is replaced: another emulator under the same path" {
	cp "$ARM" "$BATS_TEST_TMPDIR/one"
	expect 0 anyarch register --emulator arm="$BATS_TEST_TMPDIR/one"
	same 'and nothing besides' qemu-arm "$(table_names)"
	cp "$ARM" "$BATS_TEST_TMPDIR/two"
	printf 'x' >>"$BATS_TEST_TMPDIR/two"
	mv "$BATS_TEST_TMPDIR/two" "$BATS_TEST_TMPDIR/one"
	expect 0 anyarch register --json --emulator arm="$BATS_TEST_TMPDIR/one" arm
	[[ $(result) == replaced ]]
	expect 0 anyarch register --json --emulator arm="$BATS_TEST_TMPDIR/one" arm
	[[ $(result) == unchanged ]]
	arm_works
}

@test "a stale handler is replaced: disabled" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	echo 0 >"$TABLE/qemu-arm"
	stale
}

@test "a stale handler is replaced: it takes only some ARM programs" {
	local exact

	# ET_EXEC alone: no position-independent program, so nothing of today's distributions.
	exact=$(rule qemu-arm arm $ARM PF)
	table_write "${exact/\\xfe\\xff\\xff\\xff:/\\xff\\xff\\xff\\xff:}"
	stale
}

@test "a stale handler is replaced: shadowed by one of ours that is broken" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	table_write "$(rule qemu-arm.new-0123456789ab arm /nonexistent P)"
	refute arm_works
	expect 0 anyarch register arm
	arm_works
	same table qemu-arm "$(table_names)"
}

@test "a handler under the same name and with the same emulator is kept whatever its mask" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	expect 0 anyarch register --json arm
	[[ $(result) == unchanged ]]
}

@test "--credentials sets C, warns, and is off by default" {
	expect 0 anyarch register --credentials arm
	same flags POCF "$(handler_field qemu-arm flags:)"
	says 'warning'
	expect 0 anyarch register --json arm
	[[ $(result) == replaced ]]
	same flags PF "$(handler_field qemu-arm flags:)"
}

@test "--argv0 on, off and auto" {
	local status=0

	expect 0 anyarch register --argv0=off arm
	same flags F "$(handler_field qemu-arm flags:)"
	arm_works
	expect 0 anyarch register --argv0=on arm
	same flags PF "$(handler_field qemu-arm flags:)"
	# shellcheck disable=SC2016
	expect_raw 2 ns bash -c 'exec -a other-name "$0" x' "$ROOT/arm"
	same 'argv[0]' other-name "$output"
	expect 0 anyarch register --argv0=off arm
	expect 0 anyarch register --argv0=auto arm
	same flags PF "$(handler_field qemu-arm flags:)"
}

@test "--no-verify registers without running anything" {
	expect 0 anyarch register --no-verify arm
	has_handler qemu-arm
	arm_works
}

@test "entries of other people stay as they are" {
	local before

	table_write "$RULE_WSL"
	table_write "$RULE_PYTHON"
	table_write "$RULE_WINE"
	table_write "$(rule my-riscv riscv64 /usr/bin/true '')"
	before=$(table_snapshot)
	expect 0 anyarch register --replace --credentials arm arm64
	expect 0 anyarch register arm arm64
	expect 0 anyarch unregister arm arm64
	same table "$before" "$(table_snapshot)"
}

@test "a handler of another name that takes the programs: refused, --replace puts ours in front" {
	local before

	table_write "$(rule box-arm arm /usr/bin/true F)"
	before=$(table_snapshot)
	expect 3 anyarch register arm
	says box-arm
	hints --replace
	same table "$before" "$(table_snapshot)"
	expect 0 anyarch register --replace arm
	arm_works
	has_handler box-arm
	expect 0 anyarch register arm
	says 'nothing to change'
}

@test "a foreign handler in front of ours does not go unnoticed" {
	expect 0 anyarch register arm
	table_write "$(rule box-arm arm /usr/bin/true F)"
	refute arm_works
	expect_one_of '0 3' anyarch register arm
	[[ $status -eq 3 ]] || arm_works
	expect 0 anyarch register --replace arm
	arm_works
	has_handler box-arm
}

@test "our name taken by other programs: refused without --replace (108)" {
	local before

	table_write ':qemu-arm:M::hello::/usr/bin/true:'
	before=$(table_snapshot)
	expect 3 anyarch register arm
	says qemu-arm
	hints --replace
	same table "$before" "$(table_snapshot)"
	expect 0 anyarch register --replace arm
	arm_works
}

@test "our name taken by an extension: refused without --replace (108)" {
	local before

	table_write ':qemu-arm:E::arm::/usr/bin/true:'
	before=$(table_snapshot)
	expect 3 anyarch register arm
	same table "$before" "$(table_snapshot)"
	expect 0 anyarch register --replace arm
	arm_works
}

@test "an entry that forges lines is not taken for ours" {
	local before

	table_write ",qemu-arm,M,,hello,,/tmp/a"$'\n'"flags: PF,"
	before=$(table_snapshot)
	expect 3 anyarch register arm
	same table "$before" "$(table_snapshot)"
}

@test "a handler that nobody can name does not hinder" {
	table_write ":odd"$'\e\n\xff'":M::hello::/usr/bin/true:"
	expect 0 anyarch register arm
	expect 0 anyarch status
	refute grep -q $'\e' "$OUT"
	expect 0 anyarch status --json
	jq -e . "$OUT"
	arm_works
}

@test "one catch-all of somebody else is told, not worked around silently" {
	table_write ':any-elf:M::\x7fELF\x01::/usr/bin/true:F'
	expect 3 anyarch register arm
	says any-elf
}

@test "inside a root of another architecture: its /bin/sh is there to be emulated" {
	ns mount --bind "$ROOT/arm" "$(realpath /bin/sh)"
	expect 0 anyarch register arm
	arm_works
	expect_raw 2 ns /bin/sh -
}

# below SCRIPT [ARGUMENT...]: in a user namespace below, which inherits the table.
below() {
	ns unshare --user --map-root-user --mount --propagation private sh -c "$1" sh "${@:2}"
}

@test "a user namespace below keeps the handlers that it inherits" {
	table_write "$RULE_PYTHON"
	table_write "$(rule qemu-aarch64 aarch64 $ARM64 PF)"
	# shellcheck disable=SC2016
	expect_raw 0 below '"$1" status | grep inherited && "$1" register --quiet arm && ls "$2" && "$1" register arm &&
		"$1" status --check arm arm64' "$ANYARCH" "$BINFMT"
	grep -q python3.12 "$OUT"
	says 'nothing to change'
	# shellcheck disable=SC2016
	expect 4 below 'exec "$1" unregister arm64' "$ANYARCH"
	same 'the table above' $'python3.12\nqemu-aarch64' "$(table_names)"
}

@test "a user namespace below that cannot keep them gets no table: 4, and they keep working" {
	local dir=$BATS_TEST_TMPDIR/emulators

	mkdir "$dir"
	cp "$ARM64" "$dir/qemu"
	table_write "$(rule qemu-aarch64 aarch64 "$dir/qemu" PF)"
	rm "$dir/qemu"
	# shellcheck disable=SC2016
	expect_raw 4 below '"$1" register arm; got=$?; "$1" status --check arm64 && exit $got' "$ANYARCH"
	says 'qemu-aarch64'
	# shellcheck disable=SC2016
	expect_raw 4 below 'mount -t tmpfs tmpfs "$2" && "$1" register arm; got=$?; "$1" status | grep -q aarch64 && exit $got' \
		"$ANYARCH" "$BINFMT"
	says 'qemu-aarch64'
	# shellcheck disable=SC2016
	expect_raw 0 below 'mount -t tmpfs tmpfs "$2" && "$1" register arm arm64 && "$1" status --check arm arm64' "$ANYARCH" "$BINFMT"
	# shellcheck disable=SC2016
	expect_raw 0 below '"$1" register arm arm64 && "$1" status --check arm arm64' "$ANYARCH"
}

@test "a read-only mount refuses (106)" {
	ns mount -o remount,bind,ro "$BINFMT"
	expect 4 anyarch register arm
	says read-only
	[[ -z $(table_names) ]]
	expect 4 anyarch unregister --all
}

@test "somebody who is not root is refused" {
	need_root
	as_nobody
	expect 4 ns setpriv --reuid 65534 --regid 65534 --clear-groups "$COPY" register --emulator-dir "$COPY_DIR" arm
	hints root
	[[ -z $(table_names) ]]
}

# A copy of the program and an emulator where every user may look.
as_nobody() {
	COPY_DIR=/mnt
	COPY=$COPY_DIR/anyarch
	ns mount -t tmpfs -o mode=0755 tmpfs "$COPY_DIR"
	ns cp "$ANYARCH" "$ARM" "$COPY_DIR/"
}

@test "not mounted, and no right to mount: refused (104)" {
	ns umount "$BINFMT"
	expect 4 ns setpriv --bounding-set=-sys_admin "$ANYARCH" register arm
	hints privileged
}

@test "in a user namespace without the right to mount: refused, as what is in sight may be the parent's (111)" {
	expect 4 ns setpriv --bounding-set=-all "$ANYARCH" register arm
	[[ -z $(table_names) ]]
}

@test "not mounted: register mounts it and leaves it there" {
	ns umount "$BINFMT"
	expect 0 anyarch register arm
	[[ -e $TABLE/qemu-arm ]]
	arm_works
}

@test "mounted already where it belongs: not mounted a second time (107)" {
	expect 0 anyarch register arm
	[[ $(grep -c " $BINFMT .* - binfmt_misc " "/proc/$NS_PID/mountinfo") -eq 1 ]]
}

@test "a tmpfs over the directory: mounted over it (114)" {
	ns umount "$BINFMT"
	ns mount -t tmpfs tmpfs "$BINFMT"
	expect_one_of '0 4' anyarch register arm
	[[ $status -eq 4 ]] || arm_works
}

@test "--mount names another directory" {
	local dir=$BATS_TEST_TMPDIR/table

	mkdir "$dir"
	ns umount "$BINFMT"
	expect 0 anyarch register --mount "$dir" arm
	[[ -e /proc/$NS_PID/root$dir/qemu-arm ]]
	arm_works
	expect 0 anyarch status --mount "$dir" --check arm
	expect 0 anyarch unregister --mount "$dir" arm
	refute arm_works
	expect_one_of '3 4' anyarch register --mount "$dir/nowhere" arm
	says nowhere
}

@test "no directory to mount on: what to do about it, by what is missing" {
	expect 4 anyarch register --mount "$BATS_TEST_TMPDIR/none" arm
	hints 'mkdir -p'
	ns umount "$BINFMT"
	ns mount -t tmpfs tmpfs /proc/sys
	expect 4 anyarch register --lasting mount arm
	hints 'anyarch register --mount /run/binfmt_misc'
	expect 0 anyarch register arm
	arm_works
}

@test "an emulator that fails: its own last words" {
	need_commands cc
	cc -static -x c -o "$BATS_TEST_TMPDIR/fails" - 3>&- <<<'#include <stdio.h>
		int main(void) { fputs("first\nqemu: no room for the guest\n", stderr); return 1; }'
	expect_one_of '1 3' anyarch register --emulator arm="$BATS_TEST_TMPDIR/fails" arm
	says 'qemu: no room for the guest'
}

@test "in a bare root of another architecture, whose shell is foreign" {
	local root=$BATS_TEST_TMPDIR/root one

	mkdir -p "$root"/{bin,proc,usr,lib,lib64}
	make_arm "$root/bin/sh"
	cp "$ANYARCH" "$root/anyarch"
	for one in usr lib lib64 proc; do
		[[ ! -d /$one ]] || ns mount --rbind "/$one" "$root/$one"
	done
	expect 0 ns chroot "$root" /anyarch register arm
	expect 0 ns chroot "$root" /anyarch register arm64
	expect 0 ns chroot "$root" /anyarch doctor
	refute grep -q "own programs" "$OUT"
	ns umount -l "$root"/{usr,lib,proc}
}

@test "whether the whole table is switched off cannot be read: told, status 4" {
	need_commands setpriv
	ns chmod 0 "$BINFMT/status"
	expect 4 ns setpriv --bounding-set -dac_override,-dac_read_search "$ANYARCH" register arm
	says 'cannot read the status'
	same table '' "$(table_names)"
}

@test "the whole table switched off: told, status 4 (112)" {
	echo 0 >"$TABLE/status"
	expect 4 anyarch register arm
	says 'switched off'
	hints 'sudo tee'
	[[ $(cat "$TABLE/status") == disabled ]]
	echo 1 >"$TABLE/status"
	expect 0 anyarch register arm
	arm_works
	echo 0 >"$TABLE/status"
	expect 4 anyarch register arm
	expect 4 anyarch register --no-verify arm
}

@test "leftovers of an interrupted run are cleaned up" {
	expect 0 anyarch register arm
	table_write "$(rule qemu-arm.new-0123456789ab arm $ARM F)"
	table_write "$(rule qemu-arm.probe-77-0123456789ab arm $ARM F)"
	table_write "$(rule qemu-aarch64.probe-77-0123456789ab aarch64 $ARM64 F)"
	expect 0 anyarch register arm
	same table qemu-arm "$(table_names)"
	arm_works
}

@test "a leftover that serves alone gets its name back" {
	table_write "$(rule qemu-arm.new-0123456789ab arm $ARM F)"
	arm_works
	expect 0 anyarch register arm
	same table qemu-arm "$(table_names)"
	arm_works
}

@test "names that only look like leftovers stay" {
	local before

	table_write ':a.new-b:M::hello::/usr/bin/true:'
	table_write ':qemu-x.new-zzz:M::hello::/usr/bin/true:'
	table_write ':.new-0123456789ab:M::hello::/usr/bin/true:'
	before=$(table_snapshot)
	expect 0 anyarch register arm
	expect 0 anyarch unregister arm
	same table "$before" "$(table_snapshot)"
}

@test "a user namespace says that handlers are valid there only (111)" {
	expect 0 anyarch register arm
	says 'in this user namespace only'
	expect 0 anyarch register --json arm
	jq -e '.user_namespace_only' "$OUT"
}

@test "an unprivileged user's namespace of his own works as well" {
	need_root
	as_nobody
	# shellcheck disable=SC2016
	expect 0 ns setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --map-root-user --mount sh -c '
		mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
			"$1/anyarch" register --emulator-dir "$1" arm && "$1/anyarch" status --quiet --check arm' sh "$COPY_DIR"
	[[ -z $(table_names) ]]
}

# lose NAME [STRING]: takes a handler out; another one comes in at once.
lose() {
	# shellcheck disable=SC2016
	ns_sh 'printf %s -1 >"$1/$2"; [ -z "$3" ] || printf %s "$3" >"$1/register"' "$BINFMT" "$1" "${2-}"
}

served() {
	[[ $(table_names) == "$1" ]]
}

# rounds N: whether the watcher has registered that often, and looked at what it did.
rounds() {
	[[ $(grep -c 'valid in this user namespace only' "$BATS_TEST_TMPDIR/watch") == "$1" ]]
}

# bats test_tags=slow
@test "--watch restores what is lost or no longer works, and leaves what works alone" {
	local pid code=0 started

	# The program itself, without the function around it: that would be what a signal ends.
	nsenter --target "$NS_PID" --user --mount --preserve-credentials -- "$ANYARCH" register --watch=1 arm arm64 \
		>"$BATS_TEST_TMPDIR/watch" 2>&1 3>&- &
	pid=$!
	started=$SECONDS
	eventually 30 rounds 1
	served $'qemu-aarch64\nqemu-arm'
	lose qemu-arm
	eventually 30 rounds 2
	served $'qemu-aarch64\nqemu-arm'
	arm_works
	grep -q '^anyarch: a handler was lost: registering again$' "$BATS_TEST_TMPDIR/watch"

	# Replaced by one that only works where the emulator is, and by another one that is as good.
	lose qemu-arm "$(rule qemu-arm arm $ARM '')"
	eventually 30 rounds 3
	[[ $(handler_field qemu-arm flags:) == *F* ]]
	lose qemu-arm "$(rule qemu-arm arm $ARM CF)"
	sleep 2.2 3>&-
	same flags OCF "$(handler_field qemu-arm flags:)"

	same lost 2 "$(grep -c 'was lost' "$BATS_TEST_TMPDIR/watch")"
	kill "$pid"
	wait "$pid" || code=$?
	same status 143 "$code"
	grep -q 'ended by signal 15' "$BATS_TEST_TMPDIR/watch"
	((SECONDS - started < 90))
}

@test "--watch ends when it cannot restore, and is refused where it makes no sense" {
	local pid code=0 emulators=$BATS_TEST_TMPDIR/emulators

	mkdir "$emulators"
	cp "$ARM" "$emulators"
	ns "$ANYARCH" register --watch=1 --emulator-dir "$emulators" arm >"$BATS_TEST_TMPDIR/watch" 2>&1 3>&- &
	pid=$!
	eventually 30 rounds 1
	rm "$emulators/qemu-arm-static"
	lose qemu-arm
	wait "$pid" || code=$?
	same status 3 "$code"
	grep -q 'no static emulator' "$BATS_TEST_TMPDIR/watch"

	expect 2 anyarch register --watch=0 arm
	expect 2 anyarch register --watch=86401 arm
	expect 2 anyarch register --watch=soon arm
	expect 2 anyarch register --watch=1 --dry-run arm
	expect 2 anyarch register --watch=1 --no-verify arm
}
