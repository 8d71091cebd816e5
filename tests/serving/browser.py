"""A headless Chromium as far as tests of a page need it: the DevTools protocol over one WebSocket."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
_SECONDS = 30.0


class Tab:
    """A page that is open.

    Attributes:
        requests: The addresses that it asked for.
        complaints: What its console and its log say that is more than information, and what failed.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0
        self.requests: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser answers to a command."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=_SECONDS))
            if message.get("id") == self._number:
                assert "error" not in message, (method, message["error"])
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        about = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(about["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(about["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(about["exceptionDetails"]))
            case "Runtime.consoleAPICalled":
                self.complaints.append(json.dumps(about["args"]))
            case "Log.entryAdded" if about["entry"]["level"] != "info":
                self.complaints.append(about["entry"]["text"])
            case _:
                pass

    def open(self, address: str) -> None:
        """Go to an address; loading may go on."""
        self.call("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """The value of a script, awaited; it may do what needs a person's click."""
        how = {"awaitPromise": True, "returnByValue": True, "userGesture": True}
        told = self.call("Runtime.evaluate", expression=script, **how)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait(self, script: str) -> Any:
        """The value of a script as soon as it is true."""
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            value = self.run(script)
            if value:
                return value
            time.sleep(0.05)
        shown = self.run("document.body.innerText")
        raise AssertionError(f"it never came true: {script}\nthe page says: {shown}\n{self.complaints}")

    def type(self, selector: str, text: str) -> None:
        """Type into a field as a keyboard does."""
        self.wait(f"document.querySelector({json.dumps(selector)}) !== null")
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        for letter in text:
            self.call("Input.dispatchKeyEvent", type="char", text="\r" if letter == "\n" else letter)

    def press(self, key: str, code: int) -> None:
        """Press a key that is no letter."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    def click(self, text: str) -> None:
        """Press the button of a name."""
        found = (
            f"[...document.querySelectorAll('button')].find((one) => one.innerText === {json.dumps(text)})"
        )
        self.wait(f"{found} && !{found}.disabled")
        self.run(f"{found}.click()")

    def choose(self, selector: str, path: Path) -> None:
        """Choose a file in a field."""
        self.wait(f"document.querySelector({json.dumps(selector)}) !== null")
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def draw(self, selector: str, points: Sequence[tuple[float, float]]) -> None:
        """Draw a stroke on an element; points are shares of its width and height."""
        box = f"document.querySelector({json.dumps(selector)})"
        left, top, width, height = self.wait(
            f"(() => {{ const one = {box}; if (!one) return null; one.scrollIntoView({{block: 'center'}});"
            "const {x, y, width, height} = one.getBoundingClientRect(); return [x, y, width, height]; })()"
        )
        kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 2), "mouseReleased"]
        for kind, (x, y) in zip(kinds, points, strict=True):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=left + x * width,
                y=top + y * height,
                button="left",
                buttons=0 if kind == "mouseReleased" else 1,
                clickCount=1,
            )

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """Show it so wide and high, in light or dark colours."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self) -> bytes:
        """What it shows, as a PNG file."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


@contextmanager
def browser(folder: Path, *flags: str) -> Iterator[Tab]:
    """A tab of a browser of its own, whose files are in a folder."""
    program = next(one for one in CHROMIUM if Path(one).exists())
    usual = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions")
    own = ("--disable-background-networking", f"--user-data-dir={folder}", "--remote-debugging-port=0")
    command = [program, *usual, *own, *flags, "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            port = _port_of(folder / "DevToolsActivePort")
            with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [one for one in json.load(answer) if one["type"] == "page"]
            with connect(pages[0]["webSocketDebuggerUrl"], max_size=None) as socket:
                yield Tab(socket)
        finally:
            process.terminate()


def _port_of(path: Path) -> int:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if path.is_file() and path.read_text().strip():
            return int(path.read_text().split()[0])
        time.sleep(0.05)
    raise AssertionError("the browser does not start")
