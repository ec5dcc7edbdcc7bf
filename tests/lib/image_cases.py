#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Images that are hard to inject into, by the number of the case, and what is read from the results with Python's tar.

usage: image_cases.py top IMAGE     what the topmost layers hold: type, mode, owner, time and name of each entry
       image_cases.py tell IMAGE    each image: where it stands, architecture, layers, type of the topmost, history
       image_cases.py changed BEFORE AFTER EMULATOR PATH     top of AFTER, and before it what else has changed
"""
import base64
import io
import json
import os
import sys
import tarfile

sys.dont_write_bytecode = True  # the source tree stays as it is

import elf_files as ef
import image_check
from elf_files import amd64, arm, emulator
from image_files import (CONFIG, INDEX, LAYER, MANIFEST, Oci, archive, config_of, digest_of, docker, named, pack,
                         system, write, write_layout)
from tar_files import directory, gnu_name, gz, hardlink, header, member, pax, skippable, symlink, tar, zstd

DOCKER = "application/vnd.docker."
SCHEMA_2 = DOCKER + "distribution.manifest.v2+json"
SMALL = tar(system(arm()))
USR = directory("usr") + directory("usr/bin")


def folder(name, mode=0o755, gid=None, **more):
    """A directory with an owner and a time."""
    return (pax(gid=gid) if gid else b"") + member(name + "/", kind=b"5", mode=mode, **more)


def saved(*layers, codec=lambda layer: layer, **config):
    """A docker-archive of one image for ARM."""
    return archive(docker([([codec(layer) for layer in layers], config_of(layers, **config), ["test:1"])]))


def over(*more):
    """The same, of the small system and what is put on it."""
    return saved(SMALL, *(tar(*members) if isinstance(members, tuple) else tar(members) for members in more))


def layout(make):
    """What make() builds of an Oci."""
    oci = Oci()
    return make(oci)


def one(manifest=None, text=None, config=None, layer=None, descriptor=None, layers=(SMALL,), **more):
    """A layout of one image. manifest, config, layer, descriptor: what is odd in them; text: changes the manifest's."""
    oci = Oci()
    image = oci.image(list(layers), config=config)
    body = json.loads(oci.files["blobs/sha256/" + image["digest"][7:]])
    body.update(manifest or {})
    if layer is not None:
        body["layers"][-1].update(layer)
    raw = text(pack(body)) if text else pack(body)
    return oci.finish({**oci.blob(raw, MANIFEST), **named("1"), **(descriptor or {}), **more})


def links(count, to):
    return [symlink(f"l{i}", f"l{i + 1}" if i + 1 < count else to) for i in range(count)]


def parents():
    """Cases 1 to 5 and 38: where the emulator goes."""
    merged = tar(symlink("bin", "usr/bin"), USR, member("usr/bin/dash", arm()), symlink("usr/bin/sh", "dash"))
    yield "1-merged", saved(merged)
    yield "1-merged-below", saved(tar(symlink("bin", "usr/bin")), tar(USR, member("usr/bin/sh", arm())),
                                  tar(member("x")))
    yield "2-attributes", over((folder("usr", 0o751, mtime=11), folder("usr/bin", 0o711, uid=7, gid=9, mtime=1234)))
    yield "2-two-layers", over((folder("usr", 0o700, mtime=1), folder("usr/bin", 0o1777, mtime=2)),
                               folder("usr", 0o755, mtime=3))
    for name, target in (("relative", "system"), ("absolute", "/system"), ("escape", "../../../system")):
        yield "3-" + name, over((symlink("usr", target), folder("system", 0o750, mtime=5)))
    yield "3-links-40", over((*links(40, "system"), directory("system")))
    yield "3-links-41", over((*links(41, "system"), directory("system")))
    yield "3-itself", over(symlink("l0", "l0"))
    yield "3-file", over(member("l0", b"x"))
    link = (symlink("usr", "system"), folder("system", 0o700))
    yield "4-whiteout", over(link, member(".wh.usr"))
    yield "4-directory", over(link, folder("usr", 0o711, mtime=7))
    yield "4-link", over(folder("usr", 0o711), symlink("usr", "opt"), symlink("usr", "srv"))
    yield "4-opaque", over((directory("x"), symlink("x/usr", "/system")), (member("x/.wh..wh..opq"), member("x/a")))
    yield "4-whiteout-of-parent", over((folder("x", 0o700), folder("x/usr", 0o700)), member(".wh.x"))
    there = {"file": member("usr/bin/q", b"was here", mode=0o644), "link": symlink("usr/bin/q", "/bin/dash"),
             "dangling": symlink("usr/bin/q", "/nothing"), "hard-link": hardlink("usr/bin/q", "usr/bin/x"),
             "directory": directory("usr/bin/q"), "device": member("usr/bin/q", kind=b"3"),
             "whiteout": member("usr/bin/.wh.q")}
    for name, entry in there.items():
        yield "5-" + name, over((USR, member("usr/bin/x", b"x"), entry))
    yield "38-twice", over((USR, folder("usr/bin", 0o700), folder("usr/bin", 0o711)))
    yield "38-absolute", over((folder("/usr", 0o711), folder("./usr//bin", 0o710)))
    yield "38-dotdot", over((member("../../usr/bin/q", b"x"), symlink("usr/../usr", "/etc"), USR))


def configs():
    """Cases 6 to 11, 25, 42 and 44: what the config says, and which programs there are."""
    for name, history in (("absent", None), ("null", "null"), ("empty", [])):
        text = pack(config_of([SMALL], config=None, history=history)).replace(b'"history": "null"', b'"history": null')
        yield "6-history-" + name, archive(docker([([SMALL], text, ["test:1"])]))
    yield "6-no-parents", saved(tar(member("bin", b"x"), member("sh", b"x"), member("opt/program", arm())))
    yield "6-no-layers", saved()
    yield "6-one-empty-layer", saved(tar())
    for name, data in (("scripts", b"#!/bin/true\n"), ("wasm", b"\0asm\1\0\0\0"), ("text", b"x")):
        yield "7-" + name, saved(tar(member("bin/sh", data)))
    yield "7-static", saved(tar(member("hello", ef.elf(ef.ARM, flags=0x5000002))))
    yield "8-label-lies", saved(SMALL, architecture="s390x", variant=None)
    yield "9-emulators", over((USR, member("usr/bin/qemu-arm-static", emulator()), *(
        member(f"usr/bin/qemu-{name}-static", emulator(name)) for name in ("aarch64", "mips", "ppc64le", "s390x"))))
    yield "9-firmware", over(*[(member(f"lib/{i}/fw.ko", amd64(kind=1)), member(f"lib/{i}/x.so", ef.arm64(
        kind=3, dynamic=b"", entry=0))) for i in range(9)])
    yield "10-native", saved(tar(system(amd64())), architecture="amd64", variant=None)
    yield "10-i386", saved(tar(system(ef.elf(3))), architecture="386", variant=None)
    yield "25-windows", saved(tar(member("Files/x", b"MZ"), directory("Hives")), architecture="amd64", os="windows",
                              variant=None, **{"os.version": "10.0.17763.1"})
    deep = [SMALL, *(tar(member(f"f{i}")) for i in range(1000))]
    yield "42-1001-layers", saved(*deep)
    yield "42-1024-layers", saved(*deep, *deep[1:24])
    yield "42-4-mib", saved(SMALL, author="x" * ((4 << 20) - 300))
    yield "42-125-layers", saved(*deep[:125])
    yield "42-124-layers", saved(*deep[:124])
    empty = {"created_by": "CMD", "empty_layer": True}
    for name, history in (("longer", [{"created_by": str(i)} for i in range(5)]), ("only-empty", [empty]),
                          ("trailing", [{"created_by": "ADD"}, empty, empty])):
        yield "44-" + name, saved(SMALL, history=history)
    yield "44-shorter", saved(SMALL, tar(member("x")), history=[{"comment": "of the first"}])


def every_architecture(oci):
    """Case 11: an image for each kind of program."""
    kinds = ("armel-v5", "armhf-v6", "armhf-v7", "armeb-be8", "armeb-be32", "mips-o32", "mipsel-o32", "mips-n32",
             "mipsel-n32", "mips64el", "ppc", "ppc64-v1", "ppc64le", "riscv64", "riscv32", "s390x", "arm64",
             "arm64-big")
    return oci.finish(*(oci.image([tar(system(ef.GOOD[kind][0]))], "arm", None, config={"author": kind})
                        for kind in kinds))


def attested(oci, subject):
    image = oci.platform([SMALL], "arm", "v7")
    more = {"subject": {key: image[key] for key in ("mediaType", "digest", "size")},
            "artifactType": "application/vnd.docker.attestation.manifest.v1+json"} if subject else {}
    config = oci.blob(b"{}", "application/vnd.oci.empty.v1+json") if subject else oci.blob({"os": "unknown"}, CONFIG)
    statement = oci.blob({"subject": image["digest"]}, "application/vnd.in-toto+json")
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [statement], **more}
    about = oci.blob(body, MANIFEST, platform={"os": "unknown", "architecture": "unknown"}, annotations={
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]})
    return oci.finish(oci.index([about, image], **named("1")))


def indexes():
    """Cases 12 to 15, 26 and 43: layouts of several images."""
    oci = Oci()
    windows = oci.image([SMALL], "amd64", None, config={"os": "windows"},
                        platform={"os": "windows", "architecture": "amd64"})
    artifact = oci.blob({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "config": oci.blob(
        b"{}", "application/vnd.oci.empty.v1+json")}, MANIFEST)
    chart = oci.blob({"schemaVersion": 2, "layers": [], "config": oci.blob(
        {"name": "chart"}, "application/vnd.cncf.helm.config.v1+json")}, MANIFEST)
    schema_1 = oci.blob({"schemaVersion": 1, "fsLayers": [], "history": []},
                        DOCKER + "distribution.manifest.v1+prettyjws")
    v6 = oci.platform([tar(system(arm(6)))], "arm", "v6")
    v7 = oci.platform([SMALL], "arm", "v7")
    pc = oci.platform([tar(system(amd64()))], "amd64")
    unknown = oci.blob({"x": 1}, "application/vnd.future.v9+json",
                       platform={"os": "unknown", "architecture": "unknown"})
    yield "12-index", oci.finish(oci.index([pc, v6, windows, unknown, v7], **named("1")))
    yield "13-old", layout(lambda oci: attested(oci, False))
    yield "13-new", layout(lambda oci: attested(oci, True))
    inner = oci.index([v7, pc])
    yield "14-shared", oci.finish(oci.index([oci.index([inner])], **named("1")), oci.index([inner, v6], **named("2")),
                                  {**v7, **named("3")})
    deep = v7
    for _ in range(8):
        deep = oci.index([deep])
    yield "14-depth-9", oci.finish(deep)
    itself = {"mediaType": INDEX, "digest": digest_of(b"x"), "size": 2}
    yield "14-cycle", {**oci.finish(itself), "blobs/sha256/" + digest_of(b"x")[7:]: b"{}"}
    yield "15-tags", oci.finish({**v7, **named("1")}, {**v7, **named("2")})
    yield "15-index", oci.finish(oci.index([v7, pc], **named("1")), oci.index([v7, pc], **named("2")))
    yield "26-artifacts", oci.finish(artifact, chart, schema_1)
    yield "26-mixed", oci.finish(artifact, {**v7, **named("1")}, chart, schema_1)
    yield "43-same-name", oci.finish({**v7, **named("1")}, {**oci.platform([SMALL], "arm", "v7", config={
        "author": "other"}), **named("1")})
    full = {"annotations": {"io.containerd.image.name": "docker.io/library/test:1",
                            "org.opencontainers.image.ref.name": "1"}}
    yield "43-full", oci.finish({**v7, **full}, {**v6, **named("2")})
    yield "43-nameless", oci.finish(v7)


def archives():
    """Cases 16 to 21: docker-archives, and archives of both schemas."""
    top = tar(member("x"))
    first, second = config_of([SMALL, top]), config_of([SMALL], author="second")
    images = docker([([SMALL, top], first, ["a:1"]), ([SMALL], second, None)], "new")
    yield "16-shared", archive(images)
    yield "16-tags", archive(docker([([SMALL], second, ["a:1", "b:1"])]))
    same = docker([([SMALL], second, ["a:1"])])
    item = json.loads(same["manifest.json"])[0]
    yield "16-same-config", archive({**same, "manifest.json": pack([item, {**item, "RepoTags": ["b:1"]}])})
    # As old engines save two images with the same layer: the second time it is a link.
    ours = tar(USR, member("usr/bin/q", amd64()))
    made = {}
    for name in ("a", "b"):
        below = config_of([SMALL], author=name, history=[])
        made[name] = config_of([SMALL, ours], author=name, history=[
            {"comment": f"anyarch-inject 1 {digest_of(ours)} {digest_of(pack(below).replace(b'[]}', b'[]}'))}"}])
    yield "16-links", archive(docker([([SMALL, ours], made[name], [name + ":1"]) for name in made]))
    yield "43-tag-of-two", archive(docker([([SMALL], second, ["a:1"]), ([SMALL, top], first, ["b:1"])]))
    yield "16-none", archive({"manifest.json": b"[]"})
    yield "16-null", archive({"manifest.json": b"null"})
    oci = Oci()
    half = oci.finish(oci.image([SMALL], **named("1")))
    both = {**half, **docker([([SMALL], config_of([SMALL]), ["test:1"])], "new"),
            "repositories": b'{"test":{"1":"' + b"a" * 64 + b'"}}\n'}
    yield "17-dual", archive(both)
    two = [SMALL, tar(member("opt/more", b"x" * 600))]
    oci = Oci()
    half = oci.finish(oci.image(two, **named("1")))
    other = docker([(two, config_of(two), ["test:1"])], "new")
    manifest = json.loads(other["manifest.json"])
    manifest[0]["Layers"].reverse()
    yield "17-contradiction", archive({**half, **other, "manifest.json": pack(manifest)})
    yield "18-manifests-null", archive({**both, "index.json": b'{"schemaVersion":2,"manifests":null}'})
    bare = Oci()
    image = bare.blob({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "config": bare.blob(
        config_of([SMALL]), CONFIG)}, MANIFEST)
    yield "18-no-layers", archive({**both, **bare.finish(image)})
    wrong = one(layer={"size": 7})
    yield "18-wrong-size", archive({**both, **wrong})
    files = docker([([SMALL], config_of([SMALL]), ["test:1"])])
    where = next(name for name in files if name.endswith("layer.tar"))
    rest = {name: data for name, data in files.items() if name != where}
    yield "19-link", archive({**rest, where: ("link", "../a.tar"), "a.tar": SMALL})
    yield "19-hard-link", archive(rest, member("a.tar", SMALL), hardlink(where, "a.tar"))
    yield "19-dot", archive({"./" + name: data for name, data in files.items()})
    yield "19-absolute", archive({"/" + name: data for name, data in files.items()})
    yield "19-dotdot", archive(files, member("../x", b"y"))
    outside = files["manifest.json"].replace(where.encode(), b"../x")
    yield "19-dotdot-layer", archive({**files, "manifest.json": outside})
    yield "19-link-outside", archive({**rest, where: ("link", "../../../etc/passwd")})
    yield "19-link-of-link", archive({**rest, where: ("link", "../a"), "a": ("link", "b"), "b": SMALL})
    yield "20-first", archive(dict(reversed(files.items())))
    yield "20-last", archive(files)
    yield "20-twice", archive(files, member("manifest.json", files["manifest.json"] + b" "))
    yield "20-layer-twice", archive(files, member(where, SMALL + b"x"))
    yield "20-index-twice", archive(half, member("./index.json", half["index.json"] + b" "))
    good = archive(files)
    middle = len(good) // 2
    yield "21-members.gz", gz(good[:middle]) + gz(good[middle:])
    yield "21-gzip-cut.gz", gz(good)[:-9]
    yield "21-xz.xz", b"\xfd7zXZ\0" + bytes(100)
    yield "21-garbage", good + b"garbage" * 300
    yield "21-concatenated", good + archive({"manifest.json": b"[]"})
    yield "21-cut", good[:-1024 - 300]
    yield "21-no-end", good[:-1024]


def codecs():
    """Cases 22 to 24 and 37: layers of every kind."""
    oci = Oci()
    yield "22-zstd", oci.finish(oci.image([SMALL, tar(member("x"))], codec=zstd, **named("1")))
    yield "22-zstd-docker", saved(SMALL, tar(member("x")), codec=zstd)
    yield "22-xz", saved(SMALL, codec=lambda layer: b"\xfd7zXZ\0" + bytes(600))
    oci = Oci()
    body = {"schemaVersion": 2, "mediaType": SCHEMA_2,
            "config": oci.blob(config_of([SMALL]), DOCKER + "container.image.v1+json"),
            "layers": [oci.blob(gz(SMALL), DOCKER + "image.rootfs.diff.tar.gzip")]}
    yield "22-schema-2", oci.finish(oci.blob(body, SCHEMA_2, **named("1")))
    for name, data, kind in (("gzip-as-tar", gz(SMALL), ""), ("zstd-as-gzip", zstd(SMALL), "+gzip"),
                             ("skippable", skippable() + zstd(SMALL), "+zstd"), ("tar-as-zstd", SMALL, "+zstd")):
        oci = Oci()
        body = {"schemaVersion": 2, "config": oci.blob(config_of([SMALL]), CONFIG),
                "layers": [oci.blob(data, LAYER + kind)]}
        yield "23-" + name, oci.finish(oci.blob(body, MANIFEST, **named("1")))
    foreign = LAYER.replace("layer.", "layer.nondistributable.")
    files = one(layers=[SMALL, tar(member("x"))], layer={"mediaType": foreign, "urls": ["https://example.invalid/x"]})
    yield "24-foreign", files
    missing = dict(files)
    del missing["blobs/sha256/" + digest_of(tar(member("x")))[7:]]
    yield "24-missing", missing
    long = "d" * 90 + "/" + "e" * 90
    yield "37-pax", over((member(long, b"x"), member("f/" * 200 + "g", b"x"), pax(uid=5000000, gid=5000001),
                          folder("usr", 0o711), pax(kind=b"g", comment="all"), gnu_name(b"n" * 300), member("x", b"x"),
                          gnu_name(b"l" * 300, b"K"), symlink("y", "l"), pax(SCHILY__xattr__user__x=b"\1\2"),
                          member("z", b"x"),
                          member(b"\xff\xfe-not-utf8", b"x"), folder("usr/bin", 0o755, uid=1 << 31)))
    deep = "/".join("p" * 60 for _ in range(5))
    yield "37-long-place", over((USR, *(folder(deep[:61 * i - 1], 0o700 + i, mtime=i) for i in range(1, 6))))


def documents():
    """Cases 27 to 31 and 35: documents that are odd or wrong."""
    def renamed(old, new):
        return lambda raw: raw.replace(old, new, 1)

    yield "27-both", one(manifest={"manifests": []})
    yield "27-fslayers", one(text=renamed(b'"layers"', b'"fsLayers": [], "manifests": [], "x"'))
    yield "27-twice", one(text=renamed(b'"layers"', b'"layers": [], "layers"'))
    yield "27-case", one(manifest={"Layers": []})
    oci = Oci()
    config = oci.blob(b'{"os":"linux","\\u0061rchitecture":"arm","\xc3\xa4":1,'
                      b'"rootfs":{"type":"layers","diff\\u005fids":["' + digest_of(SMALL).encode() +
                      b'"]},"hist\\u006fry":[],"big":123456789012345678901234567890}', CONFIG)
    copy = base64.b64encode(oci.files["blobs/sha256/" + config["digest"][7:]]).decode()
    body = b'{"schemaVersion":2,\n "l\\u0061yers" : [\t' + pack(oci.blob(SMALL, LAYER)) + b'\n],"c\\u006fnfig":' + pack(
        {**config, "data": copy}) + b',"x":null}\n'
    yield "28-escaped", oci.finish({**oci.blob(body, MANIFEST, **named("1")), "data": base64.b64encode(body).decode()})
    for name, digest in (("upper", "sha256:" + "A" * 64), ("path", "sha256:../../x"), ("sha512", "sha512:" + "a" * 128),
                         ("unknown", "foo:bar"), ("short", "sha256:" + "a" * 63)):
        yield f"29-{name}", one(descriptor={"digest": digest})
        yield f"29-layer-{name}", one(layer={"digest": digest})
    yield "29-size", one(descriptor={"size": 7})
    yield "29-minus", one(descriptor={"size": -1})
    yield "29-layer-size", one(layer={"size": 7})
    yield "29-layer-minus", one(layer={"size": -1})
    for name, find in (("manifest", b'"schemaVersion"'), ("config", b'"diff_ids"')):
        files = one()
        which = next(key for key in files if key.startswith("blobs/") and find in files[key][:3000])
        yield f"29-other-{name}", {**files, which: files[which].replace(b" ", b"\t", 1)}
    yield "30-diff-id", one(config={"rootfs": {"type": "layers", "diff_ids": [digest_of(b"something else")]}})
    yield "31-diff-ids-fewer", one(config={"rootfs": {"type": "layers", "diff_ids": []}})
    yield "31-diff-ids-more", one(config={"rootfs": {"type": "layers", "diff_ids": [digest_of(SMALL)] * 2}})
    files = docker([([SMALL], config_of([SMALL, SMALL]), ["test:1"])])
    yield "31-docker", archive(files)
    yield "35-subject", one(manifest={"subject": {"mediaType": MANIFEST, "digest": digest_of(b"base"), "size": 4},
                                      "annotations": {"org.opencontainers.image.base.name": "base"}})
    oci = Oci()
    image = oci.image([SMALL], **named("1"))
    empty = oci.blob(b"{}", "application/vnd.oci.empty.v1+json")
    about = {"schemaVersion": 2, "mediaType": MANIFEST, "config": empty, "layers": [empty],
             "subject": {"mediaType": MANIFEST, "digest": image["digest"], "size": image["size"]}}
    tag = "sha256-" + image["digest"][7:] + ".sig"
    yield "35-referrer", oci.finish(image, oci.blob(about, MANIFEST))
    yield "35-cosign", oci.finish(image, oci.blob({**about, "subject": None}, MANIFEST, **named(tag)))


def cases(to):
    """Fields: only the name."""
    for group in (parents, configs, indexes, archives, codecs, documents):
        for name, data in group():
            if isinstance(data, dict):
                write_layout(f"{to}/{name}", data)
            else:
                write(f"{to}/{name}", data)
            print(name)
    write_layout(f"{to}/11-every", layout(every_architecture))
    # A file of 9 GiB that takes no room: nobody reads it through.
    size = 9 << 30
    oci = Oci()
    body = {"schemaVersion": 2, "config": oci.blob(config_of([SMALL, b""]), CONFIG), "layers": [
        oci.blob(SMALL, LAYER), {"mediaType": LAYER, "digest": digest_of(b"huge"), "size": size + 3 * 512}]}
    write_layout(f"{to}/37-9-gib", oci.finish(oci.blob(body, MANIFEST, **named("1"))))
    with open(f"{to}/37-9-gib/blobs/sha256/{digest_of(b'huge')[7:]}", "wb") as file:
        file.write(header("huge", size))
        file.truncate(size + 3 * 512)


def read_images(path):
    """(where, config, type and bytes of the topmost layer) of each image of each half."""
    files = image_check.members(path)

    def walk(index, where):
        for i, descriptor in enumerate(index.get("manifests") or []):
            body = json.loads(files.get("blobs/sha256/" + descriptor["digest"][7:]) or b"{}")
            if "manifests" in body:
                yield from walk(body, f"{where}/{i}")
            elif body.get("layers"):
                config = json.loads(files["blobs/sha256/" + body["config"]["digest"][7:]])
                top = body["layers"][-1]
                kind = top["mediaType"].rpartition("/")[2]
                yield f"{where}/{i}", config, kind, files["blobs/sha256/" + top["digest"][7:]]

    yield from walk(json.loads(files.get("index.json", b"{}")), "oci")
    for i, item in enumerate(json.loads(files.get("manifest.json", b"[]"))):
        config, layer = map(image_check.plain, (item["Config"], item["Layers"][-1]))
        yield f"docker/{i}", json.loads(files[config]), "-", files[layer]


def tell(path):
    for where, config, kind, _ in read_images(path):
        history = config.get("history", "none")
        print(where, config.get("architecture"), len(config.get("rootfs", {}).get("diff_ids", [])), kind,
              len(history) if isinstance(history, list) else history)


def top(path, last=""):
    """Each of them once; last: only those that end with this name."""
    tops = []
    for *_, data in read_images(path):
        if data not in tops and data[:1] != b"{":
            tops.append(data)
            with tarfile.open(fileobj=io.BytesIO(data)) as layer:
                entries = layer.getmembers()
            for one in entries if entries and entries[-1].name.endswith(last) else []:
                kind = "d" if one.isdir() else "-" if one.isfile() else "?"
                print(kind, f"{one.mode:o}", f"{one.uid}:{one.gid}", int(one.mtime), one.name)


def changed(before, after, emulator_file, path):
    with open(emulator_file, "rb") as file:
        image_check.compare(image_check.members(before), image_check.members(after), file.read(), path)
    print("".join(line + "\n" for line in image_check.problems), end="")
    top(after, path)


if __name__ == "__main__":
    {"top": top, "tell": tell, "changed": changed}[sys.argv[1]](*sys.argv[2:])
