"""Training on whole batches, against JAX.

It has a table of its own, since compiling takes JAX longer than a race: where there is little time, fewer
sizes are raced than against torch.nn.
"""

from collections.abc import Sequence
from functools import partial

from recurra.bench.case import Case
from recurra.bench.choice import PLAIN_CELLS, Choice
from recurra.bench.entrant import Entrant
from recurra.bench.peers import jax_scan
from recurra.bench.section import Section
from recurra.bench.training.dense import work
from recurra.bench.training.own_layer import own_entrant, own_layer
from recurra.bench.training.sweep import LIMIT, UNIT, sweep
from recurra.bench.training.task import FIELDS, draw_task

PEERS = (jax_scan.NAME,)


def section(choice: Choice, peers: Sequence[str]) -> Section:
    """The races among those chosen."""
    races = sweep(choice, PLAIN_CELLS, partial(_entrants, peers), work)
    return Section("Training, whole batches, beside a compiled scan", races, peers, UNIT, LIMIT, 5)


def _entrants(peers: Sequence[str], case: Case) -> list[Entrant]:
    task = draw_task(FIELDS[case.cell], case.batch, case.time, case.hidden)
    layer = own_layer(case.cell, case.hidden)
    return [
        own_entrant(layer, task),
        *(jax_scan.train(case.cell, layer, task, case.threads) for _ in peers),
    ]
