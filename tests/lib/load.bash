# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Owns the load under which handlers are changed, and two emulators that differ, to change between.

# make_tools DIR: the program exec-loop, and DIR/A and DIR/B, which are QEMU for ARM and differ by a byte.
make_tools() {
	mkdir -p "$1"
	cp "$(type -P qemu-arm-static)" "$1/A"
	cp "$1/A" "$1/B"
	printf 'x' >>"$1/B"
	compile "$1/exec-loop" <<'C'
/* exec-loop PROGRAM: runs it again and again until SIGTERM, then prints how often it ended with its argc, 2, and how
 * often it did not. */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

static volatile sig_atomic_t stop;

static void end(int signal)
{
	stop = signal;
}

int main(int argc, char **argv)
{
	char *words[] = { argv[1], "x", NULL }, *none[] = { NULL };
	posix_spawn_file_actions_t quiet;
	unsigned long good = 0, bad = 0;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/null", 1, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/null", 1, 0);
	signal(SIGTERM, end);
	while (argc == 2 && !stop) {
		pid_t pid;
		int status = 0;

		if (posix_spawn(&pid, argv[1], &quiet, NULL, words, none)) {
			bad++;
			continue;
		}
		while (waitpid(pid, &status, 0) < 0)
			;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
			good++;
		else
			bad++;
	}
	printf("%lu %lu\n", good, bad);
	return 0;
}
C
	cp "$1/exec-loop" "$ROOT/exec-loop"
	: >"$ROOT/null"
}

# load_start N: N processes that run the ARM program in the empty root, over and over.
load_start() {
	local i

	LOAD=()
	for ((i = 0; i < $1; i++)); do
		nsenter --target "$NS_PID" --user --mount --preserve-credentials -- chroot "$ROOT" /exec-loop /arm \
			>"$BATS_TEST_TMPDIR/load.$i" 2>/dev/null </dev/null 3>&- &
		LOAD+=($!)
	done
}

# load_stop: sets RAN and FAILED, of all of them.
load_stop() {
	local i good bad

	RAN=0 FAILED=0
	for i in "${!LOAD[@]}"; do
		kill "${LOAD[i]}"
		wait "${LOAD[i]}" || return
		read -r good bad <"$BATS_TEST_TMPDIR/load.$i" || return
		RAN=$((RAN + good)) FAILED=$((FAILED + bad))
	done
	LOAD=()
	printf 'under load: %d programs ran, %d failed\n' "$RAN" "$FAILED"
}

# load_kill: for teardown.
load_kill() {
	[[ ${#LOAD[@]} -eq 0 ]] || kill "${LOAD[@]}" 2>/dev/null || true
	LOAD=()
}

# processes_of DIR: the processes that execute a file of this directory, also one that has been removed.
processes_of() {
	local exe

	for exe in /proc/[0-9]*/exe; do
		[[ $(readlink "$exe" 2>/dev/null) != "$1/"* ]] || echo "${exe//[^0-9]/}"
	done
}

# is_executed FILE: some process does.
is_executed() {
	local exe

	for exe in /proc/[0-9]*/exe; do
		[[ $(readlink "$exe" 2>/dev/null) != "$1" ]] || return 0
	done
	return 1
}

has_no_process() {
	[[ -z $(processes_of "$1") ]]
}

# no_process_left DIR: runs that are over have left no test program behind.
no_process_left() {
	eventually 3 has_no_process "$1" && return
	ps -o pid,ppid,stat,args -p "$(processes_of "$1" | paste -s -d ,)" | cut -c 1-100
	return 1
}

# end_processes DIR: for teardown.
end_processes() {
	local pids

	mapfile -t pids < <(processes_of "$1")
	[[ ${#pids[@]} -eq 0 ]] || kill -KILL "${pids[@]}" 2>/dev/null || true
}
