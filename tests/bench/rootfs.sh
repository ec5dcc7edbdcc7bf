#!/bin/bash
# SPDX-License-Identifier: MIT
# Injecting against plain copies of the same file, and run against a bare unshare; prints ratios, judges nothing.
#
# usage: rootfs.sh ANYARCH TIMEIT [ROUNDS]
set -euo pipefail

anyarch=$(realpath -- "$1") timeit=$2 rounds=${3:-60}
src=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$src/tools/lib.sh"

need_packages qemu-user-static
emulator=$(realpath -- /usr/bin/qemu-arm-static)
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT

script() # NAME COMMANDS
{
	printf '#!/bin/sh\n%s\n' "$2" >"$scratch/$1"
	chmod +x "$scratch/$1"
	printf '%s\n' "$scratch/$1"
}

# What takes the emulator out again is timed with none of them: the file goes before each round, in the same shell.
fresh="rm -f $scratch/root/usr/bin/* $scratch/root/usr/bin/.[a-z]*"
mkdir -p -- "$scratch/root/usr/bin"
inject=$(script inject "$fresh
exec $anyarch inject --quiet --platform arm --at /usr/bin/qemu-arm-static --emulator $emulator $scratch/root")
copy=$(script copy "$fresh
cp --reflink=auto -- $emulator $scratch/root/usr/bin/qemu-arm-static
exec /bin/true")
durable=$(script durable "$fresh
cp --reflink=auto -- $emulator $scratch/root/usr/bin/qemu-arm-static
exec sync $scratch/root/usr/bin/qemu-arm-static")
printf 'one emulator of %d KiB (limit: 1.2x)\n' $(($(stat -c %s "$emulator") / 1024))
"$timeit" "$rounds" -- "anyarch inject" "$inject" -- "cp --reflink=auto, sync" "$durable" -- "cp --reflink=auto, true" "$copy"

# A thousand roots take a thousand times the file: a small one, so that the disk is not what is measured.
n=${ANYARCH_BENCH_ROOTS:-1000}
small=$scratch/small
gcc -O1 -static -nostdlib -fno-stack-protector -o "$small" -x c - <<<'void _start(void) { for (;;) __asm__(""); }'
yes anyarch 2>/dev/null | head -c 200000 >>"$small" || true
for one in many copies synced; do
	for ((i = 0; i < n; i++)); do
		printf '%s\n' "$scratch/$one.d/$i"
	done >"$scratch/$one.list"
	xargs -I '{}' mkdir -p -- '{}/usr/bin' <"$scratch/$one.list"
done
many=$(script many "exec xargs -n $n -a $scratch/many.list $anyarch inject --quiet --platform arm --at /usr/bin/qemu --emulator $small")
loop() # NAME
{
	# shellcheck disable=SC2016
	printf 'while read -r root; do
	cp --reflink=auto -- %s $root/usr/bin/qemu
done <%s\n' "$small" "$scratch/$1.list"
}
copies=$(script copies "$(loop copies)")
synced=$(script synced "$(loop synced)
sed s,\$,/usr/bin/qemu, $scratch/synced.list | xargs sync")
printf '\n%d roots in one call, %d KiB each (limit: 1.1x)\n' "$n" $(($(stat -c %s "$small") / 1024))
for round in 1 2; do
	find "$scratch"/*.d -type f -delete
	sync
	printf 'round %d\n' "$round"
	"$timeit" 1 -- "anyarch inject ROOT..." "$many" -- "cp --reflink=auto for each, sync of all" "$synced" \
		-- "cp --reflink=auto for each" "$copies"
done

printf '\nrun (limit: 3x)\n'
"$timeit" "$rounds" -- "anyarch run -- /bin/true" "$anyarch" run /bin/true \
	-- "anyarch run --platform arm -- /bin/true" "$anyarch" run --platform arm /bin/true \
	-- "unshare --user --map-root-user --mount" "$(type -P unshare)" --user --map-root-user --mount /bin/true
