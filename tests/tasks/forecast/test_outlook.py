"""What a forecast lacks is said by name."""

from datetime import date, timedelta

import polars as pl
import pytest

from recurra.errors import DataWarning
from recurra.inputs.series.columns import Columns
from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.outlook import notes_on_history, warn_of_missing_future


def shops(lengths: dict[str, int], ahead: dict[str, int] | None = None) -> pl.DataFrame:
    """Days of shops; the last `ahead` of each have covariates and no target."""
    parts = []
    for name, length in lengths.items():
        later = (ahead or {}).get(name, 0)
        days = [date(2024, 1, 1) + timedelta(days=day) for day in range(length + later)]
        values = [float(day % 7) for day in range(length)] + [None] * later
        promo = [float(day % 2) for day in range(length + later)]
        columns = {"shop": name, "ds": days, "y": values, "promo": promo, "kind": ["a", "b"] * 100}
        parts.append(pl.DataFrame({**columns, "kind": columns["kind"][: length + later]}))
    return pl.concat(parts)


def panel_of(frame: pl.DataFrame, future: tuple[str, ...] = ("promo", "kind")) -> Panel:
    return Panel.build(frame, Columns("shop", "ds", "y", future=future))


def test_a_future_that_is_known_is_not_spoken_of() -> None:
    warn_of_missing_future(panel_of(shops({"n": 20, "s": 20}, {"n": 3, "s": 4})), horizon=3)
    warn_of_missing_future(panel_of(shops({"n": 20}), future=()), horizon=3)


def test_covariates_steps_and_series_are_named() -> None:
    with pytest.warns(
        DataWarning, match=r"promo, kind not known for 4 of 6 .* first 2024-01-22T?.* \(series n, s\)"
    ):
        warn_of_missing_future(panel_of(shops({"n": 20, "s": 20}, {"n": 1, "s": 1})), horizon=3)
    with pytest.warns(DataWarning, match=r"not known for 3 of 6 steps .*first 2024-01-21.*\(series s\)"):
        warn_of_missing_future(panel_of(shops({"n": 20, "s": 20}, {"n": 3})), horizon=3)
    holed = shops({"n": 20}, {"n": 3}).with_columns(
        pl.when(pl.col("ds") == date(2024, 1, 22)).then(None).otherwise("kind").alias("kind")
    )
    with pytest.warns(DataWarning, match=r"^kind not known for 1 of 3 steps .*first 2024-01-22"):
        warn_of_missing_future(panel_of(holed), horizon=3)


def test_counts_are_told_apart_where_they_differ() -> None:
    frame = shops({"n": 20}, {"n": 2}).with_columns(kind=pl.when(pl.col("y").is_not_null()).then("kind"))
    with pytest.warns(DataWarning, match=r"^promo \(1\), kind \(3\) not known for 3 of 3 steps"):
        warn_of_missing_future(panel_of(frame), horizon=3)


def test_a_future_without_ids_is_that_of_every_series() -> None:
    frame = shops({"n": 20, "s": 18})
    later = [date(2024, 1, 1) + timedelta(days=day) for day in range(18, 24)]
    future = pl.DataFrame({"ds": later, "promo": [1.0] * 6, "kind": ["a"] * 6})
    panel = Panel.build(frame, Columns("shop", "ds", "y", future=("promo", "kind")), future=future)
    assert panel.extents.tolist() == [24, 24]
    warn_of_missing_future(panel, horizon=3)


def test_a_single_value_and_an_old_end_are_told() -> None:
    even = panel_of(shops({"n": 40, "s": 36}), future=())
    assert notes_on_history(even, horizon=3) == []
    odd = panel_of(shops({"n": 40, "old": 20, "one": 1}), future=())
    single, old = notes_on_history(odd, horizon=3)
    assert single.startswith("series one has a single value")
    assert old.startswith("series old, one end long before the others (2024-01-20")
    assert "the newest 2024-02-09" in old
