"""Large products agree with torch's, however their matrices lie, and have the bits of their rows alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from tests.trial import unchecked
from torch.fx.experimental.proxy_tensor import make_fx

from recurra import native
from recurra.ops.product import product

LAID_OUT = {
    "by row": lambda matrix: matrix.contiguous(),
    "by column": lambda matrix: matrix.t().contiguous().t(),
    "every other column": lambda matrix: torch.stack([matrix, matrix], dim=2).flatten(1)[:, ::2],
    "by row with gaps": lambda matrix: torch.cat([matrix, matrix], dim=1)[:, : matrix.shape[1]],
    "by column with gaps": lambda matrix: torch.cat([matrix, matrix]).t().contiguous().t()[: len(matrix)],
}
without_type_checks = pytest.fixture(unchecked)
TOLERANCE = {torch.float32: 2e-4, torch.float64: 1e-12, torch.bfloat16: 1.0}


@pytest.mark.parametrize("sizes", [(3, 5, 7), (300, 200, 100), (64, 4000, 40), (0, 3, 2), (2, 0, 3)])
@pytest.mark.parametrize("first", LAID_OUT)
@pytest.mark.parametrize("second", LAID_OUT)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_product_is_that_of_torch(sizes, first, second, dtype):
    torch.manual_seed(0)
    rows, inner, columns = sizes
    left, right = torch.randn(rows, inner, dtype=dtype), torch.randn(columns, inner, dtype=dtype)
    expected = left.double() @ right.double().t()
    found = product(LAID_OUT[first](left), LAID_OUT[second](right))
    assert (found.shape, found.dtype) == ((rows, columns), dtype)
    torch.testing.assert_close(found.double(), expected, atol=TOLERANCE[dtype], rtol=1e-5)


@pytest.mark.usefixtures("without_type_checks")
def test_sizes_that_do_not_fit_are_refused():
    for shapes in (((3, 5), (7, 9)), ((3, 5), (5,)), ((3,), (7, 3))):
        with pytest.raises(RuntimeError):
            product(*(torch.ones(shape) for shape in shapes))
    with pytest.raises(RuntimeError):
        product(torch.ones(3, 5), torch.ones(7, 5, dtype=torch.float64))


def test_whoever_traces_or_transforms_a_program_sees_the_product():
    left, right = torch.randn(3, 5), torch.randn(7, 5)
    traced = make_fx(lambda a, b: product(a, b) * 1)(left, right)
    torch.testing.assert_close(traced(2 * left, right), 2 * left @ right.t())
    rows = torch.randn(4, 3, 5)
    torch.testing.assert_close(torch.func.vmap(product, (0, None))(rows, right), rows @ right.t())


@contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    yield
    torch.set_num_threads(before)


@pytest.mark.skipif(native.unavailable_reason() is not None, reason="bits are those of the engine")
def test_a_row_has_the_same_bits_alone_and_on_any_number_of_threads():
    torch.manual_seed(0)
    left, right = torch.randn(130, 300), torch.randn(70, 300)
    whole = product(left, right)
    for row in (0, 77, 129):
        assert torch.equal(product(left[row : row + 1], right)[0], whole[row])
    with threads(3):
        assert torch.equal(product(left, right), whole)
    assert torch.equal(product(left, right[9:10])[:, 0], whole[:, 9])
