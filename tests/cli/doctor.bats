#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what doctor says of a machine: every way in which handlers, the table and its other writers go wrong is provoked,
# named, and cured by typing the hint as it is shown.
# shellcheck disable=SC2154,SC2030,SC2031,SC2119 # the library sets output and stderr; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/doctor.bash
source "$BATS_TEST_DIRNAME/../lib/doctor.bash"

ARM=/usr/bin/qemu-arm-static
X86_64='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00'
I386='\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x03\x00'
MASK='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'

setup_file() {
	BROKEN=$BATS_FILE_TMPDIR
	export BROKEN
	[[ -n $(type -P gcc) && -x $ARM ]] || return 0
	compile "$BROKEN/exits" <<<'int main(void) { return 7; }'
	compile "$BROKEN/ignores-p" <<<'int main(int argc, char **argv) { (void)argv; return argc - 1; }'
	head -c 200000 $ARM >"$BROKEN/truncated"
	head -c 100000 /dev/urandom >"$BROKEN/noise"
	: >"$BROKEN/empty"
	chmod 0755 "$BROKEN"/*
}

setup() {
	need_commands qemu-arm-static qemu-aarch64-static jq nsenter gcc
	ns_open
	make_root
	typist_open
	UNDO='' HELPERS=() SCRATCH=''
}

teardown() {
	# Where no program can start any more, a descriptor still works.
	[[ -z $UNDO ]] || printf %s -1 >&"$UNDO" || true
	[[ ${#HELPERS[@]} -eq 0 ]] || kill "${HELPERS[@]}" 2>/dev/null || true
	[[ -z $SCRATCH ]] || rm -r "$SCRATCH"
	ns_close
}

# without_emulators: as on a machine where none is installed.
without_emulators() {
	cover /usr/bin
	# shellcheck disable=SC2016
	ns_sh 'mkdir "$1/package" && cp "$2" "$1/package/" && rm -f /usr/bin/qemu-*' "$W" "$ARM"
	apt_has qemu-user-static "cp $W/package/* /usr/bin/"
}

@test "nothing is wrong: nothing is found, and nothing is changed" {
	local before

	expect 0 anyarch register arm arm64
	before=$(table_snapshot)
	examine 0
	same complaints 0 "$(complaints)"
	same table "$before" "$(table_snapshot)"
}

@test "nothing is registered" {
	fails_with 'Exec format error' "$ROOT/arm"
	examine 0
	found warning missing 'arm programs'
	cure
	arm_works
	found warning missing 'arm64 programs'
	cure
	arm64_works
	examine 0
	silent missing
}

@test "nothing is registered, and no emulator is installed" {
	without_emulators
	examine 0
	found warning missing 'arm programs'
	cure
	arm_works
}

# bats test_tags=slow
@test "no emulator is installed: what each distribution installs it with" {
	local release=$BATS_TEST_TMPDIR/os-release row tool words

	without_emulators
	cp /etc/os-release "$release"
	ns mount --bind "$release" "$(readlink -f /etc/os-release)"
	shim doas 'exec "$@"'
	while IFS='|' read -r row tool words; do
		printf '%s\n' "$row"
		tr ' ' '\n' <<<"$row" | tr '+' ' ' >"$release"
		# shellcheck disable=SC2016
		shim "$tool" '[[ "$*" == "'"$words"'" ]] && cp '"$W"'/package/* /usr/bin/'
		examine 0
		found warning missing 'arm programs'
		cure
		arm_works
		expect 0 anyarch unregister arm
		ns_sh 'rm /usr/bin/qemu-*'
	done <<-'ROWS'
		ID=debian VERSION_ID="13"|apt|install qemu-user-static
		ID=debian VERSION_ID="14"|apt|install qemu-user
		ID=debian VERSION_CODENAME=sid|apt|install qemu-user
		ID=linuxmint ID_LIKE="ubuntu+debian"|apt|install qemu-user-static
		ID=fedora VERSION_ID=42|dnf|install qemu-user-static
		ID="rocky" ID_LIKE="rhel+centos+fedora"|dnf|install qemu-user-static
		ID="opensuse-tumbleweed" ID_LIKE="opensuse+suse"|zypper|install qemu-linux-user
		ID=manjaro ID_LIKE=arch|pacman|-S qemu-user-static
		ID=alpine VERSION_ID=3.22|apk|add qemu-arm
	ROWS
	printf 'ID=nixos\n' >"$release"
	examine 0
	found warning missing 'arm programs'
	same hint 'set boot.binfmt.emulatedSystems in the configuration of NixOS' "$HINT"
}

@test "not fixed: works here, and in no other root" {
	table_write "$(rule qemu-arm arm $ARM P)"
	arm_runs "$ROOT/arm"
	refute arm_works
	examine 3
	found problem not-fixed 'no F'
	cure
	arm_works
	examine 0
	silent not-fixed
}

@test "not fixed, and somebody else's" {
	table_write "$(rule box-arm arm $ARM P)"
	refute arm_works
	examine 3
	found problem not-fixed box-arm
	cure
	arm_works
	examine 0
}

@test "the emulator is missing" {
	table_write "$(rule qemu-arm arm /nonexistent P)"
	fails_with 'file not found' "$ROOT/arm"
	examine 3
	found problem interpreter-missing /nonexistent
	cure
	arm_works
	examine 0
	silent interpreter-missing broken
}

# As with the package qemu-user, and F set by hand.
@test "the emulator is dynamic" {
	without_emulators
	ns cp /usr/bin/true /usr/bin/qemu-arm
	table_write "$(rule qemu-arm arm /usr/bin/qemu-arm F)"
	refute arm_works
	examine 3
	found problem interpreter-dynamic /usr/bin/qemu-arm
	cure
	arm_works
	examine 0
	silent interpreter-dynamic
}

@test "the emulator is a program for another machine" {
	cp "$ROOT/arm64" "$W/emulator"
	table_write "$(rule qemu-arm arm "$W/emulator" F)"
	fails_with 'Exec format error' "$ROOT/arm"
	examine 3
	found problem interpreter-foreign arm64
	cure
	arm_works
	examine 0
	silent interpreter-foreign
}

# bats test_tags=slow
@test "the emulator is broken: fails, is cut short, noise, empty" {
	local one

	for one in exits truncated noise empty; do
		table_write "$(rule qemu-arm arm "$BROKEN/$one" PF)"
		refute arm_works
		examine 3
		found problem broken qemu-arm
		cure
		arm_works
		examine 0
		silent broken
		echo -1 >"$TABLE/qemu-arm"
	done
}

@test "the emulator can be changed by others, or gives its owner's rights away" {
	cp $ARM "$W/emulator"
	chmod 0757 "$W/emulator"
	table_write "$(rule qemu-arm arm "$W/emulator" PF)"
	examine 0
	found warning emulator-exposed 'every user can write to it'
	cure
	examine 0
	silent emulator-exposed
	python3 - "$W/emulator" <<-'PYTHON'
		import os, struct, sys
		none = 0xffffffff
		entries = (1, 7, none), (2, 6, 1), (4, 5, none), (16, 7, none), (32, 5, none)  # acl(5): user 1 may write
		acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
		os.setxattr(sys.argv[1], "system.posix_acl_access", acl)
	PYTHON
	examine 0
	found warning emulator-exposed 'access control list'
	cure
	examine 0
	silent emulator-exposed
	chmod 4755 "$W/emulator"
	examine 3
	found problem emulator-set-id
	cure
	arm_works
	[[ ! -u $W/emulator ]]
	examine 0
	silent emulator-set-id
	expect 0 anyarch unregister arm
	table_write "$(rule qemu-arm arm "$W/emulator" PF)"
	ns "$(PATH=$PATH:/sbin:/usr/sbin type -P setcap)" cap_net_raw+ep "$W/emulator"
	examine 3
	found problem emulator-set-id 'file capabilities'
	expect 3 anyarch register --emulator "arm=$W/emulator" arm
	says 'it has file capabilities'
	cure
	arm_works
	examine 0
	silent emulator-set-id
}

@test "the emulator has the SELinux label of a container" {
	need_root
	cp $ARM "$W/emulator"
	python3 -c 'import os, sys
os.setxattr(sys.argv[1], "security.selinux", b"system_u:object_r:container_file_t:s0:c1,c2\0")' "$W/emulator" 2>/dev/null ||
		need "no attributes of security modules here"
	table_write "$(rule qemu-arm arm "$W/emulator" PF)"
	ns mount -t tmpfs tmpfs /sys/fs
	ns mkdir /sys/fs/selinux
	ns_sh 'echo 0 >/sys/fs/selinux/enforce'
	examine 0
	silent selinux-label
	ns_sh 'echo 1 >/sys/fs/selinux/enforce'
	examine 0
	found warning selinux-label container_file_t:s0:c1,c2
	same hint "sudo chcon -t bin_t -l s0 '$W/emulator'" "$HINT"
}

@test "the emulator is broken, and somebody else's" {
	table_write "$(rule box-arm arm "$BROKEN/exits" PF)"
	refute arm_works
	examine 3
	found problem broken box-arm
	cure
	arm_works
	examine 0
}

@test "the emulator knows nothing of the flag P, and gets it" {
	table_write "$(rule qemu-arm arm "$BROKEN/ignores-p" PF)"
	examine 3
	found problem broken 'P flag'
	cure
	arm_works
	examine 0
}

@test "the emulator wants the flag P, and does not get it" {
	local emulator=/usr/libexec/qemu-binfmt/arm-binfmt-P

	[[ -e $emulator ]] || need "no $emulator"
	table_write "$(rule qemu-arm arm $emulator F)"
	refute arm_works
	examine 3
	found problem argv0-mismatch 'no P'
	cure
	arm_works
	examine 0
	silent argv0-mismatch
}

@test "the handler is disabled" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	echo 0 >"$TABLE/qemu-arm"
	fails_with 'Exec format error' "$ROOT/arm"
	examine 0
	found warning disabled qemu-arm
	cure
	arm_works
	examine 0
	silent disabled
}

@test "the table is switched off" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	echo 0 >"$TABLE/status"
	fails_with 'Exec format error' "$ROOT/arm"
	examine 3
	found problem switched-off
	# sudo gives no right to a redirection: that is made by the typist's own shell.
	refute grep '^[^|]*>' <<<"$HINT"
	cure
	arm_works
	examine 0
	silent switched-off
}

@test "the table is switched off, and mounted elsewhere" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	echo 0 >"$TABLE/status"
	mkdir "$W/a table"
	ns mount -t binfmt_misc binfmt_misc "$W/a table"
	ns umount "$BINFMT"
	examine 3
	found problem switched-off
	cure
	arm_works
}

@test "shadowed by a newer handler that fails" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	table_write "$(rule box-arm arm "$BROKEN/exits" F)"
	refute arm_works
	examine 3
	found warning shadowed qemu-arm
	cure
	arm_works
	examine 0
}

@test "shadowed by a handler that works: no warning that nothing cures" {
	table_write "$(rule box-arm arm /usr/bin/false F)"
	table_write "$(rule qemu-arm arm $ARM PF)"
	arm_works
	examine 0
	if [[ $(complaints) -gt 1 ]]; then
		found warning shadowed box-arm
		cure
		arm_works
		examine 0
		silent shadowed
	fi
}

@test "the credentials flag" {
	table_write "$(rule qemu-arm arm $ARM PCF)"
	examine 0
	found warning credentials qemu-arm
	cure
	same flags PF "$(handler_field qemu-arm flags:)"
	arm_works
	examine 0
	silent credentials
}

@test "i386 is hijacked, whatever the handler is called" {
	local name

	[[ $(uname -m) == x86_64 ]] || skip "a matter of x86_64"
	need_commands qemu-i386-static
	for name in qemu-i386 box86; do
		table_write ":$name:M:0:$I386:$MASK:/usr/bin/qemu-i386-static:PF"
		examine 0
		if ! runs_i386; then
			silent hijacked
			expect 0 anyarch unregister "$name"
			continue
		fi
		found warning hijacked "$name"
		cure
		same table '' "$(table_names)"
		examine 0
		silent hijacked
	done
}

@test "leftovers of a run that was killed, of any platform" {
	need_commands qemu-riscv64-static
	table_write "$(rule qemu-arm.new-0123456789ab arm $ARM PF)"
	table_write "$(rule qemu-riscv64.new-0123456789ab riscv64 /usr/bin/qemu-riscv64-static PF)"
	table_write ':qemu-s390x.probe-12-0123456789ab:M::\x7fELF\x02\x02\x01\x00\x01hello::/usr/bin/true:F'
	examine 0
	found note leftover qemu-arm
	cure
	found note leftover qemu-riscv64
	cure
	found note leftover qemu-s390x
	cure
	same leftovers '' "$(leftovers)"
	arm_works
	expect 0 anyarch status --check riscv64
	examine 0
	silent leftover
}

@test "an emulator in a place where everybody may write, or none at all" {
	SCRATCH=$(mktemp -d /tmp/anyarch-test.XXXXXX)
	cp "$ARM" "$SCRATCH/emulator"
	table_write "$(rule qemu-arm arm "$SCRATCH/emulator" PF)"
	examine 0
	found warning interpreter-place "$SCRATCH/emulator"
	cure
	examine 0
	silent interpreter-place

	table_write "$(rule qemu-arm arm /proc/self/fd/9 P)"
	examine 3
	found warning interpreter-place /proc/self/fd/9
	cure
	examine 0
	silent interpreter-place
}

# ---- rules that take too much ----

# header_rule NAME FILE OFFSET SIZE INTERPRETER FLAGS: takes just that program.
header_rule() {
	local magic

	magic=$(tail -c +$(($3 + 1)) "$2" | head -c "$4" | od -An -v -tx1 | tr -d '\n')
	printf ':%s:M:%d:%s::%s:%s' "$1" "$3" "${magic// /\\x}" "$5" "$6"
}

# How a handler lends a set-user-ID program's rights to another one.
@test "a rule for the long header of a single program" {
	table_write "$(header_rule shade "$(type -P id)" 0 120 /usr/bin/false C)"
	refute ns id
	examine 3
	found problem long-magic shade
	cure
	ns id
	examine 0
	silent long-magic
}

@test "a rule for a piece of the header of a single program" {
	table_write "$(header_rule shade "$(type -P su)" 24 24 /usr/bin/false C)"
	refute ns su --version
	examine 3
	found problem '' shade
	cure
	ns su --version
	examine 0
}

@test "a rule that takes the shell" {
	table_write "$(header_rule shell /bin/sh 0 64 /usr/bin/false '')"
	refute ns sh -c true
	examine 3
	found problem takes-native shell
	cure
	ns sh -c true
	examine 0
	silent takes-native
}

@test "a rule that takes those of the machine's programs that have a fixed address" {
	local got=0

	[[ $(uname -m) == x86_64 ]] || skip "the rule is one for x86_64"
	table_write ":native:M:0:$X86_64:${MASK/fe/ff}:/usr/bin/true:F"
	ns "$BROKEN/exits"
	examine 3
	found problem takes-native native
	cure
	ns "$BROKEN/exits" || got=$?
	[[ $got -eq 7 ]]
	examine 0
	silent takes-native
}

# rescue_open: a namespace in that of the patient, which sees his table and has one of its own.
rescue_open() {
	local comm=''

	mkdir "$W/own"
	# shellcheck disable=SC2016
	nsenter --target "$NS_PID" --user --mount --preserve-credentials -- \
		unshare --user --map-root-user --mount --propagation private -- \
		sh -c 'mount -t binfmt_misc binfmt_misc "$1" && exec sleep 1000' sh "$W/own" </dev/null >/dev/null 2>&1 3>&- &
	RESCUE=$!
	HELPERS+=("$RESCUE")
	until [[ $comm == sleep ]]; do
		sleep 0.01 3>&-
		read -r comm <"/proc/$RESCUE/comm" || return
	done
}

rescue() {
	nsenter --target "$RESCUE" --user --mount --preserve-credentials -- "$@"
}

@test "a rule that takes all of the machine's programs: none starts any more" {
	[[ $(uname -m) == x86_64 ]] || skip "the rule is one for x86_64"
	rescue_open
	printf %s ":native:M:0:$X86_64:$MASK:/usr/bin/true:" >"$TABLE/register"
	exec {UNDO}>"$TABLE/native"
	refute ns true
	# shellcheck disable=SC2317
	anyarch() {
		rescue "$ANYARCH" "$@"
	}
	examine 3
	found problem takes-native native
	cure rescue
	ns true
	examine 0
	silent takes-native
}

@test "a rule for all programs of 32 bits is one cause, not one for each platform" {
	table_write ':all:M::\x7fELF\x01::/nonexistent:'
	examine 3
	[[ $(complaints) -le 6 ]]
	found problem '' "'all'"
	cure
	same table '' "$(table_names)"
	examine 0
}

@test "what is to be typed is safe to type, whatever an entry is called" {
	local name

	# shellcheck disable=SC2016
	for name in plain "it's" -x --all 'a b' '$(touch pwned)' 'x;touch pwned;' "x';touch pwned;'" '*' 'a,b' $'a\nb' $'\e[31m' '\x'; do
		table_write "|$name|M||hello||/tmp/x|"
		examine 3
		HINT=$(sed -n '/^warning: .* starts \/tmp\/x/{n;s/^    //p}' <<<"$TEXT")
		if [[ -n $HINT || $name == plain ]]; then
			cure
			same table '' "$(table_names)"
		fi
		[[ ! -e $W/pwned ]]
		[[ ! -e $TABLE/$name ]] || printf %s -1 >"$TABLE/$name"
	done
}

@test "an entry that shows itself in a form that does not fit" {
	table_write $'|qemu-arm|M||hello||/usr/bin/true\nflags: PF|'
	refute anyarch register arm
	examine 0
	found warning odd-entry qemu-arm
	cure
	expect 0 anyarch register arm
	arm_works
	examine 0
	silent odd-entry
}

# bats test_tags=slow
@test "many entries of others hide nothing" {
	local i

	printf %s "$(rule qemu-arm arm $ARM P)" >"$TABLE/register"
	for ((i = 0; i < 300; i++)); do
		printf %s ":many-$i:M::hello$i::/usr/bin/true:F" >"$TABLE/register"
	done
	printf %s "$(rule qemu-aarch64 aarch64 /nonexistent '')" >"$TABLE/register"
	examine 3
	found problem not-fixed qemu-arm
	cure
	found problem interpreter-missing qemu-aarch64
	cure
	arm_works
	arm64_works
	examine 0
}

# ---- the table and who else writes to it ----

@test "not mounted" {
	ns umount "$BINFMT"
	examine 0
	found warning not-mounted
	cure
	arm_works
	examine 0
	silent not-mounted
}

@test "not mounted, and its directory covered" {
	ns umount "$BINFMT"
	ns mount -t tmpfs tmpfs "$BINFMT"
	examine 0
	found warning not-mounted
	cure
	arm_works
	examine 0
	silent not-mounted
}

# shellcheck disable=SC2016 # the inner shell expands
@test "/proc shows processes only, so that there is no place for the table" {
	ns umount "$BINFMT"
	in_subset() { # COMMAND
		ns unshare --pid --fork --mount sh -ec 'mount -t proc -o subset=pid proc /proc
			PATH=$1:$PATH exec bash -c "$2; exit"' sh "$TYPIST" "$1"
	}
	expect 4 in_subset 'anyarch run true'
	hints '(subset=pid): sudo mkdir -p /run/binfmt_misc && sudo anyarch register --mount /run/binfmt_misc'
	expect_raw 0 in_subset 'anyarch doctor'
	same warnings 'sudo anyarch register, sudo anyarch register arm64, sudo anyarch register arm' \
		"$(sed -n 's/^    //p' "$OUT" | paste -sd, | sed 's/,/, /g')"
	expect_raw 3 in_subset "sudo anyarch register arm >/dev/null 2>&1; $ROOT/arm - -"
}

@test "mounted read-only" {
	ns mount -o remount,bind,ro "$BINFMT"
	expect 4 anyarch register arm
	examine 0
	found warning read-only "$BINFMT"
	cure
	expect 0 anyarch register arm
	arm_works
	examine 0
	silent read-only
}

# automounter_open WHERE: an automount as systemd makes it: mounted as soon as somebody looks, here, or elsewhere.
automounter_open() {
	compile "$W/automounter" <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/auto_fs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

/* automounter USERNS DIR here|elsewhere */
int main(int argc, char **argv)
{
	union autofs_v5_packet_union packet;
	char options[128];
	int ends[2], users, root;

	if (argc != 4 || pipe(ends) < 0 || setpgid(0, 0) < 0)
		return 2;
	snprintf(options, sizeof(options), "fd=%d,pgrp=%d,minproto=5,maxproto=5,direct", ends[1], getpgrp());
	users = open(argv[1], O_RDONLY);
	if (mount("test", argv[2], "autofs", 0, options) < 0 || (root = open(argv[2], O_RDONLY)) < 0)
		return perror("autofs"), 3;
	if (setns(users, CLONE_NEWUSER) < 0)
		return perror("setns"), 4;
	puts("ready");
	fflush(stdout);
	while (read(ends[0], &packet, sizeof(packet)) > 0) {
		int failed = argv[3][0] == 'h' && mount("binfmt_misc", argv[2], "binfmt_misc", 0, NULL) < 0;

		ioctl(root, failed ? AUTOFS_IOC_FAIL : AUTOFS_IOC_READY, packet.v5_packet.wait_queue_token);
	}
	return 0;
}
C
	nsenter --target "$NS_PID" --mount -- "$W/automounter" "/proc/$NS_PID/ns/user" "$BINFMT" "$1" \
		>"$W/ready" 2>&1 </dev/null 3>&- &
	HELPERS+=($!)
	eventually 30 test -s "$W/ready"
	[[ $(<"$W/ready") == ready ]] || need "no automount here: $(<"$W/ready")"
}

@test "an automount that nobody has triggered" {
	need_root
	grep -q -w autofs /proc/filesystems || need "no autofs"
	ns umount "$BINFMT"
	automounter_open here
	examine 0
	found note automount
	refute grep -q ' - binfmt_misc ' "/proc/$NS_PID/mountinfo"
	cure
	grep -q " $BINFMT .* - binfmt_misc " "/proc/$NS_PID/mountinfo"
	examine 0
	silent automount
	expect 0 anyarch register arm
	arm_works
}

# As in containers of whole systems, where systemd believes to be on the machine.
@test "an automount that mounts where nobody sees it" {
	need_root
	grep -q -w autofs /proc/filesystems || need "no autofs"
	ns umount "$BINFMT"
	automounter_open elsewhere
	[[ $(ns ls "$BINFMT" 2>&1) == *'Too many levels'* ]]
	examine 0
	found '' automount
	cure
	arm_works || expect 0 anyarch register arm
	arm_works
	examine 0
}

# make_systemd_binfmt FILE: what it does when it starts, where it is not installed.
make_systemd_binfmt() {
	cat >"$W/systemd-binfmt" <<-SH
		#!/bin/sh
		echo -1 >$BINFMT/status
		cat /etc/binfmt.d/*.conf | grep '^:' | while read -r rule; do
			printf %s "\$rule" >$BINFMT/register
		done
	SH
	chmod 0755 "$W/systemd-binfmt"
	ns mkdir -p "${1%/*}"
	ns cp "$W/systemd-binfmt" "$1"
}

@test "systemd-binfmt: after its restart the handlers are there again, of any platform" {
	local systemd=/usr/lib/systemd/systemd-binfmt

	need_commands qemu-riscv64-static
	cover /run /etc /usr/lib
	ns_sh 'rm -f /usr/lib/binfmt.d/* /etc/binfmt.d/* && mkdir -p /run/systemd/system /etc/binfmt.d'
	[[ -x $systemd ]] || make_systemd_binfmt $systemd
	expect 0 anyarch register arm riscv64
	examine 0
	found note systemd-binfmt
	cure
	ns $systemd
	arm_works
	expect 0 anyarch status --check arm riscv64
}

@test "binfmt-support is named" {
	cover /usr/sbin /var/lib
	ns_sh 'rm -rf /usr/sbin/update-binfmts /var/lib/binfmts'
	examine 0
	silent binfmt-support
	ns_sh ': >/usr/sbin/update-binfmts && mkdir /var/lib/binfmts'
	examine 0
	found note binfmt-support
}

@test "user namespaces: none may be made" {
	need_commands sysctl
	ns_sh 'echo 0 >/proc/sys/user/max_user_namespaces'
	refute ns unshare --user true
	examine 0
	found note max-user-namespaces
	cure
	ns unshare --user true
	examine 0
	silent max-user-namespaces
}

# Switches that other kernels have: here a directory stands for theirs.
@test "user namespaces: restricted by AppArmor, or for users" {
	need_commands sysctl
	ns mount -t tmpfs tmpfs /proc/sys/kernel
	ns_sh 'cd /proc/sys/kernel && echo 1 >apparmor_restrict_unprivileged_userns && echo 0 >unprivileged_userns_clone'
	cover /etc
	ns mkdir -p /etc/apparmor.d
	# shellcheck disable=SC2016 # the shim's arguments
	shim apparmor_parser 'grep -q "^  userns,$" "$2" && grep -q "profile anyarch /.*anyarch flags=(unconfined) {" "$2"'
	examine 0
	found note apparmor-userns
	cure
	found note userns-clone
	cure
	examine 0
	silent apparmor-userns userns-clone
}

@test "Docker runs rootless: what is registered on the machine works in it" {
	local got=0 variable

	mkdir "$W/runtime"
	: >"$W/runtime/docker.sock"
	# shellcheck disable=SC2317
	anyarch() {
		ns env -u XDG_RUNTIME_DIR -u DOCKER_HOST "$variable" "$ANYARCH" "$@"
	}
	variable=DOCKER_HOST=unix:///run/docker.sock
	examine 0
	silent docker-rootless
	for variable in XDG_RUNTIME_DIR="$W/runtime" DOCKER_HOST=unix:///run/user/1000/docker.sock; do
		examine 0
		found note docker-rootless
	done
	cure
	ns unshare --user --map-root-user --mount chroot "$ROOT" /arm - - || got=$?
	[[ $got -eq 3 ]]
}

@test "Podman runs rootless" {
	mkdir -p "$W/runtime/podman"
	: >"$W/runtime/podman/podman.sock"
	# shellcheck disable=SC2317
	anyarch() {
		ns env XDG_RUNTIME_DIR="$W/runtime" "$ANYARCH" "$@"
	}
	examine 0
	found note podman-rootless
	cure
	arm_works
}

@test "BuildKit's own emulators are named" {
	cover /usr/local/bin
	ns_sh ': >/usr/local/bin/buildkit-qemu-aarch64'
	examine 0
	found note buildkit-emulators /usr/local/bin
}
