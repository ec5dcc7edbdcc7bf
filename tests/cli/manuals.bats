#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that the manuals and the program say the same: commands, options and their arguments, both ways.
# shellcheck disable=SC2154 # the library sets output and stderr

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

MAN=$ANYARCH_SRC/man

commands() {
	"$ANYARCH" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# The commands and files of all pages, each with its page: a line each.
setup_file() {
	local page name

	for page in "$MAN"/*.scd; do
		for name in $(section NAME <"$page" | sed 's/ - .*//; s/,//g; q'); do
			printf '%s %s\n' "$name" "$page"
		done
	done >"$BATS_FILE_TMPDIR/pages"
}

# The page in whose NAME a command or file stands.
page_of() { # NAME
	sed -n "s|^$1 ||p" "$BATS_FILE_TMPDIR/pages" | grep . || {
		printf 'no page for %s\n' "$1" >&2
		return 1
	}
}

section() { # NAME, of a page on stdin, without its markup
	sed -n "/^# $1\$/,/^# /{/^# /d;/^\$/d;s/[*_]//g;s/\\\\//g;s/++\$//;p}"
}

# Each option with its argument, a line each: "-o" and "--output=FILE" of "-o, --output=FILE".
each_option() {
	sed 's/, -/\n-/g' | sort -u | grep .
}

options_of_help() { # COMMAND
	"$ANYARCH" "$1" --help | sed -n 's/^ \{2,6\}\(-[^ ]*, \)\{0,1\}\(--[^ ]*\)\( .*\)\{0,1\}$/\1\2/p' | each_option
}

options_of_page() { # PAGE
	section OPTIONS <"$1" | grep '^-' | each_option
}

@test "every command has a page, and anyarch(8) names it; no others" {
	local command

	for command in $(commands); do
		page_of "anyarch-$command"
	done
	same 'the commands of anyarch(8)' "$(commands | sort)" \
		"$(section COMMANDS <"$MAN/anyarch.8.scd" | grep '^[a-z]' | sed '/^anyarch /d' | sed 's/, /\n/g' | sort)"
	for page in "$MAN"/anyarch-*.8.scd; do
		for command in $(section NAME <"$page" | sed 's/ - .*//; s/,//g'); do
			commands | grep -q -x -e "${command#anyarch-}"
		done
	done
}

@test "options of --help are those of the page, with their arguments" {
	local command

	for command in $(commands); do
		case $command in inject | eject | oneshot) continue ;; esac
		same "$command" "$(options_of_help "$command")" "$(options_of_page "$(page_of "anyarch-$command")")"
	done
}

@test "columns of --help are those of the page, with their descriptions" {
	local command

	for command in $(commands); do
		[[ $command != oneshot ]] || continue
		same "$command" "$("$ANYARCH" "$command" --help | sed -n '/^Columns:/,/^$/s/^  \([A-Z-]*\)  */\1 /p' | tr -d _)" \
			"$(section COLUMNS <"$(page_of "anyarch-$command")" | paste -d ' ' - - | sed 's/ \t/ /')"
	done
}

@test "findings of doctor are those of its page, with their levels" {
	same findings "$(python3 - "$ANYARCH_SRC"/src/report/*.c <<-'PYTHON'
		import re, sys
		levels = {}
		for path in sys.argv[1:]:
		    for level, name in re.findall(r'\b(FINE|NOTE|WARNING|PROBLEM)\("([a-z0-9-]+)"\)', open(path).read()):
		        levels.setdefault(name, set()).add(level.lower().replace("fine", "ok"))
		for name in sorted(levels):
		    print(name, *sorted(levels[name]))
	PYTHON
	)" "$(section FINDINGS <"$MAN/anyarch-doctor.8.scd" | sed -n 's/^\([a-z0-9-]*\) (\(.*\))$/\1 \2/p' | sed 's/,\| or\| of a target a//g' |
		while read -r name levels; do
			printf '%s %s\n' "$name" "$(tr ' ' '\n' <<<"$levels" | sort | paste -sd ' ')"
		done | sort)"
}

@test "options of inject and eject are those of their page" {
	same 'inject and eject' "$({ options_of_help inject && options_of_help eject; } | sort -u)" \
		"$(options_of_page "$MAN/anyarch-inject.8.scd")"
}

@test "options of oneshot are those of its page" {
	same oneshot "$("$ANYARCH" oneshot --help | sed -n "s/^  -/-/; s/,\$//; /^-/p" | each_option)" \
		"$(options_of_page "$MAN/anyarch-oneshot.8.scd")"
}

@test "options of the program itself are those of anyarch(8)" {
	same anyarch "$("$ANYARCH" --help | sed -n 's/^  \(-[^ ]*, --[^ ]*\) .*/\1/p' | each_option)" \
		"$(options_of_page "$MAN/anyarch.8.scd")"
}

@test "the synopsis is the usage" {
	local command

	for command in $(commands); do
		section SYNOPSIS <"$(page_of "anyarch-$command")" | grep -q -x -F -e \
			"$("$ANYARCH" "$command" --help | sed -n '1s/^Usage: //p')" || {
			printf 'the synopsis of %s is not its usage\n' "$command" >&2
			return 1
		}
	done
}

# The commands of EXAMPLES, as they stand between the fences.
examples_of_page() { # PAGE
	# shellcheck disable=SC2016 # the fences
	sed -n '/^# EXAMPLES$/,/^# SEE/{/^```$/,/^```$/{/^```$/!p}}' "$1"
}

examples_of_help() { # COMMAND
	"$ANYARCH" "$1" --help | sed -n '/^Examples:$/,$s/^  //p'
}

@test "examples of --help are those of the page, two or three" {
	local command n

	for command in $(commands); do
		n=$(examples_of_help "$command" | wc -l)
		[[ $n -eq 2 || $n -eq 3 ]] || {
			printf '%s --help has %d examples\n' "$command" "$n" >&2
			return 1
		}
		case $command in
		inject | eject) same "$command" "$(examples_of_page "$MAN/anyarch-inject.8.scd" | grep " $command ")" "$(examples_of_help "$command")" ;;
		*) same "$command" "$(examples_of_page "$(page_of "anyarch-$command")")" "$(examples_of_help "$command")" ;;
		esac
	done
}

@test "what a page refers to is there" {
	local page section

	while IFS='()' read -r page section _; do
		[[ -e $MAN/$page.$section.scd || -n $(page_of "$page") ]]
	done < <(cat "$MAN"/*.scd "$ANYARCH_SRC"/*.md | sed 's|[*\\]||g' | grep -o -h 'anyarch\(-[a-z]\{1,\}\)\{0,1\}([0-9])' | sort -u)
}

@test "every page is installed, also under the other names that it has" {
	local build=${ANYARCH%/src/anyarch} page name

	need_commands meson
	[[ -d $build/meson-info ]] || need 'no build directory'
	expect_raw 0 meson install -C "$build" --no-rebuild --quiet --destdir "$BATS_TEST_TMPDIR/installed"
	for page in "$MAN"/*.scd; do
		page=${page##*/}
		page=${page%.scd}
		for name in "${page%.*}" $(section NAME <"$MAN/$page.scd" | sed 's/ - .*//; s/,//g'); do
			[[ -s $(find "$BATS_TEST_TMPDIR/installed" -path "*/man${page##*.}/$name.${page##*.}") ]] || {
				printf 'man %s finds nothing\n' "$name" >&2
				return 1
			}
		done
	done
}

@test "scdoc and man take every page without a word" {
	local page

	need_commands scdoc man
	for page in "$MAN"/*.scd; do
		expect 0 scdoc <"$page"
		[[ -z $stderr ]]
		cp "$OUT" "$BATS_TEST_TMPDIR/page"
		MANWIDTH=100 expect_raw 0 man --warnings -E UTF-8 -l "$BATS_TEST_TMPDIR/page"
		same "what man says of ${page##*/}" '' "$stderr"
	done
}

@test "no line of a page is wider than a terminal of 80 columns" {
	local page

	need_commands scdoc man
	for page in "$MAN"/*.scd; do
		scdoc <"$page" >"$BATS_TEST_TMPDIR/page"
		same "too wide in ${page##*/}" '' \
			"$(MANWIDTH=80 man -E ascii -l "$BATS_TEST_TMPDIR/page" 2>/dev/null | awk 'length($0) > 80')"
	done
}
