#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that every command ends within a second of a signal, wherever it is, leaves nothing behind, and waits for no FIFO that
# it is given as a file.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup_file() {
	need_commands python3 gcc
	make_set heavy bombs # half a second of reading, or more
	make_emulators "$BATS_FILE_TMPDIR"
}

setup() {
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR" "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return
	cp "$BATS_FILE_TMPDIR/heavy/bombs.tar" image
	cp "$BATS_FILE_TMPDIR/A" emulator
	mkfifo pipe
	WHERE=() AFTER=0.4
}

teardown() {
	ns_close
}

# ended_by SIGNAL COMMAND...: sent after a while, it ends the command within a second, with its status; nothing has changed.
ended_by() {
	local was pid code=0 begin took
	was=$(find . -type f -printf '%p %s %T@ %i\n' | sort)

	env --default-signal=INT "${@:2}" <&0 >/dev/null 2>"$BATS_TEST_TMPDIR/told" 3>&- & # a shell lets those in the background ignore it
	pid=$!
	sleep "$AFTER"
	begin=$EPOCHREALTIME
	kill "-$1" "$pid" || true
	wait "$pid" || code=$?
	took=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
	[[ $code -eq $((128 + $(kill -l "$1"))) && $took -lt 1000 && -z $(ls -A "$TMPDIR") ]] || {
		printf '%s: status %s, %s ms after %s, temporary: %s\n' "${*:2}" "$code" "$took" "$1" "$(ls -A "$TMPDIR")"
		sed 's/^/told: /' "$BATS_TEST_TMPDIR/told"
		return 1
	}
	same "left by ${*:2}" "$was" "$(find . -type f -printf '%p %s %T@ %i\n' | sort)"
}

# each_ended: the commands of standard input, one a line, by each signal.
each_ended() {
	local line signal bad=0

	while read -r line; do
		for signal in TERM INT; do
			# shellcheck disable=SC2086 # words
			ended_by "$signal" "${WHERE[@]}" "$ANYARCH" $line <&7 || bad=1
		done
	done
	return "$bad"
}

@test "reading an image" {
	AFTER=0.1
	exec 7</dev/null
	each_ended <<-'COMMANDS'
		inspect image
		doctor image
		inject --platform arm --emulator emulator image
		inject --platform arm --emulator emulator -o out image
		inject --platform arm --emulator emulator -o - image
		eject image
		eject -o out image
		convert --force image out
		convert image oci:out
		index --force -o out image
	COMMANDS
	[[ ! -e out ]]
}

@test "reading a pipe to which nobody writes" {
	exec 7<>pipe
	each_ended <<-'COMMANDS'
		inspect -
		doctor -
		inject --emulator emulator -o out -
		eject -o out -
		convert - out
	COMMANDS
	[[ ! -e out ]]
}

@test "a large template for many platforms" {
	printf 'REPO=x\nIMAGE_NAME=x\nDOCKER_CLI_PATH=/bin/true\nTARGET_ARCHES="%s"\n' \
		"$("$ANYARCH" names --json | jq -r '[.[].platform | select(. and startswith("linux/"))] | join(" ")')" >build.config
	{
		printf 'FROM --platform=__PLATFORM__ x\n'
		yes '' | head -c 1000000
	} >Dockerfile.cross
	exec 7</dev/null
	each_ended <<-'COMMANDS'
		render
		render --dry-run
		build --dry-run
	COMMANDS
}

# in_namespace: the commands have a handler table of their own.
in_namespace() {
	ns_open
	WHERE=(nsenter --target "$NS_PID" --user --mount --preserve-credentials --)
}

# The emulator of the tests loops: every test program is killed after five seconds.
@test "an emulator that does not end" {
	in_namespace
	exec 7</dev/null
	each_ended <<-COMMANDS
		register --emulator arm=$PWD/emulator arm
		register --watch=1 --emulator arm=$PWD/emulator arm
	COMMANDS
	same table '' "$(table_names)"
	table_write "$(rule qemu-arm arm "$PWD/emulator" F)"
	each_ended <<-'COMMANDS'
		status
		doctor
	COMMANDS
	same table qemu-arm "$(table_names)"
}

@test "a table that another run has locked, a watcher, and a command that runs" {
	exec 7</dev/null
	each_ended <<<'run -- sleep 20'
	in_namespace
	# shellcheck disable=SC2016 # the shell in the namespace expands
	ns_sh 'exec 9>"$1/register" && flock 9 && echo $$ >"$2" && exec sleep 60' "$BINFMT" "$PWD/holder" 3>&- &
	eventually 30 test -s holder
	each_ended <<-'COMMANDS'
		register arm
		unregister --all
	COMMANDS
	kill "$(<holder)"
	# shellcheck disable=SC2016
	eventually 30 ns_sh 'exec 9>"$1/register" && flock --nonblock 9' "$BINFMT"
	each_ended <<<'register --watch=1 arm'
}

@test "work that takes a fraction of a second" {
	need_commands arm-linux-gnueabihf-as
	{
		echo 'FROM debian'
		yes 'RUN apt-get install x && wget http://x/amd64/y' | head -c 1000000
	} >Dockerfile
	exec 7</dev/null
	AFTER=0.01
	each_ended <<<'init --from Dockerfile new'
	AFTER=0.05
	each_ended <<<'toolchain --output tools armhf'
	[[ ! -e new && ! -e tools ]]
}

@test "a FIFO that is named as a file is refused, or passed over" {
	local line code bad=0

	mkdir -p root/bin project with-config with-template
	mkfifo root/bin/sh root/bin/x project/build.config with-config/Dockerfile.cross with-template/build.config
	printf 'REPO=x\nIMAGE_NAME=x\nTARGET_ARCHES=arm64\n' >with-config/build.config
	printf 'FROM __BASEIMAGE_ARCH__/x\n' >with-template/Dockerfile.cross
	while read -r line; do
		code=0
		# shellcheck disable=SC2086 # words
		timeout 5 "$ANYARCH" $line </dev/null >"$BATS_TEST_TMPDIR/told" 2>&1 3>&- || code=$?
		[[ $code -le 4 || "$code $line" == '127 run '* ]] || {
			printf '%s: status %s: %s\n' "$line" "$code" "$(<"$BATS_TEST_TMPDIR/told")"
			bad=1
		}
	done <<-'COMMANDS'
		inspect pipe
		inspect --survey root
		doctor pipe
		doctor root
		inject --emulator pipe root
		inject --emulator emulator pipe
		inject --emulator emulator --platform arm root
		eject pipe
		convert pipe out
		index -o out pipe
		init --from=pipe new
		init project
		render project
		render with-config
		render with-template
		build --dry-run with-config
		build --dry-run with-template
		register --dry-run --emulator arm=pipe arm
		run --root root true
		toolchain --output=pipe arm64
	COMMANDS
	[[ $bad -eq 0 ]]
}
