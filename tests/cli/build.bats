#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what build does with an engine that fails, dies, hangs or lies: tried with a program that plays one.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		for name, shell, label, variant in (("arm32v7", E.arm(), "arm", "v7"), ("arm64v8", E.arm64(), "arm64", "v8"),
		                                    ("liar", E.arm(), "arm64", "v8"), ("native", E.amd64(), "amd64", None)):
		    layer = T.tar(I.system(shell))
		    I.write(f"./{name}.tar", I.archive(I.docker([([layer], I.config_of([layer], label, variant), ["x:1"])])))
	PYTHON
	# docker COMMAND...: writes down how it was called. "save" gives what SAVED_ARCH says, else the image of that name.
	cat >docker <<-'ENGINE'
		#!/bin/sh
		printf '%s\n' "$*" >>"$LOG"
		case $1:$FAILS in
		version:version | build:build) echo 'the engine says why' >&2; exit 7 ;;
		build:killed) kill -KILL $$ ;;
		build:hangs) trap 'echo ended >>"$LOG"; exit 1' TERM; sleep 20 & wait ;;
		build:arm) case $* in *linux/arm/v7*) exit 1 ;; esac ;;
		save:garbage) echo garbage >"$3" ;;
		save:nothing) ;;
		save:*)
			arch=${4##*:} arch=${arch%%-*}
			cp "$IMAGES/${SAVED:-$arch}.tar" "$3"
			;;
		run:smoke) exit 1 ;;
		esac
	ENGINE
	chmod +x docker
	cp docker skopeo
}

setup() {
	need_commands python3 jq
	mkdir "$BATS_TEST_TMPDIR/work" "$BATS_TEST_TMPDIR/tmp"
	cd "$BATS_TEST_TMPDIR/work" || return
	export TMPDIR=$BATS_TEST_TMPDIR/tmp LOG=$BATS_TEST_TMPDIR/log IMAGES=$BATS_FILE_TMPDIR FAILS='' SAVED=''
	: >"$LOG"
	printf '%s\n' 'REPO=me' 'IMAGE_NAME=it' 'TARGET_ARCHES="arm32v7 arm64v8"' "DOCKER_CLI_PATH=$BATS_FILE_TMPDIR" >build.config
	# shellcheck disable=SC2016 # a template
	printf '%s\n' 'FROM __BASEIMAGE_ARCH__/base' >Dockerfile.cross
	PATH=$BATS_FILE_TMPDIR:$PATH
}

teardown() {
	same 'temporary files' '' "$(ls -A "$TMPDIR")"
}

build() {
	expect_raw "$1" "$ANYARCH" build --engine docker --no-verify "${@:2}"
}

# called PATTERN: how often the engine was.
called() {
	grep -c "$1" "$LOG" || true
}

@test "what is built is saved, looked into, and becomes one image under all its names" {
	echo 'ALIASES="a b"' >>build.config
	echo 'SMOKE="it'"'"'s fine"' >>build.config
	build 0 -o all.tar --push --engine-option=--build-arg=A=B
	same commands 1,2,2,2,5 "$(called '^version'),$(called '^build --build-arg=A=B --platform'),$(called '^save'),$(
		called "^run --rm --entrypoint /bin/sh me/it:arm.*-latest -c it's fine$"),$(called '^copy')"
	same 'last pushed' $'docker://me/it:latest\ndocker://me/it:a\ndocker://me/it:b' "$(tail -n 3 "$LOG" | sed 's/.* //')"
	[[ $(tail -n 4 "$LOG" | head -n 1) == 'copy docker-archive:'*' docker://me/it:arm64v8-latest' ]]
	[[ $stderr == *"-c 'it'\\''s fine'"* ]]
	same names 'me/it:a me/it:b me/it:latest' "$(tar -xOf all.tar index.json | jq -r '[.manifests[].annotations["io.containerd.image.name"]] | sort | join(" ")')"
	same digest "$(tar -xOf all.tar index.json | jq -r '.manifests[0].digest')" "$(tail -n 1 <<<"$output")"
	expect 0 "$ANYARCH" inspect --expect linux/arm/v7 all.tar
}

@test "an engine that does not answer, fails, is killed, saves nothing or nonsense" {
	FAILS=version build 1
	[[ $stderr == *'docker version failed with status 7'* ]]
	same builds 0 "$(called '^build')"
	FAILS=build build 3
	[[ $stderr == *'the engine says why'* && $stderr == *'2 of 2 platforms failed'* ]]
	FAILS=killed build 3
	[[ $stderr == *'was ended by signal 9'* ]]
	FAILS=nothing build 3
	[[ $stderr == *'No such file'* ]]
	FAILS=garbage build 3 -o all.tar
	[[ $output == *'wrong platform'* && ! -e all.tar ]]
}

@test "one platform that fails, one that is something else: the other is built, and nothing has the name for all" {
	FAILS=arm build 3 --push -o all.tar
	[[ $output == *'linux/arm/v7 me/it:arm32v7-latest failed'* && $output == *'linux/arm64  me/it:arm64v8-latest built'* ]]
	[[ ! -e all.tar && $(called '^copy') -eq 0 ]]
	for SAVED in native liar; do
		build 3 -o all.tar
		[[ $output == *'wrong platform'* && $stderr == *'and should be for linux/arm64'* && ! -e all.tar ]]
	done
	FAILS=smoke SAVED='' build 0
	echo 'SMOKE=true' >>build.config
	FAILS=smoke SAVED='' build 3
	[[ $output == *'does not run'* ]]
}

@test "a signal in the middle: the engine is told, nothing more is begun, nothing is left" {
	local pid code=0

	FAILS=hangs "$ANYARCH" build --engine docker --no-verify -o all.tar --push >/dev/null 2>told 3>&- &
	pid=$!
	eventually 5 grep -q '^build' "$LOG"
	kill "$pid"
	wait "$pid" || code=$?
	same status 143 "$code"
	grep -q 'ended by signal 15' told
	eventually 5 grep -q '^ended' "$LOG"
	same builds 1,0 "$(called '^build'),$(called '^copy')"
	[[ ! -e all.tar ]]
}

@test "what is missing is told before anything is built" {
	printf '%s\n' 'IMAGE_NAME=it' 'TARGET_ARCHES=arm32v7' "DOCKER_CLI_PATH=$BATS_FILE_TMPDIR" >build.config
	build 3 --push
	[[ $stderr == *REPO* ]]
	printf '%s\n' 'REPO=me' 'TARGET_ARCHES=arm32v7' >build.config
	build 3
	[[ $stderr == *IMAGE_NAME* ]]
	printf '%s\n' 'REPO=me' 'IMAGE_NAME=it' 'TARGET_ARCHES=arm32v7' "IMAGE_VERSION=$(printf 'x%.0s' {1..121})" \
		"DOCKER_CLI_PATH=$BATS_FILE_TMPDIR" >build.config
	build 3
	[[ $stderr == *'more than 128 characters'* ]]
	sed -i 's/^IMAGE_VERSION.*//' build.config
	mkdir empty
	cp "$BATS_FILE_TMPDIR/docker" empty/docker
	PATH=$PWD/empty:/nowhere expect_raw 3 "$ANYARCH" build --engine docker --no-verify --push
	[[ $stderr == *skopeo* && $stderr == *'install it'* ]]
	build 2 --engine rocket
	build 2 --engine-option=x
	build 2 one two
	rm build.config
	build 3
	hints 'anyarch init'
	same builds 0 "$(called '^build')"
}
