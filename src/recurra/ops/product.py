"""Large matrix products of recurrent and output layers, by the engine where it is there.

torch multiplies with MKL, which on AMD's processors takes no instructions wider than AVX2, and whose bits go
by sizes, threads and where matrices begin. The engine's product takes the widest that the processor has, and
a number depends on its row and its column alone.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurra import native

_PLAIN = frozenset({Tensor, nn.Parameter})
_MULTIPLY = {torch.float32: "matmul_float32", torch.float64: "matmul_float64"}


def product(
    rows: Float[Tensor, "rows inner"],
    columns: Float[Tensor, "columns inner"],
    *,
    start: Float[Tensor, " columns"] | None = None,
    out: Float[Tensor, "rows columns"] | None = None,
) -> Float[Tensor, "rows columns"]:
    """`start + rows @ columns.T`, without a gradient.

    Args:
        rows: (rows, inner).
        columns: (columns, inner).
        start: (columns,), what every row's sums begin with; None: zeros.
        out: Where to, whose columns lie one after another; None: a new tensor.
    """
    if not _takes_engine(rows, columns):
        found = rows.mm(columns.t()) if start is None else torch.addmm(start, rows, columns.t())
        return found if out is None else out.copy_(found)
    out = rows.new_empty(len(rows), len(columns)) if out is None else out
    begin = None if start is None else start.contiguous()
    getattr(native.engine(), _MULTIPLY[rows.dtype])(
        (len(rows), len(columns), rows.shape[1]),
        (rows.data_ptr(), *rows.stride()),
        (columns.data_ptr(), columns.stride(1), columns.stride(0)),
        0 if begin is None else begin.data_ptr(),
        (out.data_ptr(), out.stride(0)),
        torch.get_num_threads(),
    )
    return out


def _takes_engine(rows: Tensor, columns: Tensor) -> bool:
    """Whether the engine multiplies these: numbers in a processor's memory, of a type that it knows."""
    return (
        rows.dtype == columns.dtype
        and rows.dtype in _MULTIPLY
        and rows.device.type == columns.device.type == "cpu"
        and _PLAIN.issuperset((type(rows), type(columns)))
        and native.unavailable_reason() is None
    )
