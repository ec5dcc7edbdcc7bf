# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns copies of this source: the files that belong to it, without what was built in it.

# copy_source DIR: every file as it is now, committed or not.
copy_source() {
	[[ ! -e $1/meson.build ]] || return 0
	mkdir -p "$1"
	(cd "$ANYARCH_SRC" && tar -c --exclude=.git --exclude='./build*' --exclude='./.cache' .) | tar -x -C "$1"
}
