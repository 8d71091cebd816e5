"""Predictions, texts and errors over HTTP, as local objects have them."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import soundfile
from polars.testing import assert_frame_equal
from tests.client.conftest import RATE, Server, serving

from recurra import Classifier, Client, Forecaster
from recurra.client.body import body_of, query_of
from recurra.client.hearing import pcm, pieces_of
from recurra.config import validated
from recurra.errors import ConfigError, DataError, ServerError, SessionError
from recurra.experiment.listening import usual_rate
from recurra.streaming import Program
from recurra.tasks.classify.config import Listening
from recurra.tasks.classify.listener import LiveSpotter

PEM = Path(__file__).with_name("certificate.pem")
TABLE = {"ds": list(range(60)), "y": [float(step % 4) for step in range(60)]}


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Client]:
    with Client(server.url) as found:
        yield found


def test_models_are_described(client: Client) -> None:
    assert [one["name"] for one in client.models()] == ["book", "iris", "sales", "spotter"]
    assert client.model("sales")["columns"] == ["y"]
    with pytest.raises(ConfigError, match="'nothing'"):
        client.model("nothing")
    with pytest.raises(ConfigError):
        client.model("../metrics?")


def test_a_frame_comes_back_in_the_library_that_it_came_in(client: Client, runs: dict[str, Path]) -> None:
    here = Forecaster.load(runs["sales"]).predict(pl.DataFrame(TABLE), level=(80, 95))
    for data in (TABLE, pl.DataFrame(TABLE), pd.DataFrame(TABLE), pa.table(TABLE)):
        there = client.predict("sales", data, level=(80, 95))
        library = pl.DataFrame if isinstance(data, dict) else type(data)
        assert isinstance(there, library)
        assert_frame_equal(pl.DataFrame(there), here, check_exact=True)


def test_files_rows_and_bytes_are_data(client: Client, runs: dict[str, Path], tmp_path: Path) -> None:
    rows = [dict(zip(TABLE, pair, strict=True)) for pair in zip(*TABLE.values(), strict=True)]
    here = client.predict("sales", pl.DataFrame(TABLE))
    place = tmp_path / "table.csv"
    pl.DataFrame(TABLE).write_csv(place)
    for data in (rows, place, str(place), place.read_bytes(), json.dumps(rows).encode()):
        assert_frame_equal(client.predict("sales", data), here, check_exact=True)
    recording = runs["book"].parent / "words" / "low_0.wav"
    heard = Classifier.load(runs["spotter"]).predict(pl.DataFrame({"path": [str(recording)]}))
    assert client.predict("spotter", recording)["prediction"].to_list() == list(heard["prediction"])
    assert client.predict("spotter", recording.read_bytes())["prediction"].to_list() == list(
        heard["prediction"]
    )


def test_data_and_options_that_are_wrong_are_our_errors(client: Client, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'y'"):
        client.predict("sales", {"ds": [1, 2, 3], "z": [1.0, 2.0, 3.0]})
    with pytest.raises(ConfigError, match=r"levl.*level"):
        client.predict("sales", TABLE, levl=80)
    with pytest.raises(DataError, match=r"notes.xyz"):
        client.predict("sales", tmp_path / "notes.xyz")
    with pytest.raises(DataError, match=r"JSON cannot hold"):
        client.predict("sales", [{"y": object()}])
    with pytest.raises(ConfigError, match="one that makes texts"):
        client.generate("iris")


def test_texts_come_whole_or_in_pieces(client: Client) -> None:
    whole = client.generate("book", "import ", length=40, seed=3)
    assert len(whole) >= 30
    assert "".join(client.pieces("book", "import ", length=40, seed=3)) == whole
    with pytest.raises(ConfigError, match="lenth"):
        client.generate("book", lenth=3)
    with pytest.raises(ConfigError, match="lenth"):
        next(client.pieces("book", lenth=3))


def test_sound_is_heard_as_it_is_here(client: Client, runs: dict[str, Path]) -> None:
    parts = [
        soundfile.read(runs["book"].parent / "words" / f"{name}_1.wav", dtype="int16")[0]
        for name in ("low", "high")
    ]
    sound = np.concatenate([part for one in parts for part in (np.zeros(RATE // 2, np.int16), one)])
    program = Program.load(runs["spotter"] / "stream")
    assert usual_rate(program) == RATE
    spotter = LiveSpotter(program, validated(Listening, {"threshold": 0.3}), rate=RATE)
    samples = sound.astype(np.float32) / 32768
    here = [*spotter.push(samples), *spotter.end()]
    there = list(client.listen("spotter", sound, RATE, threshold=0.3))
    assert [json.loads(json.dumps(one)) for one in here] == there
    assert list(client.listen("spotter", iter(np.array_split(samples, 7)), RATE, threshold=0.3)) == there
    with pytest.raises(DataError, match="one channel"):
        list(client.listen("spotter", np.zeros((5, 2)), RATE))
    with pytest.raises(ConfigError, match="threshol"):
        list(client.listen("spotter", sound, RATE, threshol=0.3))


def test_samples_become_whole_numbers() -> None:
    assert np.frombuffer(pcm(np.array([-1.0, 0.5, 1.0])), "<i2").tolist() == [-32768, 16384, 32767]
    pieces = list(pieces_of(np.arange(250, dtype=np.int16), 1_000))
    assert [len(one) for one in pieces] == [200, 200, 100]


def test_the_kind_of_bytes_is_seen() -> None:
    kinds = {
        b"RIFF....WAVE": "audio/wav",
        b"RIFF....WEBP": "image/webp",
        b"\x89PNG": "image/png",
        b"a,b\n": "text/csv",
    }
    assert {begin: body_of(begin).kind for begin in kinds} == kinds
    assert body_of(b'{"a": 1}\n{"a": 2}\n').kind == "application/jsonl"
    assert query_of({"level": (80, 95), "spans": True, "left": None}) == {"level": "80,95", "spans": "yes"}


def test_tokens_and_certificates(runs: dict[str, Path], tmp_path: Path) -> None:
    token = "a-token-that-is-long-enough"
    (tmp_path / "tokens").write_text(token)
    with serving(runs["book"], "--token-file", tmp_path / "tokens", "--certificate", PEM) as server:
        with Client(server.url, token=token, certificate=PEM) as client:
            assert client.model("book")["streams"]
            with client.session("book") as session:
                session.predict({"text": "a"})
        for wrong in ("", "another-token-of-such-length"):
            with Client(server.url, token=wrong, certificate=PEM) as stranger:
                with pytest.raises(ConfigError, match="token"):
                    stranger.models()
                with pytest.raises(ConfigError, match="token"):
                    stranger.session("book").open()
        with (
            Client(server.url, token=token) as client,
            pytest.raises(ServerError, match=r"TLS fails \(self.signed certificate"),
        ):
            client.models()


@contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[str]:
    """A server that gives these answers, one after another."""
    left = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, content = left.pop(0)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


BUSY = (429, {"Retry-After": "0"}, b'{"error": "much", "expected": "less", "remedy": "Wait."}')


def test_a_busy_server_is_asked_again_a_few_times() -> None:
    later = (429, {"Retry-After": "99"}, BUSY[2])
    with (
        answering(BUSY, BUSY, (200, {}, b'{"models": []}'), *[BUSY] * 4, later) as url,
        Client(url) as client,
    ):
        assert client.models() == []
        for _ in range(2):
            with pytest.raises(SessionError, match=r"much; expected less. Wait."):
                client.models()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {}, b"<html>"), "not understood"),
        ((200, {}, b"{}"), "not understood"),
        ((502, {}, b"<h1>Bad gateway</h1>"), "answer 502 that is none of recurra's: <h1>Bad"),
        ((500, {}, b'{"error": "a failure", "expected": "none", "remedy": "Tell."}'), "a failure"),
    ],
)
def test_servers_that_are_none_of_ours_are_told_of(answer: Any, words: str) -> None:
    with answering(answer) as url, Client(url) as client, pytest.raises(ServerError, match=words):
        client.models()


def test_what_cannot_be_reached_says_so(server: Server) -> None:
    with pytest.raises(ServerError, match="nobody listens there"):
        Client("http://127.0.0.1:9").models()
    with pytest.raises(ServerError, match="host that is unknown"):
        Client("http://no-such-host.invalid").models()
    with pytest.raises(ServerError, match="TLS fails"):
        Client(server.url.replace("http", "https")).models()
    with (
        Client(server.url, timeout=1e-4) as client,
        pytest.raises(ServerError, match="no answer in time"),
    ):
        client.predict("sales", TABLE)


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("127.0.0.1:8000", {}, "http://HOST:PORT"),
        ("ftp://host", {}, "http://HOST:PORT"),
        ("http://host", {"token": "a\nb"}, "token"),
        ("http://host", {"timeout": 0.0}, "timeout"),
        ("https://host", {"certificate": "/nowhere.pem"}, "/nowhere.pem"),
    ],
)
def test_addresses_are_checked(url: str, options: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Client(url, **options)
