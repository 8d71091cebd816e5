"""Turning rows around and cutting them into pieces loses nothing."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.trial import random_lengths

from recurra.ops.order import Pieces, at_last_step, flipped

sizes = {"seed": st.integers(0, 10**6), "batch": st.integers(1, 5), "time": st.integers(1, 7)}


@given(**sizes)
@settings(deadline=None)
def test_flipped_within_lengths(seed, batch, time):
    torch.manual_seed(seed)
    values, lengths = torch.randn(batch, time, 3), random_lengths(batch, time)
    turned = flipped(values, lengths)
    for row, length in enumerate(lengths.tolist()):
        assert torch.equal(turned[row, :length], values[row, :length].flip(0))
        assert torch.equal(turned[row, length:], values[row, length:])
    assert torch.equal(flipped(turned, lengths), values)
    assert torch.equal(flipped(flipped(values, None), None), values)


@given(**sizes)
@settings(deadline=None)
def test_pieces_join_again(seed, batch, time):
    torch.manual_seed(seed)
    values, lengths = torch.randn(batch, time, 3), random_lengths(batch, time)
    valid = torch.arange(time) < lengths.unsqueeze(1)
    resets = (torch.rand(batch, time) < 0.4) & valid
    pieces = Pieces.between(resets, lengths)
    cut = pieces.cut(values)
    assert int(pieces.lengths.sum()) == int(lengths.sum())
    assert len(cut) == batch + int(resets[:, 1:].sum())
    assert int(pieces.continues.sum()) == batch - int(resets[:, 0].sum())
    assert torch.equal(pieces.joined(cut), values * valid.unsqueeze(-1))
    for piece, row, start, length in zip(cut, pieces.row, pieces.start, pieces.lengths, strict=True):
        assert torch.equal(piece[:length], values[row, start : start + length])
        assert not piece[length:].any()


def test_last_valid_output_or_the_initial_one():
    outputs, initial = torch.randn(3, 5, 2), torch.randn(3, 2)
    last = at_last_step(outputs, initial, torch.tensor([5, 0, 2]))
    assert torch.equal(last, torch.stack([outputs[0, 4], initial[1], outputs[2, 1]]))
