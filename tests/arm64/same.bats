#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that the program for arm64 does what the one for this machine does, byte for byte: it runs in a handler table of its
# own, which the latter makes for it.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

ANYARCH_ARM64=${ANYARCH_ARM64:-$ANYARCH_SRC/build-static-arm64/src/anyarch}

setup_file() {
	local one

	for one in formats labels views good-elf rootfs bad-codec bad-elf bad-layout bad-oci bad-tar; do
		make_set "$one" || return
	done
	# For each of the two something that is an emulator for it.
	for one in gcc aarch64-linux-gnu-gcc; do
		"$one" -O1 -static -nostdlib -fno-stack-protector -Wl,--build-id=none -o "$BATS_FILE_TMPDIR/emulator-$one" -x c - \
			<<<'void _start(void) { for (;;) __asm__(""); }' || return
		touch -d @1600000000 "$BATS_FILE_TMPDIR/emulator-$one"
	done
}

setup() {
	need_commands python3 jq gcc aarch64-linux-gnu-gcc qemu-aarch64-static skopeo
	[[ -x $ANYARCH_ARM64 ]] || need "no anyarch for arm64: tools/build --host=arm64"
	[[ -x $ANYARCH_STATIC ]] || need "no static anyarch: tools/build --static"
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	FORMATS=$BATS_FILE_TMPDIR/formats
}

here() {
	"$ANYARCH" "$@"
}

arm64() {
	"$ANYARCH" run -- "$ANYARCH_ARM64" "$@"
}

# both ARGUMENT...: the two of them print the same and end with the same status, which is left in $status.
both() {
	local one=0

	status=0
	here "$@" >here.out 2>here.err </dev/null 3>&- || status=$?
	arm64 "$@" >arm64.out 2>arm64.err </dev/null 3>&- || one=$?
	same "status of ${*@Q}" "$status" "$one"
	same "stderr of ${*@Q}" "$(<here.err)" "$(<arm64.err)"
	cmp here.out arm64.out || {
		diff here.out arm64.out | head -n 10
		return 1
	}
}

# both_make PATH ARGUMENT...: the two of them make a file or a directory of the same bytes, or fail in the same way. The
# second one's stays.
both_make() {
	local path=$1 one=0
	shift

	status=0
	here "$@" >here.out 2>here.err 3>&- || status=$?
	[[ ! -e $path ]] || mv "$path" here.made
	arm64 "$@" >arm64.out 2>arm64.err 3>&- || one=$?
	same "status of ${*@Q}" "$status" "$one"
	same "stderr of ${*@Q}" "$(<here.err)" "$(<arm64.err)"
	[[ $status -eq 0 ]] || return 0
	diff -r here.made "$path"
	rm -rf here.made
}

# Where an image is an archive that is a file, where it is a layout a directory.
copy() { # FROM TO
	rm -rf "$2"
	cp -r "$1" "$2"
}

@test "it is static, for arm64, and no larger than 2 MiB" {
	expect 0 here inspect --json "$ANYARCH_ARM64"
	same facts 'linux/arm64 static-pie' "$(jq -r '.[0] | "\(.platform) \(.steps[0].elf.linkage)"' "$OUT")"
	aarch64-linux-gnu-strip -o stripped "$ANYARCH_ARM64"
	[[ $(stat -c %s stripped) -le 2097152 ]]
}

@test "help, completions and names" {
	local one

	both --help
	# Which emulators there are for it is another matter.
	same version "$("$ANYARCH_STATIC" --version | grep -v '^emulators:')" "$(arm64 --version | grep -v '^emulators:')"
	for one in bash zsh fish; do
		both completion "$one"
	done
	while read -r one; do
		both "$one" --help
	done < <("$ANYARCH" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p')
	[[ $status -eq 0 ]]
	both names
	both names --json arm64 armhf x86_64 qemu-riscv64-static mips64el
	both names aarch6
	[[ $status -ne 0 ]]
}

@test "inspect: every kind of file, root file system and image" {
	local set same_machine='walk(if type == "object" then del(.native) else . end
		| if type == "object" and ((.refused? // "") | startswith("it is a program for ")) then .refused = null else . end)'

	for set in good-elf rootfs formats labels views; do
		cd "$BATS_FILE_TMPDIR/$set" || return
		# Which one is native, and so which emulator can be used, is all that may differ.
		here inspect --json -- * >"$BATS_TEST_TMPDIR/here" 2>"$BATS_TEST_TMPDIR/here.err" || true
		arm64 inspect --json -- * >"$BATS_TEST_TMPDIR/arm64" 2>"$BATS_TEST_TMPDIR/arm64.err" || true
		same "$set" "$(jq "$same_machine" "$BATS_TEST_TMPDIR/here")" "$(jq "$same_machine" "$BATS_TEST_TMPDIR/arm64")"
		same "stderr of $set" "$(<"$BATS_TEST_TMPDIR/here.err")" "$(<"$BATS_TEST_TMPDIR/arm64.err")"
		[[ $(jq length "$BATS_TEST_TMPDIR/here") -gt 5 ]]
	done
}

@test "inspect: what is malformed is refused in the same words" {
	local set files

	for set in bad-elf bad-codec bad-layout bad-oci bad-tar; do
		cd "$BATS_FILE_TMPDIR/$set" || return
		files=(*)
		[[ ${#files[@]} -gt 5 ]]
		status=0
		here inspect -- "${files[@]}" >/dev/null 2>"$BATS_TEST_TMPDIR/here.err" || status=$?
		expect_raw "$status" arm64 inspect -- "${files[@]}"
		same "$set" "$(<"$BATS_TEST_TMPDIR/here.err")" "$stderr"
	done
}

@test "convert: every form into each form" {
	local name out n=0

	for name in "$FORMATS"/*; do
		for out in docker-archive:out.tar oci-archive:out.tar oci:out; do
			both_make "${out#*:}" convert --platform linux/arm/v7 --tag test:2 "$name" "$out"
			[[ $status -ne 0 ]] || n=$((n + 1))
			rm -rf out out.tar
		done
	done
	[[ $n -ge 60 ]]
}

@test "index: the same layout; an archive has manifest.json, besides, for the machine that makes it" {
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		for name, shell, architecture in ("v7", E.arm(), "arm"), ("arm64", E.arm64(), "arm64"), ("amd64", E.amd64(), "amd64"):
		    layer = T.tar(I.system(shell))
		    I.write(f"./{name}.tar", I.archive(I.docker([([layer], I.config_of([layer], architecture, None), [name + ":1"])])))
	PYTHON
	both_make layout index --tag a:1 --tag a:2 --annotate k=v oci:layout v7.tar arm64.tar amd64.tar
	[[ $status -eq 0 ]]
	expect 0 here index here.tar v7.tar arm64.tar amd64.tar
	expect 0 arm64 index arm.tar v7.tar arm64.tar amd64.tar
	same members "$(tar -tf here.tar)" "$(tar -tf arm.tar)"
	same index "$(tar -xOf here.tar index.json)" "$(tar -xOf arm.tar index.json)"
	same blobs "$(tar -xOf here.tar --wildcards 'blobs/*' | sha256sum)" "$(tar -xOf arm.tar --wildcards 'blobs/*' | sha256sum)"
	skopeo inspect --config docker-archive:arm.tar >config
	same 'manifest.json is for' arm64 "$(jq -r .architecture config)"
}

@test "what either injects the other one ejects, and nothing is left" {
	local name n=0 compress

	for name in docker-old.tar docker-new.tar docker-gzip-layers.tar docker-zstd-layers.tar dual.tar oci.tar oci-gzip-layers.tar \
		oci-zstd-layers.tar oci-tags.tar layout; do
		for compress in none gzip zstd; do
			[[ $name != docker* && $name != dual* || $compress == none ]] || continue
			copy "$FORMATS/$name" image
			expect 0 here inject --at /usr/bin/q --compress "$compress" --emulator "$BATS_FILE_TMPDIR/emulator-gcc" image
			copy image other
			expect 0 here eject image
			expect 0 arm64 eject other
			diff -r image other
			copy "$FORMATS/$name" other
			expect 0 arm64 inject --at /usr/bin/q --compress "$compress" --emulator "$BATS_FILE_TMPDIR/emulator-aarch64-linux-gnu-gcc" other
			[[ $output == *injected* ]]
			expect 0 here eject other
			diff -r image other
			n=$((n + 1))
		done
	done
	[[ $n -ge 20 ]]
}

# inject_and_eject ONE COMPILER OTHER: into a copy of "made", which is then as before.
inject_and_eject() {
	cp -a made root
	expect 0 "$1" inject --platform arm --emulator "$BATS_FILE_TMPDIR/emulator-$2" root
	cmp root/usr/bin/qemu-arm-static "$BATS_FILE_TMPDIR/emulator-$2"
	(cd root && find . -printf '%p %y %m %T@\n' | sort) >"$1.tree"
	expect 0 "$3" eject root
	same 'what is left' "$(tree_of made)" "$(tree_of root)"
	rm -r root
}

@test "a root file system: what either puts in the other one takes out" {
	mkdir -p made/bin made/usr/bin
	python3 -B -c 'import sys; sys.path.insert(0, sys.argv[1]); import elf_files; sys.stdout.buffer.write(elf_files.arm())' \
		"$ANYARCH_SRC/tests/lib" >made/bin/sh
	chmod 755 made/bin/sh
	find made -depth -exec touch -h -d @1500000000 {} +
	inject_and_eject here gcc arm64
	inject_and_eject arm64 aarch64-linux-gnu-gcc here
	sed -i 's/ [0-9.]*$//' here.tree arm64.tree
	same tree "$(<here.tree)" "$(<arm64.tree)"
}

@test "a project: init and render write the same" {
	both_make project init --json project
	# For whichever machine it is that builds.
	cp -r project other
	expect 0 here render --native linux/amd64 project
	expect 0 arm64 render --native linux/amd64 other
	diff -r project other
	[[ $(find project -name 'Dockerfile.*' | wc -l) -ge 3 ]]
}

@test "register --dry-run: the same rules, and the safety of the machine that it is on" {
	local emulators

	emulators=$(
		# shellcheck source=tools/lib.sh
		. "$ANYARCH_SRC/tools/lib.sh"
		# shellcheck source=tools/fetch.sh
		. "$ANYARCH_SRC/tools/fetch.sh"
		fetch_emulators arm64 arm x86_64
	)
	mkdir -p here/usr/bin arm64/usr/bin
	cp /usr/bin/qemu-arm-static here/usr/bin/
	cp "$emulators"/qemu-{arm,x86_64}-static arm64/usr/bin/
	expect 0 here register --dry-run --root "$PWD/here" arm
	mv "$OUT" here.rules
	expect 0 arm64 register --dry-run --root "$PWD/arm64" arm
	cmp here.rules "$OUT"
	# What is foreign to the program is not so to the machine.
	expect 3 arm64 register --dry-run --root "$PWD/arm64" amd64
	says 'the rule would also match /bin/sh'
	# An emulator that is for another machine than the program.
	expect 3 arm64 register --dry-run --root "$PWD/here" arm
	says 'it is a program for amd64, and this machine is arm64'
}
