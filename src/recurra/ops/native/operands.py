"""From the weights and states of one or two directions to the arguments of an operator."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from recurra.ops.native.arguments import BOTH, FORWARD, REVERSE, Arguments
from recurra.ops.walk import Walk


class Operands(NamedTuple):
    """The weights and states of one direction, by the names of the operator's arguments."""

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


STATES = ("hidden", "cell")


def given_by(
    input: Tensor, operands: Sequence[Operands], walks: Sequence[Walk], epsilon: float = 0.0
) -> Arguments:
    """The arguments of an operator.

    Args:
        input: (batch, time, features).
        operands: Those of one direction, or of the forward and the reverse one.
        walks: One for each; lengths, resets and zoneout rates are the first one's.
        epsilon: Of layer normalisation.
    """
    walk = walks[0]
    tensors = (input, *(tensor for one in operands for tensor in one))
    needs_gradient = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)
    by_name = zip(Operands._fields, zip(*operands, strict=True), strict=True)
    joined: dict[str, Any] = {name: (_stacked if name in STATES else _joined)(each) for name, each in by_name}
    mask = _stacked([one.recurrent_mask for one in walks])
    zoneouts = [one.zoneout for one in walks if one.zoneout is not None]
    rates = zoneouts[0].rates if zoneouts else ()
    kept = [_stacked(masks) for masks in zip(*(zoneout.masks for zoneout in zoneouts), strict=True)]
    return Arguments(
        input=input,
        **joined,
        lengths=walk.lengths,
        resets=walk.resets,
        mask=None if mask is None else mask.to(input.dtype),  # under autocast it may have another
        kept_hidden=kept[0] if kept else None,
        kept_cell=kept[1] if len(kept) > 1 else None,
        rate_hidden=rates[0] if rates else 0.0,
        rate_cell=rates[1] if len(rates) > 1 else 0.0,
        epsilon=epsilon,
        direction=BOTH if len(operands) == 2 else REVERSE if walk.reverse else FORWARD,
        saves=needs_gradient and not walk.recompute,
    )


def _joined(weights: Sequence[Tensor | None]) -> Tensor | None:
    """Those of two directions one below the other."""
    if len(weights) == 1 or weights[0] is None:
        return weights[0]
    return torch.cat(cast("list[Tensor]", list(weights)))


def _stacked(tensors: Sequence[Tensor | None]) -> Tensor | None:
    """With an axis for the directions in front."""
    if tensors[0] is None or len(tensors) == 1:
        return None if tensors[0] is None else tensors[0].unsqueeze(0)
    return torch.stack(cast("list[Tensor]", list(tensors)))
