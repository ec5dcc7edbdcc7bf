#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds source packages of Debian in emulated roots, accelerated and emulated, and compares everything that a build leaves: what
# was configured, compiled and installed. Prints a line for each package, with the seconds that it took; fails if anything differs.
# Takes an hour.
#
# usage: packages.sh ANYARCH [ARCHITECTURE [PACKAGE...]]
set -euo pipefail

anyarch=$(realpath -- "$1") foreign=${2:-arm64}
shift $(($# > 2 ? 2 : $#))
ANYARCH_SRC=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)
export ANYARCH_SRC
# shellcheck source=tests/lib/compilers.bash
. "$ANYARCH_SRC/tests/lib/compilers.bash"

AUTOTOOLS='./configure --prefix=/usr && make && make install DESTDIR=/work/out'
CMAKE='cmake -S . -B made -DCMAKE_BUILD_TYPE=Debug -DCMAKE_INSTALL_PREFIX=/usr && cmake --build made && DESTDIR=/work/out cmake --install made'
MESON='meson setup --prefix=/usr --buildtype=debug made && ninja -C made && DESTDIR=/work/out meson install -C made --no-rebuild'
declare -A build=(
	[units]=$AUTOTOOLS
	[mawk]=$AUTOTOOLS
	[cjson]=${CMAKE/ -S/ -DENABLE_CJSON_TEST=OFF -S}
	[jansson]=${CMAKE/ -S/ -DJANSSON_BUILD_DOCS=OFF -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON -S}
	[pkgconf]=${MESON/ --prefix/ -Dtests=false --prefix}
	[bzip2]='make CC=gcc libbz2.a bzip2 bzip2recover && make install CC=gcc PREFIX=/work/out/usr'
	[lz4]='make -C lib && make -C lib install prefix=/usr DESTDIR=/work/out'
	[xxhash]='make && make install prefix=/usr DESTDIR=/work/out'
)

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
mkdir -- "$scratch/root" "$scratch/set"
tar -C "$scratch/root" --no-same-owner -xf "$(builder_root "$foreign")"
tar -C "$scratch/set" --no-same-owner -xf "$(native_root)"
triplet=$(cd "$scratch/root/usr/lib/gcc" && echo *)

# build_package PACKAGE WAY: builds in $scratch/PACKAGE.WAY/src; the seconds that it took.
build_package()
{
	local dir=$scratch/$1.$2 begin=$EPOCHREALTIME

	"$anyarch" run --accelerate --toolchain "$scratch/set" --root "$scratch/root" --bind "$dir:/work" --workdir /work/src \
		--env "ANYARCH_ACCELERATE=$3" --env PATH=/usr/bin:/bin --env LC_ALL=C.UTF-8 --env CC=gcc --env CXX=g++ --env 'CFLAGS=-O -g' -- /bin/sh -ec "${build[$1]}" >"$dir/log" 2>&1 </dev/null || {
		tail -n 20 "$dir/log" >&2
		return 1
	}
	awk -v begin="$begin" -v end="$EPOCHREALTIME" 'BEGIN { printf "%.1f\n", end - begin }'
}

# settle DIR: without what cannot be the same: the log of a build, times (mawk writes one into its source), the package that the compiler names, which lags behind
# in the cross packages, and where CMake compiled what it tries, a directory of a random name.
settle()
{
	find "$1" \( -name config.log -o -name meson-logs -o -name meson-private -o -name CMakeOutput.log -o -name CMakeError.log -o \
		-name '.ninja_*' -o -name '*.marks' \) -prune -exec rm -rf {} +
	find "$1/src" -name scancode.c -exec sed -i '/^ \* date:/d' {} +
	find "$1/src" -path '*/CMakeFiles/*.bin' -exec "$triplet-objcopy" --strip-debug {} \;
	find "$1/src" "$1/out" -type f \( -name '*.o' -o -name '*.a' -o -name '*.so*' -o -name '*.bin' -o -perm -u+x \) -print0 |
		while IFS= read -r -d '' file; do
			"$triplet-objcopy" -R .comment -R .note.gnu.build-id "$file" 2>/dev/null || true
		done
}

listing() # DIR: names, modes, owners and links
{
	(cd "$1" && find src out -printf '%p %y %m %U:%G %l\n' | sort)
}

result=0
printf '%-14s %10s %12s %7s %7s\n' "$foreign" emulated accelerated ratio files
for package in "${@:-${!build[@]}}"; do
	for way in emulated native; do
		mkdir -p -- "$scratch/source.$package" "$scratch/$package.$way/src"
		[[ -n $(ls "$scratch/source.$package") ]] || tar -C "$scratch/source.$package" -xf "$(debian_source "$package")"
		for archive in "$scratch/source.$package"/*.orig.tar.?z*; do
			[[ $archive == *.asc ]] || tar -C "$scratch/$package.$way/src" --no-same-owner --strip-components=1 -xf "$archive"
		done
	done
	if ! slow=$(build_package "$package" emulated 0) || ! fast=$(build_package "$package" native 1); then
		printf '%-14s does not build\n' "$package"
		result=1
		continue
	fi
	settle "$scratch/$package.emulated"
	settle "$scratch/$package.native"
	printf '%-14s %8s s %10s s %7s %7s\n' "$package" "$slow" "$fast" "$(awk -v a="$slow" -v b="$fast" 'BEGIN { printf "%.1f", a / b }')" \
		"$(find "$scratch/$package.native"/{src,out} -type f | wc -l)"
	diff -r --no-dereference --exclude=log "$scratch/$package".{native,emulated} &&
		diff <(listing "$scratch/$package.native") <(listing "$scratch/$package.emulated") || result=1
	rm -rf -- "$scratch/$package".{native,emulated}
done
exit "$result"
