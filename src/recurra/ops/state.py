"""States: NamedTuples of (batch, ...) tensors, the first of which is the hidden state."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

State = tuple[Tensor, ...]
StateT = TypeVar("StateT", bound=State)


def mapped(function: Callable[..., Tensor], state: StateT, *others: StateT) -> StateT:
    """A state of the same kind whose every field is `function` of the fields of the states given."""
    make = cast("Any", type(state))
    return cast("StateT", make(*(function(*fields) for fields in zip(state, *others, strict=True))))


def selected(rows: Tensor, chosen: StateT, other: StateT) -> StateT:
    """Row by row, the chosen state where `rows` (batch, bool) is True and the other one elsewhere."""
    return mapped(lambda a, b: torch.where(_along_rows(rows, a), a, b), chosen, other)


def zeroed(rows: Tensor, state: StateT) -> StateT:
    """The state with zeros in the rows where `rows` (batch, bool) is True."""
    return mapped(lambda field: field.masked_fill(_along_rows(rows, field), 0), state)


def _along_rows(rows: Tensor, field: Tensor) -> Tensor:
    return rows.view(-1, *[1] * (field.dim() - 1))
