"""A server in a thread, with real sockets, of small runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

import recurra
from recurra.config import validated
from recurra.serving.config import ServeConfig
from recurra.serving.guard import Guard
from recurra.serving.host import Host
from recurra.serving.server import bind, make_server


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tagger of texts, a forecaster, a classifier of rows and a language model, hardly trained."""
    folder = tmp_path_factory.mktemp("served")
    small = {"hidden_size": 8, "max_epochs": 1}
    lines = ["import os", "def f ( x ) :", "return x + 1", "class A :", "pass"] * 8
    kinds = [["word" if one.isalpha() else "sign" for one in line.split()] for line in lines]
    tokens = pl.DataFrame({"tokens": [line.split() for line in lines], "tags": kinds})
    made = {
        "roles": (recurra.Tagger(**small, bidirectional=False, baselines=()), tokens),
        "iris": (recurra.Classifier(**small, baselines=()), "sample:iris"),
        "topics": (recurra.LanguageModel(**small, baselines=()), pl.DataFrame({"text": lines * 4})),
    }
    for name, (estimator, data) in made.items():
        estimator.fit(data, show_progress=False).save(folder / name)
    sales = {"ds": list(range(60)), "y": [float(step % 4) for step in range(60)]}
    forecaster = recurra.Forecaster(
        horizon=3, preset="streaming", max_epochs=1, steps_per_epoch=2, hidden_size=8
    )
    forecaster.fit(sales, show_progress=False).save(folder / "sales")
    return {name: folder / name for name in [*made, "sales"]}


@contextmanager
def serving(folders: dict[str, Path], guard: Guard, state: Path | None, **settings: object) -> Iterator[str]:
    """The address of a server that runs as long as the block."""
    watch = bool(settings.pop("watch", False))
    host = Host(folders, validated(ServeConfig, settings), guard, state, watch=watch)
    listening = bind("127.0.0.1", 0, is_open=guard.is_open)
    ready = threading.Event()
    server = make_server(host, started=ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def served(runs: dict[str, Path]) -> Callable[..., "object"]:
    """Begins a server of all runs: (settings) -> context of its address."""

    def begin(state: Path | None = None, tokens: tuple[str, ...] = (), **settings: object) -> object:
        return serving(runs, Guard(tokens), state, **settings)

    return begin


@pytest.fixture(scope="module")
def address(runs: dict[str, Path]) -> Iterator[str]:
    """Of a server of all runs, for tests that leave it as it is."""
    with serving(runs, Guard(), None) as found:
        yield found
