"""The simple recurrent net over a whole sequence."""

from functools import partial

from torch import Tensor

from recurra.errors import ConfigError
from recurra.ops import backends
from recurra.ops.arguments import check_biases, check_weight, checked_arguments
from recurra.ops.elman import fused, reference
from recurra.ops.elman.reference import GATES, NONLINEARITIES, ElmanState, ElmanWeights
from recurra.ops.precision import run_in_kernel_type
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
    nonlinearity: str = "tanh",
    reverse: bool = False,
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
        nonlinearity: "tanh" or "relu".
        reverse: As there.
        backend: One of `backends.NAMES`.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        ConfigError: The backend or the nonlinearity is unknown, or the backend cannot do this.
    """
    check_weights(weights)
    check_nonlinearity(nonlinearity)
    given = checked_arguments(
        input,
        state,
        input_size=weights.weight_ih.shape[1],
        parameter=weights.weight_hh,
        state_sizes=(weights.weight_hh.shape[1],),
        lengths=lengths,
        resets=resets,
        recurrent_mask=recurrent_mask,
    )
    variant = None if recurrent_mask is None else "a recurrent mask"
    chosen = backends.choose(backend, backends.Call(input, weights.weight_hh, variant))
    if chosen == "torch":
        run = partial(
            fused.run, lengths=given.lengths, resets=given.resets, nonlinearity=nonlinearity, reverse=reverse
        )
        return run_in_kernel_type(run, given.input, weights, state)
    return reference.run(
        given.input,
        weights,
        state,
        lengths=given.lengths,
        resets=given.resets,
        recurrent_mask=recurrent_mask,
        nonlinearity=nonlinearity,
        reverse=reverse,
    )


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
