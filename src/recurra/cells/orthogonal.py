"""A square matrix that stays orthogonal in training."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurra.cells.parameter import empty_parameter
from recurra.errors import ConfigError

SPEED = 0.1
"""How much slower than other weights the matrix turns: published trainings give it a tenth of their rate."""
TOLERANCE = 0.05
"""Halves have two digits; a start that is scaled or random is further off."""


class OrthogonalMatrix(nn.Module):
    """An orthogonal matrix that any optimiser can train: whatever its angles are, it changes no length.

    ```
    Q = Q_0 (I + A)^-1 (I - A)    A = -A^T, made of the angles: below the diagonal they are, times 0.05
    ```

    Q_0, where it starts, is kept with the weights; the angles start at zero. The factor makes steps of an
    optimiser a tenth of what they are for other weights.

    Departures from the papers: Cayley's map, as the first has it, which needs one system of equations
    instead of a matrix exponential; around a start of one's own, as the second has it.

    References: Helfrich, Willmott & Ye, Orthogonal recurrent neural networks with scaled Cayley transform,
        ICML 2018; Lezcano-Casado & Martínez-Rubio, Cheap orthogonal constraints in neural networks, ICML
        2019.

    Args:
        size: Of its sides.
        device: Where it is.
        dtype: Its type.

    >>> import torch
    >>> from recurra.cells import OrthogonalMatrix
    >>> matrix = OrthogonalMatrix(3)
    >>> _ = torch.nn.init.orthogonal_(matrix.start)
    >>> matrix.start_anew()
    >>> _ = torch.nn.init.normal_(matrix.angles)
    >>> torch.allclose(matrix() @ matrix().T, torch.eye(3), atol=1e-6)
    True
    """

    start: Tensor

    def __init__(
        self, size: int, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> None:
        super().__init__()
        self.size = size
        self.angles = empty_parameter(size * (size - 1) // 2, device=device, dtype=dtype)
        self.register_buffer("start", torch.empty(size, size, device=device, dtype=dtype))

    @torch.no_grad()
    def start_anew(self) -> None:
        """Begin with what `start` has been filled with.

        Raises:
            ConfigError: It is not orthogonal.
        """
        exact = self.start.double()
        off = float((exact @ exact.T - torch.eye(self.size, device=exact.device)).abs().max())
        if not off < TOLERANCE:
            raise ConfigError(
                f"a matrix that is to stay orthogonal and starts {off:.2g} away from it",
                "an orthogonal start",
                "Initialise with Orthogonal() or Identity(), and do not scale.",
            )
        self.angles.zero_()

    def forward(self) -> Float[Tensor, "size size"]:
        """The matrix, made in float64, which autocast leaves alone in both directions."""
        device = self.angles.device
        row, column = torch.tril_indices(self.size, self.size, -1, device=device)
        lower = torch.zeros(self.size, self.size, dtype=torch.float64, device=device)
        lower = lower.index_put((row, column), self.angles.double() * (SPEED / 2))
        skew, eye = lower - lower.T, torch.eye(self.size, dtype=torch.float64, device=device)
        turn = torch.linalg.solve(eye + skew, eye - skew)
        matrix: Tensor = self.start.to(turn) @ turn
        return matrix.to(self.angles.dtype)

    def extra_repr(self) -> str:
        """Its size, for `print`."""
        return str(self.size)
