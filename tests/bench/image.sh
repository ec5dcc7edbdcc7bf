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

need_packages qemu-user-static umoci skopeo python3 buildah time xfsprogs docker.io runc
# shellcheck source=tests/docker/engine.sh
. "$src/tests/docker/engine.sh"

clean()
{
	[[ ! -d $scratch/engine ]] || engine_stop "$scratch/engine"
	mountpoint -q "$scratch/shared" 2>/dev/null && umount "$scratch/shared"
	rm -rf -- "$scratch"
}

emulator=$(realpath -- /usr/bin/qemu-arm-static)
scratch=$(mktemp -d)
trap clean EXIT
cd -- "$scratch"
export XDG_CACHE_HOME=$scratch/cache

SRC=$src MIB=$mib python3 - <<'PYTHON'
import glob, os, sys
sys.path.insert(0, os.environ["SRC"] + "/tests/lib")
sys.dont_write_bytecode = True
import image_files as I, tar_files as T, elf_files as E
part = int(os.environ["MIB"]) // 4 << 20
# Real programs: they are compressed as layers usually are.
programs = b"".join(open(name, "rb").read() for name in sorted(glob.glob("/usr/bin/qemu-*-static"))[:20])
layers = [T.tar(I.system(E.arm()))]
for i in range(4):
    data = (programs[i << 20:] + programs * (part // len(programs) + 1))[:part]
    layers.append(T.tar(T.member(f"opt/{i}", data)))
oci = I.Oci()
history = {"history": [{"created_by": "test"}] * 5}
I.write_layout("raw", oci.finish(oci.image(layers, config=history, **I.named("1"))))
I.write("./docker.tar", I.archive(I.docker([(layers, I.config_of(layers, **history), ["big:1"])])))
PYTHON
skopeo copy -q --dest-compress oci:raw:1 oci:gzip:1

# took COMMAND...: its seconds, and its peak memory in MiB; what it changes is made anew by each caller, and on the disk.
took()
{
	local begin

	sync
	begin=${EPOCHREALTIME/./}
	/usr/bin/time -f %M -o took.out "$@" >/dev/null 2>&1 || { printf 'failed: %s\n' "$*" >&2; return 1; }
	printf '%d.%06d %d\n' $(((${EPOCHREALTIME/./} - begin) / 1000000)) $(((${EPOCHREALTIME/./} - begin) % 1000000)) \
		$(($(<took.out) / 1024))
}

row() # NAME SECONDS MIB REFERENCE
{
	awk -v name="$1" -v s="$2" -v m="$3" -v r="$4" 'BEGIN { printf "%-44s %8.3f s  peak %4d MiB  ratio %.2f\n", name, s, m, s / r }'
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

printf '\nOCI layout, gzip layers (limit: 1.2x inflating them side by side)\n'
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

if mkdir shared && truncate -s $((mib * 3 + 1024))M shared.img && mkfs.xfs -q -m reflink=1 shared.img && mount -o loop shared.img shared; then
	printf '\ndocker-archive in place where blocks are shared, XFS (limit: independent of the size)\n'
	cp -- docker.tar shared/work
	read -r ours ours_mib < <(took "$anyarch" inject shared/work)
	read -r plain plain_mib < <(took cp --reflink=never docker.tar shared/copy)
	row 'anyarch inject' "$ours" "$ours_mib" "$plain"
	row 'cp' "$plain" "$plain_mib" "$plain"
fi

printf '\nagainst an engine that unpacks (limit: 1/20)\n'
fresh raw && read -r ours ours_mib < <(took "$anyarch" inject work)
fresh raw && cp -- "$emulator" qemu && printf 'FROM oci:work:1\nCOPY qemu /usr/bin/qemu-arm-static\n' >Dockerfile
read -r build build_mib < <(took buildah --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs bud --arch arm -t oci:out:1 .)
row 'anyarch inject' "$ours" "$ours_mib" "$build"
row 'buildah bud, COPY, from and to oci:' "$build" "$build_mib" "$build"

printf '\nagainst an engine with a daemon (limit: 1/20)\n'
fresh docker.tar && read -r ours ours_mib < <(took "$anyarch" inject work)
if [[ -z $(engine_missing) ]] && engine_start "$scratch/engine" >engine.log 2>&1; then
	printf 'FROM big:1\nCOPY qemu /usr/bin/qemu-arm-static\n' >Dockerfile
	mkdir context && cp -- qemu Dockerfile context
	read -r build build_mib < <(took timeout 600 bash -c 'docker load -i docker.tar && docker build -t out:1 context && docker save -o out.tar out:1')
	row 'anyarch inject' "$ours" "$ours_mib" "$build"
	row 'docker load, build with COPY, save' "$build" "$build_mib" "$build"
fi
