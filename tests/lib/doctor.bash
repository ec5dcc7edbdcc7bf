# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns the dialogue with doctor: what it finds, as text and as JSON, and somebody who types its hints as they are shown.
# shellcheck disable=SC2154,SC2119,SC2120 # base.bash sets output and stderr; cure may have arguments

# typist_open: $W is his directory. The words of hints are found: anyarch is the program under test, sudo gives nothing
# that he does not have, and what would reach for the machine fails.
typist_open() {
	local one

	W=$BATS_TEST_TMPDIR/work
	TYPIST=$BATS_TEST_TMPDIR/bin
	mkdir "$W" "$TYPIST"
	ln -s "$ANYARCH" "$TYPIST/anyarch"
	printf '#!/bin/bash\nexec "$@"\n' >"$TYPIST/sudo"
	for one in apt apt-get dpkg dnf docker modprobe systemctl; do
		printf '#!/bin/bash\nexit 1\n' >"$TYPIST/$one"
	done
	chmod 0755 "$TYPIST"/*
}

# shim NAME SCRIPT: a command that the typist finds first.
shim() {
	install -m 755 /dev/stdin "$TYPIST/$1" <<<"#!/bin/bash"$'\n'"$2"
}

# apt_has PATTERN SCRIPT: an apt that knows these packages only, and installs them by the script.
apt_has() {
	local one

	for one in apt apt-get; do
		# shellcheck disable=SC2016
		shim "$one" 'case $1 in update) exit ;; install) shift ;; *) exit 2 ;; esac
			for one; do
				case $one in
				-*) ;;
				'"$1"') found=1 ;;
				*) echo "Unable to locate package $one"; exit 100 ;;
				esac
			done
			[[ $found ]] && '"$2"
	done
	# shellcheck disable=SC2016
	shim dpkg '[[ $1 == --add-architecture ]]'
}

# cure [COMMAND...]: the typist types the hint, in the namespace, or where COMMAND... runs what follows it.
cure() {
	local where=("$@")

	[[ $# -gt 0 ]] || where=(ns)
	printf 'typed: %s\n' "$HINT"
	[[ -n $HINT ]] || return
	"${where[@]}" env -C "$W" PATH="$TYPIST:$PATH:/usr/sbin:/sbin" bash -c "$HINT" </dev/null 3>&-
}

# examine STATUS [ARGUMENT...]: what doctor says, $TEXT for people and $REPORT as JSON, without a complaint besides.
examine() {
	FINDINGS=() HEALTHY=false
	[[ $1 -ne 0 ]] || HEALTHY=true
	expect_raw "$1" anyarch doctor --json "${@:2}" || return
	REPORT=$output
	same stderr '' "$stderr" || return
	expect_raw "$1" anyarch doctor --all "${@:2}" || return
	TEXT=$output
}

# Takes the report apart, once; the text must have as many findings.
read_findings() {
	local line n=0

	[[ ${#FINDINGS[@]} -eq 0 ]] || return 0
	mapfile -t FINDINGS < <(jq -r '.healthy, (.findings[] | [.level, .id, .hint // "", .what] |
		map(gsub("\n"; " ")) | join("\u001f"))' <<<"$REPORT")
	same healthy "$HEALTHY" "${FINDINGS[0]}" || return
	while IFS= read -r line; do
		case $line in 'problem: '* | 'warning: '* | 'note: '* | 'ok: '*) n=$((n + 1)) ;; esac
	done <<<"$TEXT"
	same 'number of findings' $((${#FINDINGS[@]} - 1)) $n
}

# found LEVEL ID [TEXT]: both forms name this cause, in a sentence with TEXT, and what to type below it is $HINT. An empty
# LEVEL or ID is any.
found() {
	local one level id hint what below

	read_findings || return
	for one in "${FINDINGS[@]}"; do
		IFS=$'\x1f' read -r level id hint what <<<"$one"
		[[ ${1:-$level} == "$level" && ${2:-$id} == "$id" && $what == *"${3-}"* ]] || continue
		below=$'\n'$TEXT$'\n'
		[[ $below == *$'\n'"$level: $what"$'\n'* ]] || break
		below=${below#*$'\n'"$level: $what"$'\n'}
		HINT=''
		[[ $below != '    '* ]] || HINT=${below%%$'\n'*}
		HINT=${HINT#    }
		same hint "$hint" "$HINT"
		return
	done
	printf 'not found: %s\n%s\n' "$*" "$TEXT" >&2
	return 1
}

# silent ID...: nobody speaks of these causes.
silent() {
	local one id

	read_findings || return
	for one in "${FINDINGS[@]}"; do
		IFS=$'\x1f' read -r _ id _ <<<"$one"
		[[ " $* " == *" $id "* ]] || continue
		printf 'still found: %s\n%s\n' "$id" "$TEXT" >&2
		return 1
	done
}

# complaints [LEVEL...]: how many findings there are of these, warnings and problems without any.
complaints() {
	local one n=0

	read_findings || return
	[[ $# -gt 0 ]] || set -- problem warning
	for one in "${FINDINGS[@]}"; do
		[[ " $* " != *" ${one%%$'\x1f'*} "* ]] || n=$((n + 1))
	done
	echo $n
}

# fails_with TEXT FILE: what a shell says of exec.
fails_with() {
	local got

	# shellcheck disable=SC2016
	got=$(ns env -C / bash -c 'exec "$0"' "$2" 2>&1 3>&-) && return 1
	printf '%s\n' "$got"
	[[ $got == *"$1"* ]]
}

# arm_runs FILE: started like any program, "arm" of make_arm ends with its argc.
arm_runs() {
	local got=0

	ns "$1" - - >/dev/null 2>&1 3>&- || got=$?
	[[ $got -eq 3 ]]
}

# cover DIR...: what is written there in the namespace stays in it.
cover() {
	local dir upper

	for dir; do
		upper=$BATS_TEST_TMPDIR/cover${dir//\//-}
		mkdir -p "$upper/up" "$upper/work"
		ns mount -t overlay -o "userxattr,lowerdir=$dir,upperdir=$upper/up,workdir=$upper/work" overlay "$dir" ||
			need "no overlay over $dir in a user namespace"
	done
}
