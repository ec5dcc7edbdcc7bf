# SPDX-License-Identifier: MIT
"""Owns the check of a built site: every link and picture leads to a file and a place that exist, and every page can be reached.

usage: links.py SITE
"""
import html.parser
import pathlib
import sys


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.places |= {attrs[key] for key in ("id", "name") if key in attrs}
        self.links += [attrs[key] for key in ("href", "src") if key in attrs]


def main(site):
    pages = {path.name: Page(path) for path in site.glob("*.html")}
    wrong, reached, todo = set(), set(), ["index.html"]
    for name, page in pages.items():
        for link in page.links:
            path, _, place = link.partition("#")
            target = path or name
            if link.startswith("https://"):
                continue
            if not (site / target).is_file():
                wrong.add(f"{name}: no file {link}")
            elif place and place not in pages[target].places:
                wrong.add(f"{name}: no place {link}")
    while todo:
        name = todo.pop()
        if name in pages and name not in reached:
            reached.add(name)
            todo += [link.partition("#")[0] for link in pages[name].links]
    wrong |= {f"{name}: no page leads there" for name in pages.keys() - reached}
    for line in sorted(wrong):
        print(line)
    if len(pages) < 10:
        print(f"only {len(pages)} pages")
    return bool(wrong) or len(pages) < 10


sys.exit(main(pathlib.Path(sys.argv[1])))
