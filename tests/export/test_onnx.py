"""ONNX models: recurrences are ONNX's own nodes, with the numbers of torch, for any batch and time."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.trial import unchecked
from torch import Tensor, nn

import recurra
from recurra import native
from recurra.cells import GRU, LSTM, Elman, LayerNormLSTM
from recurra.errors import ConfigError, MissingDependencyError
from recurra.export import to_onnx, translations
from recurra.layers import Bidirectional, Recurrent, Stack

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

without_type_checks = pytest.fixture(unchecked)  # tracing has numbers that are no int
pytestmark = [
    pytest.mark.usefixtures("without_type_checks"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

FEATURES = 3


class Everything(nn.Module):
    """Every recurrence that ONNX has, each in two forms where it has some."""

    def __init__(self) -> None:
        super().__init__()
        options: dict[str, Any] = {"batch_first": True}
        self.parts = nn.ModuleList([
            recurra.LSTM(FEATURES, 5, num_layers=2, bidirectional=True, **options),
            recurra.GRU(FEATURES, 4, bidirectional=True, **options),
            recurra.RNN(FEATURES, 6, bias=False, **options),
            recurra.RNN(FEATURES, 2, nonlinearity="relu", num_layers=2, bidirectional=True, **options),
            Stack([
                Bidirectional(LSTM(FEATURES, 4, peepholes=True), LSTM(FEATURES, 4, peepholes=True)),
                Recurrent(GRU(8, 5, reset_after=False), reverse=True),
                Recurrent(Elman(5, 3)),
                Bidirectional(
                    Elman(3, 4, nonlinearity="linear", orthogonal=True), Elman(3, 4, nonlinearity="linear")
                ),
            ]),
        ])  # fmt: skip
        self.continued = recurra.LSTM(FEATURES, 4, **options)

    def forward(self, input: Tensor, hidden: Tensor, lengths: Tensor) -> list[Tensor]:
        found: list[Tensor] = []
        for part in self.parts:
            outputs, state = part(input, lengths=lengths)
            found += [outputs, *flat(state), part(input)[0]]
        outputs, state = self.continued(input, (hidden, hidden * 2), lengths=lengths)
        return [*found, outputs, *flat(state)]


def flat(state: Any) -> list[Tensor]:
    return [state] if isinstance(state, Tensor) else [one for part in state for one in flat(part)]


def test_every_recurrence_is_a_node_with_the_numbers_of_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = Everything()
    for part in module.parameters():
        nn.init.uniform_(part, -0.8, 0.8)
    dynamic = torch.export.Dim.DYNAMIC
    shapes = ({0: dynamic, 1: dynamic}, {1: dynamic}, {0: dynamic})
    with monkeypatch.context() as patched:  # the engine is not asked to compute
        patched.setattr(native, "unavailable_reason", lambda: "it was not built")
        given = (torch.randn(2, 5, FEATURES), torch.randn(1, 2, 4), torch.tensor([5, 2]))
        names = ["input", "hidden", "lengths"]
        path = to_onnx(module, given, tmp_path / "m.onnx", dynamic_shapes=shapes, input_names=names)
    assert module.training

    kinds = [node.op_type for node in onnx.load(path).graph.node]
    assert {kind: kinds.count(kind) for kind in ("LSTM", "GRU", "RNN", "Loop", "Scan")} == {
        "LSTM": 7, "GRU": 4, "RNN": 10, "Loop": 0, "Scan": 0,
    }  # fmt: skip

    larger = (torch.randn(4, 7, FEATURES), torch.randn(1, 4, 4), torch.tensor([7, 1, 4, 0]))
    session = onnxruntime.InferenceSession(str(path))
    told = session.run(None, {name: one.numpy() for name, one in zip(names, larger, strict=True)})
    with torch.no_grad():
        expected = module.eval()(*larger)
    assert len(told) == len(expected)
    for one, other in zip(told, expected, strict=True):
        torch.testing.assert_close(torch.from_numpy(one), other, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (recurra.LSTM(FEATURES, 5, proj_size=2), "a projection"),
        (Recurrent(LayerNormLSTM(FEATURES, 4)), "layer_norm_lstm"),
        (recurra.GRU(FEATURES, 4).bfloat16(), "torch.bfloat16"),
    ],
    ids=["projection", "layer norm", "bfloat16"],
)
def test_what_onnx_has_not_is_told(module: nn.Module, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        to_onnx(module, (torch.randn(2, 3, FEATURES),), tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'recurra\[onnx\]'"):
        translations()
