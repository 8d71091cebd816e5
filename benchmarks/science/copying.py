"""Copy memory: ten symbols, many blanks, and then the symbols again.

    python benchmarks/science/copying.py [--blanks 100,500] [--cells elman,lstm] [--figure FILE] [--json]

Mean cross-entropy of a step in nats, on cases that training did not see. Who tells blanks, and then any
symbol, has 10 ln 8 / (blanks + 20): that is what a net without memory comes to.
"""

import math
from collections.abc import Mapping
from typing import Any

from figure import draw
from learner import CELLS, every_step, learn
from measure import parser, report
from problem import COPIED, SYMBOLS, copying

SETTINGS: Mapping[str, Any] = {
    "batch_size": 32,
    "batches": 100,
    "max_epochs": 60,
    "optimizer": "rmsprop",
    "learning_rate": 1e-3,
    "gradient_clip": 1.0,
    "schedule": "constant",
}


def main() -> None:
    """Train each cell with each number of blanks."""
    own = parser(__doc__ or "", data=False)
    own.add_argument("--blanks", default="100,200,500")
    own.add_argument("--cells", default="elman,lstm,lstm_chrono,gru_chrono")
    own.add_argument("--figure")
    options = own.parse_args()
    cells = options.cells.split(",")
    if unknown := [name for name in cells if name not in CELLS]:
        own.error(f"no cell {', '.join(unknown)}; there are {', '.join(CELLS)}")

    def run() -> Mapping[str, Any]:
        found: dict[str, float] = {}
        curves: dict[str, list[float]] = {}
        guesses: list[float] = []
        for blanks in map(int, options.blanks.split(",")):
            guesses.append(COPIED * math.log(SYMBOLS) / (blanks + 2 * COPIED))
            found[f"no_memory_{blanks}"] = round(guesses[-1], 6)
            for name in cells:
                settings = {**SETTINGS, "seed": options.seed}
                sizes = (SYMBOLS + 2, SYMBOLS + 1)
                _, history = learn(name, copying(blanks), every_step, sizes, blanks, settings)
                losses = [epoch["valid_loss"] for epoch in history.epochs]
                found[f"{name}_{blanks}"] = round(min(losses), 6)
                curves[f"{name}, {blanks} blanks"] = losses
        if options.figure:
            draw(curves, guesses[-1], "no memory", "cross-entropy of a step, nats", options.figure)
        return found

    report(run, options)


if __name__ == "__main__":
    main()
