from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import ConfigError, DamagedError
from recurra.layers.front import GridFront, StripFront
from recurra.layers.front_blocks import engine_blocks
from recurra.streaming.convolution import Convolutions, arrays_of, blocks_of


def trained(front: torch.nn.Module) -> torch.nn.Module:
    """A front whose weights are all of some size, biases too."""
    for one in front.parameters():
        torch.nn.init.normal_(one, std=0.5)
    return front.eval()


@given(
    along=st.sampled_from([1, 2, 3, 4, 6]),
    across=st.integers(1, 13),
    channels=st.sampled_from([1, 3]),
    blocks=st.integers(1, 3),
    cuts=st.lists(st.integers(0, 7), max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_lines_in_pieces_have_the_bits_of_the_whole_and_the_numbers_of_torch(
    along: int, across: int, channels: int, blocks: int, cuts: list[int]
) -> None:
    front = trained(StripFront(along, across, channels=channels, width=3, blocks=blocks))
    strips = torch.randn(1, 7, along, across, channels)
    expected = front(strips)[0].detach().numpy()
    net = Convolutions(blocks_of(arrays_of(engine_blocks(front.blocks))), across)
    lines = strips[0].reshape(7 * along, across, channels).numpy()
    whole = net.whole(lines)
    np.testing.assert_allclose(whole.reshape(7, -1), expected, atol=1e-3, rtol=1e-3)
    assert whole.shape == (7, *net.output_shape)
    found, kept = [], b""
    for begin, end in pairwise([0, *sorted(cuts), 7]):
        more, kept = net.push(lines[begin * along : end * along], kept)
        found.append(more)
        np.testing.assert_array_equal(
            np.concatenate([*found, net.end(kept)]), net.whole(lines[: end * along])
        )


def test_a_frame_is_what_torch_makes_of_it() -> None:
    front = trained(GridFront(2, 3, cell=6, channels=3, width=4))
    image = torch.randn(12, 18, 3)
    cells = image.reshape(1, 2, 6, 3, 6, 3).transpose(2, 3).flatten(1, 2)
    net = Convolutions(engine_blocks(front.blocks), 18)
    found = net.whole(image.numpy())
    np.testing.assert_allclose(found.reshape(6, -1), front(cells)[0].detach().numpy(), atol=1e-3, rtol=1e-3)


def test_what_was_kept_is_checked() -> None:
    front = trained(StripFront(2, 5, channels=1, width=3, blocks=2))
    net = Convolutions(engine_blocks(front.blocks), 5)
    _, kept = net.push(np.zeros((3, 5, 1), np.float32), b"")
    for damaged in (kept[:-1], kept + b"\0", b"\xff" * len(kept), kept[:4], b"\0" * len(kept)):
        with pytest.raises(DamagedError, match="kept of an image"):
            net.end(damaged)


def test_parts_that_do_not_go_together_are_refused() -> None:
    blocks = engine_blocks(trained(StripFront(1, 9, channels=1, width=3, blocks=2)).blocks)
    with pytest.raises(ConfigError, match="a convolution of 1 channels after one of 3"):
        Convolutions(blocks[:1] * 2, 9)
    arrays = arrays_of(blocks)
    with pytest.raises(DamagedError, match="convolutions that lack a part"):
        blocks_of({name: one for name, one in arrays.items() if name != "1.gain"})
    with pytest.raises(DamagedError, match="convolutions that lack a part"):
        blocks_of({})
