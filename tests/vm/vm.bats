#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What only another kernel can show: handlers on Linux 6.1 (one table for the machine) and 6.12 (one per user namespace),
# from loading the module to unloading it, which succeeds only when nothing is held any more.

setup_file()
{
	load vm.sh
	vm_prepare_all 6.1 6.12
}

setup()
{
	load vm.sh
	vm_need 6.1
}

loads_the_module()
{
	vm_on "$1" <<-'EOF'
		never module_loaded
		mkdir /m
		mount -t binfmt_misc binfmt_misc /m
		module_loaded
		umount /m
		module_unloads
	EOF
}

@test "6.1: mounting loads the module" { loads_the_module 6.1; }
@test "6.12: mounting loads the module" { loads_the_module 6.12; }

registers_in_place()
{
	vm_on "$1" <<-'EOF'
		never module_loaded
		never runs arm armv7l
		anyarch register arm arm64
		[ "$(mounted)" = /proc/sys/fs/binfmt_misc ]
		runs arm armv7l
		runs arm64 aarch64
		anyarch register arm arm64
		[ "$(mounted)" = /proc/sys/fs/binfmt_misc ]
		runs arm armv7l
		anyarch unregister --all
		never runs arm armv7l
		never runs arm64 aarch64
		[ -z "$(handlers)" ]
		leaves_nothing
	EOF
}

@test "6.1: register and unregister on the machine itself" { registers_in_place 6.1; }
@test "6.12: register and unregister on the machine itself" { registers_in_place 6.12; }

# The emulator has a segment more, which is where the program begins: what older kernels make of that.
accelerates()
{
	vm_on "$1" <<-'EOF'
		anyarch register --accelerate arm arm64
		runs arm armv7l
		runs arm64 aarch64
		anyarch status --noheadings --output ARCH,ACCELERATES arm arm64 | grep -c 'yes$' | grep -qx 2
		anyarch unregister --all
		rm -r /var/lib/anyarch
		leaves_nothing
	EOF
}

@test "6.1: emulators with the entry stub" { accelerates 6.1; }
@test "6.12: emulators with the entry stub" { accelerates 6.12; }

pins()
{
	vm_on "$1" <<-'EOF'
		unshare -m --propagation=private anyarch register --lasting=pin arm
		[ -z "$(mounted)" ]
		runs arm armv7l
		never runs arm64 aarch64
		never module_unloads
		anyarch unregister --all
		never runs arm armv7l
		[ -z "$(handlers)" ]
		leaves_nothing
	EOF
}

@test "6.1: a pinned handler outlives its mount namespace, and goes when unregistered" { pins 6.1; }
@test "6.12: a pinned handler outlives its mount namespace, and goes when unregistered" { pins 6.12; }

outlives_its_container()
{
	vm_on "$1" <<-'EOF'
		image /ctr
		contain /ctr anyarch register arm arm64
		[ -z "$(mounted)" ]
		umount /ctr
		runs arm armv7l
		runs arm64 aarch64
		image_is_held
		anyarch unregister arm
		never runs arm armv7l
		runs arm64 aarch64
		anyarch unregister --all
		never runs arm64 aarch64
		[ -z "$(handlers)" ]
		becomes releases_image
		leaves_nothing
	EOF
}

@test "6.1: a container registers for good, and its file system is free afterwards" { outlives_its_container 6.1; }
@test "6.12: a container registers for good, and its file system is free afterwards" { outlives_its_container 6.12; }

works_from_a_read_only_container()
{
	vm_on "$1" <<-'EOF'
		image /ctr
		mount -o remount,ro /ctr
		contain /ctr anyarch register arm
		umount /ctr
		runs arm armv7l
		image /ctr2
		mount -o remount,ro /ctr2
		contain /ctr2 anyarch unregister --all
		umount /ctr2
		never runs arm armv7l
		[ -z "$(handlers)" ]
		becomes releases_image
		leaves_nothing
	EOF
}

@test "6.1: a read-only container registers, another one unregisters" { works_from_a_read_only_container 6.1; }
@test "6.12: a read-only container registers, another one unregisters" { works_from_a_read_only_container 6.12; }

# The control of the tests above. Linux 6.7 began to drop the handlers with the last mount, and the stable series took
# that over ("binfmt_misc: cleanup on filesystem umount", 6.1.107), without the tables per user namespace.
vanishes_when_not_pinned()
{
	vm_on "$1" <<-'EOF'
		# Done, or done but not lasting: either is true.
		unshare -m --propagation=private anyarch register --lasting=no arm || [ $? -eq 5 ]
		[ -z "$(mounted)" ]
		never runs arm armv7l
		[ -z "$(handlers)" ]
		leaves_nothing
	EOF
}

@test "6.1: without pinning the handler ends with its mount namespace" { vanishes_when_not_pinned 6.1; }
@test "6.12: without pinning the handler ends with its mount namespace" { vanishes_when_not_pinned 6.12; }

# With the machine's PID 1 in sight (docker run --pid=host).
goes_through_the_host()
{
	vm_on "$1" <<-'EOF'
		image /ctr
		contain /ctr anyarch register --lasting=host arm
		[ "$(mounted)" = /proc/sys/fs/binfmt_misc ]
		runs arm armv7l
		anyarch unregister --all
		umount /proc/sys/fs/binfmt_misc
		contain /ctr deny EPERM open_tree anyarch register arm
		[ "$(mounted)" = /proc/sys/fs/binfmt_misc ]
		runs arm armv7l
		anyarch unregister --all
		leaves_nothing
	EOF
}

@test "6.1: --lasting=host, and automatically where pinning is forbidden" { goes_through_the_host 6.1; }
@test "6.12: --lasting=host, and automatically where pinning is forbidden" { goes_through_the_host 6.12; }

# Neither pinning nor the host: the machine's PID 1 is not in sight.
tells_that_it_will_not_last()
{
	vm_on "$1" <<-'EOF'
		image /ctr
		status=0
		contain /ctr unshare -p -f --mount-proc deny EPERM open_tree,setns anyarch register arm || status=$?
		[ "$status" -eq 5 ]
		never runs arm armv7l
		[ -z "$(handlers)" ]
		contain /ctr deny EPERM open_tree anyarch register --lasting=pin arm || status=$?
		[ "$status" -eq 4 ]
		[ -z "$(handlers)" ]
		leaves_nothing
	EOF
}

@test "6.1: where nothing makes it last the exit status says so" { tells_that_it_will_not_last 6.1; }
@test "6.12: where nothing makes it last the exit status says so" { tells_that_it_will_not_last 6.12; }

@test "6.1: run says that this kernel has one table for all; in a user namespace nobody takes it for empty" {
	vm_on 6.1 <<-'EOF'
		status=0
		anyarch run true 2>said || status=$?
		cat said
		[ "$status" -eq 4 ]
		[ "$(grep -c '^anyarch: ' said)" -eq 1 ]
		grep -q '^hint: .*6.7' said
		[ -z "$(handlers)" ]
		never runs arm armv7l
		# In a user namespace, a table that is not mounted cannot be looked at: it is not called empty.
		image /ctr
		contain /ctr anyarch register arm
		for words in 'unregister arm' 'unregister --all' 'oneshot --uninstall arm'; do
			status=0
			# shellcheck disable=SC2086 # words are split
			unshare -U -r -m anyarch $words >said 2>&1 || status=$?
			cat said
			[ "$status" -eq 4 ]
		done
		unshare -U -r -m anyarch status >said
		cat said
		grep -q '^linux/arm/v7 .*emulated' said
		runs arm armv7l
	EOF
}

@test "6.12: run gives a command handlers of its own, and the machine none" {
	vm_on 6.12 <<-'EOF'
		never runs arm armv7l
		mkdir /bare
		cp /foreign/busybox-arm /bare/busybox
		[ "$(anyarch run chroot /bare /busybox uname -m)" = armv7l ]
		never runs arm armv7l
		[ -z "$(handlers)" ]
	EOF
}
