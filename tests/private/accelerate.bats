#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that native compilers stand in for equal ones of a root: with the same results, for exactly the files that were looked
# at, and without a trace.
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # shells inside expand; the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/compilers.bash
source "$BATS_TEST_DIRNAME/../lib/compilers.bash"

TRIPLET=aarch64-linux-gnu
GCC=/usr/lib/gcc/$TRIPLET/12
NATIVE=/usr/lib/anyarch/native

setup_file() {
	local archive

	[[ $EUID -eq 0 ]] || return 0
	need_tools "$TRIPLET"
	archive=$(compiler_root arm64)
	export ROOT=$BATS_FILE_TMPDIR/root
	mkdir "$ROOT"
	tar -C "$ROOT" --no-same-owner -xf "$archive"
	"$ANYARCH" toolchain arm64 -q -o "$BATS_FILE_TMPDIR/tools"
	export TOOLS_DIR=$BATS_FILE_TMPDIR/tools
}

setup() {
	local why

	need_root
	need_commands strace
	why=$(ns_possible) || need "$why"
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p work
	cat >work/plain.c <<-'C'
		#include <math.h>
		#include <stdio.h>
		#include <string.h>
		struct pair { int a; double b; };
		static const char *const words[] = { "one", "two" };
		int sum(const int *p, int n) { int s = 0; for (int i = 0; i < n; i++) s += p[i] * 3; return s; }
		double turn(struct pair p) { return sin(1.0) * p.b + p.a; }
		int main(void)
		{
			int list[] = { 1, 2, 3 };
			printf("%s %d %.6f %zu\n", words[1], sum(list, 3), turn((struct pair){ 1, 2 }), strlen(words[0]));
			return 0;
		}
	C
	cat >work/plus.cc <<-'C'
		#include <map>
		#include <stdexcept>
		#include <string>
		#include <vector>
		int main()
		{
			std::map<std::string, std::vector<int>> m;
			m["a"].push_back(3);
			try { throw std::runtime_error("x"); } catch (const std::exception &e) { return m["a"][0] - 3; }
			return 1;
		}
	C
	printf '\t.text\n\t.globl answer\n\t.type answer, %%function\nanswer:\n\tmov w0, #42\n\tret\n' >work/some.S
}

teardown() {
	ns_close
}

# inside ENV ROOT SCRIPT: a shell in the root, with native tools unless ENV says otherwise; /work is the test's directory.
inside() {
	${VIA-} "$ANYARCH" run --accelerate --toolchain "$TOOLS_DIR" --root "$2" --bind "$BATS_TEST_TMPDIR/work:/work" --workdir /work \
		--env "ANYARCH_ACCELERATE=$1" -- /bin/sh -ec "$3"
}

# natively_inside ENV ROOT SCRIPT: which native tools that starts.
natively_inside() {
	VIA=natively inside "$@"
}

# own_root: $R is a copy of the root that the test may change.
own_root() {
	R=$BATS_TEST_TMPDIR/own
	cp -a --reflink=auto "$ROOT" "$R"
}

# both_ways SCRIPT: run natively into /work/native and emulated into /work/emulated, $OUT in the script.
both_ways() {
	mkdir -p work/native work/emulated
	inside 1 "$ROOT" "OUT=native; $1"
	inside 0 "$ROOT" "OUT=emulated; $1"
}

# same_code: all objects and programs are equal but for the compiler's own version.
same_code() {
	local one name n=0

	for one in work/native/*; do
		name=${one##*/}
		n=$((n + 1))
		for way in native emulated; do
			"$TRIPLET-objcopy" -R .comment "work/$way/$name" "work/$way.plain" || return
		done
		cmp "work/native.plain" "work/emulated.plain" || {
			printf '%s differs\n' "$name"
			return 1
		}
	done
	[[ $n -eq $1 ]] || {
		printf '%s files instead of %s\n' "$n" "$1"
		return 1
	}
}

@test "the compilers really are native, where they may be" {
	run natively_inside 1 "$ROOT" 'g++ -O2 plus.cc -o plus && ./plus && gcc plain.c some.S -lm -o plain && ./plain'
	same tools "$(printf '%s\n' as cc1-12 cc1plus-12 ld.bfd)" "$output"
	run natively_inside 0 "$ROOT" 'gcc plain.c -lm -o plain'
	same tools '' "$output"
}

@test "what crosses the border is emulated" {
	local one

	echo -O2 >work/options
	while read -r one; do
		printf '%s\n' "$one"
		run natively_inside 1 "$ROOT" "$one"
		same tools '' "$(grep cc1 <<<"$output")"
	done <<-'CASES'
		/usr/lib/gcc/aarch64-linux-gnu/12/cc1 -quiet -imultiarch aarch64-linux-gnu -march=native plain.c -o x.s || true
		gcc -finput-charset=utf-8 -S plain.c -o x.s
		gcc -fprofile-use -S plain.c -o x.s
		g++ -std=c++20 -fmodules-ts -S plus.cc -o x.s
		C_INCLUDE_PATH=/work gcc -S plain.c -o x.s
		/usr/lib/gcc/aarch64-linux-gnu/12/cc1 -quiet @options some.i -o x.s || true
	CASES
	run natively_inside 1 "$ROOT" 'LD_LIBRARY_PATH=/work gcc plain.c -lm -o plain; gcc -fplugin=nowhere -S plain.c || true'
	same tools "$(printf '%s\n' as cc1-12)" "$output"
}

@test "what is preloaded, and another prefix, reach the program: it is emulated" {
	local one

	while read -r one; do
		printf '%s\n' "$one"
		same "$one" '' "$(natively_inside 1 "$ROOT" "$one as --version")"
	done <<-'CASES'
		LD_PRELOAD=/nowhere.so
		LD_AUDIT=/nowhere.so
		QEMU_LD_PREFIX=/nowhere
	CASES
	same 'empty' as "$(natively_inside 1 "$ROOT" 'LD_PRELOAD= LD_AUDIT= QEMU_LD_PREFIX= as --version')"
}

@test "error texts name the tool as it was called" {
	local one

	run natively_inside 1 "$ROOT" 'for one in nm strip ranlib "objcopy -O binary" "ar t" /usr/bin/nm; do $one missing; done >text 2>&1 || true'
	same tools "$(printf '%s\n' ar nm ranlib)" "$output"
	for one in nm strip ranlib objcopy ar /usr/bin/nm; do
		grep "^$one: " work/text
	done
	refute grep anyarch work/text
}

@test "archives: with LTO objects the index is there, and what is linked from it works" {
	inside 1 "$ROOT" '
		gcc -O2 -flto -frandom-seed=1 -Dmain=other -c plain.c -o lto.o
		gcc -O2 -Dmain=third -Dsum=sum3 -Dturn=turn3 -c plain.c -o fat.o
		rm -f x.a; ar rcs x.a lto.o fat.o
		nm -s x.a | grep -q "^other in lto.o"
		echo "int other(void); int third(void); int main(void) { return other() + third(); }" >caller.c
		gcc -O2 -flto caller.c x.a -lm -o caller && ./caller | wc -l | grep -qx 2'
}

@test "headers: local ones first, dependencies and preprocessed text the same" {
	own_root
	mkdir -p "$R/usr/local/include" "work/inc"
	echo '#define LOCAL 1' >"$R/usr/local/include/zlib-local.h"
	echo '#error "not this one"' >"$R/usr/include/zlib-local.h"
	printf '#include <zlib-local.h>\n#include <stdio.h>\n#include <stdlib.h>\nint x = LOCAL;\n' >work/local.c
	ROOT=$R
	# shellcheck disable=SC2016
	both_ways '
		gcc -E -dD -isystem inc local.c >$OUT/text
		gcc -M -isystem inc local.c >$OUT/depends
		CPATH=/work gcc -E local.c >$OUT/cpath
		g++ -E plus.cc | grep -v "^#" >$OUT/plus'
	# That a header may need extern "C" ("3 4") means nothing on Linux.
	sed -i 's/^\(# .* 3\) 4$/\1/' work/{native,emulated}/{text,cpath}
	for one in text depends cpath plus; do
		cmp "work/native/$one" "work/emulated/$one"
	done
}

@test "a precompiled header serves" {
	inside 1 "$ROOT" 'echo "#include <stdio.h>" >all.h; gcc -O2 all.h && echo "int main(void) { return puts(\"x\") < 0; }" >p.c &&
		gcc -O2 -Winvalid-pch -Werror -include all.h -H p.c -o p 2>&1 | grep "^! ./all.h.gch" && ./p'
	# shellcheck disable=SC2016
	both_ways 'gcc -O2 all.h && gcc -O2 -include all.h -c p.c -o $OUT/p.o'
	same_code 1
	# The last one was made by the emulated compiler: the native one takes the header.
	inside 1 "$ROOT" 'gcc -O2 -include all.h -c p.c -o work.o'
	"$TRIPLET-objcopy" -R .comment work/work.o work/plain.o
	"$TRIPLET-objcopy" -R .comment work/emulated/p.o work/other.o
	cmp work/plain.o work/other.o
}

# build_id_at FILE: where the bytes of its build ID are.
build_id_at() {
	echo $((0x$(readelf -SW "$1" | sed -n 's/.*\.note\.gnu\.build-id *NOTE *[0-9a-f]* \([0-9a-f]*\) .*/\1/p') + 16))
}

@test "another tool than the one that was looked at is emulated" {
	own_root
	"$ANYARCH" inject -q --accelerate --toolchain "$TOOLS_DIR" "$R"
	tool() {
		natively "$ANYARCH" run --root "$R" --emulator-dir "$R/usr/bin" -- "$@"
	}
	same 'as it is' as "$(tool /usr/bin/as --version)"
	same 'by its own name' as "$(tool "/usr/bin/$TRIPLET-as" --version)"
	ln -s ../../usr/bin/as "$R/root/link"
	same 'by a link' as "$(tool /root/link --version)"
	cp -a "$R/usr/bin/$TRIPLET-as" "$R/root/as"
	same 'a copy elsewhere' '' "$(tool /root/as --version)"
	touch "$R/usr/bin/$TRIPLET-as"
	same 'of another time' '' "$(tool /usr/bin/as --version)"
	touch -r "$R/root/as" "$R/usr/bin/$TRIPLET-as"
	same 'as it was' as "$(tool /usr/bin/as --version)"
	printf 'X' | dd of="$R/usr/bin/$TRIPLET-as" bs=1 conv=notrunc seek="$(build_id_at "$R/usr/bin/$TRIPLET-as")" status=none
	touch -r "$R/root/as" "$R/usr/bin/$TRIPLET-as"
	same 'of another build ID' '' "$(tool /usr/bin/as --version)"
	cp -a "$R/root/as" "$R/usr/bin/$TRIPLET-as"
	echo >>"$R/usr/bin/$TRIPLET-as"
	touch -r "$R/root/as" "$R/usr/bin/$TRIPLET-as"
	same 'of another size' '' "$(tool /usr/bin/as --version)"
}

# The copies that sed makes are broken, but if they count as equal, they do not run.
@test "compilers that are installed later run natively if they are equal, and that is said" {
	local name edit script tools own check="$GCC/cc1 -quiet -imultiarch $TRIPLET -fsyntax-only plain.c"

	own_root
	own=$(strings "/usr/lib/gcc-cross/$TRIPLET/12/cc1" | grep -m 1 '^(Debian 12')
	mkdir gcc
	mv "$R$GCC"/{cc1,cc1plus,lto1,liblto_plugin.so} gcc/
	expect 0 "$ANYARCH" inject --accelerate --toolchain "$TOOLS_DIR" "$R"
	[[ $output == *'; natively once installed: cc1 cc1plus lto1'* ]]
	echo 'int main(void) { return 0; }' >work/plain.c
	while IFS='|' read -r name edit script tools; do
		cp -a --remove-destination gcc/* "$R$GCC/"
		(cd "$R$GCC" && eval "$edit")
		same "$name" "$tools" "$(natively "$ANYARCH" run --root "$R" --emulator-dir "$R/usr/bin" --bind "$PWD/work:/work" --workdir /work \
			-- /bin/sh -c "$script" | paste -sd ' ')"
	done <<-CASES
		C and C++|:|g++ -flto plus.cc -x c plain.c -o plus|as cc1-12 cc1plus-12 ld.bfd lto1-12
		by a link|mv cc1 $R/root/cc1; ln -sf /root/cc1 cc1|$check|cc1-12
		another revision|sed -i 's/(Debian 12.2.0-14/(Debian 12.2.0-13/' cc1|$check -fstack-protector|
		the same revision|sed -i 's/(Debian 12.2.0-[^)]*) /$own/' cc1|$check -fstack-protector|cc1-12
		another vendor|sed -i 's/(Debian 12/(Ubuntu 12/' cc1|$check; ld.bfd -plugin $GCC/liblto_plugin.so -v|
		a longer version|sed -i 's/(Debian 12.2.0-/(Debian 12.2.01/' cc1|$check|
		part of another text|sed -i 's/.(Debian 12.2.0/x(Debian 12.2.0/' cc1|$check|
		not of root|chown 1234 cc1|$check; ld.bfd -plugin $GCC/liblto_plugin.so -v|
	CASES
}

@test "missing, truncated or untrusted tools: emulated, and nobody notices but doctor" {
	own_root
	"$ANYARCH" inject -q --accelerate --toolchain "$TOOLS_DIR" "$R"
	uses() {
		natively "$ANYARCH" run --root "$R" --emulator-dir "$R/usr/bin" -- /usr/bin/as --version || echo "failed: $?"
	}
	again() {
		"$ANYARCH" eject -q "$R"
		"$ANYARCH" inject -q --accelerate --toolchain "$TOOLS_DIR" "$R"
		same 'as it should be' as "$(uses)"
	}
	doctor_warns() {
		run "$ANYARCH" doctor "$R"
		[[ $output == *tools-broken* || $output == *'run emulated'* ]] || {
			printf '%s\n' "$output"
			return 1
		}
	}
	same 'as it is' as "$(uses)"
	rm "$R$NATIVE/bin/as"
	same 'no tool' '' "$(uses)"
	doctor_warns
	again
	truncate -s 1000 "$R$NATIVE/bin/as"
	same 'truncated' '' "$(uses)"
	doctor_warns
	again
	rm "$R$NATIVE/lib/libz.so.1"
	same 'no library' '' "$(uses)"
	doctor_warns
	again
	chmod 0777 "$R$NATIVE"
	same 'others may write' '' "$(uses)"
	doctor_warns
	again
	for folder in bin lib plugins; do
		chmod o+w "$R$NATIVE/$folder"
		same "others may write to $folder" '' "$(uses)"
		doctor_warns
		again
	done
	for folder in glibc-hwcaps tls; do # where the loader looks, too
		mkdir "$R$NATIVE/lib/$folder"
		same "$folder" '' "$(uses)"
		doctor_warns
		again
	done
	chmod 0666 "$R$NATIVE/index"
	same 'others may write to the index' '' "$(uses)"
	again
	chown 1234 "$R$NATIVE/bin/as"
	same "somebody else's" '' "$(uses)"
	again
	mv "$R$NATIVE" "$R/root/moved"
	ln -s /root/moved "$R$NATIVE"
	same 'a link' '' "$(uses)"
	rm "$R$NATIVE"
	mv "$R/root/moved" "$R$NATIVE"
	again
	head -c 100 "$R$NATIVE/index" >index
	cp index "$R$NATIVE/index"
	same 'half an index' '' "$(uses)"
	again
	head -c 6000 /dev/urandom >"$R$NATIVE/index"
	same 'no index' '' "$(uses)"
	again
}

# With the right size and magic, and every number in it wrong in its turn: emulated or native, never a crash.
@test "an index that lies harms nobody" {
	local i n

	own_root
	"$ANYARCH" inject -q --accelerate --toolchain "$TOOLS_DIR" "$R"
	cp "$R$NATIVE/index" good
	for ((i = 8; i < 32 + 2 * 88; i += 4)); do
		for n in ffffffff 7fffffff 00000000; do
			cp good "$R$NATIVE/index"
			printf '%b' "\\x${n:0:2}\\x${n:2:2}\\x${n:4:2}\\x${n:6:2}" |
				dd of="$R$NATIVE/index" bs=1 seek="$i" conv=notrunc status=none
			cp "$R$NATIVE/index" "index.$i.$n"
		done
	done
	# One namespace for all of them.
	cat >"$R/root/all" <<-'SH'
		for one in /work/index.*; do
			cat $one >/usr/lib/anyarch/native/index
			as --version >/dev/null 2>&1
			# Where the loader is told of another place for its libraries, it ends with 127.
			case $? in 0 | 127) ;; *) echo "${one##*/}: $?"; exit 1 ;; esac
		done
	SH
	rm -rf work
	mkdir work
	mv index.* work/
	"$ANYARCH" run --root "$R" --emulator-dir "$R/usr/bin" --bind "$PWD/work:/work" -- /bin/sh /root/all
}

@test "never with rights that the caller does not have" {
	own_root
	ns_open
	"$ANYARCH" inject -q --accelerate --toolchain "$TOOLS_DIR" "$R"
	chmod 4755 "$R/usr/bin/$TRIPLET-as"
	"$ANYARCH" eject -q "$R"
	"$ANYARCH" inject -q --accelerate --toolchain "$TOOLS_DIR" "$R"
	anyarch register -q --credentials --emulator "arm64=$R/usr/bin/qemu-aarch64-static" 2>/dev/null
	same 'as root' as "$(natively nsenter --target "$NS_PID" --user --mount --preserve-credentials chroot "$R" /usr/bin/as --version)"
	chmod 0755 "$BATS_TEST_TMPDIR" "$R"
	same 'as somebody' '' "$(natively nsenter --target "$NS_PID" --user --mount --preserve-credentials chroot --userspec=1:1 "$R" /usr/bin/as --version)"
	chmod 0755 "$R/usr/bin/$TRIPLET-as"
	same 'without that bit' as "$(natively nsenter --target "$NS_PID" --user --mount --preserve-credentials chroot --userspec=1:1 "$R" /usr/bin/as --version)"
}

@test "inject and eject leave no trace, whatever kills them" {
	local tree point

	own_root
	tree=$(tree_of "$R")
	"$ANYARCH" inject -q --accelerate --toolchain "$TOOLS_DIR" "$R"
	expect 0 "$ANYARCH" inject --accelerate --toolchain "$TOOLS_DIR" "$R"
	[[ $output == *"unchanged $NATIVE"* ]]
	"$ANYARCH" eject -q "$R"
	same 'the tree' "$tree" "$(tree_of "$R")"
	for point in mkdirat:1 mkdirat:2 openat:60 fchown:1 fchmod:5 futimens:3 utimensat:4 syncfs:1 renameat2:1 renameat2:2; do
		strace -f -qq -o /dev/null -e "inject=${point%:*}:signal=KILL:when=${point#*:}" \
			"$ANYARCH" inject -q --accelerate --toolchain "$TOOLS_DIR" "$R" 2>/dev/null || true
		"$ANYARCH" eject -q "$R" 2>/dev/null
		same "the tree, killed at $point" "$tree" "$(tree_of "$R")"
	done
	for point in sendfile:1 sendfile:9 syncfs:1 renameat2:1; do
		expect 1 "${TRACED[@]}" -f -qq -o /dev/null -e "inject=${point%:*}:error=ENOSPC:when=${point#*:}" \
			"$ANYARCH" inject --accelerate --toolchain "$TOOLS_DIR" "$R"
		[[ $stderr == *'No space left'* ]]
		"$ANYARCH" eject -q "$R" 2>/dev/null || true
		same "the tree, disk full at $point" "$tree" "$(tree_of "$R")"
	done
	for point in unlinkat:1 unlinkat:5 unlinkat:12 renameat:1; do
		"$ANYARCH" inject -q --accelerate --toolchain "$TOOLS_DIR" "$R"
		strace -f -qq -o /dev/null -e "inject=${point%:*}:signal=KILL:when=${point#*:}" "$ANYARCH" eject -q "$R" || true
		"$ANYARCH" eject -q "$R" 2>/dev/null
		same "the tree, eject killed at $point" "$tree" "$(tree_of "$R")"
	done
}

@test "a root where it would not be safe is refused, and nothing is changed" {
	local tree

	own_root
	chmod 0777 "$R/usr/lib"
	tree=$(tree_of "$R")
	expect 3 "$ANYARCH" inject --accelerate --toolchain "$TOOLS_DIR" "$R"
	[[ $stderr == *'/usr/lib: writable by others'* ]]
	same 'the tree' "$tree" "$(tree_of "$R")"
	chmod 0755 "$R/usr/lib"
	mkdir elsewhere
	ln -s "$PWD/elsewhere" "$R/usr/lib/anyarch"
	expect 3 "$ANYARCH" inject --accelerate --toolchain "$TOOLS_DIR" "$R"
	[[ $stderr == *'/usr/lib/anyarch: not a directory'* ]]
	same 'outside' '' "$(ls elsewhere)"
	rm "$R/usr/lib/anyarch"
	# A directory of the user's own in our place is not ours to replace.
	mkdir -p "$R$NATIVE/mine"
	echo precious >"$R$NATIVE/mine/file"
	expect 3 "$ANYARCH" inject --accelerate --toolchain "$TOOLS_DIR" "$R"
	[[ $(<"$R$NATIVE/mine/file") == precious ]]
	expect 3 "$ANYARCH" eject "$R"
	[[ $(<"$R$NATIVE/mine/file") == precious ]]
	rm -r "$R$NATIVE/mine"
	expect 3 unshare --mount --propagation private sh -c 'mount -t tmpfs none "$0" && exec "$@"' "$R$NATIVE" "$ANYARCH" inject --accelerate --toolchain "$TOOLS_DIR" "$R"
	[[ $stderr == *'something is mounted there'* ]]
}

@test "only equals: another version or vendor stays emulated, and that is said" {
	local cc1=$GCC/cc1

	own_root
	sed -i 's/(Debian 12\.2\.0-14/(Ubuntu 12.2.0-14/' "$R$cc1"
	expect 0 "$ANYARCH" inject --accelerate --toolchain "$TOOLS_DIR" "$R"
	[[ $output == *'emulated: cc1 (another version: Ubuntu 12.2.0 there, Debian 12.2.0 here)'* ]]
	[[ $output == *' as ld.bfd '*'run natively'* ]]
	expect 0 "$ANYARCH" inject --json --accelerate --toolchain "$TOOLS_DIR" "$R"
	jq -e '.[0].emulated[0] == {tool: "cc1", why: "another version: Ubuntu 12.2.0 there, Debian 12.2.0 here"}' <<<"$output"
	rm "$R"/usr/bin/"$TRIPLET"-* "$R$GCC"/{cc1,cc1plus,lto1}
	"$ANYARCH" eject -q "$R"
	expect 3 "$ANYARCH" inject --accelerate --toolchain "$TOOLS_DIR" "$R"
	[[ $stderr == *'no tool of it can run natively'* ]]
}

@test "compilers below /usr/libexec, where Debian 13 has them, on both sides" {
	local new=/usr/libexec/gcc/$TRIPLET/12

	own_root
	mkdir -p "$R$new"
	mv "$R$GCC"/{cc1,cc1plus,lto1} "$R$new"
	unshare --mount sh -ec 'mount -t tmpfs tmpfs /usr/libexec && mkdir /usr/libexec/gcc-cross
		mount --bind /usr/lib/gcc-cross /usr/libexec/gcc-cross && mount -t tmpfs tmpfs /usr/lib/gcc-cross
		exec "$1" toolchain arm64 -q -o "$2"' sh "$ANYARCH" "$PWD/set"
	TOOLS_DIR=$PWD/set run natively_inside 1 "$R" "g++ -B$new/ -O2 plus.cc -o plus && ./plus && gcc -B$new/ plain.c -lm -o plain && ./plain"
	same tools "$(printf '%s\n' as cc1-12 cc1plus-12 ld.bfd)" "$output"
}

@test "a directory of tools that was tampered with is refused" {
	local d=$BATS_TEST_TMPDIR/d

	own_root
	refused() {
		expect 3 "$ANYARCH" inject --accelerate --toolchain "$d" "$R"
		[[ $stderr == *"$1"* ]] || {
			printf '%s instead of %s\n' "$stderr" "$1"
			return 1
		}
		[[ ! -e $R/usr/lib/anyarch ]]
		rm -rf "$d"
		cp -a "$TOOLS_DIR" "$d"
	}
	cp -a "$TOOLS_DIR" "$d"
	ln -sf /bin/true "$d/usr/bin/$TRIPLET-as"
	refused 'not what toolchain.json says'
	rm -r "${d:?}/usr/bin" && ln -s /usr/bin "$d/usr/bin"
	refused 'Too many levels'
	truncate -s 5000 "$d/usr/bin/$TRIPLET-as"
	refused "usr/bin/$TRIPLET-as: truncated"
	printf 'X' | dd of="$d/usr/bin/$TRIPLET-as" bs=1 seek=70000 conv=notrunc status=none
	refused "usr/bin/$TRIPLET-as: not what toolchain.json says"
	cp "$R$GCC/cc1" "$d/usr/lib/gcc-cross/$TRIPLET/12/cc1"
	refused '12/cc1: not a program for this machine'
	rm "$d"/lib/*/libc.so.6
	refused 'needs the library libc.so.6, which is not there'
	sed -i 's|/libc.so.6"|/libc.so.7"|' "$d/toolchain.json"
	refused 'its files: not what toolchain.json says'
	echo '{' >"$d/toolchain.json"
	refused 'toolchain.json is damaged'
	rm "$d/toolchain.json" && mkfifo "$d/toolchain.json"
	refused 'toolchain.json is damaged'
}

@test "toolchain makes the same directory again, and nothing where something is" {
	expect 0 "$ANYARCH" toolchain arm64 -o one
	[[ $output == *'cc1 '*'12.2.0'*"$TRIPLET"* ]]
	# What a killed run leaves.
	mkdir -p two.anyarch-new/usr
	touch two.anyarch-new/toolchain.json
	"$ANYARCH" toolchain aarch64 -q -o two
	[[ ! -e two.anyarch-new ]]
	same 'the directory' "$(tree_of one)" "$(tree_of two)"
	expect 3 "$ANYARCH" toolchain arm64 -o one
	expect 3 "$ANYARCH" toolchain loong64 -o three
	[[ $stderr == *'hint: '*'apt-get install'* ]]
	[[ ! -e three && ! -e three.anyarch-new ]]
	expect 2 "$ANYARCH" toolchain
	expect 0 "$ANYARCH" toolchain --json arm64
	diff <(jq -S . one/toolchain.json) <(jq -S . <<<"$output")
	# It does not depend on the machine: a root with nothing else.
	unshare -r chroot one "/usr/bin/$TRIPLET-as" --version | grep -q "$TRIPLET"
}

@test "an emulator that cannot have the stub is refused with the reason" {
	ns_open
	mkdir emulators
	cp "$(type -P qemu-arm-static)" emulators/
	printf 'UPX!' | dd of=emulators/qemu-arm-static bs=1 seek=300000 conv=notrunc status=none
	sed -i 's/qemu-arm version/qemu-arm vXrsion/' emulators/qemu-arm-static
	expect 3 anyarch register --accelerate --emulator-dir "$PWD/emulators" arm
	[[ $stderr == *'packed, or not QEMU'* ]]
	[[ ! -e $TABLE/qemu-arm ]]
}

# fake_emulator FILE CFLAG...: a program that says it is QEMU's for ARM, and does what its test program does.
fake_emulator() {
	gcc -O1 "${@:2}" -o "$1" -x c - <<-'C'
		const char version[] = "qemu-arm version 7.2.0";
		int main(int argc, char **argv)
		{
			return argv[0] && *version ? argc - 1 : 1;
		}
	C
}

# register_accelerated OPTION...: root's place for emulators is a directory of the test's.
register_accelerated() {
	anyarch register --accelerate "$@"
}

@test "register: emulators with the stub, proven, shown, kept by content, and taken back" {
	local kept

	ns_open
	mkdir library
	ns mount --bind "$PWD/library" /var/lib
	expect 0 register_accelerated --dry-run arm
	[[ $output == *:/var/lib/anyarch/emulators/qemu-arm-static-*:*F* && ! -e library/anyarch ]]
	expect 0 register_accelerated arm
	[[ $(handler_field qemu-arm interpreter) == /var/lib/anyarch/emulators/qemu-arm-static-* ]]
	kept=$(ls library/anyarch/emulators)
	expect 0 anyarch status
	[[ $stderr == *'native compilers run where inject --accelerate has put them'* ]]
	expect 0 anyarch status --json arm
	jq -e '[.platforms[] | select(.arch == "arm").accelerates] == [true]' <<<"$output"
	# The same again is the same file; another one in its place is found out.
	expect 0 register_accelerated arm
	[[ $stderr == *'nothing to change'* ]]
	same 'what is kept' "$kept" "$(ls library/anyarch/emulators)"
	cp "library/anyarch/emulators/$kept" other # which the kernel has open
	chmod 0777 other
	mv other "library/anyarch/emulators/$kept"
	expect 3 register_accelerated arm
	[[ $stderr == *'not what was made'* ]]
	rm "library/anyarch/emulators/$kept"
	expect 0 anyarch register arm
	same 'without it' /usr/bin/qemu-arm-static "$(handler_field qemu-arm interpreter)"
	expect 0 anyarch status --json arm
	jq -e '[.platforms[] | select(.arch == "arm").accelerates] == [false]' <<<"$output"
}

@test "static and static-pie emulators get the stub; one with it keeps it" {
	local kind

	ns_open
	mkdir library
	ns mount --bind "$PWD/library" /var/lib
	for kind in '-static -no-pie' '-static-pie'; do
		# shellcheck disable=SC2086 # words
		fake_emulator "emulator" $kind
		expect 0 register_accelerated --emulator "arm=$PWD/emulator"
		expect 0 anyarch unregister arm
	done
	expect 0 register_accelerated --emulator "arm=$(echo library/anyarch/emulators/* | sed "s|[^ ]* .*|&|; s| .*||; s|^|$PWD/|")"
	[[ $(find library/anyarch/emulators -type f | wc -l) -eq 2 ]]
	# Without a note its headers have no room.
	fake_emulator emulator -static -no-pie -Wl,--build-id=none
	objcopy -R .note.gnu.property -R .note.ABI-tag -R .note.gnu.build-id emulator
	python3 - <<-'PYTHON'
		import struct
		d = bytearray(open("emulator", "rb").read())
		at, n = struct.unpack_from("<Q", d, 32)[0], struct.unpack_from("<H", d, 56)[0]
		for i in range(n):
		    if struct.unpack_from("<I", d, at + 56 * i)[0] == 4:
		        struct.pack_into("<I", d, at + 56 * i, 0)
		open("emulator", "wb").write(d)
	PYTHON
	expect 3 register_accelerated --emulator "arm=$PWD/emulator"
	[[ $stderr == *'no room for a segment more'* ]]
}

@test "the documents are those of the manual" {
	mkdir documents
	"$ANYARCH" toolchain --json arm64 >documents/1.json
	python3 "$ANYARCH_SRC/tests/lib/json_page.py" "$ANYARCH_SRC/man/anyarch-json.5.scd" TOOLCHAIN documents/1.json
}

@test "jansson: built with native compilers its own tests pass" {
	local archive

	archive=$(debian_source jansson)
	tar -xf "$archive"
	tar -C work --strip-components=1 -xf jansson_*.orig.tar.*
	cat >work/build <<-'SH'
		cp android/jansson_config.h src/
		printf "#define %s 1\n" HAVE_STDINT_H HAVE_UNISTD_H HAVE_FCNTL_H HAVE_SYS_TIME_H HAVE_CLOSE HAVE_OPEN HAVE_READ HAVE_GETPID \
			HAVE_GETTIMEOFDAY HAVE_STRTOLL USE_URANDOM >src/jansson_private_config.h
		for one in src/*.c; do gcc -O2 -g -Wall -DHAVE_CONFIG_H -Isrc -c $one -o ${one%.c}.o; done
		ar rcs libjansson.a src/*.o
		n=0
		for one in test/suites/api/test_*.c; do
			gcc -O2 -g -Isrc -Itest/suites/api $one libjansson.a -lm -lpthread -o ${one%.c} 2>/dev/null || { echo "skipped $one"; continue; }
			(cd test/suites/api && ./$(basename ${one%.c}) >/dev/null 2>&1) || { echo "failed $one"; exit 1; }
			n=$((n + 1))
		done
		gcc -O2 -Isrc test/bin/json_process.c libjansson.a -lm -o json_process
		for one in test/suites/valid/*; do
			./json_process --env <$one/input >out 2>&1 || true
			n=$((n + 1))
		done
		echo "passed $n"
	SH
	run natively_inside 1 "$ROOT" 'sh -e build'
	cat "$BATS_TEST_TMPDIR/natively.out"
	[[ $status -eq 0 && $output == *ar*as*cc1-12*ld.bfd* ]]
	grep -q '^passed [0-9][0-9]' "$BATS_TEST_TMPDIR/natively.out"
}

@test "armhf: only compilers are native, which know no width of numbers" {
	local archive one tools=$BATS_TEST_TMPDIR/tools32

	need_tools arm-linux-gnueabihf
	archive=$(compiler_root armhf)
	mkdir armhf
	tar -C armhf --no-same-owner -xf "$archive"
	"$ANYARCH" toolchain armhf -q -o "$tools"
	TOOLS_DIR=$tools ROOT=$PWD/armhf TRIPLET=arm-linux-gnueabihf
	run natively_inside 1 "$ROOT" 'g++ -O2 plus.cc -o plus && ./plus && gcc plain.c -lm -o plain && ./plain && strip plain'
	same tools "$(printf '%s\n' cc1-12 cc1plus-12)" "$output"
	# Files with numbers of the machine in them are the root's own compiler's.
	for one in 'gcc -flto -S plain.c' 'g++ -std=c++20 -fmodules-ts -S plus.cc'; do
		run natively_inside 1 "$ROOT" "$one"
		same "$one" '' "$(grep cc1 <<<"$output")"
	done
}

# run_sets ENV DIR: all option sets, in one start.
run_sets() {
	"$ANYARCH" run --accelerate --toolchain "$TOOLS_DIR" --root "$ROOT" --bind "$2:/work" --workdir /work \
		--env "ANYARCH_ACCELERATE=$1" --env PATH=/usr/bin:/bin -- /bin/sh /work/all
}

make_reference() { # TRIPLET SCRATCH RESULT
	python3 "$SETS" make "$2/sets" "$1" && run_sets 0 "$2/sets" && tar -C "$2/sets" -cf "$3" .
}

# option_sets ARCHITECTURE TRIPLET: natively and emulated every set gives the same, but for what option_sets.py lists. What
# emulated tools give takes minutes, and is the same until the root, the emulator or the sets change: it is kept.
option_sets() {
	local reference key

	SETS=$ANYARCH_SRC/tests/lib/option_sets.py
	python3 "$SETS" make native "$2"
	key=$({
		find native -type f -exec sha256sum {} + | sort
		qemu-arm-static --version
		stat -c '%s %Y' "$(compiler_root "$1")"
	} | sha256sum | head -c 16)
	reference=$(cached "option-sets-$(images_suite)-$1-$key.tar" make_reference "$2")
	mkdir emulated
	tar -C emulated --no-same-owner -xf "$reference"
	run_sets 1 "$PWD/native"
	python3 "$SETS" compare native emulated
}

@test "arm64: with every option set the same results" {
	option_sets arm64 "$TRIPLET"
}

@test "armhf: with every option set the same results" {
	need_tools arm-linux-gnueabihf
	mkdir armhf
	tar -C armhf --no-same-owner -xf "$(compiler_root armhf)"
	"$ANYARCH" toolchain armhf -q -o tools
	TOOLS_DIR=$PWD/tools ROOT=$PWD/armhf
	option_sets armhf arm-linux-gnueabihf
}

@test "arm64: link-time optimisation natively" {
	run natively_inside 1 "$ROOT" 'gcc -O2 -flto plain.c -lm -o lto && ./lto && gcc -O2 -static plain.c -lm -o static && ./static'
	same tools "$(printf '%s\n' as cc1-12 ld.bfd lto1-12)" "$output"
	# Revisions of one package differ there.
	run natively_inside 1 "$ROOT" 'gcc -O2 -fstack-protector-strong -S plain.c'
	[[ $output != *cc1* || $("$TOOLS_DIR/lib/loader" --library-path "$TOOLS_DIR/lib" "$TOOLS_DIR/bin/cc1-12" --version 2>&1) == *deb12u1* ]]
}
