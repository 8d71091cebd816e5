"""Ends with what a folder of pages would fetch from elsewhere: scripts, styles, fonts, pictures. Links may.

python tools/fetches_nothing.py build/site
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "video": "src"}
_IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


class Fetches(HTMLParser):
    """What a page has fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called with each opening tag."""
        given = dict(attrs)
        address = given.get(FETCHED.get(tag, "")) or ""
        if re.match("(https?:)?//", address) and given.get("rel") not in ("canonical", "alternate"):
            self.found.append(address)


def fetches(path: Path) -> list[str]:
    """What a page or a style sheet fetches from elsewhere."""
    text = path.read_text(errors="replace")
    page = Fetches()
    if path.suffix == ".html":
        page.feed(text)
    return page.found + _IN_STYLES.findall(text)


def main(folder: Path) -> None:
    """Look through a folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in (".html", ".css")]
    found = [f"{path}: {address}" for path in paths for address in fetches(path)]
    if found or not paths:
        sys.exit("\n".join(found) or f"{folder} has no pages")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
