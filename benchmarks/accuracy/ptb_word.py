"""Penn Treebank, word by word: perplexity, counting the end of every line as a word.

    python benchmarks/accuracy/ptb_word.py --data FOLDER [--preset small|best] [--json]

FOLDER holds ptb.train.txt.gz, ptb.valid.txt.gz and ptb.test.txt.gz. "small" is the set-up of Zaremba,
Sutskever & Vinyals (2014): two layers of 200 units, no dropout, 13 epochs. "best" was chosen on the
validation part; the test part is read after training, once (and once more while the net learns from it).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from measure import parser, report

from recurra import LanguageModel
from recurra.tasks.language.scoring import surprise
from recurra.tasks.language.task import LANGUAGE

SMALL: Mapping[str, Any] = {
    "hidden_size": 200,
    "num_layers": 2,
    "tied": False,
    "dropout": 0.0,
    "batch_size": 20,
    "sequence_length": 20,
    "vary_length": False,
    "max_epochs": 13,
    "optimizer": "sgd",
    "momentum": 0.0,
    "learning_rate": 20.0,  # 1 for the summed loss of 20 steps
    "gradient_clip": 0.25,  # 5 for that
    "schedule": "step",
    "decay_after": 4,
    "decay_epochs": 1,
    "decay_factor": 0.5,
    "averaging": "none",
}
BEST: Mapping[str, Any] = {
    "hidden_size": 500,
    "embedding_size": 300,
    "num_layers": 2,
    "variational": True,
    "dropout": 0.25,
    "input_dropout": 0.3,
    "output_dropout": 0.35,
    "embedding_dropout": 0.1,
    "weight_dropout": 0.35,
    "activation_penalty": 2.0,
    "slowness_penalty": 1.0,
    "batch_size": 32,
    "sequence_length": 35,
    "max_epochs": 16,
    "learning_rate": 4e-3,
    "weight_decay": 0.03,
    "schedule": "one_cycle",
}
DYNAMIC: Mapping[str, float] = {"dynamic_rate": 1e-3, "dynamic_decay": 3e-4}


def dynamic_perplexity(model: LanguageModel, test: Path) -> float:
    """The perplexity of a net that goes on learning from what it has read."""
    part = LANGUAGE.part(test, model.fitted_, None)
    return float(np.exp(surprise(model.fitted_.model, part, "cpu", **DYNAMIC).mean()))


def main() -> None:
    """Train, score."""
    own = parser(__doc__ or "")
    own.add_argument("--preset", choices=("small", "best"), default="small")
    options = own.parse_args()

    def path(part: str) -> Path:
        return Path(options.data) / f"ptb.{part}.txt.gz"

    def run() -> Mapping[str, Any]:
        settings = SMALL if options.preset == "small" else BEST
        model = LanguageModel(tokens="word", min_count=1, ngram_order=5, seed=options.seed, **settings)
        model.fit(path("train"), validation=path("valid"), test=path("test"))
        scores = {one.name: one.scores for one in model.evaluate().models}
        found = {
            "perplexity": scores["recurra"]["perplexity"],
            "n_grams": scores["n_grams"]["perplexity"],
            "valid_perplexity": min(epoch["valid_perplexity"] for epoch in model.training_.epochs),
            "parameters": model.num_parameters_,
        }
        if options.preset == "best":
            found["dynamic_perplexity"] = dynamic_perplexity(model, path("test"))
        return {name: round(float(value), 3) for name, value in found.items()}

    report(run, options)


if __name__ == "__main__":
    main()
