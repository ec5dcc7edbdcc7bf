#!/bin/bash
# SPDX-License-Identifier: MIT
# Compiling and whole builds in an emulated root, accelerated, against the same on the machine and against all of it emulated; and
# what the entry stub costs programs that have no native twin. Prints ratios, judges nothing.
#
# usage: accelerate.sh ANYARCH TIMEIT [ROUNDS [WHAT...]]: of c, c++, stub, starts, build, cmake, meson and install; all of it without
set -euo pipefail

anyarch=$(realpath -- "$1") timeit=$2 rounds=${3:-3} parts=("${@:4}")
ANYARCH_SRC=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)
export ANYARCH_SRC
# shellcheck source=tools/lib.sh
. "$ANYARCH_SRC/tools/lib.sh"
# shellcheck source=tests/lib/compilers.bash
. "$ANYARCH_SRC/tests/lib/compilers.bash"

need_packages qemu-user-static gcc g++ gcc-arm-linux-gnueabihf g++-arm-linux-gnueabihf dpkg-dev xz-utils bzip2 \
	cmake meson ninja-build mmdebstrap
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
#include <sys/resource.h>
#include <sys/wait.h>
static double now(void) /* the CPU time of what ended, on a machine that may do other work */
{
	struct rusage u;
	getrusage(RUSAGE_CHILDREN, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
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
# No native tool stands in for it, as for most programs of a root.
arm-linux-gnueabihf-gcc -O1 -o "$scratch/root/nothing" -x c - <<<'int main(void) { return 0; }'

wants() # WHAT
{
	[[ ${#parts[@]} -eq 0 || " ${parts[*]} " == *" $1 "* ]]
}

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
	wants "$language" || continue
	fast=$(in_root "fast-$language" --accelerate -- /bin/sh "/work/$language")
	slow=$(in_root "slow-$language" --accelerate --env ANYARCH_ACCELERATE=0 -- /bin/sh "/work/$language")
	printf '\n%s (limits: accelerated 2x; emulated 7x of that)\n' "$language"
	"$timeit" 1 -- "armhf root, emulated" "$slow" -- "armhf root, accelerated" "$fast" -- "on the machine" /bin/sh "$scratch/work/$language"
	"$timeit" "$rounds" -- "armhf root, accelerated" "$fast" -- "on the machine" /bin/sh "$scratch/work/$language"
done

best() # NAME: the least milliseconds of CPU time that a start took, of several rounds
{
	sort -n "$scratch/$1.ms" | head -n 1
}

with=$(in_root with --accelerate -- /loop 200 /nothing)
without=$(in_root without --platform arm -- /loop 200 /nothing)
for ((round = 0; round < rounds * 3; round++)); do
	wants stub || break
	"$with" >>"$scratch/with.ms"
	"$without" >>"$scratch/without.ms"
done
! wants stub || awk -v with="$(best with)" -v without="$(best without)" 'BEGIN {
	printf "\nstarting a program without a native twin (limit: 1.03x)\n"
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
# What CMake and Meson are told is the same on the machine; both, and ninja, are emulated.
for one in cjson pkgconf; do
	mkdir -- "$scratch/$one" "$scratch/work/$one"
	tar -C "$scratch/$one" -xf "$(debian_source "$one")"
	tar -C "$scratch/work/$one" --strip-components=1 -xf "$scratch/$one"/*.orig.tar.?z
done
cat >"$scratch/work/cmake" <<'SH'
cd "${0%/*}" && export CC=gcc CXX=g++ && cmake -S cjson -B "cmake-$1" >/dev/null && cmake --build "cmake-$1" >/dev/null
SH
cat >"$scratch/work/meson" <<'SH'
cd "${0%/*}" && export CC=gcc CXX=g++ && meson setup -Dtests=false "meson-$1" pkgconf >/dev/null && ninja -C "meson-$1" >/dev/null
SH
mkdir -- "$scratch/builder"
tar -C "$scratch/builder" --no-same-owner -xf "$(builder_root arm64)"
for what in "starts:arm64:1,000 starts of /bin/true from sh (limit: 6x as fast as emulated)" \
	"build:arm64:configure and make of GNU units (limits: 4x as fast as emulated, 3x of the machine)" \
	"cmake:builder:a CMake project, cJSON (limit: 3x of the machine, or what stops it)" \
	"meson:builder:a Meson project, pkgconf (limit: 3x of the machine, or what stops it)"; do
	name=${what%%:*} what=${what#*:}
	wants "$name" || continue
	root=$scratch/${what%%:*}
	fast=$(in_root "fast-$name" --accelerate --toolchain "$scratch/set" -- /bin/sh "/work/$name" native)
	slow=$(in_root "slow-$name" --accelerate --toolchain "$scratch/set" --env ANYARCH_ACCELERATE=0 -- /bin/sh "/work/$name" emulated)
	printf '\narm64: %s\n' "${what#*:}"
	"$timeit" 1 -- "arm64 root, emulated" "$slow" -- "arm64 root, accelerated" "$fast" -- "on the machine" /bin/sh "$scratch/work/$name" here
done

wants install || exit 0

make_configured_root() # SUITE ARCHITECTURE SCRATCH RESULT
{
	"$anyarch" run -- mmdebstrap --mode=root --variant=apt --architectures="$2" --format=tar "$1" "$4" "deb $(images_mirror "$1") $1 main"
}

# Packages are downloaded before: what is timed is apt-get, dpkg and what they start.
suite=$(images_suite)
archive=$(cached "root-$suite-armhf-1.tar" make_configured_root "$suite" armhf)
for way in emulated native; do
	mkdir -- "$scratch/apt-$way"
	tar -C "$scratch/apt-$way" --no-same-owner -xf "$archive"
	mkdir -p -- "$scratch/apt-$way/work"
done
config=$(apt_private "$scratch/apt" "$suite" armhf)
cp -- "$scratch/apt-native/var/lib/dpkg/status" "$scratch/apt/status"
APT_CONFIG=$config apt-get --quiet --quiet update
APT_CONFIG=$config apt-get --quiet --quiet --yes --download-only install python3-minimal gcc make libc6-dev
mv -- "$scratch/apt/archives" "$scratch/work/packages"
cat >"$scratch/work/install" <<'SH'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C &&
	apt-get -qq -o APT::Sandbox::User=root install --yes --no-install-recommends /work/packages/*.deb </dev/null >/dev/null 2>&1
SH
root=$scratch/apt-native
fast=$(in_root fast-install --accelerate --toolchain "$scratch/set" -- /bin/sh /work/install)
root=$scratch/apt-emulated
slow=$(in_root slow-install --accelerate --toolchain "$scratch/set" --env ANYARCH_ACCELERATE=0 -- /bin/sh /work/install)
printf '\narmhf: apt-get install of python3-minimal, gcc, make and libc6-dev from local packages (limit: 0.55x of emulated)\n'
"$timeit" 1 -- "armhf root, accelerated" "$fast" -- "armhf root, emulated" "$slow"
