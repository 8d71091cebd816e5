"""Sequential MNIST: the class of a digit whose 784 pixels are read one a step.

    python benchmarks/science/sequential_mnist.py --data FOLDER [--folder RUN] [--figure FILE] [--json]

FOLDER holds the four files of MNIST, such as train-images-idx3-ubyte.gz. The last 5,000 training digits
choose the epoch, settings were chosen on them, and the test digits are scored after training, once. With
--folder a training that was killed goes on. Published with one pixel a step: LSTM 87.2 and GRU 96.2 %, a
temporal convolutional net 99.0 % (Bai, Kolter & Koltun 2018).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from figure import draw
from measure import parser, report
from mnist import HELD_OUT, digits

from recurra import Classifier

SETTINGS: Mapping[str, Any] = {
    "cell": "gru",
    "hidden_size": 64,
    "bidirectional": False,
    "chrono_steps": 784,
    "pooling": "attention",
    "dropout": 0.1,
    "max_epochs": 30,
    "batch_size": 64,
    "learning_rate": 5e-3,
    "baselines": (),
    "calibrate": False,
}


def sequences(folder: Path, part: str) -> pl.DataFrame:
    """Digits as sequences of 784 grey values from 0 to 1, and their labels."""
    images, labels = digits(folder, part)
    pixels = images.reshape(len(images), -1) / np.float32(255)
    column = pl.Series(pixels, dtype=pl.Array(pl.Float32, pixels.shape[1])).cast(pl.List(pl.Float32))
    return pl.DataFrame({"pixels": column, "label": labels.astype(str)})


def main() -> None:
    """Train, score."""
    own = parser(__doc__ or "", resumable=True)
    own.add_argument("--figure", help="file for the learning curve, SVG or PNG")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        train, test = sequences(options.data, "train"), sequences(options.data, "t10k")
        classifier = Classifier(**SETTINGS, seed=options.seed, input="series")
        classifier.fit(
            train.head(-HELD_OUT),
            validation=train.tail(HELD_OUT),
            test=test,
            folder=options.folder,
            resume=options.folder is not None,
        )
        assert classifier.training_ is not None
        epochs = classifier.training_.epochs
        if options.figure:
            curve = [1 - epoch["valid_accuracy"] for epoch in epochs]
            draw({"GRU": curve}, {"guessing": 0.9}, "share of errors, validation", options.figure)
        return {
            "accuracy": round(classifier.score(), 4),
            "valid_accuracy": round(max(epoch["valid_accuracy"] for epoch in epochs), 4),
            "epochs": len(epochs),
            "seconds_in_training": round(sum(epoch["seconds"] for epoch in epochs)),
            "parameters": classifier.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
