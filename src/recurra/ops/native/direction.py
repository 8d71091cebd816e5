"""From the weights and states of one or two directions to the arguments of an operator."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from recurra.ops.native.arguments import BOTH, FORWARD, REVERSE, Arguments
from recurra.ops.walk import Walk


class Direction(NamedTuple):
    """One direction of a layer, by the names of the operator's arguments."""

    weight_ih: Tensor
    weight_hh: Tensor
    hidden: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    peepholes: Tensor | None = None
    projection: Tensor | None = None
    gain_ih: Tensor | None = None
    gain_hh: Tensor | None = None
    gain_cell: Tensor | None = None
    bias_cell: Tensor | None = None
    cell: Tensor | None = None


def given_by(
    input: Tensor, directions: Sequence[Direction], walks: Sequence[Walk], epsilon: float = 0.0
) -> Arguments:
    """The arguments of an operator.

    Args:
        input: (batch, time, features).
        directions: One, or the forward and the reverse one.
        walks: One for each; lengths, resets and zoneout rates are the first one's.
        epsilon: Of layer normalisation.
    """
    walk = walks[0]
    stacked = {name: _stacked([getattr(d, name) for d in directions]) for name in Direction._fields}
    fields = range(0 if walk.zoneout is None else len(walk.zoneout.rates))
    masks = [_stacked([w.zoneout.masks[field] for w in walks if w.zoneout is not None]) for field in fields]
    rates = [0.0 if walk.zoneout is None else walk.zoneout.rates[field] for field in fields]
    mask = _stacked([one.recurrent_mask for one in walks])
    learnt = [input, *stacked.values()]
    needs_gradient = torch.is_grad_enabled() and any(
        tensor is not None and tensor.requires_grad for tensor in learnt
    )
    return Arguments(
        input=input,
        **stacked,  # type: ignore[arg-type]  # weight_ih, weight_hh and hidden are tensors in every direction
        lengths=walk.lengths,
        resets=walk.resets,
        mask=None if mask is None else mask.to(input.dtype),  # under autocast it may have another
        kept_hidden=masks[0] if masks else None,
        kept_cell=masks[1] if len(masks) > 1 else None,
        rate_hidden=rates[0] if rates else 0.0,
        rate_cell=rates[1] if len(rates) > 1 else 0.0,
        epsilon=epsilon,
        direction=BOTH if len(directions) == 2 else REVERSE if walk.reverse else FORWARD,
        saves=needs_gradient and not walk.recompute,
    )


def _stacked(tensors: Sequence[Tensor | None]) -> Tensor | None:
    present = [tensor for tensor in tensors if tensor is not None]
    if not present:
        return None
    return present[0].unsqueeze(0) if len(present) == 1 else torch.stack(present)
