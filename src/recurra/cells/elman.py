"""The simple recurrent net as a cell."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurra.cells.cell import FusedCell
from recurra.cells.gate import Gate, Squash
from recurra.cells.initialization import Identity, Initialization, initialize
from recurra.cells.orthogonal import OrthogonalMatrix
from recurra.cells.parameter import bias_shown, check_sizes, empty_parameter
from recurra.ops.elman import GATES, ElmanState, ElmanWeights, check_nonlinearity, elman, reference

INITIALIZATIONS = {
    "tanh": Initialization(),
    "relu": Initialization(recurrent=Identity()),
    "linear": Initialization(),
}


class Elman(FusedCell[ElmanState]):
    """Simple recurrent net: the hidden state is a function of the input and of itself.

    ```
    h' = φ(W x + b_W + U h + b_U)    φ = tanh, ReLU or nothing (linear)
    ```

    The output is h'. Weights are named as in `torch.nn.RNNCell`, with two biases.

    Departures from the paper: its context units are copies of the hidden units, and its gradient stops there;
    here it goes on through time. A tanh or linear net starts with an orthogonal recurrent matrix, a ReLU net
    with the identity (Le, Jaitly & Hinton 2015). With `orthogonal` U stays orthogonal
    (`recurra.cells.orthogonal`): a linear net then forgets nothing, and no gradient vanishes or explodes.

    Reference: Elman, Finding structure in time, Cognitive Science 14(2), 1990.

    Args:
        input_size: Number of features that a step takes.
        hidden_size: Number of hidden units.
        nonlinearity: "tanh", "relu" or "linear".
        bias: Whether there are biases.
        orthogonal: Whether the recurrent matrix stays orthogonal in training.
        initialization: How the weights start; None for the nonlinearity's own.
        device: Where the weights are.
        dtype: Their type.

    >>> import torch
    >>> from recurra.cells import Elman
    >>> cell = Elman(3, 5, nonlinearity="relu")
    >>> output, state = cell(torch.randn(2, 3), cell.initial_state(2))
    >>> output.shape, output is state.hidden
    (torch.Size([2, 5]), True)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        nonlinearity: str = "tanh",
        bias: bool = True,
        orthogonal: bool = False,
        initialization: Initialization | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        check_nonlinearity(nonlinearity)
        self.nonlinearity = nonlinearity
        self.initialization = initialization or INITIALIZATIONS[nonlinearity]
        self.weight_ih = empty_parameter(hidden_size, input_size, device=device, dtype=dtype)
        square = None if orthogonal else empty_parameter(hidden_size, hidden_size, device=device, dtype=dtype)
        self.weight_hh = square
        self.rotation = OrthogonalMatrix(hidden_size, device=device, dtype=dtype) if orthogonal else None
        self.bias_ih = empty_parameter(hidden_size, device=device, dtype=dtype) if bias else None
        self.bias_hh = empty_parameter(hidden_size, device=device, dtype=dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Fill the weights anew.

        Raises:
            ConfigError: The recurrent matrix is to stay orthogonal, and the initialisation is not.
        """
        weight_hh = self.weight_hh if self.rotation is None else self.rotation.start
        initialize(
            self.initialization,
            GATES,
            weight_ih=self.weight_ih,
            weight_hh=cast("Tensor", weight_hh),
            bias_ih=self.bias_ih,
            bias_hh=self.bias_hh,
        )
        if self.rotation is not None:
            self.rotation.start_anew()

    def weights(self) -> ElmanWeights:
        """The weights as the op takes them."""
        return ElmanWeights(self.weight_ih, self._recurrent(), self.bias_ih, self.bias_hh)

    def settle(self) -> None:
        """Make an orthogonal recurrent matrix a plain weight from now on, as other libraries have it."""
        if self.rotation is not None:
            self.weight_hh, self.rotation = nn.Parameter(self.rotation().detach()), None

    def _recurrent(self) -> Tensor:
        return cast("Tensor", self.weight_hh if self.rotation is None else self.rotation())

    def initial_state(self, batch_size: int) -> ElmanState:
        """Zeros."""
        return ElmanState(self.weight_ih.new_zeros(batch_size, self.hidden_size))

    def project_input(self, input: Float[Tensor, "*steps features"]) -> Float[Tensor, "*steps projected"]:
        """W x + b."""
        return reference.project(input, self.weights())

    def step(
        self,
        projected: Float[Tensor, "batch projected"],
        state: ElmanState,
        recurrent_mask: Float[Tensor, "batch outputs"] | None = None,
    ) -> tuple[Float[Tensor, "batch outputs"], ElmanState]:
        """The hidden state."""
        state = reference.step(projected, state, self.weights(), recurrent_mask, self.nonlinearity)
        return state.hidden, state

    def gates(self, projected: Tensor, state: ElmanState) -> Mapping[str, Gate]:
        """See `recurra.cells.gate.Gated`: the candidate is the hidden state itself."""
        squash = cast("Squash", self.nonlinearity)
        return {"candidate": Gate(self.step(projected, state)[0], squash)}

    def recurrent_weights(self) -> Mapping[str, Tensor]:
        """See `recurra.cells.gate.Gated`."""
        return {"candidate": self._recurrent()}

    def op(self) -> Callable[..., tuple[Tensor, ElmanState]]:
        """`recurra.ops.elman.elman` with these weights."""
        return partial(elman, weights=self.weights(), nonlinearity=self.nonlinearity)

    def extra_repr(self) -> str:
        """The sizes and the nonlinearity, for `print`."""
        sizes = f"{self.input_size}, {self.hidden_size}"
        return f"{sizes}, nonlinearity={self.nonlinearity!r}{bias_shown(self.bias_ih)}"
