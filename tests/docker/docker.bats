#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns the proof with a real Docker engine: that handlers set up by one container last for plain
# builds afterwards, in every way people start that container.
#
# Needs root, Debian's docker.io and qemu-user-static, and a static anyarch in ANYARCH_STATIC. These
# are the only tests that register in the machine's own instance; they empty it after each test.
# Each test has a shell of its own, with output, stderr and status set by bats.
# shellcheck disable=SC2154,SC2030,SC2031

bats_require_minimum_version 1.5.0

IMAGE=anyarch-test/tool
GCC=anyarch-test/gcc:armhf
BUSYBOX=anyarch-test/busybox:arm64
EMULATORS=(qemu-arm-static qemu-aarch64-static)

# shellcheck source-path=SCRIPTDIR source=suite.sh
source "$BATS_TEST_DIRNAME/suite.sh"

setup_file() {
	suite_open "${EMULATORS[@]}" skopeo ctr || return 0
	MOUNTS_BEFORE=$(table_machine_mounts)
	ARM64=$(busybox_static arm64)
	export MOUNTS_BEFORE ARM64
	load_image_gcc "$GCC"
	load_image_busybox "$BUSYBOX" arm64
	write_context
}

teardown_file() {
	suite_close
}

setup() {
	[[ -z $OBSTACLES ]] || need "$OBSTACLES"
	clear_table
	docker image inspect "$IMAGE" >/dev/null 2>&1 || build_tool
}

# The image that the project makes of itself.
build_tool() {
	docker load --quiet --input "$ANYARCH_IMAGE"
	docker tag anyarch:latest "$IMAGE"
	docker rmi anyarch:latest
}

teardown() {
	local failed=0

	table_release
	[[ -z $OBSTACLES ]] || return 0
	clear_table || failed=1
	if [[ -n ${SECOND_ENGINE:-} ]]; then
		engine_stop "$SECOND_ENGINE" || failed=1
		rm -rf "$SECOND_ENGINE"
	fi
	return "$failed"
}

# The plain build of a user: an ARM base, and steps that must run ARM programs.
write_context() {
	mkdir -p "$BATS_FILE_TMPDIR/context"
	echo 'int main(void) { return 0; }' >"$BATS_FILE_TMPDIR/context/a.c"
	cat >"$BATS_FILE_TMPDIR/context/Dockerfile" <<-DOCKERFILE
		FROM $GCC
		COPY a.c /src/
		RUN uname -m && gcc -o /src/a.out /src/a.c && /src/a.out
	DOCKERFILE
}

# plain_build 0|1: with the classic builder or BuildKit. No option of it knows of any emulation.
# BuildKit must be told the platform: the engine's own passes over a local image of another one than
# it is asked for, and looks for a registry.
plain_build() {
	local options=()

	(($1 == 0)) || options=(--platform linux/arm/v7)
	DOCKER_BUILDKIT=$1 BUILDKIT_PROGRESS=plain docker build --network=none --no-cache \
		"${options[@]}" "$BATS_FILE_TMPDIR/context"
}

both_builds_pass() {
	local builder

	for builder in 0 1; do
		run plain_build "$builder"
		echo "DOCKER_BUILDKIT=$builder: $output"
		[[ $status == 0 && $output == *armv7l* ]] || return 1
	done
}

# The quick proof: a container with nothing but an arm64 program.
arm64_runs() {
	run docker run --rm --network=none "$BUSYBOX" uname -m
	echo "$output"
	[[ $status == 0 && $output == *aarch64* ]]
}

# oneshot ARGUMENT…: what users type after the name of the image.
oneshot() {
	run --separate-stderr docker run --rm --privileged "$IMAGE" "$@"
	printf 'status %s\nstdout: %s\nstderr: %s\n' "$status" "$output" "$stderr"
}

is_status_json() {
	jq --exit-status --slurp '
		length == 1 and (.[0] | type == "object" and (.supported | type == "array") and
			(.emulators | type == "array" or . == null))' <<<"$1"
}

machine_has_no_new_mount() {
	[[ $(table_machine_mounts) == "$MOUNTS_BEFORE" ]]
}

# Nothing half done: each handler is enabled and fixed, and if there is one for arm64 it works, also
# with the container gone.
table_is_sound() {
	local name entry

	while IFS= read -r name; do
		entry=$(table_entry "$name")
		echo "$name: $entry"
		[[ $entry == enabled$'\n'* ]] || return 1
		[[ $entry =~ flags:\ [POC]*F ]] || return 1
		[[ $entry != *aarch64* || $("$ARM64" uname -m) == aarch64 ]] || return 1
	done < <(table_names)
}

need_no_mount() {
	[[ -z $MOUNTS_BEFORE ]] || need "this machine has binfmt_misc mounted, so that everything lasts"
}

@test "control: without set-up an ARM build fails with both builders" {
	local builder

	for builder in 0 1; do
		run plain_build "$builder"
		echo "$output"
		[[ $status != 0 && $output == *"exec format error"* ]]
	done
}

@test "control: what is registered without pinning ends with the container" {
	need_no_mount
	# While something else holds the instance, the handlers are there: so they were registered.
	table_hold "$BATS_TEST_TMPDIR"
	oneshot register --lasting=no
	[[ $status == 0 || $status == 5 ]]
	[[ $(table_names) == *qemu-aarch64* ]]
	table_release
	[[ -z $(table_names) ]]

	oneshot register --lasting=no
	[[ $status == 0 || $status == 5 ]]
	[[ -z $(table_names) ]]
	run ! arm64_runs
}

@test "one run, and plain builds pass, also after the image is deleted" {
	oneshot
	[[ $status == 0 ]]
	is_status_json "$output"
	machine_has_no_new_mount
	both_builds_pass
	machine_has_no_new_mount

	docker rmi --force "$IMAGE"
	both_builds_pass
	arm64_runs
}

@test "CAP_SYS_ADMIN alone is enough" {
	local options=()

	if [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]]; then
		options=(--security-opt apparmor=unconfined)
	fi
	run --separate-stderr docker run --rm --cap-add SYS_ADMIN "${options[@]}" "$IMAGE"
	echo "$output $stderr"
	[[ $status == 0 ]]
	is_status_json "$output"
	machine_has_no_new_mount
	both_builds_pass
}

@test "a read-only container is enough" {
	run --separate-stderr docker run --rm --privileged --read-only "$IMAGE"
	echo "$output $stderr"
	[[ $status == 0 ]]
	is_status_json "$output"
	machine_has_no_new_mount
	arm64_runs
	both_builds_pass
}

@test "a container that is started again changes nothing" {
	local before id

	id=$(docker create --privileged "$IMAGE")
	docker start --attach "$id"
	before=$(table_print)
	[[ $before == *qemu-aarch64* && $before == *qemu-arm\ * ]]

	run --separate-stderr docker start --attach "$id"
	[[ $status == 0 ]]
	is_status_json "$output"
	docker restart "$id"
	[[ $(docker wait "$id") == 0 ]]
	diff <(echo "$before") <(table_print)
	docker rm "$id"
	arm64_runs
}

# processes_of CGROUP: the ids of the processes in it, into pids. The hierarchies of version 1 and the
# one of version 2 have it at different places. Without a subshell or a program: it must be quick.
processes_of() {
	local file

	pids=()
	for file in /sys/fs/cgroup/{,pids/}"$1"/cgroup.procs; do
		[[ -e $file ]] || continue
		{ mapfile -t pids <"$file"; } 2>/dev/null || true
	done
}

# kill_within MILLISECONDS ARGUMENT…: start the tool in a container that is short of processor time,
# let it run so long, stop its processes so that nothing more happens, and docker kill it. Prints the
# exit status: 137 if it was still at work.
kill_within() {
	local ms=$1 id cgroup starter pid name='' pids=()
	shift

	id=$(docker create --privileged --cpus=0.1 "$IMAGE" "$@")
	cgroup=$(engine_cgroup "$ENGINE")/$id
	docker start "$id" >/dev/null &
	starter=$!
	while [[ $name != anyarch ]] && kill -0 $starter 2>/dev/null; do
		processes_of "$cgroup"
		for pid in "${pids[@]}"; do
			{ read -r name <"/proc/$pid/comm"; } 2>/dev/null || true
		done
	done
	if ((ms > 0)); then
		sleep "$(printf '0.%03d' "$ms")"
		processes_of "$cgroup"
	fi
	((${#pids[@]} == 0)) || kill -STOP "${pids[@]}" 2>/dev/null || true
	wait $starter
	docker kill "$id" >/dev/null 2>&1 || true
	docker wait "$id"
	docker rm "$id" >/dev/null
}

# After whatever was interrupted or failed: a plain run is content or completes it, a run that names
# what it wants leaves exactly that, and no left-overs of another run.
next_run_completes() {
	oneshot
	[[ $status == 0 ]] || return 1
	table_is_sound || return 1
	oneshot register arm arm64
	[[ $status == 0 && $(table_names | paste -sd ' ') == 'qemu-aarch64 qemu-arm' ]]
}

@test "docker kill at any moment leaves the table sound, and the next run completes it" {
	local ms status killed=0

	for ms in 0 0 0 5 10 20 40 80 160; do
		status=$(kill_within "$ms")
		echo "killed after $ms ms: status $status, left: $(table_names | paste -sd ' ')"
		[[ $status == 137 ]] && killed=$((killed + 1))
		table_is_sound
		next_run_completes
		clear_table
	done
	((killed > 0))

	next_run_completes
	arm64_runs
}

@test "docker kill while handlers are replaced never leaves the machine without" {
	local ms status change=--credentials killed=0

	oneshot
	[[ $status == 0 ]]
	for ms in 0 0 0 5 10 20 40 80 160; do
		status=$(kill_within "$ms" register $change arm arm64)
		echo "killed after $ms ms: status $status, left: $(table_names | paste -sd ' ')"
		[[ $status == 137 ]] && killed=$((killed + 1))
		table_is_sound
		[[ $("$ARM64" uname -m) == aarch64 ]]
		[[ -z $change ]] && change=--credentials || change=
	done
	((killed > 0))

	next_run_completes
	arm64_runs
}

@test "the four calls of setup-qemu-action" {
	oneshot --version
	[[ $status == 0 ]]

	# No shell expands the pattern there either.
	oneshot --uninstall 'qemu-*'
	[[ $status == 0 ]]

	oneshot --install all
	[[ $status == 0 ]]

	oneshot
	[[ $status == 0 ]]
	is_status_json "$output"
	jq --exit-status '.supported | index("linux/arm64") and index("linux/arm/v7")' <<<"$output"
	jq --exit-status '.emulators | index("qemu-aarch64") and index("qemu-arm")' <<<"$output"
	# tonistiigi/binfmt has always set the credentials flag.
	[[ $(table_flags qemu-aarch64) =~ ^P?OCF$ ]]
	machine_has_no_new_mount
	both_builds_pass
}

@test "--install of one platform registers that one" {
	oneshot --install arm64
	[[ $status == 0 ]]
	is_status_json "$output"
	[[ $(table_names) == qemu-aarch64 ]]
	arm64_runs
}

@test "--uninstall qemu-* takes all of ours and nobody else's" {
	# Held as by a host, so that a neighbour's entry does not end with the last of ours.
	table_hold "$BATS_TEST_TMPDIR"
	table_in bash -c 'printf %s ":anyarch-test-keep:E::anyarch-test-keep::/bin/true:" >register'
	oneshot --install all
	[[ $status == 0 ]]
	[[ $(table_names | paste -sd ' ') == 'anyarch-test-keep qemu-aarch64 qemu-arm' ]]

	oneshot --uninstall 'qemu-*'
	[[ $status == 0 ]]
	is_status_json "$output"
	[[ $(table_names) == anyarch-test-keep ]]
	run ! arm64_runs
}

@test "multiarch's --reset -p yes, with and without -c yes" {
	oneshot --reset -p yes
	[[ $status == 0 ]]
	[[ $(table_flags qemu-arm) == F && $(table_flags qemu-aarch64) == F ]]
	[[ $(table_entry qemu-arm) == *$'\ninterpreter /usr/bin/qemu-arm-static\n'* ]]
	machine_has_no_new_mount
	both_builds_pass

	oneshot --reset -p yes -c yes
	[[ $status == 0 ]]
	[[ $(table_flags qemu-arm) == OCF && $(table_flags qemu-aarch64) == OCF ]]
	arm64_runs
}

@test "linuxkit's zero-argument run, which the Travis recipe is, over what is there" {
	table_in bash -c "printf %s '$(table_rule aarch64 /usr/bin/qemu-aarch64-static CF)' >register"
	oneshot
	[[ $status == 0 ]]
	arm64_runs
}

@test "a container with little memory succeeds or leaves the table sound" {
	local limit

	run --separate-stderr docker run --rm --privileged --memory=96m "$IMAGE"
	echo "$output $stderr"
	[[ $status == 0 ]]
	is_status_json "$output"
	arm64_runs

	for limit in 24m 16m 10m; do
		clear_table
		run docker run --rm --privileged --memory="$limit" "$IMAGE"
		echo "$limit: status $status: $output"
		table_is_sound
		[[ $status != 0 ]] || arm64_runs
	done
	next_run_completes
	arm64_runs
}

# There a container's root is a directory of the host, and --rm removes it file by file. The kernel
# takes away whatever is mounted on a directory that is removed, in every namespace and also in a
# detached tree: a pin that hangs on the container's own root would be lost here, silently.
@test "with the storage driver vfs handlers last, too" {
	need_no_mount
	SECOND_ENGINE=$(mktemp -d "${TMPDIR:-/tmp}/anyarch-engine.XXXXXX")
	engine_start "$SECOND_ENGINE" vfs
	build_tool
	oneshot
	[[ $status == 0 ]]
	[[ $(table_names | paste -sd ' ') == 'qemu-aarch64 qemu-arm' ]]
	docker rmi --force "$IMAGE"
	[[ $("$ARM64" uname -m) == aarch64 ]]
}

# The base image as its tag names it, through a file of docker save.
change_base() {
	docker save --output "$BATS_TEST_TMPDIR/base.tar" "$GCC"
	"$ANYARCH_STATIC" "$1" "$BATS_TEST_TMPDIR/base.tar"
	docker load --input "$BATS_TEST_TMPDIR/base.tar"
}

base_id() {
	docker image inspect --format '{{.Id}}' "$GCC"
}

@test "an injected base image is built on where the handler is not fixed; ejected it has its old ID" {
	local id

	id=$(base_id)
	table_hold "$BATS_TEST_TMPDIR"
	table_in bash -c "printf %s '$(table_rule arm /usr/bin/qemu-arm-static '')' >register"
	run plain_build 0
	echo "$output"
	[[ $status != 0 && $output == *'no such file or directory'* ]]
	change_base inject
	[[ $(base_id) != "$id" ]]
	both_builds_pass
	change_base eject
	[[ $(base_id) == "$id" ]]
	run ! plain_build 0
}

@test "one image out of an OCI layout is the same image to the engine" {
	local id

	cd "$BATS_TEST_TMPDIR"
	docker save --output base.tar "$GCC"
	skopeo copy -q docker-archive:base.tar oci:layout:1 # which writes another config
	id=$(skopeo inspect --raw oci:layout:1 | jq -r .config.digest)
	docker rmi --force "$GCC"
	"$ANYARCH_STATIC" convert --platform linux/arm/v7 --tag "$GCC" layout out.tar
	docker load --input out.tar
	[[ $(base_id) == "$id" ]]
	oneshot
	both_builds_pass
}

# The engine's own containerd, with a namespace of ours in it.
ctr_of_engine() {
	ctr --address "$ENGINE/exec/containerd/containerd.sock" --namespace anyarch-test "$@"
}

@test "containerd takes what inject, index and the image's makers write" {
	cd "$BATS_TEST_TMPDIR"
	ctr_of_engine image import --all-platforms --no-unpack "$ANYARCH_IMAGE"
	docker save --output base.tar "$GCC"
	"$ANYARCH_STATIC" inject base.tar
	"$ANYARCH_STATIC" index --tag anyarch-test/index:1 index.tar base.tar
	ctr_of_engine image import --all-platforms --no-unpack index.tar
	ctr_of_engine image import --all-platforms --no-unpack base.tar
	run ctr_of_engine image ls
	echo "$output"
	[[ $output == *docker.io/library/anyarch:latest* && $output == *anyarch-test/index:1*linux/arm/v7* ]]
	ctr_of_engine image ls -q | while IFS= read -r one; do
		ctr_of_engine image rm "$one"
	done
}

# A project whose base images the engine has, for both of Docker's builders; the result is what it is called.
build_project() { # BUILDKIT
	local name

	name=me/project-$1
	mkdir -p project
	printf '%s\n' 'REPO=me' "IMAGE_NAME=project-$1" 'TARGET_ARCHES="amd64 arm32v7"' 'ALIASES=rpi-latest' 'TAG_SUFFIX=-x' \
		'SMOKE="uname -m"' DOCKER_CLI_PATH=/usr/bin >project/build.config
	printf '%s\n' 'FROM anyarch-test/__BASEIMAGE_ARCH__' 'RUN uname -m >/machine' >project/Dockerfile.cross
	run --separate-stderr env DOCKER_BUILDKIT="$1" "$ANYARCH_STATIC" build --engine docker --engine-option=--network=none -o all.tar project
	echo "$output $stderr"
	[[ $status == 0 && $output == *"$name:arm32v7-latest-x"*built* ]]
	[[ $(docker run --rm "$name:arm32v7-latest-x" cat /machine) == armv7l ]]
	[[ $(docker run --rm "$name:amd64-latest-x" cat /machine) == x86_64 ]]
	"$ANYARCH_STATIC" inspect --expect linux/arm/v7 all.tar >/dev/null
	"$ANYARCH_STATIC" inspect --expect linux/amd64 all.tar >/dev/null
	docker rmi --force "$name:arm32v7-latest-x" "$name:amd64-latest-x" >/dev/null
	docker load --quiet --input all.tar
	docker image inspect --format '{{.Architecture}}' "$name:rpi-latest" | grep -qx amd64
	docker rmi --force "$name:rpi-latest" "$name:latest" >/dev/null
	rm -rf project all.tar
}

@test "a project is built with the classic builder and with BuildKit" {
	cd "$BATS_TEST_TMPDIR"
	printf 'FROM scratch\nADD busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n' >Dockerfile
	# shellcheck source=/dev/null
	(. "$BATS_TEST_DIRNAME/../../tools/lib.sh" && . "$BATS_TEST_DIRNAME/../../tools/fetch.sh" && cp "$(fetch_busybox amd64)" busybox)
	docker build --quiet --tag anyarch-test/amd64 .
	docker tag "$GCC" anyarch-test/arm32v7
	run "$ANYARCH_STATIC" build --engine docker --platform arm32v7 .
	[[ $status == 3 && $output == *build.config* ]]
	mkdir early
	printf '%s\n' IMAGE_NAME=x 'TARGET_ARCHES=arm32v7' REPO=me >early/build.config
	echo 'FROM anyarch-test/__BASEIMAGE_ARCH__' >early/Dockerfile.cross
	run "$ANYARCH_STATIC" build --engine docker early
	[[ $status == 3 && $output == *'programs do not run here for: arm'* ]]
	oneshot
	build_project 0
	build_project 1
}

# taken FILE FORM [NAME]: every reader of this form takes it: docker-archive, oci-archive. NAME: Docker's own does, too, and
# runs it.
taken() (
	local from=$2:$1 store=(--root "$BATS_TEST_TMPDIR/store" --runroot "$BATS_TEST_TMPDIR/run-store" --storage-driver vfs)

	printf '%s\n' "$*"
	tar -tf "$1" >/dev/null
	if [[ -n ${3-} ]]; then
		docker load --quiet --input "$1"
		[[ $(docker run --rm --network=none "$3" uname -m) == armv7l ]]
	fi
	ctr_of_engine image import --all-platforms --no-unpack "$1" >/dev/null
	unset DOCKER_CONFIG DOCKER_HOST
	podman "${store[@]}" load --quiet --input "$1" >/dev/null
	buildah "${store[@]}" pull --quiet --arch arm --variant v7 "$from" >/dev/null
	rm -rf "$BATS_TEST_TMPDIR"/{copied,layout}
	skopeo copy --quiet "$from" "oci:$BATS_TEST_TMPDIR/layout:1"
	[[ ${4-} == zstd ]] || umoci stat --image "$BATS_TEST_TMPDIR/layout:1" >/dev/null
)

# A base with ours in it, built on; and with the emulator once more, as some people's Dockerfiles have it.
build_on() {
	printf 'FROM %s\nLABEL base=1\n' "$GCC" | docker build --quiet --tag anyarch-test/on:0 - # with a history
	docker save --output on.tar anyarch-test/on:0
	"$ANYARCH_STATIC" inject --at /usr/bin/qemu-arm-static on.tar
	docker load --quiet --input on.tar
	printf 'FROM anyarch-test/on:0\nCOPY qemu /usr/bin/qemu-arm-static\nLABEL more=1\n' >Dockerfile
	cp "$(type -P qemu-arm-static)" qemu
	docker build --quiet --tag anyarch-test/on:1 .
	docker save --output on.tar anyarch-test/on:1
}

@test "whatever an edit makes, every consumer takes it" {
	local codec

	oneshot
	mkdir "$BATS_TEST_TMPDIR/context"
	cd "$BATS_TEST_TMPDIR/context"
	docker save --output base.tar "$GCC"
	for codec in gzip none; do
		cp base.tar "$codec.tar"
		"$ANYARCH_STATIC" inject --at /usr/bin/qemu-arm-static --compress "$codec" "$codec.tar"
		taken "$codec.tar" docker-archive "$GCC"
	done
	"$ANYARCH_STATIC" convert base.tar oci-archive:base.oci
	taken base.oci oci-archive
	for codec in gzip zstd none; do
		cp base.oci "$codec.oci"
		"$ANYARCH_STATIC" inject --at /usr/bin/qemu-arm-static --compress "$codec" "$codec.oci"
		taken "$codec.oci" oci-archive '' "$codec"
	done
	docker load --quiet --input base.tar
	build_on
	run --separate-stderr "$ANYARCH_STATIC" eject on.tar
	echo "$output $stderr"
	[[ $status == 0 && $output == *'removed /usr/bin/qemu-arm-static'* && $stderr == *'it was hidden'* ]]
	taken on.tar docker-archive anyarch-test/on:1
	docker create --name "$(basename "$ENGINE")-on" anyarch-test/on:1 /none
	run ! grep -x usr/bin/qemu-arm-static <(docker export "$(basename "$ENGINE")-on" | tar -t)
	docker rm "$(basename "$ENGINE")-on"
	docker rmi --force anyarch-test/on:1 anyarch-test/on:0
	ctr_of_engine image ls -q | while IFS= read -r one; do
		ctr_of_engine image rm "$one"
	done
}

@test "unregister --all leaves no handler and no instance" {
	need_no_mount
	oneshot
	[[ $status == 0 ]]
	arm64_runs
	# What is held now is held by the handlers alone.
	run ! table_is_fresh

	oneshot unregister --all
	[[ $status == 0 ]]
	[[ -z $(table_names) ]]
	table_is_fresh
	machine_has_no_new_mount
	run ! arm64_runs
}
