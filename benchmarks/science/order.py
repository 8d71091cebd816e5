"""Temporal order: two signs among noise, at places that differ, and which of them came first.

    python benchmarks/science/order.py [--steps 100] [--models elman,lstm,feed_forward] [--json]

Four classes, AA, AB, BA and BB, after Hochreiter & Schmidhuber (1997, experiment 6a): the first sign stands
in the first fifth of the row, the second in the fourth one. A net that pools steps without their order tells
AB from BA as often as a coin does, which makes 75 %. Accuracy on rows that training did not see.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from measure import parser, report

from recurra import Classifier
from recurra.experiment.contestant import USUAL, named

NOISE, SIGNS = 4, 2  # symbols
SETTINGS: Mapping[str, Any] = {
    "hidden_size": 32,
    "pooling": "last",
    "max_epochs": 15,
    "learning_rate": 5e-3,
    "dropout": 0.0,
    "calibrate": False,
    "baselines": (),
}


def rows(count: int, steps: int, seed: int) -> pl.DataFrame:
    """One-hot symbols, a channel each, and the two signs as label."""
    random = np.random.Generator(np.random.Philox(seed))
    symbols = random.integers(NOISE, size=(count, steps))
    signs = random.integers(SIGNS, size=(count, 2))
    fifth, every = steps // 5, np.arange(count)
    for place, begin in enumerate((0, 3 * fifth)):
        symbols[every, begin + random.integers(fifth, size=count)] = NOISE + signs[:, place]
    channels = {f"symbol_{one}": (symbols == one).astype(float).tolist() for one in range(NOISE + SIGNS)}
    return pl.DataFrame({**channels, "label": ["".join("AB"[one] for one in pair) for pair in signs]})


def main() -> None:
    """Train each net from each seed, score."""
    own = parser(__doc__ or "", data=False)
    own.add_argument("--steps", type=int, default=100)
    own.add_argument("--models", default=",".join(USUAL), help="as `recurra compare` names them")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        train, test = rows(4_000, options.steps, 1), rows(1_000, options.steps, 2)
        found = {}
        for name, choice in named(options.models.split(",")).items():
            given = {"network": "recurrent", **SETTINGS, **choice}
            found[name] = round(Classifier(**given, seed=options.seed).fit(train, test=test).score(), 4)
        return found

    report(run, options)


if __name__ == "__main__":
    main()
