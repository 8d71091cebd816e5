"""Spoken digits: accuracy on the official split, and on speakers that training never heard.

    python benchmarks/accuracy/fsdd.py --data FOLDER [--json]

FOLDER holds fsdd_recordings.zip, whose recordings 0 to 4 of every speaker and digit are the test part. The
net reads in one direction, so that it streams. Settings were chosen on recordings 5 to 9, and for unknown
speakers on theo and george after training on the four others; test parts are read after training, once. The
number of epochs is fixed.
"""

import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from measure import parser, report

from recurra import Classifier

SETTINGS: Mapping[str, Any] = {
    "cell": "gru",
    "hidden_size": 128,
    "pooling": "last",
    "features": "mfcc",
    "speed": 0.25,
    "tone": 12.0,
    "gain": 10.0,
    "noise": 10.0,
    "max_epochs": 30,
    "batch_size": 32,
    "learning_rate": 5e-3,
    "dropout": 0.3,
    "validation_size": 0,
    "baselines": (),
    "calibrate": False,
}


def clips(folder: Path) -> pl.DataFrame:
    """Paths, digits, speakers and numbers of all recordings."""
    names = sorted((folder / "recordings").glob("*.wav"))
    parts = [one.stem.split("_") for one in names]
    return pl.DataFrame({
        "path": [str(one) for one in names],
        "label": [digit for digit, _, _ in parts],
        "speaker": [speaker for _, speaker, _ in parts],
        "number": [int(number) for _, _, number in parts],
    })  # fmt: skip


def score(train: pl.DataFrame, test: pl.DataFrame, seed: int, settings: Mapping[str, Any]) -> float:
    """Accuracy on one part after training on another."""
    columns = ["path", "label"]
    classifier = Classifier(**settings, seed=seed).fit(train.select(columns), test=test.select(columns))
    return round(classifier.score(), 4)


def main() -> None:
    """Train seven times, score."""
    own = parser(__doc__ or "")
    own.add_argument("--official", action="store_true", help="leave the unknown speakers out")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(options.data / "fsdd_recordings.zip") as archive:
                archive.extractall(folder)
            every = clips(Path(folder))
            first = pl.col("number") < 5
            found: dict[str, Any] = {
                "accuracy": score(every.filter(~first), every.filter(first), options.seed, SETTINGS)
            }
            if options.official:
                return found
            for speaker in sorted(set(every["speaker"])):
                own = pl.col("speaker") == speaker
                found[speaker] = score(every.filter(~own), every.filter(own), options.seed, SETTINGS)
            speakers = sorted(set(every["speaker"]))
            found["unknown_speakers"] = round(sum(found[one] for one in speakers) / len(speakers), 4)
            return found

    report(run, options)


if __name__ == "__main__":
    main()
