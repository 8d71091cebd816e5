"""Processes that torchrun starts, on one machine or several: one run, whoever dies."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.training.toy import same_bits, weights, without_timings
from tests.training.toy_run import toy_run

from recurra.errors import ConfigError
from recurra.training.checkpoint import checkpoints, load_checkpoint
from recurra.training.launch import launch


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def started(agents: int, options: list[str], arguments: list[str]) -> list[str]:
    """What each of some agents says, which stand for machines; all have to end well."""
    options = ["--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{free_port()}", *options]
    options += ["--rdzv-id=toy", "--local-addr=127.0.0.1", f"--nnodes={agents}"]
    command = [sys.executable, "-m", "torch.distributed.run", *options, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        for _ in range(agents)
    ]
    try:
        said = [one.communicate(timeout=150)[0] for one in running]
    finally:
        for one in running:
            one.terminate()
            one.communicate()
    assert [one.returncode for one in running] == [0] * agents, "\n".join(said)
    return said


@pytest.mark.timeout(200)
def test_processes_begin_again_when_one_dies(tmp_path: Path) -> None:
    options = ["--nproc-per-node=2", "--max-restarts=3"]  # torch itself aborts now and then as a process ends
    started(1, options, ["-m", "tests.training.toy_run", "fatal", str(tmp_path), "1"])
    model, history = toy_run(None, devices=2)
    assert load_checkpoint(checkpoints(tmp_path / "checkpoints")[-1]).document["processes"] == 2
    trained, told = toy_run(tmp_path, resume=True, devices=2)
    assert same_bits(weights(trained), weights(model))
    assert without_timings(told) == without_timings(history)


@pytest.mark.timeout(200)
def test_on_two_machines_one_process_reads_and_writes(tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = ["max_epochs=1", "hidden_size=8", "baselines=feed_forward", "--json", "--quiet"]
    command = ["-m", "recurra", "train", "classify", "sample:iris", "--out", str(run), *settings]
    said = started(2, ["--nproc-per-node=1"], command)
    assert len([one for one in said if '"metrics"' in one]) == 1
    assert (run / "report.html").is_file()


def test_who_was_started_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert launch() is None
    for key, value in {"RANK": "3", "WORLD_SIZE": "4", "MASTER_ADDR": "one", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(key, value)
    here = launch()
    assert here == (3, 4, 3, 0)
    with pytest.raises(ConfigError, match="devices is 2 in a process that was started with others"):
        toy_run(None, devices=2)
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert launch() is None
