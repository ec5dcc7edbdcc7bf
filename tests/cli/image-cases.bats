#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=slow
# Owns what inject and eject do with images that are hard, each by the number of its case.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup_file() {
	make_set cases
	make_emulators "$BATS_FILE_TMPDIR"
}

setup() {
	need_commands python3 jq gcc
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	CASES=$BATS_FILE_TMPDIR/cases A=$BATS_FILE_TMPDIR/A AT=/usr/bin/q
	# What the layer holds where nothing is below it.
	NEW=$'d 755 0:0 1600000000 usr\nd 755 0:0 1600000000 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
}

# take CASE: it is ./image.
take() {
	CASE=$1
	rm -rf image
	cp -r "$CASES/$1" image
}

inject() {
	expect "$1" "$ANYARCH" inject --at "$AT" --emulator "$A" "${@:2}"
}

look() {
	python3 -B "$ANYARCH_SRC/tests/lib/image_cases.py" "$@"
}

# untouched: the image is the case, byte for byte, and nothing is beside it.
untouched() {
	diff -r "$CASES/$CASE" image
	same left image "$(ls -A)"
}

# refused CASE WORDS [ARGUMENT...]: 3, told in these words.
refused() {
	take "$1"
	inject 3 "${@:3}" image
	says "$2"
	untouched
}

# idle CASE [ARGUMENT...]: 0, and nothing to do.
idle() {
	take "$1"
	inject 0 "${@:2}" image
	untouched
}

# undone: eject gives the case back, a layout with every byte.
undone() {
	expect 0 "$ANYARCH" eject image
	if [[ -d image ]]; then
		untouched
	else
		same "digests of $CASE" "$("$ANYARCH" inspect --json - <"$CASES/$CASE")" "$("$ANYARCH" inspect --json - <image)"
	fi
}

# holds ENTRIES: nothing but the new layers has changed, and they hold this.
holds() {
	same "$CASE" "$1" "$(look changed "$CASES/$CASE" image "$A" "${1##* }")"
}

# becomes CASE ENTRIES: it gets a layer that holds this, and loses it again.
becomes() {
	take "$1"
	inject 0 image
	holds "$2"
	undone
}

# facts JQ [IMAGE]: of inspect.
facts() {
	"$ANYARCH" inspect --json "${2-image}" | jq -r "$1"
}

# document LAYOUT NAME: the manifest behind a name of its index.json.
document() {
	cat "$1/blobs/sha256/$(jq -r --arg name "$2" \
		'.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name) | .digest[7:]' "$1/index.json")"
}

@test "1: usr-merged: the layer has usr/bin/q, and nothing called bin" {
	local entries=$'d 755 0:0 0 usr\nd 755 0:0 0 usr/bin\n- 755 0:0 1600000000 usr/bin/q'

	AT=/bin/q
	becomes 1-merged "$entries"
	becomes 1-merged-below "$entries"
}

@test "2: directories have mode, owner and time of those below, each from the topmost layer that has it" {
	becomes 2-attributes $'d 751 0:0 11 usr\nd 711 7:9 1234 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
	becomes 2-two-layers $'d 755 0:0 3 usr\nd 1777 0:0 2 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
}

@test "3: a parent that is a link, relative, absolute or out of the root, is followed inside the image" {
	local name

	for name in relative absolute escape; do
		becomes "3-$name" $'d 750 0:0 5 system\nd 755 0:0 1600000000 system/bin\n- 755 0:0 1600000000 system/bin/q'
	done
}

@test "3: 40 links are followed, 41 and loops are refused" {
	AT=/l0/q
	becomes 3-links-40 $'d 755 0:0 0 system\n- 755 0:0 1600000000 system/q'
	refused 3-links-41 'Too many levels of symbolic links'
	refused 3-itself 'Too many levels of symbolic links'
	refused 3-file 'Not a directory'
}

# bats test_tags=slow
@test "4: of links that come and go in layers the topmost state counts" {
	becomes 4-whiteout "$NEW"
	becomes 4-directory $'d 711 0:0 7 usr\nd 755 0:0 1600000000 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
	becomes 4-link $'d 755 0:0 1600000000 srv\nd 755 0:0 1600000000 srv/bin\n- 755 0:0 1600000000 srv/bin/q'
	AT=/x/usr/q
	becomes 4-opaque $'d 755 0:0 0 x\nd 755 0:0 1600000000 x/usr\n- 755 0:0 1600000000 x/usr/q'
	becomes 4-whiteout-of-parent $'d 755 0:0 1600000000 x\nd 755 0:0 1600000000 x/usr\n- 755 0:0 1600000000 x/usr/q'
}

# bats test_tags=slow
@test "5: a file or a link at the place is hidden by the layer, a directory or a device is refused" {
	local name

	for name in file link dangling hard-link whiteout; do
		becomes "5-$name" $'d 755 0:0 0 usr\nd 755 0:0 0 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
	done
	refused 5-directory '/usr/bin/q: not a regular file'
	refused 5-device '/usr/bin/q: not a regular file'
}

# bats test_tags=slow
@test "6: no parents, and a history that is absent, null or empty: none is invented" {
	local history

	becomes 6-no-parents "$NEW"
	for history in absent:none null:None empty:1; do
		take "6-history-${history%:*}"
		inject 0 image
		holds "$NEW"
		same history "docker/0 arm 2 - ${history#*:}" "$(look tell image)"
		undone
	done
}

@test "6: no layers: refused, and with --platform done where the label says so, too" {
	local name

	for name in 6-no-layers 6-one-empty-layer; do
		refused "$name" 'cannot determine its platform: no program found'
		hints --platform
		take "$name"
		inject 0 --platform arm image
		same "$name" "$NEW" "$(look top image)"
		undone
	done
}

# bats test_tags=slow
@test "7: scripts, WebAssembly or text: no program tells the platform, and only when asked the label does" {
	local name

	for name in scripts wasm text; do
		refused "7-$name" 'cannot determine its platform: no program found'
		hints --platform
		idle "7-$name" --platform arm64
		says 'it contains no image for this platform'
		take "7-$name"
		inject 0 --platform arm image
		holds "$NEW"
		undone
	done
	becomes 7-static "$NEW"
}

@test "8: the programs are believed, not the label, which stays; and that is told" {
	take 8-label-lies
	inject 0 --json image
	says 'the label says linux/s390x, but its programs are for arm'
	same arch arm "$(jq -r '.[].arch' "$OUT")"
	same label 'docker/0 s390x 2 - none' "$(look tell image)"
	same layer "$NEW" "$(look top image)"
	undone
	take 8-label-lies
	inject 0 --quiet image
	same quiet '' "$stderr"
}

@test "9: emulators, firmware and libraries for others do not count" {
	becomes 9-emulators $'d 755 0:0 0 usr\nd 755 0:0 0 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
	becomes 9-firmware "$NEW"
}

# bats test_tags=amd64
@test "10: a native image needs nothing" {
	[[ $(uname -m) == x86_64 ]] || need 'not x86_64'
	idle 10-native --json
	same result native "$(jq -r '.[].result' "$OUT")"
	idle 10-native -q
}

# bats test_tags=amd64
@test "10: so does one for i386 where the kernel runs that, unless an emulator is named" {
	take 10-i386
	expect 0 "$ANYARCH" inject image
	if [[ $(uname -m) == x86_64 ]] && runs_i386; then
		same output 'image: native (i386): nothing to inject' "$output"
		untouched
	else
		[[ $output == *injected* ]]
		undone
	fi
	inject 0 image
	[[ $output == *injected* ]]
	undone
}

# bats test_tags=amd64
@test "11: every variant of ARM, MIPS, PowerPC and RISC-V gets its own emulator" {
	take 11-every
	inject 0 --json image
	same archs 'arm arm arm armeb armeb mips mipsel mipsn32 mipsn32el mips64el ppc ppc64 ppc64le riscv64 riscv32 s390x aarch64 aarch64_be' \
		"$(jq -r '[.[].arch] | join(" ")' "$OUT")"
	same layers 18 "$(look tell image | grep -c ' 2 vnd.oci.image.layer.v1.tar none$')"
	undone
}

# bats test_tags=amd64
@test "12: of an index only foreign Linux images change, with one layer for all of them" {
	local was now

	take 12-index
	was=$(facts '.[] | "\(.digest) \(.index_platform)"')
	inject 0 image
	says 'an image for windows is left alone'
	now=$(facts '.[] | "\(.digest) \(.index_platform)"')
	same changed $'linux/arm/v6\nlinux/arm/v7' "$(comm -13 <(sort <<<"$was") <(sort <<<"$now") | cut -d ' ' -f 2 | sort)"
	same order "$(cut -d ' ' -f 2 <<<"$was")" "$(cut -d ' ' -f 2 <<<"$now")"
	same 'new layers' 1 "$(comm -13 <(ls "$CASES/$CASE/blobs/sha256") <(ls image/blobs/sha256) | sed 's,^,image/blobs/sha256/,' |
		xargs grep -l -a ustar | wc -l)"
	holds "$NEW"
	undone
}

@test "13: attestations stay as they are, and what the index says that they are about is the new digest" {
	local form about

	for form in old new; do
		take "13-$form"
		about=$(facts '.[] | select(.kind == "attestation") | .digest')
		inject 0 image
		same attestation "$about" "$(facts '.[] | select(.kind == "attestation") | .digest')"
		cmp "image/blobs/sha256/${about#*:}" "$CASES/$CASE/blobs/sha256/${about#*:}"
		same about "$(facts '.[] | select(.kind == "image") | .digest')" \
			"$(document image 1 | jq -r '.manifests[0].annotations["vnd.docker.reference.digest"]')"
		same platforms unknown,arm "$(document image 1 | jq -r '[.manifests[].platform.architecture] | join(",")')"
		same layers 2 "$(document image 1 | jq -r '.manifests[1].digest[7:]' | sed 's,^,image/blobs/sha256/,' | xargs jq '.layers | length')"
		undone
	done
}

# bats test_tags=amd64
@test "14: an image in several indexes is changed once, and everywhere; 9 deep and cycles are refused" {
	take 14-shared
	inject 0 image
	same images 2 "$(facts '.[] | select(.label == "linux/arm/v7" or .label == "linux/arm/v6") | .digest' | wc -l)"
	same digests 2 "$(facts '.[] | select(.label == "linux/arm/v7" or .label == "linux/arm/v6") | .digest' | sort -u | wc -l)"
	holds "$NEW"
	undone
	refused 14-depth-9 'more than 8 deep'
	refused 14-cycle 'does not have the digest that is its name'
}

# bats test_tags=slow
@test "15: of two tags of one manifest only the chosen one changes" {
	local was name

	take 15-tags
	was=$(facts '.[0].digest')
	inject 0 oci:image:1
	same second "2 $was" "$(facts '.[1] | "\(.reference) \(.digest)"')"
	[[ $(facts '.[0].digest') != "$was" ]]
	same blobs '' "$(comm -23 <(ls "$CASES/$CASE/blobs/sha256") <(ls image/blobs/sha256))"
	same layer "$NEW" "$(look top image q)"
	expect 0 "$ANYARCH" eject oci:image:2
	says 'nothing that anyarch injected'
	expect 0 "$ANYARCH" eject oci:image:1
	untouched
	take 14-shared
	inject 0 oci:image:1
	for name in 2 3; do
		same "tag $name" "$(document "$CASES/$CASE" "$name")" "$(document image "$name")"
	done
	inject 0 oci:image:2
	same 'tag 3' "$(document "$CASES/$CASE" 3)" "$(document image 3)"
	undone
}

@test "15: of two tags of one index only the chosen one changes, with all in it" {
	local was

	take 15-index
	was=$(document image 2)
	inject 0 oci:image:2
	same first "$was" "$(document image 1)"
	[[ $(document image 2) != "$was" ]]
	same blobs '' "$(comm -23 <(ls "$CASES/$CASE/blobs/sha256") <(ls image/blobs/sha256))"
	inject 0 oci:image:1
	same both "$(document image 2)" "$(document image 1)"
	undone
}

@test "16: images of one archive that share a layer: all, or the chosen one; without a tag, none, null" {
	take 16-shared
	inject 0 image
	holds "$NEW"
	same names 'a:1 null' "$(facts '[.[].reference] | join(" ")' | sed 's/ $/ null/')"
	undone
	take 16-shared
	inject 0 docker-archive:image:a:1
	same told 1 "$(wc -l <<<"$output")"
	same images $'docker/0 arm 3 - none\ndocker/1 arm 1 - none' "$(look tell image)"
	undone
	take 16-shared
	inject 3 docker-archive:image:nothing:1
	untouched
	idle 16-none
	says 'it contains no image that runs'
	refused 16-null manifest.json
}

@test "16: of two images with one config only the chosen one changes" {
	take 16-same-config
	inject 0 docker-archive:image:a:1
	same images $'docker/0 arm 2 - none\ndocker/1 arm 1 - none' "$(look tell image)"
	expect 0 "$ANYARCH" inspect docker-archive:image:b:1
	undone
}

@test "16: what another image still needs under another name stays" {
	take 16-links
	expect 0 "$ANYARCH" eject docker-archive:image:a:1
	same images $'docker/0 arm 1 - 0\ndocker/1 arm 2 - 1' "$(look tell image)"
	expect 0 "$ANYARCH" inspect docker-archive:image:b:1
}

@test "17: both halves of an archive agree, and repositories is as it was" {
	idle 17-dual --dry-run
	same told "image: injected $AT" "$output"
	inject 0 image
	holds "$NEW"
	same images $'oci/0 arm 2 vnd.oci.image.layer.v1.tar none\ndocker/0 arm 2 - none' "$(look tell image)"
	same images 1 "$(facts length)"
	cmp <(tar -xOf image repositories) <(tar -xOf "$CASES/$CASE" repositories)
	undone
}

@test "17: an archive whose halves name other layers for one image is refused" {
	take 17-contradiction
	inject 3 image
	says 'readers disagree on which to use'
	untouched
	expect 3 "$ANYARCH" eject image
	untouched
}

# bats test_tags=slow
@test "18: an OCI half that is broken is left out, and that is told; one with other sizes is refused" {
	local name

	for name in manifests-null no-layers; do
		take "18-$name"
		inject 0 image
		says 'its OCI half has no layers and is omitted'
		same "$name" 'docker/0 arm 2 - none' "$(look tell image)"
		same layer "$NEW" "$(look top image)"
		same members '' "$(tar -tf image | grep -x 'index.json\|oci-layout')"
		undone
	done
	refused 18-wrong-size 'bytes instead of 7'
}

# bats test_tags=slow
@test "19: members that are links, and names with ./ or /, are followed inside the archive; .. is refused" {
	local name

	for name in link hard-link dot absolute; do
		becomes "19-$name" "$NEW"
	done
	refused 19-dotdot 'leaves the archive: ../x'
	refused 19-dotdot-layer "the name '../x' leaves the image"
	refused 19-link-outside 'not a regular file'
	refused 19-link-of-link 'not a regular file'
}

@test "20: metadata first or last; twice is refused, and it is written once" {
	local name

	for name in first last; do
		take "20-$name"
		inject 0 image
		same "$name" '' "$(tar -tf image | sort | uniq -d)"
		holds "$NEW"
		undone
	done
	refused 20-twice 'two different members are called manifest.json'
	refused 20-layer-twice 'two different members are called'
	refused 20-index-twice 'two different members are called index.json'
}

# bats test_tags=slow
@test "21: gzip of several members, garbage behind the end: taken; cut, no end, xz: refused, and no output" {
	local name

	refused 21-members.gz 'only plain archives are changed in place'
	hints '-o FILE'
	inject 0 -o out image
	same layer "$NEW" "$(look top out q)"
	cmp "$CASES/$CASE" image
	rm out
	for name in garbage concatenated; do
		becomes "21-$name" "$NEW"
	done
	for name in cut no-end gzip-cut.gz; do
		refused "21-$name" 'truncated or corrupt' -o out
		refused "21-$name" 'truncated or corrupt'
	done
	refused 21-xz.xz 'compressed with xz' -o out
	inject 3 -o out docker-archive:image
	says 'compressed with xz, which is not supported'
	untouched
}

# bats test_tags=slow
@test "22: on compressed layers a plain one, of the type of its family; a layer that cannot be read is named" {
	take 22-zstd
	inject 0 image
	holds "$NEW"
	same type 'oci/0 arm 3 vnd.oci.image.layer.v1.tar none' "$(look tell image)"
	undone
	becomes 22-zstd-docker "$NEW"
	take 22-schema-2
	inject 0 image
	holds "$NEW"
	same type 'oci/0 arm 2 vnd.docker.image.rootfs.diff.tar none' "$(look tell image)"
	undone
	refused 22-xz '/layer.tar: compressed with xz, which is not supported'
}

# bats test_tags=slow
@test "23: what layers are called does not matter, their first bytes do" {
	local name

	for name in gzip-as-tar zstd-as-gzip skippable tar-as-zstd; do
		becomes "23-$name" "$NEW"
	done
}

@test "24: a foreign layer keeps its descriptor; without its blob the image is refused, and the layer named" {
	local foreign

	take 24-foreign
	foreign=$(document image 1 | jq -c '.layers[1]')
	[[ $foreign == *'https://example.invalid/x'* ]]
	inject 0 image
	same descriptor "$foreign" "$(document image 1 | jq -c '.layers[1]')"
	holds "$NEW"
	undone
	refused 24-missing "the layer blobs/sha256/$(jq -r '.digest[7:]' <<<"$foreign") is not in the file"
	idle 24-missing --platform arm64
}

@test "25: an image for Windows is left alone, and that is told" {
	idle 25-windows
	says 'an image for windows is left alone'
	idle 25-windows -q
	same quiet '' "$stderr"
}

@test "26: artifacts, charts and manifests of schema 1 stay, alone and beside an image" {
	idle 26-artifacts
	says 'it contains no image that runs'
	take 26-mixed
	inject 0 image
	same kinds 'artifact image artifact artifact' "$(facts '[.[].kind] | join(" ")')"
	same others "$(facts '.[0, 2, 3].digest' "$CASES/$CASE")" "$(facts '.[0, 2, 3].digest')"
	undone
}

@test "27: a document that can be read in two ways is refused" {
	refused 27-both 'both manifests and layers'
	refused 27-fslayers 'both manifests and layers'
	refused 27-twice 'duplicate object key'
	refused 27-case "a key that some readers take for 'layers'"
}

@test "28: keys with escapes are found, copies in data are renewed, all else stays" {
	take 28-escaped
	inject 0 image
	document image 1 >manifest
	same data "$(base64 -w 0 manifest)" "$(jq -r '.manifests[0].data' image/index.json)"
	jq -r .config.data manifest | base64 -d >config
	cmp config "image/blobs/sha256/$(jq -r '.config.digest[7:]' manifest)"
	grep -q '"\\u0061rchitecture":"arm","ä":1,.*"diff\\u005fids":.*"hist\\u006fry":.*"big":123456789012345678901234567890}' config
	grep -q '"l\\u0061yers" : \[' manifest
	rm manifest config
	undone
}

@test "29: digests, sizes and contents that do not fit are refused, of manifests, configs and layers" {
	local name

	for name in upper path sha512 unknown short; do
		refused "29-$name" 'a digest that is not sha256 with 64 lower-case digits'
		refused "29-layer-$name" 'a digest that is not sha256 with 64 lower-case digits'
	done
	refused 29-size 'bytes instead of 7'
	refused 29-layer-size 'bytes instead of 7'
	refused 29-minus 'a bad size'
	refused 29-layer-minus 'a bad size'
	refused 29-other-manifest 'does not have the digest that is its name'
	refused 29-other-config 'does not have the digest that is its name'
}

@test "30: a diff_id that is wrong stays so: what is below is not vouched for" {
	becomes 30-diff-id "$NEW"
}

@test "31: other numbers of layers and diff_ids are refused" {
	refused 31-diff-ids-fewer 'a manifest with 1 layers and a config with 0'
	refused 31-diff-ids-more 'a manifest with 1 layers and a config with 2'
	refused 31-docker 'manifest.json has 1 layers and the config 2'
}

@test "32: twice is once: the second time nothing is written" {
	local name

	for name in 17-dual 20-last 12-index 6-history-empty; do
		take "$name"
		inject 0 image
		find image -printf '%p %i %T@\n' | sort >was
		inject 0 image
		same "$name" "$(<was)" "$(find image -printf '%p %i %T@\n' | sort)"
		rm was
		undone
	done
}

@test "33: the mark is in the history, or a member of a config without one, in Docker's schema as well" {
	take 44-trailing
	inject 0 image
	same history 'anyarch-inject 1' "$(tar -xOf image "$(tar -xOf image manifest.json | jq -r '.[0].Config')" |
		jq -r '.history[-1].comment' | cut -d ' ' -f 1,2)"
	undone
	take 22-schema-2
	inject 0 image
	same annotations 'null null' "$(document image 1 | jq -r '"\(.annotations) \(.layers[-1].annotations)"')"
	same member 'anyarch-inject 1' "$(document image 1 | jq -r '.config.digest[7:]' | sed 's,^,image/blobs/sha256/,' |
		xargs jq -r '.["anyarch-inject"]' | cut -d ' ' -f 1,2)"
	undone
}

@test "35: subject and annotations of a changed manifest stay" {
	take 35-subject
	inject 0 image
	same subject "$(document "$CASES/$CASE" 1 | jq -c '.subject, .annotations')" "$(document image 1 | jq -c '.subject, .annotations')"
	undone
}

@test "35: signatures of what changes stay, and that they are about what was is told" {
	local name

	for name in 35-referrer 35-cosign; do
		take "$name"
		inject 0 image
		says 'a signature or statement still refers to the original image: sha256:'
		expect 0 "$ANYARCH" eject image
		untouched
		take "$name"
		inject 0 -q image
		[[ -z $stderr ]]
	done
}

@test "36: SOURCE_DATE_EPOCH bounds the times, and is refused when it is no number" {
	take 20-last
	SOURCE_DATE_EPOCH=1000 inject 0 image
	same times "${NEW//1600000000/1000}" "$(look top image)"
	undone
	SOURCE_DATE_EPOCH=2000000000 inject 0 image
	same times "$NEW" "$(look top image)"
	for SOURCE_DATE_EPOCH in x -1 1e9 99999999999999999999; do
		take 20-last
		SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH inject 2 image
		says 'invalid SOURCE_DATE_EPOCH'
		untouched
	done
}

@test "37: names, owners and sizes that only PAX and GNU tar can write: read, and written" {
	local deep

	becomes 37-pax $'d 711 5000000:5000001 0 usr\nd 755 2147483648:0 0 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
	deep=$(printf 'p%.0s' {1..60})
	AT=/$deep/$deep/$deep/$deep/$deep/q
	becomes 37-long-place "d 701 0:0 1 $deep
d 702 0:0 2 $deep/$deep
d 703 0:0 3 $deep/$deep/$deep
d 704 0:0 4 $deep/$deep/$deep/$deep
d 705 0:0 5 $deep/$deep/$deep/$deep/$deep
- 755 0:0 1600000000 ${AT#/}"
}

@test "37: a file of 9 GiB is passed over" {
	take 37-9-gib
	find image -type f -printf '%P %s\n' | sort >was
	inject 0 image
	same layers 3 "$(document image 1 | jq '.layers | length')"
	same layer $'usr/\nusr/bin/\nusr/bin/q' "$(tar -tf "image/blobs/sha256/$(document image 1 | jq -r '.layers[2].digest[7:]')")"
	expect 0 "$ANYARCH" eject image
	same files "$(<was)" "$(find image -type f -printf '%P %s\n' | sort)"
}

@test "38: twice, absolute or .. in a layer below: read as it is unpacked, and the own layer is clean" {
	becomes 38-twice $'d 755 0:0 0 usr\nd 711 0:0 0 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
	becomes 38-absolute $'d 711 0:0 0 usr\nd 710 0:0 0 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
	becomes 38-dotdot $'d 755 0:0 0 usr\nd 755 0:0 0 usr/bin\n- 755 0:0 1600000000 usr/bin/q'
}

@test "38: a place whose name means something else in a layer, or is no name, is refused" {
	local long

	long=$(printf 'n%.0s' {1..256})
	for AT in /usr/bin/. /usr/bin/.. /.. /usr/bin/.wh.q /usr/bin/.wh..wh..opq /.wh.usr/q "/usr/$long" "/$long/q" /usr/ / q; do
		refused 2-attributes 'not a path for a file'
	done
	for AT in /usr/./bin//q "/usr/bin/${long:1}" /usr/bin/..q; do
		take 2-attributes
		inject 0 image
		undone
	done
}

@test "39: files that others share, by hard links, are not written to" {
	take 12-index
	cp -al image other
	inject 0 image
	diff -r "$CASES/$CASE" other
	rm -r other
	undone
	take 20-last
	ln image other
	chmod 0440 image
	inject 0 image
	cmp "$CASES/$CASE" other
	same mode 440 "$(stat -c %a image)"
	rm other
	undone
}

@test "40: input and output may be one file; a FIFO is an input" {
	take 20-last
	inject 0 -o image image
	holds "$NEW"
	same left image "$(ls -A)"
	undone
	mkfifo fifo
	cat "$CASES/$CASE" >fifo 3>&- &
	inject 0 -o out - <fifo
	wait
	rm image
	mv out image
	rm fifo
	holds "$NEW"
}

@test "40: what is no file does not make room for the output" {
	local command name

	mkfifo fifo
	ln -s fifo link
	mkdir directory
	take 20-last
	for command in inject convert index; do
		for name in fifo link directory; do
			case $command in
			inject) set -- "$ANYARCH" inject --at "$AT" --emulator "$A" -o "$name" image ;;
			convert) set -- "$ANYARCH" convert image "$name" ;;
			*) set -- "$ANYARCH" index "$name" image ;;
			esac
			expect 3 timeout 5 "$@"
			says "$name: not a regular file"
		done
	done
	[[ -p fifo && -L link && -d directory ]]
	rm -r fifo link directory
	untouched
}

# bats test_tags=slow
@test "42: one layer on a thousand; more than engines take is told" {
	take 42-1001-layers
	inject 0 image
	says 'with this layer the image has 1002 layers; engines support at most 125'
	same layers 'docker/0 arm 1002 - none' "$(look tell image)"
	undone
	refused 42-1024-layers 'it has 1024 layers, and no more than 1024 are possible'
	refused 42-4-mib 'would have more than 4194304 bytes'
	take 42-125-layers
	inject 0 image
	says 'with this layer the image has 126'
	undone
	take 42-124-layers
	inject 0 image
	same stderr '' "$stderr"
	undone
}

# bats test_tags=slow
@test "43: a name in either annotation; one that fits two images is refused, as is one that fits none" {
	local name

	for name in docker.io/library/test:1 1; do
		take 43-full
		inject 0 "oci:image:$name"
		same "$name" $'oci/0 arm 2 vnd.oci.image.layer.v1.tar none\noci/1 arm 1 vnd.oci.image.layer.v1.tar none' "$(look tell image)"
		undone
	done
	take 43-full
	inject 3 oci:image:test
	says 'contains no image named test'
	untouched
	take 43-nameless
	inject 3 oci:image:1
	untouched
	becomes 43-nameless "$NEW"
	take 43-same-name
	inject 3 oci:image:1
	says 'it contains two images named 1'
	untouched
	take 43-tag-of-two
	inject 3 docker-archive:image:1
	says 'it contains two images named 1'
	untouched
	inject 0 docker-archive:image:b:1
	same images $'docker/0 arm 1 - none\ndocker/1 arm 3 - none' "$(look tell image)"
	undone
}

# bats test_tags=slow
@test "44: a history that is shorter or longer than the layers, or ends without one: ours comes last" {
	local name

	for name in shorter:3:2 longer:2:6 trailing:2:4 only-empty:2:2; do
		take "44-${name%%:*}"
		inject 0 image
		holds "$NEW"
		same "$name" "docker/0 arm ${name#*:} -" "$(look tell image | awk '{ print $1, $2, $3 ":" $5, $4 }')"
		undone
	done
}
