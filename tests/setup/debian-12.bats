#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that README's commands work on a fresh Debian 12.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/fresh.bash
source "$BATS_TEST_DIRNAME/../lib/fresh.bash"

@test "sudo tools/quickstart runs ARM programs, and leaves the user nothing of root's" {
	fresh_open bookworm
	# Without sudo's program: what it sets.
	typed tools/quickstart 'SUDO_USER=tester'
	arm_runs
	same "files that are not the user's" '' "$(system find /home/tester ! -user tester)"
}
