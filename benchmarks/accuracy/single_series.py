"""Single series, default settings: MASE and what 80 % intervals held, beside theta and seasonal naive.

    python benchmarks/accuracy/single_series.py --data FOLDER [--json]

FOLDER holds one CSV file a series, with columns ds (dates) and y. Of each the last two horizons are the test
part (a horizon is a year of months, two of quarters, two weeks of days, two days of hours, else six steps),
forecast from every quarter of a horizon; the forecaster is trained once, before it, and theta reads all that
came before each forecast. MASE is in units of the seasonal naive error before the test part.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from measure import arguments, report

from recurra import Forecaster
from recurra.inputs.series.panel import Panel
from recurra.metrics.exponential_smoothing import theta
from recurra.metrics.forecast_baseline import seasonal_naive

HORIZONS = {12: 12, 4: 8, 7: 14, 24: 48}  # by the season


def main() -> None:
    """Train on each series, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        found = {path.stem: judged(path, options.seed) for path in sorted(options.data.glob("*.csv"))}
        means = {name: round(float(np.mean([one[name] for one in found.values()])), 4) for name in MEANS}
        return {**means, "series": found}

    report(run, options)


MEANS = ("mase", "mase_theta", "mase_seasonal_naive", "coverage_80")


def judged(path: Path, seed: int) -> dict[str, float]:
    """The scores of one series."""
    panel = Panel.read(path, target="y", time="ds")
    season, values = panel.season_length, panel.series(0).astype(np.float64)
    horizon = HORIZONS.get(season, 6)
    test = 2 * horizon
    known = values[:-test]
    scale = np.nanmean(np.abs(known[season:] - known[:-season]))
    forecaster = Forecaster(horizon, target="y", time="ds", test_size=test, baselines=(), seed=seed).fit(path)
    stride = max(1, horizon // 4)
    told = pl.DataFrame(forecaster.backtest(stride=stride, level=(80,)))
    truth, low, high = (told[name].to_numpy() for name in ("y", "forecast-lo-80", "forecast-hi-80"))
    scores = {
        "mase": np.nanmean(np.abs(told["forecast"].to_numpy() - truth)) / scale,
        "coverage_80": np.nanmean((low <= truth) & (truth <= high)),
    }
    for name, method in (("mase_theta", theta), ("mase_seasonal_naive", seasonal_naive)):
        errors = []
        for origin in range(len(values) - test, len(values) - horizon + 1, stride):
            history = values[None, :origin]
            forecast = method(np.nan_to_num(history), ~np.isnan(history), horizon, season)[0]
            errors.append(np.nanmean(np.abs(forecast - values[origin : origin + horizon])))
        scores[name] = np.mean(errors) / scale
    return {name: round(float(scores[name]), 4) for name in MEANS}


if __name__ == "__main__":
    main()
