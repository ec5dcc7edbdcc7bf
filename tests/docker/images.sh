# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns the images that tests build from and with: foreign base images made of Debian packages and
# labelled truthfully, and the image of the program under test.
#
# docker import --platform is of no use here: in 20.10 it writes the machine's own architecture. So
# each base is a docker-archive with a configuration written by hand. The packages are unpacked, not
# configured: gcc, dash and coreutils work that way, and no step of it needs a handler.

IMAGES_LIB=$(realpath "${BASH_SOURCE[0]}")
# Raise when the recipe of a cached file changes.
IMAGES_RECIPE=1
IMAGES_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

cache_dir() {
	local dir=${ANYARCH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/anyarch}

	mkdir -p "$dir" && echo "$dir"
}

# The Debian suite that images are made from: the machine's own, whose mirror apt knows.
images_suite() {
	# shellcheck source=/dev/null
	echo "${ANYARCH_TEST_SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}"
}

# images_mirror SUITE: the mirror that apt is configured with.
images_mirror() {
	local mirror

	# shellcheck disable=SC2016 # apt expands it
	mirror=$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' "Codename: $1" | head -n 1)
	[[ -n $mirror ]] || {
		echo "apt knows no Debian mirror with $1 (has apt-get update been run?)" >&2
		return 1
	}
	echo "$mirror"
}

# apt_private DIR SUITE ARCH: an apt configuration of its own for a foreign architecture, printed as
# a path for APT_CONFIG. Sources, lists, package states and archives are private to DIR; proxies and
# the like from the machine's apt.conf.d stay in force. The machine learns no foreign architecture.
apt_private() {
	local dir=$1 mirror options="arch=$3"

	mirror=$(images_mirror "$2") || return
	[[ ! -e $IMAGES_KEYRING ]] || options+=" signed-by=$IMAGES_KEYRING"
	mkdir -p "$dir"/{lists,archives}/partial "$dir/none"
	: >"$dir/status"
	echo "deb [$options] $mirror $2 main" >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/none";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "$dir/none";
		Dir::State "$dir";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir";
		APT::Architecture "$3";
		APT::Architectures "$3";
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
	CONF
	echo "$dir/apt.conf"
}

# unpack_packages DIR ROOT SUITE ARCH PACKAGE…: the packages and what they depend on, into ROOT, with dpkg's records of them.
unpack_packages() {
	local dir=$1 root=$2 config package
	shift 2

	config=$(apt_private "$dir" "$1" "$2") || return
	shift 2
	APT_CONFIG=$config apt-get --quiet --quiet update >&2 || return
	APT_CONFIG=$config apt-get --quiet --quiet --yes --download-only install "$@" >&2 || return
	mkdir -p "$root"
	for package in "$dir"/archives/*.deb; do
		dpkg-deb --extract "$package" "$root" && record_package "$package" "$root/var/lib/dpkg" || return
	done
}

# record_package PACKAGE ADMINDIR: as dpkg records one that it has installed.
record_package() {
	local name

	mkdir -p "$2/info"
	name=$(dpkg-deb --field "$1" Package)
	[[ $(dpkg-deb --field "$1" Multi-Arch) != same ]] || name+=:$(dpkg-deb --field "$1" Architecture)
	{
		dpkg-deb --field "$1" Package
		printf 'Status: install ok installed\n'
		dpkg-deb --field "$1" | grep -v '^Package:'
		echo
	} | sed '1s/^/Package: /' >>"$2/status"
	dpkg-deb --ctrl-tarfile "$1" | tar -xO ./md5sums >"$2/info/$name.md5sums" 2>/dev/null || true
}

# cached NAME COMMAND…: the path of NAME in the cache; if it is not there, COMMAND is run with a
# scratch directory and the name of the file to write as additional arguments. The file appears
# under its name only when it is complete, and only one of several runs makes it.
cached() {
	local cache file
	cache=$(cache_dir) || return
	file=$cache/$1
	shift

	if [[ ! -e $file ]]; then
		(
			flock 9
			[[ ! -e $file ]] || exit 0
			# Under the lock: what is there belongs to a run that was killed.
			rm -rf "$cache"/making.*
			scratch=$(mktemp -d "$cache/making.XXXXXX") || exit
			trap 'rm -rf "$scratch"' EXIT
			trap 'exit 130' INT TERM HUP
			"$@" "$scratch" "$scratch/result" >&2 || exit
			sync "$scratch/result"
			mv "$scratch/result" "$file"
		) 9>"$cache/lock" || return
	fi
	echo "$file"
}

# rootfs_gcc ARCH: the path of a cached tar: a root filesystem with sh, coreutils and gcc.
rootfs_gcc() {
	local suite
	suite=$(images_suite) || return
	cached "rootfs-gcc-$suite-$1-$IMAGES_RECIPE.tar" make_rootfs_gcc "$suite" "$1"
}

make_rootfs_gcc() {
	local suite=$1 arch=$2 root=$3/root

	unpack_packages "$3/apt" "$root" "$suite" "$arch" gcc libc6-dev dash coreutils || return
	prune_rootfs "$root"
	prove_rootfs "$root" "$arch" || return
	tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu \
		-C "$root" -cf "$4" .
}

# What a C compiler does not need to translate a C program.
prune_rootfs() {
	rm -rf "$1"/usr/share/{doc,info,locale,man,lintian,bug} "$1"/usr/lib/*/gconv \
		"$1"/usr/lib/gcc/*/*/{lto1,plugin} "$1"/usr/lib/gcc/*/*/lib{a,l,t,ub}san* \
		"$1"/usr/lib/*/lib{a,l,t,ub}san.so* \
		"$1"/usr/bin/*{gold,dwp,lto-dump*,gcov*,gprof*}
	mkdir -p "$1"/{dev,proc,run,sys,tmp,root}
	chmod 1777 "$1/tmp"
}

# prove_rootfs ROOT ARCH: the compiler in there makes a program that runs. In a private namespace
# with a private handler, so only on a kernel that has such (6.7); elsewhere it is left to the tests.
prove_rootfs() {
	local target=$2 emulator

	case $2 in
	armhf | armel) target=arm ;;
	arm64) target=aarch64 ;;
	esac
	emulator=$(command -v "qemu-$target-static") || return 0
	# shellcheck source-path=SCRIPTDIR source=table.sh
	source "$(dirname "$IMAGES_LIB")/table.sh"
	mkdir "$1/handlers"
	# shellcheck disable=SC2016 # the inner shells expand these
	unshare --user --map-root-user --mount --propagation private -- bash -c '
		mount --no-mtab -t binfmt_misc binfmt_misc "$1/handlers" 2>/dev/null || exit 0
		printf %s "$2" >"$1/handlers/register" || exit
		exec chroot "$1" /bin/sh -ec "
			cd /tmp
			echo \"int main(void){return 0;}\" >a.c
			gcc -o a.out a.c
			./a.out
			rm a.c a.out"
	' prove_rootfs "$1" "$(table_rule "$target" "$emulator" F)" || {
		echo "the compiler in the root filesystem for $2 does not work" >&2
		return 1
	}
	rmdir "$1/handlers"
}

# busybox_static ARCH: the path of a cached static busybox of a Debian architecture.
busybox_static() {
	local suite
	suite=$(images_suite) || return
	cached "busybox-$suite-$1" make_busybox_static "$suite" "$1"
}

make_busybox_static() {
	local found

	unpack_packages "$3/apt" "$3/root" "$1" "$2" busybox-static || return
	# bin/busybox in bookworm, usr/bin/busybox later.
	found=$(find "$3/root" -type f -name busybox -perm -0100 | head -n 1)
	[[ -n $found ]] && cp "$found" "$4"
}

# docker_archive LAYER REF ARCH [VARIANT]: an image of this one uncompressed layer on stdout. The
# label is what is given, whatever the layer holds.
docker_archive() {
	local dir digest config rc=0

	dir=$(mktemp -d) || return
	digest=$(sha256sum <"$1") && digest=${digest%% *}
	printf '{"architecture":"%s",%s"os":"linux","created":"1970-01-01T00:00:00Z",' \
		"$3" "${4:+\"variant\":\"$4\",}" >"$dir/config.json"
	printf '"config":{"Env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["/bin/sh"]},' >>"$dir/config.json"
	printf '"history":[{"created":"1970-01-01T00:00:00Z","created_by":"packages"}],' >>"$dir/config.json"
	printf '"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$digest" >>"$dir/config.json"
	config=$(sha256sum <"$dir/config.json") && config=${config%% *}
	mv "$dir/config.json" "$dir/$config.json"
	printf '[{"Config":"%s.json","RepoTags":["%s"],"Layers":["%s/layer.tar"]}]' \
		"$config" "$2" "$digest" >"$dir/manifest.json"
	mkdir "$dir/$digest"
	ln -s "$(realpath "$1")" "$dir/$digest/layer.tar"
	# Through the link: a layer of this size is not copied once more.
	tar --dereference -C "$dir" -cf - manifest.json "$config.json" "$digest/layer.tar" || rc=$?
	rm -rf "$dir"
	return "$rc"
}

# load_image_gcc REF: the armhf base with a compiler, labelled linux/arm/v7, into the test engine.
load_image_gcc() {
	local layer
	layer=$(rootfs_gcc armhf) || return
	docker_archive "$layer" "$1" arm v7 | docker load --quiet >&2
}

# load_image_busybox REF ARCH: a base that is one static busybox of a Debian architecture.
load_image_busybox() {
	local dir busybox oci=() rc=0

	case $2 in
	armhf) oci=(arm v7) ;;
	armel) oci=(arm v6) ;;
	i386) oci=(386) ;;
	ppc64el) oci=(ppc64le) ;;
	mips64el) oci=(mips64le) ;;
	mipsel) oci=(mipsle) ;;
	*) oci=("$2") ;;
	esac
	busybox=$(busybox_static "$2") || return
	dir=$(mktemp -d) || return
	mkdir -p "$dir"/root/{bin,tmp}
	cp "$busybox" "$dir/root/bin/busybox"
	chmod 0755 "$dir/root/bin/busybox"
	# uname by name: the shell of a busybox would otherwise look for the program of that name.
	ln -s busybox "$dir/root/bin/sh"
	ln -s busybox "$dir/root/bin/uname"
	tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$dir/root" -cf "$dir/layer.tar" .
	docker_archive "$dir/layer.tar" "$1" "${oci[@]}" | docker load --quiet >&2 || rc=$?
	rm -rf "$dir"
	return "$rc"
}

# build_image_tool REF EXECUTABLE EMULATOR…: FROM scratch, the static program under test and the
# emulators, each under its own name in /usr/bin, and the entry point that users get.
build_image_tool() {
	local ref=$1 dir rc=0
	shift

	dir=$(mktemp -d) || return
	mkdir "$dir/bin"
	cp --dereference "$1" "$dir/bin/anyarch" && shift &&
		{ (($# == 0)) || cp --dereference --target-directory="$dir/bin" "$@"; } &&
		chmod 0755 "$dir"/bin/* || rc=$?
	cat >"$dir/Dockerfile" <<-'DOCKERFILE'
		FROM scratch
		COPY bin/ /usr/bin/
		ENTRYPOINT ["/usr/bin/anyarch", "oneshot"]
	DOCKERFILE
	((rc)) || DOCKER_BUILDKIT=0 docker build --quiet --network=none --tag "$ref" "$dir" >&2 || rc=$?
	rm -rf "$dir"
	return "$rc"
}
