"""Every layer does what its equations say, and what torch's modules do."""

import numpy as np
import pytest
import torch
from tests.streaming.equation import Reference
from tests.streaming.example import LAYERS, RECURRENT, make_program

from recurra import cells
from recurra.streaming import GRU, LSTM, Activation, Affine, Elman, LayerNorm, LayerNormLSTM, Program, Softmax

SIZES = [(3, 5), (7, 8), (13, 33), (1, 1), (16, 16)]


@pytest.mark.parametrize(("features", "hidden"), SIZES)
@pytest.mark.parametrize("name", LAYERS)
def test_layer_follows_its_equations(name: str, features: int, hidden: int) -> None:
    program = make_program([name], features, hidden)
    steps = np.random.default_rng(1).normal(size=(11, features)).astype(np.float32)
    expected = Reference(program.layers).run(steps)
    np.testing.assert_allclose(program.session().run(steps), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", RECURRENT)
def test_stack_behind_an_embedding_follows_its_equations(name: str) -> None:
    program = make_program([name, "tanh", name, "affine", "log_softmax"], 5, 11, vocabulary=7)
    ids = np.random.default_rng(2).integers(0, 7, 13)
    expected = Reference(program.layers).run(ids)
    np.testing.assert_allclose(program.session().run(ids), expected, rtol=1e-5, atol=1e-5)


def numbers(module: torch.nn.Module, *names: str) -> dict[str, np.ndarray | None]:
    state = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    return {name: state.get(name) for name in names}


GATED = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
ZONEOUT = {"zoneout_hidden": 0.1, "zoneout_cell": 0.3}


def zoned(cell: cells.Cell) -> cells.Cell:
    return cells.Zoneout(cell, {"hidden": 0.1, "cell": 0.3})


CELLS = {
    "elman": (lambda: cells.Elman(5, 7), lambda c: Elman(**numbers(c, *GATED))),
    "elman_relu": (
        lambda: cells.Elman(5, 7, nonlinearity="relu", bias=False),
        lambda c: Elman(**numbers(c, *GATED), nonlinearity="relu"),
    ),
    "elman_linear": (
        lambda: cells.Elman(5, 7, nonlinearity="linear"),
        lambda c: Elman(**numbers(c, *GATED), nonlinearity="linear"),
    ),
    "lstm": (
        lambda: cells.LSTM(5, 7, peepholes=True, proj_size=3),
        lambda c: LSTM(**numbers(c, *GATED, "weight_hr", "weight_peephole")),
    ),
    "lstm_zoneout": (
        lambda: zoned(cells.LSTM(5, 7)),
        lambda c: LSTM(**numbers(c.cell, *GATED), **ZONEOUT),
    ),
    "gru": (lambda: cells.GRU(5, 7), lambda c: GRU(**numbers(c, *GATED))),
    "gru_reset_before": (
        lambda: cells.GRU(5, 7, reset_after=False),
        lambda c: GRU(**numbers(c, *GATED), reset_after=False),
    ),
    "layer_norm_lstm": (
        lambda: zoned(cells.LayerNormLSTM(5, 7, epsilon=1e-3)),
        lambda c: LayerNormLSTM(
            **numbers(c.cell, *LayerNormLSTM.shapes), epsilon=1e-3, **ZONEOUT
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_cell_is_that_of_torch(name: str) -> None:
    make_cell, make_layer = CELLS[name]
    cell = make_cell().eval()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    steps = torch.randn(9, 5)
    state, outputs = cell.initial_state(1), []
    with torch.no_grad():
        for step in steps:
            output, state = cell(step[None], state)
            outputs.append(output[0].numpy())
    session = Program([make_layer(cell)]).session()
    np.testing.assert_allclose(session.run(steps.numpy()), np.stack(outputs), rtol=1e-5, atol=1e-5)
    final = {f"0.{field}": getattr(state, field)[0].detach().numpy() for field in state._fields}
    assert session.state.keys() == final.keys()
    for part, expected in final.items():
        np.testing.assert_allclose(session.state[part], expected, rtol=1e-5, atol=1e-5)


MODULES = {
    "linear": (torch.nn.Linear(5, 7), lambda m: Affine(**numbers(m, "weight", "bias"))),
    "layer_norm": (torch.nn.LayerNorm(5), lambda m: LayerNorm(**numbers(m, "weight", "bias"))),
    "softmax": (torch.nn.Softmax(-1), lambda _: Softmax()),
    "log_softmax": (torch.nn.LogSoftmax(-1), lambda _: Softmax(log=True)),
    "leaky_relu": (torch.nn.LeakyReLU(0.2), lambda _: Activation("leaky_relu", slope=0.2)),
    "tanh": (torch.nn.Tanh(), lambda _: Activation("tanh")),
    "relu": (torch.nn.ReLU(), lambda _: Activation("relu")),
    "elu": (torch.nn.ELU(), lambda _: Activation("elu")),
    "sigmoid": (torch.nn.Sigmoid(), lambda _: Activation("sigmoid")),
    "silu": (torch.nn.SiLU(), lambda _: Activation("silu")),
    "gelu": (torch.nn.GELU(), lambda _: Activation("gelu")),
    "softplus": (torch.nn.Softplus(), lambda _: Activation("softplus")),
}


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("name", MODULES)
def test_module_is_that_of_torch(name: str, scale: float) -> None:
    module, make_layer = MODULES[name]
    identity = Affine(np.eye(5, dtype=np.float32))
    steps = scale * torch.randn(9, 5)
    with torch.no_grad():
        expected = module(steps).numpy()
    found = Program([identity, make_layer(module)]).session().run(steps.numpy())
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 if scale == 1 else 3e-5)


@pytest.mark.parametrize("function", ["exp", "softplus", "elu", "sigmoid", "tanh", "gelu", "silu"])
def test_activation_holds_over_the_whole_range(function: str) -> None:
    edges = [np.inf, 88.7, 88.8, 0.0, -0.0]
    inputs = np.concatenate([np.linspace(-200, 200, 4001), edges]).astype(np.float32)
    program = Program([Affine(np.ones((1, 1), np.float32)), Activation(function)])
    found = program.session().run(inputs[:, None])[:, 0]
    with torch.no_grad():
        named = torch.exp if function == "exp" else getattr(torch.nn.functional, function)
        expected = named(torch.from_numpy(inputs).double()).float().numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-38 if function == "exp" else 1e-6)


def test_nan_goes_through_and_a_reset_ends_it() -> None:
    for name in LAYERS:
        program = make_program([name], 3, 5)
        session = program.session()
        poisoned = session.step(np.array([1, np.nan, 2], np.float32))
        assert np.isnan(poisoned).any(), name
        session.reset()
        fresh = program.session().step(np.ones(3, np.float32))
        assert session.step(np.ones(3, np.float32)).tobytes() == fresh.tobytes(), name
