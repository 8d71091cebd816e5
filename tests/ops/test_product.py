"""Large products agree with torch's, however their matrices lie in memory."""

import pytest
import torch

from recurra.ops.product import product

LAID_OUT = {
    "by row": lambda matrix: matrix.contiguous(),
    "by column": lambda matrix: matrix.t().contiguous().t(),
    "by row with gaps": lambda matrix: torch.cat([matrix, matrix], dim=1)[:, : matrix.shape[1]],
    "by column with gaps": lambda matrix: torch.cat([matrix, matrix]).t().contiguous().t()[: len(matrix)],
}


@pytest.mark.parametrize("sizes", [(3, 5, 7), (300, 200, 100), (64, 4000, 40)])
@pytest.mark.parametrize("first", LAID_OUT)
@pytest.mark.parametrize("second", LAID_OUT)
def test_a_product_is_that_of_torch(sizes, first, second):
    torch.manual_seed(0)
    rows, inner, columns = sizes
    left, right = torch.randn(rows, inner), torch.randn(columns, inner)
    expected = left.double() @ right.double().t()
    found = product(LAID_OUT[first](left), LAID_OUT[second](right))
    assert found.shape == (rows, columns)
    torch.testing.assert_close(found.double(), expected, atol=2e-4, rtol=1e-5)
