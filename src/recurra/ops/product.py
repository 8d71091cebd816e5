"""Large matrix products of recurrent and output layers, by the library that is fastest on this processor.

torch multiplies 32-bit matrices with MKL, which on AMD's processors takes no instructions wider than AVX2.
oneDNN, which is in torch too, takes AVX-512: measured on one core of a Zen 5, 400 x 200 times 200 x 10,000 in
7.9 ms instead of 16.4. Which one is taken depends on the processor, on types and on sizes, never on a clock,
so that the same machine gives the same bits.
"""

import torch
from jaxtyping import Float
from torch import Tensor

_LEAST = 1 << 22  # multiplications: below, laying out a matrix costs more than it gives
_SLENDER = 32  # times as many products in a sum as columns, from which on MKL is as fast


def product(
    rows: Float[Tensor, "rows inner"], columns: Float[Tensor, "columns inner"]
) -> Float[Tensor, "rows columns"]:
    """`rows @ columns.T`, without a gradient.

    Args:
        rows: (rows, inner).
        columns: (columns, inner).
    """
    if takes_onednn(rows, columns):
        if rows.stride(0) == 1:  # laid out column by column: with gaps between them it would crawl
            rows = rows.t().contiguous().t()
        found: Tensor = torch.ops.mkldnn._linear_pointwise(rows, columns.to_mkldnn(), None, "none", [], "")
        return found
    return rows.mm(columns.t())


def takes_onednn(rows: Tensor, columns: Tensor) -> bool:
    """Whether oneDNN multiplies these: large 32-bit matrices on a processor with AVX-512."""
    return (
        rows.dtype == columns.dtype == torch.float32
        and rows.device.type == "cpu"
        and rows.numel() * len(columns) >= _LEAST
        and rows.shape[1] < _SLENDER * len(columns)
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )
