#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that the root file system in a disk image is found, changed and changed back, that an image which is refused stays as it
# was, and that no loop device and no mount is left, whatever ends a command.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/run.bash
source "$BATS_TEST_DIRNAME/../lib/run.bash"

setup_file() {
	make_emulators "$BATS_FILE_TMPDIR"
	make_ext4 "$BATS_FILE_TMPDIR/root.ext4" 24M
}

setup() {
	need_root
	need_commands gcc jq losetup mke2fs debugfs e2fsck python3 qemu-arm-static setpriv unshare
	TOOLS=$BATS_FILE_TMPDIR
	cd "$BATS_TEST_TMPDIR" || return
	loop_works || need "no loop devices that can be mounted: not in a container or user namespace"
}

# Whatever a test did.
teardown() {
	nothing_is_attached
}

loop_works() {
	# shellcheck disable=SC2016
	[[ -e /dev/loop-control ]] &&
		unshare --mount sh -c 'mount -o ro,loop "$1" /mnt' sh "$TOOLS/root.ext4" 2>"$BATS_TEST_TMPDIR/why" 3>&-
}

# make_ext4 FILE SIZE: a file system with a root for ARM in it, of files that are old.
make_ext4() {
	local dir=$BATS_FILE_TMPDIR/source

	mkdir -p "$dir"/{bin,etc,usr/bin,proc,sys,dev,tmp}
	make_arm "$dir/bin/sh"
	cp "$(busybox)" "$dir/bin/busybox"
	echo 12 >"$dir/etc/debian_version"
	find "$dir" -depth -exec touch -h -d @1500000000 {} +
	mke2fs -q -F -t ext4 -d "$dir" "$1" "$2"
}

# make PYTHON: with D for what makes disks, and ROOT for the file system.
make() {
	PYTHONPATH=$ANYARCH_SRC/tests/lib PYTHONDONTWRITEBYTECODE=1 python3 -c "import disk_files as D, os; ROOT = '$TOOLS/root.ext4'
$1"
}

# Of these files alone: other tests attach theirs. What ended just now may need a moment.
nothing_is_attached() {
	local tries

	for tries in {1..50}; do
		[[ $(losetup --list --noheadings --output BACK-FILE)$(cat /proc/mounts) == *"$BATS_TEST_TMPDIR"* ]] || return 0
		sleep 0.02
	done
	losetup --list >&2
	return "$tries"
}

# tree_in IMAGE OFFSET: what tree_of says about the file system that begins there.
tree_in() {
	# shellcheck disable=SC2016
	unshare --mount bash -c 'source "$1"; mount -o "ro,noload,loop,offset=$3" "$2" /mnt && tree_of /mnt' bash \
		"$ANYARCH_SRC/tests/lib/rootfs.bash" "$1" "$2"
}

# changed_and_back IMAGE PARTITION OFFSET: injected, run, ejected; then its tree and all that is not its file system are as
# before.
changed_and_back() {
	local before after=$BATS_TEST_TMPDIR/after was=$BATS_TEST_TMPDIR/was

	cp --sparse=always "$1" "$was"
	before=$(tree_in "$1" "$3")
	expect 0 "$ANYARCH" inject --emulator "$TOOLS/A" --json "$1"
	same result "injected $2 $AT" "$(jq -r '.[] | "\(.result) \(.partition) \(.path)"' "$OUT")"
	nothing_is_attached
	debugfs -R "dump $AT $after" "$1?offset=$3" 2>/dev/null
	cmp "$after" "$TOOLS/A"
	expect 0 "$ANYARCH" inject --emulator "$TOOLS/A" "$1"
	same output "$1: unchanged $AT" "$output"
	expect_raw 3 "$ANYARCH" run --root "$1" -- /bin/sh a b
	same output /bin/sh "$output"
	expect 0 "$ANYARCH" eject "$1"
	same output "$1: removed $AT" "$output"
	same tree "$before" "$(tree_in "$1" "$3")"
	e2fsck -fn "$1?offset=$3" >"$after" 2>&1
	cmp --bytes="$3" "$1" "$was"
	cmp --ignore-initial=$(($3 + $(stat -c %s "$TOOLS/root.ext4"))) "$1" "$was"
}

# is_refused STATUS IMAGE WORDS COMMAND...: with these words, the image as it was, nothing attached.
is_refused() {
	local sum
	sum=$(sha256sum <"${2%:[0-9]*}")

	expect "$1" "${@:4}" "$2"
	[[ $stderr == *"$3"* ]] || {
		show "$@"
		return 1
	}
	same image "$sum" "$(sha256sum <"${2%:[0-9]*}")"
	nothing_is_attached
}

# all_refuse STATUS IMAGE WORDS
all_refuse() {
	local command

	for command in inspect doctor inject eject 'inject --dry-run'; do
		# shellcheck disable=SC2086
		is_refused "$1" "$2" "$3" "$ANYARCH" $command
	done
	is_refused 125 "$2" "$3" "$ANYARCH" run --root
}

@test "card images of every layout: found, injected, run, ejected, as before" {
	make '
D.mbr("pi.img", D.fat(), ROOT)
D.gpt("gpt.img", D.fat(), ROOT)
D.gpt("gpt-4k.img", D.fat(), ROOT, sector=4096)
D.mbr("mbr-4k.img", D.fat(), ROOT, sector=4096)
D.logical("logical.img", D.fat(), ROOT)'
	changed_and_back pi.img 2 $((2 << 20))
	changed_and_back gpt.img 2 $((2 << 20))
	changed_and_back gpt-4k.img 2 $((2 << 20))
	changed_and_back mbr-4k.img 2 $((2 << 20))
	changed_and_back logical.img 6 $((4 << 20))
	cp "$TOOLS/root.ext4" bare
	changed_and_back bare null 0
}

@test "inspect and doctor read a card without a change to it, by its name or with a partition" {
	local sum name

	make 'D.mbr("pi.img", D.fat(), ROOT)'
	sum=$(sha256sum <pi.img)
	for name in pi.img pi.img:2; do
		expect 0 "$ANYARCH" inspect "$name"
		[[ $output == *"disk image:   $name"*'partition:    2'*'platform:     linux/arm'* ]]
		expect 0 "$ANYARCH" inspect --json --expect linux/arm "$name"
		same facts 'rootfs 2 linux/arm' "$(jq -r '.[] | "\(.kind) \(.partition) \(.platform)"' "$OUT")"
		"$ANYARCH" doctor "$name" >out 2>&1 3>&- || [[ $? -eq 3 && $(<out) == *"$name: no handler takes arm programs"* ]]
		expect 0 "$ANYARCH" inspect --root "$name" /bin/sh
		[[ $output == *'32-bit little-endian ARM'* ]]
		"$ANYARCH" doctor --root "$name" /etc/debian_version >out 2>&1 3>&- && return 1
		[[ $(<out) == *'problem: /etc/debian_version: not an ELF file'* ]]
	done
	debugfs -w -R 'sif /bin/sh mode 0100644' 'pi.img?offset=2097152' 2>out
	expect_raw 3 "$ANYARCH" doctor --root pi.img /bin/sh
	[[ $output == *"chmod +x 'DIR/bin/sh'"* ]] # not this machine's
	sum=$(sha256sum <pi.img)
	expect 0 "$ANYARCH" inject --dry-run pi.img
	same image "$sum" "$(sha256sum <pi.img)"
	is_refused 3 pi.img:7 'no such partition (partition 1: vfat, 1.0 MiB; partition 2: ext4, 24.0 MiB)' "$ANYARCH" inspect
	is_refused 3 pi.img:0 'no such partition (partition 1: vfat' "$ANYARCH" inject
	is_refused 3 pi.img:1000 'no such partition (partition 1: vfat' "$ANYARCH" doctor
	is_refused 3 pi.img:1 'contains no Linux file system, but vfat' "$ANYARCH" inject
}

@test "of several partitions the one with a root; two are to be chosen from" {
	mkdir empty
	mke2fs -q -F -t ext4 -d empty data.ext4 4M
	make '
D.gpt("data.img", "data.ext4", ROOT)
D.gpt("two.img", ROOT, "data.ext4", ROOT)
D.gpt("none.img", D.fat(), "data.ext4")'
	expect 0 "$ANYARCH" inspect --json data.img
	same partition 2 "$(jq '.[].partition' "$OUT")"
	all_refuse 3 two.img 'partitions 1 and 3 both contain a root file system'
	[[ $stderr == *'hint: specify one of them: two.img:1'* ]]
	expect 0 "$ANYARCH" inspect two.img:3
	expect 0 "$ANYARCH" inject --emulator "$TOOLS/A" --jobs 4 two.img:1 two.img:3
	same both "two.img:1: injected $AT"$'\n'"two.img:3: injected $AT" "$output"
	expect 0 "$ANYARCH" eject --jobs 4 two.img:3 two.img:1
	all_refuse 3 none.img 'no partition contains a root file system (partition 1: vfat, 1.0 MiB; partition 2: ext4, 4.0 MiB)'
}

@test "other file systems than ext4, where this machine can make and mount them; those that cannot be written are refused" {
	local type
	declare -A make=([xfs]='mkfs.xfs -q' [btrfs]='mkfs.btrfs -q' [f2fs]='mkfs.f2fs -q' [squashfs]='mksquashfs DIR' [erofs]='mkfs.erofs')

	for type in xfs btrfs f2fs squashfs erofs; do
		[[ -n $(type -P "${make[$type]%% *}") && $(</proc/filesystems) == *"$type"* ]] || continue
		rm -f fs
		case $type in
		squashfs) mksquashfs "$TOOLS/source" fs -quiet -no-progress ;;
		erofs) mkfs.erofs --quiet fs "$TOOLS/source" ;;
		*)
			truncate -s 320M fs
			${make[$type]} fs >&2
			# Root in a subvolume that is not the default one, as distributions have it.
			# shellcheck disable=SC2016
			unshare --mount sh -ec 'mount -o loop fs /mnt; to=/mnt
				if [ "$2" = btrfs ]; then
					btrfs -q subvolume create /mnt/@home
					btrfs -q subvolume create /mnt/@
					btrfs subvolume set-default /mnt/@home
					to=/mnt/@
				fi
				cp -a "$1/." $to' sh "$TOOLS/source" "$type"
			;;
		esac
		make 'D.mbr("other.img", D.fat(), "fs")'
		expect 0 "$ANYARCH" inspect --json --expect linux/arm other.img
		same "$type" 'rootfs 2' "$(jq -r '.[] | "\(.kind) \(.partition)"' "$OUT")"
		if [[ $type == squashfs || $type == erofs ]]; then
			is_refused 4 other.img 'its file system can only be read' "$ANYARCH" inject
			continue
		fi
		expect 0 "$ANYARCH" inject --emulator "$TOOLS/A" other.img
		expect_raw 3 "$ANYARCH" run --root other.img -- /bin/sh a b
		expect 0 "$ANYARCH" eject other.img
		same output "other.img: removed $AT" "$output"
	done
}

@test "what a command writes to a card is there, and nothing of the machine can be reached through it" {
	make 'D.mbr("pi.img", D.fat(), ROOT)'
	expect_raw 0 "$ANYARCH" run --root pi.img -- /bin/busybox sh -c 'echo new >/etc/new; mknod /etc/zero c 1 5
		/bin/busybox head -c 1 /etc/zero && exit 9
		/bin/busybox mount -o remount,bind,dev,suid / && exit 8
		exit 0'
	nothing_is_attached
	same new new "$(debugfs -R 'cat /etc/new' 'pi.img?offset=2097152' 2>/dev/null)"
	same cwd "$PWD" "$(pwd)"
	[[ $(cat /proc/mounts) != *loop*ext4* || $(cat /proc/mounts) != *binfmt_misc\ ext4* ]]
}

@test "tables that lie, and partitions that are nothing: refused, as they were" {
	make '
bad = bytearray(open(ROOT, "rb").read())
block = 1024 << int.from_bytes(bad[1048:1052], "little")
group = 2048 if block == 1024 else block
bad[group:group + 1024] = b"\xff" * 1024
D.mbr("damaged.img", D.fat(), bytes(bad))
D.mbr("beyond.img", D.fat(), ROOT); os.truncate("beyond.img", 20 << 20)
D.gpt("cut.img", D.fat(), ROOT); os.truncate("cut.img", 20 << 20)
D.mbr("overlap.img", D.fat(), ROOT, change=lambda e: [e[0][:12] + (8192).to_bytes(4, "little"), e[1]])
D.gpt("luks.img", D.fat(), D.luks())
D.mbr("unknown.img", D.fat(), os.urandom(1 << 20))
D.write("nothing.img", [(0, D.table())], 4 << 20)
D.logical("circle.img", D.fat(), ROOT, loops=True)
D.write("lost.img", [(0, D.table(D.entry(D.EXTENDED, 0xfffff000, 0xffff)))], 4 << 20)'
	all_refuse 3 damaged.img 'cannot mount its ext4 file system'
	all_refuse 3 beyond.img 'partition 2 ends after the file'
	all_refuse 3 cut.img 'without a readable partition table'
	all_refuse 3 overlap.img 'partitions 2 and 1 overlap'
	all_refuse 3 luks.img 'partition 2 is encrypted (LUKS)'
	all_refuse 3 unknown.img 'contains no Linux file system, but unknown data'
	all_refuse 3 nothing.img 'without a readable partition table'
	all_refuse 3 circle.img 'without a readable partition table'
	all_refuse 3 lost.img 'without a readable partition table'
}

@test "compressed: refused, with the command that unpacks" {
	local command

	need_commands xz zstd
	make 'D.mbr("pi.img", D.fat(), ROOT)'
	xz -0 -T0 -k pi.img
	zstd -q -k pi.img
	for command in inspect inject eject doctor 'run --root'; do
		# shellcheck disable=SC2086
		expect_raw "$([[ $command == run* ]] && echo 125 || echo 3)" "$ANYARCH" $command pi.img.xz
		[[ $output$stderr == *'xz -dc '*' >UNPACKED, then specify UNPACKED'* ]]
		# shellcheck disable=SC2086
		expect_raw "$([[ $command == run* ]] && echo 125 || echo 3)" "$ANYARCH" $command pi.img.zst
		[[ $output$stderr == *'zstd -dc '*' >UNPACKED, then specify UNPACKED'* ]]
	done
}

@test "attached or mounted elsewhere: refused; read-only beside readers is fine" {
	local device

	make 'D.mbr("pi.img", D.fat(), ROOT)'
	device=$(losetup --find --show pi.img)
	expect 75 "$ANYARCH" inspect pi.img
	expect 75 "$ANYARCH" inject pi.img
	losetup --detach "$device"
	[[ $stderr == *"it is attached to $device"*"hint: unmount it, then sudo losetup --detach $device"* ]]
	device=$(losetup --find --show --read-only pi.img)
	expect 0 "$ANYARCH" inspect pi.img
	expect 75 "$ANYARCH" inject pi.img
	losetup --detach "$device"
	"$ANYARCH" run --root pi.img -- /bin/busybox sleep 60 3>&- &
	while [[ $(losetup --list --noheadings --output BACK-FILE) != *"$PWD/pi.img"* ]]; do sleep 0.05; done
	expect 75 "$ANYARCH" inject pi.img
	kill -KILL $!
	wait $! || true
	expect 0 "$ANYARCH" inject pi.img
}

@test "a read-only image, and a full disk below a sparse one: refused, as they were" {
	make 'D.mbr("pi.img", D.fat(), ROOT)'
	mkdir small
	# shellcheck disable=SC2016
	unshare --mount bash -ec 'mount --bind . /mnt && mount -o remount,bind,ro /mnt && cd /mnt
		"$1" inject pi.img && exit 9
		[[ $? -eq 4 ]] && "$1" inspect pi.img
		mount -t tmpfs -o size=4m none /media && cp --sparse=always /mnt/pi.img /media && cd /media
		head -c 64m /dev/zero >fill || true
		sum=$(sha256sum <pi.img)
		"$1" inject pi.img && exit 9
		[[ $? -eq 1 && $sum == "$(sha256sum <pi.img)" ]]
		rm fill && "$1" inject --emulator "$2" pi.img && exit 9
		[[ $sum == "$(sha256sum <pi.img)" ]]' bash "$ANYARCH" "$TOOLS/A" 2>"$BATS_TEST_TMPDIR/err"
	grep -q 'pi.img: Read-only file system' "$BATS_TEST_TMPDIR/err"
	grep -q 'the image is sparse, and the disk has only 0.0 MiB left for it' "$BATS_TEST_TMPDIR/err"
}

@test "without root and without loop devices: one line, and what to type" {
	local public

	make 'D.mbr("pi.img", D.fat(), ROOT)'
	public=$(mktemp -d)
	cp "$ANYARCH" "$public/anyarch"
	mv pi.img "$public"
	chmod -R a+rwX "$public"
	cd "$public"
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups "$public/anyarch" inspect pi.img
	[[ $stderr == *'a disk image (partition 1: vfat, 1.0 MiB; partition 2: ext4, 24.0 MiB): mounting it needs root'* ]]
	[[ $stderr == *'sudo mount -o ro,loop,offset=2097152,sizelimit=25165824 pi.img DIR, then specify DIR'* ]]
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups "$public/anyarch" inject pi.img
	[[ $stderr == *'sudo mount -o loop,offset=2097152,sizelimit=25165824 pi.img DIR, then specify DIR'* ]]
	expect 4 unshare --user --map-root-user --mount "$public/anyarch" inspect pi.img
	[[ $stderr == *'mounting it needs root'* ]]
	# shellcheck disable=SC2016
	expect 4 unshare --mount sh -c 'mount -t tmpfs none /dev && exec "$1" inspect pi.img' sh "$ANYARCH"
	[[ $stderr == *'this system has no loop devices'*"debugfs -R 'rdump / DIR' 'pi.img?offset=2097152'"* ]]
	mkdir DIR
	debugfs -R 'rdump / DIR' 'pi.img?offset=2097152' 2>"$public/log"
	expect 0 "$ANYARCH" inspect DIR
	rm -r "$public"
}

@test "killed at any moment: no loop device, no mount, and the next run goes on" {
	local before i

	make 'D.mbr("pi.img", D.fat(), ROOT)'
	# A kill between a change of the directory and the setting of its time loses that time.
	tree_but_time() {
		tree_in pi.img $((2 << 20)) | sed -E 's|^(usr/bin/ .*) [0-9.]+$|\1|'
	}
	before=$(tree_but_time)
	for i in {0..39}; do
		"$ANYARCH" "$([[ $((i % 3)) -eq 2 ]] && echo eject || echo inject)" pi.img >out 2>&1 3>&- &
		sleep "0.0$((RANDOM % 60 + 10))"
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		nothing_is_attached
	done
	e2fsck -fn 'pi.img?offset=2097152' >out 2>&1
	expect 0 "$ANYARCH" inject --emulator "$TOOLS/A" pi.img
	expect 0 "$ANYARCH" eject pi.img
	same tree "$before" "$(tree_but_time)"
}
