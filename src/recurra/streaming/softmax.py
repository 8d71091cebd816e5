"""Probabilities of classes."""

from dataclasses import dataclass, field
from typing import ClassVar

from recurra.streaming.layer import Layer, Operation, check_flag


@dataclass(frozen=True, eq=False, repr=False)
class Softmax(Layer):
    """y = exp(x) / Σ exp(x) over the features.

    Args:
        log: Whether to give the logarithm instead.

    Raises:
        ConfigError: `log` is neither true nor false.
    """

    kind: ClassVar[str] = "softmax"
    log: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        check_flag("log", self.log)

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
        """One softmax."""
        return [{"kind": "softmax", "inputs": input_size, "outputs": input_size, "variant": self.log}]
