#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns the promise that a handler is replaced with no moment without one: under load, and whenever the run is killed.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/load.bash
source "$BATS_TEST_DIRNAME/../lib/load.bash"

setup_file() {
	make_root
	make_tools "$BATS_FILE_TMPDIR"
}

setup() {
	need_commands gcc qemu-arm-static nsenter
	# shellcheck disable=SC2034 # for the library
	LOAD=()
	TOOLS=$BATS_FILE_TMPDIR
	ns_open
	make_root
	expect 0 anyarch register --emulator "arm=$TOOLS/A" arm
}

teardown() {
	load_kill
	end_processes "$TOOLS"
	ns_close
}

# replace_many TIMES OPTION...: from A to B and back.
replace_many() {
	# shellcheck disable=SC2016
	ns bash -c 'times=$1 tools=$2 program=$3
		shift 3
		for ((i = 0; i < times; i++)); do
			(((i % 2))) && file=$tools/A || file=$tools/B
			"$program" register --quiet --emulator "arm=$file" "$@" arm || exit
		done' bash "$1" "$TOOLS" "$ANYARCH" "${@:2}" 3>&-
}

@test "1000 replacements under load: no program fails to start" {
	load_start 3
	replace_many 900 --no-verify
	replace_many 100
	load_stop
	[[ $RAN -gt 500 && $FAILED -eq 0 ]]
	same table qemu-arm "$(table_names)"
	same interpreter "$TOOLS/A" "$(handler_field qemu-arm interpreter)"
}

@test "the control: removing first and adding then is noticed by that load" {
	local rule i

	rule=$(rule qemu-arm arm "$TOOLS/A" PF)
	load_start 3
	for ((i = 0; i < 3000; i++)); do
		printf '%s' -1 >"$TABLE/qemu-arm"
		printf '%s' "$rule" >"$TABLE/register"
	done
	load_stop
	[[ $FAILED -gt 0 ]]
}

@test "100 replacements of pinned handlers under load" {
	ns umount --lazy "$BINFMT"
	# From here on the handler lives by its pin alone, and every run is in a mount namespace of its own.
	expect 0 ns unshare --mount "$ANYARCH" register --lasting=pin --emulator "arm=$TOOLS/A" arm
	load_start 3
	# shellcheck disable=SC2016
	ns bash -c 'for ((i = 0; i < 100; i++)); do
			(((i % 2))) && file=$1/A || file=$1/B
			unshare --mount "$2" register --quiet --lasting=pin --no-verify --emulator "arm=$file" arm || exit
		done' bash "$TOOLS" "$ANYARCH" 3>&-
	load_stop
	[[ $RAN -gt 100 && $FAILED -eq 0 ]]
}

@test "100 changes of flags under load" {
	load_start 3
	# shellcheck disable=SC2016
	ns bash -c 'for ((i = 0; i < 50; i++)); do
			"$2" register --quiet --no-verify --credentials --emulator "arm=$1/A" arm 2>/dev/null || exit
			"$2" register --quiet --no-verify --emulator "arm=$1/A" arm || exit
		done' bash "$TOOLS" "$ANYARCH" 3>&-
	load_stop
	[[ $RAN -gt 100 && $FAILED -eq 0 ]]
}

# Every name in the table is the handler's or one that an interrupted run leaves.
is_known_state() {
	local name

	while read -r name; do
		[[ $name =~ ^qemu-arm(\.new-[0-9a-f]{12}|\.probe-[0-9]+-[0-9a-f]{12})?$ ]] || return
	done < <(table_names)
}

# kill_after MILLISECONDS ARGUMENT...: fails if the run had not ended by then.
kill_after() (
	exec 2>/dev/null 3>&-
	nsenter --target "$NS_PID" --user --mount --preserve-credentials -- "$ANYARCH" "${@:2}" >/dev/null </dev/null &
	sleep "$(printf '0.%03d' "$1")"
	kill -KILL $!
	wait $!
)

@test "400 times SIGKILL at random moments: the handler works, the next run tidies up (96)" {
	local i file died=0 swept=0

	for ((i = 0; i < 400; i++)); do
		((i % 2)) && file=$TOOLS/A || file=$TOOLS/B
		kill_after $((RANDOM % 25 + 3)) register --quiet --emulator "arm=$file" arm || died=$((died + 1))
		arm_works
		is_known_state
		[[ -z $(leftovers) ]] || swept=$((swept + 1))
		if ((i % 10 == 9)); then
			expect 0 anyarch register --quiet --emulator "arm=$file" arm
			same table qemu-arm "$(table_names)"
		fi
	done
	printf '%d of 400 died, %d left something\n' "$died" "$swept"
	no_process_left "$TOOLS"
	# How many are hit in the middle depends on the machine; the next tests hit every moment.
	[[ $died -ge 20 && $swept -ge 2 ]]
}

# list_calls OPTION...: CALLS is every system call of the run that replaces A by B, as strace wants it to be named: the
# Nth of its kind. LOCKED is the index of that which takes the lock. Leaves A.
list_calls() {
	local trace=$BATS_TEST_TMPDIR/trace

	expect 0 ns strace -qq -e signal=none -o "$trace" "$ANYARCH" register "$@" --emulator "arm=$TOOLS/B" arm || return
	mapfile -t CALLS < <(sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "$trace" | awk '{ print $1, ++n[$1] }')
	for LOCKED in "${!CALLS[@]}"; do
		[[ ${CALLS[LOCKED]} != 'flock '* ]] || break
	done
	[[ ${CALLS[LOCKED]} == 'flock '* ]] || return
	expect 0 anyarch register "$@" --emulator "arm=$TOOLS/A" arm
}

# each_call STEP COMMAND...: COMMAND with the index of a call: some of those before the lock, every STEPth after it.
each_call() {
	local i step=$1
	shift

	# The first one, execve, is strace's.
	for ((i = 1; i < LOCKED; i += 10)); do
		"$@" "$i" || return
	done
	for ((i = LOCKED; i < ${#CALLS[@]}; i += step)); do
		"$@" "$i" || return
	done
	printf '%d calls, the lock is taken at %d\n' "${#CALLS[@]}" "$LOCKED"
}

# with_signal SIGNAL INDEX OPTION...: the run gets the signal when it makes this call; prints its status.
with_signal() (
	exec 2>/dev/null 3>&-
	read -r name n <<<"${CALLS[$2]}"
	nsenter --target "$NS_PID" --user --mount --preserve-credentials -- strace -qq -e signal=none -o /dev/null \
		-e "inject=$name:signal=$1:when=$n" "$ANYARCH" register "${@:3}" --emulator "arm=$TOOLS/B" arm >/dev/null </dev/null
	echo $?
)

killed_at() { # [OPTION...] INDEX
	local n=${*: -1} status options=("${@:1:$#-1}")

	status=$(with_signal KILL "$n" "${options[@]}")
	if [[ $status -ne 137 ]] || ! arm_works || ! is_known_state; then
		printf 'killed at %s: status %d, table: %s\n' "${CALLS[n]}" "$status" "$(table_names | paste -s -d ' ')"
		return 1
	fi
	expect 0 anyarch register --quiet "${options[@]}" --emulator "arm=$TOOLS/A" arm || return
	same "table after a kill at ${CALLS[n]}" qemu-arm "$(table_names)" && arm_works
}

@test "SIGKILL at every system call of a replacement: the handler works, the next run tidies up (95, 96)" {
	need_commands strace
	list_calls
	each_call 1 killed_at
	no_process_left "$TOOLS"
}

@test "SIGKILL at every system call of a pinned replacement (95, 96)" {
	need_commands strace
	list_calls --lasting=pin
	each_call 3 killed_at --lasting=pin
	no_process_left "$TOOLS"
}


ended_at() { # SIGNAL STATUS INDEX
	local status before after

	before=$(table_snapshot)
	status=$(with_signal "$1" "$3")
	after=$(table_snapshot)
	if [[ $status -eq $2 ]]; then
		same "table after $1 at ${CALLS[$3]}" "$before" "$after" || return
	elif [[ $status -eq 0 ]]; then
		same "table after $1 at ${CALLS[$3]}" qemu-arm "$(table_names)" || return
		same interpreter "$TOOLS/B" "$(handler_field qemu-arm interpreter)" || return
		expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm || return
	else
		printf '%s at %s: status %d\n' "$1" "${CALLS[$3]}" "$status"
		return 1
	fi
	arm_works
}

@test "SIGTERM at any system call: 143 and the table as before, or done (97)" {
	need_commands strace
	list_calls
	# Before the program has its handlers a signal ends it like any other.
	each_call 1 ended_at TERM 143
}

@test "SIGINT and SIGHUP at some system calls: 130, 129 and the table as before, or done" {
	need_commands strace
	list_calls
	each_call 7 ended_at INT 130
	each_call 7 ended_at HUP 129
}
