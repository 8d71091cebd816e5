"""The long short-term memory with layer normalisation, as a cell."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurra.cells.cell import FusedCell
from recurra.cells.gate import Gate
from recurra.cells.initialization import REMEMBERING, Initialization, initialize
from recurra.cells.lstm import named_gates
from recurra.cells.parameter import check_sizes, empty_parameter
from recurra.ops.layer_norm_lstm import (
    GATES,
    LayerNormLSTMWeights,
    LSTMState,
    layer_norm_lstm,
    reference,
)


class LayerNormLSTM(FusedCell[LSTMState]):
    """Long short-term memory whose sums are normalised, so that their scale can neither vanish nor explode.

    ```
    a = LN(W x; α_W) + LN(U h; α_U) + b    the four gates together
    i, f, g, o = σ(a_i), σ(a_f), tanh(a_g), σ(a_o)
    c' = f ∘ c + i ∘ g                     cell
    h' = o ∘ tanh(LN(c'; α_c, β_c))        hidden
    LN(a; α, β) = α ∘ (a - mean(a)) / sqrt(var(a) + epsilon) + β
    ```

    There are three normalisations: of the input's product and of the hidden state's product, each over all
    four gates of a row together, and of the cell on its way to the output. The cell that is carried on is not
    normalised. The output is h'.

    Departures from the paper: the first two normalisations have a gain but no bias of their own, since b
    follows.

    Reference: Ba, Kiros & Hinton, Layer normalization, arXiv:1607.06450, 2016, equations 20 to 22.

    Args:
        input_size: Number of features that a step takes.
        hidden_size: Number of memory cells.
        epsilon: Added to every variance.
        initialization: How the weights start; gains start at 1.
        device: Where the weights are.
        dtype: Their type.

    >>> import torch
    >>> from recurra.cells import LayerNormLSTM
    >>> cell = LayerNormLSTM(3, 5)
    >>> output, state = cell(torch.randn(2, 3), cell.initial_state(2))
    >>> output.shape, state.cell.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        epsilon: float = 1e-5,
        initialization: Initialization = REMEMBERING,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        self.epsilon = epsilon
        self.initialization = initialization
        rows = len(GATES) * hidden_size
        self.weight_ih = empty_parameter(rows, input_size, device=device, dtype=dtype)
        self.weight_hh = empty_parameter(rows, hidden_size, device=device, dtype=dtype)
        self.bias = empty_parameter(rows, device=device, dtype=dtype)
        self.gain_ih = empty_parameter(rows, device=device, dtype=dtype)
        self.gain_hh = empty_parameter(rows, device=device, dtype=dtype)
        self.gain_cell = empty_parameter(hidden_size, device=device, dtype=dtype)
        self.bias_cell = empty_parameter(hidden_size, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Fill the weights anew."""
        for gain in (self.gain_ih, self.gain_hh, self.gain_cell):
            nn.init.ones_(gain)
        nn.init.zeros_(self.bias_cell)
        initialize(
            self.initialization,
            GATES,
            weight_ih=self.weight_ih,
            weight_hh=self.weight_hh,
            bias_ih=self.bias,
            bias_hh=None,
        )

    def weights(self) -> LayerNormLSTMWeights:
        """The weights as the op takes them."""
        return LayerNormLSTMWeights(
            self.weight_ih,
            self.weight_hh,
            self.bias,
            self.gain_ih,
            self.gain_hh,
            self.gain_cell,
            self.bias_cell,
        )

    def initial_state(self, batch_size: int) -> LSTMState:
        """Zeros."""
        zeros = self.weight_hh.new_zeros(batch_size, self.hidden_size)
        return LSTMState(zeros, zeros.clone())

    def project_input(self, input: Float[Tensor, "*steps features"]) -> Float[Tensor, "*steps projected"]:
        """LN(W x) + b of all gates."""
        return reference.project(input, self.weights(), self.epsilon)

    def step(
        self,
        projected: Float[Tensor, "batch projected"],
        state: LSTMState,
        recurrent_mask: Float[Tensor, "batch outputs"] | None = None,
    ) -> tuple[Float[Tensor, "batch outputs"], LSTMState]:
        """The gates, the cell and the hidden state."""
        state = reference.step(projected, state, self.weights(), self.epsilon, recurrent_mask)
        return state.hidden, state

    def gates(self, projected: Tensor, state: LSTMState) -> Mapping[str, Gate]:
        """See `recurra.cells.gate.Gated`."""
        return named_gates(reference.gates(projected, state, self.weights(), self.epsilon))

    def recurrent_weights(self) -> Mapping[str, Tensor]:
        """See `recurra.cells.gate.Gated`; before they are normalised."""
        return dict(zip(GATES, self.weight_hh.chunk(len(GATES)), strict=True))

    def op(self) -> Callable[..., tuple[Tensor, LSTMState]]:
        """`recurra.ops.layer_norm_lstm.layer_norm_lstm` with these weights."""
        return partial(layer_norm_lstm, weights=self.weights(), epsilon=self.epsilon)

    def extra_repr(self) -> str:
        """The sizes, for `print`."""
        return f"{self.input_size}, {self.hidden_size}"
