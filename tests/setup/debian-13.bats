#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that README's commands work on a fresh Debian 13.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/fresh.bash
source "$BATS_TEST_DIRNAME/../lib/fresh.bash"

@test "tools/quickstart runs ARM programs, tools/build --image makes the image" {
	fresh_open trixie
	typed tools/quickstart
	arm_runs
	typed 'tools/build --image'
	expect 0 "$ANYARCH" inspect "$SYSTEM/${output##*$'\n'}"
	[[ $output == */usr/bin/qemu-arm* ]]
}
