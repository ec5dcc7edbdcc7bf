#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that run gives a command foreign programs and root file systems, as root and as an ordinary user, and that nothing of
# it is on the machine, while it runs or afterwards.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/load.bash
source "$BATS_TEST_DIRNAME/../lib/load.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/run.bash
source "$BATS_TEST_DIRNAME/../lib/run.bash"

setup_file() {
	open_public
	make_arm "$PUBLIC/arm"
	cp "$(busybox)" "$PUBLIC/busybox"
	gcc -O1 -o "$PUBLIC/deny" "$ANYARCH_SRC/tests/lib/deny.c"
}

teardown_file() {
	rm -rf -- "$PUBLIC"
}

setup() {
	local why

	need_commands gcc qemu-arm-static setpriv unshare strace arch-test
	why=$(ns_possible) || need "$why"
	RUN=$PUBLIC/anyarch
	OTHERS=()
	MACHINE=$(machine)
}

teardown() {
	local status_of=0

	[[ ${#OTHERS[@]} -eq 0 ]] || kill -KILL "${OTHERS[@]}" 2>/dev/null || true
	same 'mounts and handlers of the machine' "$MACHINE" "$(machine)" || status_of=1
	chmod -R u+rwX "$PUBLIC/w" 2>/dev/null || true
	rm -rf -- "$PUBLIC/w"
	return "$status_of"
}

# small_root: $R is a root file system of ARM's busybox where everybody may look, $CANARY beside it.
small_root() {
	local file

	BATS_TEST_TMPDIR=$PUBLIC/w make_tree
	install -m 0755 "$PUBLIC/busybox" "$R/bin/busybox"
	# By path: the shell of a busybox would otherwise look for programs in itself, that is in the emulator.
	rm "$R/bin/sh"
	for file in sh cat id uname sleep setsid head ls chown; do
		ln -s busybox "$R/bin/$file"
	done
	mkdir "$R/dev" "$R/proc" "$R/sys" "$R/tmp"
	chmod 1777 "$R/tmp"
	echo 'nameserver 192.0.2.1' >"$R/etc/resolv.conf"
	if [[ $EUID -eq 0 && ${#AS[@]} -gt 0 ]]; then
		chown -hR "$USER_ID:$USER_ID" "$W"
	fi
	age_tree
	# shellcheck disable=SC2034 # for the library
	CANARY_WAS=$(tree_of "$CANARY")
}

# in_root STATUS ARGUMENT...
in_root() {
	expect_raw "$1" "${AS[@]}" "$RUN" run --root "$R" "${@:2}"
}

case_foreign() {
	expect_raw 3 "${AS[@]}" "$RUN" run -- "$PUBLIC/arm" - -
	same output "$PUBLIC/arm" "$output"
	expect_raw 3 "${AS[@]}" "$RUN" run "$PUBLIC/arm" - -
	expect_raw 3 "${AS[@]}" "$RUN" run --platform linux/arm/v7 -- "$PUBLIC/arm" - -
	same stderr '' "$stderr"
	# The name that the caller gives it, as with register: flag P.
	# shellcheck disable=SC2016
	expect_raw 3 "${AS[@]}" "$RUN" run -- bash -c 'exec -a other "$1" - -' bash "$PUBLIC/arm"
	same name other "$output"
}

@test "a foreign program runs, as root and as anybody" {
	each_user case_foreign
}

@test "the static program does the same, also for a user that the machine does not know" {
	[[ -x $PUBLIC/anyarch-static ]] || need "no static program ($ANYARCH_STATIC)"
	RUN=$PUBLIC/anyarch-static
	each_user case_foreign
}

@test "without it the foreign program does not run, before or after" {
	local got=0

	"$PUBLIC/arm" - - >/dev/null 2>&1 || got=$?
	[[ $got -ne 3 ]] || need "this machine has a handler for ARM already"
	expect_raw 3 ordinary "$RUN" run -- "$PUBLIC/arm" - -
	got=0
	"$PUBLIC/arm" - - >/dev/null 2>&1 || got=$?
	[[ $got -eq 126 ]]
}

case_status() {
	local n

	for n in 0 1 4 125 255; do
		expect_raw "$n" "${AS[@]}" "$RUN" run -- sh -c "exit $n"
	done
	expect_raw 127 "${AS[@]}" "$RUN" run -- /no/such/program
	is_well_told 127
	expect_raw 127 "${AS[@]}" env PATH=/usr/bin:/bin "$RUN" run -- no-such-program
	expect_raw 126 "${AS[@]}" "$RUN" run -- /etc/passwd
	is_well_told 126
	expect_raw 126 "${AS[@]}" "$RUN" run -- /etc
	for n in TERM INT KILL USR1 SEGV; do
		# shellcheck disable=SC2016
		expect_raw $((128 + $(kill -l "$n"))) "${AS[@]}" "$RUN" run -- sh -c 'ulimit -c 0; kill -"$0" $$' "$n"
	done
}

@test "the exit status and a signal's end pass through" {
	each_user case_status
}

case_shell() {
	small_root
	# shellcheck disable=SC2016 # the inner shell expands
	in_root 7 < <(printf 'echo "$0"\nexit 7\n')
	same shell /bin/sh "$output"
	printf '%s\n' odd:x other:x:1:1::/:/bin/false root:x:0:0::/:/nowhere >"$R/etc/passwd"
	in_root 7 < <(printf 'exit 7\n')
	printf '%s\n' other:x:1:1::/:/bin/false root:x:0:0::/:/bin/id >"$R/etc/passwd"
	in_root 0
	same 'shell of the user' 'uid=0' "${output%%[( ]*}"
}

@test "--root without a command starts the shell that the root has for the user" {
	each_user case_shell
}

@test "no emulator, or not the one: 126 and what to install or specify, never the words of a shell" {
	# shellcheck disable=SC2016
	local words nobody=(unshare --user --map-root-user --mount sh -ec 'mount -t binfmt_misc none "$0"; exec "$@"' "$BINFMT")

	small_root
	mkdir "$PUBLIC/none"
	printf '#!/bin/sh\n' >"$R/bin/script"
	chmod 0755 "$R/bin/script"
	for words in "--root $R" "--root $R uname" "--root $R script" "-- $PUBLIC/arm"; do
		# shellcheck disable=SC2086 # words
		expect 126 "${nobody[@]}" "$RUN" run --emulator-dir "$PUBLIC/none" $words
		same errors 1 "$(error_lines)"
		says ': no static emulator found for arm'
		hints 'qemu-user'
		# shellcheck disable=SC2086
		expect 126 "${nobody[@]}" "$RUN" run --platform arm64 $words
		hints '--platform arm'
	done
}

@test "an emulator that cannot be used is named, outside and inside a root, with /proc and without" {
	# shellcheck disable=SC2016
	local words nobody=(unshare --user --map-root-user --mount sh -ec 'mount -t binfmt_misc none "$0"; exec "$@"' "$BINFMT")

	small_root
	rmdir "$R/proc"
	mkdir "$PUBLIC/bad"
	cp "$(type -P qemu-arm-static)" "$PUBLIC/bad/"
	chmod 4755 "$PUBLIC/bad/qemu-arm-static"
	for words in "--root $R" "--root $R uname" "-- $PUBLIC/arm"; do
		# shellcheck disable=SC2086 # words
		expect 126 "${nobody[@]}" "$RUN" run --emulator-dir "$PUBLIC/bad" $words
		same errors 1 "$(error_lines)"
		says "$PUBLIC/bad/qemu-arm-static: set-user-ID"
	done
}

@test "usage and failures of its own: 125, told" {
	expect 125 "$RUN" run
	expect 125 "$RUN" run --
	expect 125 "$RUN" run --no-such-option true
	expect 125 "$RUN" run --root
	expect 125 "$RUN" run --bind /etc:/mnt -- true
	expect 125 "$RUN" run --root "$PUBLIC/nowhere" -- true
	expect 125 "$RUN" run --root "$PUBLIC/arm" -- true
	expect 125 "$RUN" run --user root -- true
	expect 125 "$RUN" run --env NOTHING -- true
	expect 125 "$RUN" run --workdir /no/such/dir -- true
	expect_one_of '3 125' "$RUN" run --platform armm -- true
	expect_raw 0 "$RUN" run --help
}

@test "signals reach the command; input, output and arguments pass through" {
	local got=0

	# shellcheck disable=SC2016
	"$RUN" run -- bash -c 'trap "exit 42" TERM; echo ready; while :; do sleep 0.05; done' >"$BATS_TEST_TMPDIR/fifo" 3>&- &
	OTHERS=($!)
	eventually 30 grep -q ready "$BATS_TEST_TMPDIR/fifo"
	kill -TERM "${OTHERS[0]}"
	wait "${OTHERS[0]}" || got=$?
	OTHERS=()
	[[ $got -eq 42 ]]
	same input hello "$(echo hello | "$RUN" run -- cat)"
	same words $'--root\n\n a b' "$("$RUN" run -- printf '%s\n' --root '' ' a b')"
	# shellcheck disable=SC2016
	same variable kept "$(ANYARCH_X=kept "$RUN" run -- sh -c 'echo $ANYARCH_X')"
	# Not one descriptor more than there was.
	same descriptors "$(sh -c 'ls /proc/self/fd | wc -l' 3>&-)" "$("$RUN" run -- sh -c 'ls /proc/self/fd | wc -l' 3>&-)"
}

case_nested() {
	expect_raw 3 "${AS[@]}" "$RUN" run -- unshare --user --map-root-user "$PUBLIC/arm" - -
	expect_raw 3 "${AS[@]}" "$RUN" run -- unshare --user --map-root-user --mount --pid --fork "$PUBLIC/arm" - -
	expect_raw 3 "${AS[@]}" "$RUN" run -- "$RUN" run -- "$PUBLIC/arm" - -
}

@test "namespaces inside inherit the handlers" {
	each_user case_nested
}

case_arch_test() {
	local one

	for one in armhf arm64 riscv64 s390x ppc64el mips64el; do
		expect_raw 0 "${AS[@]}" "$RUN" run -- arch-test "$one"
	done
	# Handlers for what is asked, and no others.
	expect_raw 0 "${AS[@]}" "$RUN" run --platform arm64 -- arch-test arm64
	if ! arch-test s390x >/dev/null 2>&1; then
		expect_raw 1 "${AS[@]}" "$RUN" run --platform arm64 -- arch-test s390x
	fi
}

@test "arch-test agrees inside" {
	each_user case_arch_test
}

case_root() {
	small_root
	in_root 0 -- /bin/uname -m
	same machine armv7l "$output"
	# shellcheck disable=SC2016
	in_root 0 -- /bin/sh -ec 'test "$(pwd)" = /; test "$(/bin/id -u)" = 0; test -c /dev/null; echo x >/dev/null
		/bin/head -c 4 /dev/urandom >/dev/null; test -r /proc/self/status; test -d /sys/kernel
		echo x >/tmp/here; test -w /dev/shm; test -h /dev/stdin; test -h /dev/fd; test ! -e /usr/bin/gcc
		/bin/ls /proc/self/fd >/dev/null'
	tree_is_back
	canary_is_whole
}

@test "inside a root: /proc, /sys, /dev, an empty /tmp, and nothing of it stays" {
	each_user case_root
}

case_read_only() {
	small_root
	in_root 0 -- /bin/cat /proc/self/mountinfo
	same 'writable below /sys' '' "$(awk '$5 ~ /^\/sys(\/|$)/ && $6 !~ /^ro(,|$)/ { print $5 }' "$OUT")"
	# The file of the machine is lent for reading.
	same 'writable resolv.conf' '' "$(awk '$5 == "/etc/resolv.conf" && $6 !~ /^ro(,|$)/ { print $5 }' "$OUT")"
	grep -q ' /etc/resolv.conf ' "$OUT" || [[ ! -e /etc/resolv.conf ]]
}

@test "/sys with all below it and resolv.conf are read-only" {
	each_user case_read_only
}

case_options() {
	small_root
	mkdir "$W/lent" "$R/mnt"
	chmod 0777 "$W/lent"
	echo lent >"$W/lent/file"
	# shellcheck disable=SC2016
	in_root 0 --bind "$W/lent:/mnt" --workdir /mnt --env A=1 --env 'B=two words' --env A=3 -- /bin/sh -c \
		'/bin/cat file; pwd; echo "$A $B"; echo back >/mnt/new'
	same output $'lent\n/mnt\n3 two words' "$output"
	same file back "$(<"$W/lent/new")"
	in_root 0 --bind "$W/lent/file:/etc/resolv.conf" -- /bin/cat /etc/resolv.conf
	same bound lent "$output"
	in_root 125 --bind "$W/lent:/no/such/place" -- /bin/sh -c :
	in_root 125 --bind "$W/lent" -- /bin/sh -c :
	in_root 125 --bind "$W/nowhere:/mnt" -- /bin/sh -c :
	in_root 125 --workdir /no/such/place -- /bin/sh -c :
	in_root 0 --keep-tmp -- /bin/sh -c 'echo kept >/tmp/file'
	same kept kept "$(<"$R/tmp/file")"
	in_root 1 -- /bin/sh -c 'test -e /tmp/file'
	in_root 0 --keep-tmp -- /bin/sh -c 'test -e /tmp/file && echo >/tmp/file'
	same files "$(cut -d ' ' -f 1 <<<"$TREE" | grep '/$')"$'\nmnt/' "$(tree_of "$R" | cut -d ' ' -f 1 | grep '/$' | grep -v '^mnt/'; echo mnt/)"
}

@test "--bind, --workdir, --env, --keep-tmp" {
	each_user case_options
}

@test "--user: another user of the namespace" {
	need_root
	AS=()
	small_root
	in_root 0 --user 1000:100 -- /bin/sh -c '/bin/id -u; /bin/id -g'
	same user $'1000\n100' "$output"
	in_root 0 --user 1000 -- /bin/busybox id
	[[ $output == "uid=1000 gid=1000"* ]]
	in_root 1 --user 1000 -- /bin/sh -c 'echo x 2>/dev/null >/etc/new'
	# Where there is one id only there is no other user.
	AS=("${ORDINARY[@]}")
	small_root
	in_root 125 --user 1000 -- /bin/busybox id
	in_root 0 --user 0 -- /bin/busybox id
}

@test "an ordinary user with ranges of ids has them all" {
	need_root
	need_commands newuidmap newgidmap
	[[ -e /etc/subuid && -e /etc/subgid ]] || need "no /etc/subuid"
	AS=(with_subids)
	small_root
	in_root 0 -- /bin/cat /proc/self/uid_map /proc/self/gid_map
	same maps "0 $USER_ID 1 1 200000 65536 0 $USER_ID 1 1 300000 65536" "$(xargs <<<"$output")"
	in_root 0 --user 1000:100 -- /bin/busybox id
	[[ $output == "uid=1000 gid=100"* ]]
	in_root 0 --keep-tmp -- /bin/sh -c 'echo x >/tmp/file; /bin/chown 33:33 /tmp/file'
	same owner 200032:300032 "$(stat -c %u:%g "$R/tmp/file")"
	# Lines of others, damaged ones, and the user by his number.
	printf '%s\n' 'somebody:1:2' 'anyarchtest' 'anyarchtest:x:y' "$USER_ID:400000:1000" >"$BATS_TEST_TMPDIR/subuid"
	expect_raw 0 "${AS[@]}" "$RUN" run -- cat /proc/self/uid_map
	same map "0 $USER_ID 1 1 400000 1000" "$(xargs <<<"$output")"
}

@test "ranges that cannot be used: one id, and it works all the same" {
	local line

	need_root
	need_commands newuidmap newgidmap
	[[ -e /etc/subuid && -e /etc/subgid ]] || need "no /etc/subuid"
	AS=(with_subids)
	for line in 'somebody:1:2' 'anyarchtest:200000:0' 'anyarchtest:99999999999999999999:1' "$(head -c 5000 /dev/zero | tr '\0' :)"; do
		echo "$line" >"$BATS_TEST_TMPDIR/subuid"
		expect_raw 0 "${AS[@]}" "$RUN" run -- cat /proc/self/uid_map
		same map "0 $USER_ID 1" "$(xargs <<<"$output")"
	done
	rm "$BATS_TEST_TMPDIR/subuid"
	# The helpers are missing.
	mkdir "$PUBLIC/w"
	ln -s "$(type -P cat)" "$PUBLIC/w/cat"
	expect_raw 0 "${AS[@]}" env PATH="$PUBLIC/w" "$RUN" run -- cat /proc/self/uid_map
	same map "0 $USER_ID 1" "$(xargs <<<"$output")"
	# Only one of them.
	ln -s "$(type -P newuidmap)" "$PUBLIC/w/newuidmap"
	expect_raw 0 "${AS[@]}" env PATH="$PUBLIC/w" "$RUN" run -- cat /proc/self/uid_map
	[[ $output == *"0 "*" $USER_ID "* ]]
}

# rootfs_gcc: $R is a root file system of armhf with a compiler, unpacked once.
big_root() {
	local archive

	archive=$(bash -c '. "$1/tests/docker/images.sh" && rootfs_gcc armhf' bash "$ANYARCH_SRC")
	R=$PUBLIC/big
	[[ ! -e $R ]] || return 0
	mkdir "$R.new"
	tar -C "$R.new" -xf "$archive" --no-same-owner
	mv "$R.new" "$R"
}

case_gcc() {
	big_root
	# shellcheck disable=SC2016
	in_root 42 -- /bin/sh -ec 'test "$(uname -m)" = armv7l
		printf "%s\n" "$0" >/tmp/a.c
		gcc -o /tmp/a /tmp/a.c
		exec /tmp/a' "#include <stdio.h>
		int main(void) { printf(\"%zu bits\\n\", 8 * sizeof(void *)); return 42; }"
	same output '32 bits' "$output"
	same 'what is left' '' "$(find "$R/tmp" "$R/dev" "$R/proc" "$R/sys" -mindepth 1)"
}

@test "a root file system of armhf compiles and runs a C program" {
	each_user case_gcc
}

# hostile PLACE LINK...: in the root, each of these at the place of a directory or file; inside everything that is there is
# written to.
hostile() {
	local place=$1 to
	shift

	small_root
	for to; do
		rm -rf "${R:?}/$place"
		case $to in
		fifo) mkfifo "$R/$place" ;;
		file) echo x >"$R/$place" ;;
		directory) mkdir "$R/$place" ;;
		*) ln -s "$to" "$R/$place" ;;
		esac
		printf '%s: %s\n' "$place" "$to"
		status=0
		# shellcheck disable=SC2016
		timeout 20 "${AS[@]}" "$RUN" run --root "$R" -- /bin/sh -c 'for one in /dev /proc /sys /tmp; do
				echo x >$one/anyarch-was-here
			done; /bin/cat /proc/self/mountinfo' >"$W.out" 2>"$W.err" 3>&- || status=$?
		cat "$W.err"
		printf 'status %d\n' "$status"
		[[ $status -le 2 || ($status -ge 125 && $status -le 127) ]]
		canary_is_whole
		rm -f "$W.out" "$W.err"
		[[ ! -e /tmp/anyarch-was-here && ! -e /dev/anyarch-was-here && ! -e /run/anyarch-was-here ]]
	done
}

case_hostile() {
	local one canary=$PUBLIC/w/tree/canary

	for one in dev proc sys tmp; do
		hostile "$one" "$canary" ../canary ../../../../../../../../tmp /run /proc/self/root/tmp /nowhere "$one" file fifo /etc /bin
	done
	hostile etc/resolv.conf "$canary/secret" ../../canary/secret /etc/passwd /proc/self/root/etc/passwd /nowhere resolv.conf fifo directory
	hostile etc "$canary" ../canary
	hostile dev/null /etc/passwd "$canary/secret"
}

@test "roots whose dev, proc, sys, tmp and resolv.conf lead out: nothing outside is mounted over or written" {
	each_user case_hostile
}

@test "the same without openat2" {
	AS=("${ORDINARY[@]}" "$PUBLIC/deny" ENOSYS openat2)
	hostile tmp ../canary "$PUBLIC/w/tree/canary" /proc/self/root/tmp
	hostile dev ../canary "$PUBLIC/w/tree/canary"
	hostile etc/resolv.conf ../../canary/secret "$PUBLIC/w/tree/canary/secret"
}

case_descriptors() {
	local n

	small_root
	for n in {3..20}; do
		ln -sfn "/proc/self/fd/$n" "$R/work"
		ln -sfn "/proc/self/fd/$n$PUBLIC/busybox" "$R/bin/outside"
		expect_one_of '0 125' "${AS[@]}" "$RUN" run --root "$R" --workdir /work -- /bin/sh -c "[ ! -e .$CANARY ] || echo reached"
		same "through $n" '' "$output"
		expect_one_of '126 127' "${AS[@]}" "$RUN" run --root "$R" -- /bin/outside echo reached
	done
}

@test "no link of a root leads to a directory that anyarch has open" {
	each_user case_descriptors
}

@test "--bind through a link of the root stays inside" {
	AS=()
	[[ $EUID -eq 0 ]] || AS=("${ORDINARY[@]}")
	small_root
	mkdir "$W/lent"
	ln -s ../canary "$R/mnt"
	in_root 125 --bind "$W/lent:/mnt" -- /bin/sh -c 'echo x >/mnt/x'
	in_root 125 --bind "$W/lent:/../canary" -- /bin/sh -c 'echo x >/mnt/x'
	canary_is_whole
}

case_killed() {
	local i

	small_root
	for i in 1 2 3; do
		"${AS[@]}" "$RUN" run --root "$R" -- /bin/sh -c 'echo x >/tmp/x; echo ready; exec /bin/sleep 1000' \
			>"$BATS_TEST_TMPDIR/ready" 2>/dev/null 3>&- &
		OTHERS=($!)
		eventually 30 grep -q ready "$BATS_TEST_TMPDIR/ready"
		same 'mounts and handlers of the machine' "$MACHINE" "$(machine)"
		# setpriv executes it, so that it is the same process.
		kill -KILL "${OTHERS[0]}"
		wait "${OTHERS[0]}" 2>/dev/null || true
		OTHERS=()
		rm "$BATS_TEST_TMPDIR/ready"
	done
	eventually 30 nobody_left
	tree_is_back
	canary_is_whole
}

# No process has a file of ours in use as its program or its root.
nobody_left() {
	local one

	[[ -z $(processes_of "$PUBLIC") ]] || return
	for one in /proc/[0-9]*/root; do
		[[ $(readlink "$one" 2>/dev/null) != "$PUBLIC"* ]] || return
	done
	# One that ends meanwhile makes grep's own status useless.
	one=$(grep -l -F "$PUBLIC/w" /proc/[0-9]*/mountinfo 2>/dev/null) || true
	[[ -z $one ]]
}

@test "killed: no mount, no process, no file is left" {
	each_user case_killed
}

# The command, and the three that it started.
many_are_there() {
	[[ $(grep -l -F "$PUBLIC/w" /proc/[0-9]*/mountinfo 2>/dev/null | wc -l) -ge 4 ]]
}

# children_end SIGNAL: the command has left processes behind, of its own session and not, when it ends or anyarch is killed.
children_end() {
	local killed=$1

	small_root
	# shellcheck disable=SC2016
	"${AS[@]}" "$RUN" run --root "$R" -- /bin/sh -c '/bin/sleep 1000 & /bin/setsid /bin/sleep 1000 &
		(/bin/sleep 1000 &) ; echo ready; [ -z "$0" ] || exec /bin/sleep 1000' "$killed" \
		>"$BATS_TEST_TMPDIR/ready" 2>/dev/null </dev/null 3>&- &
	OTHERS=($!)
	if [[ -n $killed ]]; then
		eventually 30 grep -q ready "$BATS_TEST_TMPDIR/ready"
		eventually 30 many_are_there
		kill -KILL "${OTHERS[0]}"
	fi
	wait "${OTHERS[0]}" 2>/dev/null || true
	OTHERS=()
	eventually 30 nobody_left
	tree_is_back
}

case_children() {
	children_end ''
	children_end KILL
}

@test "what the command leaves running ends with it, also when it is killed" {
	each_user case_children
}

case_terminal() {
	python3 - "${AS[@]}" "$RUN" run -- /bin/sh -c 'trap "echo got INT; exit 9" INT; echo ready; while :; do sleep 0.1; done' <<-'PYTHON'
		import os, pty, sys, time
		pid, fd = pty.fork()
		if not pid:
		    os.execvp(sys.argv[1], sys.argv[1:])
		seen = b""
		while b"ready" not in seen:
		    seen += os.read(fd, 100)
		os.write(fd, b"\x03")
		try:
		    while more := os.read(fd, 100):
		        seen += more
		except OSError:
		    pass
		status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
		print(seen, status)
		sys.exit(0 if status == 9 and seen.count(b"got INT") == 1 else 1)
	PYTHON
}

@test "Ctrl-C on a terminal reaches the command once, and anyarch ends as the command does" {
	need_commands python3
	each_user case_terminal
}

# Other namespaces in it, commands that are not children, and what belongs to nobody any more.
@test "what is left in namespaces below ends, too" {
	AS=()
	[[ $EUID -eq 0 ]] || AS=("${ORDINARY[@]}")
	mkdir "$PUBLIC/w"
	cp "$(type -P sleep)" "$PUBLIC/w/sleep-$$"
	expect_raw 4 "${AS[@]}" "$RUN" run -- unshare --user --map-root-user --mount sh -c "$PUBLIC/w/sleep-$$ 1000 & exit 4"
	expect_raw 5 "${AS[@]}" "$RUN" run -- "$RUN" run -- sh -c "setsid $PUBLIC/w/sleep-$$ 1000 & exit 5"
	eventually 30 nobody_left
}

@test "the command is the process that was started: timers, its files, its children" {
	AS=()
	[[ $EUID -eq 0 ]] || AS=("${ORDINARY[@]}")
	expect_raw 142 perl -e 'alarm 1; exec @ARGV' "${AS[@]}" "$RUN" run -- sleep 20
	# The end of its output is the end of the pipe.
	# shellcheck disable=SC2016
	expect_raw 0 timeout 10 bash -c 'set -o pipefail; "$@" run -- sh -c "exec >&-; sleep 3" | { cat; echo "$SECONDS"; }' bash "${AS[@]}" "$RUN"
	[[ $output -le 2 ]]
	expect_raw 0 "${AS[@]}" "$RUN" run -- python3 -c 'import os, sys
try:
	os.wait()
except ChildProcessError:
	sys.exit(0)
sys.exit(1)'
}

@test "in a container that hides parts of /proc" {
	# As in a container: parts of /proc are hidden, so the kernel refuses another one.
	# shellcheck disable=SC2016
	expect_raw 7 unshare --user --map-root-user --mount sh -c 'mount --bind /dev/null /proc/version &&
		exec "$1" run -- sh -c "readlink /proc/self >/dev/null && exit 7"' sh "$RUN"
}

@test "killed at any system call of the preparation: nothing is left" {
	local name n calls=0

	AS=()
	[[ $EUID -eq 0 ]] || AS=("${ORDINARY[@]}")
	small_root
	for name in unshare mount move_mount open_tree pivot_root umount2 openat2 write symlinkat execve; do
		for n in 1 2 4; do
			status=0
			strace -f -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" -e "inject=$name:signal=KILL:when=$n" \
				"$RUN" run --root "$R" -- /bin/sh -c : >/dev/null 2>&1 3>&- || status=$?
			[[ " 0 125 137 139 " == *" $status "* ]] || printf '%s %d: status %d\n' "$name" "$n" "$status"
			same mounts "$MACHINE" "$(machine)"
			calls=$((calls + 1))
		done
	done
	eventually 30 nobody_left
	tree_is_back
	[[ $calls -eq 30 ]]
}

case_parallel() {
	local i pids=() bad=0

	small_root
	for ((i = 0; i < 50; i++)); do
		# shellcheck disable=SC2016
		"${AS[@]}" "$RUN" run --root "$R" --env "N=$i" -- /bin/sh -c 'test ! -e /tmp/x && echo $N >/tmp/x && /bin/sleep 0.2 &&
			test "$(/bin/cat /tmp/x)" = $N && test "$(/bin/uname -m)" = armv7l && exit $((N + 10))' >/dev/null 2>&1 3>&- &
		pids+=($!)
	done
	for ((i = 0; i < 50; i++)); do
		status=0
		wait "${pids[i]}" || status=$?
		[[ $status -eq $((i + 10)) ]] || bad=$((bad + 1))
	done
	same 'of 50' 0 "$bad"
	tree_is_back
}

@test "50 at once do not disturb each other" {
	each_user case_parallel
}

@test "no user namespaces allowed: 4, one line and what to type" {
	# shellcheck disable=SC2016
	expect 4 unshare --user --map-root-user sh -ec 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh "$RUN" run -- true
	same errors 1 "$(error_lines)"
	hints user.max_user_namespaces
	expect 4 "$PUBLIC/deny" EPERM unshare "$RUN" run -- true
	same errors 1 "$(error_lines)"
	hints 'a seccomp filter refuses them: docker run --security-opt seccomp=unconfined'
	expect 4 ordinary "$PUBLIC/deny" EPERM unshare "$RUN" run -- true
	expect 4 ordinary "$PUBLIC/deny" ENOSYS unshare "$RUN" run -- true
	expect 4 ordinary "$PUBLIC/deny" EPERM mount "$RUN" run -- true
}

@test "inside a chroot: 4, and run from outside with --root as the hint says" {
	local jail=$PUBLIC/w/jail

	need_root
	mkdir -p "$jail/proc"
	cp "$ANYARCH_STATIC" "$jail/anyarch"
	cp "$PUBLIC/arm" "$jail/arm"
	# shellcheck disable=SC2016
	expect 4 unshare --mount sh -ec 'mount -t proc proc "$1/proc"; exec chroot "$1" /anyarch run -- /arm - -' sh "$jail"
	hints 'the kernel allows none inside a chroot: run it outside, with --root DIR'
	expect_raw 3 "$RUN" run --root "$jail" -- /arm - -
}

@test "a kernel with one table for the whole machine: 4, and what to do instead" {
	local got=0

	# Before 6.7 mounting it in a user namespace is refused.
	strace -f -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" -P /proc/sys/fs/binfmt_misc -e inject=mount:error=EPERM \
		"$RUN" run -- true >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- || got=$?
	ERR=$BATS_TEST_TMPDIR/err
	grep INJECTED "$BATS_TEST_TMPDIR/trace"
	cat "$ERR"
	[[ $got -eq 4 ]]
	hints register
}
