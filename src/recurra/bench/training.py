"""The suite `train`: forward and backward over batches."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from recurra.bench import jax_peer, torch_peer
from recurra.bench.batch import SEED, Batch, draw_batch, flops, layer_entrant, own_layer
from recurra.bench.choice import PLAIN_CELLS, VARIANT_CELLS, Choice
from recurra.bench.machine import PEAK, peak_rate
from recurra.bench.race import OURS, Case, Entrant, Race
from recurra.bench.schedule import Section
from recurra.cells import LSTM, Cell, LayerNormLSTM, Zoneout
from recurra.layers import Recurrent
from recurra.ops.backends import TOLERANCES

OWN_DENSE = "recurra.dense"
"""The time of the whole batch times the share of it that is not padding: what lengths cost at best."""

OWN_LSTM = "recurra.lstm"
"""Our plain LSTM in place of the variant."""

RECURRENT_GAIN = 0.1
DROPOUT = 0.25
ZONEOUT = {"hidden": 0.05, "cell": 0.5}

Entrants = Callable[[Case, Batch, Sequence[str]], list[Entrant]]


def _whole(case: Case, batch: Batch, peers: Sequence[str]) -> list[Entrant]:
    """Whole batches, against torch's layer and a compiled scan."""
    layer = own_layer(case.cell, case.hidden)
    make = {
        "torch.nn": lambda: torch_peer.train(case.cell, layer, batch),
        "jax": lambda: jax_peer.train(case.cell, layer, batch, case.threads),
    }
    return [layer_entrant(OURS, layer, batch), *(make[peer]() for peer in peers)]


def _varying(case: Case, batch: Batch, peers: Sequence[str]) -> list[Entrant]:
    """Rows of different lengths, against torch's packed sequences and our own whole batches."""
    layer = own_layer(case.cell, case.hidden)
    packed = torch_peer.train_packed(case.cell, layer, batch)
    packed = packed._replace(results=cache(packed.results))
    dense = layer_entrant(OWN_DENSE, layer, batch._replace(lengths=None))
    dense = dense._replace(results=packed.results, share=batch.valid_steps / batch.steps)
    return [layer_entrant(OURS, layer, batch), *(each for each in (packed, dense) if each.name in peers)]


def _variant(case: Case, batch: Batch, peers: Sequence[str]) -> list[Entrant]:
    """Cells that torch lacks, against a loop over torch's operations and our own plain LSTM."""
    dropout = DROPOUT if case.cell == "dropout_lstm" else 0.0
    layer = Recurrent(VARIANTS[case.cell](case.hidden), recurrent_dropout=dropout)
    loop = torch_peer.train_loop(layer.cell, batch, dropout)
    loop = loop._replace(results=cache(loop.results))
    rows = batch.batch_first()
    plain = layer_entrant(OWN_LSTM, Recurrent(LSTM(case.hidden, case.hidden)), rows)
    plain = plain._replace(results=loop.results)
    return [layer_entrant(OURS, layer, rows), *(each for each in (loop, plain) if each.name in peers)]


def _layer_norm_lstm(hidden: int) -> LayerNormLSTM:
    """One that forgets: with gains of 1 it makes rounding errors grow from step to step, for everybody."""
    cell = LayerNormLSTM(hidden, hidden)
    nn.init.constant_(cell.gain_hh, RECURRENT_GAIN)
    return cell


VARIANTS: Mapping[str, Callable[[int], Cell[Any]]] = {
    "layer_norm_lstm": _layer_norm_lstm,
    "peephole_lstm": lambda hidden: LSTM(hidden, hidden, peepholes=True),
    "dropout_lstm": lambda hidden: LSTM(hidden, hidden),
    "zoneout_lstm": lambda hidden: Zoneout(LSTM(hidden, hidden), ZONEOUT),
}


def _races(
    cells: Sequence[str],
    entrants: Entrants,
    choice: Choice,
    peers: Sequence[str],
    *,
    varying_lengths: bool = False,
) -> list[Race]:
    """The races of some cells at every size, with every number of threads."""
    cases = [
        Case("train", cell, batch, time, hidden, threads)
        for batch, time, hidden in choice.sizes()
        for cell in choice.cells_among(cells)
        for threads in choice.thread_counts()
    ]
    return [_race(case, entrants, peers, varying_lengths=varying_lengths) for case in cases]


def _race(case: Case, entrants: Entrants, peers: Sequence[str], *, varying_lengths: bool) -> Race:
    draw = partial(draw_batch, case, varying_lengths=varying_lengths)

    def assemble() -> list[Entrant]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)  # weights are drawn alike in every run
            return entrants(case, draw(), peers)

    steps = draw().valid_steps if varying_lengths else case.batch * case.time
    work, limit = flops(case.cell, steps, case.hidden), partial(peak_rate, case.threads)
    return Race(case, assemble, work, limit, TOLERANCES[torch.float32])


WHOLE = Section(
    "train", "Training, whole batches", ["torch.nn"], *PEAK, 20, partial(_races, PLAIN_CELLS, _whole)
)
# JAX has a table of its own, since compiling takes it longer than a race: where there is little time, fewer
# sizes are raced than against torch.nn.
SCAN = WHOLE._replace(title="Training, whole batches, beside a compiled scan", peers=["jax"], weight=5)
VARYING = WHOLE._replace(
    title="Training, lengths uniform from a quarter to all of the steps",
    peers=["torch.packed", OWN_DENSE],
    weight=3.5,
    races=partial(_races, PLAIN_CELLS, _varying, varying_lengths=True),
)
VARIANT = WHOLE._replace(
    title="Training, variants of the LSTM",
    peers=["torch.loop", OWN_LSTM],
    weight=3.6,
    races=partial(_races, VARIANT_CELLS, _variant),
)
SECTIONS = (WHOLE, SCAN, VARYING, VARIANT)
