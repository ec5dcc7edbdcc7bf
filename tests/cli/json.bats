#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that anyarch-json(5) tells every key that occurs, with its type, and none that does not.
# shellcheck disable=SC2154 # the library sets output and stderr

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup() {
	need_commands python3 jq
	cd "$BATS_TEST_TMPDIR" || return
	mkdir documents
	N=0
}

teardown() {
	ns_close
}

# keep STATUS COMMAND...: what it prints is one of the documents.
keep() {
	expect_raw "$@"
	jq -e . "$OUT" >/dev/null
	N=$((N + 1))
	cp "$OUT" "documents/$N.json"
}

documented() { # SECTION
	python3 "$ANYARCH_SRC/tests/lib/json_page.py" "$ANYARCH_SRC/man/anyarch-json.5.scd" "$1" documents/*.json
}

@test "register" {
	ns_open
	rule qemu-riscv64 riscv64 /nowhere OC >"$TABLE/register"
	keep 0 anyarch register --json --dry-run arm
	keep 0 anyarch register --json arm alpha riscv64
	keep 0 anyarch register --json arm
	keep 3 anyarch register --json --force "$(uname -m)" s390x
	keep 0 anyarch register --json "$(uname -m)" s390x
	documented REGISTER
}

@test "unregister" {
	ns_open
	anyarch register arm --quiet
	keep 0 anyarch unregister --json --dry-run arm
	same removed qemu-arm "$(jq -r '.removed[]' "$OUT")"
	keep 0 anyarch unregister --json arm alpha
	same removed 'qemu-arm alpha' "$(jq -r '[.removed[], .absent[]] | join(" ")' "$OUT")"
	documented UNREGISTER
}

@test "index" {
	# shellcheck disable=SC2034 # the archives are made by the library
	PYTHONPATH=$ANYARCH_SRC/tests/lib python3 -B -c 'import image_files as I, tar_files as T, elf_files as E
for name, shell, label in (("arm", E.arm(), "arm"), ("arm64", E.arm64(), "arm64")):
    layer = T.tar(I.system(shell))
    I.write("./" + name + ".tar", I.archive(I.docker([([layer], I.config_of([layer], label, None), ["x:1"])])))'
	keep 0 "$ANYARCH" index --json --dry-run -o all.tar arm.tar arm64.tar
	[[ ! -e all.tar ]]
	keep 0 "$ANYARCH" index --json -o all.tar arm.tar arm64.tar
	same rows 'linux/arm/v7 arm.tar,linux/arm64 arm64.tar' "$(jq -r 'map("\(.platform) \(.from)") | join(",")' "$OUT")"
	documented INDEX
	expect 0 "$ANYARCH" convert --dry-run arm.tar new.tar
	expect 0 "$ANYARCH" convert --dry-run arm.tar oci:new
	[[ ! -e new.tar && ! -e new ]]
	# What would be refused is refused.
	expect 3 "$ANYARCH" convert --dry-run arm.tar all.tar
	mkdir -p full/x
	expect 3 "$ANYARCH" convert --dry-run arm.tar oci:full
	expect 3 "$ANYARCH" index --dry-run -o oci:full arm.tar
}

@test "status" {
	ns_open
	keep 0 anyarch status --json
	printf '%s' "$RULE_PYTHON" >"$TABLE/register"
	rule qemu-riscv64 riscv64 /nowhere OC >"$TABLE/register"
	anyarch register arm alpha --quiet
	echo 0 >"$TABLE/qemu-alpha"
	keep 0 anyarch status --json
	ns umount "$BINFMT"
	keep 0 anyarch status --json arm
	documented STATUS
}

# bats test_tags=slow
@test "oneshot" {
	ns_open
	keep 0 anyarch oneshot
	same 'platforms and table' "$(anyarch status --json | jq -c '[.platforms[0], .table] | map(keys)')" \
		"$(jq -c '[.platforms[0], .table] | map(keys)' "$OUT")"
	jq 'del(.platforms[], .table)' "$OUT" >"documents/$N.json"
	documented ONESHOT
}

# bats test_tags=slow
# A set of tools, and an image in which one of them fits.
accelerated_image() {
	PYTHONPATH=$ANYARCH_SRC/tests/lib python3 -B -c 'import tool_files as F
F.toolchain("tools", ["cc1", "cc1plus"])
F.one("image", F.twins(["cc1plus"], version="13.1.0"))'
}

@test "inspect" {
	python3 "$ANYARCH_SRC/tests/lib/images.py" formats "$PWD/formats" >formats.tsv
	python3 "$ANYARCH_SRC/tests/lib/images.py" labels "$PWD/labels" >labels.tsv
	make_arm arm
	make_foreign unknown ffff
	printf '#!/nowhere/sh\n' >script
	chmod +x script
	cp "$(type -P qemu-arm-static)" formats/
	mkdir -p root/bin
	cp arm root/bin/sh
	cp "$(type -P qemu-arm-static)" root/bin
	keep 0 "$ANYARCH" inspect --json --survey root arm unknown "$(type -P bats)" "$(type -P bash)"
	expect_one_of '0 3' "$ANYARCH" inspect --json script
	cp "$OUT" documents/script.json
	(cd formats && "$ANYARCH" inspect --json --survey -- * >../documents/formats.json || true)
	(cd labels && "$ANYARCH" inspect --json -- * >../documents/labels.json || true)
	accelerated_image
	"$ANYARCH" inject -q --emulator-dir /usr/bin --accelerate --toolchain tools image
	keep 0 "$ANYARCH" inspect --json image
	documented INSPECT
}

@test "doctor" {
	ns_open
	rule qemu-arm arm /nowhere '' >"$TABLE/register"
	keep 3 anyarch doctor --json --all
	same targets '[null]' "$(jq -c '[.findings[].target] | unique' "$OUT")"
	keep 3 anyarch doctor --json /nowhere
	file_of() { # TARGET: what its findings are about
		jq -r --arg target "$1" '[.findings[] | select(.target == $target) | .id] | first' "$OUT"
	}
	printf 'text' >one
	printf '#!/bin/sh\n' >two
	chmod 0755 one two
	keep 3 anyarch doctor --json "$PWD/one" "$PWD/two"
	same 'one and two' 'not-a-program script' "$(file_of "$PWD/one") $(file_of "$PWD/two")"
	documented DOCTOR
}

# bats test_tags=slow
@test "inject and eject" {
	ns_open
	# shellcheck disable=SC2034 # for the library
	WITH=()
	mkdir one two
	make_arm one/sh
	cp "$(type -P bash)" two/sh
	mkdir one/bin two/bin
	mv one/sh one/bin
	mv two/sh two/bin
	keep 0 anyarch inject --json --dry-run "$PWD/one" "$PWD/two"
	keep 0 anyarch inject --json "$PWD/one" "$PWD/two"
	keep 0 anyarch inject --json "$PWD/one"
	keep 0 anyarch eject --json "$PWD/one"
	accelerated_image
	keep 0 anyarch inject --json --accelerate --toolchain "$PWD/tools" "$PWD/image"
	keep 0 anyarch eject --json "$PWD/image"
	documented 'INJECT AND EJECT'
}

@test "init and render" {
	keep 0 "$ANYARCH" init --json project
	keep 0 "$ANYARCH" init --json --dry-run project
	documented INIT
	rm documents/*
	keep 0 "$ANYARCH" render --json project
	keep 0 "$ANYARCH" render --json project
	documented RENDER
}

@test "build" {
	"$ANYARCH" init --quiet project
	printf 'REPO=me\nIMAGE_NAME=it\nTARGET_ARCHES="arm arm64"\n' >project/build.config
	# Engines that fail to build, and that save nothing.
	mkdir bin
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n[ "$1" != build ]\n' >bin/docker
	chmod +x bin/docker
	PATH=$PWD/bin:$PATH keep 3 "$ANYARCH" build --engine docker --no-verify --json project
	documented BUILD
}

@test "names" {
	keep 0 "$ANYARCH" names --json
	same 'no word' null "$(jq -c '.[] | select(.qemu == "alpha").platform' "$OUT")"
	documented NAMES
}
