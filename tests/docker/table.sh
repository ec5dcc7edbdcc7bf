# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns the tests' view of the machine's own handler table: looking at it, holding it alive, emptying
# it, always from a private mount namespace so that the machine itself never has binfmt_misc mounted.

# The text that the kernel unescapes by itself: the header of an arm or arm64 program looks like.
TABLE_MAGIC_ARM='\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00'
TABLE_MAGIC_AARCH64='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
TABLE_MASK='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'

# table_rule ARCH INTERPRETER FLAGS: the rule for qemu-ARCH on stdout, ready for one write.
table_rule() {
	local magic
	case $1 in
	arm) magic=$TABLE_MAGIC_ARM ;;
	aarch64) magic=$TABLE_MAGIC_AARCH64 ;;
	*) return 2 ;;
	esac
	printf ':qemu-%s:M:0:%s:%s:%s:%s' "$1" "$magic" "$TABLE_MASK" "$2" "$3"
}

# table_in COMMAND…: run it with the current directory on a mount of the machine's instance that
# nobody else sees and that ends with the command. The mount point is a directory of its own: on
# /proc/sys/fs/binfmt_misc it would wake the automount of a machine with systemd.
table_in() {
	local dir rc=0

	dir=$(mktemp -d) || return
	# shellcheck disable=SC2016 # the inner shell expands these
	unshare --mount --propagation private -- bash -c '
		mount --no-mtab -t binfmt_misc binfmt_misc "$1" && cd "$1" && shift && "$@"
	' table_in "$dir" "$@" || rc=$?
	rmdir "$dir"
	return "$rc"
}

# table_names: the names of all entries, one per line, sorted; nothing when the table is empty.
table_names() {
	# shellcheck disable=SC2016
	table_in bash -c 'for f in *; do case $f in register | status) ;; *) printf "%s\n" "$f" ;; esac; done'
}

# table_entry NAME: what the kernel says about it.
table_entry() {
	table_in cat -- "$1"
}

# table_flags NAME: its flags alone, such as F or OCF.
table_flags() {
	table_entry "$1" | sed -n 's/^flags: *//p'
}

# table_print: every qemu-* entry with its inode and content: equal output means that nothing was
# registered anew in between, not even with the same text.
table_print() {
	# shellcheck disable=SC2016
	table_in bash -c 'shopt -s nullglob; for f in qemu-*; do printf "%s " "$f"; stat -c "inode %i" "$f"; cat "$f"; done'
}

# table_is_fresh: true if a mount made now is a new instance, so nothing had kept the last one alive.
table_is_fresh() {
	local born now

	now=$(date +%s%N)
	# The kernel's coarse clock may be some milliseconds behind date's.
	sleep 0.05
	born=$(table_in date -r status +%s%N) || return
	((born >= now))
}

# clear_table: remove every qemu-* entry. Removing a pinned handler also ends what it pinned.
clear_table() {
	# shellcheck disable=SC2016
	table_in bash -c 'shopt -s nullglob; rc=0; for f in qemu-*; do printf %s -1 >"$f" || rc=1; done; exit $rc'
}

# table_hold DIR: keep the machine's instance alive without any visible mount until table_release,
# as a host does that has it mounted. DIR is a scratch directory. Sets TABLE_HOLDER.
table_hold() {
	local ready=$1/held i

	mkdir -p "$1/hold"
	rm -f "$ready"
	# shellcheck disable=SC2016
	unshare --mount --propagation private -- bash -c '
		mount --no-mtab -t binfmt_misc binfmt_misc "$1" && : >"$2" && exec sleep 600
	' table_hold "$1/hold" "$ready" </dev/null >/dev/null 2>&1 3>&- &
	TABLE_HOLDER=$!
	for ((i = 0; i < 100; i++)); do
		[[ -e $ready ]] && return 0
		sleep 0.05
	done
	return 1
}

table_release() {
	[[ -n ${TABLE_HOLDER:-} ]] || return 0
	kill "$TABLE_HOLDER" 2>/dev/null || true
	wait "$TABLE_HOLDER" 2>/dev/null || true
	TABLE_HOLDER=
}

# table_machine_mounts: the machine's own binfmt_misc mounts, as this process sees them.
table_machine_mounts() {
	grep -e ' - binfmt_misc ' /proc/self/mountinfo || true
}
