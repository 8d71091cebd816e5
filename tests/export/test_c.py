"""Programs as C: they compile without a warning, run without an error, and give what the stream gives."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.catalogue import Row, every_cell
from tests.export.compiled import (
    CHECKED,
    COMPILER,
    FAST,
    build,
    fuses_as_the_engine,
    needs_compiler,
    outputs_of,
    run,
)
from tests.trial import FEATURES, HIDDEN, unchecked
from torch import nn

from recurra.errors import ConfigError
from recurra.export import to_program
from recurra.export.c import c_source
from recurra.export.c.library import functions
from recurra.layers import Recurrent, Stack
from recurra.streaming import Activation, Embedding, LayerNorm, Program, Residual, Running, Scaling, Softmax
from recurra.streaming.activation import FUNCTIONS

pytestmark = needs_compiler
_unchecked = pytest.fixture(autouse=True)(unchecked)


def written(folder: Path, program: Program, weights: str = "float32", **options: Any) -> Path:
    source = c_source(program, "net", weights=weights, **options)
    (folder / "net.h").write_text(source.header)
    (folder / "net.c").write_text(source.source)
    return folder


def check(folder: Path, program: Program, weights: str = "float32", *, steps: Any = None) -> None:
    written(folder, program, weights)
    given = np.random.default_rng(1).normal(size=(40, program.input_size)) if steps is None else steps
    given = given.astype(np.int32 if program.takes_ids else np.float32)
    expected = program.session(weights).run(given)
    scale = max(1.0, float(np.abs(expected).max()))
    told = outputs_of(folder, "net", program, given)
    np.testing.assert_allclose(told, expected, rtol=0, atol=1e-5 * scale)


@every_cell
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_every_cell_gives_what_the_stream_gives(row: Row, weights: str, tmp_path: Path) -> None:
    layers = [Recurrent(row.make(size, HIDDEN)) for size in (FEATURES, HIDDEN, HIDDEN)]
    program = to_program([Stack(layers, residual=True), nn.Linear(HIDDEN, 2)])
    written(tmp_path, program, weights)
    given = torch.randn(40, FEATURES).numpy()
    expected = program.session(weights).run(given)
    scale = row.condition * max(1.0, float(np.abs(expected).max()))
    told = outputs_of(tmp_path, "net", program, given)
    # A number halfway between two whole ones may be rounded to either, which int8 then tells apart.
    loose = 3e-2 if weights == "int8" else 1e-5
    np.testing.assert_allclose(told, expected, rtol=0, atol=loose * scale)


@every_cell
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_with_fused_multiply_adds_it_has_the_bits_of_the_stream(
    row: Row, weights: str, tmp_path: Path
) -> None:
    if not fuses_as_the_engine():
        pytest.skip("compiler or engine has no fused multiply-adds")
    if "layer_norm" in row.name:
        pytest.skip("the engine sums over features lane by lane")
    program = to_program([Stack([Recurrent(row.make(size, 9)) for size in (FEATURES, 9)]), nn.Linear(9, 2)])
    written(tmp_path, program, weights)
    given = torch.randn(60, FEATURES).numpy()
    told = outputs_of(tmp_path, "net", program, given, FAST)
    np.testing.assert_array_equal(told, program.session(weights).run(given))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_of_a_feature(function: str, tmp_path: Path) -> None:
    steps = np.linspace(-20, 20, 301).reshape(-1, 1)
    layers = [Scaling(np.zeros(1, np.float32), np.ones(1, np.float32)), Activation(function, slope=0.2)]
    program = Program(layers)
    written(tmp_path, program)
    told = outputs_of(tmp_path, "net", program, steps)
    np.testing.assert_allclose(told, program.session().run(steps.astype(np.float32)), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("kept", ["max", "mean"])
def test_other_layers(tmp_path: Path, kept: str, log: bool) -> None:
    draw = np.random.default_rng(0)
    mean, scale = (draw.uniform(0.5, 2, 5).astype(np.float32) for _ in range(2))
    inner = Residual((LayerNorm(scale), Residual((Activation("tanh"),))))
    layers = [
        Scaling(mean, scale),
        inner,
        Running(kept, 5),
        LayerNorm(scale, mean),
        Scaling(mean, scale, inverse=True),
    ]
    check(tmp_path, Program([*layers, Softmax(log=log)]))


def test_ids_outside_the_vocabulary_change_nothing(tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(7, FEATURES)).astype(np.float32)
    program = Program([Embedding(table), *to_program(torch.nn.GRU(FEATURES, HIDDEN)).layers])
    check(tmp_path, program, steps=np.array([0, 3, 6, 3]))
    given = np.array([0, -1, 3, 7, 6], np.int32)
    told = outputs_of(tmp_path, "net", program, given)
    np.testing.assert_allclose(told, program.session().run(np.array([0, 3, 6])), rtol=0, atol=1e-6)


def test_nan_and_infinity_go_where_they_go_in_the_stream(tmp_path: Path) -> None:
    program = to_program([torch.nn.LSTM(2, 3), nn.Linear(3, 2)])
    given = np.array([[1, 2], [np.inf, -3], [1, -np.inf], [np.nan, 1], [1, 1]], np.float32)
    for weights in ("float32", "int8"):
        written(tmp_path, program, weights)
        told = outputs_of(tmp_path, "net", program, given)
        np.testing.assert_allclose(told, program.session(weights).run(given), rtol=0, atol=1e-6)


TWO = """
#include <stdio.h>
#include "{name}.h"
int main(void) {{
  static {name}_state one, other;
  const float x[{upper}_INPUT_SIZE] = {{1.0f, 2.0f}}, y[{upper}_INPUT_SIZE] = {{-1.0f, 0.5f}};
  float out[{upper}_OUTPUT_SIZE];
  {name}_init(&one);
  {name}_init(&other);
  {name}_step(&one, x, out);
  {name}_step(&other, y, out);
  {name}_step(&one, y, out);
  fwrite(out, sizeof out, 1, stdout);
  {name}_reset(&one);
  {name}_step(&one, x, out);
  fwrite(out, sizeof out, 1, stdout);
  return 0;
}}
"""


def test_states_are_apart_and_begin_anew(tmp_path: Path) -> None:
    program = to_program(torch.nn.LSTM(2, 3))
    written(tmp_path, program)
    told = run(build(tmp_path, "net", TWO), np.zeros(0, np.float32), 3)
    expected = program.session().run(np.array([[1, 2], [-1, 0.5]], np.float32))
    np.testing.assert_allclose(told, expected[::-1], rtol=0, atol=1e-6)


TABLE = """
#include <stdio.h>
#include "{name}.h"
int main(void) {{
  int number;
  for (number = 0; number < {upper}_OUTPUT_SIZE; ++number) fwrite({name}_outputs[number], 1, 8, stdout);
  return 0;
}}
"""


def test_names_of_outputs_are_the_same_text(tmp_path: Path) -> None:
    names = ['a"??/\\%', "żółw1"]
    assert [len(name.encode()) for name in names] == [7, 8]
    written(tmp_path, to_program(nn.Linear(3, 2)), outputs=names, about=["An end */ in a comment."])
    told = subprocess.run([build(tmp_path, "net", TABLE)], stdout=subprocess.PIPE, check=True).stdout
    assert told == b'a"??/\\%\0' + "żółw1".encode()


def test_functions_follow_those_that_they_call_and_are_no_others() -> None:
    known = functions()
    for number, (name, one) in enumerate(known.items()):
        assert set(one.calls) <= set(list(known)[:number]), name
        assert not name.endswith(("_init", "_reset", "_step", "_state", "_outputs")), "may be one of NAME's"


@pytest.mark.parametrize("name", ["", "2nets", "a-b", "x" * 40])
def test_a_name_that_is_none_in_c_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="letters, digits and _"):
        c_source(to_program(nn.Linear(3, 2)), name)


def test_weights_that_c_has_not_are_refused() -> None:
    with pytest.raises(ConfigError, match="float32, int8"):
        c_source(to_program(nn.Linear(3, 2)), "net", weights="bfloat16")


def test_the_compiler_is_strict(tmp_path: Path) -> None:
    written(tmp_path, to_program(nn.Linear(3, 2)))
    with (tmp_path / "net.c").open("a") as file:
        file.write("static int unused(void) { return 0; }\n")
    with pytest.raises(subprocess.CalledProcessError):
        build(tmp_path, "net", "int main(void) {{ return 0; }}", CHECKED)
    assert COMPILER
