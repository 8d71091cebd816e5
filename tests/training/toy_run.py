"""Runs of the toy model for tests that interrupt and kill processes.

`python -m tests.training.toy_run run FOLDER DEVICES` trains once. `... killed FOLDER SEED` trains in child
processes that are killed with signal 9 at random moments until one gets to the end; prints how many were.
`... fatal FOLDER 1` is for torchrun: trains or goes on, and its second process dies once. `... sleep FOLDER
COUNT` starts processes that only sleep.
"""

import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

import torch
from tests.training.toy import ToyBatch, ToyModel, ToySource, squared_error, toy_config, toy_model, valid_loss
from torch import distributed

from recurra.training.contract import Loss, Objective
from recurra.training.distributed import Group, run_processes
from recurra.training.history import History
from recurra.training.interruption import Interruption
from recurra.training.loop import fit
from recurra.training.optimizer import make_optimizer
from recurra.training.progress import Progress

SOURCE = ToySource(batches=5, rows=6)
SETTINGS = {
    "max_epochs": 4,
    "tbptt_steps": 3,
    "accumulate": 2,
    "averaging": "ema",
    "checkpoint_every": 2,
    "monitor": "valid_loss",
    "log_every": 3,
}


def toy_run(
    folder: Path | None, *, resume: bool = False, objective: Objective = squared_error, **settings: object
) -> tuple[ToyModel, History]:
    """Train the toy model with everything on that a checkpoint must keep; dropout needs the random state."""
    model = toy_model(0.2)
    config = toy_config(**{**SETTINGS, **settings})
    history = fit(
        model,
        objective,
        SOURCE,
        config,
        validate=valid_loss,
        folder=folder,
        resume=resume,
        progress=Progress(enabled=False),
    )
    return model, history


def killed_until_done(folder: Path, seed: int) -> int:
    """Train in forked processes, each killed a little later than the last, and count the kills."""
    moments = random.Random(seed)
    make_optimizer(toy_model(), toy_config())  # imports half of torch, which every child would do again
    kills, longest = 0, 0.1
    while True:
        child = os.fork()
        if child == 0:
            toy_run(folder, resume=True)
            os._exit(0)
        time.sleep(moments.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == 0:
            return kills
        if code != -signal.SIGKILL:
            sys.exit("a child failed by itself")
        kills += 1
        longest *= 1.25


class Fatal:
    """A loss whose second process kills itself at a chunk, unless it did so before."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker
        self._chunks = 0

    def __call__(self, model: ToyModel, batch: ToyBatch, state: object) -> Loss:
        self._chunks += 1
        if self._chunks == 6 and distributed.get_rank() == 1 and not self._marker.exists():
            self._marker.write_text("")
            os.kill(os.getpid(), signal.SIGKILL)
        return squared_error(model, batch, state)


def sleep(_group: Group, _interruption: Interruption, folder: Path) -> None:
    (folder / "history.jsonl").write_text(str(os.getpid()))
    time.sleep(600)


if __name__ == "__main__":
    torch.set_num_threads(1)
    command, place, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if command == "sleep":
        run_processes(partial(sleep, folder=place), number, "gloo", Interruption.shared())
    elif command == "fatal":
        toy_run(place, resume=True, objective=Fatal(place / "died"))
        assert (place / "died").exists()
    elif command == "killed":
        sys.stdout.write(str(killed_until_done(place, number)))
    else:
        toy_run(place, devices=number)
