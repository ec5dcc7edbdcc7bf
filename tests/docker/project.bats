#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns the flows that people have published, from start to end with a real engine and a real registry: a service of Debian
# packages for Raspberry Pis (BrewBlox, 2018), one template for three platforms (lobradov, 2018), a program that is compiled
# natively and assembled emulated (zeerorg, 2019); and what failed for them then.
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets output, stderr and status; each test is a process

bats_require_minimum_version 1.5.0

# shellcheck source-path=SCRIPTDIR source=suite.sh
source "$BATS_TEST_DIRNAME/suite.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/registry.bash
source "$BATS_TEST_DIRNAME/../lib/registry.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/mmdebstrap.bash
source "$BATS_TEST_DIRNAME/../lib/mmdebstrap.bash"

setup_file() {
	suite_open qemu-arm-static qemu-aarch64-static skopeo docker-registry mmdebstrap curl || return 0
	registry_start
	docker load --quiet --input "$ANYARCH_IMAGE"
	busyboxes
}

teardown_file() {
	registry_stop
	suite_close
}

setup() {
	[[ -z $OBSTACLES ]] || need "$OBSTACLES"
	HUB=127.0.0.1:$PORT
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return
	clear_table
}

teardown() {
	local failed=0

	[[ -z $OBSTACLES ]] || return 0
	clear_table || failed=1
	same 'temporary files' '' "$(ls -A "$TMPDIR")" || failed=1
	return "$failed"
}

# The one command of whoever sets a machine up.
set_up() {
	docker run --rm --privileged anyarch >/dev/null
}

# to_registry LAYER NAME ARCH [VARIANT]: an image of one layer, as somebody has pushed it.
to_registry() {
	docker_archive "$1" base:1 "${@:3}" >"$BATS_FILE_TMPDIR/pushed.tar"
	skopeo copy --quiet --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/pushed.tar" "docker://127.0.0.1:$PORT/$2"
	rm "$BATS_FILE_TMPDIR/pushed.tar"
}

# What Docker's official images are to people: one small system for each platform, by its prefix.
busyboxes() {
	local one word arch name oci root=$BATS_FILE_TMPDIR/root

	for one in amd64:amd64:amd64 armel:arm32v6:arm,v6 armhf:arm32v7:arm,v7 arm64:arm64v8:arm64,v8; do
		IFS=: read -r arch name oci <<<"$one"
		mkdir -p "$root/bin" "$root/tmp"
		install -m 0755 "$(busybox_static "$arch")" "$root/bin/busybox"
		for word in sh uname cat test echo; do
			ln -sf busybox "$root/bin/$word"
		done
		tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$root" -cf "$BATS_FILE_TMPDIR/layer.tar" .
		# shellcheck disable=SC2086 # one or two words
		to_registry "$BATS_FILE_TMPDIR/layer.tar" "$name/busybox:1" ${oci/,/ }
		rm -r "$root"
	done
}

# debian_base ARCH NAME OCI...: Debian with apt, as debootstrap makes it.
debian_base() {
	local layer

	layer=$(cached "root-$(images_suite)-$1-1.tar" make_debian "$1")
	to_registry "$layer" "$2/debian:1" "${@:3}"
}

make_debian() { # ARCH SCRATCH FILE
	build_debian "$1" apt "$3" env
}

# hub_is_here NAME PREFIX...: the engine gets Docker Hub's images from the registry, where the busyboxes have this name.
hub_is_here() {
	local prefix

	for prefix in "${@:2}"; do
		skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "docker://$HUB/$prefix/busybox:1" "docker://$HUB/$prefix/$1"
	done
	printf '{"registry-mirrors": ["http://%s"]}' "$HUB" >"$ENGINE/daemon.json"
	kill -HUP "$(<"$ENGINE/docker.pid")"
	eventually 10 mirror_is_known
}

mirror_is_known() {
	docker info 2>/dev/null | grep -q "http://$HUB"
}

# build STATUS OPTION...: as users type it.
build() {
	expect_raw "$1" "$ANYARCH_STATIC" build --engine docker --insecure --engine-option=--network=none "${@:2}"
}

# raw TAG: what the registry has under this name, which is one image for all platforms or one of them.
raw() {
	skopeo inspect --raw --tls-verify=false "docker://$HUB/$1"
}

# pulled PLATFORM NAME COMMAND...: what a machine of this platform gets from the registry, and what that prints.
pulled() {
	docker rmi --force "$HUB/$2" >/dev/null 2>&1 || true
	docker pull --quiet --platform "$1" "$HUB/$2" >/dev/null
	docker run --rm --network=none "$HUB/$2" "${@:3}" 2>/dev/null
}

@test "BrewBlox: a Python service with packages of Debian, for a Raspberry Pi and for amd64, in under five minutes" {
	local begin port=$((41000 + RANDOM % 1000)) container

	set_up
	debian_base armhf arm32v7 arm v7
	debian_base amd64 amd64 amd64
	clear_table
	cat >service.py <<-'PYTHON'
		import os, sys
		from aiohttp import web
		async def answer(request):
		    return web.Response(text=os.uname().machine)
		app = web.Application()
		app.router.add_get("/", answer)
		web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
	PYTHON
	cat >Dockerfile.cross <<-DOCKERFILE
		FROM $HUB/__BASEIMAGE_ARCH__/debian:1
		RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-aiohttp && rm -r /var/lib/apt/lists
		COPY service.py /
		ENTRYPOINT ["python3", "/service.py"]
	DOCKERFILE
	printf '%s\n' "REPO=$HUB/brewblox" 'IMAGE_NAME=history' 'IMAGE_VERSION=develop' 'ALIASES=rpi-develop' \
		'TARGET_ARCHES="arm32v7 amd64"' 'SMOKE="python3 -c '\''import aiohttp'\''"' 'DOCKER_CLI_PATH=/usr/bin' >build.config

	begin=$SECONDS
	set_up
	docker cp "$(docker create anyarch)":/usr/bin/anyarch .
	ANYARCH_STATIC=$PWD/anyarch
	DOCKER_BUILDKIT=0 build 0 --push --engine-option=--network=host --engine-option=--no-cache
	printf '# set up, built, checked, tried and pushed in %d s\n' $((SECONDS - begin)) >&3
	((SECONDS - begin < 300))

	same 'one digest' "$(raw brewblox/history:develop | sha256sum)" "$(raw brewblox/history:rpi-develop | sha256sum)"
	same platforms 'amd64 arm/v7' "$(raw brewblox/history:develop |
		jq -r '[.manifests[].platform | .architecture + (if .variant then "/" + .variant else "" end)] | sort | join(" ")')"
	same amd64 x86_64 "$(docker run --rm --network=none --entrypoint uname "$HUB/brewblox/history:amd64-develop" -m)"
	docker rmi --force "$HUB/brewblox/history:arm32v7-develop" >/dev/null
	docker pull --quiet --platform linux/arm/v7 "$HUB/brewblox/history:rpi-develop"
	container=$(docker run --detach --network=host "$HUB/brewblox/history:rpi-develop" "$port" 2>/dev/null)
	eventually 30 curl --silent --fail --max-time 5 --output answer "http://127.0.0.1:$port/"
	same 'the service itself' armv7l "$(<answer)"
	docker rm --force "$container" >/dev/null
}

@test "lobradov: init, edit, build for three platforms, run the one name on each; pushed with skopeo and without" {
	local push program arm64

	"$ANYARCH_STATIC" init my-new-docker-project
	cd my-new-docker-project
	grep -q '^TARGET_ARCHES="amd64 arm32v6 arm64v8"' build.config
	# His two files as published, with what he says to fill in; the names are Docker Hub's, and qemu/ is not there.
	printf '%s\n' "REPO=\"$HUB/lobradov\"" 'IMAGE_NAME="nginx"' 'IMAGE_VERSION=""' 'DOCKER_CLI_PATH="/usr/bin"' \
		'TARGET_ARCHES="amd64 arm32v6 arm64v8"' >build.config
	printf '%s\n' 'FROM __BASEIMAGE_ARCH__/alpine:latest' '' '__CROSS_COPY qemu/qemu-__QEMU_ARCH__-static /usr/bin/' \
		'RUN uname -m >/machine' 'CMD ["cat", "/machine"]' >Dockerfile.cross
	hub_is_here alpine:latest amd64 arm32v6 arm64v8
	build 3
	[[ $stderr == *'programs do not run here for: arm arm64'* ]]
	hints 'anyarch register arm arm64'
	set_up
	mkdir ../bin
	for program in skopeo "$(type -P skopeo)"; do
		[[ $program == skopeo ]] || { # everything but it
			find /usr/sbin /usr/bin /sbin /bin -maxdepth 1 -xtype f ! -name skopeo -exec ln -sf -t ../bin {} + 2>/dev/null || true
			PATH=$PWD/../bin
			sed -i 's/^IMAGE_VERSION=.*/IMAGE_VERSION=again/' build.config
		}
		push=latest arm64=arm64-
		[[ $program == skopeo ]] || push=again arm64=arm64-v8 # docker manifest keeps what the image says; it is the same
		build 0 --push --jobs 3
		[[ $output == *"lobradov/nginx:$push (pushed)"* ]]
		PATH=/usr/sbin:/usr/bin:/sbin:/bin
		same amd64 x86_64 "$(pulled linux/amd64 "lobradov/nginx:$push")"
		same arm32v6 armv7l "$(pulled linux/arm/v6 "lobradov/nginx:$push")"
		same arm64v8 aarch64 "$(pulled linux/arm64 "lobradov/nginx:$push")"
		same platforms "amd64- arm-v6 $arm64" "$(raw "lobradov/nginx:$push" |
			jq -r '[.manifests[].platform | "\(.architecture)-\(.variant // "")"] | sort | join(" ")')"
		same digest "$(tail -n 1 <<<"$output")" "sha256:$(raw "lobradov/nginx:$push" | sha256sum | cut -d ' ' -f 1)"
	done
	[[ ! -e $DOCKER_CONFIG/manifests && ! -e $DOCKER_CONFIG/config.json ]]
	same 'emulators, which were there while it was built' '' "$(find . -name 'qemu*')"
}

@test "zeerorg: compiled natively, assembled emulated, with the engine's BuildKit, tags TAG-arch" {
	set_up
	cat >Dockerfile.cross <<-DOCKERFILE
		FROM --platform=\$BUILDPLATFORM $HUB/amd64/busybox:1 AS build
		RUN uname -m >/compiled-on && echo __ARCH__ >/compiled-for
		FROM $HUB/__DOCKER_ARCH__/busybox:1
		COPY --from=build /compiled-on /compiled-for /
		RUN uname -m >/assembled-on
		CMD ["cat", "/compiled-on", "/compiled-for", "/assembled-on"]
	DOCKERFILE
	printf '%s\n' "REPO=$HUB/zeerorg" 'IMAGE_NAME=cron-connector' 'IMAGE_VERSION=1' 'TARGET_ARCHES="arm arm64 amd64"' \
		'PLATFORM_TAG=__IMAGE_VERSION__-__ARCH__' 'DOCKER_CLI_PATH=/usr/bin' >build.config
	DOCKER_BUILDKIT=1 build 0 --push --jobs 3
	[[ $output == *"zeerorg/cron-connector:1-arm "*built* ]]
	same arm $'x86_64\narm\narmv7l' "$(pulled linux/arm/v7 zeerorg/cron-connector:1)"
	same arm64 $'x86_64\narm64\naarch64' "$(pulled linux/arm64 zeerorg/cron-connector:1)"
	same amd64 $'x86_64\namd64\nx86_64' "$(pulled linux/amd64 zeerorg/cron-connector:1-amd64)"
}

# What python:3.6 was: one name for two platforms; and arm32v7/python:3.6, a list of one.
lists() {
	local one

	for one in amd64 arm32v7; do
		skopeo copy --quiet --src-tls-verify=false "docker://$HUB/$one/busybox:1" "docker-archive:$one.tar:x:1"
	done
	"$ANYARCH_STATIC" index --force -o all.tar amd64.tar arm32v7.tar
	"$ANYARCH_STATIC" index --force -o arm.tar arm32v7.tar
	skopeo copy --quiet --all --dest-tls-verify=false oci-archive:all.tar "docker://$HUB/library/python:3.6"
	skopeo copy --quiet --all --dest-tls-verify=false oci-archive:arm.tar "docker://$HUB/list/python:3.6"
}

@test "the failures of 2018: the cause is named before, and there is an image after" {
	local builder

	lists
	printf '%s\n' "REPO=$HUB/brewblox" 'IMAGE_NAME=service' 'TARGET_ARCHES="arm32v7 amd64"' 'DOCKER_CLI_PATH=/usr/bin' >build.config
	# A: the machine's own image is taken from the list, and the build is a success.
	printf 'FROM %s\nRUN uname -m >/machine\n' "$HUB/library/python:3.6" | tee Dockerfile >Dockerfile.cross
	DOCKER_BUILDKIT=0 docker build --quiet --tag silently .
	[[ $(docker run --rm --network=none silently uname -m) == x86_64 ]]
	docker save --output silently.tar silently
	expect_raw 3 "$ANYARCH_STATIC" inspect --expect linux/arm/v7 silently.tar
	build 3
	[[ $stderr == *'no FROM in it depends on the platform: all images would be the same'* ]]
	hints 'FROM --platform=__PLATFORM__'
	set_up
	for builder in 0 1; do # amd64 is here under that name, which the classic builder takes whatever it is asked for
		docker pull --quiet "$HUB/library/python:3.6"
		echo 'TARGET_ARCHES=arm32v7' | cat - <(grep -v TARGET_ARCHES build.config) >one && mv one build.config
		DOCKER_BUILDKIT=$builder build 0 --push
		same 'A, the same file' armv7l "$(pulled linux/arm/v7 brewblox/service:latest cat /machine)"
	done
	sed -i 's/^FROM /FROM --platform=__PLATFORM__ /' Dockerfile.cross
	sed -i 's/^TARGET_ARCHES.*/TARGET_ARCHES="arm32v7 amd64"/' build.config
	for builder in 0 1; do
		DOCKER_BUILDKIT=$builder build 0 --push --jobs 2
		same 'A, for both' armv7l "$(pulled linux/arm/v7 brewblox/service:latest cat /machine)"
		same 'A, for both' x86_64 "$(pulled linux/amd64 brewblox/service:latest cat /machine)"
	done
	# B: a list without the machine's own platform.
	clear_table
	printf 'FROM %s\nRUN uname -m >/machine\n' "$HUB/list/python:3.6" | tee Dockerfile >Dockerfile.cross
	docker rmi --force "$HUB/list/python:3.6" >/dev/null 2>&1 || true
	DOCKER_BUILDKIT=0 expect_raw 1 docker build --quiet .
	[[ $stderr == *'no matching manifest for linux/amd64'* ]]
	sed -i 's/^TARGET_ARCHES.*/TARGET_ARCHES=arm32v7/' build.config
	build 3
	[[ $stderr == *'programs do not run here for: arm'* ]]
	set_up
	DOCKER_BUILDKIT=0 build 0 --push
	same B armv7l "$(pulled linux/arm/v7 brewblox/service:latest cat /machine)"
}

@test "a base image that one platform lacks is found before anything is built" {
	set_up
	printf '%s\n' "REPO=$HUB/me" 'IMAGE_NAME=it' 'TARGET_ARCHES="arm64v8 s390x"' 'DOCKER_CLI_PATH=/usr/bin' >build.config
	printf 'FROM %s\n' "$HUB/__BASEIMAGE_ARCH__/busybox:1" >Dockerfile.cross
	build 3 --no-verify
	[[ $stderr == *"cannot get the base image $HUB/s390x/busybox:1 for linux/s390x"* && $stderr != *'+ '*' build '* ]]
}

@test "a signal in the middle of a build, and an engine that goes away: one line each, nothing left" {
	local pid code=0 other

	set_up
	printf '%s\n' "REPO=$HUB/me" 'IMAGE_NAME=it' 'TARGET_ARCHES=arm64v8' 'DOCKER_CLI_PATH=/usr/bin' >build.config
	printf 'FROM %s\nRUN echo begun && while :; do :; done\n' "$HUB/__BASEIMAGE_ARCH__/busybox:1" >Dockerfile.cross
	"$ANYARCH_STATIC" build --engine docker --push --insecure --engine-option=--network=none >told 2>&1 3>&- &
	pid=$!
	eventually 30 grep -qx begun told
	kill "$pid"
	wait "$pid" || code=$?
	same status 143 "$code"
	same line 1 "$(grep -c '^anyarch: .*ended by signal 15' told)"
	refute raw me/it:latest
	# The first process of a container that knows nothing of signals.
	sed -i '$d' Dockerfile.cross
	echo 'SMOKE="echo tried && while :; do :; done"' >>build.config
	"$ANYARCH_STATIC" build --engine docker --insecure >told 2>&1 3>&- &
	pid=$!
	eventually 30 grep -qx tried told
	kill "$pid"
	code=0
	wait "$pid" || code=$?
	same status 143 "$code"
	# shellcheck disable=SC2016 # each time anew
	eventually 30 eval '[[ -z $(docker ps --quiet) ]]'
	sed -i '$d' build.config
	echo 'RUN echo begun && while :; do :; done' >>Dockerfile.cross
	# An engine of its own, that is killed.
	other=$(mktemp -d /tmp/anyarch-other.XXXXXX)
	(
		engine_start "$other" || exit
		"$ANYARCH_STATIC" build --engine docker --push --insecure --engine-option=--network=none >told 2>&1 3>&- &
		pid=$!
		eventually 30 grep -qx begun told
		kill -KILL "$(<"$other/dockerd.started")"
		code=0
		wait "$pid" || code=$?
		same status 3 "$code"
	) || code=$?
	engine_stop "$other"
	rm -rf "$other"
	same engine 143 "$code"
	grep -q '^linux/arm64 .*failed' told
	refute raw me/it:latest
}
