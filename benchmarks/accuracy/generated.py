"""Memory and time of a large table: generated hourly series, written as Parquet, trained by the command line.

    python benchmarks/accuracy/generated.py --rows 10000000 [--json]

Prints the peak memory of the training process, which reads the table, trains and scores.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

STEPS = 10_000


def write_table(path: Path, rows: int, seed: int) -> None:
    """Series of 10,000 hours: a daily and a weekly cycle, a level of their own, noise."""
    random = np.random.default_rng(seed)
    series = -(-rows // STEPS)
    hours = np.arange(STEPS)
    cycles = np.sin(2 * np.pi * hours / 24) + 0.5 * np.sin(2 * np.pi * hours / 168)
    level = random.lognormal(3, 1, size=(series, 1))
    values = level * (3 + cycles + 0.3 * random.standard_normal((series, STEPS)))
    start = np.datetime64("2024-01-01T00", "us")
    pl.DataFrame(
        {
            "unique_id": np.repeat([f"series-{index:05d}" for index in range(series)], STEPS)[:rows],
            "ds": np.tile(start + hours * np.timedelta64(3600, "s"), series)[:rows],
            "y": values.ravel()[:rows],
        }
    ).write_csv(path)


def main() -> None:
    """Write, train, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table, run = Path(folder) / "table.csv", Path(folder) / "run"
        write_table(table, options.rows, options.seed)
        command = [sys.executable, "-m", "recurra", "train", "forecast", str(table), "--horizon", "24"]
        command += ["--out", str(run), "--json", "max_epochs=2", "baselines=", f"seed={options.seed}"]
        began = time.perf_counter()
        finished = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        seconds = time.perf_counter() - began
        size = table.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    network = next(model for model in json.loads(finished.stdout)["models"] if model["name"] == "recurra")
    result = {
        "rows": options.rows,
        "table_mib": round(size / 2**20),
        "mase": round(network["scores"]["mase"], 4),
        "parameters": network["parameters"],
        "seconds": round(seconds, 1),
        "peak_mib": round(peak),
        "seed": options.seed,
    }
    for name, value in result.items():
        sys.stderr.write(f"{name:>12}  {value}\n")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
