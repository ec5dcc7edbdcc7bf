#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns emulators of another Debian suite: that they come without being installed, that the image says which QEMU it has, and
# that the newest QEMU works with every handler.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"

# What arch-test has programs for, of what every QEMU since 7.2 emulates.
NAMES=(aarch64 alpha arm hppa i386 m68k mips mipsel mips64 mips64el ppc ppc64 ppc64le riscv64 s390x sh4 sparc64 x86_64)

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	ns_close
}

# newest NAME...: sets emulators to the directory with those of Debian's development suite.
newest() {
	emulators=$(
		# shellcheck source=tools/lib.sh
		. "$ANYARCH_SRC/tools/lib.sh"
		# shellcheck source=tools/fetch.sh
		. "$ANYARCH_SRC/tools/fetch.sh"
		# shellcheck disable=SC2034 # for fetch.sh
		FETCH_SUITE=sid
		fetch_emulators "$(dpkg --print-architecture)" "$@"
	)
	[[ -x $emulators/qemu-arm ]]
}

@test "an image with the emulators of another suite says which QEMU it has" {
	local version

	need_commands jq skopeo
	newest arm aarch64
	expect_raw 0 "$ANYARCH_SRC/tools/image" --from "$emulators" image.tar 1 "$ANYARCH_STATIC" usual
	version=$("$emulators/qemu-arm" --version | sed -n '1s/.* version \([0-9.]*\).*/\1/p')
	same QEMU "$version" "$(skopeo inspect --config oci-archive:image.tar | jq -r '.config.Labels["org.qemu.version"]')"
	same paths '/usr/bin/qemu-arm /usr/bin/qemu-aarch64' "$("$ANYARCH" inspect --json image.tar | jq -r '[.[0].emulators[].path] | join(" ")')"
	expect_raw 1 "$ANYARCH_SRC/tools/image" --from "$PWD" image.tar 1 "$ANYARCH_STATIC" usual
	[[ $stderr == *"has no static emulator qemu-arm or qemu-arm-static"* ]]
}

@test "--emulators-from refuses what is not a suite, and says when there is none of that name" {
	expect_raw 1 "$ANYARCH_SRC/tools/build" --emulators-from='sid main'
	[[ $stderr == *"not a suite of Debian: sid main"* ]]
	# shellcheck disable=SC2016 # for the other shell
	expect_raw 1 bash -c '. "$ANYARCH_SRC/tools/lib.sh" && . "$ANYARCH_SRC/tools/fetch.sh" && FETCH_SUITE=never && fetch_emulators amd64 arm'
	[[ $stderr == *'cannot get QEMU from never'* ]]
}

@test "the newest QEMU works with every handler, also with the entry stub" {
	local options

	newest "${NAMES[@]}"
	ns_open
	for options in '' --accelerate; do
		# shellcheck disable=SC2086 # options
		expect 0 anyarch register $options --emulator-dir "$emulators" "${NAMES[@]}"
		refute grep 'Could not' "$OUT" "$ERR" # as QEMU says of a program without a path
		expect 0 anyarch status "${NAMES[@]}"
		anyarch unregister --all >/dev/null
	done
}
