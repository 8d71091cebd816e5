"""What narrow weights cost: errors of a streamed forecaster with float32, bfloat16 and int8 weights.

    python benchmarks/narrow_weights.py [--data FOLDER] [--json]

Forecasters that stream are trained on the bundled series, and on ETTh1 (oil temperature 24 hours ahead, in
FOLDER/ETTh1.csv.gz) if a folder is given. Each then streams its whole series from the first row on, once for
each type of weights; the forecasts after every row before and in the test part, which training did not see,
are scored. Beside them stand `predict`, which reads the last steps alone, and the seasonal naive forecast.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from recurra import Forecaster
from recurra.streaming import WEIGHTS, Program
from recurra.tasks.forecast.live import LiveForecast
from recurra.tasks.forecast.schema import read_panel


class Case(NamedTuple):
    """A table, and how it is forecast."""

    name: str
    source: str
    settings: dict[str, Any]


def main() -> None:
    """Train, stream with all types of weights, print the errors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of ETTh1.csv.gz")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results = {case.name: measure(case, options.seed) for case in cases(options.data)}
    if options.json:
        print(json.dumps(results))


def cases(data: Path | None) -> list[Case]:
    """The bundled series, and those of the folder."""
    bundled = [
        Case("co2, 26 weeks", "sample:co2", {"horizon": 26}),
        Case("elnino, 12 months", "sample:elnino", {"horizon": 12}),
    ]
    if data is None:
        return bundled
    columns = {"target": "OT", "time": "date"}
    return [*bundled, Case("ETTh1, 24 hours", str(data / "ETTh1.csv.gz"), {"horizon": 24, **columns})]


def measure(case: Case, seed: int) -> dict[str, Any]:
    """The errors of one case, printed."""
    began = time.perf_counter()
    forecaster = Forecaster(preset="streaming", seed=seed, **case.settings).fit(case.source)
    seconds = time.perf_counter() - began
    program = forecaster.to_program()
    values = read_panel(case.source, forecaster.config_).series(0)
    first = len(values) - int(forecaster.config_.test_size)
    streamed = {weights: forecasts(program, weights, values, first) for weights in WEIGHTS}
    scores = forecaster.evaluate(stride=1).scores
    spread = float(np.nanstd(values[:first]))
    results = {
        weights: {
            **errors(own, values, first),
            "change": float(np.sqrt(np.mean((own - streamed["float32"]) ** 2)) / spread),
        }
        for weights, own in streamed.items()
    }
    print(f"\n{case.name}: {len(streamed['float32'])} forecasts, trained for {seconds:.0f} s, ", end="")
    print(f"{forecaster.num_parameters_} parameters, spread of the training data {spread:.4g}")
    print(f"{'weights':>16}  {'MAE':>9}  {'RMSE':>9}  {'against float32':>16}  {'change, of spread':>18}")
    for weights, own in results.items():
        cost = own["rmse"] / results["float32"]["rmse"] - 1
        print(f"{weights:>16}  {own['mae']:9.5f}  {own['rmse']:9.5f}  {cost:>+16.3%}  {own['change']:18.6f}")
    for name in ("recurra", "seasonal_naive"):
        label = "predict" if name == "recurra" else name
        print(f"{label:>16}  {scores[name]['mae']:9.5f}  {scores[name]['rmse']:9.5f}")
    sys.stdout.flush()
    others = {
        name: {key: scores[name][key] for key in ("mae", "rmse")} for name in ("recurra", "seasonal_naive")
    }
    return {"weights": results, **others, "seconds": round(seconds, 1)}


def forecasts(program: Program, weights: str, values: np.ndarray, first: int) -> np.ndarray:
    """The forecasts (origins, horizon) whose horizons lie in the test part, which begins at `first`."""
    live = LiveForecast(program, weights)
    last = len(values) - live.horizon
    rows = (live.step({live.target: float(value)})["forecast"] for value in values[:last])
    return np.array([forecast for step, forecast in enumerate(rows, start=1) if step >= first])


def errors(forecast: np.ndarray, values: np.ndarray, first: int) -> dict[str, float]:
    """Mean absolute and root mean squared error of the observed steps."""
    truth = np.lib.stride_tricks.sliding_window_view(values[first:], forecast.shape[1])
    error = (forecast - truth)[~np.isnan(truth)]
    return {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt(np.square(error).mean()))}


if __name__ == "__main__":
    main()
