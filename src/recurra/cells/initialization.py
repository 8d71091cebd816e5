"""How the weights of a cell start, as values: `LSTM(3, 5, initialization=Initialization(bias=Chrono(200)))`.

A filler fills one gate's block of a weight; a bias filler fills the bias of all gates, which it knows by
name.

>>> import torch
>>> from recurra.cells import LSTM, Chrono, Initialization
>>> cell = LSTM(3, 5, initialization=Initialization(bias=Chrono(200)))
>>> bool((cell.bias_ih[5:10] >= 0).all())  # the forget gate's
True
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recurra.errors import ConfigError

Filler = Callable[[Tensor], object]
BiasFiller = Callable[[Mapping[str, Tensor]], object]


@dataclass(frozen=True)
class Orthogonal:
    """A random orthogonal matrix, so that the state neither grows nor shrinks (Saxe et al. 2014)."""

    gain: float = 1.0

    def __call__(self, block: Tensor) -> None:
        """Fill a gate's block."""
        nn.init.orthogonal_(block, self.gain)


@dataclass(frozen=True)
class Glorot:
    """Uniform with variance 2 / (inputs + outputs) (Glorot & Bengio 2010)."""

    gain: float = 1.0

    def __call__(self, block: Tensor) -> None:
        """Fill a gate's block."""
        nn.init.xavier_uniform_(block, self.gain)


@dataclass(frozen=True)
class Identity:
    """A multiple of the identity: the state stays as it is (Le et al. 2015)."""

    scale: float = 1.0

    def __call__(self, block: Tensor) -> None:
        """Fill a gate's block."""
        nn.init.eye_(block)
        block.mul_(self.scale)


@dataclass(frozen=True)
class Scaled:
    """What another filler gives, times a factor."""

    filler: Filler
    factor: float

    def __call__(self, block: Tensor) -> None:
        """Fill a gate's block."""
        self.filler(block)
        block.mul_(self.factor)


@dataclass(frozen=True)
class Normal:
    """Normal numbers around zero."""

    deviation: float

    def __call__(self, block: Tensor) -> None:
        """Fill a gate's block."""
        nn.init.normal_(block, std=self.deviation)


@dataclass(frozen=True)
class ZeroBias:
    """Every bias starts at zero."""

    def __call__(self, gates: Mapping[str, Tensor]) -> None:
        """Fill the biases."""
        for bias in gates.values():
            bias.zero_()


@dataclass(frozen=True)
class ForgetBias:
    """The forget gate starts open, with this bias, so that a new cell remembers (Gers et al. 2000)."""

    value: float = 1.0

    def __call__(self, gates: Mapping[str, Tensor]) -> None:
        """Fill the biases."""
        ZeroBias()(gates)
        _named("forget_gate", gates).fill_(self.value)


@dataclass(frozen=True)
class Chrono:
    """The memory of the units spreads over 1 to `max_steps` steps (Tallec & Ollivier 2018).

    The gate that keeps the past (the LSTM's forget gate, the GRU's update gate) starts at log u with u
    uniform between 1 and max_steps - 1; an LSTM's input gate starts at the opposite; the rest at zero.
    """

    max_steps: int

    def __post_init__(self) -> None:
        if self.max_steps < 3:
            raise ConfigError(
                f"chrono initialisation for {self.max_steps} steps",
                "at least 3",
                "Give the number of steps over which the data depend on each other.",
            )

    def __call__(self, gates: Mapping[str, Tensor]) -> None:
        """Fill the biases."""
        ZeroBias()(gates)
        keeping = gates["forget_gate"] if "forget_gate" in gates else _named("update_gate", gates)
        keeping.uniform_(1, self.max_steps - 1).log_()
        if "forget_gate" in gates and "input_gate" in gates:
            gates["input_gate"].copy_(-keeping)


@dataclass(frozen=True)
class Initialization:
    """The start of a cell's weights.

    Args:
        input: Fills every gate's block of the weights of the input.
        recurrent: Fills every gate's block of the weights of the hidden state.
        bias: Fills the biases, given by the names of their gates. Where a gate has two, the second starts at
            zero.
    """

    input: Filler = Glorot()
    recurrent: Filler = Orthogonal()
    bias: BiasFiller = ZeroBias()


REMEMBERING = Initialization(bias=ForgetBias(1.0))
"""How an LSTM starts unless told otherwise."""

IRNN = Initialization(input=Normal(0.001), recurrent=Identity())
"""A ReLU net that starts as a memory of everything (Le et al. 2015)."""


@torch.no_grad()
def initialize(
    initialization: Initialization,
    gates: Sequence[str],
    *,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    weight_hr: Tensor | None = None,
) -> None:
    """Fill the weights of a cell, gate by gate.

    Raises:
        ConfigError: It is no `Initialization`, or one for a gate that the cell does not have.
    """
    if not isinstance(initialization, Initialization):
        raise ConfigError(
            f"initialization={initialization!r}",
            "an Initialization",
            "Give fillers by name: Initialization(recurrent=Orthogonal(), bias=Chrono(200)).",
        )
    for block in weight_ih.chunk(len(gates)):
        initialization.input(block)
    for block in weight_hh.chunk(len(gates)):
        initialization.recurrent(block)
    if bias_ih is not None:
        initialization.bias(dict(zip(gates, bias_ih.chunk(len(gates)), strict=True)))
    if bias_hh is not None:
        bias_hh.zero_()
    if weight_hr is not None:
        initialization.recurrent(weight_hr)


def _named(gate: str, gates: Mapping[str, Tensor]) -> Tensor:
    if gate not in gates:
        raise ConfigError(
            f"an initialisation of the {gate.replace('_', ' ')}",
            f"one for the gates {', '.join(gates)}",
            "Use bias=ZeroBias() or another cell.",
        )
    return gates[gate]
