import math

import pytest

from recurra import LanguageModel
from recurra.errors import ConfigError
from recurra.experiment.fusion import LanguageScorer
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
