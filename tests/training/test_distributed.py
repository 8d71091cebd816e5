"""Several processes: the same steps as one, errors that come back, and nobody left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.toy import (
    ToyBatch,
    ToyModel,
    ToySource,
    same_bits,
    squared_error,
    toy_config,
    toy_model,
    valid_loss,
    weights,
    without_timings,
)
from tests.training.toy_run import toy_run
from torch import nn

from recurra.errors import ConfigError, DataError, RecurraError
from recurra.training.contract import Loss
from recurra.training.distributed import Group, run_processes
from recurra.training.interruption import Interruption
from recurra.training.loop import fit


def test_two_processes_make_the_steps_of_one() -> None:
    models, histories = [], []
    for devices in (1, 2):
        model = toy_model(0.0)
        model.unused = nn.Linear(3, 5)
        config = toy_config(
            devices=devices, tbptt_steps=4, averaging="ema", weight_decay=0.1, gradient_clip=0.3
        )
        histories.append(fit(model, squared_error, ToySource(rows=5), config, validate=valid_loss))
        models.append(model)
    one, two = histories
    assert without_timings(two) == [
        {
            key: pytest.approx(value, rel=1e-4) if isinstance(value, float) else value
            for key, value in record.items()
        }
        for record in without_timings(one)
    ]
    assert (one.stopped, one.best_epoch) == (two.stopped, two.best_epoch)
    for a, b in zip(weights(models[0]), weights(models[1]), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    assert not models[1].training


def second_fails(model: ToyModel, batch: ToyBatch, state: Any) -> Loss:
    """Fails in the second process, which has two of the five rows."""
    if len(batch) == 2:
        raise DataError("a row is missing", "three", "Look for it.")
    return squared_error(model, batch, state)


def test_an_error_in_one_process_ends_all_and_comes_back() -> None:
    with pytest.raises(DataError, match=r"a row is missing; expected three\. Look for it\."):
        fit(toy_model(), second_fails, ToySource(rows=5), toy_config(devices=2))


def fail(_group: Group, _interruption: Interruption, how: str) -> None:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise KeyError(how)


def test_other_errors_and_sudden_deaths_are_told() -> None:
    with pytest.raises(RecurraError, match="process 0 of the training was killed by signal SIGKILL"):
        run_processes(partial(fail, how="killed"), 1, "gloo", Interruption.shared())
    with pytest.raises(RecurraError, match="failed with KeyError: 'lost'") as caught:
        run_processes(partial(fail, how="lost"), 1, "gloo", Interruption.shared())
    assert "in fail" in caught.value.__notes__[0]


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be sent to other processes"):
        fit(toy_model(), lambda *_: None, ToySource(), toy_config(devices=2))


def alive(process: int) -> bool:
    """Whether it runs; one that nobody waits for any more does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/status")
    return not (status.exists() and "zombie" in status.read_text())


@contextmanager
def running(command: str, folder: Path, number: int) -> Iterator[subprocess.Popen[str]]:
    """A run in a process of its own, once it has written something."""
    arguments = [sys.executable, "-m", "tests.training.toy_run", command, str(folder), str(number)]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    place = folder / "history.jsonl"
    try:
        while not (place.exists() and place.stat().st_size):
            assert process.poll() is None
            time.sleep(0.01)
        yield process
    finally:
        process.kill()


def test_ctrl_c_stops_all_and_the_run_is_resumed(tmp_path: Path) -> None:
    with running("run", tmp_path, 2) as process:
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate()
    assert process.returncode == 0, messages
    assert messages.startswith("Interrupted at epoch ")
    resumed, history = toy_run(tmp_path, resume=True, devices=2)
    whole, expected = toy_run(None, devices=2)
    assert same_bits(weights(resumed), weights(whole))
    assert without_timings(history) == without_timings(expected)


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    with running("sleep", tmp_path, 1) as process:
        child = int((tmp_path / "history.jsonl").read_text())
        os.kill(child, 0)
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 30
    while alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)
