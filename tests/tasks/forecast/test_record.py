import json
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from tests.tasks.forecast.example import QUICK, hourly

from recurra.data.panel import Panel
from recurra.tasks.forecast.evaluation import evaluate
from recurra.tasks.forecast.forecaster import Forecaster
from recurra.tasks.forecast.part import held_out_origins
from recurra.tasks.forecast.record import EXAMPLES, METRICS, examples_record, metrics_record

CPU = torch.device("cpu")


def records(frame: pl.DataFrame, **settings: Any) -> tuple[Any, Any, Panel, Forecaster]:
    forecaster = Forecaster(3, **{**QUICK, **settings}).fit(frame)
    one = forecaster.fitted_
    panel = Panel.build(frame, schema=one.schema)
    origins = held_out_origins(panel, one.resolved)
    result = evaluate(one, panel, origins, device=CPU)
    metrics = metrics_record(result, one, panel, repairs=["mended"], command="recurra train")
    return metrics, examples_record(one, panel, origins, device=CPU), panel, forecaster


@pytest.mark.parametrize("head", ["quantile", "student_t"])
def test_metrics_tell_what_was_done(head: str):
    metrics, _, panel, forecaster = records(hourly({"a": 60, "b": 45}), head=head, test_size=9)
    assert set(METRICS) <= set(metrics.models[0].scores)
    assert metrics.reference in {model.name for model in metrics.models}
    assert (metrics.data.rows, metrics.data.series, metrics.data.target) == (105, 2, "y")
    assert metrics.data.repairs == ["mended"]
    protocol = metrics.protocol
    assert (protocol.horizon, protocol.origins, protocol.stride, protocol.windows) == (3, 7, 1, 14)
    times = pl.from_epoch(pl.Series(panel.times(0)), "us")
    train_end = 60 - 9 - forecaster.fitted_.resolved.validation_size
    assert protocol.train_end == times[train_end - 1].isoformat()
    assert protocol.test_start == times[51].isoformat()
    assert protocol.test_end == times[59].isoformat()
    for level in metrics.calibration:
        assert level.coverage == metrics.models[0].scores[f"coverage_{level.level:g}"]
    assert len(metrics.by_step["recurra"]["mae"]) == 3
    json.loads(metrics.model_dump_json())


@pytest.mark.parametrize("count", [1, 2, 4, 5, 9])
def test_examples_are_of_several_series_and_moments(count: int):
    frame = hourly({f"s{number}": 40 for number in range(count)})
    _, examples, _, _ = records(frame, test_size=9, validation_size=0)
    shown = examples.examples
    assert len(shown) == EXAMPLES
    assert len({one.unique_id for one in shown}) == min(count, EXAMPLES)
    assert len({(one.unique_id, one.origin) for one in shown}) == EXAMPLES
    for one in shown:
        own = frame.filter(pl.col("unique_id") == one.unique_id)
        known = dict(zip((time.isoformat() for time in own["ds"]), own["y"], strict=True))
        for times, values in ((one.history.ds, one.history.y), (one.ds, one.truth)):
            assert values == pytest.approx([known[time] for time in times], rel=1e-5)
        assert one.history.ds[-1] == one.origin < one.ds[0]


def test_missing_truth_is_null_in_examples():
    hour = pl.int_range(pl.len())
    frame = hourly({"a": 60}).with_columns(y=pl.when(hour % 5 != 2).then("y"))
    _, examples, _, _ = records(frame)
    values = [value for one in examples.examples for value in (*one.truth, *one.history.y)]
    assert None in values
    assert all(value is None or np.isfinite(value) for value in values)


def test_whole_numbers_are_times_too():
    frame = pl.DataFrame({"ds": range(60), "y": np.sin(np.arange(60.0))})
    metrics, examples, _, _ = records(frame)
    assert metrics.protocol.test_end == 59
    assert examples.examples[0].ds == [57, 58, 59]
