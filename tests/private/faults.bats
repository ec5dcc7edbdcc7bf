#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what happens when the kernel refuses or fails: a way round, or a failure that is told and leaves what was there.
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
	gcc -O1 -shared -fPIC -o "$BATS_FILE_TMPDIR/failing-malloc.so" "$ANYARCH_SRC/tests/lib/failing-malloc.c"
}

setup() {
	need_commands gcc strace qemu-arm-static nsenter prlimit
	[[ -x $ANYARCH_STATIC ]] || need "no static program ($ANYARCH_STATIC)"
	# shellcheck disable=SC2034 # for the library
	LOAD=()
	TOOLS=$BATS_FILE_TMPDIR
	ns_open
	make_root
}

teardown() {
	ns_close
}

# with_fault FAULT... -- ARGUMENT...: the program with these system calls failing, as strace's inject= has it. Its children
# are not traced, so that it can trace them itself.
with_fault() {
	local options=()

	while [[ $1 != -- ]]; do
		options+=(-e "inject=$1")
		shift
	done
	ns strace -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" "${options[@]}" "$ANYARCH_STATIC" "${@:2}"
}

# The same, with its children.
with_fault_everywhere() {
	local options=()

	while [[ $1 != -- ]]; do
		options+=(-e "inject=$1")
		shift
	done
	ns strace -f -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" "${options[@]}" "$ANYARCH_STATIC" "${@:2}"
}

was_injected() {
	grep -q INJECTED "$BATS_TEST_TMPDIR/trace"
}

# survives STATUSES COMMAND...: ends with one of these, and well told; a handler that was there works, and unless it is 0
# the table is as it was, or the new handler has no more than its temporary name, and that is told, or all is done and it
# is the answer that could not be given.
survives() {
	local statuses=$1 before
	shift

	expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm || return
	before=$(table_snapshot)
	expect_one_of "$statuses" "$@" || return
	arm_works || return
	[[ $status -ne 0 ]] || return 0
	if [[ $(table_names) == qemu-arm.new-* ]]; then
		says "serves as $(table_names)" || says 'out of memory'
	elif says 'out of memory' 2>/dev/null; then
		# As after a kill: what it tried beside is left, and the next run removes it.
		expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
		same 'table after the next run' qemu-arm "$(table_names)"
		status=1
	else
		same 'table after the fault' "$before" "$(table_snapshot)"
	fi
}

@test "the kernel fails to register: nothing is lost (94, 113, 115)" {
	local errno

	for errno in EIO ENOMEM ENOSPC EPERM EACCES EINVAL EMFILE ETXTBSY; do
		survives '1 3 4' with_register_fault "error=$errno" register --emulator "arm=$TOOLS/B" arm
		was_injected
		echo -1 >"$TABLE/status"
		expect_one_of '1 3 4' with_register_fault "error=$errno" register --emulator "arm=$TOOLS/B" arm
		was_injected
		same table '' "$(table_names)"
	done
}

# with_register_fault FAULT ARGUMENT...: every write to the file named register.
with_register_fault() {
	ns strace -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" -P "$BINFMT/register" -e "inject=write:$1" \
		"$ANYARCH_STATIC" "${@:2}"
}

@test "a security module forbids registering: status 4 (113)" {
	expect 4 with_register_fault error=EPERM register --emulator "arm=$TOOLS/A" arm
	expect 4 with_register_fault error=EACCES register --emulator "arm=$TOOLS/A" arm
}

@test "a kernel that does not know a flag: status 4 (109)" {
	expect 4 with_register_fault error=EINVAL register --emulator "arm=$TOOLS/A" arm
	says flags
}

@test "any one write fails in the middle of a replacement: the handler works, the next run tidies up" {
	local n errno

	for errno in EIO ENOMEM; do
		for n in 1 2 3 4 5 6; do
			expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
			expect_one_of '0 1' with_register_fault "error=$errno:when=$n" register --quiet --emulator "arm=$TOOLS/B" arm
			arm_works
			[[ $status -eq 0 ]] || [[ $(error_lines) -ge 1 ]]
			expect 0 anyarch register --quiet --emulator "arm=$TOOLS/B" arm
			same table qemu-arm "$(table_names)"
			arm_works
		done
	done
}

@test "a removal fails in the middle of a replacement: the handler works, the next run tidies up" {
	local n

	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
		expect_one_of '0 1' with_fault "write:error=EIO:when=$n" -- register --quiet --emulator "arm=$TOOLS/B" arm
		arm_works
		expect 0 anyarch register --quiet --emulator "arm=$TOOLS/B" arm
		same table qemu-arm "$(table_names)"
		arm_works
	done
}

@test "an entry reads back otherwise than it was written: taken back (115)" {
	local n

	expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
	for n in 1 2 3 4 5 6 7 8; do
		expect_one_of '0 1 3 4' with_fault "read:retval=0:when=$n" -- register --quiet --emulator "arm=$TOOLS/B" arm
		arm_works
		expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
		same table qemu-arm "$(table_names)"
	done
}

# without_memory N ARGUMENT...: the Nth allocation fails.
without_memory() {
	ns env FAIL_AT="$1" "${ON[@]}" LD_PRELOAD="$TOOLS/failing-malloc.so" "$ANYARCH" "${@:2}"
}

# allocations ARGUMENT...: sets ALLOCATIONS, how many there are.
allocations() {
	expect_raw 0 ns env FAIL_AT=0 FAIL_COUNT=1 LD_PRELOAD="$TOOLS/failing-malloc.so" "$ANYARCH" "$@" || return
	ALLOCATIONS=$(tail -n 1 "$ERR")
	[[ $ALLOCATIONS -gt 0 ]]
}

@test "no memory at any allocation of a replacement: told, nothing is lost (94)" {
	local n ON

	expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
	allocations register --quiet --emulator "arm=$TOOLS/B" arm
	# Without memory the program ends where it is; that it may end anywhere is shown by what kills it. So every seventh does.
	ON=()
	for ((n = 1; n <= ALLOCATIONS; n += 7)); do
		survives '0 1' without_memory "$n" register --quiet --emulator "arm=$TOOLS/B" arm
		[[ $status -ne 0 ]] || same interpreter "$TOOLS/B" "$(handler_field qemu-arm interpreter)"
	done
	ON=(FAIL_ON=1)
	for ((n = 1; n <= ALLOCATIONS; n += 23)); do
		survives '0 1' without_memory "$n" register --quiet --emulator "arm=$TOOLS/B" arm
	done
	printf '%d allocations\n' "$ALLOCATIONS"
}

@test "no memory at any allocation: what is printed with status 0 is complete (94)" {
	local n line want wrong=0 ON=()

	expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
	for line in status 'status --json arm' 'names arm' 'names --json arm' 'unregister --dry-run arm' 'register --dry-run arm'; do
		# shellcheck disable=SC2086
		allocations $line
		want=$output
		for ((n = 1; n <= ALLOCATIONS; n += 3)); do
			# shellcheck disable=SC2086
			expect_one_of '0 1' without_memory "$n" $line
			[[ $status -ne 1 || $line != names* ]] || same "$line without allocation $n" "anyarch: out of memory" "$(sort -u <<<"$stderr")"
			[[ $status -ne 0 || $output == "$want" ]] || {
				wrong=$((wrong + 1))
				same "$line without allocation $n" "$want" "$output" || true
			}
		done
	done
	[[ $wrong -eq 0 ]] || {
		printf '%d wrong answers with status 0\n' "$wrong"
		return 1
	}
}

@test "no memory from any allocation on: told (94)" {
	local n line ON=(FAIL_ON=1)

	expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
	for line in status 'status --json arm' 'names --json arm' 'oneshot --mount '"$BINFMT"; do
		# shellcheck disable=SC2086
		allocations $line
		for ((n = 1; n <= ALLOCATIONS; n += 9)); do
			# shellcheck disable=SC2086
			expect_one_of '0 1' without_memory "$n" $line
		done
	done
}

@test "little address space (94)" {
	local size

	for size in 1 2 3 4 6 8 12 16 24 32 64; do
		survives_limit "--as=$((size * 1024 * 1024))"
	done
}

# survives_limit LIMIT: the program under prlimit. Where it cannot even be loaded it ends by a signal of the kernel's.
survives_limit() {
	local before got=0

	expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm || return
	before=$(table_snapshot)
	ns prlimit "$1" "$ANYARCH_STATIC" register --quiet --emulator "arm=$TOOLS/B" arm >/dev/null 2>"$BATS_TEST_TMPDIR/err" || got=$?
	case $got in
	0) ;;
	1 | 3 | 4) grep -q '^anyarch: ' "$BATS_TEST_TMPDIR/err" || return ;;
	# prlimit's own, and the loader's.
	126 | 127 | 137 | 139) [[ ! -s $BATS_TEST_TMPDIR/err ]] || refute grep -q '^anyarch: ' "$BATS_TEST_TMPDIR/err" || return ;;
	*)
		printf '%s: status %d\n' "$1" "$got"
		return 1
		;;
	esac
	arm_works || return
	[[ $got -eq 0 ]] || same "table after $1" "$before" "$(table_snapshot)"
}

@test "few descriptors, little stack: every command says so, and with as many as it asks for it works (94)" {
	local command limit n=0

	while read -r command; do
		for limit in nofile=3 nofile=4 nofile=63 stack=65536; do
			expect 4 prlimit "--$limit" "$ANYARCH_STATIC" "$command" </dev/null
			[[ $stderr == *'only '*' allowed per process; anyarch needs '*'hint: ulimit -'* ]]
		done
		n=$((n + 1))
	done < <("$ANYARCH_STATIC" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p')
	[[ $n -ge 17 ]]
	mkdir -p root/bin
	cp "$TOOLS/A" root/bin/sh
	for command in status 'names arm' doctor 'inspect --survey root' 'inject --dry-run --platform arm root' 'run true' 'completion bash'; do
		# shellcheck disable=SC2086 # words
		expect_raw "$("$ANYARCH_STATIC" $command >/dev/null 2>&1; echo $?)" \
			prlimit --nofile=64 --stack=524288 "$ANYARCH_STATIC" $command
	done
	for limit in nofile=4 nofile=64; do
		survives_limit "--$limit"
	done
	expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
	expect_raw 0 ns prlimit --nofile=64 "$ANYARCH_STATIC" register --quiet all
}

@test "no file may grow (94)" {
	survives '0 1' without_growth register --quiet --emulator "arm=$TOOLS/B" arm
}

# without_growth ARGUMENT...: no regular file may be longer than it is. (What the program says goes through pipes.)
without_growth() {
	# shellcheck disable=SC2016
	ns bash -c 'set -o pipefail
		(trap "" XFSZ; ulimit -f 0; exec "$@" 3>&1 >&2 2>&3 3>&-) 2>/dev/null | cat >&2' bash "$ANYARCH_STATIC" "$@"
}

@test "no process can be started: told, nothing is lost" {
	survives '1' with_fault clone:error=EAGAIN clone3:error=EAGAIN fork:error=EAGAIN vfork:error=EAGAIN -- \
		register --quiet --emulator "arm=$TOOLS/B" arm
	was_injected
}

@test "no random bytes: told, nothing is lost" {
	survives '1' with_fault getrandom:error=ENOSYS -- register --quiet --emulator "arm=$TOOLS/B" arm
}

@test "calls that are interrupted are made again (93)" {
	survives 0 with_fault read:error=EINTR:when=5 write:error=EINTR:when=2 flock:error=EINTR:when=1 -- \
		register --quiet --emulator "arm=$TOOLS/B" arm
	same interpreter "$TOOLS/B" "$(handler_field qemu-arm interpreter)"
}

@test "the program may not be traced itself, nor trace (a container without ptrace)" {
	survives 0 with_fault_everywhere ptrace:error=EPERM -- register --quiet --emulator "arm=$TOOLS/B" arm
	same interpreter "$TOOLS/B" "$(handler_field qemu-arm interpreter)"
	expect 0 with_fault_everywhere ptrace:error=EPERM -- status --check arm
	expect 3 with_fault_everywhere ptrace:error=EPERM -- register --quiet --emulator "arm=$TOOLS/exec-loop" arm
	arm_works
}

@test "no memory files: another way, or told (116)" {
	local errno

	for errno in EACCES EPERM ENOSYS ENOMEM; do
		survives '0 1 4' with_fault "memfd_create:error=$errno" -- register --quiet --emulator "arm=$TOOLS/B" arm
		was_injected
	done
	expect 0 anyarch register --quiet --emulator "arm=$TOOLS/A" arm
	expect 0 with_fault memfd_create:error=EACCES -- register --quiet --emulator "arm=$TOOLS/B" arm
	same interpreter "$TOOLS/B" "$(handler_field qemu-arm interpreter)"
}

@test "vm.memfd_noexec=2: nothing changes for the user (116)" {
	local native

	[[ -e /proc/sys/vm/memfd_noexec ]] || need "Linux before 6.3"
	native=$(anyarch names --noheadings --output QEMU "$(uname -m)")
	# It belongs to the PID namespace.
	# shellcheck disable=SC2016
	expect 0 ns unshare --pid --fork --mount-proc sh -ec '
		mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
		echo 2 >/proc/sys/vm/memfd_noexec
		"$1" register --quiet --emulator "arm=$2" arm
		"$1" register --json --emulator "arm=$2" arm >"$3/second"
		"$1" status --json >"$3/status"
		"$1" register --dry-run all >"$3/all"
		"$1" register --argv0=off --quiet --emulator "arm=$2" arm' sh "$ANYARCH_STATIC" "$TOOLS/A" "$BATS_TEST_TMPDIR"
	arm_works
	jq -e '.handlers[0].result == "unchanged"' "$BATS_TEST_TMPDIR/second"
	jq -e --arg native "$native" '.platforms[] | select(.arch == $native) | .state == "native"' "$BATS_TEST_TMPDIR/status"
	jq -e '.platforms[] | select(.arch == "arm") | .state == "emulated"' "$BATS_TEST_TMPDIR/status"
	same 'what all means' "$(anyarch register --dry-run all)" "$(<"$BATS_TEST_TMPDIR/all")"
}

@test "no new mount namespace for the test programs: they run all the same, or it is told" {
	survives '0 1 4' with_fault_everywhere unshare:error=EPERM -- register --quiet --emulator "arm=$TOOLS/B" arm
	was_injected
	survives '0 1 4' with_fault_everywhere mount:error=EPERM -- register --quiet --emulator "arm=$TOOLS/B" arm
	survives '0 1 4' with_fault_everywhere chroot:error=EPERM -- register --quiet --emulator "arm=$TOOLS/B" arm
}

@test "mounting fails: the reason is told, status 4 (104, 105)" {
	ns umount "$BINFMT"
	expect 4 with_fault mount:error=ENODEV -- register arm
	hints modprobe
	expect 4 with_fault mount:error=EPERM -- register arm
	hints privileged
	expect 4 with_fault mount:error=EACCES -- register arm
	expect 1 with_fault mount:error=ENOMEM -- register arm
	refute grep -q ' - binfmt_misc ' "/proc/$NS_PID/mountinfo"
	# Somebody else was faster.
	ns mount -t binfmt_misc binfmt_misc "$BINFMT"
	expect 0 with_fault mount:error=EBUSY:when=1 -- register --emulator "arm=$TOOLS/A" arm
	arm_works
}

@test "pinning fails: refused with --lasting=pin, nothing is left" {
	local fault

	ns umount "$BINFMT"
	for fault in open_tree:error=ENOSYS open_tree:error=EPERM open_tree:error=EINVAL move_mount:error=ENOSYS \
		move_mount:error=EPERM fsmount:error=ENOSYS fsmount:error=EPERM chroot:error=EPERM; do
		expect_one_of '1 4' with_fault_everywhere "$fault" -- register --quiet --lasting=pin --emulator "arm=$TOOLS/A" arm
		was_injected
		refute arm_works
		refute grep -q ' - binfmt_misc ' "/proc/$NS_PID/mountinfo"
	done
}

@test "the old way to mount, where fsopen is missing: pinned all the same, or told" {
	ns umount "$BINFMT"
	expect_one_of '0 4' with_fault_everywhere fsopen:error=ENOSYS -- register --quiet --lasting=pin \
		--emulator "arm=$TOOLS/A" arm
	was_injected
	if [[ $status -eq 0 ]]; then
		arm_works
	else
		refute arm_works
	fi
	expect 0 anyarch register --quiet --lasting=pin --emulator "arm=$TOOLS/A" arm
	arm_works
}

@test "the process that pins is killed: told, the table is consistent" {
	ns umount "$BINFMT"
	expect_one_of '1 4' with_fault_everywhere open_tree:signal=KILL -- register --quiet --lasting=pin \
		--emulator "arm=$TOOLS/A" arm
	refute arm_works
}

@test "without /proc: told, no crash" {
	# shellcheck disable=SC2016
	expect_one_of '0 1 3 4' ns unshare --mount sh -c 'mount -t tmpfs tmpfs /proc && exec "$@"' sh "$ANYARCH_STATIC" register arm
	# shellcheck disable=SC2016
	expect_one_of '0 1 3 4' ns unshare --mount sh -c 'mount -t tmpfs tmpfs /proc && exec "$@"' sh "$ANYARCH_STATIC" status
}

@test "in an empty root directory: told, no crash" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	make_arm "$BATS_TEST_TMPDIR/arm"
	cp "$ANYARCH_STATIC" "$BATS_TEST_TMPDIR/empty/anyarch"
	expect_one_of '3 4' ns chroot "$BATS_TEST_TMPDIR/empty" /anyarch register arm
	expect 0 ns chroot "$BATS_TEST_TMPDIR/empty" /anyarch status --noheadings --columns STATE arm
	same state 'not tested' "$output"
	expect 0 ns chroot "$BATS_TEST_TMPDIR/empty" /anyarch status --json arm
	jq -e '.table.lasts == "unknown"' "$OUT"
	# What cannot be tried is not said to fail.
	expect_raw 0 ns chroot "$BATS_TEST_TMPDIR/empty" /anyarch doctor
	[[ $output == *$'note: arm was not tested: /proc is not mounted\n    mount -t proc proc /proc'* && $output != *'do not run'* && $output != *'foreign program runs'* ]]
	cp "$BATS_TEST_TMPDIR/arm" "$BATS_TEST_TMPDIR/empty/arm"
	# A file can be: what the kernel says needs no /proc.
	expect_raw 3 ns chroot "$BATS_TEST_TMPDIR/empty" /anyarch doctor /arm
	[[ $output == *"problem: /arm: the kernel refuses to start it: 'Exec format error'"* ]]
	[[ $output == *'note: /arm: whether arm programs run was not tested: /proc is not mounted'* ]]
	expect 0 ns chroot "$BATS_TEST_TMPDIR/empty" /anyarch names arm
}

@test "the disk fails while --persist writes: the old file, no other, a failure (88, 91, 92)" {
	local boot=$BATS_TEST_TMPDIR/boot conf=$BATS_TEST_TMPDIR/boot/etc/binfmt.d fault before

	mkdir -p "$boot/usr/bin" "$boot/etc"
	cp /usr/bin/qemu-arm-static "$boot/usr/bin/"
	expect 0 anyarch register --quiet --persist --root "$boot" arm
	before=$(<"$conf/qemu-arm.conf")
	for fault in fsync:error=EIO:when=1 fsync:error=ENOSPC:when=1 \
		rename:error=EXDEV,renameat:error=EXDEV,renameat2:error=EXDEV rename:error=EIO,renameat:error=EIO,renameat2:error=EIO; do
		status=0
		# shellcheck disable=SC2086
		with_fault ${fault//,/ } -- register --quiet --persist --credentials --root "$boot" arm 2>"$BATS_TEST_TMPDIR/err" || status=$?
		was_injected
		[[ $status -eq 1 ]]
		same "file after $fault" "$before" "$(<"$conf/qemu-arm.conf")"
		same "files after $fault" qemu-arm.conf "$(ls -A "$conf")"
		arm_works
	done
	expect 0 anyarch register --quiet --root "$boot" --credentials arm
	expect 1 without_growth register --quiet --no-verify --persist --root "$boot" --credentials arm
	same 'file' "$before" "$(<"$conf/qemu-arm.conf")"
	same files qemu-arm.conf "$(ls -A "$conf")"
}
