"""Programs as modules again, in ONNX step by step and whole, in torch without recurra: the same numbers."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.catalogue import CELLS, Row
from tests.trial import FEATURES, HIDDEN, TIME, unchecked
from torch import Tensor, nn

from recurra import streaming
from recurra.cells import GRU, LSTM, LayerNormLSTM, Zoneout
from recurra.errors import ConfigError
from recurra.export import to_onnx, to_program
from recurra.export.steps import OneStep, WholeSteps
from recurra.export.torch_program import OPERATORS, to_torch_program
from recurra.layers import Bidirectional, Recurrent, Stack
from recurra.streaming import Program
from recurra.streaming.activation import FUNCTIONS

pytestmark = [
    pytest.mark.usefixtures("without_type_checks"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
without_type_checks = pytest.fixture(unchecked)
DYNAMIC = torch.export.Dim.DYNAMIC
WHOLE = ({0: DYNAMIC, 1: DYNAMIC}, {0: DYNAMIC})
LENGTHS = torch.tensor([TIME, 1, 0, 4])
NOT_IN_TORCH = ("elman_linear", "lstm_peepholes", "gru_reset_before", "layer_norm", "zoneout")
NOT_IN_ONNX = ("layer_norm", "zoneout", "projected")


def every_layer() -> Program:
    """All cells one upon another, and all other layers but the embedding."""
    stack = Stack([Recurrent(row.make(HIDDEN, HIDDEN)) for row in CELLS], residual=True)
    draw = np.random.default_rng(0)
    mean, scale = (draw.uniform(0.5, 2, HIDDEN).astype(np.float32) for _ in range(2))
    return Program([
        streaming.Scaling(mean, scale),
        streaming.Residual(tuple(streaming.Activation(name) for name in FUNCTIONS if name != "exp")),
        streaming.LayerNorm(scale, mean),
        *to_program(stack).layers,
        streaming.LayerNorm(scale, mean),
        streaming.Activation("exp"),
        streaming.Running("mean", HIDDEN),
        streaming.Running("max", HIDDEN),
        streaming.Scaling(mean, scale, inverse=True),
        *to_program(nn.Linear(HIDDEN, 3)).layers,
        streaming.Softmax(log=True),
    ])  # fmt: skip


def test_a_module_gives_what_the_program_gives_whole_and_step_by_step() -> None:
    program, inputs = every_layer(), torch.randn(2, TIME, HIDDEN)
    whole, step = WholeSteps(program).eval(), OneStep(program).eval()
    assert dict(zip(step.names, step.sizes, strict=True)) == {
        name.replace(".", "_"): size for name, size in program.state_sizes.items()
    }
    state: list[Tensor] = [torch.zeros(2, size) for size in step.sizes]
    expected = torch.stack([torch.from_numpy(program.session().run(row.numpy())) for row in inputs])
    with torch.no_grad():
        torch.testing.assert_close(whole(inputs, torch.tensor([TIME, TIME])), expected, rtol=1e-4, atol=1e-4)
        for number in range(TIME):
            output, *state = step(inputs[:, number], *state)
            torch.testing.assert_close(output, expected[:, number], rtol=1e-4, atol=1e-4)


def test_a_step_of_every_layer_in_onnx(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    program, inputs = every_layer(), torch.randn(3, TIME, HIDDEN).numpy()
    step = OneStep(program).eval()
    names = [f"state_{name}" for name in step.names]
    path = to_onnx(
        step,
        (torch.zeros(2, HIDDEN), *(torch.zeros(2, size) for size in step.sizes)),
        tmp_path / "step.onnx",
        dynamic_shapes=({0: DYNAMIC}, tuple({0: DYNAMIC} for _ in names)),
        input_names=["values", *names],
    )
    kinds = [node.op_type for node in onnx.load(path).graph.node]
    assert [kinds.count(kind) for kind in ("RNN", "LSTM", "GRU")] == [5, 3, 3]
    session = runtime.InferenceSession(str(path))
    state: dict[str, Any] = {
        name: np.zeros((3, size), np.float32) for name, size in zip(names, step.sizes, strict=True)
    }
    expected = np.stack([program.session().run(row) for row in inputs])
    for number in range(TIME):
        output, *after = session.run(None, {"values": inputs[:, number], **state})
        state = dict(zip(names, after, strict=True))
        np.testing.assert_allclose(output, expected[:, number], rtol=1e-4, atol=1e-4)


class BothWays(nn.Module):
    """Cells in both directions, from the end, and from the beginning."""

    def __init__(self, rows: list[Row]) -> None:
        super().__init__()
        self.first = nn.ModuleList(
            [Bidirectional(row.make(FEATURES, HIDDEN), row.make(FEATURES, HIDDEN)) for row in rows]
        )
        self.second = nn.ModuleList([Recurrent(row.make(FEATURES, HIDDEN), reverse=True) for row in rows])
        self.third = nn.ModuleList([Recurrent(row.make(FEATURES, HIDDEN)) for row in rows])

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        parts = [*self.first, *self.second, *self.third]
        return torch.cat([part(values, lengths=lengths)[0] for part in parts], dim=-1)


def rows_without(names: tuple[str, ...]) -> list[Row]:
    return [row for row in CELLS if not any(name in row.name for name in names)]


def given() -> tuple[Tensor, Tensor]:
    return torch.randn(2, 5, FEATURES), torch.tensor([5, 2])


def test_every_cell_that_onnx_has_over_random_lengths(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    rows = rows_without(NOT_IN_ONNX)
    assert len(rows) == 11
    module = BothWays(rows).eval()
    names = ["values", "lengths"]
    path = to_onnx(module, given(), tmp_path / "m.onnx", dynamic_shapes=WHOLE, input_names=names)
    session = runtime.InferenceSession(str(path))
    for _ in range(3):
        values, lengths = torch.randn(6, 11, FEATURES), torch.randint(0, 12, (6,))
        (told,) = session.run(None, {"values": values.numpy(), "lengths": lengths.numpy()})
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(told), module(values, lengths), rtol=1e-5, atol=1e-5)


def test_every_cell_that_torch_has_runs_without_recurra(tmp_path: Path) -> None:
    rows = rows_without(NOT_IN_TORCH)
    assert len(rows) == 9
    module = BothWays(rows).eval()
    torch.export.save(to_torch_program(module, given(), WHOLE), tmp_path / "m.pt2")
    values = torch.randn(4, TIME, FEATURES)
    torch.save([values, LENGTHS], tmp_path / "given.pt")
    without_recurra(
        tmp_path,
        """
        model = torch.export.load("m.pt2").module()
        with torch.no_grad():
            torch.save(model(*torch.load("given.pt")), "told.pt")
        """,
    )
    with torch.no_grad():
        expected = module(values, LENGTHS)
    torch.testing.assert_close(torch.load(tmp_path / "told.pt"), expected, rtol=1e-6, atol=1e-6)


def without_recurra(folder: Path, program: str) -> str:
    """What a process says that cannot import recurra."""
    blocked = 'import sys\nsys.modules["recurra"] = None\nimport torch\n' + textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-c", blocked], cwd=folder, check=True, text=True, stdout=subprocess.PIPE
    )
    return done.stdout


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (LSTM(FEATURES, HIDDEN, peepholes=True), "lstm with peepholes"),
        (GRU(FEATURES, HIDDEN, reset_after=False), "gru_reset_before"),
        (LayerNormLSTM(FEATURES, HIDDEN), "layer_norm_lstm"),
        (Zoneout(GRU(FEATURES, HIDDEN), 0.1), "gru with zoneout"),
    ],
    ids=["peepholes", "reset before", "layer norm", "zoneout"],
)
def test_what_torch_has_not_is_told(cell: Any, words: str) -> None:
    program = to_program(Recurrent(cell))
    with pytest.raises(ConfigError, match=words) as caught:
        to_torch_program(WholeSteps(program), given(), WHOLE)
    assert all(name in str(caught.value) for name in OPERATORS)


def test_a_module_that_uses_a_last_state_is_refused() -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = Recurrent(GRU(FEATURES, HIDDEN))

        def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
            state: Tensor = self.layer(values, lengths=lengths)[1].hidden
            return state

    with pytest.raises(ConfigError, match="uses the last state"):
        to_torch_program(Last(), given(), WHOLE)
