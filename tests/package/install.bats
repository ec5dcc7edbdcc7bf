#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what a build gives to others: the same program wherever it was built, and every file in its place.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/source.bash
source "$BATS_TEST_DIRNAME/../lib/source.bash"

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# built_elsewhere OPTION...: prints the path of a program that is built from a copy of the source in another place, at
# another depth.
built_elsewhere() {
	copy_source "$BATS_FILE_TMPDIR/a/deeper/place"
	# A copy without git's directory does not know of which commit it is; git archive would have written it there.
	printf '#!/bin/sh\necho %s\n' "$("$ANYARCH_SRC/tools/commit" "$ANYARCH_SRC")" >"$BATS_FILE_TMPDIR/a/deeper/place/tools/commit"
	"$BATS_FILE_TMPDIR/a/deeper/place/tools/build" "$@" 2>log || {
		tail -n 30 log >&2
		return 1
	}
}

@test "two builds in different places are identical" {
	local other

	other=$(built_elsewhere -C "$BATS_FILE_TMPDIR/build")
	cmp "$ANYARCH" "$other"
	refute grep -q -F "$BATS_FILE_TMPDIR" "$other"
}

@test "two static builds in different places are identical" {
	local other

	other=$(built_elsewhere --static -C "$PWD/build")
	cmp "$ANYARCH_STATIC" "$other"
}

@test "meson install puts every file where it belongs, and registers nothing" {
	local manuals

	need_commands meson scdoc
	built_elsewhere -C "$BATS_FILE_TMPDIR/build" >/dev/null
	DESTDIR=$PWD/dest meson install --quiet --no-rebuild -C "$BATS_FILE_TMPDIR/build"
	cd dest/usr/local
	[[ -x bin/anyarch ]]
	bin/anyarch --help >/dev/null
	manuals=$(cd "$ANYARCH_SRC/man" && printf '%s\n' *.scd | sed 's/\.scd$//' | sort)
	same manuals "$manuals" "$(find share/man -type f -printf '%f\n' | sort)"
	cmp "$ANYARCH_SRC/LICENSE" share/doc/anyarch/LICENSE
	cmp "$ANYARCH_SRC/README.md" share/doc/anyarch/README.md
	same paths '/usr/local/bin/anyarch' "$(sed -n 's/^Exec[^=]*=\([^ ]*\).*/\1/p' lib/systemd/system/anyarch.service | sort -u)"
	# Installed is not enabled.
	same 'files too many' '' "$(find "$BATS_TEST_TMPDIR/dest" -name '*.wants' -o -name binfmt.d)"
}

@test "meson dist: the archive holds this source, builds, and passes its tests" {
	local version

	need_commands meson git
	git_source "$PWD/source"
	meson setup dist source >log 2>&1 || { cat log; return 1; }
	# It unpacks the archive, builds, runs the tests and installs by itself.
	expect_raw 0 meson dist -C dist
	[[ $output == *'Fail:'*0* && $output == *' tested'* ]]
	version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" "$ANYARCH_SRC/meson.build")
	tar -xf "dist/meson-dist/anyarch-$version.tar.xz"
	same files "$(git -C source ls-files | sort)" "$(cd "anyarch-$version" && find . -type f -o -type l | cut -c 3- | sort)"
}
