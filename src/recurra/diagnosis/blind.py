"""What a net owes to what it reads: its loss beside that of the same net when it cannot tell rows apart.

A loss that came down may have done so for constants alone: how often each symbol comes, or the mean of what
is told. So the recurrent layers are made to give, at every step, the mean of what they give for all rows, in
outputs and in last states. What the loss is then, answers that are the same for every row come to.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from recurra.diagnosis.limits import Limits
from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.observation import loss_of
from recurra.diagnosis.seen import recurrent_modules
from recurra.training.carried_state import mapped
from recurra.training.contract import Batch, Objective
from recurra.types import valid_steps

_FEWEST = 8
"""Rows of a batch: the mean of fewer still holds much of each."""


@dataclass(frozen=True, eq=False)
class Blind(Measurement):
    """A net with its eyes open and shut.

    Attributes:
        rows: How many rows tell.
        loss: Their mean loss.
        blind: The same where recurrent layers give the mean over rows at every step.
    """

    rows: int
    loss: float
    blind: float

    @property
    def owed(self) -> float:
        """The share of the blind loss that telling rows apart takes off; negative where it does harm."""
        return (self.blind - self.loss) / abs(self.blind) if self.blind else 0.0


@torch.no_grad()
def blind(model: nn.Module, batches: Iterable[Batch], objective: Objective, limits: Limits) -> Blind | None:
    """Measure it on several batches; None where none has eight rows, or sequences are packed.

    Args:
        model: In evaluation mode.
        batches: As many as it takes for `limits.evidence` rows.
        objective: As for `recurra.diagnosis.measure`.
        limits: How much is looked at.
    """
    rows, open_eyes, shut = 0, 0.0, 0.0
    for batch in batches:
        if len(batch) < _FEWEST:
            continue
        number, run = loss_of(model, batch, objective, max(limits.evidence - rows, _FEWEST))
        if number < _FEWEST:
            continue
        open_eyes += number * float(run())
        with _mean_over_rows(model) as packed:
            shut += number * float(run())
        if packed:
            return None
        rows += number
        if rows >= limits.evidence:
            break
    return Blind(rows, open_eyes / rows, shut / rows) if rows else None


@contextmanager
def _mean_over_rows(model: nn.Module) -> Iterator[list[str]]:
    """In the block recurrent layers tell no rows apart; those that read packed batches are named."""
    packed: list[str] = []
    hooks = []
    for name, module in recurrent_modules(model).items():

        def replace(
            module: nn.Module, given: tuple[Any, ...], named: dict[str, Any], result: Any, name: str = name
        ) -> Any:
            arguments = signature(module.forward).bind(*given, **named).arguments
            if isinstance(result[0], PackedSequence) or result[0].dim() < 3:
                packed.append(name)
                return result
            rows_first = getattr(module, "batch_first", True)
            return _levelled(result, arguments, rows_first=rows_first)

        hooks.append(module.register_forward_hook(replace, with_kwargs=True))
    try:
        yield packed
    finally:
        for hook in hooks:
            hook.remove()


def _levelled(result: Any, arguments: Mapping[str, Any], *, rows_first: bool) -> Any:
    """Outputs of (rows, steps, features), or steps first, and a state with rows as its last axis but one."""
    outputs, state = result
    outputs = outputs if rows_first else outputs.transpose(0, 1)
    lengths = arguments.get("lengths")
    if lengths is None:
        level = outputs.mean(dim=0, keepdim=True).expand_as(outputs)
    else:
        valid = valid_steps(torch.as_tensor(lengths, device=outputs.device), outputs.shape[1]).unsqueeze(-1)
        total = outputs.masked_fill(~valid, 0).sum(dim=0, keepdim=True)
        level = (
            (total / valid.sum(dim=0, keepdim=True).clamp(min=1)).expand_as(outputs).masked_fill(~valid, 0)
        )
    return level if rows_first else level.transpose(0, 1), mapped(state, _mean_of_state)


def _mean_of_state(state: Tensor) -> Tensor:
    """(..., rows, units) -> the same for every row."""
    if not state.is_floating_point():
        return state
    return state.mean(dim=-2, keepdim=True).expand_as(state).contiguous()
