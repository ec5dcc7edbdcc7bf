#!/bin/bash
# SPDX-License-Identifier: MIT
# Registering against the least that it can cost and against the registrars of Debian; prints ratios, judges nothing.
#
# usage: register.sh ANYARCH TIMEIT MINIMAL DIRECT [ROUNDS]
set -euo pipefail

anyarch=$(realpath -- "$1") timeit=$2 minimal=$3 direct=$4 rounds=${5:-100}
src=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$src/tools/lib.sh"
# shellcheck source=tools/fetch.sh
. "$src/tools/fetch.sh"

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT

# binfmt-support unpacked, not installed: installing it registers handlers on the machine.
peer()
{
	local cache
	cache=$(cache_dir)/binfmt-support

	if [[ ! -x $cache/usr/sbin/update-binfmts ]]; then
		rm -rf -- "$cache.tmp"
		mkdir -p -- "$cache.tmp"
		fetch_open "$cache.tmp/apt" deb "$(dpkg --print-architecture)"
		fetch_unpack "$cache.tmp/apt" binfmt-support "$cache.tmp"
		fetch_unpack "$cache.tmp/apt" libpipeline1 "$cache.tmp"
		rm -rf -- "$cache.tmp/apt" "$cache"
		mv -- "$cache.tmp" "$cache"
	fi
	printf '%s\n' "$cache"
}

# The same rules in the peers' own formats; preserve: what ours registers too where the emulator can.
write_conf() # DIR RULES
{
	mkdir -p -- "$1/import"
	printf '%s\n' "$2" >"$1/rules.conf"
	while IFS=: read -r _ name _ _ magic mask interpreter _; do
		printf 'package anyarch\ninterpreter %s\nmagic %s\nmask %s\nfix_binary yes\npreserve yes\n' \
			"$interpreter" "$magic" "$mask" >"$1/import/$name"
	done <<<"$2"
}

# Times the peers with the rules of a directory against anyarch with its arguments, all of them mounting.
against_peers() # ROUNDS DIR ARGUMENT...
{
	local rounds=$1 dir=$2 update systemd
	shift 2

	update=$(script "$dir/update" "$mount
export LD_LIBRARY_PATH=$support/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
mkdir $dir/admin.\$\$ && u=\"$support/usr/sbin/update-binfmts --admindir $dir/admin.\$\$ --importdir $dir/import\"
\$u --import >&2 && \$u --enable >&2")
	systemd=$(script "$dir/systemd" "$mount
exec /usr/lib/systemd/systemd-binfmt $dir/rules.conf")
	"$timeit" "$rounds" -- "mount, update-binfmts --import, --enable" "$update" \
		-- "mount, systemd-binfmt" "$systemd" -- "anyarch register $*, verified" "$anyarch" register "$@"
}

script() # FILE COMMANDS
{
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod +x "$1"
	printf '%s\n' "$1"
}

need_packages qemu-user-static debian-archive-keyring
mapfile -t two < <("$anyarch" register --dry-run --no-verify arm arm64)
all=$("$anyarch" register --dry-run all)
write_conf "$scratch/two" "$(printf '%s\n' "${two[@]}")"
write_conf "$scratch/all" "$all"
support=$(peer)
mount='mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || exit'

mkdir -- "$scratch/probes"
printf 'two rules, not verified (limit: 2x)\n'
"$timeit" "$rounds" -- "anyarch register --no-verify arm arm64" "$anyarch" register --no-verify arm arm64 \
	-- "mount(2) and two write(2), static C" "$minimal" "${two[@]}"
printf '\nall %d rules, verified (limit: 1.25x)\n' "$(wc -l <<<"$all")"
"$timeit" "$((rounds / 8 + 1))" -- "anyarch register all" "$anyarch" register all \
	-- "the same probes, emulators run directly" "$direct" "$scratch/probes" /usr/bin -static
printf '\nthe same two rules by others, who prove nothing (to be slower than ours)\n'
against_peers "$rounds" "$scratch/two" arm arm64
printf '\nall rules by others (every emulator started by ours, none by theirs)\n'
against_peers "$((rounds / 8 + 1))" "$scratch/all" all
strip -o "$scratch/stripped" "$anyarch"
printf '\nsize of the executable, stripped: %d KiB (limit for the static one: 2048)\n' \
	$(($(stat -c %s "$scratch/stripped") / 1024))
