#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what inspect says of files and root file systems, good ones and hostile ones.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"

setup_file() {
	make_set good-elf
	make_set bad-elf
	make_set rootfs
	gcc -O1 -o "$BATS_FILE_TMPDIR/deny" "$ANYARCH_SRC/tests/lib/deny.c"
}

setup() {
	need_commands python3 jq strace
	cd "$BATS_TEST_TMPDIR" || return
	ELF=$BATS_FILE_TMPDIR/good-elf ROOTS=$BATS_FILE_TMPDIR/rootfs
}

# fact KEY: of the last output, the value behind "KEY:"; of several all.
fact() {
	sed -n "s/^$1: *//p" "$OUT"
}

# Column by column what the tables of good files have, out of the text and out of the JSON.
text_table() {
	awk '
		function flush() { if (file != "") printf "%s\t%s\t%s\t%s\t%s\n", file, type, abi, platform, emulator }
		/^file:/ { flush(); file = substr($0, 15); type = abi = platform = emulator = "" }
		/^type:/ { type = substr($0, 19) }
		/^abi:/ { abi = substr($0, 15) }
		/^platform:/ { platform = substr($0, 15) }
		/^emulator:/ { emulator = substr($0, 15) }
		END { flush() }' "$1" | sed "s/\tqemu-/\t/; s/\tQEMU has none\$/\t/; s/\tnot needed\$/\t$(uname -m)/"
}

json_table() {
	jq -r '.[] | .steps[-1].elf as $elf | [.target,
		"\($elf.bits)-bit \($elf.byte_order)-endian \($elf.machine // "machine \($elf.machine_number)"), \($elf.linkage)"
			+ (if $elf.truncated then ", truncated" else "" end),
		$elf.abi // "", .platform // (if .arch then "-" else "" end), .arch // ""] | join("\t")' "$1"
}

@test "every kind of ELF file is told from the others, in text and JSON alike" {
	local names

	cut -f 1 "$ELF.tsv" >names
	mapfile -t names <names
	cd "$ELF"
	expect 0 "$ANYARCH" inspect "${names[@]}"
	same text "$(<"$ELF.tsv")" "$(text_table "$OUT")"
	expect 0 "$ANYARCH" inspect --json "${names[@]}"
	same JSON "$(<"$ELF.tsv")" "$(json_table "$OUT")"
}

@test "the words of every naming scheme" {
	expect 0 "$ANYARCH" inspect "$ELF/armhf-v7"
	same words 'docker arm32v7, debian armhf, alpine armv7, uname armv7l, gnu arm-linux-gnueabihf' "$(fact 'also called')"
	same platform linux/arm/v7 "$(fact platform)"
	same emulator qemu-arm "$(fact emulator)"
	same 'os abi' 'System V' "$(fact 'os abi')"
	expect 0 "$ANYARCH" inspect "$ELF/freebsd" "$ELF/arm-fdpic"
	same 'os abi' $'FreeBSD\nFDPIC' "$(fact 'os abi')"
}

@test "files that are malformed, and files of other kinds, are refused by name and defect" {
	judge bad-elf
}

@test "what is no regular file is refused without waiting for it" {
	local one

	mkfifo fifo
	mkdir root
	mkfifo root/fifo
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
	for one in fifo socket /dev/null /dev/zero /dev/tty; do
		expect 3 bounded "$ANYARCH" inspect "$one" </dev/null
		says "$one: "
	done
	for one in fifo . /; do
		expect 3 bounded "$ANYARCH" inspect --root root "$one"
		says "not a regular file"
	done
	for one in nothing fifo/x '' "$(printf 'n%.0s' {1..5000})"; do
		expect 3 bounded "$ANYARCH" inspect "$one"
	done
	expect 3 bounded "$ANYARCH" inspect $'no\e[31m\nthing'
	# shellcheck disable=SC1003 # a backslash
	says 'no\x1b[31m\x0athing'
}

@test "a hostile file does not choose what is opened" {
	python3 - <<-'PYTHON'
		import sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, f"{__import__('os').environ['ANYARCH_SRC']}/tests/lib")
		from elf_files import amd64
		for name in ("/dev/zero", "/tmp"):
		    open("elf" + name.replace("/", "-"), "wb").write(amd64(interp=name.encode() + b"\0"))
	PYTHON
	expect 0 "${TRACED[@]}" -f -e trace=open,openat,openat2,read,pread64 -o trace "$ANYARCH" inspect elf-dev-zero
	same interpreter '/dev/zero (not there)' "$(fact interpreter)"
	same 'what opened the device' '' "$(grep '"/dev/zero"' trace | grep -v O_PATH)"
	expect 0 "$ANYARCH" inspect elf-tmp
	same interpreter '/tmp (not there)' "$(fact interpreter)"
	printf '#!/dev/zero\n' >script
	expect 3 "${TRACED[@]}" -f -e trace=open,openat,openat2 -o trace "$ANYARCH" inspect script
	same 'what opened the device' '' "$(grep '"/dev/zero"' trace | grep -v O_PATH)"
}

@test "a file that grows and shrinks while it is read" {
	local i writer

	cp "$ELF/armhf-v7" good
	while :; do
		cp good file
		truncate -s 70 file
		truncate -s 1M file
	done 3>&- &
	writer=$!
	for ((i = 0; i < 50; i++)); do
		expect_one_of '0 3' "$ANYARCH" inspect file || break
	done
	kill "$writer"
	wait "$writer" || true
	[[ $i -eq 50 ]]
}

@test "the interpreter of a program, here and below another root" {
	expect 0 "$ANYARCH" inspect "$ELF/arm-interp"
	[[ $(fact interpreter) == '/lib/ld-linux-armhf.so.3'* ]]
	mkdir -p root/lib root/usr/lib
	cp "$ELF/arm-interp" root/program
	expect 0 "$ANYARCH" inspect --root root program
	same interpreter '/lib/ld-linux-armhf.so.3 (not there)' "$(fact interpreter)"
	cp "$ELF/armhf-v7" root/usr/lib/ld
	ln -s /usr/lib/ld root/lib/ld-linux-armhf.so.3
	expect 0 "$ANYARCH" inspect --root root /program
	same interpreter /lib/ld-linux-armhf.so.3 "$(fact interpreter)"
	expect 0 "$ANYARCH" inspect --root root --json /program
	jq -e '.[0].interpreter_present == true and .[0].steps[0].elf.interpreter == "/lib/ld-linux-armhf.so.3"' "$OUT"
	# A link that leads out of the root leads nowhere.
	ln -sf "$PWD/root/usr/lib/ld" root/lib/ld-linux-armhf.so.3
	expect 0 "$ANYARCH" inspect --root root /program
	same interpreter '/lib/ld-linux-armhf.so.3 (not there)' "$(fact interpreter)"
	ln -sf ../../../../../../../../usr/lib/ld root/lib/ld-linux-armhf.so.3
	expect 0 "$ANYARCH" inspect --root root ../../program
	same interpreter /lib/ld-linux-armhf.so.3 "$(fact interpreter)"
	ln -sf ld-linux-armhf.so.3 root/lib/ld-linux-armhf.so.3
	expect 0 "$ANYARCH" inspect --root root /program
	same interpreter '/lib/ld-linux-armhf.so.3 (not there)' "$(fact interpreter)"
}

@test "scripts are followed to the program that runs" {
	mkdir -p root/bin root/usr/bin
	cp "$ELF/armhf-v7" root/usr/bin/dash
	ln -s ../usr/bin/dash root/bin/sh
	printf '#! /bin/sh -e  \necho\n' >root/one
	printf '#!/one\t-x y\n' >root/two
	expect 0 "$ANYARCH" inspect --root root two
	same command $'/one\t-x y\n/bin/sh -e' "$(printf '%b' "$(fact command)")"
	same runs $'/one\n/bin/sh' "$(fact runs)"
	same platform linux/arm/v7 "$(fact platform)"
	expect 0 "$ANYARCH" inspect --root root --json two
	same JSON 'two /one /bin/sh' "$(jq -r '[.[0].steps[].path] | join(" ")' "$OUT")"
	jq -e '.[0].platform == "linux/arm/v7" and .[0].missing == null' "$OUT"
	# The same without --root: by the names of this machine.
	printf '#!%s\n' "$ELF/s390x" >script
	expect 0 "$ANYARCH" inspect script
	same platform linux/s390x "$(fact platform)"
}

@test "why a script does not run" {
	local i

	printf '#!/no/such/program -x\n' >missing
	expect 0 "$ANYARCH" inspect missing
	same runs '/no/such/program (not there)' "$(fact runs)"
	expect 0 "$ANYARCH" inspect --json missing
	same missing /no/such/program "$(jq -r '.[0].missing' "$OUT")"
	# The kernel takes the carriage return for a part of the name.
	printf '#!/bin/sh\r\necho\r\n' >windows
	expect 0 "$ANYARCH" inspect windows
	same command '/bin/sh\x0d' "$(fact command)"
	same runs '/bin/sh\x0d (not there)' "$(fact runs)"
	printf '#!/a\e]0;x\ab\n' >escapes
	expect 0 "$ANYARCH" inspect escapes
	same runs '/a\x1b]0;x\x07b (not there)' "$(fact runs)"
	# It does not read further than 256 bytes.
	printf '#!/%0300d\n' 1 >long
	expect_one_of '0 3' "$ANYARCH" inspect long
	refute grep -q 'platform:' "$OUT"
	# And it follows five scripts, no more.
	printf '#!%s\n' "$ELF/arm64" >s1
	for i in 2 3 4 5 6; do
		printf '#!%s/s%d\n' "$PWD" $((i - 1)) >s$i
	done
	expect 0 "$ANYARCH" inspect s5
	same platform linux/arm64 "$(fact platform)"
	expect_one_of '0 3' "$ANYARCH" inspect s6
	refute grep -q 'platform:' "$OUT"
	printf '#!%s/itself\n' "$PWD" >itself
	expect_one_of '0 3' bounded "$ANYARCH" inspect itself
	refute grep -q 'platform:' "$OUT"
}

@test "--expect, of a file" {
	local platform

	for platform in linux/arm/v7 arm armhf arm/v8 qemu-arm armv7l; do
		expect 0 "$ANYARCH" inspect --expect="$platform" "$ELF/armhf-v7"
		[[ -z $stderr && -n $output ]]
	done
	for platform in arm64 linux/arm/v6 armel x86_64; do
		expect 3 "$ANYARCH" inspect --expect "$platform" "$ELF/armhf-v7"
		says "$ELF/armhf-v7: made for linux/arm/v7, expected "
		[[ -n $output ]]
	done
	expect 3 "$ANYARCH" inspect --expect=amd64 "$ELF/x32"
	says "no known platform"
	expect 2 "$ANYARCH" inspect --expect=aarch6 "$ELF/arm64"
	hints aarch64
}

@test "several targets: each is told, and one that is refused is not lost" {
	expect 3 "$ANYARCH" inspect "$ELF/arm64" nothing "$ELF/s390x"
	same platforms $'linux/arm64\nlinux/s390x' "$(fact platform)"
	same errors 1 "$(error_lines)"
	expect 3 "$ANYARCH" inspect --json "$ELF/arm64" nothing "$ELF/s390x"
	same JSON 'linux/arm64 linux/s390x' "$(jq -r '[.[].platform] | join(" ")' "$OUT")"
	expect 3 "$ANYARCH" inspect --json nothing
	same JSON 0 "$(jq length "$OUT")"
}

@test "usage" {
	expect 2 "$ANYARCH" inspect
	expect 2 "$ANYARCH" inspect --expect
	expect 2 "$ANYARCH" inspect --nothing "$ELF/arm64"
	expect 3 "$ANYARCH" inspect --root nothing x
	says nothing
	# shellcheck disable=SC2016 # the inner shell expands it
	expect 1 sh -c '"$1" inspect "$2" >/dev/full' sh "$ANYARCH" "$ELF/arm64"
}

# What the table of root file systems has, out of the JSON.
roots_table() {
	jq -r '.[] | [.target, .platform // "", .judged_by // "",
		(.files | sort_by(.arch) | map("\(.arch):\(.files)") | join(" ")),
		(.emulators | map("\(.path) \(.arch) \(.host) \(.version)") | join(";")), "\(.unreadable)"] | join("\t")' "$1"
}

@test "root file systems, whatever their links lead to" {
	local names

	mapfile -t names < <(cut -f 1 "$ROOTS.tsv")
	cd "$ROOTS"
	expect 0 bounded "$ANYARCH" inspect --survey --json "${names[@]}"
	same roots "$(<"$ROOTS.tsv")" "$(roots_table "$OUT")"
	same systems 'Test GNU/Linux 1' "$(jq -r '[.[].system | select(.)] | unique | join(" ")' "$OUT")"
}

@test "the same without openat2" {
	local names error

	mapfile -t names < <(cut -f 1 "$ROOTS.tsv")
	cd "$ROOTS"
	for error in ENOSYS EPERM; do
		expect 0 bounded "$BATS_FILE_TMPDIR/deny" "$error" openat2 "$ANYARCH" inspect --survey --json "${names[@]}"
		same roots "$(<"$ROOTS.tsv")" "$(roots_table "$OUT")"
	done
}

@test "nothing is written to a root file system" {
	local before

	before=$(cd "$ROOTS" && find . -printf '%p %s %T@ %C@ %i %m\n' | sort)
	cd "$ROOTS"
	expect 0 "$ANYARCH" inspect --survey -- *
	same roots "$before" "$(find . -printf '%p %s %T@ %C@ %i %m\n' | sort)"
}

@test "a root file system in words" {
	expect 0 "$ANYARCH" inspect "$ROOTS/good"
	same root "$ROOTS/good" "$(fact root)"
	same system 'Test GNU/Linux 1' "$(fact system)"
	same platform linux/arm/v7 "$(fact platform)"
	same judge /bin/sh "$(fact 'judged by')"
	same emulator qemu-arm "$(fact emulator)"
	expect 0 "$ANYARCH" inspect --survey "$ROOTS/mixed"
	same mixed yes "$(fact mixed)"
	grep -q 'x86_64: 1 file  (/opt/x)' "$OUT"
	expect 0 "$ANYARCH" inspect --survey "$ROOTS/nested-300"
	same unreadable 1 "$(fact unreadable)"
	expect 0 "$ANYARCH" inspect "$ROOTS/emulator"
	same contains '/usr/bin/qemu-arm-static, QEMU 7.2.22 for arm, runs on x86_64' "$(fact contains)"
	cp -r "$ROOTS/emulator" "$BATS_TEST_TMPDIR/root"
	chmod 2755 "$BATS_TEST_TMPDIR/root/usr/bin/qemu-arm-static"
	expect 0 "$ANYARCH" inspect "$BATS_TEST_TMPDIR/root"
	[[ $(fact contains) == *'; no handler can use it: set-group-ID (mode 2755): every foreign program'* ]]
	expect 0 "$ANYARCH" inspect --json "$BATS_TEST_TMPDIR/root"
	jq -e '.[].emulators[].refused | startswith("set-group-ID")' "$OUT"
	expect 0 "$ANYARCH" inspect "$ROOTS/empty"
	[[ $(fact platform) == unknown* ]]
}

@test "JSON has what the text has" {
	expect 0 "$ANYARCH" inspect --survey "$ROOTS/"*
	facts_of_text "$OUT" >want
	[[ $(wc -l <want) -gt 80 ]]
	expect 0 "$ANYARCH" inspect --survey --json "$ROOTS/"*
	same facts "$(<want)" "$(facts_of_json "$OUT")"
}

@test "names from a root file system do not reach the terminal as they are" {
	expect 0 "$ANYARCH" inspect --survey "$ROOTS/44-names-not-utf8"
	refute grep -q -P '[\x00-\x09\x0b-\x1f\x7f-\xff]' "$OUT"
	mkdir -p root/etc
	printf 'PRETTY_NAME="a\e[31m\xffb"\n' >root/etc/os-release
	expect 0 "$ANYARCH" inspect root
	same system 'a\x1b[31m\xffb' "$(fact system)"
	expect 0 "$ANYARCH" inspect --json root
	jq -e . "$OUT"
}

@test "without --survey, each program counts once" {
	expect 0 "$ANYARCH" inspect --json "$ROOTS/good"
	same files arm:2 "$(jq -r '.[0].files[] | "\(.arch):\(.files)"' "$OUT")"
}

@test "--expect, of a root file system" {
	expect 0 "$ANYARCH" inspect --expect=arm/v7 "$ROOTS/good"
	expect 3 "$ANYARCH" inspect --expect=arm64 "$ROOTS/good"
	says linux/arm/v7
	says dash
	expect 3 "$ANYARCH" inspect --expect=arm/v7 --survey "$ROOTS/mixed"
	says /opt/x
	refute grep -q dash "$ERR"
	expect 0 "$ANYARCH" inspect --expect=arm/v7 --survey "$ROOTS/emulator"
	expect 3 "$ANYARCH" inspect --expect=arm "$ROOTS/empty"
	expect 3 "$ANYARCH" inspect --expect=arm "$ROOTS/emulator-alone"
	expect 3 "$ANYARCH" inspect --expect=arm "$ROOTS/nothing"
}

@test "a root that is given by links is the root" {
	ln -s "$ROOTS/good" link
	expect 0 "$ANYARCH" inspect link
	same platform linux/arm/v7 "$(fact platform)"
	expect 0 "$ANYARCH" inspect "$ROOTS/good/../good/."
	same platform linux/arm/v7 "$(fact platform)"
}

@test "libraries, debug files and programs for other systems are said for what they are" {
	need_commands gcc objcopy python3 jq
	cd "$BATS_TEST_TMPDIR" || return
	echo 'int f(void) { return 0; } int main(void) { return 0; }' >x.c
	gcc -g -o dynamic x.c
	gcc -shared -fPIC -Wl,-e,f -Wl,-soname,x.so -o library.so x.c
	gcc -static-pie -nostdlib -ffreestanding -Wl,-e,f -o static-pie x.c
	objcopy --only-keep-debug dynamic dynamic.debug
	python3 -B - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import elf_files as E
		for name, data in {"cortex-m": E.arm(13), "psp": E.elf(machine=E.MIPS, flags=0x10a23001), "o32": E.elf(machine=E.MIPS, flags=0x1000),
		                   "freebsd": E.amd64(osabi=9), "netbsd": E.amd64(interp=b"/libexec/ld.elf_so\0"),
		                   "core": E.amd64(kind=4, phnum=2000)}.items():
		    open(name, "wb").write(data)
	PYTHON
	while read -r name linkage interpreter platform; do
		expect 0 "$ANYARCH" inspect --json "$name"
		same "$name" "$linkage $interpreter $platform" \
			"$(jq -r '.[0] | "\(.steps[0].elf.linkage | sub(" "; "-")) \(.steps[0].elf.interpreter != null) \(.platform != null)"' <<<"$output")"
	done <<-'TABLE'
		dynamic dynamic true true
		library.so shared-library false true
		static-pie static-pie false true
		dynamic.debug debug-information false true
		cortex-m static false false
		psp static false false
		o32 static false true
		freebsd static false false
		netbsd dynamic true false
		core core-dump false true
	TABLE
}
