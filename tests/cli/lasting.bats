#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=slow
# Owns how long handlers live: pinned ones without any mount, others as long as their mount, and those of --persist in
# files for the next boot.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"

ARM=/usr/bin/qemu-arm-static
ARM64=/usr/bin/qemu-aarch64-static

setup() {
	need_commands qemu-arm-static qemu-aarch64-static jq nsenter
	ns_open_bare
	make_root
}

teardown() {
	ns_close
}

# short COMMAND...: in a mount namespace that ends with it, as that of a container.
short() {
	ns unshare --mount --propagation private -- "$@"
}

# mounted COMMAND...: with the instance mounted for as long as it runs.
mounted() {
	# shellcheck disable=SC2016
	short sh -c 'mount -t binfmt_misc binfmt_misc "$0" && exec "$@"' "$BINFMT" "$@"
}

# There is an instance that was there before this mount.
is_alive() {
	# A mark that only lives with the instance.
	[[ $(mounted ls "$BINFMT") == *mark* ]]
}

leave_mark() {
	# shellcheck disable=SC2016
	mounted sh -c 'printf :mark:M::hello::/usr/bin/true: >"$0/register"' "$BINFMT"
}

@test "pinned handlers outlive their mount namespace" {
	expect 0 short "$ANYARCH" register --lasting=pin arm arm64
	refute grep -q binfmt_misc "/proc/$NS_PID/mountinfo"
	arm_works
	arm64_works
	expect 0 mounted "$ANYARCH" status --check arm arm64
	same interpreter "$ARM" "$(mounted sed -n 's/^interpreter //p' "$BINFMT/qemu-arm")"
}

@test "pinned handlers go when they are unregistered, and leave nothing" {
	expect 0 short "$ANYARCH" register --lasting=pin arm arm64
	leave_mark
	is_alive
	expect 0 mounted "$ANYARCH" unregister arm
	refute arm_works
	arm64_works
	is_alive
	expect 0 mounted "$ANYARCH" unregister arm64
	refute is_alive
	same table '' "$(mounted sh -c "ls $BINFMT | grep -v -e register -e status")"
}

@test "pinned handlers hold a file of the root, or of a tmpfs, and no other mount" {
	ns mount -t tmpfs tmpfs /mnt
	ns cp "$ARM" /mnt/
	expect 0 short "$ANYARCH" register --lasting=pin --emulator arm=/mnt/qemu-arm-static arm
	ns umount /mnt
	arm_works
	expect 0 mounted "$ANYARCH" unregister arm
	refute arm_works
}

@test "pinned handlers are replaced and found unchanged, each in a mount namespace of its own" {
	cp "$ARM" "$BATS_TEST_TMPDIR/other"
	printf 'x' >>"$BATS_TEST_TMPDIR/other"
	expect 0 short "$ANYARCH" register --lasting=pin --emulator arm="$BATS_TEST_TMPDIR/other" arm
	expect 0 short "$ANYARCH" register --lasting=pin --json arm
	jq -e '.handlers[0].result == "replaced" and .lasts and .lasting == "pin"' "$OUT"
	arm_works
	expect 0 short "$ANYARCH" register --lasting=pin --json arm
	jq -e '.handlers[0].result == "unchanged" and .changes == 0' "$OUT"
	arm_works
}

@test "a refused emulator leaves a pinned handler alone" {
	expect 0 short "$ANYARCH" register --lasting=pin arm
	expect 3 short "$ANYARCH" register --lasting=pin --emulator arm="$ARM64" arm
	arm_works
	expect 0 mounted "$ANYARCH" status --check arm
}

@test "with --lasting=no they are gone with the mount namespace, and that is said" {
	expect 0 short "$ANYARCH" register --lasting=no arm
	says 'not made to last'
	refute arm_works
}

@test "with --lasting=mount they last as long as the mount" {
	expect 0 anyarch register --lasting=mount arm
	arm_works
	grep -q " $BINFMT .* - binfmt_misc " "/proc/$NS_PID/mountinfo"
}

@test "with --lasting=mount in a mount namespace of its own they go with it" {
	expect_one_of '0 5' short "$ANYARCH" register --lasting=mount arm
	refute arm_works
	is_told_truly
}

# Handlers that are gone were not said to last.
is_told_truly() {
	[[ $status -eq 5 ]] || refute grep -q 'until reboot' "$ERR"
}

@test "without --lasting they are not said to last longer than they do" {
	expect_one_of '0 5' short "$ANYARCH" register arm
	arm_works || is_told_truly
}

@test "handlers that work without a mount here are told by status" {
	expect 0 short "$ANYARCH" register --lasting=pin arm
	expect 0 anyarch status --json
	jq -e '.table.path == null and (.platforms[] | select(.arch == "arm") | .state == "emulated")' "$OUT"
}

@test "handlers of a user namespace that are mounted nowhere are seen and removed" {
	expect 0 short "$ANYARCH" register --lasting=pin arm arm64
	expect 0 anyarch status --json
	same handler qemu-arm "$(jq -r '.platforms[] | select(.arch == "arm") | .handler' "$OUT")"
	expect 0 anyarch unregister arm
	same removed qemu-arm "$output"
	refute arm_works
	arm64_works
	expect_raw 0 anyarch oneshot --uninstall 'qemu-*'
	grep -q 'uninstalling: qemu-aarch64 OK' "$ERR"
	refute arm64_works
	refute grep -q binfmt_misc "/proc/$NS_PID/mountinfo"
}

@test "handlers of a user namespace above that are mounted nowhere: unregister cannot look, and they keep working" {
	expect 0 short "$ANYARCH" register --lasting=pin arm
	expect 4 ns unshare --user --map-root-user --mount "$ANYARCH" unregister --all
	says 'mounted nowhere'
	HINTS_FIRST=1 expect 4 ns unshare --user --map-root-user --mount "$ANYARCH" oneshot --uninstall 'qemu-*'
	arm_works
}

@test "the first process of a container in a user namespace pins, and the next container adds to it" {
	local container=(ns unshare --mount --pid --fork --mount-proc "$ANYARCH" oneshot --install)

	expect_raw 0 "${container[@]}" arm
	arm_works
	expect_raw 0 "${container[@]}" arm64
	same emulators '["qemu-aarch64","qemu-arm"]' "$(jq -c .emulators "$OUT")"
	arm_works
	arm64_works
}

@test "pinning that is forbidden is refused with --lasting=pin" {
	expect 4 ns setpriv --bounding-set=-sys_admin "$ANYARCH" register --lasting=pin arm
	refute arm_works
}

@test "pinning with a binfmt_misc mount that is there already" {
	ns mount -t binfmt_misc binfmt_misc "$BINFMT"
	expect 0 anyarch register --lasting=pin arm
	has_handler qemu-arm
	ns umount "$BINFMT"
	arm_works
}

# ---- files for the next boot ----

# A root directory with emulators, whose etc/binfmt.d is not the machine's.
make_boot_root() {
	BOOT=$BATS_TEST_TMPDIR/boot
	CONF=$BOOT/etc/binfmt.d
	mkdir -p "$BOOT/usr/bin" "$BOOT/etc"
	cp "$ARM" "$ARM64" "$BOOT/usr/bin/"
}

@test "--persist writes the rules that were registered" {
	make_boot_root
	expect 0 anyarch register --dry-run --root "$BOOT" arm
	local rule=$output

	[[ ! -e $CONF ]]
	expect 0 anyarch register --persist --root "$BOOT" arm arm64
	same files $'qemu-aarch64.conf\nqemu-arm.conf' "$(ls -A "$CONF")"
	same rule "$rule" "$(grep -v '^#' "$CONF/qemu-arm.conf")"
	[[ $(stat -c %a "$CONF/qemu-arm.conf") == 644 ]]
	arm_works
}

@test "the kernel takes what --persist wrote" {
	local by_us

	make_boot_root
	expect 0 anyarch register --persist --root "$BOOT" arm
	by_us=$(cat "$TABLE/qemu-arm")
	echo -1 >"$TABLE/qemu-arm"
	table_write "$(grep -v '^[#;]' "$CONF/qemu-arm.conf")"
	same entry "$by_us" "$(cat "$TABLE/qemu-arm")"
	arm_works
}

@test "--persist writes for handlers that were there already" {
	make_boot_root
	expect 0 anyarch register arm
	expect 0 anyarch register --persist --root "$BOOT" arm
	[[ -s $CONF/qemu-arm.conf ]]
	local before

	before=$(stat -c '%i %Y' "$CONF/qemu-arm.conf" && cat "$CONF/qemu-arm.conf")
	expect 0 anyarch register --persist --root "$BOOT" arm
	same rule "$(tail -n +2 <<<"$before")" "$(cat "$CONF/qemu-arm.conf")"
}

@test "without --persist nothing is written" {
	make_boot_root
	expect 0 anyarch register --root "$BOOT" arm
	[[ ! -e $CONF ]]
	expect 0 anyarch register --persist --dry-run --root "$BOOT" arm
	[[ ! -e $CONF ]]
}

@test "a file of somebody else is not overwritten, unless --replace" {
	make_boot_root
	mkdir "$CONF"
	echo '# mine' >"$CONF/qemu-arm.conf"
	expect 3 anyarch register --persist --root "$BOOT" arm
	says qemu-arm.conf
	hints --replace
	same file '# mine' "$(<"$CONF/qemu-arm.conf")"
	expect 0 anyarch unregister --root "$BOOT" arm
	same file '# mine' "$(<"$CONF/qemu-arm.conf")"
	expect 0 anyarch register --persist --replace --root "$BOOT" arm
	grep -q '^:qemu-arm:' "$CONF/qemu-arm.conf"
}

@test "a link in the place of the file is not followed" {
	make_boot_root
	mkdir "$CONF"
	echo canary >"$BATS_TEST_TMPDIR/canary"
	ln -s "$BATS_TEST_TMPDIR/canary" "$CONF/qemu-arm.conf"
	expect_one_of '0 3' anyarch register --persist --root "$BOOT" arm
	expect_one_of '0 3' anyarch register --persist --replace --root "$BOOT" arm
	same canary canary "$(<"$BATS_TEST_TMPDIR/canary")"
}

@test "unregister removes the file, also when the handler is gone already" {
	make_boot_root
	expect 0 anyarch register --persist --root "$BOOT" arm arm64
	expect 0 anyarch unregister --root "$BOOT" --dry-run --all
	[[ -e $CONF/qemu-arm.conf ]]
	expect 0 anyarch unregister --root "$BOOT" arm
	same files qemu-aarch64.conf "$(ls -A "$CONF")"
	echo -1 >"$TABLE/status"
	expect 0 anyarch unregister --root "$BOOT" arm64
	same files '' "$(ls -A "$CONF")"
	expect 0 anyarch register --persist --root "$BOOT" arm arm64
	echo -1 >"$TABLE/status"
	expect 0 anyarch unregister --root "$BOOT" --all
	same files '' "$(ls -A "$CONF")"
}

@test "a full disk leaves the old file, and no other (87)" {
	local before

	make_boot_root
	mkdir "$CONF"
	ns mount -t tmpfs -o size=4k tmpfs "$CONF"
	CONF=/proc/$NS_PID/root$CONF
	expect 0 anyarch register --persist --root "$BOOT" arm
	before=$(<"$CONF/qemu-arm.conf")
	expect 1 anyarch register --persist --root "$BOOT" --credentials arm
	says 'No space left on device'
	same file "$before" "$(<"$CONF/qemu-arm.conf")"
	same files qemu-arm.conf "$(ls -A "$CONF")"
}

@test "no inode left: the old file, and no other (89)" {
	local before

	make_boot_root
	mkdir "$CONF"
	ns mount -t tmpfs -o nr_inodes=2 tmpfs "$CONF"
	CONF=/proc/$NS_PID/root$CONF
	expect 0 anyarch register --persist --root "$BOOT" arm
	before=$(<"$CONF/qemu-arm.conf")
	expect 1 anyarch register --persist --root "$BOOT" --credentials arm
	same file "$before" "$(<"$CONF/qemu-arm.conf")"
	same files qemu-arm.conf "$(ls -A "$CONF")"
}

@test "a read-only disk and a missing /etc are told; the handler is there (41)" {
	make_boot_root
	mkdir "$CONF"
	ns mount --bind "$CONF" "$CONF"
	ns mount -o remount,bind,ro "$CONF"
	expect_one_of '1 4' anyarch register --persist --root "$BOOT" arm
	says 'binfmt.d'
	arm_works
	ns umount "$CONF"
	rm -r "${BOOT:?}/etc"
	expect_one_of '1 3' anyarch register --persist --root "$BOOT" arm
	says 'binfmt.d'
	arm_works
}

@test "--persist where nothing reads the file: 5, and the handler is there" {
	ns mount -t tmpfs tmpfs /etc/binfmt.d
	ns mount -t tmpfs tmpfs /run
	expect 5 anyarch register --persist arm
	says 'nothing reads /etc/binfmt.d at boot'
	arm_works
	make_boot_root
	expect 0 anyarch register --persist --root "$BOOT" arm
	mkdir -p "$BOOT/etc/systemd/system"
	ln -s /dev/null "$BOOT/etc/systemd/system/systemd-binfmt.service"
	expect 5 anyarch register --persist --root "$BOOT" arm
	hints unmask
}

# persists: what status says of arm.
persists() {
	expect 0 anyarch status --json
	jq -r '.platforms[] | select(.arch == "arm") | .persists' "$OUT"
}

@test "status judges what comes back at boot by the lines of all files, and by masks" {
	ns mount -t tmpfs tmpfs /etc/binfmt.d
	ns mount -t tmpfs tmpfs /usr/lib/binfmt.d 2>/dev/null || need "no /usr/lib/binfmt.d"
	ns mount -t tmpfs tmpfs /run
	expect 0 anyarch register arm
	ns mkdir -p /run/systemd/system /run/binfmt.d
	ns test -e /usr/lib/systemd/systemd-binfmt || need "no systemd-binfmt"
	same nothing false "$(persists)"
	# As Fedora calls its file, and as Gentoo does: one for all, in another place.
	rule qemu-arm arm $ARM F >"/proc/$NS_PID/root/usr/lib/binfmt.d/qemu-arm-static.conf"
	same 'by another name' true "$(persists)"
	ns ln -s /dev/null /etc/binfmt.d/qemu-arm-static.conf
	same masked false "$(persists)"
	printf '# all\n%s\n%s\n' "$(rule qemu-s390x s390x $ARM F)" "$(rule ARM arm $ARM F)" \
		>"/proc/$NS_PID/root/run/binfmt.d/qemu.conf"
	same 'one file for all' true "$(persists)"
	rm "/proc/$NS_PID/root/usr/lib/binfmt.d/qemu-arm-static.conf"
	# What systemd-binfmt makes of the lines is what status expects of them.
	at_boot() { # NAME WHETHER FORMAT [ARGUMENT...]
		# shellcheck disable=SC2059 # with escapes
		printf "$3" "${@:4}" >"/proc/$NS_PID/root/run/binfmt.d/qemu.conf"
		same "$1" "$2" "$(persists)"
		# shellcheck disable=SC2016
		ns_sh 'echo -1 >"$1/status"; /usr/lib/systemd/systemd-binfmt' "$BINFMT" 2>/dev/null || true
		same "$1, really" "$2" "$([[ -n $(ns "$BATS_TEST_TMPDIR/arm" 2>/dev/null) ]] && echo true || echo false)"
		# shellcheck disable=SC2016
		ns_sh 'echo -1 >"$1/status"' "$BINFMT"
		expect 0 anyarch register arm
	}
	make_arm "$BATS_TEST_TMPDIR/arm"
	at_boot 'line ends of Windows' true '%s\r\n' "$(rule q arm $ARM F)"
	at_boot 'blanks around it' true ' %s \t\n' "$(rule q arm $ARM F)"
	at_boot 'no line end' true '%s' "$(rule q arm $ARM F)"
	at_boot 'unknown flag' false '%s\n' "$(rule q arm $ARM FX)"
	at_boot 'no emulator' false '%s\n' "$(rule q arm /nonexistent F)"
	at_boot 'no emulator, not fixed' false '%s\n' "$(rule q arm /nonexistent P)"
	at_boot 'not a program' false '%s\n' "$(rule q arm /etc/passwd F)"
	at_boot 'replaced by a later one' false '%s\n:q:M::hello::/bin/true:\n' "$(rule q arm $ARM F)"
	at_boot 'replaces an earlier one' true ':q:M::hello::/bin/true:\n%s\n' "$(rule q arm $ARM F)"
	at_boot 'behind one that fails' false '%s\n%s\n' "$(rule q arm $ARM F)" "$(rule z arm /nonexistent P)"
	at_boot 'behind one that is refused' true '%s\n%s\n' "$(rule q arm $ARM F)" "$(rule z arm /nonexistent F)"
	ns_sh 'echo ":q:M::hello::/bin/true:" >/etc/binfmt.d/z.conf'
	at_boot 'replaced by a later file' false '%s\n' "$(rule q arm $ARM F)"
	ns rm /etc/binfmt.d/z.conf
	at_boot 'as usual' true '%s\n' "$(rule q arm $ARM F)"
	ns rm -r /run/systemd
	same 'nobody reads it' false "$(persists)"
}
