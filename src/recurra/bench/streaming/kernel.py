"""A step inside the engine, against reading its weights once."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from recurra.bench.case import Case
from recurra.bench.choice import STREAMED_HIDDEN_SIZES, Choice
from recurra.bench.entrant import OURS, Entrant, Results
from recurra.bench.race import Race
from recurra.bench.section import Section
from recurra.bench.streaming.own_session import InEngine
from recurra.bench.streaming.reading import LIMIT, reading_rate
from recurra.bench.streaming.task import TOLERANCES, UNIT, Task, draw_task, stepping_entrant, weight_bytes
from recurra.bench.training.own_layer import torch_layer

MEMORY = "memory"
"""The time to read the weights once, from whichever cache holds them; results are those of torch's layer."""

PEERS = (MEMORY,)

REPEATS = 256  # of a run, so that the call from Python does not count


def section(choice: Choice, peers: Sequence[str]) -> Section:
    """The races among those chosen."""
    races = [
        _race(Case("stream", name, 1, 1, hidden, 1), cell, weights, peers)
        for hidden in choice.hidden_sizes or STREAMED_HIDDEN_SIZES
        for name, cell, weights in choice.streamed_cells()
        if 1 in (choice.threads or (1,))
    ]
    title = "Streaming, one step inside the engine, beside reading its weights once"
    return Section(title, races, peers, UNIT, LIMIT, 1)


def _race(case: Case, cell: str, weights: str, peers: Sequence[str]) -> Race:
    size = weight_bytes(cell, case.hidden, weights)

    def entrants() -> list[Entrant]:
        task = draw_task(cell, 1, case.hidden)
        engine = InEngine(task, weights)
        ours = stepping_entrant(OURS, engine, task)._replace(
            run=partial(engine.run, REPEATS), share=1 / REPEATS
        )
        memory = Entrant(MEMORY, partial(engine.read, REPEATS), partial(_of_torch, task), share=1 / REPEATS)
        return [ours, *(memory for _ in peers)]

    limit = partial(reading_rate, cell, case.hidden, weights)
    return Race(case, entrants, float(size), limit, TOLERANCES[weights])


def _of_torch(task: Task) -> Results:
    with torch.inference_mode():
        outputs, _ = torch_layer(task.cell, task.layer)(torch.from_numpy(task.inputs))
    return {"outputs": np.asarray(outputs)}
