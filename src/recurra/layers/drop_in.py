"""`RNN`, `LSTM` and `GRU` in place of torch.nn's: the same arguments, weights, numbers and results.

Beyond torch.nn they take `lengths=` (no packing), `resets=` (the state starts anew in mid-sequence),
`recompute=` and `backend=`, can be differentiated twice, and have a backward pass in evaluation mode.
State dicts go both ways.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from recurra.errors import ShapeError
from recurra.layers.torch_recurrence import Options, Run, TorchRecurrence, Weights
from recurra.ops.direction import Direction
from recurra.ops.elman import ElmanState, ElmanWeights, check_nonlinearity, elman
from recurra.ops.gru import GRUState, GRUWeights, gru
from recurra.ops.lstm import LSTMState, LSTMWeights, lstm


class RNN(TorchRecurrence):
    """`torch.nn.RNN`, with `lengths=`, `resets=` and second derivatives.

    Args:
        input_size: Number of features of the input.
        hidden_size: Number of hidden units.
        num_layers: Number of layers on top of each other.
        nonlinearity: "tanh" or "relu".
        bias: Whether there are biases.
        batch_first: Whether the input is (batch, time, features) instead of (time, batch, features).
        dropout: The share of features dropped between layers in training.
        bidirectional: Whether a second recurrence runs from the end; the outputs are put side by side.
        recompute: As in `recurra.layers.Recurrent`.
        backend: One of `recurra.ops.backends.NAMES`.
        device: Where the weights are.
        dtype: Their type.

    >>> import torch
    >>> import recurra
    >>> layer = recurra.RNN(3, 5, batch_first=True)
    >>> outputs, hidden = layer(torch.randn(2, 7, 3), lengths=torch.tensor([7, 4]))
    >>> outputs.shape, hidden.shape
    (torch.Size([2, 7, 5]), torch.Size([1, 2, 5]))
    """

    gates = 1
    fields = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        recompute: bool = False,
        backend: str = "auto",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        check_nonlinearity(nonlinearity)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            proj_size=0,
            recompute=recompute,
            backend=backend,
            device=device,
            dtype=dtype,
        )
        self.nonlinearity = nonlinearity

    def _direction(self, weights: Weights, state: Sequence[Tensor]) -> Direction:
        return Direction(ElmanWeights(*weights[:4]), ElmanState(*state))

    def _run(self, input: Tensor, direction: Direction, options: Options) -> Run:
        return elman(input, direction.weights, direction.state, nonlinearity=self.nonlinearity, **options)

    def _unpacked(self, hx: Any) -> Sequence[Tensor]:
        return _one_field(hx)

    def _packed(self, fields: Sequence[Tensor]) -> Tensor:
        return fields[0]


class GRU(TorchRecurrence):
    """`torch.nn.GRU`, with `lengths=`, `resets=` and second derivatives.

    Args:
        input_size: Number of features of the input.
        hidden_size: Number of hidden units.
        num_layers: Number of layers on top of each other.
        bias: Whether the gates have biases.
        batch_first: Whether the input is (batch, time, features) instead of (time, batch, features).
        dropout: The share of features dropped between layers in training.
        bidirectional: Whether a second recurrence runs from the end; the outputs are put side by side.
        recompute: As in `recurra.layers.Recurrent`.
        backend: One of `recurra.ops.backends.NAMES`.
        device: Where the weights are.
        dtype: Their type.

    >>> import torch
    >>> import recurra
    >>> outputs, hidden = recurra.GRU(3, 5, bidirectional=True)(torch.randn(7, 2, 3))
    >>> outputs.shape, hidden.shape
    (torch.Size([7, 2, 10]), torch.Size([2, 2, 5]))
    """

    gates = 3
    fields = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        recompute: bool = False,
        backend: str = "auto",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            proj_size=0,
            recompute=recompute,
            backend=backend,
            device=device,
            dtype=dtype,
        )

    def _direction(self, weights: Weights, state: Sequence[Tensor]) -> Direction:
        return Direction(GRUWeights(*weights[:4]), GRUState(*state))

    def _run(self, input: Tensor, direction: Direction, options: Options) -> Run:
        return gru(input, direction.weights, direction.state, **options)

    def _unpacked(self, hx: Any) -> Sequence[Tensor]:
        return _one_field(hx)

    def _packed(self, fields: Sequence[Tensor]) -> Tensor:
        return fields[0]


class LSTM(TorchRecurrence):
    """`torch.nn.LSTM`, with `lengths=`, `resets=` and second derivatives.

    Args:
        input_size: Number of features of the input.
        hidden_size: Number of memory cells.
        num_layers: Number of layers on top of each other.
        bias: Whether the gates have biases.
        batch_first: Whether the input is (batch, time, features) instead of (time, batch, features).
        dropout: The share of features dropped between layers in training.
        bidirectional: Whether a second recurrence runs from the end; the outputs are put side by side.
        proj_size: Size of the projected output; 0 for none.
        recompute: As in `recurra.layers.Recurrent`.
        backend: One of `recurra.ops.backends.NAMES`.
        device: Where the weights are.
        dtype: Their type.

    >>> import torch
    >>> import recurra
    >>> outputs, (hidden, cell) = recurra.LSTM(3, 5)(torch.randn(7, 2, 3), lengths=torch.tensor([7, 4]))
    >>> outputs.shape, cell.shape
    (torch.Size([7, 2, 5]), torch.Size([1, 2, 5]))
    """

    gates = 4
    fields = 2

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        recompute: bool = False,
        backend: str = "auto",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            proj_size=proj_size,
            recompute=recompute,
            backend=backend,
            device=device,
            dtype=dtype,
        )

    def _direction(self, weights: Weights, state: Sequence[Tensor]) -> Direction:
        return Direction(LSTMWeights(*weights), LSTMState(*state))

    def _run(self, input: Tensor, direction: Direction, options: Options) -> Run:
        return lstm(input, direction.weights, direction.state, **options)

    def _unpacked(self, hx: Any) -> Sequence[Tensor]:
        if not isinstance(hx, (tuple, list)) or [isinstance(field, Tensor) for field in hx] != [True, True]:
            raise ShapeError(
                f"an initial state of type {type(hx).__name__}",
                "a tuple of two tensors",
                "Give (hidden, cell), or leave hx out.",
            )
        return hx

    def _packed(self, fields: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        return fields[0], fields[1]


def _one_field(hx: Any) -> Sequence[Tensor]:
    if not isinstance(hx, Tensor):
        raise ShapeError(
            f"an initial state of type {type(hx).__name__}",
            "a tensor",
            "Give the hidden state, or leave hx out.",
        )
    return [hx]
