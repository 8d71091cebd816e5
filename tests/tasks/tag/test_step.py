"""What a step is, for whatever form the sequences come in: the same when trained, written and judged."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.cli.program import call

from recurra import Tagger
from recurra.errors import ConfigError, DataError

SMALL = {"hidden_size": 8, "max_epochs": 8, "batch_size": 8, "learning_rate": 2e-2, "dropout": 0.0}
PARTS = {"validation_size": 0.2, "test_size": 0.2}


def places(column: str = "text", rows: int = 60) -> pl.DataFrame:
    """Two forms of the same: a name after `in`, nothing after `saw`."""
    texts = ["in Rome" if row % 2 else "saw Oslo, too" for row in range(rows)]
    tags = [["O", "LOC"] if row % 2 else ["O"] * 4 for row in range(rows)]
    contents = texts if column == "text" else [text.replace(",", " ,").split() for text in texts]
    return pl.DataFrame({column: contents, "tags": tags})


def test_a_text_has_a_tag_for_each_word_as_its_list_of_tokens_has() -> None:
    by_text, by_tokens = (Tagger(**SMALL, **PARTS).fit(places(column)) for column in ("text", "tokens"))
    assert by_text.score() == 1.0
    told = by_text.predict(places(rows=2))
    assert told["tokens"].to_list() == [["saw", "Oslo", ",", "too"], ["in", "Rome"]]
    assert told["prediction"].to_list() == [["O"] * 4, ["O", "LOC"]]
    assert told.equals(by_tokens.predict(places("tokens", rows=2)))


def test_a_text_by_letters_has_a_tag_for_each_letter() -> None:
    rows = pl.DataFrame({"text": ["a1 b", "22c"] * 30, "tags": [list("LNSL"), list("NNL")] * 30})
    tagger = Tagger(**SMALL, **PARTS, tokens="character").fit(rows)
    told = tagger.predict(pl.DataFrame({"text": ["b2 a"]}), long=True)
    assert told["token"].to_list() == ["b", "2", " ", "a"]
    assert told["prediction"].to_list() == ["L", "N", "S", "L"]


def test_pieces_of_words_have_no_tags_of_their_own() -> None:
    with pytest.raises(ConfigError, match=r"tokens is 'subword' to tell each step.*word or character"):
        Tagger(**SMALL, tokens="subword").fit(places())


def test_numbers_are_written_as_people_write_them() -> None:
    rows = pl.DataFrame({"a": [[1.23456789, -2.0]] * 20, "b": [[0.5, 1e7]] * 20, "tags": [["x", "y"]] * 20})
    told = Tagger(**SMALL | {"max_epochs": 1}).fit(rows).predict(rows[:1])
    assert told["tokens"].to_list() == [["1.23457 0.5", "-2 1e+07"]]


def test_rows_without_a_step_are_left_out_of_training_and_have_an_empty_answer() -> None:
    empty = pl.DataFrame({"tokens": [[], []], "tags": [[], []]}, schema=places("tokens").schema)
    rows = pl.concat([empty[:1], places("tokens"), empty[:1]])
    tagger = Tagger(**SMALL, **PARTS).fit(rows)
    assert "left out 2 examples without a step" in tagger.repairs_
    assert tagger.score() == 1.0
    told = tagger.predict(rows[:2])
    assert told["prediction"].to_list() == [[], ["O"] * 4]
    assert tagger.predict(empty, long=True).height == 0
    scores = tagger.evaluate(rows[:2]).models[0].scores
    assert scores["accuracy"] == 1.0


@pytest.mark.parametrize("tags", [[["O", "LOC"], None], [["NEW", "O"], ["O"]], [["O"], [None, "O", "O"]]])
def test_no_truth_is_read_where_an_answer_is_asked_for(tags: list[Any]) -> None:
    tagger = Tagger(**SMALL | {"max_epochs": 1}).fit(places("tokens"))
    rows = pl.DataFrame({"tokens": [["in", "Rome"], ["a"]], "tags": tags})
    assert tagger.predict(rows)["prediction"].list.len().to_list() == [2, 1]
    with pytest.raises(DataError, match=r"row [12]"):
        tagger.evaluate(rows)


def test_a_tag_that_comes_once_is_known_in_whatever_part_it_lands() -> None:
    rare = pl.DataFrame({"tokens": [["oh"], ["well"]], "tags": [["UH"], ["ADV"]]})
    for seed in range(5):
        tagger = Tagger(**SMALL | {"max_epochs": 1}, **PARTS, seed=seed).fit(
            pl.concat([places("tokens"), rare])
        )
        assert tagger.fitted_.schema.target.tags == ("ADV", "LOC", "O", "UH")
        assert sum(tagger.fitted_.schema.target.counts) < 60 * 3 + 2
        tagger.evaluate()
    with pytest.raises(DataError, match="row 1: a tag 'UH', which the training part does not hold"):
        Tagger(**SMALL).fit(places("tokens"), test=rare)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["O", None], "row 2: tags of step 2 is missing; expected a tag"),
        (["O"], "row 2: 1 tag for 2 steps; expected one for each"),
        (None, "row 2: 0 tags for 2 steps"),
    ],
)
def test_a_row_whose_tags_are_wrong_is_named(tags: list[str | None] | None, message: str) -> None:
    rows = pl.DataFrame({"text": ["in Rome"] * 9, "tags": [["B-X", "O"], tags, *[["B-X", "O"]] * 7]})
    with pytest.raises(DataError, match=message):
        Tagger(**SMALL).fit(rows)


def test_a_file_of_lists_keeps_tokens_apart_in_csv_too(capsys, tmp_path: Path) -> None:
    data, run = tmp_path / "data.jsonl", tmp_path / "run"
    rows = [{"tokens": ["New York", "is"], "tags": ["LOC", "O"]}, {"tokens": ["so"], "tags": ["O"]}] * 20
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ("hidden_size=8", "max_epochs=1", "baselines=", "--quiet", "--out", str(run))
    assert call(capsys, "train", "tag", str(data), *options).code == 0
    told = tmp_path / "told.jsonl"
    assert call(capsys, "predict", str(run), str(data), "-o", str(told)).code == 0
    first = json.loads(told.read_text().splitlines()[0])
    assert (first["tokens"], len(first["prediction"])) == (["New York", "is"], 2)
    assert call(capsys, "predict", str(run), str(data), "-o", str(tmp_path / "told.parquet")).code == 0
    assert pl.read_parquet(tmp_path / "told.parquet")["tokens"][0].to_list() == ["New York", "is"]
    row = next(csv.DictReader(call(capsys, "predict", str(run), str(data)).out.splitlines()))
    assert [*row] == ["tokens", "prediction"]
    assert json.loads(row["tokens"]) == ["New York", "is"]


def test_scores_are_of_the_steps_that_are_written() -> None:
    tagger = Tagger(**SMALL | {"max_epochs": 1}).fit(places())
    rows = places(rows=12)
    told, true = tagger.predict(rows)["prediction"].to_list(), rows["tags"].to_list()
    right = [
        one == two
        for mine, other in zip(told, true, strict=True)
        for one, two in zip(mine, other, strict=True)
    ]
    assert tagger.score(rows) == pytest.approx(np.mean(right))
