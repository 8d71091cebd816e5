"""The directions of a layer: one recurrence over time, or one from each end."""

from functools import partial
from typing import Any, NamedTuple

from torch import Tensor

from recurra.errors import ConfigError, ShapeError
from recurra.ops.state import State
from recurra.ops.walk import Walk, Zoneout


class Direction(NamedTuple):
    """What a direction has of its own: both read the same input, with the same lengths and resets."""

    weights: Any  # a NamedTuple of tensors, None where there is none
    state: Any  # the state before its first step
    recurrent_mask: Tensor | None = None
    zoneout: Zoneout | None = None


class Course(NamedTuple):
    """A direction that knows how it walks over time."""

    weights: Any
    state: State
    walk: Walk


def courses_of(weights: Any, state: State, walk: Walk, opposite: Direction | None) -> list[Course]:
    """The directions of a call: one, or the forward and the reverse one.

    Raises:
        ConfigError: There are two, and the first one is the reverse one.
        ShapeError: There are two, with weights of different shapes.
    """
    ahead = Course(weights, state, walk)
    if opposite is None:
        return [ahead]
    if walk.reverse:
        raise ConfigError(
            "reverse=True with an opposite direction", "reverse=False", "Give them the other way."
        )
    if shapes_of(weights) != shapes_of(opposite.weights):
        raise ShapeError(
            f"an opposite direction with weights of shapes {shapes_of(opposite.weights)}",
            f"{shapes_of(weights)}, as the forward one",
            "Run directions that differ one after the other.",
        )
    back = walk._replace(recurrent_mask=opposite.recurrent_mask, zoneout=opposite.zoneout, reverse=True)
    return [ahead, Course(opposite.weights, opposite.state, back)]


def are_alike(ahead: Any, back: Any) -> bool:
    """Whether two ops, bound to their weights, differ in nothing but the weights' numbers.

    Args:
        ahead: A `functools.partial` of an op with weights and settings; anything else is like nothing.
        back: As before.
    """
    if not (isinstance(ahead, partial) and isinstance(back, partial) and ahead.func is back.func):
        return False
    one, other = dict(ahead.keywords), dict(back.keywords)
    return shapes_of(one.pop("weights")) == shapes_of(other.pop("weights")) and one == other


def shapes_of(weights: Any) -> list[tuple[int, ...] | None]:
    """The shape of every weight, None where there is none."""
    return [None if weight is None else tuple(weight.shape) for weight in weights]


def walk_alike(courses: list[Course]) -> bool:
    """Whether all directions drop and keep in the same manner, so that one call of the engine takes them."""
    first, *others = (_manner(course.walk) for course in courses)
    return all(manner == first for manner in others)


def _manner(walk: Walk) -> tuple[Any, ...]:
    has_mask, zoneout = walk.recurrent_mask is not None, walk.zoneout
    if zoneout is None:
        return (has_mask,)
    return has_mask, zoneout.rates, tuple(mask is None for mask in zoneout.masks)
