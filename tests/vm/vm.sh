#!/bin/bash
# SPDX-License-Identifier: MIT
# Virtual machines with Debian's kernels: fetch a kernel without installing it, boot it with anyarch in it, run a script.
# Sourced by the bats files here, which get: vm_prepare_all, vm_need, vm_on. A machine is called by its series of Linux,
# such as 6.12, when it is an amd64 one, and arm64-6.12.

ANYARCH_SRC=${ANYARCH_SRC:-$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)}
ANYARCH_STATIC=${ANYARCH_STATIC:-$ANYARCH_SRC/build-static/src/anyarch}
ANYARCH_ARM64=${ANYARCH_ARM64:-$ANYARCH_SRC/build-static-arm64/src/anyarch}

# shellcheck source=tools/lib.sh
. "$ANYARCH_SRC/tools/lib.sh"
# shellcheck source=tools/fetch.sh
. "$ANYARCH_SRC/tools/fetch.sh"

VM_EMULATORS=(/usr/bin/qemu-arm-static /usr/bin/qemu-aarch64-static)
VM_TIME_LIMIT=${ANYARCH_VM_TIME_LIMIT:-120}

# Prints why there can be no such machine here; nothing when there can.
vm_missing() # MACHINE
{
	local file files=(cpio xz)

	if [[ $1 == arm64-* ]]; then
		[[ -x $ANYARCH_ARM64 ]] || { echo "no anyarch for arm64: tools/build --host=arm64 makes it"; return; }
		files+=(qemu-system-aarch64 aarch64-linux-gnu-gcc)
	else
		[[ $(uname -m) == x86_64 ]] || { echo "the machines are x86_64 and so must anyarch be"; return; }
		[[ -x $ANYARCH_STATIC ]] || { echo "no static anyarch: tools/build --static makes it"; return; }
		files+=(qemu-system-x86_64 busybox gcc "${VM_EMULATORS[@]}")
	fi
	for file in "${files[@]}"; do
		[[ -n $(type -P "$file") ]] || { echo "no $file"; return; }
	done
}

# Unpacks the newest kernel of a machine's series into DIR: vmlinuz, release, binfmt_misc.ko.
vm_unpack_kernel() # MACHINE DIR
{
	local series=${1#arm64-} dir=$2 arch=amd64 package release module

	[[ $1 != arm64-* ]] || arch=arm64
	fetch_open "$dir/apt" deb "$arch" || return
	# linux-image-6.1.0-53-cloud-amd64 and linux-image-6.12.117+deb12-cloud-amd64 are of the series 6.1 and 6.12.
	package=$(fetch_apt "$dir/apt" apt-cache pkgnames "linux-image-$series" |
		grep -E "^linux-image-${series//./\\.}\.[0-9][^a-z]*(deb[0-9]+[^a-z]*)?-cloud-$arch$" | sort -V | tail -n 1)
	[[ -n $package ]] || { say "the mirror has no kernel $series for clouds"; return 1; }
	release=${package#linux-image-}
	fetch_unpack "$dir/apt" "$package:$arch" "$dir/x" '*/vmlinuz-*' '*/fs/binfmt_misc.ko*' || return
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

# Prints the directory of a machine's kernel, fetched once and cached.
vm_kernel() # MACHINE
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

# The program, busybox, emulators and foreign programs of a machine, into ROOT.
vm_fill_amd64() # ROOT
{
	local arm arm64

	{ read -r arm && read -r arm64; } < <(fetch_busybox armhf arm64) || return
	cp -- "$ANYARCH_STATIC" "$1/usr/sbin/anyarch" &&
		cp -- "$(type -P busybox)" "$1/bin/busybox" &&
		cp -- "${VM_EMULATORS[@]}" "$1/usr/bin/" &&
		cp -- /usr/bin/qemu-i386-static "$1/foreign/" &&
		cp -- "$arm" "$1/foreign/busybox-arm" &&
		cp -- "$arm64" "$1/foreign/busybox-arm64" &&
		gcc -O2 -static -o "$1/bin/deny" "$ANYARCH_SRC/tests/lib/deny.c"
}

vm_fill_arm64() # ROOT
{
	local arm arm64 amd64 emulators

	{ read -r arm && read -r arm64 && read -r amd64; } < <(fetch_busybox armhf arm64 amd64) || return
	emulators=$(fetch_emulators arm64 arm aarch64 x86_64) || return
	cp -- "$ANYARCH_ARM64" "$1/usr/sbin/anyarch" &&
		cp -- "$arm64" "$1/bin/busybox" &&
		cp -- "$emulators"/qemu-{arm,aarch64,x86_64}-static "$1/usr/bin/" &&
		cp -- "$arm" "$1/foreign/busybox-arm" &&
		cp -- "$amd64" "$1/foreign/busybox-amd64" &&
		aarch64-linux-gnu-gcc -O2 -static -o "$1/bin/deny" "$ANYARCH_SRC/tests/lib/deny.c"
}

# Makes a machine's initial file system: busybox, the module where modprobe looks for it, anyarch, the
# emulators, foreign programs, and guest.sh as init. Not compressed, because the machine would take longer to unpack it.
vm_prepare() # MACHINE DIR
{
	local kernel root=$2/root modules fill=vm_fill_amd64

	[[ $1 != arm64-* ]] || fill=vm_fill_arm64
	kernel=$(vm_kernel "$1") || return
	modules=$root/lib/modules/$(cat -- "$kernel/release") || return
	mkdir -p -- "$root"/{bin,sbin,usr/bin,usr/sbin,proc,sys,dev,tmp,run,etc,foreign} "$modules" || return
	cp -- "$kernel/vmlinuz" "$2/vmlinuz" &&
		cp -- "$kernel/binfmt_misc.ko" "$modules/" &&
		printf 'binfmt_misc.ko:\n' >"$modules/modules.dep" &&
		printf 'alias fs-binfmt_misc binfmt_misc\n' >"$modules/modules.alias" &&
		: >"$modules/modules.symbols" &&
		"$fill" "$root" &&
		install -m 755 -- "$ANYARCH_SRC/tests/vm/guest.sh" "$root/init" &&
		vm_archive "$root" >"$2/initramfs"
}

vm_archive() # DIRECTORY
{
	(cd -- "$1" && find . -print0 | cpio --null --create --format=newc --quiet --owner=0:0)
}

# Boots the machine prepared in DIR, runs the shell script on stdin in it, prints what that prints and answers with
# its exit status. Answers 125 when the machine did not get to the end of the script, or the kernel complained. WORDs go
# onto the kernel's command line.
vm_run() # MACHINE DIR [WORD...]
{
	local run status console=ttyS0 emulator=(qemu-system-x86_64 -M q35 -cpu max -m 512)

	if [[ $1 == arm64-* ]]; then
		# Of its three ways to sign pointers this is the one that costs no time to emulate.
		emulator=(qemu-system-aarch64 -M virt -cpu 'max,pauth-impdef=on' -m 768)
		console=ttyAMA0
	fi
	shift

	run=$(mktemp -d -- "$1/run.XXXXXX") || return 125
	mkdir -- "$run/script" && cat >"$run/script/script" && vm_archive "$run/script" >"$run/initramfs.script" &&
		cat -- "$1/initramfs" "$run/initramfs.script" >"$run/initramfs" || return 125
	timeout --kill-after=5 "$VM_TIME_LIMIT" "${emulator[@]}" -accel tcg -nodefaults \
		-display none -serial stdio -no-reboot -kernel "$1/vmlinuz" -initrd "$run/initramfs" \
		-append "console=$console quiet mitigations=off panic=-1 ${*:2}" </dev/null 3>&- 2>&1 |
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

vm_prepare_all() # MACHINE...
{
	local machine

	for machine; do
		[[ -z $(vm_missing "$machine") ]] || continue
		mkdir -- "$BATS_FILE_TMPDIR/$machine"
		vm_prepare "$machine" "$BATS_FILE_TMPDIR/$machine" 2>"$BATS_FILE_TMPDIR/$machine.log" ||
			mv -- "$BATS_FILE_TMPDIR/$machine.log" "$BATS_FILE_TMPDIR/$machine.missing"
	done
}

vm_need() # MACHINE
{
	local why

	why=$(vm_missing "$1")
	[[ -z $why ]] || skip "$why"
}

vm_on() # MACHINE [WORD...] <SCRIPT
{
	local reason=$BATS_FILE_TMPDIR/$1.missing

	[[ ! -e $reason ]] || skip "no machine with Linux $1: $(tail -n 1 -- "$reason")"
	vm_run "$1" "$BATS_FILE_TMPDIR/$1" "${@:2}"
}
