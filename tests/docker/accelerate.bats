#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that a project is built with native compilers, by the classic builder and by BuildKit, several times as fast, and that what
# is built has no trace of them.
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets output, stderr and status; each test is a process

bats_require_minimum_version 1.5.0

# shellcheck source-path=SCRIPTDIR source=suite.sh
source "$BATS_TEST_DIRNAME/suite.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/registry.bash
source "$BATS_TEST_DIRNAME/../lib/registry.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/compilers.bash
source "$BATS_TEST_DIRNAME/../lib/compilers.bash"

setup_file() {
	suite_open qemu-arm-static skopeo docker-registry arm-linux-gnueabihf-gcc || return 0
	registry_start
	docker load --quiet --input "$ANYARCH_IMAGE"
	docker_archive "$(compiler_root armhf)" base:1 arm v7 >"$BATS_FILE_TMPDIR/base.tar"
	skopeo copy --quiet --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/base.tar" "docker://127.0.0.1:$PORT/arm32v7/gcc:1"
	rm "$BATS_FILE_TMPDIR/base.tar"
	# As a machine is set up: the container is gone afterwards, and its emulators are not.
	docker run --rm --privileged anyarch register --accelerate arm
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
	mkdir project
	tar -xf "$(debian_source libzstd)"
	tar -C project --strip-components=1 -xf libzstd_*.orig.tar.xz
	cat >project/Dockerfile.cross <<-DOCKERFILE
		FROM $HUB/__BASEIMAGE_ARCH__/gcc:1
		COPY lib /zstd
		ARG CODE=decompress
		RUN cd /zstd && for one in common/*.c \$CODE/*.c; do gcc -O2 -c \$one || exit; done && ar rcs /libzstd.a *.o && rm *.o
		RUN echo 'int ZSTD_versionNumber(void); int main(void) { return ZSTD_versionNumber() != 10504; }' >t.c && gcc t.c /libzstd.a -o /t && /t
	DOCKERFILE
	printf 'REPO=%s/me\nIMAGE_NAME=zstd\nIMAGE_VERSION=1\nTARGET_ARCHES="arm"\nDOCKER_CLI_PATH=/usr/bin\n' "$HUB" >project/build.config
}

teardown() {
	[[ -z $OBSTACLES ]] || return 0
	same 'temporary files' '' "$(ls -A "$TMPDIR")" || return
	same 'images of ours' '' "$(docker image ls --format '{{.Repository}}:{{.Tag}}' | grep native)"
}

# build STATUS OPTION...: sets SECONDS_TAKEN.
build() {
	local begin=$SECONDS

	expect_raw "$1" "$ANYARCH_STATIC" build --engine docker --insecure --engine-option=--network=none "${@:2}" project
	SECONDS_TAKEN=$((SECONDS - begin))
}

# has_no_trace NAME: of native tools, in files, layers or history.
has_no_trace() {
	local dir=$BATS_TEST_TMPDIR/layout layer

	rm -rf "$dir"
	skopeo copy --quiet --override-arch arm --override-variant v7 --src-tls-verify=false "docker://$HUB/$1" "dir:$dir"
	grep -rl anyarch "$dir"/manifest.json "$dir"/version && return 1
	for layer in "$dir"/*; do
		if gzip -t "$layer" 2>/dev/null; then
			! tar -tzf "$layer" | grep anyarch || return
		else
			! grep -q anyarch "$layer" || return
		fi
	done
}

# machine_code IMAGE: all but .comment, where the compilers' package revisions may differ.
machine_code() {
	docker run --rm --network=none "$1" sh -c 'objdump -drs -j .text -j .rodata -j .data /libzstd.a /t | grep -v " file format "' >code
	[[ $(wc -l <code) -gt 10000 ]]
	sha256sum code
}

@test "classic builder: faster, the same, and pushed without a trace" {
	local with without code

	export DOCKER_BUILDKIT=0
	build 0 --push
	without=$SECONDS_TAKEN
	code=$(machine_code "$HUB/me/zstd:arm32v7-1")
	docker rmi --force "$HUB/me/zstd:arm32v7-1" >/dev/null
	docker builder prune --force >/dev/null
	build 0 --accelerate --push
	with=$SECONDS_TAKEN
	[[ $stderr == *'+ '*' tag '*' anyarch-native:'*' build '*' rmi anyarch-native:'* ]]
	printf 'emulated %d s, accelerated %d s\n' "$without" "$with" >&3
	((with < without))
	has_no_trace me/zstd:1
	docker rmi --force "$HUB/me/zstd:arm32v7-1" >/dev/null
	docker pull --quiet --platform linux/arm/v7 "$HUB/me/zstd:1"
	docker run --rm --network=none "$HUB/me/zstd:1" /t
	same 'machine code' "$code" "$(machine_code "$HUB/me/zstd:1")"
}

@test "BuildKit: the same" {
	export DOCKER_BUILDKIT=1
	build 0 --accelerate --push --json
	jq -e '.platforms[0].accelerated' <<<"$output"
	has_no_trace me/zstd:1
}

@test "a base without a compiler is used as it is, and that is told" {
	local busybox

	busybox=$(busybox_static armhf)
	mkdir -p root/bin small
	install -m 0755 "$busybox" root/bin/sh
	tar -C root -cf layer.tar .
	docker_archive layer.tar base:1 arm v7 >base.tar
	skopeo copy --quiet --dest-tls-verify=false docker-archive:base.tar "docker://$HUB/arm32v7/busybox:1"
	printf 'FROM %s/__BASEIMAGE_ARCH__/busybox:1\nRUN echo x >/x\n' "$HUB" >project/Dockerfile.cross
	build 0 --accelerate --json
	[[ $stderr == *'is used as it is: '* ]]
	jq -e '.platforms[0].accelerated == false' <<<"$output"
}

@test "tools of another release: from the base image for this machine, made once" {
	local machine

	machine=$(dpkg --print-architecture)
	other_release "$(tools_root armhf)" base:1 arm v7 >arm.tar
	other_release "$(native_root)" base:1 "$machine" >own.tar
	"$ANYARCH_STATIC" index -q -o both arm.tar own.tar
	skopeo copy --quiet --all --dest-tls-verify=false oci-archive:both "docker://$HUB/base:1"
	rm arm.tar own.tar
	# shellcheck disable=SC2016 # the shell in the root
	printf 'FROM --platform=__PLATFORM__ %s/base:1\nRUN ls /usr/lib/anyarch/native/bin >/natives; sed --version >/sed\n' "$HUB" >project/Dockerfile.cross
	DOCKER_BUILDKIT=0 build 0 --accelerate --json
	jq -e '.platforms[0].accelerated' <<<"$output"
	[[ $stderr == *' pull --quiet --platform linux/'"$machine $HUB/base:1"*' build '*' anyarch-tools:armhf-'* ]]
	[[ $(docker run --rm --network=none "$HUB/me/zstd:arm32v7-1" cat /natives /sed) == *dash*'GNU sed'* ]]
	same 'the base image is still' arm "$(docker image inspect --format '{{.Architecture}}' "$HUB/base:1")"
	docker rmi --force "$HUB/me/zstd:arm32v7-1" >/dev/null
	DOCKER_BUILDKIT=1 build 0 --accelerate --json
	jq -e '.platforms[0].accelerated' <<<"$output"
	[[ $stderr != *"--platform linux/$machine"* ]]
}

@test "a handler without the stub, and buildx, are refused" {
	docker run --rm --privileged anyarch register arm
	build 3 --accelerate
	[[ $stderr == *'the emulators do not start native compilers here, for: arm'*'anyarch register --accelerate arm'* ]]
	docker run --rm --privileged anyarch register --accelerate arm
	expect 3 "$ANYARCH_STATIC" build --dry-run --accelerate --engine buildx project
	[[ $stderr == *'--accelerate does not work with buildx'* ]]
}

@test "a build that fails leaves nothing" {
	echo 'RUN false' >>project/Dockerfile.cross
	sed -i 's/ARG CODE=.*/ARG CODE=common/; /^RUN echo/d' project/Dockerfile.cross
	build 3 --accelerate
}
