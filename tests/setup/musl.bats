#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that the source compiles with a C library other than glibc: musl's headers, the kernel's, and those of the libraries.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

@test "every source compiles with musl" {
	local machine musl gnu one

	machine=$(uname -m)
	musl=/usr/include/$machine-linux-musl gnu=/usr/include/$machine-linux-gnu
	[[ -d $musl ]] || need "no musl-dev"
	mkdir "$BATS_TEST_TMPDIR/include"
	# Of the system's headers, those of the kernel and of the libraries alone.
	for one in linux asm-generic libelf.h gelf.h jansson.h nettle zlib.h zstd.h zstd_errors.h libmount/libmount.h \
		libsmartcols/libsmartcols.h blkid/blkid.h; do
		ln -s "/usr/include/$one" "$BATS_TEST_TMPDIR/include/"
	done
	for one in asm jansson_config.h zconf.h; do
		[[ -e $gnu/$one ]] || gnu=/usr/include
		ln -s "$gnu/$one" "$BATS_TEST_TMPDIR/include/"
	done
	cd "$ANYARCH_SRC"
	# The completion scripts as string literals, which the build makes.
	for one in completions/{_anyarch,anyarch.bash,anyarch.fish}; do
		sed -f completions/literal.sed "$one" >"$BATS_TEST_TMPDIR/include/${one##*/}.inc"
	done
	# shellcheck disable=SC2016 # the shell's arguments
	expect_raw 0 sh -c 'find src -name "*.c" -print0 | xargs -0 -P "$(nproc)" -n 1 gcc -fsyntax-only -std=gnu17 -nostdinc \
		-isystem "$1" -isystem "$(gcc -print-file-name=include)" -isystem "$2" -Isrc -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
		-DANYARCH_VERSION=\"\" -DANYARCH_LIBRARIES=\"\" -Wall -Werror -Wno-error=unused-result' sh \
		"$musl" "$BATS_TEST_TMPDIR/include"
}
