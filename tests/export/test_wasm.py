"""Programs as WebAssembly: the numbers of the stream, in node as in any browser."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.catalogue import Row, every_cell
from tests.export.compiled import COMPILER, STRICT, needs_compiler
from tests.trial import FEATURES, HIDDEN, unchecked
from torch import nn

from recurra.errors import ConfigError, MissingDependencyError
from recurra.export import to_program
from recurra.export.c import c_source
from recurra.export.exportable import Exportable
from recurra.export.wasm import compiler
from recurra.export.wasm.compiler import to_wasm
from recurra.export.wasm.page import module_text
from recurra.layers import Recurrent, Stack
from recurra.streaming import Activation, Embedding, Program, Scaling, Softmax

_unchecked = pytest.fixture(autouse=True)(unchecked)
PROGRAMS = ("clang", "wasm-ld", "node")
needs_node = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason=f"not installed: one of {', '.join(PROGRAMS)}"
)
SCRIPT = """
import { readFileSync } from "node:fs";
const { ABOUT, load } = await import("./net.mjs");
const net = await load(readFileSync("net.wasm")), given = JSON.parse(readFileSync("given.json"));
const [state, other] = [net.init(), net.init()];
const told = [];
for (const step of given) {
  net.step(other, given[0]);
  const before = net.snapshot(state), once = net.step(state, step);
  net.restore(state, before);
  told.push([...net.step(state, step)]);
  if (once.some((one, place) => !Object.is(one, told.at(-1)[place]))) throw new Error("it differs");
}
net.reset(state);
told.push([...net.step(state, given[0])]);
let refusals = 0;
for (const wrong of ABOUT.vocabulary ? [-1, ABOUT.vocabulary, 0.5] : [[...given[0], 0], []])
  try { net.step(state, wrong); } catch (error) { refusals += error instanceof RangeError; }
console.log(JSON.stringify({ told, refusals }));
"""  # fmt: skip


def told(folder: Path, program: Program, given: Any, weights: str = "float32") -> Any:
    net = Exportable(
        program, ConfigError("none", "one", "Look."), None, None, "numbers.", "numbers.", "nothing."
    )
    (folder / "net.wasm").write_bytes(to_wasm(c_source(program, "net", weights=weights), "net"))
    (folder / "net.mjs").write_text(module_text(net, program, "net"))
    (folder / "given.json").write_text(json.dumps(given.tolist()))
    (folder / "check.mjs").write_text(SCRIPT)
    done = json.loads(subprocess.check_output(["node", "check.mjs"], cwd=folder, text=True))
    assert done["refusals"] == (3 if program.takes_ids else 2)
    *found, anew = np.array(done["told"], np.float32)
    np.testing.assert_array_equal(anew, found[0])
    return np.stack(found)


@needs_node
@every_cell
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_every_cell_gives_what_the_stream_gives(row: Row, weights: str, tmp_path: Path) -> None:
    layers = [Recurrent(row.make(size, HIDDEN)) for size in (FEATURES, HIDDEN)]
    program = to_program([Stack(layers), nn.Linear(HIDDEN, 2)])
    given = torch.randn(40, FEATURES).numpy()
    expected = program.session(weights).run(given)
    scale = row.condition * max(1.0, float(np.abs(expected).max()))
    loose = 3e-2 if weights == "int8" else 1e-5  # int8: see the same test of `test_c.py`
    found = told(tmp_path, program, given, weights)
    np.testing.assert_allclose(found, expected, rtol=0, atol=loose * scale)


@needs_node
def test_ids(tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(7, FEATURES)).astype(np.float32)
    program = Program(
        [Embedding(table), *to_program(torch.nn.LSTM(FEATURES, HIDDEN)).layers, Softmax(log=True)]
    )
    given = np.array([0, 3, 6, 3])
    np.testing.assert_allclose(
        told(tmp_path, program, given), program.session().run(given), rtol=0, atol=1e-6
    )


@needs_node
def test_a_net_that_needs_more_than_a_page_of_memory(tmp_path: Path) -> None:
    program = to_program(torch.nn.GRU(3000, 3))
    given = np.random.default_rng(0).normal(size=(9, 3000)).astype(np.float32)
    np.testing.assert_allclose(
        told(tmp_path, program, given), program.session().run(given), rtol=0, atol=1e-5
    )


@needs_node
@pytest.mark.parametrize("function", ["exp", "gelu", "softplus"])
def test_functions_of_our_own_library(function: str, tmp_path: Path) -> None:
    steps = np.concatenate([np.linspace(-20, 20, 301), [-110, -88, 80, 1e-6, -1e-6]]).astype(np.float32)[
        :, None
    ]
    program = Program([Scaling(np.zeros(1, np.float32), np.ones(1, np.float32)), Activation(function)])
    expected = program.session().run(steps)
    np.testing.assert_allclose(told(tmp_path, program, steps), expected, rtol=3e-6, atol=1e-6)


LIBRARY = ("expf", "logf", "log1pf", "erff")
CHECK = """
#include <math.h>
#include <stdio.h>
{declared}
static int differ(float own, float other) {{
  if (own != own || other != other) return own == own || other == other;
  return own != other && fabsf(own - other) > 2.4e-7f * fabsf(other) && fabsf(own - other) > 1.5e-45f;
}}
int main(void) {{
  int k, wrong = 0;
  for (k = -3000; k <= 3000; ++k) {{
    const float x = (k < 0 ? -1.0f : 1.0f) * (float)pow(10.0, fabs(k * 0.025) - 37.0);
{compared}
  }}
  return wrong;
}}
"""


@needs_compiler
def test_the_library_is_that_of_c(tmp_path: Path) -> None:
    """Each function beside the C library's over all magnitudes: to two units of the last bit."""
    declared = "".join(f"float own_{name}(float x);\n" for name in LIBRARY)
    compared = "".join(
        f'if (differ(own_{name}(x), {name}(x)) && ++wrong) printf("{name} %g\\n", (double)x);\n'
        for name in LIBRARY
    )
    main, own, here = (
        tmp_path / "main.c",
        tmp_path / "own.o",
        Path(compiler.__file__).with_name("freestanding"),
    )
    main.write_text(CHECK.format(declared=declared, compared=compared))
    renamed = [f"-D{name}=own_{name}" for name in LIBRARY]
    gcc = [COMPILER, *STRICT]
    subprocess.run(
        [*gcc, "-ffreestanding", *renamed, "-I", here, "-c", here / "math.c", "-o", own], check=True
    )
    subprocess.run([*gcc, "-o", tmp_path / "check", main, own, "-lm"], check=True)
    done = subprocess.run([tmp_path / "check"], text=True, capture_output=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_a_missing_compiler_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = c_source(to_program(nn.Linear(3, 2)), "net")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="apt install clang lld"):
        to_wasm(source, "net")
    poor = tmp_path / "clang"
    poor.write_text("#!/bin/sh\necho 'error: unable to create target: wasm32' >&2\nexit 1\n")
    poor.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(MissingDependencyError, match=r"unable to create target.*wasm-ld"):
        to_wasm(source, "net")
