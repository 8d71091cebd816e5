"""A recurrent matrix that stays orthogonal, whatever an optimiser does to it."""

import pytest
import torch

from recurra.cells import IRNN, Elman, Glorot, Initialization, OrthogonalMatrix, make_cell
from recurra.errors import ConfigError
from recurra.layers import Recurrent


def matrix_of(size, dtype=torch.float64):
    matrix = OrthogonalMatrix(size, dtype=dtype)
    torch.nn.init.orthogonal_(matrix.start)
    matrix.start_anew()
    return matrix


def deviation(weight):
    exact = weight.detach().double()
    return float((exact @ exact.T - torch.eye(len(exact), dtype=torch.float64)).abs().max())


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-14), (torch.float32, 1e-5), (torch.bfloat16, 0.02)]
)
def test_it_is_orthogonal_at_any_angles(dtype, tolerance):
    matrix = matrix_of(6, torch.float64).to(dtype)
    assert torch.equal(matrix(), matrix.start)
    torch.nn.init.normal_(matrix.angles, std=30)
    assert matrix().dtype == dtype
    assert deviation(matrix()) < tolerance
    assert float((matrix() - matrix.start).detach().abs().max()) > 0.1


def test_it_is_the_map_of_cayley():
    matrix = matrix_of(2)
    with torch.no_grad():
        matrix.start.copy_(torch.eye(2))
        matrix.angles.fill_(20 * torch.tensor(0.3, dtype=torch.float64).tan())
    turned = 2 * torch.tensor(0.3)
    expected = [[turned.cos(), turned.sin()], [-turned.sin(), turned.cos()]]
    torch.testing.assert_close(matrix(), torch.tensor(expected, dtype=torch.float64), atol=1e-7, rtol=0)


def test_every_angle_turns_it():
    matrix = matrix_of(4)
    jacobian = torch.func.jacrev(lambda angles: torch.func.functional_call(matrix, {"angles": angles}, ()))(
        matrix.angles.detach()
    )
    assert torch.linalg.matrix_rank(jacobian.flatten(0, 1)) == 4 * 3 / 2


def test_training_leaves_it_orthogonal_and_autocast_too():
    torch.manual_seed(0)
    layer = Recurrent(Elman(3, 8, nonlinearity="linear", orthogonal=True))
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    before = layer.cell.weights().weight_hh.detach()
    for _ in range(20):
        outputs, _ = layer(torch.randn(4, 6, 3))
        optimizer.zero_grad()
        (outputs - 1).square().mean().backward()
        optimizer.step()
    with torch.autocast("cpu", torch.bfloat16):
        after = layer.cell.weights().weight_hh
    assert float((after - before).detach().abs().max()) > 0.05
    assert deviation(after) < 1e-5


def test_a_linear_orthogonal_net_forgets_nothing():
    cell = Elman(3, 8, nonlinearity="linear", orthogonal=True, bias=False, dtype=torch.float64)
    inputs = torch.zeros(2, 500, 3, dtype=torch.float64)
    inputs[:, 0] = torch.randn(2, 3)
    outputs, _ = Recurrent(cell)(inputs)
    norms = outputs.norm(dim=-1)
    torch.testing.assert_close(norms, norms[:, :1].expand(-1, 500))


def test_a_settled_cell_gives_the_same_by_a_plain_weight():
    cell = Elman(3, 5, orthogonal=True)
    inputs = torch.randn(2, 4, 3)
    torch.nn.init.normal_(cell.rotation.angles)
    expected, _ = Recurrent(cell)(inputs)
    cell.settle()
    assert set(cell.state_dict()) == {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
    torch.testing.assert_close(Recurrent(cell)(inputs)[0], expected, rtol=0, atol=0)


def test_a_relu_net_starts_at_the_identity_and_begins_anew():
    cell = Elman(3, 5, nonlinearity="relu", orthogonal=True, initialization=IRNN)
    torch.nn.init.normal_(cell.rotation.angles)
    cell.reset_parameters()
    assert torch.equal(cell.weights().weight_hh, torch.eye(5))


def test_other_starts_and_other_cells_are_refused():
    with pytest.raises(ConfigError, match="expected an orthogonal start"):
        Elman(3, 5, orthogonal=True, initialization=Initialization(recurrent=Glorot()))
    with pytest.raises(ConfigError, match="orthogonal=True of the cell 'lstm'; expected an Elman cell"):
        make_cell("lstm", 3, 5, orthogonal=True)
