#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what shells offer: each is asked as if somebody had typed, in a place with handlers of the test's own.
# The scripts are for other shells.
# shellcheck disable=SC2154,SC2016

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"

setup() {
	mkdir -p "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/here/a directory"
	ln -s "$ANYARCH" "$BATS_TEST_TMPDIR/bin/anyarch"
	cd "$BATS_TEST_TMPDIR/here" || return
	touch image.tar
}

teardown() {
	ns_close
}

# What bash offers for the last of these words, as readline splits them; a line each.
bash_offers() { # WORD...
	PATH=$BATS_TEST_TMPDIR/bin:$PATH "${IN[@]}" bash --norc -c '
		source <("$0" completion bash)
		COMP_WORDS=(anyarch "$@") COMP_CWORD=$#
		_anyarch
		[[ ${#COMPREPLY[@]} -eq 0 ]] || printf "%s\n" "${COMPREPLY[@]}"' "$ANYARCH" "$@"
}

fish_offers() { # LINE
	PATH=$BATS_TEST_TMPDIR/bin:$PATH HOME=$BATS_TEST_TMPDIR "${IN[@]}" fish --no-config -c '
		source (anyarch completion fish | psub)
		complete -C $argv[1]' "$1" | cut -f 1
}

# zsh completes in a terminal alone: it gets one, and its list of what matches is caught.
zsh_offers() { # LINE
	PATH=$BATS_TEST_TMPDIR/bin:$PATH HOME=$BATS_TEST_TMPDIR "${IN[@]}" timeout 20 zsh -f "$BATS_TEST_TMPDIR/ask" "$1"
}

zsh_prepare() {
	anyarch_in completion zsh >"$BATS_TEST_TMPDIR/_anyarch"
	cat >"$BATS_TEST_TMPDIR/rc" <<-'END'
		PS1=
		autoload -Uz compinit
		compinit -u -d $HOME/dump
		compadd() {
			local -a hits
			[[ -n ${${@[1,(i)(-|--)]}[(r)-[OAD]*]} ]] || { builtin compadd -O hits "$@"; print -rl -- "<"${^hits}">" }
			builtin compadd "$@"
		}
		zstyle ':completion:*' menu no
		complete_and_end() { zle complete-word; print; print '<END>' }
		zle -N complete_and_end
		bindkey '^Y' complete_and_end
		print '<READY>'
	END
	cat >"$BATS_TEST_TMPDIR/ask" <<-'END'
		zmodload zsh/zpty
		zpty z zsh -f -i
		zpty -w z "HOME=$HOME; fpath=(\$HOME \$fpath); source \$HOME/rc"
		until [[ $line == *'<READY>'* ]]; do zpty -r z line || exit 1; done
		zpty -n -w z "$1"$'\x19'
		until [[ $line == *'<END>'* ]]; do
			zpty -r z line || exit 1
			print -r -- "$line"
		done | sed -n 's/\r//g; s/^.*<\([^<>]*\)>$/\1/p' | grep -v -x END | sort -u
		zpty -d z
	END
}

anyarch_in() {
	"${IN[@]}" "$ANYARCH" "$@"
}

# Handlers to complete, one of them with a name that shells would execute.
with_handlers() {
	ns_open
	IN=(nsenter --target "$NS_PID" --user --mount --preserve-credentials "--wdns=$PWD" --)
	printf '%s' "$RULE_PYTHON" >"$TABLE/register"
	printf '%s' "${RULE_WINE/:wine:/:\$(touch\$\{IFS\}bad):}" >"$TABLE/register"
	rule qemu-mine riscv64 /usr/bin/qemu-riscv64-static F >"$TABLE/register"
	rule 'qemu-$(touch${IFS}bad)' s390x /usr/bin/qemu-s390x-static F >"$TABLE/register"
	[[ $(table_names | wc -l) -eq 4 ]]
}

@test "bash: commands" {
	same commands $'register\nrender' "$(bash_offers re)"
	same all "$("$ANYARCH" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')" "$(bash_offers '' | grep -v '^-')"
}

@test "bash: every option of every command, and no others" {
	local command

	for command in $(bash_offers '' | grep -v '^-'); do
		[[ $command != oneshot ]] || continue
		same "$command" "$("$ANYARCH" "$command" --help | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}\(--[a-z0-9-]*=\{0,1\}\).*/\2/p' | sort)" \
			"$(bash_offers "$command" -- | sort)"
	done
}

@test "bash: platforms" {
	same one 'riscv64' "$(bash_offers register riscv6)"
	same second 'arm64,riscv64' "$(bash_offers register arm64,riscv6)"
	same value 's390x' "$(bash_offers inspect --expect = s39)"
	same word 's390x' "$(bash_offers inspect --expect s39)"
	# As build.config, "names" and hints say it.
	same prefixes $'arm32v5\narm32v6\narm32v7' "$(bash_offers build --platform = arm32 | sort)"
	same 'a second one' 'arm32v6,arm64v8' "$(bash_offers render --platform arm32v6,arm64v)"
	same OCI $'linux/arm/v5\nlinux/arm/v6\nlinux/arm/v7' "$(bash_offers build --platform = linux/arm/ | sort)"
	bash_offers register '' | grep -q -x all
	refute grep -q -x all <(bash_offers inspect --expect = '')
	# Each of them is one.
	for platform in $(bash_offers inspect --expect = ''); do
		"$ANYARCH" names "$platform" >/dev/null
	done
}

@test "bash: words, columns, files and directories" {
	same lasting $'pin' "$(bash_offers register --lasting = p)"
	same column $'PLATFORM,STATE' "$(bash_offers status --columns = PLATFORM,ST)"
	same codec $'zstd' "$(bash_offers inject --compress = z)"
	same engine $'podman' "$(bash_offers build --engine = pod)"
	same file $'a directory\nimage.tar' "$(bash_offers inspect '' | sort)"
	same 'file behind a prefix' 'image.tar' "$(bash_offers inspect docker-archive : im)"
	same 'file of an architecture' 'image.tar' "$(bash_offers register --emulator = arm = im)"
	same letter 'image.tar' "$(bash_offers inject -o im)"
	same directory 'a directory' "$(bash_offers render a)"
	same nothing '' "$(bash_offers run --env = im)"
	same shells fish "$(bash_offers completion "fi")"
	same 'in the middle of a word' armhf "$(bash_offers register armh)"
}

@test "bash: what run starts is not ours to complete" {
	bash_offers run ba | grep -q -x bash
	bash_offers run --root = 'a directory' ba | grep -q -x bash
	same option --root= "$(bash_offers run --ro)"
	same theirs '' "$(bash_offers run bash --ro)"
	same 'theirs behind --' '' "$(bash_offers run -- --ro)"
	same 'their files' image.tar "$(bash_offers run --bind = /a : /b bash im)"
}

@test "handlers complete: of foreign architectures, none that a shell would execute, and nothing is mounted for it" {
	need_commands fish zsh
	with_handlers
	same bash qemu-mine "$(bash_offers unregister '')"
	same fish qemu-mine "$(fish_offers 'anyarch unregister ')"
	zsh_prepare
	same zsh qemu-mine "$(zsh_offers 'anyarch unregister qe')"
	[[ ! -e bad ]]
	ns umount "$BINFMT"
	expect 0 anyarch_in completion words unregister ''
	[[ -z $output$stderr ]]
	refute ns grep -q binfmt_misc /proc/self/mounts
}

@test "fish: commands, options, platforms, words and files" {
	need_commands fish
	anyarch_in completion fish | fish --no-config --no-execute
	same commands $'register\nrender' "$(fish_offers 'anyarch re' | sort)"
	same options "$("$ANYARCH" register --help | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}\(--[a-z0-9-]*=\{0,1\}\).*/\2/p' | sort)" \
		"$(fish_offers 'anyarch register --' | sort)"
	same platform riscv64 "$(fish_offers 'anyarch register riscv6')"
	same second arm64,riscv64 "$(fish_offers 'anyarch register arm64,riscv6')"
	same 'as in build.config' $'--platform=arm32v5\n--platform=arm32v6\n--platform=arm32v7' \
		"$(fish_offers 'anyarch build --platform=arm32' | sort)"
	same word --lasting=pin "$(fish_offers 'anyarch register --lasting=p')"
	same column --columns=ARCH,STATE "$(fish_offers 'anyarch status --columns=ARCH,STA')"
	same file image.tar "$(fish_offers 'anyarch inspect im')"
	same directory 'a directory/' "$(fish_offers 'anyarch render a')"
	fish_offers 'anyarch run ba' | grep -q -x bash
}

@test "zsh: commands, options, platforms, words and files" {
	need_commands zsh
	zsh_prepare
	zsh -n "$BATS_TEST_TMPDIR/_anyarch"
	same commands $'register\nrender' "$(zsh_offers 'anyarch re')"
	same options $'--check\n--columns=\n--help\n--json\n--mount=\n--noheadings\n--quiet' "$(zsh_offers 'anyarch status --')"
	same platform riscv64 "$(zsh_offers 'anyarch register riscv6')"
	same 'as in build.config' $'--platform=arm32v5\n--platform=arm32v6\n--platform=arm32v7' "$(zsh_offers 'anyarch build --platform=arm32')"
	same word --lasting=pin "$(zsh_offers 'anyarch register --lasting=p')"
	same file image.tar "$(zsh_offers 'anyarch inspect im')"
}

@test "an unknown shell is a usage error" {
	expect 2 anyarch_in completion ksh
	hints 'bash, zsh or fish'
	expect 2 anyarch_in completion
	expect 2 anyarch_in completion bash zsh
}

@test "the installed scripts are what the program prints" {
	local build=${ANYARCH%/src/anyarch} shell

	need_commands meson
	[[ -d $build/meson-info ]] || need 'no build directory'
	expect_raw 0 meson install -C "$build" --no-rebuild --quiet --destdir "$BATS_TEST_TMPDIR/installed"
	for shell in bash:bash-completion/completions/anyarch zsh:zsh/site-functions/_anyarch \
		fish:fish/vendor_completions.d/anyarch.fish; do
		cmp <("$ANYARCH" completion "${shell%%:*}") "$(find "$BATS_TEST_TMPDIR/installed" -path "*/share/${shell#*:}")"
	done
}
