"""Every initialisation has the property it is named for, gate by gate."""

import math

import pytest
import torch

from recurra.cells import (
    GRU,
    IRNN,
    LSTM,
    Chrono,
    Elman,
    ForgetBias,
    Glorot,
    Identity,
    Initialization,
    LayerNormLSTM,
    Normal,
    Orthogonal,
    Scaled,
    ZeroBias,
)
from recurra.errors import ConfigError


def test_orthogonal_and_glorot_per_gate():
    cell = GRU(200, 50, initialization=Initialization(input=Glorot(2.0), recurrent=Orthogonal(3.0)))
    for block in cell.weight_hh.chunk(3):
        torch.testing.assert_close(block @ block.T, 9 * torch.eye(50), atol=1e-4, rtol=1e-4)
    for block in cell.weight_ih.chunk(3):
        assert block.std().item() == pytest.approx(2 * math.sqrt(2 / 250), rel=0.05)
        assert block.abs().max() <= 2 * math.sqrt(6 / 250)


def test_irnn_starts_as_a_memory_of_everything():
    cell = Elman(3, 5, nonlinearity="relu", initialization=IRNN)
    assert torch.equal(cell.weight_hh, torch.eye(5))
    assert cell.weight_ih.std() < 0.01
    scaled = Elman(3, 5, initialization=Initialization(input=Normal(2.0), recurrent=Identity(0.5)))
    assert torch.equal(scaled.weight_hh, torch.eye(5) / 2)


def test_forget_bias():
    cell = LSTM(3, 5, initialization=Initialization(bias=ForgetBias(2.5)))
    assert (cell.bias_ih + cell.bias_hh).reshape(4, 5).tolist() == [
        [0.0] * 5,
        [2.5] * 5,
        [0.0] * 5,
        [0.0] * 5,
    ]
    assert not LSTM(3, 5, initialization=Initialization(bias=ZeroBias())).bias_ih.any()


def test_chrono_spreads_the_memory():
    cell = LSTM(3, 1000, initialization=Initialization(bias=Chrono(100)))
    input_gate, forget_gate, candidate, output_gate = cell.bias_ih.reshape(4, -1)
    torch.testing.assert_close(input_gate, -forget_gate)
    assert not candidate.any()
    assert not output_gate.any()
    steps = forget_gate.exp()  # sigmoid(log u) = u / (1 + u): a memory of about 1 + u steps
    assert 1 <= steps.min() < 3
    assert 97 < steps.max() <= 99
    gru = GRU(3, 1000, initialization=Initialization(bias=Chrono(100)))
    assert gru.bias_ih.reshape(3, -1)[1].exp().mean().item() == pytest.approx(50, rel=0.1)
    assert LayerNormLSTM(3, 5, initialization=Initialization(bias=Chrono(100))).bias.any()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="one for the gates candidate"):
        Elman(3, 5, initialization=Initialization(bias=Chrono(100)))
    with pytest.raises(ConfigError, match="one for the gates reset_gate, update_gate, candidate"):
        GRU(3, 5, initialization=Initialization(bias=ForgetBias()))
    with pytest.raises(ConfigError, match="at least 3"):
        Chrono(2)


def test_filling_anew_gives_other_numbers():
    cell = LSTM(3, 5, proj_size=2)
    before = [weight.clone() for weight in cell.parameters()]
    cell.reset_parameters()
    changed = [not torch.equal(old, new) for old, new in zip(before, cell.parameters(), strict=True)]
    assert changed == [True, True, False, False, True]  # the biases start at the same numbers


def test_scaled_is_the_other_filler_times_a_factor():
    torch.manual_seed(3)
    plain = Elman(3, 5)
    torch.manual_seed(3)
    scaled = Elman(3, 5, initialization=Initialization(recurrent=Scaled(Orthogonal(), 1.5)))
    assert torch.equal(scaled.weight_hh, plain.weight_hh * 1.5)
