#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what tools/static-deps does with a mirror that lacks what it lists: a local one, with small sources of the same names.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

# source_package NAME VERSION: in $MIRROR. What is built from it says of which version it is.
source_package() {
	local tree=$BATS_FILE_TMPDIR/$1-$2

	mkdir -p "$tree/debian/source" "$tree/lib" "$tree/libelf" "$tree/config"
	touch "$tree/libelf/"{libelf.h,gelf.h} "$tree/config/libelf.pc"
	printf '3.0 (native)\n' >"$tree/debian/source/format"
	cat >"$tree/debian/control" <<-END
		Source: $1
		Maintainer: Nobody <nobody@localhost>
		Standards-Version: 4.6.2

		Package: $1
		Architecture: any
		Description: none
	END
	printf '%s (%s) unstable; urgency=low\n\n  * None.\n\n -- Nobody <nobody@localhost>  Thu, 01 Jan 1970 00:00:00 +0000\n' \
		"$1" "$2" >"$tree/debian/changelog"
	cat >"$tree/lib/Makefile" <<-END
		libzstd.a:; echo zstd $2 >\$@
		libzstd.pc:; touch \$@
		libeu.a:; echo elfutils $2 >eu.o
		install-static install-includes install-pc: libzstd.a; install -D -t \$(DESTDIR)\$(PREFIX)/lib libzstd.a
	END
	printf 'libelf.a:; touch elf.o\n' >"$tree/libelf/Makefile"
	# shellcheck disable=SC2016 # the shell's and make's variables
	printf '#!/bin/sh\necho "P = ${1#--prefix=}" | cat - Makefile.in >Makefile\n' >"$tree/configure"
	chmod +x "$tree/configure"
	cat >"$tree/Makefile.in" <<-END
		%.la:; echo util-linux $2 >\$@
		install-%: libmount.la; install -D libmount.la \$(DESTDIR)\$(P)/lib/libmount.a
	END
	(cd "$MIRROR" && dpkg-source --build "$tree" >/dev/null)
}

setup_file() {
	need_commands dpkg-source dpkg-scansources make
	export MIRROR=$BATS_FILE_TMPDIR/mirror
	mkdir "$MIRROR"
	for one in util-linux libzstd elfutils; do
		source_package "$one" 2.9
		source_package "$one" 2.10
	done
	(cd "$MIRROR" && dpkg-scansources . 2>/dev/null >Sources)
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp -a "$MIRROR" mirror
	export ANYARCH_CACHE=$PWD/cache ANYARCH_APT_SOURCES=$PWD/sources.list
	printf 'deb-src [trusted=yes] file:%s ./\n' "$PWD/mirror" >"$ANYARCH_APT_SOURCES"
	# A compiler that links what uses libelf as long as "complete" exists.
	mkdir bin
	touch complete
	printf '#!/bin/sh\ncase "$*" in *-lelf*) test -e %s; exit ;; esac\nexec %s "$@"\n' "$PWD/complete" "$(type -P gcc)" >bin/gcc
	chmod +x bin/gcc
	PATH=$PWD/bin:$PATH
}

# static_deps STATUS: leaves the prefix in $output and what it is made of in $made.
static_deps() {
	expect_raw "$1" "$ANYARCH_SRC/tools/static-deps"
	made=''
	[[ $1 -ne 0 ]] || made=$(grep -ahoE '(util-linux|zstd|elfutils) 2.*' "$output/lib/"*.a)
}

@test "the newest sources are used, once" {
	static_deps 0
	same libraries $'util-linux 2.10\nzstd 2.10' "$made"
	# Nothing is fetched when the cache has it.
	rm -r mirror
	static_deps 0
	same libraries $'util-linux 2.10\nzstd 2.10' "$made"
	same complaints '' "$stderr"
}

@test "a mirror that lacks the newest source: the one before" {
	rm mirror/util-linux_2.10.tar.* mirror/libzstd_2.10.dsc
	static_deps 0
	same libraries $'util-linux 2.9\nzstd 2.9' "$made"
}

@test "a mirror that lacks every source of libzstd: Debian's own library, with a note" {
	rm mirror/libzstd_*.tar.*
	static_deps 0
	same libraries 'util-linux 2.10' "$made"
	[[ $stderr == *"cannot fetch the source of libzstd (tried 2.10 2.9: "*"using Debian's libzstd.a, which makes programs half a megabyte larger"* ]]
}

@test "a mirror that lacks every source: one sentence" {
	rm mirror/util-linux_*.dsc
	static_deps 1
	same output '' "$output"
	same lines 1 "$(grep -c 'cannot build' <<<"$stderr")"
	[[ $stderr == *"cannot build the static libraries (cannot fetch the source of util-linux (tried 2.10 2.9: "*"): try again later, or set ANYARCH_APT_SOURCES"* ]]
	same leftovers '' "$(ls -A cache/static-deps)"

	# Nor does an index that lists none.
	: >mirror/Sources
	static_deps 1
	[[ $stderr == *'cannot fetch the source of util-linux (apt lists no version)'* ]]
}

@test "no source, but libraries that an older recipe made: these, with a note" {
	local older

	static_deps 0
	older=${output%-*}-01234567
	mv "$output" "$older"
	# Of another architecture and another release.
	cp -a "$older" "${older/-"$(dpkg --print-architecture)"-/-other-}"
	cp -a "$older" "${older%/*}/1-$(dpkg --print-architecture)-01234567"
	rm mirror/util-linux_*.dsc
	static_deps 0
	same prefix "$older" "$output"
	[[ $stderr == *"cannot build the static libraries (cannot fetch"*"): using those of an older version of this script, $older"* ]]
}

@test "Debian's libelf.a is incomplete: libelf is built from its source, too" {
	rm complete
	static_deps 0
	same libraries $'elfutils 2.10\nutil-linux 2.10\nzstd 2.10' "$made"

	rm -r cache mirror/elfutils_*.dsc
	static_deps 1
	[[ $stderr == *"(Debian's libelf.a is incomplete, and cannot fetch the source of elfutils (tried 2.10 2.9: "* ]]
}
