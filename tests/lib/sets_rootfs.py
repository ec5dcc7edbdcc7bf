# SPDX-License-Identifier: MIT
"""Root file systems, good ones and hostile ones."""
import os
import socket

import elf_files as ef
from elf_files import amd64, arm, emulator
from image_files import RELEASE, row, write

V7 = "linux/arm/v7"


def rootfs(to):
    """Root file systems. Fields: platform, what judged it, files with --survey, emulators, what could not be read."""
    v7, pc = arm(10), amd64()
    outside = f"{to}/outside"
    write(f"{outside}/bin/sh", pc, 0o755)
    write(f"{outside}/os-release", b'PRETTY_NAME="outside"\n')

    def make(name, files, *expected, links=()):
        root = f"{to}/{name}"
        os.makedirs(root)
        for path, data in files.items():
            if callable(data):
                os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
                data(f"{root}/{path}")
            else:
                write(f"{root}/{path}", data, 0o755)
        for path, target in links:
            os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
            os.symlink(target, f"{root}/{path}")
        row(name, *expected)
        return root

    good = {"usr/bin/dash": v7, "usr/bin/env": v7, "etc/os-release": RELEASE}
    shell = ("usr/bin/sh", "dash")
    found = (V7, "/bin/sh", "arm:2", "", "0")
    none = ("", "", "", "", "0")
    make("good", good, *found, links=[shell, ("bin", "usr/bin")])
    make("absolute-links", good, *found, links=[("usr/bin/sh", "/opt/x"), ("opt/x", "/usr/bin/dash"),
                                                ("bin", "/usr/bin")])
    make("empty", {}, *none)
    make("only-text", {"bin/sh": b"#!/bin/true\n"}, *none)
    # Numbers are those of the list of bad inputs.
    make("31-bin-outside", {}, *none, links=[("bin", f"{outside}/bin")])
    make("31-bin-outside-which-is-also-inside", {f"{outside[1:]}/bin/sh": v7}, V7, "/bin/sh", "arm:1", "", "0",
         links=[("bin", f"{outside}/bin")])
    make("31-shell-outside", {}, *none, links=[("bin/sh", f"{outside}/bin/sh")])
    make("31-release-outside", {}, *none, links=[("etc/os-release", f"{outside}/os-release")])
    make("32-bin-above", {}, *none, links=[("bin", "../outside/bin")])
    make("32-bin-far-above", {}, *none, links=[("bin", "../" * 40 + outside[1:] + "/bin")])
    make("32-shell-above", {}, *none, links=[("bin/sh", "../../outside/bin/sh")])
    make("32-above-and-inside", {"outside/bin/sh": v7}, V7, "/bin/sh", "arm:1", "", "0",
         links=[("bin", "../../../outside/bin")])
    make("33-bin-by-proc", {}, *none, links=[("bin", f"/proc/self/root{outside}/bin")])
    make("33-shell-by-fd", {}, *none, links=[("bin/sh", "/proc/self/fd/0"), ("usr/bin/sh", "/dev/stdin")])
    make("34-loop", {"usr/bin/env": v7}, V7, "/usr/bin/env", "arm:1", "", "0", links=[("bin", "bin")])
    make("34-loop-of-two", {"usr/bin/env": v7}, V7, "/usr/bin/env", "arm:1", "", "0",
         links=[("bin", "sbin"), ("sbin", "bin")])
    make("34-loop-in-itself", {"usr/bin/env": v7}, V7, "/usr/bin/env", "arm:1", "", "0",
         links=[("bin", "bin/x")])
    make("37-dangling", {"usr/bin/env": v7}, V7, "/usr/bin/env", "arm:1", "", "0",
         links=[("bin/sh", "/nothing"), ("usr/bin/sh", "../x/y/z")])
    for count, judge in ((40, "/bin/sh"), (41, "/usr/bin/env")):
        chain_of = [f"l{i}" for i in range(1, count)]
        make(f"38-links-{count}", {"busybox": v7, "usr/bin/env": v7}, "linux/arm/v7", judge, "arm:2", "", "0",
             links=[(name, "/" + target) for name, target in zip(["bin/sh", *chain_of], [*chain_of, "busybox"])])
    make("44-names-not-utf8", {**good, "opt/\udcff\udcfe": v7, "opt/\x1b[31m": v7, "opt/a\nb": v7}, "linux/arm/v7",
         "/usr/bin/sh", "arm:5", "", "0", links=[shell])
    make("44-name-of-255", {**good, "opt/" + "n" * 255: v7}, V7, "/usr/bin/sh", "arm:3", "", "0", links=[shell])
    root = make("44-path-of-20000", good, V7, "/usr/bin/sh", "arm:3", "", "0", links=[shell])
    nest(root, 100, "d" * 200, v7)
    root = make("nested-300", good, V7, "/usr/bin/sh", "arm:2", "", "1", links=[shell])
    nest(root, 300, "d", v7)
    root = make("nested-200", good, V7, "/usr/bin/sh", "arm:3", "", "0", links=[shell])
    nest(root, 200, "d", v7)
    for what, path in (("shell", "bin/sh"), ("env", "usr/bin/env"), ("release", "etc/os-release")):
        for name, call in (("fifo", os.mkfifo), ("directory", os.mkdir), ("socket", make_socket)):
            make(f"28-{what}-is-{name}", {path: call, "bin/busybox": v7}, V7, "/bin/busybox", "arm:1", "", "0")
    make("malformed", {"bin/sh": pc[:60], "usr/bin/env": amd64(cls=9), "bin/busybox": v7}, V7, "/bin/busybox",
         "arm:1", "", "0")
    make("malformed-behind-the-header", {"bin/sh": amd64(phoff=ef.TOP), "bin/busybox": v7}, V7, "/bin/busybox",
         "arm:1 x86_64:1", "", "0")
    make("release-huge", {**good, "etc/os-release": RELEASE + b"x" * (1 << 20)}, V7, "/usr/bin/sh", "arm:2", "",
         "0", links=[shell])
    qemu = {"usr/bin/qemu-arm-static": emulator()}
    make("emulator", {**good, **qemu}, V7, "/usr/bin/sh", "arm:2",
         "/usr/bin/qemu-arm-static arm x86_64 7.2.22", "0", links=[shell])
    make("emulator-alone", qemu, "", "", "", "/usr/bin/qemu-arm-static arm x86_64 7.2.22", "0")
    make("emulator-by-name-only", {**good, "usr/bin/qemu-arm-static": pc}, V7, "/usr/bin/sh", "arm:2 x86_64:1", "",
         "0", links=[shell])
    make("emulator-is-fifo", {**good, "usr/bin/qemu-arm-static": os.mkfifo}, V7, "/usr/bin/sh", "arm:2", "", "0",
         links=[shell])
    make("mixed", {**good, "opt/x": pc}, V7, "/usr/bin/sh", "arm:2 x86_64:1", "", "0", links=[shell])
    make("libraries-alone", {"usr/lib/a.so": arm(10, kind=3, entry=0, dynamic=b"")}, "linux/arm", "", "arm:1", "", "0")


def nest(root, depth, name, data):
    """Directories in directories, deeper than a path can say, and a program in the last."""
    at = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    fd = os.open("program", os.O_WRONLY | os.O_CREAT, 0o755, dir_fd=at)
    os.write(fd, data)
    os.close(fd)
    os.close(at)


def make_socket(path):
    """A socket may have a path of a hundred bytes only."""
    here = os.getcwd()
    os.chdir(os.path.dirname(path))
    socket.socket(socket.AF_UNIX).bind(os.path.basename(path))
    os.chdir(here)
