#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that a root file system is never left half changed: hostile paths, races, a disk that fails, a kill at any system
# call; and the proof that what is injected makes foreign programs run.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup_file() {
	make_emulators "$BATS_FILE_TMPDIR"
	gcc -O1 -o "$BATS_FILE_TMPDIR/racer" "$ANYARCH_SRC/tests/lib/racer.c"
	gcc -O1 -shared -fPIC -o "$BATS_FILE_TMPDIR/short-io.so" "$ANYARCH_SRC/tests/lib/short-io.c"
	gcc -O1 -shared -fPIC -o "$BATS_FILE_TMPDIR/failing-malloc.so" "$ANYARCH_SRC/tests/lib/failing-malloc.c"
}

setup() {
	need_commands gcc jq nsenter strace qemu-arm-static python3
	[[ -x $ANYARCH_STATIC ]] || need "no static program ($ANYARCH_STATIC)"
	TOOLS=$BATS_FILE_TMPDIR WITH=() IMMUTABLE=()
	ns_open
	make_tree
}

teardown() {
	[[ ${#IMMUTABLE[@]} -eq 0 ]] || chattr -i "${IMMUTABLE[@]}" 2>/dev/null || true
	ns_close
}

case_outside() { # LINK, "usr" or "usr/bin", and where it leads
	rm -r "${R:?}/$1"
	ln -s "$2" "$R/$1"
	age_tree
	contained '0 3'
	expect_one_of '0 3' inject --dry-run
	tree_is_back
}

@test "usr leads out of the root, by an absolute link (31)" {
	everywhere case_outside_absolute
}

case_outside_absolute() {
	case_outside usr "$CANARY"
	case_outside_inside
}

# The same link, and the place that it means is there inside the root.
case_outside_inside() {
	mkdir -p "$R$CANARY/bin"
	age_tree
	expect 0 inject
	is_injected "$R$CANARY/bin/$NAME"
	canary_is_whole
	expect 0 eject
	tree_is_back
}

@test "usr leads out of the root, by a relative link (32)" {
	everywhere case_outside usr ../../canary
	everywhere case_outside usr ../canary
	everywhere case_outside usr/bin ../../../../../../../../../../../../../../../../tmp
}

@test "usr/bin leads through /proc/self/root (33)" {
	everywhere case_proc
}

case_proc() {
	case_outside usr/bin "/proc/self/root$CANARY"
	mkdir "$R/proc"
	age_tree
	ns mount --rbind /proc "$R/proc"
	TREE=$(tree_of "$R/usr")
	expect_one_of '0 3' inject
	canary_is_whole
	rm -f "$R/usr/bin"
	# The kernel may forbid to look at the link.
	ln -s "/proc/$$/cwd" "$R/usr/bin"
	expect_one_of '0 3 4' inject
	ns umount -l "$R/proc"
	canary_is_whole
}

@test "loops of links are refused (34)" {
	everywhere case_outside usr/bin bin
	everywhere case_loop
	says 'Too many levels of symbolic links'
}

case_loop() {
	rm -r "${R:?}/usr/bin"
	ln -s ../a "$R/usr/bin"
	ln -s b "$R/a"
	ln -s a "$R/b"
	age_tree
	contained 3
}

@test "the last name is a link: what it leads to is not touched, eject brings the link back (35, 37)" {
	everywhere case_last_link
}

case_last_link() {
	local to

	for to in "$CANARY/secret" ../../../canary/secret /etc/passwd /nowhere ../lib "$CANARY"; do
		ln -sfn "$to" "$R$AT"
		age_tree
		contained '0 3'
		same link "$to" "$(readlink "$R$AT")"
	done
	refute test -e "$R/nowhere"
}

@test "a directory, FIFO, device or socket in its place is refused (36)" {
	everywhere case_unfit
}

case_unfit() {
	mkdir "$R$AT"
	age_tree
	contained 3
	rmdir "$R$AT"
	mkfifo "$R$AT"
	age_tree
	contained 3
	rm "$R$AT"
	python3 -c 'import socket, sys, os; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind(sys.argv[2])' "$R/usr/bin" "$NAME"
	age_tree
	contained 3
	rm "$R$AT"
	: >"$R$AT"
	age_tree
	ns mount --bind /dev/null "$R$AT"
	contained 3
	ns umount "$R$AT"
	tree_is_back
}

@test "a hard link of another file: that one stays as it is (36)" {
	everywhere case_hard_link
}

case_hard_link() {
	ln "$CANARY/secret" "$R$AT"
	age_tree
	CANARY_WAS=$(tree_of "$CANARY")
	expect 0 inject
	is_injected "$R$AT"
	same secret 'not yours' "$(<"$CANARY/secret")"
	expect 0 eject
	tree_is_back
	canary_is_whole
}

@test "directories that are dangling links: nothing is made outside (37)" {
	everywhere case_outside usr/bin /nowhere/bin
	everywhere case_outside usr /nowhere
	everywhere case_outside usr/bin "$BATS_TEST_TMPDIR/tree/canary/new"
}

@test "40 links lead there, 41 do not (38)" {
	everywhere case_many_links
}

case_many_links() {
	local i

	mv "$R/usr/bin" "$R/real"
	ln -s "/links/40" "$R/usr/bin"
	mkdir "$R/links"
	ln -s /real "$R/links/2"
	for ((i = 3; i <= 41; i++)); do
		ln -s $((i - 1)) "$R/links/$i"
	done
	age_tree
	contained 0
	ln -sfn /links/41 "$R/usr/bin"
	age_tree
	contained 3
}

@test "symlinked directories that stay inside are followed" {
	everywhere case_merged
}

case_merged() {
	mv "$R/usr/bin" "$R/real"
	ln -s /real "$R/usr/bin"
	rm -r "${R:?}/bin"
	ln -s usr/bin "$R/bin"
	make_arm "$R/real/sh"
	age_tree
	expect 0 inject
	is_injected "$R/real/$NAME"
	expect 0 eject
	tree_is_back
	ln -sfn ../../../../../../../real/../real/. "$R/usr/bin"
	age_tree
	contained 0
}

@test "a read-only file system: nothing changes (41)" {
	everywhere case_read_only
}

case_read_only() {
	local at

	ns mount --bind "$R" "$R"
	ns mount -o remount,bind,ro "$R"
	for at in "$AT" /new/dir/q; do
		expect_one_of '1 4' inject --at "$at"
		says 'Read-only'
	done
	ns umount "$R"
	tree_is_back
	expect 0 inject
	TREE=$(tree_of "$R")
	ns mount --bind "$R" "$R"
	ns mount -o remount,bind,ro "$R"
	expect 0 inject
	expect_one_of '1 4' eject
	ns umount "$R"
	tree_is_back
}

@test "inject follows a mount inside the tree, eject crosses none (43)" {
	everywhere case_mount
}

case_mount() {
	ns mount -t tmpfs tmpfs "$R/usr/bin"
	expect 0 inject
	ns test -x "$R$AT"
	ns mount -t tmpfs tmpfs "$R/usr/lib"
	expect 0 eject
	ns test -x "$R$AT"
	ns umount "$R/usr/bin" "$R/usr/lib"
	tree_is_back
}

@test "long names and names that are no UTF-8 (44)" {
	everywhere case_names
}

case_names() {
	local long odd at='' i

	printf -v long '%0235d' 0
	expect 0 inject --at "/usr/bin/$long"
	is_injected "$R/usr/bin/$long"
	expect 0 eject
	tree_is_back
	expect_one_of '2 3' inject --at "/usr/bin/${long}0123456789012345678901234567890"
	tree_is_back
	for ((i = 0; i < 16; i++)); do
		at+=/$long
	done
	expect 0 inject --at "$at"
	expect 0 eject --at "$at"
	tree_is_back
	for ((i = 0; i < 16; i++)); do
		at+=/$long
	done
	expect_one_of '2 3' inject --at "$at"
	at=''
	for ((i = 0; i < 70; i++)); do
		at+=/d
	done
	expect_one_of '0 3' inject --at "$at"
	[[ $status -ne 0 ]] || expect 0 eject --at "$at"
	tree_is_back
	odd=$W/$'odd \xff\xfe\nroot'
	cp -a "$R" "$odd"
	expect 0 program inject --emulator "$TOOLS/A" --at $'/usr/bin/\xff\t%s' "$odd"
	is_injected "$odd/usr/bin/"$'\xff\t%s'
	[[ $(wc -l <"$OUT") -eq 1 ]]
	refute grep -q $'[\x01-\x08\x0b-\x1f]' "$OUT"
	expect 0 program inject --json --emulator "$TOOLS/A" --at $'/usr/bin/\xff\t%s' "$odd"
	jq -e '.[0].result == "unchanged" and (.[0].target | type) == "string" and (.[0].path | type) == "string"' "$OUT"
	expect 0 program eject "$odd"
	same tree "$TREE" "$(tree_of "$odd")"
}

@test "missing directories are made, and go again (46)" {
	everywhere case_missing
}

case_missing() {
	rm -r "${R:?}/usr"
	age_tree
	expect 0 inject
	is_injected "$R$AT"
	same modes '755 755' "$(stat -c %a "$R/usr" "$R/usr/bin" | paste -s -d ' ')"
	expect 0 eject
	tree_is_back
}

@test "a record that says too much takes nothing outside, and no directory that holds something" {
	everywhere case_hostile_record
}

case_hostile_record() {
	local inside

	expect 0 inject
	record 0 64 0 0 >"$R/usr/bin/.$NAME.anyarch"
	inside=$(files_of "$R" | grep -v "$NAME\|^./usr/bin\$")
	expect 0 eject
	canary_is_whole
	same files "$inside" "$(files_of "$R")"
	# A root in which nothing but the file is: the root itself, and what is above it, stays.
	rm -r "$R"
	mkdir -p "$R/usr/bin"
	cp "$TOOLS/A" "$R$AT"
	record 0 64 >"$R/usr/bin/.$NAME.anyarch"
	expect 0 eject
	canary_is_whole
	[[ -d $R ]]
	same files '' "$(files_of "$R")"
}

@test "a record beside a link that leads outside takes nothing there" {
	everywhere case_record_outside
}

case_record_outside() {
	printf 'anyarch-inject 1\ndigest sha256:%s\nalso -\nbackup 1\nmade 64\ntime 0 0\n' \
		"$(sha256sum <"$CANARY/bin/$NAME" | cut -d ' ' -f 1)" >"$CANARY/bin/.$NAME.anyarch"
	# shellcheck disable=SC2034 # for the library
	CANARY_WAS=$(tree_of "$CANARY")
	rm -r "${R:?}/usr/bin"
	ln -s "$CANARY/bin" "$R/usr/bin"
	expect_one_of '0 3' eject
	canary_is_whole
	ln -sfn ../../canary/bin "$R/usr/bin"
	expect_one_of '0 3' eject
	expect_one_of '0 3' eject --at "/../canary/bin/$NAME"
	expect_one_of '0 3' eject --at "/usr/bin/../../../canary/bin/$NAME"
	canary_is_whole
}

@test "a sandbox that forbids openat2: another way, which stays inside as well (45)" {
	# shellcheck disable=SC2034 # for the library
	SANDBOX=EPERM
	everywhere case_outside_absolute
	everywhere case_last_link
	everywhere case_merged
	everywhere case_many_links
	everywhere case_missing
}

@test "immutable files and directories: nothing changes (42)" {
	need_commands chattr
	need_root
	IMMUTABLE=("$R/usr/bin" "$R$AT")
	chattr +i "$R/usr/bin" 2>/dev/null || need "no immutable files in $R"
	expect_one_of '1 4' inject
	expect_one_of '1 4' inject --at /usr/bin/new/dir/q
	chattr -i "$R/usr/bin"
	tree_is_back
	echo old >"$R$AT"
	age_tree
	chattr +i "$R$AT"
	expect_one_of '1 4' inject
	chattr -i "$R$AT"
	content_is_back
	expect 0 inject
	chattr +i "$R$AT"
	expect_one_of '1 4' eject
	chattr -i "$R$AT"
	is_injected "$R$AT"
	expect 0 eject
	same old old "$(<"$R$AT")"
}

# content_is_back: the tree but for the times of directories, which a file that came and went leaves behind, and of
# records, which are written back.
content_is_back() {
	same content "$(content_of <<<"$TREE")" "$(tree_of "$R" | content_of)"
}

content_of() {
	sed -e 's|^\(.*/ [0-9]* [0-9]*:[0-9]*\) [0-9.]*$|\1|' -e 's|^\(.*\.anyarch f [0-9]* [0-9]*:[0-9]* [0-9]*\) [0-9.]*|\1|'
}

# race_for SECONDS: inject and eject again and again against two who swap directories and links.
race_for() {
	local racer i swaps events end=$((SECONDS + $1)) n=0 statuses=(0 0 0 0)

	"$TOOLS/racer" "$1" "$R" "$CANARY" "$NAME" >"$W/racers" 3>&- &
	racer=$!
	while ((SECONDS < end)); do
		for i in inject eject; do
			expect_one_of '0 1 3' "$i" --quiet
			n=$((n + 1)) statuses[status]=$((statuses[status] + 1))
			[[ $status -eq 0 ]] || sed 's/.*: //' "$ERR" >>"$W/reasons"
		done
	done
	wait "$racer"
	printf '%d commands: %d done, %d refused, %d failed\n' "$n" "${statuses[0]}" "${statuses[3]}" "${statuses[1]}"
	sort "$W/reasons" | uniq -c
	[[ $(wc -l <"$W/racers") -eq 2 ]]
	while read -r swaps events; do
		printf 'racer: %d swaps, %d events outside\n' "$swaps" "$events"
		[[ $swaps -gt 1000 && $events -eq 0 ]]
	done <"$W/racers"
	canary_is_whole
	[[ $n -gt 20 && ${statuses[0]} -gt 0 ]]
	same 'temporary files' '' "$(files_of "$R" | grep -F '.anyarch-new
.tmp')"
}

@test "a racing thread swaps directories for links for 10 seconds: nothing outside is written (39)" {
	race_for 10
}

@test "the same without openat2 (39, 45)" {
	# shellcheck disable=SC2034 # for the library
	WITH=("$TOOLS/deny" ENOSYS openat2)
	race_for 10
}

# small OPTIONS: $R is on a small tmpfs in the namespace, and seen by the test, too.
small() {
	rm -rf "$R"
	mkdir "$R"
	ns mount -t tmpfs -o "$1" tmpfs "$R"
	INSIDE=$R
	R=/proc/$NS_PID/root$R
	mkdir -p "$R/usr/bin" "$R/bin" "$R/etc"
	make_arm "$R/bin/sh"
	[[ -z ${2-} ]] || echo old >"$R$AT"
	find "$R" -depth -exec touch -h -d '@1500000000.123456789' {} +
	TREE=$(tree_of "$R")
}

@test "no space for the emulator: 1, nothing is left, what was there stays (87)" {
	local old

	for old in '' old; do
		make_tree
		small size=1m "$old"
		head -c 760000 /dev/zero >"$R/etc/fill"
		TREE=$(tree_of "$R")
		expect 1 anyarch inject --emulator "$TOOLS/A" "$INSIDE"
		says 'No space left'
		content_is_back
		expect 1 anyarch inject --emulator "$TOOLS/A" --at /opt/no/dir/q "$INSIDE"
		content_is_back
		rm "$R/etc/fill"
		touch -d '@1500000000.123456789' "$R/etc"
		TREE=$(tree_of "$R")
		expect 0 anyarch inject --emulator "$TOOLS/A" "$INSIDE"
		expect 0 anyarch eject "$INSIDE"
		tree_is_back
		ns umount "$INSIDE"
	done
}

@test "no inodes: 1, no directory that was there goes, none that was made stays (89)" {
	local n used at failed=0

	for at in "$AT" /usr/x/y/z/q /opt/x/q; do
		make_tree
		small size=4m
		rmdir "$R/usr/bin"
		mkdir "$R/usr/bin"
		find "$R" -depth -exec touch -h -d '@1500000000.123456789' {} +
		TREE=$(tree_of "$R")
		used=$(find "$R" | wc -l)
		for ((n = used; n < used + 9; n++)); do
			ns mount -o "remount,nr_inodes=$n" "$INSIDE"
			expect_one_of '0 1' anyarch inject --emulator "$TOOLS/A" --at "$at" "$INSIDE"
			if [[ $status -eq 0 ]]; then
				expect 0 anyarch eject --at "$at" "$INSIDE"
			else
				failed=$((failed + 1))
			fi
			content_is_back
		done
		ns umount "$INSIDE"
	done
	[[ $failed -ge 6 ]]
}

@test "directories that were there, though empty, stay when others cannot be made (46, 89)" {
	small size=4m
	rmdir "$R/usr/bin"
	find "$R" -depth -exec touch -h -d '@1500000000.123456789' {} +
	TREE=$(tree_of "$R")
	ns mount -o "remount,nr_inodes=$(($(find "$R" | wc -l) + 2))" "$INSIDE"
	expect 1 anyarch inject --emulator "$TOOLS/A" --at /usr/x/y/z/q "$INSIDE"
	content_is_back
}

@test "no file may grow: 1, nothing is left (94)" {
	local size old

	for old in '' old; do
		for size in 0 1 100 292; do
			make_tree
			[[ -z $old ]] || echo old >"$R$AT"
			age_tree
			expect_one_of '0 1' limited "$size" inject --emulator "$TOOLS/A" "$R"
			if [[ $status -eq 1 ]]; then
				content_is_back
			else
				[[ $size -gt 290 ]]
			fi
			expect 0 eject
			content_is_back
		done
	done
}

# limited KIB ARGUMENT...: no file may be longer. (What the program says goes through pipes.)
limited() {
	# shellcheck disable=SC2016
	ns bash -c 'set -o pipefail; size=$1; shift
		(ulimit -f "$size"; exec "$@" 3>&1 >&2 2>&3 3>&-) 2>/dev/null | cat >&2' bash "$1" "$ANYARCH_STATIC" "${@:2}"
}

@test "little address space (94)" {
	local size

	for size in 2 4 6 8 12 16 32; do
		status=0
		ns prlimit "--as=$((size * 1024 * 1024))" "$ANYARCH_STATIC" inject --emulator "$TOOLS/A" "$R" >/dev/null 2>&1 3>&- || status=$?
		printf '%d MiB: %d\n' "$size" "$status"
		[[ " 0 1 3 126 127 137 139 " == *" $status "* ]]
		[[ $status -ne 0 ]] || expect 0 eject
		content_is_back
	done
	same status 0 "$status"
}

@test "no memory at any allocation: all or nothing (94)" {
	local n allocations old

	expect_raw 0 ns env FAIL_AT=0 FAIL_COUNT=1 LD_PRELOAD="$TOOLS/failing-malloc.so" "$ANYARCH" inject --emulator "$TOOLS/A" "$R"
	allocations=$(tail -n 1 "$ERR")
	[[ $allocations -gt 0 ]]
	for old in '' old; do
		make_tree
		[[ -z $old ]] || echo old >"$R$AT"
		age_tree
		for ((n = 1; n <= allocations; n += 3)); do
			expect_one_of '0 1' ns env FAIL_AT="$n" LD_PRELOAD="$TOOLS/failing-malloc.so" "$ANYARCH" inject --emulator "$TOOLS/A" "$R"
			if [[ $status -eq 0 ]]; then
				is_injected "$R$AT"
				expect_one_of '0 1' ns env FAIL_AT="$n" LD_PRELOAD="$TOOLS/failing-malloc.so" "$ANYARCH" eject "$R"
				[[ $status -eq 0 ]] || expect 0 eject
			else
				# Whatever it had done by then is taken back as after a kill.
				[[ $stderr != *'out of memory'* ]] || expect 0 eject
			fi
			content_is_back
		done
	done
	printf '%d allocations\n' "$allocations"
}

@test "few bytes at a time, and calls that are interrupted (93)" {
	rm -r "${R:?}/usr"
	age_tree
	expect 0 ns env LD_PRELOAD="$TOOLS/short-io.so" "$ANYARCH" inject --emulator "$TOOLS/A" "$R"
	is_injected "$R$AT"
	expect 0 ns env LD_PRELOAD="$TOOLS/short-io.so" "$ANYARCH" inject --emulator "$TOOLS/A" "$R"
	[[ $output == *unchanged* ]]
	expect 0 ns env LD_PRELOAD="$TOOLS/short-io.so" "$ANYARCH" eject "$R"
	tree_is_back
	# No clone and no copy in the kernel: to another file system, and where they are forbidden.
	expect 0 ns env LD_PRELOAD="$TOOLS/short-io.so" "$TOOLS/deny" ENOSYS copy_file_range "$ANYARCH" inject --emulator "$TOOLS/A" "$R"
	is_injected "$R$AT"
	expect 0 eject
	small size=4m
	expect 0 ns env LD_PRELOAD="$TOOLS/short-io.so" "$ANYARCH" inject --emulator "$TOOLS/A" "$INSIDE"
	is_injected "$R$AT"
	expect 0 anyarch eject "$INSIDE"
	tree_is_back
}

# each_call killed SCENARIO, or failing SCENARIO ERROR: at every system call, as tests/lib/faults.py has it.
each_call() {
	make_tree
	export W TOOLS
	ns python3 -B "$ANYARCH_SRC/tests/lib/faults.py" "$@" 3>&-
	canary_is_whole
}

@test "killed at every system call of inject: old or new, a rerun cleans up (95)" {
	each_call killed fresh
}

@test "killed at every system call of inject over another file (95)" {
	each_call killed old
}

@test "killed at every system call of inject over our older one (95)" {
	each_call killed update
}

@test "killed at every system call of inject where directories are missing (95)" {
	each_call killed dirs
}

@test "killed at every system call of eject: a rerun goes on (95)" {
	each_call killed eject-dirs
	each_call killed eject-old
}

@test "any one system call of inject fails where directories are missing: told, and nothing is changed (90, 91, 92)" {
	each_call failing dirs EIO
}

@test "any one system call of inject over another file fails: told, and nothing is changed (90, 91, 92)" {
	each_call failing old EIO
}

@test "any one system call of inject over our older one fails (91)" {
	each_call failing update EDQUOT
}

@test "any one system call of eject fails: told, and a rerun goes on (91)" {
	each_call failing eject-dirs EIO
	each_call failing eject-old EIO
}

# inject_fault FAULT: sets status, of COMMAND with that fault.
inject_fault() {
	status=0
	ns strace -qq -e signal=none -o "$W/trace" -e "inject=$1" "$ANYARCH_STATIC" "${COMMAND[@]}" >/dev/null 2>&1 3>&- || status=$?
}

@test "write errors, quota, other file systems: 1, and what was there stays (90, 91, 92)" {
	local fault old

	for old in '' old; do
		make_tree
		[[ -z $old ]] || echo old >"$R$AT"
		age_tree
		COMMAND=(inject --emulator "$TOOLS/A" "$R")
		for fault in copy_file_range:error=EIO copy_file_range:error=ENOSPC copy_file_range:error=EDQUOT fsync:error=EIO \
			fsync:error=EDQUOT:when=1 fsync:error=EIO:when=2 renameat:error=EXDEV renameat:error=EIO:when=1 \
			renameat:error=EIO:when=2 fchmod:error=EPERM utimensat:error=EIO; do
			inject_fault "$fault"
			grep -q INJECTED "$W/trace"
			[[ $status -eq 1 ]] || {
				printf '%s: status %d\n' "$fault" "$status"
				return 1
			}
			content_is_back
		done
	done
}

# The name in Debian, QEMU's, and what uname says.
PROOFS='armhf arm armv7l
armel arm armv7l
arm64 aarch64 aarch64
ppc64el ppc64le ppc64le
s390x s390x s390x
riscv64 riscv64 riscv64
mips64el mips64el mips64'

# busybox ARCHITECTURE: the path of Debian's static one.
busybox() (
	# shellcheck source=tools/lib.sh
	. "$ANYARCH_SRC/tools/lib.sh"
	# shellcheck source=tools/fetch.sh
	. "$ANYARCH_SRC/tools/fetch.sh"
	fetch_busybox "$1"
)

@test "chroot ROOT uname fails with a handler that is not fixed, and works after inject" {
	local debian qemu machine file rule got n=0

	while read -r debian qemu machine; do
		file=$(busybox "$debian")
		rm -rf "$R"
		mkdir -p "$R/bin"
		cp "$file" "$R/bin/busybox"
		ln -s busybox "$R/bin/uname"
		age_tree
		rule=$(anyarch register --dry-run --no-verify --argv0=off "$qemu")
		[[ $rule == :*:F ]]
		table_write "${rule%F}"
		got=0
		ns chroot "$R" /bin/busybox uname -m >/dev/null 2>&1 3>&- || got=$?
		[[ $got -eq 126 || $got -eq 127 ]]
		expect 0 anyarch inject "$R"
		[[ $output == *"injected /usr/bin/qemu-$qemu-static" ]]
		same "$debian" "$machine" "$(ns chroot "$R" /bin/busybox uname -m)"
		same "$debian" "$machine" "$(ns chroot "$R" /bin/uname -m)"
		expect 0 anyarch inject "$R"
		[[ $output == *unchanged* ]]
		expect 0 anyarch eject "$R"
		tree_is_back
		got=0
		ns chroot "$R" /bin/busybox uname -m >/dev/null 2>&1 3>&- || got=$?
		[[ $got -eq 126 || $got -eq 127 ]]
		# With a fixed one it works without.
		echo -1 >"$TABLE/status"
		table_write "$rule"
		same "$debian" "$machine" "$(ns chroot "$R" /bin/busybox uname -m)"
		echo -1 >"$TABLE/status"
		n=$((n + 1))
	done <<<"$PROOFS"
	[[ $n -eq 7 ]]
}
