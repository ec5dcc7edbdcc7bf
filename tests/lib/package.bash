# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns a Debian system to install packages into: a chroot in the private namespaces of namespace.bash, without network, whose
# table is a private one. What the tests install was downloaded when its archive was made, and stays in the cache.

# Raise when the recipe of the archive changes.
PACKAGE_RECIPE=1
# Each line is a set that can be installed at once; what the first two do not need is only downloaded.
PACKAGE_SETS=('libelf1 libjansson4 libmount1 libnettle8 libsmartcols1 libzstd1 zlib1g init-system-helpers'
	'binfmt-support qemu-user-static' 'qemu-user-binfmt binfmt-support' 'systemd qemu-user-static'
	'apt-utils dpkg-dev')

# package_root: prints the archive of a root file system with apt, dpkg and what anyarch needs.
package_root() {
	local cache root codename uri one hooks=()

	cache=$(cache)/package
	mkdir -p "$cache"
	(
		exec 9<"$cache"
		flock 9
		find_mirror || need "apt is configured with no Debian mirror"
		root=$cache/root-$codename-$(dpkg --print-architecture)-$PACKAGE_RECIPE.tar
		printf '%s\n' "$root"
		[[ ! -f $root ]] || exit 0
		for one in "${PACKAGE_SETS[@]:1}"; do
			hooks+=(--customize-hook="chroot \"\$1\" apt-get --yes --no-install-recommends --download-only install $one")
		done
		# Files that are lost in a crash: it is a crash of the test.
		mmdebstrap --mode=root --variant=apt --format=tar --include="${PACKAGE_SETS[0]// /,}" \
			--aptopt='Acquire::Retries "3"' --aptopt='APT::Sandbox::User "root"' --aptopt='APT::Install-Recommends "false"' \
			--dpkgopt=force-unsafe-io --skip=cleanup/apt --skip=download/empty "${hooks[@]}" \
			"$codename" "$root.new.tar" "deb $uri $codename main" >"$cache/root.log" 2>&1 3>&- || {
			tail -n 30 "$cache/root.log" >&2
			exit 1
		}
		mv "$root.new.tar" "$root"
	)
}

# package_open ARCHIVE: such a system in namespaces of the test's own, with an empty table. Its files: $SYSTEM.
package_open() {
	SYSTEM=$BATS_TEST_TMPDIR/system
	mkdir "$SYSTEM"
	tar -x -C "$SYSTEM" -f "$1"
	ns_open || return
	ns mount --rbind /proc "$SYSTEM/proc"
	ns mount --rbind /dev "$SYSTEM/dev"
	mkdir "$SYSTEM/packages"
}

package_close() {
	ns_close
}

# system COMMAND...: runs it in there, as root.
system() {
	ns chroot "$SYSTEM" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root TERM=dumb \
		DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true "$@"
}

# apt COMMAND...: quietly; Debian's packages are there already. Its output when it fails.
apt() {
	system apt-get --yes -o Dpkg::Use-Pty=0 "$@" >"$BATS_TEST_TMPDIR/apt.log" 2>&1 </dev/null 3>&- || {
		tail -n 40 "$BATS_TEST_TMPDIR/apt.log"
		return 1
	}
}

# install_debs FILE...: as a user does with what tools/package made.
install_debs() {
	local one inside=()

	for one; do
		cp "$one" "$SYSTEM/packages/"
		inside+=("/packages/${one##*/}")
	done
	apt install "${inside[@]}"
}

# system_files: every file of the system with its kind, rights, target and content, but not what dpkg and apt remember.
system_files() {
	(
		cd "$SYSTEM" || exit
		find . \( -path ./proc -o -path ./dev -o -path ./sys -o -path ./packages -o -path ./var/cache -o -path ./var/log \
			-o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./tmp -o -path ./run \) -prune -o \
			-printf '%y %m %U:%G %p %l ' \( -type f -exec sha256sum {} \; -o -printf '\n' \)
	) | sed 's/ [^ ]*$//;t' | sort
}

# older_package FILE OUT: the same package as version 0.0.1-1, with a file that later ones do not have.
older_package() {
	local tree=$BATS_TEST_TMPDIR/older

	rm -rf "$tree"
	dpkg-deb -R "$1" "$tree"
	sed -i 's/^Version: .*/Version: 0.0.1-1/' "$tree/DEBIAN/control"
	mkdir -p "$tree/usr/share/anyarch"
	echo old >"$tree/usr/share/anyarch/obsolete"
	sed -i 's/^Description=.*/Description=old/' "$tree"/lib/systemd/system/*.service
	(cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
	dpkg-deb --root-owner-group -b "$tree" "$2" >/dev/null
}
