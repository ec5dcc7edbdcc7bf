#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that README's commands work on a fresh Debian 12.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/source.bash
source "$BATS_TEST_DIRNAME/../lib/source.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/mmdebstrap.bash
source "$BATS_TEST_DIRNAME/../lib/mmdebstrap.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/package.bash
source "$BATS_TEST_DIRNAME/../lib/package.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/fresh.bash
source "$BATS_TEST_DIRNAME/../lib/fresh.bash"

teardown() {
	ns_close
}

@test "sudo tools/quickstart runs ARM programs, and leaves the user nothing of root's" {
	fresh_open bookworm
	# Without sudo's program: what it sets.
	typed tools/quickstart 'SUDO_USER=tester'
	[[ $output == *$'busybox uname -m\narmv7l\n'*$'busybox uname -m\naarch64\n'*'It works.'*'What comes next: README.md' ]]
	has_handler qemu-arm
	same "files that are not the user's" '' "$(system find /home/tester ! -user tester)"
}
