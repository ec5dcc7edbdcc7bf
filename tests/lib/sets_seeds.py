# SPDX-License-Identifier: MIT
"""Inputs for the fuzz targets: what the other sets have, where it is small."""
import elf_files as ef
import tar_files as tf
from elf_files import arm, emulator
from image_files import CONFIG, INDEX, LAYER, MANIFEST, RELEASE, around, row, write
from tar_files import gz, hardlink, member, symlink, tar, zstd


def seeds(to):
    """Inputs for the fuzz targets, one directory each: what the sets have, where it is small."""
    def put(target, name, data):
        if len(data) <= 4096:
            write(f"{to}/{target}/{name}", data)
            row(f"{target}/{name}")

    for name, (data, *_) in {**ef.GOOD, **ef.BAD}.items():
        put("elf", name, data)
    for name, data in ef.ODD.items():
        put("elf", name, data)
    for name, cpu in (("v7", 10), ("v5", 4)):
        put("elf", f"attributes-{name}", ef.attributes(cpu, 1))
    small = tf.member("bin/sh", ef.elf(ef.ARM, flags=0x5000400)[:84])
    for name, (data, *_) in tf.bad_layers(small).items():
        put("tar", name, data)
    for name, (data, *_) in tf.bad_streams(small).items():
        put("codec", name, data)
        put("tar", f"stream-{name}", data)
    for name, members in (("whiteouts", [member("bin/.wh.sh"), member("usr/.wh..wh..opq")]),
                          ("links", [symlink("bin", "usr/bin"), hardlink("bin/sh", "usr/bin/dash")]),
                          ("release", [member("etc/os-release", RELEASE),
                                       member("usr/lib/os-release", b"PRETTY_NAME=")]),
                          ("emulator", [member("usr/bin/qemu-arm-static", emulator())])):
        put("tar", name, tar(small, *members))
    for name, recipe in recipes().items():
        put("oci", name, b"".join(bytes([kind]) + len(data).to_bytes(2, "little") + data for kind, data in recipe))
    raw = around(tar(small))
    for name, data in (("docker", raw), ("gzip", gz(raw)), ("zstd", zstd(raw))):
        put("oci", "raw-" + name, b"RAW" + data)


def recipes():
    """Archives as fuzz-oci makes them: a member's number, and content ($N: the digest of a blob, #N: its size)."""
    blob, layout, index, manifest, config, layer = range(6)
    text = b'{"imageLayoutVersion": "1.0.0"}'
    small = tar(tf.member("bin/sh", arm()))

    def described(number, media_type, more=b""):
        return b'{"mediaType": "%s", "digest": "$%d", "size": #%d%s}' % (media_type.encode(), number, number, more)

    arm_config = (b'{"architecture": "arm", "os": "linux", "variant": "v7", "rootfs": {"type": "layers", '
                  b'"diff_ids": ["$0"]}}')
    arm_manifest = (b'{"schemaVersion": 2, "mediaType": "' + MANIFEST.encode() + b'", "config": ' +
                    described(1, CONFIG) + b', "layers": [' + described(0, LAYER) + b"]}")
    image = [(blob, small), (blob, arm_config), (blob, arm_manifest)]
    platform = b', "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}'
    tagged = b', "annotations": {"org.opencontainers.image.ref.name": "1", "io.containerd.image.name": "x:1"}'
    nested = b'{"mediaType": "' + INDEX.encode() + b'", "manifests": [' + described(2, MANIFEST, platform) + b"]}"
    attested = b', "platform": {"os": "unknown"}, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}'

    def top(*entries):
        return (index, b'{"schemaVersion": 2, "manifests": [' + b", ".join(entries) + b"]}")

    docker_manifest = (manifest, b'[{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["a/layer.tar"]}]')
    docker_half = [(config, arm_config), (layer, small), docker_manifest]
    return {
        "oci": [*image, (layout, text), top(described(2, MANIFEST, tagged))],
        "oci-no-tag": [*image, (layout, text), top(described(2, MANIFEST))],
        "oci-nested": [*image, (blob, nested), (layout, text), top(described(3, INDEX, tagged))],
        "oci-attested": [*image, (layout, text), 
                         top(described(2, MANIFEST, platform), described(2, MANIFEST, attested))],
        "oci-artifact": [*image, (layout, text), top(described(0, "application/x"))],
        "oci-no-layers": [(blob, b'{"rootfs": {}}'), (blob, b'{"config": ' + described(0, CONFIG) + b', "layers": []}'),
                          (layout, text), top(described(1, MANIFEST))],
        "oci-wrong-size": [*image, (layout, text), top(described(2, MANIFEST).replace(b"#2", b"7"))],
        "oci-missing": [*image[1:], (layout, text), top(described(1, MANIFEST))],
        "docker": docker_half,
        "docker-no-tags": [docker_half[0], docker_half[1], (manifest, docker_manifest[1].replace(b'["x:1"]', b"null"))],
        "docker-two": [docker_half[0], docker_half[1],
                       (manifest, b"[" + b", ".join([docker_manifest[1][1:-1]] * 2) + b"]")],
        "docker-gzip": [docker_half[0], (layer, gz(small)), docker_manifest],
        "docker-zstd": [docker_half[0], (layer, zstd(small)), docker_manifest],
        "dual": [*image, (layout, text), top(described(2, MANIFEST, tagged)), *docker_half],
        "layout-only": [(layout, text)],
        "index-only": [top()],
    }
