"""Points of a frame without torch: those of the layer, whatever comes before or after."""

import numpy as np
import pytest
import torch

from recurra.layers.points import Points
from recurra.streaming.points import points_of


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 4), (8, 8, 32)])
def test_points_are_those_of_the_layer(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    layer, maps = Points(shape[2]), torch.randn(1, *shape) * 4
    with torch.no_grad():
        layer.sharpness.normal_()
        expected = [one[0].numpy() for one in layer(maps)]
        sharpness = layer.sharpness.exp().numpy()
    for found, wanted in zip(points_of(maps[0].numpy(), sharpness), expected, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, atol=2e-6)


def test_large_values_overflow_nothing() -> None:
    maps = np.full((2, 2, 1), -300, np.float32)
    maps[0, 1] = 300
    points, largest = points_of(maps, np.ones(1, np.float32))
    np.testing.assert_allclose(points, [[0.5, -0.5]])
    assert largest.tolist() == [300]
