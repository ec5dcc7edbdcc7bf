#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# The init of a test machine: sets it up, runs /script with a few helpers, reports the status, powers off.
# shellcheck shell=dash

export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# First life, on the initramfs: a root that cannot be pivoted away from, so move to a tmpfs as a container host would.
if [ "$1" != again ]; then
	/bin/busybox mkdir /new
	/bin/busybox mount -t tmpfs -o size=256m tmpfs /new
	for d in bin etc foreign init lib run sbin script tmp usr; do
		/bin/busybox cp -a "/$d" /new/
	done
	/bin/busybox mkdir /new/proc /new/sys /new/dev
	/bin/busybox mount -t devtmpfs devtmpfs /new/dev
	exec /bin/busybox switch_root /new /init again
fi

/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys

fail()
{
	echo "# $*"
	exit 1
}

# Fails when the command does not.
never() # COMMAND...
{
	if "$@"; then
		fail "this should have failed: $*"
	fi
}

# The table: where it is mounted here. Empty when it is not.
mounted()
{
	awk '$3 == "binfmt_misc" { print $2 }' /proc/mounts
}

# What the handler table holds, seen through a mount of one's own that is gone afterwards.
handlers()
{
	mkdir -p /tmp/look
	mount -t binfmt_misc binfmt_misc /tmp/look || fail "cannot mount binfmt_misc"
	for entry in /tmp/look/*; do
		entry=${entry##*/}
		[ "$entry" = register ] || [ "$entry" = status ] || echo "$entry"
	done
	umount /tmp/look
}

# Fails unless "busybox uname -m" of ARCH says MACHINE, in a root that has nothing but this program.
runs() # ARCH MACHINE
{
	mkdir -p "/tmp/bare-$1"
	cp "/foreign/busybox-$1" "/tmp/bare-$1/busybox"
	[ "$(chroot "/tmp/bare-$1" /busybox uname -m 2>&1)" = "$2" ]
}

# Waits for a condition that the kernel brings about a moment later.
becomes() # COMMAND...
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$@" && return 0
		sleep 0.1
	done
	"$@"
}

# Runs a command like a container runtime does: in a mount namespace of its own, with DIR as its root, a file system that
# "image" made and that is mounted outside, too. Nothing of it remains but what the kernel holds.
contain() # DIR COMMAND...
{
	root=$1
	shift
	# shellcheck disable=SC2016 # expanded inside
	unshare -m --propagation=private sh -c '
		cd "$0" && mount -t proc proc proc && mount -t sysfs -o ro sysfs sys && mount --bind /dev dev &&
		pivot_root . old && cd / && umount -l /old && exec "$@"' "$root" "$@"
}

# Makes a tmpfs at DIR with a root file system of a container image that has anyarch and the emulators in it.
image() # DIR
{
	mkdir -p "$1"
	mount -t tmpfs image "$1"
	mkdir -p "$1/bin" "$1/usr/bin" "$1/usr/sbin" "$1/tmp" "$1/proc" "$1/sys" "$1/dev" "$1/old"
	cp /bin/busybox "$1/bin/busybox"
	ln -s busybox "$1/bin/sh"
	cp /usr/bin/qemu-*-static "$1/usr/bin/"
	cp /usr/sbin/anyarch "$1/usr/sbin/"
	cp /bin/deny "$1/bin/"
	dd if=/dev/zero of="$1/ballast" bs=1M count=96 2>/dev/null
}

# Is there a file system of "image" left, mounted or not? Its ballast shows in what all tmpfs together hold.
image_is_held()
{
	[ "$(awk '$1 == "Shmem:" { print $2 }' /proc/meminfo)" -gt 98304 ]
}

module_loaded()
{
	grep -q '^binfmt_misc ' /proc/modules
}

releases_image()
{
	! image_is_held
}

# Takes the module out: works only when nothing at all holds the handler table.
module_unloads()
{
	rmmod binfmt_misc 2>/dev/null
}

# The end of a test: once unmounted, nothing holds the table.
leaves_nothing()
{
	for place in $(mounted); do
		umount "$place"
	done
	becomes module_unloads
}

(
	set -ex
	# shellcheck source=/dev/null
	. /script
)
status=$?
# A kernel that has warned (512) or oopsed (128) is no success.
if [ $(($(cat /proc/sys/kernel/tainted) & 640)) -ne 0 ]; then
	dmesg | tail -n 40
	status=125
fi
echo "vm: status $status"
poweroff -f
