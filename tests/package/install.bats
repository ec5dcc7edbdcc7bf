#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what a build gives to others: an archive of the source that is whole, the same program wherever it was built, and every
# file in its place. It is built once, out of that archive.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/source.bash
source "$BATS_TEST_DIRNAME/../lib/source.bash"

setup_file() {
	need_commands meson git scdoc
	cd "$BATS_FILE_TMPDIR" || return
	export VERSION TREE=$BATS_FILE_TMPDIR/dist/deeper
	VERSION=$(sed -n "s/^  version: '\(.*\)',$/\1/p" "$ANYARCH_SRC/meson.build")
	git_source "$PWD/source"
	{
		meson setup dist source -Dtests=false && meson dist -C dist --no-tests && mkdir "$TREE" &&
			tar -x -C "$TREE" -f "dist/meson-dist/anyarch-$VERSION.tar.xz" --strip-components=1
	} >log 2>&1 || {
		cat log
		return 1
	}
}

@test "meson dist: the archive holds this source" {
	same files "$(git -C "$BATS_FILE_TMPDIR/source" ls-files | sort)" "$(cd "$TREE" && find . -type f -o -type l | cut -c 3- | sort)"
}

@test "built out of it in another place, at another depth, the program is the same" {
	# The commit of the archive is that of the copy.
	printf '#!/bin/sh\necho %s\n' "$("$ANYARCH_SRC/tools/commit" "$ANYARCH_SRC")" >"$TREE/tools/commit"
	expect_raw 0 "$TREE/tools/build" -C "$BATS_FILE_TMPDIR/build"
	cmp "$ANYARCH" "$output"
	refute grep -q -F "$BATS_FILE_TMPDIR" "$output"
	# The static one has the same rules.
	refute grep -q -F "$ANYARCH_SRC" "$ANYARCH_STATIC"
}

@test "meson install puts every file where it belongs, and registers nothing" {
	local manuals

	cd "$BATS_TEST_TMPDIR"
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
