"""Layers on top of each other: order, dropout between them, residual connections."""

import math

import pytest
import torch
from tests.trial import BATCH, FEATURES, HIDDEN, assert_close, random_input, random_lengths, unchecked

import recurra
from recurra.cells import GRU, LSTM, Zoneout
from recurra.config import validated
from recurra.errors import ConfigError, ShapeError
from recurra.layers import Bidirectional, Recurrent, Stack, VariationalDropout, make_stack
from recurra.recurrence import Recurrence


def layers_of():
    below = Bidirectional(GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN))
    return [below, Recurrent(LSTM(2 * HIDDEN, HIDDEN)), Recurrent(GRU(HIDDEN, HIDDEN))]


def test_every_layer_reads_the_one_below():
    layers = layers_of()
    stack = Stack(layers).double()
    inputs, lengths = random_input(), random_lengths()
    outputs, state = stack(inputs, lengths=lengths)
    expected = inputs
    for layer in layers:
        expected, _ = layer(expected, lengths=lengths)
    assert_close(outputs, expected)
    again, _ = stack(inputs, stack.initial_state(BATCH), lengths=lengths)
    assert_close(again, outputs)
    assert (stack.input_size, stack.output_size, len(state)) == (FEATURES, HIDDEN, 3)


def test_a_stack_is_a_layer():
    stack = Stack([Stack([Recurrent(GRU(FEATURES, 5))]), Recurrent(GRU(5, 7))])
    outputs, state = stack(random_input(dtype=torch.float32))
    assert outputs.shape[-1] == 7
    assert stack(random_input(dtype=torch.float32), state)[0].shape == outputs.shape


def test_residual_connections_where_the_sizes_allow():
    layers = layers_of()
    stack = Stack(layers, residual=True).double()
    inputs = random_input()
    one, _ = layers[0](inputs)
    two, _ = layers[1](one)
    three, _ = layers[2](two)
    assert_close(stack(inputs)[0], three + two)


def test_residual_outputs_are_zero_past_a_length():
    stack = Stack([Recurrent(GRU(FEATURES, FEATURES))], residual=True)
    inputs = random_input(dtype=torch.float32)
    inputs[1, 2:] = torch.nan
    outputs, _ = stack(inputs, lengths=torch.tensor([7, 2, 7, 7, 7]))
    assert not outputs[1, 2:].any()
    assert outputs[1, :2].all()


def test_residual_connections_are_not_dropped():
    stack = Stack([Recurrent(GRU(FEATURES, 5)), Recurrent(GRU(5, 5))], dropout=1.0, residual=True)
    inputs = random_input(dtype=torch.float32)
    below, _ = stack.layers[0](inputs)
    assert torch.equal(stack(inputs)[0], below), "the layer above sees zeros, and has no bias yet"


@pytest.mark.parametrize("variational", [False, True])
def test_dropout_acts_between_layers_in_training_only(variational):
    stack = Stack(layers_of(), dropout=0.5, variational=variational)
    inputs = random_input(dtype=torch.float32)
    first, other = stack(inputs), stack(inputs)
    assert torch.equal(first[1][0].forward.hidden, other[1][0].forward.hidden)
    assert not torch.equal(first[1][1].hidden, other[1][1].hidden)
    stack.eval()
    assert torch.equal(stack(inputs)[0], stack(inputs)[0])


def test_everything_dropped_between_layers_leaves_only_the_biases():
    stack = Stack([Recurrent(GRU(FEATURES, 5)), Recurrent(GRU(5, 7))], dropout=1.0)
    outputs, _ = stack(random_input(dtype=torch.float32))
    assert not outputs.any()


without_type_checks = pytest.fixture(unchecked)


def test_wrong_settings_are_refused(without_type_checks):
    with pytest.raises(ConfigError, match="no layers"):
        Stack([])
    with pytest.raises(ConfigError, match="layer 0 of 5 features below one that takes 4"):
        Stack([Recurrent(GRU(3, 5)), Recurrent(GRU(4, 5))])
    with pytest.raises(ConfigError, match="no layer is as wide as its input"):
        Stack([Recurrent(GRU(3, 5)), Recurrent(GRU(5, 7))], residual=True)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        Stack(layers_of(), dropout=1.1)
    for layers, name in [
        ([torch.nn.GRU(3, 5)], r"layer 0 is a torch\.nn"),
        ([Recurrent(GRU(3, 5)), recurra.LSTM(5, 5)], r"layer 1 is a recurra\.layers"),
        ([GRU(3, 5)], r"layer 0 is a recurra\.cells"),
    ]:
        with pytest.raises(ConfigError, match=name):
            Stack(layers)
    with pytest.raises(ShapeError, match="a state of 2 layers"):
        Stack(layers_of())(random_input(dtype=torch.float32), (None, None))


def test_a_stack_as_the_options_say() -> None:
    options = Recurrence(
        cell="gru",
        hidden_size=5,
        num_layers=3,
        dropout=0.3,
        recurrent_dropout=0.2,
        zoneout=0.1,
        recompute=True,
    )
    stack = make_stack(FEATURES, options)
    assert [type(layer) for layer in stack.layers] == [Recurrent] * 3
    assert [(layer.input_size, layer.output_size) for layer in stack.layers] == [
        (FEATURES, 5),
        (5, 5),
        (5, 5),
    ]
    for layer in stack.layers:
        assert isinstance(layer.cell, Zoneout)
        assert isinstance(layer.cell.cell, GRU)
        assert layer.recompute
        assert layer.recurrent_dropout == 0.2
    assert (type(stack.dropout), stack.dropout.p, stack.residual) == (torch.nn.Dropout, 0.3, False)


def test_a_stack_of_two_directions_reads_both_from_the_one_below() -> None:
    options = Recurrence(hidden_size=5, num_layers=2, bidirectional=True, variational=True, residual=True)
    stack = make_stack(FEATURES, options)
    assert [type(layer) for layer in stack.layers] == [Bidirectional] * 2
    assert [(layer.input_size, layer.output_size) for layer in stack.layers] == [(FEATURES, 10), (10, 10)]
    assert isinstance(stack.dropout, VariationalDropout)
    assert stack.residual
    assert stack(random_input(dtype=torch.float32))[0].shape == (BATCH, 7, 10)


def test_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="no layer is as wide as its input"):
        make_stack(FEATURES, Recurrence(hidden_size=5, residual=True))
    with pytest.raises(ConfigError, match="cell is 'lstmm'; expected one of elman"):
        make_stack(FEATURES, validated(Recurrence, {"cell": "lstmm"}))


def cell_of(**options):
    return make_stack(FEATURES, Recurrence(hidden_size=HIDDEN, **options)).layers[0].cell


def test_the_start_of_the_weights_is_an_option():
    assert torch.equal(cell_of(cell="elman", initialization="identity").weight_hh, torch.eye(HIDDEN))
    gates = cell_of(initialization="identity", recurrent_scale=0.5).weight_hh.chunk(4)
    assert all(torch.equal(gate, torch.eye(HIDDEN) / 2) for gate in gates)
    assert torch.equal(cell_of(forget_bias=3.0).bias_ih[HIDDEN : 2 * HIDDEN], torch.full((HIDDEN,), 3.0))
    gru = cell_of(cell="gru", chrono_steps=100)
    assert 0 <= gru.bias_ih[HIDDEN : 2 * HIDDEN].min() <= gru.bias_ih.max() <= math.log(99)
    assert gru.bias_ih[:HIDDEN].abs().max() == 0


def test_one_option_leaves_the_rest_as_the_cell_has_it():
    torch.manual_seed(3)
    own = cell_of()
    torch.manual_seed(3)
    told = cell_of(initialization="orthogonal")
    for name, weight in own.state_dict().items():
        assert torch.equal(told.state_dict()[name], weight), name


@pytest.mark.parametrize("cell", ["elman", "gru"])
def test_a_gate_that_is_not_there_has_no_bias(cell):
    with pytest.raises(ConfigError, match="forget gate"):
        cell_of(cell=cell, forget_bias=1.0)


def test_biases_start_once():
    with pytest.raises(ConfigError, match="forget_bias or chrono_steps"):
        validated(Recurrence, {"forget_bias": 1.0, "chrono_steps": 10})


def test_a_recurrent_matrix_stays_orthogonal_by_an_option():
    cell = cell_of(cell="elman_linear", orthogonal=True)
    torch.nn.init.normal_(cell.rotation.angles, std=10)
    weight = cell.weights().weight_hh
    torch.testing.assert_close(weight @ weight.T, torch.eye(HIDDEN))
    assert "rotation.angles" in dict(cell.named_parameters())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cell": "lstm"}, "orthogonal=yes needs cell=elman, elman_relu or elman_linear, not lstm"),
        ({"cell": "elman", "recurrent_scale": 0.5}, "needs an orthogonal start"),
        ({"cell": "elman", "initialization": "glorot"}, "needs an orthogonal start"),
    ],
)
def test_what_cannot_stay_orthogonal_is_told(options, words):
    with pytest.raises(ConfigError, match=words):
        validated(Recurrence, {"orthogonal": True, **options})
