# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns what every test file shares: which program is tested, what a test needs, running the program and judging how it
# talks.

ANYARCH_SRC=${ANYARCH_SRC:-$(realpath -- "${BASH_SOURCE[0]%/*}/../..")}
ANYARCH=${ANYARCH:-$ANYARCH_SRC/build/src/anyarch}
ANYARCH_STATIC=${ANYARCH_STATIC:-$ANYARCH_SRC/build-static/src/anyarch}
# The same without sanitizers, for what these do not bear; whoever takes it says why.
ANYARCH_PLAIN=${ANYARCH_PLAIN:-$ANYARCH}
export ANYARCH ANYARCH_STATIC ANYARCH_PLAIN ANYARCH_SRC
export LC_ALL=C
# What the program keeps is kept for the tests alone; what they download is kept where it always is.
export ANYARCH_CACHE=${ANYARCH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/anyarch}
export XDG_CACHE_HOME=${BATS_RUN_TMPDIR:-/nowhere}/cache
unset NO_COLOR QEMU_BINARY_PATH QEMU_BINARY_PREFIX QEMU_PRESERVE_ARGV0 QEMU_BIN_DIR HOST_ARCH

# need REASON: this machine lacks something. On a laptop a loud skip, where everything must run a failure.
need() {
	if [[ ${ANYARCH_TEST_MUST_RUN:-0} == 1 ]]; then
		printf 'cannot run here, and must: %s\n' "$*" >&2
		return 1
	fi
	skip "cannot run here: $*"
}

# need_commands COMMAND...: programs that are to be there.
need_commands() {
	local one

	for one; do
		type -P -- "$one" >/dev/null || need "no $one"
	done
}

# With sanitizers, as tools/check runs tests/cli.
is_sanitized() {
	[[ $ANYARCH != "$ANYARCH_PLAIN" ]]
}

# What is traced cannot be looked at for leaks: that needs ptrace, too.
# shellcheck disable=SC2034
TRACED=(strace -E "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0")

need_root() {
	[[ $EUID -eq 0 ]] || need "not root"
}

# expect STATUS COMMAND...: runs the command; it must exit so, and its complaints must have the usual form. Leaves stdout
# in $output and in the file $OUT, stderr in $stderr and in the file $ERR.
expect() {
	expect_raw "$@" || return
	is_well_told "$1" || {
		show "$@"
		return 1
	}
}

# expect_raw STATUS COMMAND...: the same, whatever the form of what it says.
expect_raw() {
	local want=$1 got=0
	shift

	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
	"$@" >"$OUT" 2>"$ERR" 3>&- || got=$?
	read_output
	[[ $got -eq $want ]] || {
		printf 'status %d instead of %d\n' "$got" "$want" >&2
		show "$want" "$@"
		return 1
	}
}

# expect_one_of "STATUS STATUS..." COMMAND...: any of these; leaves it in $status.
expect_one_of() {
	local wanted=$1
	shift

	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
	status=0
	"$@" >"$OUT" 2>"$ERR" 3>&- || status=$?
	read_output
	[[ " $wanted " == *" $status "* ]] && is_well_told "$status" && return
	printf 'status %d, and one of these was asked for: %s\n' "$status" "$wanted" >&2
	show "$wanted" "$@"
	return 1
}

# Up to the first NUL, without the last line's end. No process is started for it: there are hundreds of calls.
read_output() {
	output='' stderr=''
	IFS= read -r -d '' output <"$OUT" || true
	IFS= read -r -d '' stderr <"$ERR" || true
	output=${output%$'\n'} stderr=${stderr%$'\n'}
	[[ $stderr != *'anyarch: no handler starts '* || -n ${KEEP_MISSING-} ]] || drop_missing
}

# What inject says where this machine has no handler: a machine that runs the tests may have one. Tests of it set KEEP_MISSING.
drop_missing() {
	local line lines=()

	mapfile -t lines <"$ERR"
	stderr=''
	for line in "${lines[@]}"; do
		[[ $line == 'anyarch: no handler starts '* ]] || stderr+=$line$'\n'
	done
	printf '%s' "$stderr" >"$ERR"
	stderr=${stderr%$'\n'}
}

show() {
	shift
	printf 'command: %s\n' "${*@Q}" >&2
	sed 's/^/stdout: /' "$OUT" >&2
	sed 's/^/stderr: /' "$ERR" >&2
}

# Every line of stderr is "anyarch: …" or "hint: …", without control characters; a failure is told, a hint follows what
# it is about; in the languages of other registrars it comes before, as their callers show the last line.
is_well_told() { # STATUS
	local line previous='' seen=0

	while IFS= read -r line; do
		case $line in
		'anyarch: '?*) seen=1 ;;
		'hint: '?*) [[ $previous == 'anyarch: '* || -n ${HINTS_FIRST-} ]] || return ;;
		*)
			printf 'a line of another form: %q\n' "$line" >&2
			return 1
			;;
		esac
		[[ $line != *[[:cntrl:]]* ]] || return
		previous=$line
	done <"$ERR"
	[[ -z ${HINTS_FIRST-} || $previous != 'hint: '* ]] || return
	[[ $1 -eq 0 || $seen -eq 1 ]] || {
		printf 'failed without a word\n' >&2
		return 1
	}
}

# The lines of stderr that are errors (warnings and remarks have the same form: told apart by what they say).
error_lines() {
	grep -c '^anyarch: ' "$ERR" || true
}

# says TEXT, hints TEXT: what stderr must contain.
says() {
	grep -q -F -e "$1" <(grep '^anyarch: ' "$ERR") || {
		printf 'no error says: %s\n' "$1" >&2
		sed 's/^/stderr: /' "$ERR" >&2
		return 1
	}
}

hints() {
	grep -q -F -e "$1" <(grep '^hint: ' "$ERR") || {
		printf 'no hint says: %s\n' "$1" >&2
		sed 's/^/stderr: /' "$ERR" >&2
		return 1
	}
}

# refute COMMAND...: it must fail. (bats takes no notice of a "!" in the middle of a test.)
refute() {
	if "$@"; then
		printf 'succeeded, and must not: %s\n' "${*@Q}" >&2
		return 1
	fi
}

# same WHAT EXPECTED GOT: compares texts, and shows how they differ.
same() {
	[[ $2 == "$3" ]] && return
	printf '%s differs\n' "$1" >&2
	diff -u --label expected --label got <(printf '%s\n' "$2") <(printf '%s\n' "$3") >&2
	return 1
}

# eventually SECONDS COMMAND...: true as soon as the command succeeds.
eventually() {
	local end=$((SECONDS + $1 + 1))
	shift

	until "$@"; do
		((SECONDS < end)) || return
		sleep 0.02 3>&-
	done
}
