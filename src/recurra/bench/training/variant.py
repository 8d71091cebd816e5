"""Training cells that torch lacks, against a loop over torch's operations and our own plain LSTM."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from torch import Tensor, nn

from recurra.bench.case import Case
from recurra.bench.choice import VARIANT_CELLS, Choice
from recurra.bench.entrant import OURS, Entrant
from recurra.bench.peers import torch_loop
from recurra.bench.section import Section
from recurra.bench.training.sweep import LIMIT, UNIT, sweep
from recurra.bench.training.task import FIELDS, Task, draw_task, flops, torch_entrant
from recurra.cells import LSTM, Cell, LayerNormLSTM, Zoneout
from recurra.layers import Recurrent

OWN_LSTM = "recurra.lstm"
"""Our plain LSTM in place of the variant."""

PEERS = (torch_loop.NAME, OWN_LSTM)

RECURRENT_GAIN = 0.1
DROPOUT = 0.25
ZONEOUT = {"hidden": 0.05, "cell": 0.5}


def _layer_norm_lstm(hidden: int) -> LayerNormLSTM:
    """One that forgets: with gains of 1 it makes rounding errors grow from step to step, for everybody."""
    cell = LayerNormLSTM(hidden, hidden)
    nn.init.constant_(cell.gain_hh, RECURRENT_GAIN)
    return cell


CELLS: Mapping[str, Callable[[int], Cell[Any]]] = {
    "layer_norm_lstm": _layer_norm_lstm,
    "peephole_lstm": lambda hidden: LSTM(hidden, hidden, peepholes=True),
    "dropout_lstm": lambda hidden: LSTM(hidden, hidden),
    "zoneout_lstm": lambda hidden: Zoneout(LSTM(hidden, hidden), ZONEOUT),
}


def section(choice: Choice, peers: Sequence[str]) -> Section:
    """The races among those chosen."""
    races = sweep(choice, VARIANT_CELLS, partial(_entrants, peers), _work)
    return Section("Training, variants of the LSTM", races, peers, UNIT, LIMIT, 3.6)


def _work(case: Case) -> float:
    return flops("lstm", case.batch * case.time, case.hidden)


def _entrants(peers: Sequence[str], case: Case) -> list[Entrant]:
    task = draw_task(FIELDS["lstm"], case.batch, case.time, case.hidden)
    dropout = DROPOUT if case.cell == "dropout_lstm" else 0.0
    layer = Recurrent(CELLS[case.cell](case.hidden), recurrent_dropout=dropout)
    loop = torch_loop.train(layer.cell, task, dropout)
    loop = loop._replace(results=cache(loop.results))
    plain = _entrant(Recurrent(LSTM(case.hidden, case.hidden)), task)
    everybody = {
        torch_loop.NAME: loop,
        OWN_LSTM: plain._replace(name=OWN_LSTM, results=loop.results),
    }
    return [_entrant(layer, task), *(everybody[peer] for peer in peers)]


def _entrant(layer: Recurrent[Any], task: Task) -> Entrant:
    rows = task.batch_first()

    def forward() -> tuple[Tensor, Any]:
        outputs, state = layer(rows.input)
        return outputs, state

    return torch_entrant(OURS, forward, dict(layer.named_parameters()), rows, has_batch_first=True)
