"""Exported programs give the modules' numbers, and what cannot stream is told by its name."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tests.catalogue import Row, every_cell
from tests.trial import FEATURES, HIDDEN, TIME, assert_close, unchecked
from torch import Tensor, nn

import recurra
from recurra import cells
from recurra.errors import ConfigError
from recurra.export import to_program
from recurra.export.registry import CONVERTERS
from recurra.layers import Bidirectional, Recurrent, Stack, VariationalDropout
from recurra.layers.pooling import Pooling
from recurra.models.encoder_decoder import EncoderDecoder
from recurra.models.feed_forward import FeedForward
from recurra.models.many_to_one import ManyToOne
from recurra.recurrence import Recurrence
from recurra.streaming import Program

_unchecked = pytest.fixture(autouse=True)(unchecked)


def whole_and_step_by_step(program: Program, inputs: Tensor) -> Tensor:
    """What a program gives for (time, ...) at once, and that single steps give the same bits."""
    steps = inputs.numpy()
    whole = program.session().run(steps)
    session = program.session()
    np.testing.assert_array_equal(np.stack([session.step(step) for step in steps]), whole)
    return torch.from_numpy(whole)


def check(module: nn.Module, condition: float = 1.0, features: int = FEATURES) -> None:
    module.eval()
    inputs = torch.randn(TIME, features)
    with torch.no_grad():
        expected = module(inputs.unsqueeze(0))
    expected = (expected[0] if isinstance(expected, tuple) else expected).squeeze(0)
    assert_close(whole_and_step_by_step(to_program(module), inputs), expected, condition)


@every_cell
def test_every_cell_streams_with_its_own_numbers(row: Row) -> None:
    check(Recurrent(row.make(FEATURES, HIDDEN)), row.condition)


@every_cell
def test_every_cell_streams_in_a_stack_with_residuals(row: Row) -> None:
    layers = [Recurrent(row.make(size, HIDDEN)) for size in (FEATURES, HIDDEN, HIDDEN)]
    check(Stack(layers, dropout=0.5, residual=True), 3 * row.condition)


@every_cell
def test_a_cell_alone_is_one_step(row: Row) -> None:
    cell = row.make(FEATURES, HIDDEN).eval()
    inputs = torch.randn(TIME, FEATURES)
    program = to_program(cell)
    state = cell.initial_state(1)
    for step, given in zip(program.session().run(inputs.numpy()), inputs, strict=True):
        with torch.no_grad():
            expected, state = cell(given.unsqueeze(0), state)
        assert_close(torch.from_numpy(step), expected[0], row.condition)


def sized(kind: Any, **settings: Any) -> Callable[[], nn.Module]:
    return lambda: kind(FEATURES, HIDDEN, num_layers=2, batch_first=True, dropout=0.3, **settings)


DROP_INS = {
    f"{home}.{name}{number}": sized(kind, **settings)
    for home, package in (("recurra", recurra), ("torch", nn))
    for name in ("RNN", "LSTM", "GRU")
    for kind in (getattr(package, name),)
    for number, settings in enumerate([
        {}, {"bias": False}, *([{"nonlinearity": "relu"}] if name == "RNN" else []),
        *([{"proj_size": HIDDEN - 1}] if name == "LSTM" else []),
    ])
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("name", DROP_INS)
def test_modules_with_torchs_weights_stream(name: str) -> None:
    check(DROP_INS[name]())


SIMPLE = {
    "linear": nn.Identity,
    "without bias": lambda: nn.Linear(HIDDEN, 5, bias=False),
    "layer_norm": lambda: nn.LayerNorm(HIDDEN, eps=1e-3),
    "layer_norm without weights": lambda: nn.LayerNorm(HIDDEN, eps=1e-3, elementwise_affine=False),
    "layer_norm without bias": lambda: nn.LayerNorm(HIDDEN, eps=1e-3, bias=False),
    "dropout": lambda: nn.Dropout(0.5),
    "variational dropout": lambda: VariationalDropout(0.5),
    "softmax": lambda: nn.Softmax(-1),
    "log_softmax": lambda: nn.LogSoftmax(-1),
    "leaky_relu": lambda: nn.LeakyReLU(0.3),
    **{kind.__name__: kind for kind in (nn.Tanh, nn.ReLU, nn.Sigmoid, nn.SiLU, nn.ELU, nn.GELU, nn.Softplus)},
}


@pytest.mark.parametrize("name", SIMPLE)
def test_layers_of_a_single_step_stream(name: str) -> None:
    check(nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.Sequential(SIMPLE[name]())))


def test_every_kind_of_module_is_tried() -> None:
    tried = {type(part) for make in (*SIMPLE.values(), *DROP_INS.values()) for part in make().modules()}
    elsewhere = {cells.Elman, cells.LSTM, cells.GRU, cells.LayerNormLSTM, cells.Zoneout, Recurrent, Stack}
    elsewhere |= {Bidirectional, Pooling, nn.Embedding, nn.Sequential, nn.Linear}
    assert set(CONVERTERS) <= tried | elsewhere


def test_modules_in_order_with_an_embedding_first() -> None:
    embedding, recurrence, output = (
        nn.Embedding(6, FEATURES),
        recurra.GRU(FEATURES, HIDDEN),
        nn.Linear(HIDDEN, 2),
    )
    program = to_program([embedding, recurrence, output], metadata={"for": "a test"})
    ids = torch.tensor([0, 5, 3, 3, 1])
    with torch.no_grad():
        expected = output(recurrence(embedding(ids))[0])
    assert_close(whole_and_step_by_step(program, ids), expected)
    assert (program.takes_ids, program.vocabulary, program.metadata) == (True, 6, {"for": "a test"})


@pytest.mark.parametrize(
    "model",
    [
        FeedForward(FEATURES, HIDDEN, 2, dropout=0.3),
        ManyToOne(FEATURES, 2, Recurrence(hidden_size=HIDDEN, zoneout=0.2, num_layers=2)),
        ManyToOne(FEATURES, 2, Recurrence(hidden_size=HIDDEN, num_layers=2, residual=True)),
    ],
)
def test_models_that_say_what_a_step_runs_through(model: nn.Module) -> None:
    model.eval()
    inputs = torch.randn(TIME, FEATURES)
    streamed = whole_and_step_by_step(to_program(model), inputs)
    for step in range(1, TIME + 1):
        with torch.no_grad():
            given = inputs[:step].unsqueeze(0) if isinstance(model, ManyToOne) else inputs[step - 1 : step]
            assert_close(streamed[step - 1], model(given)[0])


def test_weights_of_other_types_become_float32() -> None:
    layer = Recurrent(cells.LSTM(FEATURES, HIDDEN, dtype=torch.float64)).eval()
    inputs = torch.randn(TIME, FEATURES, dtype=torch.float64)
    streamed = torch.from_numpy(to_program(layer).session().run(inputs.numpy()))
    with torch.no_grad():
        assert_close(streamed, layer(inputs.unsqueeze(0))[0][0].float())


def test_a_program_keeps_the_weights_of_its_moment() -> None:
    linear = nn.Linear(FEATURES, 2)
    program = to_program(linear)
    before = program.session().step(np.ones(FEATURES, np.float32))
    nn.init.zeros_(linear.weight)
    np.testing.assert_array_equal(program.session().step(np.ones(FEATURES, np.float32)), before)


class Doubled(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:
        return 2 * super().forward(input)


class Holder(nn.Module):
    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def stream_modules(self) -> list[nn.Module]:
        return [nn.Sequential(nn.Linear(2, 2), self.part)]


REFUSED = {
    "layers.1 (Bidirectional) starts at the last step": lambda: Stack(
        [Recurrent(cells.GRU(3, 4)), Bidirectional(cells.GRU(4, 4), cells.GRU(4, 4))]
    ),
    "Recurrent starts at the last step": lambda: Recurrent(cells.GRU(3, 4), reverse=True),
    "1 (LSTM) starts at the last step": lambda: nn.Sequential(nn.Tanh(), nn.LSTM(3, 4, bidirectional=True)),
    "GRU starts at the last step": lambda: recurra.GRU(3, 4, bidirectional=True),
    "0 (MultiheadAttention) is no module": lambda: [nn.MultiheadAttention(4, 2)],
    "Conv1d is no module": lambda: nn.Conv1d(3, 4, 1),
    "EncoderDecoder is no module": lambda: EncoderDecoder(3, 2, Recurrence(hidden_size=4)),
    "Doubled is no module": lambda: Doubled(3, 4),
    "cell (Zoneout) is around another one": lambda: Recurrent(
        cells.Zoneout(cells.Zoneout(cells.GRU(3, 4), 0.1), 0.1)
    ),
    "1 (Pooling) weighs all steps": lambda: [nn.Linear(3, 4), Pooling("attention", 4)],
    "0 (Embedding) changes its weights": lambda: [nn.Embedding(5, 3, max_norm=1.0)],
    "1 (LayerNorm) normalises over 2 axes": lambda: nn.Sequential(nn.Linear(3, 4), nn.LayerNorm((7, 4))),
    "ELU has alpha=0.5": lambda: nn.ELU(alpha=0.5),
    "GELU has approximate='tanh'": lambda: nn.GELU(approximate="tanh"),
    "Softplus has beta=2.0": lambda: nn.Softplus(beta=2.0),
    "Softmax has dim=1": lambda: nn.Softmax(1),
    "1 (Conv1d) is no module": lambda: Holder(nn.Conv1d(3, 4, 1)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_stream_is_told_by_name(message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        to_program(REFUSED[message]())


def test_the_part_of_a_model_is_told_by_its_dotted_name() -> None:
    model = ManyToOne(3, 2, Recurrence(hidden_size=4))
    model.encoder = Stack([Bidirectional(cells.GRU(4, 4), cells.GRU(4, 4), merge="sum")])
    with pytest.raises(ConfigError, match=r"^encoder\.layers\.0 \(Bidirectional\) starts"):
        to_program(model)


def test_nothing_to_run_is_refused() -> None:
    with pytest.raises(ConfigError, match="no layers"):
        to_program([])
    with pytest.raises(ConfigError, match="any number of features"):
        to_program(nn.Tanh())
