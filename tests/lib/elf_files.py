# SPDX-License-Identifier: MIT
"""ELF files made field by field: good ones of every kind that inspect tells apart, and ones with a defect each."""
import struct

I386, M68K, MIPS, SPARC32PLUS, PPC, PPC64, S390, ARM = 3, 4, 8, 18, 20, 21, 22, 40
SH, SPARCV9, X86_64, AARCH64, RISCV, LOONGARCH, HPPA, ALPHA = 42, 43, 62, 183, 243, 258, 15, 0x9026
LOAD, DYNAMIC, INTERP = 1, 2, 3
FLAGS_1, PIE = 0x6ffffffb, 0x8000000


def attributes(cpu_arch, vfp_args=None, big=False):
    """The .ARM.attributes section of a program for this Tag_CPU_arch."""
    order = ">" if big else "<"
    tags = bytes([5]) + b"7-A\0" + bytes([6, cpu_arch]) + (b"" if vfp_args is None else bytes([28, vfp_args]))
    file_scope = bytes([1]) + struct.pack(order + "I", 5 + len(tags)) + tags
    return b"A" + struct.pack(order + "I", 4 + 6 + len(file_scope)) + b"aeabi\0" + file_scope


def elf(machine=ARM, bits=32, big=False, kind=2, flags=0, osabi=0, interp=None, dynamic=None, entry=0x10000,
        section=None, body=b"", segments=(), **wrong):
    """A whole file. dynamic: the bytes of its dynamic section. wrong: a header field and the value that it is given instead of the right one."""
    order = ">" if big else "<"
    is_64 = bits == 64
    header_size, segment_size, section_size = (64, 56, 64) if is_64 else (52, 32, 40)
    own = [(what, data) for what, data in ((INTERP, interp), (DYNAMIC, dynamic)) if data is not None]
    all_segments = [(LOAD, 0, None), *segments]
    count = len(all_segments) + len(own)
    end = header_size + count * segment_size
    for i, (what, data) in enumerate(own):
        all_segments.append((what, end + sum(len(before) for _, before in own[:i]), len(data)))
    body = b"".join(data for _, data in own) + body
    content = body + (section or b"")
    names = b"\0.ARM.attributes\0.shstrtab\0"
    shoff = end + len(content) + len(names) if section else 0
    total = shoff + 3 * section_size if section else end + len(content)
    has_sections = 3 if section else 0

    field = {"version": 1, "entry": entry, "phoff": header_size, "shoff": shoff, "flags": flags,
             "ehsize": header_size, "phentsize": segment_size, "phnum": count, "shentsize": section_size,
             "shnum": has_sections, "shstrndx": 2 if section else 0, "cls": 2 if is_64 else 1,
             "data": 2 if big else 1, "sections": None, **wrong}
    out = b"\x7fELF" + bytes([field["cls"], field["data"], 1, osabi]) + bytes(8)
    out += struct.pack(order + ("HHIQQQIHHHHHH" if is_64 else "HHIIIIIHHHHHH"), kind, machine, *(
        field[key] for key in ("version", "entry", "phoff", "shoff", "flags", "ehsize", "phentsize", "phnum",
                               "shentsize", "shnum", "shstrndx")))
    for what, offset, size in all_segments:
        size = total if size is None else size
        offset = total if offset == "end" else offset
        if is_64:
            out += struct.pack(order + "IIQQQQQQ", what, 5, offset, 0x10000, 0x10000, size, size, 0x1000)
        else:
            out += struct.pack(order + "IIIIIIII", what, offset, 0x10000, 0x10000, size, size, 5, 0x1000)
    out += content
    if section:
        out += names
        for name, what, offset, size in ((0, 0, 0, 0), (1, 0x70000003, end + len(body), len(section)),
                                         (17, 3, end + len(content), len(names))):
            if field["sections"] and what in field["sections"]:
                offset, size = field["sections"][what]
            out += struct.pack(order + ("IIQQQQIIQQ" if is_64 else "IIIIIIIIII"), name, what, 0, 0, offset, size,
                               0, 0, 1, 0)
    return out


def arm(cpu_arch=10, **more):
    """A static program for ARM: v5 4, v6 6, v7 10, v8 14."""
    return elf(ARM, flags=0x5000400, section=attributes(cpu_arch, 1), **more)


def amd64(**more):
    return elf(X86_64, 64, **more)


def arm64(**more):
    return elf(AARCH64, 64, **more)


def emulator(target="arm", version="7.2.22", **more):
    """What is recognised as QEMU's emulator for target, built for this PC."""
    text = f"\0qemu-{target} version {version}\nCopyright (c)\0".encode()
    return amd64(body=text, **more)


# name: bytes, words of "type", "abi", platform, architecture.
GOOD = {
    "amd64-static": (amd64(), "64-bit little-endian x86-64, static", "", "linux/amd64", "x86_64"),
    "amd64-dynamic": (amd64(interp=b"/lib64/ld-linux-x86-64.so.2\0", dynamic=b""),
                      "64-bit little-endian x86-64, dynamic", "", "linux/amd64", "x86_64"),
    "amd64-pie": (amd64(kind=3, interp=b"/lib64/ld-linux-x86-64.so.2\0", dynamic=b""),
                  "64-bit little-endian x86-64, dynamic", "", "linux/amd64", "x86_64"),
    "amd64-static-pie": (amd64(kind=3, dynamic=struct.pack("<QQ", FLAGS_1, PIE)), "64-bit little-endian x86-64, static-pie", "",
                         "linux/amd64", "x86_64"),
    "amd64-library": (amd64(kind=3, dynamic=b"", entry=0), "64-bit little-endian x86-64, shared library", "",
                      "linux/amd64", "x86_64"),
    "amd64-object": (amd64(kind=1), "64-bit little-endian x86-64, relocatable", "", "linux/amd64", "x86_64"),
    "amd64-core": (amd64(kind=4), "64-bit little-endian x86-64, core dump", "", "linux/amd64", "x86_64"),
    "x32": (elf(X86_64, 32), "32-bit little-endian x86-64, static", "x32", "", ""),
    "i386": (elf(I386), "32-bit little-endian Intel 80386, static", "", "linux/386", "i386"),
    "arm64": (arm64(), "64-bit little-endian AArch64, static", "", "linux/arm64", "aarch64"),
    "arm64-big": (arm64(big=True), "64-bit big-endian AArch64, static", "", "linux/arm64be", "aarch64_be"),
    "arm64-ilp32": (elf(AARCH64, 32), "32-bit little-endian AArch64, static", "ILP32", "", ""),
    "armhf-v7": (arm(10), "32-bit little-endian ARM, static", "EABI5, hard float, ARMv7", "linux/arm/v7", "arm"),
    "armhf-v6": (arm(6), "32-bit little-endian ARM, static", "EABI5, hard float, ARMv6", "linux/arm/v6", "arm"),
    "armhf-v8": (arm(14), "32-bit little-endian ARM, static", "EABI5, hard float, ARMv8-A", "linux/arm/v8", "arm"),
    "armel-v5": (elf(ARM, flags=0x5000200, section=attributes(4)), "32-bit little-endian ARM, static",
                 "EABI5, soft float, ARMv5TE", "linux/arm/v5", "arm"),
    "arm-go": (elf(ARM, flags=0x5000002), "32-bit little-endian ARM, static", "EABI5", "linux/arm", "arm"),
    "arm-interp": (elf(ARM, flags=0x5000000, interp=b"/lib/ld-linux-armhf.so.3\0", dynamic=b""),
                   "32-bit little-endian ARM, dynamic", "EABI5, hard float", "linux/arm", "arm"),
    "arm-oabi": (elf(ARM, flags=2), "32-bit little-endian ARM, static", "OABI", "linux/arm", "arm"),
    "armeb-be8": (elf(ARM, big=True, flags=0x5800000), "32-bit big-endian ARM, static", "EABI5, BE8", "linux/armbe",
                  "armeb"),
    "armeb-be32": (elf(ARM, big=True, flags=0x5000000), "32-bit big-endian ARM, static", "EABI5, BE32",
                   "linux/armbe", "armeb"),
    "arm-fdpic": (elf(ARM, flags=0x5000000, osabi=65), "32-bit little-endian ARM, static", "EABI5", "linux/arm",
                  "arm"),
    "mips-o32": (elf(MIPS, big=True, flags=0x70001007), "32-bit big-endian MIPS, static", "o32, MIPS32 r2",
                 "linux/mips", "mips"),
    "mipsel-o32": (elf(MIPS, flags=0x70001007), "32-bit little-endian MIPS, static", "o32, MIPS32 r2",
                   "linux/mipsle", "mipsel"),
    "mips-n32": (elf(MIPS, big=True, flags=0x80000027), "32-bit big-endian MIPS, static", "n32, MIPS64 r2",
                 "linux/mips64p32", "mipsn32"),
    "mipsel-n32": (elf(MIPS, flags=0x80000027), "32-bit little-endian MIPS, static", "n32, MIPS64 r2",
                   "linux/mips64p32le", "mipsn32el"),
    "mips64el": (elf(MIPS, 64, flags=0x80000007), "64-bit little-endian MIPS, static", "n64, MIPS64 r2",
                 "linux/mips64le", "mips64el"),
    "mipsel-r6": (elf(MIPS, flags=0x90001407), "32-bit little-endian MIPS, static", "o32, MIPS32 r6, NaN2008",
                  "linux/mipsle", "mipsel"),
    "mips64el-r6": (elf(MIPS, 64, flags=0xa0000407), "64-bit little-endian MIPS, static",
                    "n64, MIPS64 r6, NaN2008", "linux/mips64le", "mips64el"),
    "mips-fp64": (elf(MIPS, big=True, flags=0x70001207), "32-bit big-endian MIPS, static",
                  "o32, MIPS32 r2, FP64", "linux/mips", "mips"),
    "ppc": (elf(PPC, big=True), "32-bit big-endian PowerPC, static", "", "linux/ppc", "ppc"),
    "ppc64-v1": (elf(PPC64, 64, big=True, flags=1), "64-bit big-endian PowerPC 64, static", "ELFv1", "linux/ppc64",
                 "ppc64"),
    "ppc64-0": (elf(PPC64, 64, big=True), "64-bit big-endian PowerPC 64, static", "ELFv1", "linux/ppc64", "ppc64"),
    "ppc64-v2": (elf(PPC64, 64, big=True, flags=2), "64-bit big-endian PowerPC 64, static", "ELFv2", "linux/ppc64",
                 "ppc64"),
    "ppc64le": (elf(PPC64, 64, flags=2), "64-bit little-endian PowerPC 64, static", "ELFv2", "linux/ppc64le",
                "ppc64le"),
    "s390x": (elf(S390, 64, big=True), "64-bit big-endian IBM S/390, static", "", "linux/s390x", "s390x"),
    "s390-31": (elf(S390, 32, big=True), "32-bit big-endian IBM S/390, static", "31 bits", "", ""),
    "riscv64": (elf(RISCV, 64, flags=5), "64-bit little-endian RISC-V, static", "lp64d, compressed",
                "linux/riscv64", "riscv64"),
    "riscv64-soft": (elf(RISCV, 64), "64-bit little-endian RISC-V, static", "lp64", "linux/riscv64", "riscv64"),
    "riscv32": (elf(RISCV, 32, flags=2), "32-bit little-endian RISC-V, static", "ilp32f", "linux/riscv", "riscv32"),
    "loong64": (elf(LOONGARCH, 64, flags=0x43), "64-bit little-endian LoongArch, static", "double float",
                "linux/loong64", "loongarch64"),
    "sparc32plus": (elf(SPARC32PLUS, big=True, flags=0x300), "32-bit big-endian SPARC v8+, static", "", "-",
                    "sparc32plus"),
    "sparc64": (elf(SPARCV9, 64, big=True), "64-bit big-endian SPARC v9, static", "", "linux/sparc64",
                "sparc64"),
    "m68k": (elf(M68K, big=True), "32-bit big-endian Motorola 68000, static", "680x0", "-", "m68k"),
    "coldfire": (elf(M68K, big=True, flags=0x21), "32-bit big-endian Motorola 68000, static", "ColdFire", "-",
                 "m68k"),
    "hppa": (elf(HPPA, big=True, flags=0x210), "32-bit big-endian PA-RISC, static", "", "-", "hppa"),
    "alpha": (elf(ALPHA, 64), "64-bit little-endian Alpha, static", "", "-", "alpha"),
    "ia64": (elf(50, 64), "64-bit little-endian Itanium, static", "", "", ""),
    "bpf": (elf(247, 64, kind=1), "64-bit little-endian BPF, relocatable", "", "", ""),
    "future": (elf(0xfffe, 64), "64-bit little-endian machine 65534, static", "", "", ""),
    "freebsd": (amd64(osabi=9), "64-bit little-endian x86-64, static", "", "", ""),
    "truncated": (amd64(segments=[(LOAD, 0, 1 << 40)]), "64-bit little-endian x86-64, static, truncated", "",
                  "linux/amd64", "x86_64"),
}

TOP = (1 << 64) - 1
INTERPRETER = "path of the ELF interpreter"
# name: bytes, status, words of the message. Numbers are those of the list of bad inputs.
BAD = {
    "13-empty": (b"", "3", "an empty file"),
    "14-cut-ident": (amd64()[:7], "3", "truncated ELF header"),
    "14-only-magic": (b"\x7fELF", "3", "truncated ELF header"),
    "15-cut-header-64": (amd64()[:63], "3", "truncated ELF header"),
    "15-cut-header-32": (arm()[:51], "3", "truncated ELF header"),
    "16-class-0": (amd64(cls=0), "3", "bad ELF class 0"),
    "16-class-3": (amd64(cls=3), "3", "bad ELF class 3"),
    "17-data-0": (amd64(data=0), "3", "bad ELF byte order 0"),
    "17-data-3": (amd64(data=3), "3", "bad ELF byte order 3"),
    "19-phoff-top": (amd64(phoff=TOP), "3", "program headers outside"),
    "19-phoff-middle": (amd64(phoff=1 << 63), "3", "program headers outside"),
    "19-phoff-wraps": (amd64(phoff=TOP - 55), "3", "program headers outside"),
    "19-phoff-at-end": (amd64(phoff=120), "3", "program headers outside"),
    "19-phoff-last-byte": (amd64(phoff=119), "3", "program headers outside"),
    "19-phoff-zero": (amd64(phoff=0), "3", "program headers outside"),
    "19-phoff-top-32": (arm(phoff=0xffffffff), "3", "program headers outside"),
    "20-phnum-xnum": (amd64(phnum=0xffff), "3", "program header count 65535"),
    "20-phnum-over-limit": (amd64(phnum=1025, body=bytes(1025 * 56)), "3", "program header count 1025"),
    "20-phnum-over-file": (amd64(phnum=2), "3", "program headers outside"),
    "21-phentsize-0": (amd64(phentsize=0), "3", "program header size 0"),
    "21-phentsize-1": (amd64(phentsize=1), "3", "program header size 1"),
    "21-phentsize-32": (amd64(phentsize=32), "3", "program header size 32"),
    "21-phentsize-huge": (amd64(phentsize=0xffff), "3", "program header size 65535"),
    "22-interp-at-end-empty": (amd64(segments=[(INTERP, "end", 0)]), "3", INTERPRETER),
    "22-interp-behind-end": (amd64(segments=[(INTERP, 1 << 62, 2)]), "3", INTERPRETER),
    "23-interp-no-nul": (amd64(interp=b"/lib/ld.so"), "3", "is not terminated"),
    "23-interp-too-long": (amd64(interp=b"/" + b"x" * 4095 + b"\0"), "3", INTERPRETER),
    "23-interp-size-top": (amd64(segments=[(INTERP, 0, TOP)]), "3", INTERPRETER),
    "23-interp-offset-top": (amd64(segments=[(INTERP, TOP, 2)]), "3", INTERPRETER),
    "23-interp-one-byte": (amd64(interp=b"\0"), "3", INTERPRETER),
    "24-two-interps": (amd64(interp=b"/lib/a\0", segments=[(INTERP, 0, 4)]), "3", "ELF interpreter"),
    "other-pe": (b"MZ" + bytes(100), "3", "a Windows program"),
    "other-macho": (b"\xcf\xfa\xed\xfe" + bytes(28), "3", "a macOS program"),
    "other-wasm": (b"\0asm\1\0\0\0", "3", "a WebAssembly module"),
    "other-zip": (b"PK\3\4" + bytes(26), "3", "a zip file"),
    "other-xz": (b"\xfd7zXZ\0" + bytes(20), "3", "xz data"),
    "other-ar": (b"!<arch>\n", "3", "an archive of objects"),
    "other-text": (b"hello\n", "3", "text without a #! line"),
    "other-noise": (bytes(range(256)), "3", "unknown data"),
    "script-nothing": (b"#!\n", "3", "a #! line without a program"),
    "script-blanks": (b"#! \t \n", "3", "a #! line without a program"),
    "script-to-zero": (b"#!/dev/zero\n", "3", "/dev/zero: not a regular file"),
    "script-to-directory": (b"#!/tmp\n", "3", "/tmp: not a regular file"),
}

# What is odd behind a header that is right. Memory and time are bounded; it is read, or refused.
ODD = {
    "shoff-top": amd64(shoff=TOP, shnum=1),
    "shnum-0-and-section-0-huge": elf(ARM, section=attributes(10), shnum=0, sections={0: (0, 0xffffffff)}),
    "shnum-0-and-section-0-huge-64": amd64(section=b"A", shnum=0, sections={0: (0, 1 << 34)}),
    "shnum-0-and-section-0-top-64": amd64(section=b"A", shnum=0, sections={0: (0, TOP)}),
    "shnum-over-file": elf(ARM, section=attributes(10), shnum=0xffff),
    "shentsize-0": elf(ARM, section=attributes(10), shentsize=0),
    "shentsize-1": elf(ARM, section=attributes(10), shentsize=1),
    "attributes-size-top": elf(ARM, section=attributes(10), sections={0x70000003: (0, 0xffffffff)}),
    "attributes-offset-top": elf(ARM, section=attributes(10), sections={0x70000003: (0xffffffff, 4)}),
    "attributes-over-limit": elf(ARM, section=attributes(10) + bytes(70000)),
    "attributes-no-version": elf(ARM, section=b"B" + attributes(10)[1:]),
    "attributes-length-0": elf(ARM, section=b"A" + bytes(4) + b"aeabi\0"),
    "attributes-length-huge": elf(ARM, section=b"A\xff\xff\xff\xffaeabi\0\1\xff\xff\xff\xff\6\12"),
    "attributes-subsection-0": elf(ARM, section=b"A\x20\0\0\0aeabi\0" + b"\1\0\0\0\0" * 5),
    "attributes-endless-number": elf(ARM, section=b"A\x20\0\0\0aeabi\0\1\x16\0\0\0" + b"\xff" * 17),
    "attributes-endless-text": elf(ARM, section=b"A\x20\0\0\0aeabi\0\1\x16\0\0\0\5" + b"x" * 16),
    "phnum-0": amd64(phnum=0),
    "phnum-0-and-phentsize-0": amd64(phnum=0, phentsize=0, phoff=0),
    "phoff-0-phnum-0": amd64(phnum=0, phoff=TOP),
    "ehsize-0": amd64(ehsize=0),
    "header-only": amd64()[:64],
    "version-0": amd64(version=0),
    "every-flag": elf(ARM, flags=0xffffffff),
    "type-ffff": amd64(kind=0xffff),
    "loads-at-top": amd64(segments=[(LOAD, TOP, TOP)]),
}
