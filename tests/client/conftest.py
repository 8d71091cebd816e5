"""A server in a process of its own, of small runs, and a wire to it that can be cut."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.cli.program import environment

from recurra import Classifier, Forecaster, LanguageModel
from recurra.streaming import Live
from recurra.tasks.predictor import load_predictor

TEXT = "import os\ndef f(x):\n    return x + 1\n" * 12
RATE = 8_000


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A language model, a forecaster, a classifier of rows and a spotter of words, hardly trained."""
    folder = tmp_path_factory.mktemp("served")
    small: dict[str, Any] = {"hidden_size": 8, "max_epochs": 1}
    LanguageModel(**small, baselines=()).fit([TEXT]).save(folder / "book")
    Classifier(**small, baselines=()).fit("sample:iris").save(folder / "iris")
    table = {"ds": list(range(60)), "y": [float(step % 4) for step in range(60)]}
    Forecaster(horizon=3, preset="streaming", steps_per_epoch=2, **small).fit(table).save(folder / "sales")
    words = folder / "words"
    words.mkdir()
    random = np.random.default_rng(0)
    for name, pitch in (("low", 400), ("high", 2_000)):
        for number in range(6):
            tone = np.sin(2 * np.pi * pitch * random.uniform(0.95, 1.05) * np.arange(1_600) / RATE)
            soundfile.write(words / f"{name}_{number}.wav", tone * np.hanning(1_600) * 0.4, RATE)
    Classifier(
        **small, background=0.5, batch_size=8, num_mels=8, shift=20, speed=0, baselines=(), calibrate=False
    ).fit(words).save(folder / "spotter")
    return {name: folder / name for name in ("book", "iris", "sales", "spotter")}


@pytest.fixture(scope="session")
def local(runs: dict[str, Path]) -> Callable[[str], Live]:
    """The live form of a run, in this process, with nothing remembered."""
    loaded = {name: load_predictor(runs[name], "float32") for name in ("book", "sales")}
    return lambda name: loaded[name].fresh()


class Server:
    """A process that serves.

    Args:
        arguments: Of `recurra serve`.
    """

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments
        self.begin("0")

    def begin(self, port: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "recurra", "serve", *map(str, self.arguments), "--port", port, "--json"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        said = self.process.stdout
        assert said is not None
        text = "".join(iter(said.readline, "}\n")) + "}"  # a document over several lines
        self.url: str = json.loads(text)["url"]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.end()

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)

    def restart(self) -> None:
        self.begin(str(self.port))


@contextmanager
def serving(*arguments: object) -> Iterator[Server]:
    server = Server(*arguments)
    try:
        yield server
    finally:
        server.end()


@pytest.fixture(scope="session")
def server(runs: dict[str, Path]) -> Iterator[Server]:
    """A server of all runs, for tests that leave it as it is."""
    with serving(*runs.values(), "max_message_kb=64") as found:
        yield found


class Proxy:
    """Passes on what clients and a server say, until it is cut.

    Attributes:
        url: Of the proxy.
        cut_after: Bytes of the server after which the next connection is cut; None: none.
        cuts: How many connections were cut.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self.cut_after: int | None = None
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listening.accept()
                theirs = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                return
            self._open += [ours, theirs]
            threading.Thread(target=self._pass_on, args=(ours, theirs, None), daemon=True).start()
            left, self.cut_after = self.cut_after, None
            threading.Thread(target=self._pass_on, args=(theirs, ours, left), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, left: int | None) -> None:
        try:
            while content := source.recv(4096):
                if left is not None:
                    content = content[:left]
                    left -= len(content)
                sink.sendall(content)
                if left == 0:
                    self.cuts += 1
                    break
        except OSError:
            pass
        for one in (source, sink):
            self._shut(one)

    @staticmethod
    def _shut(one: socket.socket) -> None:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

    def cut(self) -> None:
        for one in self._open:
            self._shut(one)
        self._open.clear()

    def close(self) -> None:
        self._shut(self._listening)
        self.cut()


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    found = Proxy(server.port)
    yield found
    found.close()


def rows_of(text: str) -> list[dict[str, Any]]:
    """A row for each letter."""
    return [{"text": letter} for letter in text]


def same(answer: Any, live: Live, row: Any) -> None:
    """Whether an answer from afar has the numbers of the same row here, to the bit."""
    wanted = live.predict(row)
    expected = {**wanted.kept, **wanted.values}
    assert set(answer) - {"notes"} == set(expected)
    for name, value in expected.items():
        if isinstance(value, np.ndarray | np.floating):
            np.testing.assert_array_equal(np.asarray(answer[name], np.float32), value)
        else:
            assert answer[name] == value


def frame_of(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame(columns)
