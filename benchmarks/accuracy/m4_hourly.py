"""M4 competition, Hourly: 414 series, 48 hours ahead, one model for all of them (preset "m4").

    python benchmarks/accuracy/m4_hourly.py --data FOLDER [--json]

FOLDER holds Hourly-train.csv.gz and Hourly-test.csv.gz. The test part is read after training, once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from measure import arguments, report

from recurra import Forecaster
from recurra.metrics.forecast import M4_HOURLY, forecast_scores
from recurra.metrics.forecast_scale import in_sample_scale

HORIZON, SEASON = 48, 24


def read(path: Path) -> pl.DataFrame:
    """A wide file (one series a row) as a long table with whole numbers as time."""
    wide = pl.read_csv(path, infer_schema=False).rename({"V1": "unique_id"})
    long = wide.unpivot(index="unique_id", variable_name="ds", value_name="y").drop_nulls("y")
    return long.with_columns(
        pl.col("ds").str.strip_prefix("V").cast(pl.Int64) - 1, pl.col("y").cast(pl.Float64, strict=False)
    ).drop_nulls("y")


def main() -> None:
    """Train, forecast, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        train = read(options.data / "Hourly-train.csv.gz")
        forecaster = Forecaster(
            horizon=HORIZON, season_length=SEASON, preset="m4", test_size=0, seed=options.seed
        )
        forecaster.fit(train)
        forecast = forecaster.predict().sort("unique_id", "ds", maintain_order=True)

        test = read(options.data / "Hourly-test.csv.gz")
        ids = forecast["unique_id"].unique(maintain_order=True)
        truth = test.join(ids.to_frame(), on="unique_id", how="right").sort("unique_id", "ds")
        assert truth["unique_id"].to_list() == forecast["unique_id"].to_list()
        history = {key: part["y"].to_numpy() for (key,), part in train.sort("ds").group_by("unique_id")}
        scale = in_sample_scale([history[key] for key in ids], SEASON).values
        shape = (len(ids), HORIZON)
        scores = forecast_scores(
            truth["y"].to_numpy().reshape(shape),
            forecast["forecast"].to_numpy().reshape(shape),
            np.ones(shape, dtype=bool),
            np.arange(len(ids)),
            scale,
            reference=M4_HOURLY,
        )
        return {
            **{k: round(v, 4) for k, v in scores.overall.items()},
            "parameters": forecaster.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
