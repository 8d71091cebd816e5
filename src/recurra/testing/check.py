"""The conformance suite of cells."""

from collections.abc import Callable
from typing import Any

from recurra.cells import Cell
from recurra.errors import ConfigError
from recurra.testing import gradient, sequence, step
from recurra.testing.promise import BrokenPromiseError, Subject

PROMISES: tuple[Callable[[Subject], None], ...] = (
    step.sizes_are_stated,
    step.state_is_a_named_tuple,
    step.output_is_the_hidden_state,
    step.arguments_stay_as_they_are,
    step.nothing_is_kept,
    step.forward_is_project_and_step,
    step.projection_needs_no_order,
    step.mask_of_ones_changes_nothing,
    step.mask_of_zeros_parts_the_units,
    sequence.same_seed_same_bits,
    sequence.chunks_are_the_whole,
    sequence.rows_are_independent,
    sequence.padding_changes_nothing,
    sequence.resets_start_anew,
    sequence.reverse_is_flipped,
    gradient.every_weight_is_used,
    gradient.weights_are_the_cell,
    gradient.types_follow_the_weights,
    gradient.gradient_is_right,
    gradient.second_derivative_is_right,
    gradient.backends_agree,
)
"""Everything that layers, training and streaming rely on, from the simplest on."""


def check_cell(cell: Cell[Any], *, batch_size: int = 3, time_steps: int = 5, seed: int = 0) -> None:
    """Check that a cell keeps every promise of its contract.

    The cell itself is not touched: all trials run on copies, on the CPU, in float64 and mostly in evaluation
    mode. A cell of a few units is checked in about a second.

    Args:
        cell: An instance of the cell, preferably small.
        batch_size: Number of rows of the trials, at least 2.
        time_steps: Number of steps of the trials, at least 4.
        seed: Where the random numbers of the trials begin.

    Raises:
        BrokenPromiseError: It does not; the message names the first promise broken and what to do.
        ConfigError: It is no cell, or the trials are too small.

    >>> from recurra.cells import GRU
    >>> from recurra.testing import check_cell
    >>> check_cell(GRU(3, 5))
    """
    if not isinstance(cell, Cell):
        raise ConfigError(
            f"{cell!r}", "an instance of a subclass of recurra.cells.Cell", "Call check_cell(MyCell(3, 5))."
        )
    if batch_size < 2 or time_steps < 4:
        raise ConfigError(
            f"trials of {batch_size} rows and {time_steps} steps",
            "at least 2 rows and 4 steps",
            "Leave batch_size and time_steps out.",
        )
    for promise in PROMISES:
        try:
            promise(Subject.of(cell, batch_size, time_steps, seed))
        except BrokenPromiseError as error:
            got, expected, remedy = error.args
            raise BrokenPromiseError(_breach(cell, promise, got), expected, remedy) from error
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise BrokenPromiseError(
                _breach(cell, promise, f"{type(error).__name__}: {error}"),
                f"no exception where this is tried: {(promise.__doc__ or '').strip().rstrip('.')}",
                "Compare the cell with the contract in recurra.cells.Cell.",
            ) from error


def _breach(cell: Cell[Any], promise: Callable[[Subject], None], got: str) -> str:
    return f"{type(cell).__name__} breaks the promise {promise.__name__!r}: {got}"
