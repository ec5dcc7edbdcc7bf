#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns that an image with a real compiler gets real native tools, the same that a root directory gets, and that they compile.
# shellcheck disable=SC2154 # the library sets output, stderr and status

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

setup() {
	need_root
	need_commands python3 umoci qemu-arm-static arm-linux-gnueabihf-gcc-12 arm-linux-gnueabihf-as
	cd "$BATS_TEST_TMPDIR" || return
}

# make_image: "image" is a root file system of armhf with a compiler, "root" the same unpacked.
make_image() {
	local archive

	archive=$(bash -c '. "$1/tests/docker/images.sh" && rootfs_gcc armhf' bash "$ANYARCH_SRC")
	mkdir root
	tar -C root -xf "$archive"
	PYTHONPATH=$ANYARCH_SRC/tests/lib python3 -B - "$archive" <<-'PYTHON'
		import sys, tool_files as F
		F.layout("image", open(sys.argv[1], "rb").read())
	PYTHON
}

# all_of DIR: what is there, but for times of directories and the record that a root directory has.
all_of() {
	(cd "$1" && find usr/lib/anyarch usr/bin/qemu-arm-static \( -type d -printf '%p %m %U:%G\n' \) -o -printf '%p %m %U:%G %s %T@\n' |
		grep -v /record | sort)
}

# in_it COMMAND...: in the unpacked image, with its own emulator.
in_it() {
	"$ANYARCH" run --emulator-dir "$PWD/bundle/rootfs/usr/bin" --root bundle/rootfs -- "$@"
}

@test "an image and a root directory get the same, and eject gives both back" {
	make_image
	cp -a root was-root
	cp -r image was
	expect 0 "$ANYARCH" inject --accelerate --at /usr/bin/qemu-arm-static image root
	[[ $output == *'image: injected /usr/lib/anyarch/native: cc1 '*'root: injected /usr/lib/anyarch/native: cc1 '* ]]
	umoci unpack --image image:1 bundle
	same tree "$(all_of root)" "$(all_of bundle/rootfs)"
	diff -r -x record root/usr/lib/anyarch bundle/rootfs/usr/lib/anyarch
	cmp root/usr/bin/qemu-arm-static bundle/rootfs/usr/bin/qemu-arm-static
	cp -r image again
	expect 0 "$ANYARCH" inject --accelerate --at /usr/bin/qemu-arm-static image
	diff -r again image
	expect 0 "$ANYARCH" eject image root
	diff -r was image
	diff -r --no-dereference was-root root
}

@test "what was unpacked compiles natively, and what it makes runs" {
	local size

	make_image
	expect 0 "$ANYARCH" inject --accelerate --at /usr/bin/qemu-arm-static image
	umoci unpack --image image:1 bundle
	printf '#include <stdio.h>\nint main(void) { printf("%%zu bits\\n", 8 * sizeof(void *)); return 42; }\n' >bundle/rootfs/root/a.c
	in_it gcc -O2 -o /root/a /root/a.c
	expect_raw 42 in_it /root/a
	same output '32 bits' "$output"
	in_it gcc -O2 -c -o /root/native.o /root/a.c
	in_it env ANYARCH_ACCELERATE=0 gcc -O2 -c -o /root/emulated.o /root/a.c
	same code "$(arm-linux-gnueabihf-objdump -d bundle/rootfs/root/emulated.o | tail -n +4)" \
		"$(arm-linux-gnueabihf-objdump -d bundle/rootfs/root/native.o | tail -n +4)"
	# The native compiler was it: with one that does nothing the object is empty.
	size=$(stat -c %s bundle/rootfs/usr/lib/anyarch/native/bin/cc1-12)
	cp "$(type -P true)" bundle/rootfs/usr/lib/anyarch/native/bin/cc1-12
	truncate -s "$size" bundle/rootfs/usr/lib/anyarch/native/bin/cc1-12
	in_it gcc -O2 -c -o /root/native.o /root/a.c
	refute grep -q -a main bundle/rootfs/root/native.o
	in_it env ANYARCH_ACCELERATE=0 gcc -O2 -c -o /root/emulated.o /root/a.c
	grep -q -a main bundle/rootfs/root/emulated.o
}
