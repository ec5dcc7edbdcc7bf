#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns how the program talks: help, usage errors, suggestions, names, and output that cannot be written.
# shellcheck disable=SC2154 # the library sets output and stderr

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"

COMMANDS=(register unregister status init render names oneshot completion)

# Also what is expected to be refused runs in an instance of its own: what is refused is what is being tested.
setup() {
	ns_open
}

teardown() {
	ns_close
}

@test "help is on stdout and names every command" {
	local option command

	for option in --help -h help; do
		expect 0 anyarch "$option"
		[[ -z $stderr ]]
		for command in "${COMMANDS[@]}"; do
			grep -q "^  $command " "$OUT"
		done
	done
}

@test "every command has help, whatever else is typed" {
	local command

	for command in "${COMMANDS[@]}"; do
		expect 0 anyarch "$command" --help
		[[ $output == "Usage: anyarch $command"* && -z $stderr ]]
	done
	for command in register unregister status names; do
		expect 0 anyarch "$command" something -h
		grep -q -e '--help' "$OUT"
	done
}

@test "help of register tells every option of the contract" {
	local option

	expect 0 anyarch register --help
	for option in emulator-dir emulator credentials argv0 lasting persist no-verify replace force dry-run root mount \
		watch json columns noheadings quiet verbose; do
		grep -q -e "--$option\b" "$OUT"
	done
}

@test "help COMMAND and version are what people type" {
	local command

	for command in "${COMMANDS[@]}"; do
		same "$command" "$("$ANYARCH" "$command" --help)" "$("$ANYARCH" help "$command")"
	done
	expect 2 anyarch help regsiter
	hints "did you mean 'anyarch register'?"
	same version "$("$ANYARCH" --version)" "$("$ANYARCH" version)"
}

@test "no command is a usage error with help" {
	expect_raw 2 anyarch
	grep -q '^Usage: anyarch' "$OUT" "$ERR"
}

@test "version tells the program's, its commit, its libraries' and the emulators'" {
	local option lines

	for option in --version -V; do
		expect 0 anyarch "$option"
		mapfile -t lines <"$OUT"
		[[ ${lines[0]} =~ ^anyarch\ [0-9]+\.[0-9]+(\.[0-9]+)?$ && -z $stderr ]]
		[[ ${lines[1]} =~ ^commit:\ ([0-9a-f]{12}(-dirty)?|unknown)$ ]]
		[[ ${lines[2]} =~ ^libraries:\ [a-z]+\ [0-9.]+(,\ [a-z]+\ [0-9.]+){7}$ ]]
		same emulators "emulators: QEMU $(qemu-arm-static --version | sed -n '1s/.*version \([^ ]*\).*/\1/p')" "${lines[3]% (*}"
		[[ ${#lines[@]} -eq 4 ]]
	done
}

@test "a tree knows its commit, from git or from the archive that git has made" {
	local tree=$BATS_TEST_TMPDIR/tree commit

	need_commands git
	mkdir -p "$tree/tools"
	cp "$ANYARCH_SRC/.gitattributes" "$tree"
	cp "$ANYARCH_SRC/tools/commit" "$tree/tools"
	git -C "$tree" init -q
	git -C "$tree" add .
	git -C "$tree" -c user.name=x -c user.email=x@example.org commit -q -m x
	commit=$(git -C "$tree" rev-parse HEAD)
	same git "${commit:0:12}" "$(cd / && "$tree/tools/commit" "$tree")"
	# Inside somebody else's repository, of which it is no part.
	mkdir "$tree/archive"
	git -C "$tree" archive HEAD | tar -x -C "$tree/archive"
	same archive "${commit:0:12}" "$("$tree/archive/tools/commit" "$tree/archive")"
	cp "$ANYARCH_SRC/tools/commit" "$tree/archive/tools/commit"
	sed -i "s/^archived=.*/archived='\$Format:%H\$'/" "$tree/archive/tools/commit"
	same neither unknown "$("$tree/archive/tools/commit" "$tree/archive")"
	echo '#' >>"$tree/tools/commit"
	same changed "${commit:0:12}-dirty" "$("$tree/tools/commit" "$tree")"
}

@test "an unknown command is refused, with the nearest one" {
	expect 2 anyarch registr
	says "registr"
	hints "register"
	expect 2 anyarch staus
	hints "status"
	expect 2 anyarch xyzzy
	hints "--help"
	expect 2 anyarch ''
	expect 2 anyarch --install
}

# What newcomers type, and what they are told: the error, then the hint ('-': none).
@test "typical typing mistakes are told what was meant" {
	local words message hint typed told

	while IFS=$'\t' read -r words message hint; do
		read -r -a typed <<<"$words"
		expect 2 anyarch "${typed[@]}"
		told="anyarch: $message"
		[[ $hint == - ]] || told+=$'\n'"hint: $hint"
		same "anyarch $words" "$told" "$stderr"
	done <<-'LIST'
		regsiter arm	unknown command 'regsiter'	did you mean 'anyarch register'?
		STATUS	unknown command 'STATUS'	did you mean 'anyarch status'?
		--install all	unknown command '--install'	did you mean 'anyarch register'?
		uninstall arm	unknown command 'uninstall'	did you mean 'anyarch unregister'?
		list	unknown command 'list'	did you mean 'anyarch status'?
		-v	unknown command '-v'	did you mean 'anyarch --version'?
		help me	unknown command 'me'	anyarch --help
		register --lasting=forever arm	register: invalid --lasting 'forever': expected auto, host, pin, mount or no	-
		register --lastng=pin arm	register: unknown option '--lastng=pin'	did you mean --lasting?
		register --lastng pin arm	register: unknown option '--lastng'	did you mean --lasting?
		register --lasting=pni arm	register: invalid --lasting 'pni': expected auto, host, pin, mount or no	did you mean --lasting=pin?
		register --dryrun arm	register: unknown option '--dryrun'	did you mean --dry-run?
		register -n arm	register: unknown option '-n'	anyarch register --help
		register --emulator /usr/bin/qemu-arm-static	register: invalid --emulator '/usr/bin/qemu-arm-static': expected ARCH=FILE	-
		register arm65	unknown platform 'arm65'	did you mean 'arm64'?
		register amd65	unknown platform 'amd65'	did you mean 'amd64'?
		register linux/arm/v9	unknown variant 'v9' of arm	variants of arm: v5 v6 v7 v8
		register --watch=0 arm	register: invalid --watch '0': expected SECONDS from 1 to 86400	-
		status --coloumns ARCH	status: unknown option '--coloumns'	did you mean --columns?
		status --json=yes	status: this option takes no value: '--json=yes'	did you mean --json?
		unregister	unregister: missing PLATFORM, NAME or GLOB	name platforms or handlers, or --all
		inspect	inspect: missing TARGET	anyarch inspect [OPTION...] TARGET...
		inject --json	inject: missing TARGET	anyarch inject [OPTION...] TARGET...
		convert in.tar	convert: missing OUT	anyarch convert [OPTION...] IMAGE OUT
		convert a.tar b.tar out.tar	convert: unexpected argument 'out.tar'	anyarch convert [OPTION...] IMAGE OUT
		index arm.tar	index: missing OUT or IMAGE	anyarch index -o OUT IMAGE...
		init one two	init: unexpected argument 'two'	anyarch init [OPTION...] [DIR]
		render --output	render: this option needs a value: '--output'	--output=DIR
		build --engine=dokcer	build: invalid --engine 'dokcer': expected auto, docker, buildx, podman or buildah	did you mean --engine=docker?
		build -j many	build: invalid --jobs 'many': expected NUMBER from 1 to 64	-
		toolchain	toolchain: missing PLATFORM	anyarch toolchain [OPTION...] PLATFORM
		completion ksh	completion: unknown shell 'ksh'	anyarch completion bash, zsh or fish
	LIST
	expect 125 anyarch run
	same run $'anyarch: run: missing COMMAND\nhint: anyarch run -- COMMAND' "$stderr"
}

# An option without a type, or with a value that nothing takes, would fail here.
@test "every option of every command is taken, with a value where it has one" {
	local command option value

	for command in $("$ANYARCH" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		[[ $command != oneshot ]] || continue
		while read -r option; do
			value=${option#*=}
			case $option in
			*=ARCH=FILE) value=arm=/x ;;
			*=PLATFORM=WHERE*) value=arm=ssh://pi ;;
			*=PLATFORM*) value=arm ;;
			*=COL,...) value=$("$ANYARCH" "$command" --help | sed -n '/^Columns:/,$s/^  \([A-Z]*\) .*/\1/p' | head -n 1) ;;
			*=NUMBER | *=SECONDS) value=1 ;;
			*=COPY=NAME | *=KEY=VALUE | *=NAME=VALUE) value=a=b ;;
			*=NAME:TAG | *=NAME) value=a:b ;;
			*=UID*) value=1 ;;
			*=ENGINE) value=docker ;;
			*=OPTION) value=--x ;;
			*) value=${value%%|*} ;;
			esac
			[[ $option == *=* ]] || value=
			expect 0 anyarch "$command" "${option%%=*}${value:+=$value}" --help
			[[ $output == "Usage: anyarch $command"* ]]
		done < <("$ANYARCH" "$command" --help | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}\(--[^ ]*\).*/\2/p')
	done
}

@test "an unknown option is refused, with the nearest one (1)" {
	expect 2 anyarch register --emulater x
	says "'--emulater'"
	hints "--emulator"
	expect 2 anyarch status --jsno
	hints "--json"
	expect 2 anyarch unregister --al
	expect 2 anyarch register arm --frobnicate arm64
	says "'--frobnicate'"
	expect 2 anyarch names --json=yes
	says "--json"
}

@test "an unknown letter is named, also inside a bundle (1)" {
	expect 2 anyarch register -x
	says "-x"
	expect 2 anyarch register -qxv
	grep -q -e '-[a-z]*x' "$ERR"
}

@test "an option without its value is refused (2)" {
	local option

	for option in --emulator --emulator-dir --argv0 --lasting --root --mount --columns --output; do
		expect 2 anyarch register arm "$option"
		says "'$option'"
	done
	expect 2 anyarch status --mount
	expect 2 anyarch unregister --root
}

@test "an option with a wrong value is refused" {
	expect 2 anyarch register --argv0=maybe arm
	says maybe
	expect 2 anyarch register --lasting=forever arm
	says forever
	says 'expected auto, host, pin, mount or no'
	expect 2 anyarch register --lasting=hots arm
	hints 'did you mean --lasting=host?'
	expect 2 anyarch register --lasting= arm
	expect 2 anyarch register --emulator /usr/bin/qemu-arm-static arm
	says 'ARCH=FILE'
	expect 2 anyarch register --emulator arm65=/usr/bin/qemu-arm-static arm
	says arm65
	expect 2 anyarch status --columns PLATFORM,NONSENSE
	says NONSENSE
	hints HANDLER
}

@test "an unknown platform is refused, with the nearest one (3)" {
	expect 2 anyarch register --dry-run arm65
	says arm65
	hints "did you mean"
	expect 2 anyarch register --dry-run aarch6
	hints "aarch64"
	expect 2 anyarch register --dry-run arm7l
	hints "armv7l"
	expect 2 anyarch status linux/arm64/v99
	says v99
	expect 2 anyarch register --dry-run windows/amd64
	says windows
	expect 2 anyarch register --dry-run arm,,arm64,xyzzyxyzzy
	says xyzzyxyzzy
	expect 2 anyarch names "$(printf 'a%.0s' {1..5000})"
}

@test "names that could be paths or handlers' files are no platforms (5)" {
	local name

	for name in ../x . .. / //arm /arm arm/ register status $'ar\nm' "$(printf 'x%.0s' {1..256})"; do
		expect 2 anyarch register --dry-run "$name"
	done
}

@test "an empty word is not taken for the default platforms (5)" {
	expect 2 anyarch register --dry-run ''
	expect 2 anyarch register --dry-run ,
}

@test "what is typed is echoed without its control characters (8)" {
	local nasty=$'\e[31mred\a\e]0;title\a'

	expect 2 anyarch "$nasty"
	says red
	expect 2 anyarch register "--$nasty"
	expect 2 anyarch register --dry-run "$nasty"
	expect 2 anyarch names $'arm\xff\x9b'
	expect 2 anyarch register --argv0="$nasty" arm
	expect 2 anyarch status --output="$nasty"
	expect 3 anyarch register --dry-run --emulator arm="/$nasty" arm
	expect_raw 2 anyarch oneshot "-$nasty"
	refute grep -q '[[:cntrl:]]' "$ERR"
}

@test "output that cannot be written is a failure (9)" {
	local arguments

	for arguments in --help --version names 'names --json' 'register --help' status 'status --json' \
		'register --dry-run arm' 'register --dry-run --json arm' 'oneshot --help'; do
		# shellcheck disable=SC2016,SC2086
		expect 1 ns_sh 'exec "$@" >/dev/full' "$ANYARCH" $arguments
		says 'No space left on device'
	done
}

@test "a closed stdout is a failure (9)" {
	local arguments

	for arguments in --help --version names 'names --json' 'register --dry-run arm'; do
		# shellcheck disable=SC2016,SC2086
		expect 1 ns_sh 'exec "$@" >&-' "$ANYARCH" $arguments
	done
}

@test "handlers are registered all the same when the table cannot be printed (9)" {
	expect 1 anyarch_full register arm
	has_handler qemu-arm
}

anyarch_full() {
	anyarch "$@" >/dev/full
}

@test "descriptors 0 to 2 may be closed, and nothing is written to a wrong one (12)" {
	make_root
	# shellcheck disable=SC2016
	expect_raw 1 ns_sh 'exec 0<&- 1>&- 2>&-; "$@"; r=$?; exec 1>/dev/null; exit $r' "$ANYARCH" register arm
	arm_works
	[[ $(handler_field qemu-arm flags:) == PF ]]
	# shellcheck disable=SC2016
	expect_one_of '0 1' ns_sh 'exec 0<&-; exec "$@"' "$ANYARCH" register arm64
	arm64_works
	# shellcheck disable=SC2016
	expect 0 ns_sh 'exec 0<&- 2>&-; exec "$@"' "$ANYARCH" register --no-verify arm arm64
	# shellcheck disable=SC2016
	expect_one_of '0 3' ns_sh 'exec 0<&- 2>&-; exec "$@"' "$ANYARCH" status
	same 'what is written to stdout' "$(anyarch status --quiet)" "$output"
}

@test "an empty argv does no harm (12)" {
	expect_raw 2 ns python3 -c 'import ctypes, sys
libc = ctypes.CDLL(None)
none = (ctypes.c_char_p * 1)(None)
libc.execve(sys.argv[1].encode(), none, none)' "$ANYARCH"
}

@test "an empty environment does no harm" {
	expect 0 ns env -i "$ANYARCH" names arm
	expect 0 ns env -i "$ANYARCH" register --dry-run arm
}

@test "names translates every spelling of arm" {
	local name

	for name in arm armhf armv7l arm32v7 arm/v7 linux/arm/v7 arm-linux-gnueabihf qemu-arm qemu-arm-static ARM; do
		expect 0 anyarch names --noheadings --columns PLATFORM,QEMU "$name"
		same "$name" 'linux/arm/v7 arm' "$(tr -s ' ' <<<"$output")"
	done
	for name in armel arm32v5 linux/arm/v5; do
		expect 0 anyarch names --noheadings --columns PLATFORM,QEMU "$name"
		same "$name" 'linux/arm/v5 arm' "$(tr -s ' ' <<<"$output")"
	done
	for name in arm32v6 armv6l linux/arm/v6; do
		expect 0 anyarch names --noheadings --columns PLATFORM,QEMU "$name"
		same "$name" 'linux/arm/v6 arm' "$(tr -s ' ' <<<"$output")"
	done
}

@test "names translates every spelling of the contract" {
	local name want

	while read -r want name; do
		expect 0 anyarch names --noheadings --columns QEMU "$name"
		same "$name" "$want" "$output"
	done <<-'LIST'
		aarch64 arm64
		aarch64 aarch64
		aarch64 arm64v8
		aarch64 linux/arm64/v8
		aarch64 aarch64-linux-gnu
		ppc64le ppc64le
		ppc64le ppc64el
		ppc64le powerpc64le
		x86_64 x86_64
		x86_64 amd64
		i386 i386
		i386 386
		i386 i686-linux-gnu
		s390x linux/s390x
		riscv64 riscv64
		loongarch64 loong64
	LIST
}

@test "names takes lists, with commas and spaces" {
	expect 0 anyarch names --noheadings --columns QEMU arm,arm64 'riscv64 s390x'
	same list $'arm\naarch64\nriscv64\ns390x' "$output"
}

@test "names has the same facts as a table and as JSON" {
	local header keys

	expect 0 anyarch names --json arm64
	same keys 'alpine debian docker gnu platform qemu systemd uname' \
		"$(jq -r '.[0] | keys | join(" ")' "$OUT")"
	keys=$(jq -r '.[0] | [.platform, .qemu, .docker, .uname, .debian, .alpine, .gnu, .systemd] | join(" ")' "$OUT")
	expect 0 anyarch names arm64
	read -r -a header < <(tail -n 1 "$OUT")
	same row "$keys" "${header[*]}"
}

@test "colour is for terminals alone" {
	anyarch register arm >/dev/null 2>&1
	expect 0 anyarch status
	refute grep -q $'\e' "$OUT"
	script -qec "nsenter --target $NS_PID --user --mount --preserve-credentials '$ANYARCH' status" /dev/null \
		>"$BATS_TEST_TMPDIR/terminal" </dev/null
	grep -q $'\e\\[' "$BATS_TEST_TMPDIR/terminal"
	NO_COLOR=1 script -qec "nsenter --target $NS_PID --user --mount --preserve-credentials '$ANYARCH' status" /dev/null \
		>"$BATS_TEST_TMPDIR/plain" </dev/null
	grep -q qemu-arm "$BATS_TEST_TMPDIR/plain"
	refute grep -q $'\e\\[' "$BATS_TEST_TMPDIR/plain"
}
