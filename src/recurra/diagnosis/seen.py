"""What is seen of the recurrent layers of a model while it runs: their calls, and what comes back to them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from recurra.diagnosis.passage import Passage
from recurra.diagnosis.recurrent_module import Read, is_recurrent, passages_of, read
from recurra.errors import ConfigError
from recurra.training.carried_state import mapped, tensors_of


class Call(NamedTuple):
    """A call of a recurrent layer.

    Attributes:
        name: The module's name in the model.
        number: The calls of this module before it.
        module: The layer.
        arguments: What it was given, by name.
        result: What it gave, each tensor an alias that only what comes after it reads.
    """

    name: str
    number: int
    module: nn.Module
    arguments: dict[str, Any]
    result: Any

    @property
    def state(self) -> Any:
        """The state that it was given; None where there was none."""
        return self.arguments.get("state", self.arguments.get("hx"))

    def goes_on_from(self, before: "Call") -> bool:
        """Whether it takes over the state that another call ended in."""
        ended, given = tensors_of(before.result[1]), tensors_of(self.state)
        return bool(given) and len(ended) == len(given) and all(map(lambda a, b: a is b, ended, given))


class Chain(NamedTuple):
    """Calls of one layer, each of which goes on from the one before, as one.

    Attributes:
        calls: Their places among all calls.
        first: The first of them.
        read: What they were given and what came back, one after another.
    """

    calls: tuple[int, ...]
    first: Call
    read: Read


@dataclass(frozen=True, eq=False)
class Seen:
    """A model's run over a batch.

    Attributes:
        loss: What was minimised.
        passages: Every direction of every recurrent layer, from the first that ran.
        chains: All calls of recurrent layers, in their order.
    """

    loss: float
    passages: tuple[Passage, ...]
    chains: tuple[Chain, ...]


def recurrent_modules(model: nn.Module) -> dict[str, nn.Module]:
    """The recurrent layers of a model by name; what is within one belongs to it."""
    found: dict[str, nn.Module] = {}
    for name, module in model.named_modules():
        if is_recurrent(module) and not any(name.startswith(f"{outer}.") or not outer for outer in found):
            found[name] = module
    return {name or type(module).__name__: module for name, module in found.items()}


def look(model: nn.Module, run: Callable[[], Tensor]) -> Seen:
    """Run a model forward and once back, and take its recurrent layers apart.

    A layer that is called once a step, each time with the state that it gave last, is one passage over all
    these steps. Of a layer that is called more often for other reasons the longest passage is kept.

    Args:
        model: In evaluation mode.
        run: Runs it and gives the mean loss, a scalar.

    Raises:
        ConfigError: It has no recurrent layers, or none of them ran.
    """
    if not recurrent_modules(model):
        raise ConfigError(
            f"a {type(model).__name__} without recurrent layers",
            "one with recurra.layers or recurra's or torch.nn's RNN, LSTM or GRU",
            "Diagnose a recurrent net: train with network=recurrent.",
        )
    loss, chains = chains_of(model, run)
    longest: dict[str, Chain] = {}
    for one in chains:
        known = longest.get(one.first.name)
        if known is None or one.read.input.shape[1] > known.read.input.shape[1]:
            longest[one.first.name] = one
    passages = [p for one in longest.values() for p in passages_of(one.first.module, one.read)]
    return Seen(loss, tuple(passages), chains)


def chains_of(model: nn.Module, run: Callable[[], Tensor]) -> tuple[float, tuple[Chain, ...]]:
    """The loss and all calls of recurrent layers, as `look` has them; nothing is taken apart."""
    with listening(model) as calls:
        loss = run()
    if not calls:
        raise ConfigError("a run in which no recurrent layer was called", "one that uses them", "Run them.")
    return float(loss.detach()), tuple(_joined(calls, _with_gradients(loss, calls)))


@contextmanager
def listening(model: nn.Module) -> Iterator[list[Call]]:
    """The calls of recurrent layers that are made in the block."""
    calls: list[Call] = []
    hooks = []
    for name, module in recurrent_modules(model).items():

        def note(
            module: nn.Module, given: tuple[Any, ...], named: dict[str, Any], result: Any, name: str = name
        ) -> Any:
            arguments = signature(module.forward).bind(*given, **named).arguments
            number = sum(call.name == name for call in calls)
            calls.append(Call(name, number, module, dict(arguments), mapped(result, _alias)))
            return calls[-1].result

        hooks.append(module.register_forward_hook(note, with_kwargs=True))
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _alias(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    return tensor.view_as(tensor) if tensor.requires_grad else tensor.detach().requires_grad_()


def _with_gradients(loss: Tensor, calls: list[Call]) -> list[Read]:
    """The calls with what comes back to their outputs and last states, from one backward pass."""
    aliases = [t for call in calls for t in tensors_of(call.result) if t.is_floating_point()]
    found: list[Any] = [None] * len(aliases)
    if loss.requires_grad:
        found = list(torch.autograd.grad(loss, aliases, allow_unused=True))
    by_alias = {
        id(alias): torch.zeros_like(alias) if gradient is None else gradient
        for alias, gradient in zip(aliases, found, strict=True)
    }
    return [
        read(call.module, call.name, call.arguments, mapped(call.result, lambda t: by_alias.get(id(t), t)))
        for call in calls
    ]


def _joined(calls: list[Call], reads: list[Read]) -> list[Chain]:
    """Calls that go on from the one before of the same layer as one.

    The states between them carry no gradient of their own.
    """
    chains: list[Chain] = []
    last: dict[str, int] = {}
    for number, (call, one) in enumerate(zip(calls, reads, strict=True)):
        place = last.get(call.name)
        if place is not None and call.goes_on_from(calls[chains[place].calls[-1]]):
            before = chains[place]
            joined = _one_after_another(before.read, one)
            chains[place] = Chain((*before.calls, number), before.first, joined)
        else:
            last[call.name] = len(chains)
            chains.append(Chain((number,), call, one))
    return chains


def _one_after_another(first: Read, second: Read) -> Read:
    lengths = resets = None
    if first.lengths is not None or second.lengths is not None:
        lengths = first.number_of_steps() + second.number_of_steps()
    if first.resets is not None or second.resets is not None:
        resets = torch.cat([first.every_reset(), second.every_reset()], dim=1)
    return replace(
        first,
        input=torch.cat([first.input, second.input], dim=1),
        outputs_gradient=torch.cat([first.outputs_gradient, second.outputs_gradient], dim=1),
        lengths=lengths,
        resets=resets,
        final_gradient=second.final_gradient,
    )
