#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bats file_tags=slow
# Owns what inject puts where, what eject gives back, and that neither reaches out of a root that is hostile.
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # the library sets output, stderr and status; each test is a process, inner shells expand

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"

setup_file() {
	make_emulators "$BATS_FILE_TMPDIR"
}

setup() {
	need_commands gcc jq nsenter qemu-arm-static
	# shellcheck disable=SC2034 # for the library
	TOOLS=$BATS_FILE_TMPDIR WITH=()
	ns_open
	make_tree
}

teardown() {
	ns_close
}

@test "inject finds the platform and the emulator, eject leaves no trace" {
	expect 0 anyarch inject "$R"
	[[ $output == "$R: injected $AT" && -z $stderr ]]
	cmp "$R$AT" "$(type -P qemu-arm-static)"
	same 'mode and time' "755 $(stat -L -c %Y "$(type -P qemu-arm-static)")" "$(stat -c '%a %Y' "$R$AT")"
	expect 0 anyarch eject "$R"
	[[ $output == "$R: removed $AT" && -z $stderr ]]
	tree_is_back
	canary_is_whole
	expect 0 anyarch eject "$R"
	says 'nothing was injected'
	tree_is_back
}

@test "inject says what is missing where no handler starts the programs, once for each architecture" {
	# shellcheck disable=SC2034 # the library reads it
	local KEEP_MISSING=1 words='anyarch: no handler starts arm programs on this machine: sudo anyarch register arm'
	local said arguments

	mkdir -p "$W/native/bin"
	cp "$(type -P true)" "$W/native/bin/sh"
	cp -a "$R" "$W/second"
	while IFS='|' read -r said arguments; do
		read -r -a arguments <<<"${arguments//ROOT/$R}"
		expect 0 anyarch "${arguments[@]//SECOND/$W/second}"
		same "${arguments[*]}" "${said:+$words}" "$(grep 'no handler' <<<"$stderr" || true)"
	done <<-ROWS
		said|inject ROOT
		said|inject --dry-run ROOT
		said|inject --json ROOT
		said|inject ROOT SECOND ROOT
		|inject --quiet ROOT
		|inject $W/native
		|eject ROOT SECOND
	ROWS
	expect 0 anyarch register arm
	expect 0 anyarch inject "$R"
	same registered '' "$stderr"
	# The command that it names is all that was missing.
	expect 0 anyarch unregister arm
	expect 0 anyarch inject "$R"
	# shellcheck disable=SC2086 # a command
	expect 0 anyarch ${stderr##*sudo anyarch }
	expect 0 anyarch inject "$R"
	same cured '' "$stderr"
	expect 0 anyarch eject "$R"
	tree_is_back
}

@test "--emulator: the archive that multiarch publishes an emulator in" {
	local archive=$W/x86_64_qemu-arm-static.tar.gz

	mkdir "$W/pack"
	cp "$(type -P qemu-arm-static)" "$W/pack/qemu-arm-static"
	tar -C "$W/pack" -czf "$archive" qemu-arm-static
	expect 0 anyarch inject --emulator "$archive" "$R"
	cmp "$R$AT" "$(type -P qemu-arm-static)"
	expect 0 anyarch eject "$R"
	tree_is_back
	head -c 1000000 "$archive" >"$W/cut.tar.gz"
	expect 3 anyarch inject --emulator "$W/cut.tar.gz" "$R"
	says 'truncated or corrupt'
	tar -C "$R" -czf "$W/none.tar.gz" bin
	expect 3 anyarch inject --emulator "$W/none.tar.gz" "$R"
	says 'none.tar.gz: it contains no qemu-*'
	cp "$(type -P true)" "$W/pack/qemu-arm-static"
	tar -C "$W/pack" -czf "$archive" qemu-arm-static
	expect 3 anyarch inject --emulator "$archive" "$R"
	says 'dynamically linked'
	tree_is_back
}

@test "the handler's own path when that is not fixed" {
	table_write "$(rule qemu-arm arm /opt/em/qemu-arm '')"
	expect 0 inject
	[[ $output == "$R: injected /opt/em/qemu-arm" ]]
	is_injected "$R/opt/em/qemu-arm"
	expect 0 eject --at /opt/em/qemu-arm
	tree_is_back
	# A fixed one needs nothing there; the usual place then.
	echo -1 >"$TABLE/status"
	table_write "$(rule qemu-arm arm "$TOOLS/A" F)"
	expect 0 inject
	[[ $output == "$R: injected $AT" ]]
}

@test "eject without --at also finds what was put elsewhere by --at or for the handler" {
	expect 0 inject --at /opt/em/qemu-arm
	expect 0 eject
	tree_is_back
}

@test "--at, --platform, --emulator-dir, --quiet" {
	rm "$R/bin/sh" # nothing contradicts the platform
	age_tree
	mkdir "$W/dir"
	cp -a "$TOOLS/B" "$W/dir/qemu-s390x-static"
	expect 0 anyarch inject --quiet --platform linux/s390x --emulator-dir "$W/dir" --at /sbin/deep/er/q "$R"
	[[ -z $output && -z $stderr ]]
	is_injected "$R/sbin/deep/er/q" B
	same made '755 755 755' "$(stat -c %a "$R/sbin" "$R/sbin/deep" "$R/sbin/deep/er" | paste -s -d ' ')"
	expect 0 eject --quiet --at /sbin/deep/er/q
	[[ -z $output && -z $stderr ]]
	tree_is_back
}

@test "--platform that the files contradict is refused, and --force injects" {
	expect 3 anyarch inject --platform arm64 --emulator "$TOOLS/A" "$R"
	says 'wrong platform: its programs are for arm, not for arm64'
	tree_is_back
	expect 0 anyarch inject --platform arm64 --emulator "$TOOLS/A" --force --dry-run "$R"
	expect 0 anyarch inject --platform armv6 --emulator "$TOOLS/A" --dry-run "$R"
}

@test "what is mounted in a root is not looked into, and not removed" {
	mkdir -p "$W/other/usr/bin" "$R/proc" "$R/mnt"
	cp -a "$R/bin" "$W/other/"
	expect 0 anyarch inject --emulator "$TOOLS/A" --at /usr/bin/q "$R"
	expect 0 anyarch inject --emulator "$TOOLS/A" --at /usr/bin/q "$W/other"
	expect 0 ns bash -ec 'mount --bind "$1" "$2/mnt"; mount --rbind /proc "$2/proc"; "$3" eject "$2"' \
		bash "$W/other" "$R" "$ANYARCH"
	[[ ! -e $R/usr/bin/q && -e $W/other/usr/bin/q && -e $W/other/usr/bin/.q.anyarch ]]
	# Native tools with something mounted among them: nothing is removed.
	mkdir -p "$R/usr/lib/anyarch/native/lib" "$W/host/deep"
	printf 'anyNATI1xxxxxxxxxxxx' >"$R/usr/lib/anyarch/native/index"
	printf '1 1000 5\n' >"$R/usr/lib/anyarch/native/record"
	echo precious >"$W/host/deep/file"
	expect 3 ns bash -ec 'mount --bind "$1" "$2/usr/lib/anyarch/native/lib"; "$3" eject "$2"' bash "$W/host" "$R" "$ANYARCH"
	says 'something is mounted there'
	[[ -e $W/host/deep/file && -e $R/usr/lib/anyarch/native/index ]]
	ns umount "$R/usr/lib/anyarch/native/lib"
	expect 0 anyarch eject "$R"
	[[ ! -e $R/usr/lib/anyarch ]]
}

@test "wrong usage: 2, an emulator that is none: 3, and nothing changes" {
	expect 2 anyarch inject
	expect 2 anyarch eject
	expect_one_of '2 3' anyarch inject --platform armm "$R"
	expect 2 anyarch inject --no-such-option "$R"
	expect 2 env SOURCE_DATE_EPOCH=yesterday nsenter --target "$NS_PID" --user --mount --preserve-credentials -- "$ANYARCH" inject "$R"
	expect 3 anyarch inject --emulator /nowhere "$R"
	expect 3 anyarch inject --emulator "$R/bin/sh" "$R"
	expect 3 anyarch inject --emulator "$(type -P true)" "$R"
	expect_one_of '2 3' inject --at usr/bin/relative
	expect_one_of '2 3' inject --at /
	expect_one_of '2 3' inject --at /usr/bin/
	expect_one_of '2 3' inject --at /usr/bin/..
	expect_one_of '2 3' inject --at ''
	rm "$R/bin/sh"
	age_tree
	expect 3 inject
	hints --platform
	tree_is_back
}

@test "- and / and what is no directory are refused (40)" {
	local root

	expect 2 anyarch inject -
	expect 2 anyarch eject -
	for root in / /. /etc/.. /proc/self/root //; do
		expect 2 anyarch inject --platform arm --emulator "$TOOLS/A" --dry-run "$root"
		hints --force
		expect 2 anyarch eject --dry-run "$root"
	done
	expect 0 anyarch inject --platform arm --emulator "$TOOLS/A" --force --dry-run /
	refute test -e "/usr/bin/.$NAME.anyarch"
	expect_one_of '2 3' anyarch inject "$W/nowhere"
	expect_one_of '2 3' anyarch inject ''
	expect 3 anyarch inject "$R/bin/sh"
	mkfifo "$W/fifo"
	expect 3 anyarch inject "$W/fifo"
	# A link to a root is that root, or is refused.
	ln -s root "$W/link"
	expect_one_of '0 3' anyarch inject --emulator "$TOOLS/A" "$W/link"
	[[ $status -ne 0 ]] || expect 0 anyarch eject "$W/link"
	tree_is_back
	canary_is_whole
}

@test "a native root file system: nothing to do, and it says so" {
	cp "$(type -P true)" "$R/bin/sh"
	age_tree
	expect 0 anyarch inject "$R"
	[[ $output == "$R: native "* ]]
	tree_is_back
	expect 0 anyarch inject --json "$R"
	jq -e '.[0].result == "native" and .[0].path == null' "$OUT"
}

@test "--dry-run changes nothing, also where directories are missing" {
	expect 0 inject --dry-run
	[[ $output == "$R: "*"$AT" ]]
	expect 0 inject --dry-run --at /no/such/dir/q
	tree_is_back
	expect 0 inject
	TREE=$(tree_of "$R")
	expect 0 eject --dry-run
	[[ $(wc -l <"$OUT") -eq 1 ]]
	expect 0 inject --dry-run
	tree_is_back
}

@test "--dry-run of eject tells each file once where /bin is a link" {
	rm -r "${R:?}/bin"
	ln -s usr/bin "$R/bin"
	make_arm "$R/bin/sh"
	expect 0 inject
	expect 0 eject --dry-run
	same lines 1 "$(wc -l <"$OUT")"
	expect 0 eject
	same lines 1 "$(wc -l <"$OUT")"
}

@test "--json" {
	expect 0 inject --json
	jq -e --arg r "$R" --arg at "$AT" '.[0] == {target: $r, result: "injected", path: $at, arch: "arm", partition: null}' "$OUT"
	expect 0 inject --json
	jq -e '.[0].result == "unchanged"' "$OUT"
	expect 0 eject --json
	jq -e --arg at "$AT" 'length == 1 and .[0].result == "removed" and .[0].path == $at' "$OUT"
	expect 0 eject --json
	jq -e '. == []' "$OUT"
	expect 3 anyarch inject --json "$W/nowhere"
	jq -e 'type == "array"' "$OUT"
}

@test "several roots in one call: each is done, the worst status counts" {
	local i

	for i in 1 2 3; do
		cp -a "$R" "$W/root$i"
	done
	rm -r "$W/root2/usr/bin"
	ln -s bin "$W/root2/usr/bin"
	expect 3 anyarch inject --emulator "$TOOLS/A" "$W/root1" "$W/root2" "$W/nowhere" "$W/root3"
	same errors 3 "$(error_lines)" # with the summary
	is_injected "$W/root1$AT"
	is_injected "$W/root3$AT"
	expect 0 anyarch eject "$W/root1" "$W/root3"
	same tree "$TREE" "$(tree_of "$W/root1")"
	same tree "$TREE" "$(tree_of "$W/root3")"
	expect 0 anyarch inject --emulator "$TOOLS/A" "$R" "$R"
	[[ $output == *injected*$'\n'*unchanged* ]]
	expect 0 anyarch eject "$R" "$R"
	tree_is_back
}

# make_roots N: copies of $R; sets roots.
make_roots() {
	local i

	roots=()
	mkdir "$W/many"
	for ((i = 1; i <= $1; i++)); do
		cp -a "$R" "$W/many/$i"
		roots+=("$W/many/$i")
	done
}

# bats test_tags=slow
@test "many roots in one call, with many descriptors and with few" {
	local i roots limit

	make_roots 70
	ln -s 7 "$W/many/again"
	for limit in 1024 100; do
		expect 0 ns prlimit "--nofile=$limit" "$ANYARCH" inject --emulator "$TOOLS/A" "${roots[@]:0:35}" \
			"$W/many/again" "${roots[@]:35}"
		same injected 70 "$(grep -c ': injected ' "$OUT")"
		same unchanged "$W/many/again: unchanged $AT" "$(grep ': unchanged ' "$OUT")"
		for i in "${roots[@]}"; do
			cmp "$TOOLS/A" "$i$AT"
		done
		expect 0 anyarch eject "${roots[@]}"
		for i in "${roots[@]}"; do
			same "$i" "$TREE" "$(tree_of "$i")"
		done
	done
}

@test "one of many roots has no space: the others are done, that one is as it was" {
	local was

	for i in 1 2 3; do
		cp -a "$R" "$W/root$i"
	done
	ns mount -t tmpfs -o size=200k none "$W/root2"
	# shellcheck disable=SC2016 # the inner shell expands it
	ns bash -c 'cp -a "$1/." "$2/"' bash "$R" "$W/root2"
	was=$(ns bash -c "$(declare -f tree_of); tree_of \"\$1\"" bash "$W/root2")
	expect 1 anyarch inject --emulator "$TOOLS/A" "$W/root1" "$W/root2" "$W/root3"
	same errors 2 "$(error_lines)" # with the summary
	[[ $stderr == *root2*'No space left'* ]]
	is_injected "$W/root1$AT"
	is_injected "$W/root3$AT"
	same root2 "$was" "$(ns bash -c "$(declare -f tree_of); tree_of \"\$1\"" bash "$W/root2")"
}

@test "SOURCE_DATE_EPOCH bounds the time" {
	expect 0 ns env SOURCE_DATE_EPOCH=1234567890 "$ANYARCH" inject --emulator "$TOOLS/A" "$R"
	same time 1234567890 "$(stat -c %Y "$R$AT")"
	expect 0 eject
	tree_is_back
	expect 0 ns env SOURCE_DATE_EPOCH=1700000000 "$ANYARCH" inject --emulator "$TOOLS/A" "$R"
	is_injected "$R$AT"
}

@test "the same bytes and modes whatever the umask, and no set-user-ID" {
	local was

	chmod 6755 "$TOOLS/B"
	expect 3 anyarch inject --emulator "$TOOLS/B" --at /no/dir/q "$R"
	says 'set-user-ID'
	tree_is_back
	chmod 755 "$TOOLS/B"
	expect 0 anyarch inject --emulator "$TOOLS/B" --at /no/dir/q "$R"
	was=$(tree_of "$R" | sed 's/ [0-9]*\.[0-9]*\( [0-9]*\)\?//')
	expect 0 eject --at /no/dir/q
	expect 0 ns sh -c 'umask 077; exec "$@"' sh "$ANYARCH" inject --emulator "$TOOLS/B" --at /no/dir/q "$R"
	same tree "$was" "$(tree_of "$R" | sed 's/ [0-9]*\.[0-9]*\( [0-9]*\)\?//')"
	same modes '755 755 755' "$(stat -c %a "$R/no" "$R/no/dir" "$R/no/dir/q" | paste -s -d ' ')"
}

@test "no link leads out, with openat2 and without" {
	everywhere case_links_out
}

case_links_out() {
	local to

	rm -r "${R:?}/usr/bin"
	for to in "$CANARY/bin" ../../canary/bin "/proc/self/root$CANARY/bin" bin; do
		ln -sfn "$to" "$R/usr/bin"
		expect_one_of '0 3' inject --dry-run
		expect_one_of '0 3' inject
		expect_one_of '0 3' eject
		canary_is_whole
	done
}

@test "made directories stay when somebody else has put something there" {
	expect 0 inject --at /opt/a/b/q
	echo theirs >"$R/opt/a/file"
	expect 0 eject --at /opt/a/b/q
	same files $'./opt\n./opt/a\n./opt/a/file' "$(files_of "$R" | grep opt)"
}

@test "the same emulator is left alone, another replaced in one step (47)" {
	local inode

	expect 0 inject
	inode=$(stat -c '%i %Z' "$R$AT")
	expect 0 inject
	[[ $output == *unchanged* ]]
	same 'inode and ctime' "$inode" "$(stat -c '%i %Z' "$R$AT")"
	expect 0 anyarch inject --emulator "$TOOLS/B" "$R"
	[[ $output == *replaced* ]]
	is_injected "$R$AT" B
	[[ $(stat -c %i "$R$AT") != "${inode% *}" ]]
	expect 0 eject
	tree_is_back
	# The same bytes with another mode are another file, and come back.
	install -m 0600 "$TOOLS/A" "$R$AT"
	age_tree
	expect 0 inject
	is_injected "$R$AT"
	expect 0 eject
	tree_is_back
	# The same emulator that somebody else has put there is his.
	install -m 0755 "$TOOLS/A" "$R$AT"
	age_tree
	expect 0 inject
	[[ $output == *unchanged* ]]
	expect 0 eject
	tree_is_back
}

@test "a file that was there comes back: mode, owner, time, link" {
	echo 'an older one' >"$R$AT"
	chmod 4711 "$R$AT"
	[[ $EUID -ne 0 ]] || chown 12:34 "$R$AT"
	chmod 4711 "$R$AT"
	age_tree
	expect 0 inject
	[[ $output == *replaced* ]]
	is_injected "$R$AT"
	expect 0 anyarch inject --emulator "$TOOLS/B" "$R"
	is_injected "$R$AT" B
	expect 0 eject
	tree_is_back
}

whole_seconds() {
	sed 's/\.[0-9]\{10\}//'
}

@test "eject works in a copy of the tree, made by cp or tar" {
	rm -r "${R:?}/usr"
	age_tree
	expect 0 inject
	cp -a "$R" "$W/copy"
	mkdir "$W/tar"
	tar -C "$R" -c . | tar -C "$W/tar" -xp
	expect 0 anyarch eject "$W/copy"
	same 'copied tree' "$TREE" "$(tree_of "$W/copy")"
	expect 0 anyarch eject "$W/tar"
	# An archive has whole seconds, and what a record says is exact.
	same 'unpacked tree' "$(whole_seconds <<<"$TREE")" "$(tree_of "$W/tar" | whole_seconds)"
	echo older >"$R$AT.other"
	mv "$R$AT.other" "$W/older"
	expect 0 eject
	mkdir -p "$R/usr/bin"
	mv "$W/older" "$R$AT"
	age_tree
	expect 0 inject
	rm -r "$W/copy"
	cp -a "$R" "$W/copy"
	expect 0 anyarch eject "$W/copy"
	same 'copied tree' "$TREE" "$(tree_of "$W/copy")"
}

@test "a file that was changed after inject is not removed: 3" {
	expect 0 inject
	echo more >>"$R$AT"
	TREE=$(tree_of "$R")
	expect 3 eject
	tree_is_back
	ln -sfn "$CANARY/secret" "$R$AT"
	TREE=$(tree_of "$R")
	expect 3 eject
	tree_is_back
	rm "$R$AT"
	mkdir "$R$AT"
	TREE=$(tree_of "$R")
	expect 3 eject
	tree_is_back
	canary_is_whole
}

@test "an emulator of any size, that is a hole: every command ends at once" {
	# Of the processor: what it takes to read 200 GiB is minutes.
	ulimit -t 20
	mkdir -p "$R/usr/bin"
	head -c 4096 "$(type -P qemu-arm-static)" >"$R$AT"
	chmod 0755 "$R$AT"
	truncate -s 200G "$R$AT"
	expect 0 anyarch inspect --survey "$R"
	expect_raw 3 anyarch doctor "$R"
	expect 0 anyarch inject "$R"
	truncate -s 200G "$R$AT"
	expect 3 anyarch eject "$R"
	says 'changed since it was injected'
	expect 3 anyarch inject "$R"
	expect 0 anyarch inspect --survey "$R"
}

@test "a file that somebody put over ours is not lost by another inject" {
	expect 0 inject
	echo 'of a package' >"$W/new"
	mv "$W/new" "$R$AT"
	expect_one_of '0 3' anyarch inject --emulator "$TOOLS/B" "$R"
	if [[ $status -eq 0 ]]; then
		is_injected "$R$AT" B
		expect 0 eject
	fi
	same file 'of a package' "$(<"$R$AT")"
}

# bats test_tags=slow
@test "damaged records are refused, by both commands, and nothing changes" {
	local good text n=0

	expect 0 inject
	good=$(record 0 0)
	same record "$good" "$(<"$R/usr/bin/.$NAME.anyarch")"
	while IFS= read -r -d $'\x1e' text; do
		printf '%s' "$text" >"$R/usr/bin/.$NAME.anyarch"
		age_tree
		expect 3 eject
		expect_one_of '0 3' anyarch inject --emulator "$TOOLS/B" --dry-run "$R"
		tree_is_back
		n=$((n + 1))
	done < <(
		printf '\x1e%s\x1e' 'x'
		printf '%s\x1e' "$good" # without its last line's end
		printf '%s\n\n\x1e' "$good"
		printf '%s\nmore 1\n\x1e' "$good"
		printf '%s\n\x1e' "${good/made 0/made 65}" "${good/made 0/made -1}" "${good/made 0/made 4294967296}" "${good/made 0/made 00}x" \
			"${good/made 0/made  0}" "${good/made 0/made}" "${good/backup 0/backup 2}" "${good/backup 0/backup }" \
			"${good/inject 1/inject 2}" "${good/sha256:/sha512:}" "${good/sha256:?/sha256:}" "${good/sha256:?/sha256:G}" \
			"${good/123456789/1000000000}" "${good/time 15/time -15}" "${good/time 15/time 99999999999999999999}" \
			"${good/ 123456789/}" "$good"$'\r' "${good/digest/DIGEST}" "${good/also -/also x}" "${good/also -/also}" "${good/also -$'\n'/}" "${good//$'\n'/$'\r\n'}"
		head -c 5000 /dev/zero | tr '\0' x
		printf '\x1e'
	)
	[[ $n -eq 28 ]]
	truncate -s 8G "$R/usr/bin/.$NAME.anyarch"
	expect 3 eject
	rm "$R/usr/bin/.$NAME.anyarch"
	for text in 'mkfifo' 'mkdir' "ln -s $CANARY/secret" 'ln -s /nowhere'; do
		$text "$R/usr/bin/.$NAME.anyarch"
		expect 3 eject
		rm -d "$R/usr/bin/.$NAME.anyarch"
	done
	canary_is_whole
	cmp "$R$AT" "$TOOLS/A"
}

@test "a record that promises a backup that is not there: the emulator does not stay without a word" {
	expect 0 inject
	record 1 0 >"$R/usr/bin/.$NAME.anyarch"
	expect_one_of '0 3' eject
	[[ $status -ne 0 ]] || refute test -e "$R$AT"
}

@test "a backup that is a directory, or a link outside, moves nothing outside" {
	local was=$R/usr/bin/.$NAME.anyarch-was

	expect 0 inject
	record 1 0 >"$R/usr/bin/.$NAME.anyarch"
	mkdir "$was"
	expect_one_of '1 3' eject
	is_injected "$R$AT"
	rmdir "$was"
	ln -s "$CANARY/secret" "$was"
	expect_one_of '0 3' eject
	canary_is_whole
}

@test "files of others under our names are not taken for ours" {
	echo mine >"$R$AT"
	echo theirs >"$R/usr/bin/.$NAME.anyarch-was"
	age_tree
	contained '0 3'
	make_tree
	echo theirs >"$R/usr/bin/.$NAME.anyarch"
	age_tree
	contained 3
	make_tree
	mkdir "$R/usr/bin/.$NAME.anyarch-new"
	age_tree
	contained '1 3'
	make_tree
	ln -s "$CANARY/secret" "$R/usr/bin/.$NAME.anyarch-new"
	expect_one_of '0 3' inject
	canary_is_whole
}

@test "records with odd names are no way out" {
	local name

	for name in ... .. '..anyarch' '...anyarch' '....anyarch' $'.\n.anyarch'; do
		[[ -e $R/usr/bin/$name ]] || record 0 64 0 0 2>/dev/null >"$R/usr/bin/$name"
	done
	expect_one_of '0 3' eject
	canary_is_whole
	same files "$(sort <<<"$TREE" | grep -c '^usr/lib\|^etc/\|^bin')" "$(tree_of "$R" | grep -c '^usr/lib\|^etc/\|^bin')"
}

@test "few descriptors (94)" {
	local n

	for n in 3 4 12 63; do
		expect_raw_one_of '1 4 126 127' ns prlimit "--nofile=$n" "$ANYARCH" inject --emulator "$TOOLS/A" "$R"
		tree_is_back
	done
	expect 0 ns prlimit --nofile=64 "$ANYARCH" inject --emulator "$TOOLS/A" "$R"
}

# As expect_one_of, whatever is said: with so few descriptors the loader may be what fails.
expect_raw_one_of() {
	local wanted=$1
	shift

	status=0
	"$@" >/dev/null 2>&1 3>&- || status=$?
	[[ " $wanted " == *" $status "* ]]
}

@test "what a power failure leaves is whole: on the disk before it has its name, the name before success is told (98)" {
	expect 0 ns "${TRACED[@]}" -f -qq -y -o "$W/trace" -e trace=fsync,renameat,renameat2,exit_group \
		"$ANYARCH" inject --quiet --emulator "$TOOLS/A" "$R"
	# The last column: what is waited for, or which name is given.
	# Files without a name where there can be such; else under the one that a rerun takes away.
	same order "fsync file
fsync file
rename .$NAME.anyarch
rename $NAME
fsync bin
exit" "$(sed -nE '/fsync/s!^[0-9]+ +fsync\([0-9]+<.*/(#[0-9]+|[.].*[.]anyarch-[a-z]+)[^/]*$!fsync file!p
		s|^[0-9]+ +fsync\([0-9]+<.*/([^/#.>]+)>\).*|fsync \1|p
		s|.* +renameat2?\(.*, "([^"]+)"(, [^,]*)?\) = 0$|rename \1|p; s|.*exit_group.*|exit|p' "$W/trace" |
		awk '$0 != "exit" || !ends++')" # a probe of the machine's handlers ends as well
}

@test "what cannot be reached, or is gone, is not called injected" {
	mkdir "$W/deep" "$W/gone"
	expect 3 anyarch inject --platform arm --emulator "$TOOLS/A" --at "$(printf '/d%.0s' {1..70})/q" "$W/deep"
	same files '' "$(files_of "$W/deep")"
	# shellcheck disable=SC2016 # the inner shell expands it
	expect 3 ns bash -c 'exec 5<"$1" && rmdir "$1" && exec "$2" inject --platform arm --emulator "$3" "$4" /proc/self/fd/5' \
		bash "$W/gone" "$ANYARCH" "$TOOLS/A" "$R"
	same injected 1 "$(grep -c ': injected ' "$OUT")"
	is_injected "$R$AT"
}

@test "roots that are updated need room for one emulator more, not for all" {
	local i roots=()

	ns mount -t tmpfs -o size=2300k none "$W/canary"
	for i in 1 2 3 4 5 6; do
		roots+=("$W/canary/$i")
		ns cp -a "$R" "$W/canary/$i"
	done
	expect 0 anyarch inject --emulator "$TOOLS/A" "${roots[@]}"
	expect 0 anyarch inject --emulator "$TOOLS/B" "${roots[@]}"
	same replaced 6 "$(grep -c ': replaced ' "$OUT")"
	expect 0 anyarch eject "${roots[@]}"
	ns umount "$W/canary"
}

@test "killed in the middle of many roots: nothing lies about" {
	local roots

	make_roots 40
	expect_raw 137 ns "${TRACED[@]}" -f -o "$W/trace" -e inject=fsync:signal=KILL:when=1 "$ANYARCH" inject --emulator "$TOOLS/A" "${roots[@]}"
	same files '' "$(find "$W/many" -name '*anyarch*')"
}

@test "two at once with different emulators: each root has one of them, with its record" {
	local i roots one other

	make_roots 8
	for i in {1..6}; do
		ns "$ANYARCH" inject --quiet --emulator "$TOOLS/A" "${roots[@]}" >/dev/null 2>&1 3>&- &
		one=$!
		ns "$ANYARCH" inject --quiet --emulator "$TOOLS/B" "${roots[@]}" >/dev/null 2>&1 3>&- &
		other=$!
		for one in "$one" "$other"; do
			status=0
			wait "$one" || status=$?
			[[ $status -eq 0 || $status -eq 75 ]]
		done
		for one in "${roots[@]}"; do
			[[ $(sha256sum <"$one$AT") == "$(sed -n 's/^digest sha256://p' "$one/usr/bin/.$NAME.anyarch")  -" ]]
		done
	done
	expect 0 anyarch eject "${roots[@]}"
	for i in "${roots[@]}"; do
		same "$i" "$TREE" "$(tree_of "$i")"
	done
}
