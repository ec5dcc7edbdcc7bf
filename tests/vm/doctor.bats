#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what doctor says of a whole machine: causes that need its own kernel, module, boot files or first mount namespace
# are provoked on Linux 6.1 and 6.12, named, and cured by typing the hint as it is shown.

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

# Runs a script in a machine, with somebody there who types hints.
on() # SERIES <SCRIPT
{
	vm_on "$1" < <(typist && cat)
}

typist()
{
	cat <<-'EOF'
		mkdir /typist
		echo ID=debian >/etc/os-release
		printf '#!/bin/sh\nexec "$@"\n' >/typist/sudo
		chmod 755 /typist/sudo

		# examine STATUS [ARGUMENT...]: both forms, into files.
		examine()
		{
			want=$1
			shift
			got=0
			anyarch doctor --all "$@" >/tmp/text || got=$?
			cat /tmp/text
			[ "$got" -eq "$want" ] || return 1
			anyarch doctor --json "$@" >/tmp/json || [ "$?" -eq "$want" ]
		}

		# found LEVEL ID: leaves what to type in $hint, as the text shows it below the sentence.
		found()
		{
			what=$(awk -v level="$1" -v id="$2" '
				{ text = $0; sub(/^[^:]*: "/, "", text); sub(/",?$/, "", text) }
				/"level":/ { l = text }
				/"id":/ { i = text }
				/"what":/ && l == level && i == id { print text; exit }' /tmp/json)
			[ -n "$what" ] || return 1
			hint=$(awk -v line="$1: $what" 'seen { print; exit } $0 == line { seen = 1 }' /tmp/text |
				sed -n 's/^    //p')
		}

		silent() # ID
		{
			! grep -q "\"id\": \"$1\"" /tmp/json
		}

		# cure: root types it; whoever is not root would need the sudo that must be there.
		cure()
		{
			echo "typed: $hint"
			case $hint in
			sudo\ *) PATH=/typist:$PATH sh -c "$hint" ;;
			*) return 1 ;;
			esac
		}
	EOF
}

module_is_not_loaded()
{
	on "$1" <<-'EOF'
		never module_loaded
		examine 0
		silent kernel-support
		found warning not-mounted
		cure
		module_loaded
		runs arm armv7l
		runs arm64 aarch64
		examine 0
		silent not-mounted
		silent missing
		anyarch unregister --all
		leaves_nothing
	EOF
}

@test "6.1: the module is not loaded, and nothing is mounted" { module_is_not_loaded 6.1; }
@test "6.12: the module is not loaded, and nothing is mounted" { module_is_not_loaded 6.12; }

# As after an upgrade that has removed the modules of the kernel that still runs.
module_is_not_there()
{
	on "$1" <<-'EOF'
		mkdir /kept /mnt
		mv /lib/modules/*/* /kept/
		never mount -t binfmt_misc binfmt_misc /mnt
		examine 3
		found problem kernel-support
		printf '#!/bin/sh\nmv /kept/* /lib/modules/*/\n' >/typist/apt
		chmod 755 /typist/apt
		cure
		examine 0
		silent kernel-support
		found warning not-mounted
		cure
		module_loaded
		runs arm armv7l
		anyarch unregister --all
		leaves_nothing
	EOF
}

@test "6.1: the module is not there" { module_is_not_there 6.1; }
@test "6.12: the module is not there" { module_is_not_there 6.12; }

handlers_go_with_the_boot()
{
	on "$1" <<-'EOF'
		mkdir -p /run/systemd/system /usr/lib/systemd
		: >/usr/lib/systemd/systemd-binfmt
		anyarch register arm
		examine 0
		found note not-persistent
		cure
		examine 0
		silent not-persistent
		# What a boot begins with, and what it does with the file.
		anyarch status --check arm
		echo -1 >/proc/sys/fs/binfmt_misc/qemu-arm
		never runs arm armv7l
		grep '^:' /etc/binfmt.d/qemu-arm.conf | while read -r rule; do
			printf %s "$rule" >/proc/sys/fs/binfmt_misc/register
		done
		runs arm armv7l
		anyarch unregister --all
		examine 0
		leaves_nothing
	EOF
}

@test "6.1: handlers that the next boot will not have" { handlers_go_with_the_boot 6.1; }
@test "6.12: handlers that the next boot will not have" { handlers_go_with_the_boot 6.12; }

handlers_are_wrong()
{
	on "$1" <<-'EOF'
		table=/proc/sys/fs/binfmt_misc
		mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
		magic='\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00'
		mount -t binfmt_misc binfmt_misc $table

		# In no other root.
		printf %s ":qemu-arm:M::$magic:$mask:/usr/bin/qemu-arm-static:P" >$table/register
		never runs arm armv7l
		examine 3
		found problem not-fixed
		cure
		runs arm armv7l
		examine 0
		silent not-fixed

		echo 0 >$table/status
		never runs arm armv7l
		examine 3 /foreign/busybox-arm
		found problem switched-off
		hint="sudo sh -c '$hint'"
		cure
		runs arm armv7l
		examine 0 /foreign/busybox-arm

		printf %s ":box:M::$magic:$mask:/nonexistent:" >$table/register
		never runs arm armv7l
		examine 3
		found warning shadowed
		cure
		runs arm armv7l
		examine 0

		anyarch unregister --all
		echo -1 >$table/box
		leaves_nothing
	EOF
}

@test "6.1: handlers not fixed, switched off, shadowed" { handlers_are_wrong 6.1; }
@test "6.12: handlers not fixed, switched off, shadowed" { handlers_are_wrong 6.12; }

user_namespaces_are_forbidden()
{
	on "$1" <<-'EOF'
		echo 0 >/proc/sys/user/max_user_namespaces
		never unshare -U true
		examine 0
		found note max-user-namespaces
		cure
		unshare -U true
		[ -e /proc/sys/kernel/unprivileged_userns_clone ]
		echo 0 >/proc/sys/kernel/unprivileged_userns_clone
		echo 'user:x:1000:1000::/:/bin/sh' >/etc/passwd
		su user -c true
		never su user -c 'unshare -U true'
		examine 0
		found note userns-clone
		cure
		su user -c 'unshare -U true'
		examine 0
		silent max-user-namespaces
		silent userns-clone
	EOF
}

@test "6.1: user namespaces are forbidden, to all and to users" { user_namespaces_are_forbidden 6.1; }
@test "6.12: user namespaces are forbidden, to all and to users" { user_namespaces_are_forbidden 6.12; }

# The kernel decides whether i386 is native, and every command says the same. On other kernels the handler is in the way:
# tests/cli/doctor.bats.
@test "6.12: i386, which the kernel refuses" {
	vm_on 6.12 ia32_emulation=0 < <(typist && cat <<-'EOF'
		printf '\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0\x01\0\0\0\x54\x80\x04\x08\x34\0\0\0\0\0\0\0' >/i386
		printf '\0\0\0\0\x34\0\x20\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\x80\x04\x08\0\x80\x04\x08' >>/i386
		printf '\x5d\0\0\0\x5d\0\0\0\x05\0\0\0\0\x10\0\0\x31\xc0\x40\x31\xdb\xcd\x80\x90\x90' >>/i386
		chmod 755 /i386
		mv /foreign/qemu-i386-static /usr/bin/
		never /i386
		anyarch register arm
		examine 3 /i386
		found problem no-handler
		cure
		/i386
		examine 0 /i386
		examine 0
		silent hijacked
		[ "$(anyarch status --noheadings --columns STATE i386 | uniq)" = emulated ]
		anyarch unregister --all
		leaves_nothing
	EOF
	)
}

handlers_of_a_container()
{
	on "$1" <<-'EOF'
		image /ctr
		contain /ctr anyarch register arm
		umount /ctr
		[ -z "$(mounted)" ]
		runs arm armv7l
		examine 0
		silent not-mounted
		found ok not-mounted-here
		! grep 'arm programs do not run' /tmp/text

		anyarch unregister --all
		# One that does not last: gone with the container.
		image /ctr
		contain /ctr anyarch register --lasting=no arm || [ $? -eq 5 ]
		umount /ctr
		never runs arm armv7l
		examine 0
		found warning not-mounted
		cure
		runs arm armv7l
		anyarch unregister --all
		leaves_nothing
	EOF
}

@test "6.1: handlers of a container that lasts, and of one that does not" { handlers_of_a_container 6.1; }
@test "6.12: handlers of a container that lasts, and of one that does not" { handlers_of_a_container 6.12; }
