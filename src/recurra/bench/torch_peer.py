"""torch.nn's layers, whole, packed and a step at a time, and cells that torch lacks in a Python loop."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recurra.bench.batch import Batch, layer_entrant, torch_layer, training_entrant
from recurra.bench.race import Entrant
from recurra.bench.stepper import Array, Stepper, Stream
from recurra.cells import Cell, Zoneout


def train(cell: str, ours: nn.Module, batch: Batch) -> Entrant:
    """Torch's layer over a batch without lengths."""
    return layer_entrant("torch.nn", torch_layer(cell, ours), batch)


def train_packed(cell: str, ours: nn.Module, batch: Batch) -> Entrant:
    """Torch's layer over packed sequences, from padded input to padded outputs."""
    layer = torch_layer(cell, ours)
    steps, rows, _ = batch.input.shape
    lengths = torch.full((rows,), steps) if batch.lengths is None else batch.lengths

    def forward() -> tuple[Tensor, Any]:
        packed = pack_padded_sequence(batch.input, lengths, enforce_sorted=False)
        outputs, state = layer(packed)
        padded, _ = pad_packed_sequence(outputs, total_length=steps)
        return padded, state

    return training_entrant("torch.packed", forward, dict(layer.named_parameters()), batch)


def train_loop(cell: Cell[Any], batch: Batch, dropout: float) -> Entrant:
    """A cell in a Python loop, as whoever needs a variant that torch lacks writes it today.

    It is not slower than it must be: the input's product is one for all steps, and masks are drawn at once.

    Args:
        cell: The cell, whose output is its hidden state.
        batch: The batch, time first, without lengths.
        dropout: The share of hidden units that the recurrent product does not see.
    """
    plain = cell.cell if isinstance(cell, Zoneout) else cell

    def forward() -> tuple[Tensor, Sequence[Tensor]]:
        outputs, state = [], cell.initial_state(batch.input.shape[1])
        mask = F.dropout(torch.ones_like(state.hidden), dropout) if dropout else None
        zoneout = cell.draw(batch.input.transpose(0, 1), state) if isinstance(cell, Zoneout) else None
        for time, projected in enumerate(cell.project_input(batch.input).unbind(0)):
            _, proposed = plain.step(projected, state, mask)
            state = proposed if zoneout is None else zoneout.mixed(time, state, proposed)
            outputs.append(state.hidden)
        return torch.stack(outputs), state

    parameters = {f"cell.{name}": each for name, each in cell.named_parameters()}
    return training_entrant("torch.loop", forward, parameters, batch)


def torch_steps(stream: Stream, _threads: int) -> Stepper:
    """Torch's layer a step at a time, without gradients."""
    layer, state = torch_layer(stream.cell, stream.layer), None

    def reset() -> None:
        nonlocal state
        state = None

    def step(input: Array) -> Array:
        nonlocal state
        with torch.inference_mode():
            outputs, state = layer(torch.from_numpy(input), state)
            found: Array = outputs.numpy()
            return found

    return Stepper((1, stream.sessions, stream.hidden), reset, step)
