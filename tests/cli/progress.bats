#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=slow
# Owns the line that long work has on a terminal: in a real one (tmux), with input that comes slowly; and where it must not be.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

setup() {
	need_commands tmux python3 script
	cd "$BATS_TEST_TMPDIR" || return
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		layer = T.tar(I.system(E.arm()), T.member("big", bytes(8 << 20)))
		I.write("./big.tar", I.archive(I.docker([([layer], I.config_of([layer], "arm", "v7"), ["x:1"])])))
	PYTHON
	# An image that comes in pieces, for two seconds.
	cat >slow <<-'SLOW'
		#!/bin/bash
		exec 4<big.tar
		for n in 1 2 3 4 5 6 7; do head -c 1M <&4; sleep 0.3; done
		cat <&4
	SLOW
	chmod +x slow
	TMUX_SOCKET=$BATS_TEST_TMPDIR/tmux
	TMUX='' tmux -S "$TMUX_SOCKET" -f /dev/null new-session -d -x 100 -y 20 "PS1='$ ' bash --norc --noprofile" 3>&-
}

teardown() {
	tmux -S "$TMUX_SOCKET" kill-server 2>/dev/null || true
}

type_line() {
	tmux -S "$TMUX_SOCKET" send-keys "$@"
}

screen() {
	tmux -S "$TMUX_SOCKET" capture-pane -p
}

screen_has() {
	screen | grep -qE "$1"
}

@test "bytes and rate are shown after half a second, and are gone at the end" {
	type_line "./slow | $ANYARCH inspect - | head -n 1" Enter
	eventually 30 screen_has '^anyarch: reading [0-9.]+ [KM]iB, [0-9]+ [KM]iB/s *$'
	eventually 30 screen_has '^docker-archive'
	same 'no line' '' "$(screen | grep reading || true)"
}

@test "Ctrl-C leaves a clean line" {
	type_line "./slow | $ANYARCH inspect -" Enter
	eventually 30 screen_has 'anyarch: reading'
	type_line C-c
	eventually 30 screen_has '^ *\$ *$'
	same 'no line' '' "$(screen | grep reading || true)"
}

@test "none with --quiet, on a terminal without a cursor, and without a terminal" {
	expect_raw 0 bash -c "./slow | TERM=xterm $ANYARCH inspect -"
	same 'without a terminal' '' "$stderr"
	mkfifo pipe
	script -qec "bash -c './slow | TERM=dumb $ANYARCH inspect - >/dev/null'" typescript >/dev/null 3>&-
	same 'no line' 0 "$(grep -c reading typescript || true)"
	script -qec "bash -c './slow | TERM=xterm $ANYARCH inject - --quiet -o out.tar'" typescript >/dev/null 3>&- || true
	same 'no line' 0 "$(grep -c reading typescript || true)"
	script -qec "bash -c './slow | TERM=xterm $ANYARCH inspect - >/dev/null'" typescript >/dev/null 3>&-
	grep -q reading typescript
}
