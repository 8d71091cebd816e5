"""Photographs described by a small net from scratch, beside one constant sentence and the nearest.

    python benchmarks/accuracy/flickr8k.py --data FOLDER [--seeds 0,1,2] [--validate] [--threads 1] [--json]

FOLDER holds captions.txt and flickr8k_1k_images.zip: 1,000 photographs of Flickr8k with five sentences each.
They are split by photograph, 800 to train, 100 to choose the epoch, 100 to judge, drawn once for all seeds.
`cider` and `bleu_4` are means over seeds, `spread` their deviations; beside them those of the one sentence
that is best for all training photographs, by either score, and of the nearest photograph's most usual
sentence. The test part is read after training, once a seed; with --validate what chooses the epoch is judged
in its place, and settings were chosen so. `processor` is the seconds that the processor took.
"""

import json
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from measure import parser, report

from recurra import Captioner

SETTINGS: Mapping[str, Any] = {
    "input": "images",
    "view": "grid",
    "height": 64,
    "width": 64,
    "fit": "crop",
    "patch": 16,
    "front_width": 16,
    "mirror": 0.5,
    "shift": 0.1,
    "scaling": 0.1,
    "rotation": 5.0,
    "shear": 0.0,
    "contrast": 0.2,
    "target_min_count": 3,
    "attention": "additive",
    "hidden_size": 128,
    "target_size": 128,
    "label_smoothing": 0.1,
    "dropout": 0.4,
    "output_dropout": 0.4,
    "weight_decay": 0.05,
    "max_epochs": 25,
    "batch_size": 16,
    "learning_rate": 2e-3,
    "averaging": "ema",
    "averaging_decay": 0.99,
}
_HELD_OUT = 100


def photographs(folder: Path, where: Path) -> list[pl.DataFrame]:
    """The parts to train on, to choose the epoch with, and to judge: a row for each photograph."""
    with zipfile.ZipFile(folder / "flickr8k_1k_images.zip") as archive:
        archive.extractall(where)
    table = pl.read_csv(folder / "captions.txt").rename({"image": "path"})
    every = table.group_by("path", maintain_order=True).agg("caption")
    every = every.with_columns(path=pl.lit(f"{where}/images/") + pl.col("path"))
    order = np.random.default_rng(0).permutation(len(every))
    parts = np.split(order, [len(order) - 2 * _HELD_OUT, len(order) - _HELD_OUT])
    return [every[part.tolist()] for part in parts]


def main() -> None:
    """Train with each seed, score."""
    own = parser(__doc__ or "")
    own.add_argument("--seeds", default="0,1,2", help="with commas between")
    own.add_argument(
        "--validate", action="store_true", help="judge what chooses the epoch, not the test part"
    )
    own.add_argument("--settings", type=json.loads, default={}, help="other settings, as a JSON object")
    own.add_argument("--report", type=Path, help="where to write the page of the last seed")
    own.add_argument("--beam", type=int, default=5, help="hypotheses")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        began, scores, texts = time.process_time(), [], []
        with tempfile.TemporaryDirectory() as where:
            train, validation, test = photographs(options.data, Path(where))
            judged = validation if options.validate else test
            for seed in map(int, options.seeds.split(",")):
                settings = {**SETTINGS, **options.settings, "seed": seed}
                captioner = Captioner(**settings).fit(train, validation=validation, test=judged)
                scores.append({one.name: one.scores for one in captioner.evaluate().models})
                texts += captioner.predict(judged.drop("caption"))["prediction"].to_list()
            if options.report:
                captioner.report(options.report)
        found: dict[str, Any] = {}
        for metric in ("cider", "bleu_4", "bleu_1", "chrf"):
            every = [one["recurra"][metric] or 0.0 for one in scores]
            found[metric], found[f"{metric}_spread"] = np.mean(every), np.std(every)
            for name in ("nearest", "constant_cider", "constant_bleu_4"):
                found[f"{metric}_{name}"] = scores[0][name][metric] or 0.0
        return {key: round(float(value), 4) for key, value in found.items()} | {
            "different": round(len(set(texts)) / len(texts), 3),
            "parameters": captioner.num_parameters_,
            "processor": round(time.process_time() - began, 1),
        }

    report(run, options)


if __name__ == "__main__":
    main()
