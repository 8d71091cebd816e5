"""What is measured of a trained net beside its scores: how fast it answers, and what diagnosis tells."""

import math
import time
from collections.abc import Callable, Mapping
from itertools import repeat
from pathlib import Path
from statistics import median

import numpy as np
import torch

from recurra.diagnosis import Limits, measure, recurrent_modules
from recurra.errors import MissingDependencyError
from recurra.experiment.live import FRONT
from recurra.experiment.task import Fitted, Prepared, Task
from recurra.streaming import PROGRAM, Program

_STEPS, _ROUNDS = 200, 9
_SEQUENCES, _SECONDS = 30, 1.0
_LIMITS = Limits(rows=8, steps=256, sources=16, points=2, directions=1, positions=4)


def measured(task: Task, fitted: Fitted, prepared: Prepared) -> Mapping[str, float]:
    """How far back a trained net learns and remembers, in steps, by what a table calls it.

    Of several layers or directions that which reaches farthest counts, and a gradient that does not fade at
    all as one that halves over a whole row. A net without recurrence has nothing to measure.
    """
    if not recurrent_modules(fitted.model):
        return {}
    objective = task.objective(fitted.config, fitted.schema)
    found = measure(fitted.model, prepared.source.batch(0, 0), objective, limits=_LIMITS)
    half_lives = [min(one.gradient_flow.half_life, one.steps) for one in found.directions]
    told = {
        "Gradient half-life": max((one for one in half_lives if not math.isnan(one)), default=math.nan),
        "Memory": max((one.memory_horizon.horizon for one in found.stacks), default=math.nan),
    }
    return {name: float(value) for name, value in told.items() if not math.isnan(value)}


def step_seconds(run: Path) -> float | None:
    """How long a live session takes for a step, the median of many; None where the net does not stream.

    None, too, where its input does work of its own before the session, such as convolutions.

    Args:
        run: The run folder, with the stream program of its net if it has one.
    """
    if not (run / PROGRAM).exists():
        return None
    program = Program.load(run / PROGRAM)
    if any(name.startswith(FRONT) for name in program.arrays):
        return None
    try:
        session = program.session()
    except MissingDependencyError:  # built without the engine
        return None
    step = 0 if program.takes_ids else np.zeros(program.input_size, np.float32)
    out = np.empty(program.output_size, np.float32)

    def walk() -> None:
        for _ in repeat(None, _STEPS):
            session.step(step, out)

    return _median_of(walk, _ROUNDS) / _STEPS


@torch.inference_mode()
def sequence_seconds(task: Task, fitted: Fitted, prepared: Prepared) -> float:
    """How long the net and its loss take for one row of the training part, the median of some."""
    batch = prepared.source.batch(0, 0)
    row = batch.shard(0, len(batch)).to(next(fitted.model.parameters()).device)
    objective, model = task.objective(fitted.config, fitted.schema), fitted.model.eval()
    return _median_of(lambda: objective(model, row, None), _SEQUENCES)


def _median_of(run: Callable[[], object], most: int) -> float:
    """The median time of a call, over so many or as many as fit into a second; the first does not count."""
    run()
    taken: list[float] = []
    while len(taken) < most and sum(taken) < _SECONDS:
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return median(taken)
