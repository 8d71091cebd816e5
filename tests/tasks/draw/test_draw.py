"""Drawing from data to files, by itself and of texts, through the estimator and the command."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from recurra import Drawer
from recurra.cli.app import main
from recurra.errors import ConfigError, DataError
from recurra.inputs.generated_ink import letter_rows, word_rows
from recurra.tasks.draw.made import Drawn, Pen, svg
from recurra.tasks.draw.target import Gaussian
from recurra.tasks.draw.task import DRAW

SMALL = {"hidden_size": 12, "components": 3, "max_epochs": 2, "device": "cpu"}
LETTERS, WORDS = letter_rows(60), word_rows(40)


@pytest.fixture(scope="module")
def drawer() -> Drawer:
    return Drawer(**SMALL).fit(LETTERS)


@pytest.fixture(scope="module")
def writer() -> Drawer:
    return Drawer(**SMALL, window=2).fit(WORDS)


def test_the_gaussian_is_that_of_the_formula() -> None:
    random = np.random.default_rng(0)
    moves = [
        np.concatenate([random.normal(0, [1, 3], (9, 2)), random.integers(0, 3, (9, 1))], axis=1).astype(
            np.float32
        )
        for _ in range(5)
    ]
    learnt = Gaussian.learn(moves)
    every = np.concatenate([one[1:] for one in moves])
    covariance = np.cov(every[:, :2].T, bias=True)
    apart = moves[0][3, :2] - every[:, :2].mean(axis=0)
    expected = 0.5 * apart @ np.linalg.inv(covariance) @ apart + math.log(
        2 * math.pi * math.sqrt(np.linalg.det(covariance))
    )
    found = Gaussian(**learnt.to_dict()).surprise(moves[0])
    assert found.shape == (8, 2)
    assert float(found[2, 0]) == pytest.approx(expected, rel=1e-3)
    share = float((every[:, 2] == moves[0][3, 2]).mean())
    assert float(found[2, 1]) == pytest.approx(-math.log(share), abs=0.05)


def test_it_learns_what_a_gaussian_cannot() -> None:
    """Squares, of which each side goes on from the one before."""
    side = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    random = np.random.default_rng(0)
    rows = [[(np.array(side) + random.normal(0, 0.03, (5, 2))).tolist()] for _ in range(150)]
    settings = {**SMALL, "hidden_size": 32, "max_epochs": 30, "learning_rate": 1e-2, "batch_size": 8}
    fitted = Drawer(**settings).fit({"strokes": rows})
    net, gaussian = fitted.evaluate().models
    assert net.scores["nll"] < gaussian.scores["nll"] - 2  # type: ignore[operator]
    drawn = fitted.generate(bias=3.0, seed=1)
    assert drawn.ended
    (stroke,) = drawn.strokes
    np.testing.assert_allclose(stroke - stroke[0], np.array(side), atol=0.25)


def test_nll_is_that_of_each_row_in_any_batch(drawer: Drawer) -> None:
    whole = drawer.predict(LETTERS[:20].drop("label"))
    alone = pl.concat([drawer.predict(LETTERS[row : row + 1].drop("label")) for row in range(20)])
    np.testing.assert_allclose(whole["nll"], alone["nll"], rtol=1e-4)
    scores = drawer.evaluate(LETTERS[:20]).models[0].scores
    mean = (whole["nll"] * (whole["points"] - 1)).sum() / (whole["points"] - 1).sum()
    assert scores["nll"] == pytest.approx(mean, rel=1e-5)
    assert scores["nll"] == pytest.approx(scores["move_nll"] + scores["pen_nll"])
    long = drawer.predict(LETTERS[:2], long=True)
    assert long["move_nll"].len() == whole["points"].head(2).sum() - 2
    assert drawer.predict({"strokes": LETTERS["strokes"][:1].to_list()})["nll"].len() == 1


def test_a_seed_draws_the_same_and_runs_come_back(drawer: Drawer, tmp_path: Path) -> None:
    first, again = (drawer.generate(seed=3, length=30) for _ in range(2))
    other = drawer.generate(seed=4, length=30)
    drawer.save(tmp_path / "net")
    loaded = Drawer.load(tmp_path / "net").generate(seed=3, length=30)
    for one in (again, loaded):
        for stroke, expected in zip(one.strokes, first.strokes, strict=True):
            np.testing.assert_array_equal(stroke, expected)
    assert first.to_dict() != other.to_dict()
    assert sum(map(len, first.strokes)) <= 30


def test_a_text_is_written(writer: Drawer) -> None:
    assert writer.config_.label == "text"
    drawn = writer.generate("ink  pen", length=50, seed=2)
    assert drawn.text == "ink pen"
    assert drawn.weights is not None
    assert drawn.weights.shape[1] == len("ink pen") + 1
    with pytest.raises(DataError, match="a text with 'Q', '7', which the net never saw written"):
        writer.generate("Q7")
    with pytest.raises(ConfigError, match="no text; expected the text to write"):
        writer.generate()
    other = Drawer(**SMALL, label="none").fit(WORDS)
    with pytest.raises(ConfigError, match="a text for a net that draws by itself"):
        other.generate("ink")
    told = writer.predict(WORDS[:3].with_columns(text=pl.lit("Zen ink")))
    assert told["nll"].is_finite().all()
    assert set(told.columns) == {"text", "points", "nll", "move_nll", "pen_nll"}


@pytest.mark.parametrize(
    ("data", "settings", "error", "words"),
    [
        ({"strokes": [[[[0, 0]]]] * 9}, {}, DataError, "0 examples"),
        (LETTERS, {"label": "said"}, DataError, "no column of texts 'said'"),
        (WORDS.drop("text"), {"label": "text"}, DataError, "no column of texts 'text'"),
        (
            WORDS.with_columns(text=pl.when(pl.col("text") != WORDS["text"][2]).then("text")),
            {},
            DataError,
            "row 3 has no text",
        ),
        (LETTERS, {"bidirectional": True}, ConfigError, "bidirectional"),
        (LETTERS, {"components": 0}, ConfigError, "components"),
        ("sample:iris", {}, DataError, "holds no ink"),
    ],
)
def test_what_does_not_go(data: Any, settings: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Drawer(**{**SMALL, **settings}).fit(data)


def test_single_points(drawer: Drawer) -> None:
    rows = [*LETTERS["strokes"].to_list()[:30], [[[1.0, 1.0]]]]
    fitted = Drawer(**{**SMALL, "max_epochs": 1}).fit({"strokes": rows})
    assert any("left out 1 example of a single point" in one for one in fitted.repairs_)
    with pytest.raises(DataError, match="row 1: a single point; expected two at least"):
        drawer.predict({"strokes": [[[[1.0, 1.0]]]]})


def test_points_that_become_one_are_told_of(drawer: Drawer) -> None:
    """Points anew along a stroke of no length are one, in which there were no move."""
    rows = [*LETTERS["strokes"].to_list()[:30], [[[1.0, 1.0], [1.0, 1.0]]]]
    fitted = Drawer(**{**SMALL, "max_epochs": 1}, spacing=0.1).fit({"strokes": rows})
    told = fitted.predict({"strokes": rows[-2:]})
    assert told["nll"].is_finite().all()
    assert told["points"][1] == 2


def test_drawings_keep_the_digits_that_their_data_need() -> None:
    rows = pl.DataFrame({"strokes": [
        [[[x / 1000, y / 1000] for x, y in stroke] for stroke in ink] for ink in LETTERS["strokes"].to_list()
    ]})  # fmt: skip
    for settings in ({}, {"size": "ink", "spacing": 0.1}):
        drawn = Drawer(**{**SMALL, "max_epochs": 1}, **settings).fit(rows).generate(length=30)
        assert drawn.unit < 1
        for stroke, own in zip(drawn.strokes, drawn.to_dict()["strokes"], strict=True):
            np.testing.assert_allclose(own, stroke, atol=drawn.unit / 1000)
    wide = Drawn([np.array([[0.0, 0.0], [123456.0, 1.0]])], "", ended=True, unit=1e5)
    assert wide.to_dict()["strokes"] == [[[0, 0], [123500, 0]]]


def test_a_report_of_texts_without_a_known_character(writer: Drawer, tmp_path: Path) -> None:
    texts = ["ink  pen", "Q", "7 7", "ink"]
    data = WORDS[:4].with_columns(text=pl.Series(texts))
    page = writer.report(tmp_path / "report.html", data).read_text()
    assert "Left out: 2 examples of texts without a known character." in page
    assert "Bias 0.5" in page
    page = writer.report(tmp_path / "none.html", data[1:3]).read_text()
    assert "Left out: 2 examples" in page
    assert "Bias 0.5" not in page


def test_spaces_between_words_are_no_strangers(writer: Drawer) -> None:
    for text, count in (("ink\t\n pen", 0), ("ink\tZ", 1)):
        found = DRAW.part(WORDS[:3].with_columns(text=pl.lit(text)), writer.fitted_, None)
        said = [one for one in found.examples.repairs if "training did not meet" in one]
        assert len(said) == count
        assert not any("\\t" in one for one in said)


def test_texts_are_needed_to_judge_a_writer(writer: Drawer) -> None:
    with pytest.raises(DataError, match="no column 'text'"):
        writer.predict(WORDS.drop("text"))


def test_svg() -> None:
    drawn = {"text": "<&", "strokes": [[[0, 0], [10, 20]], [[5, 5]]]}
    content = svg([drawn, {"strokes": [[[0, 0], [3, 0]]]}])
    assert content.startswith("<svg ")
    assert content.count("<path ") == 3
    assert "<title>&lt;&amp;</title>" in content
    assert 'd="M20.0 20.0 L70.0 120.0"' in content
    flat = svg([{"strokes": [[[0, 0], [1000, 0.001]]]}])
    assert 'width="840" height="140"' in flat


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, run = tmp_path / "ink.jsonl", tmp_path / "run"
    WORDS.write_ndjson(data)
    given = ["hidden_size=8", "components=2", "max_epochs=1"]
    assert main(["train", "draw", str(data), "--out", str(run), *given]) == 0
    page = (run / "report.html").read_text()
    for words in (
        "Written by itself",
        "Bias 0.5",
        "The window over",
        "What surprises it",
        "Plain Gaussian",
    ):
        assert words in page
    capsys.readouterr()
    assert main(["evaluate", str(run), str(data), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert "nll" in json.dumps(scores)
    assert main(["predict", str(run), str(data), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["draw"]) == len(WORDS)
    asked = ["generate", str(run), "--prompt", "ink pen", "--bias", "1", "--length", "40"]
    assert main([*asked, "-o", str(tmp_path / "ink.svg"), "--samples", "2"]) == 0
    assert (tmp_path / "ink.svg").read_text().count("<title>ink pen</title>") == 2
    assert main([*asked, "-o", str(tmp_path / "made.jsonl")]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(run), str(tmp_path / "made.jsonl"), "--json"]) == 0
    assert main(asked) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["text"] == "ink pen"
    assert main([*asked, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["made"][0]["strokes"] == line["strokes"]
    assert made["options"]["bias"] == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pen, "draw", None)  # names of files are looked at before anything is drawn
        assert main([*asked, "-o", str(tmp_path / "ink.png")]) == 2
    assert ".svg or .jsonl" in capsys.readouterr().err
    assert main(["generate", str(run), "--temperature", "1", "--prompt", "ink"]) == 2
    assert "temperature" in capsys.readouterr().err


def test_the_report_of_what_draws_by_itself(drawer: Drawer, tmp_path: Path) -> None:
    page = drawer.report(tmp_path / "report.html").read_text()
    assert "Out of nothing" in page
    assert "The window over" not in page


def test_it_says_what_it_gives_to_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    LETTERS.write_ndjson(tmp_path / "ink.jsonl")
    for source in ("sample:letters", str(tmp_path / "ink.jsonl")):
        assert main(["train", "language", source, "--out", str(tmp_path / "run")]) == 2
        assert "strokes, which are no stream of symbols" in (said := capsys.readouterr().err)
        assert "recurra train draw" in said
    assert main(["train", "draw", str(tmp_path / "ink.jsonl"), "input=series"]) == 2
    assert (
        "input is 'series', which gives no moves; expected auto or one of strokes" in capsys.readouterr().err
    )


def test_training_is_the_same_each_time() -> None:
    first, second = (Drawer(**{**SMALL, "max_epochs": 1}, window=2).fit(WORDS) for _ in range(2))
    for one, other in zip(first.fitted_.model.parameters(), second.fitted_.model.parameters(), strict=True):
        assert torch.equal(one, other)
