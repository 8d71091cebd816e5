"""Multi30k, German to English, test 2016: sacreBLEU of lower-cased texts.

    python benchmarks/accuracy/multi30k.py --data FOLDER [--json]

FOLDER holds train, val and test_2016_flickr, each .de.gz and .en.gz. Settings were chosen on val; the test
part is read after training, once.
"""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measure import arguments, report

from recurra import Translator
from recurra.metrics.translation import signature

SETTINGS: Mapping[str, Any] = {
    "hidden_size": 384,
    "embedding_size": 256,
    "target_size": 256,
    "num_layers": 1,
    "tokens": "subword",
    "max_vocabulary": 6000,
    "target_tokens": "subword",
    "target_vocabulary": 6000,
    "attention": "general",
    "input_feeding": False,
    "dropout": 0.4,
    "output_dropout": 0.4,
    "locked_dropout": 0.3,
    "word_dropout": 0.1,
    "label_smoothing": 0.1,
    "variational": True,
    "batch_size": 64,
    "max_epochs": 14,
    "learning_rate": 3e-3,
    "weight_decay": 1e-2,
    "averaging": "ema",
}


def pairs(folder: Path, part: str) -> list[tuple[str, str]]:
    """Both texts of a part, in small letters."""
    sides = []
    for language in ("de", "en"):
        with gzip.open(folder / f"{part}.{language}.gz", "rt", encoding="utf-8") as file:
            sides.append([line.strip().lower() for line in file])
    return list(zip(*sides, strict=True))


def main() -> None:
    """Train, score."""
    options = arguments(__doc__ or "")

    def run() -> Mapping[str, Any]:
        translator = Translator(**SETTINGS, seed=options.seed)
        test = pairs(options.data, "test_2016_flickr")
        translator.fit(pairs(options.data, "train"), validation=pairs(options.data, "val"), test=test)
        scores = {one.name: one.scores for one in translator.evaluate().models}
        return {
            "bleu": round(float(scores["recurra"]["bleu"] or 0), 2),
            "chrf": round(float(scores["recurra"]["chrf"] or 0), 2),
            "nearest_bleu": round(float(scores["nearest"]["bleu"] or 0), 2),
            "signature": signature(["a b c d"], ["a b c d"]),
            "parameters": translator.num_parameters_,
        }

    report(run, options)


if __name__ == "__main__":
    main()
