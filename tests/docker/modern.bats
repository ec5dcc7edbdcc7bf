#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that projects are built, and images changed, beside the engines and clients of Debian 13, docker with either image store.
# Nothing of another platform is run in these tests, so they need no handlers.
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets output, stderr and status; each test is a process

bats_require_minimum_version 1.5.0

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=engine.sh
source "$BATS_TEST_DIRNAME/engine.sh"
# shellcheck source-path=SCRIPTDIR source=images.sh
source "$BATS_TEST_DIRNAME/images.sh"
# shellcheck source-path=SCRIPTDIR source=modern.sh
source "$BATS_TEST_DIRNAME/modern.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/registry.bash
source "$BATS_TEST_DIRNAME/../lib/registry.bash"

obstacles() {
	local one

	((EUID == 0)) || echo "not root"
	for one in mmdebstrap zstd nsenter skopeo docker-registry python3 jq qemu-arm-static; do
		[[ -n $(type -P "$one") ]] || echo "no $one"
	done
	[[ -x ${ANYARCH_STATIC:-} ]] || echo "ANYARCH_STATIC does not name a program"
}

setup_file() {
	OBSTACLES=$(obstacles | paste -sd ';')
	export OBSTACLES
	[[ -z $OBSTACLES ]] || return 0
	MODERN=$(mktemp -d /tmp/anyarch-modern.XXXXXX)
	export MODERN
	mkdir "$MODERN/tmp"
	modern_open "$MODERN"
	registry_start
	export HUB=127.0.0.1:$PORT
	cp "$ANYARCH_STATIC" "$MODERN/anyarch"
	cd "$MODERN" || return
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		for name, shell, label, variant in (("amd64", E.amd64(), "amd64", None), ("arm", E.arm(), "arm", "v7"), ("arm64", E.arm64(), "arm64", "v8")):
		    layer = T.tar(I.system(shell))
		    I.write(f"./{name}.tar", I.archive(I.docker([([layer], I.config_of([layer], label, variant, history=[{"created_by": "test"}]), ["base:1"])])))
	PYTHON
	"$ANYARCH_STATIC" index -o all.tar amd64.tar arm.tar arm64.tar
	skopeo copy --quiet --all --dest-tls-verify=false oci-archive:all.tar "docker://$HUB/library/base:1"
}

teardown_file() {
	[[ -z $OBSTACLES ]] || return 0
	registry_stop
	modern_close "$MODERN"
	rm -rf --one-file-system "$MODERN"
}

setup() {
	[[ -z $OBSTACLES ]] || need "$OBSTACLES"
	PROJECT=$MODERN/project-$BATS_TEST_NUMBER
	mkdir "$PROJECT"
	cd "$PROJECT" || return
	# One base image for all platforms, as most projects have it.
	printf 'FROM --platform=__PLATFORM__ %s/library/base:1\nCOPY build.config /\nLABEL of=it\n' "$HUB" >Dockerfile.cross
	printf '%s\n' "REPO=$HUB/me" "IMAGE_NAME=it$BATS_TEST_NUMBER" 'TARGET_ARCHES="arm32v7 arm64v8 amd64"' >build.config
}

# built ENGINE OPTION...: builds, pushes, and looks at what the registry has; silent about the engine's progress.
built() {
	expect_raw 0 modern "$MODERN/anyarch" build --no-verify --push --quiet --engine "$@"
	same "platforms with $1" 'amd64 arm/v7 arm64' "$(skopeo inspect --raw --tls-verify=false "docker://$HUB/me/it$BATS_TEST_NUMBER:latest" |
		jq -r '[.manifests[].platform | .architecture + (if .variant then "/" + .variant else "" end)] | sort | join(" ")')"
	same "temporary files of $1" '' "$(ls -A "$MODERN/tmp")"
}

# carry load|save CARRIER FILE: docker-archives into a store and out of it.
carry() {
	local ctr=(ctr --address "$MODERN/exec/containerd/containerd.sock" --namespace carry images)

	case $2-$1 in
	docker-load | podman-load) modern "$2" load --quiet --input "$3" ;;
	docker-save) modern docker save --output "$3" base:1 ;;
	podman-save) modern podman save --quiet --format docker-archive --output "$3" base:1 ;;
	buildah-load) modern buildah pull --quiet "docker-archive:$3" ;;
	buildah-save) modern buildah push --quiet base:1 "docker-archive:$3:base:1" ;;
	skopeo-load) modern skopeo copy --quiet "docker-archive:$3" containers-storage:base:1 ;;
	skopeo-save) modern skopeo copy --quiet containers-storage:base:1 "docker-archive:$3:base:1" ;;
	ctr-load) modern "${ctr[@]}" import --all-platforms "$3" >/dev/null ;;
	ctr-save) modern "${ctr[@]}" export --all-platforms "$3" docker.io/library/base:1 ;;
	*) false ;;
	esac
}

config_of() { # ARCHIVE
	tar -xOf "$1" "$(tar -xOf "$1" manifest.json | jq -r '.[0].Config')"
}

# carried CARRIER [BUILDER]: an image goes in and out, gets an emulator, goes in and out again, loses it, and is what it was; what
# BUILDER has built on it meanwhile has the same layers below its own.
carried() {
	local before

	rm -f ./*.tar
	carry load "$1" ../arm.tar
	carry save "$1" before.tar
	before=$(config_of before.tar | sha256sum)
	expect_raw 0 "$ANYARCH_STATIC" inject --quiet -o injected.tar before.tar
	carry load "$1" injected.tar
	carry save "$1" after.tar
	[[ $(config_of after.tar | sha256sum) != "$before" ]]
	expect_raw 0 "$ANYARCH_STATIC" eject --quiet after.tar
	same "the image that $1 carried" "$before" "$(config_of after.tar | sha256sum)"
	[[ -n ${2-} ]] || return 0
	printf 'FROM base:1\nCOPY build.config /more\n' >Dockerfile.on
	modern "$2" build --quiet --platform linux/arm/v7 --file Dockerfile.on --tag base:1 .
	carry save "$1" on.tar
	expect_raw 0 "$ANYARCH_STATIC" eject --quiet on.tar
	same "layers below what $2 has built" "$(config_of before.tar | jq -c .rootfs.diff_ids)" \
		"$(config_of on.tar | jq -c '.rootfs.diff_ids[:-1]')"
}

@test "docker with its older image store: BuildKit, the classic builder and buildx, several platforms with one base" {
	modern_engine classic
	built docker -j 3
	carried docker docker
	built buildx -j 3
	built docker --builder amd64=builder:default
	[[ $output =~ amd64-latest\ +built\ .*'builder:default (native)' ]]
	expect_raw 3 modern "$MODERN/anyarch" build --no-verify --engine docker --builder arm64v8=builder:default
	[[ $stderr == *'builder:default does not build linux/arm64: it has linux/amd64 '* ]]
	DOCKER_BUILDKIT=0 built docker
	expect_raw 0 modern "$MODERN/anyarch" build --no-verify --engine docker -o all.tar
	expect_raw 0 "$ANYARCH_STATIC" inspect all.tar
}

@test "docker with containerd's image store: what it saves has attestations; platforms are built in parallel" {
	modern_engine containerd
	built docker -j 3
	[[ $stderr != *'one platform at a time'* ]]
	carried docker docker
	carried ctr
	built buildx -j 3
	# Gone from the registry the base is still in the engine, for each platform.
	modern docker tag "$HUB/library/base:1" only-here:1
	sed -i "s|FROM.*|FROM --platform=__PLATFORM__ only-here:1|" Dockerfile.cross
	expect_raw 0 modern "$MODERN/anyarch" build --no-verify --quiet --engine docker --platform amd64
}

# node NAME: the BuildKit of the engine at a socket of its own, as a machine of a farm has it.
node() {
	python3 - "$MODERN/$1.sock" "$MODERN/docker.sock" 3>&- <<-'PYTHON' &
		import socket, sys, threading
		def pump(a, b):
		    while data := a.recv(65536):
		        b.sendall(data)
		    b.shutdown(socket.SHUT_WR)
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(sys.argv[1])
		listener.listen()
		while True:
		    client, engine = listener.accept()[0], socket.socket(socket.AF_UNIX)
		    engine.connect(sys.argv[2])
		    engine.sendall(b"POST /grpc HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		    head = b""
		    while b"\r\n\r\n" not in head:
		        head += engine.recv(1)
		    for ends in ((client, engine), (engine, client)):
		        threading.Thread(target=pump, args=ends, daemon=True).start()
	PYTHON
	echo $! >"$MODERN/$1.pid"
	eventually 10 test -S "$MODERN/$1.sock"
}

@test "a builder of two nodes: each platform on its own, the directory of the project is sent once" {
	local farm=(--builder "arm32v7=builder:farm" --builder "arm64v8=builder:farm" --builder "amd64=builder:farm") failed=0

	modern_engine containerd
	node here
	node there
	modern docker buildx create --name farm --driver remote --platform linux/amd64 "unix://$MODERN/here.sock"
	modern docker buildx create --name farm --append --driver remote --platform linux/arm64,linux/arm/v7 "unix://$MODERN/there.sock"
	head -c 8M /dev/urandom >large
	sed -i 's|^COPY.*|COPY large /|' Dockerfile.cross
	expect_raw 0 modern "$MODERN/anyarch" build --no-verify --engine docker "${farm[@]}" || failed=1
	kill "$(<"$MODERN/here.pid")" "$(<"$MODERN/there.pid")"
	[[ $failed == 0 && $output =~ amd64-latest\ +built\ .*'builder:farm (native)' && $output =~ arm64v8-latest\ +built\ .*'builder:farm' ]]
	same 'directories sent whole' 1 "$(grep -c 'transferring context: 8.*MB.*done' <<<"$stderr")"
}

@test "podman and buildah, with skopeo and without" {
	local engine

	modern sh -c 'mkdir -p /opt/bin && find /usr/bin -maxdepth 1 -xtype f ! -name skopeo -exec ln -sf -t /opt/bin {} +'
	for engine in podman buildah; do
		built "$engine" -j 3
		expect_raw 0 modern env PATH=/opt/bin:/usr/sbin "$MODERN/anyarch" build --no-verify --push --quiet --engine "$engine"
		carried "$engine" "$engine"
	done
	carried skopeo
}

@test "an engine or registry that does not answer: its own reason, before anything is built" {
	expect_raw 1 modern env DOCKER_HOST=unix:///nowhere "$MODERN/anyarch" build --engine docker
	[[ $stderr == *'docker version failed with status 1: '*'Cannot connect to the Docker daemon'* ]]
	sed -i 's|^REPO=.*|REPO=127.0.0.1:9/me|' build.config
	for engine in podman buildah; do
		expect_raw 1 modern "$MODERN/anyarch" build --no-verify --push --engine "$engine"
		[[ $stderr == *'the registry of 127.0.0.1:9/me/it'*'does not answer'*'connection refused'* && $stderr != *' build '* ]]
		expect_raw 1 modern env PATH=/opt/bin:/usr/sbin "$MODERN/anyarch" build --no-verify --push --engine "$engine"
		[[ $stderr == *'does not answer'* && $stderr != *' build '* ]]
	done
}
