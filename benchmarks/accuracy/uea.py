"""Four sets of the UCR/UEA archive that the package aeon ships, each with its own split: mean accuracy.

    python benchmarks/accuracy/uea.py --data FOLDER [--json]

FOLDER holds NAME/NAME_TRAIN.ts and NAME/NAME_TEST.ts, as aeon/datasets/data in the wheel of aeon does. Test
parts are read after training, once.
"""

from collections.abc import Mapping
from typing import Any

from measure import arguments, report

from recurra import Classifier

SETS = ("JapaneseVowels", "BasicMotions", "ItalyPowerDemand", "GunPoint")
SETTINGS: Mapping[str, Any] = {
    "cell": "gru",
    "hidden_size": 64,
    "pooling": "max",
    "dropout": 0.3,
    "noise": 0.1,
    "scaling": 0.3,
    "max_epochs": 150,
    "batch_size": 16,
    "learning_rate": 5e-3,
    "weight_decay": 1e-3,
    "averaging": "ema",
    "averaging_decay": 0.99,
    "schedule": "one_cycle",
    "validation_size": 0,
    "baselines": (),
}


def main() -> None:
    """Train on each set, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        found: dict[str, float] = {}
        for name in SETS:
            train, test = (str(options.data / name / f"{name}_{part}.ts") for part in ("TRAIN", "TEST"))
            classifier = Classifier(**SETTINGS, seed=options.seed, input="series").fit(train, test=test)
            found[name] = round(classifier.score(), 4)
        return {"accuracy": round(sum(found.values()) / len(found), 4), **found}

    report(run, options)


if __name__ == "__main__":
    main()
