#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what status says of every state that a platform can be in, and that it only looks.
# shellcheck disable=SC2154,SC2178,SC2128 # arrays of other functions have the same names; the library sets output, stderr and status

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

# state HANDLER: what status says of it; state_of ARCH: of an architecture's rows.
state() {
	anyarch status --json --quiet | jq -r --arg name "$1" '.platforms[] | select(.handler == $name) | .state'
}

state_of() {
	anyarch status --json --quiet | jq -r --arg arch "$1" '[.platforms[] | select(.arch == $arch) | .state] | join(" ")'
}

@test "native: the machine itself" {
	expect 0 anyarch status
	same state native "$(state_of "$(uname -m)")"
}

@test "missing: the usual two when nothing is registered" {
	same arm missing "$(state_of arm)"
	same aarch64 missing "$(state_of aarch64)"
	same riscv64 '' "$(state_of riscv64)"
	expect 0 anyarch status --json riscv64
	same riscv64 missing "$(jq -r '.platforms[].state' "$OUT")"
}

@test "emulated: by what, with which flags, from which file, which version" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	expect 0 anyarch status --json arm
	jq -e --arg file $ARM '.platforms[0] | .state == "emulated" and .platform == "linux/arm/v7" and .arch == "arm"
		and .fixed == true and .flags == "PF" and .handler == "qemu-arm" and .emulator == $file
		and .verified == true' "$OUT"
	same version "$($ARM --version | sed -n 's/^qemu-arm version \([0-9.]*\).*/\1/p')" \
		"$(jq -r '.platforms[0].version' "$OUT")"
}

@test "emulated, but not fixed: told, and no use in another root" {
	table_write "$(rule qemu-arm arm $ARM P)"
	expect 0 anyarch status --json arm
	jq -e '.platforms[0] | .state == "emulated" and .fixed == false and .verified == false and (.why | test("not fixed"))' "$OUT"
	expect 3 anyarch status --check arm
}

@test "broken: the emulator is not there" {
	table_write "$(rule qemu-arm arm /nonexistent P)"
	same state broken "$(state qemu-arm)"
	expect 0 anyarch status
	says qemu-arm
}

@test "broken: the emulator fails" {
	table_write "$(rule qemu-arm arm /usr/bin/false F)"
	same state broken "$(state qemu-arm)"
	table_write "$(rule qemu-aarch64 aarch64 $ARM F)"
	same state broken "$(state qemu-aarch64)"
	expect 3 anyarch status --check arm64
}

# What nobody takes is missing also where no program may be traced, as in containers, by Yama and by SELinux.
@test "outdated: the emulator's file was replaced, as by an upgrade, and the handler keeps the old one" {
	local mine=$BATS_TEST_TMPDIR/mine

	cp "$ARM" "$mine"
	expect 0 anyarch register --quiet --emulator "arm=$mine" arm
	expect 0 anyarch status --json arm
	jq -e '.platforms[0].why == null' "$OUT"
	cp "$ARM" "$mine.new"
	printf x >>"$mine.new"
	mv "$mine.new" "$mine"
	expect 0 anyarch status --json arm
	jq -e '.platforms[0] | .state == "emulated" and (.why | startswith("outdated: "))' "$OUT"
	expect 0 anyarch register --quiet --emulator "arm=$mine" arm
	expect 0 anyarch status --json arm
	jq -e '.platforms[0].why == null' "$OUT"
}

@test "without tracing: what is registered works, the rest is missing, and register keeps what it made" {
	local before without

	gcc -O1 -o "$BATS_TEST_TMPDIR/deny" "$ANYARCH_SRC/tests/lib/deny.c"
	without=(ns "$BATS_TEST_TMPDIR/deny" EPERM ptrace "$ANYARCH_PLAIN")
	table_write "$(rule broken-riscv64 riscv64 /usr/bin/false F)"
	expect 0 "${without[@]}" register arm
	before=$(table_snapshot)
	expect 0 "${without[@]}" status --json all
	same states 'arm emulated riscv64 broken' "$(jq -r '[.platforms[] | select(.state != "missing" and .state != "native")
		| .arch, .state] | join(" ")' "$OUT")"
	same native "$(uname -m)" "$(jq -r '.platforms[] | select(.state == "native" and .arch != "i386") | .arch' "$OUT")"
	same missing missing "$(jq -r '.platforms[] | select(.arch == "aarch64") | .state' "$OUT")"
	expect 0 "${without[@]}" register arm
	says 'nothing to change'
	same table "$before" "$(table_snapshot)"
}

@test "not tested: where no test program can be started, and why" {
	local table=$BATS_TEST_TMPDIR/table

	table_write "$(rule qemu-arm arm $ARM PF)"
	mkdir "$table"
	ns mount -t binfmt_misc binfmt_misc "$table"
	ns mount -t tmpfs tmpfs /proc
	expect 0 ns "$ANYARCH_PLAIN" status --mount "$table" --json arm arm64
	same states 'aarch64 missing arm not tested' "$(jq -r '[.platforms[] | .arch, .state] | join(" ")' "$OUT")"
	jq -e '.platforms[] | select(.arch == "arm") | .why == "/proc is not mounted"' "$OUT"
	expect 4 ns "$ANYARCH_PLAIN" status --mount "$table" --check arm
}

@test "shadowed: a newer handler takes its programs" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	table_write "$(rule box-arm arm /usr/bin/false F)"
	same ours shadowed "$(state qemu-arm)"
	same theirs broken "$(state box-arm)"
	expect 3 anyarch status --check arm
}

@test "disabled: one handler" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	echo 0 >"$TABLE/qemu-arm"
	same state disabled "$(state qemu-arm)"
	expect 3 anyarch status --check arm
	hints 'anyarch register'
}

@test "disabled: the older one of two serves then" {
	table_write "$(rule older arm $ARM PF)"
	table_write "$(rule qemu-arm arm $ARM PF)"
	echo 0 >"$TABLE/qemu-arm"
	same qemu-arm disabled "$(state qemu-arm)"
	same older emulated "$(state older)"
	expect 0 anyarch status --check arm
}

@test "disabled: the whole table" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	echo 0 >"$TABLE/status"
	same state disabled "$(state qemu-arm)"
	expect 0 anyarch status
	grep -q 'switched off' "$OUT" "$ERR"
	expect 0 anyarch status --json
	jq -e '.table.enabled == false' "$OUT"
}

@test "foreign: other people's handlers are listed" {
	table_write "$RULE_WSL"
	table_write "$RULE_PYTHON"
	table_write "$RULE_WINE"
	for name in WSLInterop python3.12 wine; do
		same "$name" foreign "$(state $name)"
	done
	expect 0 anyarch status arm
	refute grep -q wine "$OUT"
}

@test "every handler of the table is in the list, once" {
	table_write "$RULE_WSL"
	table_write "$(rule qemu-arm arm $ARM PF)"
	table_write "$(rule second arm $ARM PF)"
	table_write "$(rule third arm $ARM PF)"
	table_write ':any-elf:M::\x7fELF\x01::/usr/bin/true:F'
	expect 0 anyarch status --json
	jq -r '.platforms[].handler // empty' "$OUT" | sort -u >"$BATS_TEST_TMPDIR/listed"
	same handlers "$(table_names | sort)" "$(<"$BATS_TEST_TMPDIR/listed")"
}

@test "--check: by exit status, for the platforms named, or the usual two" {
	expect 3 anyarch status --check
	[[ $(error_lines) -ge 2 ]]
	table_write "$(rule qemu-arm arm $ARM PF)"
	expect 3 anyarch status --check
	says arm64
	expect 0 anyarch status --check arm
	expect 0 anyarch status --check arm "$(uname -m)"
	table_write "$(rule qemu-aarch64 aarch64 $ARM64 PF)"
	expect 0 anyarch status --check
	expect 3 anyarch status --check linux/riscv64
	says riscv64
	expect 2 anyarch status --check arm65
}

@test "--check all: what there is an emulator for" {
	expect 3 anyarch status --check all
	says riscv64
	expect 0 anyarch register all --quiet
	expect 0 anyarch status --check all
}

@test "--check without the right to an empty root: told by a fixed and static handler, else that nobody can tell" {
	local without=-sys_chroot,-sys_admin
	local less=(setpriv --bounding-set="$without" --inh-caps="$without")

	ns_sh 'echo 0 >/proc/sys/user/max_user_namespaces' # nor by way of a namespace of its own
	table_write "$(rule qemu-arm arm $ARM PF)"
	expect 0 ns "${less[@]}" "$ANYARCH" status --check arm
	expect 0 ns setpriv --bounding-set=-sys_chroot --inh-caps=-sys_chroot "$ANYARCH" oneshot
	jq -e '.supported | index("linux/arm/v7")' <<<"$output"
	# shellcheck disable=SC2016
	expect 4 ns unshare --mount sh -c 'umount /proc/sys/fs/binfmt_misc && exec "$@"' sh "${less[@]}" "$ANYARCH" status --check arm
	says 'cannot be determined from here'
	hints 'CAP_SYS_CHROOT'
	expect 3 ns "${less[@]}" "$ANYARCH" status --check arm64
	# shellcheck disable=SC2016
	ns_sh 'echo -1 >"$1/qemu-arm"' "$BINFMT"
	table_write "$(rule qemu-arm arm $ARM P)"
	expect 3 ns "${less[@]}" "$ANYARCH" status --check arm
}

@test "the table and the JSON have the same facts" {
	local columns=PLATFORM,ARCH,STATE,FIXED,FLAGS,VERSION,HANDLER,EMULATOR,VERIFIED

	table_write "$RULE_WINE"
	table_write "$(rule qemu-arm arm $ARM PF)"
	table_write "$(rule qemu-aarch64 aarch64 /nonexistent '')"
	expect 0 anyarch status --noheadings --output $columns
	tr -s ' ' <"$OUT" | sed 's/ $//' >"$BATS_TEST_TMPDIR/text"
	expect 0 anyarch status --json
	same facts "$(<"$BATS_TEST_TMPDIR/text")" "$(jq -r 'def word: if . == null then "-" elif . == true then "yes"
		elif . == false then "no" else . end;
		.platforms[] | [.platform, .arch, .state, .fixed, .flags, .version, .handler, .emulator, .verified]
		| map(word) | join(" ")' "$OUT")"
	same keys 'automount enabled lasts path readable user_namespace_only' "$(jq -r '.table | keys | join(" ")' "$OUT")"
	jq -e --arg path "$BINFMT" '.table | .path == $path and .readable and .enabled and .user_namespace_only' "$OUT"
}

@test "the columns of --columns, in any case and order; --output is as in lsblk" {
	local option

	for option in --columns --output; do
		expect 0 anyarch status $option state,Arch "$(uname -m)"
		same table "STATE ARCH native $(uname -m)" "$(tr -s ' \n' ' ' <"$OUT" | sed 's/ $//')"
	done
	expect 0 anyarch status --json --columns Arch,why "$(uname -m)"
	same keys '["arch","why"]' "$(jq -c '.platforms[0] | keys' "$OUT")"
}

@test "it only looks: no handler, no mount, no file changes" {
	local before mounts

	table_write "$(rule qemu-arm arm $ARM PF)"
	table_write "$(rule qemu-arm.new-0123456789ab arm $ARM F)"
	before=$(table_snapshot)
	mounts=$(<"/proc/$NS_PID/mountinfo")
	expect 0 anyarch status
	expect 0 anyarch status --check arm
	same table "$before" "$(table_snapshot)"
	same mounts "$mounts" "$(<"/proc/$NS_PID/mountinfo")"
}

@test "it never mounts: nothing mounted is told" {
	ns umount "$BINFMT"
	expect 0 anyarch status
	grep -q 'not mounted' "$OUT"
	refute grep -q ' - binfmt_misc ' "/proc/$NS_PID/mountinfo"
	expect 0 anyarch status --json
	jq -e '.table.path == null and .table.readable == false and .table.enabled == null' "$OUT"
	# shellcheck disable=SC2016
	expect_raw 0 ns "${TRACED[@]}" -f -o "$BATS_TEST_TMPDIR/calls" -e trace=fsmount,move_mount,mount "$ANYARCH" status
	refute grep -q binfmt_misc "$BATS_TEST_TMPDIR/calls"
}

@test "handlers that live without a mount are found by what runs" {
	local holder

	table_write "$(rule qemu-arm arm $ARM PF)"
	exec {holder}<"$TABLE/status"
	ns umount --lazy "$BINFMT"
	expect 0 anyarch status --json arm
	exec {holder}<&-
	jq -e '.platforms[0] | .state == "emulated" and .handler == null and .version != null' "$OUT"
}

@test "a read-only mount will do (106)" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	ns mount -o remount,bind,ro "$BINFMT"
	expect 0 anyarch status --check arm
	grep -q 'qemu-arm *' "$OUT"
}

@test "anybody may look" {
	need_root
	table_write "$(rule qemu-arm arm $ARM PF)"
	ns mount -t tmpfs -o mode=0755 tmpfs /mnt
	ns cp "$ANYARCH" /mnt/anyarch
	expect 0 ns setpriv --reuid 65534 --regid 65534 --clear-groups /mnt/anyarch status --check --json arm
	jq -e '.platforms[0].state == "emulated"' "$OUT"
}

@test "without any capability" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	expect_one_of '0 3' ns setpriv --bounding-set=-all --no-new-privs "$ANYARCH" status --json arm
	jq -e '.platforms[0].state == "emulated"' "$OUT"
}

@test "the table is a tmpfs, or hidden (114)" {
	ns mount -t tmpfs tmpfs "$BINFMT"
	expect 0 anyarch status
	expect 0 anyarch status --json
	jq -e '.table.readable == false' "$OUT"
	expect 3 anyarch status --check arm
}

@test "names with control characters are shown escaped" {
	table_write ":odd"$'\e[31m\n\xff'":M::hello::/usr/bin/true:"
	table_write ",qemu-arm,M,,hello,,/tmp/a"$'\n'"flags: PF,"
	expect 0 anyarch status
	refute grep -q $'\e' "$OUT" "$ERR"
	expect 0 anyarch status --json
	jq -e . "$OUT"
	refute grep -q $'\e' "$OUT"
}

@test "many handlers" {
	local i

	for ((i = 0; i < 300; i++)); do
		printf '%s' ":many-$i:M::hello$i::/usr/bin/true:" >"$TABLE/register"
	done
	expect 0 anyarch status --json
	[[ $(jq '[.platforms[] | select(.state == "foreign")] | length' "$OUT") -eq 300 ]]
	expect 0 anyarch register arm
	expect 0 anyarch unregister --all
	[[ $(table_names | wc -l) -eq 300 ]]
}
