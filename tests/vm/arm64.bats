#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what an arm64 machine shows: it runs amd64 programs when told to, its own and mostly those of 32-bit ARM by itself,
# and anyarch tells truthfully which; on Linux 6.1 and 6.12, the latter also as on a processor without 32 bits.

setup_file()
{
	load vm.sh
	vm_prepare_all arm64-6.1 arm64-6.12
}

setup()
{
	load vm.sh
	vm_need arm64-6.1
}

# Runs a script in an arm64 machine, with what these tests look at.
on() # SERIES [WORD...] <SCRIPT
{
	vm_on "arm64-$1" "${@:2}" < <(observer && cat)
}

observer()
{
	cat <<-'EOF'
		state() # ARCH
		{
			anyarch status --noheadings --output ARCH,STATE | awk -v arch="$1" '$1 == arch { print $2 }'
		}

		# ends STATUS COMMAND...: with what it says in the file "said".
		ends()
		{
			want=$1
			shift
			got=0
			"$@" >out 2>said || got=$?
			cat out said
			[ "$got" -eq "$want" ]
		}
	EOF
}

registers_amd64()
{
	on "$1" <<-'EOF'
		never runs amd64 x86_64
		never anyarch status --check amd64
		anyarch register amd64
		[ "$(mounted)" = /proc/sys/fs/binfmt_misc ]
		runs amd64 x86_64
		[ "$(state x86_64)" = emulated ]
		anyarch status --check amd64 arm64 arm
		ends 0 anyarch register amd64
		grep -q 'nothing to change' said
		anyarch unregister --all
		never runs amd64 x86_64
		[ -z "$(handlers)" ]

		image /ctr
		contain /ctr anyarch oneshot >/tmp/status
		umount /ctr
		grep -q '"linux/amd64"' /tmp/status
		runs amd64 x86_64
		[ "$(handlers)" = qemu-x86_64 ]
		image_is_held
		anyarch unregister --all
		never runs amd64 x86_64
		becomes releases_image

		# Where pinning is forbidden, through the host.
		image /ctr
		contain /ctr deny EPERM open_tree anyarch register amd64
		[ "$(mounted)" = /proc/sys/fs/binfmt_misc ]
		runs amd64 x86_64
		anyarch unregister --all
		umount /ctr
		leaves_nothing
	EOF
}

@test "6.1: amd64 programs run, of a machine and of a container that sets it up" { registers_amd64 6.1; }
@test "6.12: amd64 programs run, of a machine and of a container that sets it up" { registers_amd64 6.12; }

# The emulator has a segment more, which is where the program begins: with this kernel and these pages.
accelerates()
{
	on "$1" <<-'EOF'
		anyarch register --accelerate amd64
		runs amd64 x86_64
		anyarch status --noheadings --output ARCH,ACCELERATES amd64 | grep -q 'x86_64 *yes'
		anyarch status --check amd64
		anyarch register amd64
		runs amd64 x86_64
		anyarch unregister --all
		rm -r /var/lib/anyarch
		leaves_nothing
	EOF
}

@test "6.1: emulators with the entry stub" { accelerates 6.1; }
@test "6.12: emulators with the entry stub" { accelerates 6.12; }

runs_arm_by_itself()
{
	on "$1" <<-'EOF'
		# What runs by itself tells the machine's own name.
		runs arm aarch64
		[ "$(state aarch64) $(state arm)" = "native native" ]
		ends 0 anyarch register
		grep -q 'nothing to do for arm and arm64: this machine runs such programs natively (to emulate other platforms' said
		ends 0 anyarch register arm
		grep -q -- --force said
		ends 0 anyarch register arm arm64
		grep -q 'nothing to do for arm and arm64' said
		[ -z "$(handlers)" ]
		ends 3 anyarch register --emulator arm=/usr/bin/qemu-arm-static
		ends 3 anyarch register --force arm64
		[ -z "$(handlers)" ]
		ends 0 anyarch doctor
		grep -q 'sudo anyarch register amd64$' out
		ends 0 anyarch doctor /foreign/busybox-arm
		ends 3 anyarch doctor /foreign/busybox-amd64

		# An image for this machine with nothing but emulators that it does not need.
		mkdir /tmp/kept
		mv /usr/bin/qemu-x86_64-static /tmp/kept/
		ends 0 anyarch oneshot
		grep -q 'nothing to do' said
		ends 0 anyarch register all
		grep -q 'nothing to do' said
		ends 0 anyarch oneshot --install arm64,arm
		grep -q 'arm runs natively' said
		[ -z "$(handlers)" ]

		anyarch register --force arm
		runs arm armv7l
		[ "$(state arm)" = emulated ]
		anyarch unregister arm
		runs arm aarch64
		[ "$(state arm)" = native ]
		leaves_nothing
	EOF
}

@test "6.1: arm programs run by themselves, and nothing is registered for them unasked" { runs_arm_by_itself 6.1; }
@test "6.12: arm programs run by themselves, and nothing is registered for them unasked" { runs_arm_by_itself 6.12; }

@test "6.12: where the processor has no 32 bits arm programs are foreign" {
	on 6.12 arm64.no32bit_el0 <<-'EOF'
		never runs arm aarch64
		never runs arm armv7l
		[ "$(state aarch64) $(state arm)" = "native missing" ]
		ends 3 anyarch status --check
		ends 3 anyarch doctor /foreign/busybox-arm
		grep -q 'sudo anyarch register arm$' out
		ends 0 anyarch register
		[ "$(handlers)" = qemu-arm ]
		runs arm armv7l
		[ "$(state arm)" = emulated ]
		anyarch status --check
		anyarch unregister --all
		never runs arm armv7l
		ends 0 anyarch oneshot
		[ "$(handlers | tr '\n' ' ')" = 'qemu-arm qemu-x86_64 ' ]
		anyarch unregister --all
		leaves_nothing
	EOF
}

@test "6.12: run gives a command handlers of its own, and the machine none" {
	on 6.12 <<-'EOF'
		mkdir /bare
		cp /foreign/busybox-amd64 /bare/busybox
		[ "$(anyarch run chroot /bare /busybox uname -m)" = x86_64 ]
		never runs amd64 x86_64
		[ -z "$(handlers)" ]
	EOF
}
