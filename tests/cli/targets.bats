#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that several targets in one call are worked on each for itself, in parallel or not, and told in their order.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup() {
	local i

	need_commands gcc jq python3 qemu-arm-static flock
	make_emulators "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return
	TARGETS=()
	for i in {1..4}; do
		make_tree
		mv "$R" "root$i"
		TARGETS+=("root$i")
	done
	PYTHONPATH=$ANYARCH_SRC/tests/lib PYTHONDONTWRITEBYTECODE=1 python3 -c '
import elf_files as E, image_files as I, tar_files as T
oci = I.Oci()
I.write_layout("image", oci.finish(oci.image([T.tar(I.system(E.arm()))], "arm", "v7")))'
	mkdir empty
	TARGETS+=(image missing empty)
	WAS=$(trees)
}

trees() {
	local i

	for i in {1..4}; do
		tree_of "root$i"
	done
	sha256sum image/index.json
}

# lines WORD: what inject and eject print of the targets.
lines() {
	local one

	for one in root{1..4} image; do
		printf '%s: %s %s\n' "$one" "$1" "$AT"
	done
}

@test "inject and eject: a line for each, a summary, the highest status, in parallel as one after the other" {
	local jobs

	for jobs in 1 3 64; do
		expect 3 "$ANYARCH" inject --emulator "$PWD/A" --jobs "$jobs" "${TARGETS[@]}"
		same injected "$(lines injected)" "$output"
		[[ $stderr == *'missing: No such file'*'empty: cannot determine its platform'*'anyarch: 7 targets: 5 succeeded, 2 failed' ]]
		expect 3 "$ANYARCH" inject --emulator "$PWD/A" -j "$jobs" --json "${TARGETS[@]}"
		same unchanged 'unchanged 5' "$(jq -r 'group_by(.result)[] | "\(.[0].result) \(length)"' "$OUT")"
		same order "$(printf '%s\n' root{1..4} image)" "$(jq -r '.[].target' "$OUT")"
		[[ $stderr != *targets:* ]]
		expect 3 "$ANYARCH" eject -j "$jobs" "${TARGETS[@]}"
		same removed "$(lines removed)" "$output"
		same trees "$WAS" "$(trees)"
	done
}

@test "inspect: with --jobs a line for each and a summary, without what it always prints" {
	local jobs

	for jobs in 1 3; do
		expect 3 "$ANYARCH" inspect --jobs "$jobs" "${TARGETS[@]}"
		same lines "$(printf '%s: linux/arm\n' root{1..4})
image: linux/arm/v7
empty: unknown platform" "$output"
		[[ $stderr == *'missing: No such file'*'anyarch: 7 targets: 6 succeeded, 1 failed' ]]
	done
	expect 0 "$ANYARCH" inspect --json --jobs 4 "${TARGETS[@]:0:5}"
	same order "$(printf '%s\n' root{1..4} image)" "$(jq -r '.[].target' "$OUT")"
	expect 3 "$ANYARCH" inspect root1 missing root2
	same blocks 2 "$(grep -c '^root:' "$OUT")"
	[[ $stderr != *targets:* ]]
}

@test "one target is told as ever; of several the worst status counts, whichever it is" {
	expect_raw 0 "$ANYARCH" inject --emulator "$PWD/A" -j 4 --quiet root1 root2
	[[ -z $output && $stderr != *targets:* ]]
	expect 0 "$ANYARCH" inject --emulator "$PWD/A" -j 4 root1
	same output "root1: unchanged $AT" "$output"
	[[ $stderr != *targets:* ]]
	flock image sleep 60 3>&- &
	while flock -n image true; do sleep 0.05; done
	expect 75 "$ANYARCH" inject --emulator "$PWD/A" -j 2 missing image root3
	[[ $output == *"root3: injected $AT"* ]]
	expect 75 "$ANYARCH" eject image missing root3
	kill $!
	expect 2 "$ANYARCH" inject --jobs 0 root1
}
