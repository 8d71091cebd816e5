"""Functions of each feature alone."""

from dataclasses import dataclass, field
from typing import ClassVar

from recurra.streaming.layer import Layer, Operation, check_choice, check_positive

FUNCTIONS = ("tanh", "relu", "leaky_relu", "elu", "sigmoid", "silu", "gelu", "softplus", "exp")


@dataclass(frozen=True, eq=False, repr=False)
class Activation(Layer):
    """y = f(x) for each feature, as torch's function of that name.

    Args:
        function: One of `FUNCTIONS`; "gelu" is the exact one, not its approximation by tanh.
        slope: Of "leaky_relu", for x < 0.

    Raises:
        ConfigError: There is no such function, or the slope is not positive.
    """

    kind: ClassVar[str] = "activation"
    function: str
    slope: float = field(default=0.01, kw_only=True)

    def __post_init__(self) -> None:
        check_choice("function", self.function, FUNCTIONS)
        check_positive("slope", self.slope)

    @property
    def input_size(self) -> None:
        """Any."""
        return None

    @property
    def output_size(self) -> None:
        """As many."""
        return None

    def state_sizes(self) -> dict[str, int]:
        """None."""
        return {}

    def operations(self, input_size: int) -> list[Operation]:
        """One function."""
        sizes = {"inputs": input_size, "outputs": input_size, "slope": float(self.slope)}
        return [{"kind": "activation", "function": self.function, **sizes}]
