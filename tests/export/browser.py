"""Pages in a headless Chromium."""

import functools
import html
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and shutil.which("clang") and shutil.which("wasm-ld")),
    reason="not installed: chromium, clang, or wasm-ld",
)
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom")


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder."""

    def log_message(self, *given: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on a server of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def shown(address: str, profile: Path) -> str:
    """The document of a page, after its scripts have run."""
    command = [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", address]
    return subprocess.run(command, check=True, text=True, capture_output=True, timeout=60).stdout


def text_of(document: str, place: str) -> str:
    """The text of an element that is known by its id and holds no other."""
    found = re.search(rf'id="{place}"[^>]*>([^<]*)<', document)
    assert found, f"no {place} in {document[-2000:]}"
    return html.unescape(found[1])


def exact(document: str) -> dict[str, float]:
    """Outputs by name, of the bars of a page."""
    rows = re.findall(r'<tr><th scope="row" title="([^"]*)">.*?<td title="([^"]*)">', document)
    return {html.unescape(name): float(value) for name, value in rows}
