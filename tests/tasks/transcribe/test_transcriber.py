import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.cli.program import call

from recurra import Transcriber
from recurra.errors import ConfigError, DataError
from recurra.inputs.samples import load_sample

SYMBOLS = {"a": 1.0, "b": -1.0, "c": 2.5}


def signals(count: int = 120, seed: int = 0) -> pl.DataFrame:
    """Words of one letter as bursts of a level of their own, of any length, with pauses of any length."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        text = random.choice(list(SYMBOLS), size=random.integers(1, 4))
        signal = [0.0]
        for letter in text:
            signal += [SYMBOLS[letter]] * int(random.integers(2, 4)) + [0.0] * int(random.integers(2, 5))
        rows.append({"signal": signal, "text": " ".join(text)})
    return pl.DataFrame(rows)


LEARNING = {"cell": "gru", "max_epochs": 20, "learning_rate": 0.02, "batch_size": 8, "bidirectional": False}


def tiny(**settings: object) -> Transcriber:
    own = {"hidden_size": 16, "num_layers": 1, "seed": 1, "max_epochs": 1, "target_tokens": "word"}
    return Transcriber(**{**own, **settings})


@pytest.fixture(scope="module")
def fitted() -> Transcriber:
    return tiny(**LEARNING).fit(signals())


def test_it_learns_where_no_step_says_what_it_is(fitted: Transcriber) -> None:
    scores = {row["model"]: row for row in fitted.evaluate().to_frame().to_dicts()}
    assert scores["recurra"]["wer"] < 0.05
    assert scores["most_frequent"]["wer"] > 0.4
    assert scores["nearest"]["wer"] > scores["recurra"]["wer"]


def test_words_stand_in_their_bursts(fitted: Transcriber) -> None:
    frame = pl.DataFrame({"signal": [[0.0] * 3 + [1.0] * 3 + [0.0] * 6 + [-1.0] * 3 + [0.0] * 3]})
    row = fitted.predict(frame, times=True).row(0, named=True)
    assert row["prediction"] == "a b"
    assert [one["word"] for one in row["words"]] == ["a", "b"]
    (first, second) = row["words"]
    assert 3 <= first["start"] < first["end"] <= second["end"] <= 18
    assert first["start"] < 12 <= second["start"]
    assert 0 < row["confidence"] <= 1


def test_a_symbol_is_explained_by_its_burst(fitted: Transcriber) -> None:
    frame = pl.DataFrame({"signal": [[0.0] * 3 + [1.0] * 3 + [0.0] * 6 + [-1.0] * 3 + [0.0] * 3]})
    found = [fitted.explain(frame, step=step).rows[0] for step in (1, 2)]
    for row, burst in zip(found, (slice(3, 8), slice(12, 17)), strict=True):
        assert row.by_step[burst].sum() > 0.5 * np.abs(row.by_step).sum()
        assert row.result > 0
    assert [row.prediction for row in found] == ["a, word 1 of a b", "b, word 2 of a b"]
    (whole,) = fitted.explain(frame).rows
    assert whole.result == pytest.approx(sum(row.result for row in found), abs=1e-4)
    (other,) = fitted.explain(frame, step=1, outcome="b").rows
    assert other.output == found[0].output.replace("of a", "of b")
    assert other.result < 0


def test_a_row_without_a_word_has_nothing_to_explain(fitted: Transcriber) -> None:
    with pytest.raises(DataError, match="without anything to explain"):
        fitted.explain(pl.DataFrame({"signal": [[0.0] * 12]}))


def test_several_texts_the_best_first(fitted: Transcriber) -> None:
    row = fitted.predict(signals(3, seed=9), beam=8, n_best=3).row(0, named=True)
    assert row["alternatives"][0] == row["prediction"]
    assert len(set(row["alternatives"])) == 3
    assert row["scores"] == sorted(row["scores"], reverse=True)


def test_only_words_of_a_list(fitted: Transcriber, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\nc\n")
    told = fitted.predict(signals(20, seed=5), beam=8, words=str(tmp_path / "words.txt"))["prediction"]
    assert set(" ".join(told).split()) == {"a", "c"}
    with pytest.raises(ConfigError, match="beam"):
        fitted.predict(signals(2), words=str(tmp_path / "words.txt"))


def test_a_saved_net_gives_the_same(fitted: Transcriber, tmp_path: Path) -> None:
    fitted.save(tmp_path / "net")
    again, rows = Transcriber.load(tmp_path / "net"), signals(4, seed=3)
    options = {"beam": 4, "n_best": 2, "times": True}
    assert again.predict(rows, **options).equals(fitted.predict(rows, **options))


@pytest.mark.parametrize("tokens", ["character", "subword"])
def test_other_symbols(tokens: str) -> None:
    told = tiny(target_tokens=tokens).fit(signals(30)).predict(signals(2), times=True)
    assert told["prediction"].dtype == pl.String


def test_texts_are_learnt_and_compared_as_it_is_said(tmp_path: Path) -> None:
    frame = signals(30).with_columns((pl.col("text").str.to_uppercase() + "!").alias("sentence")).drop("text")
    loud = tiny().fit(frame)
    assert loud.config_.label == "sentence"
    assert sorted(loud.fitted_.schema.target.alphabet.known) == ["a", "b", "c"]
    assert "A!" in "".join(tiny(normalize="spaces").fit(frame).fitted_.schema.target.alphabet.known)


class TestBadInput:
    def test_a_missing_text_is_named(self) -> None:
        frame = signals(30).with_columns(
            pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise(pl.col("text")).alias("text")
        )
        with pytest.raises(DataError, match="row 4 has no text"):
            tiny().fit(frame)

    def test_a_text_of_nothing_is_learnt_as_silence(self) -> None:
        silent = pl.DataFrame({"signal": [[0.0] * 9] * 10, "text": [""] * 10})
        net = tiny(max_epochs=4, learning_rate=0.02).fit(pl.concat([signals(20), silent]))
        assert net.predict(silent.head(1))["prediction"][0] == ""

    def test_no_column_of_texts(self) -> None:
        with pytest.raises(DataError, match="label="):
            tiny().fit(signals(30).rename({"text": "other"}).with_columns(pl.lit(1).alias("other")))

    def test_texts_longer_than_their_steps(self) -> None:
        long = pl.DataFrame({"signal": [[0.0, 1.0]], "text": ["a a b"]})
        data = pl.concat([signals(30), long, long, long])
        net = tiny(validation_size=0, test_size=0)
        net.fit(data)
        assert any("3 texts with more symbols than steps" in one for one in net.repairs_)
        with pytest.raises(DataError, match="stack=1"):
            tiny(validation_size=0, test_size=0).fit(pl.concat([long, long]))

    def test_unknown_symbols_of_other_data_count_as_wrong(self, fitted: Transcriber) -> None:
        other = signals(8, seed=4)
        told = fitted.evaluate(other.with_columns(pl.col("text") + " zebra")).to_frame().row(0, named=True)
        assert told["wer"] >= 8 / (8 * 4)
        assert told["exact_match"] == 0


def test_from_the_command_line_with_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_sample("digit_strings").head(30).write_csv(tmp_path / "said.csv")
    run, small = tmp_path / "run", ("max_epochs=1", "hidden_size=8", "num_layers=1")
    outcome = call(capsys, "train", "transcribe", tmp_path / "said.csv", "--out", run, *small)
    assert outcome.code == 0, outcome.err
    page = (run / "report.html").read_text()
    assert "Word by word" in page
    assert "with what it told where it told it" in page
    assert page.count("data:audio/ogg;base64,") >= 1
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 8_000)
    outcome = call(capsys, "predict", run, tmp_path / "silent.wav", "--beam", "4", "--json")
    assert outcome.code == 0, outcome.err
    row = json.loads(outcome.out)["transcribe"][0]
    assert {"prediction", "confidence", "alternatives", "scores", "words"} <= set(row)
    assert 0 < len(row["alternatives"]) <= 4
    assert call(capsys, "evaluate", run, tmp_path / "said.csv").code == 0
