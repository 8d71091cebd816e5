"""The plan of a call of the engine: all that is the same for calls of the same shapes and settings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from recurra import native
from recurra.ops.native.arguments import DIFFERENTIABLE, REVERSE, TENSORS, Arguments
from recurra.ops.native.sizes import ELMAN, Sizes, is_time_major

RUN = {torch.float32: "run_float32", torch.float64: "run_float64"}
"""What the engine computes in, and its function for that."""

SAVED = ("gates", "cells", "extra", "products", "moments")
"""What the forward pass keeps for the backward pass, one behind the other in one tensor."""

NUMBERS = (
    "cell", "nonlinearity", "directions", "reverse", "batch", "steps", "features", "hidden", "outputs_size",
    "time_major", "saved_rows", "fills", "epsilon", "rate_hidden", "rate_cell",
)  # fmt: skip

TAKEN: Mapping[str, str] = MappingProxyType({
    **{name: name for name in ("lengths", "resets", "input", "weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    "weight_hr": "projection",
    "weight_peephole": "peepholes",
    **{name: name for name in ("gain_ih", "gain_hh", "gain_cell", "bias_cell")},
    "hidden": "hidden_first",
    "cell": "cell_first",
    **{name: name for name in ("mask", "kept_hidden", "kept_cell")},
})  # fmt: skip
"""The tensors that an operator takes, and what the engine calls them."""

RESULTS = ("outputs", "hidden_last", "cell_last")

_GRADIENTS = {
    name: f"grad_{own}" for name, own in TAKEN.items() if name in Arguments._fields[:DIFFERENTIABLE]
}

FIELDS = (
    *NUMBERS, *TAKEN.values(), *RESULTS, *SAVED, *(f"grad_{name}" for name in RESULTS), *_GRADIENTS.values(),
)  # fmt: skip
"""All that a call is given, in the order in which the engine takes it."""

PLACES: Mapping[str, int] = MappingProxyType({name: place for place, name in enumerate(FIELDS)})


class Source(NamedTuple):
    """One of the tensors that an operator takes, and which of a call's it is made of."""

    name: str  # among `Arguments`
    own: tuple[int, ...]  # those of two directions lie one below the other
    joined: tuple[int, ...]  # their shape, so joined
    shape: tuple[int, ...]  # that in which the operator takes them
    place: int  # of its address among `FIELDS`
    grad_place: int | None  # of its gradient's address; None where it has none of its own

    def of(self, tensors: Sequence[Any]) -> Tensor:
        """It, made of a call's tensors, without gaps."""
        if len(self.own) == 1:
            one: Tensor = tensors[self.own[0]]
            return one.contiguous()
        return torch.cat([tensors[number] for number in self.own])

    def part(self, gradient: Tensor, found: list[Tensor | None]) -> None:
        """Put its gradient, of the joined shape, to those of a call's tensors."""
        if len(self.own) == 1:
            found[self.own[0]] = gradient
        else:
            for number, own in zip(self.own, gradient.chunk(len(self.own)), strict=True):
                found[number] = own


class Plan(NamedTuple):
    """What is the same for all calls of the same shapes and settings: worked out once.

    The tensors of a call are those of an operator, or those of which an operator's are made: the weights of
    each direction, states without an axis for the directions. The input is the first one.
    """

    run: Callable[..., None]  # the engine's function
    fields: tuple[Any, ...]  # what it takes, 0 where there is an address
    sources: tuple[Source, ...]
    settings: Mapping[str, Any]  # those of an operator's arguments that are no tensors
    dtype: torch.dtype
    is_time_major: bool  # whether padded tensors lie as (time, batch, size)
    outputs: tuple[int, ...]  # (batch, time, size)
    states: tuple[tuple[int, ...], ...]  # the shapes of the last ones
    room: int  # how many numbers are saved
    saved: tuple[tuple[int, int], ...]  # the place of each of `SAVED` among `FIELDS`, and its first byte
    alike: tuple[tuple[int, int], ...]  # tensors that have the gradient of another one: biases
    is_recorded: bool  # whether somebody wants a gradient

    @classmethod
    def of(
        cls,
        cell: str,
        given: Arguments,
        names: Sequence[str] = Arguments._fields[:TENSORS],
        own: Sequence[Any] | None = None,
    ) -> "Plan":
        """That of a call.

        Args:
            cell: Which cell.
            given: What its operator takes.
            names: What the operator calls each of the call's tensors.
            own: The call's tensors, or None where there is none; without them those in `given`.

        Raises:
            ImportError: There is no engine.
        """
        tensors: Sequence[Any] = given[:TENSORS] if own is None else own
        sizes, sources = Sizes.of(cell, given), tuple(_sources(cell, given, names, tensors))
        counts = [int(count) for count in sizes.saved(cell, given)]
        begins = (given.input.element_size() * count for count in accumulate(counts, initial=0))
        numbers = _numbers(cell, sizes, given)
        return cls(
            run=getattr(native.engine(), RUN[given.input.dtype]),
            fields=tuple(numbers.get(name, 0) for name in FIELDS),
            sources=sources,
            settings=MappingProxyType({name: getattr(given, name) for name in Arguments._fields[TENSORS:]}),
            dtype=given.input.dtype,
            is_time_major=is_time_major(given.input),
            outputs=(sizes.batch, sizes.steps, sizes.directions * sizes.outputs),
            states=tuple(
                source.joined if len(source.own) == 1 else source.shape
                for source in sources
                if source.name in ("hidden", "cell")
            ),
            room=sum(counts),
            saved=tuple(
                (PLACES[name], begin)
                for name, begin, count in zip(SAVED, begins, counts, strict=False)
                if count
            ),
            alike=_alike(cell, sources),
            is_recorded=torch.is_grad_enabled()
            and any(one is not None and one.requires_grad for one in tensors),
        )

    def arguments(self, tensors: Sequence[Any]) -> Arguments:
        """What the operator takes, made of a call's tensors."""
        made: dict[str, Any] = {one.name: one.of(tensors).view(one.shape) for one in self.sources[1:]}
        return Arguments(input=tensors[0], **made, **self.settings)

    def parted(self, gradients: Sequence[Tensor | None], number: int) -> list[Tensor | None]:
        """The gradients of a call's tensors, of which there are so many, from those of an operator's."""
        found: list[Tensor | None] = [None] * number
        for source in self.sources:
            place = Arguments._fields.index(source.name)
            gradient = gradients[place] if place < DIFFERENTIABLE else None
            if gradient is not None:
                source.part(gradient.reshape(source.joined), found)
        return found


def _numbers(cell: str, sizes: Sizes, given: Arguments) -> dict[str, Any]:
    """Those of `FIELDS` that are no addresses."""
    return {
        "cell": native.engine().CELLS.index("elman" if cell in ELMAN else cell),
        "nonlinearity": ELMAN.index(cell) if cell in ELMAN else 0,
        "directions": sizes.directions,
        "reverse": int(given.direction == REVERSE),
        "batch": sizes.batch,
        "steps": sizes.steps,
        "features": sizes.features,
        "hidden": sizes.hidden,
        "outputs_size": sizes.outputs,
        "time_major": int(is_time_major(given.input)),
        "saved_rows": int(sizes.saved_rows),
        "epsilon": given.epsilon,
        "rate_hidden": given.rate_hidden,
        "rate_cell": given.rate_cell,
    }


def _alike(cell: str, sources: Sequence[Source]) -> tuple[tuple[int, int], ...]:
    own = {source.name: source.own for source in sources}
    if cell == "gru" or "bias_hh" not in own:
        return ()
    return tuple(zip(own["bias_hh"], own["bias_ih"], strict=True))


def _sources(cell: str, given: Arguments, names: Sequence[str], own: Sequence[Any]) -> Iterator[Source]:
    """What an operator's tensors are made of."""
    for name in Arguments._fields[:TENSORS]:
        numbers = [n for n, one in enumerate(own) if names[n] == name and one is not None]
        if numbers:
            first = own[numbers[0]]
            rows, *rest = first.shape
            has_gradient = name in _GRADIENTS and not (name == "bias_hh" and cell != "gru")
            yield Source(
                name,
                tuple(numbers),
                (len(numbers) * rows, *rest),
                tuple(getattr(given, name).shape),
                PLACES[TAKEN[name]],
                PLACES[_GRADIENTS[name]] if has_gradient else None,
            )
