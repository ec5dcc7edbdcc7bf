#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that convert takes one image out of every form in which images come, whole and with its ID.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"

setup_file() {
	make_set formats
	make_set labels
}

setup() {
	need_commands python3 jq skopeo
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	FORMATS=$BATS_FILE_TMPDIR/formats
}

# config_of IMAGE [TRANSPORT]: the digest of its config.
config_of() {
	python3 - "$1" <<-'PYTHON'
		import hashlib, json, sys, tarfile
		with tarfile.open(sys.argv[1]) as tar:
		    item, = json.load(tar.extractfile("manifest.json"))
		    config = tar.extractfile(item["Config"]).read()
		    ids = json.loads(config)["rootfs"]["diff_ids"]
		    assert item["Config"] == hashlib.sha256(config).hexdigest() + ".json"
		    assert len(ids) == len(item["Layers"])
		    for layer, diff_id in zip(item["Layers"], ids):
		        assert "sha256:" + hashlib.sha256(tar.extractfile(layer).read()).hexdigest() == diff_id
		    assert len(tar.getnames()) == len(set(tar.getnames()))
		print(item["Config"][:64], *item["RepoTags"] or [])
	PYTHON
}

@test "every form with an image for ARM in it: the same config, layers that are what it says" {
	local name n=0 want

	want=$(tar -xOf "$FORMATS/docker-old.tar" manifest.json | jq -r '.[0].Config[:64]')
	for name in "$FORMATS"/*.tar "$FORMATS"/docker.tar.* "$FORMATS"/layout*; do
		printf '%s\n' "${name##*/}"
		status=0
		"$ANYARCH" convert --platform linux/arm/v7 --tag test:2 "$name" out 2>err || status=$?
		case ${name##*/} in
		docker-no-image.tar | oci-empty.tar)
			[[ $status -eq 3 ]]
			continue
			;;
		esac
		[[ $status -eq 0 ]] || {
			cat err
			return 1
		}
		case ${name##*/} in
		docker-shared-layer.tar) [[ $(config_of out) == *' test:2' ]] ;;
		*) same config "$want test:2" "$(config_of out)" ;;
		esac
		expect 0 "$ANYARCH" inspect --expect linux/arm/v7 out
		n=$((n + 1))
		rm out
	done
	[[ $n -ge 22 ]]
	same left err "$(ls -A)"
}

@test "of several one has to be chosen, by platform or by name" {
	expect 2 "$ANYARCH" convert "$FORMATS/oci-nested.tar" out
	hints --platform
	expect 0 "$ANYARCH" convert --platform amd64 "$FORMATS/oci-nested.tar" out
	expect 0 "$ANYARCH" inspect --expect linux/amd64 out
	expect 3 "$ANYARCH" convert --platform arm64 "$FORMATS/oci-nested.tar" out
	expect 2 "$ANYARCH" convert "$FORMATS/docker-many.tar" out
	expect 0 "$ANYARCH" convert "docker-archive:$FORMATS/docker-many.tar:other:1" docker-archive:out
	[[ $(config_of out) == *' other:1' ]]
	expect 3 "$ANYARCH" convert "docker-archive:$FORMATS/docker-many.tar:nothing:1" out
	# What was there stays when nothing comes out.
	expect 0 "$ANYARCH" inspect --expect linux/amd64 out
	skopeo copy -q docker-archive:out dir:copied
	expect 0 "$ANYARCH" convert --tag piped:1 - out < <(cat "$FORMATS/docker-old.tar")
	[[ $(config_of out) == *' piped:1' ]]
	for name in '' NAME a:b:c/ 'a:"' ':x'; do
		expect 2 "$ANYARCH" convert --tag "$name" "$FORMATS/docker-old.tar" out
	done
	expect 2 "$ANYARCH" convert "$FORMATS/docker-old.tar"
	expect 2 "$ANYARCH" convert "$FORMATS/docker-old.tar" oci:out
}

@test "a label that lies is refused, or made true" {
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		layer = T.tar(I.system(E.arm()))
		for name, arch, variant in (("pc", "amd64", None), ("v5", "arm", "v5"), ("pc-v3", "amd64", "v3")):
		    config = I.config_of([layer], arch, variant, x_more=[1.50])
		    I.write("./" + name + ".tar", I.archive(I.docker([([layer], config, ["test:1"])])))
	PYTHON
	for name in pc v5 pc-v3; do
		expect 3 "$ANYARCH" convert "$name.tar" out
		hints --fix-label
		[[ ! -e out ]]
		expect 0 "$ANYARCH" convert --fix-label "$name.tar" out
		expect 0 "$ANYARCH" inspect --expect linux/arm/v7 out
		[[ $(config_of out) == *' test:1' ]]
		tar -xOf out --wildcards '*.json' | grep -q '"x_more": \[1.5\]'
		rm out
	done
}

@test "a layer that is not what the config says is not passed on" {
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		layer = T.tar(I.system(E.arm()))
		config = I.config_of([layer + b"\0" * 512])
		I.write("./bad.tar", I.archive(I.docker([([layer], config, ["test:1"])])))
	PYTHON
	expect 3 "$ANYARCH" convert bad.tar out
	same left bad.tar "$(ls -A)"
}
