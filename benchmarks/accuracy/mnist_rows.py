"""MNIST, one row of pixels at a step: the class of a digit read from top to bottom in 28 steps.

    python benchmarks/accuracy/mnist_rows.py --data FOLDER [--validate] [--json]

FOLDER holds the four files of MNIST, such as train-images-idx3-ubyte.gz. Settings and epoch are chosen on the
last 5,000 training digits; the test digits are scored after training, once. With --validate these 5,000 are
judged in place of them.
"""

import json
from collections.abc import Mapping
from typing import Any

from measure import parser, report
from mnist import HELD_OUT, digits, frame

from recurra import Classifier

SETTINGS: Mapping[str, Any] = {
    "input": "images",
    "view": "rows",
    "stack": 1,
    "cell": "gru",
    "hidden_size": 96,
    "num_layers": 1,
    "pooling": "max",
    "max_epochs": 6,
    "batch_size": 64,
    "learning_rate": 3e-3,
    "dropout": 0.2,
    "shift": 0.07,
    "rotation": 10.0,
    "scaling": 0.12,
    "shear": 0.2,
    "elastic": 0.02,
    "contrast": 0.0,
    "baselines": (),
    "calibrate": False,
}


def main() -> None:
    """Train, score."""
    own = parser(__doc__ or "")
    own.add_argument("--validate", action="store_true", help="judge held out digits, not the test")
    own.add_argument("--settings", type=json.loads, default={}, help="other settings, as a JSON object")
    own.add_argument(
        "--digits", type=int, default=60_000, help="training digits, the held out ones among them"
    )
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        images, labels = digits(options.data, "train")
        held = frame(images[-HELD_OUT:], labels[-HELD_OUT:])
        kept = options.digits - HELD_OUT
        test = held if options.validate else frame(*digits(options.data, "t10k"))
        classifier = Classifier(**{**SETTINGS, **options.settings}, seed=options.seed)
        classifier.fit(frame(images[:kept], labels[:kept]), validation=held, test=test)
        assert classifier.training_ is not None
        epochs = classifier.training_.epochs
        return {
            "accuracy": round(classifier.score(), 4),
            "valid_accuracy": round(max(epoch["valid_accuracy"] for epoch in epochs), 4),
            "seconds_in_training": round(sum(epoch["seconds"] for epoch in epochs)),
            "parameters": classifier.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
