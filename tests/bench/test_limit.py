"""What the machine can do at most."""

import pytest
import torch

from recurra import native
from recurra.bench import limit
from recurra.bench.streaming.reading import reading_rate


def test_the_product_of_matrices_sets_the_limit_of_arithmetic():
    before = torch.get_num_threads()
    rate = limit.product_rate(1)
    assert 1e8 < rate < 1e14
    assert limit.product_rate(1) == rate  # once a run
    assert torch.get_num_threads() == before


@pytest.mark.skipif(native.unavailable_reason() is not None, reason="there is no engine")
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_reading_the_weights_sets_the_limit_of_a_step(weights):
    rate = reading_rate("lstm", 33, weights)
    assert 1e7 < rate < 1e13
    assert reading_rate("lstm", 33, weights) == rate
