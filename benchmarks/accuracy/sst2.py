"""SST-2, sentences only: positive or negative, without pretrained vectors.

    python benchmarks/accuracy/sst2.py --data FOLDER [--json]

FOLDER holds train.tsv, dev.tsv and test.tsv (sentence, TAB, 0 or 1). Settings were chosen on dev.tsv;
test.tsv is read after training, once.
"""

from collections.abc import Mapping
from typing import Any

from measure import arguments, report

from recurra import Classifier

SETTINGS: Mapping[str, Any] = {
    "hidden_size": 64,
    "embedding_size": 300,
    "characters": "conv",
    "pooling": "attention",
    "dropout": 0.5,
    "locked_dropout": 0.5,
    "word_dropout": 0.2,
    "label_smoothing": 0.1,
    "averaging": "ema",
    "averaging_decay": 0.99,
    "max_epochs": 7,
    "learning_rate": 2e-3,
    "weight_decay": 1e-2,
    "monitor": "valid_accuracy",
    "schedule": "one_cycle",
    "baselines": (),
}


def main() -> None:
    """Train, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        classifier = Classifier(**SETTINGS, seed=options.seed)
        classifier.fit(
            str(options.data / "train.tsv"),
            validation=str(options.data / "dev.tsv"),
            test=str(options.data / "test.tsv"),
        )
        scores = {model.name: model.scores for model in classifier.evaluate().models}
        best = max(epoch["valid_accuracy"] for epoch in classifier.training_.epochs)
        return {
            "accuracy": round(scores["recurra"]["accuracy"], 4),
            "bag_of_words": round(scores["linear"]["accuracy"], 4),
            "valid_accuracy": round(best, 4),
            "log_loss": round(scores["recurra"]["log_loss"], 4),
            "parameters": classifier.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
