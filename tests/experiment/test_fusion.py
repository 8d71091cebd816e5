import math
from pathlib import Path

import numpy as np
import pytest

from recurra import LanguageModel
from recurra.errors import ConfigError, DamagedError
from recurra.experiment.fusion import LanguageScorer
from recurra.experiment.learnt import Learnt, write_learnt
from recurra.inputs.symbol import END
from recurra.metrics.kneser_ney import KneserNey
from recurra.tasks.language.live import LiveLanguage

TEXTS = ["", "a", "b", " ", "ab"]


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    small = {"max_epochs": 1, "hidden_size": 8, "baselines": (), "tokens": "character"}
    return LanguageModel(**small).fit(["ab ab ba ab " * 60])


def test_it_says_what_the_language_model_says_of_a_text(model: LanguageModel) -> None:
    program = model.to_program()
    scorer = LanguageScorer(program, TEXTS, weight=0.5)
    for labels in ([1, 2, 3, 1], [4, 3, 4], []):
        total, state = 0.0, scorer.start()
        for label in labels:
            added, state = scorer.extend(state, label)
            total += added
        text = "".join(TEXTS[label] for label in labels)
        bits = LiveLanguage(program).predict({"text": text}).values["bits"] if text else 0.0
        assert total == pytest.approx(-0.5 * bits * math.log(2), abs=1e-3)
    first, second = scorer.start(), scorer.start()
    scorer.extend(first, 1)
    assert scorer.extend(first, 2)[0] == scorer.extend(second, 2)[0]  # a state can be gone on from twice


def test_models_of_words_are_refused() -> None:
    words = LanguageModel(max_epochs=1, hidden_size=8, tokens="word").fit(["ab ab ba ab " * 60])
    with pytest.raises(ConfigError, match="characters"):
        LanguageScorer(words.to_program(), TEXTS, weight=1.0)


def grams_of(model: LanguageModel, order: int = 3) -> KneserNey:
    alphabet = model.fitted_.schema.alphabet
    ids = np.concatenate([[END], alphabet.ids("ab ab ba ab " * 60)])
    return KneserNey.learn(ids, len(alphabet), order)


@pytest.mark.parametrize("order", [1, 3])
def test_it_says_what_n_grams_say_of_a_text(model: LanguageModel, tmp_path: Path, order: int) -> None:
    grams, alphabet = grams_of(model, order), model.fitted_.schema.alphabet
    model.to_program().save(tmp_path / "stream")
    folder = tmp_path / "baselines" / "n_grams"
    write_learnt(Learnt("n_grams", {}, grams.to_arrays()), folder)
    scorer = LanguageScorer.of_run(folder, TEXTS, weight=0.5)
    for labels in ([1, 2, 3, 1], [4, 3, 4], []):
        total, state = 0.0, scorer.start()
        for label in labels:
            added, state = scorer.extend(state, label)
            total += added
        ids = np.concatenate([[END], alphabet.ids("".join(TEXTS[label] for label in labels))])
        truth = np.log(grams.probabilities(ids)[1:]).sum()
        assert total == pytest.approx(0.5 * truth, rel=1e-5)


def test_n_grams_of_other_symbols_are_damage(model: LanguageModel, tmp_path: Path) -> None:
    model.to_program().save(tmp_path / "stream")
    folder = tmp_path / "baselines" / "n_grams"
    write_learnt(Learnt("n_grams", {}, KneserNey.learn(np.array([0, 1, 2] * 9), 4, 2).to_arrays()), folder)
    with pytest.raises(DamagedError, match="n-grams of 4"):
        LanguageScorer.of_run(folder, TEXTS, weight=0.5)
    write_learnt(Learnt("n_grams", {}, {}), folder)
    with pytest.raises(DamagedError):
        LanguageScorer.of_run(folder, TEXTS, weight=0.5)
