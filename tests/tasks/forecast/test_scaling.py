import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recurra.tasks.forecast.feature import WindowScale, fill_missing, window_scale

TINY = torch.tensor(1e-6)


def filled_by_loop(values: list[float], observed: list[bool], season: int) -> list[float]:
    """The definition, one value at a time."""
    known = [value for value, there in zip(values, observed, strict=True) if there]
    mean = float(np.mean(known)) if known else 0.0
    filled = []
    for step in range(len(values)):
        back = range(step, -1, -season)
        filled.append(next((values[earlier] for earlier in back if observed[earlier]), mean))
    return filled


def some_history(steps: int = 21, rows: int = 3) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(1)
    values = 50 + torch.randn(rows, steps, generator=random)
    return values, torch.rand(rows, steps, generator=random) < 0.7


def scale_of(
    values: Tensor, observed: Tensor, *, span: int = 15, season: int = 5, smallest: Tensor = TINY
) -> WindowScale:
    filled = fill_missing(values, observed, season)
    return window_scale(filled, observed, span=span, season=season, smallest=smallest)


@settings(deadline=None)
@given(
    masks=st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=4),
    season=st.integers(1, 5),
)
def test_missing_values_repeat_their_phase(masks: list[list[bool]], season: int):
    observed = torch.tensor(masks)
    values = torch.arange(1.0, observed.numel() + 1).view_as(observed).square()
    garbage = torch.where(observed, values, float("nan"))
    expected = [filled_by_loop(row, mask, season) for row, mask in zip(values.tolist(), masks, strict=True)]
    torch.testing.assert_close(fill_missing(garbage, observed, season), torch.tensor(expected))


@pytest.mark.parametrize("context", [1, 4, 9])
@pytest.mark.parametrize("season", [1, 3, 5])
def test_nothing_observed_is_all_zeros(context: int, season: int):
    nothing = torch.zeros(2, context, dtype=torch.bool)
    filled = fill_missing(torch.full((2, context), float("nan")), nothing, season)
    assert torch.equal(filled, torch.zeros(2, context))
    scale = window_scale(filled, nothing, span=context, season=season, smallest=TINY)
    for one in scale:
        assert one.isfinite().all()
    assert (scale.spread > 0).all()


def test_a_whole_history_is_left_alone():
    values, _ = some_history()
    assert fill_missing(values, torch.ones_like(values, dtype=torch.bool), 5) is values


def test_level_and_spread_are_those_of_the_observed_recent_values():
    values, observed = some_history(60)
    scale = scale_of(values, observed, span=40)
    for row in range(len(values)):
        recent = values[row, -40:][observed[row, -40:]]
        torch.testing.assert_close(scale.location[row, 0], recent.mean())
        torch.testing.assert_close(scale.magnitude[row, 0], recent.abs().mean())
        floor = 1e-4 * recent.abs().mean()
        torch.testing.assert_close(scale.spread[row, 0], recent.std(correction=0) + floor, rtol=1e-4, atol=0)
        both = observed[row, 5:] & observed[row, :-5]
        change = (values[row, 5:] - values[row, :-5])[both].abs().mean()
        torch.testing.assert_close(scale.seasonal_error[row, 0], change + floor)


@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 1e30, -7.0])
def test_unobserved_values_count_for_nothing(garbage: float):
    values, observed = some_history()
    other = torch.where(observed, values, garbage)
    for one, same in zip(scale_of(values, observed), scale_of(other, observed), strict=True):
        assert torch.equal(one, same)


@pytest.mark.parametrize("exponent", [-90, -30, 30, 90])
def test_every_size_follows_the_unit_of_the_data_exactly(exponent: int):
    values, observed = some_history()
    factor = 2.0**exponent
    other = scale_of(factor * values, observed, smallest=factor * TINY)
    for one, same in zip(scale_of(values, observed), other, strict=True):
        assert torch.equal(factor * one, same)


@pytest.mark.parametrize("level", [0.0, 3.5, -3e8])
def test_a_flat_history_has_a_spread(level: float):
    values = torch.full((1, 21), level)
    scale = scale_of(values, torch.ones(1, 21, dtype=torch.bool), smallest=torch.tensor(0.25))
    assert scale.spread >= max(0.25, 5e-5 * abs(level))
    assert scale.spread <= max(0.25, 1e-3 * abs(level))
    assert scale.magnitude >= 0.25
    assert scale.seasonal_error >= 0.25


def test_few_values_are_no_evidence_of_a_small_spread():
    """Losses are divided by the spread: a window of one value must not outweigh all others."""
    values = torch.full((1, 12), 40.0)
    spreads = []
    for count in range(1, 13):
        observed = torch.zeros(1, 12, dtype=torch.bool)
        observed[:, -count:] = True
        spreads.append(float(scale_of(values, observed, span=12).spread))
    assert spreads[0] >= 40
    assert spreads[1] >= 20
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] < 0.03


def test_few_pairs_are_no_evidence_of_a_small_seasonal_error():
    values = torch.full((1, 15), 40.0)
    errors = []
    for season in range(14, 2, -1):
        scale = scale_of(values, torch.ones(1, 15, dtype=torch.bool), season=season)
        errors.append(float(scale.seasonal_error))
    assert errors[0] >= 40
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.05


def test_a_silent_recent_past_takes_its_level_from_before():
    values = torch.cat([torch.full((1, 9), 8.0), torch.full((1, 6), float("nan"))], dim=1)
    observed = ~values.isnan()
    scale = scale_of(values, observed, span=6, season=3)
    assert scale.location == 8
    assert scale.spread >= 8


def test_without_a_pair_of_seasons_the_spread_stands_for_the_seasonal_error():
    values, _ = some_history(8)
    observed = torch.tensor([[False] * 4 + [True] * 4]).expand(3, 8)
    scale = scale_of(values, observed, season=4)
    assert torch.equal(scale.seasonal_error, scale.spread)
    short = scale_of(values, torch.ones_like(observed), season=9)
    assert torch.equal(short.seasonal_error, short.spread)
