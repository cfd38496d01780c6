#!/usr/bin/env python3
"""Fails where a page of a built site links to what is not there: packaging/site-links.py DIRECTORY"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to and shows, and what in it can be linked to."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.anchors.add(attributes.get("id"))
        if tag in ("a", "img", "script", "link"):
            self.targets.append(attributes.get("href") or attributes.get("src"))


def dead_links(root):
    pages = {path: Page(path) for path in sorted(root.rglob("*.html"))}
    for path, page in pages.items():
        # Both stand for the whole site: the page for wrong addresses, and the list of pages for readers without scripts.
        if path.name in ("404.html", "toc.html"):
            continue
        for target in filter(None, page.targets):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            index = file / "index.html"
            if index.exists():
                file = index
            if not file.exists():
                yield f"{path.relative_to(root)}: {target}"
            elif parts.fragment and file in pages and unquote(parts.fragment) not in pages[file].anchors:
                yield f"{path.relative_to(root)}: {target} has no such anchor"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: packaging/site-links.py DIRECTORY")
    dead = list(dead_links(Path(sys.argv[1]).resolve()))
    if dead:
        sys.exit("links of the site that lead nowhere:\n" + "\n".join(dead))


main()
