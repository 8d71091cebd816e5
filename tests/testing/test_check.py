"""The conformance suite finds what it is there to find: every broken cell breaks the promise foreseen."""

from typing import NamedTuple

import pytest
import torch
from tests.trial import unchecked
from torch import Tensor, nn

from recurra.cells import GRU, LSTM, Cell, Elman, FusedCell
from recurra.errors import ConfigError
from recurra.ops.elman import ElmanState
from recurra.ops.gru import GRUState
from recurra.testing import PROMISES, BrokenPromiseError, check_cell


class Decay(Cell[GRUState]):
    """A cell of one's own that keeps every promise: h' = a h + W x."""

    def __init__(self):
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = 3, 4, 4
        self.weight = nn.Parameter(torch.randn(4, 3))
        self.decay = nn.Parameter(torch.rand(4))

    def initial_state(self, batch_size):
        return GRUState(self.weight.new_zeros(batch_size, 4))

    def project_input(self, input):
        return input @ self.weight.T

    def step(self, projected, state, recurrent_mask=None):
        hidden = state.hidden if recurrent_mask is None else state.hidden * recurrent_mask
        hidden = torch.tanh(self.decay * hidden + projected)
        return hidden, GRUState(hidden)


class NoSize(Decay):
    def __init__(self):
        super().__init__()
        self.output_size = None


class PlainState(Decay):
    def initial_state(self, batch_size):
        return (self.weight.new_zeros(batch_size, 4),)

    def step(self, projected, state, recurrent_mask=None):
        hidden, state = super().step(projected, GRUState(*state), recurrent_mask)
        return hidden, (hidden,)


class PlainNextState(Decay):
    def step(self, projected, state, recurrent_mask=None):
        hidden, state = super().step(projected, state, recurrent_mask)
        return hidden, (hidden,)


class CannotBeCopied(Decay):
    def __init__(self):
        super().__init__()
        self.doubled = 2 * self.weight


class FixedType(Decay):
    def initial_state(self, batch_size):
        return GRUState(torch.zeros(batch_size, 4))


class OtherOutput(Decay):
    def step(self, projected, state, recurrent_mask=None):
        hidden, state = super().step(projected, state, recurrent_mask)
        return 2 * hidden, state


class GrowingState(Decay):
    def step(self, projected, state, recurrent_mask=None):
        hidden, _ = super().step(projected, GRUState(state.hidden[:, :4]), recurrent_mask)
        return hidden, GRUState(torch.cat([hidden, hidden], dim=1))


class OtherForward(Decay):
    def forward(self, input, state):
        output, state = super().forward(input, state)
        return output + 1, GRUState(state.hidden + 1)


class ProjectionOverTime(Decay):
    def project_input(self, input):
        projected = super().project_input(input)
        return projected.cumsum(dim=1) if projected.dim() == 3 else projected


class TwoAxesOnly(Decay):
    def project_input(self, input):
        return torch.mm(input, self.weight.T)


class InPlace(Decay):
    def step(self, projected, state, recurrent_mask=None):
        output, after = super().step(projected, state, recurrent_mask)
        state.hidden.mul_(2)
        return output, after


class KeepsState(Decay):
    last = 0.0

    def step(self, projected, state, recurrent_mask=None):
        output, _ = super().step(projected, GRUState(state.hidden + self.last), recurrent_mask)
        self.last = output.detach()
        return output, GRUState(output)


class KeepsGraph(Decay):
    def __init__(self):
        super().__init__()
        self.trace = torch.zeros(1)

    def step(self, projected, state, recurrent_mask=None):
        output, state = super().step(projected, state, recurrent_mask)
        self.trace = output
        return output, state


class NoMask(Decay):
    def step(self, projected, state):
        return super().step(projected, state)


class IgnoresMask(Elman):
    def __init__(self):
        super().__init__(3, 4)

    def step(self, projected, state, recurrent_mask=None):
        ones = None if recurrent_mask is None else torch.ones_like(recurrent_mask)
        return super().step(projected, state, ones)


class MasksOutput(Decay):
    def step(self, projected, state, recurrent_mask=None):
        output, state = super().step(projected, state)
        output = output if recurrent_mask is None else output * recurrent_mask * 2
        return output, GRUState(output)


class SwapsRows(Decay):
    def step(self, projected, state, recurrent_mask=None):
        output, _ = super().step(projected, state, recurrent_mask)
        return output.flip(0), GRUState(output.flip(0))


class NormalizesBatch(Decay):
    def step(self, projected, state, recurrent_mask=None):
        output, _ = super().step(projected, state, recurrent_mask)
        output = output - output.mean(dim=0, keepdim=True)
        return output, GRUState(output)


class NormalizesBatchInTraining(Decay):
    def __init__(self):
        super().__init__()
        self.normalization = nn.BatchNorm1d(4)

    def step(self, projected, state, recurrent_mask=None):
        output, _ = super().step(projected, state, recurrent_mask)
        output = self.normalization(output)
        return output, GRUState(output)


class Counting(NamedTuple):
    hidden: Tensor
    started: Tensor


class ZerosAreNoState(Decay):
    """Its state has to start from ones."""

    def initial_state(self, batch_size):
        return Counting(self.weight.new_zeros(batch_size, 4), self.weight.new_ones(batch_size, 4))

    def step(self, projected, state, recurrent_mask=None):
        output, _ = super().step(projected, GRUState(state.hidden), recurrent_mask)
        output = output / state.started
        return output, Counting(output, state.started)


class OwnRandomness(Decay):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def step(self, projected, state, recurrent_mask=None):
        output, state = super().step(projected, state, recurrent_mask)
        if self.training:
            generator = torch.Generator()
            generator.seed()
            output = output + torch.rand(output.shape, generator=generator)
        return output, GRUState(output)


class UnusedWeight(Decay):
    def __init__(self):
        super().__init__()
        self.spare = nn.Parameter(torch.zeros(2))


class HiddenWeight(Decay):
    def __init__(self):
        super().__init__()
        self.shift = [nn.Parameter(torch.ones(4))]

    def project_input(self, input):
        return super().project_input(input) + self.shift[0].to(input.dtype)


class AlwaysDouble(Decay):
    def project_input(self, input):
        return input.double() @ self.weight.double().T


class WithoutGradient(Decay):
    def step(self, projected, state, recurrent_mask=None):
        with torch.no_grad():
            return super().step(projected, state, recurrent_mask)


class NotDifferentiable(Decay):
    def step(self, projected, state, recurrent_mask=None):
        return super().step(projected, GRUState(state.hidden.detach()), recurrent_mask)


class OnceOnly(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.exp()

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * x.detach().exp()


class DifferentiableOnce(Decay):
    def step(self, projected, state, recurrent_mask=None):
        output, _ = super().step(projected, state, recurrent_mask)
        output = OnceOnly.apply(output)
        return output, GRUState(output)


class OtherRun(FusedCell[ElmanState]):
    """A fused cell whose op forgets the initial state."""

    def __init__(self):
        super().__init__()
        self.inner = Elman(3, 4)
        self.input_size, self.hidden_size, self.output_size = 3, 4, 4

    def initial_state(self, batch_size):
        return self.inner.initial_state(batch_size)

    def project_input(self, input):
        return self.inner.project_input(input)

    def step(self, projected, state, recurrent_mask=None):
        return self.inner.step(projected, state, recurrent_mask)

    def op(self):
        op = self.inner.op()
        return lambda given, *, state, **options: op(given, state=type(state)(0 * state.hidden), **options)


without_type_checks = pytest.fixture(unchecked)

BROKEN = {
    NoSize: "sizes_are_stated",
    CannotBeCopied: "sizes_are_stated",
    PlainNextState: "output_is_the_hidden_state",
    PlainState: "state_is_a_named_tuple",
    FixedType: "state_is_a_named_tuple",
    OtherOutput: "output_is_the_hidden_state",
    GrowingState: "output_is_the_hidden_state",
    OtherForward: "forward_is_project_and_step",
    ProjectionOverTime: "projection_needs_no_order",
    TwoAxesOnly: "projection_needs_no_order",
    InPlace: "arguments_stay_as_they_are",
    KeepsState: "nothing_is_kept",
    KeepsGraph: "nothing_is_kept",
    NoMask: "mask_of_ones_changes_nothing",
    IgnoresMask: "mask_of_zeros_parts_the_units",
    MasksOutput: "mask_of_ones_changes_nothing",
    SwapsRows: "rows_are_independent",
    NormalizesBatch: "rows_are_independent",
    NormalizesBatchInTraining: "rows_are_independent",
    WithoutGradient: "padding_changes_nothing",
    ZerosAreNoState: "resets_start_anew",
    OwnRandomness: "same_seed_same_bits",
    UnusedWeight: "every_weight_is_used",
    HiddenWeight: "weights_are_the_cell",
    AlwaysDouble: "types_follow_the_weights",
    NotDifferentiable: "gradient_is_right",
    DifferentiableOnce: "second_derivative_is_right",
    OtherRun: "backends_agree",
}


def test_a_cell_of_ones_own_passes():
    check_cell(Decay())
    check_cell(Decay(), batch_size=2, time_steps=4, seed=7)


@pytest.mark.parametrize(
    ("kind", "promise"), BROKEN.items(), ids=lambda item: getattr(item, "__name__", item)
)
def test_a_broken_cell_is_caught(kind, promise):
    with pytest.raises(
        BrokenPromiseError, match=f"^{kind.__name__} breaks the promise '{promise}'"
    ) as caught:
        check_cell(kind())
    assert isinstance(caught.value, AssertionError)
    assert caught.value.remedy.endswith(".")


def test_what_cannot_be_tried_is_refused(without_type_checks):
    for given in (nn.LSTMCell(3, 4), Decay, "lstm"):
        with pytest.raises(ConfigError, match="expected an instance of a subclass"):
            check_cell(given)
    for sizes in ({"batch_size": 1}, {"time_steps": 3}):
        with pytest.raises(ConfigError, match="at least 2 rows and 4 steps"):
            check_cell(Decay(), **sizes)


def test_the_cell_itself_is_not_touched():
    cell = LSTM(3, 4)
    before = [weight.clone() for weight in cell.parameters()]
    check_cell(cell)
    assert cell.training
    assert all(torch.equal(old, new) for old, new in zip(before, cell.parameters(), strict=True))
    assert all(weight.grad is None for weight in cell.parameters())


def test_every_promise_says_what_it_is():
    assert len({promise.__name__ for promise in PROMISES}) == len(PROMISES)
    assert all(promise.__doc__ for promise in PROMISES)


def test_larger_cells_are_checked_too():
    check_cell(GRU(20, 30))
