#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that README's commands work on a fresh Debian 13.
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

@test "tools/quickstart runs ARM programs, tools/build --image makes the image" {
	fresh_open trixie
	typed tools/quickstart
	[[ $output == *$'busybox uname -m\narmv7l\n'*$'busybox uname -m\naarch64\n'*'It works.'* ]]
	has_handler qemu-arm
	typed 'tools/build --image'
	expect 0 "$ANYARCH" inspect "$SYSTEM/${output##*$'\n'}"
	[[ $output == */usr/bin/qemu-arm* ]]
}
