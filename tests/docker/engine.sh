#!/bin/bash
# SPDX-License-Identifier: MIT
# Owns the life of a private Docker engine for tests: start it below a scratch directory, wait for
# it, end it by process id, and leave nothing behind, even when the tests are killed.

ENGINE_LIB=$(realpath "${BASH_SOURCE[0]}")

# Debian's own client with a time limit, so that a stuck engine fails a test and does not hang it.
# DOCKER_CONFIG (set by engine_start) keeps the user's contexts, plugins and credentials out.
docker() {
	timeout --kill-after=10 "${ENGINE_CLIENT_TIMEOUT:-180}" /usr/bin/docker "$@"
}

# engine_missing: prints what this machine lacks for an engine, one reason per line; silent if all
# is there.
engine_missing() {
	((EUID == 0)) || echo "not root"
	[[ -x /usr/bin/docker ]] || echo "no /usr/bin/docker (Debian: docker.io)"
	engine_program dockerd >/dev/null || echo "no dockerd (Debian: docker.io)"
	engine_program runc >/dev/null || echo "no runc (Debian: runc)"
	[[ -d /sys/fs/cgroup ]] || echo "no cgroups"
}

# Users' PATHs often lack the sbin directories.
engine_program() {
	PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v "$1"
}

# True if the capability bounding set has the given bit.
engine_has_capability() {
	local bounding

	bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
	(((0x$bounding >> $1) & 1))
}

# engine_wrap_runc FILE: a runtime that takes CAP_SYS_RESOURCE out of the bundle and then is runc.
# Where the bounding set lacks it, runc cannot give a --privileged container what Docker asks for.
engine_wrap_runc() {
	cat >"$1" <<-WRAPPER
		#!/bin/sh
		# A container's configuration and the one of docker exec, whatever the order of options is.
		previous=
		for argument; do
			case \$argument in
			--bundle=*) file=\${argument#--bundle=}/config.json ;;
			--process=*) file=\${argument#--process=} ;;
			*)
				case \$previous in
				--bundle | -b) file=\$argument/config.json ;;
				--process | -p) file=\$argument ;;
				*) file= ;;
				esac
				;;
			esac
			previous=\$argument
			[ -n "\$file" ] && [ -w "\$file" ] || continue
			sed -i -e 's/"CAP_SYS_RESOURCE",//g' -e 's/,\{0,1\}"CAP_SYS_RESOURCE"//g' "\$file"
		done
		exec $(engine_program runc) "\$@"
	WRAPPER
	chmod 0755 "$1"
}

# engine_storage_driver DIR: overlay2 if this directory can carry an overlay, else vfs (slow, big).
engine_storage_driver() {
	local probe=$1/overlay-probe driver=vfs

	mkdir -p "$probe"/{lower,upper,work,merged}
	# shellcheck disable=SC2016
	if unshare --mount --propagation private -- sh -c '
		cd "$1" && mount --no-mtab -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged
	' probe "$probe" 2>/dev/null; then
		driver=overlay2
	fi
	rm -rf "$probe"
	echo "$driver"
}

# What dockerd and containerd make outside the scratch directory: removed afterwards where it
# was not there before, directories only while they are empty.
ENGINE_OUTSIDE=(
	/etc/docker/key.json /etc/docker
	/opt/containerd/bin /opt/containerd/lib /opt/containerd
	/run/docker/plugins /run/docker
	/run/containerd/s /run/containerd
)

# engine_start SCRATCH [DRIVER]: start the engine below SCRATCH (an existing directory with a short
# path: a socket's is limited to 107 bytes) and wait until it answers. Exports DOCKER_HOST and
# DOCKER_CONFIG. A guard ends the engine if the calling shell goes away without engine_stop.
engine_start() {
	local scratch=$1 driver=${2:-} options=() path

	[[ -n $driver ]] || driver=$(engine_storage_driver "$scratch")
	mkdir -p "$scratch"/{data,exec,client,tmp}
	for path in "${ENGINE_OUTSIDE[@]}"; do
		[[ -e $path ]] || echo "$path"
	done >"$scratch/absent"
	echo '{}' >"$scratch/daemon.json"
	if ! engine_has_capability 24; then
		engine_wrap_runc "$scratch/runc-without-sys-resource"
		options+=(--add-runtime "narrow=$scratch/runc-without-sys-resource" --default-runtime narrow)
	fi

	unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_DEFAULT_PLATFORM
	export DOCKER_HOST=unix://$scratch/docker.sock DOCKER_CONFIG=$scratch/client

	# Standard input and descriptor 3 are bats' own; a daemon that kept them would make bats wait.
	# A containerd that ends slowly writes its stacks to TMPDIR, which is not to be the caller's.
	TMPDIR=$scratch/tmp PATH=$PATH:/usr/sbin:/sbin setsid dockerd --config-file "$scratch/daemon.json" \
		--data-root "$scratch/data" --exec-root "$scratch/exec" --pidfile "$scratch/docker.pid" \
		--host "$DOCKER_HOST" --storage-driver "$driver" \
		--cgroup-parent "/$(engine_cgroup "$scratch")" --exec-opt native.cgroupdriver=cgroupfs \
		--iptables=false --ip-forward=false --bridge=none \
		"${options[@]}" </dev/null >"$scratch/dockerd.log" 2>&1 3>&- &
	echo $! >"$scratch/dockerd.started"

	setsid bash "$ENGINE_LIB" guard $$ "$scratch" </dev/null >/dev/null 2>&1 3>&- &
	echo $! >"$scratch/guard.started"

	engine_wait "$scratch"
}

# The engine's cgroups are found again by this name, which no other engine has.
engine_cgroup() {
	echo "anyarch-test-$(printf %s "$1" | cksum | cut -d ' ' -f 1)"
}

# engine_wait SCRATCH: until the engine answers; an engine that ended or stays silent is an error,
# shown with the end of its log.
engine_wait() {
	local pid i

	pid=$(<"$1/dockerd.started")
	for ((i = 0; i < 600; i++)); do
		ENGINE_CLIENT_TIMEOUT=10 docker version >/dev/null 2>&1 && return 0
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	echo "the Docker engine does not answer; the end of its log:" >&2
	tail -n 20 "$1/dockerd.log" >&2
	engine_stop "$1"
	return 1
}

# engine_stop SCRATCH: containers, daemon, what the daemon started, mounts, cgroups, and what it
# made outside. The directory itself stays the caller's. May be called twice.
engine_stop() {
	local scratch=$1 guard

	guard=$(cat "$scratch/guard.started" 2>/dev/null || true)
	# The guard itself comes through here, too.
	if [[ -n $guard && $guard != "$BASHPID" ]]; then
		engine_end "$guard" 20
	fi
	engine_kill_containers "$scratch"
	engine_end "$(cat "$scratch/dockerd.started" 2>/dev/null || true)" 150
	engine_kill_children "$scratch"
	engine_remove_cgroups "$scratch"
	engine_unmount "$scratch"
	engine_remove_outside "$scratch"
}

engine_kill_containers() {
	local ids

	ids=$(DOCKER_HOST=unix://$1/docker.sock ENGINE_CLIENT_TIMEOUT=10 docker ps --quiet --no-trunc 2>/dev/null || true)
	[[ -n $ids ]] || return 0
	# shellcheck disable=SC2086 # a list of ids
	DOCKER_HOST=unix://$1/docker.sock ENGINE_CLIENT_TIMEOUT=20 docker kill $ids >/dev/null 2>&1 || true
}

# engine_end PID TENTHS: ask it to end, wait so long, then insist.
engine_end() {
	local i

	[[ -n $1 ]] || return 0
	kill -TERM "$1" 2>/dev/null || return 0
	for ((i = 0; i < $2; i++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL "$1" 2>/dev/null || true
}

# Whatever still runs of this engine: containerd and its shims name the engine's directory in their
# arguments, processes in containers are in the engine's cgroups. Each is ended by its own id.
engine_kill_children() {
	local pid i

	for ((i = 0; i < 50; i++)); do
		local pids=()
		mapfile -t pids < <(engine_children "$1")
		((${#pids[@]})) || return 0
		for pid in "${pids[@]}"; do
			kill -KILL "$pid" 2>/dev/null || true
		done
		sleep 0.1
	done
}

engine_children() {
	local file argv cgroup

	for file in /proc/[0-9]*/cmdline; do
		mapfile -t -d '' argv 2>/dev/null <"$file" || continue
		case ${argv[0]:-} in
		containerd | containerd-shim* | */containerd | */containerd-shim*) ;;
		*) continue ;;
		esac
		[[ ${argv[*]} == *"$1/exec/"* ]] || continue
		file=${file#/proc/}
		echo "${file%/cmdline}"
	done
	while IFS= read -r cgroup; do
		cat "$cgroup/cgroup.procs" 2>/dev/null || true
	done < <(engine_cgroups "$1") | sort -u
}

# Deepest first, in every hierarchy.
engine_cgroups() {
	find /sys/fs/cgroup -depth -type d -path "*/$(engine_cgroup "$1")*" 2>/dev/null || true
}

engine_remove_cgroups() {
	local cgroup

	while IFS= read -r cgroup; do
		rmdir "$cgroup" 2>/dev/null || true
	done < <(engine_cgroups "$1")
}

engine_unmount() {
	local path

	# Field 5 has spaces and backslashes in octal.
	awk -v below="$1/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | tac |
		while IFS= read -r path; do
			path=$(printf %b "$path")
			umount --no-mtab "$path" 2>/dev/null || umount --no-mtab --lazy "$path" 2>/dev/null || true
		done
}

engine_remove_outside() {
	local path

	[[ -e $1/absent ]] || return 0
	while IFS= read -r path; do
		if [[ -f $path ]]; then
			rm -f "$path"
		else
			rmdir "$path" 2>/dev/null || true
		fi
	done <"$1/absent"
}

# The guard runs apart from the terminal, so that the interrupt key does not reach it.
engine_guard() {
	local owner=$1 scratch=$2

	trap 'exit 0' TERM
	while kill -0 "$owner" 2>/dev/null; do
		sleep 1
	done
	# shellcheck source-path=SCRIPTDIR source=table.sh
	source "$(dirname "$ENGINE_LIB")/table.sh"
	clear_table
	engine_stop "$scratch"
	rm -rf "$scratch"
}

if [[ ${BASH_SOURCE[0]} == "$0" && ${1:-} == guard ]]; then
	set -uo pipefail
	shift
	engine_guard "$@"
fi
