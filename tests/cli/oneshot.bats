#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=slow
# Owns the languages of other registrars: every line that people type to them, typed here, with what it must leave behind,
# print and exit with. Unlike its models, a failure exits non-zero.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"

ARM=/usr/bin/qemu-arm-static

setup() {
	need_commands qemu-arm-static qemu-aarch64-static qemu-riscv64-static jq nsenter
	ns_open
	make_root
}

teardown() {
	ns_close
}

# oneshot ARGUMENT...: as the entry point of an image.
oneshot() {
	anyarch oneshot "$@"
}

# few PREFIX SUFFIX: a directory of emulators, for lines that mean "everything in the image".
few() {
	local arch

	FEW=$BATS_TEST_TMPDIR/few
	mkdir -p "$FEW"
	for arch in arm aarch64 riscv64; do
		ln "/usr/bin/qemu-$arch-static" "$FEW/${1}qemu-$arch$2" 2>/dev/null ||
			cp "/usr/bin/qemu-$arch-static" "$FEW/${1}qemu-$arch$2"
	done
}

# The answer is one JSON object with what setup-qemu-action and scripts read of it, and nothing else.
is_answer() {
	[[ $(jq -s length "$OUT") -eq 1 ]] &&
		jq -e '(.supported | type == "array" and length > 0 and .[0] == $native)
			and (.emulators | type == "array" or . == null)' --arg native "$(native)" "$OUT" >/dev/null
}

native() {
	anyarch names --noheadings --output PLATFORM "$(uname -m)"
}

supports() {
	jq -e --arg one "$1" '.supported | index($one) != null' "$OUT" >/dev/null
}

# ---- no arguments ----

@test "no arguments: sets the machine up, then prints the status" {
	expect 0 oneshot
	is_answer
	supports linux/arm64
	supports linux/arm/v7
	supports linux/arm/v6
	supports linux/riscv64
	same handlers "$(table_names | sort)" "$(jq -r '.emulators[]' "$OUT")"
	same flags PF "$(handler_field qemu-arm flags:)"
	arm_works
}

@test "no arguments, set up already: only the status, nothing changes" {
	local before

	table_write "$(rule qemu-arm arm $ARM CF)"
	before=$(table_snapshot)
	expect 0 oneshot
	is_answer
	same table "$before" "$(table_snapshot)"
	supports linux/arm/v7
	refute supports linux/arm64
	same emulators '["qemu-arm"]' "$(jq -c .emulators "$OUT")"
}

@test "the JSON has the facts of status besides those that callers expect" {
	expect 0 anyarch register arm
	expect 0 oneshot
	same state emulated "$(jq -r '.platforms[] | select(.arch == "arm") | .state' "$OUT")"
	jq -e '.table.enabled' "$OUT"
}

@test "emulators: every enabled entry, other people's included, sorted" {
	table_write "$RULE_WSL"
	table_write "$RULE_PYTHON"
	table_write "$(rule qemu-arm arm $ARM F)"
	table_write "$(rule qemu-riscv64 riscv64 /nonexistent '')"
	echo 0 >"$TABLE/qemu-riscv64"
	expect 0 oneshot
	same emulators '["WSLInterop","python3.12","qemu-arm"]' "$(jq -c .emulators "$OUT")"
}

@test "a machine that cannot be set up exits non-zero and prints no answer" {
	ns mount -o remount,bind,ro "$BINFMT"
	HINTS_FIRST=1 expect 4 oneshot
	[[ -z $output ]]
}

# ---- tonistiigi/binfmt ----

@test "--install all" {
	few '' ''
	expect_raw 0 env_in QEMU_BINARY_PATH="$FEW" oneshot --install all
	is_answer
	same handlers $'qemu-aarch64\nqemu-arm\nqemu-riscv64' "$(table_names | sort)"
	same emulators '["qemu-aarch64","qemu-arm","qemu-riscv64"]' "$(jq -c .emulators "$OUT")"
	[[ $(handler_field qemu-arm flags:) == *OCF ]]
	same interpreter "$FEW/qemu-arm" "$(handler_field qemu-arm interpreter)"
	grep -q '^installing: arm OK' "$ERR"
	grep -q '^installing: arm64 OK' "$ERR"
	arm_works
}

# env_in NAME=VALUE... oneshot ARGUMENT...
env_in() {
	local variables=()

	while [[ $1 != oneshot ]]; do
		variables+=("$1")
		shift
	done
	ns env "${variables[@]}" "$ANYARCH" "$@"
}

@test "--install with a list, in every way to write the option" {
	expect_raw 0 oneshot --install arm64,riscv64,arm
	is_answer
	same handlers $'qemu-aarch64\nqemu-arm\nqemu-riscv64' "$(table_names | sort)"
	grep -q '^installing: riscv64 OK' "$ERR"
	expect_raw 0 oneshot --install=arm64
	grep -q '^installing: arm64 qemu-aarch64 already registered' "$ERR"
	expect_raw 0 oneshot -install arm
	expect_raw 0 oneshot -install=linux/arm/v7
	grep -q '^installing: arm qemu-arm already registered' "$ERR"
	is_answer
}

@test "--install takes platforms in any spelling, with commas and newlines" {
	expect_raw 0 oneshot --install linux/arm64/v8,armhf
	same handlers $'qemu-aarch64\nqemu-arm' "$(table_names | sort)"
	expect_raw 0 oneshot --install $'linux/arm64\nlinux/riscv64'
	has_handler qemu-riscv64
	expect_raw 0 oneshot --install aarch64,arm64
	is_answer
}

@test "--install of what the machine runs by itself is done, not refused" {
	expect_raw 0 oneshot --install "$(native)"
	is_answer
	same handlers '' "$(table_names)"
	expect_raw 0 oneshot --install "$(native),linux/arm64"
	is_answer
	same handlers qemu-aarch64 "$(table_names)"
	supports linux/arm64
}

@test "--install amd64, as typed on machines of either kind" {
	expect_raw 0 oneshot --install amd64
	is_answer
	supports linux/amd64
}

# bats test_tags=amd64
@test "supported lists the levels of x86-64 that this CPU has" {
	expect_raw 0 oneshot --install arm
	same levels "$(/lib64/ld-linux-x86-64.so.2 --help | sed -n 's|^ *x86-64-\(v[234]\) (supported.*|linux/amd64/\1|p' | sort)" \
		"$(jq -r '.supported[] | select(test("amd64/v"))' "$OUT" | sort)"
}

@test "--install says that it sets C, as its callers rely on" {
	expect_raw 0 oneshot --install arm
	grep -q 'credentials' "$ERR"
	[[ $(handler_field qemu-arm flags:) == *OC* ]]
}

@test "--install with QEMU_PRESERVE_ARGV0" {
	expect_raw 0 env_in QEMU_PRESERVE_ARGV0=1 oneshot --install arm
	same flags POCF "$(handler_field qemu-arm flags:)"
}

@test "--install with QEMU_BINARY_PREFIX: before the handler's and the file's name" {
	few buildkit- ''
	expect_raw 0 env_in QEMU_BINARY_PATH="$FEW" QEMU_BINARY_PREFIX=buildkit- oneshot --install arm64,arm
	is_answer
	same handlers $'buildkit-qemu-aarch64\nbuildkit-qemu-arm' "$(table_names | sort)"
	same interpreter "$FEW/buildkit-qemu-arm" "$(handler_field buildkit-qemu-arm interpreter)"
	arm_works
	expect_raw 0 env_in QEMU_BINARY_PATH="$FEW" QEMU_BINARY_PREFIX=buildkit- oneshot --install arm64,arm
	grep -q 'already registered' "$ERR"
	expect_raw 0 env_in QEMU_BINARY_PATH="$FEW" QEMU_BINARY_PREFIX=buildkit- oneshot --uninstall arm64
	same handlers buildkit-qemu-arm "$(table_names)"
	expect_one_of '2 3' env_in QEMU_BINARY_PREFIX=../ oneshot --install arm
	same handlers buildkit-qemu-arm "$(table_names)"
	# The file that restores the handler without the prefix at boot is another one's.
	ns mount -t tmpfs tmpfs /etc/binfmt.d
	expect_one_of '0 5' anyarch register --persist --replace arm
	expect_raw 0 env_in QEMU_BINARY_PREFIX=buildkit- oneshot --uninstall arm
	ns test -e /etc/binfmt.d/qemu-arm.conf
}

@test "--install of an unknown or a missing emulator exits non-zero, the cause last on stderr" {
	expect_raw 2 oneshot --install arm65
	tail -n 1 "$ERR" | grep -q arm65
	few '' ''
	rm "$FEW/qemu-aarch64"
	expect_raw 3 env_in QEMU_BINARY_PATH="$FEW" oneshot --install arm64
	same 'last line' 'anyarch: arm64: this image has no emulator for it; it has arm, riscv64' "$(tail -n 1 "$ERR")"
	mkdir "$BATS_TEST_TMPDIR/none"
	expect_raw 3 env_in QEMU_BINARY_PATH="$BATS_TEST_TMPDIR/none" oneshot --install arm64
	same 'last line' 'anyarch: arm64: this image has no emulator for it' "$(tail -n 1 "$ERR")"
	same handlers '' "$(table_names)"
}

@test "--install all with no emulator in the image exits non-zero" {
	mkdir "$BATS_TEST_TMPDIR/none"
	expect 3 env_in QEMU_BINARY_PATH="$BATS_TEST_TMPDIR/none" oneshot --install all
	says 'this image contains no emulator'
	[[ -z $output ]]
}

# As an image with emulators for ARM on an ARM machine.
@test "a machine that runs all of it by itself needs no handler, and that is no failure" {
	local own=$BATS_TEST_TMPDIR/own

	mkdir "$own"
	cp "/usr/bin/qemu-$(uname -m)-static" "$own"
	expect 0 env_in QEMU_BINARY_PATH="$own" oneshot --install all
	is_answer
	says 'this machine natively runs'
	# shellcheck disable=SC2016
	expect 0 ns_sh 'mount --bind "$1" /usr/bin && exec "$2" oneshot' "$own" "$ANYARCH"
	is_answer
	says 'this machine natively runs'
	[[ -z $(table_names) ]]
	rm "$own"/*
	HINTS_FIRST=1 expect 3 ns "$ANYARCH" oneshot
	says 'this image contains no emulator'
}

@test "--install on a read-only table exits with 4" {
	ns mount -o remount,bind,ro "$BINFMT"
	expect_raw 4 oneshot --install all
	grep -q read-only "$ERR"
	[[ -z $output ]]
}

@test "--uninstall by handler, architecture, list and pattern" {
	expect_raw 0 oneshot --install arm64,riscv64,arm,s390x
	expect_raw 0 oneshot --uninstall qemu-aarch64
	is_answer
	grep -q '^uninstalling: qemu-aarch64 OK' "$ERR"
	same handlers $'qemu-arm\nqemu-riscv64\nqemu-s390x' "$(table_names | sort)"
	expect_raw 0 oneshot --uninstall arm,riscv64
	same handlers qemu-s390x "$(table_names)"
	expect_raw 0 oneshot --uninstall 'qemu-*'
	is_answer
	same handlers '' "$(table_names)"
	same emulators null "$(jq -c .emulators "$OUT")"
}

@test "--uninstall leaves other people's entries, also with a pattern for everything" {
	table_write "$RULE_WSL"
	table_write "$RULE_PYTHON"
	expect_raw 0 oneshot --install arm
	expect_raw 0 oneshot --uninstall '*'
	same handlers $'WSLInterop\npython3.12' "$(table_names)"
}

@test "--uninstall of what is not there says so" {
	expect_raw 0 oneshot --uninstall aarch64,riscv64
	is_answer
	grep -q '^uninstalling: aarch64 not found' "$ERR"
	expect_raw 0 oneshot --uninstall qemu-nonsense
	grep -q '^uninstalling: qemu-nonsense not found' "$ERR"
	is_answer
}

@test "--uninstall and --install in one line: out first, then in" {
	expect_raw 0 oneshot --install arm
	expect_raw 0 oneshot --uninstall 'qemu-*' --install arm64
	same handlers qemu-aarch64 "$(table_names)"
	is_answer
}

@test "--version is one line on stderr" {
	expect_raw 0 oneshot --version
	[[ -z $output && $(wc -l <"$ERR") -eq 1 ]]
	expect_raw 0 oneshot -version
	[[ -z $output ]]
}

@test "--mount: the table somewhere else" {
	local dir=$BATS_TEST_TMPDIR/table

	mkdir "$dir"
	ns umount "$BINFMT"
	ns mount -t binfmt_misc binfmt_misc "$dir"
	TABLE=/proc/$NS_PID/root$dir
	expect_raw 0 oneshot --mount "$dir" --install arm
	is_answer
	has_handler qemu-arm
	expect_raw 0 oneshot --mount "$dir"
	is_answer
	same emulators '["qemu-arm"]' "$(jq -c .emulators "$OUT")"
	expect_raw 0 oneshot --mount="$dir" --uninstall arm
	same handlers '' "$(table_names)"
}

@test "setup-qemu-action: its four calls" {
	expect_raw 0 oneshot --version
	table_write "$(rule qemu-arm arm /nonexistent '')"
	expect_raw 0 oneshot --uninstall 'qemu-*'
	same handlers '' "$(table_names)"
	few '' ''
	expect_raw 0 env_in QEMU_BINARY_PATH="$FEW" oneshot --install all
	expect_raw 0 oneshot
	is_answer
	jq -e '.supported | map(type == "string") | all' "$OUT"
	for platform in linux/arm64 linux/arm/v7 linux/riscv64; do
		supports $platform
	done
	[[ -z $stderr ]]
}

@test "setup-qemu-action with platforms: linux/amd64,linux/arm64" {
	expect_raw 0 oneshot --install linux/amd64,linux/arm64
	expect_raw 0 oneshot
	supports linux/amd64
	supports linux/arm64
}

@test "what its callers pipe it through" {
	expect_raw 0 oneshot --install arm64
	jq -r '.supported | join(",")' "$OUT" | grep -q 'linux/arm64'
	jq .emulators "$OUT" | grep -q qemu-aarch64
}

# ---- multiarch/qemu-user-static ----

# script [NAME=VALUE...] -- ARGUMENT...: with a few emulators named as that image has them, and nothing else.
script() {
	few '' -static
	env_in QEMU_BIN_DIR="$FEW" oneshot "$@"
}

fixed() { # FLAGS
	local name

	for name in qemu-arm qemu-aarch64 qemu-riscv64; do
		same "$name" "$1" "$(handler_field $name flags:)" || return
		same "$name" "$FEW/$name-static" "$(handler_field $name interpreter)" || return
	done
}

@test "--reset -p yes: every handler goes, then every emulator is there, flags exactly F" {
	table_write "$(rule qemu-s390x s390x /nonexistent '')"
	table_write "$(rule qemu-arm arm $ARM PF)"
	table_write "$RULE_WSL"
	expect_raw 0 script --reset -p yes
	same handlers $'WSLInterop\nqemu-aarch64\nqemu-arm\nqemu-riscv64' "$(table_names | sort)"
	fixed F
	grep -q "^Setting $FEW/qemu-arm-static as binfmt interpreter for arm$" "$OUT"
	arm_works
	arm64_works
}

@test "--reset -p yes from /usr/bin, for every target but the host's family" {
	expect_raw 0 oneshot --reset -p yes
	same interpreter /usr/bin/qemu-aarch64-static "$(handler_field qemu-aarch64 interpreter)"
	same flags F "$(handler_field qemu-aarch64 flags:)"
	[[ $(table_names | wc -l) -ge 30 ]]
	refute has_handler "qemu-$(uname -m)"
	arm_works
}

@test "--reset -p yes -c yes, and in long words: with C" {
	expect_raw 0 script --reset -p yes -c yes
	fixed OCF
	expect_raw 0 script --reset -p yes --credential yes
	fixed OCF
	expect_raw 0 script --reset --credential yes --persistent yes
	fixed OCF
	expect_raw 0 script --reset --persistent yes
	fixed F
	expect_raw 0 script --reset --persistent=yes --credential=no
	fixed F
}

@test "--reset is accepted anywhere" {
	table_write "$(rule qemu-s390x s390x /nonexistent '')"
	expect_raw 0 script -p yes --reset
	refute has_handler qemu-s390x
	fixed F
}

@test "--persistent yes without --reset: what has no entry gets one" {
	table_write "$(rule qemu-s390x s390x /nonexistent '')"
	expect_raw 0 script --persistent yes
	has_handler qemu-s390x
	fixed F
	expect_raw 0 script --persistent yes
	fixed F
}

@test "--persistent yes without --reset: non-zero if a wanted handler is there and different" {
	table_write ':qemu-arm:M::hello::/usr/bin/true:'
	expect_raw 1 script --persistent yes
	grep -q qemu-arm "$ERR"
	same flags F "$(handler_field qemu-aarch64 flags:)"
	same interpreter /usr/bin/true "$(handler_field qemu-arm interpreter)"
}

@test "without -p (:register): no flags, the emulator need not be here" {
	expect_raw 0 env_in QEMU_BIN_DIR=/nonexistent oneshot --reset
	same flags '' "$(handler_field qemu-arm flags:)"
	same interpreter /nonexistent/qemu-arm-static "$(handler_field qemu-arm interpreter)"
	grep -q 'not fixed' "$ERR"
	[[ $(table_names | wc -l) -ge 30 ]]
	expect_raw 0 oneshot --reset -p no
	same flags '' "$(handler_field qemu-arm flags:)"
	same interpreter /usr/bin/qemu-arm-static "$(handler_field qemu-arm interpreter)"
}

@test "--reset -p yes with no emulator in the image exits non-zero" {
	mkdir "$BATS_TEST_TMPDIR/none"
	expect_raw 3 env_in QEMU_BIN_DIR="$BATS_TEST_TMPDIR/none" oneshot --reset -p yes
}

@test "--reset that fails takes nothing away" {
	local before

	mkdir "$BATS_TEST_TMPDIR/none"
	table_write "$(rule qemu-arm arm $ARM F)"
	before=$(table_snapshot)
	expect_raw 3 env_in QEMU_BIN_DIR="$BATS_TEST_TMPDIR/none" oneshot --reset -p yes
	same table "$before" "$(table_snapshot)"
	arm_works
}

@test "qemu-binfmt-conf.sh: --qemu-path, --qemu-suffix, -g" {
	few '' -static
	expect_raw 0 oneshot --qemu-path "$FEW" --qemu-suffix -static -p yes
	fixed F
	expect_raw 0 oneshot -Q "$FEW" -F -static -p yes -g yes --reset
	fixed PF
	expect_raw 0 oneshot --qemu-path="$FEW" --qemu-suffix=-static --preserve-argv0=yes --persistent=yes --credential=yes --reset
	fixed POCF
}

@test "a mistake in such a line is refused before anything is changed" {
	local before line

	table_write "$(rule qemu-arm arm $ARM F)"
	before=$(table_snapshot)
	for line in '--reset -p' '--reset -p maybe' '--reset --frobnicate' '-dir' '--install' '--uninstall' '--mount' \
		'--install arm --frobnicate'; do
		# shellcheck disable=SC2086
		HINTS_FIRST=1 expect 2 oneshot $line
		same table "$before" "$(table_snapshot)"
		[[ -z $output ]]
	done
}

# ---- our own commands ----

@test "a command that is not quite one gets the suggestion that anyarch itself gives" {
	local word

	for word in regsiter unregster:unregister stats:status; do
		expect 2 oneshot "${word%:*}"
		says "unknown command '${word%:*}'"
		hints "did you mean"
	done
	expect 2 oneshot frobnicate
	says "unknown command 'frobnicate'"
}

@test "any command of ours behind oneshot" {
	expect 0 oneshot register arm
	arm_works
	expect 0 oneshot status --check arm
	expect 0 oneshot names arm
	expect 0 oneshot unregister arm
	same handlers '' "$(table_names)"
	expect 0 oneshot --help
	expect 2 oneshot register --frobnicate
}

@test "the answer goes to stdout alone, and a failed write is a failure" {
	expect_raw 0 oneshot --install arm
	is_answer
	# shellcheck disable=SC2016
	expect_raw 1 ns_sh 'exec "$@" >/dev/full' "$ANYARCH" oneshot
	grep -q 'No space left' "$ERR"
}
