"""A tagger: it learns from context, keeps to the scheme, streams with a delay, and says what is wrong."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recurra import Tagger
from recurra.errors import ConfigError, DataError
from recurra.tasks.tag.live import LiveTagger

SMALL = {"hidden_size": 8, "max_epochs": 10, "batch_size": 8, "learning_rate": 2e-2, "dropout": 0.0}
PARTS = {"validation_size": 0.2, "test_size": 0.2}
PLACES, VERBS = ["new york", "rome", "los angeles"], ["saw", "left", "loved"]


def sentences(rows: int = 120) -> pl.DataFrame:
    """A word after `in` is a place, the same word after `miss` a person: only the context tells."""
    random = np.random.default_rng(0)
    tokens, tags = [], []
    for _ in range(rows):
        place = str(random.choice(PLACES)).split()
        before, kind = ("in", "LOC") if random.random() < 0.5 else ("miss", "PER")
        begin = ["they", str(random.choice(VERBS)), before]
        tokens.append([*begin, *place])
        tags.append(["O"] * 3 + [f"B-{kind}", *[f"I-{kind}"] * (len(place) - 1)])
    return pl.DataFrame({"tokens": tokens, "tags": tags})


@pytest.fixture(scope="module")
def fitted() -> Tagger:
    return Tagger(**SMALL, **PARTS).fit(sentences())


def test_it_learns_what_the_context_says(fitted: Tagger) -> None:
    assert fitted.config_.output == "crf"
    metrics = fitted.evaluate()
    scores = {model.name: model.scores for model in metrics.models}
    assert metrics.metrics[0].name == "span_f1"
    assert scores["recurra"]["span_f1"] == 1.0
    assert scores["most_frequent"]["span_f1"] < 0.9
    told = fitted.predict(pl.DataFrame({"tokens": [["they", "saw", "miss", "rome"]]}))
    assert told.row(0) == (["they", "saw", "miss", "rome"], ["O", "O", "O", "B-PER"])


def test_each_step_may_have_a_row(fitted: Tagger) -> None:
    told = fitted.predict(sentences(2), long=True)
    assert told.columns == ["row", "step", "token", "prediction"]
    assert told["token"].to_list() == [token for row in sentences(2)["tokens"] for token in row]


def test_answers_do_not_depend_on_who_shares_the_batch(fitted: Tagger) -> None:
    whole = fitted.predict(sentences(20))
    alone = pl.concat([fitted.predict(sentences(20)[row]) for row in range(20)])
    assert whole["prediction"].equals(alone["prediction"])


def test_saved_and_loaded_it_says_the_same(fitted: Tagger, tmp_path: Path) -> None:
    again = Tagger.load(fitted.save(tmp_path / "model"))
    assert again.predict(sentences(9)).equals(fitted.predict(sentences(9)))


@pytest.mark.parametrize("network", ["feed_forward", "convolutional"])
def test_what_it_is_compared_with_sees_its_neighbours(network: str) -> None:
    tagger = Tagger(**SMALL, **PARTS, network=network).fit(sentences())
    assert tagger.score() == 1.0


def numbers(rows: int = 120) -> pl.DataFrame:
    """A step is tagged `up` where the next value is larger: told right only by looking a step ahead."""
    random = np.random.default_rng(1)
    values = [random.normal(size=int(random.integers(9, 15))).round(2) for _ in range(rows)]
    steps = [zip(own, [*own[1:], 0], strict=True) for own in values]
    tags = [["up" if after > now else "down" for now, after in pairs] for pairs in steps]
    return pl.DataFrame({"value": [v.tolist() for v in values], "tags": tags})


def test_looking_ahead_in_one_direction_and_on_a_stream() -> None:
    settings = SMALL | {"hidden_size": 16, "max_epochs": 30, "bidirectional": False}
    blind = Tagger(**settings, **PARTS).fit(numbers())
    seeing = Tagger(**settings, **PARTS, look_ahead=1).fit(numbers())
    assert seeing.score() > 0.9
    assert blind.score() < 0.83

    live, told = LiveTagger(seeing.to_program()), []
    for value in numbers()["value"][3].to_list():
        prediction = live.predict({"value": value})
        assert prediction.values["look_ahead"] == 1
        told += prediction.values["tags"]
    told += live.predict({"sequence_end": True}).values["tags"]
    assert told == [None, *seeing.predict(numbers()[3])["prediction"][0].to_list()]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"look_ahead": 2}, "look_ahead is 2 with bidirectional=True"),
        ({"output": "softmax", "look_ahead": 2}, "Set bidirectional=false"),
    ],
)
def test_looking_ahead_has_no_sense_with_both_directions(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Tagger(**SMALL, **settings).fit(sentences())


def test_what_does_not_stream_says_why(fitted: Tagger) -> None:
    with pytest.raises(ConfigError, match="output=softmax"):
        fitted.to_program()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"tokens": [["a", "b"]] * 9, "tags": [["X", "Y"]] * 8 + [["X"]]}, "1"),
        ({"tokens": [["a", "b"]] * 9, "tags": [["X", "X"]] * 9}, "holds 'X' everywhere; expected two tags"),
        ({"tokens": [["a", "b"]] * 9}, "no column 'tags' with a list of tags"),
    ],
)
def test_bad_tags_are_told(rows: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Tagger(**SMALL).fit(pl.DataFrame(rows))
