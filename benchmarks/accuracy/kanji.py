"""Kanji drawn stroke by stroke: how well the next point is told, and what comes of going on alone.

    python benchmarks/accuracy/kanji.py --data FOLDER [--validate] [--figure FILE.png] [--json]

FOLDER holds short_kanji.npz (hardmaru/sketch-rnn-datasets): 10,000 characters to train on, 600 to choose the
epoch, 500 that are scored once, at the end. `nll` is the mean negative log density of a point, in nats, with
what the pen does there, where moves deviate by 1; `baseline_nll` that of a Gaussian of full covariance and of
how often the pen does what. With --validate the 600 are scored, and the test part is not read: settings
were chosen so. --figure draws characters at several biases, nothing chosen by hand.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from measure import parser, report

from recurra import Drawer
from recurra.inputs.strokes.archive import read_arrays

SETTINGS: Mapping[str, Any] = {
    "input": "strokes",
    "hidden_size": 256,
    "num_layers": 1,
    "components": 20,
    "max_epochs": 24,
    "batch_size": 64,
    "learning_rate": 5e-3,
    "dropout": 0.1,
    "scaling": 0.1,
    "device": "cpu",
}
BIASES = (0.0, 0.5, 1.0, 2.0)
_ACROSS = 12


def inks(moves: Sequence[np.ndarray]) -> pl.DataFrame:
    """Moves (dx, dy, lifted) as points (x, y, lifted)."""
    points = [
        np.concatenate([np.cumsum(one[:, :2], axis=0, dtype=np.int64), one[:, 2:]], axis=1) for one in moves
    ]
    return pl.DataFrame({"strokes": [one.tolist() for one in points]})


def draw(drawer: Drawer, real: pl.DataFrame, path: Path) -> dict[str, float]:
    """A row of characters at each bias below a row of real ones; the share of them that end by themselves."""
    rows = [
        (f"bias {one:g}", [drawer.generate(seed=at, bias=one) for at in range(_ACROSS)]) for one in BIASES
    ]
    figure = Figure(figsize=(_ACROSS, 1.15 * (len(rows) + 1)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.array(figure.subplots(len(rows) + 1, _ACROSS))
    drawn: list[list[list[np.ndarray]]] = [[_strokes(one) for one in real["strokes"].head(_ACROSS).to_list()]]
    drawn += [[one.strokes for one in own] for _, own in rows]
    for line, own in zip(axes, drawn, strict=True):
        for place, strokes in zip(line, own, strict=True):
            for stroke in strokes:
                place.plot(*stroke.T, color="0.1", linewidth=1.5)
            place.set_aspect("equal")
            place.invert_yaxis()
            place.set_axis_off()
    figure.savefig(path)
    return {f"ended at {name}": float(np.mean([one.ended for one in own])) for name, own in rows}


def _strokes(points: Sequence[Sequence[float]]) -> list[np.ndarray]:
    every = np.array(points)
    return [one[:, :2] for one in np.split(every, np.flatnonzero(every[:, 2]) + 1) if len(one)]


def main() -> None:
    """Train, score, draw."""
    own = parser(__doc__ or "")
    own.add_argument(
        "--validate", action="store_true", help="score the validation part instead of the test part"
    )
    own.add_argument("--figure", type=Path, help="draws characters into this PNG")
    own.add_argument("--settings", type=json.loads, default={}, help="other settings, as a JSON object")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        arrays = read_arrays(options.data / "short_kanji.npz")
        train, valid = (inks(list(arrays[name])) for name in ("train", "valid"))
        test = valid if options.validate else inks(list(arrays["test"]))
        drawer = Drawer(**{**SETTINGS, **options.settings}, seed=options.seed)
        drawer.fit(train, validation=valid, test=test)
        net, baseline = (one.scores for one in drawer.evaluate().models)
        found = {"nll": net["nll"], "move_nll": net["move_nll"], "pen_nll": net["pen_nll"]}
        found |= {f"baseline_{name}": baseline[name] for name in ("nll", "move_nll", "pen_nll")}
        if missing := [name for name, value in found.items() if value is None]:
            raise ValueError(f"no finite {', '.join(missing)}")
        scores: dict[str, Any] = {name: round(value, 4) for name, value in found.items() if value is not None}
        scores |= {"epochs": len(drawer.training_.epochs) if drawer.training_ else 0}
        return scores if options.figure is None else {**scores, **draw(drawer, test, options.figure)}

    report(run, options)


if __name__ == "__main__":
    main()
