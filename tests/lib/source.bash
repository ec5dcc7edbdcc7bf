# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns copies of this source: the files that belong to it, without what was built in it.

# copy_source DIR: every file as it is now, committed or not.
copy_source() {
	[[ ! -e $1/meson.build ]] || return 0
	mkdir -p "$1"
	(cd "$ANYARCH_SRC" && tar -c --exclude=.git --exclude='./build*' --exclude='./.cache' .) | tar -x -C "$1"
}

# git_source DIR: the same as a repository with one commit.
git_source() {
	copy_source "$1"
	(
		cd "$1" || exit
		export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
		export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost
		git init -q -b main && git add -A && git commit -q -m all
	)
}
