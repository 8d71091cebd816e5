import numpy as np
import polars as pl
import pytest

from recurra.data.sample import sample_path
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.seasonality import find_season, with_season


def numbered(*series: np.ndarray) -> Panel:
    """Series whose times are whole numbers."""
    parts = [
        pl.DataFrame({"unique_id": [f"s{one}"] * len(values), "ds": range(len(values)), "y": values})
        for one, values in enumerate(series)
    ]
    return Panel.build(pl.concat(parts))


def season_of(*series: np.ndarray) -> int:
    panel = numbered(*series)
    return find_season(panel, panel.lengths)


@pytest.mark.parametrize(("name", "season"), [("co2", 52), ("elnino", 12), ("sunspots", 11)])
def test_seasons_of_real_series_are_found_without_their_dates(name: str, season: int) -> None:
    assert season_of(pl.read_csv(sample_path(name))["y"].cast(pl.Float64).to_numpy()) == season


@pytest.mark.parametrize("season", [4, 7, 12, 24])
@pytest.mark.parametrize("trend", [0.0, 0.3])
def test_a_season_is_found_beside_a_trend_and_noise(season: int, trend: float) -> None:
    random = np.random.default_rng(season)
    steps = np.arange(12 * season)
    pattern = random.normal(size=season)
    assert season_of(2 * pattern[steps % season] + trend * steps + random.normal(size=len(steps))) == season


def test_a_season_that_each_series_hides_shows_in_many() -> None:
    random = np.random.default_rng(0)
    panel = [np.sin(np.arange(70) * 2 * np.pi / 12) + random.normal(size=70) for _ in range(30)]
    assert season_of(*panel) == 12


def test_walks_and_noise_have_hardly_ever_a_season() -> None:
    random = np.random.default_rng(0)
    walks = [season_of(np.cumsum(random.normal(size=150))) for _ in range(40)]
    noises = [season_of(random.normal(size=150)) for _ in range(40)]
    assert sum(one > 1 for one in walks + noises) <= 8


@pytest.mark.parametrize("values", [np.ones(40), np.arange(40.0), np.array([1.0, 2.0]), np.arange(3.0)])
def test_what_does_not_move_to_and_fro_has_no_season(values: np.ndarray) -> None:
    assert season_of(values) == 1


def test_only_the_training_part_is_looked_at_and_the_finding_is_told() -> None:
    values = np.r_[np.arange(60) % 4, np.arange(60) % 7].astype(float)
    found = with_season(numbered(values), np.array([60]))
    assert found.season_length == 4
    assert "a season of 4 steps; season_length=STEPS" in found.repairs[-1]
    assert "no season" in with_season(numbered(np.ones(30)), np.array([30])).repairs[-1]
