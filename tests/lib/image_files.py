# SPDX-License-Identifier: MIT
"""Images made of bytes: docker-archives and OCI layouts, and how the sets of files are written."""
import hashlib
import json
import os

from tar_files import directory, gz, member, symlink, tar, zstd

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
RELEASE = b'NAME="Test"\nPRETTY_NAME="Test GNU/Linux 1"\n'


def system(shell, *more):
    """The members of a small system whose programs are all this one."""
    return b"".join((directory("bin"), member("bin/dash", shell), symlink("bin/sh", "dash"), directory("etc"),
                     member("etc/os-release", RELEASE, mode=0o644), *more))


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def pack(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def config_of(layers, architecture="arm", variant="v7", **more):
    """The config of an image with these (uncompressed) layers."""
    config = {"architecture": architecture, "os": "linux",
              "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}}
    if variant:
        config["variant"] = variant
    config.update(more)
    return {key: value for key, value in config.items() if value is not None}


class Oci:
    """An OCI layout that is being made: members by name."""

    def __init__(self):
        self.files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
        self.top = []

    def blob(self, value, media_type, **more):
        data = pack(value)
        digest = digest_of(data)
        self.files["blobs/sha256/" + digest[7:]] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def image(self, layers, architecture="arm", variant="v7", codec=None, config=None, manifest=None, **more):
        """Adds the blobs of an image; the descriptor of its manifest. manifest: members that it gets besides."""
        config = config_of(layers, **{"architecture": architecture, "variant": variant, **(config or {})})
        kind = LAYER + {None: "", gz: "+gzip", zstd: "+zstd"}[codec]
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.blob(config, CONFIG),
                "layers": [self.blob(codec(layer) if codec else layer, kind) for layer in layers], **(manifest or {})}
        return self.blob(body, MANIFEST, **more)

    def platform(self, layers, architecture, variant=None, **more):
        """The same, as an index has it."""
        platform = {"os": "linux", "architecture": architecture, **({"variant": variant} if variant else {})}
        return self.image(layers, architecture, variant, platform=platform, **more)

    def index(self, manifests, **more):
        return self.blob({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, INDEX, **more)

    def finish(self, *manifests, index=None):
        """The members, with these in index.json, or with an index.json of another form."""
        body = {"schemaVersion": 2, "manifests": list(manifests)} if index is None else index
        return {**self.files, "index.json": pack(body)}


def named(reference):
    return {"annotations": {"org.opencontainers.image.ref.name": reference}}


def docker(images, style="old"):
    """docker save of (layers, config, tags), as before version 25 (old) and after (new)."""
    files, manifest, seen = {}, [], {}
    for layers, config, tags in images:
        paths = []
        for layer in layers:
            hex_name = digest_of(layer)[7:]
            path = f"{hex_name}/layer.tar" if style == "old" else f"blobs/sha256/{hex_name}"
            if style == "old" and hex_name in seen:
                again = f"{len(seen):064x}/layer.tar"
                files[again] = ("link", f"../{seen[hex_name]}")
                path = again
            else:
                seen[hex_name] = path
                files[path] = layer
            paths.append(path)
        data = pack(config)
        name = digest_of(data)[7:]
        where = f"{name}.json" if style == "old" else f"blobs/sha256/{name}"
        files[where] = data
        manifest.append({"Config": where, "RepoTags": tags, "Layers": paths})
    files["manifest.json"] = pack(manifest)
    return files


def archive(files, *more):
    """A tar of these members: bytes, or ("link", target). more: raw members behind them."""
    out = []
    for name, data in files.items():
        out.append(symlink(name, data[1]) if isinstance(data, tuple) else member(name, data, mode=0o644))
    return tar(*out, *more)


def write(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)


def write_layout(path, files):
    for name, data in files.items():
        write(os.path.join(path, name), data)


def row(*fields):
    print("\t".join(fields))


def around(layer):
    """A docker-archive around one layer, whatever that is."""
    return archive(docker([([layer], config_of([layer]), ["test:1"])]))
