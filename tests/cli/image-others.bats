#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what other producers write into images and layers: it is read as their engines read it.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup_file() {
	make_emulators "$BATS_FILE_TMPDIR"
}

setup() {
	need_commands python3 jq gcc
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	A=$BATS_FILE_TMPDIR/A
}

# make PYTHON: with the modules that write image files.
make() {
	python3 -B - <<-PYTHON
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import image_files as I, tar_files as T, elf_files as E
		def layout(path, *layers, codec=None, **more):
		    oci = I.Oci()
		    I.write_layout(path, oci.finish(oci.image(list(layers), codec=codec, **I.named("1"), **more)))
		$1
	PYTHON
}

inspect() {
	expect "$1" "$ANYARCH" inspect "${@:2}"
}

# facts FILTER IMAGE: of its first image.
facts() {
	expect 0 "$ANYARCH" inspect --json "$2"
	jq -r "$1" <<<"$output"
}

inject() {
	expect "$1" "$ANYARCH" inject --at /usr/bin/q --emulator "$A" "${@:2}"
}

@test "an index of which one platform was pulled: the others are shown as not in the file, and kept" {
	make '
oci = I.Oci()
arm = oci.platform([T.tar(I.system(E.arm()))], "arm", "v7")
arm64 = oci.platform([T.tar(I.system(E.arm64()))], "arm64", "v8")
top = oci.index([arm, arm64], **I.named("1"))
files = oci.finish(top)
I.write_layout("whole", files)
I.write_layout("part", {name: data for name, data in files.items() if arm64["digest"][7:] not in name})'
	same kinds 'image absent' "$(facts '[.[].kind] | join(" ")' part)"
	same kinds 'image image' "$(facts '[.[].kind] | join(" ")' whole)"
	inspect 0 part
	[[ $output == *'not in this file'* ]]
	inspect 0 --expect linux/arm/v7 part
	inspect 3 --expect linux/arm64 part
	says 'not in this file'
	expect 3 "$ANYARCH" convert --platform linux/arm64 part out.tar
	says 'not in the file'
	expect 0 "$ANYARCH" convert --platform linux/arm/v7 part out.tar
	expect 0 "$ANYARCH" convert part oci:copy
	cmp part/index.json copy/index.json
	cp -r part image
	inject 3 --platform linux/arm64 image
	says 'not in the file'
	inject 0 image
	same kinds 'image absent' "$(facts '[.[].kind] | join(" ")' image)"
	expect 0 "$ANYARCH" eject image
	diff -r part image
	rm part/blobs/sha256/"$(jq -r '.manifests[0].digest[7:]' part/index.json)"
	inspect 3 part
	says missing
}

@test "an odd neighbour does not make an image unreadable: signatures, other digests, no layers" {
	make '
oci = I.Oci()
good = oci.image([T.tar(I.system(E.arm()))], **I.named("1"))
no_layers = oci.blob({"schemaVersion": 2, "config": oci.blob({}, I.CONFIG)}, I.MANIFEST)
signature = oci.blob({"schemaVersion": 2, "mediaType": I.MANIFEST, "config": oci.blob({"architecture": "", "os": "",
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + 64 * "0"]}}, I.CONFIG),
    "layers": [oci.blob(b"{}", "application/vnd.dev.cosign.simplesigning.v1+json")]}, I.MANIFEST)
sha512 = {"mediaType": I.MANIFEST, "digest": "sha512:" + 128 * "a", "size": 2}
other_layer = oci.blob({"schemaVersion": 2, "mediaType": I.MANIFEST, "config": oci.blob({"x": 1}, I.CONFIG),
    "layers": [{"mediaType": I.LAYER, "digest": "sha512:" + 128 * "b", "size": 3}]}, I.MANIFEST)
I.write_layout("image", oci.finish(good, no_layers, signature, sha512, other_layer))'
	same kinds 'image artifact artifact artifact artifact' "$(facts '[.[].kind] | join(" ")' image)"
	cp -r image before
	inject 0 image
	expect 0 "$ANYARCH" eject image
	diff -r before image
	expect 0 "$ANYARCH" convert image oci:copy
	diff -r image copy
}

# Layouts in each of which a blob can be reached in another way, and nothing else is.
reachable='
art, empty, text = "application/vnd.oci.artifact.manifest.v1+json", "application/vnd.oci.empty.v1+json", "text/plain"
class Case(I.Oci):
    def __init__(self, name):
        super().__init__()
        self.name, self.one = name, self.image([T.tar(I.system(E.arm()))])
    def other(self):
        return self.image([T.tar(I.system(E.arm64()))], "arm64", None)
    def end(self, *more, **index):
        I.write_layout("from/" + self.name, self.finish({**self.one, **I.named("1")}, *more, **index))
    def manifest(self, media_type=I.MANIFEST, **body):
        return self.blob({"schemaVersion": 2, **body}, media_type)
def case(name, make):
    c = Case(name)
    c.end(make(c))
def artifact(c, layers, config=None, **more):
    return c.manifest(config=config or c.blob({}, empty), layers=layers, **more)
case("index-as-manifest", lambda c: c.manifest(manifests=[c.other()]))
case("attestation-as-manifest", lambda c: {**c.manifest(manifests=[c.other()]),
    "platform": {"os": "unknown", "architecture": "unknown"}})
case("artifact", lambda c: c.manifest(art, blobs=[c.blob(b"x", text)], subject=c.one))
case("subject", lambda c: artifact(c, [c.blob(b"x", text)], subject=c.other()))
case("subject-of-image", lambda c: c.image([T.tar(I.system(E.arm()))], manifest={"subject": c.other()}))
case("subject-of-index", lambda c: c.index([c.one], subject=c.other()))
case("more-in-image", lambda c: c.image([T.tar(I.system(E.arm()))], manifest={"blobs": [c.blob(b"x", text)]}))
case("index-as-layer", lambda c: artifact(c, [c.index([c.other()])]))
case("manifest-as-config", lambda c: artifact(c, [c.blob(b"x", text)], config=c.other()))
case("no-type", lambda c: {key: value for key, value in c.index([c.other()]).items() if key != "mediaType"})
case("unknown-type", lambda c: c.manifest("application/x.index", manifests=[c.other()]))
case("schema-1", lambda c: c.manifest("application/vnd.docker.distribution.manifest.v1+json",
    fsLayers=[{"blobSum": c.blob(b"x", text)["digest"]}]))
case("image-in-manifest", lambda c: c.manifest(manifests=[c.one]))
case("image-in-artifact", lambda c: c.manifest(art, blobs=[c.one]))
case("image-as-layer", lambda c: artifact(c, [c.one]))
c = Case("subject-of-all")
c.end(index={"schemaVersion": 2, "manifests": [{**c.one, **I.named("1")}], "subject": c.other()})
c = Case("blob-twice")
both = c.index([c.other()])
c.end(artifact(c, [{**both, "mediaType": text}]), both)'

# reached LAYOUT: the blobs that descriptors lead to, except from a subject; fails where one is missing.
reached() {
	python3 - "$1" <<-'PYTHON'
		import json, os, sys
		found = set()
		def follow(value):
		    if isinstance(value, dict):
		        digest = value.get("digest") or value.get("blobSum")
		        if digest and digest not in found:
		            found.add(digest)
		            data = open(os.path.join(sys.argv[1], "blobs/sha256", digest[7:]), "rb").read()
		            if data[:1] == b"{" and b'"rootfs"' not in data:
		                follow(json.loads(data))
		    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
		        if key != "subject":
		            follow(one)
		follow(json.load(open(sys.argv[1] + "/index.json")))
		print(*sorted(found))
	PYTHON
}

@test "what any descriptor leads to is copied, and stays when an image changes" {
	local from name before

	make "$reachable"
	for from in from/*; do
		name=${from#from/}
		printf '%s\n' "$name"
		expect 0 "$ANYARCH" convert "$from" "oci:$name"
		diff -r "$from" "$name"
		expect 0 "$ANYARCH" convert --force "$from" oci-archive:copy.tar
		mkdir unpacked
		tar -C unpacked -xf copy.tar
		diff -r "$from" unpacked
		rm -r unpacked
		before=$(reached "$name")
		inject 0 "$name"
		[[ $(reached "$name") != "$before" ]]
		expect 0 "$ANYARCH" eject "$name"
		same "blobs of $name" "$before" "$(reached "$name")"
	done
}

# other ALGORITHM CONTENT: a layout of an image, and an artifact beside it whose name is the digest of "hello".
other() {
	ALGORITHM=$1 CONTENT=$2 make '
import hashlib
oci, algorithm = I.Oci(), os.environ["ALGORITHM"]
good = oci.image([T.tar(I.system(E.arm()))], **I.named("1"))
hex_name = hashlib.new(algorithm, b"hello").hexdigest()
oci.files[f"blobs/{algorithm}/{hex_name}"] = os.environ["CONTENT"].encode()
I.write_layout("image", oci.finish(good, {"mediaType": "text/plain", "digest": f"{algorithm}:{hex_name}", "size": 5}))'
}

@test "a blob whose digest cannot be verified is not copied, and not left out in silence" {
	other sha384 hello
	expect 3 "$ANYARCH" convert image oci:copy
	says sha384
	hints --platform
	[[ ! -e copy ]]
	expect 0 "$ANYARCH" convert --platform linux/arm/v7 image oci:copy
	cp -r image before
	inject 0 image
	expect 0 "$ANYARCH" eject image
	diff -r before image
}

@test "a blob with a sha512 digest is verified and copied, and an edit leaves it alone" {
	local hex
	hex=$(printf hello | sha512sum | cut -d ' ' -f 1)
	other sha512 hello
	mkdir -p copy/blobs/sha512
	echo begun >"copy/blobs/sha512/$hex"
	expect 0 "$ANYARCH" convert image oci:copy
	diff -r image copy
	expect 0 "$ANYARCH" convert image oci-archive:copy.tar
	same content hello "$(tar -xOf copy.tar "blobs/sha512/$hex")"
	expect 0 "$ANYARCH" convert copy.tar oci:back
	diff -r image back
	inject 0 image
	expect 0 "$ANYARCH" eject image
	diff -r image copy
	rm -r image
	other sha512 jello
	expect 3 "$ANYARCH" convert image oci:wrong
	says "blobs/sha512/$hex does not have the digest that is its name"
	[[ ! -e wrong ]]
}

@test "keys of a config that Go's reader folds are refused" {
	local key

	for key in Architecture OS rootFS $'o\xc5\xbf'; do
		KEY=$key make 'layout("image", T.tar(I.system(E.arm())), config={os.environb[b"KEY"].decode(): "arm64"})'
		inspect 3 image
		says 'some readers take for'
		rm -r image
	done
}

# bats test_tags=slow
@test "what storage drivers note in extended attributes stays out of the own layer" {
	local key

	for key in user.overlay.opaque trusted.overlay.opaque user.overlay.origin user.fuseoverlayfs.opaque user.containers.override_stat; do
		KEY=$key make '
layout("image", T.tar(I.system(E.arm()), T.directory("usr"),
    T.pax(**{"SCHILY.xattr." + os.environ["KEY"]: "y", "SCHILY.xattr.user.mine": "z"}), T.directory("usr/bin")))'
		inject 0 image
		python3 - <<-'PYTHON'
			import json, tarfile
			blob = lambda d: "image/blobs/sha256/" + d["digest"][7:]
			manifest = json.load(open(blob(json.load(open("image/index.json"))["manifests"][0])))
			found = [m.pax_headers for m in tarfile.open(blob(manifest["layers"][-1])) if m.name == "usr/bin"]
			assert found == [{"SCHILY.xattr.user.mine": "z"}], found
		PYTHON
		rm -r image
	done
}

@test "a shell that is a hard link to an object without a telling name tells the platform" {
	make '
objects = [T.directory("o"), T.member("o/ab.file", E.arm64()), T.hardlink("o/cd.file", "o/ab.file")]
others = [T.member(f"usr/lib/x{i}", E.amd64()) for i in range(9)]
links = [T.directory("usr/bin"), T.hardlink("usr/bin/bash", "o/cd.file"), T.symlink("usr/bin/sh", "bash")]
for name, codec in ("raw", None), ("gzip", T.gz):
    layout(name, T.tar(*others, *objects, *links, T.symlink("bin", "usr/bin")), architecture="arm64", variant=None, codec=codec)
layout("variant", T.tar(*others, T.member("o", E.arm(6)), T.hardlink("bin/sh", "o")), variant="v6")'
	for image in raw gzip; do
		same platform linux/arm64 "$(facts '.[0].platform' "$image")"
		same judged /bin/sh "$(facts '.[0].judged_by' "$image")"
	done
	same platform linux/arm/v6 "$(facts '.[0].platform' variant)"
}

@test "what an image starts counts for its variant, along PATH and in the working directory" {
	local name

	make '
def starts(path, place, config, *more):
    layout(path, T.tar(I.system(E.arm(6)), *more), T.tar(T.member(place, E.arm(10))), variant="v6", config={"config": config})
starts("entry", "app", {"Entrypoint": ["/app"]})
starts("cmd", "app", {"Entrypoint": ["/bin/sh"], "Cmd": ["/app"]})
starts("path", "opt/x/app", {"Cmd": ["app"], "Env": ["PATH=/bin:/opt/x"]})
starts("directory", "srv/app", {"Cmd": ["./app"], "WorkingDir": "/srv"})
starts("link", "opt/real", {"Cmd": ["/app"]}, T.symlink("app", "opt/real"))
starts("other", "opt/app", {"Cmd": ["/bin/sh"]})
layout("only", T.tar(T.member("anything", E.arm(10))), variant="v6")'
	for name in entry cmd path directory link only; do
		inspect 3 --expect linux/arm/v6 "$name"
		says linux/arm/v7
	done
	inspect 0 --expect linux/arm/v6 other
}

@test "a member that is there twice, byte for byte, is one; two that differ are refused" {
	make '
layer = T.tar(I.system(E.arm()))
files = I.docker([([layer], I.config_of([layer]), ["test:1"])])
name = next(iter(files))
I.write("./twice.tar", T.tar(*(T.member(n, d) for n, d in files.items()), T.member(name, layer)))
I.write("./once.tar", I.archive(files))
I.write("./differs.tar", T.tar(*(T.member(n, d) for n, d in files.items()), T.member(name, layer[:-1] + b"x")))'
	same platform linux/arm/v7 "$(facts '.[0].platform' twice.tar)"
	inject 0 twice.tar
	same twice '' "$(tar -tf twice.tar | sort | uniq -d)"
	expect 0 "$ANYARCH" eject twice.tar
	same content "$(tar -tf once.tar | sort)" "$(tar -tf twice.tar | sort -u)"
	inspect 3 differs.tar
	says 'two different members'
}

@test "blobs that are links are read where the caller owns the link, and never written through" {
	make 'layout("image", T.tar(I.system(E.arm())))'
	mkdir store
	mv image/blobs/sha256/* store
	for blob in store/*; do
		ln -s "$PWD/$blob" "image/blobs/sha256/${blob##*/}"
	done
	sha256sum store/* >before
	same platform linux/arm/v7 "$(facts '.[0].platform' image)"
	inject 0 image
	expect 0 "$ANYARCH" eject image
	sha256sum store/* | diff before -
	if [[ $EUID == 0 ]]; then
		chown -h 12345 image/blobs/sha256/*
		inspect 3 image
	fi
}

# bats test_tags=slow
@test "numbers of PAX headers and fields, as the engines take them" {
	local name

	make '
cases = {"negative": T.pax(uid=-2), "plus": T.pax(uid="+5"), "zeros": T.pax(uid="0000000000000000000001000"),
    "empty-size": T.pax(size=""), "early": T.pax(mtime="-1.5")}
for name, before in cases.items():
    layout(name, T.tar(I.system(E.arm()), T.directory("usr"), before, T.directory("usr/bin"), before if name == "empty-size" else b"",
        T.member("f", b"x")))
for name, before in {"huge": T.pax(uid=1 << 64), "blank": T.pax(uid=" 5"), "float": T.pax(mtime="1e9"), "minus": T.pax(size=-1)}.items():
    layout("bad-" + name, T.tar(I.system(E.arm()), before, T.member("f", b"x")))
layout("empty", T.tar(I.system(E.arm())), b"")'
	for name in negative plus zeros empty-size early empty; do
		same "$name" linux/arm/v7 "$(facts '.[0].platform' "$name")"
		inject 0 "$name"
	done
	for name in bad-*; do
		inspect 3 "$name"
		says 'bad'
	done
	python3 - <<-'PYTHON'
		import json, tarfile
		blob = lambda d: "negative/blobs/sha256/" + d["digest"][7:]
		manifest = json.load(open(blob(json.load(open("negative/index.json"))["manifests"][0])))
		assert [m.uid for m in tarfile.open(blob(manifest["layers"][-1])) if m.name == "usr/bin"] == [-2]
	PYTHON
}

@test "files with holes in a layer, as GNU tar and mkosi write them" {
	need_commands tar
	mkdir -p root/bin root/etc
	make 'I.write("root/bin/sh", E.arm(), 0o755)'
	truncate -s 1M root/bin/sh root/etc/hole
	echo end >>root/etc/hole
	tar --sparse --format=posix -cf layer.tar -C root bin etc
	grep -aq GNU.sparse.major=1 layer.tar
	make 'layout("image", open("layer.tar", "rb").read())
layout("bad", T.tar(I.system(E.arm()), T.pax(GNU__sparse__major=1, GNU__sparse__minor=0, GNU__sparse__name="x", GNU__sparse__realsize=9), T.member("x", b"1\n8\n9\n".ljust(512, b"\0"))))'
	same platform linux/arm/v7 "$(facts '.[0].platform' image)"
	same judged /bin/sh "$(facts '.[0].judged_by' image)"
	inject 0 image
	inspect 3 bad
	says sparse
}

@test "what people have instead of an image: what it is, and what to type" {
	local name words command type

	make '
def put(path, *parts, size=4096):
    data = bytearray(size)
    for at, part in parts:
        data[at:at + len(part)] = part
    open(path, "wb").write(data)
put("deb", (0, b"!<arch>\ndebian-binary   "))
put("rpm", (0, b"\xed\xab\xee\xdb"))
put("qcow2", (0, b"QFI\xfb"))
put("boot", (510, b"\x55\xaa"))
put("far", (512, b"EFI PART" + b"\xff" * 90), (510, b"\x55\xaa"))
I.write("./root.tar", T.tar(I.system(E.arm())))
I.write("./root.gz", I.gz(T.tar(I.system(E.arm()))))
I.write("./program.gz", I.gz(E.arm()))'
	printf 'version https://git-lfs.github.com/spec/v1\n' >lfs
	printf '<!DOCTYPE html><html></html>' >html
	xz -c html >html.xz
	mkdir skopeo
	printf 'Directory Transport Version: 1.1\n' >skopeo/version
	printf '{}' >skopeo/manifest.json
	ln -s deb "an 'odd' name"
	while IFS='|' read -r name words type; do
		for command in inspect doctor inject index convert; do
			[[ $command$name != in[jd]*.xz && $command$name != convert*.xz ]] || continue
			[[ $command != index ]] || command='index -o out'
			[[ $command != convert ]] || command='convert --platform=arm'
			# shellcheck disable=SC2086,SC2046 # words
			expect_raw 3 "$ANYARCH" $command "$name" $([[ $command != convert* ]] || echo out)
			[[ $output$stderr == *"$words"* && $output$stderr == *"$type"* ]] || {
				show 3 "$ANYARCH" "$command" "$name"
				return 1
			}
		done
	done <<-'TABLE'
		deb|a Debian package|dpkg-deb -x deb DIR
		an 'odd' name|a Debian package|dpkg-deb -x FILE DIR
		rpm|an RPM package|rpm2cpio rpm
		lfs|a Git LFS pointer|git lfs pull
		html|an HTML page|download the file itself
		html.xz|xz data|xz -dc html.xz >UNPACKED
		qcow2|a qcow2 disk image|qemu-img convert -O raw qcow2
		boot|a disk image|sfdisk --verify boot
		far|a disk image|sfdisk --verify far
		root.tar|a root file system in a tar archive|tar -xpf FILE -C DIR
		root.gz|a root file system in a tar archive|tar -xpf FILE -C DIR
		program.gz|not an archive: an ELF file|gzip -dc FILE >UNPACKED
		skopeo|format dir:|skopeo copy dir:skopeo oci:LAYOUT
		dir:skopeo|format dir:|skopeo copy dir:skopeo oci:LAYOUT
		docker://alpine:3.20|an image in a registry|skopeo copy docker://alpine:3.20 oci:LAYOUT
		docker-daemon:alpine|an image that Docker has|docker save -o image.tar alpine, then
		containers-storage:alpine|an image that podman has|podman save -o image.tar alpine, then
		alpine|No such file|docker save -o image.tar alpine, then
		debian:12|No such file|docker save -o image.tar debian:12, then
		ghcr.io/a/b|No such file|docker save -o image.tar ghcr.io/a/b
	TABLE
	inspect 3 missing.tar
	[[ $stderr != *hint:* ]]
	inspect 3 ./a/b
	[[ $stderr != *hint:* ]]
}

@test "doctor takes the prefixes and names that inspect takes" {
	make '
oci = I.Oci()
I.write_layout("two", oci.finish(oci.image([T.tar(I.system(E.arm()))], **I.named("arm")),
    oci.image([T.tar(I.system(E.amd64()))], "amd64", None, **I.named("amd64"))))'
	expect_raw 0 "$ANYARCH" doctor oci:two:amd64
	[[ $output$stderr != *arm* ]]
	expect_raw 3 "$ANYARCH" doctor oci:two:arm
	[[ $output$stderr == *arm* ]]
	expect 3 "$ANYARCH" doctor oci:two:nothing
	says 'contains no image of that name'
}

@test "what is for another system is never called linux: index takes its label when told so, convert keeps it" {
	make '
for system in "freebsd", "windows":
    oci = I.Oci()
    I.write_layout(system, oci.finish(oci.image([T.tar(I.system(E.arm64()))], "arm64", "v8", config={"os": system}, **I.named("1"))))
layer = T.tar(I.system(E.arm64()))
I.write("./freebsd.tar", I.archive(I.docker([([layer], I.config_of([layer], "arm64", "v8", os="freebsd"), ["f:1"])])))'
	inspect 0 freebsd
	expect 3 "$ANYARCH" index -o oci:out freebsd
	says 'the label says freebsd'
	hints --trust-label
	expect 0 "$ANYARCH" index --trust-label -o oci:out freebsd windows
	same told $'freebsd/arm64/v8: freebsd\nwindows/arm64/v8: windows' "$output"
	same index 'freebsd arm64 v8;windows arm64 v8' "$(python3 -B - <<-'PYTHON'
		import glob, json
		for path in glob.glob("out/blobs/sha256/*"):
		    try:
		        index = json.load(open(path))
		    except ValueError:
		        continue
		    if "manifests" in index:
		        print(";".join("{os} {architecture} {variant}".format(**one["platform"]) for one in index["manifests"]))
	PYTHON
	)"
	expect 0 "$ANYARCH" convert freebsd.tar oci:converted
	same platform '{"architecture":"arm64","os":"freebsd","variant":"v8"}' "$(jq -c '.manifests[0].platform' converted/index.json)"
	expect 3 "$ANYARCH" convert --fix-label freebsd.tar oci:fixed
	says 'the label says freebsd'
	expect 3 "$ANYARCH" convert --platform arm64 freebsd.tar oci:fixed
	[[ ! -e fixed ]]
}

@test "attestations: that their subject is the image as it was is reported, in both of BuildKit's forms" {
	local form

	make '
def statement(oci, image, **more):
    return oci.blob({"schemaVersion": 2, "mediaType": I.MANIFEST, "config": oci.blob({}, I.CONFIG), "layers":
        [oci.blob({"subject": []}, "application/vnd.in-toto+json")], **more}, I.MANIFEST,
        platform={"os": "unknown", "architecture": "unknown"}, annotations={"vnd.docker.reference.type":
        "attestation-manifest", **({} if more else {"vnd.docker.reference.digest": image["digest"]})})
for form in "annotation", "subject":
    oci = I.Oci()
    image = oci.platform([T.tar(I.system(E.arm()))], "arm", "v7")
    subject = {name: image[name] for name in ("mediaType", "digest", "size")}
    other = statement(oci, image, **({"subject": subject} if form == "subject" else {}))
    I.write_layout(form, oci.finish(oci.index([image, other], **I.named("1"))))'
	for form in annotation subject; do
		inject 0 "$form"
		says "an attestation still refers to the original image: sha256:"
		inject 0 "$form"
		[[ $stderr != *attestation* ]]
	done
}

@test "a file that is there is replaced by --output with --force only, the target itself without" {
	make '
layer = T.tar(I.system(E.arm()))
I.write("./image", I.archive(I.docker([([layer], I.config_of([layer]), ["a:1"])])))'
	printf precious >out
	inject 3 -o out image
	says 'out already exists'
	hints --force
	inject 3 --dry-run -o out image
	same out precious "$(<out)"
	inject 0 --force -o out image
	expect 3 "$ANYARCH" eject -o image out
	expect 0 "$ANYARCH" eject -o out out
	inject 0 -o ./image image
}

@test "an archive from a pipe needs no temporary directory" {
	make '
layer = T.tar(I.system(E.arm()))
I.write("./image", I.archive(I.docker([([layer], I.config_of([layer]), ["a:1"])])))'
	unshare --user --map-root-user --mount true 2>/dev/null || need 'no user namespaces'
	# shellcheck disable=SC2016 # the inner shell expands it
	expect 0 unshare --user --map-root-user --mount sh -c 'for dir in /var/tmp /tmp; do
			mount -t tmpfs -o ro none "$dir" || exit; done; unset TMPDIR; cat | /proc/self/fd/9 inspect -' <image 9<"$ANYARCH_PLAIN"
	[[ $output == *'platform:     linux/arm'* ]]
}

@test "an incomplete layout is removed, and nothing behind a link in it" {
	make 'layout("image", T.tar(I.system(E.arm())))'
	mkdir -p store/sha256 folder/blobs
	printf 'precious\n' | tee store/index.json >store/sha256/file
	cp -r store kept
	ln -s "$PWD/store" link
	mkdir all
	mv link all/blobs
	ln -s "$PWD/store/sha256" folder/blobs/sha256
	for name in all folder; do
		expect_one_of '1 3' "$ANYARCH" convert image "oci:$name"
		says "$name/blobs"
		diff -r kept store
	done
	# What a killed run leaves goes.
	mkdir -p half/blobs/sha256
	touch half/oci-layout half/blobs/index.json half/blobs/sha256/x
	expect 0 "$ANYARCH" convert image oci:half
	diff -r image half
}

@test "an image that only manifest.json of an archive lists is not lost in a copy" {
	make '
arm, arm64 = T.tar(I.system(E.arm())), T.tar(I.system(E.arm64()))
oci = I.Oci()
files = oci.finish(oci.image([arm], **I.named("1")))
files.update(I.docker([([arm], I.config_of([arm]), ["a:1"]), ([arm64], I.config_of([arm64], "arm64", None), ["b:1"])], "new"))
I.write("./dual.tar", I.archive(files))'
	for to in oci:copy oci-archive:copy.tar; do
		expect 3 "$ANYARCH" convert dual.tar "$to"
		says b:1
		hints --platform
	done
	[[ ! -e copy && ! -e copy.tar ]]
	expect 0 "$ANYARCH" convert --platform linux/arm64 dual.tar oci:copy
	expect 0 "$ANYARCH" inspect --expect linux/arm64 copy
}
