#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether an image file differs from another by nothing but an emulator for ARM, read with Python's own tar and JSON.

usage: image_check.py BEFORE AFTER EMULATOR     each difference that should not be is a line, and the status 1
"""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

PATH = "usr/bin/qemu-arm-static"
problems = []


def check(holds, *words):
    if not holds:
        problems.append(" ".join(str(word) for word in words))


def plain(name):
    return os.path.normpath(name).lstrip("/")


def members(path):
    """Name to bytes; of an archive also the raw headers, in the order in which they stand there."""
    if os.path.isdir(path):
        found = {}
        for where, _, names in os.walk(path):
            for name in names:
                full = os.path.join(where, name)
                with open(full, "rb") as file:
                    found[os.path.relpath(full, path)] = file.read()
        return found
    found, links = {}, {}
    with tarfile.open(path) as tar:
        for one in tar:
            name = plain(one.name)
            check(name not in found, name, "is there twice")
            found[name] = None
            if one.issym() or one.islnk():
                links[name] = os.path.normpath(os.path.join(os.path.dirname(name) if one.issym() else "", one.linkname))
            elif one.isfile():
                found[name] = tar.extractfile(one).read()
    return {name: found.get(links.get(name, name)) for name in found}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def unpacked(layer):
    """A layer as its diff_id sees it; how zstd does it is not for here."""
    return gzip.decompress(layer) if layer[:2] == b"\x1f\x8b" else layer


def images(files):
    """Every (manifest, config, layers, key) of both halves; layers are bytes. Digests and sizes are checked on the way."""
    found = []

    def blob(descriptor):
        data = files.get("blobs/sha256/" + descriptor["digest"][7:])
        check(data is not None, descriptor["digest"], "is missing")
        check(data is None or (digest(data) == descriptor["digest"] and len(data) == descriptor["size"]),
              descriptor["digest"], "is not what its descriptor says")
        return data or b"{}"

    def walk(index, where):
        listed = [descriptor["digest"] for descriptor in index.get("manifests") or []]
        for i, descriptor in enumerate(index.get("manifests") or []):
            about = (descriptor.get("annotations") or {}).get("vnd.docker.reference.digest")
            check(about is None or about in listed, where, i, "is about", about, "which is not in its index")
            body = json.loads(blob(descriptor))
            if "manifests" in body:
                walk(body, f"{where}/{i}")
            elif "config" in body:
                config = blob(body["config"])
                layers = [blob(layer) for layer in body.get("layers", [])]
                found.append((f"{where}/{i}", config, layers))

    if "index.json" in files and "oci-layout" in files:
        walk(json.loads(files["index.json"]), "oci")
    for i, item in enumerate(json.loads(files.get("manifest.json", b"[]"))):
        config = files.get(plain(item["Config"]))
        layers = [files.get(plain(layer)) for layer in item["Layers"]]
        check(config is not None and None not in layers, "manifest.json", i, "has a name that leads nowhere")
        if config is not None and None not in layers:
            found.append((f"docker/{i}", config, layers))
    return found


def is_arm(config):
    return json.loads(config).get("architecture") == "arm"


def check_layer(layer, emulator, lower, path):
    names = []
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        for one in tar:
            names.append(one.name)
            check(one.isdir() or one.name == path, "the layer has", one.name)
            if one.isfile():
                check(tar.extractfile(one).read() == emulator, "the emulator is another one")
                check((one.mode, one.uid, one.gid, one.uname) == (0o755, 0, 0, ""), "the emulator's attributes")
    check(names and names[-1] == path, "the layer ends with", names[-1:])
    check(layer not in lower, "the layer is there twice")


def compare(before, after, emulator, path=PATH):
    old, new = images(before), images(after)
    check([one[0] for one in old] == [one[0] for one in new], "other images:", [one[0] for one in new])
    for (where, config, layers), (_, new_config, new_layers) in zip(old, new):
        if not is_arm(config) or not layers:
            check((config, layers) == (new_config, new_layers), where, "has changed, and is not for ARM")
            continue
        check(new_layers[:-1] == layers, where, "other lower layers")
        check_layer(unpacked(new_layers[-1]), emulator, layers, path)
        body, new_body = json.loads(config), json.loads(new_config)
        ids = new_body["rootfs"].pop("diff_ids")
        check(ids[:-1] == body["rootfs"].pop("diff_ids") and ids[-1] == digest(unpacked(new_layers[-1])), where, "diff_ids", ids)
        if isinstance(body.get("history"), list):
            check(new_body["history"][:-1] == body["history"], where, "other history")
            del new_body["history"], body["history"]
        new_body.pop("anyarch-inject", None)
        check(body == new_body, where, "the config differs elsewhere")
    # Members that no edit has to touch are there, byte for byte.
    for name, data in before.items():
        if data is not None and data in [layer for _, _, layers in old for layer in layers]:
            check(after.get(name) == data, name, "has changed or is gone")


if __name__ == "__main__":
    with open(sys.argv[3], "rb") as emulator_file:
        compare(members(sys.argv[1]), members(sys.argv[2]), emulator_file.read())
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
