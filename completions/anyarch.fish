# SPDX-License-Identifier: MIT
# Completes anyarch in fish: the program says which words fit.

function __anyarch_words
	set -lx PATH $PATH /usr/local/sbin /usr/sbin /sbin
	set -l words (commandline -opc)
	set -l word (commandline -ct)
	set -l answer (anyarch completion words $words[2..-1] "$word" 2>/dev/null)

	switch "$answer[1]"
		case :files
			set -l before (string match -r '^.*=' -- $word)
			for path in (__fish_complete_path (string replace -r '^.*=' '' -- $word))
				echo -- "$before$path"
			end
		case :dirs
			__fish_complete_directories (string replace -r '^.*=' '' -- $word)
		case :commands ':command *'
			__fish_complete_subcommand --fcs-skip=2
		case '*'
			printf '%s\n' $answer
	end
end

complete -c anyarch -f -a '(__anyarch_words)'
