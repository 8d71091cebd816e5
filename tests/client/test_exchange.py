"""A session against a server that loses what it can: right answers, each row taken once, or an error."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client.model_server import BAD, NEVER, ModelServer, said

from recurra.client import wire
from recurra.client.effect import Denied, Lost, Open
from recurra.client.exchange import Exchange
from recurra.client.patience import Patience
from recurra.errors import DataError, RecurraError, ServerError, SessionError

KEPT_SECONDS = 10.0


def exchange_with(server: ModelServer, token: str = "", kept_seconds: float = KEPT_SECONDS) -> Exchange:
    return Exchange(Patience(1e6, server.clock, server.random.random), kept_seconds, token)


def bodies(rows: list[int]) -> list[str]:
    return [wire.body_of({"value": row}) for row in rows]


def expected(before: list[int], rows: list[int]) -> tuple[list[Any], list[int]]:
    """The answers of rows, and the rows that the session took then."""
    taken, answers = list(before), []
    for row in rows:
        if row == NEVER:
            answers.append("refused")
            continue
        taken.append(row)
        answers.append(said(taken))
    return answers, taken


def comparable(answer: Any) -> Any:
    if isinstance(answer, DataError) and answer.got == "no":
        return "refused"
    if isinstance(answer, DataError):
        return {"error": answer.got, "expected": answer.expected, "remedy": answer.remedy}
    return answer


def answer_is_lost(answer: Any) -> bool:
    """A row was taken and saved, its answer lost, and what came before is no longer kept: that is said."""
    return isinstance(answer, ServerError) and "which was taken" in answer.got


ROWS = st.lists(st.sampled_from([*range(50), BAD, NEVER]), max_size=40)
ORDERS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), ROWS),
        st.tuples(st.just("stopped"), ROWS, st.integers(0, 12)),
        st.tuples(st.sampled_from(["snapshot", "restore", "reset", "fork", "close", "wait"])),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(orders=ORDERS, seed=st.integers(0, 10**9), trouble=st.sampled_from([0.0, 0.05, 0.2]))
def test_answers_are_right_whatever_is_lost(orders: list[Any], seed: int, trouble: float) -> None:
    server = ModelServer(Random(seed), 0.0)
    exchange = exchange_with(server)
    server.drive(exchange.open())  # a first connection is tried once
    server.trouble = trouble
    rows: list[int] = []
    snapshot: tuple[bytes, list[int]] | None = None
    for order, *about in orders:
        if order == "run":
            wanted, rows = expected(rows, about[0])
            got = server.drive(exchange.run(bodies(about[0])))
            for one, right in zip(got, wanted, strict=True):
                assert comparable(one) == right or answer_is_lost(one)
        elif order == "stopped":
            good = [row for row in about[0] if row != NEVER]
            server.drive(exchange.run(bodies(good)), stop_after=about[1])
            server.drive(exchange.open())
            assert len(rows) <= exchange.rows <= len(rows) + len(good)
            rows = [*rows, *good][: exchange.rows]
        elif order == "snapshot":
            snapshot = server.drive(exchange.snapshot()), rows
        elif order == "restore" and snapshot is not None:
            server.drive(exchange.restore(snapshot[0]))
            rows = snapshot[1]
        elif order == "reset":
            server.drive(exchange.reset())
            rows = []
        elif order == "fork":
            exchange = server.drive(exchange.fork())
        elif order == "close":
            server.drive(exchange.close())
        else:
            server.now += 7.0
        assert exchange.rows == len(rows)
    server.drive(exchange.run(bodies([1])))
    assert server.sessions[exchange.token].rows == [*rows, 1]


def ended_in(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except SessionError as error:
        return error


@settings(max_examples=40)
@given(seed=st.integers(0, 10**9), sizes=st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_a_session_of_which_not_all_is_kept_is_right_or_says_what_is_lost(
    seed: int, sizes: list[int]
) -> None:
    """Rows are kept for two seconds, their answers may be forgotten: no wrong number comes of it."""
    server = ModelServer(Random(seed), 0.0)
    first = exchange_with(server)
    server.drive(first.run(bodies([1, 2, 3])))
    server.drive(first.close())
    server.save()
    exchange = exchange_with(server, first.token, kept_seconds=2.0)
    server.drive(exchange.open())
    server.trouble = 0.1
    rows = [1, 2, 3]
    for size in sizes:
        own = [server.random.randrange(50) for _ in range(size)]
        wanted, rows = expected(rows, own)
        got = ended_in(lambda own=own: server.drive(exchange.run(bodies(own))))
        if isinstance(got, SessionError):
            assert "no session" in got.got or "lost rows" in got.got
            return
        for one, right in zip(got, wanted, strict=True):
            assert one == right or answer_is_lost(one)
        assert server.sessions[exchange.token].rows == rows
        server.now += 1.5


def test_rows_go_out_in_messages_whose_answers_the_server_can_keep() -> None:
    server = ModelServer(Random(0), 0.0)
    exchange = exchange_with(server)
    sizes: list[int] = []
    answer = server.answer

    def counted(message: str) -> str:
        told = answer(message)
        sizes.append(len(told.replace("\n", "")))
        return told

    server.answer = counted  # type: ignore[method-assign]
    server.drive(exchange.run(bodies([39] * 500)))
    assert max(sizes) <= 2048 / 2
    assert len(sizes) < 60


def test_a_row_is_sent_with_its_number() -> None:
    assert json.loads(wire.line_of(3, wire.body_of({"text": 'a "word"\n'}))) == {
        "$row": 3,
        "text": 'a "word"\n',
    }
    assert json.loads(wire.line_of(3, wire.body_of([1, 2.5]))) == {"$row": 3, "$values": [1, 2.5]}
    assert json.loads(wire.line_of(3, wire.body_of({}))) == {"$row": 3}


@pytest.mark.parametrize(
    ("row", "words"),
    [("text", "type str"), (3, "type int"), ({"$row": 1}, r"'\$row'"), ({"x": object()}, "type object")],
)
def test_what_is_no_row_is_refused_here(row: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        wire.body_of(row)


def lost_with(code: int) -> Lost:
    return Lost(ServerError("lost", "not", "Try."), code)


def opened(server: ModelServer) -> Exchange:
    exchange = exchange_with(server)
    server.drive(exchange.run(bodies([1])))
    return exchange


@pytest.mark.parametrize(
    ("code", "kind", "words"), [(4001, SessionError, "another connection"), (1009, DataError, "too large")]
)
def test_some_losses_are_for_good(code: int, kind: type[RecurraError], words: str) -> None:
    server = ModelServer(Random(0), 0.0)
    exchange = opened(server)
    running = exchange.run(bodies([2]))
    next(running)
    with pytest.raises(kind, match=words):
        running.send(lost_with(code))
    assert server.drive(exchange.run(bodies([3]))) == [said([1, 3])]  # the row before was given up


def test_patience_ends() -> None:
    server = ModelServer(Random(0), 0.0)
    exchange = Exchange(Patience(5.0, server.clock, server.random.random), KEPT_SECONDS)
    server.drive(exchange.run(bodies([1])))
    server.open = lambda effect: lost_with(1006)  # type: ignore[method-assign]
    server.lose()
    with pytest.raises(ServerError, match="lost"):
        server.drive(exchange.run(bodies([2])))
    assert 4.0 < server.now < 11.0


def test_a_first_connection_is_not_tried_again() -> None:
    conversing = exchange_with(ModelServer(Random(0), 0.0)).open()
    assert isinstance(next(conversing), Open)
    with pytest.raises(ServerError, match="lost"):
        conversing.send(lost_with(1006))


def test_a_session_that_somebody_else_used_is_an_error() -> None:
    server = ModelServer(Random(0), 0.0)
    exchange = opened(server)
    server.sessions[exchange.token].rows += [5, 6]
    server.lose()
    with pytest.raises(SessionError, match="took 3 rows, of which 1"):
        server.drive(exchange.run(bodies([7])))


def test_an_answer_that_makes_no_sense_is_an_error() -> None:
    server = ModelServer(Random(0), 0.0)
    exchange = opened(server)
    server.answer = lambda message: "<html>"  # type: ignore[method-assign]
    with pytest.raises(ServerError, match="not understood"):
        server.drive(exchange.run(bodies([2])))


def test_ending_what_is_gone_is_no_error() -> None:
    server = ModelServer(Random(0), 0.0)
    exchange = opened(server)
    server.sessions.clear()
    server.lose()
    server.drive(exchange.end())
    assert isinstance(server.open(Open({"session": exchange.token})), Denied)
