"""Attention: every kind keeps the same promises."""

from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from recurra.errors import ConfigError
from recurra.layers.attention import (
    Attention,
    AttentionName,
    coverage_loss,
    guided_attention_loss,
    make_attention,
)

BATCH, TIME, QUERY, MEMORY = 3, 7, 5, 5
every_attention = pytest.mark.parametrize("name", get_args(AttentionName))
LENGTHS = torch.tensor([7, 4, 0])


def made(name: str, memory: int = MEMORY) -> Attention:
    torch.manual_seed(0)
    return make_attention(name, QUERY, memory, 6).double()


def run(attention: Attention, queries: Tensor, values: Tensor, lengths: Tensor) -> list[Tensor]:
    """Contexts and weights of several steps."""
    memory = attention.remember(values, lengths)
    state, found = attention.initial_state(memory), []
    for query in queries.unbind(dim=1):
        context, weights, state = attention(query, memory, state)
        found += [context, weights]
    return found


@every_attention
def test_padding_and_company_change_nothing(name: str) -> None:
    attention = made(name)
    queries, values = torch.randn(BATCH, 4, QUERY).double(), torch.randn(BATCH, TIME, MEMORY).double()
    spoilt = values.clone()
    spoilt[1, 4:] = torch.nan
    spoilt[2] = torch.nan
    clean, dirty = (run(attention, queries, one, LENGTHS) for one in (values, spoilt))
    torch.testing.assert_close(dirty, clean)
    alone = run(attention, queries[1:2], values[1:2, :4], LENGTHS[1:2])
    for together, own in zip(clean, alone, strict=True):
        torch.testing.assert_close(together[1:2, : own.shape[1]], own)
        assert not together[1, own.shape[1] :].any()  # of weights: contexts end there
        assert not together[2].any()


@every_attention
def test_weights_are_shares(name: str) -> None:
    attention = made(name)
    queries, values = torch.randn(BATCH, 4, QUERY).double(), torch.randn(BATCH, TIME, MEMORY).double()
    found = run(attention, queries, values, LENGTHS)
    for weights in found[1::2]:
        assert (weights >= 0).all()
        sums = weights.sum(dim=1)[:2]
        assert (sums <= 1 + 1e-9).all()
        if name != "monotonic":
            torch.testing.assert_close(sums, torch.ones(2).double())


@every_attention
def test_gradients_are_right(name: str) -> None:
    attention = made(name)
    lengths = torch.tensor([3, 2])
    queries = torch.randn(2, 3, QUERY, dtype=torch.float64, requires_grad=True)
    values = torch.randn(2, 3, MEMORY, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda q, v: tuple(run(attention, q, v, lengths)), (queries, values))


@every_attention
def test_all_steps_at_once_are_the_single_steps(name: str) -> None:
    attention = made(name)
    queries, values = torch.randn(BATCH, 4, QUERY).double(), torch.randn(BATCH, TIME, MEMORY).double()
    memory = attention.remember(values, LENGTHS)
    if attention.takes_state:
        with pytest.raises(ConfigError, match="all steps of"):
            attention.over(queries, memory)
        return
    contexts, weights = attention.over(queries, memory)
    found = run(attention, queries, values, LENGTHS)
    torch.testing.assert_close(contexts, torch.stack(found[::2], dim=1))
    torch.testing.assert_close(weights, torch.stack(found[1::2], dim=1))


def test_monotonic_attention_is_the_sum_over_all_places_to_stop() -> None:
    attention = made("monotonic")
    values = torch.randn(1, 4, MEMORY).double()
    memory = attention.remember(values, torch.tensor([4]))
    state = torch.tensor([[0.5, 0.3, 0.1, 0.1]]).double()
    query = torch.randn(1, QUERY).double()
    scores = attention.scores(query[:, None], memory, state)[0, 0] + attention.threshold  # type: ignore[union-attr]
    stops = torch.sigmoid(scores).detach().numpy()
    expected = [
        stops[t] * sum(float(state[0, j]) * np.prod(1 - stops[j:t]) for j in range(t + 1)) for t in range(4)
    ]
    np.testing.assert_allclose(attention(query, memory, state).weights.detach()[0], expected, rtol=1e-4)


@pytest.mark.parametrize("strength", [0.0, 2.0, 40.0])
def test_monotonic_attention_holds_over_long_memories(strength: float) -> None:
    attention = made("monotonic")
    torch.nn.init.constant_(attention.threshold, strength)  # type: ignore[arg-type]
    torch.nn.init.zeros_(attention.score.weight)  # type: ignore[union-attr,arg-type]
    memory = attention.remember(torch.randn(1, 300, MEMORY).double(), torch.tensor([300]))
    state = torch.zeros(1, 300).double()
    state[0, 250] = 1
    weights = attention(torch.randn(1, QUERY).double(), memory, state).weights[0].detach().numpy()
    stop = 1 / (1 + np.exp(-strength))
    expected = np.concatenate([np.zeros(250), stop * (1 - stop) ** np.arange(50)])
    np.testing.assert_allclose(weights, expected, rtol=1e-6, atol=1e-15)


def test_location_attention_knows_where_it_has_looked() -> None:
    attention = made("location")
    values, query = torch.randn(1, TIME, MEMORY).double(), torch.randn(1, QUERY).double()
    memory = attention.remember(values, torch.tensor([TIME]))
    first = attention(query, memory, attention.initial_state(memory))
    second = attention(query, memory, first.state)
    assert not torch.allclose(first.weights, second.weights)
    torch.testing.assert_close(second.state, first.weights + second.weights)


def test_wrong_kinds_and_sizes_are_refused() -> None:
    with pytest.raises(ConfigError, match="attention is 'self'"):
        make_attention("self", 3, 3, 3)
    with pytest.raises(ConfigError, match="the same number"):
        make_attention("dot", 3, 4, 3)


def test_looking_twice_at_a_place_costs() -> None:
    weights = torch.tensor([[[1.0, 0, 0], [0.25, 0.75, 0], [0.5, 0.5, 0]], [[1.0, 0, 0]] * 3])
    counts = torch.tensor([[True, True, True], [True, True, False]])
    # 0.25 of the first place at the second step, 0.5 and 0.5 at the third; the other row looks there again.
    assert float(coverage_loss(weights, counts)) == pytest.approx(0.25 + 1.0 + 1.0)
    assert float(coverage_loss(torch.eye(3)[None], torch.ones(1, 3, dtype=torch.bool))) == 0


def test_looking_off_the_diagonal_costs_what_the_paper_says() -> None:
    weights = torch.rand(2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    steps, times, spread = torch.tensor([4, 3]), torch.tensor([5, 2]), 0.2
    expected = [
        sum(
            float(weights[row, step, time])
            * (1 - np.exp(-((time / int(times[row]) - step / int(steps[row])) ** 2) / (2 * spread**2)))
            for step in range(int(steps[row]))
            for time in range(5)
        )
        for row in range(2)
    ]
    torch.testing.assert_close(
        guided_attention_loss(weights, steps, times, spread), torch.tensor(expected, dtype=torch.float64)
    )
