#!/bin/bash
# SPDX-License-Identifier: MIT
# Virtual machines with Debian's kernels: fetch a kernel without installing it, boot it with anyarch in it, run a script.
# Sourced by the bats files here, which get: vm_prepare_all, vm_need, vm_on.

ANYARCH_SRC=${ANYARCH_SRC:-$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)}
ANYARCH_STATIC=${ANYARCH_STATIC:-$ANYARCH_SRC/build-static/src/anyarch}

# shellcheck source=tools/lib.sh
. "$ANYARCH_SRC/tools/lib.sh"
# shellcheck source=tools/fetch.sh
. "$ANYARCH_SRC/tools/fetch.sh"

VM_EMULATORS=(/usr/bin/qemu-arm-static /usr/bin/qemu-aarch64-static)
VM_TIME_LIMIT=${ANYARCH_VM_TIME_LIMIT:-120}

# Prints why there can be no machines here; nothing when there can.
vm_missing()
{
	local file

	[[ $(uname -m) == x86_64 ]] || { echo "the machines are x86_64 and so must anyarch be"; return; }
	[[ -x $ANYARCH_STATIC ]] || { echo "no static anyarch: tools/build --static makes it"; return; }
	for file in qemu-system-x86_64 busybox cpio xz gcc "${VM_EMULATORS[@]}"; do
		[[ -n $(type -P "$file") ]] || { echo "no $file"; return; }
	done
}

# Unpacks the newest kernel of a series (6.1, 6.12) into DIR: vmlinuz, release, binfmt_misc.ko.
vm_unpack_kernel() # SERIES DIR
{
	local series=$1 dir=$2 package release module

	fetch_open "$dir/apt" deb amd64 || return
	# linux-image-6.1.0-53-cloud-amd64 and linux-image-6.12.117+deb12-cloud-amd64 are of the series 6.1 and 6.12.
	package=$(fetch_apt "$dir/apt" apt-cache pkgnames "linux-image-$series" |
		grep -E "^linux-image-${series//./\\.}\.[0-9][^a-z]*(deb[0-9]+[^a-z]*)?-cloud-amd64$" | sort -V | tail -n 1)
	[[ -n $package ]] || { say "the mirror has no kernel $series for clouds"; return 1; }
	release=${package#linux-image-}
	fetch_unpack "$dir/apt" "$package" "$dir/x" '*/vmlinuz-*' '*/fs/binfmt_misc.ko*' || return
	mv -- "$dir/x/boot/vmlinuz-$release" "$dir/vmlinuz" || return
	module=$(find "$dir/x" -name 'binfmt_misc.ko*') || return
	case $module in
	*.xz) xz -dc -- "$module" >"$dir/binfmt_misc.ko" || return ;;
	*.ko) mv -- "$module" "$dir/binfmt_misc.ko" || return ;;
	*) say "unknown compression: $module"; return 1 ;;
	esac
	printf '%s\n' "$release" >"$dir/release"
	rm -rf -- "$dir/x" "$dir/apt"
	chmod 755 -- "$dir"
}

# Prints the directory of a series' kernel, fetched once and cached.
vm_kernel() # SERIES
{
	local cache tmp

	cache=$(cache_dir)/kernels || return
	mkdir -p -- "$cache" || return
	(
		flock 9
		[[ ! -d $cache/$1 ]] || exit 0
		rm -rf -- "$cache"/.tmp.*
		tmp=$(mktemp -d -- "$cache/.tmp.XXXXXX") || exit
		trap 'rm -rf -- "$tmp"' EXIT
		vm_unpack_kernel "$1" "$tmp" && mv -T -- "$tmp" "$cache/$1"
	) 9<"$cache" || return
	printf '%s\n' "$cache/$1"
}

# Makes the initial file system of a series' machine: busybox, the module where modprobe looks for it, anyarch, the
# emulators, foreign programs, and guest.sh as init. Not compressed, because the machine would take longer to unpack it.
vm_prepare() # SERIES DIR
{
	local kernel root=$2/root modules arm arm64

	kernel=$(vm_kernel "$1") || return
	modules=$root/lib/modules/$(cat -- "$kernel/release") || return
	{ read -r arm && read -r arm64; } < <(fetch_busybox armhf arm64) || return
	mkdir -p -- "$root"/{bin,sbin,usr/bin,usr/sbin,proc,sys,dev,tmp,run,etc,foreign} "$modules" || return
	cp -- "$kernel/vmlinuz" "$2/vmlinuz" &&
		cp -- "$kernel/binfmt_misc.ko" "$modules/" &&
		printf 'binfmt_misc.ko:\n' >"$modules/modules.dep" &&
		printf 'alias fs-binfmt_misc binfmt_misc\n' >"$modules/modules.alias" &&
		: >"$modules/modules.symbols" &&
		cp -- "$(type -P busybox)" "$root/bin/busybox" &&
		cp -- "$arm" "$root/foreign/busybox-arm" &&
		cp -- "$arm64" "$root/foreign/busybox-arm64" &&
		cp -- "${VM_EMULATORS[@]}" "$root/usr/bin/" &&
		cp -- "$ANYARCH_STATIC" "$root/usr/sbin/anyarch" &&
		gcc -O2 -static -o "$root/bin/deny" "$ANYARCH_SRC/tests/lib/deny.c" &&
		install -m 755 -- "$ANYARCH_SRC/tests/vm/guest.sh" "$root/init" &&
		vm_archive "$root" >"$2/initramfs"
}

vm_archive() # DIRECTORY
{
	(cd -- "$1" && find . -print0 | cpio --null --create --format=newc --quiet --owner=0:0)
}

# Boots the machine prepared in DIR, runs the shell script on stdin in it, prints what that prints and answers with
# its exit status. Answers 125 when the machine did not get to the end of the script, or the kernel complained.
vm_run() # DIR
{
	local run status

	run=$(mktemp -d -- "$1/run.XXXXXX") || return 125
	mkdir -- "$run/script" && cat >"$run/script/script" && vm_archive "$run/script" >"$run/initramfs.script" &&
		cat -- "$1/initramfs" "$run/initramfs.script" >"$run/initramfs" || return 125
	timeout --kill-after=5 "$VM_TIME_LIMIT" qemu-system-x86_64 -accel tcg -M q35 -cpu max -m 512 -nodefaults \
		-display none -serial stdio -no-reboot -kernel "$1/vmlinuz" -initrd "$run/initramfs" \
		-append 'console=ttyS0 quiet mitigations=off panic=-1' </dev/null 3>&- 2>&1 |
		tr -d '\r' >"$run/console" || true
	status=$(sed -n 's/^vm: status \([0-9][0-9]*\)$/\1/p' "$run/console")
	sed '/^vm: status /d' "$run/console"
	if [[ -z $status ]]; then
		echo "vm: the machine died, or did not get to the end of the script in $VM_TIME_LIMIT seconds"
		status=125
	fi
	rm -rf -- "$run"
	return "$status"
}

# ---- for files of tests: setup_file, setup, and a script in one of the machines ----

vm_prepare_all()
{
	local series

	[[ -z $(vm_missing) ]] || return 0
	for series in 6.1 6.12; do
		mkdir -- "$BATS_FILE_TMPDIR/$series"
		vm_prepare "$series" "$BATS_FILE_TMPDIR/$series" 2>"$BATS_FILE_TMPDIR/$series.log" ||
			mv -- "$BATS_FILE_TMPDIR/$series.log" "$BATS_FILE_TMPDIR/$series.missing"
	done
}

vm_need()
{
	local why

	why=$(vm_missing)
	[[ -z $why ]] || skip "$why"
}

vm_on() # SERIES <SCRIPT
{
	local reason=$BATS_FILE_TMPDIR/$1.missing

	[[ ! -e $reason ]] || skip "no machine with Linux $1: $(tail -n 1 -- "$reason")"
	vm_run "$BATS_FILE_TMPDIR/$1"
}
