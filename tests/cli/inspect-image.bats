#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what inspect says of images: their formats, their layers as one, their labels, and hostile ones.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"

setup_file() {
	local set

	for set in formats views labels bad-tar bad-oci bad-layout bad-codec; do
		make_set "$set"
	done
}

setup() {
	need_commands python3 jq
	cd "$BATS_TEST_TMPDIR" || return
	FORMATS=$BATS_FILE_TMPDIR/formats
}

# fact KEY: of the last output, the value behind "KEY:"; of several all.
fact() {
	sed -n "s/^$1: *//p" "$OUT"
}

# What the table of formats has, out of the JSON.
formats_table() {
	jq -r 'group_by(.target)[] | [.[0].target, .[0].format,
		(map("\(.reference // "-") \(if .kind == "image" then .label else .kind end)") | join(";"))] | join("\t")' "$1"
}

@test "every form in which images come" {
	local names

	mapfile -t names < <(cut -f 1 "$FORMATS.tsv")
	cd "$FORMATS"
	expect 0 bounded "$ANYARCH" inspect --json "${names[@]}"
	# Those without an image are in no list.
	same formats "$(grep -v $'\t$' "$FORMATS.tsv" | sort)" "$(formats_table "$OUT" | sort)"
	same disagree 0 "$(jq '[.[] | select(.label_agrees == false or .incomplete or .error)] | length' "$OUT")"
	# Every arm image in there is the same system.
	same systems 'arm:2 /bin/sh linux/arm/v7 Test GNU/Linux 1' "$(jq -r '[.[] | select(.label == "linux/arm/v7")
		| "\(.files[0].arch):\(.files[0].files) \(.judged_by) \(.platform) \(.system)"] | unique | join(";")' "$OUT")"
}

@test "from a pipe as from a file, and no temporary file stays" {
	local name

	mkdir tmp
	export TMPDIR=$PWD/tmp
	for name in docker-old docker-new oci-nested dual docker.tar.gzip docker.tar.zstd; do
		[[ -e $FORMATS/$name ]] || name+=.tar
		expect 0 "$ANYARCH" inspect --json "$FORMATS/$name"
		jq 'del(.[].target)' "$OUT" >want
		expect 0 "$ANYARCH" inspect --json - < <(cat "$FORMATS/$name")
		same "$name" "$(<want)" "$(jq 'del(.[].target)' "$OUT")"
		expect 0 "$ANYARCH" inspect --json - <"$FORMATS/$name"
		same "$name" "$(<want)" "$(jq 'del(.[].target)' "$OUT")"
	done
	same tmp '' "$(ls -A tmp)"
	chmod 0 tmp
	expect 0 "$ANYARCH" inspect "$FORMATS/docker-old.tar"
	TMPDIR=$PWD/nothing expect_one_of '1 3 4' "$ANYARCH" inspect "$FORMATS/docker.tar.gzip"
	hints TMPDIR
}

@test "what is no archive is not read to its end" {
	local before

	expect 3 bounded "$ANYARCH" inspect - </dev/null
	expect 3 bounded "$ANYARCH" inspect - </dev/zero
	mkdir tmp
	before=$(df --output=used -B 1M "$PWD/tmp" | tail -n 1)
	TMPDIR=$PWD/tmp expect 3 bounded "$ANYARCH" inspect - < <(yes 2>/dev/null)
	# An archive, and then no end.
	TMPDIR=$PWD/tmp expect 0 bounded "$ANYARCH" inspect - < <(cat "$FORMATS/docker-old.tar" - < <(yes))
	TMPDIR=$PWD/tmp expect 3 bounded "$ANYARCH" inspect - < <(cat <(head -c 512 "$FORMATS/docker-old.tar") /dev/zero)
	TMPDIR=$PWD/tmp expect_one_of '0 3' bounded "$ANYARCH" inspect - \
		< <(cat <(gzip -c "$FORMATS/docker-old.tar") /dev/zero)
	(($(df --output=used -B 1M "$PWD/tmp" | tail -n 1) < before + 200))
}

@test "an archive is copied where there is room, or it is told" {
	unshare --user --map-root-user --mount true 2>/dev/null || need 'no user namespaces'
	# shellcheck disable=SC2016 # the inner shell expands it
	expect 1 unshare --user --map-root-user --mount bash -c 'mount -t tmpfs -o size=4k none "$1" &&
		TMPDIR=$1 exec "$2" inspect - < <(cat "$3")' bash "$PWD" "$ANYARCH" "$FORMATS/docker-old.tar"
	hints TMPDIR
	[[ $stderr == *'No space left on device'* ]]
}

@test "a signal ends it" {
	local signal

	for signal in HUP INT TERM; do
		expect_raw $((128 + $(kill -l "$signal"))) timeout --preserve-status -s "$signal" -k 5 0.1 \
			"$ANYARCH" inspect - < <(sleep 2)
	done
}

@test "prefixes and references, as skopeo has them" {
	local name

	expect 0 "$ANYARCH" inspect "docker-archive:$FORMATS/docker-many.tar"
	same names $'test:1\ntest:2\nother:1' "$(fact name)"
	for name in test:1 test:2; do
		expect 0 "$ANYARCH" inspect "docker-archive:$FORMATS/docker-many.tar:$name"
		same label linux/arm/v7 "$(fact label)"
	done
	expect 0 "$ANYARCH" inspect --expect=amd64 "docker-archive:$FORMATS/docker-many.tar:other:1"
	same label linux/amd64 "$(fact label)"
	expect 3 "$ANYARCH" inspect --expect=arm "docker-archive:$FORMATS/docker-many.tar:other:1"
	expect 0 "$ANYARCH" inspect "oci-archive:$FORMATS/oci-tags.tar:2"
	same names $'1\n2' "$(fact name)"
	expect 0 "$ANYARCH" inspect "oci:$FORMATS/layout:1"
	same name 1 "$(fact name)"
	expect 0 "$ANYARCH" inspect "oci-archive:$FORMATS/oci-containerd.tar:docker.io/library/test:1"
	expect 0 "$ANYARCH" inspect "oci-archive:$FORMATS/oci-containerd.tar:1"
	for name in "docker-archive:$FORMATS/docker-many.tar:nothing" "oci:$FORMATS/layout:2" oci:/nothing docker-archive:; do
		expect 3 "$ANYARCH" inspect "$name"
		says "$name: "
	done
}

# What the table of views has, out of the JSON.
views_table() {
	jq -r '.[] | [.target, .platform // "", .judged_by // "", (.files | map("\(.arch):\(.files)") | join(" ")),
		"\(.mixed)", (.emulators | map("\(.path) \(.arch) \(.host) \(.version)") | join(";"))] | join("\t")' "$1"
}

@test "layers as one: whiteouts, links, emulators" {
	local names views=$BATS_FILE_TMPDIR/views

	mapfile -t names < <(cut -f 1 "$views.tsv")
	cd "$views"
	expect 0 bounded "$ANYARCH" inspect --json "${names[@]}"
	same views "$(<"$views.tsv")" "$(views_table "$OUT")"
}

@test "labels that are right, and labels that lie" {
	local name argument want words got bad=0 file out=$BATS_TEST_TMPDIR/out

	cd "$BATS_FILE_TMPDIR/labels"
	ERR=$BATS_TEST_TMPDIR/err
	while IFS=$'\t' read -r name argument want words; do
		got=0
		[[ $argument != - ]] || argument=--survey
		"$ANYARCH" inspect "$argument" "$name" >"$out" 2>"$ERR" || got=$?
		file=$out
		[[ $want -eq 0 ]] || file=$ERR
		if [[ $got -ne $want ]] || ! is_well_told "$got" || ! grep -q -F -e "$words" "$file"; then
			printf '%s %s: status %s instead of %s, "%s"\n' "$name" "$argument" "$got" "$want" "$words" >&2
			sed 's/^/stderr: /' "$ERR" >&2
			bad=1
		fi
	done <"$BATS_FILE_TMPDIR/labels.tsv"
	[[ $bad -eq 0 ]]
}

@test "JSON has what the text has" {
	local files=("$BATS_FILE_TMPDIR/labels/"*.tar "$BATS_FILE_TMPDIR/views/"*.tar "$FORMATS/"*.tar)

	expect 0 "$ANYARCH" inspect --survey "${files[@]}"
	facts_of_text "$OUT" >want
	[[ $(wc -l <want) -gt 300 ]]
	expect 0 "$ANYARCH" inspect --json "${files[@]}"
	same facts "$(<want)" "$(facts_of_json "$OUT")"
}

@test "an attestation and an artifact are told as such" {
	expect 0 "$ANYARCH" inspect "$FORMATS/oci-attested.tar" "$FORMATS/oci-artifact.tar"
	same kinds $'attestation\nartifact, nothing that runs' "$(fact kind)"
	# They are not what a promise is about.
	expect 0 "$ANYARCH" inspect --expect=arm/v7 "$FORMATS/oci-attested.tar"
	expect 0 "$ANYARCH" inspect --expect=amd64 "$FORMATS/oci-artifact.tar"
}

# bats test_tags=slow
@test "bad tars: as an archive and as a layer" {
	judge bad-tar
}

# bats test_tags=slow
@test "bad documents" {
	judge bad-oci
}

@test "OCI layouts whose files are something else" {
	judge bad-layout
}

# bats test_tags=slow
@test "bad compression" {
	judge bad-codec
}

@test "an image of several names is shown once, with all of them" {
	need_commands skopeo umoci
	local copy=(skopeo --insecure-policy copy -q)

	"${copy[@]}" "docker-archive:$FORMATS/docker-old.tar" oci:layout:first
	umoci tag --image layout:first second
	umoci tag --image layout:first a-third
	expect 0 "$ANYARCH" inspect layout
	same names $'first\nsecond\na-third' "$(fact name)"
	same digests 1 "$(fact digest | wc -l)"
	expect 0 "$ANYARCH" inspect --json layout
	same JSON '1 first first,second,a-third' "$(jq -r '"\(length) \(.[0].reference) \(.[0].references | join(","))"' "$OUT")"
	# Whichever it is asked by.
	expect 0 "$ANYARCH" inspect --json oci:layout:second
	same JSON '1 second first,second,a-third' "$(jq -r '"\(length) \(.[0].reference) \(.[0].references | join(","))"' "$OUT")"
	expect 3 "$ANYARCH" inspect --expect=s390x layout
	[[ $stderr != *'linux/arm/v7, linux/arm/v7'* ]]
	# An archive of docker save with two names for one image.
	"${copy[@]}" --additional-tag test:2 "docker-archive:$FORMATS/docker-old.tar" docker-archive:docker.tar:test:1
	expect 0 "$ANYARCH" inspect docker.tar
	same names $'docker.io/library/test:1\ndocker.io/library/test:2' "$(fact name | sed 's|^test|docker.io/library/test|' | sort)"
	expect 0 "$ANYARCH" inspect --json docker.tar
	same count '1 2' "$(jq -r '"\(length) \(.[0].references | length)"' "$OUT")"
	# What differs stays apart.
	umoci config --image layout:second --architecture arm64
	expect 0 "$ANYARCH" inspect --json layout
	same JSON 'first,a-third second' "$(jq -r 'map(.references | join(",")) | join(" ")' "$OUT")"
}

# bats test_tags=slow
@test "images that skopeo and umoci make" {
	need_commands skopeo umoci
	local copy=(skopeo --insecure-policy copy -q) one reference

	"${copy[@]}" "docker-archive:$FORMATS/docker-old.tar" oci:layout:latest
	"${copy[@]}" --dest-compress-format zstd --dest-compress oci:layout:latest oci:zstd:latest
	"${copy[@]}" oci:layout:latest oci-archive:oci.tar:latest
	"${copy[@]}" oci:layout:latest docker-archive:docker.tar:test:1
	mkdir root
	cp "$(command -v env)" root/sh
	umoci config --image layout:latest --architecture arm64 --tag other
	umoci insert --image layout:other --rootless root/sh /opt/sh
	for one in oci:layout:latest oci:zstd:latest oci-archive:oci.tar docker-archive:docker.tar layout oci.tar \
		docker.tar; do
		expect 0 "$ANYARCH" inspect --json "$one"
		same "$one" 'linux/arm/v7 /bin/sh arm:2 linux/arm/v7' "$(jq -r '.[0] |
			"\(.platform) \(.judged_by) \(.files[0].arch):\(.files[0].files) \(.label)"' "$OUT")"
	done
	expect 3 "$ANYARCH" inspect --expect=arm64 oci:layout:other
	for reference in latest other; do
		expect 0 "$ANYARCH" inspect "oci:layout:$reference"
		same digest "$(skopeo --insecure-policy inspect --format '{{.Digest}}' "oci:layout:$reference")" "$(fact digest)"
	done
	expect 0 "$ANYARCH" inspect --json oci:layout:other
	jq -e '.[0].mixed == true and .[0].label_agrees == false' "$OUT"
}
