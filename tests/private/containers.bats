#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that the tools which build root file systems and images work in run as an ordinary user, on a machine where nothing is
# registered.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/mmdebstrap.bash
source "$BATS_TEST_DIRNAME/../lib/mmdebstrap.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/run.bash
source "$BATS_TEST_DIRNAME/../lib/run.bash"

setup_file() {
	open_public
}

teardown_file() {
	rm -rf -- "$PUBLIC"
}

setup() {
	local why

	need_root # to be somebody else
	need_commands qemu-arm-static setpriv unshare newuidmap newgidmap
	[[ -e /etc/subuid && -e /etc/subgid ]] || need "no /etc/subuid"
	why=$(ns_possible) || need "$why"
	MACHINE=$(machine)
	W=$PUBLIC/w
	mkdir -p "$W/home" "$W/runtime" "$W/context"
	cp "$(busybox)" "$W/context/busybox"
	printf '%s\n' 'FROM scratch' 'ADD busybox /bin/busybox' \
		'RUN ["/bin/busybox", "sh", "-c", "/bin/busybox uname -m >/machine"]' >"$W/context/Dockerfile"
	chown -R "$USER_ID:$USER_ID" "$W"
}

teardown() {
	local status_of=0

	same 'mounts and handlers of the machine' "$MACHINE" "$(machine)" || status_of=1
	rm -rf -- "$W"
	return "$status_of"
}

# run_as_user COMMAND...: with a home and ranges of ids.
run_as_user() {
	(cd "$W" && with_subids env -i PATH="$PATH" HOME="$W/home" XDG_RUNTIME_DIR="$W/runtime" TMPDIR="$W" LC_ALL=C \
		"$PUBLIC/anyarch" run -- "$@" 3>&-)
}

# builds COMMAND...: an image of armhf whose RUN ran.
builds() {
	expect_raw 0 run_as_user "$@" --no-cache --tag test --arch arm --variant v7 "$W/context"
	expect_raw 0 run_as_user "$1" images
	[[ $output == *localhost/test* ]]
	# shellcheck disable=SC2016 # the inner shell expands it
	expect_raw 0 run_as_user sh -c 'id=$(buildah from localhost/test) && cat "$(buildah mount "$id")/machine"'
	same machine armv7l "$output"
}

@test "the control: without run the same build fails" {
	need_commands buildah
	run with_subids env -i PATH="$PATH" HOME="$W/home" XDG_RUNTIME_DIR="$W/runtime" buildah bud "$W/context"
	printf '%s\n' "$output"
	[[ $status -ne 0 && $output == *'xec format error'* ]]
}

@test "buildah builds an image for ARM" {
	need_commands buildah
	builds buildah bud
}

@test "podman builds an image for ARM" {
	need_commands podman buildah
	builds podman build
}

@test "mmdebstrap builds a root file system of armhf, in which apt-get runs" {
	need_commands mmdebstrap
	build_armhf apt "$W/root.tar" run_as_user
	mkdir "$W/root"
	chown "$USER_ID:$USER_ID" "$W/root"
	run_as_user tar -C "$W/root" -xf "$W/root.tar" --exclude='./dev/*'
	expect_raw 0 with_subids "$PUBLIC/anyarch" run --root "$W/root" -- apt-get --version
	[[ $output == apt*'(armhf)'* ]]
	expect_raw 0 with_subids "$PUBLIC/anyarch" run --root "$W/root" -- dpkg --print-architecture
	same architecture armhf "$output"
}

@test "Kubernetes: runc starts the pod's containers as the kubelet has it do; handlers outlive the first, the second restores them" {
	local one pod=$BATS_TEST_TMPDIR/pod # of root, whose namespace has no other user

	need_commands runc jq
	mkdir -p "$pod"/{register,watch,driver} "$pod/root"/{usr/bin,etc,proc,sys,dev}
	install "$ANYARCH_STATIC" "$pod/root/usr/bin/anyarch"
	cp /usr/bin/qemu-{arm,aarch64}-static "$pod/root/usr/bin"
	touch "$pod/root/etc"/{hosts,hostname,resolv.conf}
	for one in register watch; do
		python3 "$ANYARCH_SRC/tests/lib/kubelet.py" "$ANYARCH_SRC/tools/ci/kubernetes.yml" "$one" "$pod/root" |
			sed 's/--watch=60/--watch=1/' >"$pod/$one/config.json"
	done
	# What the kubernetes driver of buildx does with qemu.install=true.
	jq '.process.args = ["/usr/bin/anyarch", "oneshot", "--install", "all"]' "$pod/register/config.json" >"$pod/driver/config.json"
	# shellcheck disable=SC2016
	expect_raw 0 unshare --user --map-root-user --mount --propagation private sh -ec '
		runc() { command runc --root "$pod/state" --rootless true "$@" </dev/null; }
		works() { for i in $(seq 100); do "$program" uname -m 2>/dev/null && return; sleep 0.1; done; return 1; }
		cd "$1" && pod=$1 program=$2
		mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
		runc run --bundle register register >&2
		works
		runc run --bundle watch watch >&2 &
		for i in $(seq 100); do runc exec watch /usr/bin/anyarch status --check arm,arm64 >&2 && break; sleep 0.1; done
		for one in /proc/sys/fs/binfmt_misc/qemu-*; do echo -1 >"$one"; done
		works
		runc kill watch TERM
		wait $! || echo "ended with $?"
		for one in /proc/sys/fs/binfmt_misc/qemu-*; do echo -1 >"$one"; done
		runc run --bundle driver driver >&2
		works' sh "$pod" "$(busybox)"
	same output $'armv7l\narmv7l\nended with 143\narmv7l' "$output"
}
