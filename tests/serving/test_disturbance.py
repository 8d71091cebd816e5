"""Clients that leave, take over, wait or read nothing while rows are under way: nobody else is disturbed."""

import json
import socket
import struct
import threading
import time
from contextlib import ExitStack, suppress

import httpx2
import pytest
from tests.serving.conftest import serving
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import recurra
from recurra.serving.guard import Guard
from recurra.serving.roster import Roster
from recurra.serving.vault import Vault

ROW = {"text": "import os def f ( x ) : return x"}


def url(address, query="", model="topics"):
    return f"ws://{address}/v1/models/{model}/stream{query}"


def answers(connection, *lines):
    connection.send("\n".join(map(json.dumps, lines)))
    return [json.loads(line) for line in connection.recv().split("\n")]


def asked(path):
    """The request of a client that wants a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def reset(connection):
    """Cut a connection without a word."""
    raw = connection.socket
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


def test_a_client_that_leaves_in_the_middle_disturbs_nobody(address):
    with connect(url(address)) as other:
        other.recv()
        for _ in range(3):
            with connect(url(address)) as leaving:
                leaving.recv()
                leaving.send("\n".join([json.dumps(ROW)] * 900))
                time.sleep(0.05)
                reset(leaving)
            assert answers(other, ROW)[0]["bits"] > 0


def test_a_greeting_waits_until_no_row_is_under_way(address):
    with connect(url(address)) as leaving:
        token = json.loads(leaving.recv())["$session"]
        leaving.send("\n".join([json.dumps(ROW)] * 900))
        time.sleep(0.05)
        reset(leaving)
    with connect(url(address, f"?session={token}")) as back:
        taken = json.loads(back.recv())["$rows"]
        assert taken in (0, 900)
        assert answers(back, {"$row": taken + 1, **ROW})[0]["$row"] == taken + 1


def test_a_connection_that_was_taken_over_takes_no_more_rows(served):
    with served(rows_per_second=20) as address, connect(url(address)) as old:
        token = json.loads(old.recv())["$session"]
        old.send("\n".join([json.dumps(ROW)] * 30))
        old.recv()
        old.send(json.dumps(ROW))  # which waits for its pace
        with connect(url(address, f"?session={token}")) as new:
            assert json.loads(new.recv())["$rows"] == 30
            with suppress(ConnectionClosed):
                for _ in range(10):
                    old.send(json.dumps(ROW))
            time.sleep(2)
            assert answers(new, {"$row": 31, **ROW})[0].get("bits")


def test_a_reset_while_snapshots_are_written_is_written_too(served, tmp_path, monkeypatch):
    saving, goes_on = threading.Event(), threading.Event()
    with served(state=tmp_path, snapshot_seconds=0.05) as address:
        with connect(url(address)) as session:
            token = json.loads(session.recv())["$session"]
            answers(session, ROW)
            time.sleep(0.5)
            put = Vault.put

            def slow(vault, sessions):
                saving.set()
                goes_on.wait(10)
                put(vault, sessions)

            monkeypatch.setattr(Vault, "put", slow)
            answers(session, {"text": "def"})
            assert saving.wait(10)
            answers(session, {"$do": "reset"})
            (first,) = answers(session, {"text": "class"})
            (second,) = answers(session, {"text": "pass"})
            goes_on.set()
            time.sleep(0.5)
        with connect(url(address, f"?session={token}&after=0")) as again:
            assert json.loads(again.recv().split("\n")[0])["$rows"] == 2
            (snapshot,) = answers(again, {"$do": "snapshot"})
    with served(state=tmp_path) as address, connect(url(address, f"?session={token}")) as restarted:
        assert json.loads(restarted.recv())["$rows"] == 2
        assert answers(restarted, {"$do": "snapshot"})[0]["snapshot"] == snapshot["snapshot"]
        assert first["bits"] != second["bits"]


def test_sessions_in_memory_outlive_what_is_forgotten(served, tmp_path, monkeypatch):
    monkeypatch.setattr("recurra.serving.roster._FORGET_SECONDS", 0.1)
    settings = {"snapshot_seconds": 0.1, "forget_seconds": 0.2, "idle_seconds": 3600}
    with served(state=tmp_path, **settings) as address, connect(url(address)) as session:
        token = json.loads(session.recv())["$session"]
        answers(session, ROW)
        time.sleep(1.5)
    with served(state=tmp_path) as address, connect(url(address, f"?session={token}")) as again:
        assert json.loads(again.recv())["$rows"] == 1


def test_messages_that_are_too_much_are_refused_at_once(address):
    with connect(url(address)) as session:
        session.recv()
        begun = time.monotonic()
        assert "lines" in answers(session, *[{}] * 2000)[0]["error"]
        assert time.monotonic() - begun < 5
        told = answers(session, *[{"$do": "snapshot"}] * 5)
        assert ["$did" in one for one in told] == [True] + [False] * 4
        assert answers(session, ROW)[0]["$row"] == 1


def test_a_text_that_is_no_utf8_closes_as_the_protocol_says(address):
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(asked("/v1/models/topics/stream"))
        raw.recv(65536)
        time.sleep(0.2)
        raw.sendall(b"\x81\x82\0\0\0\0\xff\xfe")
        received = b""
        while piece := raw.recv(65536):
            received += piece
        assert struct.pack(">H", 1007) in received


def test_who_says_good_bye_and_stays_is_let_go(address, monkeypatch):
    monkeypatch.setattr("recurra.serving.wire._CLOSE_SECONDS", 0.3)
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(asked("/v1/models/topics/stream"))
        raw.recv(65536)
        raw.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
        end = time.monotonic() + 20
        with suppress(ConnectionResetError, BrokenPipeError):
            while time.monotonic() < end:
                raw.send(b"\x8a\x80\0\0\0\0")
                time.sleep(0.1)
        assert time.monotonic() < end


@pytest.mark.parametrize("path", ["/v1/models/topics/stream?after=" + "9" * 5000, "//[/stream"])
def test_addresses_that_are_none_are_told(address, path):
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(asked(path))
        assert b" 4" in raw.recv(65536)[:20]


def test_a_live_row_opens_no_file_of_the_server(tmp_path):
    folder, secret = tmp_path / "pictures", tmp_path / "secret.png"
    classifier = recurra.Classifier(
        hidden_size=8, max_epochs=1, baselines=(), input="images", bidirectional=False, pooling="last"
    )
    classifier.fit("sample:digit_images", show_progress=False).save(folder)
    secret.write_bytes(b"no picture")
    with serving({"pictures": folder}, Guard(), None) as address:
        with connect(url(address, model="pictures")) as session:
            session.recv()
            named = [
                str(secret),
                str(tmp_path / "nothing.png"),
                "~nobody/x.png",
                "x" * 5000 + ".png",
                "\0.png",
            ]
            told = answers(session, *[{"path": path} for path in named])
        assert all("error" in one for one in told)
        assert told[0]["error"] == told[1]["error"]


def test_a_net_in_its_own_thread_ends_with_the_server(tmp_path):
    folder = tmp_path / "windows"
    forecaster = recurra.Forecaster(horizon=3, max_epochs=1, steps_per_epoch=2, hidden_size=8)
    forecaster.fit({"ds": list(range(60)), "y": [float(step % 4) for step in range(60)]}, show_progress=False)
    forecaster.save(folder)
    begun = time.monotonic()
    rows = "\n".join(json.dumps({"ds": 60 + step, "y": 1.0}) for step in range(200))
    with ExitStack() as stack, serving({"windows": folder}, Guard(), None) as address:
        for _ in range(3):
            session = stack.enter_context(connect(url(address, model="windows")))
            session.recv()
            session.send(rows)
        time.sleep(0.3)
    assert time.monotonic() - begun < 60


def test_streams_over_http_keep_their_pace_and_give_their_place_back(served):
    with served(rows_per_second=100, max_sessions=1) as address:  # noqa: SIM117 - the longer reads worse
        with httpx2.Client(base_url=f"http://{address}", timeout=60) as client:
            begun = time.monotonic()
            lines = "\n".join([json.dumps(ROW)] * 400)
            told = client.post("/v1/models/topics/stream", content=lines).text.strip().split("\n")
            assert len(told) == 400
            assert time.monotonic() - begun > 1
            with client.stream("POST", "/v1/models/topics/stream", content=lines) as left:
                next(left.iter_bytes())
            end = time.monotonic() + 20
            while client.post("/v1/models/topics/stream", content=json.dumps(ROW)).status_code != 200:
                assert time.monotonic() < end
                time.sleep(0.2)


def test_the_keeper_of_sessions_goes_on_after_a_failure(served, tmp_path, monkeypatch):
    save = Roster.save
    failed = threading.Event()

    async def broken(roster):
        if not failed.is_set():
            failed.set()
            raise RuntimeError("broken")
        await save(roster)

    monkeypatch.setattr(Roster, "save", broken)
    with served(state=tmp_path, snapshot_seconds=0.05) as address, connect(url(address)) as session:
        token = json.loads(session.recv())["$session"]
        answers(session, ROW)
        assert failed.wait(10)
        time.sleep(0.5)
    with served(state=tmp_path) as address, connect(url(address, f"?session={token}")) as again:
        assert json.loads(again.recv())["$rows"] == 1
