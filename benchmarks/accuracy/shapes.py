"""Pictures of made-up shapes described in sentences of words that never stood together in training.

    python benchmarks/accuracy/shapes.py [--seed 0] [--threads 1] [--json]

Pictures show one to four shapes of a kind, or a large and a small one and how they lie to each other
(`sample:shapes`, `recurra.inputs.generated_shapes`). A fifth of the 1,024 sentences is held out, with all of
their pictures: these are the test part, judged once after training. `exact` is the share of them whose
sentence is right to the letter, `known` the same of pictures of sentences of the training part, `nearest`
that of the nearest training picture's sentence, `cider` CIDEr-D of the held-out ones, `processor` the seconds
that the processor took.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

import polars as pl
from measure import parser, report

from recurra import Captioner
from recurra.inputs.generated_shapes import shape_pictures

SETTINGS: Mapping[str, Any] = {
    "input": "images",
    "view": "grid",
    "patch": 8,
    "front_width": 16,
    "front_blocks": 4,
    "rotation": 0.0,
    "shear": 0.0,
    "scaling": 0.0,
    "shift": 0.0,
    "contrast": 0.1,
    "hidden_size": 96,
    "target_size": 64,
    "attention": "additive",
    "input_feeding": False,
    "max_epochs": 18,
    "batch_size": 16,
    "learning_rate": 3e-3,
    "dropout": 0.0,
    "output_dropout": 0.1,
    "test_size": 0,
}
_PICTURES, _KNOWN = 5000, 500


def rows(count: int, seed: int) -> pl.DataFrame:
    """Pictures with their sentences, and whether these are held out."""
    pictures, sentences, held_out = shape_pictures(count, seed)
    kind = pl.Array(pl.UInt8, pictures.shape[1:])
    return pl.DataFrame(
        {"image": pl.Series(pictures, dtype=kind), "caption": sentences, "held_out": held_out}
    )


def main() -> None:
    """Train, and judge on what was held out."""
    own = parser(__doc__ or "", data=False)
    own.add_argument("--settings", type=json.loads, default={}, help="other settings, as a JSON object")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        began = time.process_time()
        every = rows(_PICTURES, seed=1)
        train, test = (every.filter(pl.col("held_out") == held).drop("held_out") for held in (False, True))
        known = rows(_KNOWN, seed=2).filter(~pl.col("held_out")).drop("held_out")
        captioner = Captioner(**{**SETTINGS, **options.settings}, seed=options.seed).fit(train)
        found = {
            name: {one.name: one.scores for one in captioner.evaluate(part).models}
            for name, part in (("test", test), ("known", known))
        }
        own = found["test"]["recurra"]
        return {
            "exact": round(own["exact_match"] or 0, 4),
            "known": round(found["known"]["recurra"]["exact_match"] or 0, 4),
            "nearest": round(found["test"]["nearest"]["exact_match"] or 0, 4),
            "cider": round(own["cider"] or 0, 3),
            "judged": len(test),
            "parameters": captioner.num_parameters_,
            "processor": round(time.process_time() - began, 1),
        }

    report(run, options)


if __name__ == "__main__":
    main()
