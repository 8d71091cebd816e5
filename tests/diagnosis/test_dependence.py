"""Dependence of data that were made to depend."""

import numpy as np
import pytest

from recurra.diagnosis import dependence, mutual_information
from recurra.errors import ShapeError

LENGTHS = np.array([400, 300])


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_a_target_that_repeats_an_input(random):
    inputs = random.normal(size=(2, 400, 3))
    targets = np.roll(inputs[..., 1:2], 5, axis=1)
    found = dependence(inputs, targets, LENGTHS, 12)
    assert found.kind == "correlation"
    assert found.values.argmax() == 5
    assert found.values[5] > 0.95
    assert found.values[7] < 0.2


def test_symbols_that_repeat(random):
    inputs = random.integers(0, 4, size=(2, 400))
    found = dependence(inputs, np.roll(inputs, 3, axis=1), LENGTHS, 9)
    assert found.kind == "information"
    assert found.values.argmax() == 3
    assert found.values[3] == pytest.approx(2, abs=0.1)
    assert found.values[6] < 0.05


def test_numbers_against_symbols(random):
    inputs = random.normal(size=(2, 400, 2))
    targets = (np.roll(inputs[..., 0], 4, axis=1) > 0).astype(int)
    found = dependence(inputs, targets, LENGTHS, 9)
    assert found.values.argmax() == 4
    assert found.values[4] == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_series_on_its_own_past(random, share):
    series = np.zeros((2, 400, 1))
    for step in range(1, 400):
        series[:, step] = share * series[:, step - 1] + random.normal(size=(2, 1))
    found = dependence(series, None, LENGTHS, 50)
    assert found.kind == "autocorrelation"
    assert found.values[:4] == pytest.approx(share ** np.arange(4), abs=0.15)


def test_noise_depends_on_nothing(random):
    for inputs in (random.normal(size=(4, 400, 1)), random.integers(0, 5, size=(4, 400))):
        assert dependence(inputs, None, np.full(4, 400), 390).reach == 0
        other = random.permutation(inputs.ravel()).reshape(inputs.shape)
        assert dependence(inputs, other, np.full(4, 400), 60).reach == -1


def test_rows_of_no_steps_and_constants():
    assert dependence(np.ones((2, 0, 3)), None, np.array([0, 0]), 5).reach == -1
    assert dependence(np.ones((2, 6, 3)), None, np.array([6, 2]), 5).reach == -1
    assert dependence(np.zeros((2, 6), int), None, np.array([6, 2]), 5).reach == -1


def test_information_in_bits():
    assert mutual_information(np.array([0, 1, 0, 1]), np.array([7, 9, 7, 9])) == pytest.approx(1)
    assert mutual_information(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])) == pytest.approx(0)


def test_what_is_not_aligned_is_told():
    with pytest.raises(ShapeError, match="Align"):
        dependence(np.ones((2, 5, 1)), np.ones((2, 6, 1)), np.array([5, 5]), 3)
