"""Two directions side by side."""

import pytest
import torch
from tests.trial import BATCH, FEATURES, HIDDEN, assert_close, random_input, random_lengths, unchecked
from torch.nn.utils.rnn import pack_sequence

import recurra
from recurra.cells import GRU, LSTM
from recurra.errors import ConfigError, ShapeError
from recurra.layers import Bidirectional, Recurrent

without_type_checks = pytest.fixture(unchecked)


def test_merges_are_of_both_directions():
    cells = [LSTM(FEATURES, HIDDEN).double() for _ in range(2)]
    inputs, lengths = random_input(), random_lengths()
    ahead, last = Recurrent(cells[0])(inputs, lengths=lengths)
    back, first = Recurrent(cells[1], reverse=True)(inputs, lengths=lengths)
    for merge, expected in [
        ("concat", torch.cat([ahead, back], dim=-1)),
        ("sum", ahead + back),
        ("mean", (ahead + back) / 2),
    ]:
        layer = Bidirectional(*cells, merge=merge)
        outputs, state = layer(inputs, lengths=lengths)
        assert_close(outputs, expected)
        assert layer.output_size == outputs.shape[-1]
        assert_close(state.forward.cell, last.cell)
        assert_close(state.backward.cell, first.cell)


def test_torch_computes_the_same():
    layer = Bidirectional(GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN)).double()
    peer = torch.nn.GRU(FEATURES, HIDDEN, batch_first=True, bidirectional=True, dtype=torch.float64)
    weights = zip(peer.parameters(), layer.parameters(), strict=True)
    with torch.no_grad():
        for theirs, ours in weights:
            theirs.copy_(ours)
    inputs = random_input()
    assert_close(layer(inputs)[0], peer(inputs)[0])


def test_the_state_goes_in_and_out():
    layer = Bidirectional(GRU(FEATURES, HIDDEN), LSTM(FEATURES, HIDDEN))
    inputs = random_input(dtype=torch.float32)
    outputs, state = layer(inputs)
    again, _ = layer(inputs, layer.initial_state(BATCH))
    assert torch.equal(outputs, again)
    assert not torch.equal(outputs, layer(inputs, state)[0])


def test_wrong_arguments_are_refused(without_type_checks):
    layer, inputs = Bidirectional(GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN)), random_input()
    for state in (torch.zeros(2, BATCH, HIDDEN), (None, None, None)):
        with pytest.raises(ShapeError, match="expected a BidirectionalState"):
            layer(inputs.float(), state)
    with pytest.raises(ShapeError, match="Pass the padded tensor and lengths="):
        layer(pack_sequence(list(inputs)))


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigError, match="one of concat, sum, mean"):
        Bidirectional(GRU(3, 5), GRU(3, 5), merge="max")
    with pytest.raises(ConfigError, match="the same input_size"):
        Bidirectional(GRU(3, 5), GRU(4, 5))
    with pytest.raises(ConfigError, match="the same output_size"):
        Bidirectional(GRU(3, 5), GRU(3, 4), merge="sum")
    assert Bidirectional(GRU(3, 5), GRU(3, 4)).output_size == 9
    assert "merge='sum'" in repr(Bidirectional(GRU(3, 5), GRU(3, 5), merge="sum"))
    assert recurra.GRU(3, 5, bidirectional=True).output_size == 10
