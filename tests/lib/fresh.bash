# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns a fresh Debian system of any release in the private namespaces of namespace.bash: minbase, without package lists, with
# a copy of this source and an account. Its root and the packages that it downloads stay in the cache. Needs base.bash.

for one in namespace source mmdebstrap package; do
	# shellcheck source=/dev/null
	source "$BATS_TEST_DIRNAME/../lib/$one.bash"
done

# fresh_root SUITE: prints the archive of its root, with the mirror that the machine's apt is configured with.
fresh_root() {
	# shellcheck disable=SC2034 # find_mirror sets codename
	local codename uri root age

	find_mirror || need "apt is configured with no Debian mirror"
	root=$(cache)/setup/root-$1.tar
	mkdir -p "${root%/*}/archives-$1"
	# As the machine's apt: a mirror may be of another day.
	age=$(apt-config dump Acquire::Check-Valid-Until)
	if [[ ! -f $root ]]; then
		mmdebstrap --mode=root --variant=minbase --format=tar --aptopt='Acquire::Retries "3"' \
			--aptopt='APT::Sandbox::User "root"' --dpkgopt=force-unsafe-io ${age:+"--aptopt=$age"} \
			"$1" "$root.new.tar" "deb $uri $1 main" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- || {
			tail -n 30 "$BATS_TEST_TMPDIR/log" >&2
			return 1
		}
		mv "$root.new.tar" "$root"
	fi
	printf '%s\n' "$root"
}

# fresh_open SUITE: opens it. Its files: $SYSTEM.
fresh_open() {
	local root

	need_root
	need_commands mmdebstrap
	root=$(fresh_root "$1")
	package_open "$root"
	cp -L /etc/resolv.conf "$SYSTEM/etc/"
	mkdir -p "$SYSTEM/cache"
	ns mount --bind "$(cache)" "$SYSTEM/cache"
	ns mount --bind "$(cache)/setup/archives-$1" "$SYSTEM/var/cache/apt/archives"
	system useradd --create-home tester
	copy_source "$SYSTEM/home/tester/anyarch"
	system chown -R tester: /home/tester/anyarch
}

# typed COMMAND [VARIABLE=VALUE]: what README prints, typed by root in the account's copy of the source.
typed() {
	grep -qF -- "$1" "$ANYARCH_SRC/README.md" || {
		echo "README does not print: $1"
		return 1
	}
	expect_raw 0 system ANYARCH_CACHE=/cache sh -c "cd /home/tester/anyarch && ${2-} $1"
}

# arm_runs: the last command, tools/quickstart, has registered handlers and run programs with them.
# shellcheck disable=SC2154 # expect_raw sets output
arm_runs() {
	[[ $output == *$'busybox uname -m\narmv7l\n'*$'busybox uname -m\naarch64\n'*'It works.'*'Next: README.md' ]]
	has_handler qemu-arm
}

teardown() {
	ns_close
}
