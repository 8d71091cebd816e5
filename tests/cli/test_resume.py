"""Going on with a run, making it longer, and replacing one without ever losing it."""

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import TINY
from tests.cli.program import call, environment, listing, start
from tests.cli.test_interruption import LONG, newest_checkpoint, wait_until
from tests.tasks.forecast.test_run import stop_at

LONGER = (*(each for each in TINY if not each.startswith(("max_epochs", "steps_per_epoch"))), *LONG)


def test_a_run_becomes_longer_and_needs_no_settings(capsys, run_copy: Path) -> None:
    before = (run_copy / "history.jsonl").read_text()
    outcome = call(capsys, "train", "forecast", "--out", run_copy, "--resume", "max_epochs=3", "--json")
    assert outcome.code == 0, outcome.err
    epochs = [json.loads(line) for line in (run_copy / "history.jsonl").read_text().splitlines()]
    assert [one["epoch"] for one in epochs if one["kind"] == "epoch"] == [0, 1, 2]
    assert (run_copy / "history.jsonl").read_text().startswith(before)
    assert "--horizon 3" in json.loads(outcome.out)["command"]
    shorter = call(capsys, "train", "forecast", "--out", run_copy, "--resume", "max_epochs=2")
    assert (shorter.code, shorter.out) == (2, "")
    assert "max_epochs" in shorter.err
    assert call(capsys, "predict", run_copy).code == 0  # it was put back as it was


def test_resuming_as_another_task_or_without_a_run_is_told(capsys, run_copy: Path, tmp_path: Path) -> None:
    other = call(capsys, "train", "classify", "--out", run_copy, "--resume")
    assert other.code == 2
    assert "recurra train forecast" in other.err
    missing = call(capsys, "train", "forecast", "--out", tmp_path / "none", "--resume")
    assert "no run" in missing.err
    assert "DATA is missing" in call(capsys, "train", "forecast", "--horizon", 3).err


def test_a_killed_replacement_leaves_the_old_run_whole(
    capsys, monkeypatch, run_copy: Path, table: Path
) -> None:
    before, told = listing(run_copy), call(capsys, "predict", run_copy).out
    command = ["train", "forecast", table, *LONGER, "--out", run_copy, "--overwrite"]
    growing = run_copy.with_name(f".{run_copy.name}.new")
    with start(*command, cwd=run_copy.parent) as process:
        wait_until(lambda: newest_checkpoint(growing) != "", process)
        process.send_signal(signal.SIGKILL)
    assert listing(run_copy) == before
    assert call(capsys, "predict", run_copy).out == told

    with monkeypatch.context() as patch:
        stop_at(patch, 9, politely=True)
        stopped = call(capsys, *command, "--resume", "--json")
    assert (stopped.code, stopped.err.count("go on")) == (130, 1)
    assert listing(run_copy) == before
    assert call(capsys, *shlex.split(json.loads(stopped.out)["resume"])[1:]).code == 0
    assert listing(run_copy)["model.safetensors"] != before["model.safetensors"]
    assert call(capsys, "predict", run_copy).code == 0
    assert not growing.exists()


KILLED_BETWEEN = """
import os, sys
from pathlib import Path
from recurra.cli.app import main
replace = Path.replace
def dying(self, target):
    if self.name.endswith(".new"):
        os.kill(os.getpid(), 9)
    return replace(self, target)
Path.replace = dying
main(sys.argv[1:])
"""


@pytest.mark.filterwarnings("default::recurra.errors.DataWarning")
def test_a_replacement_killed_between_its_renames_loses_no_run(capsys, run_copy: Path, table: Path) -> None:
    before = listing(run_copy)
    command = ["train", "forecast", table, *TINY, "--out", run_copy, "--overwrite", "seed=1"]
    program = [sys.executable, "-c", KILLED_BETWEEN, *map(str, command)]
    killed = subprocess.run(program, env=environment(), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not run_copy.exists()

    scored = call(capsys, "evaluate", run_copy)
    assert scored.code == 0, scored.err
    assert "was put back as it was" in scored.err
    assert "--overwrite --resume" in scored.err
    assert listing(run_copy) == before
    assert call(capsys, *command, "--resume").code == 0
    assert listing(run_copy)["model.safetensors"] != before["model.safetensors"]
    assert [path.name for path in run_copy.parent.iterdir()] == [run_copy.name]


def test_fewer_steps_are_told_when_asked_for(capsys, finished: Path) -> None:
    lines = call(capsys, "predict", finished, "--horizon", 1)
    assert len(lines.out.splitlines()) == 3
    assert "note: the net was trained on times up to 2024-02-" in lines.err
    assert "from 1 to 3" in call(capsys, "predict", finished, "--horizon", 4).err
