"""Stopped by Ctrl-C, killed at any moment: the run goes on, and ends with the same bits."""

import json
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import TINY
from tests.cli.program import call, start

from recurra.tasks.forecast import schema as forecast

LONG = ("max_epochs=20", "steps_per_epoch=10", "checkpoint_every=7")
SETTINGS = (*(each for each in TINY if not each.startswith(("max_epochs", "steps_per_epoch"))), *LONG)


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def newest_checkpoint(run: Path) -> str:
    return max((path.name for path in run.glob("checkpoints/*")), default="")


def test_killed_and_interrupted_runs_end_with_the_same_bits(capsys, table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = ["train", "forecast", table, *SETTINGS, "--out", run]

    with start(*command, cwd=tmp_path) as process:
        wait_until(lambda: newest_checkpoint(run) != "", process)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    killed_at = newest_checkpoint(run)

    with start(*command, "--resume", "--json", cwd=tmp_path) as process:
        wait_until(lambda: newest_checkpoint(run) > killed_at, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert json.loads(out) == {"run": str(run), "interrupted": True, "resume": advice(err)}

    unfinished = call(capsys, "predict", run)
    assert unfinished.code == 2
    assert "--resume" in unfinished.err

    resumed = call(capsys, *shlex.split(advice(err))[1:])
    assert resumed.code == 0, resumed.err
    assert call(capsys, *command[:-1], tmp_path / "whole").code == 0
    whole, taken_up = (tmp_path / name / "model.safetensors" for name in ("whole", "run"))
    assert taken_up.read_bytes() == whole.read_bytes()
    assert call(capsys, "predict", run).out == call(capsys, "predict", tmp_path / "whole").out


def advice(err: str) -> str:
    found = re.search(r"interrupted; go on with:\n  (recurra train .* --resume)\n", err)
    assert found, err
    return found[1]


def test_interrupted_before_anything_was_written_leaves_nothing(
    capsys, table: Path, tmp_path: Path, monkeypatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(forecast, "read_panel", interrupt)
    outcome = call(capsys, "train", "forecast", table, *TINY, "--out", tmp_path / "run")
    assert outcome == (130, "", "interrupted\n")
    assert list(tmp_path.iterdir()) == []
