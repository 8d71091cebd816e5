"""The simple recurrent net over a whole sequence."""

from functools import partial

from torch import Tensor

from recurra.errors import ConfigError
from recurra.ops.arguments import check_biases, check_weight
from recurra.ops.choice import Recurrence, run_recurrence
from recurra.ops.direction import Direction
from recurra.ops.elman import fused, native, reference
from recurra.ops.elman.reference import GATES, NONLINEARITIES, ElmanState, ElmanWeights
from recurra.ops.walk import Walk, Zoneout
from recurra.types import Input, Lengths, RecurrentMask, Resets

__all__ = ["GATES", "NONLINEARITIES", "ElmanState", "ElmanWeights", "check_nonlinearity", "elman"]


def elman(
    input: Input,
    weights: ElmanWeights,
    state: ElmanState,
    *,
    lengths: Lengths | None = None,
    resets: Resets | None = None,
    recurrent_mask: RecurrentMask | None = None,
    zoneout: Zoneout | None = None,
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
        nonlinearity: "tanh" or "relu".
        reverse: As there.
        opposite: As there.
        recompute: As there.
        backend: One of `backends.NAMES`.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        ConfigError: The backend or the nonlinearity is unknown, or the backend cannot do this.
    """
    check_weights(weights)
    check_nonlinearity(nonlinearity)
    recurrence = Recurrence(
        {
            "reference": partial(reference.run, nonlinearity=nonlinearity),
            "torch": partial(fused.run, nonlinearity=nonlinearity),
            "native": partial(native.run, nonlinearity=nonlinearity),
        },
        (weights.weight_hh.shape[1],),
    )
    walk = Walk(lengths, resets, recurrent_mask, zoneout, reverse, recompute)
    return run_recurrence(recurrence, input, weights, state, walk, opposite, backend)


def check_weights(weights: ElmanWeights) -> None:
    """Check that the weights belong to one net.

    Raises:
        ShapeError: They do not.
    """
    hidden, features = weights.weight_ih.shape
    check_weight("weight_ih", weights.weight_ih, (hidden, features))
    check_weight("weight_hh", weights.weight_hh, (hidden, hidden))
    check_biases(weights.bias_ih, weights.bias_hh, hidden)


def check_nonlinearity(name: str) -> None:
    """Check that a nonlinearity has this name.

    Raises:
        ConfigError: None has.
    """
    if name not in NONLINEARITIES:
        raise ConfigError(
            f"nonlinearity {name!r}", f"one of {', '.join(NONLINEARITIES)}", "Use one of these."
        )
