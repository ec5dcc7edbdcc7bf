#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that doctor and the kernel agree: each row is a situation in which a program is really started, and doctor calls it
# healthy where it ran. What doctor names is typed where there is a hint, and then the program runs.
# shellcheck disable=SC2154,SC2016,SC2317,SC2030,SC2031 # the library sets output and stderr; rows are called by name; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/doctor.bash
source "$BATS_TEST_DIRNAME/../lib/doctor.bash"

ARM=/usr/bin/qemu-arm-static
RULE_JAR=':jar:M::PK\x03\x04::/usr/bin/echo:'

setup() {
	need_commands qemu-arm-static jq nsenter python3
	ns_open
	typist_open
	make_arm "$W/arm"
	P=$W/arm
}

teardown() {
	ns_close
}

# start FILE: "runs" when it said something, else the words of the kernel.
start() {
	local got

	got=$(ns python3 -c 'import os, sys; os.execv(sys.argv[1], sys.argv[1:])' "$1" 2>"$W/words" 3>&-) || true
	if [[ -n $got ]]; then
		echo runs
	else
		sed -n '$s/.*\] \([^:]*\).*/\1/p' "$W/words"
	fi
}

# cure_file FILE: the hint is typed, and then FILE runs, or what the hint says to specify instead. Not typed is what leads to
# other than a program: a page of a server, and directories of what was in an archive.
cure_file() {
	local file=$1

	case $HINT in
	'download '* | *', then specify DIR') return ;;
	*', then specify '*) file=$W/${HINT##*, then specify } HINT=${HINT%%, then specify *} ;;
	esac
	cure || return
	ns test -x "$file" || { examine 3 "$file" && found problem not-executable && cure; } || return
	same "$file, cured" runs "$(start_all "$file")" && examine 0 "$file"
}

# row LEVEL ID REAL: what doctor finds of $P, and what the kernel does.
row() {
	local status=0

	same really "$3" "$(start "$P")" || return
	[[ $3 == runs ]] || status=3
	examine $status "$P" || return
	found "$1" "$2" || return
	[[ $1 != problem || -z $HINT ]] || cure_file "$P"
}

file() { # NAME CONTENT
	P=$W/$1
	# shellcheck disable=SC2059 # with escapes
	printf "$2" >"$P"
	chmod 0755 "$P"
}

@test "no handler" {
	row problem no-handler 'Exec format error'
}

# bats test_tags=slow
@test "a handler that is fixed" {
	expect 0 anyarch register arm
	row ok works runs
}

# bats test_tags=slow
@test "a handler that is not fixed" {
	table_write "$(rule qemu-arm arm $ARM P)"
	row note only-here runs
}

# bats test_tags=slow
@test "a wrapper script" {
	printf '#!/bin/sh\nexec %s "$@"\n' $ARM >"$W/wrapper"
	chmod 0755 "$W/wrapper"
	table_write "$(rule qemu-arm arm "$W/wrapper" '')"
	row note only-here runs
}

# bats test_tags=slow
@test "an emulator that is dynamically linked, not fixed and fixed" {
	need_commands cc
	printf '#include <unistd.h>\nint main(int c, char **v) { return c ? execv("%s", v) : 0; }\n' $ARM >"$W/wrap.c"
	cc -o "$W/dynamic" "$W/wrap.c" 3>&-
	table_write "$(rule qemu-arm arm "$W/dynamic" '')"
	row note only-here runs
	expect 0 anyarch unregister qemu-arm
	table_write "$(rule qemu-arm arm "$W/dynamic" F)"
	row note only-here runs
}

@test "the emulator does not exist" {
	table_write "$(rule qemu-arm arm /nonexistent P)"
	row problem interpreter-missing 'No such file or directory'
}

# bats test_tags=slow
@test "a variable of QEMU" {
	expect 0 anyarch register arm
	QEMU_CPU=nonsense row problem environment '' || [[ -n ${HINT-} ]]
	same hint 'unset QEMU_CPU' "$HINT"
	row ok works runs
}

# bats test_tags=slow
@test "a file for a handler of another kind, by its magic" {
	file some.jar 'PK\3\4rest'
	row problem not-a-program 'Exec format error'
	table_write "$RULE_JAR"
	row ok taken runs
}

# bats test_tags=slow
@test "a file for a handler of another kind, by its extension" {
	file some.exe 'anything at all'
	table_write ':wine:E::exe::/usr/bin/echo:'
	row ok taken runs
	P=$W/none
	mv "$W/some.exe" "$P"
	row problem not-a-program 'Exec format error'
}

# bats test_tags=slow
@test "the newest of two handlers counts" {
	file some.jar 'PK\3\4rest'
	table_write "$RULE_JAR"
	table_write ':zip:M::PK::/nonexistent:'
	row problem interpreter-missing 'No such file or directory'
}

# bats test_tags=slow
@test "a handler of another kind that is disabled" {
	file some.jar 'PK\3\4rest'
	table_write "$RULE_JAR"
	ns_sh 'echo 0 >"$1/jar"' "$BINFMT"
	row problem not-a-program 'Exec format error'
}

# bats test_tags=slow
@test "mounted noexec: a program and a root" {
	expect 0 anyarch register arm
	ns mount -t tmpfs -o noexec tmpfs /mnt
	ns mkdir /mnt/bin
	ns cp "$W/arm" /mnt/bin/arm
	examine 3 /mnt
	found problem noexec
	P=/mnt/bin/arm
	row problem noexec 'Permission denied'
}

# ---- many files, looked at in one go ----

# start_all FILE...: of each a line: "runs" when it said something, "fails", "crashes", or the words of the kernel.
start_all() {
	ns python3 - "$@" 3>&- <<-'PY'
		import os, subprocess, sys
		for path in sys.argv[1:]:
		    try:
		        done = subprocess.run([path], capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
		        print("runs" if done.stdout else "crashes" if done.returncode < 0 else "fails")
		    except OSError as e:
		        print(os.strerror(e.errno))
	PY
}

# rows: lines "LEVEL ID FILE REAL", of files in $W. A problem with a hint is cured by typing it, and then the program runs.
rows() {
	local level id file real hint started=() files=() lines=() report broken=0 i=0

	mapfile -t lines
	for one in "${lines[@]}"; do
		read -r _ _ file _ <<<"$one"
		files+=("$W/$file")
	done
	mapfile -t started < <(start_all "${files[@]}")
	report=$(anyarch doctor --json "${files[@]}" 3>&-) || true
	for one in "${lines[@]}"; do
		read -r level id file real <<<"$one"
		same "$file" "$real" "${started[i++]}" || broken=1
		hint=$(jq -r --arg level "$level" --arg id "$id" --arg file "$W/$file" 'first(.findings[] |
			select(.level == $level and .id == $id and .target == $file)) | .hint // "none"' <<<"$report")
		[[ -n $hint ]] || {
			echo "$file: no $level $id: $(jq -c --arg file "$W/$file" '.findings[] |
				select(.target == $file) | [.level, .id]' <<<"$report")"
			broken=1
			continue
		}
		same "$file, problems" "$([[ $real != runs ]] && echo some)" "$(jq -r --arg file "$W/$file" 'first(.findings[] |
			select(.level == "problem" and .target == $file)) | "some"' <<<"$report")" || broken=1
		[[ $level == problem && $hint != none ]] || continue
		HINT=$hint
		cure_file "$W/$file" || broken=1
	done
	return $broken
}

# program NAME [OPTION...]: for this machine.
program() {
	cc -x c -o "$W/$1" - "${@:2}" 3>&- <<<'#include <stdio.h>
		int main(void) { return puts("hi") < 0; }'
	chmod 0755 "$W/$1"
}

# bats test_tags=slow
@test "files: ELF of every kind" {
	need_commands cc objcopy strip
	expect 0 anyarch register arm
	program dynamic
	program static -static
	program static-pie -static-pie
	program object.o -c
	echo 'int f(void) { return 1; }' | cc -x c -shared -fPIC -o "$W/library.so" - -Wl,--no-as-needed -lc 3>&-
	program debug -g
	objcopy --only-keep-debug "$W/debug" "$W/debug.debug"
	head -c 2000 "$W/static" >"$W/cut"
	head -c 40 "$W/static" >"$W/cut-header"
	program no-loader -Wl,--dynamic-linker=/nonexistent/ld.so
	program not-executable
	chmod 0644 "$W/not-executable"
	cp "$W/static" "$W/other-machine"
	printf '\xff\x7f' | dd of="$W/other-machine" bs=1 seek=18 conv=notrunc status=none
	cp "$W/static" "$W/other-system"
	printf '\11' | dd of="$W/other-system" bs=1 seek=7 conv=notrunc status=none
	cp "$W/arm" "$W/arm-other-system"
	printf '\11' | dd of="$W/arm-other-system" bs=1 seek=7 conv=notrunc status=none
	cp "$W/arm" "$W/arm-object"
	printf '\1' | dd of="$W/arm-object" bs=1 seek=16 conv=notrunc status=none
	chmod 0755 "$W"/{library.so,debug.debug,cut,cut-header,object.o,arm-object}
	rows <<-ROWS
		ok native dynamic runs
		ok native static runs
		ok native static-pie runs
		ok works arm runs
		problem not-a-program object.o Exec format error
		problem not-a-program arm-object Exec format error
		problem not-a-program library.so crashes
		problem not-a-program debug.debug $(start_all "$W/debug.debug")
		problem truncated cut $(start_all "$W/cut")
		problem truncated cut-header Exec format error
		problem loader-missing no-loader No such file or directory
		problem not-executable not-executable Permission denied
		warning other-system other-system runs
		warning other-system arm-other-system runs
		problem no-emulator other-machine Exec format error
	ROWS
}

# bats test_tags=slow
@test "files: libraries and versions of their symbols" {
	need_commands cc
	printf 'V1 { global: f; };\nV2 { global: g; } V1;\n' >"$W/two"
	printf 'V1 { global: f; };\n' >"$W/one"
	mkdir "$W/lib"
	lib() {
		printf 'int f(void) { return 1; }\nint g(void) { return 2; }\n' |
			cc -x c -shared -fPIC -Wl,-soname,libv.so.1 -o "$W/lib/libv.so.1" - "$@" 3>&-
	}
	uses() {
		printf '#include <stdio.h>\nint f(void), g(void); int main(void) { return printf("%%d\\n", f() + g()) < 0; }' |
			cc -x c -o "$W/$1" - -x none "$W/lib/libv.so.1" "${@:2}" 3>&-
	}
	lib -Wl,--version-script="$W/two"
	uses nowhere
	uses origin '-Wl,-rpath,$ORIGIN/lib' -Wl,--enable-new-dtags
	uses old-tag "-Wl,-rpath,$W/lib" -Wl,--disable-new-dtags
	ln -s "$W/origin" "$W/lib/link"
	rows <<-ROWS
		problem library-missing nowhere fails
		ok native origin runs
		ok native old-tag runs
		ok native lib/link runs
	ROWS
	lib -Wl,--version-script="$W/one"
	rows <<-ROWS
		problem library-missing origin fails
		problem library-missing old-tag fails
	ROWS
	lib
	rows <<<'problem library-missing origin fails'
}

# bats test_tags=slow
@test "files: scripts" {
	need_commands cc
	program fetched
	# shellcheck disable=SC2016
	shim git '[[ $* == "lfs pull" ]] && cp fetched pointer'
	file good '#!/bin/sh\necho hi\n'
	file blanks '#! \t/bin/sh \t\necho hi\n'
	file with-argument '#!/bin/sh -e\necho hi\n'
	file bom '\xef\xbb\xbf#!/bin/sh\necho hi\n'
	file blank-first '\n#!/bin/sh\necho hi\n'
	file crlf '#!/bin/sh\r\necho hi\r\n'
	file env-crlf '#!/usr/bin/env sh\r\necho hi\r\n'
	file missing '#!/nonexistent/sh\necho hi\n'
	file env '#!/usr/bin/env sh\necho hi\n'
	file env-split '#!/usr/bin/env -S sh -e\necho hi\n'
	file env-missing '#!/usr/bin/env nonexistent\n'
	file env-blank '#!/usr/bin/env sh -e\n'
	file nothing '#!\necho hi\n'
	file text 'echo hi\n'
	file empty ''
	file long "#!/$(printf 'a%.0s' {1..300})\necho hi\n"
	file html '<!DOCTYPE html>\n'
	file pointer 'version https://git-lfs.github.com/spec/v1\n'
	file zeros '\0\0\0\0\0\0\0\0'
	file of-a-script "#!$W/good\n"
	file of-a-folder "#!$W\n"
	file mode '#!/bin/sh\necho hi\n'
	chmod 0644 "$W/mode"
	rows <<-ROWS
		ok script good runs
		ok script blanks runs
		ok script with-argument runs
		problem byte-order-mark bom Exec format error
		problem not-a-program blank-first Exec format error
		problem carriage-return crlf No such file or directory
		problem carriage-return env-crlf fails
		problem script-program-missing missing No such file or directory
		ok script env runs
		ok script env-split runs
		problem script-program-missing env-missing fails
		problem script-program-missing env-blank fails
		problem truncated nothing Exec format error
		problem not-a-program text Exec format error
		problem not-a-program empty Exec format error
		problem not-a-program long Exec format error
		problem not-a-program html Exec format error
		problem not-a-program pointer Exec format error
		problem not-a-program zeros Exec format error
		ok script of-a-script runs
		problem not-a-program of-a-folder Permission denied
		problem not-executable mode Permission denied
	ROWS
}

# bats test_tags=slow
@test "a limit of the address space" {
	# shellcheck disable=SC2034 # the library reads it
	local ANYARCH=$ANYARCH_PLAIN # a sanitizer needs more

	expect 0 anyarch register arm
	(
		ulimit -v 4000000
		same really fails "$(start_all "$P")"
		examine 3 "$P"
		found problem address-space
		same hint 'ulimit -v unlimited' "$HINT"
		# The machine is judged by what others would meet.
		expect 0 anyarch status --noheadings --columns STATE arm
		same state 'not tested' "$output"
		examine 0
		silent broken
		found note cannot-test 'limit of the address space, 3906 MiB'
		same hint 'ulimit -v unlimited' "$HINT"
		expect 0 anyarch unregister arm
		expect 3 anyarch register arm
		says 'limit of the address space, 3906 MiB'
	)
	expect 0 anyarch register arm
	row ok works runs
}

# bats test_tags=slow
@test "set-user-ID: without C, and on a file system that is mounted nosuid" {
	expect 0 anyarch register arm
	ns mount -t tmpfs -o nosuid tmpfs /mnt
	ns cp "$W/arm" /mnt/arm
	ns chmod 4755 /mnt/arm
	examine 0 /mnt/arm
	found warning nosuid
	cure
	examine 0 /mnt/arm
	silent nosuid
	found warning set-user-id
	cure
	examine 0 /mnt/arm
	silent set-user-id
}

# in_root: what happens to the shell of the root when it is started there.
in_root() {
	[[ $(ns chroot "$W/root" /bin/sh 2>/dev/null 3>&-) == hi ]] && echo runs || echo fails
}

@test "a root whose shell misses a library" {
	local libc

	need_commands cc ldd
	mkdir -p "$W/root/bin"
	program root/bin/sh
	while read -r libc; do
		mkdir -p "$W/root${libc%/*}"
		cp "$libc" "$W/root$libc"
	done < <(ldd "$W/root/bin/sh" 3>&- | grep -o '/[^ ]*')
	same whole runs "$(in_root)"
	examine 0 "$W/root"
	silent library-missing
	examine 0 --root "$W/root" /bin/sh
	find "$W/root" -name 'libc.so*' -delete
	same cut fails "$(in_root)"
	examine 3 "$W/root"
	found problem library-missing libc.so
	examine 3 --root "$W/root" /bin/sh
	found problem library-missing libc.so
}
