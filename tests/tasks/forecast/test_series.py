from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tasks.forecast.example import hourly, integer_series

from recurra.errors import DataError
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.reading import read_panel_again
from recurra.tasks.forecast.config import ForecastConfig, forecast_config
from recurra.tasks.forecast.schema import check_counts, read_series

SIZES = pl.DataFrame({"unique_id": ["b", "a"], "size": [2.5, -1.0], "kind": ["x", "y"]})


def config(**settings: Any) -> ForecastConfig:
    return forecast_config({"horizon": 3, **settings})


def test_columns_are_named_by_settings():
    frame = hourly({"a": 20, "b": 20}).rename({"unique_id": "shop", "ds": "when", "y": "sales"})
    panel = read_series(frame, config(unique_id="shop", time="when", target="sales", season_length=5))
    assert (panel.columns.unique_id, panel.columns.time, panel.columns.target) == ("shop", "when", "sales")
    assert panel.season_length == 5
    assert panel.ids == ["a", "b"]


def test_columns_without_a_role_are_not_kept(tmp_path: Path):
    path = tmp_path / "table.csv"
    hourly({"a": 20, "b": 20}).with_columns(noise=pl.lit(1.5), word=pl.lit("x")).write_csv(path)
    assert read_series(path, config()).table.frame.columns == ["unique_id", "ds", "y"]


@pytest.mark.parametrize("named", [(), ("size",), ("kind", "size")])
def test_static_covariates_may_stand_in_a_table_of_their_own(named: tuple[str, ...]):
    panel = read_series(hourly({"a": 20, "b": 20}), config(static=named), static=SIZES)
    assert panel.columns.static == (named or ("size", "kind"))
    assert panel.static[:, 0].tolist() == [-1.0, 2.5]
    again = read_panel_again(hourly({"b": 9, "c": 9}), panel.schema, static=SIZES)
    assert again.static[0, 0] == 2.5
    assert again.static[1, 0] != again.static[1, 0]


@pytest.mark.parametrize("role", ["future", "static"])
def test_covariates_the_model_does_not_know_are_refused(role: str):
    frame = hourly({"a": 20, "b": 20})
    panel = read_series(frame, config())
    with pytest.raises(DataError, match=f"{role}="):
        read_panel_again(frame, panel.schema, **{role: SIZES})


@pytest.mark.parametrize("name", ["forecast", "cutoff", "forecast-lo-80"])
@pytest.mark.parametrize("role", ["unique_id", "time", "target"])
def test_names_of_results_are_taken(role: str, name: str):
    usual = {"unique_id": "unique_id", "time": "ds", "target": "y"}[role]
    with pytest.raises(DataError, match="Rename"):
        read_series(hourly({"a": 20}).rename({usual: name}), config(**{role: name}))


@pytest.mark.parametrize("value", [-1.0, 2.5, 2.0**25])
def test_counts_are_whole_and_not_negative(value: float):
    check_counts(Panel.build(integer_series([0.0, 3.0, None, 7.0])))
    with pytest.raises(DataError, match="negative_binomial"):
        check_counts(Panel.build(integer_series([0.0, 3.0, value, 7.0])))
