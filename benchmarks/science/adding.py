"""The adding problem: who learns that two of many numbers are marked, and from how far apart.

    python benchmarks/science/adding.py [--lengths 100,600] [--cells elman,gru] [--figure FILE] [--json]

Mean squared error on cases that training did not see; telling 1 always gives 0.167.
"""

import math
from collections.abc import Mapping
from typing import Any

from figure import draw
from learner import CELLS, last_error, learn
from measure import parser, report
from problem import adding

SETTINGS: Mapping[str, Any] = {
    "batch_size": 50,
    "batches": 100,
    "max_epochs": 60,
    "optimizer": "adam",
    "learning_rate": 2e-3,
    "gradient_clip": 1.0,
    "schedule": "one_cycle",
}
CHANCE = 1 / 6


def main() -> None:
    """Train each cell at each length."""
    own = parser(__doc__ or "", data=False)
    own.add_argument("--lengths", default="100,200,400,600")
    own.add_argument("--cells", default="elman,irnn,lstm,lstm_chrono,gru")
    own.add_argument("--figure")
    options = own.parse_args()
    cells = options.cells.split(",")
    if unknown := [name for name in cells if name not in CELLS]:
        own.error(f"no cell {', '.join(unknown)}; there are {', '.join(CELLS)}")

    def run() -> Mapping[str, Any]:
        found: dict[str, float] = {}
        curves: dict[str, list[float]] = {}
        for length in map(int, options.lengths.split(",")):
            for name in cells:
                _, history = learn(
                    name, adding(length), last_error, (2, 1), length, {**SETTINGS, "seed": options.seed}
                )
                losses = [epoch["valid_loss"] for epoch in history.epochs]
                found[f"{name}_{length}"] = round(min(losses), 6)
                curves[f"{name}, {length} steps"] = [loss or math.nan for loss in losses]
        if options.figure:
            draw(curves, CHANCE, "always 1", "mean squared error", options.figure)
        return found

    report(run, options)


if __name__ == "__main__":
    main()
