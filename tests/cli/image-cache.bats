#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that what inject has learnt of layers makes the next run quick, and is believed for nothing else.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup_file() {
	make_emulators "$BATS_FILE_TMPDIR"
	cd "$BATS_FILE_TMPDIR" || return
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		layers = [T.tar(I.system(E.arm()), T.directory("usr", 0o711), T.directory("usr/bin", 0o700)),
		          T.tar(*(T.member(f"usr/share/{i}", b"x" * 100) for i in range(500)))]
		for name, codec in ("gzip", T.gz), ("zstd", T.zstd), ("raw", None):
		    oci = I.Oci()
		    I.write_layout(name, oci.finish(oci.image(layers, codec=codec, **I.named("1"))))
	PYTHON
}

setup() {
	need_commands python3 gcc
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	export XDG_CACHE_HOME=$PWD/cache
	mkdir cache
	LAYERS=cache/anyarch/layers
}

inject() {
	expect "$1" "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$BATS_FILE_TMPDIR/A" "${@:2}"
}

# expected KIND: what comes out where nothing is known yet.
expected() {
	rm -rf expected
	cp -r "$BATS_FILE_TMPDIR/$1" expected
	XDG_CACHE_HOME=$PWD/empty inject 0 expected
	rm -rf empty
}

fresh() {
	rm -rf image
	cp -r "$BATS_FILE_TMPDIR/$1" image
}

# reads LAYOUT: how many bytes of its blobs inject reads.
reads() {
	"${TRACED[@]}" -f -y -e trace=pread64,read -o trace "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$BATS_FILE_TMPDIR/A" \
		"$1" >/dev/null || return
	awk -F'= ' '/blobs\/sha256\/[0-9a-f]*>/ { n += $NF } END { print n + 0 }' trace
}

@test "the second time compressed layers are not read, and the result is the same" {
	local kind first second

	need_commands strace
	for kind in gzip zstd; do
		expected "$kind"
		fresh "$kind"
		first=$(reads image)
		diff -r expected image
		fresh "$kind"
		second=$(reads image)
		diff -r expected image
		[[ $second -gt 0 && $second -lt 2500 && $first -gt $((second + 1000)) ]] || {
			printf '%s: %d bytes, then %d\n' "$kind" "$first" "$second"
			return 1
		}
	done
	[[ $(find "$LAYERS" -type f | wc -l) -eq 4 ]]
	[[ $(stat -c %a "$LAYERS") == 700 ]]
	expect 0 "$ANYARCH" eject image
	diff -r "$BATS_FILE_TMPDIR/zstd" image
}

@test "layers that are not compressed do not need it" {
	fresh raw
	inject 0 image
	same files '' "$(find "$LAYERS" -type f)"
}

@test "without a cache everything works: none can be made, it is another one's, it is deleted" {
	local dir

	expected gzip
	for dir in /proc/nowhere relative '' "$PWD/others" "$PWD/file" "$PWD/open"; do
		rm -rf others file open
		mkdir -p others open/anyarch
		chown 4242 others
		chmod 777 open/anyarch
		: >file
		fresh gzip
		HOME=/nowhere XDG_CACHE_HOME=$dir inject 0 image
		same stderr '' "$stderr"
		diff -r expected image
		same "$dir" '' "$(find others open relative -type f 2>/dev/null)"
	done
	fresh gzip
	env -u HOME -u XDG_CACHE_HOME "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$BATS_FILE_TMPDIR/A" image
	diff -r expected image
	fresh gzip
	inject 0 image
	rm -r cache
	fresh gzip
	inject 0 image
	diff -r expected image
}

@test "in the home of another user no directory is made" {
	need_root
	mkdir home
	chown 4242 home
	expected gzip
	fresh gzip
	HOME=$PWD/home XDG_CACHE_HOME='' inject 0 image
	XDG_CACHE_HOME=$PWD/home/cache inject 0 --dry-run "$BATS_FILE_TMPDIR/gzip"
	diff -r expected image
	same home '' "$(ls -A home)"
	chown 0 home
	fresh gzip
	HOME=$PWD/home XDG_CACHE_HOME='' inject 0 image
	[[ -d home/.cache/anyarch/layers ]]
}

@test "entries that are damaged, of another one, links or pipes are passed over and made anew" {
	local file good

	expected gzip
	fresh gzip
	inject 0 image
	file=$(find "$LAYERS" -type f -size +2k)
	good=$(sha256sum <"$file")
	for harm in 'truncate -s 300' 'truncate -s 0' 'sed -i s/usr/xsr/' 'chown 4242' 'rm -f'; do
		$harm "$file"
		fresh gzip
		inject 0 image
		diff -r expected image
		same "after $harm" "$good" "$(sha256sum <"$file")"
		[[ $(stat -c %u "$file") == "$EUID" ]]
	done
	for harm in 'ln -s /etc/passwd' 'mkfifo'; do
		rm "$file"
		$harm "$file"
		fresh gzip
		inject 0 image
		diff -r expected image
		same "after $harm" "$good" "$(sha256sum <"$file")"
	done
	rm "$file"
	mkdir "$file"
	fresh gzip
	inject 0 image
	diff -r expected image
}

@test "a layer without the digest that is its name is refused, and teaches nothing" {
	local blob

	fresh gzip
	blob=$(find image/blobs/sha256 -type f -size +2k -print -quit)
	printf '\1' | dd of="$blob" bs=1 seek=4 conv=notrunc status=none # the time in gzip's header
	gzip -t <"$blob"
	cp -r image was
	inject 3 image
	[[ $stderr == *'digest'* ]]
	diff -r was image
	[[ ! -e $LAYERS/${blob##*/} ]]
}

@test "two at once share it" {
	local i

	expected gzip
	for i in 1 2 3 4; do
		cp -r "$BATS_FILE_TMPDIR/gzip" "image$i"
	done
	for i in 1 2 3 4; do
		"$ANYARCH" inject -q --at /usr/bin/qemu-arm-static --emulator "$BATS_FILE_TMPDIR/A" "image$i" &
	done
	wait
	for i in 1 2 3 4; do
		diff -r expected "image$i"
	done
	[[ $(find "$LAYERS" -type f | wc -l) -eq 2 && $(find "$LAYERS" | wc -l) -eq 3 ]]
}
