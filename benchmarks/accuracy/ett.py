"""ETTh1: oil temperature 24 hours ahead, from every hour of the last four months.

    python benchmarks/accuracy/ett.py --data FOLDER [--json]

FOLDER holds ETTh1.csv.gz. Twelve months of thirty days are for training, four for validation, four for the
test, which is scored once, after training. Errors are in units of the training part's standard deviation, as
is usual for these data.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl
from measure import arguments, report

from recurra import Forecaster

MONTH = 30 * 24
TRAIN, VALIDATION, TEST = 12 * MONTH, 4 * MONTH, 4 * MONTH
HORIZON = 24


def main() -> None:
    """Train, forecast from every hour, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        frame = pl.read_csv(options.data / "ETTh1.csv.gz", try_parse_dates=True).head(
            TRAIN + VALIDATION + TEST
        )
        forecaster = Forecaster(
            horizon=HORIZON,
            preset="single_series",
            target="OT",
            time="date",
            validation_size=VALIDATION,
            test_size=TEST,
            seed=options.seed,
        )
        forecaster.fit(frame)
        evaluation = forecaster.evaluate(stride=1)
        spread = frame["OT"].head(TRAIN).std(ddof=0)
        scores = {
            f"mse{'' if name == 'recurra' else '_' + name}": round((overall["rmse"] / spread) ** 2, 5)
            for name, overall in evaluation.scores.items()
        }
        mae = round(evaluation.scores["recurra"]["mae"] / spread, 5)
        return {**scores, "mae": mae, "windows": evaluation.windows, "parameters": forecaster.num_parameters_}

    report(run, options)


if __name__ == "__main__":
    main()
