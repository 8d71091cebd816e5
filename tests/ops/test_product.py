"""Large products agree with torch's, however their matrices lie, and have the bits of their rows alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from recurra import native
from recurra.ops.product import product

LAID_OUT = {
    "by row": lambda matrix: matrix.contiguous(),
    "by column": lambda matrix: matrix.t().contiguous().t(),
    "by row with gaps": lambda matrix: torch.cat([matrix, matrix], dim=1)[:, : matrix.shape[1]],
    "by column with gaps": lambda matrix: torch.cat([matrix, matrix]).t().contiguous().t()[: len(matrix)],
}
TOLERANCE = {torch.float32: 2e-4, torch.float64: 1e-12, torch.bfloat16: 1.0}


@pytest.mark.parametrize("sizes", [(3, 5, 7), (300, 200, 100), (64, 4000, 40), (0, 3, 2), (2, 0, 3)])
@pytest.mark.parametrize("first", LAID_OUT)
@pytest.mark.parametrize("second", LAID_OUT)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_product_is_that_of_torch(sizes, first, second, dtype):
    torch.manual_seed(0)
    rows, inner, columns = sizes
    left, right = torch.randn(rows, inner, dtype=dtype), torch.randn(columns, inner, dtype=dtype)
    start = torch.randn(columns, dtype=dtype)
    expected = left.double() @ right.double().t()
    given = LAID_OUT[first](left), LAID_OUT[second](right)
    for begin in (None, start):
        found = product(*given, start=begin)
        assert (found.shape, found.dtype) == ((rows, columns), dtype)
        sums = expected if begin is None else expected + begin.double()
        torch.testing.assert_close(found.double(), sums, atol=TOLERANCE[dtype], rtol=1e-5)
        room = torch.full((rows, columns + 3), 7.0, dtype=dtype)
        product(*given, start=begin, out=room[:, :columns])
        assert torch.equal(room[:, :columns], found)
        assert bool((room[:, columns:] == 7).all())


@contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    yield
    torch.set_num_threads(before)


@pytest.mark.skipif(native.unavailable_reason() is not None, reason="bits are those of the engine")
def test_a_row_has_the_same_bits_alone_and_on_any_number_of_threads():
    torch.manual_seed(0)
    left, right, start = torch.randn(130, 300), torch.randn(70, 300), torch.randn(70)
    whole = product(left, right, start=start)
    for row in (0, 77, 129):
        assert torch.equal(product(left[row : row + 1], right, start=start)[0], whole[row])
    with threads(3):
        assert torch.equal(product(left, right, start=start), whole)
    assert torch.equal(product(left, right[9:10], start=start[9:10])[:, 0], whole[:, 9])
