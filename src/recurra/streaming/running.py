"""What is kept of all steps so far."""

from dataclasses import dataclass
from typing import ClassVar

from recurra.errors import ConfigError
from recurra.streaming.layer import LARGEST_SIZE, Layer, Operation, check_choice

FUNCTIONS = ("max", "mean")


@dataclass(frozen=True, eq=False, repr=False)
class Running(Layer):
    """y_t = max(x_1, ..., x_t), or their mean, for each feature, from the zero state on.

    The mean moves by (x_t - y_{t-1}) / t; from step 2^24 on, where float32 stops counting, t stays.

    Args:
        function: "max" or "mean".
        size: Features.

    Raises:
        ConfigError: There is no such function, or the size is out of range.
    """

    kind: ClassVar[str] = "running"
    function: str
    size: int

    def __post_init__(self) -> None:
        check_choice("function", self.function, FUNCTIONS)
        given: object = self.size
        if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= LARGEST_SIZE:
            raise ConfigError(f"size={given!r}", f"1 to {LARGEST_SIZE}", "Say how many features there are.")

    @property
    def input_size(self) -> int:
        """Features."""
        return self.size

    @property
    def output_size(self) -> int:
        """As many."""
        return self.size

    def state_sizes(self) -> dict[str, int]:
        """What is kept, and how many steps it is of."""
        return {"kept": self.size, "steps": 1}

    def operations(self, input_size: int) -> list[Operation]:
        """One look at what is kept."""
        sizes = {"inputs": input_size, "outputs": input_size, "variant": self.function == "mean"}
        return [{"kind": "running", **sizes}]
