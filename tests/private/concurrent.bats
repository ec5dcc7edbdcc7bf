#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what happens when several change the handlers at once, or one is interrupted while it waits: one outcome, told
# truly, and no leftovers.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/load.bash
source "$BATS_TEST_DIRNAME/../lib/load.bash"

ARM=/usr/bin/qemu-arm-static

setup_file() {
	make_root
	make_tools "$BATS_FILE_TMPDIR"
	compile "$BATS_FILE_TMPDIR/hangs" <<<'#include <unistd.h>
		int main(void) { for (;;) pause(); }'
	compile "$BATS_FILE_TMPDIR/spins" <<<'int main(void) { for (;;) __asm__(""); }'
}

setup() {
	need_commands gcc qemu-arm-static qemu-aarch64-static flock nsenter
	# shellcheck disable=SC2034 # for the library
	LOAD=() HOLDER=''
	TOOLS=$BATS_FILE_TMPDIR
	ns_open
	make_root
}

teardown() {
	load_kill
	[[ -z $HOLDER ]] || kill "$HOLDER" 2>/dev/null || true
	end_processes "$TOOLS"
	ns_close
}

# in_background COMMAND...: in the namespaces; $! is the command's own process. (The shell makes it ignore SIGINT.)
in_background() {
	nsenter --target "$NS_PID" --user --mount --preserve-credentials -- env --default-signal=INT "$@" \
		>"$BATS_TEST_TMPDIR/bg.out" 2>"$BATS_TEST_TMPDIR/bg.err" </dev/null 3>&- &
}

# all_of "STATUS STATUS..." PID...: each ends with one of these.
all_of() {
	local allowed=$1 pid got bad=0
	shift

	for pid; do
		got=0
		wait "$pid" || got=$?
		[[ " $allowed " == *" $got "* ]] || {
			printf 'one ended with %d\n' "$got"
			bad=1
		}
	done
	return "$bad"
}

@test "8 runs at once on an empty table: one entry each, all say 0 or 75 (99)" {
	local round i pids

	for round in 1 2 3 4 5; do
		pids=()
		for ((i = 0; i < 8; i++)); do
			in_background "$ANYARCH" register arm arm64
			pids+=($!)
		done
		all_of '0 75' "${pids[@]}"
		same "table of round $round" $'qemu-aarch64\nqemu-arm' "$(table_names)"
		arm_works
		arm64_works
		echo -1 >"$TABLE/status"
	done
}

@test "8 runs at once that replace in turn: one entry, no leftovers, no program fails to start (99)" {
	local i file pids=()

	expect 0 anyarch register --emulator "arm=$TOOLS/A" arm
	load_start 2
	for ((i = 0; i < 24; i++)); do
		((i % 2)) && file=$TOOLS/A || file=$TOOLS/B
		in_background "$ANYARCH" register --emulator "arm=$file" arm
		pids+=($!)
		((i % 8 != 7)) || {
			all_of '0 75' "${pids[@]}"
			pids=()
		}
	done
	load_stop
	[[ $RAN -gt 20 && $FAILED -eq 0 ]]
	same table qemu-arm "$(table_names)"
}

@test "install against uninstall: each ends with 0 or 75, then one of the two states (100)" {
	local i pids=()

	for ((i = 0; i < 30; i++)); do
		if ((i % 2)); then
			in_background "$ANYARCH" unregister arm
		else
			in_background "$ANYARCH" register arm
		fi
		pids+=($!)
		((i % 6 != 5)) || {
			all_of '0 75' "${pids[@]}"
			pids=()
			[[ -z $(leftovers) ]]
			! has_handler qemu-arm || arm_works
		}
	done
	expect 0 anyarch register arm
	same table qemu-arm "$(table_names)"
}

@test "oneshot containers at once, as of several build jobs" {
	local i pids=()

	for ((i = 0; i < 6; i++)); do
		in_background "$ANYARCH" oneshot --install arm,arm64
		pids+=($!)
	done
	all_of '0 75' "${pids[@]}"
	same table $'qemu-aarch64\nqemu-arm' "$(table_names)"
}

# hold_lock: another process has the lock, until it is killed.
hold_lock() {
	in_background flock --no-fork -x "$BINFMT/register" sleep 100000
	HOLDER=$!
	eventually 30 is_locked
}

is_locked() {
	refute ns flock -x -n "$BINFMT/register" true 2>/dev/null
}

@test "the lock is held: 75 after the wait, nothing changed, and no waiting after a signal (97, 99)" {
	local before waiting got=0 pids=() start=$SECONDS one

	table_write "$(rule qemu-arm arm $ARM F)"
	before=$(table_snapshot)
	hold_lock
	# Readers do not wait.
	expect 0 anyarch status --check arm
	for one in 'register arm arm64' 'unregister arm' 'oneshot --install arm64'; do
		# shellcheck disable=SC2086
		in_background "$ANYARCH" $one
		pids+=($!)
	done
	in_background "$ANYARCH" register arm
	waiting=$!
	sleep 0.3
	kill -TERM "$waiting"
	wait "$waiting" || got=$?
	[[ $got -eq 143 && $((SECONDS - start)) -le 3 ]]
	all_of 75 "${pids[@]}"
	[[ $((SECONDS - start)) -ge 19 && $((SECONDS - start)) -le 25 ]]
	same table "$before" "$(table_snapshot)"
}

@test "the holder of the lock is killed: the next one goes on at once (102)" {
	local waiting got=0 start=$SECONDS

	hold_lock
	in_background "$ANYARCH" register arm
	waiting=$!
	sleep 0.3
	kill -KILL "$HOLDER"
	wait "$waiting" || got=$?
	[[ $got -eq 0 && $((SECONDS - start)) -le 5 ]]
	arm_works
}

@test "an anyarch that holds the lock is killed: the next one goes on at once (102)" {
	expect 0 anyarch register --emulator "arm=$TOOLS/A" arm
	in_background "$ANYARCH" register --emulator "arm=$TOOLS/hangs" arm
	eventually 30 is_locked
	kill -KILL $!
	wait $! 2>/dev/null || true
	expect 0 anyarch register --emulator "arm=$TOOLS/B" arm
	same table qemu-arm "$(table_names)"
	arm_works
}

@test "emulators that never end: given up after 5 s, nothing changed (119)" {
	local before one start=$SECONDS pids=()

	table_write "$(rule qemu-arm arm $ARM PF)"
	before=$(table_snapshot)
	in_background "$ANYARCH" register --emulator "arm=$TOOLS/hangs" arm
	all_of 3 $!
	grep -q '^anyarch: .*5 s' "$BATS_TEST_TMPDIR/bg.err"
	[[ $((SECONDS - start)) -ge 4 && $((SECONDS - start)) -le 9 ]]
	same table "$before" "$(table_snapshot)"
	arm_works
	# Two at once take no longer, and the one that replaces nothing is tried after the other.
	start=$SECONDS
	expect 3 anyarch register --emulator "arm=$TOOLS/hangs" --emulator "arm64=$TOOLS/spins" arm arm64
	[[ $((SECONDS - start)) -le 13 ]]
	same table "$before" "$(table_snapshot)"
	arm_works
	no_process_left "$TOOLS"
}

@test "a handler that hangs does not hold up status" {
	local start=$SECONDS

	table_write "$(rule qemu-arm arm "$TOOLS/hangs" F)"
	table_write "$(rule qemu-aarch64 aarch64 "$TOOLS/spins" F)"
	table_write "$(rule qemu-riscv64 riscv64 "$TOOLS/hangs" F)"
	expect 3 anyarch status --check arm arm64
	[[ $((SECONDS - start)) -le 12 ]]
	grep -q broken "$OUT"
	no_process_left "$TOOLS"
}

# interrupted SIGNAL STATUS COMMAND...: while it waits for an emulator that hangs; it must end soon, and nothing be changed.
interrupted() {
	local signal=$1 want=$2 got=0 before start pid
	shift 2

	before=$(table_snapshot)
	in_background "$@"
	pid=$!
	eventually 30 is_executed "$TOOLS/hangs"
	start=$SECONDS
	kill "-$signal" "$(inner "$pid")"
	wait "$pid" || got=$?
	[[ $got -eq $want && $((SECONDS - start)) -le 2 ]] || {
		printf '%s: status %d after %d s\n' "$signal" "$got" $((SECONDS - start))
		return 1
	}
	same "table after $signal" "$before" "$(table_snapshot)" || return
	no_process_left "$TOOLS"
}

# The process that is the program under test: this one or one below it.
inner() {
	local pid=$1

	while [[ $(readlink "/proc/$pid/exe") != "$ANYARCH" ]]; do
		read -r pid _ <"/proc/$pid/task/$pid/children" || [[ -n $pid ]] || return
	done
	echo "$pid"
}

@test "signals while an emulator is tried: 128 and the signal, at once, nothing changed (97)" {
	interrupted TERM 143 "$ANYARCH" register --emulator "arm=$TOOLS/hangs" arm
	interrupted INT 130 "$ANYARCH" register --emulator "arm=$TOOLS/hangs" arm
	interrupted HUP 129 "$ANYARCH" register --emulator "arm=$TOOLS/hangs" arm
	expect 0 anyarch register --emulator "arm=$TOOLS/A" arm
	interrupted TERM 143 "$ANYARCH" register --emulator "arm=$TOOLS/hangs" arm
	arm_works
	interrupted TERM 143 "$ANYARCH" register --lasting=pin --emulator "arm=$TOOLS/hangs" arm
	arm_works
	interrupted TERM 143 "$ANYARCH" register --emulator "arm=$TOOLS/B" --emulator "arm64=$TOOLS/hangs" arm arm64
	arm_works
}

@test "signals as PID 1 of a container (97)" {
	expect 0 anyarch register --emulator "arm=$TOOLS/A" arm
	interrupted TERM 143 unshare --pid --fork "$ANYARCH" register --emulator "arm=$TOOLS/hangs" arm
	interrupted INT 130 unshare --pid --fork "$ANYARCH" register --emulator "arm=$TOOLS/hangs" arm
	arm_works
	expect 0 ns unshare --pid --fork "$ANYARCH" register --emulator "arm=$TOOLS/B" arm
	arm_works
}

@test "signals while status looks: it ends" {
	table_write "$(rule qemu-arm arm "$TOOLS/hangs" F)"
	interrupted TERM 143 "$ANYARCH" status
	interrupted INT 130 "$ANYARCH" status --json
}

@test "a signal that the caller ignores is ignored" {
	# shellcheck disable=SC2016
	in_background sh -c 'trap "" HUP; exec "$@"' sh "$ANYARCH" register --emulator "arm=$TOOLS/hangs" \
		--emulator "arm64=/usr/bin/qemu-aarch64-static" arm arm64
	eventually 30 is_executed "$TOOLS/hangs"
	kill -HUP $!
	all_of 3 $!
	arm64_works
}

@test "a flush in the middle, as systemd-binfmt does it: noticed, or survived (101)" {
	local n got pid noticed=0 survived=0 late=0

	need_commands strace
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		expect 0 anyarch register --emulator "arm=$TOOLS/A" arm arm64
		in_background strace -qq -o /dev/null -e trace=write -e "inject=write:delay_exit=300000:when=$n" \
			"$ANYARCH" register --emulator "arm=$TOOLS/B" arm arm64
		pid=$!
		eventually 30 is_delayed "$pid"
		echo -1 >"$TABLE/status"
		got=0
		is_locked || got=late
		if [[ $got == late ]]; then
			late=$((late + 1))
			wait "$pid" || true
			continue
		fi
		wait "$pid" || got=$?
		if [[ $got -eq 0 ]]; then
			survived=$((survived + 1))
			arm_works
			arm64_works
		else
			noticed=$((noticed + 1))
			[[ $got -eq 1 || $got -eq 3 ]]
			grep -q '^anyarch: ' "$BATS_TEST_TMPDIR/bg.err"
		fi
		expect 0 anyarch register --emulator "arm=$TOOLS/A" arm arm64
		[[ -z $(leftovers) ]]
	done
	printf '%d noticed, %d survived, %d too late\n' "$noticed" "$survived" "$late"
	[[ $((noticed + survived)) -ge 3 ]]
}

# It has the lock, and has had it for a while, or it has ended.
is_delayed() {
	[[ -d /proc/$1 && $(<"/proc/$1/stat") != *') Z '* ]] || return 0
	is_locked && sleep 0.1 3>&-
}
