#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=slow
# Owns what doctor says of one target: every way on which a program, script, root file system or image does not come to
# run is provoked, named, and cured by typing the hint as it is shown.
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

setup() {
	need_commands qemu-arm-static qemu-aarch64-static jq nsenter
	ns_open
	make_root
	typist_open
}

teardown() {
	ns_close
}

# ---- the handler ----

@test "nothing is wrong: the way to the emulator is told" {
	expect 0 anyarch register arm
	examine 0 "$ROOT/arm"
	found ok rule qemu-arm
	found ok works $ARM
	same complaints 0 "$(complaints)"
}

@test "no target is started, and nothing is changed" {
	local before

	table_write "$(rule qemu-arm arm /nonexistent P)"
	before=$(table_snapshot)
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n: >"$0.started"\n' >"$W/script"
	chmod 0755 "$W/script"
	examine 0 "$W/script"
	examine 3 "$ROOT/arm"
	examine 3 "$ROOT"
	same files script "$(ls "$W")"
	same table "$before" "$(table_snapshot)"
}

@test "no handler" {
	fails_with 'Exec format error' "$ROOT/arm"
	examine 3 "$ROOT/arm"
	found problem no-handler ENOEXEC
	cure
	arm_works
	examine 0 "$ROOT/arm"
	silent no-handler
	found ok works
}

@test "no handler: the hint for platforms of any kind of name" {
	local handler bytes wanted=' qemu-armeb qemu-loongarch64 qemu-m68k qemu-mipsn32el qemu-ppc64le qemu-s390x qemu-sparc32plus '

	while IFS=$'\t' read -r handler _ bytes; do
		[[ $wanted == *" $handler "* && ! -e $W/$handler && -n $(type -P "$handler-static") ]] || continue
		{ put_hex "$bytes" && head -c 8192 /dev/zero; } >"$W/$handler"
		chmod 0755 "$W/$handler"
		expect_raw 3 anyarch doctor "$W/$handler"
		sed -n '/no handler takes/{n;s/^    //p}' "$OUT" >>"$W/hints"
	done < <(grep -v '^#' "$ANYARCH_SRC/tests/data/ok-headers.tsv")
	set -- "$W"/qemu-*
	[[ $# -ge 5 && $(wc -l <"$W/hints") -eq $# ]]
	HINT="set -e; $(paste -sd ';' "$W/hints")"
	cure
	expect 0 anyarch status --check "${@##*/}"
}

@test "no handler, and no emulator is installed" {
	cover /usr/bin
	# shellcheck disable=SC2016
	ns_sh 'mkdir "$1/package" && cp "$2" "$1/package/" && rm -f /usr/bin/qemu-*' "$W" "$ARM"
	apt_has qemu-user-static "cp $W/package/* /usr/bin/"
	examine 3 "$ROOT/arm"
	found problem no-handler
	cure
	arm_works
	examine 0 "$ROOT/arm"
}

@test "not fixed, and a program in a root without the emulator" {
	table_write "$(rule qemu-arm arm $ARM P)"
	examine 0 "$ROOT/arm"
	examine 3 --root="$ROOT" /arm
	found problem not-fixed ENOENT
	cure
	arm_works
	examine 0 --root="$ROOT" /arm
	silent not-fixed
}

@test "the emulator is missing" {
	table_write "$(rule qemu-arm arm /nonexistent P)"
	fails_with 'file not found' "$ROOT/arm"
	examine 3 "$ROOT/arm"
	found ok rule qemu-arm
	found problem interpreter-missing /nonexistent
	cure
	arm_works
	examine 0 "$ROOT/arm"
}

@test "the emulator is dynamic" {
	cover /usr/bin
	ns_sh 'cp /usr/bin/true /usr/bin/qemu-arm'
	apt_has qemu-user-static true
	table_write "$(rule qemu-arm arm /usr/bin/qemu-arm F)"
	refute arm_works
	examine 3 --root="$ROOT" /arm
	found problem interpreter-dynamic /usr/bin/qemu-arm
	cure
	arm_works
	examine 0 --root="$ROOT" /arm
}

@test "the emulator is a program for another machine" {
	cp "$ROOT/arm64" "$W/emulator"
	table_write "$(rule qemu-arm arm "$W/emulator" F)"
	fails_with 'Exec format error' "$ROOT/arm"
	examine 3 "$ROOT/arm"
	found problem interpreter-foreign arm64
	cure
	arm_works
	examine 0 "$ROOT/arm"
}

@test "the emulator is broken" {
	head -c 200000 $ARM >"$W/emulator"
	chmod 0755 "$W/emulator"
	table_write "$(rule qemu-arm arm "$W/emulator" PF)"
	refute arm_runs "$ROOT/arm"
	examine 3 "$ROOT/arm"
	found problem broken qemu-arm
	cure
	arm_runs "$ROOT/arm"
	examine 0 "$ROOT/arm"
}

@test "the handler fails, and is somebody else's" {
	table_write "$(rule box-arm arm /nonexistent '')"
	refute arm_works
	examine 3 "$ROOT/arm"
	found ok rule box-arm
	found problem '' box-arm
	cure
	arm_works
	examine 0 "$ROOT/arm"
}

@test "the handler is shadowed by a newer one that fails" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	table_write "$(rule box-arm arm /nonexistent '')"
	refute arm_works
	examine 3 "$ROOT/arm"
	found ok rule box-arm
	found problem '' box-arm
	cure
	arm_works
	examine 0 "$ROOT/arm"
}

@test "the handler is disabled" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	echo 0 >"$TABLE/qemu-arm"
	fails_with 'Exec format error' "$ROOT/arm"
	examine 3 "$ROOT/arm"
	found problem disabled qemu-arm
	cure
	arm_works
	examine 0 "$ROOT/arm"
}

@test "the table is switched off" {
	table_write "$(rule qemu-arm arm $ARM PF)"
	echo 0 >"$TABLE/status"
	fails_with 'Exec format error' "$ROOT/arm"
	examine 3 "$ROOT/arm"
	found problem switched-off
	cure
	arm_works
	examine 0 "$ROOT/arm"
}

# ---- the program ----

# dynamic_arm FILE: an ARM program with the loader that Debian's armhf has.
dynamic_arm() {
	{
		put_hex 7f454c46 01010100 00000000 00000000
		put_hex 0200 2800 01000000 74000100 34000000 00000000 00040005 3400 2000 0200 0000 0000 0000
		put_hex 03000000 74000000 74000100 74000100 19000000 19000000 04000000 01000000
		put_hex 01000000 00000000 00000100 00000100 8d000000 8d000000 05000000 00000100
		printf '/lib/ld-linux-armhf.so.3\0'
	} >"$1"
	chmod 0755 "$1"
}

# arm_loader FILE: a loader that ends with the argc of the program, and loads nothing.
arm_loader() {
	make_arm "$1"
	printf '\003' | dd of="$1" bs=1 seek=16 conv=notrunc status=none # position-independent
}

@test "the loader of a foreign program is missing" {
	dynamic_arm "$W/program"
	arm_loader "$W/loader"
	expect 0 anyarch register arm
	refute arm_runs "$W/program"
	cover /usr
	apt_has '*armhf*' "mkdir -p /usr/arm-linux-gnueabihf/lib &&
		cp $W/loader /lib/ld-linux-armhf.so.3 && cp $W/loader /usr/arm-linux-gnueabihf/lib/ld-linux-armhf.so.3"
	examine 3 "$W/program"
	found problem loader-missing /lib/ld-linux-armhf.so.3
	cure
	arm_runs "$W/program"
	examine 0 "$W/program"
	silent loader-missing
}

@test "the loader of a foreign program is missing, in its root" {
	mkdir -p "$W/root/lib"
	dynamic_arm "$W/root/program"
	expect 0 anyarch register arm
	examine 3 --root="$W/root" /program
	found problem loader-missing /lib/ld-linux-armhf.so.3
	arm_loader "$W/root/lib/ld-linux-armhf.so.3"
	arm_runs_in "$W/root" /program
	examine 0 --root="$W/root" /program
	silent loader-missing
}

arm_runs_in() { # ROOT FILE
	local got=0

	ns chroot "$1" "$2" - - >/dev/null 2>&1 3>&- || got=$?
	[[ $got -eq 3 ]]
}

@test "the loader of a program of this machine is missing" {
	[[ $(uname -m) == x86_64 ]] || skip "the loader is one for x86_64"
	sed 's|/lib64/ld-linux-x86-64\.so\.2|/lib/ld-musl-x86_64.so.1\x00\x00\x00|' "$(type -P true)" >"$W/program"
	chmod 0755 "$W/program"
	cover /usr
	ns rm -f /lib/ld-musl-x86_64.so.1
	fails_with 'file not found' "$W/program"
	apt_has musl 'cp /lib64/ld-linux-x86-64.so.2 /lib/ld-musl-x86_64.so.1'
	examine 3 "$W/program"
	found problem loader-missing /lib/ld-musl-x86_64.so.1
	cure
	ns "$W/program"
	examine 0 "$W/program"
	silent loader-missing
}

@test "not executable: a program, a script, the program of a script" {
	expect 0 anyarch register arm
	cp "$ROOT/arm" "$W/a program"
	chmod 0644 "$W/a program"
	examine 3 "$W/a program"
	found problem not-executable EACCES
	cure
	arm_runs "$W/a program"
	examine 0 "$W/a program"

	printf '#!/bin/sh\nexit 0\n' >"$W/script"
	chmod 0644 "$W/script"
	fails_with 'Permission denied' "$W/script"
	examine 3 "$W/script"
	found problem not-executable EACCES
	cure
	ns "$W/script"
	examine 0 "$W/script"

	printf '#!%s -\n' "$W/program" >"$W/script"
	cp "$ROOT/arm" "$W/program"
	chmod 0644 "$W/program"
	refute ns "$W/script"
	examine 3 "$W/script"
	found problem not-executable "$W/program"
	cure
	arm_runs "$W/program"
	examine 0 "$W/script"
}

@test "not executable: mounted without the right to it" {
	expect 0 anyarch register arm
	mkdir "$W/a mount"
	ns mount -t tmpfs -o noexec tmpfs "$W/a mount"
	ns cp "$ROOT/arm" "$W/a mount/program"
	fails_with 'Permission denied' "$W/a mount/program"
	examine 3 "$W/a mount/program"
	found problem noexec
	cure
	arm_runs "$W/a mount/program"
	examine 0 "$W/a mount/program"
}

@test "a program that was copied in part" {
	local size

	expect 0 anyarch register arm
	head -c 100 "$ROOT/arm" >"$W/program"
	chmod 0755 "$W/program"
	refute arm_runs "$W/program"
	examine 3 "$W/program"
	found problem truncated "$W/program"
	for size in 60 52 30; do
		head -c $size "$ROOT/arm" >"$W/program"
		refute arm_runs "$W/program"
		expect_raw 3 anyarch doctor "$W/program"
		cat "$OUT" "$ERR"
		grep -q -e truncated -e 'in part' -e 'outside the file' "$OUT" "$ERR"
		refute grep 'Nothing is wrong' "$OUT"
	done
}

@test "no program at all: empty, text without #!, something else" {
	local one

	: >"$W/empty"
	echo 'exit 0' >"$W/text"
	head -c 300 /dev/zero >"$W/zeros"
	for one in empty text zeros; do
		chmod 0755 "$W/$one"
		expect_raw 3 anyarch doctor "$W/$one"
		cat "$OUT" "$ERR"
		refute grep 'Nothing is wrong' "$OUT"
		grep -q -i -e 'not a program' -e 'not an ELF file' -e 'neither' "$OUT" "$ERR"
	done
}

@test "what cannot be looked at is not called healthy" {
	expect 3 anyarch doctor "$W/nonexistent"
	says "$W/nonexistent"
	same findings '' "$output"
	expect 3 anyarch doctor --json "$W/nonexistent"
	same healthy false "$(jq .healthy "$OUT")"
}

@test "a pipe, which nobody writes to" {
	mkfifo -m 0755 "$W/fifo"
	refute ns "$W/fifo"
	examine 3 "$W/fifo"
	found problem '' EACCES
}

@test "no emulator: x32, s390 of 31 bits, an unknown machine" {
	local one

	put_hex 7f454c46 01010100 00000000 00000000 0200 3e00 01000000 >"$W/x32"
	put_hex 7f454c46 01020100 00000000 00000000 0002 0016 00000001 >"$W/s390"
	put_hex 7f454c46 01010100 00000000 00000000 0200 cdab 01000000 >"$W/unknown"
	for one in x32 s390 unknown; do
		head -c 40 /dev/zero >>"$W/$one"
		chmod 0755 "$W/$one"
		fails_with 'Exec format error' "$W/$one"
		examine 3 "$W/$one"
		found problem no-emulator 'Exec format error'
		same hint '' "$HINT"
	done
}

# make_suid FILE: an ARM program that ends with its effective user, its owner's if the bit for that is obeyed.
make_suid() {
	make_arm "$1"
	{
		head -c 84 "$1"
		put_hex c970a0e3 000000ef 0170a0e3 000000ef # mov r7,#201 (geteuid32); svc 0; mov r7,#1; svc 0
		tail -c 32 "$1"
	} >"$1.new"
	mv "$1.new" "$1"
	chmod 4755 "$1"
}

as_somebody() {
	ns setpriv --reuid 100 --regid 100 --clear-groups "$@"
}

@test "a set-user-ID program, as sudo is one, does not get its owner's rights" {
	local got=0

	need_root
	ns mount -t tmpfs -o mode=0755 tmpfs /mnt
	make_suid "$W/program"
	ns cp -p "$W/program" /mnt/program
	table_write "$(rule qemu-arm arm $ARM PF)"
	as_somebody /mnt/program || got=$?
	[[ $got -eq 100 ]]
	examine 0 /mnt/program
	found '' set-user-id
	cure
	as_somebody /mnt/program
	examine 0 /mnt/program
	silent set-user-id
}

# appimage_of PROGRAM: the bytes by which an AppImage of type 2 is told.
appimage_of() {
	cp "$1" "$W/app"
	printf 'AI\x02' | dd of="$W/app" bs=1 seek=8 conv=notrunc status=none
}

@test "an AppImage, and a handler with QEMU's own mask" {
	appimage_of "$ROOT/arm"
	table_write "$(rule qemu-arm arm $ARM PF)"
	arm_runs "$ROOT/arm"
	fails_with 'Exec format error' "$W/app"
	examine 3 "$W/app"
	found problem appimage
	cure
	arm_runs "$W/app"
	examine 0 "$W/app"
	silent appimage
}

@test "an AppImage of another platform than the usual ones" {
	need_commands qemu-riscv64-static
	make_foreign "$W/program" f300
	appimage_of "$W/program"
	table_write "$(rule qemu-riscv64 riscv64 /usr/bin/qemu-riscv64-static PF)"
	fails_with 'Exec format error' "$W/app"
	examine 3 "$W/app"
	found problem appimage
	cure
	examine 0 "$W/app"
	silent appimage
	found ok rule qemu-riscv64
}

@test "an AppImage, and no handler at all: one cause, one hint" {
	appimage_of "$ROOT/arm"
	examine 3 "$W/app"
	same problems 1 "$(complaints problem)"
	found problem '' "$W/app"
	cure
	arm_runs "$W/app"
	examine 0 "$W/app"
}

# ---- scripts ----

@test "a script whose program is missing" {
	printf '#!/usr/bin/no-such-python3\n' >"$W/script"
	chmod 0755 "$W/script"
	fails_with 'file not found' "$W/script"
	examine 3 "$W/script"
	found problem script-program-missing /usr/bin/no-such-python3
	mkdir -p "$W/root"
	printf '#!/bin/sh\n' >"$W/root/anyarch-test-script"
	chmod 0755 "$W/root/anyarch-test-script"
	examine 3 --root="$W/root" /anyarch-test-script
	found problem script-program-missing /bin/sh
}

@test "a script with Windows line ends" {
	local line

	for line in '#!/bin/sh' '#!/bin/sh -e' '#!/usr/bin/env sh'; do
		printf '%s\r\nexit 0\r\n' "$line" >"$W/a script"
		chmod 0755 "$W/a script"
		refute ns "$W/a script"
		examine 3 "$W/a script"
		found problem carriage-return
		cure
		ns "$W/a script"
		examine 0 "$W/a script"
		silent carriage-return
	done
}

@test "a script that calls itself" {
	printf '#!%s\n' "$W/loop" >"$W/loop"
	chmod 0755 "$W/loop"
	refute ns "$W/loop"
	examine 3 "$W/loop"
	found problem too-deep ELOOP
}

# ---- root file systems ----

# make_arm_root DIR: with a shell, which says its name.
make_arm_root() {
	mkdir -p "$1/bin" "$1/usr/bin"
	cp "$ROOT/arm" "$1/bin/sh"
}

shell_runs() { # ROOT
	[[ $(ns chroot "$1" /bin/sh 2>&1 3>&-) == /bin/sh ]]
}

@test "a root file system of another architecture" {
	make_arm_root "$W/root"
	refute shell_runs "$W/root"
	examine 3 "$W/root"
	found problem no-handler arm
	cure
	shell_runs "$W/root"
	examine 0 "$W/root"
	silent no-handler
}

@test "a root file system, and a handler that is not fixed: the emulator helps in its place only" {
	make_arm_root "$W/root"
	table_write "$(rule qemu-arm arm $ARM P)"
	refute shell_runs "$W/root"
	examine 3 "$W/root"
	found problem not-fixed
	cp $ARM "$W/root/usr/bin/qemu-arm"
	refute shell_runs "$W/root"
	examine 3 "$W/root"
	found problem not-fixed
	mv "$W/root/usr/bin/qemu-arm" "$W/root/usr/bin/qemu-arm-static"
	shell_runs "$W/root"
	examine 0 "$W/root"
	examine 0 --root="$W/root" /bin/sh
	rm "$W/root/usr/bin/qemu-arm-static"
	cure
	shell_runs "$W/root"
	examine 0 "$W/root"
}

@test "a root file system with an emulator that is another one, dynamic, foreign, or not executable" {
	local one

	make_arm_root "$W/root"
	table_write "$(rule qemu-arm arm $ARM P)"
	for one in /usr/bin/qemu-aarch64-static "$(type -P true)" "$ROOT/arm" $ARM; do
		cp "$one" "$W/root$ARM"
		[[ $one != "$ARM" ]] || chmod 0644 "$W/root$ARM"
		refute shell_runs "$W/root"
		printf 'as the emulator: %s\n' "$one"
		examine 3 "$W/root"
		found problem ''
		examine 3 --root="$W/root" /bin/sh
		found problem ''
	done
	cure
	shell_runs "$W/root"
	examine 0 "$W/root"
	examine 0 --root="$W/root" /bin/sh
}

@test "a root file system with programs of two architectures" {
	make_arm_root "$W/a root"
	expect 0 anyarch register arm
	cp "$ROOT/arm64" "$W/a root/usr/bin/other"
	examine 0 "$W/a root"
	found warning mixed
	cure >"$W/survey"
	cat "$W/survey"
	grep -q /usr/bin/other "$W/survey"
	rm "$W/a root/usr/bin/other"
	examine 0 "$W/a root"
	silent mixed
}

@test "a root file system without any program" {
	mkdir "$W/root"
	examine 3 "$W/root"
	found problem no-programs
}

@test "an emulator that was left in a root file system" {
	make_arm_root "$W/a root"
	expect 0 anyarch register arm
	cp $ARM "$W/a root/usr/bin/"
	examine 0 "$W/a root"
	found note emulator-inside /usr/bin/qemu-arm-static
	cure
	[[ ! -e "$W/a root/usr/bin/qemu-arm-static" && -e $ARM ]]
	shell_runs "$W/a root"
	examine 0 "$W/a root"
	silent emulator-inside
	expect 0 anyarch inject "$W/a root"
	examine 0 "$W/a root"
	found note emulator-inside
	same hint "sudo anyarch eject '$W/a root'" "$HINT"
	cure
	examine 0 "$W/a root"
	silent emulator-inside
}

# What is typed is for the machine, where links of a root lead elsewhere than in it.
@test "an emulator in a root file system whose links lead out of it" {
	make_arm_root "$W/root"
	cp $ARM "$W/root/bin/"
	rmdir "$W/root/usr/bin"
	ln -s /bin "$W/root/usr/bin"
	expect 0 anyarch register arm
	cover /usr/bin
	examine 0 "$W/root"
	found note emulator-inside
	cure
	ns test -e $ARM
	[[ ! -e $W/root/bin/qemu-arm-static ]]
	examine 0 "$W/root"
	silent emulator-inside
}

@test "what is wrong with a script in a root is cured in the root" {
	make_arm_root "$W/root"
	expect 0 anyarch register arm
	printf '#!/bin/sh\r\n' >"$W/root/anyarch-test-script"
	ln -s /anyarch-test-script "$W/root/anyarch-test-link"
	examine 3 --root="$W/root" /anyarch-test-link
	found problem not-executable
	cure
	found problem carriage-return
	cure
	[[ -x $W/root/anyarch-test-script && $(<"$W/root/anyarch-test-script") == '#!/bin/sh' ]]
	examine 0 --root="$W/root" /anyarch-test-link
}

# ---- images ----

# make_image ROOT ARCHITECTURE [VARIANT]: $W/image.tar, a docker-archive that says it is for that.
make_image() {
	local dir=$W/image digest config

	mkdir "$dir"
	tar -C "$1" -cf "$dir/layer.tar" .
	digest=$(sha256sum <"$dir/layer.tar")
	printf '{"architecture":"%s",%s"os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$2" "${3:+\"variant\":\"$3\",}" "${START:-{\}}" "${digest%% *}" >"$dir/config.json"
	config=$(sha256sum <"$dir/config.json")
	mv "$dir/config.json" "$dir/${config%% *}.json"
	printf '[{"Config":"%s.json","RepoTags":["test:1"],"Layers":["layer.tar"]}]' "${config%% *}" >"$dir/manifest.json"
	tar -C "$dir" -cf "$W/image.tar" .
	rm -r "$dir"
}

@test "an image of another architecture" {
	make_arm_root "$W/root"
	make_image "$W/root" arm v7
	examine 3 "$W/image.tar"
	found problem no-handler arm
	cure
	shell_runs "$W/root"
	examine 0 "$W/image.tar"
	silent no-handler
}

@test "an image that says it is for ARM, with this machine's files in it" {
	mkdir -p "$W/root/bin"
	cp "$(type -P true)" "$W/root/bin/sh"
	make_image "$W/root" arm v7
	examine 3 "$W/image.tar"
	found problem label-lies 'linux/arm/v7'
	make_image "$W/root" "$(dpkg --print-architecture)"
	examine 0 "$W/image.tar"
	silent label-lies
}

@test "an image of ARM files that says it is for this machine" {
	make_arm_root "$W/root"
	expect 0 anyarch register arm
	make_image "$W/root" "$(dpkg --print-architecture)"
	examine 3 "$W/image.tar"
	found problem label-lies
	cure
	examine 0 "$W/FIXED"
	silent label-lies
}

@test "an emulator that was left in an image, and helps in its place only" {
	make_arm_root "$W/root"
	table_write "$(rule qemu-arm arm $ARM P)"
	cp $ARM "$W/root/usr/bin/"
	shell_runs "$W/root"
	make_image "$W/root" arm v7
	examine 0 "$W/image.tar"
	found note emulator-inside /usr/bin/qemu-arm-static
	mkdir "$W/root/opt"
	mv "$W/root/usr/bin/qemu-arm-static" "$W/root/opt/"
	refute shell_runs "$W/root"
	make_image "$W/root" arm v7
	examine 3 "$W/image.tar"
	found note emulator-inside /opt/qemu-arm-static
	found problem not-fixed
	cure
	shell_runs "$W/root"
	examine 0 "$W/image.tar"
}

@test "an image with an emulator that is another one, foreign, or not executable" {
	local one

	make_arm_root "$W/root"
	table_write "$(rule qemu-arm arm $ARM P)"
	for one in /usr/bin/qemu-aarch64-static "$ROOT/arm" $ARM; do
		cp "$one" "$W/root$ARM"
		[[ $one != "$ARM" ]] || chmod 0644 "$W/root$ARM"
		refute shell_runs "$W/root"
		make_image "$W/root" arm v7
		printf 'as the emulator: %s\n' "$one"
		examine 3 "$W/image.tar"
		found problem not-fixed
	done
	chmod 0755 "$W/root$ARM"
	make_image "$W/root" arm v7
	examine 0 "$W/image.tar"
	TAR_OPTIONS='--format=pax --pax-option=SCHILY.xattr.security.capability:=x' make_image "$W/root" arm v7
	examine 3 "$W/image.tar"
	found problem not-fixed
	expect 0 "$ANYARCH" inspect "$W/image.tar"
	grep -q "^contains: .*; no handler can use it: it has file capabilities" "$OUT"
	cure
	shell_runs "$W/root"
	examine 0 "$W/image.tar"
}

@test "an image whose entry point cannot be started" {
	local name id

	need_commands cc
	mkdir -p "$W/root/bin" "$W/root/app"
	cc -static -x c -o "$W/root/bin/sh" - 3>&- <<<'int main(void) { return 0; }'
	printf '#!/bin/sh\n' >"$W/root/app/good"
	printf '#!/bin/sh\r\n' >"$W/root/app/crlf"
	printf '#!/bin/bash\n' >"$W/root/app/no-shell"
	printf '#!/bin/env bash\n' >"$W/root/app/no-env"
	printf '#!/bin/env -S tool -x\n' >"$W/root/app/env"
	cp "$W/root/bin/sh" "$W/root/bin/env"
	ln "$W/root/bin/env" "$W/root/bin/other"
	ln -s other "$W/root/bin/tool"
	printf 'exec true\n' >"$W/root/app/text"
	printf '#!/bin/sh\n' >"$W/root/app/mode"
	cp "$ROOT/arm" "$W/root/app/foreign"
	cc -x c -o "$W/root/app/dynamic" - 3>&- <<<'int main(void) { return 0; }'
	chmod 0755 "$W"/root/app/*
	chmod 0644 "$W/root/app/mode"
	expect 0 anyarch register arm
	while read -r name id; do
		START="{\"Entrypoint\":[\"$name\"],\"WorkingDir\":\"/app\",\"Env\":[\"PATH=/bin:/app\"]}"
		make_image "$W/root" "$(dpkg --print-architecture)"
		if [[ $id == none ]]; then
			expect_raw 0 anyarch doctor "$W/image.tar"
		else
			expect_raw 3 anyarch doctor --json "$W/image.tar"
			same "$name" "$id" "$(jq -r '.findings[] | select(.level == "problem") | .id' "$OUT")"
		fi
	done <<-ROWS
		/app/good none
		good none
		./good none
		/app/crlf carriage-return
		/app/no-shell script-program-missing
		/app/no-env script-program-missing
		/app/env none
		/app/text not-a-program
		/app/mode not-executable
		/app/foreign entrypoint-foreign
		/app/dynamic loader-missing
		/app/nowhere entrypoint-missing
		nowhere entrypoint-missing
	ROWS
}
