"""Training on rows of different lengths, against torch's packed sequences and our own whole batches."""

from collections.abc import Sequence
from functools import cache, partial

from recurra.bench.case import Case
from recurra.bench.choice import PLAIN_CELLS, Choice
from recurra.bench.entrant import Entrant
from recurra.bench.peers import torch_packed
from recurra.bench.section import Section
from recurra.bench.training.own_layer import own_entrant, own_layer
from recurra.bench.training.sweep import LIMIT, UNIT, sweep
from recurra.bench.training.task import FIELDS, Task, draw_task, flops

OWN_DENSE = "recurra.dense"
"""The time of the whole batch times the share of it that is not padding: what lengths cost at best."""

PEERS = (torch_packed.NAME, OWN_DENSE)


def section(choice: Choice, peers: Sequence[str]) -> Section:
    """The races among those chosen."""
    races = sweep(choice, PLAIN_CELLS, partial(_entrants, peers), _work)
    return Section(
        "Training, lengths uniform from a quarter to all of the steps", races, peers, UNIT, LIMIT, 3.5
    )


def _task(case: Case) -> Task:
    return draw_task(FIELDS[case.cell], case.batch, case.time, case.hidden, varying_lengths=True)


def _work(case: Case) -> float:
    return flops(case.cell, _task(case).valid_steps, case.hidden)


def _entrants(peers: Sequence[str], case: Case) -> list[Entrant]:
    task, layer = _task(case), own_layer(case.cell, case.hidden)
    packed = torch_packed.train(case.cell, layer, task)
    packed = packed._replace(results=cache(packed.results))
    whole = own_entrant(layer, task._replace(lengths=None))
    everybody = {
        torch_packed.NAME: packed,
        OWN_DENSE: whole._replace(
            name=OWN_DENSE, share=task.valid_steps / task.steps, results=packed.results
        ),
    }
    return [own_entrant(layer, task), *(everybody[peer] for peer in peers)]
