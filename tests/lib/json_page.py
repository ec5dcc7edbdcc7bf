# SPDX-License-Identifier: MIT
"""Owns the comparison of JSON documents with anyarch-json(5): every key and type, both ways, and words that are enumerated."""
import json
import re
import sys


def terms_of(page, wanted):
    """{path: (types, description)} of a section of the page, as scdoc's source has it."""
    terms, section, path = {}, None, None
    for line in open(page, encoding="utf-8"):
        if line.startswith("# "):
            section = line[2:].strip()
        elif section == wanted and (term := re.match(r"\*([^*]+)\*, (.+)$", line)):
            path = term[1].replace("\\", "")
            terms[path] = (set(term[2].split(" or ")), "")
        elif section == wanted and line.startswith("\t") and path:
            terms[path] = (terms[path][0], terms[path][1] + line.strip() + " ")
        else:
            path = None
    return terms


def walk(value, path):
    """(path, value) of each member, at any depth."""
    if isinstance(value, dict):
        for key, member in value.items():
            inner = f"{path}.{key}" if path else key
            yield inner, member
            yield from walk(member, inner)
    elif isinstance(value, list):
        for member in value:
            yield from walk(member, path + "[]")


def kind(value):
    return {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", type(None): "null"}[type(value)]


def main(page, section, files):
    terms, seen, wrong = terms_of(page, section), set(), set()
    if not terms:
        wrong.add(f"no section {section}")
    for name in files:
        for path, value in walk(json.load(open(name, encoding="utf-8")), ""):
            types, text = terms.get(path, ((), ""))
            seen.add(path)
            if path not in terms:
                wrong.add(f"{path} is not in the page")
            elif kind(value) not in types:
                wrong.add(f"{path} is {kind(value)}: {value!r}")
            elif "One of " in text and isinstance(value, str) and f"_{value}_" not in text:
                wrong.add(f"{path} has the word {value!r}, which is not in the page")
    wrong |= {f"{path} is in the page, and in no document" for path in terms.keys() - seen}
    for line in sorted(wrong):
        print(f"{section}: {line}")
    return bool(wrong)


sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
