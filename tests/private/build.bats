#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that a project is built for several platforms with engines that need no daemon, by an ordinary user, pushed to a real
# registry and pulled from there, and that what goes wrong is told and leaves nothing.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/run.bash
source "$BATS_TEST_DIRNAME/../lib/run.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/registry.bash
source "$BATS_TEST_DIRNAME/../lib/registry.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/compilers.bash
source "$BATS_TEST_DIRNAME/../lib/compilers.bash"

# base_image ARCH [VARIANT] FILE: busybox for this platform, as an archive of docker save.
base_image() {
	(
		# shellcheck source=tools/lib.sh
		. "$ANYARCH_SRC/tools/lib.sh"
		# shellcheck source=tools/fetch.sh
		. "$ANYARCH_SRC/tools/fetch.sh"
		fetch_busybox "$1"
	) >"$BATS_FILE_TMPDIR/path" || return
	python3 - "$(<"$BATS_FILE_TMPDIR/path")" "$2" "$3" "$4" <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T
		layer = T.tar(T.directory("bin"), T.member("bin/busybox", open(sys.argv[1], "rb").read()), T.symlink("bin/sh", "busybox"),
		              T.symlink("bin/uname", "busybox"))
		I.write(sys.argv[4], I.archive(I.docker([([layer], I.config_of([layer], sys.argv[2], sys.argv[3] or None,
		        history=[{"created": "1970-01-01T00:00:00Z", "created_by": "busybox"}]), ["base:1"])])))
	PYTHON
}

setup_file() {
	open_public
	registry_start
	[[ -n ${REGISTRY-} ]] || return 0
	base_image armhf arm v7 "$BATS_FILE_TMPDIR/arm.tar"
	base_image amd64 amd64 '' "$BATS_FILE_TMPDIR/amd64.tar"
	base_image arm64 arm64 v8 "$BATS_FILE_TMPDIR/arm64.tar"
	skopeo copy -q --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/arm64.tar" "docker://127.0.0.1:$PORT/arm64v8/base:1"
	skopeo copy -q --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/arm.tar" "docker://127.0.0.1:$PORT/arm32v7/base:1"
	skopeo copy -q --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/amd64.tar" "docker://127.0.0.1:$PORT/amd64/base:1"
	"$ANYARCH" index --tag 1 -o "$BATS_FILE_TMPDIR/all.tar" "$BATS_FILE_TMPDIR/arm.tar" "$BATS_FILE_TMPDIR/amd64.tar" >/dev/null
	skopeo copy -q --all --dest-tls-verify=false "oci-archive:$BATS_FILE_TMPDIR/all.tar" "docker://127.0.0.1:$PORT/base:1"
}

teardown_file() {
	registry_stop
	rm -rf -- "$PUBLIC"
}

setup() {
	local why

	need_root # to be somebody else
	need_commands qemu-arm-static setpriv unshare newuidmap newgidmap docker-registry skopeo podman buildah jq
	[[ -e /etc/subuid && -e /etc/subgid ]] || need "no /etc/subuid"
	[[ $(uname -m) == x86_64 ]] || need 'not x86_64'
	why=$(ns_possible) || need "$why"
	MACHINE=$(machine)
	W=$PUBLIC/w
	P=$W/project
	mkdir -p "$W/home" "$W/runtime" "$W/tmp" "$P"
	printf '%s\n' "REPO=127.0.0.1:$PORT/me" 'IMAGE_NAME=service' 'IMAGE_VERSION=1.2' 'TARGET_ARCHES="amd64 arm32v7"' \
		'ALIASES="latest rpi-latest"' >"$P/build.config"
	printf '%s\n' "FROM 127.0.0.1:$PORT/__BASEIMAGE_ARCH__/base:1" 'RUN ["/bin/busybox", "sh", "-c", "/bin/uname -m >/machine"]' \
		>"$P/Dockerfile.cross"
	chown -R "$USER_ID:$USER_ID" "$W"
}

teardown() {
	local status_of=0

	same 'mounts and handlers of the machine' "$MACHINE" "$(machine)" || status_of=1
	same 'temporary files' '' "$(find "$W/tmp" -name 'anyarch-build*')" || status_of=1
	rm -rf -- "$W"
	return "$status_of"
}

# build STATUS OPTION...: of the project, by a user with ranges of ids for whom ARM programs run.
build() {
	expect_raw "$1" with_subids env -i PATH="$PATH" HOME="$W/home" XDG_RUNTIME_DIR="$W/runtime" TMPDIR="$W/tmp" LC_ALL=C \
		"$PUBLIC/anyarch" run -- "$PUBLIC/anyarch" build "${@:2}" "$P" 3>&-
}

# pulled NAME ARCH VARIANT FILE: what the registry gives a machine of this platform.
pulled() {
	rm -rf "$W/pulled" "$W/root"
	skopeo ${2:+--override-arch "$2"} ${3:+--override-variant "$3"} copy -q --src-tls-verify=false \
		"docker://127.0.0.1:$PORT/me/service:$1" "docker-archive:$W/pulled:x:1"
	"$ANYARCH" inspect --expect "linux/$2${3:+/$3}" "$W/pulled" >/dev/null
	tar -xOf "$W/pulled" "$(tar -xOf "$W/pulled" manifest.json | jq -r '.[0].Layers[-1]')" | tar -xO machine
}

@test "from a Dockerfile to one name for two platforms, pushed, and pulled by each" {
	local engine

	for engine in podman buildah; do
		build 0 --engine "$engine" --insecure --push -o "$W/tmp/all.tar"
		[[ $output == *'linux/arm/v7'*"127.0.0.1:$PORT/me/service:arm32v7-1.2"*built* ]]
		[[ $stderr == *"+ $engine build --tls-verify=false --platform linux/arm/v7 "* ]]
		same ARM armv7l "$(pulled 1.2 arm v7)"
		same amd64 x86_64 "$(pulled rpi-latest amd64 '')"
		same names 1 "$(for tag in 1.2 latest rpi-latest; do
			skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$PORT/me/service:$tag" | sha256sum
		done | sort -u | wc -l)"
		same digest "$(skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$PORT/me/service:1.2" | sha256sum | cut -d ' ' -f 1)" \
			"$(tail -n 1 <<<"$output" | cut -d : -f 2)"
		"$ANYARCH" inspect --expect linux/arm/v7 "$W/tmp/all.tar"
		rm "$W/tmp/all.tar"
	done
}

# As build, with native compilers in what is built.
build_accelerated() {
	expect_raw "$1" with_subids env -i PATH="$PATH" HOME="$W/home" XDG_RUNTIME_DIR="$W/runtime" TMPDIR="$W/tmp" LC_ALL=C \
		"$PUBLIC/anyarch" run --accelerate -- "$PUBLIC/anyarch" build --accelerate --json "${@:2}" "$P" 3>&-
}

@test "native compilers, without a daemon and without root" {
	local engine

	need_tools arm-linux-gnueabihf
	docker_archive "$(compiler_root armhf)" base:1 arm v7 >"$W/base.tar"
	skopeo copy -q --dest-tls-verify=false "docker-archive:$W/base.tar" "docker://127.0.0.1:$PORT/arm32v7/gcc:1"
	rm "$W/base.tar"
	printf '%s\n' "FROM 127.0.0.1:$PORT/__BASEIMAGE_ARCH__/gcc:1" \
		'RUN echo "int main(void) { return 0; }" >/t.c && gcc -O2 /t.c -o /t && /t && uname -m >/machine' >"$P/Dockerfile.cross"
	sed -i 's/amd64 arm32v7/arm32v7/' "$P/build.config"
	for engine in podman buildah; do
		build_accelerated 0 --engine "$engine" --insecure --push
		jq -e '.platforms[0].accelerated and .pushed' <<<"$output"
		same ARM armv7l "$(pulled 1.2 arm v7)"
		refute grep -q anyarch <(tar -tf "$W/pulled"; tar -xOf "$W/pulled" "$(tar -xOf "$W/pulled" manifest.json | jq -r '.[0].Config')")
		for one in $(tar -xOf "$W/pulled" manifest.json | jq -r '.[0].Layers[]'); do
			refute grep anyarch <(tar -xOf "$W/pulled" "$one" | tar -t)
		done
	done
}

@test "compilers that this machine lacks, from the base image for this machine" {
	local engine

	other_compiler "$(tools_root armhf)" base:1 arm v7 >"$W/arm.tar"
	other_compiler "$(native_root)" base:1 amd64 >"$W/amd64.tar"
	skopeo copy -q --dest-tls-verify=false "docker-archive:$W/arm.tar" "docker://127.0.0.1:$PORT/arm32v7/tools:1"
	skopeo copy -q --dest-tls-verify=false "docker-archive:$W/amd64.tar" "docker://127.0.0.1:$PORT/amd64/tools:1"
	rm "$W/arm.tar" "$W/amd64.tar"
	printf '%s\n' "FROM 127.0.0.1:$PORT/__BASEIMAGE_ARCH__/tools:1" 'RUN ls /usr/lib/anyarch/native/bin | tr "\n" " " >/machine; sed --version' \
		>"$P/Dockerfile.cross"
	sed -i 's/amd64 arm32v7/arm32v7/' "$P/build.config"
	# Both have one store: the second finds what the first has made.
	for engine in buildah podman; do
		build_accelerated 0 --engine "$engine" --insecure --push
		same "$engine" "$([[ $engine != buildah ]] || echo "127.0.0.1:$PORT/amd64/tools:1")" \
			"$(sed -n 's/^+ .* pull .*--platform linux.amd64 .* //p' <<<"$stderr")"
		jq -e '.platforms[0].accelerated and .pushed' <<<"$output"
		[[ $(pulled 1.2 arm v7) == *'cc1-13 '*' dash '*' sed '* ]]
	done
}

@test "zeerorg: compiled natively, assembled emulated, without a daemon, tags TAG-arch" {
	cat >"$P/Dockerfile.cross" <<-DOCKERFILE
		FROM --platform=\$BUILDPLATFORM 127.0.0.1:$PORT/amd64/base:1 AS build
		RUN ["/bin/busybox", "sh", "-c", "/bin/uname -m >/compiled-on"]
		FROM 127.0.0.1:$PORT/__DOCKER_ARCH__/base:1
		COPY --from=build /compiled-on /compiled-on
		RUN ["/bin/busybox", "sh", "-c", "{ /bin/busybox cat /compiled-on && /bin/uname -m; } >/machine"]
	DOCKERFILE
	printf '%s\n' "REPO=127.0.0.1:$PORT/me" 'IMAGE_NAME=service' 'IMAGE_VERSION=z' 'TARGET_ARCHES="arm arm64 amd64"' \
		'PLATFORM_TAG=__IMAGE_VERSION__-__ARCH__' >"$P/build.config"
	build 0 --engine buildah --insecure --push --jobs 3
	[[ $output == *'/me/service:z-arm '*'/me/service:z-arm64 '*'/me/service:z (pushed)'* ]]
	same arm $'x86_64\narmv7l' "$(pulled z arm v7)"
	same arm64 $'x86_64\naarch64' "$(pulled z arm64 '')"
	same amd64 $'x86_64\nx86_64' "$(pulled z amd64 '')"
}

@test "an image that is silently for the machine that builds fails the build, and the name is not made" {
	skopeo copy -q --dest-tls-verify=false "docker-archive:$BATS_FILE_TMPDIR/amd64.tar" "docker://127.0.0.1:$PORT/arm32v6/base:1"
	sed -i 's/arm32v7/arm32v6/; s/1\.2/wrong/' "$P/build.config"
	build 3 --engine buildah --insecure --push
	[[ $output == *'linux/arm/v6'*'wrong platform'* && $output == *'linux/amd64'*built* ]]
	[[ $stderr == *'programs are for linux/amd64'*'expected linux/arm/v6'* && $stderr == *'1 of 2 platforms failed'* ]]
	refute skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$PORT/me/service:wrong"
}

# dockerfile NAME: one of the kinds that people publish, each for the base image of several platforms.
# shellcheck disable=SC1003,SC2016 # a backslash at the end, and what the engine expands
dockerfile() {
	local base=127.0.0.1:$PORT/base:1

	case $1 in
	plain) printf '%s\n' "FROM $base" 'WORKDIR /app' 'COPY . .' 'RUN uname -m >/machine' 'CMD ["sh"]' ;;
	'a tag in ARG') printf '%s\n' 'ARG VERSION=1' "FROM 127.0.0.1:$PORT/base:\${VERSION}" 'RUN uname -m >/machine' ;;
	'an image in ARG') printf '%s\n' "ARG BASE=$base" 'FROM ${BASE}' 'ARG WHO=me' 'RUN uname -m >/machine && echo "$WHO" >/who' ;;
	stages) printf '%s\n' "FROM $base AS build" 'RUN uname -m >/machine' "FROM $base" 'COPY --from=build /machine /' ;;
	numbered) printf '%s\n' "FROM $base" 'RUN uname -m >/machine' "FROM $base" 'COPY --from=0 /machine /' ;;
	'a stage from a stage') printf '%s\n' "FROM $base AS build" 'RUN uname -m >/machine' 'FROM build AS test' 'RUN test -s /machine' 'FROM build' 'RUN true' ;;
	'to scratch') printf '%s\n' "FROM $base AS build" 'RUN uname -m >/machine' 'FROM scratch' 'COPY --from=build /bin/busybox /machine /' ;;
	crossed) printf '%s\n' "FROM --platform=\$BUILDPLATFORM $base AS build" 'RUN uname -m >/built-on' "FROM --platform=\$TARGETPLATFORM $base" \
		'COPY --from=build /built-on /' 'RUN uname -m >/machine' ;;
	'lower case') printf '%s\n' "from $base as build" 'run uname -m >/machine' "from $base" 'copy --from=build /machine /' ;;
	'long lines') printf '%s\n' '# syntax=docker/dockerfile:1' '' '# What it is made of' "FROM $base" 'LABEL a=b \' '      c=d' 'ENV A=1 B=2' 'RUN true && \' \
		'    # in between' '    uname -m >/machine' 'EXPOSE 80' 'VOLUME /data' 'HEALTHCHECK CMD true' 'USER 1000' 'ENTRYPOINT ["/bin/sh"]' ;;
	esac
}

# machine_of ARCH VARIANT: what the image of this platform holds in /machine, in whichever of its layers.
machine_of() {
	local layer

	pulled ten "$1" "$2" >/dev/null 2>&1 || true
	for layer in $(tar -xOf "$W/pulled" manifest.json | jq -r '.[0].Layers[]'); do
		tar -xOf "$W/pulled" "$layer" | tar -xO machine 2>/dev/null || true
	done
}

@test "ten ordinary Dockerfiles become projects that build" {
	local name

	for name in plain 'a tag in ARG' 'an image in ARG' stages numbered 'a stage from a stage' 'to scratch' crossed 'lower case' 'long lines'; do
		rm -rf "$P"
		mkdir "$P"
		dockerfile "$name" >"$P/Dockerfile"
		expect 0 "$ANYARCH" init --quiet --from "$P/Dockerfile" "$P"
		printf '%s\n' "REPO=127.0.0.1:$PORT/me" 'IMAGE_NAME=service' 'IMAGE_VERSION=ten' 'TARGET_ARCHES="amd64 arm32v7"' >"$P/build.config"
		chown -R "$USER_ID:$USER_ID" "$P"
		build 0 --engine buildah --insecure --push --quiet
		same "$name" 'armv7l x86_64' "$(machine_of arm v7) $(machine_of amd64 '')"
	done
}

@test "a platform that fails hinders no other; JSON tells the same; a smoke test is run" {
	sed -i 's/1\.2/fails/' "$P/build.config"
	echo '__CROSS_RUN ["/bin/busybox", "false"]' >>"$P/Dockerfile.cross"
	build 3 --engine podman --insecure --push --json
	same results '["built","failed"]' "$(jq -c '[.platforms[].result]' <<<"$output")"
	same pushed 'false null' "$(jq -r '"\(.pushed) \(.digest)"' <<<"$output")"
	refute skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$PORT/me/service:amd64-fails"
	sed -i '$d' "$P/Dockerfile.cross"
	echo 'SMOKE="test -e /machine"' >>"$P/build.config"
	build 0 --engine buildah --insecure
	sed -i 's/^SMOKE.*/SMOKE="test -e \/nothing"/' "$P/build.config"
	build 3 --engine buildah --insecure --json
	same results '["does not run","does not run"]' "$(jq -c '[.platforms[].result]' <<<"$output")"
	same containers '' "$(with_subids env -i PATH="$PATH" HOME="$W/home" XDG_RUNTIME_DIR="$W/runtime" buildah containers -q 3>&-)"
}

@test "side by side, and pushed with the engine's own commands where there is no skopeo" {
	local engine bin=$W/bin program

	# Everything but skopeo.
	mkdir "$bin"
	for program in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
		find "$program" -maxdepth 1 -xtype f ! -name skopeo -exec ln -sf -t "$bin" {} + 2>/dev/null || true
	done
	for engine in podman buildah; do
		sed -i "s/^IMAGE_VERSION=.*/IMAGE_VERSION=$engine/; s/^ALIASES=.*/ALIASES=also-$engine/" "$P/build.config"
		PATH=$bin build 0 --engine "$engine" --insecure --push --jobs 2
		[[ $stderr == *"linux/arm/v7 | "* && $stderr == *"linux/amd64  | "* && $stderr != *skopeo* ]]
		same ARM armv7l "$(pulled "$engine" arm v7)"
		same amd64 x86_64 "$(pulled "also-$engine" amd64 '')"
		same digest "$(tail -n 1 <<<"$output" | cut -d : -f 2)" \
			"$(skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$PORT/me/service:$engine" | sha256sum | cut -d ' ' -f 1)"
		same platforms 'amd64- arm-v7' "$(skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$PORT/me/service:$engine" |
			jq -r '[.manifests[].platform | "\(.architecture)-\(.variant // "")"] | sort | join(" ")')"
		same 'local lists' 0 "$(with_subids env -i PATH="$PATH" HOME="$W/home" XDG_RUNTIME_DIR="$W/runtime" "$engine" images 3>&- |
			grep -c anyarch-build)"
	done
}

@test "a registry that goes away in the middle: what is pushed is told, and the name for all is not made" {
	sed -i 's/1\.2/gone/' "$P/build.config"
	mkdir "$W/bin"
	cat >"$W/bin/skopeo" <<-SKOPEO
		#!/bin/sh
		case "\$*" in
		*amd64-gone) exec $(type -P skopeo) "\$@" ;;
		*) exec $(type -P skopeo) "\$1" --dest-tls-verify=false "\$4" docker://127.0.0.1:1/gone ;;
		esac
	SKOPEO
	chmod 755 "$W" "$W/bin" "$W/bin/skopeo"
	PATH=$W/bin:$PATH build 1 --engine buildah --insecure --push
	hints 'pushed before that: 1 of 2 platforms, 0 of 3 names for all'
	skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$PORT/me/service:amd64-gone" >/dev/null
	refute skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$PORT/me/service:gone"
}

@test "platforms that do not run, engines and registries that are not there: told before, or at the end" {
	expect_raw 3 with_subids env -i PATH="$PATH" HOME="$W/home" XDG_RUNTIME_DIR="$W/runtime" TMPDIR="$W/tmp" \
		"$PUBLIC/anyarch" build --engine buildah "$P"
	[[ $stderr == *'programs do not run here for: arm'* && $stderr == *'sudo anyarch register arm'* ]]
	[[ $stderr != *'+ buildah build'* ]]
	echo 'DOCKER_CLI_PATH=/nowhere/docker' >>"$P/build.config"
	build 3 --engine docker
	[[ $stderr == *'/nowhere/docker: No such file'* && $stderr == *'another engine'* ]]
	sed -i "s/^REPO=.*/REPO=127.0.0.1:1\/me/" "$P/build.config"
	build 1 --engine buildah --insecure --push
	[[ $stderr == *'the registry of 127.0.0.1:1/me/service:'*' does not answer: '* && $stderr != *'+ buildah build'* ]]
}

@test "--dry-run shows every command and runs none" {
	local was

	was=$(find "$W" | sort)
	expect 0 "$ANYARCH" build --dry-run --engine docker --push "$P"
	same commands $'skopeo inspect\ndocker image\ndocker image\ndocker pull\ndocker image\ndocker image\ndocker pull\ndocker build\ndocker save\ndocker build\ndocker save\nskopeo copy\nskopeo copy\nskopeo copy\nskopeo copy\nskopeo copy' \
		"$(cut -d ' ' -f 1,2 <<<"$output")"
	same files "$was" "$(find "$W" | sort)"
}
