#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns which engine is asked to build which platform, and what is refused before any of them is: tried with programs that play
# clients. Real ones: tests/docker/builders.bats.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/played.bash
source "$BATS_TEST_DIRNAME/../lib/played.bash"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		for name, shell, label, variant in (("arm32v7", E.arm(), "arm", "v7"), ("arm64v8", E.arm64(), "arm64", "v8"), ("amd64", E.amd64(), "amd64", None)):
		    layer = T.tar(I.system(shell))
		    I.write(f"./{name}.tar", I.archive(I.docker([([layer], I.config_of([layer], label, variant), ["x:1"])])))
	PYTHON
	# A client writes down which engine it was told of, and what. HOST_x is what the engine at x answers; DEAD are the ones that do not.
	cat >docker <<-'CLIENT'
		#!/bin/bash
		where=${BUILDX_BUILDER:-${DOCKER_HOST:-here}}
		case $1 in --context=* | --url=* | --connection=*) where=${1#*=}; shift ;; esac
		printf '%s %s %s\n' "${0##*/}" "$where" "$*" >>"$LOG"
		name=${where##*[/@]}
		case " $DEAD " in
		*" $name "*)
			[[ $1 != buildx ]] || printf '#1 [internal] booting buildkit\n#1 ERROR: no\n------\n > [internal] booting buildkit:\n------\n' >&2
			echo "cannot connect to $where" >&2
			exit 1
			;;
		esac
		case "$1 $2" in
		'version --format' | 'info --format' | 'buildx inspect') name=HOST_$name; printf '%s\n' "${!name}" ;;
		'save '*)
			while [[ $1 != --output ]]; do shift; done
			cp "$IMAGES/${SAVED:-$(sed 's/.*:\(.*\)-latest.*/\1/' <<<"$*")}.tar" "$2"
			;;
		'build '*) case " $DIES " in *" $name "*) exit 1 ;; esac ;;
		esac
		exit 0
	CLIENT
	chmod +x docker
	cp docker podman
	cp docker skopeo
}

setup() {
	played_open 'TARGET_ARCHES="amd64 arm32v7 arm64v8"'
	export DEAD='' DIES='' HOST_pi=linux/arm HOST_farm=$'Name: farm\nPlatforms: linux/arm64*, linux/arm/v7\nPlatforms: linux/amd64'
	unset DOCKER_HOST BUILDX_BUILDER
}

teardown() {
	played_close
}

# built WHERE: which platforms were built there, by which program.
built() {
	sed -n "s|^\([a-z]*\) $1 .*build .*--platform linux/\([a-z0-9/]*\) .*|\1 \2|p" "$LOG"
}

@test "each platform is built where it belongs, is looked into, and one index has them all" {
	build 0 -o all.tar --builder arm32v7=ssh://me@pi,arm64v8=builder:farm
	same pi 'docker arm/v7' "$(built ssh://me@pi)"
	same farm 'docker arm64' "$(built farm)"
	same here 'docker amd64' "$(built here)"
	same 'each builder is asked once, before' 2 "$(sed '/ build /q' "$LOG" | grep -cE 'pi version --format|farm buildx inspect --bootstrap')"
	[[ $output =~ 'linux/amd64  me/it:amd64-latest   built '.*'this machine (native)' ]]
	[[ $output =~ 'linux/arm/v7 me/it:arm32v7-latest built '.*' ssh://me@pi (native)' && $output == *'builder:farm (native)'* ]]
	expect_raw 0 "$ANYARCH" inspect --json all.tar
	same platforms 'linux/amd64 linux/arm/v7 linux/arm64' "$(jq -r '[.[].platform] | join(" ")' <<<"$output")"
	: >"$LOG"
	echo 'BUILDERS="arm32v7=context:pi arm64v8=tcp://farm"' >>build.config
	HOST_farm=linux/amd64 build 0 --builder arm32v7=connection:pi --json
	same 'a connection is podman' 'podman arm/v7' "$(built pi)"
	same endpoint 'docker arm64' "$(built tcp://farm)"
	same told 'null true, connection:pi true, tcp://farm false' "$(jq -r '[.platforms[] | "\(.builder) \(.native)"] | join(", ")' <<<"$output")"
	: >"$LOG"
	expect_raw 0 "$ANYARCH" build --engine podman --no-verify --platform arm/v7 --builder arm32v7=ssh://pi/run/podman.sock
	same 'podman is told in its own way' 'podman arm/v7' "$(built ssh://pi/run/podman.sock)"
	build 0 --dry-run --builder arm32v7=context:pi
	[[ $output == *'docker --context=pi build --platform linux/arm/v7'* && $output == *'DOCKER_HOST=tcp://farm docker build --platform linux/arm64'* ]]
}

@test "one that cannot be reached is named before anything is built, or this machine builds" {
	DEAD=pi build 1 --builder arm32v7=ssh://me@pi
	[[ $stderr == *'builder ssh://me@pi: '*'cannot connect to ssh://me@pi'*'--builder-fallback'* ]]
	same 'nothing is built' '' "$(built '.*')"
	DEAD=farm build 1 --builder arm64v8=builder:farm
	[[ $stderr == *'builder builder:farm: docker buildx inspect failed with status 1: cannot connect to farm'* ]]
	DEAD=pi build 0 --builder arm32v7=ssh://me@pi --builder-fallback
	[[ $stderr == *'cannot connect to ssh://me@pi; its platforms are built here'* ]]
	same here $'docker amd64\ndocker arm/v7\ndocker arm64' "$(built here | sort)"
	: >"$LOG"
	DEAD=pi build 0 --builder arm32v7=ssh://me@pi,arm64v8=ssh://me@pi --builder-fallback
	same 'for two platforms it is asked once' 1 "$(grep -c 'me@pi version' "$LOG")"
	same here $'docker amd64\ndocker arm/v7\ndocker arm64' "$(built here | sort)"
	HOST_farm='Platforms: linux/amd64, linux/386' build 3 --builder arm64v8=builder:farm
	[[ $stderr == *'builder:farm does not build linux/arm64: it has linux/amd64 linux/386'* ]]
}

@test "one that dies in the middle fails its platforms only, one that lies is found out, and no name is pushed" {
	DIES=pi build 3 --push --builder arm32v7=ssh://me@pi
	[[ $output =~ 'linux/arm/v7 me/it:arm32v7-latest failed' && $output =~ 'linux/arm64  me/it:arm64v8-latest built' ]]
	same 'pushes' 0 "$(grep -c '^skopeo .* copy' "$LOG")"
	SAVED=amd64 build 3 --push --platform arm/v7 --builder arm32v7=ssh://me@pi
	[[ $stderr == *'wrong platform: programs are for linux/amd64'* ]]
	same 'pushes' 0 "$(grep -c '^skopeo .* copy' "$LOG")"
}

@test "jobs are counted for each engine: two engines work side by side with one job" {
	cat >"$BATS_TEST_TMPDIR/docker" <<-'CLIENT'
		#!/bin/sh
		case $1 in
		build)
			echo x >>"$LOG.building"
			n=0
			while [ "$(wc -l <"$LOG.building")" -lt 2 ] && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.05; done
			[ $n -lt 100 ] || exit 1
			;;
		esac
		exec "$IMAGES/docker" "$@"
	CLIENT
	chmod +x "$BATS_TEST_TMPDIR/docker"
	PATH=$BATS_TEST_TMPDIR:$PATH build 0 --platform amd64,arm/v7 --builder arm32v7=ssh://me@pi
}

@test "addresses that are none, and options in disguise, are refused before any client runs" {
	local where why

	while read -r where why; do
		where=${where//_/ }
		expect_raw 2 "$ANYARCH" build --engine docker --builder "$where"
		[[ $stderr == *"$why"* ]] || { echo "$where: $stderr"; return 1; }
		printf '%s\n' 'REPO=me' 'IMAGE_NAME=it' 'TARGET_ARCHES="amd64 arm32v7"' "BUILDERS='$where'" >build.config
		expect_raw 3 "$ANYARCH" build --engine docker
		[[ $stderr == *'build.config: line 4: BUILDERS: '*"$why"* ]] || { echo "$where: $stderr"; return 1; }
	done <<-'TABLE'
		arm32v7 expected PLATFORM=WHERE
		arm32v7= expected ssh://USER@HOST
		arm32v7=pi 'pi' is not a builder
		arm32v7=http://pi 'http://pi' is not a builder
		arm32v7=ssh:// expected 1 to 255 characters
		arm32v7=ssh://-oProxyCommand=x a name cannot begin with '-'
		arm32v7=ssh://me@-oProxyCommand=x a name cannot begin with '-'
		arm32v7=ssh://pi;reboot cannot have ';' in it
		arm32v7=ssh://$(reboot) cannot have '$' in it
		arm32v7=context:a/b cannot have '/' in it
		arm32v7=builder:--help a name cannot begin with '-'
		arm32v9=ssh://pi arm32v9
		arm32v7=ssh://pi,arm/v7=ssh://other arm/v7 has two builders
		arm32v7=ssh://pi_-x expected PLATFORM=WHERE
	TABLE
	printf '%s\n' 'REPO=me' 'IMAGE_NAME=it' 'TARGET_ARCHES="amd64 arm32v7"' >build.config
	build 2 --builder s390x=ssh://pi
	[[ $stderr == *'linux/s390x has a builder and is not in TARGET_ARCHES'* ]]
	echo 'BUILDERS=s390x=ssh://pi' >>build.config
	build 3
	[[ $stderr == *'linux/s390x has a builder and is not in TARGET_ARCHES'* ]]
	same 'clients that ran' '' "$(<"$LOG")"
}
