# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns root file systems with compilers in them, made of Debian's packages and kept from one run to the next, and the question
# which programs ran natively.

# shellcheck source-path=SCRIPTDIR source=../docker/images.sh
source "${BASH_SOURCE[0]%/*}/../docker/images.sh"

# compiler_root DEBIAN_ARCHITECTURE: the path of a cached tar: sh, make and GCC for C and C++, LTO included. The packages are
# unpacked, not configured.
compiler_root() {
	local suite

	suite=$(images_suite) || return
	cached "compiler-$suite-$1-1.tar" make_compiler_root "$suite" "$1"
}

make_compiler_root() {
	local root=$3/root

	unpack_packages "$3/apt" "$root" "$1" "$2" gcc g++ libc6-dev make dash bash coreutils sed grep diffutils || return
	rm -rf "$root"/usr/share/{doc,info,locale,man,lintian,bug} "$root"/usr/lib/*/gconv "$root"/usr/lib/gcc/*/*/lib{a,l,t,ub,hwa}san* \
		"$root"/usr/lib/*/lib{a,l,t,ub,hwa}san.so* "$root"/usr/bin/*{gold,dwp,lto-dump*,gcov*,gprof*}
	mkdir -p "$root"/{dev,proc,run,sys,tmp,root,work,usr/local/include}
	chmod 1777 "$root/tmp"
	tar --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -C "$root" -cf "$4" .
}

# tools_root DEBIAN_ARCHITECTURE: the same of what configure and make need, and of the tools that every system has.
tools_root() {
	local suite

	suite=$(images_suite) || return
	cached "tools-$suite-$1-1.tar" make_tools_root "$suite" "$1"
}

make_tools_root() { # SUITE ARCHITECTURE PACKAGE... SCRATCH RESULT
	local scratch=${*: -2:1} result=${*: -1} root=${*: -2:1}/root

	unpack_packages "$scratch/apt" "$root" "$1" "$2" "${@:3:$# - 4}" gcc libc6-dev make dash coreutils sed grep mawk findutils diffutils tar gzip bzip2 \
		xz-utils zstd m4 patch dpkg libc-bin base-files || return
	rm -rf "$root"/usr/share/{doc,info,locale,man,lintian,bug} "$root"/usr/lib/*/gconv "$root"/usr/lib/gcc/*/*/{lto1,lib{a,l,t,ub,hwa}san*} \
		"$root"/usr/lib/*/lib{a,l,t,ub,hwa}san.so* "$root"/usr/bin/*{gold,dwp,lto-dump*,gcov*,gprof*} "$root"/usr/lib/*/perl*
	mkdir -p "$root"/{dev,proc,run,sys,tmp,root,work}
	ln -s mawk "$root/usr/bin/awk"
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\n' >"$root/etc/group"
	chmod 1777 "$root/tmp"
	tar --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -C "$root" -cf "$result" .
}

# builder_root DEBIAN_ARCHITECTURE: the same with what builds whole packages: C++, CMake, Meson and Ninja.
builder_root() {
	local suite

	suite=$(images_suite) || return
	cached "builder-$suite-$1-1.tar" make_tools_root "$suite" "$1" g++ cmake ninja-build meson python3 pkg-config file
}

# native_root: the path of a cached tar: a set of native tools, this machine's packages of the same distribution.
native_root() {
	local suite

	suite=$(images_suite) || return
	cached "native-$suite-$(dpkg --print-architecture)-1.tar" make_native_root "$suite" "$(dpkg --print-architecture)"
}

make_native_root() {
	local root=$3/root

	unpack_packages "$3/apt" "$root" "$1" "$2" gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf dash coreutils sed grep findutils diffutils \
		tar gzip bzip2 xz-utils zstd m4 patch dpkg || return
	rm -rf "${root:?}"/usr/share "$root"/usr/*-linux-gnu*/ "$root"/usr/lib/*/{gconv,perl*} "$root"/usr/lib/gcc "$root"/usr/lib/gcc-cross/*/*/{include,*.[ao],g++*} \
		"$root"/usr/bin/*{gold,dwp,lto-dump*,gcov*,gprof*}
	tar --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -C "$root" -cf "$4" .
}

# other_release ARCHIVE REF ARCHITECTURE [VARIANT]: an image of this root, whose records say other versions than this machine's.
other_release() {
	changed_image '/dpkg/status$' '' 's/^Version: .*/&+other1/' "$@"
}

# other_compiler ARCHIVE REF ARCHITECTURE [VARIANT]: the same with those records, and cc1 as that of a GCC which this machine has not.
other_compiler() {
	changed_image '/12/cc1$' 's|/12/cc1$|/13/cc1|' '' "$@"
}

changed_image() { # MEMBER NAME TEXT ARCHIVE...: the expressions that find members, and change their names and texts
	local dir=$BATS_TEST_TMPDIR/changed members

	mkdir "$dir"
	cp "$4" "$dir/layer.tar"
	mapfile -t members < <(tar -tf "$4" | grep "$1")
	tar -C "$dir" -xf "$4" "${members[@]}"
	[[ -z $3 ]] || sed -i "$3" "${members[@]/#/$dir/}"
	tar --delete -f "$dir/layer.tar" "${members[@]}"
	tar -C "$dir" --owner=0 --group=0 --transform="$2" -rf "$dir/layer.tar" "${members[@]}"
	docker_archive "$dir/layer.tar" "${@:5}"
	rm -r "$dir"
}

# need_tools TRIPLET: the cross packages that are taken.
need_tools() {
	need_commands "$1-gcc" "$1-g++" "$1-as"
}

# debian_source PACKAGE: a cached directory with what Debian's source package has, as it is downloaded.
debian_source() {
	local suite

	suite=$(images_suite) || return
	cached "source-$suite-$1.tar" make_source "$1"
}

make_source() {
	(
		# shellcheck source=tools/lib.sh
		source "$ANYARCH_SRC/tools/lib.sh"
		# shellcheck source=tools/fetch.sh
		source "$ANYARCH_SRC/tools/fetch.sh"
		mkdir "$2/source"
		fetch_open "$2/apt" deb-src "$(dpkg --print-architecture)" || exit
		fetch_source "$2/apt" "$1" "$2/source" >&2 || exit
		cd "$2/source" || exit
		find . -maxdepth 1 -type f -print0 | tar -cf "$3" --null -T -
	)
}

# natively COMMAND...: runs it under strace and prints the names of the native tools that were started, each once. Returns
# what the command returned.
natively() {
	local log=$BATS_TEST_TMPDIR/execs result=0

	strace -f -qq -s 300 -o "$log" -e trace=execve -e signal=none -- "$@" >"$BATS_TEST_TMPDIR/natively.out" 2>&1 3>&- || result=$?
	sed -n 's|.*execve("[^"]*/lib/loader", .*"--argv0", "[^"]*", "[^"]*/bin/\([^"]*\)".* = 0$|\1|p' "$log" | sort -u
	return "$result"
}
