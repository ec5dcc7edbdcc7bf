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
	echo >>"$BATS_FILE_TMPDIR/tests"
	need_commands qemu-arm-static jq nsenter python3
	ns_open
	typist_open
	make_arm "$W/arm"
	P=$W/arm
}

teardown() {
	ns_close
}

# How many situations there were: a table that shrinks is noticed, when all of it has run.
teardown_file() {
	local rows=0 tests=0

	[[ ! -e $BATS_FILE_TMPDIR/rows ]] || rows=$(wc -l <"$BATS_FILE_TMPDIR/rows")
	[[ ! -e $BATS_FILE_TMPDIR/tests ]] || tests=$(wc -l <"$BATS_FILE_TMPDIR/tests")
	printf '# %d situations in which doctor and the kernel agree\n' "$rows" >&3
	[[ ${ANYARCH_TEST_MUST_RUN:-0} -eq 0 || $tests -lt $(grep -c '^@test' "$BATS_TEST_FILENAME") || $rows -ge 175 ]]
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

# cure_file FILE: the hint is typed, and then FILE runs, or what the hint says to specify instead. Where it says to download
# the file, that is what would come.
cure_file() {
	local file=$1

	case $HINT in
	*', then specify DIR') return ;; # of an archive that is none; whole ones have a test of their own
	'download the file itself: '*) HINT="cp fetched ${file@Q}" ;;
	*', then specify '*) file=$W/${HINT##*, then specify } HINT=${HINT%%, then specify *} ;;
	esac
	cure || return
	ns test -x "$file" || { examine 3 "$file" && found problem not-executable && cure; } || return
	same "$file, cured" runs "$(start_all "$file")" && examine 0 "$file"
}

# row LEVEL ID REAL: what doctor finds of $P, and what the kernel does.
row() {
	local status=0

	echo >>"$BATS_FILE_TMPDIR/rows"
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
@test "variables of QEMU" {
	local one

	expect 0 anyarch register arm
	for one in QEMU_CPU=nonsense QEMU_RESERVED_VA=0x200000 QEMU_GUEST_BASE=1 QEMU_RAND_SEED=x; do
		export "${one?}"
		same "$one" '' "$(start "$P")"
		examine 3 "$P"
		found problem environment
		unset "${one%%=*}"
		same hint "unset ${one%%=*}" "$HINT"
		echo >>"$BATS_FILE_TMPDIR/rows"
	done
	QEMU_LD_PREFIX=/nonexistent row ok works runs
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

# start_all FILE...: of each a line: "runs" when it said something, "fails", "crashes", or the words of the kernel. With
# ROOT, after a chroot.
start_all() {
	ns python3 - "$@" 3>&- <<-'PY'
		import os, subprocess, sys
		enter = (lambda: os.chroot(os.environ["ROOT"])) if os.environ.get("ROOT") else None
		for path in sys.argv[1:]:
		    try:
		        done = subprocess.run([path], capture_output=True, stdin=subprocess.DEVNULL, timeout=20, preexec_fn=enter)
		        print("runs" if done.stdout else "crashes" if done.returncode < 0 else "fails")
		    except subprocess.TimeoutExpired:
		        print("does not end")
		    except OSError as e:
		        print(os.strerror(e.errno))
	PY
}

# rows: lines "LEVEL ID FILE REAL", of files in $W, or with ROOT below that. A problem with a hint is cured by typing it,
# and then the program runs.
rows() {
	local level id file real hint started=() files=() lines=() report broken=0 i=0 below=$W

	[[ -z ${ROOT-} ]] || below=''
	mapfile -t lines
	for one in "${lines[@]}"; do
		read -r _ _ file _ <<<"$one"
		files+=("$below/$file")
	done
	mapfile -t started < <(start_all "${files[@]}")
	report=$(anyarch doctor --json ${ROOT:+--root "$ROOT"} "${files[@]}" 3>&-) || true
	for one in "${lines[@]}"; do
		read -r level id file real <<<"$one"
		echo >>"$BATS_FILE_TMPDIR/rows"
		same "$file" "$real" "${started[i++]}" || broken=1
		hint=$(jq -r --arg level "$level" --arg id "$id" --arg file "$below/$file" 'first(.findings[] |
			select(.level == $level and .id == $id and .target == $file)) | .hint // "none"' <<<"$report")
		[[ -n $hint ]] || {
			echo "$file: no $level $id: $(jq -c --arg file "$below/$file" '.findings[] |
				select(.target == $file) | [.level, .id, .what]' <<<"$report")"
			broken=1
			continue
		}
		same "$file, problems" "$([[ $real != runs ]] && echo some)" "$(jq -r --arg file "$below/$file" 'first(.findings[] |
			select(.level == "problem" and .target == $file)) | "some"' <<<"$report")" || broken=1
		[[ $level == problem && $hint != none && -z ${ROOT-} ]] || continue
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

# edited FROM NAME OFFSET BYTES: a copy with other bytes there.
edited() {
	cp "$W/$1" "$W/$2"
	# shellcheck disable=SC2059 # with escapes
	printf "$4" | dd of="$W/$2" bs=1 seek="$3" conv=notrunc status=none
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
	edited static no-segments 56 '\0\0'
	edited static no-type 16 '\0\0'
	edited static order-of-bytes 5 '\2'
	edited static bits 4 '\1'
	edited static sections-outside 40 '\377\377\377\177'
	edited arm arm-no-type 16 '\5\0'
	edited arm arm-header 42 '\1\0'
	edited arm arm-no-segments 44 '\0\0'
	edited arm arm-no-entry 24 '\0\0\0\0'
	edited arm arm-cut 68 '\0\041\0\0\0\042\0\0\7'
	edited static no-entry 24 '\0\0\0\0\0\0\0\0'
	edited static entry-outside 24 '\0\0\0\7'
	edited dynamic dynamic-no-entry 24 '\0\0\0\7'
	cp "$W/static" "$W/busy"
	exec 4>>"$W/busy"
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
		problem truncated arm-cut crashes
		problem loader-missing no-loader No such file or directory
		problem not-executable not-executable Permission denied
		warning other-system other-system runs
		warning other-system arm-other-system runs
		problem no-emulator other-machine Exec format error
		problem refused no-segments Exec format error
		problem refused no-type Exec format error
		ok started order-of-bytes runs
		ok started bits runs
		ok native sections-outside runs
		problem refused arm-no-type Exec format error
		problem truncated arm-header fails
		problem refused arm-no-segments fails
		problem not-a-program arm-no-entry crashes
		problem not-a-program no-entry crashes
		problem not-a-program entry-outside crashes
		problem not-a-program dynamic-no-entry crashes
		problem refused busy Text file busy
	ROWS
	exec 4>&-
	examine 3 "$W/arm-cut"
	silent broken # the emulator fails because of the file
}

# bats test_tags=slow
@test "files: programs whose loader is odd" {
	local loader

	need_commands cc readelf
	expect 0 anyarch register arm
	program dynamic
	loader=$(readelf -l "$W/dynamic" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
	file script '#!/bin/sh\necho hi\n'
	: >"$W/empty"
	cp "$loader" "$W/whole"
	cp "$loader" "$W/not-executable"
	head -c 3000 "$loader" >"$W/cut"
	chmod 0755 "$W"/{empty,whole,cut}
	chmod 0644 "$W/not-executable"
	ns mount -t tmpfs -o noexec tmpfs /mnt
	ns cp "$loader" /mnt/noexec
	program static -static
	for loader in script empty whole not-executable cut arm static dynamic; do
		program "by-$loader" -Wl,--dynamic-linker="$W/$loader"
	done
	program by-noexec -Wl,--dynamic-linker=/mnt/noexec
	program by-folder -Wl,--dynamic-linker="$W"
	rows <<-ROWS
		problem refused by-script Input/output error
		problem refused by-empty Input/output error
		ok native by-whole runs
		problem refused by-not-executable Permission denied
		problem truncated by-cut crashes
		problem loader-foreign by-arm Accessing a corrupted shared library
		problem loader-foreign by-static crashes
		problem loader-foreign by-dynamic crashes
		problem refused by-noexec Permission denied
		problem loader-missing by-folder Permission denied
	ROWS
}

# clear: no handler is left.
clear() {
	ns_sh 'echo -1 >"$1/status"' "$BINFMT"
}

# bats test_tags=slow
@test "files: what handlers of other kinds start" {
	local flags

	need_commands cc
	program static -static
	file some.jar 'PK\3\4rest'
	file text 'echo hi\n'
	file script '#!/bin/sh\necho hi\n'
	file script-missing '#!/nonexistent/sh\n'
	file not-executable '#!/bin/sh\necho hi\n'
	chmod 0644 "$W/not-executable"
	jar() { # INTERPRETER FLAGS ROW
		table_write ":jar:M::PK\\x03\\x04::$1:$2"
		rows <<<"$3" || return
		clear
	}
	jar "$W/script" '' 'ok taken some.jar runs'
	jar "$W/script" FP 'ok taken some.jar runs'
	jar /usr/bin/echo OC 'ok taken some.jar runs'
	jar "$W/script" O 'problem refused some.jar Exec format error'
	jar "$W/script-missing" '' 'problem refused some.jar No such file or directory'
	jar "$W/text" '' 'problem refused some.jar Exec format error'
	jar "$W/not-executable" '' 'problem refused some.jar Permission denied'
	jar "$W/arm" '' 'problem refused some.jar Exec format error'
	expect 0 anyarch register arm
	jar "$W/arm" '' 'ok taken some.jar runs'
	expect 0 anyarch register arm
	table_write ':exe:E::exe::/usr/bin/echo:'
	cp "$W/static" "$W/static.exe"
	cp "$W/arm" "$W/arm.exe"
	ln -s text "$W/link.exe"
	file some.tar.exe text
	file some.EXE text
	file by-extension "#!$W/some.tar.exe\n"
	rows <<-ROWS
		ok taken static.exe runs
		ok taken arm.exe runs
		ok taken link.exe runs
		ok taken some.tar.exe runs
		problem not-a-program some.EXE Exec format error
		ok started by-extension runs
	ROWS
	table_write ':later:E::exe::/nonexistent:'
	rows <<-ROWS
		problem interpreter-missing static.exe No such file or directory
		problem interpreter-missing arm.exe No such file or directory
	ROWS
	clear
	: >"$W/empty"
	chmod 0755 "$W/empty"
	table_write ':zeros:M:4:\x00\x00\x00\x00::/usr/bin/echo:' # the kernel fills up what is short
	rows <<<'ok taken empty runs'
	clear
	file wrapper "#!/bin/sh\nexec $ARM \"\$@\"\n"
	for flags in O OC; do
		table_write "$(rule qemu-arm arm "$W/wrapper" $flags)"
		rows <<<'problem broken arm Exec format error'
		clear
	done
	for flags in P O C OC OCP F FP FOC FOCP; do
		table_write "$(rule qemu-arm arm $ARM $flags)"
		rows <<<'ok works arm runs'
		clear
	done
}

# bats test_tags=slow
@test "files: what handlers for an architecture do to its programs" {
	local magic='\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00'

	arm() { # RULE ROW...
		table_write "$1"
		rows < <(printf '%s\n' "${@:2}") || return
		clear
	}
	edited arm arm-gnu 7 '\3'
	cp $ARM "$W/emulator"
	ln -s emulator "$W/link"
	ln -s loop "$W/loop"
	head -c 100000 $ARM >"$W/cut"
	cp "$W/cut" "$W/not-executable"
	printf '#!/bin/sh\nexec %s "$@"\n' $ARM >"$W/wrapper"
	printf '#!/bin/sh\nshift\nexec %s "$@"\n' $ARM >"$W/loses"
	printf '#!/bin/sh\nf=$1 a=$2\nshift 2\nexec %s -0 "$a" "$f" "$@"\n' $ARM >"$W/knows"
	chmod 0755 "$W"/{cut,wrapper,loses,knows}
	arm ":offset:M:18:\\x28\\x00::$ARM:PF" 'ok works arm runs'
	arm ":exact:M::$magic::$ARM:PF" 'ok works arm runs' 'problem no-handler arm-gnu Exec format error'
	arm ":qemu-arm:M::$magic::$W/link:P" 'note only-here arm runs'
	arm ":qemu-arm:M::$magic::$W/knows:P" 'note only-here arm runs'
	arm ":qemu-arm:M::$magic::$W/loop:" 'problem interpreter-missing arm Too many levels of symbolic links'
	arm ":qemu-arm:M::$magic::$W:" 'problem interpreter-missing arm Permission denied'
	arm ":qemu-arm:M::$magic::$W/not-executable:" 'problem broken arm Permission denied'
	arm ":qemu-arm:M::$magic::$W/cut:F" 'problem broken arm crashes'
	arm ":qemu-arm:M::$magic::$W/loses:" 'problem broken arm fails'
	arm ":qemu-arm:M::$magic::/usr/bin/qemu-aarch64-static:F" 'problem broken arm fails'
	# The newer handler has no P, the older one has.
	table_write "$(rule qemu-arm arm $ARM PF)"
	arm ":wrapper:M::$magic::$W/wrapper:" 'note only-here arm runs'
	# What is registered with F is kept, whatever becomes of the file.
	table_write "$(rule qemu-arm arm "$W/emulator" PF)"
	rm "$W/emulator"
	rows <<<'ok works arm runs'
	ns_sh 'echo 0 >"$1/qemu-arm"' "$BINFMT"
	rows <<<'problem disabled arm Exec format error'
}

# bats test_tags=slow
@test "files below a root, started there" {
	local ROOT=$W/root

	export ROOT
	need_commands cc
	mkdir -p "$ROOT/usr/bin"
	program root/static -static
	program root/dynamic
	cp "$W/arm" "$ROOT/arm"
	edited arm root/arm-no-segments 44 '\0\0'
	printf '#!/arm\n' >"$ROOT/script"
	printf '#!/nonexistent\n' >"$ROOT/script-missing"
	printf '#!%s/arm\n' "$W" >"$ROOT/script-outside"
	ln -s /arm "$ROOT/link"
	cp "$W/arm" "$ROOT/not-executable"
	chmod 0644 "$ROOT/not-executable"
	chmod 0755 "$ROOT"/{arm-no-segments,script*}
	rows <<<'problem no-handler arm Exec format error'
	table_write "$(rule qemu-arm arm $ARM P)"
	rows <<<'problem not-fixed arm No such file or directory'
	cp $ARM "$ROOT/usr/bin"
	rows <<<'ok works arm runs'
	chmod 0644 "$ROOT$ARM"
	rows <<<'problem not-fixed arm Permission denied'
	expect 0 anyarch register arm
	rows <<-ROWS
		ok native static runs
		problem loader-missing dynamic No such file or directory
		ok works arm runs
		problem refused arm-no-segments fails
		ok script script runs
		ok works link runs
		problem script-program-missing script-missing No such file or directory
		problem script-program-missing script-outside No such file or directory
		problem not-executable not-executable Permission denied
	ROWS
}

# bats test_tags=slow
@test "files: what this user may not read or execute" {
	need_commands cc setpriv
	[[ $EUID -eq 0 ]] || need 'not root'
	ns_as() { ns setpriv --reuid 1000 --regid 1000 --clear-groups env "$@"; } # setpriv itself keeps capabilities
	for P in all owner group unreadable; do
		install -m 0755 /bin/true "$W/$P"
	done
	chmod 0744 "$W/owner"
	chmod 0754 "$W/group"
	chmod 0711 "$W/unreadable"
	for P in "$W" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." "$BATS_RUN_TMPDIR"; do
		chmod go+rx "$P"
	done
	for P in all unreadable; do
		expect 0 ns_as "$W/$P"
		expect 0 ns_as "$ANYARCH" doctor "$W/$P"
		echo >>"$BATS_FILE_TMPDIR/rows"
	done
	expect 0 ns_as "$ANYARCH" doctor --all "$W/unreadable"
	grep -q 'note: .*this user may not read it' "$OUT"
	for P in owner group; do
		refute ns_as "$W/$P"
		expect_raw 3 ns_as "$ANYARCH" doctor "$W/$P"
		grep -q "refuses to start it: 'Permission denied'" "$OUT"
		echo >>"$BATS_FILE_TMPDIR/rows"
	done
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
	lazy() {
		printf '#include <stdio.h>\nint f(void); int main(int n, char **v) { return puts(*v) < 0 || (n > 1 && f()); }' |
			cc -x c -o "$W/$1" - -x none "$W/lib/libv.so.1" "-Wl,-rpath,$W/lib" -Wl,-z,lazy 3>&-
	}
	lib -Wl,--version-script="$W/two"
	uses nowhere
	uses origin '-Wl,-rpath,$ORIGIN/lib' -Wl,--enable-new-dtags
	uses old-tag "-Wl,-rpath,$W/lib" -Wl,--disable-new-dtags
	ln -s "$W/origin" "$W/lib/link"
	mkdir -p "$W/newer/glibc-hwcaps/x86-64-v2" "$W/cut"
	cp "$W/lib/libv.so.1" "$W/newer/glibc-hwcaps/x86-64-v2"
	head -c 5000 "$W/lib/libv.so.1" >"$W/cut/libv.so.1"
	uses by-cpu "-Wl,-rpath,$W/newer"
	uses half "-Wl,-rpath,$W/cut"
	uses noexec -Wl,-rpath,/mnt
	ns mount -t tmpfs -o noexec tmpfs /mnt
	ns cp "$W/lib/libv.so.1" /mnt
	rows <<-ROWS
		ok native by-cpu $(start_all "$W/by-cpu")
		problem library-missing half crashes
		problem library-missing noexec fails
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
	# Both versions are there, and the symbol has the other one.
	printf 'V1 { local: nothing; };\nV2 { global: f; g; } V1;\n' >"$W/moved"
	lib -Wl,--version-script="$W/two"
	lazy lazy-version
	uses early-version "-Wl,-rpath,$W/lib" -Wl,-z,now
	rows <<-ROWS
		ok native early-version runs
		ok native lazy-version runs
	ROWS
	lib -Wl,--version-script="$W/moved"
	rows <<-ROWS
		problem symbol-missing early-version fails
		warning symbol-missing lazy-version runs
	ROWS
	lib
	rows <<<'problem library-missing origin fails'
	uses early "-Wl,-rpath,$W/lib" -Wl,-z,now
	lazy lazy
	uses no-plt "-Wl,-rpath,$W/lib" -Wl,-z,lazy -fno-plt
	printf '#include <stdio.h>\nextern int v; int f(void) __attribute__((weak));
		int main(void) { return printf("%%d\\n", v + !f) < 0; }' >"$W/data.c"
	echo 'int f(void) { return 1; } int v = 1;' | cc -x c -shared -fPIC -Wl,-soname,libv.so.1 -o "$W/lib/libv.so.1" - 3>&-
	cc -o "$W/data" "$W/data.c" "$W/lib/libv.so.1" "-Wl,-rpath,$W/lib" 3>&-
	rows <<<'ok native data runs'
	echo 'int h(void) { return 1; }' | cc -x c -shared -fPIC -Wl,-soname,libv.so.1 -o "$W/lib/libv.so.1" - 3>&-
	rows <<-ROWS
		problem symbol-missing early fails
		problem symbol-missing no-plt fails
		problem symbol-missing data fails
		warning symbol-missing lazy runs
	ROWS

	# A library of a library: DT_RPATH of the program is searched for it, DT_RUNPATH is not.
	chain() {
		printf '#include <stdio.h>\nint g(void); int main(void) { return printf("%%d\\n", g()) < 0; }' |
			cc -x c -o "$W/$1" - -L"$W/lib" -louter "-Wl,-rpath,$W/lib,-rpath-link,$W/lib" "$2" 3>&-
	}
	echo 'int f(void) { return 1; }' | cc -x c -shared -fPIC -o "$W/lib/libinner.so" - 3>&-
	echo 'int f(void); int g(void) { return f(); }' | cc -x c -shared -fPIC -o "$W/lib/libouter.so" - -L"$W/lib" -linner 3>&-
	chain chain-run -Wl,--enable-new-dtags
	chain chain -Wl,--disable-new-dtags
	rows <<-ROWS
		problem library-missing chain-run fails
		ok native chain runs
	ROWS
}

# bats test_tags=slow
@test "files: scripts that start themselves, by env" {
	local line

	for line in '' ' A=b sh' ' -i' ' -S A=b'; do
		file loop "#!/usr/bin/env$line\necho hi\n"
		refute ns timeout 0.3 "$W/loop"
		examine 3 "$W/loop"
		found problem script-program-missing 'endlessly'
		echo >>"$BATS_FILE_TMPDIR/rows"
	done
}

# bats test_tags=slow
@test "files: scripts" {
	local n name before=''

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
	expect 0 anyarch register arm
	file env-path '#!/usr/bin/env /bin/sh\necho hi\n'
	file env-path-missing '#!/usr/bin/env /nonexistent/sh\n'
	file env-option '#!/usr/bin/env -i sh\necho hi\n'
	file env-options '#!/usr/bin/env -S -i -u C A=b sh -e\necho hi\n'
	file env-options-missing '#!/usr/bin/env -vS A=b nonexistent\n'
	file env-long '#!/usr/bin/env --split-string=nonexistent -e\n'
	file env-foreign "#!/usr/bin/env $W/arm\n"
	file env-text "#!/usr/bin/env $W/zeros\n"
	file env-mode "#!/usr/bin/env $W/mode\n"
	file option-crlf '#!/bin/sh -e\r\necho hi\n'
	file argument-crlf '#!/bin/echo x\r\n'
	file one 'text'
	printf '#!%s' "$W/arm" >"$W/one"
	for n in 2 3 4 5 6; do
		file "deep$n" "#!$W/${before:-good}\n"
		before=deep$n
	done
	before=one
	for n in 2 3 4 5; do
		file "arm$n" "#!$W/$before\n"
		before=arm$n
	done
	name=$W/$(printf 'a%.0s' {1..255})
	cp "$W/fetched" "${name:0:253}"
	cp "$W/fetched" "${name:0:254}"
	printf '#!%s\n' "${name:0:253}" >"$W/fits"
	printf '#!%s\n' "${name:0:254}" >"$W/fits-not"
	chmod 0755 "$W"/fits*
	rows <<-ROWS
		ok script env-path runs
		problem script-program-missing env-path-missing fails
		problem script-program-missing env-option fails
		ok script env-options runs
		problem script-program-missing env-options-missing fails
		problem script-program-missing env-long fails
		ok works env-foreign runs
		problem not-a-program env-text fails
		problem not-executable env-mode fails
		problem carriage-return option-crlf fails
		warning carriage-return argument-crlf runs
		ok works arm4 runs
		problem refused arm5 Too many levels of symbolic links
		ok script deep5 runs
		problem too-deep deep6 Too many levels of symbolic links
		ok script fits runs
		problem not-a-program fits-not Exec format error
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
	expect 0 ns setpriv --no-new-privs "$ANYARCH" doctor /mnt/arm
	grep -q 'warning: .*no_new_privs' "$OUT"
}

# bats test_tags=slow
@test "an archive of a root: its hints are typed, until there is a directory whose programs run" {
	local name target next

	need_commands gzip xz zstd bzip2 dpkg-deb
	expect 0 anyarch register arm
	mkdir -p "$W/root/bin"
	cp "$W/arm" "$W/root/bin/sh"
	cd "$W" || return
	tar -C root -cf root.tar .
	gzip -k root.tar
	xz -k root.tar
	zstd -q -k root.tar
	bzip2 -k root.tar
	python3 -m zipfile -c root.zip root/bin
	[[ -z $(type -P cpio) ]] || (cd root && find . | cpio --quiet -o -H newc) >root.cpio
	mkdir root/DEBIAN
	printf 'Package: root\nVersion: 1\nArchitecture: armhf\nMaintainer: a <a@b.c>\nDescription: root\n' >root/DEBIAN/control
	dpkg-deb --build root root.deb
	for name in root.*; do
		[[ $name != *.zip || -n $(type -P unzip) ]] || continue
		rm -rf DIR UNPACKED
		target=$W/$name
		until [[ -d $target ]]; do
			expect_raw 3 anyarch doctor "$target"
			if [[ $stderr == *'root file system in a tar archive'* ]]; then # could be an image
				HINT=${stderr##*hint: } HINT=${HINT/FILE/$target}
			else
				examine 3 "$target"
				found problem
			fi
			next=${HINT##*, then specify }
			HINT=${HINT%, then specify *}
			[[ $next == DIR || $next == UNPACKED ]]
			cure
			[[ $target != "$W/$next" ]]
			target=$W/$next
		done
		examine 0 "$target"
		same "$name" /bin/sh "$(ns chroot "$target" /bin/sh)"
		echo >>"$BATS_FILE_TMPDIR/rows"
	done
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

# bats test_tags=slow
@test "a root whose shell cannot start" {
	local id

	need_commands cc
	mkdir -p "$W/root/bin"
	program static -static
	head -c 2000 "$W/static" >"$W/truncated"
	edited static not-a-program 24 '\0\0\0\0\0\0\0\0'
	edited arm refused 44 '\0\0'
	expect 0 anyarch register arm
	for id in truncated not-a-program refused not-executable; do
		cp "$W/$id" "$W/root/bin/sh" 2>/dev/null || install -m 644 "$W/static" "$W/root/bin/sh"
		[[ $id == not-executable ]] || chmod 0755 "$W/root/bin/sh"
		same "$id" fails "$(in_root)"
		examine 3 "$W/root"
		found problem "$id"
		echo >>"$BATS_FILE_TMPDIR/rows"
	done
	cure
	same cured runs "$(in_root)"
	examine 0 "$W/root"
}
