import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import ConfigError
from recurra.layers.front import GridFront, StripFront


@pytest.mark.parametrize("along", [1, 2, 3, 6])
@given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_neither_padding_nor_company_changes_a_strip(along: int, lengths: list[int]) -> None:
    torch.manual_seed(0)
    front = StripFront(along, 7, channels=3, width=2, blocks=2).double()
    images = [torch.randn(length, along, 7, 3).double() for length in lengths]
    batch = torch.full((len(images), max(lengths) + 1, along, 7, 3), torch.nan).double()
    for row, image in enumerate(images):
        batch[row, : len(image)] = image
    found = front(batch, torch.tensor(lengths))
    assert found.shape == (len(images), max(lengths) + 1, front.output_size)
    for row, image in enumerate(images):
        torch.testing.assert_close(found[row, : len(image)], front(image[None])[0])


def test_padding_reaches_no_gradient() -> None:
    front = StripFront(2, 5, channels=1, width=2)
    batch = torch.randn(2, 4, 2, 5, 1)
    batch[1, 1:] = torch.nan
    found = front(batch, torch.tensor([4, 1]))
    (found[0].square().sum() + found[1, :1].square().sum()).backward()
    assert all(bool(one.grad.isfinite().all()) for one in front.parameters() if one.grad is not None)


def test_a_step_sees_the_strips_beside_it_and_no_others() -> None:
    torch.manual_seed(0)
    front = StripFront(1, 6, channels=1, width=3, blocks=2)
    image = torch.randn(1, 9, 1, 6, 1, requires_grad=True)
    (front(image)[0, 4] * torch.arange(front.output_size)).sum().backward()
    assert image.grad is not None
    seen = image.grad[0].abs().sum(dim=(1, 2, 3)) > 0
    assert torch.nonzero(seen)[:, 0].tolist() == [2, 3, 4, 5, 6]


def test_blocks_halve_what_is_across_and_share_what_is_along() -> None:
    assert StripFront(1, 28, channels=1, width=16).output_size == 7 * 32
    assert StripFront(1, 64, channels=1, width=16).output_size == 8 * 64
    assert [one.pool for one in StripFront(6, 28, channels=1, width=2).blocks] == [(2, 2), (3, 2)]
    with pytest.raises(ConfigError, match="0 blocks"):
        StripFront(1, 5, channels=1, blocks=0)


def test_cells_stand_in_reading_order_and_see_those_beside_them() -> None:
    torch.manual_seed(0)
    front = GridFront(4, 5, cell=4, channels=1, width=4)
    assert front.output_size == 8
    image = torch.randn(2, 20, 4, 4, 1, requires_grad=True)
    found = front(image, torch.tensor([20, 20]))
    (found[0, 6] * torch.arange(8)).sum().backward()  # the second of the second row
    assert image.grad is not None
    seen = {*torch.nonzero(image.grad[0].abs().sum(dim=(1, 2, 3)))[:, 0].tolist()}
    assert 6 in seen
    assert len(seen) > 3
    assert seen <= {0, 1, 2, 5, 6, 7, 10, 11, 12}
    torch.testing.assert_close(front(image)[1:], front(image[1:]))


def test_of_more_blocks_than_halvings_the_first_ones_halve() -> None:
    front = GridFront(2, 3, cell=4, channels=1, width=2, blocks=3)
    assert [one.pool for one in front.blocks] == [(2, 2), (2, 2), (1, 1)]
    assert front(torch.zeros(2, 6, 4, 4, 1)).shape == (2, 6, front.output_size)


def test_the_same_in_two_cells_differs_by_their_places_alone() -> None:
    torch.manual_seed(0)
    front = GridFront(3, 5, cell=4, channels=1, width=4, places=True)
    found = front(torch.zeros(2, 15, 4, 4, 1))[1] - front.places
    torch.testing.assert_close(found[6], found[7])  # neither lies at the edge
    front.places = None
    torch.testing.assert_close(front(torch.zeros(2, 15, 4, 4, 1))[1], found)
