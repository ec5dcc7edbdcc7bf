#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that index makes one image of several, with the platforms that their files say.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"

setup_file() {
	make_set formats
}

setup() {
	need_commands python3 jq skopeo
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	FORMATS=$BATS_FILE_TMPDIR/formats
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		def image(name, shell, architecture, variant=None, codec=lambda data: data):
		    layer = T.tar(I.system(shell))
		    config = I.config_of([layer], architecture, variant)
		    I.write("./" + name, I.archive(I.docker([([codec(layer)], config, [name[:-4] + ":1"])])))
		image("v7.tar", E.arm(), "arm", "v7")
		image("arm64.tar", E.arm64(), "arm64", "v8", I.gz)
		image("amd64.tar", E.amd64(), "amd64", None, I.zstd)
		image("lies.tar", E.arm(), "s390x")
		other = T.tar(T.member("etc/hostname", b"x", mode=0o644))
		I.write("./scripts.tar", I.archive(I.docker([([other], I.config_of([other], "riscv64", None), ["s:1"])])))
	PYTHON
}

# whole FILE|DIR: every descriptor leads to a blob of its size and digest; prints "platform config-digest" of each.
whole() {
	python3 - "$1" <<-'PYTHON'
		import hashlib, json, os, sys, tarfile
		path = sys.argv[1]
		if os.path.isdir(path):
		    def read(name):
		        return open(os.path.join(path, name), "rb").read()
		else:
		    tar = tarfile.open(path)
		    assert len(tar.getnames()) == len(set(tar.getnames()))
		    def read(name):
		        return tar.extractfile(name).read()
		def blob(descriptor):
		    data = read("blobs/sha256/" + descriptor["digest"][7:])
		    assert len(data) == descriptor["size"] and hashlib.sha256(data).hexdigest() == descriptor["digest"][7:]
		    return data
		assert json.loads(read("oci-layout")) == {"imageLayoutVersion": "1.0.0"}
		top = json.loads(read("index.json"))
		indexes = {descriptor["digest"] for descriptor in top["manifests"]}
		assert len(indexes) == 1
		index = json.loads(blob(top["manifests"][0]))
		for one in index["manifests"]:
		    manifest = json.loads(blob(one))
		    assert one["mediaType"] == manifest["mediaType"]
		    blob(manifest["config"])
		    for layer in manifest["layers"]:
		        blob(layer)
		    platform = one["platform"]
		    print("/".join(filter(None, (platform["os"], platform["architecture"], platform.get("variant")))), manifest["config"]["digest"])
	PYTHON
}

# bats test_tags=amd64
@test "one image of three files, for archives and layouts" {
	local out

	for out in out.tar oci-archive:out2.tar oci:layout; do
		expect 0 "$ANYARCH" index --force -o "$out" v7.tar arm64.tar amd64.tar
		same told $'linux/arm/v7: v7.tar\nlinux/arm64: arm64.tar\nlinux/amd64: amd64.tar' "$output"
		same platforms $'linux/arm/v7\nlinux/arm64\nlinux/amd64' "$(whole "${out#oci*:}" | cut -d ' ' -f 1)"
		expect 0 "$ANYARCH" inspect --expect linux/arm/v7 "${out#oci*:}"
		expect 0 "$ANYARCH" inspect --expect linux/arm64 "${out#oci*:}"
	done
	cmp out.tar out2.tar
	same configs "$(whole out.tar)" "$(whole layout)"
	# manifest.json is for this machine.
	skopeo inspect --config docker-archive:out.tar >config
	same host "$(jq -r .architecture config)" "$(dpkg --print-architecture)"
}

@test "names are one digest; annotations" {
	expect 0 "$ANYARCH" index --tag latest --tag rpi-latest --tag registry.example:5000/x/y:1 --annotate 'a.b=c "d" \e' \
		--annotate e= oci:layout v7.tar amd64.tar
	same names 'latest rpi-latest 1' "$(jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"]] | join(" ")' layout/index.json)"
	same whole registry.example:5000/x/y:1 "$(jq -r '.manifests[2].annotations["io.containerd.image.name"]' layout/index.json)"
	same digests 1 "$(jq -r '.manifests[].digest' layout/index.json | sort -u | wc -l)"
	same annotations '{"a.b":"c \"d\" \\e","e":""}' "$(jq -c .annotations "layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' layout/index.json)")"
	# As containerd and Docker keep it, and found by what was typed.
	expect 0 "$ANYARCH" index --tag anyarch:latest --tag me/it:1 oci:short v7.tar amd64.tar
	same whole 'docker.io/library/anyarch:latest docker.io/me/it:1' \
		"$(jq -r '[.manifests[].annotations["io.containerd.image.name"]] | join(" ")' short/index.json)"
	same names 'latest 1' "$(jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"]] | join(" ")' short/index.json)"
	expect 0 "$ANYARCH" inspect oci:short:anyarch:latest
	expect 0 "$ANYARCH" inspect oci:short:docker.io/me/it:1
	expect 3 "$ANYARCH" inspect oci:short:it:1
	# A port is no tag: docker load would refuse the name.
	expect 0 "$ANYARCH" index --tag registry.example:5000/x port.tar amd64.tar arm64.tar
	tar -xf port.tar index.json manifest.json
	same name registry.example:5000/x "$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' index.json)"
	same tags '[]' "$(jq -c '.[].RepoTags' manifest.json)"
	for name in '' : a: ':b' 'a"b' $'a\nb'; do
		expect 2 "$ANYARCH" index --tag "$name" out.tar v7.tar
	done
	expect 2 "$ANYARCH" index --annotate =x out.tar v7.tar
	expect 2 "$ANYARCH" index out.tar
	[[ ! -e out.tar ]]
}

# bats test_tags=slow
@test "every form, with what is OCI's already byte for byte" {
	local name digest

	for name in "$FORMATS"/*.tar "$FORMATS"/layout*; do
		case ${name##*/} in
		docker-no-image.tar | oci-empty.tar)
			expect 3 "$ANYARCH" index --force -o out "$name"
			continue
			;;
		esac
		expect 0 "$ANYARCH" index --force -o out "$name"
		[[ $(whole out) == *linux/arm/v7* ]]
	done
	digest=$("$ANYARCH" inspect --json "$FORMATS/oci-nested.tar" | jq -r '[.[] | select(.kind == "image") | .digest] | join(" ")')
	expect 0 "$ANYARCH" index --force -o out "$FORMATS/oci-nested.tar"
	same digests "$digest" "$("$ANYARCH" inspect --json out | jq -r '[.[].digest] | join(" ")')"
}

@test "a label that lies is refused, or trusted; one platform twice is refused; the same image twice is not" {
	expect 3 "$ANYARCH" index --force -o out.tar amd64.tar lies.tar
	hints --trust-label
	expect 0 "$ANYARCH" index --trust-label --force -o out.tar amd64.tar lies.tar
	[[ $(whole out.tar) == *linux/s390x* ]]
	expect 3 "$ANYARCH" index --force -o out2.tar scripts.tar
	expect 0 "$ANYARCH" index --trust-label --force -o out2.tar scripts.tar
	[[ $(whole out2.tar) == linux/riscv64* ]]
	expect 3 "$ANYARCH" index --force -o out3.tar v7.tar amd64.tar "$FORMATS/docker-old.tar"
	[[ $stderr == *'linux/arm/v7 is also in v7.tar'* && ! -e out3.tar ]]
	expect 0 "$ANYARCH" index --force -o out3.tar v7.tar v7.tar
	same once 1 "$(whole out3.tar | wc -l)"
}

@test "what fails leaves nothing: a missing file, a damaged blob, a directory that is there" {
	cp -r "$FORMATS/layout" bad
	find bad/blobs -type f -size +1k -exec sh -c 'printf x | dd of="$1" bs=1 seek=600 conv=notrunc status=none' sh {} \;
	for out in out.tar oci:layout; do
		expect_one_of '1 3' "$ANYARCH" index --force -o "$out" v7.tar nothing.tar
		expect 3 "$ANYARCH" index --force -o "$out" amd64.tar bad
		[[ ! -e ${out#oci:} ]]
	done
	mkdir layout
	touch layout/mine
	expect 3 "$ANYARCH" index -o oci:layout v7.tar
	hints 'does not exist'
	same left mine "$(find . -name '.*anyarch*'; ls -A layout)"
}
