# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns who calls run in tests: root, an ordinary user without and with ranges of ids; and what of the machine must stay as it
# is meanwhile.

# An ordinary user, of whom the machine knows nothing.
USER_ID=23456

# open_public: $PUBLIC is a directory that everybody may read, with the program in it; those of bats are for its user only.
open_public() {
	PUBLIC=$(mktemp -d "${TMPDIR:-/tmp}/anyarch-run.XXXXXX")
	export PUBLIC
	chmod 0755 "$PUBLIC"
	install -m 0755 "$ANYARCH" "$PUBLIC/anyarch"
	[[ ! -x $ANYARCH_STATIC ]] || install -m 0755 "$ANYARCH_STATIC" "$PUBLIC/anyarch-static"
}

# The path of Debian's static one for armhf.
busybox() (
	# shellcheck source=tools/lib.sh
	. "$ANYARCH_SRC/tools/lib.sh"
	# shellcheck source=tools/fetch.sh
	. "$ANYARCH_SRC/tools/fetch.sh"
	fetch_busybox armhf
)

# machine: what must stay as it is: the mounts (but for those of others, below /tmp and such), the handlers.
machine() {
	cut -d ' ' -f 3- /proc/self/mountinfo |
		awk -v ours="$PUBLIC" 'index($0, ours) || $3 !~ /^\/(tmp|run|var|root|home|mnt)\/./'
	(cd "$BINFMT" && for one in *; do
		[[ $one == register || ! -f $one ]] || { echo "$one" && cat "$one"; }
	done) 2>/dev/null
	cat /etc/resolv.conf 2>/dev/null
}

# ordinary COMMAND...: as a user without any right. ORDINARY is what to put before a command that goes to the background,
# where a function would be a process more.
ORDINARY=(setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups --)
[[ $EUID -eq 0 ]] || ORDINARY=()

ordinary() {
	"${ORDINARY[@]}" "$@"
}

# each_user FUNCTION...: as root, and as an ordinary user; AS is what to put before a command.
each_user() {
	local who

	for who in root user; do
		printf 'as %s\n' "$who"
		AS=()
		if [[ $who == user ]]; then
			# shellcheck disable=SC2034 # for the tests
			AS=("${ORDINARY[@]}")
		elif [[ $EUID -ne 0 ]]; then
			continue
		fi
		"$@"
	done
}

# with_subids COMMAND...: where the user has a name and may hand out ids, in a mount namespace that ends with it.
with_subids() {
	cp /etc/passwd "$BATS_TEST_TMPDIR/passwd"
	echo "anyarchtest:x:$USER_ID:$USER_ID::/nonexistent:/bin/sh" >>"$BATS_TEST_TMPDIR/passwd"
	[[ -e $BATS_TEST_TMPDIR/subuid ]] || echo "anyarchtest:200000:65536" >"$BATS_TEST_TMPDIR/subuid"
	[[ -e $BATS_TEST_TMPDIR/subgid ]] || echo "anyarchtest:300000:65536" >"$BATS_TEST_TMPDIR/subgid"
	# shellcheck disable=SC2016
	unshare --mount --propagation private -- sh -ec 'for one in passwd subuid subgid; do
			mount --bind "$1/$one" "/etc/$one"
		done
		user=$2; shift 2
		exec setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@"' sh "$BATS_TEST_TMPDIR" "$USER_ID" "$@"
}
