"""`RNN`, `LSTM` and `GRU` in place of torch.nn's: the same arguments, weights, numbers and results.

Beyond torch.nn they take `lengths=` (no packing), `resets=` (the state starts anew in mid-sequence),
`recompute=` and `backend=`, can be differentiated twice, and have a backward pass in evaluation mode.
State dicts go both ways.
"""

import torch

from recurra.layers.torch_recurrence import TorchRecurrence
from recurra.ops import elman, gru, lstm
from recurra.ops.op import Op


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

    gates = len(elman.GATES)
    weights_kind = elman.ElmanWeights
    state_kind = elman.ElmanState

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
        elman.check_nonlinearity(nonlinearity)
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
        self.nonlinearity, self.mode = nonlinearity, f"RNN_{nonlinearity.upper()}"

    def _op(self) -> Op:
        return elman.OPS[self.nonlinearity]


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

    mode = "GRU"
    gates = len(gru.GATES)
    keeps_type = True
    weights_kind = gru.GRUWeights
    state_kind = gru.GRUState

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

    def _op(self) -> Op:
        return gru.OPS[True]


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

    mode = "LSTM"
    gates = len(lstm.GATES)
    weights_kind = lstm.LSTMWeights
    state_kind = lstm.LSTMState

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

    def _op(self) -> Op:
        return lstm.OP
