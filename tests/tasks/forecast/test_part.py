from typing import Any

import polars as pl
import pytest
import torch
from tests.tasks.forecast.example import QUICK, hourly, integer_series

from recurra import Forecaster
from recurra.errors import ConfigError, DataError
from recurra.inputs.series.origin import OriginIndex
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.split import split_by_size
from recurra.tasks.forecast.config import forecast_config
from recurra.tasks.forecast.part import MOST_WINDOWS, held_out_origins
from recurra.tasks.forecast.prepare import check_parts, least_history
from recurra.tasks.forecast.resolution import Resolved, resolve

PANEL = Panel.build(hourly({"a": 60, "b": 41, "c": 8}))


def resolved(**settings: Any) -> Resolved:
    return resolve(forecast_config({"horizon": 3, "test_size": 7, "validation_size": 4, **settings}), PANEL)


@pytest.mark.parametrize("part", ["test_size", "validation_size"])
def test_a_part_holds_a_horizon(part: str):
    for size in (0, 3, 4):
        check_parts(resolved(**{part: size}))
    for size in (1, 2):
        with pytest.raises(ConfigError, match=f"{part} is {size}"):
            check_parts(resolved(**{part: size}))


def least(frame: pl.DataFrame, context: int) -> int:
    panel = Panel.build(frame)
    found = resolve(forecast_config({"horizon": 3, "context": context, "patch": 1}), panel)
    split = split_by_size(panel, 3, validation=found.validation_size, test=found.test_size)
    needed = least_history(panel, split, found)
    index = OriginIndex(
        panel.target, panel.offsets, split.train_end, context=context, horizon=3, min_history=needed
    )
    assert (index.counts[split.train_end > 0] > 0).all()
    return needed


def test_training_windows_have_most_of_a_history():
    assert least(hourly({"a": 60, "b": 100}), 20) == 15


def test_no_series_is_too_short_or_too_sparse_to_learn_from():
    assert least(hourly({"a": 60, "b": 24}), 20) == 1
    hour = pl.int_range(pl.len()).over("unique_id")
    frame = hourly({"a": 60, "b": 60})
    business = frame.filter(hour % 7 < 5)
    assert 10 <= least(business, 20) <= 11
    for kept in (hour % 10 == 0, (hour < 2) | (hour > 50), hour > 0):
        sparse = pl.when(kept | (pl.col("unique_id") == "a")).then("y").otherwise(None)
        assert least(frame.with_columns(y=sparse), 20) >= 1


def test_every_moment_of_the_test_part_is_forecast_from():
    origins = held_out_origins(PANEL, resolved())
    expected = [(0, step) for step in range(53, 58)] + [(1, step) for step in range(34, 39)]
    expected += [(2, 5)]  # too short for a whole test part
    assert list(zip(*map(list, origins), strict=True)) == expected


def test_size_and_stride_choose_other_moments():
    origins = held_out_origins(PANEL, resolved(), size=11, stride=4)
    assert origins.series.tolist() == [0, 0, 0, 1, 1, 1]
    assert origins.position.tolist() == [49, 53, 57, 30, 34, 38]


def test_without_a_test_part_one_horizon_is_forecast():
    origins = held_out_origins(PANEL, resolved(test_size=0))
    assert origins.position.tolist() == [57, 38, 5]


def test_a_long_test_part_is_thinned():
    panel = Panel.build(hourly({"a": 50_000}))
    origins = held_out_origins(panel, resolved(), size=49_999)
    assert MOST_WINDOWS / 2 < len(origins.series) <= MOST_WINDOWS


@pytest.mark.parametrize("settings", [
    {"size": 0}, {"size": -4}, {"size": 2}, {"size": 4.5}, {"size": "7"}, {"stride": 0}, {"stride": -1},
    {"stride": 1.5},
], ids=str)  # fmt: skip
def test_a_number_out_of_range_is_refused(settings: dict[str, Any], unchecked_types: None):
    with pytest.raises(ConfigError):
        held_out_origins(PANEL, resolved(), **settings)


def test_series_too_short_for_the_part_are_refused():
    with pytest.raises(DataError, match="60 steps"):
        held_out_origins(PANEL, resolved(), size=60)


def test_a_hole_in_the_test_part_changes_no_weight() -> None:
    """Parts are counted back from the last value, which a hole before it does not move."""
    values = [float(step % 5) for step in range(40)]
    nets = []
    for hole in (None, 35):
        frame = integer_series([None if step == hole else value for step, value in enumerate(values)])
        settings = {
            **QUICK,
            "season_length": 5,
            "context": 6,
            "test_size": 9,
            "validation_size": 6,
        }
        nets.append(Forecaster(horizon=3, **settings).fit(frame).fitted_.model.state_dict())
    assert nets[0].keys() == nets[1].keys()
    assert all(torch.equal(value, nets[1][name]) for name, value in nets[0].items())
