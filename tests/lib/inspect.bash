# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns the sets of files that inspect is tried on, and the verdict on how it takes each.

IMAGES=$ANYARCH_SRC/tests/lib/images.py

# make_set SET [ARGUMENT...]: in $BATS_FILE_TMPDIR/SET, with its table beside it.
make_set() {
	python3 "$IMAGES" "$1" "$BATS_FILE_TMPDIR/$1" "${@:2}" >"$BATS_FILE_TMPDIR/$1.tsv" &&
		[[ -s $BATS_FILE_TMPDIR/$1.tsv ]]
}

# bounded COMMAND...: in 256 MiB of addresses and ten seconds of a processor, which are no less of the clock on a quiet
# machine. A sanitizer takes terabytes of addresses, bounds what is used, and is three times as slow.
bounded() {
	(
		if is_sanitized; then
			export ASAN_OPTIONS=${ASAN_OPTIONS-}:max_allocation_size_mb=256:hard_rss_limit_mb=512:quarantine_size_mb=16
			ulimit -t 30
		else
			ulimit -v 262144 -t 10
		fi
		exec timeout -k 1 60 "$@" 3>&-
	)
}

# judge SET [PATTERN]: each file of the set whose name matches ends with the status of its table, and with one line that
# names the file and the defect. Nothing is written: not to the set, and no temporary file stays.
judge() {
	local set=$1 pattern=${2-*} name want words got n=0 bad=0 dir=$BATS_FILE_TMPDIR/$1
	local tmp=$BATS_TEST_TMPDIR/tmp before

	mkdir -p "$tmp"
	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
	before=$(cd "$dir" && find . -printf '%p %s %T@ %i\n' | sort)
	cd "$dir" || return
	while IFS=$'\t' read -r name want words; do
		# shellcheck disable=SC2053 # a pattern
		[[ $name == $pattern ]] || continue
		n=$((n + 1)) got=0
		TMPDIR=$tmp bounded "$ANYARCH" inspect --survey "$name" >"$OUT" 2>"$ERR" </dev/null || got=$?
		is_refused_well "$name" "$want" "$words" "$got" && continue
		bad=$((bad + 1))
		printf '%s/%s: status %s, and the table has %s "%s"\n' "$set" "$name" "$got" "$want" "$words" >&2
		head -c 600 "$ERR" | sed 's/^/stderr: /' >&2
	done <"$dir.tsv"
	same "the set $set" "$before" "$(find . -printf '%p %s %T@ %i\n' | sort)" || bad=$((bad + 1))
	same "what is left in TMPDIR" '' "$(ls -A "$tmp")" || bad=$((bad + 1))
	[[ $n -gt 0 && $bad -eq 0 ]] || {
		printf '%d of %d in %s\n' "$bad" "$n" "$set" >&2
		return 1
	}
}

is_refused_well() { # NAME WANT WORDS GOT
	local line lines=0 text=''

	[[ "|$2|" == *"|$4|"* ]] && is_well_told "$4" || return
	IFS= read -r -d '' text <"$OUT" || true
	[[ ${text//$'\n'/} != *[[:cntrl:]]* ]] || return
	if [[ $4 -eq 0 ]]; then
		[[ ! -s $ERR && -s $OUT ]]
		return
	fi
	while IFS= read -r line; do
		[[ $line != 'anyarch: '* ]] || lines=$((lines + 1))
		[[ $line == 'hint: '* || $line == "anyarch: $1: "*"$3"* ]] || return
	done <"$ERR"
	[[ $lines -eq 1 ]]
}

# facts_of_text FILE, facts_of_json FILE: what inspect says of root file systems and images, a line for each fact, out
# of either of its outputs.
facts_of_text() {
	awk '
		{ key = $0; sub(/:.*/, "", key); value = substr($0, 15) }
		key ~ /^(name|digest|label|index says|system|unreadable)$/ { print key "\t" value }
		key == "platform" && value !~ /^unknown/ { print key "\t" value }
		key == "judged by" && value != "most of its files" { print key "\t" value }
		key ~ /^(wrong label|incomplete|mixed)$/ { print key "\tyes" }
		key == "contains" { gsub(/, QEMU | for |, runs on /, "\t", value); print key "\t" value }' "$1"
}

facts_of_json() {
	jq -r '.[] | [
		(.references // [] | .[] | ["name", .]), ["digest", .digest], ["label", .label],
		["index says", (if .kind == "image" then .index_platform else null end)],
		["system", .system], ["platform", .platform], ["judged by", .judged_by],
		["mixed", (if .mixed then "yes" else null end)],
		(.emulators[] | ["contains", "\(.path)\t\(.version)\t\(.arch)\t\(.host)"]),
		["wrong label", (if .label_agrees == false then "yes" else null end)],
		["incomplete", (if .incomplete then "yes" else null end)],
		["unreadable", (.error // (if .unreadable > 0 then .unreadable else null end))]
		][] | select(.[1]) | "\(.[0])\t\(.[1])"' "$1"
}
