"""Small nets of every task that can be exported."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from recurra import Classifier, Detector, Forecaster, LanguageModel, Tagger
from recurra.cli.app import main
from recurra.experiment.estimator import Estimator

TINY = {"hidden_size": 6, "max_epochs": 1, "batch_size": 8, "device": "cpu"}
WORDS = ["a", "b", "c", "d", "e"]


def waves(rows: int = 40) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    lengths = [int(draw.integers(3, 12)) for _ in range(rows)]
    both = {
        name: [(shift + 3 * draw.normal(size=length)).round(3).tolist() for length in lengths]
        for name, shift in (("x", 20.0), ("y", -5.0))
    }
    return pl.DataFrame(
        {**both, "label": ["up" if sum(row) > 20 * len(row) else "down" for row in both["x"]]}
    )


def sentences(rows: int = 40) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    tokens = [draw.choice(WORDS, size=int(draw.integers(2, 7))).tolist() for _ in range(rows)]
    return pl.DataFrame({"tokens": tokens, "tags": [[word.upper() for word in row] for row in tokens]})


def readings(rows: int = 120) -> pl.DataFrame:
    values = 10 + np.sin(np.arange(rows) / 3) + np.random.default_rng(0).normal(0, 0.1, rows)
    return pl.DataFrame({"ds": np.arange(rows), "y": values})


MAKERS: dict[str, Callable[[], Estimator]] = {
    "classify": lambda: Classifier(**TINY, bidirectional=False, pooling="max", cell="gru").fit(waves()),
    "last": lambda: Classifier(**TINY, bidirectional=False, pooling="last").fit(waves()),
    "both_ways_last": lambda: Classifier(**TINY, pooling="last").fit(waves()),
    "mean": lambda: Classifier(**TINY, pooling="mean").fit(waves()),
    "both_ways": lambda: Classifier(**TINY, pooling="attention").fit(waves()),
    "tag": lambda: Tagger(**TINY, bidirectional=False, output="softmax").fit(sentences()),
    "language": lambda: LanguageModel(**TINY).fit(pl.DataFrame({"text": ["abc abd " * 30] * 9})),
    "detect": lambda: Detector(**TINY).fit(readings()),
    "forecast": lambda: Forecaster(
        **TINY, horizon=3, preset="streaming", steps_per_epoch=2, baselines=()
    ).fit(readings()),
}


def exported(run: Path, target: str, out: Path, *options: str) -> Path:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["export", str(run), "--to", target, "-o", str(out), "--name", "net", *options]) == 0
    return out
