#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns which native tools inject puts into an image, that they come in one layer, and that eject leaves no trace of them.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

setup() {
	need_commands python3 jq umoci qemu-arm-static qemu-aarch64-static
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	make_files 'F.toolchain("tools")'
}

# make_files PYTHON: with tests/lib/tool_files.py as F, tar_files as T, elf_files as E, image_files as I.
make_files() {
	PYTHONPATH=$ANYARCH_SRC/tests/lib python3 -B -c "import tool_files as F, tar_files as T, elf_files as E, image_files as I
$1"
}

inject() {
	expect "$1" "$ANYARCH" inject --emulator-dir /usr/bin --at /usr/bin/qemu-aarch64-static "${@:2}"
}

accelerate() {
	inject "$1" --accelerate --toolchain tools "${@:2}"
}

# blob LAYOUT DIGEST
blob() {
	printf '%s\n' "$1/blobs/sha256/${2#sha256:}"
}

# manifest LAYOUT, config LAYOUT: of its first image.
manifest() {
	cat "$(blob "$1" "$(jq -r '.manifests[0].digest' "$1/index.json")")"
}

config() {
	cat "$(blob "$1" "$(manifest "$1" | jq -r .config.digest)")"
}

# top LAYOUT: the file of its topmost layer.
top() {
	blob "$1" "$(manifest "$1" | jq -r '.layers[-1].digest')"
}

# members LAYOUT: of its topmost layer.
members() {
	tar -tvf "$(top "$1")" --numeric-owner --full-time | awk '{ print $1, $2, $NF }'
}

# digests IMAGE
digests() {
	"$ANYARCH" inspect --json "$1" | jq -r '.[] | "\(.reference) \(.digest) \(.kind)"'
}

# stays REASON [OPTION...]: the image is refused for that, and not a byte of it is another one.
stays() {
	rm -rf was
	cp -r image was
	accelerate 3 image "${@:2}"
	says "$1"
	diff -r was image
}

# bats test_tags=slow
@test "one layer has the emulator, the tools that are equal, and what they need" {
	make_files 'F.one("image", T.member("usr/lib/x", b"x"))'
	cp -r image was
	accelerate 0 image
	same told "image: injected /usr/bin/qemu-aarch64-static
image: injected /usr/lib/anyarch/native: cc1 as ld.bfd run natively" "$output"
	same members 'drwxr-xr-x 0/0 usr/
drwxr-xr-x 0/0 usr/bin/
-rwxr-xr-x 0/0 usr/bin/qemu-aarch64-static
drwxr-xr-x 0/0 usr/lib/
drwxr-xr-x 0/0 usr/lib/anyarch/
drwxr-xr-x 0/0 usr/lib/anyarch/native/
-rw-r--r-- 0/0 usr/lib/anyarch/native/index
-rw-r--r-- 0/0 usr/lib/anyarch/native/toolchain.json
drwxr-xr-x 0/0 usr/lib/anyarch/native/lib/
-rwxr-xr-x 0/0 usr/lib/anyarch/native/lib/loader
drwxr-xr-x 0/0 usr/lib/anyarch/native/bin/
-rwxr-xr-x 0/0 usr/lib/anyarch/native/bin/cc1-12
-rwxr-xr-x 0/0 usr/lib/anyarch/native/lib/libc.so.6
-rwxr-xr-x 0/0 usr/lib/anyarch/native/bin/as
-rwxr-xr-x 0/0 usr/lib/anyarch/native/bin/ld.bfd' "$(members image)"
	same 'one layer' 2 "$(manifest image | jq '.layers | length')"
	same 'one entry of the history' 2 "$(config image | jq '.history | length')"
	umoci unpack --rootless --image image:1 bundle
	cmp bundle/rootfs/usr/lib/anyarch/native/bin/cc1-12 tools/usr/lib/gcc-cross/aarch64-linux-gnu/12/cc1
	same 'the kept tools' 'cc1 as ld.bfd' "$(jq -r '[.tools[].name] | join(" ")' bundle/rootfs/usr/lib/anyarch/native/toolchain.json)"
	# What the entry stub reads is for these programs, and the emulator has the stub.
	grep -q -a /usr/lib/gcc/aarch64-linux-gnu/12/cc1 bundle/rootfs/usr/lib/anyarch/native/index
	refute grep -q -a cc1plus bundle/rootfs/usr/lib/anyarch/native/index
	grep -q -a 'anyarch entry 1' bundle/rootfs/usr/bin/qemu-aarch64-static
	expect 0 "$ANYARCH" eject image
	same told "image: removed /usr/bin/qemu-aarch64-static
image: removed /usr/lib/anyarch/native" "$output"
	diff -r was image
}

# bats test_tags=slow
@test "it is idempotent, and takes the place of a plain emulator, as that does of it" {
	make_files 'F.one("image")'
	cp -r image was
	inject 0 image
	cp -r image plain
	accelerate 0 image
	[[ $output == *'replaced /usr/bin/qemu-aarch64-static'*'replaced /usr/lib/anyarch/native'* ]]
	cp -r image again
	accelerate 0 image
	[[ $output == *'unchanged /usr/bin/qemu-aarch64-static'*'unchanged /usr/lib/anyarch/native: cc1 as'* ]]
	diff -r again image
	accelerate 0 --dry-run image
	diff -r again image
	inject 0 image
	diff -r plain image
	expect 0 "$ANYARCH" eject image
	diff -r was image
	accelerate 0 --dry-run image
	[[ $output == *'injected /usr/lib/anyarch/native'* ]]
	diff -r was image
}

# bats test_tags=slow
@test "the same inputs give the same layer, whoever makes it and wherever" {
	make_files 'F.one("image")'
	cp -r image one
	cp -r image two
	cp -r image three
	mkdir tmp
	accelerate 0 one
	cp -r tools others
	touch -d @1234567890 others/usr/bin/* others/lib/*/*
	chmod 0700 others/usr/bin/*
	(umask 077 && TMPDIR=$PWD/tmp TZ=Asia/Tokyo LC_ALL=C inject 0 --accelerate --toolchain others two)
	same layer "$(manifest one)" "$(manifest two)"
	diff -r one two
	SOURCE_DATE_EPOCH=1000000000 accelerate 0 three
	same bounded 2001-09-09 "$(tar -tvf "$(top three)" --utc usr/bin/qemu-aarch64-static | awk '{ print $4 }')"
	same 'all others' "$(tar -tvf "$(top one)" usr/lib/anyarch)" "$(tar -tvf "$(top three)" usr/lib/anyarch)"
	same left '' "$(ls -A tmp)"
}

# bats test_tags=slow
@test "archives of both kinds, and every compression" {
	local name

	make_files '
layer = F.system()
I.write("./docker.tar", I.archive(I.docker([([layer], I.config_of([layer]), ["test:1"])])))
oci = I.Oci()
I.write("./oci.tar", I.archive(oci.finish(oci.image([layer], codec=T.gz, **I.named("1")))))
oci = I.Oci()
I.write("./zstd.tar", I.archive(oci.finish(oci.image([layer], codec=T.zstd, **I.named("1")))))'
	mkdir tmp
	for name in docker oci zstd; do
		cp "$name.tar" image.tar
		TMPDIR=$PWD/tmp accelerate 0 image.tar
		[[ $output == *'cc1 as ld.bfd run natively'* ]]
		same left '' "$(ls -A tmp)"
		accelerate 0 --compress gzip image.tar
		[[ $output == *unchanged* ]]
		expect 0 "$ANYARCH" eject image.tar
		same "$name" "$(digests "$name.tar")" "$(digests image.tar)"
		accelerate 0 --compress gzip image.tar
		[[ $output == *'cc1 as ld.bfd run natively'* ]]
		expect 0 "$ANYARCH" eject image.tar
		same "$name" "$(digests "$name.tar")" "$(digests image.tar)"
	done
	accelerate 0 -o out.tar - <oci.tar
	expect 0 "$ANYARCH" eject out.tar
	same piped "$(digests oci.tar)" "$(digests out.tar)"
	TMPDIR=/nowhere accelerate 1 docker.tar
	hints TMPDIR
}

@test "JSON says which tools are native, and why others are not" {
	make_files 'F.one("image", F.twins(["cc1plus"], version="13.1.0"))
F.toolchain("tools", ["cc1", "cc1plus", "as", "ld.bfd", "ar"])'
	accelerate 0 --json image
	same native '["cc1","as","ld.bfd"]' "$(jq -c '.[0].accelerated' <<<"$output")"
	same emulated '[["cc1plus","another version: Debian 13.1.0 there, Debian 12.2.0 here"]]' \
		"$(jq -c '.[0].emulated | map([.tool, .why])' <<<"$output")"
	same result 'injected injected aarch64' "$(jq -r '.[0] | "\(.result) \(.tools) \(.arch)"' <<<"$output")"
	expect 0 "$ANYARCH" inspect image
	[[ $output == *$'\nnative tools: cc1 as ld.bfd\nemulated:     cc1plus (another version: Debian 13.1.0 there, Debian 12.2.0 here)'* ]]
	"$ANYARCH" doctor --json image >json || true # as there may be no handler
	same 'doctor' $'native tools for cc1 as ld.bfd\nemulated: cc1plus (another version: Debian 13.1.0 there, Debian 12.2.0 here)' \
		"$(jq -r '.findings[] | select(.id | IN("accelerated", "not-accelerating", "stays-emulated")).what' json |
			sed 's/^image: //; s/native ones run for/native tools for/; s/^there are \(.*\), and .*/\1/')"
	expect 0 "$ANYARCH" inspect --json image
	same 'in the image' '["cc1","as","ld.bfd"] ["cc1plus"]' "$(jq -r '.[0] | "\(.accelerated) \(.emulated | map(.tool))"' <<<"$output")"
	expect 0 "$ANYARCH" eject --json image
	same removed 'removed removed' "$(jq -r '.[0] | "\(.result) \(.tools)"' <<<"$output")"
}

@test "a 32-bit root: what calculates as wide as the machine stays emulated, the compilers do not" {
	make_files '
F.use_armhf()
names = ["cc1", "cc1plus", "as", "ld.bfd", "ar"]
F.toolchain("tools32", names)
oci = I.Oci()
root = T.tar(I.system(E.arm()), T.directory("usr"), F.twins(names, make=E.arm))
I.write_layout("image", oci.finish(oci.image([root], "arm", "v7", **I.named("1"))))'
	expect 0 "$ANYARCH" inject --emulator-dir /usr/bin --accelerate --toolchain tools32 --json image
	same native '["cc1","cc1plus"]' "$(jq -c '.[0].accelerated' <<<"$output")"
	same emulated '["as","ld.bfd","ar"]' "$(jq -c '.[0].emulated | map(.tool)' <<<"$output")"
	same why 'its results depend on the width and order of numbers' "$(jq -r '.[0].emulated | map(.why) | unique[]' <<<"$output")"
}

# bats test_tags=slow
@test "a set of tools may be an image: the same layer as from a directory" {
	local one

	make_files '
F.one("image")
I.write("./docker.tar", I.archive(I.docker([([F.set_layer()], I.config_of([F.set_layer()]), ["set:1"])])))
F.set_image("layout", T.tar(I.system(E.amd64())), F.set_layer())
F.set_image("./gzip.tar", F.set_layer(), codec=T.gz)
arm, amd = T.tar(I.system(E.arm64())), F.set_layer()
oci = I.Oci()
I.write_layout("index", oci.finish(oci.index([oci.platform([arm], "arm64"), oci.platform([amd], "amd64")], **I.named("1"))))
gone, links = T.tar(T.member("usr/bin/.wh.aarch64-linux-gnu-as", b"")), T.tar(T.symlink("usr/bin/aarch64-linux-gnu-as", "/opt/as"),
	F.member("opt/as", F.native("as")))
F.set_image("links", F.set_layer(), gone, links)'
	cp -r image was
	accelerate 0 image
	for one in docker.tar docker-archive:docker.tar:set:1 layout oci:layout gzip.tar index links; do
		rm -rf again
		cp -r was again
		inject 0 --accelerate --toolchain "$one" again
		diff -r image again
	done
}

# bats test_tags=slow
@test "a set of tools that is another machine's, damaged or hostile is refused, or what is wrong in it emulated" {
	local one says

	make_files '
def broken(name, *more, names=("cc1", "as", "ld.bfd")):
    F.set_image(name, F.set_layer(*more, names=names))
cc1 = f"usr/lib/gcc-cross/{F.TRIPLET}/12/cc1"
F.one("image")
F.set_image("foreign", T.tar(I.system(E.arm64())), architecture="arm64")
broken("empty", names=[])
broken("wide", F.member(cc1, E.elf(E.I386)))
broken("cut", F.member(cc1, F.native("cc1")[:150]))
broken("unknown", F.member(cc1, F.dynamic(b"", b"libc.so.6", F.INTERPRETER)))
broken("needs", F.member(cc1, F.dynamic(F.texts("cc1"), b"libnone.so", F.INTERPRETER)))
broken("up", F.member(cc1, F.dynamic(F.texts("cc1"), b"../x.so", F.INTERPRETER)))
broken("loader", F.member("lib64/ld-linux-x86-64.so.2", E.amd64(body=b"old")))
broken("circle", T.symlink(cc1, "cc1"))
broken("device", T.member(cc1, b"", kind=b"3"))
broken("manifest", T.member("toolchain.json", b"{\"files\": []}"))
broken("version", F.member(cc1, F.native("cc1", "13.1.0")))
broken("chain", F.member(cc1, F.dynamic(F.texts("cc1"), b"lib0.so", F.INTERPRETER)),
    *(F.member(f"lib/lib{i}.so", F.dynamic(b"", f"lib{i + 1}.so".encode())) for i in range(30)))
F.set_image("./short.tar", F.set_layer())
data = open("short.tar", "rb").read()
I.write("./short.tar", data[:len(data) // 2])
I.write("./nested.tar", T.tar(T.member("tools.tar", data)))
F.set_image("missing", F.set_layer())'
	rm "$(blob missing "$(manifest missing | jq -r '.layers[0].digest')")"
	while IFS='|' read -r one says; do
		rm -rf was
		cp -r image was
		inject 3 --accelerate --toolchain "$one" image
		says "$says"
		diff -r was image || return
	done <<-'CASES'
		foreign|contains no image for this machine
		/nowhere|/nowhere
		oci:layout:none|none
		empty|no cross tools for aarch64-linux-gnu
		wide|12/cc1: not a program for this machine
		cut|12/cc1
		unknown|12/cc1: cannot determine its version
		needs|needs the library libnone.so, which is not there
		up|needs a library of a strange name
		loader|older than 2.33
		circle|12/cc1
		device|12/cc1
		manifest|toolchain.json
		chain|asks for others
		short.tar|short.tar
		nested.tar|nested.tar
		missing|missing
	CASES
	inject 0 --accelerate --toolchain version --json image
	same 'another version' 'cc1: another version: Debian 12.2.0 there, Debian 13.1.0 here' \
		"$(jq -r '.[0].emulated[] | .tool + ": " + .why' <<<"$output")"
}

@test "a package that depends on libraries without end is emulated, soon" {
	make_files '
import hashlib
def files(make, arch, depends):
    sed = F.twin("as", more=b"sed") if make is E.arm64 else F.dynamic(b"sed", b"libc.so.6", F.INTERPRETER)
    status = f"Package: sed\nStatus: install ok installed\nArchitecture: {arch}\nVersion: 4.9-1\nDepends: {depends}\n\nDescription: "
    return {"bin/sed": sed, "var/lib/dpkg/status": (status + "x" * 9000000).encode(),
        "var/lib/dpkg/info/sed.md5sums": f"{hashlib.md5(sed).hexdigest()}  bin/sed\n".encode()}
for name, data in {**F.tool_files([]), **files(E.amd64, "amd64", "libc6")}.items():
    I.write("set/" + name, data, 0o755)
for name, depends in ("some", "libnone"), ("many", "libnone, " * 500000):
    F.layout(name, T.tar(I.system(E.arm64()), *(F.member(*file) for file in files(E.arm64, "arm64", depends).items())))'
	expect 0 "$ANYARCH" inject --dry-run --emulator-dir /usr/bin --accelerate --toolchain set some
	expect 3 timeout -s KILL 20 "$ANYARCH" inject --dry-run --emulator-dir /usr/bin --accelerate --toolchain set many
	says 'sed (its file or libraries are not those of the package)'
}

@test "by the records of apk: the same version, libraries and file, or emulated" {
	local one says

	make_files '
def root(name, change=lambda files: None, **more):
    files = F.apk_files(E.arm64, "aarch64", **more)
    change(files)
    F.layout(name, T.tar(I.system(E.arm64()), *(F.member(*file) for file in files.items())))
at = "lib/apk/db/installed"
def records(name, change):
    root(name, lambda files: files.update({at: change(files[at])}))
for name, data in F.apk_files(E.amd64, "x86_64").items():
    I.write("set/" + name, data, 0o755)
root("same")
root("newer", lambda files: files.update({"usr/" + at: files.pop(at)}))
root("revision", library="2.3-r9", musl="1.2.5-r7")
root("version", version="4.9-r3")
root("library", library="2.4-r1")
root("musl", musl="1.2.4-r0")
root("changed", lambda files: files.update({"bin/sed": F.twin("as", more=b"another")}))
root("sha256", digest="Q2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
root("dpkg", lambda files: files.update({"var/lib/dpkg/status": b"Package: x\n"}))
records("gone", lambda old: old.replace(b"P:sed", b"P:sedx"))
records("other-dir", lambda old: old.replace(b"F:bin", b"F:opt/bin"))
records("other-file", lambda old: old.replace(b"R:sed\na:", b"R:sedx\na:"))
records("after-it", lambda old: old.replace(b"F:bin\n", b"F:bin\n\n"))
records("unprovided", lambda old: old.replace(b"p:so:libacl", b"p:xso:libacl"))
records("cut", lambda old: old[:-20])
records("nothing", lambda old: b"")
records("zeros", lambda old: bytes(1000) + old)
records("many", lambda old: old.replace(b"D:/bin/sh", b"D:" + b"so:libacl.so.1 " * 500000 + b"/bin/sh"))
records("provided", lambda old: b"p:" + b"xso:libacl.so.1=" * 500000 + b"\n\n" + old)'
	while IFS='|' read -r one says; do
		for one in $one; do
			printf '%s\n' "$one"
			expect "$([[ $says == native ]] && echo 0 || echo 3)" timeout 10 "$ANYARCH" inject --dry-run --emulator-dir /usr/bin \
				--accelerate --toolchain set "$one"
			[[ $says == native ]] || says "$says"
		done
	done <<-'CASES'
		same newer revision provided|native
		version|sed (another version: 4.9-r3 there, 4.9-r2 here)
		library musl changed sha256 other-dir other-file after-it unprovided cut many|sed (its file or libraries are not those of the package)
		dpkg gone nothing zeros|nothing
	CASES
}

# bats test_tags=slow
@test "an index: each platform gets what there is for it" {
	make_files '
arm64 = F.system()
arm = T.tar(I.system(E.arm()), T.directory("usr"))
oci = I.Oci()
index = oci.index([oci.platform([arm], "arm", "v7"), oci.platform([arm64], "arm64"), oci.platform([T.tar(I.system(E.amd64()))], "amd64")], **I.named("1"))
I.write_layout("image", oci.finish(index))
oci = I.Oci()
I.write_layout("arm", oci.finish(oci.image([arm], "arm", "v7", **I.named("1"))))'
	cp -r image was
	expect 0 "$ANYARCH" inject --emulator-dir /usr/bin --accelerate --toolchain tools image
	same told 'image: native (amd64): nothing to inject
image: injected /usr/bin/qemu-arm-static
image: injected /usr/bin/qemu-aarch64-static
image: injected /usr/lib/anyarch/native: cc1 as ld.bfd run natively' "$output"
	grep -q 'only the emulator for linux/arm/v7: tools: it contains no cross tools for arm-linux-gnueabihf' "$ERR"
	cp -r image again
	expect 0 "$ANYARCH" inject --emulator-dir /usr/bin --accelerate --toolchain tools image
	diff -r again image
	expect 0 "$ANYARCH" eject image
	diff -r was image
	# None at all is an error, and nothing is written.
	cp -r arm was-arm
	expect 3 "$ANYARCH" inject --emulator-dir /usr/bin --accelerate --toolchain tools arm
	says 'nothing to accelerate: only the emulator for linux/arm/v7'
	hints 'gcc-arm-linux-gnueabihf'
	diff -r was-arm arm
	# What runs here anyway needs none.
	make_files 'oci = I.Oci()
I.write_layout("amd64", oci.finish(oci.image([T.tar(I.system(E.amd64()))], "amd64", None)))'
	expect 0 "$ANYARCH" inject --accelerate --toolchain tools amd64
	[[ $output == *native* ]]
}

@test "an image without a compiler, and tools that this machine does not have: an error that says what would help" {
	make_files 'F.one("image", names=[])'
	stays 'it has no compiler'
	make_files 'F.one("image", names=[])
oci = I.Oci()
I.write_layout("m68k", oci.finish(oci.image([T.tar(I.system(E.elf(E.M68K, big=True)))], "m68k", None)))'
	if [[ ! -d /usr/lib/gcc-cross/m68k-linux-gnu ]]; then
		cp -r m68k was-m68k
		expect 3 "$ANYARCH" inject --emulator-dir /usr/bin --accelerate m68k
		hints 'm68k-linux-gnu'
		diff -r was-m68k m68k
	fi
	stays '/nowhere' --toolchain /nowhere
}

# bats test_tags=slow
@test "twins behind links are found as the kernel finds them" {
	make_files '
F.layout("image", T.tar(I.system(E.arm64()), F.twins(["cc1"]),
	F.member("usr/bin/aarch64-linux-gnu-as", F.twin("as")), T.symlink("usr/bin/as", "aarch64-linux-gnu-as"),
	F.member("opt/ld", F.twin("ld.bfd")), T.hardlink("usr/bin/ld.bfd", "opt/ld")))'
	accelerate 0 image
	[[ $output == *'cc1 as ld.bfd run natively'* ]]
	expect 0 "$ANYARCH" eject image
	# Absolute, over directories, into another layer.
	make_files '
F.layout("image2", T.tar(I.system(E.arm64()), F.member("opt/tools/as", F.twin("as")), F.member("opt/tools/real", F.twin("ld.bfd")),
	T.symlink("opt/tools/ld.bfd", "/../opt/./tools/real")), T.tar(T.symlink("usr/bin", "/opt/tools")))'
	accelerate 0 image2
	[[ $output == *'as ld.bfd run natively'* ]]
	# In circles, and to nowhere.
	make_files 'F.layout("image3", T.tar(I.system(E.arm64()), F.twins(["cc1"]), T.symlink("usr/bin/as", "/usr/bin/as"),
	T.symlink("usr/bin/ld.bfd", "nothing")))'
	accelerate 0 image3
	[[ $output == *'cc1 runs natively; emulated: as (cannot be told); natively once installed: ld.bfd' ]]
}

# bats test_tags=slow
@test "the topmost layer counts: replaced, hidden, brought back" {
	local case

	for case in 'T.tar(F.twins(["cc1"], version="13.1.0"))|cc1 (another version' \
		'T.tar(T.member("usr/bin/.wh.as"))|cc1 ld.bfd run natively' \
		'T.tar(T.member("usr/.wh.bin"))|cc1 runs natively' \
		'T.tar(T.member("usr/bin/.wh..wh..opq"), F.twins(["as"]))|cc1 as run natively' \
		'T.tar(T.member("usr/bin/.wh.as")), T.tar(F.twins(["as"]))|cc1 as ld.bfd run natively' \
		'T.tar(T.member("usr/lib/gcc", b"a file"))|as ld.bfd run natively' \
		'T.tar(F.member("usr/bin/as", F.twin("as", make=E.arm)))|as (for another platform)' \
		'T.tar(F.member("usr/bin/as", F.twin("as", ident=b"")))|as (cannot be told)' \
		'T.tar(F.member("usr/bin/as", F.twin("as"), mode=0o777))|as (cannot be told)' \
		'T.tar(T.directory("usr/bin/as"))|as (cannot be told)' \
		'T.tar(F.member("usr/bin/as", F.twin("as")), F.member("usr/bin/as", F.twin("as", version="2.41")))|as (another version' \
		'T.tar(F.member("usr/bin/as", F.twin("as", version="2.41")), F.member("usr/bin/as", F.twin("as")))|cc1 as ld.bfd run natively' \
		'T.tar(F.member("usr/bin/x", F.twin("as")), T.hardlink("usr/bin/as", "usr/bin/x"), F.member("usr/bin/x", F.twin("as")))|as (cannot be told)' \
		'T.tar(T.hardlink("usr/bin/as", "usr/bin/as"))|cannot be told' \
		'T.tar(F.member("usr/bin/as", F.twin("as", more=bytes(61 << 20))))|as (cannot be told)'; do
		rm -rf image
		make_files "F.layout('image', F.system(), ${case%%|*})"
		accelerate 0 image
		[[ $output == *"${case#*|}"* ]] || {
			printf '%s\n%s\n' "$case" "$output" >&2
			return 1
		}
	done
}

@test "the index has the file as unpacking leaves it" {
	make_files '
F.layout("image", F.system(), T.tar(T.pax(mtime="1234567890.5"), F.member("usr/bin/as", F.twin("as", more=bytes(1000)))))'
	accelerate 0 image
	umoci unpack --rootless --image image:1 bundle
	python3 - bundle/rootfs <<-'PYTHON'
		import os, struct, sys
		root = sys.argv[1]
		data = open(root + "/usr/lib/anyarch/native/index", "rb").read()
		assert data[:8] == b"anyNATI4" and struct.unpack_from("<I", data, 8)[0] == len(data)
		n, = struct.unpack_from("<I", data, 12)
		assert n == 3, n
		def text(at):
		    return data[at:data.index(b"\0", at)].decode()
		for i in range(n):
		    size, mtime, native, path, tool, _, kind, at, length = struct.unpack_from("<QqQIIIIII", data, 32 + i * 88)
		    ident = data[32 + i * 88 + 48:][:length]
		    st = os.stat(root + text(path))
		    assert st.st_size == size and int(st.st_mtime) == mtime, (text(path), st, size, mtime)
		    assert open(root + text(path), "rb").read()[at:at + length] == ident
		    assert os.stat(root + text(tool)).st_size == native
	PYTHON
}

# bats test_tags=slow
@test "later layers: eject gives what there would be without, in files and in history" {
	make_files '
F.one("image")
F.one("without")'
	accelerate 0 image
	make_files '
for name in "image", "without":
    F.on_top(name, T.tar(T.directory("usr"), T.directory("usr/lib"), T.member("usr/lib/new", b"new")), "RUN one")
    F.on_top(name, T.tar(T.member("usr/bin/.wh.ld.bfd"), T.member("tmp/x", b"x")), "RUN two")'
	expect 0 "$ANYARCH" inspect image
	cp -r image built
	expect 0 "$ANYARCH" eject image
	[[ $output == *'removed /usr/bin/qemu-aarch64-static'*'removed /usr/lib/anyarch/native'* ]]
	same config "$(config without | jq -S .)" "$(config image | jq -S .)"
	same layers "$(manifest without | jq -c .layers)" "$(manifest image | jq -c .layers)"
	refute grep -r -q -i anyarch image
	# Another one on top goes, too; the same below is enough when no twin was changed.
	rm -rf image
	cp -r built image
	accelerate 0 image
	[[ $output == *'injected /usr/lib/anyarch/native: cc1 as run natively'* ]]
	expect 0 "$ANYARCH" eject image
	same layers "$(manifest without | jq -c .layers)" "$(manifest image | jq -c .layers)"
	make_files 'F.one("image2")'
	accelerate 0 image2
	make_files 'F.on_top("image2", T.tar(T.member("usr/lib/new", b"new")))'
	cp -r image2 was2
	accelerate 0 image2
	[[ $output == *'unchanged /usr/lib/anyarch/native'* ]]
	diff -r was2 image2
	# One that is not what it says is no reason to be content.
	make_files 'F.on_top("image2", T.tar(T.member("usr/lib/anyarch/native/bin/as", E.amd64(body=b"other"))))'
	accelerate 0 image2
	[[ $output == *'injected /usr/lib/anyarch/native'* ]]
}

# bats test_tags=slow
@test "what a later layer has of the tools would stay: refused, and the layer is named" {
	local layer digest n=0

	make_files 'F.one("base")'
	accelerate 0 base
	for layer in 'T.member("usr/lib/.wh.anyarch")' 'T.directory("usr/lib/anyarch")' \
		'T.member("usr/lib/anyarch/.wh.native")' 'T.member("usr/lib/anyarch/.wh..wh..opq")' \
		'T.directory("usr/lib/anyarch/native")' 'T.member("usr/lib/anyarch/native/x", b"x")' \
		'T.member("./usr/lib/anyarch/native/bin/.wh.as")' 'T.symlink("usr/lib/anyarch", "/opt")' \
		'T.hardlink("opt/as", "usr/lib/anyarch/native/bin/as")'; do
		rm -rf image was
		cp -r base image
		make_files "F.on_top('image', T.tar(T.member('etc/x', b'x')))
F.on_top('image', T.tar($layer))
F.on_top('image', T.tar(T.member('etc/y', b'y')))"
		digest=$(manifest image | jq -r '.layers[-2].digest')
		cp -r image was
		expect 3 "$ANYARCH" eject image
		[[ $layer == *hardlink* ]] || says "${digest#sha256:}"
		[[ $layer != *hardlink* ]] || says 'hard link to /usr/lib/anyarch/native/bin/as'
		diff -r was image
		n=$((n + 1))
	done
	same cases 9 "$n"
	# What others have in that directory is theirs, and no matter.
	for layer in 'T.directory("usr/lib/anyarch"), T.member("usr/lib/anyarch/plugin", b"x")' 'T.member("usr/lib/anyarchive", b"x")' \
		'T.member("usr/lib/.wh.anyarchive")'; do
		rm -rf image
		cp -r base image
		make_files "F.on_top('image', T.tar($layer))"
		expect 0 "$ANYARCH" eject image
	done
}

# bats test_tags=slow
@test "a layer of ours whose mark a build has lost stays, and that is no success" {
	make_files 'F.one("image")'
	accelerate 0 image
	make_files 'F.on_top("image", T.tar(T.member("etc/x", b"x")))
F.mark("image", -2, "lost")'
	cp -r image was
	expect 3 "$ANYARCH" eject image
	says "$(manifest image | jq -r '.layers[1].digest[7:]')"
	diff -r was image
	accelerate 0 image
	[[ $output == *unchanged*unchanged* ]]
	# Where there is no history the config itself has the mark, and no build keeps that.
	make_files 'F.layout("without", F.system(), has_history=False)'
	cp -r without was-without
	accelerate 0 without
	expect 0 "$ANYARCH" eject without
	diff -r was-without without
	# Its history begins with what was built, so that it has nothing to say of our layer, which is known by what it holds.
	make_files 'F.on_top("without", T.tar(T.member("etc/x", b"x")))'
	cp -r without want
	rm -r without
	cp -r was-without without
	accelerate 0 without
	make_files 'F.on_top("without", T.tar(T.member("etc/x", b"x")))'
	expect 0 "$ANYARCH" eject without
	same 'the config' "$(config want | jq -S .)" "$(config without | jq -S .)"
	same 'the layers' "$(manifest want | jq -c .layers)" "$(manifest without | jq -c .layers)"
}

# bats test_tags=slow
@test "a place that is not root's alone is refused" {
	local case

	for case in 'T.directory("usr/lib", mode=0o777)|/usr/lib: writable by others' \
		'T.directory("usr", mode=0o775)|/usr: writable by others' \
		'T.member("usr/lib/", kind=b"5", uid=1000)|/usr/lib: owned by user 1000' \
		'T.directory("usr/lib/anyarch", mode=0o757)|/usr/lib/anyarch: writable by others' \
		'T.directory("usr/lib/anyarch/native", mode=0o1777)|/usr/lib/anyarch/native: writable by others' \
		'T.directory("usr/lib/anyarch/native/bin", mode=0o777)|/usr/lib/anyarch/native/bin: writable by others' \
		'T.symlink("usr/lib/anyarch", "/opt")|a link leads to /opt/native/index' \
		'T.symlink("usr/lib/anyarch/native", "elsewhere")|a link leads to' \
		'T.symlink("usr/lib/anyarch/native/bin", "/bin")|a link leads to' \
		'T.symlink("usr/lib/anyarch", "/usr/lib/anyarch")|cannot reach' \
		'T.member("usr/lib/anyarch", b"a file")|cannot reach' \
		'T.directory("usr/lib/anyarch/native/index")|not a regular file' \
		'T.member("usr/lib/anyarch/native/lib/loader", kind=b"6")|not a regular file'; do
		rm -rf image
		make_files "F.one('image', ${case%%|*})"
		stays "${case#*|}"
		# Without the tools there is nothing to fear.
		inject 0 image
	done
	rm -rf image
	make_files 'F.one("image")'
	stays 'own path' --at /usr/lib/anyarch/native/index
	stays 'reserved for native tools' --at /usr/lib/anyarch/native/qemu
	stays 'reserved for native tools' --at /usr/lib/anyarch
	inject 3 --at /usr/lib/anyarch/native/index image
	diff -r was image
}

# bats test_tags=slow
@test "hostile layers are refused, and nothing is written" {
	make_files 'layer = F.system()
F.layout("image", layer[:layer.index(b"usr/bin/as") + 600])'
	stays truncated
	rm -rf image
	make_files 'F.one("image", T.member("usr/bin/nm", kind=b"S"))'
	stays sparse
	rm -rf image
	make_files 'F.one("image", T.pax(GNU__sparse__major=1, GNU__sparse__minor=0), F.member("usr/bin/nm", F.twin("ld.bfd")))'
	stays sparse
	rm -rf image
	make_files 'F.one("image", T.header("usr/bin/nm", b"77777777777\0") + bytes(512))'
	stays 'truncated or corrupt'
	# A compressed layer must be what its name says.
	rm -rf image
	make_files 'F.layout("image", F.system(), codec=T.gz)'
	expect 0 "$ANYARCH" inject --dry-run image
	make_files 'import json, gzip
m = json.loads(F.blob("image", json.load(open("image/index.json"))["manifests"][0]["digest"]))
layer = m["layers"][0]
name = "image/blobs/sha256/" + layer["digest"][7:]
data = open(name, "rb").read()
for level in range(10):
    other = T.gz(gzip.decompress(data).replace(b"2.40", b"2.41"), level)
    if len(other) <= len(data):
        break
open(name, "wb").write(other + bytes(len(data) - len(other)))'
	stays 'digest'
	# The mark alone is not believed.
	rm -rf image
	make_files 'F.one("image")
F.on_top("image", T.tar(F.member("usr/bin/qemu-aarch64-static", E.emulator()), T.member("usr/lib/anyarch/native/index", b"x"),
	T.symlink("usr/lib/anyarch/native/bin", "/bin")))
F.mark("image", -1, "anyarch-inject 1 {} sha256:" + "0" * 64)'
	stays 'is something else'
}

# bats test_tags=slow
@test "what builders write of the base image can be said of another one" {
	make_files 'F.one("image")'
	accelerate 0 image
	make_files 'F.on_top("image", T.tar(T.member("etc/x", b"x")))
F.mark("image", -1, "FROM localhost/copy:1")'
	expect 2 "$ANYARCH" eject --base localhost/copy:1 image
	expect 2 "$ANYARCH" eject --base =x image
	expect 0 "$ANYARCH" eject --base localhost/other=no --base localhost/copy:1=me/base:2 image
	same 'the comment' 'FROM me/base:2' "$(config image | jq -r '.history[-1].comment')"
	same 'the history' 2 "$(config image | jq '.history | length')"
}
