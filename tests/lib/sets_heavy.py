# SPDX-License-Identifier: MIT
"""Small files that take long or much where something is not bounded."""
import struct
import zlib

import tar_files as tf
from elf_files import arm, emulator
from image_files import INDEX, Oci, archive, around, config_of, docker, named, pack, row, write
from tar_files import directory, gz, hardlink, member, symlink, tar

# Pairs of words that leave the low 50 bits of FNV-1a alike, each behind the pairs before it: with one of each pair
# after the other there are 2^17 paths (a slash behind the sixth) that fall into one slot of a table of up to 2^18.
COLLIDING = """
n7EOFVOxD 5Hw+hHnta ao4RfJlm5 MFtev3CE7 gAzjToRcD q3XsUCrkx V+YZgtNwF hJ9MTR4We 72IgzaBUD UiCgkYhXM
mhLH3a1IW rVn9iuGr6 -dwa10x8R 97FsPpnZy s9XytPPUc q3W4KuTnj La8fjZIFg OhsytOPNq CYoqU81PM iavHPxBy0
eEIiXsb-o smElqv4R3 SRAyrgl+O +9NYaplae q5T7ydEcD aUC1qH9gm ufggQCdjK pLmDjWMJq y8K4TUONE VZNGFilU4
2kMQs7DEL D44n8cNwp c5KXDzXfq 5vrLgjfE7
""".split()


def heavy(to, only=None):
    """Small files that take long or much where something is not bounded. Fields: status, words."""
    for name, make in (("collisions", heavy_collisions), ("collisions-anyway", heavy_collisions_anyway),
                       ("deep-paths", heavy_deep_paths),
                       ("deep-whiteouts", heavy_deep_whiteouts), ("documents", heavy_documents),
                       ("layer-names", heavy_layer_names), ("shared-layer", heavy_shared_layer),
                       ("members", heavy_members), ("members-of-archive", heavy_members_of_archive),
                       ("memory", heavy_memory), ("names", heavy_names), ("nested", heavy_nested),
                       ("nested-objects", heavy_nested_objects), ("objects", heavy_objects), ("labels", heavy_labels),
                       ("integers", heavy_integers), ("escapes", heavy_escapes), ("bombs", heavy_bombs),
                       ("window", heavy_window), ("records", heavy_records),
                       ("histories", heavy_histories), ("path", heavy_path), ("holes", heavy_holes), ("parts", heavy_parts),
                       ("segments", heavy_segments), ("attributes", heavy_attributes), ("hard-links", heavy_hard_links),
                       ("link-chains", heavy_link_chains), ("empty-members", heavy_empty_members),
                       ("needed", heavy_needed), ("artifacts", heavy_artifacts)):
        if only in (None, name):
            write(f"{to}/{name}.tar", make())
            row(name + ".tar", "0|3", "")


def gz_parts(parts):
    deflate = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join(deflate.compress(part) for part in parts) + deflate.flush()


def headers(names, content=b""):
    """The headers of many small files, without all that header() does for each."""
    block = tf.header("", len(content))
    base, tail, rest = sum(block) - sum(block[148:156]) + 8 * 32, block[156:], tf.padded(content)
    for name in names:
        yield name + block[len(name):148] + b"%06o\0 " % (base + sum(name)) + tail + rest


def heavy_collisions():
    def names(count):
        for number in range(1 << count):
            words = [COLLIDING[2 * i + (number >> i & 1)] for i in range(count)]
            yield "".join(words[:6]), "".join(words[6:])

    return around(gz_parts([*(tf.header(name, prefix=prefix.encode()) for prefix, name in names(17)), tf.END]))


def heavy_collisions_anyway():
    """Names that collide in every polynomial modulo 2^64: sums of shifted Thue-Morse sequences of length 1024."""
    def names(count):
        length = 1024 + count
        signs = [-1 if bin(i).count("1") % 2 else 1 for i in range(1024)]
        shifted = [sum(sign << 8 * (i + k) for i, sign in enumerate(signs)) for k in range(count)]
        value, chosen = sum(80 << 8 * i for i in range(length)), 0
        yield value.to_bytes(length, "little")
        for number in range(1, 1 << count):
            k = (number & -number).bit_length() - 1
            chosen ^= 1 << k
            value += shifted[k] if chosen >> k & 1 else -shifted[k]
            yield value.to_bytes(length, "little")

    return around(gz_parts([*(tf.gnu_name(name) + tf.header("x") for name in names(17)), tf.END]))


def heavy_deep_paths():
    """Under layers above them, every prefix of every path of a program is looked at."""
    deep = b"a/" * 4000
    bottom = gz_parts([*(member(deep + b"%d" % i, arm()) for i in range(2000)), tf.END])
    above = [tar(member(f"f{i}")) for i in range(100)]
    layers = [bottom, *above]
    return archive(docker([(layers, config_of(layers), ["test:1"])], "new"))


def heavy_deep_whiteouts():
    deep = b"a/" * 4000
    bottom = gz_parts([*(member(deep + b"%d" % i, arm()) for i in range(500)), tf.END])
    above = [gz_parts([*(member(deep[:2 * k] + b".wh.x%d" % i) for k in range(0, 4000, 4)), tf.END]) for i in range(4)]
    layers = [bottom, *above]
    return archive(docker([(layers, config_of(layers), ["test:1"])], "new"))


def heavy_documents():
    """A thousand times the same big index."""
    oci = Oci()
    big = oci.blob(b'{"manifests": [], "x": [' + b"[1]," * ((4 << 18) - 10) + b"1]}", INDEX)
    return archive(oci.finish(*[big] * 990))


def heavy_layer_names():
    """Many images of many layers that are not there."""
    files = {"c": pack({"rootfs": {"diff_ids": [0] * 1000}})}
    files["manifest.json"] = pack([{"Config": "c", "Layers": [f"{image * 1000 + i:x}" for i in range(1000)]}
                                   for image in range(256)])
    return archive(files)


def heavy_shared_layer():
    """Many images of the same layer, which has many programs."""
    layer = gz_parts([*headers((b"%x" % i for i in range(200000)), arm()[:64]), tf.END])
    return archive(docker([([layer], config_of([layer], author=str(i)), [f"test:{i}"]) for i in range(256)], "new"))


def million():
    return gz_parts([*headers(b"%x" % (i * 2654435761 % (1 << 32)) for i in range(1000000)), tf.END])


def heavy_members():
    """Case 58, as a layer."""
    return around(million())


def heavy_members_of_archive():
    """The same of the archive itself."""
    return million()


def heavy_memory():
    """Many layers, each with as many names as its size allows."""
    many = gz_parts([*headers(b"d" * 60 + b"%x" % i for i in range(300000)), tf.END])
    layers = [gz(member(f"{i}")) + many for i in range(16)]
    return archive(docker([(layers, config_of(layers), ["test:1"])], "new"))


def heavy_names():
    """One name, long, over and over."""
    long = tf.gnu_name(b"n" * 65000)
    return around(gz_parts([*(long + tf.header("x") for _ in range(4000)), tf.END]))


def nested(padding):
    """Indexes in indexes, each with so much beside the one below it."""
    oci = Oci()
    one = oci.image([tar(member("bin/sh", arm()))], **named("1"))
    for _ in range(6):
        one = oci.blob(pack({"schemaVersion": 2, "manifests": [one]})[:-1] + b', "x": [' + padding + b"{}]}", INDEX)
    return gz(archive(oci.finish(one)), 1)


def heavy_nested():
    """What is read within the limit of bytes."""
    return nested(b"[]," * 15000)


def heavy_nested_objects():
    return nested(b"{}," * 800000)


def with_config(text):
    """An image whose config has this beside the rest."""
    layer = tar(member("bin/sh", arm()))
    files = docker([([layer], config_of([layer], x="here"), ["test:1"])])
    name = next(name for name in files if name.endswith(".json") and name != "manifest.json")
    files[name] = files[name].replace(b'"here"', text)
    return archive(files)


def heavy_objects():
    return with_config(b"[" + b"{}," * 1200000 + b"{}]")


def heavy_labels():
    return with_config(b"{" + b",".join(b'"k%d":"v"' % i for i in range(250000)) + b"}")


def heavy_integers():
    """Each is beyond 64 bits, which the parser does not know."""
    return with_config(b"[" + b"9" * 3000000 + b"," + b"98765432109876543210," * 30000 + b"1]")


def heavy_escapes():
    return with_config(b'"' + b"\\u0041" * 600000 + b'"')


def heavy_bombs():
    """Many layers, each of which stays below what one may decompress to."""
    size = 240 << 20
    zeros = tf.gz_zeros(b"", size + len(tf.END))
    layers = [gz(tf.header(f"f{i}", size)) + zeros for i in range(30)]
    return archive(docker([(layers, config_of([b"%d" % i for i in range(30)]), ["test:1"])], "new"))


def heavy_records():
    """One member, and before it many headers with as many records as one may have."""
    value = bytes(1 << 20)[:(1 << 20) - 64]
    return around(gz_parts([*(tf.pax(**{"SCHILY.xattr.user.x%d" % i: value}) for i in range(200)),
                            tf.member("bin/sh", arm()), tf.END]))


def heavy_window():
    """Frames with the largest window that is taken, and more zeros than it."""
    layers = [tf.zstd(member(f"f{i}", size=64 << 20), window_log=25, zeros=64 << 20) for i in range(4)]
    return archive(docker([(layers, config_of(layers), ["test:1"])], "new"))


def heavy_histories():
    """Many images, each with a config that alone is within its limits."""
    layer = tar(member("bin/sh", arm()))
    history = [{"comment": f"anyarch-inject 1 sha256:{i:064} sha256:{i:064}"} for i in range(4000)]
    return gz(archive(docker([([layer], config_of([layer], author=str(i), history=history), [f"test:{i}"])
                              for i in range(256)])))


def heavy_path():
    """A program that is looked for in many directories, each behind 38 links."""
    layer = tar(*(symlink(f"d{i}", f"d{i + 1}") for i in range(38)), directory("d38"), member("bin/sh", arm()))
    config = config_of([layer], config={"Env": ["PATH=" + ":".join(["/d0"] * 800000)], "Entrypoint": ["missing"]})
    return gz(archive(docker([([layer], config, ["test:1"])])), 9)


def sparse(name, data, parts, size):
    """A member with holes. parts: offset and size of each range that data has."""
    numbers = tf.padded(b"%d\n" % len(parts) + b"".join(b"%d\n%d\n" % part for part in parts))
    return tf.pax(GNU__sparse__major=1, GNU__sparse__minor=0, GNU__sparse__name=name, GNU__sparse__realsize=size) + \
        tf.member("x", numbers + data)


def heavy_holes():
    """Programs and emulators of 48 MiB, of which nearly nothing is in the file."""
    programs = ("sh", arm()), ("qemu-arm-static", emulator("arm"))
    return around(gz_parts([*(sparse(f"{i}/{name}", data, [(0, len(data))], 48 << 20)
                              for i in range(3000) for name, data in programs), tf.END]))


def heavy_parts():
    """The same, and in many parts."""
    data = arm() + bytes(60000)
    parts = [(0, len(arm())), *((4096 + 700 * i, 1) for i in range(60000))]
    one = sparse("00/sh", data, parts, 42 << 20)
    return around(gz_parts([*(one.replace(b"=00/", b"=%02d/" % i) for i in range(40)), tf.END]))


def heavy_segments():
    """Programs with a thousand dynamic sections."""
    program = arm(segments=[(2, 1 << 16, 1 << 16)] * 1020, body=b"\1" * (2 << 16))
    return around(gz_parts([*(member(f"{i}/sh", program) for i in range(1000)), tf.END]))


def heavy_attributes():
    """Directories with 25,000 extended attributes each."""
    records = b"".join(tf.records(**{f"SCHILY.xattr.user.{i}": b"y"}) for i in range(25000))
    return around(gz_parts([*(tf.pax(records) + directory("usr/bin") for _ in range(100)), member("bin/sh", arm()), tf.END]))


def heavy_hard_links():
    """A shell that is a hard link to a hard link, and so on."""
    return around(gz_parts([member("sh", arm()), hardlink("0/sh", "sh"),
                            *(hardlink(f"{i + 1}/sh", f"{i}/sh") for i in range(150000)), tf.END]))


def heavy_link_chains():
    """A program that is looked for through 38 links, each in a layer of its own, in 8 images of 1,000 layers."""
    layers = [tar(member("d1000/sh", arm())), *(tar(symlink(f"d{i}", f"d{i + 1}")) for i in range(962, 1000))]
    layers += [tar(member("empty"))] * 961
    start = {"Env": ["PATH=" + ":".join(["/d962"] * 700)], "Entrypoint": ["missing"], "Cmd": ["none"]}
    return archive(docker([(layers, config_of(layers, author=str(i), config=start), [f"test:{i}"]) for i in range(8)], "new"))


def heavy_empty_members():
    """A layer behind 390,000 members of gzip without content."""
    return around(gz(b"") * 390000 + gz(tar(member("bin/sh", arm()))))


def heavy_needed():
    """A program that needs 550,000 libraries, all with one name of 5 MB."""
    dynamic = struct.pack("<IIII", 5, 0x10000, 10, 5 << 20) + struct.pack("<II", 1, 1) * 550000
    program = arm(interp=b"/lib/ld-linux-armhf.so.3\0", dynamic=dynamic, body=b"n" * (5 << 20), kind=3)
    return around(gz(tar(member("bin/sh", program))))


def heavy_artifacts():
    """Documents of an unknown type that lead to 4,500 blobs."""
    oci = Oci()
    image = oci.image([tar(member("bin/sh", arm()))], **named("1"))
    blobs = [oci.blob(b"%d" % i, "text/plain") for i in range(4500)]
    return archive(oci.finish(image, *(oci.blob(pack({"manifests": blobs[i::9]}), "application/x.index") for i in range(9))))
