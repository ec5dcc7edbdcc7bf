#!/bin/bash
# SPDX-License-Identifier: MIT
# What a cluster costs: each node is a user namespace with a handler table of its own. All of them are set up at once, then
# keep watching; then every node changes its emulators while it runs ARM programs. Prints figures, judges nothing.
#
# usage: nodes.sh ANYARCH [NODES...]        (default: 1 10)
set -euo pipefail

anyarch=$(realpath -- "$1")
shift
(($#)) || set -- 1 10
src=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
# shellcheck source=tests/lib/programs.bash
. "$src/tests/lib/programs.bash"
make_arm "$scratch/program"
mkdir "$scratch/new"
cp /usr/bin/qemu-arm-static /usr/bin/qemu-aarch64-static "$scratch/new"

# One node: what it prints is "set up" in CPU milliseconds and peak KiB, KiB at rest, starts and failures of programs meanwhile.
# shellcheck disable=SC2016
node='
	mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
	cpu() { awk "{ print (\$16 + \$17) * 10 }" /proc/$$/stat; }
	before=$(cpu)
	"$anyarch" register --quiet arm arm64 || exit
	after=$(cpu)
	"$anyarch" register --quiet --watch=60 arm arm64 & watch=$!
	sleep 2
	rest=$(awk "/^Pss_Anon:|^Pss_Dirty:/ { sum += \$2 } END { print sum }" /proc/$watch/smaps_rollup)
	kill $watch; wait $watch
	n=0 failed=0
	( "$anyarch" register --quiet --emulator-dir "$scratch/new" arm arm64; : >"$scratch/changed.$$" ) & change=$!
	while [ ! -e "$scratch/changed.$$" ]; do
		"$scratch/program" x >/dev/null 2>&1 || [ $? -eq 2 ] || failed=$((failed + 1))
		n=$((n + 1))
	done
	wait $change
	grep -q "$scratch/new" /proc/sys/fs/binfmt_misc/qemu-arm || failed=all
	echo "$((after - before)) $rest $n $failed"
'
export anyarch scratch
printf '%8s %12s %22s %20s %16s %10s\n' nodes seconds 'CPU ms of each set-up' 'own KiB of a watcher' 'starts in change' failed
for nodes; do
	began=$(date +%s%N) pids=()
	for ((i = 0; i < nodes; i++)); do
		unshare --user --map-root-user --mount --propagation private -- sh -c "$node" >"$scratch/node.$i" 2>"$scratch/error.$i" &
		pids+=($!)
	done
	wait "${pids[@]}" || { cat "$scratch"/error.*; exit 1; }
	cat "$scratch"/node.* | awk -v nodes="$nodes" -v ns="$(($(date +%s%N) - began))" '
		{ cpu += $1; rest += $2; starts += $3; failed += $4 }
		END { printf "%8d %12.1f %22d %20d %16d %10d\n", nodes, ns / 1e9, cpu / NR, rest / NR, starts, failed }'
	rm -f "$scratch"/node.* "$scratch"/error.* "$scratch"/changed.*
done
