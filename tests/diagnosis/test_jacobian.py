"""Jacobians, growth and exponents where they are known."""

import numpy as np
import pytest
import torch
from tests.catalogue import every_cell
from tests.diagnosis.toy_net import Linear, with_eigenvalues

from recurra.cells import GRU, LSTM, Elman, Zoneout
from recurra.diagnosis import Limits, jacobian_of_step, look, spectrum, step_jacobian, undisturbed
from recurra.layers import Recurrent


def passage_of(layer, x, **options):
    with undisturbed(layer):
        return look(layer, lambda: torch.sum(layer(x, **options)[0])).passages[0]


@pytest.mark.parametrize("values", [[0.9, 0.7, -0.5, 0.3], [1.05, -0.8, 0.6, 0.1]])
def test_the_exponents_of_a_linear_net(values):
    for matrix in (torch.diag(torch.tensor(values, dtype=torch.float64)), with_eigenvalues(values)):
        found = step_jacobian(passage_of(Recurrent(Linear(matrix)), torch.randn(3, 120, 2).double()))
        sizes = np.sort(np.abs(values))[::-1]
        np.testing.assert_allclose(found.exponents, np.log(sizes), atol=1e-5)
        np.testing.assert_allclose(found.singular_values, np.tile(sizes, (6, 1)), rtol=1e-9)
        np.testing.assert_allclose(found.radii, sizes[0], rtol=1e-9)
        np.testing.assert_allclose(found.growth, np.arange(1, 121) * np.log(sizes[0]), rtol=1e-9)


def test_leading_exponents_alone():
    values = [0.9, 0.7, 0.5, 0.3, 0.1]
    passage = passage_of(Recurrent(Linear(with_eigenvalues(values))), torch.randn(2, 150, 2).double())
    found = step_jacobian(passage, Limits(directions=2))
    np.testing.assert_allclose(found.exponents, np.log(values[:2]), atol=1e-5)


def test_a_matrix_that_is_not_normal_grows_before_it_fades():
    matrix = torch.tensor([[0.5, 4.0], [0.0, 0.5]], dtype=torch.float64)
    found = step_jacobian(passage_of(Recurrent(Linear(matrix)), torch.randn(1, 200, 2).double()))
    assert found.radii[0] == pytest.approx(0.5)
    assert found.singular_values[0, 0] > 4
    powers = [torch.linalg.matrix_power(matrix, k) for k in range(1, 201)]
    expected = [float(torch.linalg.matrix_norm(one, 2).log()) for one in powers[:40]]
    np.testing.assert_allclose(found.growth[:40], expected, rtol=1e-6)
    assert found.growth[0] > 0 > found.growth[-1]


@every_cell
def test_every_cell_as_autograd(row):
    cell = row.make(3, 4).double().eval()
    passage = passage_of(Recurrent(cell), torch.randn(2, 5, 3).double())
    written = jacobian_of_step(passage, 3)
    state, sizes = passage.before(3), [field.shape[-1] for field in passage.states]
    for number in range(2):

        def after(flat, number=number):
            own = type(state)(*(one.unsqueeze(0) for one in flat.split(sizes)))
            return torch.cat(cell.step(passage.projected[number : number + 1, 3], own)[1], dim=1)[0]

        flat = torch.cat([field[number] for field in state])
        torch.testing.assert_close(written[number], torch.autograd.functional.jacobian(after, flat))


def test_growth_is_that_of_the_product():
    passage = passage_of(Recurrent(GRU(3, 4)).double(), torch.randn(1, 9, 3).double())
    found = step_jacobian(passage)
    product = torch.eye(4, dtype=torch.float64)
    for lag in range(9):
        product = product @ jacobian_of_step(passage, 8 - lag)[0]
        assert found.growth[lag] == pytest.approx(float(torch.linalg.matrix_norm(product, 2).log()))


def test_units_that_die_take_no_direction_along():
    cell = Elman(2, 24, nonlinearity="relu")
    with torch.no_grad():
        cell.bias_ih[:4] = 50  # these live, with the identity as their matrix
    found = step_jacobian(passage_of(Recurrent(cell), torch.randn(3, 60, 2)), Limits(directions=3))
    assert found.exponents[0] == pytest.approx(0, abs=1e-5)
    with torch.no_grad():
        cell.bias_ih.fill_(-50)
    dead = step_jacobian(passage_of(Recurrent(cell), torch.randn(3, 60, 2)))
    assert np.isneginf(dead.exponents).all()


def test_resets_are_passed_over():
    layer, x = Recurrent(Linear(with_eigenvalues([0.9, 0.5]))), torch.randn(2, 90, 2).double()
    resets = torch.zeros(2, 90, dtype=torch.bool)
    resets[0, 80] = resets[1, 20] = True
    found = step_jacobian(passage_of(layer, x, resets=resets))
    assert np.isfinite(found.exponents).all()
    assert found.exponents[0] == pytest.approx(np.log(0.9), abs=0.01)


def test_the_matrices_beside_it():
    cell = LSTM(3, 4)
    with torch.no_grad():
        cell.weight_hh[4:8] = 2 * torch.eye(4)
    found = step_jacobian(passage_of(Recurrent(Zoneout(cell, 0.1)), torch.randn(2, 5, 3)))
    assert found.matrices["forget_gate"].radius == pytest.approx(2)
    assert found.matrices["candidate"].norm == pytest.approx(1, abs=1e-5)
    shear = spectrum(torch.tensor([[1.0, 3.0], [0.0, 1.0]]))
    assert shear.radius == pytest.approx(1)
    assert shear.norm > 3


def test_one_step_and_none():
    layer = Recurrent(LSTM(3, 4))
    found = step_jacobian(passage_of(layer, torch.randn(2, 1, 3)))
    assert found.singular_values.shape == (2, 8)
    assert np.isnan(found.exponents).all()
    empty = step_jacobian(passage_of(layer, torch.randn(2, 3, 3), lengths=torch.tensor([0, 0])))
    assert empty.steps == ()
