#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that a release holds all that it should, twice the same, and that the workflows which make and publish it are sound.
#
# tools/release is executed as it is, on a repository in which tools/build and tools/package give what this run has built.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/mmdebstrap.bash
source "$BATS_TEST_DIRNAME/../lib/mmdebstrap.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/source.bash
source "$BATS_TEST_DIRNAME/../lib/source.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/workflows.bash
source "$BATS_TEST_DIRNAME/../lib/workflows.bash"

setup() {
	need_commands git jq python3 skopeo dpkg-deb
	[[ $(dpkg --print-architecture) == amd64 ]] || need 'not amd64'
	VERSION=$(sed -n "s/^  version: '\(.*\)',$/\1/p" "$ANYARCH_SRC/meson.build")
	SOURCE=$BATS_FILE_TMPDIR/source
	cd "$BATS_TEST_TMPDIR" || return
}

# stand_in NAME: stdin is tools/NAME of the repository.
stand_in() {
	cat >"$SOURCE/tools/$1"
	chmod 0755 "$SOURCE/tools/$1"
}

# The repository, made once. Of all emulators one does.
make_repository() {
	[[ ! -e $SOURCE/.git ]] || return 0
	[[ -x ${ANYARCH_ARM64-} && -f $ANYARCH_ARM64.map ]] || need 'no program for arm64: tools/build --host=arm64'
	copy_source "$SOURCE"
	stand_in build <<-END
		#!/bin/sh
		case \$* in
		--host=amd64) echo "$ANYARCH_STATIC" ;;
		--host=arm64) echo "$ANYARCH_ARM64" ;;
		*) exit 1 ;;
		esac
	END
	mv "$SOURCE/tools/image" "$SOURCE/tools/image.real"
	# shellcheck disable=SC2016
	stand_in image <<<'#!/bin/bash
		exec "$0.real" "${@:1:8}"'
	stand_in package <<-'END'
		#!/bin/bash
		cd "${0%/*}/.." && mkdir -p "$1" || exit
		version=$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
		for one in anyarch anyarch-static; do
			tree=$(mktemp -d)
			mkdir "$tree/DEBIAN"
			printf '%s\n' "Package: $one" "Version: $version" 'Architecture: amd64' 'Maintainer: nobody <nobody@localhost>' \
				'Description: test' 'Depends: libc6 (>= 2.34), libelf1' 'Static-Built-Using: glibc (= 2.36-9)' >"$tree/DEBIAN/control"
			dpkg-deb --root-owner-group -b "$tree" "$1/${one}_${version}_amd64.deb" >&2
			rm -r "$tree"
		done
	END
	git_source "$SOURCE"
}

release() {
	"$SOURCE/tools/release" "$@"
}

# linked: the names of what a file of the release is linked with.
linked() {
	jq -r --arg file "./$1" '(.files[] | select(.fileName == $file) | .SPDXID) as $id |
		[.relationships[] | select(.spdxElementId == $id and .relationshipType == "STATIC_LINK") | .relatedSpdxElement] as $to |
		.packages[] | select(.SPDXID | IN($to[])) | .name' "$SPDX" | paste -s -d ' '
}

@test "a release holds everything, says what is in it, and is the same again but for what was changed" {
	local name host

	make_repository
	expect_raw 0 release "$VERSION" "$PWD/made"
	same path "$PWD/made" "$output"
	cp -a made other
	: >other/SHA256SUMS
	: >other/more
	expect_raw 1 release "$VERSION" "$PWD/other"
	[[ $stderr == *"not the same as in $PWD/other: SHA256SUMS more"$'\n'"hint: remove $PWD/other "* ]]
	[[ ! -s other/SHA256SUMS ]]
	cd made
	same files "$(printf '%s\n' SHA256SUMS "anyarch-$VERSION-manuals-completions.tar.xz" "anyarch-$VERSION.spdx.json" "anyarch-$VERSION.tar.xz" \
		anyarch-image-all.tar.gz anyarch-image.tar.gz anyarch-linux-amd64 anyarch-linux-arm64 \
		"anyarch-static_$VERSION-1_amd64.deb" "anyarch_$VERSION-1_amd64.deb" | LC_ALL=C sort)" "$(LC_ALL=C ls)"
	sha256sum --quiet --strict --check SHA256SUMS
	same digests "$(find . -type f ! -name SHA256SUMS ! -name list | wc -l)" "$(wc -l <SHA256SUMS)"

	[[ $(./anyarch-linux-amd64 --version) == *"$VERSION"* ]]
	same machine aarch64 "$("$ANYARCH" inspect --json anyarch-linux-arm64 | jq -r '.[0].arch')"
	same source "$(git -C "$SOURCE" ls-files | LC_ALL=C sort)" \
		"$(tar -tf "anyarch-$VERSION.tar.xz" | sed "s|^anyarch-$VERSION/||; /\/\$/d; /^\$/d" | LC_ALL=C sort)"
	tar -tf "anyarch-$VERSION-manuals-completions.tar.xz" >list
	for name in man/man8/anyarch-register.8 bash-completion/completions/anyarch zsh/site-functions/_anyarch \
		fish/vendor_completions.d/anyarch.fish; do
		grep -q -x "anyarch-$VERSION/$name" list
	done
	for name in anyarch-image anyarch-image-all; do
		gunzip --keep "$name.tar.gz"
		for host in amd64 arm64; do
			same version "$VERSION" "$(skopeo inspect --override-arch "$host" --config "oci-archive:$name.tar" |
				jq -r --arg host "$host" 'select(.architecture == $host) | .config.Labels["org.opencontainers.image.version"]')"
		done
	done

	SPDX=anyarch-$VERSION.spdx.json
	# What is named is there once, and named in the right form.
	jq -e '.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and (.documentNamespace | startswith("https://")) and
		(.creationInfo.created | test("^[0-9-]+T[0-9:]+Z$")) and
		([.packages[], .files[] | .SPDXID] | (sort == unique) and all(test("^SPDXRef-[A-Za-z0-9.-]+$"))) and
		([.relationships[] | .spdxElementId, .relatedSpdxElement] - [.packages[].SPDXID, .files[].SPDXID, "SPDXRef-DOCUMENT"] == []) and
		([.packages[] | has("name") and has("downloadLocation") and has("licenseDeclared")] | all) and
		([.files[].checksums | length == 2] | all)' "$SPDX" >/dev/null
	jq -r '.files[] | select(.fileName | test("^./[^/]*$")) | "\(.checksums[1].checksumValue)  \(.fileName)"' "$SPDX" |
		sha256sum --quiet --strict --check
	for host in amd64 arm64; do
		# By their names in Debian, or in their sources.
		for name in libc6-dev libelf libmount libblkid libsmartcols libjansson nettle libzstd libgcc; do
			[[ $(linked "anyarch-linux-$host") == *"$name"* ]]
		done
		[[ $(linked "anyarch-linux-$host") =~ (zlib1g|libz\ ) ]]
	done
	same contained "$(jq '[.files[] | select(.fileName | test("^./anyarch-image"; "") and test("/usr/bin/"))] | length' "$SPDX")" \
		"$(jq '[.relationships[] | select(.relationshipType == "CONTAINS")] | length' "$SPDX")"
	same 'of what' qemu-user-static "$(jq -r '(.files[] | select(.fileName == "./anyarch-image.tar.gz/arm64/usr/bin/qemu-arm-static") | .SPDXID) as $id |
		(.relationships[] | select(.spdxElementId == $id) | .relatedSpdxElement) as $to | .packages[] | select(.SPDXID == $to) | .name' "$SPDX")"
}

@test "what cannot be released is refused, with what to type" {
	make_repository
	expect_raw 1 release
	[[ $stderr == 'release: usage: '* ]]
	expect_raw 1 release v1
	[[ $stderr == *"not a version: v1"*"hint: tools/release $VERSION"* ]]
	expect_raw 1 release 99.0.0 "$PWD/made"
	[[ $stderr == *"meson.build has version $VERSION, not 99.0.0"*'hint: '* ]]
	: >"$SOURCE/new"
	expect_raw 1 release "$VERSION" "$PWD/made"
	[[ $stderr == *'not committed: new'*'hint: git commit'* ]]
	rm "$SOURCE/new"
	sed -i "1s/($VERSION-/(0.0.1-/" "$SOURCE/debian/changelog"
	git -C "$SOURCE" -c user.name=test -c user.email=test@localhost commit -q -a -m other
	expect_raw 1 release "$VERSION" "$PWD/made"
	[[ $stderr == *'debian/changelog has version 0.0.1'*'hint: '* ]]
	git -C "$SOURCE" reset -q --hard HEAD^
	copy_source "$PWD/bare"
	expect_raw 1 bare/tools/release "$VERSION"
	[[ $stderr == *'not a git repository'*'hint: '* ]]
}

# steps FILE: the scripts of a workflow, into STEPS.
steps() {
	python3 "$ANYARCH_SRC/tests/lib/pipelines.py" "$ANYARCH_SRC/.github/workflows/$1" "$BATS_TEST_TMPDIR/steps" github.token=secret
	STEPS=("$BATS_TEST_TMPDIR"/steps/*)
}

# recorded NAME...: programs that only write down how they are called, in ./calls.
recorded() {
	local one

	mkdir -p bin
	for one; do
		# shellcheck disable=SC2016
		printf '#!/bin/bash\nprintf "%%s\\n" "${0##*/} $*" >>"$CALLS"\ncase " $* " in *" --digestfile "*) echo sha256:abc >"$4" ;; esac\n' >"bin/$one"
		chmod 0755 "bin/$one"
	done
	export CALLS=$PWD/calls PATH=$PWD/bin:$PATH
}

@test "workflows and the action are linted, and so is the shell in them" {
	local file

	need_commands yamllint shellcheck
	valid_for_github "$ANYARCH_SRC"/.github/workflows/*.yml "$ANYARCH_SRC/action.yml"
	# The judge does judge.
	printf 'name: x\non: push\njobs: {a: {runs-on: x, steps: [{uses: y, wit: {}}]}}\n' >bad.yml
	refute valid_for_github bad.yml
	yamllint --strict --config-file "$ANYARCH_SRC/tools/ci/.yamllint" "$ANYARCH_SRC/.github" "$ANYARCH_SRC/action.yml"
	cmp "$ANYARCH_SRC/action.yml" "$ANYARCH_SRC/tools/ci/github/action.yml"
	for file in ci.yml release.yml; do
		steps "$file"
		shellcheck --norc "${STEPS[@]}"
	done
}

@test "the schemas of Kubernetes accept the DaemonSet" {
	expect_raw 0 valid_for_kubernetes "$ANYARCH_SRC/tools/ci/kubernetes.yml"
	sed 's/runAsUser: 0/runAsUser: root/' "$ANYARCH_SRC/tools/ci/kubernetes.yml" >"$BATS_TEST_TMPDIR/bad.yml"
	expect_raw 1 valid_for_kubernetes "$BATS_TEST_TMPDIR/bad.yml"
	[[ $stderr == *'runAsUser must be integer'* ]]
}

@test "ci.yml runs every test" {
	recorded apt-get git tools-check
	mkdir tools
	ln -s ../bin/tools-check tools/check
	export GITHUB_WORKSPACE=/w
	steps ci.yml
	for one in "${STEPS[@]}"; do
		"$one"
	done
	grep -q '^apt-get .*install.* git ' calls
	same last 'check ' "$(tail -n 1 calls)"
}

@test "release.yml builds, publishes files and images, and moves the tag of the action" {
	local one

	recorded apt-get git gh skopeo tools-release
	mkdir tools release
	ln -s ../bin/tools-release tools/release
	printf '# Changelog\n\n## 1.2.3 (today)\n\n- new\n\n## 1.2.2\n\n- old\n' >CHANGELOG.md
	for one in anyarch-image.tar anyarch-image-all.tar; do
		echo "$one" | gzip -n >"release/$one.gz"
	done
	(cd release && sha256sum -- * >../sums && mv ../sums SHA256SUMS)
	export GITHUB_WORKSPACE=/w GITHUB_REF_NAME=v1.2.3 GITHUB_REPOSITORY=Some/Anyarch GITHUB_ACTOR=somebody GITHUB_SHA=0123 \
		GITHUB_OUTPUT=$PWD/output
	steps release.yml
	for one in "${STEPS[@]}"; do
		"$one"
	done
	grep -q -x 'release 1.2.3' calls
	grep -q -x 'skopeo login ghcr.io --username somebody --password-stdin' calls
	for one in ' 1.2.3 latest' '-all 1.2.3-all all'; do
		read -r -a words <<<"image$one"
		grep -q -x "skopeo copy --all --digestfile .* oci-archive:release/anyarch-${words[0]}.tar docker://ghcr.io/some/anyarch:${words[1]}" calls
		grep -q -x "skopeo copy --all docker://ghcr.io/some/anyarch:${words[1]} docker://ghcr.io/some/anyarch:${words[2]}" calls
	done
	same output $'image=ghcr.io/some/anyarch\ndigest=sha256:abc' "$(<output)"
	grep -q '^gh release create v1.2.3 --verify-tag .*release/SHA256SUMS' calls
	refute grep '^gh .*\.tar\( \|$\)' calls
	same notes '- new' "$(grep . notes.md)"
	grep -q -x 'git push --force origin 0123:refs/tags/v1' calls
	# What was damaged on its way is not published.
	: >calls
	echo >>release/anyarch-image.tar.gz
	refute "${STEPS[2]}"
}
