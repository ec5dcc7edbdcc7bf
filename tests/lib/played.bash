# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the tests read what is set
# Owns a project that is built with engines which are played by scripts in $BATS_FILE_TMPDIR.

# played_open LINE...: such a project, in the current directory, with these lines of build.config. $LOG is where the scripts
# write down how they were called.
played_open() {
	need_commands python3 jq
	mkdir "$BATS_TEST_TMPDIR/work" "$BATS_TEST_TMPDIR/tmp"
	cd "$BATS_TEST_TMPDIR/work" || return
	export TMPDIR=$BATS_TEST_TMPDIR/tmp LOG=$BATS_TEST_TMPDIR/log IMAGES=$BATS_FILE_TMPDIR SAVED=''
	: >"$LOG"
	printf '%s\n' 'REPO=me' 'IMAGE_NAME=it' "$@" >build.config
	# shellcheck disable=SC2016 # a template
	printf '%s\n' 'FROM __BASEIMAGE_ARCH__/base' >Dockerfile.cross
	PATH=$BATS_FILE_TMPDIR:$PATH
}

played_close() {
	same 'temporary files' '' "$(ls -A "$TMPDIR")"
}

build() { # STATUS OPTION...
	expect_raw "$1" "$ANYARCH" build --engine docker --no-verify "${@:2}"
}
