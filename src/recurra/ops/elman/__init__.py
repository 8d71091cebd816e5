"""The simple recurrent net over a whole sequence."""

from functools import partial

from torch import Tensor

from recurra.errors import ConfigError
from recurra.ops.arguments import check_biases, check_weight
from recurra.ops.elman import fused, reference
from recurra.ops.elman.reference import GATES, NONLINEARITIES, ElmanState, ElmanWeights
from recurra.ops.native import define_operator
from recurra.ops.op import Direction, Op, run_op
from recurra.ops.walk import Kept, Walk
from recurra.types import Input, Lengths, RecurrentMask, Resets

__all__ = ["GATES", "NONLINEARITIES", "OPS", "ElmanState", "ElmanWeights", "check_nonlinearity", "elman"]


def elman(
    input: Input,
    weights: ElmanWeights,
    state: ElmanState,
    *,
    lengths: Lengths | None = None,
    resets: Resets | None = None,
    recurrent_mask: RecurrentMask | None = None,
    zoneout: Kept | None = None,
    nonlinearity: str = "tanh",
    reverse: bool = False,
    opposite: Direction | None = None,
    recompute: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, ElmanState]:
    """Run a simple recurrent net; the equations are in `reference.py`.

    Args:
        input: (batch, time, features).
        weights: As torch's.
        state: The state before the first step, (batch, hidden).
        lengths: As in `recurra.ops.lstm.lstm`, whose results and errors these are.
        resets: As there.
        recurrent_mask: As there.
        zoneout: As there.
        nonlinearity: "tanh", "relu" or "linear".
        reverse: As there.
        opposite: As there.
        recompute: As there.
        backend: One of `backends.NAMES`.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        ConfigError: The backend or the nonlinearity is unknown, or the backend cannot do this.
    """
    check_nonlinearity(nonlinearity)
    walk = Walk(lengths, resets, recurrent_mask, zoneout, reverse, recompute)
    return run_op(OPS[nonlinearity], input, weights, state, walk, opposite, backend)


def sizes(weights: ElmanWeights) -> tuple[int]:
    """The size of the hidden state.

    Raises:
        ShapeError: The weights do not belong to one net.
    """
    hidden, features = weights.weight_ih.shape
    check_weight("weight_ih", weights.weight_ih, (hidden, features))
    check_weight("weight_hh", weights.weight_hh, (hidden, hidden))
    check_biases(weights.bias_ih, weights.bias_hh, hidden)
    return (hidden,)


def check_nonlinearity(name: str) -> None:
    """Check that a nonlinearity has this name.

    Raises:
        ConfigError: None has.
    """
    if name not in NONLINEARITIES:
        raise ConfigError(
            f"nonlinearity {name!r}", f"one of {', '.join(NONLINEARITIES)}", "Use one of these."
        )


def _op(cell: str, nonlinearity: str) -> Op:
    run = partial(reference.run, nonlinearity=nonlinearity)
    return Op(
        sizes=sizes,
        operator=define_operator(cell, ElmanWeights, ElmanState, lambda _: run),
        computations={"reference": run, "torch": partial(fused.run, nonlinearity=nonlinearity)},
        torch_lacks=lambda _: None if nonlinearity in fused.KERNELS else "a linear recurrence",
    )


OPS = {
    "tanh": _op("elman", "tanh"),
    "relu": _op("elman_relu", "relu"),
    "linear": _op("elman_linear", "linear"),
}
"""By nonlinearity."""
