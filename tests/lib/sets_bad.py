# SPDX-License-Identifier: MIT
"""Sets of what has a defect: ELF files, tars, documents, layouts, streams. Fields: status ("0|3": either), words."""
import base64
import io
import json
import os

import elf_files as ef
import tar_files as tf
from elf_files import arm
from image_files import (CONFIG, INDEX, LAYER, MANIFEST, Oci, archive, around, config_of, digest_of, docker, pack, row,
                         system, write, write_layout)
from tar_files import directory, gz, hardlink, member, symlink, tar, zstd


def bad_elf(to):
    """Fields, as in every set of bad ones: status ("0|3": either), words of the message."""
    for name, (data, *expected) in ef.BAD.items():
        write(f"{to}/{name}", data, 0o755)
        row(name, *expected)
    for name, data in ef.ODD.items():
        write(f"{to}/odd-{name}", data, 0o755)
        row("odd-" + name, "0|3", "")


def bad_tar(to):
    """As layers, and where it matters as archives."""
    content = system(arm())
    for name, (layer, *expected) in tf.bad_layers(content).items():
        write(f"{to}/{name}.tar", around(layer))
        row(name + ".tar", *expected)
    good = around(tar(content))
    size = len(good)
    for at in range(tf.BLOCK, size, tf.BLOCK):
        status = "0" if at == size - tf.BLOCK else "3"
        write(f"{to}/48-archive-cut-at-{at // tf.BLOCK}.tar", good[:at])
        row(f"48-archive-cut-at-{at // tf.BLOCK}.tar", status, "" if status == "0" else "truncated or corrupt")
    for name, data, *expected in bad_archives(content):
        write(f"{to}/archive-{name}.tar", data)
        row(f"archive-{name}.tar", *expected)


def bad_archives(content):
    layer = tar(content)
    files = docker([([layer], config_of([layer]), ["test:1"])])
    where = next(name for name in files if name.endswith("layer.tar"))
    without = {name: data for name, data in files.items() if name != where}
    no_manifest = {name: data for name, data in files.items() if name != "manifest.json"}
    good = archive(files)

    def with_layers(*names):
        body = json.loads(files["manifest.json"])
        body[0]["Layers"] = list(names)
        return archive({**files, "manifest.json": pack(body)})

    yield "49-checksum", good[:148] + b"000000\0 " + good[156:], "3", "wrong header checksum"
    yield "50-no-end", good[:-1024], "3", "truncated or corrupt"
    yield "51-size-top", tf.header("x", 1 << 63) + good, "3", "bad number"
    yield "51-size-8g", archive(without, tf.header(where, b"77777777777\0")), "3", "truncated or corrupt"
    yield "52-dotdot", archive(files, member("../../x", b"y")), "3", "leaves the archive"
    yield "52-dotdot-behind", archive(files, member("x/..", b"y")), "3", "leaves the archive"
    yield "52-absolute", archive({"/" + name: data for name, data in files.items()}), "0", ""
    yield "52-dot-slash", archive({"./" + name: data for name, data in files.items()}), "0", ""
    yield "53-hard-link", archive(without, member("copy.tar", layer), hardlink(where, "copy.tar")), "0", ""
    yield "53-hard-link-outside", archive(without, hardlink(where, "../../../etc/passwd")), "3", "not a regular file"
    yield "53-hard-link-absolute", archive(without, hardlink(where, "/etc/passwd")), "3", "not a regular file"
    yield "54-manifest-twice", archive(files, member("manifest.json", b"[]")), "3", "members are called"
    yield "54-manifest-twice-dot", archive(files, member("./manifest.json", b"[]")), "3", "members are called"
    yield "54-manifest-twice-slashes", archive(files, member(".//manifest.json", b"[]")), "3", "members are called"
    yield "54-layer-twice", archive(files, member(where, layer + b"x")), "3", "members are called"
    yield "54-layer-twice-slashes", archive(files, member(where.replace("/", "//"), layer + b"x")), "3", "members"
    yield "54-layer-twice-dot", archive(files, member(where.replace("/", "/./"), layer + b"x")), "3", "members"
    yield "54-layer-and-link", archive(files, symlink(where, "x")), "3", "members are called"
    yield "56-longname-1g", tf.gnu_name(b"x", size=1 << 30) + good, "3", "1073741824 bytes"
    yield "57-sparse", archive(files, member("x", kind=b"S")), "3", "sparse"
    yield "59-devices", archive(files, member("x", kind=b"3"), member("y", kind=b"4"), member("z", kind=b"6")), "0", ""
    yield "59-layer-is-device", archive(without, member(where, kind=b"3")), "3", "not a regular file"
    yield "59-manifest-is-fifo", archive(no_manifest, member("manifest.json", kind=b"6")), "3", "not a regular file"
    yield "60-layer-dotdot", with_layers("../../x"), "3", "leaves the image"
    yield "60-layer-absolute", with_layers("/etc/passwd"), "0|3", ""
    yield "60-layer-is-directory", archive(without, directory(where)), "0|3", ""
    yield "60-layer-not-text", with_layers(7), "3", "a layer that is not a name"
    yield "60-layer-empty-name", with_layers(""), "3", "leaves the image"
    yield "60-link-once", archive({**without, where: ("link", "../a.tar"), "a.tar": layer}), "0", ""
    yield "60-link-twice", archive({**without, where: ("link", "../a"), "a": ("link", "b"), "b": layer}), "3", "not a reg"
    yield "60-link-itself", archive({**without, where: ("link", "layer.tar")}), "3", "not a regular file"
    yield "60-link-outside", archive({**without, where: ("link", "../../../etc/passwd")}), "3", "not a regular file"
    yield "60-link-absolute", archive({**without, where: ("link", "/etc/passwd")}), "3", "not a regular file"
    yield "60-link-nowhere", archive({**without, where: ("link", "../nothing")}), "3", "not a regular file"
    yield "60-link-empty", archive({**without, where: ("link", "")}), "3", "not a regular file"
    yield "61-trailing-garbage", good + b"\1" * 3000, "0", ""
    yield "61-concatenated", good + good, "0", ""
    yield "61-manifest-behind-the-end", archive(no_manifest) + archive(files), "3", "not an image"
    yield "empty", tar(), "3", "not an"
    yield "no-image", tar(content), "3", "not an image"


def docker_with(layer, **changes):
    """A docker-archive whose documents are wrong: manifest, config, or a text in place of either."""
    files = docker([([layer], config_of([layer]), ["test:1"])])
    config = next(name for name in files if name.endswith(".json") and name != "manifest.json")
    if "config" in changes:
        files[config] = pack(changes["config"])
    if "manifest" in changes:
        manifest = changes["manifest"]
        if isinstance(manifest, dict):
            manifest = [{**json.loads(files["manifest.json"])[0], **manifest}]
        files["manifest.json"] = pack(manifest)
    return archive(files)


def texts():
    """JSON that no reader may take, whichever document it is: name, bytes, words."""
    yield "63-depth-100000", b"[" * 100000 + b"]" * 100000, "JSON"
    yield "63-depth-objects", b'{"a":' * 100000 + b"1" + b"}" * 100000, "JSON"
    yield "64-over-limit", b'{"a": "' + b"x" * (4 << 20) + b'"}', "more than 4194304 bytes"
    yield "66-utf8", b'{"a": "\xff"}', "JSON"
    yield "66-overlong", b'{"a": "\xc0\xaf"}', "JSON"
    yield "66-surrogate", b'{"a": "\\ud800"}', "JSON"
    yield "66-nul", b'{"a": "\\u0000"}', "JSON"
    yield "66-nul-in-key", b'{"\\u0000a": 1}', "JSON"
    yield "66-raw-nul", b'{"a": 1}\0', "JSON"
    yield "66-byte-order-mark", b'\xef\xbb\xbf{"a": 1}', "JSON"
    yield "67-1e999", b'{"size": 1e999}', "JSON"
    yield "67-2-64-real", b'{"size": 18446744073709551616e999}', "JSON"
    yield "cut", b'{"manifests": [', "JSON"
    yield "empty", b"", "JSON"
    yield "trailing", b"{} {}", "JSON"
    yield "comment", b"{} // x", "JSON"
    yield "not-json", b"\x7fELF", "JSON"
    yield "single-quotes", b"{'a': 1}", "JSON"


def bad_documents(layer):
    """name, members, status, words: OCI archives."""
    def one(**more):
        oci = Oci()
        return oci, oci.image([layer], **more)

    for name, text, words in texts():
        oci, image = one()
        yield f"index-{name}", oci.finish(index=text), "3", words
        oci = Oci()
        yield f"manifest-{name}", oci.finish(oci.blob(text, MANIFEST)), "3", words
        oci, image = one()
        body = json.loads(oci.files["blobs/sha256/" + image["digest"][7:]])
        body["config"] = oci.blob(text, CONFIG)
        yield f"config-{name}", oci.finish(oci.blob(body, MANIFEST)), "3", words

    def descriptor(**changes):
        oci, image = one()
        image.update(changes)
        return oci.finish({key: value for key, value in image.items() if value is not None})

    def manifest(**changes):
        oci, image = one()
        body = {**json.loads(oci.files["blobs/sha256/" + image["digest"][7:]]), **changes}
        body = {key: value for key, value in body.items() if value is not None}
        return oci.finish(oci.blob(body, MANIFEST))

    def config(**changes):
        return Oci.finish(*one(config=changes))

    def layer_descriptor(**changes):
        oci, image = one()
        body = json.loads(oci.files["blobs/sha256/" + image["digest"][7:]])
        body["layers"][0].update(changes)
        return oci.finish(oci.blob(body, MANIFEST))

    def config_descriptor(**changes):
        oci, image = one()
        body = json.loads(oci.files["blobs/sha256/" + image["digest"][7:]])
        body["config"].update(changes)
        return oci.finish(oci.blob(body, MANIFEST))

    def text(find, put, where):
        """Replaces text in the manifest or config, which then gets its right digest."""
        oci, image = one()
        body = oci.files["blobs/sha256/" + image["digest"][7:]]
        if where == "config":
            own = json.loads(body)
            raw = oci.files["blobs/sha256/" + own["config"]["digest"][7:]]
            assert find in raw
            own["config"] = oci.blob(raw.replace(find, put, 1), CONFIG)
            return oci.finish(oci.blob(own, MANIFEST))
        assert find in body
        return oci.finish(oci.blob(body.replace(find, put, 1), MANIFEST))

    size = descriptor()
    yield "65-index-twice", Oci().finish(index=b'{"manifests": [], "manifests": []}'), "3", "duplicate"
    yield "65-layers-twice", text(b'"layers"', b'"layers": [], "layers"', "manifest"), "3", "duplicate"
    yield "65-layers-twice-escaped", text(b'"layers"', b'"l\\u0061yers": [], "layers"', "manifest"), "3", "duplicate"
    yield "65-config-twice", text(b'"os"', b'"os": "linux", "os"', "config"), "3", "duplicate"
    yield "67-size-minus", descriptor(size=-1), "3", "bad size"
    yield "67-size-2-64", descriptor(size=1 << 64), "3", "instead of"
    yield "67-size-fraction", descriptor(size=1.5), "3", "bad size"
    yield "67-size-text", descriptor(size="100"), "3", "bad size"
    yield "67-size-none", descriptor(size=None), "3", "bad size"
    yield "67-size-most", descriptor(size=(1 << 63) - 1), "3", ""
    yield "67-layer-size-minus", layer_descriptor(size=-1), "3", "bad size"
    yield "68-both", manifest(manifests=[]), "3", "both manifests and layers"
    yield "68-both-fslayers", manifest(layers=None, fsLayers=[], manifests=[]), "3", "both manifests and layers"
    yield "68-both-upper-case", manifest(Manifests=[]), "3", "'manifests'"
    yield "68-both-top", Oci().finish(index={"manifests": [], "layers": []}), "3", "both manifests and layers"
    yield "68-manifest-says-index", manifest(mediaType=INDEX), "3", "described as"
    yield "68-index-called-manifest", descriptor(mediaType=INDEX), "3", "described as"
    oci = Oci()
    yield "68-manifest-called-index", oci.finish({**oci.index([]), "mediaType": MANIFEST}), "3", "described as"
    oci = Oci()
    no_type = oci.blob({"schemaVersion": 2, "manifests": []}, MANIFEST)
    yield "68-untyped-index-called-manifest", oci.finish(no_type), "0|3", ""
    for name, digest in (("path", "sha256:../../../../etc/passwd"), ("upper", "sha256:" + "A" * 64),
                         ("short", "sha256:" + "a" * 63), ("long", "sha256:" + "a" * 65), ("sha1", "sha1:" + "a" * 40),
                         ("sha512", "sha512:" + "a" * 128), ("unknown", "foo:bar"), ("empty", ""), ("bare", "a" * 64),
                         ("number", 7), ("none", None), ("slash", "sha256:" + "a" * 31 + "/" + "a" * 32),
                         ("newline", "sha256:" + "a" * 63 + "\n")):
        yield f"69-digest-{name}", descriptor(digest=digest), "3", "digest"
    yield "69-layer-digest-path", layer_descriptor(digest="sha256:../../../etc/passwd"), "3", "digest"
    yield "69-config-digest-path", config_descriptor(digest="sha256:../../../etc/passwd"), "3", "digest"
    yield "70-manifest-size-shorter", descriptor(size=10), "3", "bytes instead of 10"
    yield "70-manifest-size-longer", descriptor(size=100000), "3", "bytes instead of 100000"
    yield "70-config-size-longer", config_descriptor(size=100000), "3", "bytes instead of 100000"
    yield "70-layer-size-shorter", layer_descriptor(size=10), "3", "bytes instead of 10"
    yield "70-layer-size-longer", layer_descriptor(size=100000000), "3", "bytes instead of 100000000"
    for name, which in (("manifest", MANIFEST), ("config", CONFIG), ("layer", LAYER)):
        oci, image = one()
        body = json.loads(oci.files["blobs/sha256/" + image["digest"][7:]])
        digest = {MANIFEST: image, CONFIG: body["config"], LAYER: body["layers"][0]}[which]["digest"][7:]
        blob = oci.files["blobs/sha256/" + digest]
        wrong = blob.replace(b"PRETTY", b"pretty") if which == LAYER else blob.replace(b" ", b"\t", 1)
        # Of layers only the headers are read, so that their digest is not checked.
        status = "0|3" if which == LAYER else "3"
        yield f"70-{name}-other-bytes", {**oci.finish(image), "blobs/sha256/" + digest: wrong}, status, ""
        files = oci.finish(image)
        del files["blobs/sha256/" + digest]
        yield f"71-{name}-missing", files, "0|3" if which == LAYER else "3", "" if which == LAYER else "is missing"
    yield "71-index-missing", {name: data for name, data in size.items() if name != "index.json"}, "3", "index.json"
    oci = Oci()
    inner = oci.platform([layer], "arm", "v7")
    for _ in range(8):
        inner = oci.index([inner])
    yield "72-depth-9", oci.finish(inner), "3", "more than 8 deep"
    oci = Oci()
    itself = {"mediaType": INDEX, "digest": digest_of(b"x"), "size": 100}
    oci.files["blobs/sha256/" + digest_of(b"x")[7:]] = pack({"mediaType": INDEX, "manifests": [itself]}).ljust(100)
    yield "72-itself", oci.finish(itself), "3", ""
    oci, image = one()
    yield "72-257-images", oci.finish(*[image] * 257), "3", "more than 256 images"
    yield "72-manifests-null", Oci().finish(index={"manifests": None}), "3", "without a list of manifests"
    yield "72-manifests-object", Oci().finish(index={"manifests": {}}), "3", "without a list of manifests"
    yield "72-manifests-of-text", Oci().finish(index={"manifests": ["x"]}), "3", "not an object"
    yield "72-index-is-array", Oci().finish(index=b"[]"), "3", "without a list of manifests"
    for name, layout in (("9.9", b'{"imageLayoutVersion": "9.9"}'), ("none", b"{}"), ("array", b"[]"),
                         ("number", b'{"imageLayoutVersion": 1}'), ("not-json", b"1.0.0")):
        yield f"74-layout-{name}", {**size, "oci-layout": layout}, "3", "JSON" if name == "not-json" else "OCI layout"
    yield "74-layout-missing", {name: data for name, data in size.items() if name != "oci-layout"}, "3", "oci-layout"
    yield "75-too-few-diff-ids", config(rootfs={"type": "layers", "diff_ids": []}), "3", "1 layers and a config with 0"
    yield "75-too-many-diff-ids", config(rootfs={"diff_ids": [digest_of(b"")] * 2}), "3", "a config with 2"
    yield "75-diff-ids-object", config(rootfs={"diff_ids": {}}), "3", "not a list"
    yield "75-no-rootfs", config(rootfs=None), "3", "no rootfs"
    yield "75-rootfs-array", config(rootfs=[]), "3", "no rootfs"
    yield "75-layers-object", manifest(layers={}), "0", ""
    yield "75-layers-none", manifest(layers=None), "0", ""
    yield "75-config-none", manifest(config=None), "0|3", ""
    yield "77-data", descriptor(data=base64.b64encode(b"something else").decode()), "3", "descriptor"
    yield "78-unknown-type", descriptor(mediaType="application/vnd.future.v9+json"), "0", ""
    yield "78-no-type", descriptor(mediaType=None), "0|3", ""
    oci = Oci()
    other = oci.image([layer])
    body = json.loads(oci.files["blobs/sha256/" + other["digest"][7:]])
    body["layers"] = [oci.blob(os.urandom(700), LAYER + "+gzip+encrypted")]
    yield "78-encrypted-layer", oci.finish(oci.blob(body, MANIFEST)), "0", ""
    yield "name-of-300", descriptor(annotations={"org.opencontainers.image.ref.name": "x" * 300}), "0|3", ""
    yield "architecture-of-300", config(architecture="x" * 300), "3", "256 bytes"
    yield "architecture-number", config(architecture=7), "0", ""
    yield "architecture-escapes", config(architecture="\x1b[31m", variant="\n\r\t"), "0", ""


def bad_oci(to):
    layer = tar(system(arm()))
    for name, files, *expected in bad_documents(layer):
        write(f"{to}/{name}.tar", archive(files))
        row(name + ".tar", *expected)
    for name, text, words in texts():
        write(f"{to}/docker-manifest-{name}.tar", docker_with(layer, manifest=text))
        row(f"docker-manifest-{name}.tar", "3", words)
    for name, change, *expected in (
            ("null", {"manifest": b"null"}, "3", "manifest.json"),
            ("object", {"manifest": b"{}"}, "3", "is not a list"),
            ("of-text", {"manifest": ["x"]}, "3", "no config"),
            ("no-config", {"manifest": {"Config": None}}, "3", "no config"),
            ("config-number", {"manifest": {"Config": 7}}, "3", "no config"),
            ("config-missing", {"manifest": {"Config": "x.json"}}, "3", "x.json is missing"),
            ("60-config-dotdot", {"manifest": {"Config": "../../etc/passwd"}}, "3", "leaves the image"),
            ("65-twice", {"manifest": b'[{"Config": "a", "Config": "b"}]'}, "3", "duplicate"),
            ("layers-null", {"manifest": {"Layers": None}}, "3", "list"),
            ("layers-object", {"manifest": {"Layers": {}}}, "3", "list"),
            ("75-layers-more", {"manifest": {"Layers": ["a", "b"]}}, "3", "2 layers and the config 1"),
            ("75-diff-ids-more", {"config": config_of([layer, layer])}, "3", "1 layers and the config 2"),
            ("config-array", {"config": b"[]"}, "3", "no rootfs"),
            ("tags-number", {"manifest": {"RepoTags": 7}}, "0|3", "")):
        write(f"{to}/docker-{name}.tar", docker_with(layer, **change))
        row(f"docker-{name}.tar", *expected)
    huge = io.BytesIO(tf.header("manifest.json", 100 << 20))
    with open(f"{to}/64-string-100m.tar", "wb") as file:
        file.write(huge.getvalue() + b'["')
        file.truncate(tf.BLOCK + (100 << 20) + 1024)
    row("64-string-100m.tar", "3", "more than 4194304 bytes")


def bad_layout(to):
    """OCI layouts in directories, where a file is something else."""
    layer = tar(system(arm()))
    outside = f"{to}/outside"
    oci = Oci()
    good = oci.finish(oci.image([layer]))
    write_layout(outside, good)
    blob = "blobs/sha256/" + json.loads(good["index.json"])["manifests"][0]["digest"][7:]
    layer_blob = "blobs/sha256/" + digest_of(layer)[7:]

    def make(name, *expected):
        write_layout(f"{to}/{name}", good)
        row(name, *expected)
        return f"{to}/{name}"

    def swap(path, make_other):
        os.remove(path)
        make_other(path)

    path = make("76-blobs-link", "3", "")
    os.rename(f"{path}/blobs/sha256", f"{to}/moved-sha256")
    os.symlink(f"{to}/moved-sha256", f"{path}/blobs/sha256")
    path = make("76-blobs-link-etc", "3", "")
    os.rename(f"{path}/blobs", f"{to}/moved-blobs")
    os.symlink("/etc", f"{path}/blobs")
    for what, where, words in (("manifest", blob, "not a regular file"), ("layer", layer_blob, "not a regular file"),
                               ("index", "index.json", "not a regular file"), ("layout", "oci-layout", "not a regular file")):
        path = make(f"76-{what}-fifo", "3", words)
        swap(f"{path}/{where}", os.mkfifo)
        # The caller owns these links: of blobs they count.
        path = make(f"76-{what}-link", *(("0", "") if where.startswith("blobs/") else ("3", words)))
        swap(f"{path}/{where}", lambda there, where=where: os.symlink(f"{outside}/{where}", there))
        path = make(f"76-{what}-directory", "3", words)
        swap(f"{path}/{where}", os.mkdir)
    make("76-good", "0", "")


def bad_codec(to):
    content = system(arm())
    for name, (layer, *expected) in tf.bad_streams(content).items():
        write(f"{to}/{name}.tar", around(layer))
        row(name + ".tar", *expected)
    files = docker([([tar(content)], config_of([tar(content)]), ["test:1"])])
    members = b"".join(member(name, data) for name, data in files.items())
    for name, (data, *expected) in tf.bad_streams(members).items():
        if name.startswith(("bzip2", "xz", "84-gzip", "80-zstd-no-checksum", "81-zstd-checksum")):
            continue
        write(f"{to}/archive-{name}.tar", data)
        row(f"archive-{name}.tar", *expected)
    layer = tar(content)
    oci = Oci()
    image = oci.image([layer])
    body = json.loads(oci.files["blobs/sha256/" + image["digest"][7:]])
    for name, codec in (("gzip", gz), ("zstd", zstd)):
        body["layers"] = [oci.blob(codec(layer), LAYER)]
        write(f"{to}/86-{name}-called-tar.tar", archive(oci.finish(oci.blob(body, MANIFEST))))
        row(f"86-{name}-called-tar.tar", "0", "")
        body["layers"] = [oci.blob(layer, LAYER + "+" + name)]
        write(f"{to}/86-tar-called-{name}.tar", archive(oci.finish(oci.blob(body, MANIFEST))))
        row(f"86-tar-called-{name}.tar", "0", "")
