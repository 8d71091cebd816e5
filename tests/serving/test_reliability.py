"""What a server survives: kill -9, a restart, new versions of its runs, a full disk."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import numpy as np
import pytest
from tests.serving.conftest import serving
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

import recurra
from recurra.cli.app import main
from recurra.errors import StorageError
from recurra.serving.guard import Guard
from recurra.serving.vault import Vault
from recurra.tasks.predictor import load_predictor

ROWS = [
    {"text": word}
    for word in [
        "import",
        "os",
        "def",
        "f",
        "(",
        "x",
        ")",
        ":",
        "return",
        "x",
        "+",
        "1",
        "class",
        "A",
        ":",
        "pass",
    ]
]


def answers(socket, *lines):
    socket.send("\n".join(map(json.dumps, lines)))
    return [json.loads(line) for line in socket.recv().split("\n")]


def offline(folder):
    live = load_predictor(folder, "float32")
    return [{"$row": row, **live.predict(one).values} for row, one in enumerate(ROWS, start=1)]


def url(address, query=""):
    return f"ws://{address}/v1/models/topics/stream{query}"


class Process:
    """`recurra serve` in a process of its own."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "recurra", "serve", *words, "--port", "0", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        text = ""
        while not text.endswith("\n}\n"):
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            text += line
        self.address = json.loads(text)["url"].removeprefix("http://")

    def end(self, how: int) -> int:
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def test_sessions_survive_kill_and_a_restart(runs, tmp_path: Path):
    words = [str(runs["topics"]), "--state", str(tmp_path / "state"), "snapshot_seconds=0.1"]
    whole = offline(runs["topics"])
    first = Process(*words)
    with connect(url(first.address)) as socket:
        token = json.loads(socket.recv())["$session"]
        assert answers(socket, *ROWS[:4]) == whole[:4]
        time.sleep(1.5)
        assert answers(socket, *ROWS[4:6]) == whole[4:6]
        first.end(signal.SIGKILL)
        with pytest.raises(ConnectionClosedError):
            socket.recv()
    second = Process(*words)
    with connect(url(second.address, f"?session={token}&after=6")) as socket:
        taken = json.loads(socket.recv().partition("\n")[0])["$rows"]
        assert 4 <= taken <= 6
        numbered = [{"$row": row, **one} for row, one in enumerate(ROWS, start=1)]
        assert answers(socket, *numbered[taken:10]) == whole[taken:10]
        assert second.end(signal.SIGTERM) in (0, -signal.SIGTERM, 143)
        with pytest.raises(ConnectionClosedError) as closed:
            socket.recv()
        assert closed.value.rcvd.code == 1012
    third = Process(*words)
    with connect(url(third.address, f"?session={token}")) as socket:
        assert json.loads(socket.recv())["$rows"] == 10
        assert answers(socket, *ROWS[10:]) == whole[10:]
    third.end(signal.SIGINT)


def test_a_new_version_is_taken_up_and_old_sessions_go_on(runs, tmp_path: Path):
    run = tmp_path / "topics"
    shutil.copytree(runs["topics"], run)
    old = offline(run)
    with serving({"topics": run}, Guard(), tmp_path / "state", watch=True) as address:
        with connect(url(address)) as before, httpx2.Client(base_url=f"http://{address}") as client:
            token = json.loads(before.recv())["$session"]
            assert answers(before, ROWS[0]) == old[:1]
            version = client.get("/v1/models/topics").json()["version"]
            newer = recurra.LanguageModel(hidden_size=6, max_epochs=1, baselines=())
            newer.fit({"text": ["import os def f"] * 40}, show_progress=False).save(run, overwrite=True)
            end = time.monotonic() + 60
            while client.get("/v1/models/topics").json()["version"] == version:
                assert time.monotonic() < end
                time.sleep(0.2)
            assert answers(before, *ROWS[1:3]) == old[1:3]
            with connect(url(address)) as after:
                after.recv()
                assert answers(after, *ROWS) == offline(run)
        with connect(url(address, f"?session={token}")) as again:
            assert json.loads(again.recv())["$rows"] == 3
            assert answers(again, *ROWS[3:]) == old[3:]
    with serving({"topics": run}, Guard(), tmp_path / "state") as address:
        with pytest.raises(InvalidStatus) as refused:
            connect(url(address, f"?session={token}"))
        assert refused.value.response.status_code == 409


def test_a_run_that_is_damaged_while_served_replaces_nothing(runs, tmp_path: Path):
    run = tmp_path / "topics"
    shutil.copytree(runs["topics"], run)
    with serving({"topics": run}, Guard(), None, watch=True) as address, connect(url(address)) as socket:
        socket.recv()
        for path in run.rglob("config.json"):
            path.write_text("{}")
        time.sleep(2.5)
        assert answers(socket, ROWS[0])[0]["$row"] == 1
        with connect(url(address)) as another:
            another.recv()
            assert answers(another, ROWS[0])[0]["$row"] == 1


def test_a_full_disk_is_told_and_sessions_go_on(runs, tmp_path: Path, monkeypatch):
    put = Vault.put

    def full(_vault, _sessions):
        raise StorageError("no space", "some", "Free some.")

    settings = {"snapshot_seconds": 0.1, "idle_seconds": 0.2}
    with serving({"topics": runs["topics"]}, Guard(), tmp_path, **settings) as address:  # noqa: SIM117
        with connect(url(address)) as socket, httpx2.Client(base_url=f"http://{address}") as client:
            socket.recv()
            monkeypatch.setattr(Vault, "put", full)
            assert answers(socket, ROWS[0])[0]["$row"] == 1
            time.sleep(1)
            told = client.get("/readyz")
            assert (told.status_code, told.json()["status"]) == (503, "the disk takes no snapshots")
            assert answers(socket, ROWS[1])[0]["$row"] == 2
            monkeypatch.setattr(Vault, "put", put)
            end = time.monotonic() + 30
            while client.get("/readyz").status_code != 200:
                assert time.monotonic() < end
                time.sleep(0.1)


def test_a_stream_program_is_served_without_torch(runs, tmp_path: Path):
    code = f"""
import sys
from pathlib import Path
from recurra.serving.app import make_app
from recurra.serving.config import ServeConfig
from recurra.serving.guard import Guard
from recurra.serving.host import Host
host = Host({{"sales": Path({str(runs["sales"] / "stream")!r})}}, ServeConfig(), Guard())
make_app(host)
assert host.shelf.get("sales").live
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere"], "no folder nowhere"),
        (["max_wait=3"], "max_wait_ms"),
        (["{run}", "max_batch_size=0"], "max_batch_size"),
        (["{run}", "{run}"], "two runs"),
        (["{run}", "--host", "0.0.0.0"], "without tokens"),
        (["{run}", "--token-file", "nothing"], "nothing"),
        (["{run}", "--port", "1", "--host", "192.0.2.1", "--token-file", "{tokens}"], "192.0.2.1"),
        (["{run}", "--certificate", "nothing.pem"], "nothing.pem"),
        (["max_sessions=3"], "no run"),
    ],
)
def test_mistakes_on_the_command_line_are_told(runs, tmp_path, capsys, words, told):
    (tmp_path / "tokens").write_text("a token that is long enough\n")
    places = {"run": str(runs["topics"]), "tokens": str(tmp_path / "tokens")}
    port = [] if "--port" in words else ["--port", "0"]
    assert main(["serve", *(word.format(**places) for word in words), *port]) == 2
    assert told in capsys.readouterr().err


def test_what_is_missing_is_named(runs, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "recurra.serving.server", None)
    assert main(["serve", str(runs["topics"])]) == 1
    assert "recurra[serve]" in capsys.readouterr().err


def test_snapshots_hold_the_numbers_of_the_stream(runs):
    live = load_predictor(runs["sales"], "float32")
    twin = live.fresh()
    live.predict({"ds": 60, "y": 1.0})
    assert not twin.names
    first = twin.predict({"ds": 60, "y": 1.0}).values["forecast"]
    again = live.fresh()
    assert np.array_equal(again.predict({"ds": 60, "y": 1.0}).values["forecast"], first)
