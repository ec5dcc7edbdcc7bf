#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what build does with an engine that fails, dies, hangs or lies: tried with a program that plays one.
# shellcheck disable=SC2154,SC2034 # the library sets output, stderr and status, and exports SAVED

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
		for name, shell, label, variant in (("arm32v7", E.arm(), "arm", "v7"), ("arm32v6", E.arm(6), "arm", "v6"),
		                                    ("bare", E.arm(6), "arm", None), ("newer", E.arm(6), "arm", "v7"), ("arm64v8", E.arm64(), "arm64", "v8"),
		                                    ("liar", E.arm(), "arm64", "v8"), ("native", E.amd64(), "amd64", None), ("s390x", E.elf(22, 64, big=True), "s390x", None)):
		    layer = T.tar(I.system(shell))
		    I.write(f"./{name}.tar", I.archive(I.docker([([layer], I.config_of([layer], label, variant), ["x:1"])])))
		layer = T.tar(I.system(E.arm()))
		oci = I.Oci()
		built = oci.platform([layer], "arm", "v7")
		statement = oci.image([], "unknown", None, platform={"os": "unknown", "architecture": "unknown"}, annotations={
		    "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": built["digest"]})
		files = oci.finish(oci.index([built, statement], **I.named("x:1")))
		files.update(I.docker([([layer], I.config_of([layer], "arm", "v7"), ["x:1"])], style="new"))
		I.write("./attested.tar", I.archive(files))
		other = T.tar(I.system(E.arm(6)))
		I.write("./two.tar", I.archive(I.docker([([one], I.config_of([one], "arm", "v7"), [f"x:{n}"]) for n, one in enumerate((layer, other))])))
	PYTHON
	# docker COMMAND...: writes down how it was called. "save" gives what SAVED_ARCH says, else the image of that name.
	cat >docker <<-'ENGINE'
		#!/bin/sh
		printf '%s\n' "$*" >>"$LOG"
		[ "deaf-$1" != "$FAILS" ] || { trap '' TERM INT; sleep 5; }
		case $1:$FAILS in
		version:version | build:build | pull:pull | push:push) printf '%s\n' 'WARNING: x' 'time=y level=warning msg=z' 'the engine says why' >&2; exit 7 ;;
		buildx:*) [ "$2" != inspect ] || echo "$BUILDER" ;;
		image:set) # a base that has a set no more, and did when it had another ID
			case $5 in *-last-*) echo sha256:old ;; anyarch-tools:*) exit 1 ;; *) echo sha256:0123456789abcdef0 ;; esac
			;;
		image:*) [ -z "$LOCAL" ] || echo "$LOCAL" ;;
		build:meets) # two at once: each waits for the other
			n=0
			while [ "$(grep -c ^build "$LOG")" -lt 2 ] && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.05; done
			printf 'one %s\ntwo\n' "$3" >&2
			printf unfinished
			;;
		manifest:*)
			[ "$DOCKER_CLI_EXPERIMENTAL" = enabled ] && cat "$DOCKER_CONFIG/config.json" >>"$LOG"
			[ ! -e "$DOCKER_CONFIG/manifests" ] || exit 9
			case $2:$FAILS in
			push:digests) date +%N | sha256sum | sed 's/^/sha256:/' ;;
			push:*) echo "sha256:$(printf 'a%.0s' 0 1 2 3 4 5 6 7 8 9 a b c d e f 0 1 2 3 4 5 6 7 8 9 a b c d e f 0 1 2 3 4 5 6 7 8 9 a b c d e f 0 1 2 3 4 5 6 7 8 9 a b c d e f)" ;;
			esac
			;;
		build:killed) kill -KILL $$ ;;
		build:lists) find . -name 'qemu-*' | sed 's/^/there: /' >>"$LOG" ;;
		build:hangs) trap 'echo ended >>"$LOG"; exit 1' TERM; sleep 20 & wait ;;
		build:arm) case $* in *linux/arm/v7*) exit 1 ;; esac ;;
		save:locked) cp "$IMAGES/arm32v7.tar" "$3" && { flock "$3" sleep 3 >&- 2>&- & sleep 0.3; } ;;
		save:fifo) mkfifo "$3" ;;
		save:garbage) echo garbage >"$3" ;;
		save:nothing) ;;
		save:*)
			arch=${4##*:} arch=${arch%%-*}
			cp "$IMAGES/${SAVED:-$arch}.tar" "$3" 2>/dev/null # whoever asked may be gone, with the directory
			;;
		run:smoke | run:deaf-rm) exit 1 ;;
		esac
	ENGINE
	chmod +x docker
	cp docker skopeo
}

setup() {
	played_open 'TARGET_ARCHES="arm32v7 arm64v8"' "DOCKER_CLI_PATH=$BATS_FILE_TMPDIR"
	export FAILS='' LOCAL=''
}

teardown() {
	played_close
}

# called PATTERN: how often the engine was.
called() {
	grep -c "$1" "$LOG" || true
}

has_called() {
	[[ $(called "$1") -eq $2 ]]
}

@test "what is built is saved, looked into, and becomes one image under all its names" {
	echo 'ALIASES="a b"' >>build.config
	echo 'SMOKE="it'"'"'s fine"' >>build.config
	build 0 -o all.tar --push --engine-option=--build-arg=A=B
	same commands 1,2,2,2,5 "$(called '^version'),$(called '^build --build-arg=A=B --platform'),$(called '^save'),$(
		called "^run --rm --name anyarch-build-[^ ]* --entrypoint /bin/sh me/it:arm.*-latest -c it's fine$"),$(called '^copy')"
	same 'last pushed' $'docker://me/it:latest\ndocker://me/it:a\ndocker://me/it:b' "$(tail -n 3 "$LOG" | sed 's/.* //')"
	[[ $(tail -n 4 "$LOG" | head -n 1) == 'copy docker-archive:'*' docker://me/it:arm64v8-latest' ]]
	[[ $stderr == *"-c 'it'\\''s fine'"* ]]
	same names 'docker.io/me/it:a docker.io/me/it:b docker.io/me/it:latest' "$(tar -xOf all.tar index.json | jq -r '[.manifests[].annotations["io.containerd.image.name"]] | sort | join(" ")')"
	same digest "$(tar -xOf all.tar index.json | jq -r '.manifests[0].digest')" "$(tail -n 1 <<<"$output")"
	expect 0 "$ANYARCH" inspect --expect linux/arm/v7 all.tar
}

@test "an engine that does not answer, fails, is killed, saves nothing or nonsense" {
	FAILS=version build 1
	[[ $stderr == *'docker version failed with status 7: the engine says why'* ]]
	same builds 0 "$(called '^build')"
	FAILS=build build 3
	[[ $stderr == *'the engine says why'* && $stderr == *'2 of 2 platforms failed'* ]]
	FAILS=killed build 3
	[[ $stderr == *'was ended by signal 9'* ]]
	FAILS=nothing build 3
	[[ $stderr == *'No such file'* ]]
	FAILS=garbage build 3 -o all.tar
	[[ $output == *failed* && $stderr == *'linux/arm/v7: the saved image: '* && ! -e all.tar ]]
	rm -f all.tar
	FAILS=fifo build 3
	[[ $stderr == *'the saved image: '* ]]
}

@test "one platform that fails, one that is something else: the other is built, and nothing has the name for all" {
	FAILS=arm build 3 --push -o all.tar
	[[ $output == *'linux/arm/v7 me/it:arm32v7-latest failed'* && $output == *'linux/arm64  me/it:arm64v8-latest built'* ]]
	[[ ! -e all.tar && $(called '^copy') -eq 0 ]]
	for SAVED in native liar; do
		build 3 -o all.tar
		[[ $output == *'wrong platform'* && $stderr == *', expected linux/arm64'* && ! -e all.tar ]]
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
	eventually 30 grep -q '^build' "$LOG"
	kill "$pid"
	wait "$pid" || code=$?
	same status 143 "$code"
	grep -q 'ended by signal 15' told
	eventually 30 grep -q '^ended' "$LOG"
	same builds 1,0 "$(called '^build'),$(called '^copy')"
	[[ ! -e all.tar ]]
}

# hanging: a build that waits for its engine, in the background; sets pid.
hanging() {
	: >"$LOG"
	FAILS=hangs "$ANYARCH" build --engine docker --no-verify >/dev/null 2>&1 3>&- &
	pid=$!
	eventually 30 grep -q '^build' "$LOG"
}

@test "killed: the next build removes its temporary directory, and no other one" {
	local pid alive

	hanging
	alive=$pid
	mkdir "$TMPDIR/anyarch-build-backup"
	touch "$TMPDIR/anyarch-build-backup/mine"
	ls -A "$TMPDIR" >before
	hanging
	[[ $(find "$TMPDIR" -mindepth 1 -maxdepth 1 | wc -l) -eq 3 ]]
	kill -KILL "$pid"
	wait "$pid" || true
	build 0
	same 'temporary directories' "$(<before)" "$(ls -A "$TMPDIR")"
	[[ -e $TMPDIR/anyarch-build-backup/mine ]]
	rm -r "$TMPDIR/anyarch-build-backup"
	kill "$alive"
	wait "$alive" || true
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
	build 2 --engine rocket
	build 2 --engine podmna
	hints 'did you mean --engine=podman?'
	build 2 --engine-option=x
	build 2 --jobs 0
	build 2 -j two
	build 2 one two
	rm build.config
	build 3
	hints 'anyarch init'
	same builds 0 "$(called '^build')"
}

@test "base images are there before anything is built; what is only here for another platform is got anew" {
	cat >Dockerfile.cross <<-'DOCKERFILE'
		ARG V=1
		FROM --platform=$BUILDPLATFORM tools AS build
		FROM __BASEIMAGE_ARCH__/y:$V
		COPY --from=build a b
	DOCKERFILE
	expect 0 "$ANYARCH" build --dry-run --engine podman --platform arm32v7
	same pulls $'linux/amd64 tools\nlinux/arm/v7 arm32v7/y:1' \
		"$(sed -n 's/^podman pull --quiet --platform //p' <<<"$output" | sed "s|^linux/$(dpkg --print-architecture) |linux/amd64 |")"
	expect 0 "$ANYARCH" build --dry-run --engine podman --platform arm32v7 --engine-option=--build-arg=V=9
	[[ $output == *' arm32v7/y:9'* ]]
	echo 'SMOKE=true' >>build.config
	expect 0 "$ANYARCH" build --dry-run --engine podman --platform arm32v7
	[[ $output == *$'\npodman run --rm --name '*' --platform linux/arm/v7 --entrypoint /bin/sh '*' -c true'* ]]
	sed -i '$d' build.config
	echo 'FROM __BASEIMAGE_ARCH__/base' >Dockerfile.cross
	FAILS=pull build 3 --push
	same builds 1,0 "$(called '^pull'),$(called '^build')"
	[[ $stderr == *'the engine says why'*'cannot get the base image arm32v7/base for linux/arm/v7'* ]]
	hints 'skopeo inspect --raw docker://arm32v7/base'
	FAILS=pull LOCAL=linux/amd64/ build 3
	hints 'only the linux/amd64/ variant is available locally'
	: >"$LOG"
	LOCAL=linux/arm/v7 build 0
	same pulls 'pull --quiet --platform linux/arm64 arm64v8/base' "$(grep ^pull "$LOG")"
}

@test "an image for an older variant is taken where there is nothing better, and is called what it is" {
	: >"$LOG"
	LOCAL=linux/arm/v6 FAILS=pull SAVED=arm32v6 build 0 --platform arm32v7 -o all.tar
	same asked 1 "$(called '^pull')"
	same 'what the index says' '["arm","v6"]' "$(tar -xOf all.tar "blobs/sha256/$(tail -n 1 <<<"$output" | cut -d : -f 2)" |
		jq -c '[.manifests[0].platform | .architecture, .variant]')"
	expect 0 "$ANYARCH" inspect --expect linux/arm/v6 all.tar
	sed -i 's/^TARGET_ARCHES.*/TARGET_ARCHES="arm32v6 arm32v7"/' build.config
	# A label without a variant, as old base images have it, says nothing about that; containerd would take it for v7.
	SAVED=bare build 0 --platform arm32v6 -o all.tar
	same 'what the index says' '["arm","v6"]' "$(tar -xOf all.tar "blobs/sha256/$(tail -n 1 <<<"$output" | cut -d : -f 2)" |
		jq -c '[.manifests[0].platform | .architecture, .variant]')"
	SAVED=newer build 3 --platform arm32v6
	[[ $stderr == *'label says arm/v7, expected linux/arm/v6'* ]]
	SAVED=arm32v6 build 3 --push
	[[ $stderr == *'for linux/arm/v6 and linux/arm/v7 are labeled with the same platform'* && $(called '^copy') -eq 0 ]]
}

@test "a directory whose name looks like an address or an option is a directory" {
	mkdir -p github.com/me -- -x
	cp build.config Dockerfile.cross github.com/me
	cp build.config Dockerfile.cross ./-x
	build 0 --platform arm32v7 github.com/me
	build 0 --platform arm32v7 -- -x
	same contexts $'./github.com/me\n./-x' "$(sed -n 's/^build.* //p' "$LOG")"
}

# ended COMMAND...: the milliseconds between a signal and the end of the command, which is told in one line.
ended() { # SIGNAL READY COMMAND...
	local signal=$1 ready=$2 pid code=0 begin
	shift 2

	: >"$LOG"
	env --default-signal=INT "$@" >/dev/null 2>told 3>&- & # a shell lets those in the background ignore it
	pid=$!
	eventually 30 eval "$ready"
	begin=$EPOCHREALTIME
	kill "-$signal" "$pid"
	wait "$pid" || code=$?
	took=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
	same status "$((128 + $(kill -l "$signal")))" "$code"
	same lines 1 "$(grep -c 'ended by signal' told)"
}

# bats test_tags=slow
@test "wherever it is, a command ends within a second of a signal, and leaves nothing" {
	local one signal command=("$ANYARCH" build --engine docker --no-verify) late

	echo 'SMOKE=true' >>build.config
	for one in version info image pull build save run rm; do
		for signal in TERM INT; do
			[[ $one != info ]] || continue # it is asked for a base image of several platforms only
			FAILS=deaf-$one ended "$signal" "grep -q '^$one' '$LOG'" "${command[@]}" --platform arm32v7
			((took < 1000)) || late+="$one $signal: $took ms; "
			same "temporary files of $one" '' "$(ls -A "$TMPDIR")"
		done
	done
	printf 'FROM __BASEIMAGE_ARCH__/a\nRUN %s\n' "$(printf '<<a%.0s ' {1..4000})" >Dockerfile.cross
	FAILS=deaf-build ended TERM "grep -q '^build' '$LOG'" "${command[@]}" -j 2
	((took < 1000)) || late+="in parallel: $took ms; "
	same late '' "$late"
}

@test "native compilers: a base without any is used as it is, everything else fails with its reason" {
	need_commands qemu-arm-static flock
	SAVED=arm32v7 build 0 --platform arm32v7 --accelerate
	[[ $stderr == *'linux/arm/v7: arm32v7/base is used as it is: '* ]]
	same 'the copy goes' 1 "$(called '^rmi anyarch-native:')"
	FAILS=set SAVED=arm32v7 build 0 --platform arm32v7 --accelerate
	same 'a set' 1 "$(called '^build .* --tag anyarch-tools:armhf-0123456789abcdef ')"
	same 'in the place of the old one' $'tag anyarch-tools:armhf-0123456789abcdef anyarch-tools:armhf-last\nrmi sha256:old' \
		"$(grep -e '-last-' -e old "$LOG" | sed '/^image/d; s/-last-[0-9a-f]*$/-last/')"
	sed -i 's/arm64v8/s390x/' build.config
	SAVED=s390x build 0 --platform s390x --accelerate
	[[ $stderr == *'linux/s390x: s390x/base is used as it is: '*'this machine has no cross tools for s390x-linux-gnu'* ]]
	: >"$LOG"
	FAILS=locked build 3 --platform arm32v7 --accelerate
	[[ $stderr == *'linux/arm/v7: '*'.base-0: '*'changing it'* && $stderr != *'used as it is'* ]]
	same 'nothing is built' 0 "$(called '^build')"
}

@test "who reads what is told may go away" {
	"$ANYARCH" build --engine docker --no-verify --platform arm32v7 2>&1 | head -n 1
	eventually 30 has_called '^save' 1
	eventually 30 rmdir "$TMPDIR" # which is to be empty
	mkdir "$TMPDIR"
}

@test "the engine's own reason is told" {
	FAILS=version build 1
	[[ $stderr == *'docker version failed with status 7: the engine says why'* ]]
	mkdir bin
	ln -s "$BATS_FILE_TMPDIR/docker" bin/docker
	FAILS=version expect_raw 1 env PATH="$PWD/bin" "$ANYARCH" build --no-verify
	[[ $stderr == *'version failed with status 7: the engine says why'* ]]
	rm bin/docker
	sed -i '/^DOCKER_CLI/d' build.config
	expect_raw 3 env PATH="$PWD/bin" "$ANYARCH" build --no-verify
	[[ $stderr == *'no container engine found (looked for docker, podman, buildah)'* ]]
}

@test "attestations, which BuildKit adds to what it builds, are passed over; two images are not one" {
	SAVED=attested build 0 --platform arm32v7 -o all.tar --push
	same 'images of the index' 1 "$(tar -xOf all.tar "blobs/sha256/$(tail -n 1 <<<"$output" | cut -d : -f 2)" | jq '.manifests | length')"
	SAVED=two build 3 --platform arm32v7
	[[ $stderr == *'the saved image: expected one image, found 2'* ]]
}

@test "the registry is asked before anything is built; one on this machine may speak plain HTTP, as for Docker" {
	local one

	cat >skopeo <<-'SKOPEO'
		#!/bin/sh
		printf '%s\n' "skopeo $*" >>"$LOG"
		case $1 in inspect) echo "level=fatal msg=\"$ANSWER\"" >&2; exit 1 ;; esac
	SKOPEO
	chmod +x skopeo
	for one in 'pinging container registry a: dial tcp 127.0.0.1:1: connect: connection refused' 'lookup a: no such host' \
		'http: server gave HTTP response to HTTPS client'; do
		: >"$LOG"
		ANSWER=$one PATH=$PWD:$PATH build 1 --push
		[[ $stderr == *"the registry of me/it:latest does not answer: "*"$one"* ]]
		hints --insecure
		same 'nothing is built' 0 "$(called '^build\|^pull')"
	done
	# Some have no repository before the first push, or do not say so to everybody.
	for one in 'manifest unknown' 'name unknown' 'requested access to the resource is denied'; do
		ANSWER=$one PATH=$PWD:$PATH build 0 --push
	done
	for one in 127.0.0.1:5000/me=yes 127.8.9.1/me=yes localhost:5000=yes localhost/me=yes '[::1]:5000/me'=no localhostess:1/me=no \
		127.example.org/me=no 10.0.0.1:5000/me=no me=no; do
		sed -i "s|^REPO=.*|REPO=${one%=*}|" build.config
		expect_one_of '0 3' "$ANYARCH" build --dry-run --push --engine podman
		same "$one" "${one#*=}" "$(grep -q '^skopeo copy.*--dest-tls-verify=false' "$OUT" && echo yes || echo no)"
	done
}

# bats test_tags=amd64
@test "an emulator that a Dockerfile copies and the project has not is there while it is built" {
	need_commands qemu-arm-static
	echo '__CROSS_COPY qemu-__QEMU_ARCH__-static /usr/bin/' >>Dockerfile.cross
	echo '__CROSS_ADD ["sub/__EMULATOR__", "/opt"]' >>Dockerfile.cross
	FAILS=lists build 0
	same 'directories afterwards' '' "$(find . -name sub)"
	mkdir sub
	cp /bin/true sub/qemu-aarch64-static
	FAILS=lists build 0
	same 'there meanwhile' "./qemu-aarch64-static ./qemu-arm-static ./sub/qemu-aarch64-static ./sub/qemu-arm-static" \
		"$(sed -n 's/^there: //p' "$LOG" | sort -u | paste -sd ' ')"
	same 'there afterwards' ./sub/qemu-aarch64-static "$(find . -name 'qemu-*')"
	cmp /bin/true sub/qemu-aarch64-static
	[[ $stderr == *'linux/arm/v7: copying /'*'/qemu-arm-static into the project as qemu-arm-static until the build ends'* ]]
	FAILS=build build 3
	same 'after a failure' ./sub/qemu-aarch64-static "$(find . -name 'qemu-*')"
	FAILS=deaf-build ended TERM "grep -q '^build' '$LOG'" "$ANYARCH" build --engine docker --no-verify
	same 'after a signal' ./sub/qemu-aarch64-static "$(find . -name 'qemu-*')"
	sed -i 's/^TARGET_ARCHES.*/TARGET_ARCHES="arm64 s390x"/; s/__BASE.*ARCH__/x/' build.config
	echo 'FROM --platform=__PLATFORM__ x' >Dockerfile.cross
	# shellcheck disable=SC2016 # Docker's variable
	echo 'COPY --from=y qemu-arm-static $x qemu-__QEMU_ARCH__-static.txt /' >>Dockerfile.cross
	build 0 --dry-run
	[[ $stderr != *copying* ]]
}

@test "names, files and places that nobody can use are refused before anything is built" {
	local one

	for one in IMAGE_NAME=a..b IMAGE_NAME=a/ REPO=a/ REPO=http://x REPO=x:y:z PLATFORM_TAG=__PLATFORM__ PLATFORM_TAG=__CROSS_a \
		DOCKER_CLI_PATH=./docker; do
		cp build.config as-it-was
		grep -v "^${one%%=*}=" as-it-was >build.config || true
		echo "$one" >>build.config
		build 3
		[[ $stderr == *'build.config'* ]] || { echo "$one: $stderr" && false; }
		mv as-it-was build.config
	done
	mkfifo fifo
	for one in fifo - "$PWD" nowhere/all.tar; do
		expect_one_of '1 2 3' "$ANYARCH" build -q --engine docker --no-verify -o "$one"
	done
	mkdir "$TMPDIR/a:b"
	TMPDIR=$TMPDIR/a:b build 2
	rmdir "$TMPDIR/a:b"
	same builds 0 "$(called '^build')"
	FAILS=version build 1 --json
	same JSON '[] false' "$(jq -c '"\([.platforms[].digest // empty]) \(.pushed)"' -r <<<"$output")"
	build 0 -o a:b.tar --push
	same 'last pushed' 'docker://me/it:latest' "$(tail -n 1 "$LOG" | sed 's/.* //')"
	[[ $(tail -n 1 "$LOG") != *a:b* && -f a:b.tar ]]
}

# bats test_tags=slow
@test "without memory at any allocation: told, and nothing is left" {
	local n shim=$BATS_TEST_TMPDIR/failing-malloc.so

	need_commands gcc
	gcc -O1 -shared -fPIC -o "$shim" "$ANYARCH_SRC/tests/lib/failing-malloc.c"
	# The plain one: a sanitizer has an allocator of its own, and is not to be preloaded before.
	for ((n = 1; n < 400; n += 7)); do
		expect_one_of '0 1 3 4' env LD_PRELOAD="$shim" FAIL_ALONE=1 FAIL_AT="$n" "$ANYARCH_PLAIN" build -q --engine docker --no-verify -j 2
		same "left by $n" '' "$(ls -A "$TMPDIR")"
	done
}

@test "platforms are built at once, each line says of which; a shared base image forbids it" {
	FAILS=meets build 0 --jobs 4
	same lines $'linux/arm/v7 | one linux/arm/v7\nlinux/arm/v7 | two\nlinux/arm/v7 | unfinished' \
		"$(sed -n 's/^\(linux\/arm\/v7 \) *|/\1|/p' <<<"$stderr")"
	[[ $output == *'linux/arm/v7 me/it:arm32v7-latest built'*'linux/arm64  me/it:arm64v8-latest built'* ]]
	FAILS=arm build 3 --jobs 2
	[[ $output == *'linux/arm/v7 me/it:arm32v7-latest failed'* && $output == *'linux/arm64  me/it:arm64v8-latest built'* ]]
	echo 'FROM --platform=__PLATFORM__ base' >Dockerfile.cross
	: >"$LOG"
	build 0 --jobs 2
	[[ $stderr == *'building one platform at a time: base is a base image for several'* && $stderr != *' | one'* ]]
	same 'pulls before each build' 4 "$(called '^pull')"
}

@test "a signal while platforms are built at once ends all of them" {
	local pid code=0

	FAILS=hangs "$ANYARCH" build --engine docker --no-verify -j 2 >/dev/null 2>told 3>&- &
	pid=$!
	eventually 30 has_called '^build' 2
	kill "$pid"
	wait "$pid" || code=$?
	same status 143 "$code"
	eventually 30 has_called '^ended' 2
}

@test "tags of any scheme; none that two platforms or the name for all would have" {
	echo 'PLATFORM_TAG=__IMAGE_VERSION__-__ARCH____VARIANT__' >>build.config
	echo 'TAG_PREFIX=rpi-' >>build.config
	SAVED='arm32v7' build 0 --platform arm32v7
	[[ $output == *' me/it:rpi-latest-armv7 '* ]]
	sed -i 's/^PLATFORM_TAG.*/PLATFORM_TAG=one/' build.config
	build 3
	[[ $stderr == *'me/it:rpi-one would be the name of linux/arm/v7 and of linux/arm64'* ]]
	sed -i '/^TAG_PREFIX/d; s/^PLATFORM_TAG.*/PLATFORM_TAG=__IMAGE_VERSION__/' build.config
	build 3
	[[ $stderr == *'me/it:latest is a name for all platforms'* ]]
	sed -i '/^PLATFORM_TAG/d' build.config
	echo 'ALIASES="a arm64v8-latest"' >>build.config
	build 3
	[[ $stderr == *'me/it:arm64v8-latest is a name for all platforms'* ]]
	sed -i "s/^ALIASES.*/ALIASES=\"$(printf 'a%d ' {1..64})\"/" build.config
	build 3
	[[ $stderr == *'build.config: ALIASES: more than 64 names'* ]]
	sed -i 's/^ALIASES.*/ALIASES="a latest a"/' build.config
	build 0 --dry-run --push
	same 'names once' $'docker://me/it:arm32v7-latest\ndocker://me/it:arm64v8-latest\ndocker://me/it:latest\ndocker://me/it:a' \
		"$(sed -n 's/^skopeo copy.* //p' <<<"$output")"
	# Who uses one of the others would lose it.
	build 0 --push --platform arm64
	same 'its own name alone' 'docker://me/it:arm64v8-latest' "$(sed -n 's/^copy.* //p' "$LOG")"
	[[ $stderr == *'only these platforms are pushed: me/it:latest is for all of TARGET_ARCHES'* && $output != *sha256* ]]
	echo 'PLATFORM_TAG=x' >>build.config
	sed -i 's/^PLATFORM_TAG.*/PLATFORM_TAG=__IMAGE_VERSOIN__-__ARHC__/' build.config
	build 3
	[[ $stderr == *'unknown placeholder'* ]]
	hints '__IMAGE_VERSION__'
	sed -i 's/^PLATFORM_TAG.*/TAG_PREFIX=rpi-__ARCH__-/' build.config
	build 3
	[[ $stderr == *'TAG_PREFIX is the same for all platforms'* ]]
}

@test "buildx is asked as such, for itself alone as clients before 20.10 want it" {
	expect_raw 0 "$ANYARCH" build --engine buildx --no-verify
	same commands "buildx version
buildx imagetools inspect arm32v7/base
buildx build --load --platform linux/arm/v7" "$(sed -n 's/ --file.*//; /^buildx version/p; /^buildx.*\(arm32v7\|v7$\)/p' "$LOG")"
	[[ $stderr == *'+ DOCKER_CLI_EXPERIMENTAL=enabled '*' buildx build'* ]]
	# The engine's own builder begins from what the engine has.
	: >"$LOG"
	BUILDER=$'Name: default\nDriver:        docker\n' expect_raw 0 "$ANYARCH" build --engine buildx --no-verify --platform arm32v7
	same pulls 'pull --quiet --platform linux/arm/v7 arm32v7/base' "$(grep '^pull\|imagetools' "$LOG")"
	refute grep 'EXPERIMENTAL=enabled .* save ' "$ERR"
}

# bats test_tags=slow
@test "without skopeo docker pushes by itself: no list of before is used, none is left, nobody's configuration changes" {
	local was

	mkdir bin config
	cp "$BATS_FILE_TMPDIR/docker" bin/docker
	ln -s "$(type -P cp)" "$(type -P sleep)" "$(type -P cat)" "$(type -P sha256sum)" "$(type -P date)" "$(type -P sed)" bin
	mkdir -p config/manifests/docker.io_me_it-latest
	echo '{"auths":{"here":{}}}' >config/config.json
	was=$(find config -printf '%p %T@ %s\n' | sort)
	echo 'ALIASES=rpi-latest' >>build.config
	PATH=$PWD/bin DOCKER_CONFIG=$PWD/config build 0 --push --insecure
	[[ $output == *'me/it:latest (pushed)'*"sha256:aaaa"* ]]
	grep -qxF '{"auths":{"here":{}}}' "$LOG"
	same pushed $'push me/it:arm32v7-latest\npush me/it:arm64v8-latest' "$(grep ^push "$LOG")"
	same lists $'manifest inspect --insecure me/it:latest
manifest create --insecure me/it:latest me/it:arm32v7-latest me/it:arm64v8-latest
manifest annotate --os linux --arch arm --variant v7 me/it:latest me/it:arm32v7-latest
manifest annotate --os linux --arch arm64 me/it:latest me/it:arm64v8-latest
manifest push --purge --insecure me/it:latest' "$(grep '^manifest.*me/it:latest' "$LOG")"
	same configuration "$was" "$(find config -printf '%p %T@ %s\n' | sort)"
	: >"$LOG"
	PATH=$PWD/bin DOCKER_CONFIG=config build 0 --push
	grep -qxF '{"auths":{"here":{}}}' "$LOG"
	: >"$LOG"
	PATH=$PWD/bin DOCKER_CONFIG=config build 0 --push --platform arm32v7
	same 'no list for some of them' 0 "$(called '^manifest create')"
	FAILS=push PATH=$PWD/bin DOCKER_CONFIG=$PWD/config build 1 --push
	hints 'pushed before that: 0 of 2 platforms, 0 of 2 names'
	FAILS=digests PATH=$PWD/bin DOCKER_CONFIG=$PWD/config build 1 --push
	[[ $stderr == *'me/it:latest became sha256:'* ]]
}
