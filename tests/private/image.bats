#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that the image which the project makes of itself is reproducible, says what it is, and is taken by everybody's tools.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

setup() {
	need_commands skopeo umoci podman jq strip qemu-arm-static
	IMAGE=${ANYARCH_IMAGE:-${ANYARCH_STATIC%/*}/anyarch-image.tar}
	[[ -f $IMAGE ]] || need "no image: tools/build --image"
	cd "$BATS_TEST_TMPDIR" || return
}

@test "the same files give the same bytes, whoever makes them" {
	local imager=$ANYARCH_SRC/tools/imager version

	version=$("$ANYARCH" --version | sed -n '1s/^anyarch //p')
	mkdir one two
	strip -o one/anyarch "$ANYARCH_STATIC"
	cp /usr/bin/qemu-arm-static /usr/bin/qemu-aarch64-static two/
	TZ=Asia/Tokyo expect_raw 0 "$imager" made.tar "$version" one/anyarch two/qemu-arm-static two/qemu-aarch64-static
	cmp made.tar "$IMAGE"
	SOURCE_DATE_EPOCH=1700000000 expect_raw 0 "$imager" dated.tar "$version" one/anyarch two/qemu-arm-static two/qemu-aarch64-static
	refute cmp -s dated.tar "$IMAGE"
	# Nothing but static programs, whole ones, for one machine; and nothing is left of what is refused.
	expect_raw 1 "$imager" bad.tar "$version" one/anyarch "$(type -P true)"
	[[ $stderr == *'not static'* ]]
	head -c 100000 two/qemu-arm-static >two/short
	expect_raw 1 "$imager" bad.tar "$version" one/anyarch two/short
	[[ $stderr == *'two/short: truncated'* ]]
	expect_raw 1 "$imager" bad.tar "$version" one/anyarch "$IMAGE"
	[[ $stderr == *'not a program'* ]]
	expect_raw 1 "$imager" bad.tar "$version" "$ANYARCH_SRC/tests/data/nothing" two/qemu-arm-static
	expect_raw 2 "$imager" bad.tar
	SOURCE_DATE_EPOCH=soon expect_raw 2 "$imager" bad.tar "$version" one/anyarch two/qemu-arm-static
	refute compgen -G 'bad*'
}

@test "it is a dual archive whose halves agree, with an entry point and labels" {
	expect 0 "$ANYARCH" inspect --json "$IMAGE"
	same format 'oci-archive and docker-archive' "$(jq -r '.[0].format' "$OUT")"
	same emulators '/usr/bin/qemu-arm-static /usr/bin/qemu-aarch64-static' "$(jq -r '[.[0].emulators[].path] | join(" ")' "$OUT")"
	skopeo inspect --config "oci-archive:$IMAGE" >oci.json
	skopeo inspect --config "docker-archive:$IMAGE" >docker.json
	same halves "$(jq -S . oci.json)" "$(jq -S . docker.json)"
	same entry '["/usr/bin/anyarch","oneshot"]' "$(jq -c .config.Entrypoint oci.json)"
	same version "$("$ANYARCH" --version | sed -n '1s/^anyarch //p')" "$(jq -r '.config.Labels["org.opencontainers.image.version"]' oci.json)"
	same QEMU "$(qemu-arm-static --version | sed -n '1s/.* version \([0-9.]*\).*/\1/p')" "$(jq -r '.config.Labels["org.qemu.version"]' oci.json)"
}

@test "skopeo, umoci and podman take it" {
	skopeo copy -q "oci-archive:$IMAGE" oci:layout:latest
	umoci stat --image layout:latest
	umoci unpack --rootless --image layout:latest bundle
	cmp bundle/rootfs/usr/bin/qemu-arm-static /usr/bin/qemu-arm-static
	same version "$("$ANYARCH_STATIC" --version)" "$(bundle/rootfs/usr/bin/anyarch --version)"
	podman --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs load --input "$IMAGE"
	podman --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs image inspect anyarch:latest >inspected
	same architecture "$(jq -r .architecture <(skopeo inspect --config "oci-archive:$IMAGE"))" "$(jq -r '.[0].Architecture' inspected)"
}

@test "with all emulators (-Dimage-emulators=all) it has each that is installed" {
	local installed

	installed=$(cd / && printf '%s\n' usr/bin/qemu-*-static | sort)
	[[ $(wc -l <<<"$installed") -ge 30 ]]
	"$ANYARCH_SRC/tools/image" all.tar 1 "$ANYARCH_STATIC"
	same members "$installed" "$(tar -xOf all.tar "$(tar -xOf all.tar manifest.json | jq -r '.[0].Layers[0]')" | tar -t | grep -v '/$' | sort)"
	expect 0 "$ANYARCH" inspect all.tar
	skopeo inspect oci-archive:all.tar >/dev/null
}
