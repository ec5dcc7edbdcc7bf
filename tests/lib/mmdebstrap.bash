# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns how a root file system is built from Debian's packages, with mmdebstrap.

# Where downloads stay from one run to the next.
cache() {
	# shellcheck source=tools/lib.sh
	(. "$ANYARCH_SRC/tools/lib.sh" && cache_dir)
}

# Sets codename and uri: the machine's release, and the mirror that its apt is configured with.
find_mirror() {
	# shellcheck disable=SC2034 # for the caller
	read -r uri codename < <(
		# shellcheck source=tools/lib.sh
		. "$ANYARCH_SRC/tools/lib.sh"
		# shellcheck source=tools/fetch.sh
		. "$ANYARCH_SRC/tools/fetch.sh"
		fetch_release "$BATS_TEST_TMPDIR"
	)
}

# build_armhf VARIANT ARCHIVE WITH...: as build_debian, of armhf.
build_armhf() {
	build_debian armhf "$@"
}

# build_debian ARCHITECTURE VARIANT ARCHIVE WITH...: mmdebstrap's variant as a tar archive; WITH is the command that
# mmdebstrap is given to. Downloaded packages are kept from one run to the next, and lent to it in a directory that anybody
# may read.
build_debian() {
	local codename uri architecture=$1 variant=$2 archive=$3 keep lent=$BATS_TEST_TMPDIR/packages-$1
	shift 3

	find_mirror || need "apt is configured with no Debian mirror"
	keep=$(cache)/$architecture-$codename
	mkdir -p "$keep" "$lent"
	cp -al "$keep/." "$lent/" 2>/dev/null || cp -a "$keep/." "$lent/"
	chmod 1777 "$lent"
	# shellcheck disable=SC2016 # mmdebstrap's $1
	"$@" mmdebstrap --mode=root --variant="$variant" --architectures="$architecture" --format=tar \
		--aptopt='Acquire::Retries "3"' --aptopt='APT::Sandbox::User "root"' \
		--skip=download/empty \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives" && cp "'"$lent"'"/*.deb "$1/var/cache/apt/archives/" || true' \
		--extract-hook='cp -n "$1"/var/cache/apt/archives/*.deb "'"$lent"'/" || true' \
		"$codename" "$archive" "deb $uri $codename main" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- || {
		tail -n 30 "$BATS_TEST_TMPDIR/log"
		return 1
	}
	cp -n "$lent"/*.deb "$keep/" || true
}
