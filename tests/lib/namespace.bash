# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns a handler table of the test's own: a user namespace with its own instance of binfmt_misc, in which the program
# under test always runs, also where it is expected to refuse, so that the machine's own table is never touched.

BINFMT=/proc/sys/fs/binfmt_misc

# rule NAME ARCH INTERPRETER FLAGS: a registration string as other registrars write it.
rule() {
	local magic mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
	local big='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff'

	case $2 in
	arm) magic='\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00' ;;
	aarch64) magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' ;;
	riscv64) magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xf3\x00' ;;
	s390x)
		magic='\x7fELF\x02\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x16'
		mask=$big
		;;
	*) return 2 ;;
	esac
	printf ':%s:M:0:%s:%s:%s:%s' "$1" "$magic" "$mask" "$3" "$4"
}

# Handlers of other people, as they are found on machines.
# shellcheck disable=SC2034 # for the tests
{
	RULE_WSL=':WSLInterop:M::MZ::/init:P'
	RULE_PYTHON=':python3.12:M::\xcb\x0d\x0d\x0a::/usr/bin/python3:'
	RULE_WINE=':wine:E::exe::/usr/bin/wine:'
}

# The kernel keeps a user namespace's own instance since 6.7; without that, registering there would reach the machine's.
ns_possible() {
	local major minor

	IFS=.- read -r major minor _ < <(uname -r)
	((major > 6 || (major == 6 && minor >= 7))) || {
		echo "Linux $major.$minor has one handler table for all user namespaces"
		return 1
	}
	unshare --user --map-root-user --mount true 2>/dev/null || {
		echo "no user namespaces"
		return 1
	}
}

# Starts a process that holds new namespaces and sets NS_PID. As root, users 0 to 65535 are there under the same
# numbers, else root alone.
ns_hold() {
	local map=(--map-root-user) comm=''

	[[ $EUID -ne 0 ]] || map=()
	unshare --user "${map[@]}" --mount --propagation private -- sleep 100000 </dev/null >/dev/null 2>&1 3>&- &
	NS_PID=$!
	until [[ $comm == sleep ]]; do
		sleep 0.001 3>&-
		read -r comm <"/proc/$NS_PID/comm" || return
	done
	[[ $EUID -eq 0 ]] || return 0
	echo '0 0 65536' >"/proc/$NS_PID/uid_map"
	echo '0 0 65536' >"/proc/$NS_PID/gid_map"
}

# The machine's own table stays in sight where it is mounted already, and root may write to it from any namespace.
ns_hide_machine() {
	local place rest

	while read -r _ _ _ _ place rest; do
		[[ $rest == *' - binfmt_misc '* || $rest == *' - autofs '* ]] || continue
		if [[ $place == "$BINFMT" ]]; then
			mkdir -p "$BATS_TEST_TMPDIR/nothing"
			ns mount --bind "$BATS_TEST_TMPDIR/nothing" "$BINFMT" || return
		elif [[ $rest == *' - binfmt_misc '* ]]; then
			need "the machine's binfmt_misc is mounted on $place, where it cannot be hidden"
		fi
	done <"/proc/$NS_PID/mountinfo"
}

# ns_open: namespaces with an empty instance in the usual place. Its files, for the test itself: $TABLE.
ns_open() {
	local why

	# Found out once for all tests of a run.
	if [[ ! -e $BATS_RUN_TMPDIR/namespaces ]]; then
		why=$(ns_possible) || need "$why"
		: >"$BATS_RUN_TMPDIR/namespaces"
	fi
	ns_hold || return
	ns_hide_machine || return
	ns mount -t binfmt_misc binfmt_misc "$BINFMT" || return
	TABLE=/proc/$NS_PID/root$BINFMT
	[[ -e $TABLE/register && -z $(table_names) ]]
}

# ns_open_bare: the same, but nothing is mounted. (It has been: so the machine's handlers are out of sight.)
ns_open_bare() {
	ns_open || return
	ns umount "$BINFMT"
}

ns_close() {
	[[ -n ${NS_PID-} ]] || return 0
	kill "$NS_PID" 2>/dev/null || true
	wait "$NS_PID" 2>/dev/null || true
	NS_PID=''
}

# ns COMMAND...: runs it in there, as root.
ns() {
	[[ -n ${NS_PID-} ]] || {
		printf 'no namespace: %s\n' "$*" >&2
		return 125
	}
	nsenter --target "$NS_PID" --user --mount --preserve-credentials -- "$@"
}

# ns_sh SCRIPT [ARGUMENT...]
ns_sh() {
	local script=$1
	shift

	ns sh -c "$script" sh "$@"
}

# anyarch ARGUMENT...: the program under test, in there.
anyarch() {
	ns "$ANYARCH" "$@"
}

# table_write STRING: what a registrar does.
table_write() {
	# shellcheck disable=SC2016
	ns_sh 'printf %s "$1" >"$2/register"' "$1" "$BINFMT"
}

table_names() (
	cd "$TABLE" || exit
	for one in *; do
		case $one in
		register | status) ;;
		*) printf '%s\n' "$one" ;;
		esac
	done
)

# table_snapshot: every handler with its text and inode: equal only if nothing was registered anew in between.
table_snapshot() (
	cd "$TABLE" || exit
	for one in *; do
		case $one in
		register | status) ;;
		*)
			stat -c '%i %n' -- "./$one"
			cat -- "./$one"
			;;
		esac
	done
)

has_handler() {
	[[ -e $TABLE/$1 ]]
}

# handler_field NAME WORD: what the kernel says after the word, such as "flags:" or "interpreter".
handler_field() {
	sed -n "s|^$2 *||p" "$TABLE/$1"
}

# Names that an interrupted replacement leaves.
leftovers() {
	table_names | grep -E '\.(new|probe)-' || true
}
