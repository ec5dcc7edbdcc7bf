#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what doctor says of real images and containers: each way in which docker run fails is provoked with a real engine,
# named, and cured by typing the hint as it is shown.
#
# Registers in the machine's own table, as docker.bats does, and empties it after each test.
# shellcheck disable=SC2154,SC2030,SC2031,SC2119

# shellcheck source-path=SCRIPTDIR source=../lib/doctor.bash
source "$BATS_TEST_DIRNAME/../lib/doctor.bash"
# shellcheck source-path=SCRIPTDIR source=suite.sh
source "$BATS_TEST_DIRNAME/suite.sh"

TOOL=anyarch-test/tool
BUSYBOX=anyarch-test/busybox:arm64
ARM64=/usr/bin/qemu-aarch64-static

setup_file() {
	suite_open qemu-aarch64-static || return 0
	load_image_busybox "$BUSYBOX" arm64
	build_image_tool "$TOOL" "$ANYARCH_STATIC" "$ARM64"
}

teardown_file() {
	suite_close
}

setup() {
	[[ -z $OBSTACLES ]] || need "$OBSTACLES"
	clear_table
	typist_open
}

teardown() {
	table_release
	[[ -z ${REGISTRY:-} ]] || kill "$REGISTRY" 2>/dev/null || true
	[[ -n $OBSTACLES ]] || clear_table
}

# anyarch doctor ARGUMENT...: with the machine's table in sight, which is mounted nowhere else.
anyarch() {
	local command=$1
	shift

	mkdir -p "$BATS_TEST_TMPDIR/table"
	# shellcheck disable=SC2016
	unshare --mount --propagation private -- sh -c '
		mount --no-mtab -t binfmt_misc binfmt_misc "$1" && table=$1 && shift && program=$1 && shift &&
		command=$1 && shift && exec "$program" "$command" --mount "$table" "$@"' \
		sh "$BATS_TEST_TMPDIR/table" "$ANYARCH" "$command" "$@"
}

# On the machine itself, where it leaves no mount behind.
on_machine() {
	unshare --mount --propagation private -- "$@"
}

# hold_rule INTERPRETER FLAGS: as on a machine that has binfmt_misc mounted, a handler that others registered.
hold_rule() {
	table_hold "$BATS_TEST_TMPDIR"
	# shellcheck disable=SC2016
	table_in sh -c 'printf %s "$1" >register' sh "$(table_rule aarch64 "$1" "$2")"
}

# arm64_runs IMAGE, image_fails_with TEXT IMAGE: what users see.
arm64_runs() {
	run docker run --rm --network=none "$1" uname -m
	printf '%s\n' "$output"
	[[ $status == 0 && $output == *aarch64* ]]
}

image_fails_with() {
	run docker run --rm --network=none "$2" uname -m
	printf '%s\n' "$output"
	[[ $status != 0 && $output == *"$1"* ]]
}

# save IMAGE: as $W/image.tar.
save() {
	docker save "$1" >"$W/image.tar"
}

# derive REF FILE PLACE: an image of ours with a file more.
derive() {
	mkdir "$W/derive"
	cp "$2" "$W/derive/file"
	printf 'FROM %s\nCOPY file %s\n' "$BUSYBOX" "$3" >"$W/derive/Dockerfile"
	DOCKER_BUILDKIT=0 docker build --quiet --network=none --tag "$1" "$W/derive"
	rm -r "$W/derive"
}

@test "exec format error: nothing is registered" {
	image_fails_with 'exec format error' "$BUSYBOX"
	save "$BUSYBOX"
	examine 3 "$W/image.tar"
	found problem no-handler arm64
	cure on_machine
	arm64_runs "$BUSYBOX"
	examine 0 "$W/image.tar"
	silent no-handler
}

@test "exec format error: a set-up container has succeeded, and its handlers are gone with it" {
	[[ -z $(table_machine_mounts) ]] || need "this machine has binfmt_misc mounted, so that everything lasts"
	run docker run --rm --network=none --privileged "$TOOL" register --lasting=no arm64
	printf '%s\n' "$output"
	[[ $status == 0 || $status == 5 ]]
	image_fails_with 'exec format error' "$BUSYBOX"
	examine 0
	found warning missing arm64
	cure on_machine
	arm64_runs "$BUSYBOX"
	examine 0
	[[ $TEXT != *'arm64 programs do not run'* ]]
}

@test "no such file or directory: the handler is not fixed" {
	hold_rule $ARM64 P
	image_fails_with 'no such file or directory' "$BUSYBOX"
	save "$BUSYBOX"
	examine 3 "$W/image.tar"
	found problem not-fixed qemu-aarch64
	cure on_machine
	arm64_runs "$BUSYBOX"
	examine 0 "$W/image.tar"
	silent not-fixed
}

@test "no such file or directory: the handler is not fixed, and the emulator lies elsewhere in the image" {
	hold_rule $ARM64 P
	derive anyarch-test/there $ARM64 $ARM64
	arm64_runs anyarch-test/there
	save anyarch-test/there
	examine 0 "$W/image.tar"
	found note emulator-inside $ARM64

	derive anyarch-test/elsewhere $ARM64 /opt/qemu-aarch64-static
	image_fails_with 'no such file or directory' anyarch-test/elsewhere
	save anyarch-test/elsewhere
	examine 3 "$W/image.tar"
	found note emulator-inside /opt/qemu-aarch64-static
	found problem not-fixed
	cure on_machine
	arm64_runs anyarch-test/elsewhere
	examine 0 "$W/image.tar"
}

@test "no such file or directory: the emulator is fixed and dynamic" {
	apt_has qemu-user-static true
	cp "$(type -P true)" "$W/qemu-aarch64"
	hold_rule "$W/qemu-aarch64" F
	image_fails_with 'no such file or directory' "$BUSYBOX"
	examine 3
	found problem interpreter-dynamic "$W/qemu-aarch64"
	cure on_machine
	arm64_runs "$BUSYBOX"
	examine 0
	silent interpreter-dynamic
}

@test "exec format error: the handler is disabled" {
	hold_rule $ARM64 PF
	table_in sh -c 'echo 0 >qemu-aarch64'
	image_fails_with 'exec format error' "$BUSYBOX"
	save "$BUSYBOX"
	examine 3 "$W/image.tar"
	found problem disabled qemu-aarch64
	cure on_machine
	arm64_runs "$BUSYBOX"
	examine 0 "$W/image.tar"
}

# project: takes each platform's own file, if it is built for a platform.
project() {
	mkdir -p "$W/amd64" "$W/arm64"
	cp "$ANYARCH_STATIC" "$W/amd64/sh"
	cp "$(busybox_static arm64)" "$W/arm64/sh"
	# shellcheck disable=SC2016
	printf 'FROM scratch\nARG TARGETARCH\nCOPY ${TARGETARCH}/sh /bin/sh\n' >"$W/Dockerfile"
	# shellcheck disable=SC2016
	shim docker 'args=("$@")
		[[ $1 != build ]] || args=("$1" --quiet --network=none --iidfile '"$W/id"' "${@:2}")
		DOCKER_BUILDKIT=1 exec /usr/bin/docker "${args[@]}"'
}

@test "an image built \"for ARM\" with files of x86 in it" {
	project
	DOCKER_BUILDKIT=1 docker build --quiet --network=none --platform linux/arm64 --build-arg TARGETARCH=amd64 \
		--iidfile "$W/id" "$W"
	save "$(<"$W/id")"
	examine 3 "$W/image.tar"
	found problem label-lies 'linux/arm64'
	cure on_machine
	save "$(<"$W/id")"
	expect_raw 0 "$ANYARCH" inspect --expect linux/arm64 "$W/image.tar"
	examine 3 "$W/image.tar"
	silent label-lies
	found problem no-handler
	cure on_machine
	examine 0 "$W/image.tar"
}

# Which docker import did for any root file system, with --platform too.
@test "an image of ARM files that says it is for x86" {
	local id

	project
	id=$(tar -C "$W/arm64" --transform 's|^./|bin/|' -c ./sh | docker import - anyarch-test/imported)
	save "$id"
	examine 3 "$W/image.tar"
	found problem label-lies 'linux/amd64'
	cure on_machine
	expect_raw 0 "$ANYARCH" inspect --expect linux/arm64 "$W/FIXED"
	examine 3 "$W/FIXED"
	silent label-lies
	found problem no-handler
	cure on_machine
	examine 0 "$W/FIXED"
}

# put_blob TEXT|-: into the layout; prints how others refer to it.
put_blob() {
	local file=$W/layout/blobs/blob digest

	mkdir -p "$W/layout/blobs/sha256"
	if [[ $1 == - ]]; then
		cat >"$file"
	else
		printf %s "$1" >"$file"
	fi
	digest=$(sha256sum <"$file")
	mv "$file" "$W/layout/blobs/sha256/${digest%% *}"
	printf '"digest":"sha256:%s","size":%d' "${digest%% *}" "$(stat -c %s "$W/layout/blobs/sha256/${digest%% *}")"
}

# make_layout: an OCI layout with an index of one image, for arm64.
make_layout() {
	local root=$W/root type=application/vnd.oci.image layer config manifest diff

	mkdir -p "$root/bin" "$W/layout"
	cp "$(busybox_static arm64)" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	ln -s busybox "$root/bin/uname"
	tar -C "$root" -cf "$W/layer.tar" .
	diff=$(sha256sum <"$W/layer.tar")
	layer=$(gzip -1 <"$W/layer.tar" | put_blob -)
	config=$(put_blob '{"architecture":"arm64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:'"${diff%% *}"'"]}}')
	manifest=$(put_blob '{"schemaVersion":2,"mediaType":"'$type.manifest.v1+json'","config":{"mediaType":"'$type.config.v1+json'",'"$config"'},"layers":[{"mediaType":"'$type.layer.v1.tar+gzip'",'"$layer"'}]}')
	printf %s '{"schemaVersion":2,"mediaType":"'$type.index.v1+json'","manifests":[{"mediaType":"'$type.manifest.v1+json'",'"$manifest"',"platform":{"os":"linux","architecture":"arm64"}}]}' >"$W/layout/index.json"
	put_blob - <"$W/layout/index.json" >/dev/null # a registry is asked for it by its digest, too
	printf '{"imageLayoutVersion":"1.0.0"}' >"$W/layout/oci-layout"
}

# registry_open: a registry that offers the layout as test:latest, on $PORT.
registry_open() {
	(cd "$W/layout" && exec python3 - >"$W/port" 2>/dev/null </dev/fd/4 3>&-) 4<<'PYTHON' &
import http.server, json, os

class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        word = self.path.rsplit("/", 1)[-1]
        name = "blobs/sha256/" + word[7:] if word.startswith("sha256:") else "index.json"
        body = b"{}" if self.path == "/v2/" else open(name, "rb").read()
        kind = "application/octet-stream"
        if "/manifests/" in self.path:
            kind = json.loads(body)["mediaType"]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
    do_HEAD = do_GET
    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
print(server.server_address[1], flush=True)
server.serve_forever()
PYTHON
	REGISTRY=$!
	eventually 30 test -s "$W/port"
	PORT=$(<"$W/port")
}

@test "no matching manifest: an index that has nothing for this machine" {
	need_commands python3
	[[ $(uname -m) == x86_64 ]] || skip "the index has what this machine needs"
	make_layout
	registry_open
	run docker pull "127.0.0.1:$PORT/test"
	printf '%s\n' "$output"
	[[ $status != 0 && $output == *'no matching manifest for linux/amd64'* ]]
	run on_machine "$ANYARCH" register arm64
	[[ $status == 0 ]]
	examine 0 "$W/layout"
	found '' no-matching-platform linux/amd64
	[[ $HINT == *'--platform linux/arm64'* ]]
	docker pull --quiet --platform linux/arm64 "127.0.0.1:$PORT/test"
	arm64_runs "127.0.0.1:$PORT/test"
}

@test "a container that may not mount is told so" {
	run docker run --rm --network=none "$TOOL" doctor
	printf '%s\n' "$output"
	[[ $status == 0 && $output == *--privileged* && $output != *'sudo anyarch register'* ]]
	run docker run --rm --network=none --privileged "$TOOL" doctor
	printf '%s\n' "$output"
	[[ $status == 0 && $output == *'anyarch register'* ]]
	run docker run --rm --network=none --privileged "$TOOL" register arm64
	[[ $status == 0 ]]
	arm64_runs "$BUSYBOX"
	run docker run --rm --network=none "$TOOL" doctor
	printf '%s\n' "$output"
	[[ $status == 0 && $output != *'arm64 programs do not run'* ]]
}

@test "run in a container: the engine's filter refuses, and the hint lifts it" {
	local program

	program=$(busybox_static arm64)
	run docker run --rm --network=none --volume "$program:/busybox:ro" "$TOOL" run -- /busybox uname -m
	printf '%s\n' "$output"
	[[ $status == 4 && $output == *'hint: a seccomp filter refuses them: docker run '* ]]
	HINT=${output##*hint: a seccomp filter refuses them: }
	# shellcheck disable=SC2086 # the words of a command
	run $HINT --rm --network=none --volume "$program:/busybox:ro" "$TOOL" run -- /busybox uname -m
	printf '%s\n' "$output"
	[[ $status == 0 && $output == aarch64 ]]
}

@test "handlers that hold themselves are no cause for complaint on the machine" {
	run docker run --rm --network=none --privileged "$TOOL" register arm64
	printf '%s\n' "$output"
	[[ $status == 0 ]]
	run on_machine "$ANYARCH" doctor --all
	printf '%s\n' "$output"
	[[ $status == 0 && $output != *'not mounted, and no foreign program runs'* && $output == *'arm64 programs run'* ]]
}
