"""The long short-term memory as a cell."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurra.cells.cell import FusedCell
from recurra.cells.gate import Gate
from recurra.cells.initialization import REMEMBERING, Initialization, initialize
from recurra.cells.parameter import bias_shown, check_projection, check_sizes, empty_parameter
from recurra.ops.lstm import GATES, LSTMState, LSTMWeights, lstm, reference
from recurra.ops.lstm.reference import LSTMGates


def named_gates(gates: LSTMGates) -> dict[str, Gate]:
    """The gates of an LSTM as `recurra.cells.gate.Gated` shows them."""
    named = {name: Gate(values, "sigmoid") for name, values in gates._asdict().items()}
    named["forget_gate"] = named["forget_gate"]._replace(keeps=True)
    named["candidate"] = named["candidate"]._replace(squash="tanh")
    return named


class LSTM(FusedCell[LSTMState]):
    """Long short-term memory: a cell that is written, kept and shown by gates.

    ```
    i = σ(W_i x + U_i h + b_i)     input gate
    f = σ(W_f x + U_f h + b_f)     forget gate
    g = tanh(W_g x + U_g h + b_g)  candidate
    o = σ(W_o x + U_o h + b_o)     output gate
    c' = f ∘ c + i ∘ g             cell
    h' = o ∘ tanh(c')              hidden
    ```

    The output is h'. With `proj_size` it is P h', a linear projection that also takes the place of h in the
    recurrence (Sak et al. 2014). With `peepholes` the gates see the memory: i and f also add p_i ∘ c and
    p_f ∘ c, o adds p_o ∘ c' (Gers, Schraudolph & Schmidhuber 2002); the weights p start at zero. Weights are
    named and stacked as in `torch.nn.LSTMCell`, with two biases per gate.

    Departures from the paper: the forget gate (Gers, Schmidhuber & Cummins 2000), full gradients. The forget
    gate's bias starts at 1.

    Reference: Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997.

    Args:
        input_size: Number of features that a step takes.
        hidden_size: Number of memory cells.
        bias: Whether the gates have biases.
        proj_size: Size of the projected output; 0 for none.
        peepholes: Whether the gates see the memory.
        initialization: How the weights start.
        device: Where the weights are.
        dtype: Their type.

    >>> import torch
    >>> from recurra.cells import LSTM
    >>> cell = LSTM(3, 5)
    >>> output, state = cell(torch.randn(2, 3), cell.initial_state(2))
    >>> output.shape, state.cell.shape, output is state.hidden
    (torch.Size([2, 5]), torch.Size([2, 5]), True)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        proj_size: int = 0,
        peepholes: bool = False,
        initialization: Initialization = REMEMBERING,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        check_projection(proj_size, hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        self.output_size = proj_size or hidden_size
        self.initialization = initialization
        rows = len(GATES) * hidden_size
        self.weight_ih = empty_parameter(rows, input_size, device=device, dtype=dtype)
        self.weight_hh = empty_parameter(rows, self.output_size, device=device, dtype=dtype)
        self.bias_ih = empty_parameter(rows, device=device, dtype=dtype) if bias else None
        self.bias_hh = empty_parameter(rows, device=device, dtype=dtype) if bias else None
        self.weight_hr = (
            empty_parameter(proj_size, hidden_size, device=device, dtype=dtype) if proj_size else None
        )
        self.weight_peephole = (
            empty_parameter(3 * hidden_size, device=device, dtype=dtype) if peepholes else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Fill the weights anew."""
        if self.weight_peephole is not None:
            nn.init.zeros_(self.weight_peephole)
        initialize(
            self.initialization,
            GATES,
            weight_ih=self.weight_ih,
            weight_hh=self.weight_hh,
            bias_ih=self.bias_ih,
            bias_hh=self.bias_hh,
            weight_hr=self.weight_hr,
        )

    def weights(self) -> LSTMWeights:
        """The weights as the op takes them."""
        return LSTMWeights(
            self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, self.weight_hr, self.weight_peephole
        )

    def initial_state(self, batch_size: int) -> LSTMState:
        """Zeros."""
        hidden = self.weight_hh.new_zeros(batch_size, self.output_size)
        return LSTMState(hidden, self.weight_hh.new_zeros(batch_size, self.hidden_size))

    def project_input(self, input: Float[Tensor, "*steps features"]) -> Float[Tensor, "*steps projected"]:
        """W x + b of all gates."""
        return reference.project(input, self.weights())

    def step(
        self,
        projected: Float[Tensor, "batch projected"],
        state: LSTMState,
        recurrent_mask: Float[Tensor, "batch outputs"] | None = None,
    ) -> tuple[Float[Tensor, "batch outputs"], LSTMState]:
        """The gates, the cell and the hidden state."""
        state = reference.step(projected, state, self.weights(), recurrent_mask)
        return state.hidden, state

    def gates(self, projected: Tensor, state: LSTMState) -> Mapping[str, Gate]:
        """See `recurra.cells.gate.Gated`."""
        return named_gates(reference.gates(projected, state, self.weights()))

    def recurrent_weights(self) -> Mapping[str, Tensor]:
        """See `recurra.cells.gate.Gated`."""
        blocks = self.weight_hh.chunk(len(GATES))
        if self.weight_hr is not None:
            blocks = tuple(block @ self.weight_hr for block in blocks)
        return dict(zip(GATES, blocks, strict=True))

    def op(self) -> Callable[..., tuple[Tensor, LSTMState]]:
        """`recurra.ops.lstm.lstm` with these weights."""
        return partial(lstm, weights=self.weights())

    def extra_repr(self) -> str:
        """The sizes and what differs from the default, for `print`."""
        projection = "" if self.weight_hr is None else f", proj_size={self.output_size}"
        peepholes = "" if self.weight_peephole is None else ", peepholes=True"
        return f"{self.input_size}, {self.hidden_size}{projection}{peepholes}{bias_shown(self.bias_ih)}"
