"""Penn Treebank, character by character: bits per character.

    python benchmarks/accuracy/ptb_char.py --data FOLDER [--folder RUN] [--json]

FOLDER holds ptb.train.txt.gz, ptb.valid.txt.gz and ptb.test.txt.gz, the words of `ptb_word.py`. As in the
corpus of Mikolov and others (2012) the symbols are the characters of the words, one for what stands between
two words and one for the end of a line: 50, and 5,017,482 of them to train on. "<unk>", the word for rare
ones, is five characters, and N, for numbers, is one. Settings are those of AWD-LSTM for characters (Merity,
Keskar & Socher 2018) with one layer of 512 for three of 1,000 and 6 epochs for 500, so that two cores take
less than an hour, and with little dropout, since so short a training does not overfit. The test part is read
after training, once.
"""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measure import arguments, report

from recurra import LanguageModel

SETTINGS: Mapping[str, Any] = {
    "hidden_size": 512,
    "num_layers": 1,
    "embedding_size": 128,
    "tied": False,
    "input_dropout": 0.0,
    "output_dropout": 0.1,
    "weight_dropout": 0.2,
    "batch_size": 64,
    "sequence_length": 128,
    "max_epochs": 6,
    "optimizer": "adamw",
    "learning_rate": 4e-3,
    "weight_decay": 1.2e-6,
    "gradient_clip": 0.25,
    "schedule": "one_cycle",
}


def characters(path: Path) -> str:
    """The text of a file of words, one space between two and none around a line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return "".join(" ".join(line.split()) + "\n" for line in file)


def main() -> None:
    """Train, score."""
    options = arguments(__doc__ or "", resumable=True)

    def run() -> Mapping[str, Any]:
        train, valid, test = (
            [characters(options.data / f"ptb.{part}.txt.gz")] for part in ("train", "valid", "test")
        )
        model = LanguageModel(seed=options.seed, **SETTINGS)
        resume = options.folder is not None
        model.fit(train, validation=valid, test=test, folder=options.folder, resume=resume)
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
