#!/bin/bash
# SPDX-License-Identifier: MIT
# Shared by all scripts here: messages, the cache, the Debian packages that each purpose needs, and installing them.

# The lists are read by the scripts that source this file.
# shellcheck disable=SC2034
{
	PACKAGES_BUILD=(gcc libc6-dev meson ninja-build pkg-config libelf-dev libmount-dev libblkid-dev
		libsmartcols-dev libjansson-dev nettle-dev zlib1g-dev libzstd-dev scdoc)
	PACKAGES_STATIC=(gcc libc6-dev make pkg-config dpkg-dev xz-utils libelf-dev zlib1g-dev libzstd-dev)
	PACKAGES_IMAGE=(qemu-user-static)
	PACKAGES_CHECK=(libcmocka-dev bats strace qemu-user-static uidmap python3 shellcheck clang-format jq
		arch-test mmdebstrap e2fsprogs debian-archive-keyring skopeo umoci man-db zsh fish git tmux xz-utils zstd)
	PACKAGES_ANALYSIS=(clang libclang-rt-dev clang-tidy cppcheck valgrind codespell)
	PACKAGES_COVERAGE=(gcovr)
	PACKAGES_PRIVATE=(podman buildah docker-registry gcc-arm-linux-gnueabihf g++-arm-linux-gnueabihf gcc-aarch64-linux-gnu
		g++-aarch64-linux-gnu musl xfsprogs btrfs-progs squashfs-tools runc python3-yaml)
	PACKAGES_DOCKER=(docker.io runc zstd curl docker-compose systemd yamllint python3-yaml python3-jsonschema openssh-server openssh-client)
	PACKAGES_DEB=(dpkg-dev mmdebstrap xz-utils)
	PACKAGES_PACKAGE=(scdoc mandoc python3-markdown chromium git lintian autopkgtest e2fsprogs qemu-system-x86 yamllint python3-yaml)
	PACKAGES_VM=(qemu-system-x86 qemu-system-arm busybox-static cpio xz-utils)
	PACKAGES_FETCH=(debian-archive-keyring)
}

# Prints QEMU's names of the emulators in the image for machines of a Debian architecture: arm, and the other one of amd64
# and arm64.
image_emulators() # ARCHITECTURE
{
	case $1 in
	amd64) echo arm aarch64 ;;
	arm64) echo arm x86_64 ;;
	*) echo arm aarch64 x86_64 ;;
	esac
}

say()
{
	printf '%s\n' "${0##*/}: $*" >&2
}

die()
{
	say "$*"
	exit 1
}

# The top of the source tree.
source_dir()
{
	cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd
}

# Keeps downloads and the static libraries from one run to the next.
cache_dir()
{
	local dir=${ANYARCH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/anyarch}

	mkdir -p -- "$dir" || return
	cd -- "$dir" && pwd
}

as_root()
{
	if [[ $EUID -eq 0 ]]; then
		"$@"
	elif [[ -n $(type -P sudo) ]]; then
		sudo -- "$@"
	else
		say "this needs root and there is no sudo: $*"
		return 1
	fi
}

# Prints those of its arguments that no installed package is or provides, according to dpkg's records.
missing_packages()
{
	local name state provides package
	local -A have=()

	while read -r name state provides; do
		[[ $state == installed ]] || continue
		for package in "$name" ${provides//,/ }; do
			have[$package]=1
		done
	done < <(dpkg-query -W -f '${Package} ${db:Status-Status} ${Provides}\n')
	for package; do
		[[ -n ${have[$package]-} ]] || printf '%s\n' "$package"
	done
}

# Prints the path of QEMU's static user emulator of that name in a directory: qemu-NAME-static, or qemu-NAME in Debian 13
# and later. In Debian 12 the latter is not static.
emulator_in() # DIR NAME
{
	local file=$1/qemu-$2

	if [[ -x $file-static ]]; then
		printf '%s\n' "$file-static"
	else
		[[ -x $file ]] && ! readelf --program-headers --wide -- "$file" 2>/dev/null | grep -q INTERP || return
		printf '%s\n' "$file"
	fi
}

have_emulators() # DIR NAME...
{
	local dir=$1 name
	shift

	for name; do
		emulator_in "$dir" "$name" >/dev/null || return
	done
}

# Installs QEMU's emulators, whatever package has them, unless those that are named exist.
need_emulators() # NAME...
{
	have_emulators /usr/bin "$@" || need_packages "${PACKAGES_IMAGE[@]}"
}

# Runs a command without showing its output, or with the end of it if the command fails.
logged() # COMMAND...
{
	local log

	log=$(mktemp) || return
	"$@" </dev/null >"$log" 2>&1 && rm -f -- "$log" && return
	tail -n 30 -- "$log" >&2
	rm -f -- "$log"
	return 1
}

apt_as_root()
{
	logged as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@"
}

# Installs those of its arguments that are missing; prints nothing if none is.
need_packages()
{
	local missing=()

	[[ -n $(type -P dpkg-query) ]] || die "not a Debian system; install the equivalents of: $*"
	mapfile -t missing < <(missing_packages "$@")
	[[ ${#missing[@]} -gt 0 ]] || return 0
	[[ $EUID -eq 0 || -n $(type -P sudo) ]] ||
		die "missing packages; as root: apt-get install --no-install-recommends ${missing[*]}"
	say "installing ${missing[*]}"
	# Lists may be missing (a fresh system) or older than the mirror: only then are they refreshed.
	if ! apt-get -s -qq --no-install-recommends install -- "${missing[@]}" >/dev/null 2>&1 ||
		! apt_as_root install --yes --no-install-recommends -- "${missing[@]}"; then
		apt_as_root update || say "apt-get update failed; using the existing package lists"
		apt_as_root install --yes --no-install-recommends -- "${missing[@]}" ||
			die "cannot install: ${missing[*]}"
	fi
}
