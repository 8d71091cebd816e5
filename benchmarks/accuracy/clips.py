"""What happens in made-up clips of moving shapes and digits, as a class and as a sentence, from video files.

    python benchmarks/accuracy/clips.py [--folder FOLDER] [--seed 0] [--threads 1] [--json]

1,900 MP4 files of H.264 (`recurra.inputs.generated_clips`) at 12 to 30 frames a second, half of them at
uneven times, are written into FOLDER, or into a temporary one: a shape or a digit goes left, right, up or
down, slowly or quickly, and on, stops, or turns back. 1,500 train, 150 choose the epoch, 250 are judged,
once. `accuracy` is of the 12 classes of where it goes and what then happens, `exact` the share of sentences
that are right to the letter, with thing, colour and speed (1,248 different ones). Beside them are what
statistics of pixels and their changes tell (`linear`, `nearest`). `processor` is the seconds that the
processor took, `seconds` those on the clock.
"""

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from measure import parser, report

from recurra import Captioner, Classifier
from recurra.inputs.generated_clips import write_clips

VIDEO: Mapping[str, Any] = {
    "input": "video",
    "rate": 8.0,
    "height": 48,
    "width": 48,
    "front_width": 8,
    "frame_size": 96,
    "shift": 0.0,
    "contrast": 0.05,
    "batch_size": 8,
    "learning_rate": 3e-3,
    "hidden_size": 64,
    "dropout": 0.1,
}
TOLD: Mapping[str, Any] = {"max_epochs": 4, "baselines": ()}
WRITTEN: Mapping[str, Any] = {
    "target_size": 64,
    "attention": "additive",
    "input_feeding": False,
    "frame_size": 128,
    "residual": True,
    "max_epochs": 28,
    "output_dropout": 0.1,
}
_CLIPS, _HELD_OUT, _JUDGED = 1900, 150, 250


def parts(folder: Path, count: int) -> list[pl.DataFrame]:
    """The clips to train on, to choose the epoch with, and to judge."""
    table = pl.read_csv(write_clips(folder, count, seed=1))
    table = table.with_columns(path=pl.lit(f"{folder}/") + pl.col("path"))
    kept = count - _HELD_OUT - _JUDGED
    return [table[:kept], table[kept : kept + _HELD_OUT], table[kept + _HELD_OUT :]]


def main() -> None:
    """Train both nets, and judge them."""
    own = parser(__doc__ or "", data=False)
    own.add_argument("--folder", type=Path, help="where to write the clips")
    own.add_argument("--told", type=json.loads, default={}, help="other settings of the classifier")
    own.add_argument("--written", type=json.loads, default={}, help="other settings of the captioner")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        began = time.process_time()
        with tempfile.TemporaryDirectory() as place:
            train, validation, test = parts(options.folder or Path(place), _CLIPS)
            tasks = (
                (Classifier, "label", "caption", {**TOLD, **options.told}),
                (Captioner, "caption", "label", {**WRITTEN, **options.written}),
            )
            scores: list[dict[str, Any]] = []
            for kind, told, other, settings in tasks:
                net = kind(**{**VIDEO, **settings}, label=told, seed=options.seed)
                data = [one.drop(other) for one in (train, validation, test)]
                net.fit(data[0], validation=data[1], test=data[2])
                scores.append({one.name: one.scores for one in net.evaluate().models})
        return {
            "accuracy": round(scores[0]["recurra"]["accuracy"], 4),
            "linear": round(scores[0]["linear"]["accuracy"], 4),
            "exact": round(scores[1]["recurra"]["exact_match"], 4),
            "nearest": round(scores[1]["nearest"]["exact_match"], 4),
            "cider": round(scores[1]["recurra"]["cider"], 3),
            "processor": round(time.process_time() - began, 1),
        }

    report(run, options)


if __name__ == "__main__":
    main()
