"""What is known of metrics: which way is good, and how they are written."""

import math

from recurra.report.metric import metric


def test_errors_are_better_when_low():
    for name in ("mase", "smape", "mae", "rmse", "wql", "owa", "valid_loss"):
        assert metric(name).badness(1.0) < metric(name).badness(2.0) < metric(name).badness(None) == math.inf


def test_coverage_is_best_at_its_level():
    coverage = metric("coverage_80")
    assert coverage.badness(0.79) < coverage.badness(0.7) < coverage.badness(0.99)
    assert coverage.texts([0.789, None]) == ["78.9\u202f%", "\u2013"]
    assert metric("coverage_97.5").target == 0.975


def test_widths_and_unknown_metrics_have_no_best():
    assert metric("width_80").badness(1.0) == metric("pleasure").badness(1.0) == math.inf
    assert metric("a_new_one").label == "A new one"


def test_percentages_say_so():
    assert metric("smape").texts([13.912, 9.328]) == ["13.91\u202f%", "9.33\u202f%"]
    assert metric("mase").texts([1.193, 0.893]) == ["1.193", "0.893"]
