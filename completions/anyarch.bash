# SPDX-License-Identifier: MIT
# Completes anyarch in bash: the program says which words fit.
# shellcheck shell=bash

_anyarch() {
	local words=() starts=() word i answer strip
	local cur=${COMP_WORDS[COMP_CWORD]}

	# Readline splits words at = and : by default; the program takes them whole.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((${#words[@]})) && [[ $word == [=:]* || ${words[-1]} == *[=:] ]]; then
			words[-1]+=$word
		else
			words+=("$word")
			starts+=("$i")
		fi
	done
	[[ $cur != [=:] ]] || cur=
	strip=$((${#words[-1]} - ${#cur}))
	mapfile -t answer < <(PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin anyarch completion words "${words[@]}" 2>/dev/null)
	answer=("${answer[@]%%$'\t'*}")
	case ${answer[0]-} in
	':command '*)
		! declare -F _command_offset >/dev/null || {
			_command_offset "${starts[${answer[0]#:command }]}"
			return
		}
		;;&
	:files | ':command '*)
		compopt -o filenames 2>/dev/null
		mapfile -t answer < <(compgen -f -- "$cur")
		;;
	:dirs)
		compopt -o filenames 2>/dev/null
		mapfile -t answer < <(compgen -d -- "$cur")
		;;
	:commands) mapfile -t answer < <(compgen -c -- "$cur") ;;
	*)
		answer=("${answer[@]:+${answer[@]:0}}")
		for i in "${!answer[@]}"; do
			answer[i]=${answer[i]:strip}
		done
		;;
	esac
	COMPREPLY=("${answer[@]}")
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _anyarch anyarch
