#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns what inspect needs long, root or other machines' programs for: real busyboxes, devices, races, small files that
# would take much.
# shellcheck disable=SC2154,SC2030,SC2031 # the library sets output, stderr and status; each test is a process

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/inspect.bash
source "$BATS_TEST_DIRNAME/../lib/inspect.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/rootfs.bash
source "$BATS_TEST_DIRNAME/../lib/rootfs.bash"
# shellcheck source-path=SCRIPTDIR source=../../tools/lib.sh
source "$BATS_TEST_DIRNAME/../../tools/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../tools/fetch.sh
source "$BATS_TEST_DIRNAME/../../tools/fetch.sh"

# Of Debian's architectures: what inspect says of their busybox.
BUSYBOXES='amd64 linux/amd64 x86_64 64-bit little-endian x86-64|-
arm64 linux/arm64 aarch64 64-bit little-endian AArch64|-
armel linux/arm/v5 arm 32-bit little-endian ARM|EABI5, soft float, ARMv5TE
armhf linux/arm/v7 arm 32-bit little-endian ARM|EABI5, hard float, ARMv7
i386 linux/386 i386 32-bit little-endian Intel 80386|-
mips64el linux/mips64le mips64el 64-bit little-endian MIPS|n64, MIPS64 r2
ppc64el linux/ppc64le ppc64le 64-bit little-endian PowerPC 64|ELFv2
s390x linux/s390x s390x 64-bit big-endian IBM S/390|-'

setup_file() {
	need_commands python3 jq gcc
	gcc -O1 -o "$BATS_FILE_TMPDIR/deny" "$ANYARCH_SRC/tests/lib/deny.c"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# busybox ARCHITECTURE: its path, out of the cache or from the mirror.
busybox() {
	fetch_busybox "$1" 2>"$BATS_TEST_TMPDIR/fetch.log" || {
		cat "$BATS_TEST_TMPDIR/fetch.log" >&2
		need "busybox of $1 cannot be fetched"
	}
}

# image ROOT LABEL FILE: a docker-archive of this directory, labelled so.
image() {
	tar -c -C "$1" --owner=0 --group=0 . >layer.tar
	python3 - "$2" "$3" <<-'PYTHON'
		import os, sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import image_files as images
		label, out = sys.argv[1:]
		layer = open("layer.tar", "rb").read()
		architecture, _, variant = label.removeprefix("linux/").partition("/")
		config = images.config_of([layer], architecture, variant)
		images.write(os.path.abspath(out), images.archive(images.docker([([layer], config, ["t:1"])])))
	PYTHON
}

@test "busyboxes of eight architectures, as files, root file systems and images" {
	local debian platform arch rest path n=0

	while read -r debian platform arch rest; do
		path=$(busybox "$debian")
		expect 0 "$ANYARCH" inspect --json "$path"
		same "$debian" "$platform $arch $rest" "$(jq -r '.[0] | .steps[0].elf as $elf | "\(.platform) \(.arch) " +
			"\($elf.bits)-bit \($elf.byte_order)-endian \($elf.machine)|\($elf.abi // "-")"' "$OUT")"
		jq -e '.[0].steps[0].elf | .linkage == "static" and .truncated == false' "$OUT"
		# The same as /bin/sh by a hard link of another name, as in the official image.
		rm -rf root
		mkdir -p root/bin
		cp "$path" 'root/bin/['
		ln 'root/bin/[' root/bin/sh
		ln 'root/bin/[' root/bin/busybox
		expect 0 "$ANYARCH" inspect --expect="$platform" --json root
		same "$debian" "$platform /bin/sh" "$(jq -r '.[0] | "\(.platform) \(.judged_by)"' "$OUT")"
		image root "$platform" image.tar
		expect 0 "$ANYARCH" inspect --expect="$platform" --json image.tar
		same "$debian" "$platform /bin/sh true" "$(jq -r '.[0] | "\(.platform) \(.judged_by) \(.label_agrees)"' "$OUT")"
		n=$((n + 1))
	done <<<"$BUSYBOXES"
	[[ $n -eq 8 ]]
}

@test "an image built for ARM with files of a PC in it" {
	local version

	mkdir -p root/bin
	cp "$(busybox amd64)" root/bin/busybox
	ln -s busybox root/bin/sh
	image root linux/arm/v7 image.tar
	expect 3 "$ANYARCH" inspect --expect=linux/arm/v7 image.tar
	says /bin/busybox
	expect 0 "$ANYARCH" inspect image.tar
	grep -q '^wrong label:' "$OUT"
	mkdir -p root/usr/bin
	cp "$(busybox armhf)" root/bin/busybox
	cp "$(type -P qemu-arm-static)" root/usr/bin/
	image root linux/arm/v7 image.tar
	expect 0 "$ANYARCH" inspect --expect=linux/arm/v7 image.tar
	version=$(qemu-arm-static --version | sed -n '1s/.*version \([^ ]*\).*/\1/p')
	same contains "/usr/bin/qemu-arm-static, QEMU $version for arm, runs on x86_64" \
		"$(sed -n 's/^contains: *//p' "$OUT")"
}

@test "devices named as programs are not opened" {
	local one

	need_root
	need_commands strace mknod
	mkdir -p root/bin root/usr/bin root/etc
	mknod root/bin/sh c 1 5 || need "no device can be made"
	mknod root/usr/bin/env c 1 3
	mknod root/etc/os-release c 1 5
	mknod root/usr/bin/qemu-arm-static b 7 0
	expect 0 strace -f -e trace=open,openat,openat2 -o trace timeout -k 1 10 "$ANYARCH" inspect --survey root
	[[ $(sed -n 's/^platform: *//p' "$OUT") == unknown* ]]
	for one in bin/sh bin/env os-release qemu-arm-static; do
		same "what opened $one" '' "$(grep -F "$one\"" trace | grep -v -e O_PATH -e ENOENT)"
	done
	# And as parts of a layout.
	mkdir -p layout/blobs/sha256
	mknod layout/oci-layout c 1 5
	mknod layout/index.json c 1 5
	expect 3 strace -f -e trace=open,openat,openat2 -o trace timeout -k 1 10 "$ANYARCH" inspect layout
	same 'what opened oci-layout' '' "$(grep -F 'oci-layout"' trace | grep -v -e O_PATH -e ENOENT)"
}

@test "links of a proc that is mounted inside" {
	local how

	need_root
	mkdir -p root/proc root/usr/bin outside/bin
	make_set good-elf
	cp "$BATS_FILE_TMPDIR/good-elf/armhf-v7" root/usr/bin/env
	cp "$BATS_FILE_TMPDIR/good-elf/amd64-static" outside/bin/sh
	ln -s "proc/self/root$PWD/outside/bin" root/bin
	ln -s "/proc/self/cwd/outside/bin/sh" root/usr/bin/sh
	for how in 'env' "$BATS_FILE_TMPDIR/deny ENOSYS openat2"; do
		# shellcheck disable=SC2086,SC2016 # words; the inner shell expands it
		expect 0 unshare --mount sh -c 'mount -t proc proc root/proc && exec "$@"' sh $how "$ANYARCH" inspect root
		same "judged by ($how)" /usr/bin/env "$(sed -n 's/^judged by: *//p' "$OUT")"
	done
}

@test "places that cannot be read are counted" {
	need_root
	need_commands setpriv
	mkdir -p root/bin root/secret
	make_set good-elf
	cp "$BATS_FILE_TMPDIR/good-elf/armhf-v7" root/bin/sh
	cp "$BATS_FILE_TMPDIR/good-elf/armhf-v7" root/bin/secret
	cp "$ANYARCH" anyarch
	chmod 0700 root/secret root/bin/secret
	chmod 0755 . root anyarch
	chmod 0711 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR/../.." 2>/dev/null || true
	expect_one_of '0 4' setpriv --reuid=65534 --regid=65534 --clear-groups ./anyarch inspect --survey root
	[[ $status -eq 0 ]] || need "another user does not get here"
	same unreadable 2 "$(sed -n 's/^unreadable: *//p' "$OUT")"
	same platform linux/arm/v7 "$(sed -n 's/^platform: *//p' "$OUT")"
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups ./anyarch inspect root/secret
}

@test "a root that changes while it is looked at never leads out of it" {
	local swapper how i

	make_set good-elf
	mkdir -p root/bin root/usr/bin outside
	cp "$BATS_FILE_TMPDIR/good-elf/armhf-v7" root/bin/sh
	cp "$BATS_FILE_TMPDIR/good-elf/armhf-v7" root/usr/bin/env
	cp "$BATS_FILE_TMPDIR/good-elf/amd64-static" outside/sh
	ln -s "$PWD/outside" root/link
	python3 - root <<-'PYTHON' 3>&- &
		import os, sys
		os.chdir(sys.argv[1])
		while True:
		    os.rename("bin", "aside")
		    os.rename("link", "bin")
		    os.rename("bin", "link")
		    os.rename("aside", "bin")
	PYTHON
	swapper=$!
	for how in 'env' "$BATS_FILE_TMPDIR/deny ENOSYS openat2"; do
		for ((i = 0; i < 150; i++)); do
			# shellcheck disable=SC2086 # words
			expect_one_of '0 1 3' $how "$ANYARCH" inspect --survey --json root || break 2
			refute grep -q x86_64 "$OUT" || break 2
		done
	done
	kill "$swapper"
	wait "$swapper" || true
	[[ $i -eq 150 ]]
}

# measured COMMAND...: its status, hundredths of seconds of a processor, and KiB.
measured() {
	python3 - "$@" <<-'PYTHON'
		import os, sys
		pid = os.fork()
		if pid == 0:
		    os.execvp("timeout", ["timeout", "-s", "KILL", "60", *sys.argv[1:]])
		_, status, usage = os.wait4(pid, 0)
		print(os.waitstatus_to_exitcode(status), int(100 * (usage.ru_utime + usage.ru_stime)), usage.ru_maxrss)
	PYTHON
}

@test "small files that would take long or much: of 10 MB, every command takes at most 64 MiB and 10 seconds" {
	local name want command commands status time kib most longest failed=

	make_set heavy
	cd "$BATS_FILE_TMPDIR/heavy"
	make_emulators "$BATS_TEST_TMPDIR"
	printf '| input | bytes | command | status | seconds | KiB |\n| --- | --- | --- | --- | --- | --- |\n'
	while IFS=$'\t' read -r name want _; do
		# Of the processor, not the clock: no less on a quiet machine, and the same on another.
		most=$((64 * 1024)) longest=1000
		commands=(inspect doctor inject eject 'index -o out' 'convert --platform arm' convert)
		# They read in one way; larger ones are for the shape of it.
		[[ $(stat -c %s "$name") -le 10000000 ]] || most=$((128 * 1024)) longest=2000 commands=(inspect)
		for command in "${commands[@]}"; do
			OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
			cp "$name" image
			rm -rf out
			# shellcheck disable=SC2016,SC2206 # the inner shell expands it; words are split
			words=(sh -c 'exec "$0" "$@" 2>"$ERR" >/dev/null' "$ANYARCH" $command image)
			[[ $command != 'convert '* ]] || words+=(out)
			[[ $command != convert ]] || words+=(oci:out)
			[[ $command != inject ]] || words+=(--emulator "$BATS_TEST_TMPDIR/A")
			read -r status time kib < <(ERR=$ERR measured "${words[@]}")
			printf '| %s | %s | %s | %s | %d.%02d | %s |\n' "$name" "$(stat -c %s "$name")" "$command" "$status" \
				$((time / 100)) $((time % 100)) "$kib"
			[[ $status =~ ^[0-3]$ && $time -le $longest && $kib -le $most ]] || failed+=" $name:${command%% *}"
			[[ $command != inspect || "|$want|" == *"|$status|"* ]] || failed+=" $name:$status"
			# What doctor finds is its answer, on standard output.
			[[ $command == doctor ]] || is_well_told "$status"
		done
	done <"$BATS_FILE_TMPDIR/heavy.tsv"
	same failed '' "$failed"
}

@test "large programs of several layers are examined one at a time" {
	python3 - "$ANYARCH" <<-'PYTHON'
		import os, subprocess, sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import image_files as images, tar_files as tf, elf_files as ef
		layers = [tf.gz(tf.tar(tf.member("bin/sh", ef.arm() + os.urandom(2300000) + os.urandom(4096) * 9500)), 1) for _ in range(4)]
		files = images.docker([(layers, images.config_of(layers), ["test:1"])])
		images.write(os.path.abspath("image.tar"), images.archive(files))
		process, most = subprocess.Popen([sys.argv[1], "inspect", "image.tar"]), 0
		while process.poll() is None:
		    at, here = f"/proc/{process.pid}/fd/", 0
		    try:
		        here = sum(os.stat(at + fd).st_size for fd in os.listdir(at) if os.readlink(at + fd).startswith("/memfd:"))
		    except OSError:
		        continue
		    most = max(most, here)
		print(f"{most >> 20} MiB at a time")
		assert process.returncode == 0 and 0 < most < 64 << 20
	PYTHON
}

@test "with less memory than they take: told" {
	local name exhausted=

	for name in collisions members window; do
		[[ -e $BATS_FILE_TMPDIR/heavy/$name.tar ]] || make_set heavy "$name"
		expect_one_of '0 1 3' prlimit --as=$((12 << 20)) "$ANYARCH_STATIC" inspect "$BATS_FILE_TMPDIR/heavy/$name.tar"
		[[ $stderr != *'out of memory'* ]] || exhausted+=$name
	done
	[[ -n $exhausted ]]
	rm -rf "$BATS_FILE_TMPDIR/heavy"
}

@test "of a big image and its big program the headers are read, in little memory" {
	local status time kib

	python3 - <<-'PYTHON'
		import os, sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import image_files as images, tar_files as tf, elf_files as ef
		layer = tf.member("bin/sh", ef.arm(6, body=bytes(60 << 20)))
		big = 1023 << 20
		config = images.pack(images.config_of([b""]))
		with open("big.tar", "wb") as file:
		    file.write(tf.member("c.json", config))
		    file.write(tf.member("manifest.json", images.pack([{"Config": "c.json", "RepoTags": None, "Layers": ["l.tar"]}])))
		    file.write(tf.header("l.tar", len(layer) + 512 + big + 1024) + layer + tf.header("opt/big", big))
		    file.truncate(file.tell() + big + 2048)
	PYTHON
	# shellcheck disable=SC2016 # the inner shell expands it
	read -r status time kib < <(measured sh -c 'exec "$0" inspect big.tar >text' "$ANYARCH")
	printf 'status %s, %s ms, %s KiB\n' "$status" "${time}0" "$kib"
	grep -q '^platform: *linux/arm/v6' text
	[[ $status -eq 0 && $time -le 200 && $kib -le 16384 ]]
}

@test "an image of more layers than there are descriptors" {
	# shellcheck disable=SC2016 # the inner shell expands it
	local limited='ulimit -n "$1" && exec "$2" inspect --json layout' descriptors

	python3 - <<-'PYTHON'
		import os, sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, os.environ["ANYARCH_SRC"] + "/tests/lib")
		import image_files as images, tar_files as tf, elf_files as ef
		oci = images.Oci()
		layers = [tf.tar(tf.member(f"f{i}")) for i in range(100)] + [tf.tar(images.system(ef.arm()))]
		images.write_layout("layout", oci.finish(oci.image(layers)))
	PYTHON
	for descriptors in 1024 64; do
		expect 0 bash -c "$limited" bash "$descriptors" "$ANYARCH"
		same platform linux/arm/v7 "$(jq -r '.[0].platform' "$OUT")"
	done
}
