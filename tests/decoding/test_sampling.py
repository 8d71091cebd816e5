"""What is drawn, and with which probability."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recurra.decoding.sampling import Sampler, Sampling, generate
from recurra.errors import ConfigError

LOGITS = np.log(np.array([0.5, 0.25, 0.15, 0.1]))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.5, 0.25, 0.15, 0.1]),
        ({"temperature": 0}, [1, 0, 0, 0]),
        ({"temperature": 0.5}, np.array([0.25, 0.0625, 0.0225, 0.01]) / 0.345),
        ({"top_k": 2}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_k": 9}, [0.5, 0.25, 0.15, 0.1]),
        ({"top_p": 0.7}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 0.01}, [1, 0, 0, 0]),
        ({"min_p": 0.25}, np.array([0.5, 0.25, 0.15, 0]) / 0.9),
        ({"top_k": 3, "top_p": 0.4}, [1, 0, 0, 0]),
    ],
)
def test_the_unlikely_is_cut(options: dict[str, float], expected: list[float]) -> None:
    found = Sampler(Sampling(**options)).probabilities(LOGITS)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_what_came_before_is_made_less_likely_whatever_its_sign() -> None:
    sampler = Sampler(Sampling(repetition_penalty=2.0))
    found = np.log(sampler.probabilities(np.array([2.0, -1.0, 2.0, -1.0]), seen={0, 1}))
    np.testing.assert_allclose(found[2] - found[0], 1.0)
    np.testing.assert_allclose(found[3] - found[1], 1.0)


@given(arrays(np.float64, 6, elements=st.floats(-50, 50)), st.integers(0, 5))
def test_what_is_forbidden_is_never_drawn(logits: np.ndarray, forbidden: int) -> None:
    sampler = Sampler(Sampling(seed=3), {forbidden})
    assert sampler.probabilities(logits)[forbidden] == 0
    assert sampler.draw(logits) != forbidden
    assert sampler.draw(logits, allowed=[(forbidden + 1) % 6]) == (forbidden + 1) % 6


def test_shares_of_what_is_drawn_are_the_probabilities() -> None:
    sampler = Sampler(Sampling(seed=1))
    drawn = np.bincount([sampler.draw(LOGITS) for _ in range(4000)], minlength=4) / 4000
    np.testing.assert_allclose(drawn, np.exp(LOGITS), atol=0.03)


def test_symbols_come_one_by_one_until_the_end() -> None:
    read: list[int] = []

    def step(symbol: int) -> np.ndarray:
        read.append(symbol)
        return np.eye(5)[(symbol + 1) % 5]

    greedy = Sampling(temperature=0)
    going = generate(step, [1], Sampler(greedy), length=10, stops={4})
    assert next(going) == 2
    assert read == [1]
    assert list(going) == [3]
    assert list(generate(step, [1], Sampler(greedy), length=2)) == [2, 3]
    fixed = generate(
        step, [1], Sampler(greedy), length=3, allowed=lambda before: [0] if len(before) == 1 else None
    )
    assert list(fixed) == [0, 1, 2]
    ended = generate(
        step, [1], Sampler(greedy), length=9, allowed=lambda before: [0] if len(before) < 3 else []
    )
    assert list(ended) == [0, 0]
    assert list(generate(step, [1], Sampler(Sampling(seed=5)), length=9)) == list(
        generate(step, [1], Sampler(Sampling(seed=5)), length=9)
    )


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_where_nothing_may_be_drawn_that_is_said(temperature: float) -> None:
    sampler = Sampler(Sampling(temperature=temperature), forbidden={2})
    for allowed in (set(), {2}):
        with pytest.raises(ConfigError, match="no symbol that may be drawn"):
            sampler.draw(np.zeros(4), allowed=allowed)
