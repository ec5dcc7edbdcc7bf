# SPDX-License-Identifier: MIT
"""Tar archives made block by block, and compressed streams: good ones, and ones with a defect each."""
import functools
import gzip
import io
import struct
import zlib

BLOCK = 512
END = bytes(2 * BLOCK)


def number(value, width):
    """Octal where it fits, else GNU's base-256, also for what is negative. Bytes are taken as they are."""
    if isinstance(value, bytes):
        return value
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    field = bytearray((value % 256 ** width).to_bytes(width, "big"))
    field[0] |= 0x80
    return bytes(field)


def header(name, size=0, kind=b"0", link=b"", mode=0o755, magic=b"ustar\x0000", prefix=b"", checksum=None,
           mtime=0, uid=0):
    name, link = (text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text for text in (name, link))
    block = struct.pack("100s8s8s8s12s12s8ss100s8s32s32s8s8s155s12x", name, number(mode, 8), number(uid, 8),
                        number(0, 8), number(size, 12), number(mtime, 12), b" " * 8, kind, link, magic, b"", b"",
                        b"", b"", prefix)
    total = b"%06o\0 " % sum(block) if checksum is None else checksum
    return block[:148] + total + block[156:]


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def member(name, data=b"", kind=b"0", **more):
    """A header and its content; a name that is too long for it goes before it, as PAX has it."""
    raw = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    before = pax(path=raw) if len(raw) > 100 else b""
    return before + header(raw[:100], more.pop("size", len(data)), kind, **more) + padded(data)


def directory(name, mode=0o755):
    return member(name + "/", kind=b"5", mode=mode)


def symlink(name, target):
    return member(name, kind=b"2", link=target)


def hardlink(name, target):
    return member(name, kind=b"1", link=target)


def records(**pairs):
    out = b""
    for key, value in pairs.items():
        value = value if isinstance(value, bytes) else str(value).encode()
        rest = b" " + key.replace("__", ".").encode() + b"=" + value + b"\n"
        length = len(rest) + 1
        while len(b"%d" % length) + len(rest) != length:
            length += 1
        out += b"%d" % length + rest
    return out


def pax(raw=None, kind=b"x", **pairs):
    data = records(**pairs) if raw is None else raw
    return header("PaxHeaders/x", len(data), kind) + padded(data)


def gnu_name(name, kind=b"L", size=None):
    data = name + b"\0"
    return header("././@LongLink", len(data) if size is None else size, kind, magic=b"ustar  \0") + padded(data)


def tar(*members):
    return b"".join(members) + END


def gz(data, level=6):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=level, mtime=0, filename="") as stream:
        stream.write(data)
    return out.getvalue()


@functools.lru_cache
def gz_zeros(before, count):
    """gzip of these bytes and so many zeros, without having them all in memory."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, 31)
    parts = [deflate.compress(before)]
    chunk = bytes(1 << 20)
    for at in range(0, count, len(chunk)):
        parts.append(deflate.compress(chunk[:min(len(chunk), count - at)]))
    return b"".join(parts) + deflate.flush()


ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_BLOCK = 128 * 1024


def zstd(data, window_log=17, zeros=0, dictionary=None, kind=None):
    """A frame of blocks that are stored (RFC 8878), and of one more repeated byte for each of zeros."""
    out = ZSTD_MAGIC + bytes([0 if dictionary is None else 1, (window_log - 10) << 3])
    out += b"" if dictionary is None else bytes([dictionary])
    blocks = [(0, data[at:at + ZSTD_BLOCK], len(data[at:at + ZSTD_BLOCK])) for at in range(0, len(data), ZSTD_BLOCK)]
    blocks += [(1, b"\0", min(ZSTD_BLOCK, zeros - at)) for at in range(0, zeros, ZSTD_BLOCK)]
    blocks = blocks or [(0, b"", 0)]
    for i, (what, content, size) in enumerate(blocks):
        what = what if kind is None else kind
        out += struct.pack("<I", (i == len(blocks) - 1) | what << 1 | size << 3)[:3] + content
    return out


def skippable(data=b"anything", number=0):
    return struct.pack("<II", 0x184D2A50 + number, len(data)) + data


def bad_layers(content):
    """name: bytes of a layer, status, words of the message. content: members of a layer that is good."""
    good = tar(content)
    file_8g = header("big", b"77777777777\0") + bytes(BLOCK)
    bad = {
        "49-checksum": (good[:148] + b"000000\0 " + good[156:], "3", "wrong header checksum"),
        "49-checksum-no-number": (good[:148] + b"zzzzzz\0 " + good[156:], "3", "wrong header checksum"),
        "49-not-a-tar": (b"\x01" * 2048, "3", "wrong header checksum"),
        # As umoci writes layers.
        "50-no-end": (content, "0", ""),
        "50-no-end-no-padding": (tar(content, member("x", b"y" * 700))[:-len(END) - 324], "0", ""),
        "50-nothing-at-all": (b"", "0|3", ""),
        "50-one-zero-block": (content + bytes(BLOCK), "0", ""),
        "50-member-behind-zero-block": (content + bytes(BLOCK) + content, "3", "after its end"),
        "51-size-8g": (file_8g, "3", "truncated or corrupt"),
        "51-size-top": (header("x", 1 << 63) + END, "3", "bad number"),
        "51-size-most": (header("x", (1 << 63) - 1) + END, "3", "impossible size"),
        "51-size-most-padded": (header("x", (1 << 63) - 513) + END, "3", "truncated or corrupt"),
        "51-size-minus-1": (header("x", -1) + END, "3", "bad number"),
        "51-size-base256-full": (header("x", b"\x80" + b"\xff" * 11) + END, "3", "bad number"),
        "51-size-no-octal": (header("x", b"00000000089\0") + END, "3", "bad number"),
        "51-size-text": (header("x", b"size of it!\0") + END, "3", "bad number"),
        "51-mtime-minus-1": (tar(member("x", mtime=-1), content), "0", ""),
        "52-dotdot": (tar(member("../../outside", b"x"), content), "0", ""),
        "52-dotdot-inside": (tar(member("usr/../../outside", b"x"), content), "0", ""),
        "52-absolute": (tar(member("/etc/outside", b"x"), content), "0", ""),
        "52-dot": (tar(directory("."), content), "0", ""),
        "52-symlink-slash-dot": (tar(symlink("/.", "/etc"), content), "0", ""),
        "53-hard-link-outside": (tar(hardlink("x", "../../../etc/passwd"), content), "0", ""),
        "53-hard-link-absolute": (tar(hardlink("x", "/etc/passwd"), content), "0", ""),
        "53-hard-link-itself": (tar(hardlink("bin/dash", "bin/dash"), content), "0", ""),
        "55-size-smaller": (tar(pax(size=0), member("x", b"y" * BLOCK, size=BLOCK)[:BLOCK], content), "0", ""),
        "55-size-larger": (tar(pax(size=BLOCK), header("x", 0) + content[:BLOCK], content), "0", ""),
        "55-path-and-size-twice": (tar(pax(path="bin/a"), pax(path="bin/b"), member("bin/c"), content), "0", ""),
        "56-record-length-0": (tar(pax(b"0 path=x\n"), member("x")), "3", "bad PAX record"),
        "56-record-length-huge": (tar(pax(b"99999999999999999999 path=x\n"), member("x")), "3", "bad PAX record"),
        "56-record-length-over": (tar(pax(b"99 path=x\n"), member("x")), "3", "bad PAX record"),
        "56-record-length-short": (tar(pax(b"5 path=x\n"), member("x")), "3", "PAX record"),
        "56-record-length-minus": (tar(pax(b"-9 path=x\n"), member("x")), "3", "bad PAX record"),
        "56-record-no-number": (tar(pax(b"path=x\n"), member("x")), "3", "bad PAX record"),
        "56-record-no-equals": (tar(pax(b"7 path\n"), member("x")), "3", "PAX record"),
        "56-record-no-newline": (tar(pax(b"9 path=xx"), member("x")), "3", "bad PAX record"),
        "56-record-nul-in-name": (tar(pax(path=b"a\0b"), member("x")), "3", "NUL"),
        "56-pax-size-minus": (tar(pax(size=-1), member("x")), "3", "bad size"),
        "56-pax-size-top": (tar(pax(size=1 << 64), member("x")), "3", "bad size"),
        "56-pax-1g": (header("x", 1 << 30, b"x") + END, "3", "1073741824 bytes"),
        "56-pax-top": (header("x", (1 << 62), b"x") + END, "3", "4611686018427387904 bytes"),
        "56-pax-global-1g": (header("x", 1 << 30, b"g") + END, "3", "1073741824 bytes"),
        "56-longname-1g": (gnu_name(b"x", size=1 << 30) + END, "3", "1073741824 bytes"),
        "56-longlink-1g": (gnu_name(b"x", b"K", size=1 << 30) + END, "3", "1073741824 bytes"),
        "56-longname-cut": (gnu_name(b"x", size=60000), "3", "truncated or corrupt"),
        "56-longname-last": (content + gnu_name(b"x" * 200) + END, "0|3", ""),
        "57-sparse-gnu": (tar(member("x", kind=b"S")), "3", "sparse"),
        "57-sparse-pax": (tar(pax(GNU__sparse__major=1, GNU__sparse__minor=0), member("x")), "3", "sparse"),
        "59-devices": (tar(member("dev/null", kind=b"3"), member("dev/sda", kind=b"4"), member("run/fifo", kind=b"6"),
                           content), "0", ""),
        "61-trailing-garbage": (good + b"\x01" * 5000, "0", ""),
        "61-concatenated": (good + good, "0", ""),
        "type-unknown": (tar(member("x", kind=b"Z")), "3", "unknown type"),
        "type-old-file": (tar(member("x", kind=b"\0"), content), "0", ""),
        "type-contiguous": (tar(member("x", kind=b"7"), content), "0", ""),
        "link-with-size": (tar(header("x", BLOCK, b"2", link="y"), content), "0", ""),
        "name-empty": (tar(member(""), content), "0", ""),
        "name-not-utf8": (tar(member(b"\xff\xfe\x1b[31m", b"x"), content), "0", ""),
        "name-4000": (tar(member("d/" * 2000 + "x", b"x"), content), "0", ""),
        "name-60000": (tar(gnu_name(b"d" * 60000), member("x", b"x"), content), "0", ""),
        "name-over-limit": (tar(gnu_name(b"d" * 70000), member("x", b"x"), content), "3", "bytes"),
    }
    for at in range(BLOCK, len(content), BLOCK):
        # Between two members that may be the end, because the size of a layer is said elsewhere, too.
        is_between = content[at + 257:at + 262] == b"ustar"
        bad[f"48-cut-at-{at // BLOCK}"] = (content[:at], "0|3" if is_between else "3", "")
        bad[f"48-cut-behind-{at // BLOCK}"] = (content[:at + 100], "3", "truncated or corrupt")
    return bad


# Two zero blocks as zstd -c writes them: with a checksum, the last four bytes.
ZSTD_CHECKED = bytes.fromhex("28b52ffd04584d00001000000100fb2b8005cdac85f0")


def bad_streams(content):
    """The same for layers that are compressed: name, bytes, status, words."""
    good = tar(content)
    packed, frame = gz(good), zstd(good)
    half = len(good) // 2
    big = header("zeros", 1 << 30)
    return {
        "80-gzip-header-only": (packed[:10], "3", "truncated or corrupt"),
        "80-gzip-half": (packed[:len(packed) // 2], "3", "truncated or corrupt"),
        "80-gzip-no-trailer": (packed[:-8], "3", "truncated or corrupt"),
        "80-gzip-half-a-trailer": (packed[:-4], "3", "truncated or corrupt"),
        "80-zstd-magic-only": (frame[:4], "3", "truncated or corrupt"),
        "80-zstd-half": (frame[:len(frame) // 2], "3", "truncated or corrupt"),
        "80-zstd-no-last-block": (frame[:6] + struct.pack("<I", len(good) << 3)[:3] + good, "3",
                                  "truncated or corrupt"),
        "80-zstd-no-checksum": (ZSTD_CHECKED[:-4], "3", "truncated or corrupt"),
        "81-gzip-crc": (packed[:-8] + bytes(4) + packed[-4:], "3", "truncated or corrupt"),
        "81-gzip-isize": (packed[:-4] + bytes(4), "3", "truncated or corrupt"),
        "81-gzip-crc-behind-padding": (gz(good + bytes(9000))[:-8] + bytes(8), "3", "truncated or corrupt"),
        "81-gzip-data": (packed[:40] + bytes([packed[40] ^ 0xff]) + packed[41:], "3", ""),
        "81-zstd-checksum": (ZSTD_CHECKED[:-4] + bytes(4), "3", "truncated or corrupt"),
        "82-gzip-junk": (packed + b"junk", "0|3", ""),
        "82-gzip-zeros": (packed + bytes(1000), "0", ""),
        "82-zstd-junk": (frame + b"junk", "0|3", ""),
        "83-gzip-members": (gz(good[:half]) + gz(good[half:]), "0", ""),
        "83-gzip-empty-members": (gz(b"") + gz(good[:half]) + gz(b"") + gz(good[half:]), "0", ""),
        "83-zstd-frames": (zstd(good[:half]) + zstd(good[half:]), "0", ""),
        "84-gzip-1000": (gz_zeros(big, 260 << 20), "3", "decompresses to more than 500 times"),
        "84-zstd-32000": (zstd(big, zeros=260 << 20), "3", "decompresses to more than 500 times"),
        "84-gzip-of-gzip": (gz(packed), "3", ""),
        "85-zstd-window-25": (zstd(good, 25), "0", ""),
        "85-zstd-window-27": (zstd(good, 27), "3", "truncated or corrupt"),
        "85-zstd-window-28": (zstd(good, 28), "3", ""),
        "85-zstd-window-31": (zstd(good, 31), "3", ""),
        "85-zstd-window-41": (zstd(good, 41), "3", ""),
        "85-zstd-skippable-first": (skippable() + frame, "0", ""),
        "85-zstd-skippable-between": (zstd(good[:half]) + skippable(b"", 15) + zstd(good[half:]), "0", ""),
        "85-zstd-skippable-last": (frame + skippable(), "0", ""),
        "85-zstd-skippable-only": (skippable(), "0|3", ""),
        "85-zstd-skippable-cut": (skippable()[:-3], "3", "truncated or corrupt"),
        "85-zstd-skippable-4g": (struct.pack("<II", 0x184D2A50, 0xffffffff) + frame, "3", "truncated or corrupt"),
        "85-zstd-dictionary": (zstd(good, dictionary=7), "3", ""),
        "85-zstd-reserved-block": (zstd(good, kind=3), "3", "truncated or corrupt"),
        "bzip2": (b"BZh91AY&SY" + bytes(100), "3", "compressed with bzip2, which is not supported"),
        "xz": (b"\xfd7zXZ\0" + bytes(100), "3", "compressed with xz, which is not supported"),
    }
