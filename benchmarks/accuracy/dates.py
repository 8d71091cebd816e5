"""Dates in 19 forms to ISO 8601: the share that is right to the letter.

    python benchmarks/accuracy/dates.py --data FOLDER [--json]

The dates are made, so FOLDER is not read. No text of the test part stands in the training part.
"""

from collections.abc import Mapping
from typing import Any

from measure import arguments, report

from recurra import Translator
from recurra.inputs.generated_text import date_pairs

SETTINGS: Mapping[str, Any] = {
    "hidden_size": 192,
    "target_size": 96,
    "embedding_size": 64,
    "target_tokens": "character",
    "batch_size": 64,
    "max_epochs": 10,
    "learning_rate": 4e-3,
}
TRAINED, VALIDATED, TESTED = 16_000, 1000, 2000


def main() -> None:
    """Train, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        pairs = date_pairs(TRAINED + VALIDATED + TESTED, seed=options.seed)
        test, validation = pairs[:TESTED], pairs[TESTED : TESTED + VALIDATED]
        translator = Translator(**SETTINGS, seed=options.seed)
        translator.fit(pairs[TESTED + VALIDATED :], validation=validation, test=test)
        scores = {one.name: one.scores for one in translator.evaluate().models}
        return {
            "accuracy": round(float(scores["recurra"]["exact_match"] or 0), 5),
            "nearest": round(float(scores["nearest"]["exact_match"] or 0), 5),
            "parameters": translator.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
