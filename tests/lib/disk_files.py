# SPDX-License-Identifier: MIT
"""Owns disk images: file systems that mke2fs made, behind tables that are right or lie."""

import os
import struct
import zlib

MIB = 1 << 20
FAT, LINUX, EXTENDED, PROTECTIVE = 0x0C, 0x83, 0x05, 0xEE


def fat(size=MIB):
    """The first sector of a FAT file system, and nothing in it."""
    head = bytearray(size)
    head[0:11] = b"\xeb\x58\x90mkfs.fat"
    head[11:22] = struct.pack("<HBHBHHB", 512, 1, 32, 2, 0, 0, 0xF8)
    head[32:36] = struct.pack("<I", size // 512)
    head[36:40] = struct.pack("<I", 8)
    head[44:52] = struct.pack("<IHH", 2, 1, 6)
    head[66:71] = b"\x29\1\2\3\4"
    head[71:90] = b"BOOT       FAT32   "
    head[510:512] = b"\x55\xaa"
    head[512:516], head[1022:1024] = b"RRaA", b"\x55\xaa"
    for copy in 32, 40:
        head[copy * 512:copy * 512 + 12] = b"\xf8\xff\xff\x0f\xff\xff\xff\x0f\xf8\xff\xff\x0f"
    return bytes(head)


def luks(size=MIB):
    return (b"LUKS\xba\xbe\0\1aes\0" + bytes(200)).ljust(size, b"\0")


def entry(kind, start, sectors):
    return struct.pack("<B3sB3sII", 0, b"\0\2\0", kind, b"\0\0\0", start, sectors)


def table(*entries):
    return bytes(446) + b"".join(entries).ljust(64, b"\0") + b"\x55\xaa"


def write(path, parts, size, sector=512):
    """Parts are (offset in bytes, content or the name of a file); what nobody writes is a hole."""
    with open(path, "wb") as f:
        f.truncate(size)
        for at, part in parts:
            f.seek(at)
            if isinstance(part, str):
                with open(part, "rb") as source:
                    while block := source.read(MIB):
                        if block.strip(b"\0"):
                            f.write(block)
                        else:
                            f.seek(len(block), os.SEEK_CUR)
            else:
                f.write(part)


def length(part):
    return os.path.getsize(part) if isinstance(part, str) else len(part)


def layout(contents):
    """Each content at the next MiB, from the first on: (offset, content)."""
    at, placed = MIB, []
    for content in contents:
        placed.append((at, content))
        at += (length(content) + MIB - 1) // MIB * MIB
    return placed, at


def mbr(path, *contents, sector=512, change=None):
    """Primary partitions; change(entries) may make them lie."""
    placed, end = layout(contents)
    entries = [entry(FAT if i == 0 and len(contents) > 1 else LINUX, at // sector, length(c) // sector)
               for i, (at, c) in enumerate(placed)]
    if change:
        entries = change(entries)
    write(path, [(0, table(*entries)), *placed], end)


def logical(path, *contents, loops=False):
    """One extended partition with a logical one for each content; a chain that loops begins again after the last."""
    placed, end = layout(contents)
    placed = [(at + (i + 1) * MIB, c) for i, (at, c) in enumerate(placed)]
    end += (len(contents) + 1) * MIB
    first, parts = placed[0][0] - MIB, []
    for i, (at, content) in enumerate(placed):
        following = placed[i + 1][0] - MIB if i + 1 < len(placed) else first if loops else None
        links = [entry(LINUX, MIB // 512, length(content) // 512)]
        if following is not None:
            links.append(entry(EXTENDED, (following - first) // 512, (end - following) // 512))
        parts.append((at - MIB, table(*links)))
    write(path, [(0, table(entry(EXTENDED, first // 512, (end - first) // 512))), *parts, *placed], end)


def gpt(path, *contents, sector=512, change=None):
    placed, end = layout(contents)
    linux = bytes.fromhex("af3dc60f838472478e793d69d8477de4")
    entries = b"".join(
        linux + bytes([i + 1]) * 16 + struct.pack("<QQQ", at // sector, (at + length(c)) // sector - 1, 0) + bytes(72)
        for i, (at, c) in enumerate(placed))
    if change:
        entries = change(entries)
    entries = entries.ljust(128 * 128, b"\0")
    end += MIB
    last, used = end // sector - 1, 128 * 128 // sector

    def header(own, other, at):
        head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, own, other, 2 + used, last - used - 1,
                           b"D" * 16, at, 128, 128, zlib.crc32(entries))
        return head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]

    write(path, [(0, table(entry(PROTECTIVE, 1, min(last, 0xFFFFFFFF)))), (sector, header(1, last, 2)), (2 * sector, entries),
                 *placed, ((last - used) * sector, entries), (last * sector, header(last, 1, last - used))], end)
