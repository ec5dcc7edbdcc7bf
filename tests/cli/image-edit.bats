#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=slow
# Owns what inject changes in an image, in every form in which images come, and that eject leaves no trace of it.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup_file() {
	make_set formats
	make_emulators "$BATS_FILE_TMPDIR"
}

setup() {
	need_commands python3 jq gcc skopeo umoci
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	FORMATS=$BATS_FILE_TMPDIR/formats A=$BATS_FILE_TMPDIR/A
}

# digests IMAGE: what each image of it is called by.
digests() {
	"$ANYARCH" inspect --json "$1" | jq -r '.[] | "\(.references | if . == [] then "null" else join(",") end) \(.digest) \(.kind)"'
}

inject() {
	expect "$1" "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$A" "${@:2}"
}

# differs_by_the_emulator BEFORE AFTER
differs_by_the_emulator() {
	python3 "$ANYARCH_SRC/tests/lib/image_check.py" "$1" "$2" "$A"
}

# all_of PATH: names, types, links and content below it.
all_of() {
	find "$1" -printf '%P %y %s %l\n' | sort
	find "$1" -type f -exec sha256sum {} + | cut -d ' ' -f 1 | sort
}

# bats test_tags=slow
@test "every form: one layer more for each image for ARM, nothing else; and eject gives the digests back" {
	local name n=0

	for name in "$FORMATS"/*.tar "$FORMATS"/layout*; do
		printf '%s\n' "${name##*/}"
		cp -r "$name" was
		cp -r "$name" image
		inject 0 image
		[[ $(digests was) == "$(digests image)" ]] || n=$((n + 1))
		differs_by_the_emulator was image
		inject 0 image
		[[ $output != *injected* ]]
		expect 0 "$ANYARCH" eject image
		same "${name##*/}" "$(digests was)" "$(digests image)"
		if [[ -d image ]]; then
			diff -r was image
		fi
		same 'left' image$'\n'was "$(ls -A)"
		rm -rf was image
	done
	[[ $n -ge 20 ]]
}

# bats test_tags=slow
@test "a batch: four base images in one call, each with one file more, and its directories" {
	local name

	for name in docker-old docker-new docker-gzip-layers docker-untagged; do
		cp "$FORMATS/$name.tar" "$name.tar"
	done
	inject 0 docker-old.tar docker-new.tar docker-gzip-layers.tar docker-untagged.tar
	same lines 4 "$(grep -c ': injected /usr/bin/qemu-arm-static$' <<<"$output")"
	for name in docker-old docker-new docker-gzip-layers docker-untagged; do
		differs_by_the_emulator "$FORMATS/$name.tar" "$name.tar"
	done
	# What becomes of one does not hinder the others.
	echo nothing >bad.tar
	expect 3 "$ANYARCH" eject docker-old.tar bad.tar docker-new.tar
	same digests "$(digests "$FORMATS/docker-old.tar")$(digests "$FORMATS/docker-new.tar")" "$(digests docker-old.tar)$(digests docker-new.tar)"
}

# bats test_tags=slow
@test "compressed, in every form that may have it: the same content, and the digests come back" {
	local name n=0

	for name in "$FORMATS"/*.tar "$FORMATS"/layout*; do
		cp -r "$name" was
		cp -r "$name" image
		inject 0 --compress=gzip image
		differs_by_the_emulator was image
		# It is there already, compressed or not.
		cp -r image again
		inject 0 image
		[[ $output != *injected* ]]
		expect 0 "$ANYARCH" eject image
		same "${name##*/}" "$(digests was)" "$(digests image)"
		rm -rf was image again
		n=$((n + 1))
	done
	[[ $n -ge 20 ]]
}

# top_type LAYOUT: of the topmost layer of its first image.
top_type() {
	jq -r '.layers[-1].mediaType' "$1/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$1/index.json")"
}

# bats test_tags=slow
@test "the type of the layer says how it is stored; what not every reader knows is refused" {
	local codec end name

	for codec in none gzip zstd; do
		end=+$codec
		cp -r "$FORMATS/layout" image
		inject 0 --compress "$codec" image
		[[ $codec != none ]] || end=
		same type "application/vnd.oci.image.layer.v1.tar$end" "$(top_type image)"
		expect 0 "$ANYARCH" convert image "$codec.tar"
		tar -xf "$codec.tar" -O "$(tar -xf "$codec.tar" -O manifest.json | jq -r '.[0].Layers[-1]')" |
			tar -xO usr/bin/qemu-arm-static | cmp - "$A"
		skopeo copy -q oci:image:1 oci:copy:1
		[[ $codec == zstd ]] || skopeo copy -q oci:image:1 "docker-archive:skopeo.$codec.tar:test:1"
		expect 0 "$ANYARCH" eject image
		same "$codec" "$(digests "$FORMATS/layout")" "$(digests image)"
		rm -rf image
	done
	for name in docker-old.tar dual.tar; do
		cp "$FORMATS/$name" image
		inject 3 --compress zstd image
		hints gzip
		cmp "$FORMATS/$name" image
	done
	rm image
	python3 -B - <<-'PYTHON'
		import json, os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import image_files as I, tar_files as T, elf_files as E
		docker = "application/vnd.docker."
		oci = I.Oci()
		one = oci.image([T.tar(I.system(E.arm()))])
		body = json.loads(oci.files["blobs/sha256/" + one["digest"][7:]])
		body["config"]["mediaType"] = docker + "container.image.v1+json"
		mixed = oci.blob(body, I.MANIFEST)
		body["mediaType"] = docker + "distribution.manifest.v2+json"
		body["layers"][0]["mediaType"] = docker + "image.rootfs.diff.tar"
		I.write_layout("one-config", oci.finish(one, oci.blob(body, body["mediaType"])))
		I.write_layout("mixed", oci.finish(mixed))
	PYTHON
	for name in one-config mixed; do
		cp -r "$name" image
		inject 3 --compress zstd image
		diff -r "$name" image
		inject 0 --compress gzip image
		rm -r image
	done
	cp "$FORMATS/dual.tar" image
	inject 2 --compress brotli image
	expect 2 "$ANYARCH" eject --compress gzip image
	# For several platforms with one emulator it is compressed once, and is one blob.
	rm image
	cp -r "$FORMATS/layout-nested" image
	mkdir tmp
	TMPDIR=$PWD/tmp inject 0 --compress gzip image
	same 'temporary files' '' "$(ls -A tmp)"
	TMPDIR=/nowhere inject 3 --compress gzip --emulator "${A%A}B" image
	hints TMPDIR
}

@test "the same emulator, put there by others, is enough; another one is not" {
	local tool

	need_commands qemu-arm-static
	tool=$(type -P qemu-arm-static)
	mkdir -p root/usr/bin root/opt
	cp "$tool" root/opt/qemu-arm-static
	ln -s /opt/qemu-arm-static root/usr/bin/qemu-arm-static
	cp -r "$FORMATS/layout" image
	umoci insert --image image:1 root /
	cp -r image was
	expect 0 "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$tool" image
	[[ $output == *'unchanged /usr/bin/qemu-arm-static'* ]]
	diff -r was image
	cp "$tool" other
	printf x >>other
	expect 0 "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$PWD/other" image
	[[ $output == *injected* ]]
	expect 0 "$ANYARCH" eject image
	diff -r was image
	# One that cannot be executed is not enough either.
	chmod 644 root/opt/qemu-arm-static
	umoci insert --image image:1 root /
	expect 0 "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$tool" image
	[[ $output == *injected* ]]
}

# bats test_tags=slow
@test "another emulator takes the place of ours, as if that had never been there (32)" {
	local name

	for name in layout-nested dual.tar docker-old.tar docker-many.tar; do
		cp -r "$FORMATS/$name" was
		cp -r was image
		cp -r was direct
		expect 0 "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "${A%A}B" image
		inject 0 image
		[[ $output == *replaced* ]]
		inject 0 direct
		same "$name" "$(digests direct)" "$(digests image)"
		[[ ! -d image ]] || diff -r direct image
		differs_by_the_emulator was image
		expect 0 "$ANYARCH" eject image
		same "$name" "$(digests was)" "$(digests image)"
		rm -rf was image direct
	done
}

# built_on: ./image is a layout with a history, in which others have put layers on top of ours; ./plain is the same without ours.
built_on() {
	local step

	mkdir -p root/bin root/usr more
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import elf_files as E
		open("root/bin/sh", "wb").write(E.arm())
	PYTHON
	echo more >more/file
	umoci init --layout image
	umoci new --image image:1
	umoci config --image image:1 --architecture arm --history.created 2020-01-01T00:00:00Z
	umoci insert --image image:1 --history.created 2020-01-01T00:00:00Z root /
	cp -r image plain
	inject 0 image
	for step in image plain; do
		umoci insert --image "$step:1" --history.created 2020-01-02T00:00:00Z more /opt
		umoci config --image "$step:1" --config.cmd /bin/sh --history.created 2020-01-02T00:00:00Z
		[[ -z ${1-} ]] || umoci insert --image "$step:1" --history.created 2020-01-03T00:00:00Z "$1" /usr/bin/qemu-arm-static
	done
}

# parts LAYOUT: its layers, diff_ids and history.
parts() {
	local manifest config

	manifest=$1/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$1/index.json")
	config=$1/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")
	jq -c '.layers[].digest' "$manifest"
	jq -c '.rootfs.diff_ids, .history, .config' "$config"
}

@test "under the layers of others ours goes, with its entry of the history: as if the base had never had it (32)" {
	built_on
	expect 0 "$ANYARCH" inspect image
	[[ $output == *qemu-arm-static* ]]
	expect 0 "$ANYARCH" eject image
	[[ $output == *removed* ]]
	expect 0 "$ANYARCH" inspect image
	[[ $output != *qemu-arm-static* ]]
	same parts "$(parts plain)" "$(parts image)"
	umoci gc --layout image # what umoci itself has left of each step
	same 'files that tell of it' '' "$(grep -rl 'anyarch\|qemu' image)"
	umoci stat --image image:1
	skopeo copy -q oci:image:1 docker-archive:out.tar:test:1
	expect 0 "$ANYARCH" eject image
	[[ $stderr == *'nothing that anyarch injected'* ]]
}

# bats test_tags=slow
@test "where a later layer has the emulator again a whiteout hides it, and what that means is told (32, 34)" {
	cp "$A" copy
	built_on copy
	chmod 711 copy
	expect_raw 0 "$ANYARCH" eject image
	[[ $output == *'removed /usr/bin/qemu-arm-static'* ]]
	[[ $stderr == *'another layer also contains /usr/bin/qemu-arm-static; it was hidden, but its 0.3 MB remain'* ]]
	expect 0 "$ANYARCH" inspect image
	[[ $output != *qemu-arm-static* ]]
	# Ours has left no trace; what was there is there, and the whiteout on top.
	same 'layers below' "$(parts plain | grep '^"sha256' | head -n -1)" "$(parts image | grep '^"sha256' | head -n -2)"
	same history "$(parts plain | jq -c 'arrays | .[] | objects | .created_by')" \
		"$(parts image | jq -c 'arrays | .[] | objects | .created_by' | grep -v '"anyarch eject /usr/bin/qemu-arm-static"')"
	umoci gc --layout image
	refute grep -rl 'anyarch-inject' image
	umoci unpack --image image:1 bundle
	[[ ! -e bundle/rootfs/usr/bin/qemu-arm-static && -d bundle/rootfs/usr/bin ]]
	skopeo copy -q oci:image:1 docker-archive:out.tar:test:1
	cp -r image was
	expect_raw 0 "$ANYARCH" eject image
	[[ $stderr == *'nothing that anyarch injected'* ]]
	diff -r was image
	# It can be put in again, and is there then.
	inject 0 image
	umoci unpack --image image:1 again
	cmp again/rootfs/usr/bin/qemu-arm-static "$A"
	expect 0 "$ANYARCH" eject image
	diff -r was image
}

@test "an emulator that the base had before ours comes back" {
	mkdir -p own/usr/bin
	cp "${A%A}B" own/usr/bin/qemu-arm-static
	cp -r "$FORMATS/layout" image
	umoci insert --image image:1 --history.created 2020-01-01T00:00:00Z own /
	cp -r image was
	inject 0 image
	umoci config --image image:1 --config.cmd /bin/sh --history.created 2020-01-02T00:00:00Z
	expect_raw 0 "$ANYARCH" eject image
	[[ $output == *removed* && $stderr != *hidden* ]]
	umoci unpack --image image:1 bundle
	cmp bundle/rootfs/usr/bin/qemu-arm-static "${A%A}B"
}

# bats test_tags=slow
@test "a config that was changed later stays changed" {
	built_on
	umoci config --image image:1 --config.cmd /bin/false --history.created 2020-01-04T00:00:00Z
	umoci config --image plain:1 --config.cmd /bin/false --history.created 2020-01-04T00:00:00Z
	expect 0 "$ANYARCH" eject image
	same parts "$(parts plain)" "$(parts image)"
	cp -r plain image2
	inject 0 image2
	cp -r plain plain2
	umoci config --image image2:1 --config.cmd /bin/true --history.created 2020-01-05T00:00:00Z
	umoci config --image plain2:1 --config.cmd /bin/true --history.created 2020-01-05T00:00:00Z
	expect 0 "$ANYARCH" eject image2
	[[ $output == *removed* ]]
	same parts "$(parts plain2)" "$(parts image2)"
}

@test "a file of another kind that came later stays" {
	mkdir copy
	echo text >copy/file
	built_on copy
	expect_raw 0 "$ANYARCH" eject image
	[[ $stderr != *hidden* ]]
	umoci unpack --image image:1 bundle
	[[ -d bundle/rootfs/usr/bin/qemu-arm-static ]]
	rm -rf image plain root more copy bundle
	cp "$(type -P true)" copy # a program, and another one
	built_on copy
	expect_raw 0 "$ANYARCH" eject image
	[[ $stderr != *hidden* ]]
	umoci unpack --image image:1 bundle
	cmp bundle/rootfs/usr/bin/qemu-arm-static copy
}

# bats test_tags=slow
@test "eject --at takes what is there and nothing else, and all of ours go at once" {
	built_on
	expect 0 "$ANYARCH" inject --at /opt/qemu --emulator "${A%A}B" image
	cp -r image two
	expect_raw 0 "$ANYARCH" eject --at /elsewhere image
	[[ $stderr == *'nothing that anyarch injected'* ]]
	diff -r two image
	expect 0 "$ANYARCH" eject --at /opt/qemu image
	same output 'image: removed /opt/qemu' "$output"
	refute same parts "$(parts plain)" "$(parts image)"
	expect 0 "$ANYARCH" eject --at /usr/bin/qemu-arm-static image
	same parts "$(parts plain)" "$(parts image)"
	expect 0 "$ANYARCH" eject --at /usr/bin/qemu-arm-static two
	[[ $output == *'removed /usr/bin/qemu-arm-static'* ]]
	expect 0 "$ANYARCH" eject --json two
	same path /opt/qemu "$(jq -r '.[].path' <<<"$output")"
	same parts "$(parts plain)" "$(parts two)"
	rm -rf image two more root plain
	built_on
	expect 0 "$ANYARCH" inject --at /opt/qemu --emulator "${A%A}B" image
	expect 0 "$ANYARCH" eject image
	same parts "$(parts plain)" "$(parts image)"
}

@test "a mark that promises something else is not believed (33)" {
	cp -r "$FORMATS/layout" image
	inject 0 image
	python3 - <<-'PYTHON'
		import glob, hashlib, json, os
		def blob(digest):
		    return "image/blobs/sha256/" + digest[7:]
		def put(text):
		    digest = hashlib.sha256(text.encode()).hexdigest()
		    open("image/blobs/sha256/" + digest, "w").write(text)
		    return "sha256:" + digest, len(text)
		index = json.load(open("image/index.json"))
		manifest = json.load(open(blob(index["manifests"][0]["digest"])))
		config = open(blob(manifest["config"]["digest"])).read()
		mark = json.loads(config)["anyarch-inject"]
		forged = config.replace(mark, mark[:-64] + "0" * 64)
		assert forged != config
		manifest["config"]["digest"], manifest["config"]["size"] = put(forged)
		index["manifests"][0]["digest"], index["manifests"][0]["size"] = put(json.dumps(manifest))
		json.dump(index, open("image/index.json", "w"))
	PYTHON
	cp -r image was
	expect_raw 0 "$ANYARCH" eject image
	[[ $stderr == *'nothing that anyarch injected'* ]]
	diff -r was image
	expect 3 "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "${A%A}B" image
	diff -r was image
	# The mark is there, and the config has got a history since: what eject cannot do is not advised.
	rm -r image was
	cp -r "$FORMATS/layout" image
	inject 0 image
	python3 - <<-'PYTHON'
		import hashlib, json
		def blob(digest):
		    return "image/blobs/sha256/" + digest[7:]
		def put(value):
		    text = json.dumps(value).encode()
		    digest = "sha256:" + hashlib.sha256(text).hexdigest()
		    open(blob(digest), "wb").write(text)
		    return {"digest": digest, "size": len(text)}
		index = json.load(open("image/index.json"))
		manifest = json.load(open(blob(index["manifests"][0]["digest"])))
		config = json.load(open(blob(manifest["config"]["digest"])))
		config["history"] = [{"created_by": "somebody"}]
		manifest["config"].update(put(config))
		index["manifests"][0].update(put(manifest))
		json.dump(index, open("image/index.json", "w"))
	PYTHON
	cp -r image was
	expect_raw 0 "$ANYARCH" eject image
	[[ $stderr == *'nothing that anyarch injected'* ]]
	expect 3 "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "${A%A}B" image
	says 'changed after'
	diff -r was image
}

# put_on LAYOUT COMMENT MEMBERS: a layer of these members (Python) on top of its image; COMMENT is that of its entry of the
# history, in which BELOW is the digest of the config as it is, and LAYER that of the layer.
put_on() {
	python3 -B - "$@" <<-'PYTHON'
		import json, os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import image_files as I, tar_files as T, elf_files as E
		where, comment, members = sys.argv[1:]
		def path(digest):
		    return f"{where}/blobs/sha256/{digest[7:]}"
		def put(data):
		    I.write(path(I.digest_of(data)), data)
		    return {"digest": I.digest_of(data), "size": len(data)}
		def behind(text, key, item):
		    at = text.index("]", text.index(key))
		    return text[:at] + ", " + json.dumps(item) + text[at:]
		index = json.load(open(where + "/index.json"))
		manifest = json.load(open(path(index["manifests"][0]["digest"])))
		below = manifest["config"]["digest"]
		config = open(path(below)).read()
		layer = put(T.tar(*eval(members + ',')))
		comment = comment.replace("BELOW", below).replace("LAYER", layer["digest"])
		config = behind(behind(config, "diff_ids", layer["digest"]), '"history"', {"comment": comment})
		manifest["layers"].append({"mediaType": I.LAYER, **layer})
		manifest["config"].update(put(config.encode()))
		index["manifests"][0].update(put(I.pack(manifest)))
		I.write(where + "/index.json", I.pack(index))
	PYTHON
}

# with_history LAYOUT: of one layer of a system for ARM.
with_history() {
	python3 -B - "$1" <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import image_files as I, tar_files as T, elf_files as E
		usr = (T.directory("usr"), T.directory("usr/bin"))
		oci = I.Oci()
		I.write_layout(sys.argv[1], oci.finish(oci.image([T.tar(I.system(E.arm(), *usr))],
		    config={"history": [{"created_by": "base"}]}, **I.named("1"))))
	PYTHON
}

@test "the same layer of ours twice: both go" {
	local gone='T.directory("usr"), T.directory("usr/bin"), T.member("usr/bin/.wh.qemu-arm-static")'

	with_history image
	cp -r image plain
	inject 0 image
	put_on image 'took it away' "$gone"
	inject 0 image
	same layers '[4,3]' "$(parts image | jq -sc 'map(strings) | [length, (unique | length)]')"
	expect_raw 0 "$ANYARCH" eject image
	same stderr '' "$stderr"
	put_on plain 'took it away' "$gone"
	same parts "$(parts plain)" "$(parts image)"
}

# bats test_tags=slow
@test "a mark makes no layer ours that has more than an emulator, or something else" {
	local members

	for members in 'T.directory("etc"), T.member("etc/passwd", b"new")' 'T.symlink("usr/bin/qemu-arm-static", "x")' \
		'T.member("usr/bin/qemu-arm-static", E.amd64()), T.member("x", b"")'; do
		rm -rf image was
		with_history image
		put_on image 'anyarch-inject 1 LAYER BELOW' "$members"
		cp -r image was
		expect_raw 0 "$ANYARCH" eject image
		[[ $stderr == *'nothing that anyarch injected'* ]]
		diff -r was image
		inject 3 image
		says 'something else'
		diff -r was image
	done
}

@test "a layer that has the emulator and then a directory of that name is not ours" {
	with_history image
	put_on image "anyarch-inject 1 LAYER sha256:$(printf '%064d' 0)" \
		'T.directory("usr"), T.member("usr/q", E.amd64()), T.directory("usr/q")'
	put_on image 'more' 'T.member("x", b"")'
	cp -r image was
	expect_raw 0 "$ANYARCH" eject image
	[[ $stderr == *'nothing that anyarch injected'* ]]
	diff -r was image
}

@test "a layer to which a later one has a hard link does not go" {
	with_history image
	inject 0 image
	put_on image 'linked' 'T.hardlink("usr/bin/other", "usr/bin/qemu-arm-static")'
	cp -r image was
	expect 3 "$ANYARCH" eject image
	says 'hard link'
	diff -r was image
	# One that has the file itself needs no other.
	rm -r image
	with_history image
	inject 0 image
	put_on image 'linked' 'T.member("usr/bin/qemu-arm-static", b"x"), T.hardlink("usr/bin/other", "usr/bin/qemu-arm-static")'
	expect 0 "$ANYARCH" eject image
	[[ $output == *removed* ]]
}

@test "what root writes into a layout is for those for whom its index.json is" {
	local codec

	need_root
	with_history image
	chown -R 4242:4243 image
	chmod 640 image/index.json
	for codec in none gzip; do
		umask 077
		inject 0 --compress "$codec" image
		same looks '4242 4243 640' "$(stat -c '%u %g %a' image/index.json)"
		same 'of new blobs' 3 "$(find image/blobs/sha256 -perm 640 -user 4242 -group 4243 | wc -l)"
		expect 0 "$ANYARCH" eject image
		same 'not theirs' '' "$(find image ! \( -user 4242 -group 4243 \))"
		chmod 644 image/blobs/sha256/*
	done
}

# bats test_tags=slow
@test "in an archive nothing that is needed makes room for what has the same name" {
	local what

	for what in layer config; do
		rm -f image was
		python3 -B - <<-'PYTHON'
			import os, sys
			sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
			import image_files as I, tar_files as T, elf_files as E
			base = T.tar(I.system(E.arm()))
			I.write(os.getcwd() + "/image", I.archive(I.docker([([base], I.config_of([base]), ["base:1"])])))
		PYTHON
		inject 0 --force -o out image
		python3 -B - "$what" <<-'PYTHON'
			import json, os, sys, tarfile
			sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
			import image_files as I, tar_files as T, elf_files as E
			def members(path):
			    with tarfile.open(path) as tar:
			        return {one.name: tar.extractfile(one).read() for one in tar}
			files, out = members("image"), members("out")
			new = json.loads(out["manifest.json"])[0]
			layer, config = "other.tar", "other.json"
			if sys.argv[1] == "layer":
			    layer = new["Layers"][-1]
			else:
			    config = new["Config"]
			files[layer] = T.tar(I.system(E.amd64()))
			files[config] = I.pack(I.config_of([files[layer]], "amd64", None))
			item = {"Config": config, "RepoTags": ["other:1"], "Layers": [layer]}
			files["manifest.json"] = I.pack(json.loads(files["manifest.json"]) + [item])
			I.write(os.getcwd() + "/image", I.archive(files))
		PYTHON
		cp image was
		inject 3 image
		says 'already contains another'
		cmp was image
	done
}

# bats test_tags=slow
@test "what an artifact beside the image is made of stays" {
	local kept

	with_history image
	cp -r image plain
	inject 0 image
	python3 -B - <<-'PYTHON'
		import json, os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import image_files as I
		index = json.load(open("image/index.json"))
		image = json.load(open("image/blobs/sha256/" + index["manifests"][0]["digest"][7:]))
		oci = I.Oci()
		body = {"schemaVersion": 2, "mediaType": I.MANIFEST, "artifactType": "application/x.test",
		        "config": oci.blob({}, "application/vnd.oci.empty.v1+json"), "layers": [image["layers"][-1], image["config"]]}
		index["manifests"].append(oci.blob(body, I.MANIFEST))
		I.write_layout("image", {**oci.files, "index.json": I.pack(index)})
		print(*(one["digest"][7:] for one in body["layers"]), file=open("kept", "w"))
	PYTHON
	expect 0 "$ANYARCH" eject image
	same parts "$(parts plain)" "$(parts image)"
	for kept in $(<kept); do
		[[ -f image/blobs/sha256/$kept ]]
	done
}

@test "compressed archives: not in place, but to another file (21)" {
	local codec

	for codec in gzip zstd; do
		cp "$FORMATS/docker.tar.$codec" image
		inject 3 image
		hints -o
		inject 3 --dry-run image
		cmp "$FORMATS/docker.tar.$codec" image
		inject 0 -o out image
		cmp "$FORMATS/docker.tar.$codec" image
		differs_by_the_emulator "$FORMATS/docker-old.tar" out
		rm image out
	done
}

@test "what stays in an archive does not move, so that its blocks can be shared; eject gives the very members back" {
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		layers = [T.tar(I.system(E.arm())), T.tar(T.member("opt/x", b"x" * 100000)), T.tar(T.member("opt/y", b"y" * 100000))]
		files = I.docker([(layers, I.config_of(layers, history=[{"created_by": "test"}] * 3), ["test:1"])])
		rank = lambda name: 2 if name == "manifest.json" else name == "repositories" or not name.endswith(".json")
		files = {name: files[name] for name in sorted(files, key=rank)} # the config first
		I.write("./docker.tar", I.archive(files))
		oci = I.Oci()
		I.write("./oci.tar", I.archive(oci.finish(oci.image(layers, **I.named("1")))))
	PYTHON
	local name size

	for name in docker oci; do
		cp "$name.tar" image
		inject 0 image
		size=$(($(stat -c %s "$name.tar") - 4096))
		cmp -n "$size" "$name.tar" image
		differs_by_the_emulator "$name.tar" image
		expect 0 "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "${A%A}B" image
		[[ $output == *replaced* ]]
		cmp -n "$size" "$name.tar" image
		expect 0 "$ANYARCH" eject image
		same members "$(tar -tf "$name.tar")" "$(tar -tf image)"
		same content "$(tar -xOf "$name.tar" | sha256sum)" "$(tar -xOf image | sha256sum)"
		rm image
	done
}

@test "a link to an archive stays a link, and what it leads to is changed" {
	mkdir store
	cp "$FORMATS/docker-old.tar" store/real.tar
	ln -s store/real.tar link.tar
	inject 0 link.tar
	[[ $(readlink link.tar) == store/real.tar && ! -L store/real.tar ]]
	differs_by_the_emulator "$FORMATS/docker-old.tar" store/real.tar
	same files real.tar "$(ls -A store)"
}

# bats test_tags=slow
@test "from a pipe to a file, to a pipe, and through both (40)" {
	local name

	for name in docker-old.tar oci-nested.tar docker.tar.gzip; do
		inject 0 --force -o out - < <(cat "$FORMATS/$name")
		inject 0 -o - - < <(cat "$FORMATS/$name")
		cmp "$OUT" out
		same stderr '' "$stderr"
		[[ $name == *.gzip ]] || differs_by_the_emulator "$FORMATS/$name" out
		expect_raw 0 sh -c '"$@" <out | cat >back' sh "$ANYARCH" eject -o - -
		[[ $name == *.gzip ]] || same digests "$(digests "$FORMATS/$name")" "$(digests back)"
	done
	# What needs nothing comes out as it went in.
	inject 0 --force -o out --platform arm64 "$FORMATS/oci-nested.tar"
	same digests "$(digests "$FORMATS/oci-nested.tar")" "$(digests out)"
	: >out
	expect_raw 0 sh -c '"$@" >>out' sh "$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$A" -o - "$FORMATS/docker-old.tar"
	differs_by_the_emulator "$FORMATS/docker-old.tar" out
	expect 1 sh -c '"$@" >/dev/full' sh "$ANYARCH" inject --emulator "$A" -o - "$FORMATS/docker-old.tar"
}

@test "--output leaves the input as it is" {
	cp "$FORMATS/oci-nested.tar" image
	inject 0 --output out image
	cmp "$FORMATS/oci-nested.tar" image
	differs_by_the_emulator image out
	expect 0 "$ANYARCH" eject -o back out
	same digests "$(digests image)" "$(digests back)"
	cp -r "$FORMATS/layout" layout
	inject 2 -o other layout
	inject 2 --dry-run -o other layout
	diff -r "$FORMATS/layout" layout
}

@test "--output is for one image, and has nothing but that" {
	cp "$FORMATS/docker-old.tar" one
	cp "$FORMATS/dual.tar" two
	inject 2 -o out one two
	inject 2 -o - one two
	inject 2 --json -o - one
	mkdir -p root/bin
	cp "$A" root/bin/sh
	inject 2 --platform arm -o out root
	expect 2 "$ANYARCH" eject -o out root
	same made $'one\nroot\ntwo' "$(ls)"
	same root sh "$(ls root/bin)"
	same 'in the root' bin "$(ls root)"
	cmp "$FORMATS/docker-old.tar" one
	inject 0 --json -o out one
	jq -e '.[0].result == "injected"' <<<"$output"
}

@test "what is known of nobody stays, byte for byte, in documents that change (28)" {
	python3 - <<-'PYTHON'
		import json, os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		oci = I.Oci()
		layer = T.tar(I.system(E.arm()))
		config = ('{\n  "x-first" : [1.0e5, -0, 1E+2, "\\u00e4\\ud83d\\ude00"],\n  "architecture":"arm", "os": "linux",\n'
		          '  "history" : [ {"created":null, "x": 12345678901234567890, "empty_layer":true} , {"comment":"a\\/b"}  ],'
		          '\t"rootfs":{"diff_ids" : [\n"%s"\n ] , "type":"layers"}, "config":{"Healthcheck":{"Test":["NONE"]}}\n}\n\n' % I.digest_of(layer)).encode()
		manifest = {"schemaVersion": 2, "mediaType": I.MANIFEST, "config": {**oci.blob(config, I.CONFIG), "data": __import__("base64").b64encode(config).decode()},
		            "layers": [oci.blob(layer, I.LAYER)], "annotations": {"k": "v"}, "x-more": [0.10]}
		I.write_layout("image", oci.finish(oci.blob(json.dumps(manifest, indent=7).encode(), I.MANIFEST, **I.named("1"))))
	PYTHON
	cp -r image was
	inject 0 image
	differs_by_the_emulator was image
	# The texts without what was put in are the old ones, in their order.
	python3 - <<-'PYTHON'
		import glob, json
		def texts(path):
		    return [open(name, "rb").read().decode() for name in glob.glob(path + "/blobs/sha256/*") if open(name, "rb").read(1) == b"{"]
		old = {("manifest" if "layers" in json.loads(text) else "config"): text for text in texts("was")}
		for text in texts("image"):
		    kind = "manifest" if "layers" in json.loads(text) else "config"
		    # Subsequence: all that was there is there.
		    rest = iter(text)
		    if kind == "config":
		        assert all(c in rest for c in old[kind]), text
		    assert "1.0e5, -0, 1E+2" in text or kind == "manifest", text
		    assert "12345678901234567890" in text or kind == "manifest", text
		    assert "0.1" in text or kind == "config", text
	PYTHON
	expect 0 "$ANYARCH" eject image
	diff -r was image
}

@test "a directory keeps its extended attributes and the fraction of its time" {
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		oci = I.Oci()
		bottom = T.tar(I.system(E.arm()), T.pax(**{"mtime": "1500000000.25", "SCHILY.xattr.user.a": "b=\nc", "comment": "no"}),
		               T.directory("usr", 0o711), T.pax(uid="3000000", mtime="1400000000"), T.directory("usr/bin"))
		top = T.tar(T.directory("usr/lib")) # tells nothing of usr
		I.write_layout("image", oci.finish(oci.image([bottom, top], **I.named("1"))))
	PYTHON
	inject 0 image
	python3 - <<-'PYTHON'
		import glob, io, tarfile
		for name in glob.glob("image/blobs/sha256/*"):
		    if open(name, "rb").read(1) == b"{":
		        continue
		    tar = {one.name: one for one in tarfile.open(name)}
		    if "usr/bin/qemu-arm-static" in tar:
		        break
		assert tar["usr"].pax_headers == {"mtime": "1500000000.25", "SCHILY.xattr.user.a": "b=\nc"}, tar["usr"].pax_headers
		assert (tar["usr"].mode, tar["usr"].mtime) == (0o711, 1500000000.25)
		assert tar["usr/bin"].uid == 3000000 and "mtime" not in tar["usr/bin"].pax_headers, tar["usr/bin"].pax_headers
	PYTHON
	umoci stat --image image:1
	mkdir out
	umoci unpack --image image:1 out/bundle
	[[ $(stat -c '%a %.2Y' out/bundle/rootfs/usr) == '711 1500000000.25' ]]
	same attribute $'b=\nc' "$(python3 -c 'import os; print(os.getxattr("out/bundle/rootfs/usr", "user.a").decode())')"
}

@test "two users, two time zones, two masks: the same digest; SOURCE_DATE_EPOCH: another (36)" {
	local first second

	cp -r "$FORMATS/layout" one
	cp -r "$FORMATS/layout" two
	TZ=UTC inject 0 one
	(umask 077 && TZ=Asia/Tokyo inject 0 two)
	first=$(digests one) second=$(digests two)
	same digest "$first" "$second"
	diff -r one two
	cp -r "$FORMATS/layout" three
	SOURCE_DATE_EPOCH=1000000000 inject 0 three
	refute diff -rq one three >/dev/null
	expect 0 "$ANYARCH" eject three
	diff -r "$FORMATS/layout" three
}

@test "an image of one reference alone, and of one platform alone" {
	cp "$FORMATS/docker-many.tar" image
	inject 3 docker-archive:image:nothing:1
	inject 0 docker-archive:image:test:1
	differs_by_the_emulator "$FORMATS/docker-many.tar" image
	cp "$FORMATS/oci-nested.tar" image
	inject 0 --platform arm64 image
	cmp "$FORMATS/oci-nested.tar" image
}

@test "other tools take the result" {
	cp -r "$FORMATS/layout" layout
	inject 0 layout
	umoci stat --image layout:1
	skopeo copy -q oci:layout:1 docker-archive:back.tar:test:1
	expect 0 "$ANYARCH" inspect back.tar
	[[ $output == *'/usr/bin/qemu-arm-static'* ]]
	cp "$FORMATS/docker-old.tar" old.tar
	inject 0 old.tar
	skopeo copy -q docker-archive:old.tar oci:again:1
	tar -tf old.tar >/dev/null
}

# bats test_tags=slow
@test "hostile and damaged images are left as they are" {
	local set name kind

	for set in bad-tar bad-oci bad-layout bad-codec; do
		make_set "$set"
		while IFS=$'\t' read -r name _; do
			[[ -e $BATS_FILE_TMPDIR/$set/$name ]] || continue
			cp -a "$BATS_FILE_TMPDIR/$set/$name" image
			kind=0
			"$ANYARCH" inject --at /usr/bin/qemu-arm-static --emulator "$A" oci:image >/dev/null 2>err || kind=$?
			[[ $kind -le 4 ]] || {
				printf '%s/%s: status %d\n' "$set" "$name" "$kind"
				cat err
				return 1
			}
			if [[ $kind -ne 0 ]]; then
				same "$set/$name" "$(all_of "$BATS_FILE_TMPDIR/$set/$name")" "$(all_of image)"
			fi
			rm -rf image
		done <"$BATS_FILE_TMPDIR/$set.tsv"
	done
}
