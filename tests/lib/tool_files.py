# SPDX-License-Identifier: MIT
"""Compilers that are none: tiny ELF files with what native tools and those of a root are told by, and a directory of them."""
import base64
import hashlib
import json
import os
import struct

import elf_files as E
import image_files as I
import tar_files as T

NOTE = 4
TRIPLET = "aarch64-linux-gnu"
INTERPRETER = b"/lib64/ld-linux-x86-64.so.2\0"


def use_armhf():
    """From here on a 32-bit root's: toolchain() and twins() are told so."""
    global TRIPLET
    TRIPLET = "arm-linux-gnueabihf"


def texts(name, version=None, triplet=None):
    """What GCC or Binutils have in their programs."""
    triplet = triplet or TRIPLET
    if name.startswith("cc1"):
        version = version or "12.2.0"
        return f"\0(Debian {version}-14) \0{version}\0{triplet}\0".encode()
    return f"\0(GNU Binutils for Debian) {version or '2.40'}\0{triplet}\0".encode()


def note(ident):
    return struct.pack("<III", 4, len(ident), 3) + b"GNU\0" + ident


def twin(name, version=None, ident=None, more=b"", make=E.arm64):
    """A program of the root: with a build ID, unless that is b''."""
    ident = I.digest_of(name.encode())[7:27].encode() if ident is None else ident
    bits = 32 if make is E.arm else 64
    at = 64 + 2 * 56 if bits == 64 else 52 + 2 * 32
    own = note(ident) if ident else b""
    return make(body=own + texts(name, version) + more, segments=[(NOTE, at, len(own))])


def dynamic(more, needed=None, interp=None):
    """A program for amd64 that wants a library and a loader, or a library that wants neither."""
    at = 64 + (2 + (interp is not None)) * 56 + len(interp or b"")
    strings = b"\0" + (needed or b"") + b"\0"
    wants = struct.pack("<QQ", 1, 1) if needed else b""
    wants += struct.pack("<QQQQ", 5, 0x10000 + at, 0, 0)
    return E.amd64(interp=interp, body=strings + wants + more, segments=[(E.DYNAMIC, at + len(strings), len(wants))])


def native(name, version=None):
    return dynamic(texts(name, version) + b"\0native\0", b"libc.so.6", INTERPRETER)


def tool_files(names=("cc1", "as", "ld.bfd")):
    """What a root for this machine has of cross packages."""
    files = {"lib64/ld-linux-x86-64.so.2": E.amd64(body=b"--argv0"), "lib/x86_64-linux-gnu/libc.so.6": dynamic(b"libc")}
    for name in names:
        files[f"usr/lib/gcc-cross/{TRIPLET}/12/{name}" if name.startswith("cc1") else f"usr/bin/{TRIPLET}-{name}"] = native(name)
    return files


def apk(name, version, file=None, depends=(), provides=(), digest=None):
    """A paragraph of apk's records: a package, with a program of its name."""
    lines = ["C:Q1xxxxxxxxxxxxxxxxxxxxxxxxxxx=", f"P:{name}", f"V:{version}", "A:aarch64", "T:text", "L:MIT", "D:" + " ".join(depends),
             "p:" + " ".join(provides), "F:etc", f"R:{name}", "Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    if file is not None:
        digest = digest or "Q1" + base64.b64encode(hashlib.sha1(file).digest()).decode()
        lines += ["F:bin", "M:0:0:755", f"R:{name}", "a:0:0:755", "Z:" + digest]
    return "\n".join(lines) + "\n\n"


def apk_files(make, own, version="4.9-r2", musl="1.2.5-r0", library="2.3-r1", **more):
    """A system with musl, and with sed and a library of it by apk's records."""
    loader = f"so:libc.musl-{own}.so.1"
    sed = twin("as", more=b"sed") if make is E.arm64 else dynamic(b"sed", f"libc.musl-{own}.so.1".encode(), b"/lib/ld-musl-x86_64.so.1\0")
    records = (apk("musl", musl, provides=["cmd:ldd=1", f"{loader}=1"]) + apk("acl-libs", library, provides=["so:libacl.so.1=1.1"]) +
               apk("sed", version, sed, ["/bin/sh", "so:libacl.so.1", loader], **more))
    return {"bin/sed": sed, "lib/ld-musl-x86_64.so.1": make(body=b"argv0\0"), "lib/apk/db/installed": records.encode()}


def toolchain(path, names=("cc1", "as", "ld.bfd")):
    """A directory with these, as "anyarch toolchain" makes it."""
    files = tool_files(names)
    for name, data in files.items():
        I.write(os.path.join(path, name), data, 0o755)
    manifest = {"files": [{"name": name, "size": len(data), "digest": I.digest_of(data)} for name, data in files.items()]}
    I.write(os.path.join(path, "toolchain.json"), json.dumps(manifest).encode())


def set_layer(*more, names=("cc1", "as", "ld.bfd")):
    """A layer: a system for this machine with these."""
    return T.tar(I.system(E.amd64()), *(member(name, data) for name, data in tool_files(names).items()), *more)


def set_image(path, *layers, architecture="amd64", codec=None):
    """A layout with the image of a set; as an archive where the path ends so."""
    oci = I.Oci()
    files = oci.finish(oci.image(list(layers), architecture, None, **({"codec": codec} if codec else {}), **I.named("1")))
    if path.endswith(".tar"):
        I.write(path, I.archive(files))
    else:
        I.write_layout(path, files)


def member(name, data, **more):
    return T.member(name, data, **{"mode": 0o755, "mtime": 1600000000, **more})


def twins(names=("cc1", "as", "ld.bfd"), **more):
    """Members with these, where Debian has them."""
    gcc = f"usr/lib/gcc/{TRIPLET}/12/"
    where = {"cc1": gcc, "cc1plus": gcc}
    return b"".join(member(where.get(name, "usr/bin/") + name, twin(name, **more)) for name in names)


def system(*more, names=("cc1", "as", "ld.bfd")):
    """A layer: a small system with a compiler."""
    return T.tar(I.system(E.arm64()), T.directory("usr"), T.directory("usr/bin"), T.directory("usr/lib"), twins(names), *more)


def layout(path, *layers, has_history=True, **more):
    oci = I.Oci()
    config = {"history": [{"created_by": f"layer {i}"} for i in range(len(layers))]} if has_history else None
    I.write_layout(path, oci.finish(oci.image(list(layers), "arm64", None, config=config, **I.named("1"), **more)))


def one(path, *more, names=("cc1", "as", "ld.bfd")):
    """An image of one layer: a system with a compiler, and more members."""
    layout(path, system(*more, names=names))


def blob(path, digest):
    with open(os.path.join(path, "blobs/sha256", digest[7:]), "rb") as file:
        return file.read()


def change(path, function):
    """Another config and manifest for the image of a layout, as function(oci, config, manifest) leaves them."""
    oci = I.Oci()
    with open(os.path.join(path, "index.json"), "rb") as file:
        index = json.load(file)
    top = index["manifests"][0]["digest"]
    manifest = json.loads(blob(path, top))
    config = json.loads(blob(path, manifest["config"]["digest"]))
    for digest in top, manifest["config"]["digest"]:
        os.remove(os.path.join(path, "blobs/sha256", digest[7:]))
    function(oci, config, manifest)
    manifest["config"] = oci.blob(config, I.CONFIG)
    I.write_layout(path, oci.finish(oci.blob(manifest, I.MANIFEST, **I.named("1"))))


def on_top(path, layer, command="RUN something"):
    """The image of a layout with one layer more, as a build on it leaves it."""
    def add(oci, config, manifest):
        config["rootfs"]["diff_ids"].append(I.digest_of(layer))
        config.pop("anyarch-inject", None) # which builders do not know
        config.setdefault("history", []).append({"created_by": command})
        manifest["layers"].append(oci.blob(layer, I.LAYER))
    change(path, add)


def mark(path, at, comment):
    """The comment of an entry of the history; {}: the digest of the topmost layer."""
    def put(_, config, __):
        config["history"][at]["comment"] = comment.format(config["rootfs"]["diff_ids"][-1])
    change(path, put)
