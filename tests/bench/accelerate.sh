#!/bin/bash
# SPDX-License-Identifier: MIT
# Compiling and whole builds in an emulated root, accelerated, against the same on the machine and against all of it emulated; and
# what the entry stub costs programs that have no native twin. Prints ratios, judges nothing.
#
# usage: accelerate.sh ANYARCH TIMEIT [ROUNDS]
set -euo pipefail

anyarch=$(realpath -- "$1") timeit=$2 rounds=${3:-3}
ANYARCH_SRC=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)
export ANYARCH_SRC
# shellcheck source=tools/lib.sh
. "$ANYARCH_SRC/tools/lib.sh"
# shellcheck source=tests/lib/compilers.bash
. "$ANYARCH_SRC/tests/lib/compilers.bash"

need_packages qemu-user-static gcc g++ gcc-arm-linux-gnueabihf g++-arm-linux-gnueabihf dpkg-dev xz-utils bzip2
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
mkdir -- "$scratch/root" "$scratch/work"
tar -C "$scratch/root" --no-same-owner -xf "$(compiler_root armhf)"
for one in libzstd fmtlib; do
	mkdir -- "$scratch/$one" "$scratch/work/$one"
	tar -C "$scratch/$one" -xf "$(debian_source "$one")"
	for archive in "$scratch/$one"/*.orig.tar.?z*; do
		[[ $archive == *.asc ]] || tar -C "$scratch/work/$one" --strip-components=1 -xf "$archive"
	done
done

# Compilers write into /tmp, which the root has to itself.
cat >"$scratch/work/c" <<'SH'
cd "${0%/*}/libzstd/lib" && for one in common/*.c decompress/*.c; do gcc -O2 -g -c "$one" -o /tmp/bench.o || exit; done
SH
cat >"$scratch/work/c++" <<'SH'
cd "${0%/*}/fmtlib" && for one in src/format.cc src/os.cc; do g++ -std=c++17 -O2 -g -Iinclude -c "$one" -o /tmp/bench.o || exit; done
SH
cat >"$scratch/loop.c" <<'C'
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
int main(int argc, char **argv)
{
	char *none[] = { NULL };
	double begin = now();
	int count = atoi(argv[1]);
	for (int n = count; argc > 2 && n--;) {
		pid_t pid;
		int status;
		if (posix_spawn(&pid, argv[2], NULL, NULL, argv + 2, none) || waitpid(pid, &status, 0) < 0 || status)
			return 1;
	}
	printf("%.4f\n", (now() - begin) / count);
	return 0;
}
C
gcc -O1 -static -o "$scratch/root/loop" "$scratch/loop.c"

in_root() # NAME OPTION... -- COMMAND...
{
	local name=$1
	shift

	printf '#!/bin/sh\nexec %s run --root %s --bind %s:/work' "$anyarch" "${root:-$scratch/root}" "$scratch/work" >"$scratch/$name"
	printf " '%s'" "$@" >>"$scratch/$name"
	chmod +x "$scratch/$name"
	printf '%s\n' "$scratch/$name"
}

for language in c c++; do
	fast=$(in_root "fast-$language" --accelerate -- /bin/sh "/work/$language")
	slow=$(in_root "slow-$language" --accelerate --env ANYARCH_ACCELERATE=0 -- /bin/sh "/work/$language")
	printf '\n%s (limits: accelerated 2x; emulated 7x of that)\n' "$language"
	"$timeit" 1 -- "armhf root, emulated" "$slow" -- "armhf root, accelerated" "$fast" -- "on the machine" /bin/sh "$scratch/work/$language"
	"$timeit" "$rounds" -- "armhf root, accelerated" "$fast" -- "on the machine" /bin/sh "$scratch/work/$language"
done

best() # NAME: the least milliseconds that a start took, of several rounds
{
	sort -n "$scratch/$1.ms" | head -n 1
}

printf '\nstarting a program without a native twin (limit: 1.03x)\n'
with=$(in_root with --accelerate -- /loop 200 /bin/true)
without=$(in_root without --platform arm -- /loop 200 /bin/true)
for ((round = 0; round < rounds * 3; round++)); do
	"$with" >>"$scratch/with.ms"
	"$without" >>"$scratch/without.ms"
done
awk -v with="$(best with)" -v without="$(best without)" 'BEGIN {
	printf "with the entry stub %.3f ms, without %.3f ms, ratio %.3f\n", with, without, with / without }'

# With native tools from a root of the same distribution, as the machine's own packages may be of another version.
mkdir -- "$scratch/arm64" "$scratch/set" "$scratch/units"
tar -C "$scratch/arm64" --no-same-owner -xf "$(tools_root arm64)"
tar -C "$scratch/set" --no-same-owner -xf "$(native_root)"
tar -C "$scratch/units" -xf "$(debian_source units)"
cat >"$scratch/work/starts" <<'SH'
n=0; while [ $n -lt 1000 ]; do /bin/true; n=$((n + 1)); done
SH
cat >"$scratch/work/build" <<'SH'
cd "${0%/*}" && rm -rf "made-$1" && mkdir "made-$1" && cd "made-$1" && tar --no-same-owner --strip-components=1 -xf ../units.tar && export PATH=/usr/bin:/bin &&
	./configure >/dev/null 2>&1 && make >/dev/null 2>&1
SH
gzip -dc "$scratch"/units/units_*.orig.tar.gz >"$scratch/work/units.tar"
for what in "starts:1,000 starts of /bin/true from sh (limit: 6x as fast as emulated)" \
	"build:configure and make of GNU units (limits: 4x as fast as emulated, 3x of the machine)"; do
	root=$scratch/arm64
	name=${what%%:*}
	fast=$(in_root "fast-$name" --accelerate --toolchain "$scratch/set" -- /bin/sh "/work/$name" native)
	slow=$(in_root "slow-$name" --accelerate --toolchain "$scratch/set" --env ANYARCH_ACCELERATE=0 -- /bin/sh "/work/$name" emulated)
	printf '\narm64: %s\n' "${what#*:}"
	"$timeit" 1 -- "arm64 root, emulated" "$slow" -- "arm64 root, accelerated" "$fast" -- "on the machine" /bin/sh "$scratch/work/$name" here
done
