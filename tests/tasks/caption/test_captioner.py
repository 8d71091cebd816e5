import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.cli.program import call

from recurra import Captioner
from recurra.errors import ConfigError, DataError
from recurra.tasks.caption.target import find_sentences, others_beside
from recurra.tasks.caption.task import CAPTION

WAYS = {"up": 1.0, "down": -1.0}
SMALL = {
    "hidden_size": 16, "target_size": 16, "max_epochs": 16, "batch_size": 8, "learning_rate": 0.02,
    "dropout": 0.0, "output_dropout": 0.0,
}  # fmt: skip


def slopes(rows: int = 80, seed: int = 0) -> pl.DataFrame:
    """Two slopes, one after the other, with two sentences that are right."""
    random = np.random.default_rng(seed)
    signals, sentences = [], []
    for _ in range(rows):
        first, second = random.choice(list(WAYS), 2).tolist()
        steps = np.repeat([WAYS[first], WAYS[second]], random.integers(3, 6, 2))
        signals.append(np.cumsum(steps + random.normal(0, 0.1, len(steps))).round(3).tolist())
        sentences.append([f"It goes {first}, then {second}.", f"First {first}, last {second}."])
    return pl.DataFrame({"signal": signals, "captions": sentences})


@pytest.fixture(scope="module")
def fitted() -> Captioner:
    return Captioner(**SMALL).fit(slopes(), show_progress=False)


def test_it_says_what_it_reads_in_words_of_the_training(fitted: Captioner) -> None:
    other = slopes(30, seed=1)
    found = fitted.evaluate(other)
    scores = {one.name: one.scores for one in found.models}
    assert scores["recurra"]["exact_match"] >= 0.9
    assert scores["recurra"]["cider"] > scores["constant_cider"]["cider"]
    assert {"nearest", "constant_cider", "constant_bleu_4"} < set(scores)
    told = fitted.predict(other.drop("captions"))["prediction"].to_list()
    assert set(told) <= {
        text for a in WAYS for b in WAYS for text in (f"it goes {a} then {b}", f"first {a} last {b}")
    }


def test_an_answer_has_others_and_where_it_looked(fitted: Captioner) -> None:
    rows = slopes(4, seed=2).drop("captions")
    row = fitted.predict(rows, n_best=3, attention=True).row(0, named=True)
    assert row["alternatives"][0] == row["prediction"]
    assert row["scores"] == sorted(row["scores"], reverse=True)
    assert row["written"] == [*row["prediction"].split(), "<end>"]
    assert [len(one) for one in row["attention"]] == [len(rows["signal"][0])] * len(row["written"])
    longest = fitted.predict(rows, prefix="it", attention=True)["written"].to_list()
    assert {(len(one), one[-1]) for one in longest} == {(6, "<end>")}
    begun = fitted.predict(rows, prefix="first")["prediction"].to_list()
    assert all(one.startswith("first ") for one in begun)
    banned = fitted.predict(rows, banned=["then"])["prediction"].to_list()
    assert not any("then" in one for one in banned)
    with pytest.raises(ConfigError, match="sideways"):
        fitted.predict(rows, prefix="sideways")


def test_saved_and_loaded_it_says_the_same(fitted: Captioner, tmp_path: Path) -> None:
    rows = slopes(10, seed=3).drop("captions")
    again = Captioner.load(fitted.save(tmp_path / "net"))
    assert again.predict(rows).equals(fitted.predict(rows))
    assert {one.name for one in again.evaluate(slopes(5)).models} == {"recurra", "most_frequent"}


def test_rows_of_one_content_are_one_example_and_lie_in_one_part(tmp_path: Path) -> None:
    whole = slopes(40)
    lines = whole.with_row_index("id").explode("captions").rename({"captions": "sentence"})
    net = Captioner(**{**SMALL, "max_epochs": 1}, group="id").fit(lines, show_progress=False)
    parts = (net._prepared.train, net._prepared.validation, net._prepared.test)
    ids = [set(one.examples.columns["id"].to_list()) for one in parts]
    assert sum(map(len, ids)) == len(set.union(*ids)) == 40
    assert all(len(row) == 2 for part in parts for row in net.fitted_.schema.target.truths(part.examples))
    assert any("80 rows as 40 examples" in one for one in net.repairs_)
    assert "40 examples" in net.evaluate(lines).judged
    texts = pl.DataFrame({"text": ["one two"] * 2 + ["two one"] * 20, "caption": ["a", "b"] + ["c"] * 20})
    data = CAPTION.read(texts, {}, None, None)  # without a column, by the contents
    assert data.train.columns["caption"].to_list() == [["a", "b"], ["c"] * 20]


def test_rows_without_a_group_stand_alone_and_a_group_must_be_there() -> None:
    frame = pl.DataFrame({"text": ["a b"] * 4, "caption": ["a", "b", "c", "d"], "id": ["x", "x", None, None]})
    data = CAPTION.read(frame, {"group": "id"}, None, None)
    assert data.train.columns["caption"].to_list() == [["a", "b"], ["c"], ["d"]]
    with pytest.raises(DataError, match=r"no column 'ids'; expected one of .*id"):
        CAPTION.read(frame, {"group": "ids"}, None, None)


def test_columns_of_sentences_are_found() -> None:
    frame = pl.DataFrame({"n": [1], "Caption_2": ["x"], "caption_1": ["y"], "caption_x": ["z"], "text": [""]})
    assert find_sentences(frame) == "Caption_2"
    assert others_beside(frame, "caption_1") == []
    frame = frame.rename({"Caption_2": "caption_2"})
    assert others_beside(frame, "caption_1") == ["caption_2"]
    assert find_sentences(pl.DataFrame({"sentences": [["a"]]})) == "sentences"
    assert find_sentences(pl.DataFrame({"caption": [1.0], "other": ["a"]})) is None


def test_several_columns_are_several_sentences() -> None:
    whole = slopes(30)
    first, second = (whole["captions"].list.get(at) for at in (0, 1))
    frame = whole.select("signal", first.alias("caption_1"), second.alias("caption_2"))
    data = CAPTION.read(frame, {}, None, None)
    assert data.train.reads == ("signal",)
    assert data.train.columns["caption_1"].to_list() == whole["captions"].to_list()


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda one: one.drop("captions"), {}, "label="),
        (lambda one: one.with_columns(number=1.0), {"label": "number"}, "sentences 'number'"),
        (
            lambda one: one.with_columns(captions=pl.lit(None, pl.List(pl.String))),
            {},
            "row 1 has no captions",
        ),
        (lambda one: one.with_columns(captions=pl.lit(["?!"], pl.List(pl.String))), {}, "row 1 has no capt"),
        (lambda one: one, {"target_min_count": 999}, "999 times"),
        (lambda one: one, {"evenness": -1}, "evenness"),
    ],
)
def test_mistakes_are_told(change, settings: dict, message: str) -> None:
    with pytest.raises((DataError, ConfigError), match=message):
        Captioner(**{**SMALL, **settings}).fit(change(slopes(20)), show_progress=False)


def test_words_that_are_rare_are_not_written() -> None:
    frame = slopes(40)
    odd = [[f"odd{row} thing"] if row % 10 == 0 else own for row, own in enumerate(frame["captions"])]
    net = Captioner(**{**SMALL, "max_epochs": 1}, target_min_count=5).fit(
        frame.with_columns(captions=pl.Series(odd, dtype=pl.List(pl.String))), show_progress=False
    )
    known = net.fitted_.schema.target.alphabet.to_dict()["symbols"]
    assert "up" in known
    assert not any(one.startswith("odd") for one in known)


def test_the_command_trains_tells_and_shows(capsys, tmp_path: Path) -> None:
    path, run = tmp_path / "slopes.jsonl", tmp_path / "run"
    path.write_text("".join(json.dumps(row) + "\n" for row in slopes(40).iter_rows(named=True)))
    small = ("hidden_size=8", "target_size=8", "max_epochs=2", "evenness=0.5", "--quiet", "--json")
    outcome = call(capsys, "train", "caption", path, "--out", run, *small)
    assert outcome.code == 0, outcome.err
    document = json.loads(outcome.out)
    assert document["metrics"][0]["name"] == "cider"
    assert [one["name"] for one in document["models"]][1:] == [
        "nearest",
        "constant_cider",
        "constant_bleu_4",
    ]
    again = json.loads(call(capsys, "evaluate", run, path, "--json").out)
    assert len(again["models"]) == 4
    row = json.loads(call(capsys, "predict", run, path, "--json", "--beam", "2").out)["caption"][0]
    assert {"prediction", "alternatives", "scores", "written", "attention"} <= row.keys()
    outcome = call(capsys, "explain", run, path, "--rows", "1", "--step", "1")
    assert outcome.code == 0, outcome.err
    assert "Log-odds of" in outcome.out
    assert "Where it looked" in (run / "report.html").read_text()


@pytest.mark.parametrize("network", ["feed_forward", "convolutional"])
def test_steps_need_no_recurrence(network: str) -> None:
    net = Captioner(**{**SMALL, "max_epochs": 1}, network=network).fit(slopes(20), show_progress=False)
    assert len(net.predict(slopes(3))) == 3
