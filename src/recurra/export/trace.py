"""A module as torch's graph, in which each recurrence is one operator of ours."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from recurra.cells import Elman
from recurra.ops.backends import as_operators


def traced(
    module: nn.Module, given: tuple[Any, ...], named: Mapping[str, Any], shapes: Any
) -> torch.export.ExportedProgram:
    """Trace a copy of a module in evaluation mode, on the CPU.

    Args:
        module: It.
        given: What `forward` takes by position.
        named: What it takes by name.
        shapes: As of `torch.export`: the axes that may change.
    """
    own = copy.deepcopy(module).cpu().eval()
    for part in list(own.modules()):
        if isinstance(part, Elman):
            part.settle()
    with torch.no_grad(), as_operators():
        return torch.export.export(own, given, dict(named), dynamic_shapes=shapes, strict=False)
