# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns engines and clients that are newer than the machine's: Debian 13's, in a root of their own. The root is cached; what
# runs in it has a mount namespace, sockets and folders of its own, and is ended by its id.

MODERN_SUITE=trixie
# Raise when the recipe of the root changes.
MODERN_RECIPE=1

make_modern() { # SCRATCH FILE
	mmdebstrap --mode=root --variant=apt --format=tar --aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Retries "3"' \
		--aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--include=docker.io,docker-cli,docker-buildx,containerd,runc,crun,podman,buildah,skopeo,umoci,netavark,ca-certificates \
		"$MODERN_SUITE" - "deb $(images_mirror "$(images_suite)") $MODERN_SUITE main" 3>&- | zstd -q -3 >"$2"
}

# modern_open DIR: the root below DIR, with DIR itself at the same place in it. For modern().
modern_open() {
	local dir=$1 archive

	archive=$(cached "engines-$MODERN_SUITE-$MODERN_RECIPE.tar.zst" make_modern) || return
	mkdir -p "$dir/root"
	tar --zstd -xf "$archive" -C "$dir/root" --exclude='./dev/*'
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount --propagation private sh -c '
		set -e
		mount --bind "$1/root" "$1/root"
		mount -t proc proc "$1/root/proc"
		mount --rbind /sys "$1/root/sys"
		mount --rbind /dev "$1/root/dev"
		mount -t tmpfs tmpfs "$1/root/run"
		mkdir -p "$1/root$1"
		mount --rbind "$1" "$1/root$1"
		: >"$1/open"
		exec sleep infinity' modern "$dir" </dev/null >"$dir/mounts.log" 2>&1 3>&- &
	echo $! >"$dir/holder"
	eventually 30 test -e "$dir/open"
}

modern_close() { # DIR
	local one

	for one in dockerd holder; do
		[[ ! -e $1/$one ]] || engine_end "$(<"$1/$one")" 150
	done
	engine_kill_children "$1"
	engine_remove_cgroups "$1"
}

# modern COMMAND...: in the root that $MODERN has, where this shell is, if that is below it.
modern() {
	# shellcheck disable=SC2016 # the inner shell's
	timeout --kill-after=10 180 nsenter --mount="/proc/$(<"$MODERN/holder")/ns/mnt" chroot "$MODERN/root" \
		env -i PATH=/usr/sbin:/usr/bin HOME=/root TMPDIR="$MODERN/tmp" DOCKER_HOST="unix://$MODERN/docker.sock" \
		DOCKER_BUILDKIT="${DOCKER_BUILDKIT-1}" sh -c 'cd "$0" 2>/dev/null || cd /; exec "$@"' "$PWD" "$@"
}

# modern_engine STORE: starts dockerd with this image store, classic or containerd, after the one before it.
modern_engine() {
	local options=()

	[[ ! -e $MODERN/dockerd ]] || engine_end "$(<"$MODERN/dockerd")" 150
	rm -rf "$MODERN/data" "$MODERN/exec"
	mkdir -p "$MODERN"/{data,exec}
	jq -n --arg store "$1" '{features: {"containerd-snapshotter": ($store == "containerd")}}' >"$MODERN/daemon.json"
	if ! engine_has_capability 24; then
		engine_wrap_runc "$MODERN/narrow"
		sed -i 's|exec [^ ]*runc |exec /usr/sbin/runc |' "$MODERN/narrow"
		options=(--add-runtime "narrow=$MODERN/narrow" --default-runtime narrow)
	fi
	nsenter --mount="/proc/$(<"$MODERN/holder")/ns/mnt" chroot "$MODERN/root" env -i PATH=/usr/sbin:/usr/bin HOME=/root \
		setsid dockerd --config-file "$MODERN/daemon.json" --data-root "$MODERN/data" --exec-root "$MODERN/exec" \
		--pidfile "$MODERN/docker.pid" --host "unix://$MODERN/docker.sock" --cgroup-parent "/$(engine_cgroup "$MODERN")" \
		--exec-opt native.cgroupdriver=cgroupfs --iptables=false --ip-forward=false --bridge=none "${options[@]}" \
		</dev/null >"$MODERN/dockerd.log" 2>&1 3>&- &
	eventually 30 modern_answers
	cat "$MODERN/docker.pid" >"$MODERN/dockerd"
}

modern_answers() {
	modern docker version >/dev/null 2>&1
}
