"""recurra's stand-ins for torch's layers as entrants, and torch's layers with their weights."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from recurra.bench.entrant import OURS, Entrant
from recurra.bench.training.task import Task, torch_entrant
from recurra.layers.drop_in import GRU, LSTM, RNN

LAYERS: Mapping[str, tuple[type[nn.Module], type[nn.Module]]] = {
    "elman": (RNN, nn.RNN),
    "gru": (GRU, nn.GRU),
    "lstm": (LSTM, nn.LSTM),
}
"""Ours and torch's, by the name of the cell."""


def own_layer(cell: str, hidden: int) -> nn.Module:
    """Our layer of a cell."""
    return LAYERS[cell][0](hidden, hidden)


def torch_layer(cell: str, ours: nn.Module) -> nn.Module:
    """Torch's layer with the weights of ours."""
    layer = LAYERS[cell][1](ours.input_size, ours.hidden_size)
    layer.load_state_dict(ours.state_dict())
    return layer


def fields(state: Any) -> Sequence[Tensor]:
    """The fields of a state as torch.nn returns it."""
    return state if isinstance(state, tuple) else (state,)


def own_entrant(layer: nn.Module, task: Task, *, name: str = OURS, share: float = 1.0) -> Entrant:
    """Our layer over a task."""

    def forward() -> tuple[Tensor, Sequence[Tensor]]:
        outputs, state = layer(task.input, lengths=task.lengths)
        return outputs, fields(state)

    return torch_entrant(name, forward, dict(layer.named_parameters()), task, share=share)
