"""Weights that are refused, and rounded ones: as they should be, on every instruction set."""

import numpy as np
import pytest
from tests.streaming.equation import Reference
from tests.streaming.example import LAYERS, RECURRENT, make_program

from recurra.errors import ConfigError, DataError, ShapeError
from recurra.streaming import (
    GRU,
    LSTM,
    Activation,
    Affine,
    Elman,
    Embedding,
    Program,
    Residual,
    Running,
    Scaling,
    Softmax,
)


def rounded_to_bfloat16(array: np.ndarray) -> np.ndarray:
    bits = array.view(np.uint32).astype(np.uint64)
    upper = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return (upper << 16).astype(np.uint32).view(np.float32)


def test_bfloat16_is_float32_with_rounded_weights(instruction_set: str) -> None:
    random = np.random.default_rng(0)
    weight, bias = random.normal(size=(21, 37)).astype(np.float32), random.normal(size=21).astype(np.float32)
    weight[0, :4] = np.array([0x3F808000, 0x3F818000, 0x3F808001, 0xBF808000], np.uint32).view(np.float32)
    steps = random.normal(size=(5, 37)).astype(np.float32)
    rounded = Program([Affine(rounded_to_bfloat16(weight), bias)]).session().run(steps)
    assert Program([Affine(weight, bias)]).session("bfloat16").run(steps).tobytes() == rounded.tobytes()


@pytest.mark.parametrize("depth", [1, 3, 4, 31, 70, 300])
def test_int8_sums_are_exact(instruction_set: str, depth: int) -> None:
    """Weights and inputs that are whole numbers up to 127 already: so is the result."""
    random = np.random.default_rng(depth)
    weight = random.integers(-127, 128, (45, depth))
    weight[:, random.integers(depth)] = 127
    steps = random.integers(-127, 128, (7, depth))
    steps[:, random.integers(depth)] = -127
    program = Program([Affine(weight.astype(np.float32))])
    found = program.session("int8").run(steps.astype(np.float32))
    assert (found == steps @ weight.T).all()
    pool = program.pool(7, "int8")
    assert pool.step(pool.create(7), steps.astype(np.float32)).tobytes() == found.tobytes()


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize(("weights", "tolerance"), [("bfloat16", 0.02), ("int8", 0.05)])
def test_rounded_weights_stay_near(name: str, weights: str, tolerance: float) -> None:
    program = make_program([name, "affine"], 13, 33)
    steps = np.random.default_rng(1).normal(size=(20, 13)).astype(np.float32)
    error = np.abs(program.session(weights).run(steps) - Reference(program.layers).run(steps))
    assert 0 < error.max() < tolerance * (5 if name.startswith("layer_norm") else 1)


def test_int8_inputs_of_zero_or_no_number() -> None:
    program = make_program(["affine"], 9, 5)
    affine = program.layers[-1]
    session = Program([affine]).session("int8")
    assert session.step(np.zeros(9, np.float32)).tobytes() == affine.bias.tobytes()
    assert session.step(np.full(9, 1e-40, np.float32)).tobytes() == affine.bias.tobytes()
    for odd in (np.nan, np.inf, -np.inf):
        for place in range(9):
            x = np.ones(9, np.float32)
            x[place] = odd
            assert np.isnan(session.step(x)).all()
    assert np.isfinite(session.step(np.full(9, 1e38, np.float32))).all()


def test_int8_weights_of_zero() -> None:
    zeros = Program([Affine(np.zeros((3, 5), np.float32), np.ones(3, np.float32))])
    assert zeros.session("int8").step(np.ones(5, np.float32)).tolist() == [1, 1, 1]


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Affine([[1.0]]), ShapeError),
        (lambda: Affine(None), ShapeError),
        (lambda: Affine(np.zeros((3, 5))), ShapeError),
        (lambda: Affine(np.zeros((3, 5), np.int32)), ShapeError),
        (lambda: Affine(zeros(3)), ShapeError),
        (lambda: Affine(zeros(3, 5), zeros(5)), ShapeError),
        (lambda: Affine(zeros(0, 5)), ShapeError),
        (lambda: Affine(zeros(3, 0)), ShapeError),
        (lambda: Affine(np.broadcast_to(zeros(1), (1 << 17, 1))), ShapeError),
        (lambda: Affine(np.full((3, 5), np.nan, np.float32)), DataError),
        (lambda: Affine(zeros(3, 5), np.full(3, -np.inf, np.float32)), DataError),
        (lambda: Embedding(zeros(0, 3)), ShapeError),
        (lambda: Elman(zeros(3, 5), zeros(3, 4)), ShapeError),
        (lambda: Elman(zeros(3, 5), zeros(3, 3), nonlinearity="sigmoid"), ConfigError),
        (lambda: Elman(zeros(3, 5), zeros(3, 3), zoneout_hidden=1.5), ConfigError),
        (lambda: Elman(zeros(3, 5), zeros(3, 3), zoneout_hidden=float("nan")), ConfigError),
        (lambda: LSTM(zeros(10, 5), zeros(10, 3)), ShapeError),
        (lambda: LSTM(zeros(12, 5), zeros(12, 2)), ShapeError),
        (lambda: LSTM(zeros(12, 5), zeros(12, 2), weight_hr=zeros(3, 3)), ShapeError),
        (lambda: LSTM(zeros(12, 5), zeros(12, 3), weight_peephole=zeros(8)), ShapeError),
        (lambda: GRU(zeros(9, 5), zeros(9, 3), zeros(9), zeros(6)), ShapeError),
        (lambda: GRU(zeros(9, 5), zeros(9, 3), reset_after=1), ConfigError),
        (lambda: Scaling(zeros(3), zeros(3)), DataError),
        (lambda: Scaling(zeros(3), -np.ones(3, np.float32)), DataError),
        (lambda: Activation("swish"), ConfigError),
        (lambda: Activation("leaky_relu", slope=0.0), ConfigError),
        (lambda: Softmax(log="yes"), ConfigError),
        (lambda: Running("median", 3), ConfigError),
        (lambda: Running("max", 0), ConfigError),
        (lambda: Running("max", 1 << 17), ConfigError),
        (lambda: Running("max", True), ConfigError),
        (lambda: Running("max", 3.0), ConfigError),
        (lambda: Residual(()), ConfigError),
        (lambda: Residual((Affine(zeros(3, 5)),)), ConfigError),
        (lambda: Residual((Embedding(zeros(4, 1)),)), ConfigError),
        (lambda: Residual(("tanh",)), ConfigError),
        (lambda: Program([]), ConfigError),
        (lambda: Program([Softmax()]), ConfigError),
        (lambda: Program(["lstm"]), ConfigError),
        (lambda: Program([Affine(zeros(3, 5)), Affine(zeros(3, 5))]), ConfigError),
        (lambda: Program([Affine(zeros(1, 5)), Embedding(zeros(4, 2))]), ConfigError),
        (lambda: Program([Affine(zeros(3, 5))], {"at": {1, 2}}), ConfigError),
        (lambda: Program([Affine(zeros(3, 5))], {"at": float("nan")}), ConfigError),
    ],
)
def test_what_cannot_work_is_refused(make: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="expected"):
        make()


def test_connections_nest_so_deep_and_no_deeper() -> None:
    layer = Activation("tanh")
    for _ in range(16):
        layer = Residual((layer,))
    program = Program([Affine(np.eye(2, dtype=np.float32)), layer])
    steps = np.array([[0.1, -0.2]], np.float32)
    np.testing.assert_allclose(program.session().run(steps), Reference(program.layers).run(steps), rtol=1e-5)
    with pytest.raises(ConfigError, match="at most 16"):
        Residual((layer,))


def test_nobody_changes_the_weights_afterwards() -> None:
    weight = np.eye(3, dtype=np.float32)
    layer = Affine(weight)
    weight[:] = 7
    assert layer.weight.tolist() == np.eye(3).tolist()
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0, 0] = 5


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_layers_say_what_they_are(name: str) -> None:
    layer = make_program([name], 3, 5).layers[-1]
    assert type(layer).__name__ in repr(layer)
    assert "array" not in repr(layer)
