from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.inputs.series.origin import OriginIndex, rolling_origins

series_lists = st.lists(
    st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=1, max_size=9), min_size=1, max_size=5
)


def allowed_origins(
    series: list[list[float]], ends: np.ndarray, context: int, horizon: int, min_history: int
) -> list[tuple[int, int]]:
    """The definition, spelled out."""
    found = []
    for number, values in enumerate(series):
        seen = ~np.isnan(values)
        for origin in range(len(values)):
            fits = origin + horizon <= ends[number]
            history = seen[max(origin - context, 0) : origin].sum() >= min_history
            if fits and history and seen[origin : origin + horizon].any():
                found.append((number, origin))
    return found


@given(
    series=series_lists,
    cut=st.integers(0, 3),
    context=st.integers(1, 6),
    horizon=st.integers(1, 4),
    min_history=st.integers(1, 3),
)
def test_every_allowed_origin_is_found_and_no_other(
    series: list[list[float]], cut: int, context: int, horizon: int, min_history: int
) -> None:
    lengths = np.array([len(values) for values in series])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ends = np.maximum(lengths - cut, 0)
    target = np.concatenate(series).astype(np.float64)
    index = OriginIndex(target, offsets, ends, context=context, horizon=horizon, min_history=min_history)
    expected = allowed_origins(series, ends, context, horizon, min_history)
    assert len(index) == len(expected)
    found = index[np.arange(len(index))]
    assert list(zip(found.series.tolist(), found.position.tolist(), strict=True)) == expected
    assert index.counts.tolist() == [
        sum(number == own for own, _ in expected) for number in range(len(series))
    ]
    assert np.diff(index.first).tolist() == index.counts.tolist()


def test_many_rows_are_counted_in_blocks() -> None:
    random = np.random.default_rng(2)
    target = np.where(random.random(5000) < 0.3, np.nan, 1).astype(np.float64)
    offsets = np.array([0, 1, 700, 1537, 5000])
    index = OriginIndex(target, offsets, np.diff(offsets) - 11, context=3, horizon=5)
    series = [target[begin:end].tolist() for begin, end in pairwise(offsets)]
    expected = allowed_origins(series, np.diff(offsets) - 11, 3, 5, 1)
    numbers = random.integers(len(index), size=200)
    found = index[numbers]
    assert list(zip(found.series.tolist(), found.position.tolist(), strict=True)) == [
        expected[i] for i in numbers
    ]


@pytest.mark.parametrize("stride", [1, 2, 3, 7])
@pytest.mark.parametrize("horizon", [1, 3])
def test_rolling_origins_are_those_whose_horizon_fits(stride: int, horizon: int) -> None:
    begin, end = np.array([0, 5, 4, 2, 0]), np.array([7, 5, 6, 13, 3])
    found = rolling_origins(begin, end, horizon, stride)
    expected = [
        (number, origin)
        for number in range(5)
        for origin in range(begin[number], end[number] - horizon + 1, stride)
    ]
    assert list(zip(found.series.tolist(), found.position.tolist(), strict=True)) == expected
