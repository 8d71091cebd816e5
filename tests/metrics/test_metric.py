"""What is known of metrics: which way is good, and that an unknown one is refused."""

import pytest

from recurra.errors import ConfigError
from recurra.metrics.metric import metric


def test_errors_are_better_when_low_and_shares_when_high():
    for name in ("mase", "smape", "mae", "rmse", "wql", "owa", "log_loss", "calibration_error"):
        assert metric(name).better == "low", name
    for name in ("accuracy", "macro_f1", "micro_f1", "exact", "auroc", "span_f1"):
        assert (metric(name).better, metric(name).unit) == ("high", "share"), name
    assert (metric("r2").better, metric("r2").unit) == ("high", "")


def test_coverage_is_best_at_its_level_and_widths_have_no_best():
    assert metric("coverage_97.5").target == 0.975
    assert metric("coverage_80").better == "target"
    assert metric("width_80").better == "none"


@pytest.mark.parametrize(
    ("name", "near"),
    [("acuracy", "accuracy"), ("pleasure", "mase"), ("coverage_100", "one"), ("width_", "one"), ("", "mae")],
)
def test_an_unknown_metric_is_refused_and_the_nearest_are_named(name, near):
    with pytest.raises(ConfigError, match=near):
        metric(name)
