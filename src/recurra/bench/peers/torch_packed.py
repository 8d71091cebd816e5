"""torch.nn's layers over packed sequences, from padded input to padded outputs."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recurra.bench.entrant import Entrant
from recurra.bench.training.own_layer import fields, torch_layer
from recurra.bench.training.task import Task, torch_entrant

NAME = "torch.packed"


def train(cell: str, ours: nn.Module, task: Task) -> Entrant:
    """Torch's layer over a task, packed on the way in and padded on the way out."""
    layer = torch_layer(cell, ours)
    steps, batch, _ = task.input.shape
    lengths = torch.full((batch,), steps) if task.lengths is None else task.lengths

    def forward() -> tuple[Tensor, Sequence[Tensor]]:
        packed = pack_padded_sequence(task.input, lengths, enforce_sorted=False)
        outputs, state = layer(packed)
        padded, _ = pad_packed_sequence(outputs, total_length=steps)
        return padded, fields(state)

    return torch_entrant(NAME, forward, dict(layer.named_parameters()), task)
