#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that the examples of the manuals work as they stand (those of --help are the same: tests/cli/manuals.bats), in a
# directory with the files that they name and a handler table of its own. Engines are played by a script.
# shellcheck disable=SC2154 # the library sets output and stderr

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/namespace.bash
source "$BATS_TEST_DIRNAME/../lib/namespace.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/programs.bash
source "$BATS_TEST_DIRNAME/../lib/programs.bash"

MAN=$ANYARCH_SRC/man

# An ARM program that does nothing, successfully: in the root file system it stands for any command.
make_true() { # FILE
	{
		put_hex 7f454c46 01010100 00000000 00000000 0200 2800 01000000 54004000 34000000 00000000 00000005 3400 2000 0100
		put_hex 0000 0000 0000 01000000 00000000 00004000 00004000 60000000 60000000 05000000 00000100
		put_hex 0000a0e3 0170a0e3 000000ef # mov r0,#0; mov r7,#1; svc 0
	} >"$1"
	chmod 0755 "$1"
}

setup_file() {
	local name

	cd "$BATS_FILE_TMPDIR" || return
	mkdir -p bin work/rootfs/{bin,usr/bin,etc,dev,proc,sys,tmp,mnt} home/.config/fish/completions
	ln -s "$ANYARCH" bin/anyarch
	printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
	# What docker and skopeo would do with the images of this directory. FROM is what is pulled; nothing is.
	cat >bin/docker <<-'ENGINE'
		#!/bin/bash
		case $1 in
		run) shift 4 && exec anyarch oneshot "$@" ;; # docker run --rm --privileged anyarch
		version) echo 20.10 ;;
		save)
			case $2 in
			--output)
				case $4 in
				*arm32v7*) exec cp "$IMAGES/arm.tar" "$3" ;;
				*arm32v6*) exec cp "$IMAGES/armv6.tar" "$3" ;;
				*arm64v8*) exec cp "$IMAGES/arm64.tar" "$3" ;;
				*amd64*) exec cp "$IMAGES/amd64.tar" "$3" ;;
				esac
				;;
			*) exec cat "$IMAGES/arm.tar" ;;
			esac
			;;
		esac
	ENGINE
	printf '#!/bin/sh\nexit 0\n' >bin/skopeo
	chmod +x bin/*
	cd work || return
	for name in hello-arm rootfs/bin/sh rootfs/bin/ls rootfs/usr/bin/uname; do
		make_true "$name"
	done
	python3 - <<-'PYTHON'
		import os, sys
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		sys.dont_write_bytecode = True
		import image_files as I, tar_files as T, elf_files as E
		for name, shell, label, variant in (("arm", E.arm(), "arm", "v7"), ("armv6", E.arm(6), "arm", "v6"), ("arm64", E.arm64(), "arm64", "v8"),
		                                    ("amd64", E.amd64(), "amd64", None)):
		    layer = T.tar(I.system(shell))
		    I.write(f"./{name}.tar", I.archive(I.docker([([layer], I.config_of([layer], label, variant), ["me/app:1"])])))
	PYTHON
	cp arm.tar image.tar
	"$ANYARCH" index -o all.tar --tag me/app:1 arm.tar arm64.tar amd64.tar
	printf '%s\n' 'FROM debian' 'RUN true' >Dockerfile
	"$ANYARCH" init --quiet app
	sed -i -e 's/^REPO=.*/REPO=me/' -e 's/^TARGET_ARCHES=.*/TARGET_ARCHES="amd64 arm32v7 arm32v6 arm64v8"/' app/build.config
}

setup() {
	need_commands python3 qemu-arm-static qemu-aarch64-static qemu-riscv64-static jq nsenter
	export PATH=$BATS_FILE_TMPDIR/bin:$PATH HOME=$BATS_TEST_TMPDIR/home IMAGES=$BATS_FILE_TMPDIR/work
}

teardown() {
	ns_close
}

# Runs what stands between each pair of fences in EXAMPLES of a page, one after the other in one copy of the directory.
run_examples() { # PAGE [RUNNER...]
	local page=$1 block n=0
	shift

	cp -r "$BATS_FILE_TMPDIR/home" "$BATS_TEST_TMPDIR/"
	rm -rf "$BATS_TEST_TMPDIR/work"
	cp -r "$BATS_FILE_TMPDIR/work" "$BATS_TEST_TMPDIR/"
	# shellcheck disable=SC2016 # the fences
	while IFS= read -r -d $'\f' block; do
		n=$((n + 1))
		"$@" env -C "$BATS_TEST_TMPDIR/work" bash -e -o pipefail -c "$block" >"$BATS_TEST_TMPDIR/printed" 2>&1 || {
			printf 'status %d of an example of %s:\n%s\n' $? "$page" "$block" >&2
			tail "$BATS_TEST_TMPDIR/printed" >&2
			return 1
		}
	done < <(sed -n '/^# EXAMPLES$/,/^# SEE/{/^```$/,/^```$/{s/^```$/\f/;p}}' "$MAN/$page.scd" |
		sed 's/\\\\/\\/g' | awk 'BEGIN { RS = "\f\n" } NR % 2 == 0 { printf "%s\f", $0 }')
	[[ $n -ge 2 || $page == *unregister* || $page == *toolchain* || $page == *completion* ]]
}

@test "examples of register, status, doctor, unregister and oneshot" {
	ns_open
	mkdir -p "$BATS_TEST_TMPDIR/etc/binfmt.d"
	ns mount --bind "$BATS_TEST_TMPDIR/etc/binfmt.d" /etc/binfmt.d
	# As where systemd has started the machine, and will read what --persist writes.
	ns mount -t tmpfs tmpfs /run
	ns mkdir -p /run/systemd/system
	ns test -e /usr/lib/systemd/systemd-binfmt || need "no systemd-binfmt"
	run_examples anyarch-oneshot.8 ns
	arm_runs
	run_examples anyarch-unregister.8 ns
	[[ -z $(table_names) ]]
	run_examples anyarch-register.8 ns
	arm_runs
	[[ -s $BATS_TEST_TMPDIR/etc/binfmt.d/qemu-riscv64.conf ]]
	run_examples anyarch.8 ns
	run_examples anyarch-status.8 ns
	run_examples anyarch-json.5 ns
	run_examples anyarch-doctor.8 ns
}

arm_runs() {
	ns "$BATS_FILE_TMPDIR/work/hello-arm"
}

@test "examples that change images and root file systems" {
	local page

	for page in inspect inject convert index; do
		run_examples "anyarch-$page.8"
	done
	# The last one of inject is eject.
	[[ ! -e $BATS_TEST_TMPDIR/work/rootfs/usr/bin/qemu-arm-static ]]
	anyarch_says both.tar linux/arm64
}

anyarch_says() { # IMAGE PLATFORM
	"$ANYARCH" inspect --json "$BATS_TEST_TMPDIR/work/$1" | jq -e --arg platform "$2" 'any(.platform == $platform)'
}

@test "examples of projects" {
	ns_open
	anyarch register --quiet arm arm64
	run_examples anyarch-init.8
	[[ -s $BATS_TEST_TMPDIR/work/Dockerfile.cross ]]
	run_examples anyarch-render.8
	run_examples anyarch-build.8 ns
	anyarch_says app.tar linux/arm/v7
}

@test "examples of names, completion and toolchain" {
	run_examples anyarch-names.8
	run_examples anyarch-completion.8
	[[ -s $HOME/.config/fish/completions/anyarch.fish && -s $HOME/.bash_completion ]]
	need_commands arm-linux-gnueabihf-gcc
	run_examples anyarch-toolchain.8
	[[ -s $BATS_TEST_TMPDIR/work/tools/toolchain.json ]]
}

@test "examples of run" {
	local why

	why=$(ns_possible) || need "$why"
	run_examples anyarch-run.8
}

# What is indented in a guide: lines of build.config are written there, all others are typed, in one directory.
@test "the guide to multi-platform images can be typed" {
	ns_open
	cp -r "$BATS_FILE_TMPDIR/work" "$BATS_TEST_TMPDIR/"
	cp -r "$BATS_FILE_TMPDIR/home" "$BATS_TEST_TMPDIR/"
	sed -n 's/^    //p' "$ANYARCH_SRC/docs/images.md" |
		sed 's/^\([A-Z_]*\)=\(.*\)$/sed -i '"'s|^\\1=.*|\\1=\\2|'"' build.config/' >"$BATS_TEST_TMPDIR/guide"
	grep -q "^sed -i 's|^REPO=.*|REPO=registry.example.org/me|' build.config$" "$BATS_TEST_TMPDIR/guide"
	expect_raw 0 ns env -C "$BATS_TEST_TMPDIR/work" bash -e -o pipefail "$BATS_TEST_TMPDIR/guide"
	anyarch_says app.tar linux/arm/v7
	anyarch_says base.tar linux/arm64
	same 'digest of the ejected image' "$("$ANYARCH" inspect --json "$BATS_FILE_TMPDIR/work/image.tar" | jq '.[].digest')" \
		"$("$ANYARCH" inspect --json "$BATS_TEST_TMPDIR/work/image.tar" | jq '.[].digest')"
}

@test "the example of a project renders" {
	cd "$BATS_TEST_TMPDIR" || return
	sed -n '/^# EXAMPLES$/,/^# SEE/{/^```$/!p}' "$MAN/anyarch-project.5.scd" |
		awk '/^# (build.config|Dockerfile.cross)$/ { file = $2 } file && !/^# [A-Z ]*$/ { print >file }'
	expect 0 "$ANYARCH" render
	grep -q '^FROM arm32v6/alpine$' Dockerfile.arm32v6
	grep -q '^COPY qemu-arm-static /usr/bin/$' Dockerfile.arm32v6
	refute grep -q COPY Dockerfile.amd64
}
