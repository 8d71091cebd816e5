"""The Numenta anomaly benchmark: 58 series, each watched from its first row on with the same settings.

    python benchmarks/accuracy/nab.py --data FOLDER [--json]

FOLDER holds `data`, `labels` and `results` of github.com/numenta/NAB, or all of it as nab.zip. A detector of
ours is trained on the probation of each series alone (15 %, at most 750 rows), and told the rest row by row;
no labels are read before all series have their scores. As for every detector on the scoreboard the threshold
is the one that is best for the corpus as a whole; `at_half` is the score at the default threshold. The scorer
is held to the published scoreboard: the rows of null, random and windowedGaussian have to come out again.
"""

import argparse
import json
import math
import random
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from measure import parser, report

from recurra import Detector
from recurra.metrics.deviation import gaussian_deviations
from recurra.metrics.nab import PROFILES, Scored, nab_score, probation_rows
from recurra.tasks.detect.answer import answer
from recurra.tasks.detect.config import DetectAnswer
from recurra.tasks.detect.task import DETECT

PUBLISHED = {
    "standard": "standard",
    "reward_low_fp": "reward_low_FP_rate",
    "reward_low_fn": "reward_low_FN_rate",
}
RANDOM = {
    "standard": 0.9984497070312507,
    "reward_low_fp": 0.9995117187500009,
    "reward_low_fn": 0.9984497070312507,
}
"""The thresholds that the scoreboard has for the random detector: its search was not for the best of all."""
DIGITS = 12  # of the scores that the scoreboard was made of, for windowedGaussian


class Watched(NamedTuple):
    """A series of the corpus."""

    values: np.ndarray
    windows: list[tuple[int, int]]


def main() -> None:
    """Hold the scorer to the scoreboard, then score a detector of ours."""
    own = parser(__doc__ or "")
    own.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings of the detector")
    own.add_argument("--scores", type=Path, help="keep the scores of every row here (.npz)")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory() as place:
            folder = options.data
            if (folder / "nab.zip").exists():
                zipfile.ZipFile(folder / "nab.zip").extractall(place)
                folder = Path(place)
            corpus = read_corpus(folder)
            board = json.loads((folder / "results" / "final_results.json").read_text())
        return {**ours(corpus, options), **reproduced(corpus, board)}

    report(run, options)


def read_corpus(folder: Path) -> dict[str, Watched]:
    """Values and windows of every series."""
    found = {}
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text())
    for name, limits in windows.items():
        frame = pl.read_csv(folder / "data" / name)
        place: dict[str, int] = {}
        for row, time in enumerate(frame["timestamp"]):
            place.setdefault(time, row)
        ends = [(place[first.split(".")[0]], place[last.split(".")[0]]) for first, last in limits]
        found[name] = Watched(frame["value"].to_numpy().astype(np.float64), ends)
    return found


def ours(corpus: Mapping[str, Watched], options: argparse.Namespace) -> dict[str, Any]:
    """A detector for each series, with the same settings; rows are taken one after another."""
    settings = {key: json.loads(value) for key, _, value in (one.partition("=") for one in options.set)}
    told = {name: _onsets(one.values, {**settings, "seed": options.seed}) for name, one in corpus.items()}
    if options.scores:
        np.savez_compressed(options.scores, **{name.replace("/", "|"): one for name, one in told.items()})
    scored = [Scored(told[name], one.windows) for name, one in corpus.items()]
    found: dict[str, Any] = {}
    for name, profile in PROFILES.items():
        best = nab_score(scored, profile)
        found[name] = round(best.score, 2)
        found[f"{name}_threshold"] = round(best.threshold, 4)
        found[f"{name}_at_half"] = round(nab_score(scored, profile, threshold=0.5).score, 2)
    return found


def _onsets(values: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    """What a detector says of a series; it is trained on the probation, with a row more that is not read."""
    rows = probation_rows(len(values))
    frame = pl.DataFrame({"ds": np.arange(len(values)), "y": values})
    detector = Detector(**settings, probation=rows).fit(frame[: rows + 1], show_progress=False)
    part = DETECT.part(frame, detector.fitted_, DetectAnswer())
    return answer(detector.fitted_, part).onsets


def reproduced(corpus: Mapping[str, Watched], board: Mapping[str, Any]) -> dict[str, Any]:
    """The scores of three detectors of the scoreboard, and how far off the published ones they are."""
    detectors: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Mapping[str, float]]] = {
        "null": (lambda values: np.full(len(values), 0.5), {}),
        "random": (_random, RANDOM),
        "windowedGaussian": (_gaussian, {}),
    }
    found: dict[str, Any] = {}
    apart = 0.0
    for name, (detect, thresholds) in detectors.items():
        scored = [Scored(detect(one.values), one.windows) for one in corpus.values()]
        for key, published in PUBLISHED.items():
            score = nab_score(scored, PROFILES[key], thresholds.get(key)).score
            found[f"{name}_{key}"] = round(score, 2)
            apart = max(apart, abs(score - board[name][published]))
    if apart > 1e-6:
        raise SystemExit(f"the scorer is {apart:.3g} away from the scoreboard: {found}")
    return {**found, "away_from_scoreboard": apart}


def _random(values: np.ndarray) -> np.ndarray:
    """The benchmark's: the same numbers of Python's generator for each series."""
    drawn = random.Random(42)
    return np.array([drawn.uniform(0, 1) for _ in values])


def _gaussian(values: np.ndarray) -> np.ndarray:
    """The benchmark's: one less the tail beyond each value; the first row has none."""
    away = gaussian_deviations(values) / math.sqrt(2)
    scores = np.array([1 - 0.5 * math.erfc(one) for one in away])
    scores[0] = 0.0
    return np.round(scores, DIGITS)


if __name__ == "__main__":
    main()
