"""The gates that cells show are those that their steps go by."""

import pytest
import torch
from tests.catalogue import every_cell

from recurra.cells import GRU, LSTM, Elman, Gated, LayerNormLSTM, Zoneout

RANGES = {"sigmoid": (0, 1), "tanh": (-1, 1), "relu": (0, torch.inf), "linear": (-torch.inf, torch.inf)}


def shown(cell):
    projected = cell.project_input(torch.randn(3, 4, dtype=torch.float64))
    state = type(cell.initial_state(1))(*(torch.randn_like(one) for one in cell.initial_state(3)))
    return projected, state, cell.gates(projected, state)


@every_cell
def test_every_cell_shows_its_gates(row):
    cell = row.make(4, 5).double()
    cell = cell.cell if isinstance(cell, Zoneout) else cell
    assert isinstance(cell, Gated)
    _, _, gates = shown(cell)
    matrices = cell.recurrent_weights()
    assert list(matrices) == list(gates)
    for name, gate in gates.items():
        low, high = RANGES[gate.squash]
        assert gate.values.shape == (3, cell.hidden_size)
        assert matrices[name].shape == (cell.hidden_size, cell.hidden_size)
        assert bool(((gate.values >= low) & (gate.values <= high)).all())


@pytest.mark.parametrize("peepholes", [False, True])
def test_the_gates_of_an_lstm_make_its_state(peepholes):
    cell = LSTM(4, 5, peepholes=peepholes, dtype=torch.float64)
    if peepholes:
        torch.nn.init.uniform_(cell.weight_peephole, -1, 1)
    projected, state, gates = shown(cell)
    _, after = cell.step(projected, state)
    kept = gates["forget_gate"].values * state.cell
    expected = kept + gates["input_gate"].values * gates["candidate"].values
    torch.testing.assert_close(after.cell, expected)
    torch.testing.assert_close(after.hidden, gates["output_gate"].values * expected.tanh())
    assert [name for name, gate in gates.items() if gate.keeps] == ["forget_gate"]


def test_the_gates_of_a_normalised_lstm_make_its_state():
    cell = LayerNormLSTM(4, 5, dtype=torch.float64)
    projected, state, gates = shown(cell)
    kept = gates["forget_gate"].values * state.cell
    expected = kept + gates["input_gate"].values * gates["candidate"].values
    torch.testing.assert_close(cell.step(projected, state)[1].cell, expected)


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_gates_of_a_gru_make_its_state(reset_after):
    cell = GRU(4, 5, reset_after=reset_after, dtype=torch.float64)
    projected, state, gates = shown(cell)
    share = gates["update_gate"].values
    expected = (1 - share) * gates["candidate"].values + share * state.hidden
    torch.testing.assert_close(cell.step(projected, state)[1].hidden, expected)
    assert [name for name, gate in gates.items() if gate.keeps] == ["update_gate"]


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_the_candidate_of_an_elman_net_is_its_state(nonlinearity):
    cell = Elman(4, 5, nonlinearity=nonlinearity, dtype=torch.float64)
    projected, state, gates = shown(cell)
    torch.testing.assert_close(gates["candidate"].values, cell.step(projected, state)[0])
    assert gates["candidate"].squash == nonlinearity


def test_a_projection_is_part_of_the_matrices():
    cell = LSTM(4, 5, proj_size=2)
    torch.testing.assert_close(cell.recurrent_weights()["forget_gate"], cell.weight_hh[5:10] @ cell.weight_hr)
