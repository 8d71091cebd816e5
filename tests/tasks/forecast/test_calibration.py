"""What validation settles after training: the net's share, and the width of intervals."""

import numpy as np
import pytest
from tests.tasks.forecast.test_base import frame, noise

from recurra import Forecaster
from recurra.tasks.forecast.calibration import Forecasts, _share, _widths

QUICK = {"horizon": 6, "max_epochs": 2, "hidden_size": 4, "baselines": ()}


def forecasts(truth, base, point, deviation):
    reach = 1.2816 * deviation
    return Forecasts(base, point, point, point - reach, point + reach, truth, np.ones((len(truth), 1)))


def drawn(windows=200, horizon=5, seed=0):
    return np.random.default_rng(seed).normal(size=(windows, horizon))


def test_a_net_that_knows_more_than_its_base_keeps_its_share():
    truth = drawn()
    assert _share(forecasts(truth, np.zeros_like(truth), 0.9 * truth, 1.0), 40.0, 1) > 0.85


def test_a_net_that_knows_nothing_keeps_none():
    truth = drawn()
    for point in (drawn(seed=1), truth * 0, -truth):
        assert _share(forecasts(truth, np.zeros_like(truth), point, 1.0), 40.0, 1) < 0.1


def test_few_windows_are_believed_less():
    truth = drawn(30)
    given = forecasts(truth, np.zeros_like(truth), 0.5 * truth, 1.0)
    shares = [_share(given, apart, 1) for apart in (1.0, 3.0, 10.0, 30.0)]
    assert shares == sorted(shares)
    assert shares[0] < 0.4 < 0.9 < shares[-1]


@pytest.mark.parametrize("told", [0.5, 1.0, 1.8])
def test_intervals_hold_what_they_say(told):
    truth = drawn(4000)
    given = forecasts(truth, np.zeros_like(truth), np.zeros_like(truth), told)
    widths = _widths(given, 800.0)
    assert widths.shape == (5,)
    held = (np.abs(truth) <= widths * 1.2816 * told).mean()
    assert held == pytest.approx(0.8 if told < 1.5 else 0.88, abs=0.03)  # never narrower than seven tenths
    few = np.log(_widths(given, 1.0))
    assert (np.abs(few) <= 0.25 * np.abs(np.log(told)) + 0.02).all()


def test_missing_truth_is_looked_through():
    truth = drawn(400)
    truth[::3] = np.nan
    given = forecasts(truth, np.zeros_like(truth), np.zeros_like(truth), 1.0)
    np.testing.assert_allclose(_widths(given, 80.0), 1, atol=0.15)
    truth[:] = np.nan
    assert (_widths(given, 80.0) == 1).all()


def test_a_run_without_a_validation_part_is_left_as_it_is():
    model = Forecaster(**QUICK, validation_size=0).fit(frame(20 + np.cumsum(noise(90)))).fitted_.model
    assert float(model.share) == 1
    assert bool((model.widening == 1).all())


def test_intervals_stay_in_order_and_around_the_forecast():
    forecaster = Forecaster(**QUICK).fit(frame(20 + np.cumsum(noise(150))))
    assert bool((forecaster.fitted_.model.widening != 1).any())
    told = forecaster.predict(level=(50, 80, 95))
    order = ["lo-95", "lo-80", "lo-50", "hi-50", "hi-80", "hi-95"]
    values = told.select(f"forecast-{side}" for side in order).to_numpy()
    assert (np.diff(values, axis=1) >= 0).all()
    assert (values[:, 0] <= told["forecast"].to_numpy()).all()
