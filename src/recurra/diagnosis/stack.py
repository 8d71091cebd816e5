"""Which recurrent layers of a run make a stack: those that are called one after another over the same steps.

Layers that are called once for every step (a decoder that is fed what it wrote) and packed batches are left
out. One that reads what the bottom of a stack has read stands beside that stack, and begins another.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from recurra.diagnosis.seen import Chain


class Layers(NamedTuple):
    """Recurrent layers over the same steps, from the one that reads to the one on top."""

    bottom: Chain
    top: Chain


def stacks_of(chains: Sequence[Chain]) -> list[Layers]:
    """The stacks of a run: consecutive calls over as many rows and steps, all from a given state or none."""
    stacks: list[Layers] = []
    kinds: list[object] = []
    for chain in chains:
        if len(chain.calls) > 1 or chain.read.axes == "packed":
            kinds.append(None)
            continue
        kind = (*chain.read.input.shape[:2], chain.first.state is None)
        if kinds and kinds[-1] == kind and not _same_input(stacks[-1].bottom, chain):
            stacks[-1] = stacks[-1]._replace(top=chain)
        else:
            stacks.append(Layers(chain, chain))
        kinds.append(kind)
    return stacks


def _same_input(one: Chain, other: Chain) -> bool:
    return torch.equal(one.read.input, other.read.input)
