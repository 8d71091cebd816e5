"""Small forecasters that stream, and the series they learn."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from recurra import Forecaster

CONTEXT, HORIZON = 9, 4
SETTINGS: dict[str, Any] = {
    "horizon": HORIZON,
    "preset": "streaming",
    "context": CONTEXT,
    "hidden_size": 5,
    "max_epochs": 2,
    "steps_per_epoch": 3,
    "batch_size": 7,
    "season_length": 3,
    "test_size": 0,
    "validation_size": 0,
}


def series(name: str, length: int, *, seed: int = 0, gaps: int = 0) -> pl.DataFrame:
    """Daily values around 50 with a covariate; the first of some rows have no value."""
    random = np.random.default_rng(seed)
    values = 50 + np.cumsum(random.normal(size=length)) + 3 * (np.arange(length) % 3)
    missing = np.zeros(length, bool)
    missing[random.permutation(length)[:gaps]] = True
    return pl.DataFrame(
        {
            "shop": [name] * length,
            "day": [dt.date(2024, 1, 1) + dt.timedelta(days=step) for step in range(length)],
            "sales": pl.Series(np.where(missing, np.nan, values)).fill_nan(None),
            "price": pl.Series(np.where(missing, np.nan, 100 * random.random(length))).fill_nan(None),
        }
    )


def fitted(frame: pl.DataFrame, **settings: Any) -> Forecaster:
    columns = {"target": "sales", "time": "day"}
    columns |= {"unique_id": "shop"} if "shop" in frame.columns else {}
    return Forecaster(**{**SETTINGS, **columns, **settings}).fit(frame)
