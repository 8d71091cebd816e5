"""Shakespeare, character by character: bits per character on the last 5 % of the text.

    python benchmarks/accuracy/shakespeare.py --data FOLDER [--json]

FOLDER holds input.txt.gz. The first 90 % are trained on, the next 5 % choose the epoch; settings were chosen
on them. The last 5 % are scored after training, once: by the net as it was trained, and by one that goes on
learning from what it has read (dynamic evaluation), which are the 5 % before and then these.
"""

import gzip
from collections.abc import Mapping
from typing import Any

import numpy as np
from measure import arguments, report

from recurra import LanguageModel
from recurra.tasks.language.scoring import surprise
from recurra.tasks.language.task import LANGUAGE

SETTINGS: Mapping[str, Any] = {
    "hidden_size": 512,
    "embedding_size": 64,
    "tied": False,
    "num_layers": 1,
    "variational": True,
    "input_dropout": 0.05,
    "output_dropout": 0.4,
    "weight_dropout": 0.4,
    "batch_size": 16,
    "sequence_length": 80,
    "max_epochs": 12,
    "learning_rate": 3e-3,
    "weight_decay": 0.03,
    "schedule": "one_cycle",
}
DYNAMIC: Mapping[str, float] = {"dynamic_rate": 0.001, "dynamic_decay": 0.0003}


def main() -> None:
    """Train, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        with gzip.open(options.data / "input.txt.gz", "rt", encoding="utf-8") as file:
            text = file.read()
        first, second = int(len(text) * 0.9), int(len(text) * 0.95)
        train, valid, test = text[:first], text[first:second], text[second:]
        model = LanguageModel(seed=options.seed, **SETTINGS)
        model.fit([train], validation=[valid], test=[test])
        scores = {one.name: one.scores for one in model.evaluate().models}
        part = LANGUAGE.part([valid + test], model.fitted_, None)
        dynamic = surprise(model.fitted_.model, part, "cpu", **DYNAMIC)[-len(test) :]
        return {
            "bits_per_character": round(float(dynamic.mean() / np.log(2)), 4),
            "static_bits_per_character": round(float(scores["recurra"]["bits_per_character"] or 0), 4),
            "n_grams": round(float(scores["n_grams"]["bits_per_character"] or 0), 4),
            "valid_bits_per_character": round(
                min(epoch["valid_bits_per_character"] for epoch in model.training_.epochs), 4
            ),
            "parameters": model.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
