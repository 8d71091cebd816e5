"""Output layers: each against torch's own or the sum over all symbols, and what is true of all of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from recurra.decoding.readout import make_readout
from recurra.errors import ConfigError, ShapeError
from recurra.export.program import stream_layers
from recurra.layers import linear_cross_entropy as place
from recurra.layers.output import (
    OUTPUTS,
    AdaptiveOutput,
    FullOutput,
    MixtureOutput,
    OutputLayer,
    SampledOutput,
    Symbols,
    full,
    make_output,
)
from recurra.layers.output.sampled import Candidates, draw, sampled_cross_entropy
from recurra.output import Output
from recurra.streaming import Program

FEATURES, VOCABULARY, EMBEDDING, STEPS = 8, 29, 5, 17
OPTIONS: dict[str, dict[str, Any]] = {
    "full": {},
    "adaptive": {"output_cutoffs": (4, 12)},
    "sampled": {"output_samples": 9},
    "mixture": {"output_components": 3},
}


class Case:
    """An output layer with what it reads, in 64 bits."""

    def __init__(self, name: str, *, tied: bool, ordered: bool = False) -> None:
        torch.manual_seed(1)
        order = torch.randperm(VOCABULARY).tolist() if ordered else None
        options = Output(output=name, tied=tied, **OPTIONS[name])  # type: ignore[arg-type]
        symbols = Symbols(VOCABULARY, EMBEDDING if tied else None, order)
        self.layer = make_output(FEATURES, symbols, options).double()
        for one in self.layer.parameters():
            nn.init.normal_(one)
        self.table = (
            torch.randn(VOCABULARY, EMBEDDING, dtype=torch.float64, requires_grad=True) if tied else None
        )
        self.features = torch.randn(STEPS, FEATURES, dtype=torch.float64, requires_grad=True)
        self.targets = torch.randint(0, VOCABULARY, (STEPS,))
        self.targets[[3, 16]] = -100

    def loss(self, features: Tensor | None = None, targets: Tensor | None = None) -> Tensor:
        """Of the same draw at every call."""
        torch.manual_seed(7)
        own = self.features if features is None else features
        return self.layer.loss(own, self.targets if targets is None else targets, self.table)

    @property
    def leaves(self) -> list[Tensor]:
        return [self.features, *([] if self.table is None else [self.table]), *self.layer.parameters()]

    def gradients(self, total: Tensor) -> list[Tensor]:
        found = torch.autograd.grad(total, self.leaves, allow_unused=True)
        return [
            torch.zeros_like(leaf) if one is None else one
            for leaf, one in zip(self.leaves, found, strict=True)
        ]

    def expected(self) -> Tensor:
        """The loss from the logits of all symbols."""
        logits = self.layer.logits(self.features, self.table)
        return functional.cross_entropy(logits, self.targets, reduction="sum")


every_case = pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda name=name, tied=tied, ordered=ordered: Case(name, tied=tied, ordered=ordered), id=text
        )
        for name in OUTPUTS
        for tied in (False, True)
        for ordered in ((False, True) if OUTPUTS[name].ranked else (False,))
        for text in [f"{name}{'-tied' * tied}{'-ordered' * ordered}"]
    ],
)


@every_case
def test_logits_are_a_distribution_and_losses_are_theirs(make: Callable[[], Case]) -> None:
    case = make()
    logits = case.layer.logits(case.features, case.table)
    assert logits.shape == (STEPS, VOCABULARY)
    each = functional.cross_entropy(logits, case.targets, reduction="none")
    torch.testing.assert_close(case.layer.losses(case.features, case.targets, case.table), each)
    shaped = case.layer.logits(case.features[:15].view(3, 5, FEATURES), case.table)
    torch.testing.assert_close(shaped, logits[:15].view(3, 5, VOCABULARY))


@every_case
def test_in_evaluation_the_loss_and_its_gradient_are_those_of_the_logits(make: Callable[[], Case]) -> None:
    case = make()
    case.layer.eval()
    total, expected = case.loss(), case.expected()
    torch.testing.assert_close(total, expected)
    for ours, theirs in zip(case.gradients(2 * total), case.gradients(2 * expected), strict=True):
        torch.testing.assert_close(ours, theirs)


@every_case
def test_chunks_padding_and_order_change_nothing(
    make: Callable[[], Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make()
    total = case.loss()
    gradients = case.gradients(total)
    monkeypatch.setattr(place, "_AT_ONCE", 3 * VOCABULARY)
    torch.testing.assert_close(case.gradients(case.loss()), gradients)
    turned = torch.randperm(STEPS)
    torch.testing.assert_close(case.loss(case.features[turned], case.targets[turned]), total)
    counted = case.targets != -100
    torch.testing.assert_close(case.loss(case.features[counted], case.targets[counted]), total)
    assert float(case.loss(case.features[:2], torch.tensor([-100, -100])).detach()) == 0
    assert not gradients[0][~counted].any()


@every_case
def test_the_gradient_is_right_in_differences(make: Callable[[], Case]) -> None:
    case = make()
    rows = case.features[:4].detach().requires_grad_()
    weights = [one for one in case.leaves[1:] if one.ndim > 1]

    def loss(*_: Tensor) -> Tensor:
        return case.loss(rows, case.targets[:4])

    torch.autograd.gradcheck(loss, (rows, *weights), fast_mode=True)


@every_case
def test_without_torch_it_gives_the_same(make: Callable[[], Case], monkeypatch: pytest.MonkeyPatch) -> None:
    case = make()
    case.layer.float()
    table = None if case.table is None else case.table.float()
    features = case.features.float().detach()
    expected = case.layer.logits(features, table).log_softmax(dim=-1).detach()
    for most in (VOCABULARY, 3):  # of a full softmax all on the engine, and none
        monkeypatch.setattr(full, "_ON_ENGINE", most)
        form = case.layer.stream_form(table)
        layers = [layer for module in form.modules for layer in stream_layers(module)]
        outputs = Program(layers).session().run(features.numpy()) if layers else features.numpy()
        readout = make_readout(form.readout, form.arrays, outputs.shape[1])
        assert readout.output_size == VOCABULARY
        found = torch.from_numpy(np.stack([readout.logits(row) for row in outputs]))
        torch.testing.assert_close(found.log_softmax(dim=-1), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("steps", [STEPS, 1])
def test_adaptive_is_that_of_torch(steps: int) -> None:
    torch.manual_seed(2)
    size = 16
    ours = AdaptiveOutput(size, VOCABULARY, cutoffs=[4, 12]).double()
    theirs = nn.AdaptiveLogSoftmaxWithLoss(size, VOCABULARY, [4, 12], div_value=4.0, head_bias=True).double()
    nn.init.normal_(ours.cluster_bias)
    with torch.no_grad():
        ours.bias[:4].normal_()  # torch's clusters have none
        theirs.head.weight.copy_(torch.cat([ours.weights[0], ours.cluster_weight]))
        theirs.head.bias.copy_(torch.cat([ours.bias[:4], ours.cluster_bias]))
        for tail, (narrow, weight) in enumerate(zip(ours.narrow, list(ours.weights)[1:], strict=True)):
            theirs.tail[tail][0].weight.copy_(narrow.weight)  # type: ignore[index,union-attr,operator]
            theirs.tail[tail][1].weight.copy_(weight)  # type: ignore[index,union-attr,operator]
    features = torch.randn(steps, size, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, VOCABULARY, (steps,))
    torch.testing.assert_close(ours.logits(features), theirs.log_prob(features))
    total, expected = ours.loss(features, targets), -theirs(features, targets).output.sum()
    torch.testing.assert_close(total, expected)
    mine = [features, ours.weights[1], ours.narrow[1].weight, ours.cluster_weight]
    own = [features, theirs.tail[0][1].weight, theirs.tail[1][0].weight, theirs.head.weight]  # type: ignore[index,union-attr]
    found, right = (
        torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)  # type: ignore[arg-type]
        for loss, leaves in ((total, mine), (expected, own))
    )
    torch.testing.assert_close(found[:3], right[:3])
    torch.testing.assert_close(found[3], right[3][4:])


def test_clusters_that_nothing_is_in_are_not_computed() -> None:
    layer = AdaptiveOutput(FEATURES, VOCABULARY, cutoffs=[4, 12])
    layer.loss(torch.randn(3, FEATURES), torch.tensor([0, 3, 5])).backward()  # type: ignore[no-untyped-call]
    assert layer.weights[1].grad is not None
    assert layer.weights[2].grad is None


@pytest.mark.parametrize("cutoffs", [[], [0, 3], [3, 3], [5, 4], [29], [40]])
def test_cutoffs_that_are_none_are_told(cutoffs: list[int]) -> None:
    with pytest.raises(ConfigError, match="of 29 symbols"):
        AdaptiveOutput(FEATURES, VOCABULARY, cutoffs=cutoffs)


@pytest.mark.parametrize(("size", "cutoffs"), [(100_000, (4000, 20_000)), (30, (1, 6)), (4, (1,))])
def test_clusters_go_by_the_number_of_symbols(size: int, cutoffs: tuple[int, ...]) -> None:
    settled = Output(output="adaptive").settled(size)
    assert settled.output_cutoffs == cutoffs
    make_output(3, Symbols(size, 3), settled)
    with pytest.raises(ValueError, match="numbers that increase"):
        Output(output_cutoffs=(3, 2))


@pytest.mark.parametrize("samples", [VOCABULARY, 1000])
def test_with_all_symbols_sampled_it_is_the_full_loss(samples: int) -> None:
    case = Case("sampled", tied=False)
    layer = SampledOutput(FEATURES, VOCABULARY, samples=samples).double()
    layer.load_state_dict(case.layer.state_dict())
    expected = layer.full.loss(case.features, case.targets)
    weight, bias, every = layer.full.rows(None), layer.full.bias, draw(layer.rates, samples)
    found = sampled_cross_entropy(case.features, weight, bias, case.targets, every)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(layer.loss(case.features, case.targets), expected)


def test_the_sum_over_a_sample_is_right_in_the_mean() -> None:
    torch.manual_seed(0)
    rates = torch.tensor([5.0, 3.0, 2.0, 1.0, 0.5, 0.2, 0.1], dtype=torch.float64)
    worth = torch.rand(7, dtype=torch.float64) + 0.5
    drawn = [draw(rates, 4) for _ in range(4000)]
    assert all(len(set(one.symbols.tolist())) == 4 for one in drawn)
    sums = torch.stack([(worth[one.symbols] / one.log_counts.exp()).sum() for one in drawn])
    error = sums.std() / len(drawn) ** 0.5
    assert abs(float(sums.mean() - worth.sum())) < 4 * float(error) < 0.1 * float(worth.sum())
    often = torch.stack([one.symbols for one in drawn]).flatten().bincount()
    assert bool((often.diff() < 0).all()), "the frequent ones are drawn more often"


def test_the_right_symbol_counts_once_though_it_is_drawn() -> None:
    weight, bias = torch.randn(6, 3), torch.randn(6)
    features, targets = torch.randn(2, 3), torch.tensor([1, 4])
    drawn = Candidates(torch.tensor([1, 2]), torch.tensor([0.3, -0.2]))
    logits = features @ weight.T + bias
    first = torch.stack([logits[0, 1], logits[0, 2] + 0.2]).logsumexp(0) - logits[0, 1]
    second = torch.stack([logits[1, 4], logits[1, 1] - 0.3, logits[1, 2] + 0.2]).logsumexp(0) - logits[1, 4]
    torch.testing.assert_close(sampled_cross_entropy(features, weight, bias, targets, drawn), first + second)


def test_samples_are_drawn_by_the_generator_of_torch() -> None:
    layer = SampledOutput(FEATURES, VOCABULARY, samples=5)
    features, targets = torch.randn(4, FEATURES), torch.tensor([0, 7, 28, 3])
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first = [float(layer.loss(features, targets).detach()) for _ in range(3)]
    torch.set_rng_state(state)
    assert [float(layer.loss(features, targets).detach()) for _ in range(3)] == first
    assert len(set(first)) == 3


def test_a_mixture_says_what_one_softmax_cannot() -> None:
    """Of one number it learns that either end is likely, or the middle: no exponential family of it does."""

    def learnt(layer: OutputLayer) -> float:
        features = torch.tensor([[-1.0], [0.0], [1.0]]).repeat(2, 1)
        targets = torch.tensor([0, 1, 0, 2, 1, 2])
        optimizer = torch.optim.Adam(layer.parameters(), 0.05)
        for _ in range(200):
            optimizer.zero_grad()
            layer.loss(features, targets).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return float(layer.loss(features, targets).detach())

    torch.manual_seed(0)
    assert learnt(MixtureOutput(1, 3, components=3)) < 0.9 * learnt(FullOutput(1, 3))


@pytest.mark.parametrize(
    ("about", "complaint"),
    [
        ({"kind": "fulll"}, "fulll"),
        ({"kind": "adaptive", "clusters": 2}, "head.weight"),
        ({"kind": "full"}, "weight"),
    ],
)
def test_a_damaged_readout_is_told(about: Any, complaint: str) -> None:
    with pytest.raises(ShapeError, match=complaint):
        make_readout(about, {"bias": np.zeros(3, np.float32)}, 4)


def test_a_tied_layer_asks_for_its_weights() -> None:
    for name in OUTPUTS:
        case = Case(name, tied=True)
        with pytest.raises(ConfigError, match="a tied output layer and no table"):
            case.layer.loss(case.features, case.targets)
