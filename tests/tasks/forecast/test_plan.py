from typing import Any

import numpy as np
import pytest
from tests.tasks.forecast.example import QUICK, hourly, integer_series

from recurra.errors import ConfigError, UsageError
from recurra.experiment.task import Prepared
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.split import split_by_size
from recurra.tasks.forecast.config import forecast_config
from recurra.tasks.forecast.objective import METRICS
from recurra.tasks.forecast.prepare import SeriesData, prepare


def plan_of(frame: Any = None, **settings: Any) -> Prepared:
    panel = Panel.build(hourly({"a": 60, "b": 45}) if frame is None else frame)
    return prepare(SeriesData(forecast_config({"horizon": 3, **QUICK, **settings}), panel))


def test_training_windows_end_before_validation_and_test():
    plan = plan_of(test_size=7, validation_size=5)
    origins = [plan.source.origins(epoch, 0) for epoch in range(40)]
    ends = split_by_size(plan.train, 3, validation=5, test=7).train_end
    for series, end in enumerate(ends):
        last = max(int(one.position[one.series == series].max(initial=0)) for one in origins)
        assert end - 6 <= last <= end - 3
    assert ends.tolist() == [48, 33]
    assert plan.validate is not None
    assert plan.validate.origins.position.tolist() == [48, 49, 50, 33, 34, 35]


@pytest.mark.parametrize("monitor", ["train_loss", *METRICS])
def test_every_metric_may_be_monitored(monitor: str):
    assert plan_of(monitor=monitor).config.monitor == monitor


@pytest.mark.parametrize(("settings", "said"), [
    ({"monitor": "valid_mse"}, "valid_rmse"), ({"patience": 2, "validation_size": 0}, "validation"),
    ({"schedule": "plateau", "validation_size": 0}, "validation"), ({"test_size": 2}, "test_size is 2"),
    ({"validation_size": 1}, "validation_size is 1"), ({"test_size": 500}, "too short"),
    ({"device": "nonsense"}, "device"), ({"head": "negative_binomial"}, "negative_binomial"),
    ({"horizon": 40}, "horizon is 40"), ({"weighting": "owa", "head": "student_t"}, "head=quantile"),
    ({"devices": 10**6, "device": "cpu"}, "Lower devices"),
])  # fmt: skip
def test_what_cannot_be_done_is_told_before_training(settings: dict[str, Any], said: str):
    with pytest.raises(UsageError, match=said):
        plan_of(**settings)


def test_a_silent_validation_part_is_nothing_to_stop_by():
    values: list[float | None] = np.arange(60.0).tolist()
    values[48:54] = [None] * 6
    assert plan_of(integer_series(values)).validate is None
    with pytest.raises(ConfigError, match="validation"):
        plan_of(integer_series(values), patience=2)
