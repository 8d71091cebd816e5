"""UD English EWT: parts of speech (UPOS) of every word, without pretrained vectors.

    python benchmarks/accuracy/ud_ewt.py --data FOLDER [--json]

FOLDER holds en_ewt-ud-train.conllu.gz, -dev and -test. Settings were chosen on dev; test is read after
training, once.
"""

from collections.abc import Mapping
from typing import Any

from measure import arguments, report

from recurra import Tagger

SETTINGS: Mapping[str, Any] = {
    "hidden_size": 128,
    "embedding_size": 100,
    "characters": "lstm",
    "dropout": 0.4,
    "locked_dropout": 0.3,
    "word_dropout": 0.05,
    "max_epochs": 8,
    "batch_size": 32,
    "learning_rate": 3e-3,
    "monitor": "valid_accuracy",
    "schedule": "one_cycle",
    "baselines": (),
}


def main() -> None:
    """Train, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        tagger = Tagger(**SETTINGS, seed=options.seed)
        train, dev, test = (
            str(options.data / f"en_ewt-ud-{name}.conllu.gz") for name in ("train", "dev", "test")
        )
        tagger.fit(train, validation=dev, test=test)
        scores = {model.name: model.scores for model in tagger.evaluate().models}
        best = max(epoch["valid_accuracy"] for epoch in tagger.training_.epochs)
        return {
            "accuracy": round(scores["recurra"]["accuracy"], 4),
            "most_frequent": round(scores["most_frequent"]["accuracy"], 4),
            "valid_accuracy": round(best, 4),
            "parameters": tagger.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
