"""The gated recurrent unit as a cell."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from recurra.cells.cell import FusedCell
from recurra.cells.gate import Gate
from recurra.cells.initialization import Initialization, initialize
from recurra.cells.parameter import bias_shown, check_sizes, empty_parameter
from recurra.ops.gru import GATES, GRUState, GRUWeights, gru, reference


class GRU(FusedCell[GRUState]):
    """Gated recurrent unit: a hidden state that is partly kept and partly replaced.

    ```
    r = σ(W_r x + b_r + U_r h + d_r)           reset gate
    z = σ(W_z x + b_z + U_z h + d_z)           update gate
    n = tanh(W_n x + b_n + r ∘ (U_n h + d_n))  candidate; with reset_after=False
    n = tanh(W_n x + b_n + U_n (r ∘ h) + d_n)
    h' = (1 - z) ∘ n + z ∘ h                   hidden
    ```

    The output is h'. Weights are named and stacked as in `torch.nn.GRUCell`, with two biases per gate.

    Departures from the paper: by default the reset gate acts after the recurrent product, as in torch and
    cuDNN, which saves a product per step. `reset_after=False` is the paper's form.

    Reference: Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014.

    Args:
        input_size: Number of features that a step takes.
        hidden_size: Number of hidden units.
        bias: Whether the gates have biases.
        reset_after: Whether the reset gate acts after the recurrent product.
        initialization: How the weights start.
        device: Where the weights are.
        dtype: Their type.

    >>> import torch
    >>> from recurra.cells import GRU
    >>> cell = GRU(3, 5, reset_after=False)
    >>> output, state = cell(torch.randn(2, 3), cell.initial_state(2))
    >>> output.shape, output is state.hidden
    (torch.Size([2, 5]), True)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        reset_after: bool = True,
        initialization: Initialization = Initialization(),  # noqa: B008
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        self.reset_after = reset_after
        self.initialization = initialization
        rows = len(GATES) * hidden_size
        self.weight_ih = empty_parameter(rows, input_size, device=device, dtype=dtype)
        self.weight_hh = empty_parameter(rows, hidden_size, device=device, dtype=dtype)
        self.bias_ih = empty_parameter(rows, device=device, dtype=dtype) if bias else None
        self.bias_hh = empty_parameter(rows, device=device, dtype=dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Fill the weights anew."""
        initialize(
            self.initialization,
            GATES,
            weight_ih=self.weight_ih,
            weight_hh=self.weight_hh,
            bias_ih=self.bias_ih,
            bias_hh=self.bias_hh,
        )

    def weights(self) -> GRUWeights:
        """The weights as the op takes them."""
        return GRUWeights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)

    def initial_state(self, batch_size: int) -> GRUState:
        """Zeros."""
        return GRUState(self.weight_hh.new_zeros(batch_size, self.hidden_size))

    def project_input(self, input: Float[Tensor, "*steps features"]) -> Float[Tensor, "*steps projected"]:
        """W x + b of both gates and the candidate."""
        return reference.project(input, self.weights())

    def step(
        self,
        projected: Float[Tensor, "batch projected"],
        state: GRUState,
        recurrent_mask: Float[Tensor, "batch outputs"] | None = None,
    ) -> tuple[Float[Tensor, "batch outputs"], GRUState]:
        """The gates, the candidate and the hidden state."""
        reset_after = self.reset_after
        state = reference.step(projected, state, self.weights(), recurrent_mask, reset_after=reset_after)
        return state.hidden, state

    def gates(self, projected: Tensor, state: GRUState) -> Mapping[str, Gate]:
        """See `recurra.cells.gate.Gated`."""
        form = reference.gates if self.reset_after else reference.gates_reset_before
        own = form(projected, state, self.weights())
        return {
            "reset_gate": Gate(own.reset_gate, "sigmoid"),
            "update_gate": Gate(own.update_gate, "sigmoid", keeps=True),
            "candidate": Gate(own.candidate, "tanh"),
        }

    def recurrent_weights(self) -> Mapping[str, Tensor]:
        """See `recurra.cells.gate.Gated`."""
        return dict(zip(GATES, self.weight_hh.chunk(len(GATES)), strict=True))

    def op(self) -> Callable[..., tuple[Tensor, GRUState]]:
        """`recurra.ops.gru.gru` with these weights."""
        return partial(gru, weights=self.weights(), reset_after=self.reset_after)

    def extra_repr(self) -> str:
        """The sizes and the form, for `print`."""
        return (
            f"{self.input_size}, {self.hidden_size}, reset_after={self.reset_after}{bias_shown(self.bias_ih)}"
        )
