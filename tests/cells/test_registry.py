"""Cells by name."""

import pytest

from recurra import recurrence
from recurra.cells import CELLS, GRU, LSTM, Elman, Identity, Initialization, Zoneout, make_cell
from recurra.cells.registry import label_of
from recurra.config import validated
from recurra.errors import ConfigError


@pytest.mark.parametrize("name", CELLS)
def test_every_name(name):
    cell = make_cell(name, 3, 5)
    assert (cell.input_size, cell.hidden_size, cell.output_size) == (3, 5, 5)


def test_options():
    assert isinstance(make_cell("lstm", 3, 5), LSTM)
    assert make_cell("elman_relu", 3, 5).nonlinearity == "relu"
    assert not make_cell("gru_reset_before", 3, 5).reset_after
    wrapped = make_cell("gru", 3, 5, zoneout=0.1)
    assert isinstance(wrapped, Zoneout)
    assert isinstance(wrapped.cell, GRU)
    assert make_cell("lstm", 3, 5, zoneout={"cell": 0.5}).rates == (0.0, 0.5)
    started = make_cell("elman", 3, 5, initialization=Initialization(recurrent=Identity()))
    assert isinstance(started, Elman)
    assert started.weight_hh.trace() == 5


def test_a_misspelt_name_lists_the_names_there_are():
    with pytest.raises(
        ConfigError, match="cell 'LSTMM'; expected one of elman, elman_relu, elman_linear, lstm"
    ):
        make_cell("LSTMM", 3, 5)


def test_settings_know_every_name_without_the_cells():
    assert tuple(CELLS) == recurrence.CELLS
    with pytest.raises(
        ConfigError, match="cell is 'LSTMM'; expected one of elman, elman_relu, elman_linear, lstm"
    ):
        validated(recurrence.Recurrence, {"cell": "LSTMM"})


def test_every_cell_has_a_label_for_people() -> None:
    assert len({label_of(name) for name in CELLS}) == len(CELLS)
    assert not [name for name in CELLS if label_of(name) == name]
    assert label_of("mine") == "mine"
