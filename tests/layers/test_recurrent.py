"""A cell over time: states, recurrent dropout, backends."""

from typing import Any

import pytest
import torch
from tests.catalogue import every_cell
from tests.trial import BATCH, FEATURES, HIDDEN, TIME, assert_close, random_input, random_state, unchecked
from torch.nn.utils.rnn import pack_sequence

from recurra.cells import GRU, LSTM, Cell, LayerNormLSTM
from recurra.errors import ConfigError, ShapeError
from recurra.layers import Bidirectional, Recurrent, unroll
from recurra.ops.lstm import LSTMState
from recurra.ops.walk import Walk


class Unfused(Cell):
    """A cell without an op of its own."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell
        self.input_size, self.hidden_size, self.output_size = FEATURES, HIDDEN, HIDDEN
        self.initial_state, self.project_input, self.step = cell.initial_state, cell.project_input, cell.step

    def initial_state(self, batch_size): ...
    def project_input(self, input): ...
    def step(self, projected, state, recurrent_mask=None): ...


def test_a_cell_without_an_op_runs_step_by_step():
    cell, inputs = LSTM(FEATURES, HIDDEN), random_input(dtype=torch.float32)
    lengths = torch.tensor([7, 0, 3, 1, 6])
    (plain, last), (fused, other) = (
        Recurrent(each)(inputs, lengths=lengths) for each in (Unfused(cell), cell)
    )
    assert_close(plain, fused)
    assert_close(last.cell, other.cell)


def test_no_state_is_the_initial_state():
    layer = Recurrent(LSTM(FEATURES, HIDDEN))
    inputs = random_input(dtype=torch.float32)
    assert torch.equal(layer(inputs)[0], layer(inputs, layer.initial_state(BATCH))[0])
    assert (layer.input_size, layer.output_size) == (FEATURES, HIDDEN)


@every_cell
def test_recurrent_dropout_hides_the_same_units_at_all_steps(row):
    cell = row.make(FEATURES, HIDDEN).double().eval()
    inputs, state = random_input(), random_state(cell.initial_state(BATCH))
    mask = (torch.rand(BATCH, cell.output_size) < 0.5).double() * 2
    expected, _ = unroll(cell, inputs, state, Walk(recurrent_mask=mask))
    stepped = state
    for time in range(TIME):
        output, stepped = cell.step(cell.project_input(inputs[:, time]), stepped, mask)
        assert_close(output, expected[:, time])
    without, _ = unroll(cell, inputs, state)
    assert not torch.allclose(without, expected)
    hidden_away, _ = unroll(cell, inputs, state, Walk(recurrent_mask=0 * mask))
    assert not torch.allclose(hidden_away, without)


def test_recurrent_dropout_is_for_training():
    layer = Recurrent(GRU(FEATURES, 200), recurrent_dropout=0.25)
    inputs = random_input(dtype=torch.float32)
    assert not torch.equal(layer(inputs)[0], layer(inputs)[0])
    mask = layer._recurrent_mask(layer.initial_state(BATCH))
    assert set(mask.unique().tolist()) == {0.0, torch.tensor(4 / 3).item()}
    assert abs((mask == 0).float().mean() - 0.25) < 0.05
    assert not torch.equal(mask[0], mask[1])
    layer.eval()
    assert torch.equal(layer(inputs)[0], layer(inputs)[0])


def test_the_state_that_is_carried_on_keeps_dropped_units():
    cell = GRU(FEATURES, HIDDEN)
    with torch.no_grad():
        for weight in cell.parameters():
            weight.zero_()
        cell.bias_ih[HIDDEN : 2 * HIDDEN] = 50  # the update gate keeps everything
    state = type(cell.initial_state(BATCH))(torch.randn(BATCH, HIDDEN))
    walk = Walk(recurrent_mask=torch.zeros(BATCH, HIDDEN))
    _, final = unroll(cell, random_input(dtype=torch.float32), state, walk)
    assert torch.equal(final.hidden, state.hidden)


without_type_checks = pytest.fixture(unchecked)


def test_wrong_settings_are_refused(without_type_checks):
    with pytest.raises(ConfigError, match="a LSTM as the cell"):
        Recurrent(torch.nn.LSTM(FEATURES, HIDDEN))
    with pytest.raises(ConfigError, match=r"recurrent_dropout is -0\.1"):
        Recurrent(GRU(FEATURES, HIDDEN), recurrent_dropout=-0.1)
    with pytest.raises(ConfigError, match="backend 'torch' for Unfused"):
        Recurrent(Unfused(LSTM(FEATURES, HIDDEN)), backend="torch")
    with pytest.raises(ConfigError, match="no kernel for layer normalisation"):
        Recurrent(LayerNormLSTM(FEATURES, HIDDEN), backend="torch")(torch.zeros(BATCH, TIME, FEATURES))
    with pytest.raises(ShapeError, match="input of shape"):
        Recurrent(LayerNormLSTM(FEATURES, HIDDEN))(torch.zeros(BATCH, TIME, 9))
    with pytest.raises(ShapeError, match="Pass the padded tensor and lengths="):
        Recurrent(GRU(FEATURES, HIDDEN))(pack_sequence([torch.zeros(TIME, FEATURES)]))
    with pytest.raises(ShapeError, match=r"input of shape \(\)"):
        Recurrent(GRU(FEATURES, HIDDEN))(torch.tensor(1.0))
    state = LSTMState(torch.zeros(BATCH, HIDDEN), torch.zeros(2, HIDDEN))
    with pytest.raises(ShapeError, match="state field 'cell'"):
        Recurrent(LayerNormLSTM(FEATURES, HIDDEN))(torch.zeros(BATCH, TIME, FEATURES), state)
    assert "recurrent_dropout=0.1" in repr(Recurrent(GRU(FEATURES, HIDDEN), recurrent_dropout=0.1))


def _both(share: float) -> Bidirectional:
    return Bidirectional(LSTM(3, 4), LSTM(3, 4), weight_dropout=share)


@pytest.mark.parametrize("make", [lambda p: Recurrent(LSTM(3, 4), weight_dropout=p), _both])
def test_dropped_weights_are_drawn_for_a_call_and_only_in_training(make: Any) -> None:
    layer, inputs, plain = make(0.5), torch.randn(2, 6, 3), make(0.0)
    plain.load_state_dict(layer.state_dict())
    torch.manual_seed(0)
    first, second = layer(inputs)[0], layer(inputs)[0]
    assert not torch.equal(first, second)
    assert torch.equal(first[:, 0, :4], plain(inputs)[0][:, 0, :4]), (
        "the first step needs no recurrent product"
    )
    assert torch.equal(layer.eval()(inputs)[0], plain.eval()(inputs)[0])


def test_all_weights_dropped_leave_the_steps_alone() -> None:
    layer, inputs = Recurrent(GRU(3, 4), weight_dropout=1.0), torch.randn(2, 5, 3)
    torch.nn.init.zeros_(layer.cell.bias_hh)  # type: ignore[arg-type]
    outputs, _ = layer(inputs)
    weights = layer.cell.weights()  # type: ignore[operator]
    cell = GRU(3, 4)
    cell.load_state_dict(layer.cell.state_dict())
    torch.nn.init.zeros_(cell.weight_hh)
    torch.testing.assert_close(outputs, Recurrent(cell)(inputs)[0])
    assert weights.weight_hh.any()


def test_a_cell_without_an_op_cannot_drop_weights() -> None:
    with pytest.raises(ConfigError, match="no op that takes its weights"):
        Recurrent(Unfused(GRU(FEATURES, HIDDEN)), weight_dropout=0.5)
