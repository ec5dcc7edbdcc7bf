#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what init and render make of a project, and that they write nothing where anything is wrong.
# shellcheck disable=SC2154,SC2016 # the library sets output and stderr; what is not to expand is what is tested

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

NATIVE=amd64 # what lobradov builds on; elsewhere --native says so

setup() {
	umask 022
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p box/work
	cd box/work || return
}

render() {
	"$ANYARCH" render --native="$NATIVE" "$@"
}

# A static program that an image could carry as its emulator.
make_emulator() { # FILE
	[[ -e $BATS_FILE_TMPDIR/emulator ]] ||
		gcc -static -nostdlib -o "$BATS_FILE_TMPDIR/emulator" -x c - <<<'void _start(void) { for (;;) ; }'
	cp "$BATS_FILE_TMPDIR/emulator" "$1"
}

# lobradov's own example: nginx on alpine for three platforms.
make_lobradov() {
	printf '%s\n' '# Repository, name and version' REPO=lobradov 'IMAGE_NAME="nginx"' 'IMAGE_VERSION=""' \
		'TARGET_ARCHES="amd64 arm32v6 arm64v8"' >build.config
	cat >Dockerfile.cross <<-'END'
		FROM __BASEIMAGE_ARCH__/alpine:3.7
		__CROSS_COPY qemu-__QEMU_ARCH__-static /usr/bin/
		RUN apk add --no-cache nginx
		EXPOSE 80
		CMD ["nginx", "-g", "daemon off;"]
	END
	make_emulator qemu-arm-static
	make_emulator qemu-aarch64-static
}

# Everything below a directory with its kind, mode, time and content; a directory's time tells of temporary files only.
tree() {
	find "${1:-.}" -type d -printf '%P %y %m\n' -o -printf '%P %y %m %T@ %l\n' | sort
	find "${1:-.}" -type f -print0 | sort -z | xargs -0r sha256sum
}

# refused STATUS COMMAND...: it must fail so, in one error line, and change nothing here or beside.
refused() {
	local before

	before=$(tree ..)
	expect "$@"
	same 'the directory' "$before" "$(tree ..)"
	same 'error lines' 1 "$(error_lines)"
	[[ -z $output ]]
}

@test "init makes a project that renders" {
	expect 0 "$ANYARCH" init project
	same told $'project/Dockerfile.cross: created\nproject/build.config: created' "$(head -n 2 "$OUT")"
	same files $'Dockerfile.cross\nbuild.config' "$(LC_ALL=C ls -A project)"
	grep -qx IMAGE_NAME=project project/build.config
	same mode '644 644' "$(stat -c %a project/* | paste -sd ' ')"
	expect 0 render project
	same told 'project/Dockerfile.amd64: created for linux/amd64
project/Dockerfile.arm32v6: created for linux/arm/v6
project/Dockerfile.arm64v8: created for linux/arm64' "$output"
	grep -qx 'FROM arm32v6/alpine:latest' project/Dockerfile.arm32v6
}

@test "init run twice changes nothing and says so" {
	local before

	expect 0 "$ANYARCH" init
	before=$(tree)
	expect 0 "$ANYARCH" init .
	same told 'Dockerfile.cross: kept
build.config: kept
Nothing to do: the project exists.' "$output"
	same directory "$before" "$(tree)"
}

@test "init keeps the files that exist" {
	printf 'mine' >Dockerfile.cross
	expect 0 "$ANYARCH" init
	same told $'Dockerfile.cross: kept\nbuild.config: created' "$(head -n 2 "$OUT")"
	same template mine "$(<Dockerfile.cross)"
}

@test "init as JSON, quietly, and dry" {
	expect 0 "$ANYARCH" init --dry-run new
	same told $'new/Dockerfile.cross: would be created' "$(head -n 1 "$OUT")"
	[[ ! -e new ]]
	expect 0 "$ANYARCH" init --json new
	same JSON 'new/Dockerfile.cross created,new/build.config created' \
		"$(jq -r 'map("\(.file) \(.result)") | join(",")' "$OUT")"
	expect 0 "$ANYARCH" init -q new
	[[ -z $output ]]
}

@test "init follows no link out of the directory" {
	mkdir ../outside
	ln -s ../../outside/config build.config
	ln -s /nowhere Dockerfile.cross
	expect 0 "$ANYARCH" init
	same told $'Dockerfile.cross: kept\nbuild.config: kept' "$(head -n 2 "$OUT")"
	same outside '' "$(ls -A ../outside)"
}

@test "init refuses what stands in its way before it writes anything" {
	mkdir build.config
	refused 3 "$ANYARCH" init
	says 'build.config: not a regular file'
	rmdir build.config
	touch file
	refused 3 "$ANYARCH" init file
	refused 3 "$ANYARCH" init none/none
	refused 2 "$ANYARCH" init one two
	refused 2 "$ANYARCH" init ''
	refused 2 "$ANYARCH" init --frobnicate
}

# adopted NAME: what init makes of the Dockerfile on standard input, without comments.
adopted() {
	mkdir "$1"
	cat >"$1/Dockerfile"
	expect "${2:-0}" "$ANYARCH" init --from "$1/Dockerfile" "$1"
	[[ ${2:-0} -ne 0 ]] || expect 0 render --native=amd64 "$1"
}

@test "init --from turns ordinary Dockerfiles into projects, or says in a sentence why not" {
	adopted service <<-'DOCKERFILE'
		# syntax=docker/dockerfile:1
		FROM python:3.11-slim
		WORKDIR /app
		COPY . .
		RUN pip install -r requirements.txt
		CMD ["python", "main.py"]
	DOCKERFILE
	same base 'FROM --platform=linux/arm/v6 python:3.11-slim' "$(grep ^FROM service/Dockerfile.arm32v6)"
	same 'the rest' "$(grep -v ^FROM service/Dockerfile)" "$(grep -v '^FROM\|^# Rendered' service/Dockerfile.arm64v8)"
	grep -qx IMAGE_NAME=service service/build.config

	adopted stages <<-'DOCKERFILE'
		ARG VERSION=20
		FROM node:${VERSION} AS build
		RUN <<EOF
		FROM is no instruction here
		EOF
		FROM build AS tested
		RUN npm test
		FROM nginx:alpine
		COPY --from=tested /dist /usr/share/nginx/html
	DOCKERFILE
	same bases $'FROM --platform=linux/arm64 node:${VERSION} AS build\nFROM is no instruction here
FROM build AS tested\nFROM --platform=linux/arm64 nginx:alpine' "$(grep ^FROM stages/Dockerfile.arm64v8)"

	adopted crossed <<-'DOCKERFILE'
		FROM --platform=$BUILDPLATFORM golang AS build
		ARG TARGETARCH
		RUN GOARCH=$TARGETARCH go build -o /it
		FROM --platform=$TARGETPLATFORM alpine
		COPY --from=build /it /
	DOCKERFILE
	same bases $'FROM --platform=$BUILDPLATFORM golang AS build\nFROM --platform=linux/arm64 alpine' \
		"$(grep ^FROM crossed/Dockerfile.arm64v8)"

	adopted official <<<$'from arm32v7/debian:12\nRUN true'
	same base 'from arm32v6/debian:12' "$(grep ^from official/Dockerfile.arm32v6)"

	adopted dos <<<$'FROM a\r\nRUN b\r'
	same base $'FROM --platform=linux/amd64 a\r' "$(grep ^FROM dos/Dockerfile.amd64)"

	adopted scratch 3 <<<$'FROM scratch\nCOPY hello /'
	says 'scratch/Dockerfile: no FROM in it depends on the platform'
	adopted copied 3 <<<$'FROM scratch\nCOPY --from=alpine:3 /bin/busybox /bin/sh\nCOPY --from=other /x /'
	says 'it copies from the image alpine:3, which no FROM specifies'
	hints "add 'FROM alpine:3 AS files' before the last FROM, and write COPY --from=files"
	adopted as-hinted <<<$'FROM alpine:3 AS files\nFROM scratch\nCOPY --from=files /bin/busybox /bin/sh'
	grep -qx 'FROM --platform=linux/arm64 alpine:3 AS files' as-hinted/Dockerfile.arm64v8
	adopted static 3 <<<$'FROM --platform=$BUILDPLATFORM golang AS b\nARG TARGETARCH\nRUN build $TARGETARCH\nFROM scratch\nCOPY --from=b /it /'
	says 'no project is needed'
	adopted fixed 3 <<<$'FROM a AS x\nFROM --platform=linux/amd64 b'
	says 'for one platform only'
	adopted escaped 3 <<<$'# escape=`\nFROM a'
	says 'the directive escape'
	adopted empty 3 <<<'# nothing'
	says 'it has no FROM'
	adopted template 3 <<<'FROM __BASEIMAGE_ARCH__/a'
	says 'it is a template already'
	adopted continued 3 <<<$'FROM \\\n a'
	says 'line 1: FROM continues'
	same files Dockerfile "$(ls -A continued)"
	expect 3 "$ANYARCH" init --from service/Dockerfile service
	says 'Dockerfile.cross exists'
	expect 3 "$ANYARCH" init --from nowhere new
	expect 3 "$ANYARCH" init --from service new
	[[ ! -e new ]]
}

@test "init makes the image's name of the directory's" {
	local name derived

	while IFS=$'\t' read -r name derived; do
		printf -v name %b "$name"
		expect 0 "$ANYARCH" init -- "$name"
		same "$name" "IMAGE_NAME=$derived" "$(grep ^IMAGE_NAME -- "./$name/build.config")"
		same REPO REPO= "$(grep ^REPO -- "./$name/build.config")"
		expect 0 render -- "$name"
	done <<-'LIST'
		my-app	my-app
		a__b.c	a__b.c
		My App	my-app
		My__Project.	my-project
		a\nREPO=x	a-repo-x
		a'b	a-b
		$(touch x)	touch-x
		..x	x
		-y_	y
		a..b	a-b
	LIST
	[[ ! -f x ]]
	expect 0 "$ANYARCH" init -- '日本'
	grep -qx IMAGE_NAME= '日本/build.config'
	[[ $output == *'set IMAGE_NAME in build.config'* ]]
	expect 0 "$ANYARCH" init -- '日本'
	[[ $output == *'Nothing to do'* ]]
	[[ ! -e x ]]
}

@test "lobradov's example becomes the Dockerfiles that build.sh makes" {
	make_lobradov
	expect 0 render
	same amd64 '# Rendered by anyarch from Dockerfile.cross for linux/amd64: change that, not this.
FROM amd64/alpine:3.7
RUN apk add --no-cache nginx
EXPOSE 80
CMD ["nginx", "-g", "daemon off;"]' "$(<Dockerfile.amd64)"
	same arm32v6 '# Rendered by anyarch from Dockerfile.cross for linux/arm/v6: change that, not this.
FROM arm32v6/alpine:3.7
COPY qemu-arm-static /usr/bin/
RUN apk add --no-cache nginx
EXPOSE 80
CMD ["nginx", "-g", "daemon off;"]' "$(<Dockerfile.arm32v6)"
	same arm64v8 '# Rendered by anyarch from Dockerfile.cross for linux/arm64: change that, not this.
FROM arm64v8/alpine:3.7
COPY qemu-aarch64-static /usr/bin/
RUN apk add --no-cache nginx
EXPOSE 80
CMD ["nginx", "-g", "daemon off;"]' "$(<Dockerfile.arm64v8)"
}

@test "on a machine of another architecture another platform is the native one" {
	make_lobradov
	make_emulator qemu-x86_64-static
	NATIVE=arm64
	expect 0 render
	grep -qx 'COPY qemu-x86_64-static /usr/bin/' Dockerfile.amd64
	refute grep -q COPY Dockerfile.arm64v8
}

@test "render run again changes nothing and says so; a changed template replaces" {
	local before

	make_lobradov
	expect 0 render
	before=$(tree)
	expect 0 render
	same told 'unchanged unchanged unchanged' "$(sed 's/.*: \([a-z]*\) for .*/\1/' "$OUT" | paste -sd ' ')"
	same directory "$before" "$(tree)"
	chmod 640 Dockerfile.amd64
	sed -i 's/80/81/' Dockerfile.cross
	expect 0 render
	same told 'replaced replaced replaced' "$(sed 's/.*: \([a-z]*\) for .*/\1/' "$OUT" | paste -sd ' ')"
	grep -qx 'EXPOSE 81' Dockerfile.amd64
	same mode 640 "$(stat -c %a Dockerfile.amd64)"
}

@test "--platform selects, in any spelling, repeated or as a list" {
	make_lobradov
	expect 0 render --platform armv6l
	same files Dockerfile.arm32v6 "$(ls Dockerfile.a*)"
	expect 0 render --platform=aarch64,linux/arm/v6 --platform amd64
	same told 'Dockerfile.arm64v8: created for linux/arm64
Dockerfile.arm32v6: unchanged for linux/arm/v6
Dockerfile.amd64: created for linux/amd64' "$output"
	expect 0 render --platform all --dry-run
	same lines 3 "$(wc -l <"$OUT")"
	refused 2 render --platform arm
	says 'linux/arm/v7 is not in TARGET_ARCHES'
	hints 'linux/arm/v6'
	refused 2 render --platform arm7l
	refused 2 render --platform ''
	refused 2 render --platform
}

# bats test_tags=amd64
@test "--output: another directory, or one to standard output" {
	make_lobradov
	mkdir out
	expect 0 render --output=out
	same told out/Dockerfile.amd64 "$(sed -n '1s/:.*//p' "$OUT")"
	same files $'Dockerfile.amd64\nDockerfile.arm32v6\nDockerfile.arm64v8' "$(ls out)"
	expect 0 render -o - --platform arm64
	same 'standard output' "$(<out/Dockerfile.arm64v8)" "$output"
	[[ ! -e Dockerfile.arm64v8 ]]
	refused 2 render -o -
	hints 'amd64 arm32v6 arm64v8'
	refused 2 render -o - --platform amd64 --json
	refused 2 render -o ''
	refused 3 render -o none
	hints 'directory'
	expect 1 sh -c '"$0" render -o - --platform amd64 >/dev/full' "$ANYARCH"
}

@test "--dry-run and --json" {
	make_lobradov
	expect 0 render --dry-run
	same told 'Dockerfile.amd64: would be created for linux/amd64' "$(head -n 1 "$OUT")"
	[[ ! -e Dockerfile.amd64 ]]
	expect 0 render --json
	same JSON 'Dockerfile.amd64 linux/amd64 created,Dockerfile.arm32v6 linux/arm/v6 created,Dockerfile.arm64v8 linux/arm64 created' \
		"$(jq -r 'map("\(.file) \(.platform) \(.result)") | join(",")' "$OUT")"
	expect 0 render -q
	[[ -z $output ]]
}

@test "files that were not rendered are kept, unless --force" {
	make_lobradov
	printf 'FROM mine\n' >Dockerfile.arm64v8
	refused 3 render
	says 'Dockerfile.arm64v8 was not generated by anyarch'
	hints '--force'
	expect 0 render --force
	grep -q '^# Rendered' Dockerfile.arm64v8
	ln -sf ../target Dockerfile.arm64v8
	refused 3 render --force
	rm Dockerfile.arm64v8
	mkdir Dockerfile.arm64v8
	refused 3 render --force
	[[ ! -e ../target ]]
}

# A line of build.config, and what its refusal must say.
@test "a hostile or malformed build.config is refused by its line, and nothing of it is executed" {
	local line words

	make_lobradov
	while IFS=$'\t' read -r line words; do
		printf '# one\n%b\nTARGET_ARCHES="amd64 arm64v8"\n' "$line" >build.config
		refused 3 render
		says "build.config: line 2: "
		says "$words"
	done <<-'LIST'
		REPO="$(touch x)"	'$'
		REPO=`touch x`	'`'
		REPO=$HOME	'$'
		REPO=a; touch x	';'
		REPO=a b	second word
		REPO="a	quote
		REPOSITORY=a	unknown key
		REPO=a\r	CR LF
		REPO=a\0b	NUL
		IMAGE_NAME='a\033[2Jb'	0x1b
		touch x	KEY=value
		export REPO=a	KEY=value
		TARGET_ARCHES=arm65	arm65
		DOCKERFILE=../../etc/passwd	'..'
	LIST
	[[ ! -e x ]]
}

@test "a build.config that is doubled, empty, huge, or not there is refused" {
	make_lobradov
	printf 'REPO=a\nREPO=b\n' >build.config
	refused 3 render
	says 'build.config: line 2: REPO is already set in line 1'
	printf '' >build.config
	refused 3 render
	says 'TARGET_ARCHES is missing'
	printf '\nTARGET_ARCHES=\n' >build.config
	refused 3 render
	says 'build.config: line 2: TARGET_ARCHES has no value'
	hints 'TARGET_ARCHES="amd64 arm32v6 arm64v8"'
	printf 'TARGET_ARCHES="amd64 amd64/v2"' >build.config
	refused 3 render
	says 'Dockerfile.amd64'
	head -c 70000 /dev/zero | tr '\0' '\n' >build.config
	refused 3 render
	says 'more than 65536 bytes'
	rm build.config
	refused 3 render
	says "not a project: $(pwd -P) has no build.config"
	hints 'anyarch init DIR'
	refused 3 "$ANYARCH" build --engine docker ../work
	says "not a project: $(pwd -P)"
	mkfifo build.config
	refused 3 render
	rm build.config
	ln -s /etc/hostname build.config
	refused 3 render
	says 'a link'
	refused 3 render none
	refused 2 render . .
}

@test "a template that is not there, says nothing of platforms, or has unknown placeholders is refused" {
	make_lobradov
	printf 'FROM python:3.6\nRUN true\n' >Dockerfile.cross
	refused 3 render
	says 'no FROM in it depends on the platform'
	hints 'FROM --platform=__PLATFORM__'
	cp build.config several
	echo 'TARGET_ARCHES=arm32v7' >build.config # the only one is told to the engine
	expect 0 render
	rm Dockerfile.arm32v7
	mv several build.config
	printf '# escape=`\nFROM __BASEIMAGE_ARCH__/alpine\nRUN a `\n  b\n' >Dockerfile.cross
	refused 3 render
	says 'Dockerfile.cross: line 1: the directive escape'
	printf 'FROM __BASEIMAGE_ARCH__/alpine\nRUN __BASEIMAGE__\n' >Dockerfile.cross
	refused 3 render
	says 'Dockerfile.cross: line 2: unknown placeholder __BASEIMAGE__'
	printf 'FROM __BASEIMAGE_ARCH__/alpine\nRUN \0\n' >Dockerfile.cross
	refused 3 render
	says 'Dockerfile.cross: line 2: a NUL byte'
	head -c 1100000 /dev/zero | tr '\0' '\n' >Dockerfile.cross
	refused 3 render
	says '1048576 bytes'
	printf 'FROM __BASEIMAGE_ARCH__/alpine\n' >Dockerfile.cross
	printf 'TARGET_ARCHES="amd64 loong64"\n' >build.config
	refused 3 render
	says 'no word for linux/loong64'
	rm Dockerfile.cross
	refused 3 render
	says 'Dockerfile.cross'
	ln -s /etc/hostname Dockerfile.cross
	refused 3 render
	says 'a link'
}

@test "a link inside the project is followed, and DOCKERFILE names another template" {
	make_lobradov
	mkdir docker
	mv Dockerfile.cross docker/template
	ln -s docker/template Dockerfile.cross
	expect 0 render
	rm Dockerfile.cross
	printf 'DOCKERFILE=docker/template\n' >>build.config
	expect 0 render
	same told 'replaced replaced replaced' "$(sed 's/.*: \([a-z]*\) for .*/\1/' "$OUT" | paste -sd ' ')"
	grep -q 'from docker/template for' Dockerfile.amd64
	sed -i 's,docker/template,Dockerfile.amd64,' build.config
	cp docker/template Dockerfile.amd64
	refused 3 render --force
	says 'DOCKERFILE is Dockerfile.amd64'
}

# Without what lets root write everywhere.
unprivileged() {
	if [[ $EUID -eq 0 ]]; then
		setpriv --bounding-set=-dac_override,-dac_read_search "$@"
	else
		"$@"
	fi
}

@test "nothing is left of a run that may not write" {
	need_commands setpriv
	make_lobradov
	chmod a-w .
	refused 4 unprivileged "$ANYARCH" render --native=amd64
	refused 4 unprivileged "$ANYARCH" init new
	mkdir -m 555 ../empty
	refused 4 unprivileged "$ANYARCH" init ../empty
	chmod u+w .
}

@test "a disk that fails leaves what was there" {
	make_lobradov
	expect 0 render
	printf '# %s\n' {1..2000} >>Dockerfile.cross
	refused 1 sh -c 'ulimit -f 1; exec "$0" render --native=amd64' "$ANYARCH"
	says 'Dockerfile.amd64'
}

# starved N COMMAND...: with no memory at the Nth request.
starved() {
	local n=$1
	shift

	timeout --signal=KILL 10 env FAIL_AT="$n" LD_PRELOAD="$BATS_TEST_TMPDIR/failing-malloc.so" "$@"
}

# What init makes, or what render makes, is there.
is_right_for() { # COMMAND
	if [[ $1 == init ]]; then
		cmp build.config ../right/build.config
	else
		cat ../right/Dockerfile.a* | cmp - <(cat Dockerfile.a*)
	fi
}

# Whatever is there afterwards is whole, and success means all of it. The plain program: a sanitizer has an allocator of its
# own, and nothing is to be preloaded before it.
# bats test_tags=slow,amd64
@test "without memory no file is written that is not right" {
	local command n ANYARCH=$ANYARCH_PLAIN

	gcc -O1 -shared -fPIC -o "$BATS_TEST_TMPDIR/failing-malloc.so" "$ANYARCH_SRC/tests/lib/failing-malloc.c"
	make_lobradov
	for command in init render; do
		make_lobradov
		[[ $command == render ]] || rm -f build.config Dockerfile.cross
		expect 0 "$ANYARCH" "$command" -q
		rm -rf ../right
		cp -r . ../right
		FAIL_COUNT=1 expect_raw 0 starved 0 "$ANYARCH" "$command"
		for ((n = $(tail -n 1 "$ERR"); n > 0; n--)); do
			rm -f Dockerfile.a*
			[[ $command == render ]] || rm -f build.config Dockerfile.cross
			expect_one_of '0 1' starved "$n" "$ANYARCH" "$command"
			refute grep -q '^Only in \.:\|differ' <(diff -r . ../right)
			[[ $status -ne 0 ]] || is_right_for "$command"
		done
	done
}
