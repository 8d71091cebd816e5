"""Training on whole batches, against torch.nn."""

from collections.abc import Sequence
from functools import partial

from recurra.bench.case import Case
from recurra.bench.choice import PLAIN_CELLS, Choice
from recurra.bench.entrant import Entrant
from recurra.bench.peers import torch_layer
from recurra.bench.section import Section
from recurra.bench.training.own_layer import own_entrant, own_layer
from recurra.bench.training.sweep import LIMIT, UNIT, sweep
from recurra.bench.training.task import FIELDS, draw_task, flops

PEERS = (torch_layer.NAME,)


def section(choice: Choice, peers: Sequence[str]) -> Section:
    """The races among those chosen."""
    races = sweep(choice, PLAIN_CELLS, partial(_entrants, peers), work)
    return Section("Training, whole batches", races, peers, UNIT, LIMIT, 20)


def work(case: Case) -> float:
    """The floating-point operations of a race."""
    return flops(case.cell, case.batch * case.time, case.hidden)


def _entrants(peers: Sequence[str], case: Case) -> list[Entrant]:
    task = draw_task(FIELDS[case.cell], case.batch, case.time, case.hidden)
    layer = own_layer(case.cell, case.hidden)
    return [own_entrant(layer, task), *(torch_layer.train(case.cell, layer, task) for _ in peers)]
