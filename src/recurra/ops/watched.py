"""Whether torch wants to see the operations of a program, or the engine may do them unseen."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

PLAIN = frozenset({Tensor, nn.Parameter, type(None)})
"""The types of the tensors that go to the engine; a subclass has to see the operator."""


def is_watched(tensors: Iterable[Any]) -> bool:
    """Whether anybody but autograd wants to see the calls of an operator that gets these tensors.

    Torch may trace, transform or profile the program, or a tensor may be of a kind of its own. Else the
    dispatcher can be spared, which takes longer than a small net.
    """
    return (
        torch.compiler.is_compiling()
        or torch._C._len_torch_dispatch_stack() > 0
        or torch._C._len_torch_function_stack() > 0
        or torch._C._are_functorch_transforms_active()
        or torch._C._get_tracing_state() is not None
        or torch.is_autocast_enabled("cpu")
        or torch._C._autograd._profiler_enabled()
        or not PLAIN.issuperset(map(type, tensors))
    )
