#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that convert takes images out of every form in which they come into every other, whole and with their IDs.
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

# bats test_tags=slow
@test "every form with an image for ARM in it: the same config, layers that are what it says" {
	local name n=0 want

	want=$(tar -xOf "$FORMATS/docker-old.tar" manifest.json | jq -r '.[0].Config[:64]')
	for name in "$FORMATS"/*.tar "$FORMATS"/docker.tar.* "$FORMATS"/layout*; do
		printf '%s\n' "${name##*/}"
		status=0
		"$ANYARCH" convert --force --platform linux/arm/v7 --tag test:2 "$name" out 2>err || status=$?
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
	expect 2 "$ANYARCH" convert --force "$FORMATS/oci-nested.tar" out
	hints --platform
	expect 0 "$ANYARCH" convert --force --platform amd64 "$FORMATS/oci-nested.tar" out
	expect 0 "$ANYARCH" inspect --expect linux/amd64 out
	expect 3 "$ANYARCH" convert --force --platform arm64 "$FORMATS/oci-nested.tar" out
	expect 2 "$ANYARCH" convert --force "$FORMATS/docker-many.tar" out
	expect 0 "$ANYARCH" convert --force "docker-archive:$FORMATS/docker-many.tar:other:1" docker-archive:out
	[[ $(config_of out) == *' other:1' ]]
	expect 3 "$ANYARCH" convert --force "docker-archive:$FORMATS/docker-many.tar:nothing:1" out
	# What was there stays when nothing comes out.
	expect 0 "$ANYARCH" inspect --expect linux/amd64 out
	skopeo copy -q docker-archive:out dir:copied
	expect 0 "$ANYARCH" convert --force --tag piped:1 - out < <(cat "$FORMATS/docker-old.tar")
	[[ $(config_of out) == *' piped:1' ]]
	for name in '' NAME a:b:c/ 'a:"' ':x'; do
		expect 2 "$ANYARCH" convert --force --tag "$name" "$FORMATS/docker-old.tar" out
	done
	expect 2 "$ANYARCH" convert --force "$FORMATS/docker-old.tar"
	expect 2 "$ANYARCH" convert --force "$FORMATS/docker-old.tar" docker-archive:out:name:1
	expect 2 "$ANYARCH" convert --force "$FORMATS/docker-old.tar" oci:
	expect 2 "$ANYARCH" convert --force "$FORMATS/docker-old.tar" -
	expect 2 "$ANYARCH" index - "$FORMATS/docker-old.tar"
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
		expect 3 "$ANYARCH" convert --force "$name.tar" out
		hints --fix-label
		[[ ! -e out ]]
		expect 0 "$ANYARCH" convert --force --fix-label "$name.tar" out
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
	expect 3 "$ANYARCH" convert --force bad.tar out
	same left bad.tar "$(ls -A)"
}

@test "an image with a layer that cannot be read is not said to be missing" {
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		layer = T.tar(I.system(E.arm()))
		I.write("./bad.tar", I.archive(I.docker([([T.gz(layer)[:-9]], I.config_of([layer]), ["test:1"])])))
	PYTHON
	expect 3 "$ANYARCH" convert --force --platform arm bad.tar out
	says 'truncated or corrupt'
	expect 3 "$ANYARCH" convert --force --platform arm docker-archive:bad.tar:other out
	says 'no such image'
	same left bad.tar "$(ls -A)"
}

# ids IMAGE: the digests of the configs of its images.
ids() {
	case $1 in
	*.gzip | *.zstd) set -- "$FORMATS/docker-old.tar" ;; # that one, compressed
	esac
	PYTHONPATH=$ANYARCH_SRC/tests/lib python3 -B -c 'if True:
		import sys, image_check
		print(*sorted({image_check.digest(config) for _, config, _ in image_check.images(image_check.members(sys.argv[1]))}))' "$1"
}

# blobs_are_right LAYOUT: each has the digest that is its name.
blobs_are_right() {
	(cd "$1/blobs/sha256" && sha256sum -- * | awk '$1 != $2 { print; bad = 1 } END { exit bad }')
}

# bats test_tags=slow
@test "every form into OCI's, and on: the same images, each blob what its name says" {
	local name n=0

	for name in "$FORMATS"/*.tar "$FORMATS"/docker.tar.* "$FORMATS"/layout*; do
		printf '%s\n' "${name##*/}"
		case ${name##*/} in
		docker-no-image.tar) expect 3 "$ANYARCH" convert --force "$name" oci:one && continue ;;
		esac
		expect 0 "$ANYARCH" convert --force "$name" oci:one
		blobs_are_right one
		same ids "$(ids "$name")" "$(ids one)"
		expect 0 "$ANYARCH" convert --force one oci-archive:two
		same ids "$(ids "$name")" "$(ids two)"
		expect 0 "$ANYARCH" convert --force two oci:three
		diff -r one three
		rm -r one two three
		n=$((n + 1))
	done
	[[ $n -ge 24 ]]
}

@test "OCI's own stays byte for byte, attestations and nested indexes included; other tools take what comes out" {
	local file

	expect 0 "$ANYARCH" convert --force "$FORMATS/oci-attested.tar" oci:out
	mkdir was
	tar -C was -xf "$FORMATS/oci-attested.tar"
	refute grep '^[^O]\|in out' <(diff -r was out) # but for blobs that nothing refers to
	grep -q 'attestation-manifest' out/blobs/sha256/*
	expect 0 "$ANYARCH" convert --force "$FORMATS/layout-nested" oci-archive:nested.tar
	mkdir nested
	tar -C nested -xf nested.tar
	diff -r "$FORMATS/layout-nested" nested
	expect 0 "$ANYARCH" convert --force "$FORMATS/docker-old.tar" oci:docker:tag
	umoci stat --image docker:tag
	skopeo copy -q oci:docker:tag docker-archive:back.tar:test:1
	expect 0 "$ANYARCH" convert --force "$FORMATS/docker-new.tar" oci-archive:new.tar
	skopeo copy -q oci-archive:new.tar dir:copied
	# There and back it has its ID.
	expect 0 "$ANYARCH" convert --force oci:docker:tag back2.tar
	same config "$(tar -xOf "$FORMATS/docker-old.tar" manifest.json | jq -r '.[0].Config[:64]')" "$(config_of back2.tar | cut -d ' ' -f 1)"
	file=$(jq -r '.manifests[0].digest[7:]' docker/index.json)
	same types 'application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.config.v1+json' \
		"$(jq -r '.mediaType + " " + .config.mediaType' "docker/blobs/sha256/$file")"
}

@test "one platform, one name, other names, a label made true: into OCI's" {
	expect 0 "$ANYARCH" convert --force --platform linux/arm/v7 --tag docker.io/x/y:1 --tag z:2 "$FORMATS/oci-nested.tar" oci:out
	same names $'docker.io/x/y:1\ndocker.io/library/z:2' "$(jq -r '.manifests[].annotations["io.containerd.image.name"]' out/index.json)"
	same platform '{"architecture":"arm","os":"linux","variant":"v7"}' "$(jq -c '.manifests[0].platform' out/index.json)"
	[[ $(jq -r '.manifests[].digest' out/index.json | sort -u | wc -l) -eq 1 ]]
	expect 0 "$ANYARCH" convert --force "docker-archive:$FORMATS/docker-many.tar:other:1" oci:other
	same names docker.io/library/other:1 "$(jq -r '.manifests[].annotations["io.containerd.image.name"]' other/index.json)"
	expect 2 "$ANYARCH" convert --force "$FORMATS/docker-many.tar" oci:two:1
	hints --platform
	expect 0 "$ANYARCH" convert --force "$FORMATS/docker-many.tar" oci:many
	[[ $(jq '.manifests | length' many/index.json) -ge 2 ]]
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import base64, json
		import image_files as I, tar_files as T, elf_files as E
		layer = T.tar(I.system(E.arm()))
		config = I.config_of([layer], "amd64", None, x_more=[1.50])
		I.write("./pc.tar", I.archive(I.docker([([layer], config, ["test:1"])])))
		oci = I.Oci()
		data = {"data": base64.b64encode(I.pack(config)).decode()}
		body = {"schemaVersion": 2, "mediaType": I.MANIFEST, "x": [1.0], "config": {**oci.blob(config, I.CONFIG), **data},
		        "layers": [oci.blob(layer, I.LAYER)]}
		I.write_layout("pc", oci.finish(oci.blob(body, I.MANIFEST, **I.named("1"))))
	PYTHON
	for name in pc.tar pc; do
		expect 3 "$ANYARCH" convert --force --tag a:1 "$name" oci:fixed
		hints --fix-label
		[[ ! -e fixed ]]
		expect 0 "$ANYARCH" convert --force --fix-label "$name" oci:fixed
		blobs_are_right fixed
		expect 0 "$ANYARCH" inspect --expect linux/arm/v7 fixed
		grep -rq '"x_more": \[1.5\]' fixed
		umoci stat --image "fixed:1" || umoci stat --image fixed:test:1 || skopeo inspect --raw oci:fixed
		rm -r fixed
	done
}

@test "into OCI's: what cannot be made whole is not made" {
	local blob

	mkdir there
	touch there/mine
	expect 3 "$ANYARCH" convert --force "$FORMATS/docker-old.tar" oci:there
	says 'already exists'
	same left mine "$(ls -A there)"
	cp -r "$FORMATS/layout" damaged
	blob=$(find damaged/blobs/sha256 -type f -size +3k | head -n 1)
	printf x | dd of="$blob" bs=1 seek=2000 conv=notrunc status=none
	expect 3 "$ANYARCH" convert --force damaged oci:out
	expect 3 "$ANYARCH" convert --force damaged oci-archive:out
	[[ ! -e out && ! -e .out.anyarch-new ]]
	expect 3 "$ANYARCH" convert --force "$FORMATS/nothing" oci:out
	[[ ! -e out ]]
}

@test "what exists is not replaced without --force, and an index cannot replace its first image" {
	local before

	echo mine >out
	expect 3 "$ANYARCH" convert "$FORMATS/docker-old.tar" out
	says 'out already exists'
	hints --force
	expect 3 "$ANYARCH" convert "$FORMATS/docker-old.tar" oci-archive:out
	expect 3 "$ANYARCH" index -o out "$FORMATS/docker-old.tar"
	same kept mine "$(<out)"
	expect 0 "$ANYARCH" convert --force "$FORMATS/docker-old.tar" out
	cp out arm.tar
	before=$(sha256sum arm.tar)
	expect 3 "$ANYARCH" index arm.tar out
	says 'arm.tar already exists'
	expect 3 "$ANYARCH" index --force arm.tar out
	same kept "$before" "$(sha256sum arm.tar)"
	expect 2 "$ANYARCH" index
	hints 'index -o OUT'
	expect 0 "$ANYARCH" index new.tar arm.tar
	expect 0 "$ANYARCH" index --force -o new.tar arm.tar
	same left $'arm.tar\nnew.tar\nout' "$(ls -A)"
}

@test "into OCI's: a layout that a killed run has begun is made; one that another run is making is not" {
	mkdir -p half/blobs/sha256
	head -c 1000 /dev/zero >half/blobs/sha256/"$(printf '0%.0s' {1..64})"
	expect 0 "$ANYARCH" convert "$FORMATS/docker-old.tar" oci:half
	expect 0 "$ANYARCH" convert "$FORMATS/docker-old.tar" oci:whole
	diff -r half whole
	mkdir -p held
	flock held sleep 60 3>&- &
	while flock -n held true; do sleep 0.1; done
	expect 75 "$ANYARCH" convert "$FORMATS/docker-old.tar" oci:held
	kill "$(pgrep -P $!)" 2>/dev/null || kill $!
	expect 0 "$ANYARCH" convert "$FORMATS/docker-old.tar" oci:new
	expect 3 "$ANYARCH" convert "$FORMATS/docker-old.tar" oci:new
}

@test "into OCI's: a name is that of the whole index, where all of an image comes along" {
	expect 0 "$ANYARCH" convert "$FORMATS/oci-nested.tar" oci:whole
	expect 0 "$ANYARCH" convert whole oci:named:it:1
	same digest "$(jq -r '.manifests[0].digest' whole/index.json)" "$(jq -r '.manifests[0].digest' named/index.json)"
	same name '["docker.io/library/it:1"]' "$("$ANYARCH" inspect --json named | jq -c '[.[].references[]] | unique')"
	expect 0 "$ANYARCH" convert --tag a:1 --tag b:2 whole oci-archive:tagged
	same name '["docker.io/library/a:1","docker.io/library/b:2"]' "$("$ANYARCH" inspect --json tagged | jq -c '[.[].references[]] | unique')"
	same blobs "$(ls whole/blobs/sha256)" "$(ls named/blobs/sha256)"
	expect 2 "$ANYARCH" convert --tag a:1 "$FORMATS/docker-many.tar" oci:two
}

# Each row: the annotations of the entry, the new name, and what must become of them; all other bytes stay.
@test "into OCI's: a new name of the whole index changes nothing else in index.json" {
	local was name is full='"io.containerd.image.name":"docker.io/library/it:1","org.opencontainers.image.ref.name":"1"'
	local old='"io.containerd.image.name":"docker.io/x/y:2"'
	expect 0 "$ANYARCH" convert "$FORMATS/oci-nested.tar" oci:whole
	local entry
	entry=$(jq -c '.manifests[0] | del(.annotations) | tojson | .[:-1]' whole/index.json | jq -r .)
	write() { # ANNOTATIONS
		printf '{"schemaVersion": 2,\n "annotations": {"made": "by me"},\n "manifests": [\n  %s%s, "x-more": [1]}\n ], "x": {"y": 1.50}}\n' \
			"$entry" "$1"
	}
	while IFS='|' read -r was name is; do
		write "$was" >whole/index.json
		rm -rf named
		expect 0 "$ANYARCH" convert whole "oci:named:$name"
		case $was in
			*annotations*) diff <(write "$is") named/index.json ;;
			*) diff <(write "" | sed "s|\[1\]|&$is|") named/index.json ;;
		esac
	done <<-END
		|it:1|,"annotations":{$full}
		, "annotations":null|it:1|, "annotations":{$full}
		, "annotations": {"a": "b"}|it:1|, "annotations": {"a": "b",$full}
		, "annotations": {$old, "a": "b"}|it:1|, "annotations": {"io.containerd.image.name":"docker.io/library/it:1", "a": "b","org.opencontainers.image.ref.name":"1"}
		, "annotations": {$old, "a": "b"}|it|, "annotations": {"a": "b","org.opencontainers.image.ref.name":"it"}
		, "annotations": {"a": "b", $old}|it|, "annotations": {"a": "b","org.opencontainers.image.ref.name":"it"}
		, "annotations": {"org.opencontainers.image.ref.name":"2", "a": "b"}|it|, "annotations": {"org.opencontainers.image.ref.name":"it", "a": "b"}
	END
	write ', "annotations": {"a": "b"}' >whole/index.json
	expect 0 "$ANYARCH" convert --tag a:1 --tag b:2 whole oci:tagged
	same annotations '["b","b"] ["1","2"] {"made":"by me"}' "$(jq -rc '"\([.manifests[].annotations.a]) \([.manifests[].annotations["org.opencontainers.image.ref.name"]]) \(.annotations)"' tagged/index.json)"
	expect 0 "$ANYARCH" convert tagged oci:again:c:3
	same annotations '["3"] {"made":"by me"}' "$(jq -rc '"\([.manifests[].annotations["org.opencontainers.image.ref.name"]]) \(.annotations)"' again/index.json)"
	# An index without images beside it is no image that could be chosen, and must not get lost.
	echo '{"schemaVersion":2,"manifests":[]}' >empty
	local digest
	digest=$(sha256sum <empty)
	cp empty "whole/blobs/sha256/${digest%% *}"
	write "" | jq -c --arg digest "sha256:${digest%% *}" --argjson size "$(stat -c %s empty)" \
		'.manifests += [.manifests[0] + {digest: $digest, size: $size}]' >index.json
	mv index.json whole/index.json
	expect 2 "$ANYARCH" convert whole oci:beside:it:1
	says 'several things'
	[[ ! -e beside ]]
	expect 0 "$ANYARCH" convert whole oci:beside
	cmp whole/index.json beside/index.json
}
