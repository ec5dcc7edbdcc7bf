# SPDX-License-Identifier: MIT
"""Inputs for the fuzz targets: what the other sets have, where it is small."""
import struct

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
    for name, data in {**lines(), **platforms()}.items():
        put("lines", name, data)
    for name, data in indexes().items():
        put("entry", name, data)
    raw = around(tar(small))
    for name, data in (("docker", raw), ("gzip", gz(raw)), ("zstd", zstd(raw))):
        put("oci", "raw-" + name, b"RAW" + data)


def lines():
    """Rules, entries of the kernel's table, records of inject, names of images."""
    magic = br"\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00"
    record = b"anyarch-inject 1\ndigest sha256:%s\nalso %s\nbackup %d\nmade %d\ntime 1500000000 123456789\n"
    return {
        "rule": b":qemu-arm:M::" + magic + b":" + b"\\xff" * 20 + b":/usr/bin/qemu-arm-static:POCF",
        "rule-no-mask": b":x:M:4:AB::/x:\n",
        "rule-extension": b",x,E,,exe,,/usr/bin/mono,F",
        "entry": b"enabled\ninterpreter /usr/bin/qemu-arm-static\nflags: POCF\noffset 0\nmagic 7f454c46\nmask ffffffff\n",
        "entry-no-mask": b"disabled\ninterpreter /usr/bin/python3.11\nflags: \noffset 253\nmagic a70d0a\n",
        "entry-extension": b"enabled\ninterpreter /usr/bin/mono\nflags: P\nextension .exe\n",
        "record": record % (b"a" * 64, b"-", 0, 2),
        "record-replacing": record % (b"0" * 64, b"sha256:" + b"9" * 64, 1, 0),
        "reference": b"registry.example:5000/a/b__c-d:1.2_3-x",
        "reference-short": b"debian:12",
    }


def platforms():
    return {name.replace("/", "-"): name.encode()
            for name in ("linux/arm/v7", "arm32v5", "aarch64", "armhf", "powerpc64le-linux-gnu", "Linux/AMD64", "mips64p32")}


def indexes():
    """Starts of a program with an index of native tools, as fuzz-entry reads them (emulator/entry/layout.h)."""
    native = b"/usr/lib/anyarch/native"

    def start(rules, words=(b"/bin/x", b"-c", b"x.c"), env=(b"PATH=/bin",), plugins=(), files=(), flags=4, awaited=b""):
        texts = bytearray(b"\0")

        def text(*strings):
            at = len(texts)
            for one in strings:
                texts.extend(one + b"\0")
            return at

        # What is mapped of a program consists of the first letter of its path.
        def tool(path, words, kind):
            return (0 if awaited else 5, 7, 5, text(path), text(native + path), text(*words, b""), kind, 0, 4,
                    text(b"//"), text(awaited), text(path), 0)

        tools = [tool(b"/bin/x", rules, 0), *(tool(one, (), 1) for one in plugins)]
        rows = [(5, text(path), path.startswith(b"%folder")) for path in files]
        loader, libraries = text(native + b"/lib/loader"), text(native + b"/lib")
        base = 32 + 88 * len(tools) + 16 * len(rows)
        body = b"".join(struct.pack("<QqQ6I24x4I", *one[:3], *(base + at for at in one[3:6]), *one[6:9], *(base + at for at in one[9:12]),
                                    one[12]) for one in tools)
        body += b"".join(struct.pack("<QII", size, base + at, folder) for size, at, folder in rows)
        head = struct.pack("<8s6I", b"anyNATI4", base + len(texts), len(tools), len(rows), base + loader,
                           base + libraries, 0)
        return (bytes([len(words), len(env), flags]) + b"".join(one + b"\0" for one in (*words, *env)) +
                head + body + texts)

    return {
        "plain": start((b"v-fplugin", b"s=native", b"b-x", b"u-nostdinc", b"a-isystem", b"a/i", b".", b"a-z")),
        "without": start((b"r", b"eCPATH", b"x/etc/x?", b"n-c")),
        "response": start((b"r", b"v-march"), (b"/bin/x", b"@/tmp/x")),
        "plugin": start((b"p-plugin",), (b"/bin/x", b"-plugin", b"/lib/plugin.so"), plugins=(b"/lib/plugin.so",)),
        "plugin-joined": start((b"p-plugin",), (b"/bin/x", b"-plugin=/lib/plugin.so"), plugins=(b"/lib/plugin.so",)),
        "awaited": start((b"w-f",), awaited=b"/"),
        "files": start((), files=(b"/a", b"/b")),
        "untrusted": start((), files=(b"/a!", b"/b%")),
        "preload": start((), env=(b"LD_PRELOAD=/x", b"LD_RUN_PATH=/y")),
        "off": start((), env=(b"ANYARCH_ACCELERATE=0",)),
        "secure": start((), flags=5),
        "argv0": start((), (b"/bin/x", b"x", b"-c"), flags=6),
    }


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
