#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that images which were changed and made here go through a real registry and back.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/registry.bash
source "$BATS_TEST_DIRNAME/../lib/registry.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup_file() {
	make_set formats
	make_emulators "$BATS_FILE_TMPDIR"
	registry_start
}

teardown_file() {
	registry_stop
}

setup() {
	need_commands docker-registry skopeo jq python3
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	FORMATS=$BATS_FILE_TMPDIR/formats
	REMOTE=docker://127.0.0.1:$PORT
}

@test "an index: each platform that is pulled is the right one" {
	local platform want got

	"$ANYARCH" convert --platform arm/v7 "$FORMATS/oci-nested.tar" arm.tar
	"$ANYARCH" convert --platform amd64 "$FORMATS/oci-nested.tar" amd64.tar
	expect 0 "$ANYARCH" index --tag latest oci:layout arm.tar amd64.tar
	skopeo copy -q --all --preserve-digests --dest-tls-verify=false oci:layout:latest "$REMOTE/test:latest"
	for platform in 'arm v7' 'amd64 '; do
		read -r arch variant <<<"$platform"
		want=$(skopeo inspect --config "docker-archive:$([[ $arch == arm ]] && echo arm || echo amd64).tar" | jq -S -c .rootfs)
		got=$(skopeo --override-arch "$arch" ${variant:+--override-variant "$variant"} inspect --config --tls-verify=false "$REMOTE/test:latest" | jq -S -c .rootfs)
		same "$platform" "$want" "$got"
	done
	# And back, the same bytes.
	skopeo copy -q --all --preserve-digests --src-tls-verify=false "$REMOTE/test:latest" oci:back:latest
	same digest "$(jq -r '.manifests[0].digest' layout/index.json)" "$(jq -r '.manifests[0].digest' back/index.json)"
	expect 0 "$ANYARCH" inspect --expect linux/arm/v7 back
}

@test "an injected image goes there and comes back, and ejected it is what it was" {
	cp -r "$FORMATS/layout" layout
	expect 0 "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$BATS_FILE_TMPDIR/A" layout
	skopeo copy -q --preserve-digests --dest-tls-verify=false oci:layout:1 "$REMOTE/injected:1"
	skopeo copy -q --preserve-digests --src-tls-verify=false "$REMOTE/injected:1" oci:back:1
	expect 0 "$ANYARCH" inspect back
	[[ $output == *ARM* || $output == *linux/arm/v7* ]]
	expect 0 "$ANYARCH" eject back
	same digest "$(jq -r '.manifests[0].digest' "$FORMATS/layout/index.json")" "$(jq -r '.manifests[0].digest' back/index.json)"
}
