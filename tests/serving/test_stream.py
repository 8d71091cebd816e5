"""Live sessions over real sockets."""

import asyncio
import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from recurra.serving.session import MOST_ANSWERS
from recurra.tasks.predictor import load_predictor

WORDS = ["import", "os", "def", "f", "(", "x", ")", ":", "return", "x", "+", "1", "class", "A", ":", "pass"]


def url(address, model="topics", query=""):
    return f"ws://{address}/v1/models/{model}/stream{query}"


def answers(socket, *lines):
    socket.send("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines))
    return [json.loads(line) for line in socket.recv().split("\n")]


def offline(folder, rows):
    live = load_predictor(folder, "float32")
    return [dict(live.predict(row).values) for row in rows]


def without_row(answer):
    return {name: value for name, value in answer.items() if name != "$row"}


def test_answers_are_those_of_the_rows_alone(address, runs):
    rows = [{"text": word} for word in WORDS]
    with connect(url(address)) as socket:
        hello = json.loads(socket.recv())
        assert hello["$rows"] == 0
        assert hello["resumed"] is False
        told = [answers(socket, row)[0] for row in rows]
    assert [one.pop("$row") for one in told] == list(range(1, len(rows) + 1))
    assert list(map(without_row, told)) == offline(runs["topics"], rows)


def test_a_message_of_many_rows_is_answered_by_one(address, runs):
    rows = [{"text": word} for word in WORDS]
    with connect(url(address)) as socket:
        socket.recv()
        told = answers(socket, *rows)
    assert [without_row(one) for one in told] == offline(runs["topics"], rows)


def test_forecasts_have_the_bits_of_the_offline_stream(address, runs):
    rows = [{"ds": 60 + step, "y": float(step % 5)} for step in range(20)]
    with connect(url(address, "sales")) as socket:
        socket.recv()
        told = answers(socket, *rows)
    for one, known in zip(told, offline(runs["sales"], rows), strict=True):
        assert np.array_equal(np.float32(one["forecast"]), known["forecast"])


def test_hundreds_of_sessions_share_batches_and_no_number(address, runs):
    count = 300

    async def one(seed):
        random = np.random.default_rng(seed)
        rows = [{"text": WORDS[index]} for index in random.integers(len(WORDS), size=6)]
        async with connect_async(url(address)) as socket:
            await socket.recv()
            told = []
            for row in rows:
                await socket.send(json.dumps(row))
                told.append(without_row(json.loads(await socket.recv())))
        return rows, told

    async def everybody():
        return await asyncio.gather(*(one(seed) for seed in range(count)))

    for rows, told in asyncio.run(everybody()):
        assert told == offline(runs["topics"], rows)


def test_sequences_of_a_session_go_on_begin_anew_and_end(address, runs):
    plain = offline(runs["topics"], [{"text": "import"}, {"text": "os"}])
    with connect(url(address)) as socket:
        socket.recv()
        told = answers(
            socket,
            {"sequence_id": "a", "text": "import"},
            {"sequence_id": "b", "text": "import"},
            {"sequence_id": "a", "text": "os"},
            {"sequence_id": "b", "text": "import", "sequence_start": True},
            {"sequence_id": "b", "text": "os"},
            {"sequence_id": "b", "sequence_end": True},
            {"sequence_id": "b", "text": "import"},
        )
    first, second = (one["bits"] for one in plain)
    del told[5]  # the end itself
    assert [one["bits"] for one in told] == [first, first, second, first, second, first]
    assert second != offline(runs["topics"], [{"text": "os"}])[0]["bits"]


def test_rows_are_taken_once_and_in_turn(address):
    with connect(url(address)) as socket:
        socket.recv()
        told = answers(
            socket,
            {"$row": 1, "text": "import"},
            {"$row": 1, "text": "import"},
            {"$row": 3, "text": "x"},
            {"$row": 2, "text": "os"},
            {"$row": 0, "text": "os"},
            {"$row": True, "text": "os"},
        )
    assert [("error" in one, one.get("$row")) for one in told] == [
        (False, 1), (True, 1), (True, 3), (False, 2), (True, None), (True, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "3",
        "[1, 2]",
        '{"texts": "x"}',
        '{"text": 5}',
        "null",
        "[" * 5000,
        '{"$do": 1}',
    ],
)
def test_a_line_that_is_no_row_stops_nothing(address, line):
    with connect(url(address)) as socket:
        socket.recv()
        (wrong,) = answers(socket, line)
        (right,) = answers(socket, {"text": "import"})
    assert {"error", "expected", "remedy"} <= wrong.keys()
    assert right["bits"]


def test_bytes_that_are_no_utf8_are_told(address):
    with connect(url(address)) as socket:
        socket.recv()
        socket.send(b'{"text": "\xff\xfe"}')
        assert "UTF-8" in json.loads(socket.recv())["error"]


def test_fork_snapshot_restore_and_reset(address, runs):
    rows = [{"text": word} for word in WORDS]
    whole = offline(runs["topics"], rows)
    with connect(url(address)) as socket:
        socket.recv()
        answers(socket, *rows[:4])
        (fork,) = answers(socket, {"$do": "fork"})
        (kept,) = answers(socket, {"$do": "snapshot"})
        answers(socket, *rows[4:])
        (again,) = answers(socket, {"$do": "restore", "snapshot": kept["snapshot"]})
        assert again["$rows"] == 4
        assert without_row(answers(socket, rows[4])[0]) == whole[4]
        (anew,) = answers(socket, {"$do": "reset"})
        assert anew["$rows"] == 0
        assert answers(socket, rows[0])[0] == {"$row": 1, **whole[0]}
    with connect(url(address, query=f"?session={fork['$session']}")) as socket:
        assert json.loads(socket.recv())["$rows"] == 4
        assert answers(socket, rows[4])[0] == {"$row": 5, **whole[4]}


def test_a_snapshot_that_was_altered_or_is_of_another_model_is_refused(address):
    with connect(url(address)) as socket:
        socket.recv()
        answers(socket, {"text": "import"})
        text = answers(socket, {"$do": "snapshot"})[0]["snapshot"]
        altered = text[:50] + ("A" if text[50] != "A" else "B") + text[51:]
        for wrong in (altered, "", "no base64!", text[:40]):
            assert "error" in answers(socket, {"$do": "restore", "snapshot": wrong})[0]
        assert answers(socket, {"text": "os"})[0]["$row"] == 2
    with connect(url(address, "roles")) as socket:
        socket.recv()
        assert "error" in answers(socket, {"$do": "restore", "snapshot": text})[0]


def test_a_lost_connection_is_resumed_with_the_answers_that_were_missed(address, runs):
    rows = [{"text": word} for word in WORDS]
    whole = offline(runs["topics"], rows)
    with connect(url(address)) as socket:
        token = json.loads(socket.recv())["$session"]
        answers(socket, *rows[:5])
        socket.socket.close()  # without a word
    with connect(url(address, query=f"?session={token}&after=3")) as socket:
        hello, *missed = [json.loads(line) for line in socket.recv().split("\n")]
        assert (hello["$rows"], hello["resumed"]) == (5, True)
        assert missed == [{"$row": 4, **whole[3]}, {"$row": 5, **whole[4]}]
        assert answers(socket, rows[5])[0] == {"$row": 6, **whole[5]}


def test_answers_that_are_no_longer_known_are_named(address):
    count = MOST_ANSWERS // 20
    with connect(url(address)) as socket:
        token = json.loads(socket.recv())["$session"]
        answers(socket, *[{"text": "import"}] * count)
    with connect(url(address, query=f"?session={token}&after=0")) as socket:
        hello, *missed = [json.loads(line) for line in socket.recv().split("\n")]
    first, last = hello["$lost"]
    assert first == 1
    assert [one["$row"] for one in missed] == list(range(last + 1, count + 1))


def test_a_newer_connection_takes_over(address):
    with connect(url(address)) as old:
        token = json.loads(old.recv())["$session"]
        with connect(url(address, query=f"?session={token}")) as new:
            new.recv()
            with pytest.raises(ConnectionClosedError) as closed:
                old.recv()
            assert closed.value.rcvd.code == 4001
            assert answers(new, {"text": "import"})[0]["$row"] == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/models/nobody/stream", 404),
        ("/v1/models/iris/stream", 409),
        ("/v1/models/roles/stream?session=unknown", 404),
        ("/v1/models/roles/stream?after=x", 422),
        ("/v1/models/roles/elsewhere", 404),
    ],
)
def test_what_cannot_be_opened_is_refused_before_it_opens(address, path, status):
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://{address}{path}")
    assert refused.value.response.status_code == status


def test_an_ended_session_is_gone(address):
    with connect(url(address)) as socket:
        token = json.loads(socket.recv())["$session"]
        assert answers(socket, {"$do": "end"})[0]["$did"] == "end"
    with pytest.raises(InvalidStatus) as refused:
        connect(url(address, query=f"?session={token}"))
    assert refused.value.response.status_code == 404


def test_one_session_too_many_is_refused(served):
    with served(max_sessions=2) as address, connect(url(address)) as one, connect(url(address)):
        with pytest.raises(InvalidStatus) as refused:
            connect(url(address))
        assert refused.value.response.status_code == 429
        assert int(refused.value.response.headers["Retry-After"]) > 0
        one.recv()
        answers(one, {"$do": "end"})
        with connect(url(address)) as third:
            assert third.recv()


def test_rows_that_are_too_many_at_once_are_refused_whole(served):
    with served(max_queue=3) as address, connect(url(address)) as slow, connect(url(address)) as other:
        slow.recv()
        other.recv()
        enough = threading.Event()

        def load():
            while not enough.is_set():
                answers(slow, *[{"text": "import"}] * 900)

        thread = threading.Thread(target=load)
        thread.start()
        refused, end = 0, time.monotonic() + 60
        while not refused and time.monotonic() < end:
            told = answers(other, {"text": "import"}, {"text": "os"})
            refused += "retry_after" in told[0]
            assert len({"retry_after" in one for one in told}) == 1
        enough.set()
        thread.join()
        assert refused
        assert "error" not in answers(other, {"text": "import"})[0]


def test_sequences_that_never_end_are_refused_at_last(served):
    with served(max_sequences=5) as address, connect(url(address)) as socket:
        socket.recv()
        told = answers(socket, *[{"sequence_id": name, "text": "import"} for name in range(6)])
        assert ["error" in one for one in told] == [False] * 5 + [True]
        assert "error" not in answers(socket, {"sequence_id": 4, "text": "import"})[0]
        answers(socket, {"sequence_id": 1, "sequence_end": True})
        assert "error" not in answers(socket, {"sequence_id": 9, "text": "import"})[0]


def test_a_message_that_is_too_large_closes_only_its_own_connection(served):
    with served(max_message_kb=1) as address, connect(url(address)) as large, connect(url(address)) as other:
        large.recv()
        other.recv()
        large.send(json.dumps({"text": "x" * 5000}))
        with pytest.raises(ConnectionClosedError) as closed:
            large.recv()
        assert closed.value.rcvd.code == 1009
        assert answers(other, {"text": "import"})[0]["$row"] == 1


def test_an_idle_session_leaves_memory_and_comes_back(served, runs, tmp_path: Path):
    rows = [{"text": word} for word in WORDS]
    whole = offline(runs["topics"], rows)
    with served(state=tmp_path / "state", idle_seconds=0.3, snapshot_seconds=0.1) as address:
        with connect(url(address)) as socket:
            token = json.loads(socket.recv())["$session"]
            answers(socket, *rows[:3])
            with pytest.raises(ConnectionClosedError) as closed:
                socket.recv(timeout=20)
            assert closed.value.rcvd.code == 4002
        with connect(url(address, query=f"?session={token}")) as socket:
            assert json.loads(socket.recv())["$rows"] == 3
            assert answers(socket, rows[3])[0] == {"$row": 4, **whole[3]}
