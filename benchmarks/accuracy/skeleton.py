"""Actions told from the joints of a body, by subjects that training never saw, and how early.

    python benchmarks/accuracy/skeleton.py --data FOLDER [--seeds 0,1,2] [--validate 1,5,9] [--json]

FOLDER holds msr_action3d.npz. Odd subjects train, even ones are the test part, which is read after training,
once a seed; the number of epochs is fixed. `accuracy` is the mean over seeds, `spread` their deviation,
`linear` the mean of logistic regression over statistics of the same numbers. The net reads in one direction,
so that it streams: `half_accuracy` is what it tells of the same motions after half of their frames, `decided`
the mean share of a motion that was over when what it told last began to stand. With --validate each of some
odd subjects is held out of the others and judged in place of the test part: settings were chosen so.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from measure import parser, report

from recurra import Classifier
from recurra.tasks.classify.live import LiveClassifier

SETTINGS: Mapping[str, Any] = {
    "input": "motion",
    "cell": "gru",
    "hidden_size": 128,
    "num_layers": 1,
    "bidirectional": False,
    "pooling": "mean",
    "max_epochs": 150,
    "batch_size": 32,
    "learning_rate": 3e-3,
    "dropout": 0.4,
    "input_dropout": 0.2,
    "weight_decay": 0.01,
    "rotation": 20.0,
    "scaling": 0.2,
    "stretch": 0.3,
    "sway": 0.025,
    "limbs": 0.8,
    "label_smoothing": 0.1,
    "validation_size": 0,
    "baselines": (),
    "calibrate": False,
}


def motions(folder: Path) -> pl.DataFrame:
    """Frames, actions and subjects of all motions."""
    with np.load(folder / "msr_action3d.npz", allow_pickle=False) as arrays:
        pieces = np.split(arrays["frames"], np.cumsum(arrays["lengths"])[:-1])
        names = [str(arrays["action_names"][label - 1]) for label in arrays["label"]]
        subjects = arrays["subject"].tolist()
    return pl.DataFrame({"frames": [one.tolist() for one in pieces], "label": names, "subject": subjects})


def early(classifier: Classifier, test: pl.DataFrame) -> dict[str, float]:
    """What is told live: after half of the frames, and since when what is told last stands."""
    live = LiveClassifier(classifier.to_program())
    halves, decided = [], []
    for number, row in enumerate(test.iter_rows(named=True)):
        told = [
            live.predict({"sequence_id": number, "frames": one}).values["prediction"] for one in row["frames"]
        ]
        halves.append(told[(len(told) - 1) // 2] == row["label"])
        stands = next(at for at in range(len(told)) if len(set(told[at:])) == 1)
        decided.append((stands + 1) / len(told))
    return {"half_accuracy": float(np.mean(halves)), "decided": float(np.mean(decided))}


def main() -> None:
    """Train with each seed, score."""
    own = parser(__doc__ or "")
    own.add_argument("--seeds", default="0,1,2", help="with commas between")
    own.add_argument("--validate", metavar="SUBJECTS", help="judge these instead of the test part")
    own.add_argument("--settings", type=json.loads, default={}, help="other settings, as a JSON object")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        every = motions(options.data)
        odd = pl.col("subject") % 2 == 1
        parts = [(every.filter(odd), every.filter(~odd))]
        if options.validate:
            held = [pl.col("subject") == int(one) for one in options.validate.split(",")]
            parts = [(every.filter(odd, ~one), every.filter(one)) for one in held]
        scores, linear, live = [], [], []
        for seed in map(int, options.seeds.split(",")):
            for train, test in parts:
                classifier = Classifier(**{**SETTINGS, **options.settings}, seed=seed)
                classifier.fit(train.drop("subject"), test=test.drop("subject"))
                told = {one.name: one.scores["accuracy"] or 0.0 for one in classifier.evaluate().models}
                scores.append(told["recurra"])
                linear.append(told["linear"])
                live.append({} if classifier.config_.bidirectional else early(classifier, test))
        found = {"accuracy": float(np.mean(scores)), "spread": float(np.std(scores))}
        found["linear"] = float(np.mean(linear))
        found |= {key: float(np.mean([one[key] for one in live])) for key in live[0]}
        return {key: round(value, 4) for key, value in found.items()} | {
            "each": [round(one, 4) for one in scores]
        }

    report(run, options)


if __name__ == "__main__":
    main()
