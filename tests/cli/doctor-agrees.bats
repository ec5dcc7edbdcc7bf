#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that doctor and the kernel agree: each row is a situation in which a program is really started, and doctor calls it
# healthy where it ran. What doctor names is typed where there is a hint, and then the program runs.
# shellcheck disable=SC2154,SC2016,SC2317 # the library sets output and stderr; rows are called by name

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

# row LEVEL ID REAL: what doctor finds of $P, and what the kernel does.
row() {
	local status=0

	same really "$3" "$(start "$P")" || return
	[[ $3 == runs ]] || status=3
	examine $status "$P" || return
	found "$1" "$2" || return
	[[ $1 == problem && -n $HINT ]] || return 0
	cure || return
	same cured runs "$(start "$P")" || return
	examine 0 "$P"
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
@test "scripts: without a program, too long a name, a byte order mark, a blank line first" {
	file noshebang 'echo hi\n'
	row problem not-a-program 'Exec format error'
	file long "#!/$(printf 'a%.0s' {1..300})\necho hi\n"
	row problem not-a-program 'Exec format error'
	file bom '\xef\xbb\xbf#!/bin/sh\necho hi\n'
	row problem not-a-program 'Exec format error'
	file blank '\n#!/bin/sh\necho hi\n'
	row problem not-a-program 'Exec format error'
	file good '#!/bin/sh\necho hi\n'
	row ok script runs
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
