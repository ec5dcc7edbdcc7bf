#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets inject and eject of a root file system fail, or be killed, at every system call from the first change on, and judges what
is left each time. One process does it all: as a shell it would start a hundred for each of some hundred calls.

usage: faults.py killed SCENARIO      old or new at every moment, and a rerun cleans up
       faults.py failing SCENARIO ERROR      told, and nothing is changed

The environment has ANYARCH, ANYARCH_STATIC (which is traced), TOOLS with the emulators A and B, and W with the tree of
rootfs.bash, fresh. Scenarios: fresh, dirs (directories are missing), old (another file is there), update (an older one of ours),
eject-dirs, eject-old.
"""

import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

W, TOOLS = pathlib.Path(os.environ["W"]), pathlib.Path(os.environ["TOOLS"])
ROOT = W / "root"
AT = ROOT / "usr/bin/qemu-arm-static"
EMULATORS = {name: (TOOLS / name).read_bytes() for name in "AB"}
AGE = 1500000000123456789


class Wrong(Exception):
    pass


def tree():
    """Everything that can be told of the root: by path kind, mode, owner, size, time, names and content. Directories have no size."""
    found = {}
    for top, dirs, files in os.walk(ROOT):
        for name in [".", *files, *[one for one in dirs if os.path.islink(os.path.join(top, one))]]:
            path = os.path.join(top, name)
            st = os.lstat(path)
            one = {"mode": st.st_mode, "owner": (st.st_uid, st.st_gid), "time": st.st_mtime_ns}
            if stat.S_ISLNK(st.st_mode):
                one |= {"links": st.st_nlink, "to": os.readlink(path)}
            elif not stat.S_ISDIR(st.st_mode):
                with open(path, "rb") as file:
                    one |= {"links": st.st_nlink, "size": st.st_size, "sum": hashlib.sha256(file.read()).hexdigest()}
            found[os.path.relpath(path, ROOT)] = one
    return found


def content(of):
    """Without the times of directories, which a file that came and went leaves behind, and of records, which are written back."""
    return {
        path: {key: value for key, value in one.items() if key != "time" or not (stat.S_ISDIR(one["mode"]) or path.endswith(".anyarch"))}
        for path, one in of.items()
    }


def but_dirs(of, before):
    """Those that a killed run has made, and had no time to say so, may stay: they are empty, and nobody can tell them from others."""
    mine = () if "usr" in before else ("usr", "usr/bin")
    return {path: one for path, one in content(of).items() if path not in mine}


def visible(of, before):
    """Without names of ours, and the number of names that a file has."""
    return {
        path: {key: value for key, value in one.items() if key != "links"}
        for path, one in but_dirs(of, before).items()
        if ".anyarch" not in path
    }


def same(what, expected, got):
    if expected != got:
        paths = [path for path in sorted({*expected, *got}) if expected.get(path) != got.get(path)]
        raise Wrong("\n".join([f"{what} differs", *[f"{path}: {expected.get(path)} became {got.get(path)}" for path in paths]]))


def anyarch(*words):
    """It succeeds, and what it says has the usual form."""
    done = subprocess.run([os.environ["ANYARCH"], *words], capture_output=True, text=True, check=False)
    if done.returncode or not all(re.match(r"(anyarch|hint): .", line) for line in done.stderr.splitlines()):
        raise Wrong(f"{' '.join(words)}: status {done.returncode}: {done.stderr}")


def inject(emulator="A"):
    anyarch("inject", "--quiet", "--emulator", str(TOOLS / emulator), str(ROOT))


def eject():
    anyarch("eject", "--quiet", str(ROOT))


def is_injected():
    st = AT.stat()
    if AT.read_bytes() != EMULATORS["A"] or stat.S_IMODE(st.st_mode) != 0o755 or int(st.st_mtime) != 1600000000:
        raise Wrong("not injected")


def copy(source, to):
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", source, to], check=True)


class Scenario:
    """The tree before anything, the one that the command starts with, and the command."""

    def __init__(self, name):
        self.name, self.ejects = name, name.startswith("eject-")
        if name.endswith("dirs"):
            shutil.rmtree(ROOT / "usr")
        elif name.endswith("old"):
            AT.write_text("old\n")
        for top, _, files in os.walk(W, topdown=False):
            for path in [*(os.path.join(top, one) for one in files), top]:
                os.utime(path, ns=(AGE, AGE), follow_symlinks=False)
        self.before = tree()
        self.command = ["inject", "--quiet", "--emulator", str(TOOLS / "A"), str(ROOT)]
        if name == "update":
            inject("B")
        elif self.ejects:
            inject()
            self.command = ["eject", "--quiet", str(ROOT)]
        copy(ROOT, W / "start")
        self.start = tree()

    def restart(self):
        copy(W / "start", ROOT)

    def trace(self, *options):
        done = subprocess.run(
            ["strace", "-qq", "-o", str(W / "trace"), *options, os.environ["ANYARCH_STATIC"], *self.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode

    def calls(self):
        """Each as its name and how often it was made. Not futex: whether one thread has to wait for another is chance."""
        count, found, seen = {}, [], False
        self.trace()
        for line in (W / "trace").read_text(errors="replace").splitlines():
            if match := re.match(r"([a-z0-9_]+)\(", line):
                name = match[1]
                count[name] = count.get(name, 0) + 1
                seen = seen or "O_CREAT" in line or re.match(r"mkdir|unlink|rename|link", name) is not None
                if seen and not re.match(r"exit|futex", name):
                    found.append((name, count[name]))
        self.restart()
        return found

    def whole(self):
        """What has the emulator's name is old, or new, and never half of it."""
        if not os.path.lexists(AT):
            if self.name in ("old", "eject-old", "update"):
                raise Wrong(f"{AT} is gone")
        elif AT.read_bytes() not in (b"old\n", *EMULATORS.values()):
            raise Wrong(f"{AT} is mixed")

    def after_kill(self, status):
        if status != -9:
            raise Wrong(f"status {status}")
        self.whole()
        if not self.ejects:
            # Undone at once, and done again.
            copy(ROOT, W / "second")
            eject()
            same("ejected at once", visible(self.before, self.before), visible(tree(), self.before))
            copy(W / "second", ROOT)
            inject()
            is_injected()
            if left := [path for path in tree() if ".anyarch-new" in path or ".tmp" in path]:
                raise Wrong(f"left after a rerun: {left}")
        eject()
        same("the tree in the end", but_dirs(self.before, self.before), but_dirs(tree(), self.before))

    def after_failure(self, status):
        if status not in (0, 1, 3, 4):
            raise Wrong(f"status {status}")
        self.whole()
        if not self.ejects and status:
            same("the tree after the failure", content(self.start), content(tree()))
        elif not self.ejects:
            is_injected()
        # What was left over is ejected; and what was not done can be done.
        eject()
        same("ejected at last", visible(self.before, self.before), visible(tree(), self.before))
        if not self.ejects:
            self.restart()
            inject()
            eject()
            same("the tree", self.before, tree())


def main():
    verb, name, *error = sys.argv[1:]
    scenario, wrong = Scenario(name), 0
    fault, judge = (f"error={error[0]}", scenario.after_failure) if verb == "failing" else ("signal=KILL", scenario.after_kill)
    calls = scenario.calls()
    if verb == "failing":
        calls = [one for one in calls if one[0] not in ("brk", "munmap", "getpid", "geteuid")]
    for call, number in calls:
        scenario.restart()
        try:
            judge(scenario.trace("-e", "signal=none", "-e", f"inject={call}:{fault}:when={number}"))
        except Wrong as e:
            print(f"{e}\n^ {fault} at {call} {number}")
            wrong += 1
    print(f"{name}, {fault}: {len(calls)} calls, {wrong} went wrong")
    return 1 if wrong or len(calls) <= 5 else 0


if __name__ == "__main__":
    sys.exit(main())
