#!/bin/bash
# SPDX-License-Identifier: MIT
# Fetches Debian packages without installing them, with a private apt configuration for the machine's own mirror. FETCH_SUITE
# selects a suite instead of the machine's own. Source lib.sh first. Needs no root, and does not change the machine's apt.
# Every function returns non-zero on failure, also while errexit is suspended.

unset FETCH_SUITE
FETCH_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Prints "URI SUITE" of every Debian suite with a main component that the machine's apt is configured with, and of the
# security suite, which a mirror has beside the others, where a bare machine has been configured without.
# apt tells only of indexes that have been downloaded: where there are none, this downloads them into DIR/seed.
fetch_suites() # DIR
{
	local suites codename uri seed=$1/seed
	# shellcheck disable=SC2016 # apt's variables
	local ask=(indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages'
		'Component: main' 'Origin: Debian')

	suites=$(apt-get "${ask[@]}" | sort -u)
	if [[ -z $suites ]]; then
		mkdir -p -- "$seed/lists/partial"
		apt-get -qq -o Dir::State="$seed" -o APT::Sandbox::User=root update >&2 ||
			say "apt-get update had errors"
		suites=$(apt-get -o Dir::State="$seed" "${ask[@]}" | sort -u)
	fi
	[[ -n $suites ]] || die "apt is configured with no Debian mirror (see /etc/apt/sources.list)"
	printf '%s\n' "$suites"
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME-}")
	uri=$(sed -n "s|/debian/* $codename\$|/debian-security|p" <<<"$suites" | head -n 1)
	if [[ -n $codename && -n $uri && $suites != *-security* ]]; then
		printf '%s %s-security\n' "$uri" "$codename"
	fi
}

# Prints "URI SUITE" of the one that this machine is made of: what apt calls it may be another word than the release's name
# (stable), and sid calls itself by the name of the next release.
fetch_release() # DIR
{
	local suites codename

	suites=$(fetch_suites "$1") || return
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME-}")
	grep -m 1 " $codename\$" <<<"$suites" || grep -m 1 -v -E -- '-(security|updates|backports)$' <<<"$suites"
}

# Writes the sources for the private configuration. TYPE is deb or deb-src.
fetch_sources() # DIR TYPE ARCHITECTURE...
{
	local dir=$1 type=$2 uri suite suites
	shift 2

	if [[ -n ${ANYARCH_APT_SOURCES-} ]]; then
		cp -- "$ANYARCH_APT_SOURCES" "$dir/sources.list"
		return
	fi
	[[ -r $FETCH_KEYRING ]] || die "no $FETCH_KEYRING: install debian-archive-keyring"
	suites=$(fetch_suites "$dir") || return
	if [[ -n ${FETCH_SUITE-} ]]; then
		suites="$(sed '/-security/d;s/ .*//;q' <<<"$suites") $FETCH_SUITE"
	fi
	while read -r uri suite; do
		printf '%s [signed-by=%s arch=%s] %s %s main\n' \
			"$type" "$FETCH_KEYRING" "$(IFS=, && printf '%s' "$*")" "$uri" "$suite"
		# Debian has riscv64 from the next release on.
		if [[ $suite == bookworm && " $* " == *' riscv64 '* ]]; then
			printf '%s [signed-by=%s arch=riscv64] %s trixie main\n' "$type" "$FETCH_KEYRING" "$uri"
		fi
	done <<<"$suites" >"$dir/sources.list"
}

# Writes an apt configuration of its own into DIR and fetches the indexes. The machine's proxy settings stay in force; its
# sources and preferences do not. Signatures are checked with Debian's keyring; ANYARCH_APT_SOURCES names a sources.list to
# use instead, with options of its own. A missing index is not a failure here: the fetch of a package will fail.
fetch_open() # DIR TYPE ARCHITECTURE...
{
	local dir=$1 type=$2
	shift 2

	[[ $dir != *[[:space:]\"]* ]] || die "apt cannot use a directory with such a name: $dir"
	mkdir -p -- "$dir/state/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/state/status"
	fetch_sources "$dir" "$type" "$@" || return
	{
		printf 'Dir::Etc::sourcelist "%s";\n' "$dir/sources.list"
		printf 'Dir::Etc::sourceparts "/dev/null";\n'
		printf 'Dir::Etc::preferences "/dev/null";\nDir::Etc::preferencesparts "/dev/null";\n'
		printf 'Dir::State "%s";\nDir::State::status "%s";\n' "$dir/state" "$dir/state/status"
		printf 'Dir::Cache "%s";\n' "$dir/cache"
		printf 'APT::Architecture "%s";\n' "$(dpkg --print-architecture)"
		printf 'APT::Architectures { "%s"; %s };\n' "$(dpkg --print-architecture)" \
			"$(printf '"%s"; ' "$@")"
		printf 'APT::Default-Release "%s";\n' "${FETCH_SUITE-}"
		printf 'APT::Sandbox::User "root";\nAcquire::Languages "none";\nAcquire::Retries "3";\n'
	} >"$dir/apt.conf"
	fetch_apt "$dir" apt-get -qq update >"$dir/update.log" 2>&1 ||
		say "some of the mirror's indexes are missing: $(grep -m 1 '^E:' "$dir/update.log")"
}

# Runs a program of apt with the configuration in DIR, what it prints and what it answers untouched.
fetch_apt() # DIR COMMAND...
{
	local dir=$1
	shift

	APT_CONFIG=$dir/apt.conf "$@"
}

# Downloads a package and unpacks those of its files that match the patterns (all of them without any) into INTO.
fetch_unpack() # DIR PACKAGE INTO [PATTERN...]
{
	local dir=$1 package=$2 into=$3 deb patterns=()
	shift 3

	[[ $# -eq 0 ]] || patterns=(--wildcards -- "$@")
	mkdir -p -- "$into" "$dir/deb"
	rm -f -- "$dir/deb/"*.deb
	(cd -- "$dir/deb" && fetch_apt "$dir" apt-get -qq download "$package" >&2) || return
	deb=$(printf '%s\n' "$dir/deb/"*.deb)
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$into" --no-same-owner "${patterns[@]}" || return
	rm -f -- "$deb"
}

# Prints the versions of a source package that apt lists, newest first.
fetch_versions() # DIR PACKAGE
{
	fetch_apt "$1" apt-cache showsrc --only-source "$2" 2>/dev/null | sed -n 's/^Version: //p' | sort -rVu
}

# Unpacks the newest source of a package that can be fetched into INTO/PACKAGE-VERSION, of all versions that apt lists:
# a mirror may list a version that its pool lacks. Prints the version; on failure, what was tried and why that failed.
fetch_source() # DIR PACKAGE INTO
{
	local version tried=()

	while read -r version; do
		if (cd -- "$3" && fetch_apt "$1" apt-get -qq source "$2=$version") >"$1/source.log" 2>&1; then
			printf '%s\n' "$version"
			return
		fi
		rm -rf -- "$3/$2"[-_]*
		tried+=("$version")
	done < <(fetch_versions "$1" "$2")
	if [[ ${#tried[@]} -gt 0 ]]; then
		printf 'tried %s: %s\n' "${tried[*]}" "$(sed -n 's/^E: //p' "$1/source.log" | head -n 1)"
	else
		printf 'apt lists no version\n'
	fi
	return 1
}

# Prints the paths of busybox-static for each of Debian's architectures named, downloaded once and cached.
fetch_busybox() # ARCHITECTURE...
{
	local cache tmp arch wanted=()

	cache=$(cache_dir)/busybox
	mkdir -p -- "$cache"
	(
		flock 9
		for arch; do
			[[ -x $cache/$arch/busybox ]] || wanted+=("$arch")
		done
		[[ ${#wanted[@]} -gt 0 ]] || exit 0
		need_packages "${PACKAGES_FETCH[@]}"
		rm -rf -- "$cache"/.tmp.*
		tmp=$(mktemp -d -- "$cache/.tmp.XXXXXX") || exit
		trap 'rm -rf -- "$tmp"' EXIT
		fetch_open "$tmp" deb "${wanted[@]}" || exit
		for arch in "${wanted[@]}"; do
			# bin/busybox or usr/bin/busybox, by release. It must keep its name: it acts on it.
			fetch_unpack "$tmp" "busybox-static:$arch" "$tmp/$arch" '*/bin/busybox' && mkdir -p -- "$cache/$arch" &&
				mv -- "$(find "$tmp/$arch" -path '*/bin/busybox')" "$cache/$arch/busybox" || exit
		done
	) 9<"$cache" || return
	for arch; do
		printf '%s\n' "$cache/$arch/busybox"
	done
}

# Downloads QEMU's static emulators of these names into INTO. Debian 12 has them in qemu-user-static; later releases have
# them in qemu-user, and at most links in the other.
fetch_qemu() # DIR ARCHITECTURE INTO NAME...
{
	local dir=$1 arch=$2 into=$3 files=()
	shift 3

	files=("${@/#/*/bin/qemu-}")
	if ! fetch_unpack "$dir" "qemu-user-static:$arch" "$dir/qemu" "${files[@]/%/-static}" 2>/dev/null ||
		[[ -n $(find "$dir/qemu" -type l) ]]; then
		rm -rf -- "$dir/qemu"
		fetch_unpack "$dir" "qemu-user:$arch" "$dir/qemu" "${files[@]}" || return
	fi
	mkdir -p -- "$into" && mv -- "$dir/qemu/usr/bin/qemu-"* "$into/"
}

# Prints the directory that has QEMU's emulators of these names for machines of a Debian architecture, downloaded once and
# cached for the version of QEMU that is installed here or, with FETCH_SUITE, that this suite has.
fetch_emulators() # ARCHITECTURE NAME...
{
	local cache tmp version arch=$1
	shift

	cache=$(cache_dir)/emulators
	mkdir -p -- "$cache"
	(
		exec 9<"$cache"
		flock 9
		rm -rf -- "$cache"/.tmp.*
		tmp=$(mktemp -d -- "$cache/.tmp.XXXXXX") || exit
		trap 'rm -rf -- "$tmp"' EXIT
		if [[ -n ${FETCH_SUITE-} ]]; then
			need_packages "${PACKAGES_FETCH[@]}"
			fetch_open "$tmp" deb "$arch" || exit
			version=$(LC_ALL=C fetch_apt "$tmp" apt-cache policy "qemu-user:$arch" | sed -n 's/^  Candidate: //p')
			[[ $version == [0-9]* ]] || die "cannot get QEMU from $FETCH_SUITE: apt lists no qemu-user for $arch"
		else
			version=$(dpkg-query -W -f '${source:Version}\n' qemu-user-static qemu-user 2>/dev/null | head -n 1) || version=none
		fi
		cache+=/$arch-${version#*:}
		if ! have_emulators "$cache" "$@"; then
			need_packages "${PACKAGES_FETCH[@]}"
			[[ -n ${FETCH_SUITE-} ]] || fetch_open "$tmp" deb "$arch" || exit
			fetch_qemu "$tmp" "$arch" "$cache" "$@" || exit
		fi
		printf '%s\n' "$cache"
	)
}
