#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Creates the web pages of docs/: guides with python3-markdown, manuals with mandoc, one frame for both.

usage: site.py SOURCE OUT MANUAL...

SOURCE is the top of the tree, OUT a directory that is replaced, MANUAL a built page such as man/anyarch.8. A link to a file of the tree that
has a page leads to that page; any other link, or one to a place that does not exist, is an error.
"""
import html
import pathlib
import re
import shutil
import subprocess
import sys

GUIDES = ("index", "ci", "build-hosts", "images", "rootfs", "builders", "kubernetes", "acceleration", "moving", "comparison")
OTHERS = {"README.md": "readme.html", "CHANGELOG.md": "changelog.html", "SECURITY.md": "security.html",
          "CONTRIBUTING.md": "contributing.html", "tools/ci/README.md": "pipelines.html"}

FRAME = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<nav><a href="index.html">anyarch</a> <a href="anyarch.7.html">Tutorial</a> <a href="anyarch.8.html">Commands</a>
<a href="index.html#guides">Guides</a> <a href="index.html#manuals">Manuals</a> <a href="security.html">Security</a>
<a href="changelog.html">Changes</a></nav>
<main>
{body}
</main>
</body>
</html>
"""

STYLE = """:root { color-scheme: light dark; --line: #8884; --code: #8881; --link: #0b57d0 }
@media (prefers-color-scheme: dark) { :root { --link: #8ab4f8 } }
* { box-sizing: border-box }
body { font: 1rem/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 54rem; padding: 0 1rem 3rem }
nav { border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: .8rem 0 }
nav a:first-child { font-weight: bold }
a { color: var(--link); text-underline-offset: .15em }
main { overflow-wrap: break-word }
h1 { line-height: 1.2 }
h2, h1.Sh { border-bottom: 1px solid var(--line); font-size: 1.3rem; margin-top: 2rem; padding-bottom: .2rem }
a.permalink { color: inherit; text-decoration: none }
img { height: auto; max-width: 100% }
code, pre { background: var(--code); border-radius: .25rem; font: .9em/1.45 ui-monospace, monospace }
code { padding: .1em .3em }
pre { overflow-x: auto; padding: .7rem }
pre code { background: none; font-size: 1em; padding: 0 }
.table { overflow-x: auto }
table { border-collapse: collapse }
td, th { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top }
td code { overflow-wrap: anywhere }
table.head, table.foot { display: none }
dd { margin-left: 1.5rem }
dd > p { margin-top: .2rem }
.Bd-indent { margin-left: 1rem }
"""


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def from_markdown(path):
    """Body of a page, without the badges of a repository's web pages; each table can be scrolled by itself."""
    body = run("markdown_py", "-x", "tables", "-x", "toc", "-x", "fenced_code", str(path))
    body = re.sub(r'<p><a href="\.\./\.\./actions/.*?</p>', "", body, flags=re.DOTALL)
    return body.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")


def from_manual(path, pages):
    """Body of a page; the names of other manuals become links."""
    body = run("mandoc", "-T", "html", "-O", "fragment", str(path))

    def link(match):
        page = f"{match[1]}.{match[2]}.html"
        return f'<a href="{page}">{match[0]}</a>' if page in pages and page != path.name + ".html" else match[0]

    return re.sub(r"<b>([a-z.A-Z-]+)</b>\((\d)\)", link, body.replace("&#x2022;", "&#x2022; "))


class Site:
    def __init__(self, source, out, manuals):
        self.source, self.out = source.resolve(), out
        self.pages = {self.source / f"docs/{name}.md": f"{name}.html" for name in GUIDES}
        self.pages |= {self.source / path: page for path, page in OTHERS.items()}
        self.manuals = {self.source / f"man/{path.name}.scd": path for path in manuals}
        self.pages |= {path: f"{manual.name}.html" for path, manual in self.manuals.items()}
        self.wrong = []

    def target(self, page, link):
        """Where a link of a page leads to in the site."""
        path, _, place = link.partition("#")
        if re.match(r"[a-z]+:", link):
            return link
        found = (page.parent / path).resolve() if path else page
        if found in self.pages:
            return self.pages[found] + (f"#{place}" if place else "")
        if found.suffix in (".svg", ".txt") and found.is_file():
            shutil.copy(found, self.out / found.name)
            return found.name
        if (found.is_relative_to(self.source / "tools") or found.name == "action.yml") and found.is_file():
            shutil.copy(found, self.out / (found.name + ".txt"))
            return found.name + ".txt"
        if found == self.source / "LICENSE":
            shutil.copy(found, self.out / "LICENSE.txt")
            return "LICENSE.txt"
        self.wrong.append(f"{page.relative_to(self.source)}: {link}")
        return link

    def write(self, page, body):
        title = html.unescape(re.sub("<[^>]*>", "", re.search(r"<h1[^>]*>(.*?)</h1>", body, re.S)[1]))
        title = title if title == "anyarch" else f"{title} - anyarch"
        (self.out / self.pages[page]).write_text(FRAME.format(title=html.escape(title), body=body), encoding="utf-8")

    def make(self):
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        (self.out / "style.css").write_text(STYLE, encoding="utf-8")
        names = set(self.pages.values())
        for page in self.pages:
            if page in self.manuals:
                name = self.manuals[page].name
                body = f"<h1>{name[:-2]}({name[-1]})</h1>\n" + from_manual(self.manuals[page], names)
            else:
                body = re.sub(r'(href|src)="([^"]*)"',
                              lambda m, page=page: f'{m[1]}="{html.escape(self.target(page, html.unescape(m[2])))}"', from_markdown(page))
            self.write(page, body)
        for line in self.wrong:
            print(f"leads nowhere: {line}", file=sys.stderr)
        return bool(self.wrong)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(Site(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), [pathlib.Path(path) for path in sys.argv[3:]]).make())
