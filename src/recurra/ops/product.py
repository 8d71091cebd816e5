"""Large matrix products of output layers, by the engine where it is there.

torch multiplies with MKL, which on AMD's processors takes no instructions wider than AVX2, and whose bits go
by sizes, threads and where matrices begin. The engine's product takes the widest that the processor has, and
a number depends on its row and its column alone. Numbers too small for full precision count as zero.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from recurra import native
from recurra.ops.watched import is_watched

_MULTIPLY = {torch.float32: "matmul_float32", torch.float64: "matmul_float64"}


def product(
    rows: Float[Tensor, "rows inner"], columns: Float[Tensor, "columns inner"]
) -> Float[Tensor, "rows columns"]:
    """`rows @ columns.T`, without a gradient.

    Args:
        rows: (rows, inner).
        columns: (columns, inner).

    Raises:
        RuntimeError: Their sizes do not fit, as torch says it.
    """
    if not _takes_engine(rows, columns):
        return rows.mm(columns.t())
    found = rows.new_empty(len(rows), len(columns))
    getattr(native.engine(), _MULTIPLY[rows.dtype])(
        (len(rows), len(columns), rows.shape[1]),
        (rows.data_ptr(), *rows.stride()),
        (columns.data_ptr(), columns.stride(1), columns.stride(0)),
        (found.data_ptr(), found.stride(0)),
        torch.get_num_threads(),
    )
    return found


def _takes_engine(rows: Tensor, columns: Tensor) -> bool:
    """Whether the engine multiplies these: numbers of one type in a processor's memory, whose sizes fit."""
    return (
        rows.dtype == columns.dtype
        and rows.dtype in _MULTIPLY
        and rows.device.type == columns.device.type == "cpu"
        and rows.dim() == columns.dim() == 2
        and rows.shape[1] == columns.shape[1]
        and native.unavailable_reason() is None
        and not is_watched((rows, columns))
    )
