#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that platforms are built on several engines and become one name: this machine's Docker, another Docker behind a real SSH
# server, and podman's service; and what becomes of the others when one of them is not there, dies, or gives something else.
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets output, stderr and status; each test is a process

bats_require_minimum_version 1.5.0

# shellcheck source-path=SCRIPTDIR source=suite.sh
source "$BATS_TEST_DIRNAME/suite.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/registry.bash
source "$BATS_TEST_DIRNAME/../lib/registry.bash"

# An SSH server as on a Raspberry Pi, with a key made for the test. What it runs meets the other engine.
ssh_start() {
	local key

	SSH_PORT=$((20000 + RANDOM % 20000))
	export SSH_PORT
	cd "$FARM" || return
	for key in host user other; do
		ssh-keygen -q -t ed25519 -N '' -f "$key"
	done
	printf '%s\n' "Port $SSH_PORT" 'ListenAddress 127.0.0.1' "HostKey $FARM/host" "AuthorizedKeysFile $FARM/user.pub" 'StrictModes no' \
		'UsePAM no' 'PasswordAuthentication no' 'PermitRootLogin prohibit-password' "PidFile $FARM/sshd.pid" \
		"SetEnv DOCKER_HOST=unix://$FARM/engine/docker.sock" >sshd_config
	printf '%s\n' "IdentityFile $FARM/user" 'IdentitiesOnly yes' "UserKnownHostsFile $FARM/known" 'StrictHostKeyChecking yes' 'BatchMode yes' \
		>ssh_config
	printf '[127.0.0.1]:%s %s\n' "$SSH_PORT" "$(<host.pub)" >known
	mkdir bin
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nexec /usr/bin/ssh -F %s/ssh_config "$@"\n' "$FARM" >bin/ssh
	chmod +x bin/ssh
	[[ -d /run/sshd ]] || { mkdir /run/sshd && : >made-run; }
	/usr/sbin/sshd -D -f sshd_config </dev/null >sshd.log 2>&1 3>&- &
	echo $! >sshd.started
}

# The other engine once more, behind TLS: certificates of an authority that the client in $FARM/right knows and the one in wrong does not.
tls_start() {
	local name

	TLS_PORT=$((20000 + RANDOM % 20000))
	export TLS_PORT
	cd "$FARM" || return
	mkdir right wrong
	for name in right wrong; do
		openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=$name" -days 2 -keyout "$name/ca-key.pem" -out "$name/ca.pem" 2>/dev/null
		openssl req -newkey rsa:2048 -nodes -subj '/CN=client' -keyout "$name/key.pem" -out "$name/request" 2>/dev/null
		printf 'subjectAltName=IP:127.0.0.1\n' >names
		openssl x509 -req -in "$name/request" -CA "$name/ca.pem" -CAkey "$name/ca-key.pem" -CAcreateserial -days 2 -extfile names \
			-out "$name/cert.pem" 2>/dev/null
	done
	python3 - "$TLS_PORT" "$FARM/engine/docker.sock" >tls.log 2>&1 3>&- <<-'PYTHON' &
		import socket, ssl, sys, threading
		context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile="right/ca.pem")
		context.load_cert_chain("right/cert.pem", "right/key.pem")
		context.verify_mode = ssl.CERT_REQUIRED
		def pump(a, b):
		    try:
		        while data := a.recv(65536):
		            b.sendall(data)
		        b.shutdown(socket.SHUT_WR)
		    except OSError:
		        pass
		def serve(raw):
		    try:
		        client = context.wrap_socket(raw, server_side=True)
		    except OSError:
		        return
		    engine = socket.socket(socket.AF_UNIX)
		    engine.connect(sys.argv[2])
		    threading.Thread(target=pump, args=(client, engine), daemon=True).start()
		    pump(engine, client)
		listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
		while True:
		    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
	PYTHON
	echo $! >tls.started
}

# podman's service, known to its client as a connection.
podman_start() {
	cd "$FARM" || return
	printf '[engine]\ncgroup_manager = "cgroupfs"\n[engine.service_destinations.cupboard]\nuri = "unix://%s/podman.sock"\n' "$FARM" >containers.conf
	printf '[storage]\ndriver = "vfs"\nrunroot = "%s/podman/run"\ngraphroot = "%s/podman/root"\n' "$FARM" "$FARM" >storage.conf
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "127.0.0.1:$PORT" >registries.conf
	CONTAINERS_CONF=$FARM/containers.conf CONTAINERS_STORAGE_CONF=$FARM/storage.conf CONTAINERS_REGISTRIES_CONF=$FARM/registries.conf \
		podman --tmpdir "$FARM/podman/tmp" system service --time=0 "unix://$FARM/podman.sock" </dev/null >podman.log 2>&1 3>&- &
	echo $! >podman.started
	eventually 30 test -S podman.sock
	[[ -e $DOCKER_CONFIG/config.json ]] || echo '{}' >"$DOCKER_CONFIG/config.json" # podman insists on it
}

setup_file() {
	suite_open qemu-arm-static qemu-aarch64-static skopeo docker-registry podman ssh ssh-keygen /usr/sbin/sshd || return 0
	FARM=$(mktemp -d /tmp/anyarch-farm.XXXXXX)
	export FARM
	mkdir "$FARM/engine"
	registry_start
	(engine_start "$FARM/engine")
	ssh_start
	tls_start
	podman_start
	docker load --quiet --input "$ANYARCH_IMAGE"
	docker run --rm --privileged anyarch >/dev/null
	busyboxes
}

# busyboxes: what each platform begins from, in the registry.
busyboxes() {
	local one arch name oci root=$BATS_FILE_TMPDIR/root

	for one in amd64:amd64:amd64 armhf:arm32v7:arm,v7 arm64:arm64v8:arm64,v8; do
		IFS=: read -r arch name oci <<<"$one"
		mkdir -p "$root/bin"
		install -m 0755 "$(busybox_static "$arch")" "$root/bin/busybox"
		ln -s busybox "$root/bin/sh"
		tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$root" -cf "$BATS_FILE_TMPDIR/layer.tar" .
		# shellcheck disable=SC2086 # one or two words
		docker_archive "$BATS_FILE_TMPDIR/layer.tar" base:1 ${oci/,/ } >"$BATS_FILE_TMPDIR/pushed.tar"
		skopeo copy --quiet --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/pushed.tar" "docker://127.0.0.1:$PORT/$name/busybox:1"
		rm -r "$root" "$BATS_FILE_TMPDIR/pushed.tar"
	done
}

teardown_file() {
	if [[ -n ${FARM-} ]]; then
		engine_end "$(cat "$FARM/podman.started")" 50
		engine_end "$(cat "$FARM/sshd.started")" 50
		engine_end "$(cat "$FARM/tls.started")" 50
		engine_stop "$FARM/engine"
		awk -v below="$FARM/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | tac | xargs -r umount --lazy
		[[ ! -e $FARM/made-run ]] || rmdir /run/sshd
		rm -rf --one-file-system "$FARM"
	fi
	registry_stop
	suite_close
}

setup() {
	[[ -z $OBSTACLES ]] || need "$OBSTACLES"
	HUB=127.0.0.1:$PORT
	PI=ssh://root@127.0.0.1:$SSH_PORT
	export TMPDIR=$BATS_TEST_TMPDIR/tmp CONTAINERS_CONF=$FARM/containers.conf PATH=$FARM/bin:$PATH
	mkdir "$TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return
	printf '%s\n' "REPO=$HUB/me" "IMAGE_NAME=it$BATS_TEST_NUMBER" 'TARGET_ARCHES="amd64 arm32v7 arm64v8"' \
		"BUILDERS=\"arm32v7=$PI arm64v8=connection:cupboard\"" >build.config
	printf '%s\n' "FROM $HUB/__BASEIMAGE_ARCH__/busybox:1" 'COPY build.config /' 'RUN ["/bin/sh", "-c", "/bin/busybox uname -m >/machine"]' >Dockerfile.cross
}

teardown() {
	[[ -z $OBSTACLES ]] || same 'temporary files' '' "$(ls -A "$TMPDIR")"
}

# The first word is the exit status.
build() {
	expect_raw "$1" "$ANYARCH_STATIC" build --engine docker --insecure "${@:2}"
}

# machine_of PLATFORM: what the one name is, for a machine of this platform.
machine_of() {
	skopeo copy --quiet --src-tls-verify=false --override-arch "${1%%/*}" ${2:+--override-variant "$2"} \
		"docker://$HUB/me/it$BATS_TEST_NUMBER:latest" "oci:$BATS_TEST_TMPDIR/copy:x"
	"$ANYARCH_STATIC" inspect --json "oci:$BATS_TEST_TMPDIR/copy" | jq -r '.[0].platform'
	rm -r "$BATS_TEST_TMPDIR/copy"
}

@test "three platforms on three engines, looked into, and pushed under one name" {
	build 0 --push
	[[ $output =~ "linux/amd64  $HUB/me/it1:amd64-latest   built ".*'this machine (native)' ]]
	[[ $output =~ "linux/arm/v7 $HUB/me/it1:arm32v7-latest built ".*"$PI (emulated)" ]]
	[[ $output =~ "linux/arm64  $HUB/me/it1:arm64v8-latest built ".*'connection:cupboard (emulated)' ]]
	[[ $output == *'(pushed)'* ]]
	same 'the one name' 'linux/amd64 linux/arm/v7 linux/arm64' "$(machine_of amd64) $(machine_of arm v7) $(machine_of arm64)"
	same 'images of this engine' "$HUB/me/it1:amd64-latest" "$(docker images --format '{{.Repository}}:{{.Tag}}' | grep me/it1)"
	same 'images of the other' "$HUB/me/it1:arm32v7-latest" \
		"$(DOCKER_HOST=unix://$FARM/engine/docker.sock docker images --format '{{.Repository}}:{{.Tag}}' | grep me/it1)"
}

@test "a host key that changed, and an address where nobody is, are told before anything is built; or this machine builds" {
	printf '[127.0.0.1]:%s %s\n' "$SSH_PORT" "$(<"$FARM/other.pub")" >"$FARM/known.other"
	sed "s|known|known.other|" "$FARM/ssh_config" >"$FARM/ssh_config.other"
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec /usr/bin/ssh -F %s/ssh_config.other "$@"\n' "$FARM" >"$BATS_TEST_TMPDIR/bin/ssh"
	chmod +x "$BATS_TEST_TMPDIR/bin/ssh"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH build 1
	[[ $stderr == *"builder $PI: docker version failed"* && $stderr != *' build '* ]]
	build 1 --builder arm32v7=tcp://127.0.0.1:1
	[[ $stderr == *'builder tcp://127.0.0.1:1: docker version failed'* && $stderr != *' build '* ]]
	build 0 --builder arm32v7=tcp://127.0.0.1:1 --builder-fallback
	[[ $stderr == *'its platforms are built here'* && $output =~ arm32v7-latest\ built\ .*'this machine (emulated)' ]]
}

@test "without skopeo each engine pushes what it has built, and the name is made of that" {
	local bin=$BATS_TEST_TMPDIR/everything-but-skopeo

	mkdir "$bin"
	find /usr/sbin /usr/bin /sbin /bin -maxdepth 1 -xtype f ! -name skopeo -exec ln -sf -t "$bin" {} + 2>/dev/null || true
	PATH=$FARM/bin:$bin build 0 --push
	[[ $output == *'(pushed)'* ]]
	same 'the one name' 'linux/amd64 linux/arm/v7 linux/arm64' "$(machine_of amd64) $(machine_of arm v7) $(machine_of arm64)"
}

@test "TLS: with the right authority it is built there, with another one it is told before" {
	sed -i "s|^BUILDERS=.*|BUILDERS=arm32v7=tcp://127.0.0.1:$TLS_PORT|; s/ arm64v8//" build.config
	export DOCKER_TLS_VERIFY=1
	DOCKER_CERT_PATH=$FARM/wrong build 1
	[[ $stderr == *"builder tcp://127.0.0.1:$TLS_PORT: "*certificate* && $stderr != *' build '* ]]
	DOCKER_CERT_PATH=$FARM/right build 0
	[[ $output =~ arm32v7-latest\ built\ .*"tcp://127.0.0.1:$TLS_PORT (emulated)" ]]
}

@test "an engine that dies in the middle fails its platforms; the others are built, and the name is not pushed" {
	local pid code=0

	echo '__CROSS_RUN ["/bin/busybox", "sleep", "60"]' >>Dockerfile.cross
	sed -i "s|^BUILDERS=.*|BUILDERS=arm32v7=$PI|; s/ arm64v8//" build.config
	"$ANYARCH_STATIC" build --engine docker --insecure --push >out 2>err 3>&- &
	pid=$!
	eventually 60 grep -q 'sleep' err
	sleep 1
	kill -KILL "$(<"$FARM/engine/dockerd.started")"
	wait "$pid" || code=$?
	same status 3 "$code"
	grep -q 'arm32v7-latest failed' out
	grep -q 'amd64-latest *built' out
	run ! skopeo inspect --raw --tls-verify=false "docker://$HUB/me/it$BATS_TEST_NUMBER:latest" 2>/dev/null
}
