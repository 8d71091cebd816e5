"""What lies strangely in memory, what is no number, and what is wrong."""

import time

import pytest
import torch
from tests.catalogue import every_cell
from tests.trial import (
    BATCH,
    FEATURES,
    HIDDEN,
    TIME,
    assert_close,
    assert_same,
    outcome,
    random_input,
    random_lengths,
    random_state,
    unchecked,
    weighted,
)

import recurra
from recurra.cells import GRU, LSTM, Elman
from recurra.errors import ConfigError, ShapeError
from recurra.layers import Recurrent
from recurra.ops.walk import Kept, mapped

pytest.importorskip("recurra.native._engine")

without_type_checks = pytest.fixture(unchecked)


def shifted(tensor):
    """The same numbers, one element further in memory than vectors would like."""
    room = tensor.new_empty(tensor.numel() + 1)
    room[1:] = tensor.flatten()
    return room[1:].view(tensor.shape)


def transposed(tensor):
    """The same numbers, the last two axes swapped in memory."""
    return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)


def spread(tensor):
    """The same numbers, every other element in memory."""
    return tensor.repeat_interleave(2, dim=-1)[..., ::2]


strangely = pytest.mark.parametrize("laid", [shifted, transposed, spread])


def native(row, dtype=torch.float64):
    return Recurrent(row.make(FEATURES, HIDDEN).to(dtype).eval(), backend="native")


@every_cell
@strangely
def test_arguments_may_lie_anyhow(row, laid):
    layer = native(row)
    inputs, state = random_input(), random_state(layer.initial_state(BATCH))
    lengths, resets = random_lengths(), torch.rand(BATCH, TIME) < 0.3
    expected = outcome(layer, inputs, state, lengths=lengths, resets=resets)
    for weight in layer.parameters():
        weight.data = laid(weight.data) if weight.dim() == 2 else shifted(weight.data)
    got = outcome(
        layer,
        laid(inputs),
        mapped(laid, state),
        lengths=spread(lengths),
        resets=transposed(resets),
    )
    assert_same(got, expected)


@every_cell
def test_arguments_may_be_expanded(row):
    layer = native(row)
    learnt = [torch.randn(1, field.shape[1], dtype=torch.float64) for field in layer.initial_state(1)]
    step = torch.randn(BATCH, 1, FEATURES, dtype=torch.float64)
    results = []
    for expand in (True, False):
        leaves = [tensor.clone().requires_grad_() for tensor in [step, *learnt]]
        inputs, fields = leaves[0].expand(-1, TIME, -1), [leaf.expand(BATCH, -1) for leaf in leaves[1:]]
        if not expand:
            inputs, fields = inputs.contiguous(), [field.contiguous() for field in fields]
        outputs, final = layer(inputs, type(layer.initial_state(1))(*fields))
        gradients = torch.autograd.grad(weighted(outputs, 0) + weighted(final[-1], 1), leaves)
        results.append([outputs, *gradients])
    for got, expected in zip(*results, strict=True):
        assert_close(got, expected)


@every_cell
def test_a_gradient_that_is_expanded(row):
    layer, inputs = native(row), random_input().requires_grad_()
    (got,) = torch.autograd.grad(layer(inputs)[0].sum(), inputs)
    outputs, _ = layer(inputs)
    (expected,) = torch.autograd.grad(outputs, inputs, torch.ones_like(outputs))
    assert_close(got, expected)


@every_cell
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_spreads_as_in_the_reference(row, value):
    cell = row.make(FEATURES, HIDDEN).double().eval()
    state = random_state(cell.initial_state(BATCH))
    for place in ("input", "state", *(name for name, _ in cell.named_parameters())):
        inputs, before = random_input(), mapped(torch.clone, state)
        weights = {name: weight.detach().clone() for name, weight in cell.named_parameters()}
        broken = {"input": inputs, "state": before[-1], **weights}[place]
        broken.view(-1)[broken.numel() // 2] = value
        results = []
        for backend in ("native", "reference"):
            layer = Recurrent(cell, backend=backend)
            named = {f"cell.{name}": weight for name, weight in weights.items()}
            outputs, final = torch.func.functional_call(layer, named, (inputs, before))
            results.append([outputs, *final])
        for got, expected in zip(*results, strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-11, atol=1e-12, equal_nan=True, msg=place)


@every_cell
def test_a_loss_that_is_no_number_is_seen_in_every_gradient(row):
    """A guard against overflow asks the gradients whether something went wrong."""
    layer, inputs = native(row), random_input().requires_grad_()
    outputs, _ = layer(inputs)
    gradients = torch.autograd.grad((outputs * torch.nan).sum(), [inputs, *layer.parameters()])
    assert all(gradient.isnan().any() for gradient in gradients)


@every_cell
@pytest.mark.parametrize(("dtype", "tiny"), [(torch.float32, 1e-40), (torch.float64, 1e-310)])
def test_numbers_too_small_to_be_normal(row, dtype, tiny):
    cell = row.make(FEATURES, HIDDEN).to(dtype).eval()
    inputs, state = torch.full((BATCH, TIME, FEATURES), tiny, dtype=dtype), cell.initial_state(BATCH)
    state = mapped(lambda field: torch.full_like(field, -tiny), state)
    expected, got = (
        outcome(Recurrent(cell, backend=backend), inputs, state) for backend in ("reference", "native")
    )
    if row.name in (
        "elman_relu",
        "elman_orthogonal",
    ):  # ReLU: to the engine such a sum is zero, where the slope is zero too
        expected, got = ({k: v for k, v in one.items() if "gradient" not in k} for one in (expected, got))
    assert_same(got, expected, row.condition)
    assert torch.full((1,), tiny, dtype=dtype).mul(0.5).item() != 0, (
        "the caller's own arithmetic is as it was"
    )


@pytest.mark.parametrize("make", [Elman, LSTM, GRU])
def test_small_numbers_cost_nothing_extra(make):
    cell = make(1, 64, bias=False)
    with torch.no_grad():
        for weight in cell.parameters():
            weight.zero_()
        cell.weight_hh.fill_(1e-30)
    layer, inputs = Recurrent(cell, backend="native").eval(), torch.zeros(16, 100, 1)

    def seconds(value):
        state = mapped(lambda field: torch.full_like(field, value), cell.initial_state(16))
        took = []
        for _ in range(9):
            start = time.perf_counter()
            with torch.no_grad():
                layer(inputs, state)
            took.append(time.perf_counter() - start)
        return min(took)

    assert seconds(1e-10) < 3 * seconds(1.0) + 1e-3  # products of 1e-40


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"input": torch.randn(BATCH, TIME)}, ShapeError, "input of shape"),
        ({"input": torch.randn(BATCH, TIME, FEATURES + 1)}, ShapeError, "input of shape"),
        ({"input": torch.randn(BATCH, TIME, FEATURES).double()}, ShapeError, "input of type"),
        ({"input": torch.zeros(BATCH, TIME, FEATURES, dtype=torch.int64)}, ShapeError, "input of type"),
        ({"input": torch.randn(BATCH, TIME, FEATURES, device="meta")}, ShapeError, "input on meta"),
        ({"lengths": torch.tensor([8, 0, 3, 5, 1])}, ShapeError, "lengths between 0 and 8"),
        ({"lengths": torch.tensor([-1, 0, 3, 5, 1])}, ShapeError, "lengths between -1 and 5"),
        ({"lengths": torch.tensor([1, 2])}, ShapeError, "lengths of shape"),
        ({"lengths": torch.ones(BATCH, dtype=torch.int32)}, ShapeError, "lengths of type"),
        ({"resets": torch.zeros(BATCH, TIME + 1, dtype=torch.bool)}, ShapeError, "resets of shape"),
        ({"resets": torch.zeros(BATCH, TIME)}, ShapeError, "resets of type"),
    ],
)
def test_wrong_arguments_are_refused(change, error, message, without_type_checks):
    layer = Recurrent(LSTM(FEATURES, HIDDEN), backend="native")
    arguments = {"input": torch.randn(BATCH, TIME, FEATURES)} | change
    with pytest.raises(error, match=message):
        layer(**arguments)


def test_wrong_states_are_refused(without_type_checks):
    layer = Recurrent(LSTM(FEATURES, HIDDEN), backend="native")
    inputs, state = torch.randn(BATCH, TIME, FEATURES), layer.initial_state(BATCH)
    for wrong in (
        layer.initial_state(BATCH - 1),
        state._replace(hidden=torch.zeros(BATCH, HIDDEN + 1)),
        state._replace(cell=torch.zeros(BATCH)),
        mapped(torch.Tensor.double, state),
        mapped(lambda field: field.to("meta"), state),
        (state.hidden,),
    ):
        with pytest.raises(ShapeError, match="state"):
            layer(inputs, wrong)


@every_cell
@pytest.mark.parametrize("change", [torch.Tensor.double, torch.Tensor.bfloat16, lambda w: w.to("meta")])
def test_weights_of_different_kinds_are_refused(row, change, without_type_checks):
    cell = row.make(FEATURES, HIDDEN)
    for module, name in [(m, name) for m in cell.modules() for name, _ in m.named_parameters(recurse=False)]:
        before = getattr(module, name)
        setattr(module, name, torch.nn.Parameter(change(before.detach())))
        with pytest.raises(ShapeError):
            Recurrent(cell)(torch.randn(BATCH, TIME, FEATURES), cell.initial_state(BATCH))
        setattr(module, name, before)


def test_masks_of_another_kind_are_refused():
    cell, inputs = LSTM(FEATURES, HIDDEN), torch.randn(BATCH, TIME, FEATURES)
    state, mask = cell.initial_state(BATCH), torch.ones(BATCH, HIDDEN)
    for wrong in (mask.double(), mask.long(), mask.to("meta"), mask[:1], mask[:, :1]):
        with pytest.raises(ShapeError, match="a recurrent mask"):
            cell.op()(inputs, state=state, recurrent_mask=wrong)
    kept = torch.zeros(BATCH, TIME, HIDDEN, dtype=torch.bool)
    for wrong in (kept.float(), kept.to("meta"), kept[:, :1]):
        with pytest.raises(ShapeError, match="a zoneout mask"):
            cell.op()(inputs, state=state, zoneout=Kept((0.5, 0.5), (kept, wrong)))
    expected, _ = cell.op()(inputs, state=state, recurrent_mask=1.25 * mask)
    with torch.autocast("cpu"):
        outputs, _ = cell.op()(inputs, state=state, recurrent_mask=(1.25 * mask).bfloat16())
    assert torch.equal(outputs, expected)


def test_what_the_engine_cannot_do_is_said():
    inputs = torch.randn(BATCH, TIME, FEATURES)
    for cell, given, reason in [
        (LSTM(FEATURES, HIDDEN).bfloat16(), inputs.bfloat16(), "not in torch.bfloat16"),
        (LSTM(FEATURES, HIDDEN, device="meta"), inputs.to("meta"), "the tensors are on meta"),
        (LSTM(FEATURES, HIDDEN), inputs[:0], "at least one row"),
        (LSTM(FEATURES, HIDDEN), inputs[:, :0], "one step"),
    ]:
        with pytest.raises(ConfigError, match=reason):
            Recurrent(cell, backend="native")(given)
        Recurrent(cell)(given)


def test_lengths_that_nobody_saw_before_are_refused():
    """A compiled program cannot look at them, so the operator does; see also test_native_compile.py."""
    layer = recurra.GRU(FEATURES, HIDDEN, batch_first=True)
    inputs = torch.randn(3, TIME, FEATURES)

    def run(lengths):
        return layer(inputs, lengths=lengths)[0]

    for wrong in (TIME + 1, -1, 2**62, -(2**62)):
        with pytest.raises(ShapeError, match="expected between 0 and 7"):
            torch.func.vmap(run)(torch.tensor([[1, 2, 3], [wrong, 0, 1]]))


@every_cell
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_gradients(row, mode):
    layer, inputs = native(row), random_input()
    expected, state = layer(inputs)
    with mode():
        outputs, last = layer(inputs)
    assert torch.equal(outputs, expected)
    assert not outputs.requires_grad
    assert all(torch.equal(one, two) for one, two in zip(last, state, strict=True))
