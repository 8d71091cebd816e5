"""The engine under torch's transforms: vmap, torch.func, autocast, second and repeated derivatives."""

import copy
from functools import partial

import pytest
import torch
from tests.catalogue import every_cell
from tests.trial import (
    BATCH,
    FEATURES,
    HIDDEN,
    TIME,
    assert_close,
    outcome,
    random_input,
    random_lengths,
    random_state,
    weighted,
)
from torch.func import functional_call, stack_module_state, vmap
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

import recurra
from recurra.cells import GRU, LSTM, Elman, Zoneout
from recurra.layers import Bidirectional, Recurrent
from recurra.layers.bidirectional import BidirectionalState
from recurra.ops import backends

pytest.importorskip("recurra.native._engine")

COPIES = 3


class CallsOfTheEngine(TorchDispatchMode):
    """How often operators of the engine ran."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func.namespace == "recurra"
        return func(*args, **(kwargs or {}))


def layer_of(row):
    return Recurrent(row.make(FEATURES, HIDDEN).double().eval())


@every_cell
def test_vmap_over_inputs_and_lengths(row):
    layer = layer_of(row)
    inputs = torch.randn(COPIES, BATCH, TIME, FEATURES, dtype=torch.float64, requires_grad=True)
    lengths = torch.stack([random_lengths() for _ in range(COPIES)])
    alone = [layer(one, lengths=n) for one, n in zip(inputs, lengths, strict=True)]
    with CallsOfTheEngine() as engine:
        outputs, state = vmap(lambda one, n: layer(one, lengths=n))(inputs, lengths)
    assert engine.count == 1, "all of them are one batch"
    expected = torch.stack([one for one, _ in alone])
    assert torch.equal(outputs, expected)
    for number, (_, last) in enumerate(alone):
        for got, field in zip(state, last, strict=True):
            assert torch.equal(got[number], field)
    (got,), (due,) = (torch.autograd.grad(weighted(values, 0), inputs) for values in (outputs, expected))
    assert_close(got, due)


@every_cell
def test_vmap_over_inner_axes_and_nested(row):
    layer = layer_of(row)
    inputs = torch.randn(BATCH, TIME, COPIES, FEATURES, 2, dtype=torch.float64)
    with CallsOfTheEngine() as engine:
        outputs, _ = vmap(vmap(layer, in_dims=2), in_dims=4)(inputs)
    assert engine.count == 1
    for outer in range(2):
        for inner in range(COPIES):
            assert_close(outputs[outer, inner], layer(inputs[:, :, inner, :, outer])[0])


@every_cell
def test_vmap_over_all_that_rows_have(row):
    """Each of these is there for all calls or for one of them, in either direction and in both."""
    one, other = (row.make(FEATURES, HIDDEN).double().eval() for _ in range(2))
    inputs, state = random_input(), random_state(one.initial_state(BATCH))
    shared = {"state": state, "lengths": random_lengths(), "resets": torch.rand(BATCH, TIME) < 0.3}
    own = {
        "state": type(state)(*(torch.stack([field, field / 2, -field], dim=1) for field in state)),
        "lengths": torch.stack([random_lengths() for _ in range(COPIES)], dim=1),
        "resets": torch.rand(BATCH, COPIES, TIME) < 0.3,
    }
    layers = [Recurrent(one), Recurrent(one, reverse=True)]
    if "zoneout" not in row.name:  # a Bidirectional has a state of its own
        layers.append(Bidirectional(one, other))
    for layer in layers:
        is_both = isinstance(layer, Bidirectional)
        for name, each in own.items():
            options = shared | {name: each}
            if is_both:
                options["state"] = BidirectionalState(options["state"], options["state"])
            axis = {key: 1 if key == name else None for key in options}

            def run(options, layer=layer):
                return layer(inputs, options["state"], lengths=options["lengths"], resets=options["resets"])

            with CallsOfTheEngine() as engine:
                outputs, last = vmap(run, ({**axis},))(options)
            assert engine.count == 1, (name, layer)
            for number in range(COPIES):
                chosen = {
                    key: tree_map(lambda t, n=number: t.select(1, n), value) if key == name else value
                    for key, value in options.items()
                }
                due, final = run(chosen)
                assert torch.equal(outputs[number], due)
                for got, field in zip(tree_leaves(last), tree_leaves(final), strict=True):
                    assert torch.equal(got[number], field)


@every_cell
def test_vmap_over_a_mask_and_zoneout(row):
    """What is dropped and kept differs from call to call."""
    layer = Recurrent(row.make(FEATURES, HIDDEN).double(), recurrent_dropout=0.5)
    inputs = torch.randn(COPIES, BATCH, TIME, FEATURES, dtype=torch.float64, requires_grad=True)
    with CallsOfTheEngine() as engine:
        outputs, _ = vmap(layer, randomness="different")(inputs)
    assert engine.count == 1
    (got,) = torch.autograd.grad(weighted(outputs, 0), inputs)
    assert bool(got.any(-1).all())


@every_cell
def test_an_ensemble_is_its_members(row):
    layers = [layer_of(row) for _ in range(COPIES)]
    weights, _ = stack_module_state(layers)
    weights = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
    skeleton, inputs, lengths = copy.deepcopy(layers[0]), random_input(), random_lengths()

    def run(one):
        return functional_call(skeleton, one, (inputs,), {"lengths": lengths})[0]

    with CallsOfTheEngine() as engine:
        outputs = vmap(run)(weights)
    assert engine.count > 0
    gradients = torch.autograd.grad((outputs**2).sum(), list(weights.values()))
    for number, layer in enumerate(layers):
        expected, _ = layer(inputs, lengths=lengths)
        assert_close(outputs[number], expected)
        due = torch.autograd.grad((expected**2).sum(), list(layer.parameters()))
        for got, one in zip(gradients, due, strict=True):
            assert_close(got[number], one)


def test_vmap_draws_as_it_is_told():
    layer = Recurrent(Zoneout(LSTM(FEATURES, HIDDEN), 0.5), recurrent_dropout=0.5)
    inputs = torch.randn(BATCH, TIME, FEATURES).expand(COPIES, -1, -1, -1)
    outputs, _ = vmap(layer, randomness="same")(inputs)
    assert torch.equal(outputs[0], outputs[1])
    outputs, _ = vmap(layer, randomness="different")(inputs)
    assert not torch.equal(outputs[0], outputs[1])


@every_cell
def test_torch_func_falls_back_to_the_reference(row):
    layer, inputs = layer_of(row), random_input()
    weights = dict(layer.named_parameters())

    def loss(weights):
        call = (inputs, next(iter(weights.values())))
        assert backends.choose("auto", *call) != "native"
        assert "torch.func's derivatives" in backends.explain("auto", *call)
        return weighted(functional_call(layer, weights, (inputs,))[0], 0)

    got = torch.func.grad(loss)(weights)
    due = torch.autograd.grad(weighted(layer(inputs)[0], 0), list(weights.values()))
    for name, expected in zip(weights, due, strict=True):
        assert_close(got[name], expected, row.condition)


@every_cell
def test_autocast_leaves_the_engine_its_precision(row):
    layer, inputs = layer_of(row).float(), random_input(dtype=torch.float32)
    expected = outcome(layer, inputs, layer.initial_state(BATCH))
    with CallsOfTheEngine() as engine, torch.autocast("cpu", torch.bfloat16):
        got = outcome(layer, inputs, layer.initial_state(BATCH))
    assert engine.count > 0
    for name, result in got.items():
        assert torch.equal(result, expected[name]), name


@every_cell
@pytest.mark.parametrize("recompute", [False, True])
def test_a_backward_pass_under_autocast_has_the_precision_of_the_engine(row, recompute):
    layer = Recurrent(row.make(FEATURES, HIDDEN).eval(), backend="native", recompute=recompute)
    inputs, lengths = random_input(dtype=torch.float32).requires_grad_(), random_lengths()
    outputs, _ = layer(inputs, lengths=lengths)
    leaves, total = [inputs, *layer.parameters()], weighted(outputs, 0)
    expected = torch.autograd.grad(total, leaves, retain_graph=True)
    with torch.autocast("cpu", torch.bfloat16):
        got = torch.autograd.grad(total, leaves, retain_graph=True)
        recorded = torch.autograd.grad(total, leaves, create_graph=True)
    for one, same, due in zip(got, recorded, expected, strict=True):
        assert torch.equal(one, due)
        assert_close(same, due, row.condition)


class Kind(torch.Tensor):
    """A tensor that has a type of its own."""


@every_cell
def test_who_watches_sees_the_operators_and_the_same_bits(row):
    layer, inputs = layer_of(row), random_input()

    def results(given):
        leaf = given.clone().requires_grad_()
        outputs, _ = layer(leaf)
        return [outputs, *torch.autograd.grad(weighted(outputs, 0), [leaf, *layer.parameters()])]

    expected = results(inputs)
    with CallsOfTheEngine() as engine:
        watched = [results(inputs)]
    assert engine.count == 2
    with torch.profiler.profile() as profile:
        watched.append(results(inputs))
    seen = [event.key for event in profile.key_averages() if event.key.startswith("recurra::")]
    assert len(seen) == 2, "forward and backward"
    watched.append(results(inputs.as_subclass(Kind)))
    for found in watched:
        assert all(torch.equal(one, due) for one, due in zip(found, expected, strict=True))


@every_cell
@pytest.mark.parametrize("recompute", [False, True])
def test_a_second_backward_pass_gives_the_same(row, recompute):
    layer = Recurrent(row.make(FEATURES, HIDDEN).double(), recompute=recompute)
    inputs, state = random_input().requires_grad_(), random_state(layer.initial_state(BATCH))
    outputs, final = layer(inputs, state, lengths=random_lengths())
    total = weighted(outputs, 0) + weighted(final[-1], 1)
    leaves = [inputs, *layer.parameters()]
    first = torch.autograd.grad(total, leaves, retain_graph=True)
    second = torch.autograd.grad(total, leaves)
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True))
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(total, leaves)


@every_cell
def test_backward_in_evaluation_mode(row):
    layer = Recurrent(row.make(FEATURES, HIDDEN).double().eval(), backend="native")
    reference = Recurrent(layer.cell, backend="reference").eval()
    inputs, state = random_input(), random_state(layer.initial_state(BATCH))
    got, expected = (outcome(one, inputs, state) for one in (layer, reference))
    for name, result in got.items():
        assert_close(result, expected[name], row.condition, name)


@every_cell
def test_only_the_gradients_that_are_asked_for(row):
    layer = layer_of(row)
    inputs = random_input().requires_grad_()
    everything = torch.autograd.grad(weighted(layer(inputs)[0], 0), [inputs, *layer.parameters()])
    (alone,) = torch.autograd.grad(weighted(layer(inputs)[0], 0), inputs)
    assert torch.equal(alone, everything[0])
    layer.requires_grad_(False)
    (frozen,) = torch.autograd.grad(weighted(layer(inputs)[0], 0), inputs)
    assert torch.equal(frozen, everything[0])
    layer.requires_grad_(True)
    weights = torch.autograd.grad(weighted(layer(inputs.detach())[0], 0), list(layer.parameters()))
    assert all(torch.equal(one, two) for one, two in zip(weights, everything[1:], strict=True))


@every_cell
def test_gradients_of_the_last_state_alone(row):
    cell, inputs, lengths = row.make(FEATURES, HIDDEN).double().eval(), random_input(), random_lengths()
    for place in range(len(cell.initial_state(1))):
        results = []
        for backend in ("native", "reference"):
            leaves = [inputs.clone().requires_grad_(), *cell.parameters()]
            _, final = Recurrent(cell, backend=backend)(leaves[0], lengths=lengths)
            found = torch.autograd.grad(
                weighted(final[place], 0), leaves, materialize_grads=True, allow_unused=True
            )
            results.append(found)
        for got, expected in zip(*results, strict=True):
            assert_close(got, expected, row.condition)


def kept_bytes(run, given):
    """What a graph keeps beside the tensors given to it."""
    known = {tensor.untyped_storage().data_ptr() for tensor in given}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = run()
    return sum(kept.values()), result


@every_cell
def test_recompute_gives_the_same_bits_from_half_of_the_memory(row):
    cell = row.make(FEATURES, HIDDEN)
    inputs, state = (
        random_input(dtype=torch.float32).requires_grad_(),
        random_state(cell.initial_state(BATCH)),
    )
    results, sizes = [], []
    for recompute in (False, True):
        layer = Recurrent(cell, recompute=recompute, recurrent_dropout=0.3)
        torch.manual_seed(1)
        kept, (outputs, final) = kept_bytes(
            lambda layer=layer: layer(inputs, state, lengths=torch.tensor([7, 0, 3, 5, 1])),
            [inputs, *state, *cell.parameters()],
        )
        total = weighted(outputs, 0) + sum(weighted(field, 1) for field in final)
        results.append([outputs, *final, *torch.autograd.grad(total, [inputs, *cell.parameters()])])
        sizes.append(kept)
    assert all(torch.equal(one, two) for one, two in zip(*results, strict=True))
    masks = BATCH * HIDDEN * inputs.element_size() + BATCH * 8  # of dropout, and the lengths
    if "zoneout" in row.name:
        masks += 2 * BATCH * TIME * (HIDDEN + 2)
    made = 0
    if row.name == "elman_orthogonal":  # the recurrent matrix, and what it is made of
        made = kept_bytes(cell.rotation, [*cell.parameters()])[0] + HIDDEN**2 * inputs.element_size()
    assert sizes[1] - made <= masks <= (sizes[0] - made) / 2


def pair_of_bidirectional():
    return [
        Bidirectional(GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN), recompute=recompute)
        for recompute in (False, True)
    ]


def pair_of_drop_ins(name):
    kind = getattr(recurra, name)
    return [
        kind(FEATURES, HIDDEN, 2, bidirectional=True, batch_first=True, recompute=recompute)
        for recompute in (False, True)
    ]


@pytest.mark.parametrize(
    "make",
    [pair_of_bidirectional, *(partial(pair_of_drop_ins, name) for name in ("RNN", "GRU", "LSTM"))],
    ids=["Bidirectional", "RNN", "GRU", "LSTM"],
)
def test_both_directions_recompute(make):
    keeps, recomputes = make()
    recomputes.load_state_dict(keeps.state_dict())
    inputs, lengths = random_input(dtype=torch.float32).requires_grad_(), torch.tensor([7, 0, 3, 5, 1])
    results, sizes = [], []
    for layer in (keeps, recomputes):
        leaves = [inputs, *layer.parameters()]
        kept, (outputs, _) = kept_bytes(lambda layer=layer: layer(inputs, lengths=lengths), leaves)
        results.append([outputs, *torch.autograd.grad(weighted(outputs, 0), leaves)])
        sizes.append(kept)
    assert all(torch.equal(one, two) for one, two in zip(*results, strict=True))
    assert sizes[1] < sizes[0]


@pytest.mark.parametrize(("ours", "theirs"), [(Elman, "RNN"), (GRU, "GRU"), (LSTM, "LSTM")])
def test_no_more_memory_than_torch(ours, theirs):
    inputs = torch.randn(8, 50, 16, requires_grad=True)
    sizes = []
    for layer in (Recurrent(ours(16, 64)), getattr(torch.nn, theirs)(16, 64, batch_first=True)):

        def run(layer=layer):
            outputs, _ = layer(inputs)
            return outputs.sin()  # which keeps the outputs: whoever uses them does

        kept, _ = kept_bytes(run, [inputs, *layer.parameters()])
        sizes.append(kept)
    assert sizes[0] <= sizes[1]
