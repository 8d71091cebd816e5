"""Every op refuses the same wrong arguments with one of our errors, in the same words."""

import pytest
import torch
from tests.trial import unchecked
from torch.nn.utils.rnn import pack_sequence

from recurra.errors import ConfigError, ShapeError, UsageError
from recurra.ops.arguments import check_arguments, simplest
from recurra.ops.elman import ElmanState, ElmanWeights, elman
from recurra.ops.gru import GRUState, GRUWeights, gru
from recurra.ops.lstm import LSTMState, LSTMWeights, lstm
from recurra.ops.walk import Walk, without_padding

BATCH, TIME, FEATURES, HIDDEN = 2, 5, 3, 7


def weights_of(kind, gates):
    rows = gates * HIDDEN
    return kind(torch.randn(rows, FEATURES), torch.randn(rows, HIDDEN), torch.randn(rows), torch.randn(rows))


OPS = {
    "elman": (elman, weights_of(ElmanWeights, 1), ElmanState(torch.zeros(BATCH, HIDDEN))),
    "gru": (gru, weights_of(GRUWeights, 3), GRUState(torch.zeros(BATCH, HIDDEN))),
    "lstm": (
        lstm,
        weights_of(LSTMWeights, 4),
        LSTMState(torch.zeros(BATCH, HIDDEN), torch.zeros(BATCH, HIDDEN)),
    ),
}
without_type_checks = pytest.fixture(unchecked)
every_op = pytest.mark.parametrize("name", OPS)
INPUT = torch.randn(BATCH, TIME, FEATURES)


@every_op
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": torch.zeros(BATCH, FEATURES)}, r"expected \(batch, time, 3\)"),
        ({"input": torch.zeros(BATCH, TIME, 4)}, r"input of shape \(2, 5, 4\)"),
        ({"input": INPUT.double()}, "input of type torch.float64"),
        ({"input": INPUT.long()}, "input of type torch.int64"),
        ({"input": INPUT.to("meta")}, "input on meta"),
        ({"input": INPUT.numpy()}, "input is a ndarray"),
        ({"input": pack_sequence(list(INPUT))}, "Pass the padded tensor and lengths="),
        ({"lengths": [5, 3]}, "lengths is a list"),
        ({"lengths": torch.tensor([5.0, 3.0])}, "lengths of type torch.float32"),
        ({"lengths": torch.tensor([5])}, "lengths of shape"),
        ({"lengths": torch.tensor([6, 3])}, "between 0 and 5"),
        ({"lengths": torch.tensor([-1, 3])}, "between 0 and 5"),
        ({"resets": torch.zeros(BATCH, TIME)}, "resets of type torch.float32"),
        ({"resets": [[True]]}, "resets of type list"),
        ({"resets": torch.zeros(TIME, BATCH, dtype=torch.bool)}, "resets of shape"),
        ({"recurrent_mask": torch.ones(HIDDEN)}, "a recurrent mask of shape"),
    ],
)
def test_wrong_arguments_are_refused(name, change, message, without_type_checks):
    op, weights, state = OPS[name]
    arguments = {"input": INPUT, "weights": weights, "state": state} | change
    with pytest.raises(ShapeError, match=message) as caught:
        op(**arguments)
    assert isinstance(caught.value, UsageError)
    assert caught.value.remedy.endswith((".", "].", ")."))


@every_op
def test_a_wrong_state_is_refused(name, without_type_checks):
    op, weights, state = OPS[name]
    kind = type(state)
    with pytest.raises(ShapeError, match="state field 'hidden' of shape"):
        op(INPUT, weights, kind(*(field[:1] for field in state)))
    with pytest.raises(ShapeError, match="state field 'hidden' of type"):
        op(INPUT, weights, kind(*(field.double() for field in state)))
    with pytest.raises(ShapeError, match="a state of 3 fields"):
        op(INPUT, weights, (torch.zeros(BATCH, HIDDEN),) * 3)
    with pytest.raises(ShapeError, match="a state that is a plain tuple"):
        op(INPUT, weights, tuple(state))
    with pytest.raises(ShapeError, match="a state of type Tensor"):
        op(INPUT, weights, state.hidden)
    with pytest.raises(ShapeError, match="state field 'hidden' is a NoneType"):
        op(INPUT, weights, state._replace(hidden=None))


@every_op
def test_wrong_weights_are_refused(name):
    op, weights, state = OPS[name]
    with pytest.raises(ShapeError, match="weight_hh of shape"):
        op(INPUT, weights._replace(weight_hh=torch.zeros(2, 2)), state)
    with pytest.raises(ShapeError, match="bias_ih of shape"):
        op(INPUT, weights._replace(bias_ih=torch.zeros(2)), state)
    with pytest.raises(ShapeError, match="one bias of two"):
        op(INPUT, weights._replace(bias_hh=None), state)


def test_an_unknown_nonlinearity_is_refused():
    with pytest.raises(ConfigError, match="one of tanh, relu"):
        elman(INPUT, OPS["elman"][1], OPS["elman"][2], nonlinearity="sigmoid")


@every_op
@pytest.mark.parametrize("shape", [(0, TIME), (BATCH, 0), (0, 0)])
def test_nothing_in_nothing_out(name, shape):
    op, weights, state = OPS[name]
    state = type(state)(*(torch.ones(shape[0], HIDDEN) for _ in state))
    lengths = torch.zeros(shape[0], dtype=torch.int64)
    for options in ({}, {"lengths": lengths}, {"resets": torch.ones(shape, dtype=torch.bool)}):
        outputs, final = op(torch.randn(*shape, FEATURES), weights, state, **options)
        assert outputs.shape == (*shape, HIDDEN)
        assert all(torch.equal(field, given) for field, given in zip(final, state, strict=True))


def test_arguments_take_their_simplest_form():
    full = simplest(Walk(torch.tensor([5, 5]), torch.zeros(BATCH, TIME, dtype=torch.bool)), INPUT)
    assert full.lengths is None
    assert full.resets is None
    assert without_padding(INPUT, full) == (INPUT, full)
    cut = simplest(Walk(torch.tensor([5, 2]), torch.ones(BATCH, TIME, dtype=torch.bool)), INPUT)
    clean, cut = without_padding(INPUT, cut)
    assert cut.resets.sum(dim=1).tolist() == [5, 2]
    assert not clean[1, 2:].any()
    with pytest.raises(ShapeError, match="state field 'hidden' of shape"):
        check_arguments(
            INPUT, ElmanState(torch.zeros(3, HIDDEN)), input_size=FEATURES, parameter=INPUT, walk=Walk()
        )
