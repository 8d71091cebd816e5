import pytest
import torch
from torch.autograd import gradcheck

from recurra.layers.points import Points


def blob(height: int, width: int, down: int, right: int) -> torch.Tensor:
    """A map of one channel that is large at one place."""
    found = torch.zeros(1, height, width, 1, dtype=torch.float64)
    found[0, down, right, 0] = 60.0
    return found


def test_a_point_is_where_a_channel_is_large() -> None:
    points, largest = Points(1).double()(blob(3, 5, 2, 1))
    torch.testing.assert_close(points, torch.tensor([[[-0.4, 2 / 3]]], dtype=torch.float64))
    assert largest.item() == 60


def test_what_moves_moves_its_point_as_far_wherever_it_is() -> None:
    read = Points(1).double()
    ways = [read(blob(7, 5, down, right))[0][0, 0] for down, right in ((1, 1), (2, 1), (5, 3), (6, 3))]
    torch.testing.assert_close(ways[1] - ways[0], ways[3] - ways[2])
    torch.testing.assert_close(ways[1] - ways[0], torch.tensor([0, 2 / 7], dtype=torch.float64))


def test_a_plain_map_points_to_its_middle() -> None:
    points, largest = Points(3)(torch.full((2, 4, 6, 3), 0.5))
    torch.testing.assert_close(points, torch.zeros(2, 3, 2))
    assert (largest == 0.5).all()


def test_the_sharper_the_nearer_to_the_largest_place() -> None:
    rising = torch.zeros(1, 1, 9, 1)
    rising[0, 0, 8] = 2.0
    found = [Points(1, sharpness)(rising)[0][0, 0, 0].item() for sharpness in (0.5, 1.0, 5.0)]
    assert 0 < found[0] < found[1] < found[2] == pytest.approx(8 / 9, abs=0.01)


def test_gradients() -> None:
    torch.manual_seed(0)
    read = Points(3).double()
    maps = torch.randn(2, 4, 5, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(read, (maps,))
    assert gradcheck(
        lambda sharpness: torch.func.functional_call(read, {"sharpness": sharpness}, (maps,)),
        (read.sharpness,),
    )
