"""Live sessions over a real wire: the numbers of here, whatever happens to the wire or the server."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.client.conftest import Proxy, Server, rows_of, same, serving

from recurra import Client
from recurra.errors import ConfigError, DataError, ServerError, SessionError
from recurra.streaming import Live

TEXT = "import os def f(x)"
Local = Callable[[str], Live]


def check(answers: list[Any], live: Live, rows: list[Any]) -> None:
    for answer, row in zip(answers, rows, strict=True):
        same(answer, live, row)


def test_a_session_has_the_numbers_of_a_local_one(server: Server, local: Local) -> None:
    live, rows = local("book"), rows_of(TEXT * 30)
    with Client(server.url).session("book") as session:
        same(session.predict(rows[0]), live, rows[0])
        check(session.run(rows[1:]), live, rows[1:])
        assert session.rows == len(rows)
        assert session.run([]) == []
        snapshot = session.snapshot()
        twin, beside = session.fork(), local("book")
        beside.restore(live.snapshot())
        check([twin.predict({"text": "q"})], beside, [{"text": "q"}])
        check([session.predict(["z"])], live, [{"text": "z"}])
        session.restore(snapshot)
        assert session.rows == len(rows)
        session.reset()
        check(session.run(rows[:5]), local("book"), rows[:5])
        assert (session.rows, twin.rows) == (5, len(rows) + 1)
        twin.end()
    with pytest.raises(SessionError, match="token of no session"):
        Client(server.url).session("book", token=twin.token).open()


def test_a_forecaster_answers_as_it_does_here(server: Server, local: Local) -> None:
    rows = [{"ds": 60 + step, "y": step % 4} for step in range(9)]
    with Client(server.url).session("sales") as session:
        check(session.run(rows), local("sales"), rows)


def test_a_session_goes_on_by_its_token(server: Server, local: Local) -> None:
    live, rows = local("book"), rows_of(TEXT)
    client = Client(server.url)
    with client.session("book") as session:
        check(session.run(rows), live, rows)
    with client.session("book", token=session.token) as later:
        assert later.rows == len(rows)
        check(later.run(rows), live, rows)
        with pytest.raises(SessionError, match="took 36 rows, of which 18"):
            session.open()
        with client.session("book", token=session.token):  # which takes over
            pass
        with pytest.raises(SessionError, match="another connection"):
            later.predict(rows[0])


def test_rows_that_cannot_be_used_have_errors_in_their_places(server: Server, local: Local) -> None:
    rows: list[Any] = [{"ds": 60, "y": 1.0}, {"ds": 61, "y": "much"}, {"ds": 61, "y": 2.0}]
    with Client(server.url).session("sales") as session:
        first, wrong, last = session.run(rows)
        assert isinstance(wrong, DataError)
        assert "much" in wrong.got
        check([first, last], local("sales"), [rows[0], rows[2]])
        assert session.rows == 3
        with pytest.raises(DataError, match="much"):
            session.predict({"ds": 62, "y": "much"})
        with pytest.raises(DataError, match="too large"):
            session.predict({"ds": 62, "y": "1" * 100_000})
        session.predict({"ds": 62, "y": 2.0})


def test_a_wire_that_is_cut_changes_nothing(server: Server, proxy: Proxy, local: Local) -> None:
    live, rows = local("book"), rows_of(TEXT * 6)
    with Client(proxy.url).session("book") as session:
        token = session.token
        for begin in range(0, len(rows), 12):
            proxy.cut_after = (700, 1500, 350, None)[begin // 12 % 4]  # in the head, a greeting, an answer
            if begin % 24:
                proxy.cut()
            check(session.run(rows[begin : begin + 12]), live, rows[begin : begin + 12])
        assert (session.rows, session.token) == (len(rows), token)
        assert proxy.cuts >= 2


def test_killing_the_server_loses_nothing(runs: dict[str, Path], local: Local, tmp_path: Path) -> None:
    """It is killed while rows run, and started again: once soon after a snapshot, once before the first."""
    live, rows = local("book"), rows_of(TEXT * 200)
    with (
        serving(runs["book"], "--state", tmp_path / "state") as server,
        Client(server.url, patience=120.0).session("book") as session,
    ):
        same(session.predict(rows[0]), live, rows[0])
        for begin in range(1, len(rows), len(rows) // 2):
            own = rows[begin : begin + len(rows) // 2]
            timer = threading.Timer(0.2, lambda: (server.kill(), server.restart()))
            timer.start()
            check(session.run(own), live, own)
            timer.join()
        assert session.rows == len(rows)
        same(session.predict(rows[0]), live, rows[0])


def test_what_cannot_be_reached_says_so(server: Server) -> None:
    with pytest.raises(ConfigError, match=r"model 'bok'; expected one of book.*Did you mean 'book'"):
        Client(server.url).session("bok").open()
    with pytest.raises(ConfigError, match="does not stream"):
        Client(server.url).session("iris").open()
    with pytest.raises(ServerError, match="nobody listens there"):
        Client("http://127.0.0.1:9").session("book").open()
    with pytest.raises(ServerError, match="TLS fails"):
        Client(server.url.replace("http", "https")).session("book").open()


def test_one_thread_at_a_time(server: Server) -> None:
    with Client(server.url).session("book") as session:
        session._in_use.acquire()
        with pytest.raises(SessionError, match="another thread"):
            session.predict({"text": "a"})
        session._in_use.release()
