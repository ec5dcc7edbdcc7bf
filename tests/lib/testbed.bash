# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns a Debian machine of its own, with systemd and Debian's kernel, emulated: it boots once with packages installed and the
# service enabled, runs the test of debian/tests that autopkgtest runs on an isolated machine, and shuts down.

# Raise when the recipe of the machine changes.
TESTBED_RECIPE=2
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

# testbed_make DIR: root.tar, vmlinuz and initrd, of the packages of this machine's release. Two emulators are enough.
testbed_make() {
	local root=$1/root

	mkdir -p "$root"
	mmdebstrap --mode=root --variant=minbase --format=tar --include="$(IFS=, && echo "${TESTBED_PACKAGES[*]}")" \
		--aptopt='Acquire::Retries "3"' --aptopt='APT::Sandbox::User "root"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/bin/qemu-*' --dpkgopt='path-include=/usr/bin/qemu-arm-static' \
		--dpkgopt='path-include=/usr/bin/qemu-aarch64-static' \
		"$codename" - "deb $uri $codename main" 2>"$1/log" 3>&- | tar -x -C "$root" || {
		tail -n 30 "$1/log" >&2
		return 1
	}
	testbed_unit >"$root/etc/systemd/system/testbed.service"
	ln -s ../testbed.service "$root/etc/systemd/system/multi-user.target.wants/testbed.service"
	echo testbed >"$root/etc/hostname"
	: >"$root/etc/machine-id"
	mv "$root"/boot/vmlinuz-* "$1/vmlinuz" && mv "$root"/boot/initrd.img-* "$1/initrd" &&
		tar -c -C "$root" -f "$1/root.tar" . && rm -rf "$root" "$1/log"
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

# What the test does before its reboot is done to the files of the machine, so that it boots as if for the second time. Then
# comes the other half of the test, in the same boot, and what systemd says at shutdown.
testbed_runner() { # TEST
	cat <<-END
		#!/bin/bash
		cd /var/lib/testbed || exit
		printf '#!/bin/sh\nexit 0\n' >/tmp/autopkgtest-reboot
		chmod 755 /tmp/autopkgtest-reboot
		for mark in rebooted ''; do
			status=0
			AUTOPKGTEST_REBOOT_MARK=\$mark debian/tests/$1 || status=\$?
			echo "testbed: mark \${mark:-none}, status \$status"
		done
		kill -s RTMIN+20 1 # show what is stopped
		systemctl poweroff
	END
}

# testbed_disk MACHINE DISK DEB...: its disk, with packages, the service enabled, and what the test makes before it reboots.
testbed_disk() {
	local root=$BATS_TEST_TMPDIR/testbed-root one debs=()

	mkdir "$root"
	tar -x -C "$root" -f "$1/root.tar"
	for one in "${@:3}"; do
		cp "$one" "$root/"
		debs+=("/${one##*/}")
	done
	chroot "$root" dpkg -i "${debs[@]}" >&2 3>&- || return
	rm "${debs[@]/#/$root}"
	systemctl --root="$root" --quiet enable anyarch.service
	mkdir -p "$root/etc/binfmt.d" "$root/var/lib/anyarch-test"
	for one in "$root"/usr/lib/binfmt.d/qemu-*.conf; do
		ln -s /dev/null "$root/etc/binfmt.d/${one##*/}"
	done
	make_arm "$root/var/lib/anyarch-test/arm"
	make_foreign "$root/var/lib/anyarch-test/arm64" b700
	mke2fs -q -t ext4 -d "$root" "$2" 1500M >&2 && rm -rf "$root"
}

# testbed_run TEST DEB...: the machine's console on stdout; fails where the test does, or the machine does not get to its end.
# Needs programs.bash.
testbed_run() {
	local test=$1 machine work=$BATS_TEST_TMPDIR/testbed
	shift

	machine=$(testbed) || return
	mkdir -p "$work/debian" "$work/tests"
	testbed_disk "$machine" "$work.disk" "$@" || return
	cp -r "$ANYARCH_SRC/debian/tests" "$work/debian/"
	cp -r "$ANYARCH_SRC/tests/lib" "$work/tests/"
	testbed_runner "$test" >"$work/run"
	chmod 0755 "$work/run"
	tar -c -C "$work" -f "$work.tar" .
	timeout --kill-after=5 "$TESTBED_LIMIT" qemu-system-x86_64 -M q35 -cpu max -m 1024 -smp 2 -accel tcg -nodefaults -display none \
		-serial "file:$work.console" -kernel "$machine/vmlinuz" -initrd "$machine/initrd" \
		-drive "file=$work.disk,format=raw,if=virtio" -drive "file=$work.tar,format=raw,if=virtio,readonly=on" \
		-append 'root=/dev/vda rw console=ttyS0 quiet mitigations=off panic=-1 systemd.show_status=0 systemd.mask=serial-getty@ttyS0.service' \
		</dev/null 3>&- || true
	tr -d '\r' <"$work.console"
	rm "$work.disk"
	grep -q '^testbed: mark rebooted, status 0' "$work.console" && grep -q '^testbed: mark none, status 0' "$work.console"
}
