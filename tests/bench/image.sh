#!/bin/bash
# SPDX-License-Identifier: MIT
# Putting an emulator into images of 1 GiB, against others who add a file to one; prints ratios, judges nothing.
#
# usage: image.sh ANYARCH [MIB]
set -euo pipefail

anyarch=$(realpath -- "$1") mib=${2:-1024}
src=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$src/tools/lib.sh"

need_packages qemu-user-static umoci skopeo python3 buildah time
emulator=$(realpath -- /usr/bin/qemu-arm-static)
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
cd -- "$scratch"

SRC=$src MIB=$mib python3 - <<'PYTHON'
import os, sys
sys.path.insert(0, os.environ["SRC"] + "/tests/lib")
sys.dont_write_bytecode = True
import image_files as I, tar_files as T, elf_files as E
part = int(os.environ["MIB"]) // 4
layers = [T.tar(I.system(E.arm()))] + [T.tar(T.member(f"opt/{i}", os.urandom(1 << 20) * part)) for i in range(4)]
oci = I.Oci()
history = {"history": [{"created_by": "test"}] * 5}
I.write_layout("raw", oci.finish(oci.image(layers, config=history, **I.named("1"))))
I.write("./docker.tar", I.archive(I.docker([(layers, I.config_of(layers, **history), ["big:1"])])))
PYTHON
skopeo copy -q --dest-compress oci:raw:1 oci:gzip:1

# took COMMAND...: its seconds, and its peak memory in MiB; what it changes is made anew by each caller, and on the disk.
took()
{
	sync
	/usr/bin/time -f '%e %M' -o took.out "$@" >/dev/null 2>&1 || { printf 'failed: %s\n' "$*" >&2; return 1; }
	awk '{ printf "%s %d\n", $1, $2 / 1024 }' took.out
}

row() # NAME SECONDS MIB REFERENCE
{
	awk -v name="$1" -v s="$2" -v m="$3" -v r="$4" 'BEGIN { printf "%-44s %7.2f s  peak %4d MiB  ratio %.2f\n", name, s, m, s / r }'
}

fresh() # WHAT
{
	rm -rf -- work
	cp -r -- "$1" work
}

printf 'OCI layout, raw layers of %d MiB (limit: 0.25x umoci)\n' "$mib"
fresh raw && read -r umoci umoci_mib < <(took umoci insert --image work:1 "$emulator" /usr/bin/qemu-arm-static)
fresh raw && read -r ours ours_mib < <(took "$anyarch" inject work)
row 'anyarch inject' "$ours" "$ours_mib" "$umoci"
row 'umoci insert' "$umoci" "$umoci_mib" "$umoci"

printf '\nOCI layout, gzip layers, never seen before (limit: 1.2x inflating them side by side)\n'
fresh gzip && read -r ours ours_mib < <(took "$anyarch" inject work)
# shellcheck disable=SC2016 # the inner shell expands it
fresh gzip && read -r inflate inflate_mib < <(took sh -c 'ls -S work/blobs/sha256/* | head -n 4 | xargs -P "$(nproc)" -n 1 gunzip -c')
row 'anyarch inject' "$ours" "$ours_mib" "$inflate"
row 'gunzip of each, side by side' "$inflate" "$inflate_mib" "$inflate"

printf '\ndocker-archive in place (limit: 1.2x cp)\n'
fresh docker.tar && read -r ours ours_mib < <(took "$anyarch" inject work)
fresh docker.tar && read -r synced synced_mib < <(took sh -c 'cp work copy && sync copy')
fresh docker.tar && read -r plain plain_mib < <(took cp work copy)
row 'anyarch inject' "$ours" "$ours_mib" "$plain"
row 'cp, sync' "$synced" "$synced_mib" "$plain"
row 'cp' "$plain" "$plain_mib" "$plain"

printf '\nagainst an engine that unpacks (limit: 1/20)\n'
fresh raw && read -r ours ours_mib < <(took "$anyarch" inject work)
fresh raw && cp -- "$emulator" qemu && printf 'FROM oci:work:1\nCOPY qemu /usr/bin/qemu-arm-static\n' >Dockerfile
read -r build build_mib < <(took buildah --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs bud --arch arm -t oci:out:1 .)
row 'anyarch inject' "$ours" "$ours_mib" "$build"
row 'buildah bud, COPY, from and to oci:' "$build" "$build_mib" "$build"
