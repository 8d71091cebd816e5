"""A stand-in for the Hugging Face Hub: the few requests by which files are put there and fetched."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """One repository, whose files lie in `server.files`."""

    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, *given: object) -> None:
        """Say nothing."""

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Send something back."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_POST(self) -> None:
        """Make a repository, say how files are to be sent, take a commit."""
        size = int(self.headers.get("Content-Length") or 0)
        body, path = self.rfile.read(size), urlsplit(self.path).path
        self.server.asked.append((path, body, self.headers.get("authorization")))
        if self.headers.get("authorization") != "Bearer hf_right":
            return self.answer(b'{"error": "Invalid username or password."}', 401)
        if path == "/api/repos/create":
            self.server.repo = f"me/{json.loads(body)['name'].split('/')[-1]}"
            return self.answer(json.dumps({"url": f"{self.server.address}/{self.server.repo}"}).encode())
        if path.endswith("/preupload/main"):
            names = [one["path"] for one in json.loads(body)["files"]]
            told = [{"path": one, "uploadMode": "regular", "shouldIgnore": False} for one in names]
            return self.answer(json.dumps({"files": told}).encode())
        if path.endswith("/commit/main"):
            for line in body.splitlines():
                one = json.loads(line)
                if one["key"] == "file":
                    self.server.files[one["value"]["path"]] = base64.b64decode(one["value"]["content"])
            told = {
                "commitUrl": f"{self.server.address}/{self.server.repo}/commit/{COMMIT}",
                "commitOid": COMMIT,
            }
            return self.answer(json.dumps({**told, "hookOutput": ""}).encode())
        return self.answer(b"{}")

    def do_GET(self) -> None:
        """Tell of the repository, or give a file."""
        path = unquote(urlsplit(self.path).path)
        if path.startswith(f"/api/models/{self.server.repo}"):
            files = [{"rfilename": name} for name in self.server.files]
            about = {"id": self.server.repo, "sha": COMMIT, "siblings": files, "private": True, "tags": []}
            if "/tree/" in path:
                about = [
                    {
                        "type": "file",
                        "path": name,
                        "size": len(content),
                        "oid": hashlib.sha1(content).hexdigest(),
                    }
                    for name, content in self.server.files.items()
                ]
            return self.answer(json.dumps(about).encode())
        name = path.partition("/resolve/")[2].partition("/")[2]
        if name not in self.server.files:
            return self.answer(b'{"error": "Repository not found"}', 404, X_Error_Code="RepoNotFound")
        content = self.server.files[name]
        tag = hashlib.sha1(content).hexdigest()
        return self.answer(content, ETag=f'"{tag}"', X_Repo_Commit=COMMIT)

    def do_HEAD(self) -> None:
        """The same without what is in it."""
        self.do_GET()


@contextmanager
def hub() -> Iterator[Any]:
    """A server with `address`, `files` by name, and what it was `asked`."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.address, server.files, server.asked = f"http://127.0.0.1:{server.server_port}", {}, []
    server.repo = "me/none"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
