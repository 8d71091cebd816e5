"""Lines of handwritten digits, read from left to right: the error rate of characters.

    python benchmarks/accuracy/digit_lines.py --data FOLDER [--validate] [--json]

FOLDER holds the four files of MNIST, such as train-images-idx3-ubyte.gz. A line is 5 to 10 digits beside each
other, each 8 columns over the one before to 6 columns after it, so that digits touch at times. Training lines
are made of training digits but for the last 5,000; lines of these choose settings and epoch. Test lines are
made of test digits from a seed of their own, and are read after training, once. With --validate lines of the
held out digits are judged in place of them.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from measure import parser, report
from mnist import HELD_OUT, digits

from recurra import Transcriber
from recurra.inputs.generated_image import joined
from recurra.metrics.transcription import transcription_scores

FEWEST, MOST = 5, 10
GAPS = (-8, 7)
SETTINGS: Mapping[str, Any] = {
    "input": "images",
    "view": "columns",
    "stack": 4,
    "cell": "gru",
    "hidden_size": 96,
    "num_layers": 1,
    "max_epochs": 6,
    "batch_size": 16,
    "learning_rate": 3e-3,
    "dropout": 0.2,
    "shift": 0.05,
    "rotation": 8.0,
    "scaling": 0.1,
    "shear": 0.15,
    "elastic": 0.02,
    "contrast": 0.0,
    "monitor": "valid_cer",
}


def lines(images: np.ndarray, labels: np.ndarray, count: int, seed: int) -> pl.DataFrame:
    """Lines of digits, which are all gone through in new orders until there are enough."""
    random = np.random.default_rng(seed)
    queue: list[int] = []
    rows: dict[str, list[Any]] = {"image": [], "text": []}
    for _ in range(count):
        size = int(random.integers(FEWEST, MOST + 1))
        if len(queue) < size:
            queue = random.permutation(len(images)).tolist()
        chosen, queue = queue[:size], queue[size:]
        gaps = random.integers(*GAPS, size=size + 1)
        line = joined([images[one] for one in chosen], gaps)
        rows["image"].append(pl.Series(line, dtype=pl.List(pl.UInt8)))
        rows["text"].append("".join(str(labels[one]) for one in chosen))
    return pl.DataFrame(rows, schema={"image": pl.List(pl.List(pl.UInt8)), "text": pl.String})


def main() -> None:
    """Make lines, train, score."""
    own = parser(__doc__ or "")
    own.add_argument("--validate", action="store_true", help="judge held out digits, not those of the test")
    own.add_argument("--settings", type=json.loads, default={}, help="other settings, as a JSON object")
    own.add_argument("--lines", type=int, default=6_000, help="training lines")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        images, labels = digits(options.data, "train")
        train = lines(images[:-HELD_OUT], labels[:-HELD_OUT], options.lines, 1)
        held = lines(images[-HELD_OUT:], labels[-HELD_OUT:], 600, 2)
        test = held if options.validate else lines(*digits(options.data, "t10k"), 1_300, 3)
        settings = {**SETTINGS, **options.settings, "seed": options.seed}
        transcriber = Transcriber(**settings).fit(train, validation=held, test=test)
        scores = transcription_scores(
            transcriber.predict(test)["prediction"].to_list(), test["text"].to_list()
        )
        assert transcriber.training_ is not None
        epochs = transcriber.training_.epochs
        return {
            "cer": round(scores["cer"], 5),
            "lines_right": round(scores["exact_match"], 4),
            "valid_cer": round(min(epoch["valid_cer"] for epoch in epochs), 5),
            "seconds_in_training": round(sum(epoch["seconds"] for epoch in epochs)),
            "parameters": transcriber.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
