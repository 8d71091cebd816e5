"""A place in a net, where a recurrent layer reads: what stands there, and the net with something else there.

There an attribution, a perturbation or an occlusion takes hold, whatever the net reads: numbers, or symbols
by their embeddings.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence


@dataclass(frozen=True, eq=False)
class Site:
    """The input of one call of a module.

    Attributes:
        module: The module, called with its input first.
        number: How many calls of it come before.
    """

    module: nn.Module
    number: int = 0

    @contextmanager
    def replaced(self, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
        """In the block the module reads what `change` makes of its input."""
        calls = 0

        def before(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
            nonlocal calls
            calls += 1
            if calls - 1 != self.number:
                return None
            first = next(iter(signature(module.forward).parameters))
            old = given[0] if given else named[first]
            if isinstance(old, PackedSequence):
                new: Any = old._replace(data=change(old.data))
            else:
                new = change(old)
            if given:
                return (new, *given[1:]), named
            return given, {**named, first: new}

        hook = self.module.register_forward_pre_hook(before, with_kwargs=True)
        try:
            yield
        finally:
            hook.remove()

    def value(self, run: Callable[[], Any]) -> Tensor:
        """What stands there in a run; of a packed batch its data."""
        seen: list[Tensor] = []

        def keep(tensor: Tensor) -> Tensor:
            seen.append(tensor.detach())
            return tensor

        with self.replaced(keep):
            run()
        return seen[0]

    def function(self, run: Callable[[], Tensor]) -> Callable[[Tensor], Tensor]:
        """What a run gives, as a function of what stands there."""

        def of(value: Tensor) -> Tensor:
            with self.replaced(lambda _: value):
                return run()

        return of


@contextmanager
def answering(module: nn.Module, value: Tensor) -> Iterator[None]:
    """In the block a module gives a value, whatever it reads."""
    hook = module.register_forward_hook(lambda *_: value)
    try:
        yield
    finally:
        hook.remove()
