#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that an image which is changed is the old one or the new one at every moment: killed, failing, full disks, two at once.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup_file() {
	make_set formats
	make_emulators "$BATS_FILE_TMPDIR"
}

setup() {
	need_commands python3 jq gcc strace
	W=$BATS_TEST_TMPDIR/work
	mkdir "$W"
	cd "$W" || return
	FORMATS=$BATS_FILE_TMPDIR/formats A=$BATS_FILE_TMPDIR/A
	AT=(--at /usr/bin/qemu-arm-static --emulator "$A")
}

digests() {
	"$ANYARCH" inspect --json "$1" | jq -r '.[] | "\(.references | join(",")) \(.digest)"'
}

# blobs: of a layout; what a run that was killed has made for nothing is one of them.
blobs() {
	[[ ! -d image ]] || find image | sort
}

# scenario FORM VERB: $START before, COMMAND to be run on ./image; sets OLD and NEW, what digests says before and after.
scenario() {
	START=$W/start
	rm -rf "$START" image
	cp -a "$FORMATS/$1" "$START"
	cp -a "$START" image
	expect 0 "$ANYARCH" inject --quiet "${AT[@]}" image
	OLD=$(digests "$START") NEW=$(digests image)
	[[ $OLD != "$NEW" ]]
	COMMAND=(inject --quiet "${AT[@]}" image)
	[[ $2 == inject ]] || {
		rm -rf "$START"
		mv image "$START"
		COMMAND=(eject --quiet image)
	}
	restart
	strace -qq -o trace "$ANYARCH_STATIC" "${COMMAND[@]}" 3>&-
	BLOBS=$(blobs)
	awk '/^[a-z0-9_]+\(/ { name = $0; sub(/\(.*/, "", name); n[name]++
		if (/O_CREAT|O_WRONLY.*O_TMPFILE/) seen = 1
		if (seen && name !~ /^(exit|brk|munmap|getpid|geteuid)/) print name, n[name] }' trace >calls
	[[ $(wc -l <calls) -gt 5 ]]
}

restart() {
	rm -rf image
	cp -a "$START" image
}

inject_fault() {
	status=0
	strace -qq -e signal=none -o trace -e "inject=$1" "$ANYARCH_STATIC" "${COMMAND[@]}" >/dev/null 2>&1 3>&- || status=$?
}

# sound: the image is the old one or the new one, and each of them can be made of it.
sound() {
	local now

	now=$(digests image)
	[[ $now == "$OLD" || $now == "$NEW" ]] || {
		printf 'neither old nor new: %s\n' "$now"
		return 1
	}
	expect 0 "$ANYARCH" "${COMMAND[@]}" || return
	same blobs "$BLOBS" "$(blobs)" || return
	expect 0 "$ANYARCH" inject --quiet "${AT[@]}" image || return
	same new "$NEW" "$(digests image)" || return
	expect 0 "$ANYARCH" eject --quiet image || return
	same old "$OLD" "$(digests image)" || return
	# shellcheck disable=SC2012 # the names are ours
	same 'temporary files' '' "$(find . -maxdepth 4 -name '*.anyarch-*')"
}

# each_call FORM VERB FAULT STATUSES: at every system call from the first change on. Layers are read by several threads, so
# that the one which is traced may make fewer calls than before and end with 0.
each_call() {
	local name n bad=0 calls=0 ended=0

	scenario "$1" "$2"
	while read -r name n; do
		restart
		inject_fault "$name:$3:when=$n"
		calls=$((calls + 1))
		[[ $status -ne 0 ]] || ended=$((ended + 1))
		[[ " 0 $4 " == *" $status "* ]] && sound && continue
		printf '^ %s of %s, %s %d: status %d\n' "$2" "$1" "$name" "$n" "$status"
		bad=$((bad + 1))
	done <calls
	printf '%s of %s: %d calls, %d went wrong\n' "$2" "$1" "$calls" "$bad"
	[[ $bad -eq 0 && $((calls - ended)) -gt 5 ]]
}

@test "killed at every system call: the old image or the new one, and a rerun goes on (95)" {
	local form

	for form in layout-nested dual.tar docker-old.tar; do
		each_call "$form" inject signal=KILL 137
		each_call "$form" eject signal=KILL 137
	done
}

@test "what a killed run leaves in a layout goes with the next run of any kind, and what others put there stays" {
	local mine

	mine=image/blobs/sha256/$(printf '%064d' 0)

	scenario layout-nested inject
	restart
	inject_fault renameat,renameat2:signal=KILL:when=1
	[[ $status -eq 137 && -e image/.anyarch-changing ]]
	printf 'of another program\n' >"$mine"
	printf '%064d\n' 1 >>image/.anyarch-changing
	ln -s /etc/passwd "image/blobs/sha256/$(printf '%064d' 1)"
	expect 0 "$ANYARCH" eject --quiet --dry-run image
	[[ -e image/.anyarch-changing ]]
	expect 0 "$ANYARCH" eject --quiet image
	[[ -e /etc/passwd ]]
	rm "$mine"
	diff -r "$START" image
	# A note that is none, and one that lists what is in use.
	printf '../../../x\n' >image/.anyarch-changing
	expect 0 "$ANYARCH" eject --quiet image
	find image/blobs/sha256 -type f -printf '%f\n' >image/.anyarch-changing
	expect 0 "$ANYARCH" eject --quiet image
	rm -f image/.anyarch-changing
	diff -r "$START" image
	mkfifo image/.anyarch-changing
	expect 1 "$ANYARCH" inject --quiet "${AT[@]}" image
	says 'not a regular file'
	hints 'remove it'
	[[ -p image/.anyarch-changing ]]
}

@test "any one system call fails: told, and the image is the old one or the new one (87, 88, 90, 91, 92)" {
	each_call layout-nested inject error=EIO 1
	each_call layout-nested eject error=EIO 1
	each_call dual.tar inject error=ENOSPC 1
	each_call docker-old.tar eject error=EDQUOT 1
}

@test "a full disk: 1, the image as it was, no temporary file (87, 88)" {
	local form

	for form in layout docker-old.tar; do
		# shellcheck disable=SC2016 # the inner shell expands it
		expect 0 unshare --user --map-root-user --mount bash -ec 'mkdir -p disk
			mount -t tmpfs -o size=128k none disk
			cp -r "$1" disk/image
			sum() { find disk -type f -exec sha256sum {} + | sort; find disk | sort; }
			before=$(sum)
			"${@:2}" disk/image 2>err && exit 9
			[[ $? -eq 1 && $(<err) == *"No space left"* && $(sum) == "$before" ]]' bash "$FORMATS/$form" "$ANYARCH" inject "${AT[@]}"
	done
}

@test "no file may be larger than a little: 1, the image as it was (94)" {
	cp "$FORMATS/docker-old.tar" image
	expect 1 bash -c 'ulimit -f 100; exec "$@"' bash "$ANYARCH" inject "${AT[@]}" image
	cmp "$FORMATS/docker-old.tar" image
	same left image "$(ls)"
}

@test "two at once: one does it, the other waits, finds it done, or says 75 (103)" {
	local form round pids i

	for form in layout-nested dual.tar; do
		scenario "$form" inject
		for round in {1..10}; do
			restart
			pids=()
			for i in 1 2 3 4; do
				"$ANYARCH" inject --quiet "${AT[@]}" image 2>/dev/null 3>&- &
				pids+=($!)
			done
			for i in "${pids[@]}"; do
				status=0
				wait "$i" || status=$?
				[[ $status -eq 0 || $status -eq 75 ]]
			done
			same "round $round" "$NEW" "$(digests image)"
		done
	done
}

@test "an image on a read-only disk, or not ours: told, nothing changes (39)" {
	cp -r "$FORMATS/layout" image
	# shellcheck disable=SC2016 # the inner shell expands it
	expect 1 unshare --user --map-root-user --mount bash -ec 'mount --bind image image; mount -o remount,ro,bind image
		exec "$@"' bash "$ANYARCH" inject "${AT[@]}" image
	diff -r "$FORMATS/layout" image
	# Blobs that are another one's, by a link: not written to.
	mv image/blobs elsewhere
	ln -s ../elsewhere image/blobs
	expect_one_of '1 3' "$ANYARCH" inject "${AT[@]}" image
	diff -r "$FORMATS/layout/blobs" elsewhere
}

# stopped_at SECONDS COMMAND...: SIGTERM after so long ends it at once: 143, told (unless it came before anything was
# done), and nothing is there but what was.
stopped_at() {
	local pid code=0 was

	was=$(find . -type f -printf '%p %s %T@ %C@ %i\n' | sort)
	"${@:2}" <&0 >/dev/null 2>"$BATS_TEST_TMPDIR/told" 3>&- &
	pid=$!
	sleep "$1"
	kill "$pid" 2>/dev/null || true
	wait "$pid" || code=$?
	[[ $code -eq 143 && (! -s $BATS_TEST_TMPDIR/told || $(<"$BATS_TEST_TMPDIR/told") == *'ended by signal 15'*) ]] || {
		printf '%s: %d: %s\n' "${*:3}" "$code" "$(<"$BATS_TEST_TMPDIR/told")"
		return 1
	}
	same "left by ${*:3}" "$was" "$(find . -type f -printf '%p %s %T@ %C@ %i\n' | sort)"
	[[ ! -e out ]]
}

@test "a signal ends it while it reads, while it writes, and where nobody reads or writes: nothing is left (95)" {
	local at

	mkdir big
	cd big
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		layers = [T.tar(I.system(E.arm()))] + [T.tar(T.member(f"opt/{i}", bytes(1 << 28))) for i in range(2)]
		I.write("./image", I.archive(I.docker([(layers, I.config_of(layers), ["big:1"])])))
	PYTHON
	for at in 0.03 0.15; do
		stopped_at "$at" "$ANYARCH" convert --force image out
		stopped_at "$at" "$ANYARCH" convert image oci:out
		stopped_at "$at" "$ANYARCH" index --force -o out image
	done
	stopped_at 0.03 "$ANYARCH" inject --emulator "$BATS_FILE_TMPDIR/A" image
	mkfifo pipe
	exec 7<>pipe
	stopped_at 0.3 "$ANYARCH" inject -o out --emulator "$BATS_FILE_TMPDIR/A" - <pipe
	stopped_at 0.3 sh -c 'exec "$@" >pipe' sh "$ANYARCH" inject -o - --emulator "$BATS_FILE_TMPDIR/A" image
	exec 7>&-
}

@test "what another program adds to a layout meanwhile is not lost: 75, and nothing has changed" {
	local status=0 before

	cp -r "$FORMATS/layout" image
	before=$(ls image/blobs/sha256)
	strace -qq -o /dev/null -e trace=fsync -e inject=fsync:delay_enter=700000 \
		"$ANYARCH_STATIC" inject "${AT[@]}" image 2>err 3>&- &
	while [[ $(ls -A image/blobs/sha256) == "$before" ]]; do sleep 0.05; done
	jq -c '.manifests += [.manifests[0] | .annotations["org.opencontainers.image.ref.name"] = "added"]' image/index.json >new
	mv new image/index.json
	wait $! || status=$?
	same status 75 "$status"
	grep -q 'index.json has changed' err
	same tag added "$(jq -r '.manifests[-1].annotations["org.opencontainers.image.ref.name"]' image/index.json)"
	same blobs "$before" "$(ls -A image/blobs/sha256)"
	expect 0 "$ANYARCH" inject "${AT[@]}" image
}

@test "where index.json cannot be written, no blobs are left behind" {
	local calls before

	cp -r "$FORMATS/layout" image
	cp -r image other
	before=$(ls image/blobs/sha256)
	strace -qq -o trace -e trace=renameat,renameat2 "$ANYARCH_STATIC" inject --quiet "${AT[@]}" other 3>&-
	calls=$(grep -c ' = 0' trace)
	expect 1 strace -qq -o /dev/null -e trace=renameat,renameat2 -e "inject=renameat,renameat2:error=EIO:when=$calls" \
		"$ANYARCH_STATIC" inject --quiet "${AT[@]}" image
	same blobs "$before" "$(ls -A image/blobs/sha256)"
	cmp image/index.json "$FORMATS/layout/index.json"
}
