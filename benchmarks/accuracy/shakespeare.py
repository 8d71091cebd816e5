"""Shakespeare, character by character: bits per character on the last 5 % of the text.

    python benchmarks/accuracy/shakespeare.py --data FOLDER [--json]

FOLDER holds input.txt.gz. The first 90 % are trained on, the next 5 % choose the epoch; settings were chosen
on them. The last 5 % are read after training, once.
"""

from collections.abc import Mapping
from typing import Any

from measure import arguments, report

from recurra import LanguageModel

SETTINGS: Mapping[str, Any] = {
    "hidden_size": 384,
    "num_layers": 1,
    "input_dropout": 0.1,
    "output_dropout": 0.4,
    "weight_dropout": 0.3,
    "batch_size": 32,
    "sequence_length": 96,
    "max_epochs": 11,
    "learning_rate": 4e-3,
    "weight_decay": 1e-2,
    "schedule": "one_cycle",
}


def main() -> None:
    """Train, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        model = LanguageModel(seed=options.seed, **SETTINGS)
        model.fit(options.data / "input.txt.gz")
        scores = {one.name: one.scores for one in model.evaluate().models}
        return {
            "bits_per_character": round(float(scores["recurra"]["bits_per_character"] or 0), 4),
            "n_grams": round(float(scores["n_grams"]["bits_per_character"] or 0), 4),
            "valid_bits_per_character": round(
                min(epoch["valid_bits_per_character"] for epoch in model.training_.epochs), 4
            ),
            "parameters": model.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
