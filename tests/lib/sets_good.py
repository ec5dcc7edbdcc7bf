# SPDX-License-Identifier: MIT
"""Sets of what is good: ELF files, layers, formats, labels; and what is to be found in them."""
import elf_files as ef
from elf_files import amd64, arm, arm64, emulator
from image_files import (LAYER, MANIFEST, Oci, archive, config_of, digest_of, docker, named, row, system, write,
                         write_layout)
from tar_files import directory, gz, hardlink, member, symlink, tar, zstd

V7 = "linux/arm/v7"


def good_elf(to):
    """Fields: type, abi, platform, architecture."""
    for name, (data, *expected) in ef.GOOD.items():
        write(f"{to}/{name}", data, 0o755)
        row(name, *expected)


def chain(count):
    """So many symbolic links, the first /bin/sh and the last to /busybox."""
    names = ["bin/sh", *(f"l{i}" for i in range(1, count))]
    return [symlink(name, "/" + target) for name, target in zip(names, [*names[1:], "busybox"])]


def views(to):
    """Images of several layers. Fields: platform, what judged it, files by architecture, mixed, emulators."""
    v7, v6, pc, a64 = arm(10), arm(6), amd64(), arm64()
    base = tar(system(v7, directory("usr"), directory("usr/bin"), member("usr/bin/env", v7)))
    qemu = emulator("arm")
    cases = {
        "one-layer": ([base], V7, "/bin/sh", "arm:2", "false", ""),
        "no-files": ([tar()], "", "", "", "false", ""),
        "no-layers": ([], "", "", "", "false", ""),
        "file-over-file": ([base, tar(member("bin/dash", v6))], "linux/arm/v6", "/bin/sh", "arm:2", "false", ""),
        "other-architecture-on-top": ([base, tar(member("bin/dash", pc))], "linux/amd64", "/bin/sh", "x86_64:1 arm:1",
                                      "true", ""),
        "whiteout": ([base, tar(member("usr/bin/.wh.env"))], V7, "/bin/sh", "arm:1", "false", ""),
        "whiteout-of-the-shell": ([base, tar(member("bin/.wh.dash"))], V7, "/usr/bin/env", "arm:1", "false",
                                  ""),
        "whiteout-of-a-directory": ([base, tar(member(".wh.bin"))], V7, "/usr/bin/env", "arm:1", "false",
                                    ""),
        "whiteout-then-again": ([base, tar(member(".wh.bin")), tar(member("bin/sh", pc))], "linux/amd64", "/bin/sh",
                                "x86_64:1 arm:1", "true", ""),
        "whiteout-of-nothing": ([base, tar(member("bin/.wh.nothing"), member(".wh..wh.x"))], V7, "/bin/sh",
                                "arm:2", "false", ""),
        "whiteout-in-the-same-layer": ([tar(member("bin/.wh.sh"), member("bin/sh", v7))], V7, "/bin/sh",
                                       "arm:1", "false", ""),
        "whiteout-behind-in-the-same-layer": ([base, tar(member("bin/sh", pc), member("bin/.wh.sh"))], "linux/amd64",
                                              "/bin/sh", "x86_64:1 arm:2", "true", ""),
        "opaque": ([base, tar(directory("bin"), member("bin/.wh..wh..opq"), member("bin/sh", pc))], "linux/amd64",
                   "/bin/sh", "x86_64:1 arm:1", "true", ""),
        "opaque-root": ([base, tar(member(".wh..wh..opq"), member("bin/sh", pc))], "linux/amd64", "/bin/sh", "x86_64:1",
                        "false", ""),
        "opaque-not-its-own-layer": ([tar(member("bin/.wh..wh..opq"), member("bin/sh", v7))], V7, "/bin/sh",
                                     "arm:1", "false", ""),
        "file-over-directory": ([base, tar(member("bin", b"x"))], V7, "/usr/bin/env", "arm:1", "false", ""),
        "link-over-directory": ([base, tar(symlink("bin", "usr/bin"))], V7, "/usr/bin/env", "arm:1",
                                "false", ""),
        "directory-over-link": ([tar(symlink("bin", "usr/bin"), member("usr/bin/sh", v7)),
                                 tar(directory("bin"), member("bin/sh", pc))], "linux/amd64", "/bin/sh",
                                "x86_64:1 arm:1", "true", ""),
        # Engines unpack a layer by itself, and there it is a directory.
        "implicit-directory-over-link": ([tar(symlink("bin", "usr/bin"), member("usr/bin/sh", v7)),
                                          tar(member("bin/sh", pc))], "linux/amd64", "/bin/sh", "x86_64:1 arm:1",
                                         "true", ""),
        "implicit-directory-over-file": ([tar(member("bin", v7), member("usr/bin/env", v6)), tar(member("bin/sh", v7))],
                                         V7, "/bin/sh", "arm:2", "false", ""),
        "directory-over-directory": ([base, tar(directory("bin", 0o711))], V7, "/bin/sh", "arm:2", "false",
                                     ""),
        "usr-merge": ([tar(symlink("bin", "usr/bin"), member("usr/bin/dash", v7), symlink("usr/bin/sh", "dash"))],
                      V7, "/bin/sh", "arm:1", "false", ""),
        "usr-merge-through-layers": ([tar(symlink("bin", "usr/bin")), tar(directory("usr"), directory("usr/bin")),
                                      tar(member("usr/bin/dash", v7)), tar(symlink("usr/bin/sh", "/bin/dash"))],
                                     V7, "/bin/sh", "arm:1", "false", ""),
        "link-absolute": ([tar(symlink("bin/sh", "/opt/x"), symlink("opt/x", "/opt/../usr/busybox"),
                               member("usr/busybox", v7))], V7, "/bin/sh", "arm:1", "false", ""),
        "link-above-the-root": ([tar(symlink("bin/sh", "../../../../busybox"), member("busybox", v7))], "linux/arm/v7",
                                "/bin/sh", "arm:1", "false", ""),
        "link-loop": ([tar(symlink("bin/sh", "sh"), member("usr/bin/env", v7))], V7, "/usr/bin/env", "arm:1",
                      "false", ""),
        "link-loop-of-two": ([tar(symlink("bin", "sbin"), symlink("sbin", "bin"), member("usr/bin/env", v7))],
                             V7, "/usr/bin/env", "arm:1", "false", ""),
        "links-40": ([tar(*chain(40), member("busybox", v7), member("usr/bin/env", v6))], V7, "/bin/sh",
                     "arm:2", "false", ""),
        "links-41": ([tar(*chain(41), member("busybox", v7), member("usr/bin/env", v6))], "linux/arm/v6",
                     "/usr/bin/env", "arm:2", "false", ""),
        "link-to-nothing": ([tar(symlink("bin/sh", "nothing"), member("usr/bin/env", v7))], "linux/arm/v7",
                            "/usr/bin/env", "arm:1", "false", ""),
        "hard-link": ([tar(member("bin/busybox", v7), hardlink("bin/sh", "bin/busybox"))], V7, "/bin/sh",
                      "arm:1", "false", ""),
        # As the official image has it: the first of its names is [.
        "hard-link-to-another-name": ([tar(member("bin/[", v7), hardlink("bin/sh", "bin/["),
                                           hardlink("bin/busybox", "bin/["))], V7, "/bin/sh", "arm:1",
                                      "false", ""),
        "link-to-another-name": ([tar(member("bin/sash", v7), symlink("bin/sh", "sash"))], V7, "/bin/sh",
                                 "arm:1", "false", ""),
        "hard-link-absolute": ([tar(member("/bin/busybox", v7), hardlink("./bin/sh", "/bin/busybox"))], "linux/arm/v7",
                               "/bin/sh", "arm:1", "false", ""),
        "no-directories": ([tar(member("usr/bin/env", v7))], V7, "/usr/bin/env", "arm:1", "false", ""),
        "dot-slash": ([tar(directory("."), member("./bin/sh", v7), member("./usr//bin/./env", v7))], "linux/arm/v7",
                      "/bin/sh", "arm:2", "false", ""),
        "twice-in-a-layer": ([tar(member("bin/sh", pc), member("bin/sh", v7))], V7, "/bin/sh", "arm:1",
                             "false", ""),
        "emulator": ([base, tar(member("usr/bin/qemu-arm-static", qemu))], V7, "/bin/sh", "arm:2", "false",
                     "/usr/bin/qemu-arm-static arm x86_64 7.2.22"),
        "emulator-removed": ([base, tar(member("usr/bin/qemu-arm-static", qemu)),
                              tar(member("usr/bin/.wh.qemu-arm-static"))], V7, "/bin/sh", "arm:2", "false",
                             ""),
        "emulator-only-by-name": ([base, tar(member("usr/bin/qemu-arm-static", pc))], V7, "/bin/sh",
                                  "x86_64:1 arm:2", "true", ""),
        "emulator-of-another": ([base, tar(member("usr/bin/qemu-arm-static", emulator("aarch64")))], "linux/arm/v7",
                                "/bin/sh", "x86_64:1 arm:2", "true", ""),
        "emulators": ([base, tar(member("usr/bin/qemu-arm-static", qemu),
                                 member("opt/qemu-aarch64", emulator("aarch64")))],
                      V7, "/bin/sh", "arm:2", "false",
                      "/usr/bin/qemu-arm-static arm x86_64 7.2.22;/opt/qemu-aarch64 aarch64 x86_64 7.2.22"),
        "scripts-only": ([tar(member("bin/sh", b"#!/bin/true\n"))], "", "", "", "false", ""),
        "majority": ([tar(member("opt/a", v7), member("opt/b", a64), member("opt/c", a64))], "linux/arm64", "",
                     "arm:1 aarch64:2", "true", ""),
        "libraries-count": ([base, tar(member("usr/lib/x.so", arm(10, kind=3, dynamic=b"", entry=0)))], "linux/arm/v7",
                            "/bin/sh", "arm:3", "false", ""),
        "objects-do-not-count": ([base, tar(member("usr/lib/x.ko", amd64(kind=1)))], V7, "/bin/sh", "arm:2",
                                 "false", ""),
        "malformed-do-not-count": ([base, tar(member("usr/lib/x", pc[:30]))], V7, "/bin/sh", "arm:2", "false",
                                   ""),
    }
    for name, (layers, *expected) in cases.items():
        write(f"{to}/{name}.tar", archive(docker([(layers, config_of(layers), ["test:1"])])))
        row(name + ".tar", *expected)


def formats(to):
    """One image in every form in which images come. Fields: format, images ("reference label" each), kind of layers."""
    layer, second = tar(system(arm())), tar(member("opt/x", arm()))
    layers = [layer, second]
    pc = [tar(system(amd64()))]
    label, both = "linux/arm/v7", [config_of(layers), config_of(pc, "amd64", None)]
    old = docker([(layers, both[0], ["test:1"])])
    many = docker([(layers, both[0], ["test:1", "test:2"]), (pc, both[1], ["other:1"])])
    untagged = docker([(layers, both[0], None)])
    shared = docker([([layer, second, layer], config_of([layer, second, layer]), ["test:1"])])
    new = docker([(layers, both[0], ["test:1"])], "new")
    oci = Oci()
    single = oci.finish(oci.image(layers, **named("1")))
    tags = oci.finish(oci.image(layers, **named("1")), oci.image(layers, **named("2")))
    nameless = oci.finish(oci.image(layers))
    oci = Oci()
    platforms = [oci.platform(layers, "arm", "v7"), oci.platform(pc, "amd64")]
    flat = oci.finish(*platforms)
    nested = oci.finish(oci.index(platforms, **named("1")))
    deep = oci.finish(oci.index([oci.index([oci.index(platforms)])], **named("1")))
    attestation = oci.image([], "unknown", None, platform={"os": "unknown", "architecture": "unknown"}, annotations={
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": platforms[0]["digest"]})
    attested = oci.finish(oci.index([*platforms, attestation], **named("1")))
    chart = oci.blob({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "config": oci.blob(
        b"{}", "application/vnd.cncf.helm.config.v1+json")}, MANIFEST)
    artifacts = oci.finish(*platforms, chart)
    full = Oci()
    containerd = full.finish(full.image(layers, annotations={
        "io.containerd.image.name": "docker.io/library/test:1", "org.opencontainers.image.ref.name": "1"}))
    arm_1, both_1 = f"test:1 {label}", f"1 {label};1 linux/amd64"
    archives = {
        "docker-old": (old, "docker-archive", arm_1), "docker-new": (new, "docker-archive", arm_1),
        "docker-many": (many, "docker-archive", f"{arm_1};other:1 linux/amd64"),
        "docker-untagged": (untagged, "docker-archive", f"- {label}"),
        "docker-shared-layer": (shared, "docker-archive", arm_1),
        "docker-no-image": ({"manifest.json": b"[]"}, "docker-archive", ""),
        "docker-manifest-first": (dict(reversed(old.items())), "docker-archive", arm_1),
        "oci": (single, "oci-archive", f"1 {label}"), "oci-nameless": (nameless, "oci-archive", f"- {label}"),
        "oci-tags": (tags, "oci-archive", f"1 {label}"),
        "oci-platforms": (flat, "oci-archive", f"- {label};- linux/amd64"),
        "oci-nested": (nested, "oci-archive", both_1), "oci-deep": (deep, "oci-archive", both_1),
        "oci-attested": (attested, "oci-archive", f"{both_1};1 attestation"),
        "oci-artifact": (artifacts, "oci-archive", f"- {label};- linux/amd64;- artifact"),
        "oci-containerd": (containerd, "oci-archive", f"docker.io/library/test:1 {label}"),
        "oci-empty": (Oci().finish(), "oci-archive", ""),
        "dual": ({**single, **new}, "oci-archive and docker-archive", f"1 {label}"),
        "dual-without-oci-layers": ({**Oci().finish(index={"manifests": None}), **new}, "docker-archive", arm_1),
    }
    for name, (files, *expected) in archives.items():
        write(f"{to}/{name}.tar", archive(files))
        row(name + ".tar", *expected)
    for name, files, *expected in (("layout", single, "oci", f"1 {label}"), ("layout-nested", nested, "oci", both_1)):
        write_layout(f"{to}/{name}", files)
        row(name, *expected)
    for name, codec in (("gzip", gz), ("zstd", zstd)):
        oci = Oci()
        write(f"{to}/oci-{name}-layers.tar", archive(oci.finish(oci.image(layers, codec=codec))))
        row(f"oci-{name}-layers.tar", "oci-archive", f"- {label}")
        packed = docker([([codec(one) for one in layers], both[0], ["test:1"])])
        write(f"{to}/docker-{name}-layers.tar", archive(packed))
        row(f"docker-{name}-layers.tar", "docker-archive", arm_1)
        write(f"{to}/docker.tar.{name}", codec(archive(old)))
        row(f"docker.tar.{name}", "docker-archive", arm_1)
    oci = Oci()
    body = {"schemaVersion": 2, "config": oci.blob(both[0], "application/vnd.docker.container.image.v1+json"),
            "layers": [oci.blob(one, LAYER) for one in layers]}
    docker_manifest = "application/vnd.docker.distribution.manifest.v2+json"
    listed = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
              "manifests": [oci.blob({**body, "mediaType": docker_manifest}, docker_manifest)]}
    write(f"{to}/oci-of-docker-types.tar", archive(oci.finish(oci.blob(listed, listed["mediaType"]))))
    row("oci-of-docker-types.tar", "oci-archive", f"- {label}")


def labels(to):
    """Images whose labels are right, and that lie. Fields: argument, status, words (of stdout for 0, else stderr)."""
    v7, v6, pc = tar(system(arm(10))), tar(system(arm(6))), tar(system(amd64()))
    mixed = tar(system(arm(), member("usr/bin/left-over", amd64()), member("usr/lib/x.so", amd64(kind=3))))
    with_emulator = tar(system(arm(), member("usr/bin/qemu-arm-static", emulator())))
    without = tar(system(elf_without_attributes()))

    def one(name, layer, architecture, variant, rows):
        write(f"{to}/{name}.tar", archive(docker([([layer], config_of([layer], architecture, variant), ["test:1"])])))
        for fields in rows:
            row(name + ".tar", *fields)

    lies = "/bin/dash"
    one("arm-is-arm", v7, "arm", "v7", [
        ("-", "0", "label:        linux/arm/v7"), ("--expect=linux/arm/v7", "0", ""), ("--expect=arm", "0", ""),
        ("--expect=armhf", "0", ""), ("--expect=arm/v8", "0", ""), ("--expect=arm/v6", "3", "linux/arm/v7"),
        ("--expect=amd64", "3", "linux/arm/v7"), ("--expect=arm64", "3", "linux/arm/v7"),
        ("--expect=arm65", "2", "arm65")])
    one("arm-is-v6", v6, "arm", "v6", [("--expect=arm/v6", "0", ""), ("--expect=arm/v7", "0", ""),
                                       ("--expect=arm/v5", "3", "linux/arm/v6")])
    # The image that BrewBlox shipped in 2018.
    one("arm-is-amd64", pc, "arm", "v7", [("-", "0", "wrong label:  label and files do not agree"), ("--expect=linux/arm/v7", "3", lies),
                                          ("--expect=arm", "3", lies), ("--expect=amd64", "3", "label")])
    one("amd64-is-arm", v7, "amd64", None, [("-", "0", "wrong label:  label and files do not agree"), ("--expect=arm/v7", "3", "label"),
                                            ("--expect=amd64", "3", lies)])
    one("v6-is-v7", v7, "arm", "v6", [("-", "0", "wrong label:  label and files do not agree"), ("--expect=arm/v6", "3", "linux/arm/v7"),
                                      ("--expect=arm/v7", "0", "")])
    one("v7-is-v6", v6, "arm", "v7", [("--expect=arm/v7", "0", "label:        linux/arm/v7")])
    one("arm-is-mixed", mixed, "arm", "v7", [("-", "0", "mixed:        yes"),
                                             ("--expect=arm/v7", "3", "/usr/bin/left-over, /usr/lib/x.so")])
    one("arm-with-emulator", with_emulator, "arm", "v7", [
        ("--expect=arm/v7", "0", "contains:     /usr/bin/qemu-arm-static")])
    one("arm-without-attributes", without, "arm", "v6", [("--expect=arm/v6", "0", "platform:     linux/arm")])
    one("unknown-is-arm", v7, "arm65", None, [("-", "0", "label:        linux/arm65"), ("--expect=arm", "3", "label")])
    one("none-is-arm", v7, None, None, [("-", "0", "label:        linux/?")])
    one("arm-is-empty", tar(), "arm", "v7", [("-", "0", "platform:     unknown"), ("--expect=arm", "3", "no known platform")])
    one("arm-is-windows", v7, "arm", "v7", [("--expect=arm", "0", "")])

    oci = Oci()
    several = [oci.platform([v6], "arm", "v6"), oci.platform([v7], "arm", "v7"), oci.platform([pc], "amd64")]
    write(f"{to}/index.tar", archive(oci.finish(oci.index(several))))
    for fields in (("-", "0", "index says:   linux/arm/v6"), ("--expect=arm/v6", "0", ""), ("--expect=arm/v7", "0", ""),
                   ("--expect=amd64", "0", ""), ("--expect=arm64", "3", "linux/arm/v7"),
                   ("--expect=riscv64", "3", "linux/amd64")):
        row("index.tar", *fields)
    # One of several is wrong.
    oci = Oci()
    several = [oci.platform([pc], "arm", "v7"), oci.platform([pc], "amd64")]
    write(f"{to}/index-one-lies.tar", archive(oci.finish(oci.index(several))))
    for fields in (("-", "0", "wrong label:  index, label and files do not agree"), ("--expect=arm/v7", "3", lies), ("--expect=amd64", "0", "")):
        row("index-one-lies.tar", *fields)
    # The index says one thing, the config another.
    oci = Oci()
    liar = oci.image([pc], "amd64", None, platform={"os": "linux", "architecture": "arm", "variant": "v7"})
    write(f"{to}/index-lies.tar", archive(oci.finish(oci.index([liar, oci.platform([v7], "arm", "v7")]))))
    for fields in (("-", "0", "index says:   linux/arm/v7"), ("--expect=arm/v7", "3", "linux/amd64")):
        row("index-lies.tar", *fields)
    # The same without any program: only what exists is named.
    oci = Oci()
    liar = oci.image([tar()], "amd64", None, platform={"os": "linux", "architecture": "arm", "variant": "v7"})
    write(f"{to}/index-lies-empty.tar", archive(oci.finish(oci.index([liar]))))
    row("index-lies-empty.tar", "-", "0", "wrong label:  index and label do not agree")
    # One is made to look like something that nobody runs.
    oci = Oci()
    hidden = oci.platform([pc], "arm", "v7", annotations={"vnd.docker.reference.type": "x"})
    hidden = oci.index([hidden, oci.platform([v7], "arm", "v7")])
    write(f"{to}/index-hidden-by-annotation.tar", archive(oci.finish(hidden)))
    row("index-hidden-by-annotation.tar", "--expect=arm/v7", "3", lies)
    # A layer is not there: nothing can be promised.
    oci = Oci()
    image = oci.image([v7, pc])
    files = oci.finish(image)
    del files["blobs/sha256/" + digest_of(pc)[7:]]
    write(f"{to}/incomplete.tar", archive(files))
    for fields in (("-", "0", "incomplete:"), ("--expect=arm/v7", "3", "not in")):
        row("incomplete.tar", *fields)
    # The two halves are different images.
    oci = Oci()
    write(f"{to}/dual-halves-differ.tar", archive({**oci.finish(oci.image([v7])), **docker(
        [([pc], config_of([pc], "amd64", None), ["test:1"])], "new")}))
    row("dual-halves-differ.tar", "--expect=arm/v7", "3", "")


def elf_without_attributes():
    return ef.elf(ef.ARM, flags=0x5000002)
