"""Intervals that follow what comes hold their level when the noise changes; those that do not, do not."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.stream_example import HORIZON, fitted, series

from recurra.errors import ArtifactError, ConfigError
from recurra.tasks.forecast.adaptive import Adaptation
from recurra.tasks.forecast.live import LiveForecast
from recurra.tasks.forecast.live_window import LiveWindow
from recurra.tasks.forecast.stream_interval import both_ends, scores_of
from recurra.tasks.forecast.stream_program import run_program

LEVELS, STEPS = (80.0, 95.0), 3


def normal(scores: np.ndarray) -> np.ndarray:
    """The forecast of a standard normal distribution."""
    ends = np.broadcast_to(both_ends(scores), (2 * len(scores), STEPS))
    return np.concatenate([np.zeros((1, STEPS)), ends])


def followed(values: np.ndarray, rate: float, levels: tuple[float, ...] = LEVELS) -> np.ndarray:
    """The share of values that intervals held, (rows, levels, steps ahead); NaN where none was made."""
    one = Adaptation(levels, STEPS, rate)
    made, held = [], np.full((len(values), len(levels), STEPS), np.nan)
    for row, value in enumerate(values):
        for ahead in range(min(row, STEPS)):
            low, high = made[row - 1 - ahead][1:].reshape(len(levels), 2, STEPS)[:, :, ahead].T
            held[row, :, ahead] = (low <= value) & (value <= high)
        one.follow("a", value)
        made.append(one.intervals("a", normal))
    return held


@pytest.mark.parametrize("scale", [0.3, 2.0, 20.0])
def test_each_level_is_held_at_each_step_when_the_noise_changes(scale: float) -> None:
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(size=500), scale * random.normal(size=1500)])
    held = followed(values, 0.05)
    expected = np.array(LEVELS)[:, None] / 100
    for part in (slice(STEPS, 500), slice(1000, 2000)):
        np.testing.assert_allclose(held[part].mean(axis=0), np.broadcast_to(expected, (2, STEPS)), atol=0.03)
    unmoved = np.abs(values[1000:, None]) <= scores_of(LEVELS)[:, 0]
    assert (np.abs(unmoved.mean(axis=0) - expected[:, 0]) > 0.04).all()


def test_what_is_missed_sums_to_how_far_reaches_moved() -> None:
    random = np.random.default_rng(1)
    held = followed(random.standard_t(2, size=4000), 0.1)[STEPS:]
    np.testing.assert_allclose(held.mean(axis=(0, 2)), np.array(LEVELS) / 100, atol=0.01)


def test_a_row_without_value_or_without_row_judges_nothing() -> None:
    one, other = (Adaptation(LEVELS, STEPS, 0.5) for _ in range(2))
    for each in (one, other):
        each.follow("a", 0.0)
        each.intervals("a", normal)
    one.follow("a", np.nan)
    one.intervals("a", normal)
    one.follow("a", 100.0)
    other.follow("a", 100.0, missing=1)
    found, expected = (each.intervals("a", normal) for each in (one, other))
    usual = normal(scores_of(LEVELS))
    assert found[2, 0] > usual[2, 0]  # it was forecast one step ahead, from the row without value
    assert found[2, 1] > usual[2, 1]  # and two
    assert found[2, 2] == usual[2, 2]
    np.testing.assert_array_equal(expected[:, 1:], found[:, 1:])
    assert expected[2, 0] == usual[2, 0]


def test_after_a_long_gap_nothing_is_judged() -> None:
    one = Adaptation(LEVELS, STEPS, 0.5)
    one.follow("a", 0.0)
    one.intervals("a", normal)
    one.follow("a", 100.0, missing=1000)
    np.testing.assert_allclose(one.intervals("a", normal), normal(scores_of(LEVELS)))


def test_intervals_never_become_infinite_nor_fall_below_a_floor() -> None:
    one = Adaptation((80.0,), STEPS, 1.0, floor=0.0)
    for step in range(100):
        one.follow("a", 1e30)
        found = one.intervals("a", lambda scores: normal(scores) + 3)
        assert np.isfinite(found).all(), step
        assert (found >= 0).all()
    assert found[2, 0] > 500
    for _ in range(1000):
        one.follow("a", 3.0)
        found = one.intervals("a", lambda scores: normal(scores) + 3)
    assert (np.abs(found - 3) < 0.02).all()


def test_numbers_stay_of_the_kind_that_they_were() -> None:
    one = Adaptation(LEVELS, STEPS, 0.5)
    assert one.intervals("a", lambda scores: normal(scores).astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("rate", [0.0, -1.0, 1.5, np.nan])
def test_wrong_rates_are_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match="rate of"):
        Adaptation(LEVELS, STEPS, rate)


def test_levels_are_needed() -> None:
    with pytest.raises(ConfigError, match="without a level"):
        Adaptation((), STEPS, 0.1)


def rows(count: int, scale: float = 1.0, **other: Any) -> list[dict[str, Any]]:
    random = np.random.default_rng(7)
    return [{"sales": 50 + scale * float(one), **other} for one in random.normal(size=count)]


@pytest.mark.parametrize("head", ["quantile", "student_t", "negative_binomial"])
def test_a_stream_holds_its_level_when_its_noise_doubles(head: str) -> None:
    random = np.random.default_rng(3)
    frame = series("a", 300).with_columns(sales=50 + 5 * random.normal(size=300).round())
    program = run_program(fitted(frame, head=head, max_epochs=20, learning_rate=0.02).fitted_)
    values = np.concatenate([50 + 5 * random.normal(size=400), 50 + 10 * random.normal(size=800)]).round()
    held = {}
    for rate in (None, 0.1):
        live = LiveForecast(program, level=(80.0,), adaptive=rate)
        found = [live.step({"sales": one}) for one in values]
        for step in (0, HORIZON - 1):
            low, high = (
                np.array([one[f"forecast-{side}-80"][step] for one in found[: -1 - step]])
                for side in ("lo", "hi")
            )
            truth = values[1 + step :]
            held[rate, step] = ((low <= truth) & (truth <= high))[600:].mean()
    for step in (0, HORIZON - 1):
        assert abs(held[0.1, step] - 0.8) < 0.03
        assert held[None, step] < 0.75


@pytest.fixture(scope="module", params=["program", "window"])
def stream(request: pytest.FixtureRequest) -> Any:
    """Makes a stream of either kind."""
    frame = pl.concat([series("a", 60), series("b", 60, seed=5)])
    if request.param == "program":
        program = run_program(fitted(frame).fitted_)
        return lambda level=(80.0,), rate=0.5: LiveForecast(program, level=level, adaptive=rate)
    plain = {"preset": "default", "validation_size": 8, "linear": False}
    forecaster = fitted(frame, **plain)
    return lambda level=(80.0,), rate=0.5: LiveWindow(forecaster.fitted_, "digest", level, rate)


def test_series_have_intervals_of_their_own_that_begin_as_the_level_says(stream: Any) -> None:
    live, static = stream(), stream(rate=None)
    days = pl.date_range(pl.date(2024, 3, 1), pl.date(2024, 3, 4), eager=True).to_list()
    foretold = 50.0
    for place, day in enumerate(days):
        for shop, sales in (("a", foretold), ("b", 5e4 * place)):
            row = {"shop": shop, "day": day, "sales": sales}
            found, usual = (each.predict(row).values for each in (live, static))
            np.testing.assert_array_equal(found["forecast"], usual["forecast"])
            for name in ("forecast-lo-80", "forecast-hi-80"):
                if place == 0:
                    np.testing.assert_allclose(found[name], usual[name], rtol=1e-5)
            if place:
                wide, narrow = (one["forecast-hi-80"] - one["forecast-lo-80"] for one in (found, usual))
                assert (wide[0] > narrow[0]) == (shop == "b")
            foretold = float(found["forecast"][0]) if shop == "a" else foretold


def test_the_state_holds_them_to_the_bit(stream: Any) -> None:
    days = pl.date_range(pl.date(2024, 3, 1), pl.date(2024, 3, 12), eager=True).to_list()
    given = [one | {"day": day} for one, day in zip(rows(12, 9.0, shop="a"), days, strict=True)]
    whole, first, second = stream(), stream(), stream()
    for row in given[:7]:
        first.predict(row)
    second.restore(first.snapshot())
    expected = [whole.predict(row).values["forecast-hi-80"] for row in given]
    found = [second.predict(row).values["forecast-hi-80"] for row in given[7:]]
    np.testing.assert_array_equal(found, expected[7:])
    assert second.snapshot() == whole.snapshot()


def test_a_state_of_another_stream_is_refused(stream: Any) -> None:
    live = stream()
    live.predict({"shop": "a", "day": "2024-03-01", "sales": 50.0})
    (kept,) = live.snapshot().values()
    with pytest.raises(ArtifactError, match=r"intervals of \[80.0\] percent; expected one of 95 percent"):
        stream(level=(95.0,)).restore({"a": kept})
    with pytest.raises(ArtifactError, match="Add --adaptive"):
        stream(rate=None).restore({"a": kept})
    for damaged in (b"x", kept.beside[:-1], kept.beside[:8]):
        with pytest.raises(ArtifactError, match="damaged"):
            live.restore({"a": kept._replace(beside=damaged)})
    live.restore({"a": kept._replace(beside=b"")})  # of a stream without: they begin as the level says
