#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes files, root file systems and images, good ones and ones with a defect each, and says what is to be found.

usage: images.py SET DIR [ARGUMENT...]

Each set is written into DIR; its table goes to stdout: lines of fields separated by tabs, first the name of a file.
"""
import os
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from image_cases import cases
from sets_bad import bad_codec, bad_elf, bad_layout, bad_oci, bad_tar
from sets_good import formats, good_elf, labels, views
from sets_heavy import heavy
from sets_rootfs import rootfs
from sets_seeds import seeds

SETS = {function.__name__.replace("_", "-"): function for function in (
    bad_codec, bad_elf, bad_layout, bad_oci, bad_tar, cases, formats, good_elf, heavy, labels, rootfs, seeds, views)}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in SETS:
        sys.exit(f"usage: images.py {'|'.join(SETS)} DIR [ARGUMENT...]")
    os.makedirs(sys.argv[2], exist_ok=True)
    SETS[sys.argv[1]](os.path.abspath(sys.argv[2]), *sys.argv[3:])
