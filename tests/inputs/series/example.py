"""Small tables that several tests build panels of."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from recurra.inputs.series.columns import Columns

LENGTHS = {"b": 40, "a": 23, "ü 7": 31}


def hourly(lengths: dict[str, int] = LENGTHS, start: datetime = datetime(2024, 2, 27, 5)) -> pl.DataFrame:
    """Hourly series; a value tells its series and position: 1000 * number + position."""
    return pl.concat(
        pl.DataFrame(
            {
                "unique_id": [name] * length,
                "ds": [start + timedelta(hours=step) for step in range(length)],
                "y": [1000.0 * number + step for step in range(length)],
            }
        )
        for number, (name, length) in enumerate(sorted(lengths.items()))
    )


def integer_series(*values: float | None) -> pl.DataFrame:
    """One series on integer time."""
    return pl.DataFrame(
        {"ds": range(len(values)), "y": [None if value is None else float(value) for value in values]}
    )


def daily_dates(*days: str, values: list[float] | None = None) -> pl.DataFrame:
    """One series on dates."""
    return pl.DataFrame(
        {
            "ds": [date.fromisoformat(day) for day in days],
            "y": values or [float(step) for step in range(len(days))],
        }
    )


COVARIATE_COLUMNS = Columns(
    "unique_id", "ds", "y", past=("temperature", "sky"), future=("price", "holiday"), static=("size", "kind")
)


def with_covariates(lengths: dict[str, int] = LENGTHS, ahead: int = 6) -> pl.DataFrame:
    """Hourly series with covariates of all kinds, known `ahead` steps beyond the last target."""
    frame = hourly({name: length + ahead for name, length in lengths.items()})
    position = pl.int_range(pl.len()).over("unique_id")
    sizes = dict(zip(sorted(lengths), (3.5, -2.0, 11.0), strict=True))
    known = position < pl.col("unique_id").replace_strict(lengths)
    random = np.random.default_rng(5)
    return frame.with_columns(
        pl.when(known).then("y").alias("y"),
        pl.when(known).then(pl.Series(random.normal(size=frame.height))).alias("temperature"),
        pl.when(known).then((position % 3).replace_strict({0: "clear", 1: "rain", 2: None})).alias("sky"),
        (position % 7 + 10.0).alias("price"),
        (position % 5 == 0).alias("holiday"),
        pl.col("unique_id").replace_strict(sizes).alias("size"),
        (pl.lit("kind ") + pl.col("unique_id")).alias("kind"),
    )
