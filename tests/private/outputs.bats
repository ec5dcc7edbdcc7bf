#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that every output is whole or not there: two runs that write to one name, kills, full disks, any file system.
# shellcheck disable=SC2154,SC2016 # the library sets output and status; inner shells expand what is quoted

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"

setup_file() {
	make_set formats
	gcc -O1 -shared -fPIC -o "$BATS_FILE_TMPDIR/no-tmpfile.so" "$ANYARCH_SRC/tests/lib/no-tmpfile.c"
}

setup() {
	need_commands strace gcc python3
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	FORMATS=$BATS_FILE_TMPDIR/formats
	# Shared libraries, so that something can be preloaded: by dlopen's rules a static program takes no notice.
	PROGRAM=$ANYARCH_PLAIN PRELOAD=
}

# The commands that write one file, each with the same name for it.
writers=(convert index inject render)

# command_of WRITER [IMAGE]: sets COMMAND, OUT_NAME, and makes what it reads.
command_of() {
	local image=${2:-$FORMATS/docker-old.tar}

	OUT_NAME=out.tar
	case $1 in
	convert) COMMAND=(convert --force "$image" oci-archive:out.tar) ;;
	index) COMMAND=(index --force --output out.tar "$image") ;;
	inject) COMMAND=(inject --force --quiet --emulator /usr/bin/qemu-arm-static "$image" --output out.tar) ;;
	render)
		# Another run may be reading them.
		[[ -e build.config ]] || printf 'REPO=me\nIMAGE_NAME=it\nTARGET_ARCHES="arm64v8"\n' >build.config
		[[ -e Dockerfile.cross ]] || printf 'FROM __BASEIMAGE_ARCH__/alpine\n' >Dockerfile.cross
		COMMAND=(render --quiet)
		OUT_NAME=Dockerfile.arm64v8
		;;
	esac
}

run_writer() {
	LD_PRELOAD=$PRELOAD "$PROGRAM" "${COMMAND[@]}"
}

# sum_of_right WRITER: sets RIGHT, what the output is when nothing disturbs.
sum_of_right() {
	command_of "$1"
	rm -f "$OUT_NAME"
	run_writer
	RIGHT=$(sha256sum <"$OUT_NAME")
	FILES=$(ls -A)
	rm "$OUT_NAME"
}

# whole_or_absent: the output, and nothing that another run could take for one.
whole_or_absent() {
	[[ ! -e $OUT_NAME || $(sha256sum <"$OUT_NAME") == "$RIGHT" || $(<"$OUT_NAME") == old ]]
}

# One waits before its file gets its name, the other while it writes: the first used to name the second one's half file.
@test "two runs write to one name: each that says 0 has written a whole file" {
	local writer first second calls

	cp "$FORMATS/docker-old.tar" "$BATS_TEST_TMPDIR/second.tar"
	for PRELOAD in '' "$BATS_FILE_TMPDIR/no-tmpfile.so"; do
		for writer in "${writers[@]}"; do
			printf '%s %s\n' "$writer" "$PRELOAD"
			sum_of_right "$writer"
			for calls in linkat,renameat,renameat2 fsync; do
				command_of "$writer"
				rm -f "$OUT_NAME"
				strace -f -qq -e signal=none -o /dev/null -e "inject=$calls:delay_enter=200000" \
					-E "LD_PRELOAD=$PRELOAD" "$PROGRAM" "${COMMAND[@]}" >/dev/null 3>&- &
				first=$!
				command_of "$writer" "$BATS_TEST_TMPDIR/second.tar" # an input is locked while it is read
				strace -f -qq -e signal=none -o /dev/null -e inject=copy_file_range,sendfile,write:delay_enter=3000 \
					-E "LD_PRELOAD=$PRELOAD" "$PROGRAM" "${COMMAND[@]}" >/dev/null 3>&- &
				second=$!
				# Where there was nothing, render takes nobody's name.
				wait "$first" || [[ $? -eq 3 && $writer == render ]]
				same 'after the first' "$RIGHT" "$(sha256sum <"$OUT_NAME")"
				wait "$second" || [[ $? -eq 3 && $writer == render ]]
				same 'after the second' "$RIGHT" "$(sha256sum <"$OUT_NAME")"
				same files "$FILES" "$(ls -A)"
			done
		done
	done
}

@test "many runs at once, some of them killed: the file is whole at any time, and the last run tidies up" {
	local writer n pids

	for PRELOAD in '' "$BATS_FILE_TMPDIR/no-tmpfile.so"; do
		for writer in "${writers[@]}"; do
			sum_of_right "$writer"
			pids=()
			for n in {1..12}; do
				run_writer >/dev/null 2>&1 3>&- &
				pids+=($!)
				sleep "0.0$((RANDOM % 5))"
				[[ $((n % 3)) -eq 0 ]] || kill -KILL "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null || true
				whole_or_absent
			done
			wait "${pids[@]}" || true
			whole_or_absent
			run_writer
			same "output of $writer" "$RIGHT" "$(sha256sum <"$OUT_NAME")"
			same "files of $writer" "$FILES" "$(ls -A)"
		done
	done
}

@test "killed at every call that makes or names a file: old or new, and the next run leaves nothing else" {
	local writer call n old

	for PRELOAD in '' "$BATS_FILE_TMPDIR/no-tmpfile.so"; do
		for writer in "${writers[@]}"; do
			sum_of_right "$writer"
			for old in '' old; do
				for call in fsync linkat renameat2 openat; do
					for n in {1..4}; do
						rm -f "$OUT_NAME"
						[[ -z $old ]] || command_writes_over
						strace -f -qq -e signal=none -o /dev/null -e "inject=$call:signal=KILL:when=$n" \
							-E "LD_PRELOAD=$PRELOAD" "$PROGRAM" "${COMMAND[@]}" >/dev/null 2>&1 3>&- || true
						whole_or_absent
						[[ -z $old || -e $OUT_NAME ]]
						run_writer
						same "files of $writer, killed at $call $n" "$FILES" "$(ls -A)"
					done
				done
			done
		done
	done
}

@test "killed at every call that makes a file of a layout: the next run makes it whole" {
	local call n status layout=(convert "$FORMATS/docker-old.tar" oci:out)

	sums() { (cd out && find . -type f -exec sha256sum {} + | sort); }
	"$PROGRAM" "${layout[@]}"
	RIGHT=$(sums)
	for call in openat fsync renameat; do
		for ((n = 1, status = 1; status; n++)); do
			rm -rf out
			status=0
			strace -f -qq -e signal=none -o /dev/null -e "inject=$call:signal=KILL:when=$n" "$PROGRAM" "${layout[@]}" >/dev/null 2>&1 3>&- ||
				status=$?
			[[ -e out/index.json ]] || "$PROGRAM" "${layout[@]}"
			same "a layout, killed at $call $n" "$RIGHT" "$(sums)"
		done
	done
}

# What this writer may replace: its own output.
command_writes_over() {
	run_writer
}

@test "a layout of thousands of blobs: synced as a whole, not each of them" {
	make_set heavy artifacts
	# The leak sanitizer does not work when traced.
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 expect 0 strace -f -qq -o trace -e trace=fsync,fdatasync,syncfs \
		"$ANYARCH" convert "$BATS_FILE_TMPDIR/heavy/artifacts.tar" oci:out
	[[ $(find out/blobs/sha256 -type f | wc -l) -gt 4500 ]]
	grep -q syncfs trace
	[[ $(wc -l <trace) -lt 100 ]]
}

@test "a full disk: 1, what was there, nothing else" {
	local writer

	for writer in convert index inject; do
		command_of "$writer"
		expect 0 unshare --user --map-root-user --mount bash -ec 'mkdir -p disk
			mount -t tmpfs -o size=16k none disk
			cd disk
			echo old >out.tar
			"$@" 2>../err && exit 9
			[[ $? -eq 1 && $(<../err) == *"No space left"* && $(<out.tar) == old && $(ls -A) == out.tar ]]' \
			bash "$PROGRAM" "${COMMAND[@]}"
	done
}

@test "the mode is the usual one, also under another umask; one that is replaced keeps nothing of the old" {
	local writer

	for PRELOAD in '' "$BATS_FILE_TMPDIR/no-tmpfile.so"; do
		for writer in convert index render; do
			command_of "$writer"
			rm -f "$OUT_NAME"
			(umask 022 && run_writer)
			same "mode of $writer" 644 "$(stat -c %a "$OUT_NAME")"
			rm "$OUT_NAME"
			(umask 077 && run_writer)
			same "mode of $writer" 600 "$(stat -c %a "$OUT_NAME")"
		done
	done
}
