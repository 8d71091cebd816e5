"""`recurra.RNN`, `GRU` and `LSTM` are torch.nn's: weights, numbers, gradients, and what they return."""

import copy
import inspect
import itertools
import pickle
import subprocess
import sys

import pytest
import torch
from tests.trial import assert_close, random_lengths, unchecked, weighted
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import recurra
from recurra.errors import ConfigError, ShapeError, UsageHint
from recurra.layers.torch_recurrence import _hint_at_lengths

BATCH, TIME, FEATURES, HIDDEN = 5, 7, 3, 4

without_type_checks = pytest.fixture(unchecked)

SPECIAL = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
    ("GRU", {}),
    ("LSTM", {}),
    ("LSTM", {"proj_size": 2}),
]
GRID = [
    (name, special | dict(zip(("num_layers", "bidirectional", "bias", "batch_first"), values, strict=True)))
    for name, special in SPECIAL
    for values in itertools.product([1, 2], [False, True], [False, True], [False, True])
]
every_form = pytest.mark.parametrize(("name", "options"), GRID, ids=str)
every_kind = pytest.mark.parametrize(("name", "options"), SPECIAL, ids=str)


def pair(name, options, dtype=torch.float64):
    ours = getattr(recurra, name)(FEATURES, HIDDEN, dtype=dtype, **options)
    theirs = getattr(torch.nn, name)(FEATURES, HIDDEN, dtype=dtype, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def random_hx(layer, batch, name):
    """An initial state as torch.nn takes it; batch is () for one sequence."""
    rows = layer.num_layers * (2 if layer.bidirectional else 1)
    hidden = torch.randn(rows, *batch, layer.proj_size or HIDDEN, dtype=torch.float64, requires_grad=True)
    cell = torch.randn(rows, *batch, HIDDEN, dtype=torch.float64, requires_grad=True)
    return (hidden, cell) if name == "LSTM" else hidden


def flat(result):
    """Outputs and state as one list."""
    outputs, state = result
    return [outputs, *(state if isinstance(state, tuple) else [state])]


def gradients(results, leaves):
    return torch.autograd.grad(sum(weighted(tensor, n) for n, tensor in enumerate(results)), leaves)


@every_form
@pytest.mark.parametrize("given", ["one", "batch", "batch_and_state", "one_and_state"])
def test_numbers_and_gradients(name, options, given):
    ours, theirs = pair(name, options)
    batch = () if given.startswith("one") else (BATCH,)
    shape = (*batch, TIME) if options["batch_first"] or not batch else (TIME, *batch)
    inputs = torch.randn(*shape, FEATURES, dtype=torch.float64, requires_grad=True)
    hx = random_hx(theirs, batch, name) if given.endswith("state") else None
    got, expected = flat(ours(inputs, hx)), flat(theirs(inputs, hx))
    for one, two in zip(got, expected, strict=True):
        assert_close(one, two)
    leaves = [inputs, *([] if hx is None else hx if isinstance(hx, tuple) else [hx])]
    for one, two in zip(
        gradients(got, [*leaves, *ours.parameters()]),
        gradients(expected, [*leaves, *theirs.parameters()]),
        strict=True,
    ):
        assert_close(one, two)


@every_form
def test_lengths_are_packed_sequences(name, options):
    ours, theirs = pair(name, options)
    first = options["batch_first"]
    lengths = random_lengths(BATCH, TIME).clamp(min=1)
    inputs = torch.randn(BATCH, TIME, FEATURES, dtype=torch.float64)
    inputs = (inputs if first else inputs.transpose(0, 1)).requires_grad_()
    hx = random_hx(theirs, (BATCH,), name)
    packed = pack_padded_sequence(inputs, lengths, batch_first=first, enforce_sorted=False)
    outputs, state = theirs(packed, hx)
    padded, _ = pad_packed_sequence(outputs, batch_first=first, total_length=TIME)
    got, expected = flat(ours(inputs, hx, lengths=lengths)), flat((padded, state))
    for one, two in zip(got, expected, strict=True):
        assert_close(one, two)
    leaves = [inputs, *(hx if isinstance(hx, tuple) else [hx])]
    for one, two in zip(
        gradients(got, [*leaves, *ours.parameters()]),
        gradients(expected, [*leaves, *theirs.parameters()]),
        strict=True,
    ):
        assert_close(one, two)


@pytest.mark.filterwarnings("ignore::recurra.errors.UsageHint")
@pytest.mark.parametrize("sorted_already", [False, True])
@every_form
def test_a_packed_batch_comes_back_packed(name, options, sorted_already):
    ours, theirs = pair(name, options)
    first = options["batch_first"]
    lengths = random_lengths(BATCH, TIME).clamp(min=1)
    if sorted_already:
        lengths = lengths.sort(descending=True).values
    inputs = torch.randn(BATCH, TIME, FEATURES, dtype=torch.float64)
    inputs = (inputs if first else inputs.transpose(0, 1)).requires_grad_()
    for hx in (None, random_hx(theirs, (BATCH,), name)):
        (got, state), (expected, last) = (
            layer(pack_padded_sequence(inputs, lengths, first, enforce_sorted=sorted_already), hx)
            for layer in (ours, theirs)
        )
        assert torch.equal(got.batch_sizes, expected.batch_sizes)
        for one, two in zip(got[2:], expected[2:], strict=True):
            assert (one is None and two is None) or torch.equal(one, two)
        found, wanted = flat((got.data, state)), flat((expected.data, last))
        for one, two in zip(found, wanted, strict=True):
            assert_close(one, two)
        assert_close(*(gradients(results, [inputs])[0] for results in (found, wanted)))


@every_form
def test_what_programs_read_of_torchs_modules_is_there(name, options):
    ours, theirs = pair(name, options)
    for what in ("mode", "_all_weights", "_flat_weights_names"):
        assert getattr(ours, what) == getattr(theirs, what)
    flat_of = lambda layer: [*layer._flat_weights, *itertools.chain(*layer.all_weights)]  # noqa: E731
    for one, two in zip(flat_of(ours), flat_of(theirs), strict=True):
        assert torch.equal(one, two)
    for layer in (ours, theirs):  # as Keras does, and many programs by way of these names
        for names in layer._all_weights:
            for own in filter(lambda one: "bias" in one, names):
                getattr(layer, own).data[HIDDEN : 2 * HIDDEN].fill_(1)
    inputs = torch.randn(TIME, BATCH, FEATURES, dtype=torch.float64)
    assert_close(ours(inputs)[0], theirs(inputs)[0])


def test_a_kind_of_ones_own_keeps_the_mode():
    class Own(recurra.LSTM):
        pass

    assert Own(FEATURES, HIDDEN).mode == "LSTM"


def test_packing_is_taken_with_one_hint():
    _hint_at_lengths.cache_clear()
    layer = recurra.GRU(FEATURES, HIDDEN)
    packed = pack_padded_sequence(torch.randn(TIME, BATCH, FEATURES), torch.full((BATCH,), TIME))
    with pytest.warns(UsageHint, match=r"layer\(padded, lengths=lengths\)"):
        layer(packed)
    layer(packed)  # where warnings are errors, a second one would be an error


def test_lengths_may_be_a_list():
    lstm = recurra.LSTM(FEATURES, HIDDEN, batch_first=True)
    inputs = torch.randn(3, TIME, FEATURES)
    outputs, _ = lstm(inputs, lengths=[2, TIME, 1])
    assert torch.equal(outputs, lstm(inputs, lengths=torch.tensor([2, TIME, 1]))[0])


@every_kind
def test_the_same_seed_gives_the_weights_of_torch(name, options):
    options = options | {"num_layers": 2, "bidirectional": True}
    layers = []
    for package in (recurra, torch.nn):
        torch.manual_seed(3)
        layers.append(getattr(package, name)(FEATURES, HIDDEN, **options))
    ours, theirs = layers
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, weight in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[key], weight)
    theirs.load_state_dict(ours.state_dict())
    assert [[w.shape for w in ws] for ws in ours.all_weights] == [
        [w.shape for w in ws] for ws in theirs.all_weights
    ]
    ours.flatten_parameters()


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_arguments_come_in_the_order_of_torch(name):
    ours = list(inspect.signature(getattr(recurra, name).__init__).parameters.values())[1:]
    order = [p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD]
    special = {"RNN": ["nonlinearity"], "LSTM": [], "GRU": []}[name]
    rest = ["bias", "batch_first", "dropout", "bidirectional"] + (["proj_size"] if name == "LSTM" else [])
    assert order == ["input_size", "hidden_size", "num_layers", *special, *rest]
    theirs = getattr(torch.nn, name)(3, 5, 2, *(["relu"] if special else []), False, True)
    layer = getattr(recurra, name)(3, 5, 2, *(["relu"] if special else []), False, True)
    assert layer(torch.randn(2, 7, 3))[0].shape == theirs(torch.randn(2, 7, 3))[0].shape
    assert layer.state_dict().keys() == theirs.state_dict().keys()


@every_kind
def test_resets_have_the_axes_of_the_input(name, options):
    layer = getattr(recurra, name)(FEATURES, HIDDEN, dtype=torch.float64, **options)
    first = copy.deepcopy(layer)
    first.batch_first = True
    inputs = torch.randn(BATCH, TIME, FEATURES, dtype=torch.float64)
    resets = torch.rand(BATCH, TIME) < 0.3
    expected, _ = first(inputs, resets=resets)
    got, _ = layer(inputs.transpose(0, 1), resets=resets.transpose(0, 1))
    assert_close(got.transpose(0, 1), expected)
    for number in range(BATCH):
        alone, _ = layer(inputs[number], resets=resets[number])
        assert_close(alone, expected[number])


def test_single_precision_agrees_too():
    for name in ("RNN", "GRU", "LSTM"):
        ours, theirs = pair(name, {"num_layers": 2, "bidirectional": True}, torch.float32)
        inputs = torch.randn(TIME, BATCH, FEATURES)
        for one, two in zip(flat(ours(inputs)), flat(theirs(inputs)), strict=True):
            assert_close(one, two)


def test_dropout_acts_between_layers_in_training_only():
    layer = recurra.GRU(FEATURES, HIDDEN, num_layers=2, dropout=0.5)
    inputs = torch.randn(TIME, BATCH, FEATURES)
    assert not torch.equal(layer(inputs)[0], layer(inputs)[0])
    layer.eval()
    expected = layer(inputs)[0]
    assert torch.equal(layer(inputs)[0], expected)
    layer.train()
    bottom = layer(inputs)[1][0]
    assert torch.equal(bottom, layer(inputs)[1][0]), "nothing is dropped below the first layer"
    with pytest.warns(UserWarning, match="only one"):
        recurra.GRU(FEATURES, HIDDEN, dropout=0.5)


def test_a_backward_pass_in_evaluation_mode_and_a_second_one():
    layer = recurra.LSTM(FEATURES, HIDDEN).eval()
    inputs = torch.randn(TIME, BATCH, FEATURES, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(inputs)[0].sum(), inputs, create_graph=True)
    gradient.pow(2).sum().backward()
    assert all(weight.grad.isfinite().all() for weight in layer.parameters())


def test_it_says_what_differs_from_the_default():
    assert repr(recurra.GRU(3, 4)) == "GRU(3, 4)"
    shown = repr(recurra.LSTM(3, 4, 2, bias=False, batch_first=True, bidirectional=True, proj_size=2))
    assert shown == "LSTM(3, 4, proj_size=2, num_layers=2, bias=False, batch_first=True, bidirectional=True)"
    assert repr(recurra.RNN(3, 4, nonlinearity="relu")) == "RNN(3, 4, nonlinearity='relu')"


@every_kind
def test_copies_pickles_and_casts_of_it_work(name, options):
    ours, theirs = pair(name, options)
    inputs = torch.randn(TIME, BATCH, FEATURES, dtype=torch.float64)
    expected = theirs(inputs)[0]
    for copied in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert_close(copied(inputs)[0], expected)
    for dtype, tolerance in [(torch.float32, 1e-5), (torch.bfloat16, 0.1), (torch.float16, 0.01)]:
        outputs, _ = copy.deepcopy(ours).to(dtype)(inputs.to(dtype))
        assert outputs.dtype == dtype
        torch.testing.assert_close(outputs.double(), expected, rtol=0, atol=tolerance)
    with torch.inference_mode():
        assert_close(ours(inputs, lengths=torch.full((BATCH,), TIME - 1))[0][:-1], theirs(inputs[:-1])[0])


@every_kind
def test_shapes_without_numbers(name, options):
    with torch.device("meta"):
        ours, theirs = (
            getattr(package, name)(FEATURES, HIDDEN, 2, bidirectional=True, **options)
            for package in (recurra, torch.nn)
        )
        inputs = torch.randn(TIME, BATCH, FEATURES)
    for one, two in zip(flat(ours(inputs)), flat(theirs(inputs)), strict=True):
        assert one.is_meta
        assert one.shape == two.shape


COMPILED = """
import torch, recurra
layer = recurra.LSTM(3, 4, batch_first=True)
inputs, options = torch.randn(5, 2, 3), {"lengths": torch.tensor([2, 0, 1, 2, 2])}
compiled = torch.compile(layer, backend="eager", fullgraph=True)
torch.testing.assert_close(compiled(inputs, **options), layer(inputs, **options))
"""


def test_it_compiles_whole():
    subprocess.run(
        [sys.executable, "-c", COMPILED], check=True
    )  # our type checks in tests cannot be compiled


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")  # by some processors
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@every_kind
def test_autocast_gives_the_type_that_torch_gives(name, options, dtype):
    ours, theirs = pair(name, options, torch.float32)
    inputs = torch.randn(TIME, BATCH, FEATURES).to(dtype)  # float32 needs instructions that not every CPU has
    with torch.autocast("cpu", dtype), torch.no_grad():
        found, expected = flat(ours(inputs)), flat(theirs(inputs))
    assert [one.dtype for one in found] == [one.dtype for one in expected]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0.02, atol=0.02)


def test_wrong_arguments_are_refused(without_type_checks):
    lstm, gru = recurra.LSTM(FEATURES, HIDDEN, num_layers=2), recurra.GRU(FEATURES, HIDDEN)
    inputs = torch.randn(TIME, BATCH, FEATURES)
    packed = pack_padded_sequence(inputs, torch.full((BATCH,), TIME))
    for arguments, message in [
        ({"input": packed, "lengths": torch.full((BATCH,), TIME)}, "a packed batch with lengths or resets"),
        ({"input": inputs, "lengths": [2.5] * BATCH}, "lengths"),
        ({"input": inputs, "lengths": "all"}, "lengths"),
        ({"input": inputs, "lengths": ["a", "b", "c", "d", "e"]}, "a whole number for each row"),
        ({"input": inputs, "lengths": [[1], [2, 3]]}, "a whole number for each row"),
        ({"input": torch.randn(3)}, r"expected \(time, batch, 3\) or \(time, 3\)"),
        ({"input": torch.randn(TIME, BATCH, 2)}, r"input of shape \(7, 5, 2\); expected \(time, batch, 3\)"),
        ({"input": inputs.numpy()}, "input is a ndarray"),
        ({"input": inputs, "resets": [[True]]}, "resets of type list"),
        ({"input": inputs, "resets": torch.zeros(BATCH, TIME, dtype=torch.bool)}, r"expected \(7, 5\)"),
        ({"input": inputs[0], "lengths": torch.tensor([3])}, "lengths of one sequence"),
        ({"input": inputs, "hx": torch.zeros(2, BATCH, HIDDEN)}, "a tuple of two tensors"),
        ({"input": inputs, "hx": (torch.zeros(2, BATCH, HIDDEN), None)}, "a tuple of two tensors"),
        ({"input": inputs, "hx": (torch.zeros(1, BATCH, HIDDEN),) * 2}, r"expected \(2, 5, 4\)"),
        ({"input": inputs[:, 0], "hx": (torch.zeros(2, BATCH, HIDDEN),) * 2}, r"expected \(2, 4\)"),
    ]:
        with pytest.raises(ShapeError, match=message):
            lstm(**arguments)
    with pytest.raises(ShapeError, match="expected a tensor"):
        gru(inputs, (torch.zeros(1, BATCH, HIDDEN),) * 2)
    with pytest.raises(ConfigError, match=r"hidden_size is 4\.0; expected a whole number"):
        recurra.LSTM(FEATURES, 4.0)
    with pytest.raises(ConfigError, match="num_layers is 0"):
        recurra.GRU(FEATURES, HIDDEN, num_layers=0)
    with pytest.raises(ConfigError, match="dropout is 2"):
        recurra.GRU(FEATURES, HIDDEN, num_layers=2, dropout=2.0)
    with pytest.raises(ConfigError, match="proj_size is 4"):
        recurra.LSTM(FEATURES, HIDDEN, proj_size=4)
    with pytest.raises(ConfigError, match="one of tanh, relu"):
        recurra.RNN(FEATURES, HIDDEN, nonlinearity="silu")
    with pytest.raises(ConfigError, match="backend 'cudnn'"):
        recurra.RNN(FEATURES, HIDDEN, backend="cudnn")
