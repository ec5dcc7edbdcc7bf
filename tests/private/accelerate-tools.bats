#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that tools which every system has run natively in a root with the same results: command lines of each of them, and a
# configure and make, both ways; and what has to be so for it.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # the library sets output, stderr and status; the shells in the root expand; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/compilers.bash
source "$BATS_TEST_DIRNAME/../lib/compilers.bash"

setup_file() {
	[[ $EUID -eq 0 ]] || return 0
	export SET=$BATS_FILE_TMPDIR/set ARM64=$BATS_FILE_TMPDIR/arm64
	mkdir "$SET" "$ARM64"
	tar -C "$SET" --no-same-owner -xf "$(native_root)"
	tar -C "$ARM64" --no-same-owner -xf "$(tools_root arm64)"
}

setup() {
	local why

	need_root
	need_commands strace jq xz zstd dpkg-deb python3
	why=$(ns_possible) || need "$why"
	cd "$BATS_TEST_TMPDIR" || return
	mkdir work
	ROOT=$ARM64
}

# inside ENV SCRIPT [OPTION...]: a shell in the root, with native tools unless ENV says otherwise; /work is the test's directory.
inside() {
	${VIA-} "$ANYARCH" run --accelerate --toolchain "$SET" --root "$ROOT" --bind "$PWD/${WORK-work}:/work" --workdir /work \
		--env "ANYARCH_ACCELERATE=$1" --env PATH=/usr/bin:/bin "${@:3}" -- /bin/sh -c "$2"
}

# natives SCRIPT [OPTION...]: the names of the native tools that it starts, in one line.
natives() {
	VIA=natively inside 1 "$@" | tr '\n' ' '
}

# own_root: $ROOT is a copy that the test may change.
own_root() {
	cp -a --reflink=auto "$ARM64" own
	ROOT=$PWD/own
}

# make_lines DIR: a folder for each command line of tests/lib/tool_lines, and DIR/all that runs them.
make_lines() {
	python3 - "$1" "$ANYARCH_SRC/tests/lib/tool_lines" <<-'PYTHON'
		import os, sys
		to, lines = sys.argv[1:]
		text = "one two three\ntwo three four\n\ta tab\n\n\nThe end. One more\n"
		files = {
		    "text": text, "text2": text.replace("two", "2").replace("tab", "tabs") + "more\n", "words": "hello\nworld\nb\na\nlll\n",
		    "numbers": "10\n9\n1e3\n-5\n0x10\n2K\n1G\n1.5\n0.1\n", "pairs": "1:a x 1\n2:b w 2e1\n10:c v 3\n", "pairs2": "a b\nb c\nd e\n",
		    "utf": "\u00f6\u00e4 z\n\u20ac a\n\u00e9\n", "big": "".join(f"{i * i * 7919 % 65537} some text {i % 13}\0\n" for i in range(3000)),
		    "run": "#!/bin/sh\necho run $# \"$@\"\n", "prog": "s/one/1/\n/two/{\nh\nG\n}\n", "macros": "define(`f', `<$1>')f(1)\ndnl x\n",
		}
		os.umask(0o022)
		for n, line in enumerate(l for l in open(lines, encoding="utf-8") if not l.startswith("#")):
		    os.makedirs(f"{to}/c/{n:02}")
		    for name, content in {**files, "set": line}.items():
		        open(f"{to}/c/{n:02}/{name}", "wb").write(content.encode())
		    os.chmod(f"{to}/c/{n:02}/run", 0o755)
		    for made in ("x.xz", "z.zst", "t.zst.tar", "one.deb"):
		        open(f"{to}/c/{n:02}/{made}", "wb").write(open(made, "rb").read())
	PYTHON
	find "$1" -exec touch -h -d @1600000000 {} +
	cat >"$1/all" <<-'SH'
		export LC_ALL=C HOME=/root TZ=UTC
		for part in 0 1; do
			for at in /work/c/*$part /work/c/*$((part + 2)) /work/c/*$((part + 4)) /work/c/*$((part + 6)) /work/c/*$((part + 8)); do
				cd $at || continue
				sh ./set >stdout 2>stderr </dev/null
				echo $? >status
			done &
		done
		wait
	SH
}

# what_is_there DIR: modes, sizes and owners; of what a command line created, not when.
what_is_there() (
	cd "$1" && find . -mindepth 2 \( -type f -printf '%P %m %U:%G %s %n\n' -o -printf '%P %y %m %U:%G %l\n' \) | sort
)

run_lines() { # SCRATCH RESULT
	WORK=lines.emulated && make_lines lines.emulated && inside 0 'sh /work/all' && tar -C lines.emulated -cf "$2" .
}

# lines ARCHITECTURE: every command line, natively and emulated. What emulated tools give is kept until root, emulator or
# command lines change.
lines() {
	local key

	xz -c <<<'some text' >x.xz
	zstd -q -c <<<'some text' >z.zst
	echo x >inside && tar --mtime=@1600000000 -cf - inside | zstd -q -c >t.zst.tar
	mkdir -p deb/DEBIAN deb/usr/share/one
	printf 'Package: one\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: one\n' >deb/DEBIAN/control
	echo one >deb/usr/share/one/file
	chmod -R u=rwX,go=rX deb
	find deb -exec touch -d @1600000000 {} +
	SOURCE_DATE_EPOCH=1600000000 dpkg-deb --root-owner-group -b deb one.deb >/dev/null
	make_lines lines.native
	key=$({
		cat "$ANYARCH_SRC/tests/lib/tool_lines" x.xz z.zst t.zst.tar one.deb
		declare -f make_lines
		qemu-arm-static --version
		stat -c '%s %Y' "$(tools_root "$1")"
	} | sha256sum | head -c 16)
	mkdir emulated
	tar -C emulated --no-same-owner -xf "$(cached "tool-lines-$(images_suite)-$1-$key.tar" run_lines)"
	WORK=lines.native inside 1 'sh /work/all'
	diff -r lines.native emulated
	diff <(what_is_there lines.native/c) <(what_is_there emulated/c)
}

run_make() { # SCRATCH RESULT
	WORK=made.emulated && mkdir made.emulated && tar -C made.emulated -xf "$SOURCE" && inside 0 "$MAKE" && tar -C made.emulated -cf "$2" .
}

@test "configure and make: the same config.h, makefiles, objects and program as emulated" {
	local key at

	need_commands aarch64-linux-gnu-objcopy
	tar -xf "$(debian_source units)"
	SOURCE=$(echo "$PWD"/units_*.orig.tar.[gx]z)
	MAKE='cd /work/* && ./configure --prefix=/usr >/dev/null 2>&1 && make >/dev/null 2>&1'
	key=$({
		cat "$SOURCE"
		echo "$MAKE"
		qemu-arm-static --version
		stat -c '%s %Y' "$(tools_root arm64)"
	} | sha256sum | head -c 16)
	mkdir emulated made.native
	tar -C emulated -xf "$(cached "made-$(images_suite)-$key.tar" run_make)"
	tar -C made.native -xf "$SOURCE"
	WORK=made.native inside 1 "$MAKE"
	# The compiler names its package, which lags behind in the cross packages; the log has times and numbers of processes.
	find made.native emulated -name '*.o' -o -name units -type f -perm -u+x | while read -r at; do
		aarch64-linux-gnu-objcopy -R .comment -R .note.gnu.build-id "$at"
	done
	diff -r --exclude config.log made.native emulated
	same 'programs that it made' 1 "$(find made.native -name units -type f -perm -u+x | wc -l)"
}

@test "arm64: command lines of every tool give the same" {
	lines arm64
}

@test "armhf: command lines of every tool give the same" {
	mkdir armhf
	tar -C armhf --no-same-owner -xf "$(tools_root armhf)"
	ROOT=$PWD/armhf
	lines armhf
}

@test "they really are native, where they may be" {
	same tools 'bzip2 cat cmp dash date dpkg-deb find grep gzip m4 patch sed sort tar touch xargs xz zstd ' \
		"$(natives 'for t in "bzip2 --help" cat\ x "cmp x x" date "dpkg-deb --help" "find --version" "grep --version" "gzip --version" \
			"m4 --version" "patch --version" "sed --version" "sort --version" "tar --version" "touch x" "xargs --version" "xz --version" \
			"zstd -d --version" "uname -m" "od --version" "nproc" "printf x" "seq 1" "make --version" "df ."; do $t; done')"
}

@test "what the root has a hand in is emulated" {
	local one expected

	touch work/x
	while IFS='|' read -r expected one; do
		printf '%s\n' "$one"
		same "$one" "$expected" "$(natives "$one")"
	done <<-'CASES'
		dash |LD_LIBRARY_PATH=/nowhere cat x
		dash |LD_PRELOAD=/nowhere.so cat x
		dash |LD_BIND_NOW=1 cat x
		dash |LC_ALL=de_DE.UTF-8 cat x
		cat dash |LC_ALL=C.UTF-8 cat x
		dash |LANGUAGE=de cat x
		cat dash |LANGUAGE=C cat x
		dash |ANYARCH_ACCELERATE=cc cat x
		dash |ANYARCH_ACCELERATE=0 cat x
		dash |QEMU_LD_PREFIX=/nowhere cat x
		|cat /proc/cpuinfo
		dash |a=c/cpuinfo; cat /pro$a
		dash |sort -k 2g x
		cat dash |echo cat x | sh
		|sh -c 'ulimit -s 1000; :'
		dash |dpkg-deb -b x
		dash |dpkg-deb --version
		dash dpkg-split |dpkg-split -Qao x x
		dash |dpkg-split -I x
		dash |zstd -q x -o y
	CASES
	same 'emulated as a whole' '' "$(natives 'cat x' --env LC_ALL=de_DE.UTF-8)"
	same 'but for what compiles' '' "$(natives 'cat x' --env ANYARCH_ACCELERATE=cc)"
}

# chosen [SET]: what is said of a tool of each package: "sed=native", or why not.
chosen() {
	"$ANYARCH" inject --dry-run --json --accelerate --toolchain "${1-$SET}" --emulator-dir /usr/bin "$ROOT" >json 2>stderr || return
	jq -r '.[0] | ([.accelerated[] | {tool: ., why: "native"}] + .emulated)[] | select(.tool == "sed" or .tool == "cat") | .tool + "=" + .why' json |
		sort | tr '\n' ' '
}

@test "the records of the root and of the native tools decide" {
	local status=own/var/lib/dpkg/status

	again() {
		rm -rf own
		mkdir -p own/{bin,usr/bin,usr/lib,var/lib/dpkg}
		cp -a "$ARM64"/bin/{cat,sed} own/bin
		cp -a "$ARM64/var/lib/dpkg/." own/var/lib/dpkg
	}
	again
	ROOT=$PWD/own
	same 'as it is' 'cat=native sed=native ' "$(chosen)"
	sed -i '/^Package: sed$/,/^$/s/^Version: .*/Version: 4.9-99/' "$status"
	[[ $(chosen) == 'cat=native sed=another version: 4.9-99 there, '*' here ' ]]
	again
	sed -i '/^Package: sed$/,/^$/s/^Status: .*/Status: deinstall ok config-files/' "$status"
	same 'removed' 'cat=native ' "$(chosen)"
	again
	echo >>own/bin/sed
	same 'another file' 'cat=native sed=its file or libraries are not those of the package ' "$(chosen)"
	again
	rm own/var/lib/dpkg/info/sed.md5sums
	same 'no digests' 'cat=native sed=its file or libraries are not those of the package ' "$(chosen)"
	again
	sed -i '/^Package: libc6$/,/^$/s/^Version: .*/Version: 2.30-1/' "$status"
	same 'another C library' '' "$(chosen)"
	grep 'coreutils (its file or libraries are not those of the package), sed (its' stderr
	again
	chmod o+w own/bin/sed
	same 'anybody may write to it' 'cat=native sed=cannot be told ' "$(chosen)"
	again
	for one in 'rm own/var/lib/dpkg/status' 'head -c 100000 /dev/urandom >own/var/lib/dpkg/status' \
		'rm own/var/lib/dpkg/status; mkfifo own/var/lib/dpkg/status' 'ln -sf /dev/zero own/var/lib/dpkg/status' \
		'yes "Package: sed" | head -c 5000000 >own/var/lib/dpkg/status'; do
		eval "$one"
		same "$one" '' "$(timeout 20 bash -c "$(declare -f chosen); chosen")"
		again
	done
	mkdir -p own/usr/lib/gcc/aarch64-linux-gnu/14
	touch own/usr/lib/gcc/aarch64-linux-gnu/14/cc1
	chosen >/dev/null
	same 'a compiler that nothing stands in for' 'no native one of version 14' "$(jq -r '.[0].emulated[] | select(.tool == "cc1").why' json)"
	# The native tools' own.
	mkdir -p set/{bin,lib64,usr,lib} set/var/lib/dpkg
	cp -a "$SET"/bin/{cat,sed} set/bin
	cp -a "$SET/lib/." set/lib
	cp -a "$SET/lib64/." set/lib64
	cp -a "$SET/var/lib/dpkg/." set/var/lib/dpkg
	echo >>set/bin/sed
	same 'a native tool was changed' 'cat=native ' "$(chosen set)"
	rm set/var/lib/dpkg/status
	same 'native tools without records' '' "$(chosen set)"
	expect 3 "$ANYARCH" inject --dry-run --accelerate --toolchain "$ARM64" --emulator-dir /usr/bin "$ROOT"
	[[ $stderr == *'not a program for this machine'* || $stderr == *'no cross tools'* ]]
}

@test "a tool that was replaced after injection is emulated, and doctor says so" {
	own_root
	"$ANYARCH" inject -q --accelerate --toolchain "$SET" "$ROOT"
	uses() {
		natively "$ANYARCH" run --root "$ROOT" --emulator-dir "$ROOT/usr/bin" -- /bin/sed --version || echo "failed: $?"
	}
	same 'as it was' sed "$(uses)"
	touch own/bin/sed
	same 'another time' '' "$(uses)"
	run "$ANYARCH" doctor "$ROOT"
	[[ $output == *'sed run emulated'* ]]
	"$ANYARCH" eject -q "$ROOT"
	[[ ! -e own/usr/lib/anyarch ]]
}

# bats test_tags=amd64
@test "tools of a system with musl run with its loader" {
	local loader=/lib/ld-musl-x86_64.so.1 expected case

	[[ -e $loader ]] || need musl
	cat >tool.c <<-'C'
		int puts(const char *);
		void exit(int);
		__attribute__((force_align_arg_pointer)) void _start(void)
		{
			puts("native");
			exit(0);
		}
	C
	echo 'int puts(const char *text) { return !text; } void exit(int status) { for (;;) (void)status; }' >library.c
	gcc -w -fno-builtin -shared -nostdlib -Wl,-soname,libc.musl-x86_64.so.1 -o library.so library.c
	gcc -w -fno-builtin -fpie -pie -nostdlib -Wl,--dynamic-linker="$loader" -o tool tool.c library.so
	echo 'int puts(const char *); int main(void) { puts("emulated"); }' >twin.c
	aarch64-linux-gnu-gcc -w -static -Wl,--build-id -o twin twin.c
	PYTHONPATH=$ANYARCH_SRC/tests/lib python3 -B - "$loader" <<-'PYTHON'
		import sys
		import image_files as I, tool_files as F
		for root, arch, file in ("set", "x86_64", "tool"), ("root", "aarch64", "twin"):
		    data, library = open(file, "rb").read(), f"so:libc.musl-{arch}.so.1"
		    records = F.apk("musl", "1.2.5-r0", provides=[library + "=1"]) + F.apk("sed", "4.9-r2", data, [library])
		    I.write(root + "/bin/sed", data, 0o755)
		    I.write(root + "/lib/apk/db/installed", records.encode())
		I.write("set/lib/ld-musl-x86_64.so.1", open(sys.argv[1], "rb").read(), 0o755)
	PYTHON
	mkdir root/{dev,proc,sys,tmp}
	while IFS='|' read -r expected case; do
		same "$case" "$expected" "$("$ANYARCH" run --accelerate --toolchain "$PWD/set" --root "$PWD/root" --env "$case" -- /bin/sed)"
	done <<-'CASES'
		native|A=b
		emulated|ANYARCH_ACCELERATE=0
		emulated|LD_BIND_NOW=1
		emulated|LC_ALL=de_DE.UTF-8
	CASES
}
