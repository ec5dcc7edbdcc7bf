# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns a root file system that emulators are injected into, the canary beside it that nothing may change, and the
# comparison of trees, byte for byte.
# shellcheck disable=SC2154 # base.bash sets status

NAME=qemu-arm-static
AT=/usr/bin/$NAME

# make_emulators DIR: A and B, small static programs of this machine that differ, and deny, which takes system calls away.
make_emulators() {
	local one

	mkdir -p "$1"
	gcc -O1 -o "$1/deny" "$ANYARCH_SRC/tests/lib/deny.c"
	for one in A B; do
		gcc -O1 -static -nostdlib -fno-stack-protector -fcf-protection=none -Wl,--build-id=none -o "$1/$one" -x c - \
			<<<"int a = '$one'; void _start(void) { for (;;) __asm__(\"\"); }"
		yes "$one$one$one" | head -c 300000 >>"$1/$one"
		touch -d @1600000000 "$1/$one"
	done
}

# make_tree: $R is a root file system for ARM, $CANARY a directory beside it. All of it is old, so that times show what is
# touched.
make_tree() {
	W=$BATS_TEST_TMPDIR/tree
	R=$W/root
	CANARY=$W/canary
	rm -rf "$W"
	mkdir -p "$R/bin" "$R/usr/bin" "$R/usr/lib" "$R/etc" "$CANARY/bin"
	make_arm "$R/bin/sh"
	echo 'not yours' >"$CANARY/secret"
	echo 'nor this' >"$CANARY/bin/$NAME"
	age_tree
	CANARY_WAS=$(tree_of "$CANARY")
}

# age_tree: after changes that belong to the start. Sets TREE.
age_tree() {
	find "$W" -depth -exec touch -h -d '@1500000000.123456789' {} +
	TREE=$(tree_of "$R")
}

# tree_of DIR: everything that can be told about it, in a fixed order; of directories not the size, of which the file
# system makes what it likes.
tree_of() (
	cd "$1" || exit
	find . \( -type d -printf '%P/ %m %U:%G %T@\n' \) -o -printf '%P %y %m %U:%G %s %T@ %n %l\n' | sort
	find . -type f -exec sha256sum -- {} + | sort
)

# files_of DIR: the names only.
files_of() (
	cd "$1" || exit
	find . -mindepth 1 | sort
)

canary_is_whole() {
	same canary "$CANARY_WAS" "$(tree_of "$CANARY")"
}

tree_is_back() {
	same tree "$TREE" "$(tree_of "$R")"
}

# program ARGUMENT...: the program under test, with WITH before it.
program() {
	ns "${WITH[@]}" "$ANYARCH" "$@"
}

# inject [ARGUMENT...]: emulator A into $R.
inject() {
	program inject --emulator "$TOOLS/A" "$@" "$R"
}

eject() {
	program eject "$@" "$R"
}

# everywhere FUNCTION...: in a fresh tree each time, with openat2 of the kernel, and without; $SANDBOX instead of these is what
# a sandbox says that forbids it.
everywhere() {
	local answer

	for answer in ${SANDBOX:-works ENOSYS}; do
		printf 'openat2: %s\n' "$answer"
		WITH=()
		[[ $answer == works ]] || WITH=("$TOOLS/deny" "$answer" openat2)
		make_tree
		"$@"
	done
	WITH=()
}

# contained STATUSES: inject ends with one of these. Nothing outside is changed; when it was refused nothing inside is,
# and when it was done eject undoes it.
contained() {
	expect_one_of "$1" inject
	canary_is_whole
	if [[ $status -eq 0 ]]; then
		expect 0 eject
		canary_is_whole
	fi
	tree_is_back
}

# is_injected FILE [EMULATOR]: it is A, executable, with A's time.
is_injected() {
	cmp "$1" "$TOOLS/${2:-A}" && same "mode and time of $1" '755 1600000000' "$(stat -c '%a %Y' "$1")"
}

# record BACKUP MADE [SECONDS NANOSECONDS]: what inject would write beside the file that is there.
record() {
	printf 'anyarch-inject 1\ndigest sha256:%s\nalso -\nbackup %s\nmade %s\ntime %s %s\n' \
		"$(sha256sum <"$R$AT" | cut -d ' ' -f 1)" "$1" "$2" "${3:-1500000000}" "${4:-123456789}"
}
