"""Exported C by another compiler, and on another processor: the numbers of the stream."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.catalogue import Row, every_cell
from tests.export.compiled import ELSEWHERE, Toolchain, fuses_as_the_engine, missing, outputs_of
from tests.trial import FEATURES, unchecked
from torch import nn

from recurra.export import to_program
from recurra.export.c import c_source
from recurra.layers import Recurrent, Stack
from recurra.streaming import Activation, LayerNorm, Program, Running, Scaling, Softmax
from recurra.streaming.activation import FUNCTIONS

_unchecked = pytest.fixture(autouse=True)(unchecked)
WEIGHTS = pytest.mark.parametrize("weights", ["float32", "int8"])


@pytest.fixture(params=ELSEWHERE)
def by(request: pytest.FixtureRequest) -> Toolchain:
    """A compiler that is installed."""
    found = ELSEWHERE[request.param]
    if missing(found):
        pytest.skip(missing(found))
    return found


def told(folder: Path, program: Program, weights: str, given: Any, by: Toolchain) -> Any:
    source = c_source(program, "net", weights=weights)
    (folder / "net.h").write_text(source.header)
    (folder / "net.c").write_text(source.source)
    return outputs_of(folder, "net", program, given, by)


@every_cell
@WEIGHTS
def test_every_cell_gives_what_the_stream_gives(
    row: Row, weights: str, by: Toolchain, tmp_path: Path
) -> None:
    program = to_program([Stack([Recurrent(row.make(size, 9)) for size in (FEATURES, 9)]), nn.Linear(9, 2)])
    given = torch.randn(60, FEATURES).numpy()
    expected = program.session(weights).run(given)
    found = told(tmp_path, program, weights, given, by)
    if fuses_as_the_engine(by) and "layer_norm" not in row.name:  # it sums over features lane by lane
        np.testing.assert_array_equal(found, expected)
        return
    scale = row.condition * max(1.0, float(np.abs(expected).max()))
    loose = 3e-2 if weights == "int8" else 1e-5  # int8: see the same test of `test_c.py`
    np.testing.assert_allclose(found, expected, rtol=0, atol=loose * scale)


def test_every_other_layer(by: Toolchain, tmp_path: Path) -> None:
    mean, scale = (np.random.default_rng(seed).uniform(0.5, 2, 5).astype(np.float32) for seed in (0, 1))
    functions = [Activation(name, slope=0.2) for name in FUNCTIONS if name != "exp"]
    layers = [Scaling(mean, scale), LayerNorm(scale), *functions, Running("mean", 5), LayerNorm(scale, mean)]
    program = Program([*layers, Scaling(mean, scale, inverse=True), Softmax(log=True)])
    given = np.random.default_rng(2).normal(size=(40, 5)).astype(np.float32)
    found = told(tmp_path, program, "float32", given, by)
    np.testing.assert_allclose(found, program.session().run(given), rtol=0, atol=1e-5)
