"""The state that one chunk hands to the next: tensors in tuples, named tuples, lists and dicts."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from recurra.errors import ConfigError


def detached(state: Any) -> Any:
    """The same state, cut off from the graph that made it: no gradient crosses the border of two chunks."""
    return mapped(state, lambda tensor: tensor.detach())


def tensors_of(state: Any) -> list[Tensor]:
    """The tensors in a state, in a fixed order."""
    found: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    mapped(state, note)
    return found


def filled(template: Any, tensors: Iterable[Tensor]) -> Any:
    """A state of the template's structure with other tensors, in the order of `tensors_of`."""
    following = iter(tensors)
    return mapped(template, lambda place: next(following).to(place.device))


def mapped(state: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A state of the same structure, each tensor changed.

    Raises:
        ConfigError: It holds something else than tensors and None.
    """
    if state is None:
        return None
    if isinstance(state, Tensor):
        return change(state)
    if isinstance(state, dict):
        return {key: mapped(value, change) for key, value in state.items()}
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        return type(state)(*(mapped(part, change) for part in state))
    if isinstance(state, (tuple, list)):
        return type(state)(mapped(part, change) for part in state)
    raise ConfigError(
        f"the state holds a {type(state).__name__}",
        "tensors and None in tuples, named tuples, lists and dicts",
        "Give back a state of these: a checkpoint, for one, keeps its tensors alone.",
    )
