# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns a Debian machine of its own, with systemd and Debian's kernel, emulated: it installs packages, runs one test of
# debian/tests as autopkgtest does on an isolated machine, also across the reboot that it asks for, and is gone.

# Raise when the recipe of the machine changes.
TESTBED_RECIPE=1
TESTBED_LIMIT=${ANYARCH_TESTBED_LIMIT:-600}
TESTBED_PACKAGES=(linux-image-cloud-amd64 systemd-sysv dbus qemu-user-static kmod init-system-helpers
	libelf1 libjansson4 libmount1 libnettle8 libsmartcols1 libzstd1 zlib1g)

# What the machine does whenever it has booted: the second disk says it.
testbed_unit() {
	cat <<-'END'
		[Unit]
		Description=What the second disk says
		After=multi-user.target

		[Service]
		StandardOutput=file:/dev/ttyS0
		StandardError=inherit
		ExecStart=/bin/sh -c 'mkdir -p /var/lib/testbed && tar -x -C /var/lib/testbed -f /dev/vdb && exec /var/lib/testbed/run'
	END
}

# testbed_make DIR: disk, vmlinuz and initrd, of the packages of this machine's release.
testbed_make() {
	local root=$1/root

	mkdir -p "$root"
	mmdebstrap --mode=root --variant=minbase --format=tar --include="$(IFS=, && echo "${TESTBED_PACKAGES[*]}")" \
		--aptopt='Acquire::Retries "3"' --aptopt='APT::Sandbox::User "root"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		"$codename" - "deb $uri $codename main" 2>"$1/log" 3>&- | tar -x -C "$root" || {
		tail -n 30 "$1/log" >&2
		return 1
	}
	testbed_unit >"$root/etc/systemd/system/testbed.service"
	ln -s ../testbed.service "$root/etc/systemd/system/multi-user.target.wants/testbed.service"
	echo testbed >"$root/etc/hostname"
	: >"$root/etc/machine-id"
	mv "$root"/boot/vmlinuz-* "$1/vmlinuz" && mv "$root"/boot/initrd.img-* "$1/initrd" &&
		mke2fs -q -t ext4 -d "$root" "$1/disk" 1500M >&2 && rm -rf "$root" "$1/log"
}

# testbed: prints the directory of such a machine, made once and cached.
testbed() {
	local codename uri cache machine

	cache=$(cache)/testbed
	mkdir -p "$cache"
	(
		exec 9<"$cache"
		flock 9
		find_mirror || need "apt is configured with no Debian mirror"
		machine=$cache/$codename-$TESTBED_RECIPE
		printf '%s\n' "$machine"
		[[ ! -d $machine ]] || exit 0
		rm -rf "$cache/new"
		testbed_make "$cache/new" && mv "$cache/new" "$machine"
	)
}

# The side of autopkgtest: packages are installed once, and a test that reboots is called again with its mark.
testbed_runner() { # TEST
	cat <<-END
		#!/bin/bash
		cd /var/lib/testbed || exit
		if [[ ! -e installed ]]; then
			dpkg -i ./*.deb
			: >installed
		fi
		printf '#!/bin/sh\necho "\$1" >/var/lib/testbed/mark\nsync\nsystemctl reboot\nexec sleep 1000\n' >/tmp/autopkgtest-reboot
		chmod 755 /tmp/autopkgtest-reboot
		[[ ! -e mark ]] || export AUTOPKGTEST_REBOOT_MARK=\$(cat mark)
		status=0
		debian/tests/$1 || status=\$?
		echo "testbed: mark \${AUTOPKGTEST_REBOOT_MARK-none}, status \$status"
		sync
		poweroff -f
	END
}

# testbed_run TEST DEB...: the machine's console on stdout; fails where the test does, or the machine does not get to its end.
testbed_run() {
	local test=$1 machine work=$BATS_TEST_TMPDIR/testbed
	shift

	machine=$(testbed) || return
	mkdir -p "$work/debian" "$work/tests"
	cp -r "$ANYARCH_SRC/debian/tests" "$work/debian/"
	cp -r "$ANYARCH_SRC/tests/lib" "$work/tests/"
	cp "$@" "$work/"
	testbed_runner "$test" >"$work/run"
	chmod 0755 "$work/run"
	tar -c -C "$work" -f "$work.tar" .
	# What is written to the first disk is gone when the machine is.
	timeout --kill-after=5 "$TESTBED_LIMIT" qemu-system-x86_64 -M q35 -cpu max -m 1024 -smp 2 -accel tcg -nodefaults -display none \
		-serial "file:$work.console" -kernel "$machine/vmlinuz" -initrd "$machine/initrd" \
		-drive "file=$machine/disk,format=raw,if=virtio,snapshot=on" -drive "file=$work.tar,format=raw,if=virtio,readonly=on" \
		-append 'root=/dev/vda rw console=ttyS0 quiet mitigations=off panic=-1 systemd.show_status=0 systemd.mask=serial-getty@ttyS0.service' \
		</dev/null 3>&- || true
	tr -d '\r' <"$work.console"
	grep -q '^testbed: mark .*, status 0.*$' "$work.console"
}
