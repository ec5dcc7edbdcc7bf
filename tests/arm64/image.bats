#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that the image for one-shot containers comes for amd64 and arm64 hosts at once, each with emulators that run there,
# reproducibly, and that everybody's tools find both.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

setup() {
	need_commands skopeo umoci podman jq
	IMAGES=${ANYARCH_IMAGES:-${ANYARCH_STATIC%/*}/anyarch-image-amd64-arm64.tar}
	ANYARCH_ARM64=${ANYARCH_ARM64:-$ANYARCH_SRC/build-static-arm64/src/anyarch}
	[[ -f $IMAGES ]] || need "no image: tools/build --image --host=amd64,arm64"
	cd "$BATS_TEST_TMPDIR" || return
}

# layout_of ARCHITECTURE: an OCI layout with the image for that alone.
layout_of() {
	skopeo copy -q --override-arch "$1" "oci-archive:$IMAGES" "oci:$1:latest"
}

@test "an index of both, each label true, each emulator for its host" {
	expect 0 "$ANYARCH" inspect --expect linux/amd64 "$IMAGES"
	expect 0 "$ANYARCH" inspect --expect linux/arm64 "$IMAGES"
	expect 3 "$ANYARCH" inspect --expect linux/arm/v7 "$IMAGES"
	expect 0 "$ANYARCH" inspect --json "$IMAGES"
	same platforms 'linux/amd64 linux/arm64' "$(jq -r '[.[].platform] | join(" ")' "$OUT")"
	same labels 'true true' "$(jq -r '[.[].label_agrees] | join(" ")' "$OUT")"
	same emulators $'x86_64: aarch64 arm\naarch64: arm x86_64' \
		"$(jq -r '.[] | "\(.emulators[0].host): \([.emulators[].arch] | sort | join(" "))"' "$OUT")"
	same hosts $'x86_64\naarch64' "$(jq -r '.[].emulators | map(.host) | unique | join(" ")' "$OUT")"
}

@test "skopeo, umoci and podman take the image of either host" {
	local one

	same platforms 'amd64 arm64' "$(skopeo inspect --raw "oci-archive:$IMAGES" | jq -r '[.manifests[].platform.architecture] | join(" ")')"
	for one in amd64 arm64; do
		skopeo inspect --override-arch "$one" --config "oci-archive:$IMAGES" >config
		same architecture "$one" "$(jq -r .architecture config)"
		same entry '["/usr/bin/anyarch","oneshot"]' "$(jq -c .config.Entrypoint config)"
		layout_of "$one"
		umoci unpack --rootless --image "$one:latest" "$one.bundle"
	done
	same 'for amd64' "$("$ANYARCH_STATIC" --version | head -n 1)" "$(amd64.bundle/rootfs/usr/bin/anyarch --version | head -n 1)"
	same 'for arm64' "$("$ANYARCH_STATIC" --version | head -n 1)" \
		"$("$ANYARCH" run -- arm64.bundle/rootfs/usr/bin/anyarch --version | head -n 1)"
	podman --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs load --input "$IMAGES"
	podman --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs image inspect anyarch:latest >inspected
	same architecture "$(dpkg --print-architecture)" "$(jq -r '.[0].Architecture' inspected)"
}

@test "built again it is the same, byte for byte" {
	local number emulators

	number=$("$ANYARCH" --version | sed -n '1s/^anyarch //p')
	emulators=$(
		# shellcheck source=tools/lib.sh
		. "$ANYARCH_SRC/tools/lib.sh"
		# shellcheck source=tools/fetch.sh
		. "$ANYARCH_SRC/tools/fetch.sh"
		fetch_emulators arm64 arm x86_64
	)
	expect_raw 0 "$ANYARCH_SRC/tools/image" amd64.tar "$number" "$ANYARCH_STATIC" usual
	TZ=Asia/Tokyo expect_raw 0 "$ANYARCH_SRC/tools/image" --from "$emulators" --strip aarch64-linux-gnu-strip \
		arm64.tar "$number" "$ANYARCH_ARM64" arm x86_64
	expect 0 "$ANYARCH_STATIC" index --tag docker.io/library/anyarch:latest again.tar amd64.tar arm64.tar
	cmp again.tar "$IMAGES"
	expect_raw 1 "$ANYARCH_SRC/tools/image" mixed.tar "$number" "$ANYARCH_ARM64" arm
	expect_raw 1 "$ANYARCH_SRC/tools/image" --from "$emulators" bad.tar "$number" "$ANYARCH_ARM64" hppa
}
