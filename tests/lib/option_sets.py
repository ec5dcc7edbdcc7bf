# SPDX-License-Identifier: MIT
"""Owns the comparison of native tools with a root's own: what is compiled, with which options, and what may differ.

usage: option_sets.py make DIR TRIPLET          a folder for each set, and the script DIR/all that runs them
       option_sets.py compare NATIVE EMULATED   prints what differs, and what is listed and does not
"""
import os
import re
import struct
import sys

SETS = os.path.splitext(os.path.abspath(__file__))[0]

SOURCES = {
    "plain.c": b"""#include <math.h>
#include <stdio.h>
#include <string.h>
#include <limits.h>
struct pair { int a; double b; };
static const char *const words[] = { "one", "two" };
float fl = 1.5f;
long double ld = 2.25L;
long long wide(long long x, unsigned y) { return x / (y | 1) << (y & 31); }
int sum(const int *p, int n) { int s = 0; for (int i = 0; i < n; i++) s += p[i] * 3; return s; }
double turn(struct pair p) { return sin(1.0) * p.b + p.a + fl; }
int main(int argc, char **argv)
{
	int list[] = { 1, 2, 3, INT_MAX / 7 };
	char text[16];
	strcpy(text, words[argc & 1]);
	printf("%s %d %.6f %lld\\n", text, sum(list, 3), turn((struct pair){ 1, 2 }), wide(argc, 5));
	return argv[0] == 0;
}
""",
    "plus.cc": b"""#include <new>
#include <typeinfo>
template <class T> struct box { T t; virtual ~box() {} virtual T twice() const { return t + t; } };
struct wide : box<long long> { long long twice() const override { return t * 3; } };
static int thrown(int n) { if (n > 2) throw n; return n; }
int main(int n, char **)
{
	box<long long> *b = new wide;
	b->t = n;
	try { thrown(n); } catch (int i) { return i; }
	n = typeid(*b) == typeid(wide) ? int(b->twice()) : 0;
	delete b;
	return n;
}
""",
    "some.S": b"\t.text\n\t.globl answer\n\t.type answer, %function\nanswer:\n\tnop\n\t.size answer, . - answer\n",
    "warn.c": b"int f(int x) { int y; if (x) y = undeclared; return y }\n",
    "warn2.c": b"""#include <stdlib.h>
int f(int x, unsigned u) { int y; char *p = malloc(4); if (x) free(p); if (x < u) y = 3; p[0] = 1; return y; // x
}
static int unused(void) { return "\\q"[0]; }
""",
    "utf.c": 'const char *text = "\u00e4\u00f6\u00fc \u20ac"; const wchar_t_ *w;\n'.replace("const wchar_t_ *w;", "").encode() +
             'int gr\u00fc\u00df(void) { return L\'\u00e4\'; }\n'.encode(),
    "latin.c": b'const char *text = "\xe4\xf6\xfc";\n',
    "blob.bin": bytes(i * 7 & 255 for i in range(3000)),
}

# All sets by two shells: starting a namespace and a shell for each would take longer than what they compile.
SCRIPT = """export LC_ALL=C.UTF-8 T=%s
for part in 0 1; do
	while read -r name; do
		cd "/work/c/$name" || exit
		(. ./set) >stdout 2>stderr </dev/null
		echo $? >status
	done </work/names.$part &
done
wait
"""

# What may differ between native tools and a root's own: of a set these files, and why.
MAY_DIFFER = {
    "cov": ({"plain.o", "plain.gcno"}, "a random stamp"),
    "profgen": ({"plain.o"}, "a random stamp"),
    "verbose_asm": ({"plain.s"}, "comments have the numbers of temporaries"),
    "dumptree": ({"plain.c.252t.optimized"}, "a dump: how many digits the compiler's own libc prints"),
    "dumprtl": ({"plain.c.253r.expand"}, "a dump: addresses in the compiler"),
    "cc1v": ({"err2"}, "which folders that do not exist are searched"),
    "cxxE": ({"plus.ii"}, "marks for headers that need extern C, which is on no Linux"),
    "cxxgcm": ({"gcm.cache/usr/include/c++/12/string.gcm"}, "the time"),
    "linkmap": ({"plain.map"}, "the size of .comment"),
    "listing": ({"l2"}, "the time"),
    "stripmode": ({"ls"}, "the size of .comment, which names the package"),
    "ar": ({"t", "thin.a", "b.a"}, "the size of .comment; -U: times"),
    "ldbindnow": ({"stderr"}, "statistics of the loader, whose variables no native tool gets"),
}
# What differs as long as the tools are native.
PROOF = "ldbindnow"


def read_sets():
    with open(SETS, encoding="utf-8") as file:
        return [line.rstrip("\n").split("|", 1) for line in file if line.strip() and not line.startswith("#")]


def make(to, triplet):
    sets = read_sets()
    for name, commands in sets:
        os.makedirs(f"{to}/c/{name}")
        for source, content in {**SOURCES, "set": commands.encode() + b"\n"}.items():
            with open(f"{to}/c/{name}/{source}", "wb") as file:
                file.write(content)
    for part in (0, 1):
        with open(f"{to}/names.{part}", "w", encoding="utf-8") as file:
            file.write("".join(name + "\n" for name, _ in sets[part::2]))
    with open(f"{to}/all", "w", encoding="utf-8") as file:
        file.write(SCRIPT % triplet)


def without_stamps(data):
    """Without the package that the tool is of, and the names of temporary files."""
    data = re.sub(rb"(12\.2\.0-\d+)(\+deb\w+)?", rb"\1", data)
    return re.sub(rb"\bcc\w{6}(\.\w+)", rb"ccXXXXXX\1", data)


STAMPED_SECTIONS = {".comment", ".note.gnu.build-id", ".gnu_debuglink"}


def elf_parts(data):
    """Everything that an ELF file says, by section; where in the file they are follows from their sizes."""
    order, wide = "<" if data[5] == 1 else ">", data[4] == 2
    shoff = struct.unpack_from(order + ("Q" if wide else "I"), data, 40 if wide else 32)[0]
    size, count, names = struct.unpack_from(order + "3H", data, 58 if wide else 46)
    rows = [struct.unpack_from(order + ("2I4Q2I2Q" if wide else "10I"), data, shoff + i * size) for i in range(count)]
    texts = data[rows[names][4]:][:rows[names][5]] if rows else b""
    parts = {"header": data[:24]}
    for number, (name, kind, flags, address, at, length, link, info, align, entry) in enumerate(rows):
        word = texts[name:texts.index(b"\0", name)].decode()
        content = b"" if kind == 8 else data[at:at + length]
        parts[f"{number} {word}"] = word if word in STAMPED_SECTIONS else (
            kind, flags, address, length, link, info, align, entry, without_stamps(content))
    return parts


def archive_parts(data):
    parts, at = {}, 8
    while at + 60 <= len(data):
        head, size = data[at:at + 60], int(data[at + 48:at + 58])
        content = data[at + 60:at + 60 + size]
        name = head[:16].decode().strip()
        # The index says where members begin, which a stamp in one moves.
        parts[f"{len(parts)} {name}"] = None if name == "/" else (head[16:48], parts_of(content))
        at += 60 + size + size % 2
    return parts


def parts_of(data):
    try:
        if data[:4] == b"\x7fELF":
            return elf_parts(data)
        if data[:8] == b"!<arch>\n":
            return archive_parts(data)
    except (struct.error, ValueError, IndexError):
        pass
    return {"text": without_stamps(data)}


def files_of(top):
    return {os.path.relpath(os.path.join(at, name), top) for at, _, names in os.walk(top) for name in names}


def differences(native, emulated):
    """Of one set: each file that is not the same both ways, with the parts of it that are not."""
    for name in sorted(files_of(native) | files_of(emulated)):
        paths = os.path.join(native, name), os.path.join(emulated, name)
        if not all(map(os.path.lexists, paths)):
            yield name, "only " + ("native" if os.path.lexists(paths[0]) else "emulated")
        elif all(os.path.isfile(path) and not os.path.islink(path) for path in paths):
            one, other = (parts_of(open(path, "rb").read()) for path in paths)
            parts = [part for part in {**one, **other} if one.get(part) != other.get(part)]
            if parts:
                yield name, " ".join(parts)


def compare(native, emulated):
    bad = 0
    for name, _ in read_sets():
        found = dict(differences(f"{native}/c/{name}", f"{emulated}/c/{name}"))
        for file in sorted(set(found) - MAY_DIFFER.get(name, (set(), ""))[0]):
            print(f"{name}: {file}: {found[file]}")
            bad = 1
        if name == PROOF and not found:
            print(f"{name}: the tools were not native")
            bad = 1
    return bad


def main():
    return {"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
