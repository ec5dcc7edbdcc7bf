#!/bin/bash
# SPDX-License-Identifier: MIT
# Inspecting root file systems and images against the least that it can cost and against others; prints ratios.
#
# usage: inspect.sh ANYARCH TIMEIT BARELOOP [ROUNDS]
set -euo pipefail

anyarch=$(realpath -- "$1") timeit=$2 bareloop=$3 rounds=${4:-15}
src=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$src/tools/lib.sh"

need_packages pax-utils file findutils tar gzip python3
scratch=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'rm -rf -- "$scratch"' EXIT

# A root file system of some thousand files: this machine's own /usr, copied so that it stands still.
mkdir -- "$scratch/root"
cp -a --reflink=auto /usr/bin /usr/sbin /usr/share/doc "$scratch/root/" 2>/dev/null || true

script()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$scratch/$1"
	chmod +x "$scratch/$1"
	printf '%s\n' "$scratch/$1"
}

printf 'inspect --survey, %d files (limits: 0.6x scanelf, 1.5x bare loop, 1/20 of file)\n' \
	"$(find "$scratch/root" -type f | wc -l)"
"$timeit" "$rounds" -- "anyarch inspect --survey" "$anyarch" inspect --survey "$scratch/root" \
	-- "scanelf -R" /usr/bin/scanelf -qR "$scratch/root" \
	-- "getdents, openat, pread 64, close" "$bareloop" "$scratch/root"
"$timeit" 2 -- "anyarch inspect --survey" "$anyarch" inspect --survey "$scratch/root" \
	-- "find | xargs file" "$(script findfile "find $scratch/root -type f -print0 | xargs -0 file")"

# Four layers of 256 MiB, as docker save writes them; and the same compressed, in an OCI layout.
python3 - "$scratch" <<'PY'
import glob, hashlib, io, json, os, subprocess, sys, tarfile
top = sys.argv[1]
program = open("/bin/true", "rb").read()
# Real programs: they compress as layers do.
pool = b"".join(open(p, "rb").read() for p in sorted(glob.glob("/usr/bin/*") + glob.glob("/usr/lib/*-linux-gnu/*.so*")) if os.path.isfile(p) and os.path.getsize(p) < 2**25)[:2**28]
layers = []
for i in range(4):
    path = f"{top}/layer{i}.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as t:
        for k in range(256):
            info = tarfile.TarInfo(f"usr/lib/d{i}/f{k}")
            at = (i * 256 + k) * 997 * 1024 % (len(pool) - 2**20)
            data = program if k % 16 == 0 else pool[at:at + 2**20]
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    layers.append(path)
def digest(path):
    return subprocess.check_output(["sha256sum", path], text=True).split()[0]
diff_ids = ["sha256:" + digest(p) for p in layers]
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()
name = hashlib.sha256(config).hexdigest()
with tarfile.open(f"{top}/image.tar", "w", format=tarfile.USTAR_FORMAT) as t:
    for i, path in enumerate(layers):
        t.add(path, f"l{i}/layer.tar")
    for member, data in ((name + ".json", config), ("manifest.json", json.dumps([{"Config": name + ".json", "RepoTags": ["bench:1"], "Layers": [f"l{i}/layer.tar" for i in range(4)]}]).encode())):
        info = tarfile.TarInfo(member)
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
blobs = f"{top}/oci/blobs/sha256"
os.makedirs(blobs)
def put(data):
    d = hashlib.sha256(data).hexdigest()
    open(f"{blobs}/{d}", "wb").write(data)
    return {"digest": "sha256:" + d, "size": len(data)}
descriptors = []
for path in layers:
    subprocess.check_call(f"gzip -1 -c {path} > {path}.gz", shell=True)
    d = digest(path + ".gz")
    os.link(path + ".gz", f"{blobs}/{d}")
    descriptors.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + d, "size": os.path.getsize(path + ".gz")})
manifest = {"schemaVersion": 2, "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **put(config)}, "layers": descriptors}
entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", **put(json.dumps(manifest).encode())}
open(f"{top}/oci/index.json", "w").write(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
open(f"{top}/oci/oci-layout", "w").write('{"imageLayoutVersion": "1.0.0"}')
PY

printf '\ninspect of a docker-archive of 1 GiB (limits: 2x tar --seek -t of its layers, 16 MiB)\n'
"$timeit" "$rounds" -- "anyarch inspect docker-archive" "$anyarch" inspect "docker-archive:$scratch/image.tar" \
	-- "tar --seek -t, each layer" "$(script seek "for i in 0 1 2 3; do tar --seek -tf $scratch/layer\$i.tar; done")"
printf '\ninspect of the same with gzip layers (limit: 1.2x gunzip of the layers on one core)\n'
"$timeit" 3 -- "anyarch inspect oci" "$anyarch" inspect "oci:$scratch/oci" \
	-- "gunzip of the layers" "$(script gunzip "for i in 0 1 2 3; do gunzip -c $scratch/layer\$i.tar.gz >/dev/null; done")"
