"""The translator: pairs from anywhere, what it learns, how it answers."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from tests.cli.program import call

from recurra import Translator
from recurra.errors import ConfigError, DataError
from recurra.experiment.run import evaluate, told_by, train
from recurra.inputs.generated_text import date_pairs, number_pairs, words_of
from recurra.inputs.steps_encoder import StepsEncoder
from recurra.models.attentive import AttentiveEncoderDecoder
from recurra.models.sequence_body import RecurrentBody
from recurra.recurrence import Recurrence
from recurra.tasks.translate.config import TranslateAnswer
from recurra.tasks.translate.pairs import read_pairs
from recurra.tasks.translate.task import TRANSLATE
from recurra.training.contract import PacedObjective
from recurra.types import Sequences

SMALL: dict[str, Any] = {"hidden_size": 8, "target_size": 8, "max_epochs": 1}
WORDS = ["ab", "abc", "cab", "ba", "bca", "cb", "ac", "ca", "bac", "acb", "abca", "bcab"]
PAIRS = [(word, word[::-1]) for word in WORDS]


@pytest.fixture(scope="module")
def reverser() -> Translator:
    """One that has learnt to write short words backwards."""
    settings = {
        "hidden_size": 32,
        "target_size": 32,
        "embedding_size": 16,
        "max_epochs": 60,
        "batch_size": 16,
    }
    calm = {"dropout": 0.0, "output_dropout": 0.0, "locked_dropout": 0.0, "word_dropout": 0.0}
    options = {"learning_rate": 2e-2, "label_smoothing": 0.0, "input_feeding": False, "attention": "additive"}
    translator = Translator(**settings, **calm, **options)
    return translator.fit(PAIRS * 4, validation=PAIRS, test=PAIRS)  # type: ignore[return-value]


def test_it_learns_to_write_backwards_and_better_than_the_short_cuts(reverser: Translator) -> None:
    scores = {one.name: one.scores["exact_match"] for one in reverser.evaluate().models}
    assert scores["recurra"] >= 0.9
    assert scores["copy"] < 0.3
    assert set(scores) == {"recurra", "nearest", "copy", "most_frequent"}


def test_an_answer_does_not_depend_on_its_company(reverser: Translator) -> None:
    together = reverser.predict(WORDS)["prediction"].to_list()
    alone = [reverser.predict([word])["prediction"][0] for word in WORDS]
    assert together == alone
    long = reverser.predict(["abc", "abcab" * 9], beam=1)["prediction"].to_list()
    assert long[0] == reverser.predict(["abc"], beam=1)["prediction"][0]
    target = reverser.fitted_.schema.target
    assert target.longest_of("abc") < target.longest_of("abcab" * 9)


def test_alternatives_and_where_it_looked(reverser: Translator) -> None:
    frame = reverser.predict(["abc", "ab"], n_best=3, attention=True)
    assert frame.columns == ["source", "prediction", "alternatives", "scores", "read", "written", "attention"]
    row = frame.to_dicts()[0]
    assert row["alternatives"][0] == row["prediction"] == "cba"
    assert row["scores"] == sorted(row["scores"], reverse=True)
    assert len(set(row["alternatives"])) == 3
    assert row["read"] == ["a", "b", "c"]
    assert row["written"] == ["c", "b", "a", "<end>"]
    assert [len(weights) for weights in row["attention"]] == [3] * 4
    assert all(sum(weights) == pytest.approx(1, abs=1e-3) for weights in row["attention"])
    assert [row["read"][max(range(3), key=own.__getitem__)] for own in row["attention"][:3]] == [
        "c",
        "b",
        "a",
    ]
    assert [len(weights) for weights in frame["attention"][1]] == [2] * 3
    assert len(reverser.predict(["abc"], n_best="beam", beam=4)["alternatives"][0]) == 4
    assert reverser.predict(["abcab"], max_length=2)["prediction"].str.len_chars()[0] <= 2


@pytest.mark.parametrize("attention", ["additive", "dot", "location", "monotonic"])
def test_every_attention_trains(attention: str) -> None:
    size = 8 if attention != "dot" else 16  # both directions of what is read are as wide as what writes
    settings = {**SMALL, "attention": attention, "bidirectional": attention != "dot", "hidden_size": size}
    found = Translator(**settings).fit(PAIRS * 3).predict(["abc"])
    assert found.height == 1


def test_all_steps_at_once_are_the_steps_one_by_one() -> None:
    body = RecurrentBody(4, Recurrence(hidden_size=3, bidirectional=True))
    net = AttentiveEncoderDecoder(
        StepsEncoder(4), body, 6, 9, 5, Recurrence(hidden_size=6), input_feeding=False
    ).eval()
    source, ids = Sequences(torch.randn(2, 4, 4), torch.tensor([4, 3])), torch.randint(3, 9, (2, 7))
    read, state = net.read(source)
    single = []
    for own in ids.unbind(dim=1):
        given, state = net.step(own, read, state)
        single.append(given.outputs)
    torch.testing.assert_close(net(source, ids).outputs, torch.stack(single, dim=1))


def test_pairs_are_read_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "a.de").write_text("eins\nzwei\n")
    with gzip.open(tmp_path / "a.en.gz", "wt") as file:
        file.write("one\ntwo\n")
    (tmp_path / "rows.tsv").write_text("source\ttarget\neins\tone\nzwei\ttwo\n")
    (tmp_path / "bare.tsv").write_text("eins zwei drei vier\tone\nfünf\ta longer text than the other\n")
    (tmp_path / "rows.jsonl").write_text('{"translation": "one", "input": "eins"}\n')
    wanted = {"source": ["eins", "zwei"], "target": ["one", "two"]}
    files = read_pairs(tmp_path / "a.de", "auto", str(tmp_path / "a.en.gz"))
    assert files.frame.to_dict(as_series=False) == wanted
    assert read_pairs(tmp_path / "rows.tsv", "auto", None).frame.to_dict(as_series=False) == wanted
    bare = read_pairs(tmp_path / "bare.tsv", "auto", None).frame
    assert bare["source"].to_list() == ["eins zwei drei vier", "fünf"]
    assert read_pairs(tmp_path / "rows.jsonl", "auto", None).frame.rows() == [("eins", "one")]
    frame = pl.DataFrame({"german": ["eins"], "english": ["one"], "year": [2020]})
    assert read_pairs(frame, "english", None).frame.rows() == [("eins", "one")]
    assert read_pairs(frame, "german", None).frame.rows() == [("one", "eins")]
    assert read_pairs(["eins"], "auto", None, told=False).frame.columns == ["source"]
    (tmp_path / "short.tsv").write_text("eins\tone\nzwei\ttwo\n")
    assert read_pairs(tmp_path / "short.tsv", "auto", None).frame.to_dict(as_series=False) == wanted
    licensed = "Go.\tGeh!\tCC-BY\nHi.\tHallo!\tCC-BY\n"
    (tmp_path / "licensed.tsv").write_text(licensed)
    three = read_pairs(tmp_path / "licensed.tsv", "auto", None).frame.rows()
    assert three == [("Go.", "Geh!"), ("Hi.", "Hallo!")]
    (tmp_path / "alike.tsv").write_text("a\ta\neins\tone\n")
    assert read_pairs(tmp_path / "alike.tsv", "auto", None).frame.rows() == [("a", "a"), ("eins", "one")]
    (tmp_path / "named.tsv").write_text("en\tde\tsplit\nGo.\tGeh!\ttrain\n")
    assert read_pairs(tmp_path / "named.tsv", "auto", None).frame.rows() == [("Go.", "Geh!")]
    (tmp_path / "numbers.csv").write_text("source,target\n12,twelve\n3,three\n")
    numbers = read_pairs(tmp_path / "numbers.csv", "auto", None).frame.rows()
    assert numbers == [("12", "twelve"), ("3", "three")]


def test_what_is_no_pair_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.de").write_text("eins\nzwei\n")
    (tmp_path / "a.en").write_text("one\ntwo\nthree\n")
    with pytest.raises(DataError, match=r"a\.de has none for line 3"):
        read_pairs(tmp_path / "a.de", "auto", str(tmp_path / "a.en"))
    with pytest.raises(DataError, match="--target-file FILE"):
        read_pairs(tmp_path / "a.de", "auto", None)
    with pytest.raises(DataError, match="one to read and one to write"):
        read_pairs(pl.DataFrame({"source": ["eins"]}), "auto", None)
    with pytest.raises(DataError, match="Name the one to write"):
        read_pairs(pl.DataFrame({"source": ["eins"], "b": ["one"]}), "c", None)
    wrong: list[list[Any]] = [[("a", "b", "c")], [(1, 2)], [("a", None)], [3]]
    for one in wrong:
        with pytest.raises(DataError, match="entry 1 of the list"):
            read_pairs(one, "auto", None)
    with pytest.raises(DataError, match="is a folder"):
        read_pairs(tmp_path, "auto", None)
    with pytest.raises(DataError, match="an empty list"):
        read_pairs([], "auto", None)
    (tmp_path / "b.en").write_text("one\n\n")
    with pytest.raises(DataError, match=r"b\.en, line 2 has no text to write"):
        read_pairs(tmp_path / "a.de", "auto", str(tmp_path / "b.en"))
    (tmp_path / "c.tsv").write_text("source\ttarget\neins\tone\n \ttwo\n\tthree\n")
    with pytest.raises(DataError, match=r"c\.tsv, line 3 has no text to read \(one of 2 such pairs\)"):
        read_pairs(tmp_path / "c.tsv", "auto", None)
    with pytest.raises(DataError, match="entry 2 of the list has no text to write"):
        read_pairs([("a", "b"), ("a", "")], "auto", None)
    with pytest.raises(DataError, match="row 2 has no text to write"):
        Translator(**SMALL).fit(pl.DataFrame({"source": ["a", "b"] * 20, "target": ["c", " "] * 20}))
    with pytest.raises(ConfigError, match="target_file is 5"):
        Translator(**SMALL, target_file=5).fit(PAIRS)
    with pytest.raises(ConfigError, match="auto or text"):
        Translator(**SMALL, input="table").fit(PAIRS)


def test_a_run_is_kept_and_answers_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    (tmp_path / "a.txt").write_text("\n".join(word for word, _ in PAIRS * 4))
    (tmp_path / "b.txt").write_text("\n".join(text for _, text in PAIRS * 4))
    settings = {**SMALL, "target_file": str(tmp_path / "b.txt"), "target_tokens": "subword", "tokens": "word"}
    train(TRANSLATE, str(tmp_path / "a.txt"), settings, run)
    page = (run / "report.html").read_text()
    assert "Where it looked" in page
    assert "Worst and best" in page
    (tmp_path / "new.txt").write_text("abc\n\nan unknown text\n")
    frame = told_by(TRANSLATE, run, str(tmp_path / "new.txt"), {"beam": "2"}).frame
    assert frame["source"].to_list() == ["abc", "", "an unknown text"]
    told = call(capsys, "predict", run, tmp_path / "new.txt", "--n-best", 2, "--attention")
    header, row, *_ = told.out.splitlines()
    assert header == "source,prediction,alternatives,scores,read,written,attention"
    assert row.startswith("abc,")
    assert len(json.loads(next(csv.DictReader(told.out.splitlines()))["scores"])) == 2
    told = call(capsys, "predict", run, tmp_path / "new.txt", "--json")
    answers = json.loads(told.out)["translate"]
    assert answers[1]["prediction"] == ""  # nothing to read
    assert [len(one["alternatives"]) for one in answers] == [5, 0, 5]
    assert [len(one["scores"]) for one in answers] == [5, 0, 5]
    assert [len(one["read"]) for one in answers] == [1, 1, 3]
    assert all(len(own) == len(one["read"]) for one in answers for own in one["attention"])
    told = call(capsys, "predict", run, tmp_path / "new.txt", "--json", "--n-best", 1, "--no-attention")
    assert [*json.loads(told.out)["translate"][0]] == ["source", "prediction"]
    scored = evaluate(TRANSLATE, run, str(tmp_path / "a.txt"), {"target_file": str(tmp_path / "b.txt")})
    assert [one.name for one in scored.models] == ["recurra", "nearest", "copy", "most_frequent"]


def test_made_pairs_are_right_and_each_once() -> None:
    dates = date_pairs(500)
    assert len({text for text, _ in dates}) == 500
    assert dict(date_pairs(500)) == dict(dates) != dict(date_pairs(500, seed=1))
    numeric = [(text, iso) for text, iso in dates if text.isdigit()]
    assert all(iso.replace("-", "") == text for text, iso in numeric)
    assert numeric
    assert words_of(0) == "zero"
    assert words_of(311_700_015) == "three hundred eleven million seven hundred thousand fifteen"
    assert all(words_of(int(number.replace(",", ""))) == text for number, text in number_pairs(50))


def test_parts_are_given_as_files_line_by_line(tmp_path: Path) -> None:
    for name, pairs in (("train", PAIRS * 4), ("valid", PAIRS[:5]), ("test", PAIRS[:7])):
        (tmp_path / f"{name}.a").write_text("\n".join(word for word, _ in pairs))
        (tmp_path / f"{name}.b").write_text("\n".join(text for _, text in pairs))
    keys = {"target_file": "train", "validation_target": "valid", "test_target": "test"}
    settings = {key: str(tmp_path / f"{name}.b") for key, name in keys.items()}
    parts = [str(tmp_path / f"{name}.a") for name in keys.values()]
    prepared = TRANSLATE.prepare(TRANSLATE.read(parts[0], {**SMALL, **settings}, parts[1], parts[2]))
    assert [len(one) for one in (prepared.train, prepared.validation, prepared.test)] == [48, 5, 7]


def test_coverage_and_scheduled_sampling_are_trained_with() -> None:
    kinds: list[dict[str, Any]] = [{}, {"coverage": 0.5}, {"scheduled_sampling": 0.9}]
    fitted = [Translator(**{**SMALL, "max_epochs": 2}, **kind).fit(PAIRS * 2) for kind in kinds]
    biases = [one.fitted_.model.output_bias for one in fitted]
    assert not any(torch.equal(biases[0], other) for other in biases[1:])


def test_answers_begin_as_they_should_and_hold_nothing_banned(reverser: Translator) -> None:
    told = reverser.predict(["abc", "bca", " "], prefix="ac")["prediction"].to_list()
    assert [one[:2] for one in told] == ["ac", "ac", ""]
    free = reverser.predict(["abc"], n_best=5)["alternatives"][0].to_list()
    assert any("cb" in one for one in free)
    without = reverser.predict(["abc"], n_best=5, banned=["cb", "aa"])["alternatives"][0].to_list()
    assert len(without) == 5
    assert not any("cb" in one or "aa" in one for one in without)
    with pytest.raises(ConfigError, match="a prefix with 'x', 'y', which the net cannot write"):
        reverser.predict(["abc"], prefix="xay")
    with pytest.raises(ConfigError, match="banned"):
        reverser.predict(["abc"], banned=[""])


def test_what_is_left_unread_lowers_the_score(reverser: Translator) -> None:
    plain = reverser.predict(["abca"], n_best=5)["scores"][0].to_list()
    covered = reverser.predict(["abca"], n_best=5, coverage_penalty=1.0)["scores"][0].to_list()
    assert max(covered) < max(plain)


def test_one_that_is_cut_off_says_so(reverser: Translator) -> None:
    row = reverser.predict(["abca"], max_length=2, attention=True).to_dicts()[0]
    assert row["written"][2:] == ["<cut>"]
    assert len(row["attention"]) == 3


def test_no_end_is_explained_of_one_that_was_cut_off() -> None:
    blank = Translator(**SMALL, learning_rate=1e-9).fit(PAIRS, validation=PAIRS, test=PAIRS)
    written = blank.predict(WORDS, attention=True)["written"].to_list()
    row = next(row for row, symbols in enumerate(written) if symbols[-1] == "<cut>")
    last = len(written[row]) - 1
    assert f"at step {last})" in blank.explain([WORDS[row]], step=last).rows[0].prediction
    with pytest.raises(ConfigError, match=f"1 to {last}"):
        blank.explain([WORDS[row]], step=last + 1)


def test_some_very_long_texts_do_not_change_what_all_are_made_of() -> None:
    pairs = [*PAIRS * 3, ("ab " * 20_000, "ba " * 20_000)]
    assert TRANSLATE.prepare(TRANSLATE.read(pairs, SMALL, None, None)).config.target_tokens == "character"


def test_too_few_pairs_are_told_without_a_word_of_classes() -> None:
    error = TRANSLATE.prepare(TRANSLATE.read(PAIRS[:2], SMALL, None, None)).no_test
    assert error is not None
    assert error.got == "2 examples, of which test_size=0.1 takes none"


def test_an_objective_draws_more_from_the_net_as_training_goes_on() -> None:
    config = TRANSLATE.prepare(TRANSLATE.read(PAIRS, {**SMALL, "scheduled_sampling": 0.4}, None, None)).config
    objective = TRANSLATE.objective(config, None)
    assert isinstance(objective, PacedObjective)
    assert [objective.paced(one).own_share for one in (0.0, 0.5, 1.0)] == [0.0, 0.2, 0.4]  # type: ignore[attr-defined]
    slowly = TRANSLATE.objective(config.model_copy(update={"sampling_schedule": "inverse_sigmoid"}), None)
    shares = [slowly.paced(one).own_share for one in (0.0, 0.25, 0.5, 0.75, 1.0)]  # type: ignore[attr-defined]
    assert shares == pytest.approx([0.4 / 101, 0.4 / 11, 0.2, 4 / 11, 40 / 101])


def test_texts_to_write_without_end_are_cut_and_said() -> None:
    pairs = [*PAIRS * 3, ("ab", "x" * 100_000)]
    settings = {
        **SMALL,
        "target_tokens": "character",
        "max_target": 20,
        "validation_size": 0.0,
        "test_size": 0.0,
    }
    prepared = TRANSLATE.prepare(TRANSLATE.read(pairs, settings, None, None))
    assert max(len(one) for one in prepared.train.known()) == 20
    assert any("of 1 text to write the first 20 characters are trained on" in one for one in prepared.repairs)
    assert prepared.schema.target.longest_of("a" * 100_000) <= 50


def test_what_training_did_not_meet_is_said_and_blanks_are_left_blank(reverser: Translator) -> None:
    part = TRANSLATE.part(["abc", "xyz!", " ", ""], reverser.fitted_, TranslateAnswer())
    assert any("characters that training did not meet in 1 text" in one for one in part.repairs)
    told = reverser.predict(["abc", " ", ""], n_best=2, attention=True).to_dicts()
    assert [one["prediction"] for one in told] == ["cba", "", ""]
    assert [one["alternatives"] for one in told[1:]] == [[], []]
    assert [one["written"] for one in told[1:]] == [[], []]
    assert reverser.predict(["", ""])["prediction"].to_list() == ["", ""]
    assert reverser.predict(["abc"], beam=1000)["prediction"].to_list() == ["cba"]


def test_what_is_dropped_at_both_ends_is_the_same_at_all_steps() -> None:
    recurrence = Recurrence(hidden_size=6, dropout=0.5, variational=True)
    body = RecurrentBody(4, Recurrence(hidden_size=3, bidirectional=True))
    net = AttentiveEncoderDecoder(StepsEncoder(4), body, 6, 9, 5, recurrence, output_dropout=0.5).train()
    source = Sequences(torch.randn(2, 4, 4), torch.tensor([4, 3]))
    dropped = net(source, torch.randint(3, 9, (2, 7))).outputs == 0
    assert bool(dropped.any())
    assert bool((dropped == dropped[:, :1]).all())


def test_texts_too_short_for_bleu_are_judged_by_how_many_are_right() -> None:
    settings = {**SMALL, "target_tokens": "word", "test_size": 0.0, "validation_size": 0.0}
    for text, first in (("two words", "exact_match"), ("five words that go on", "bleu")):
        pairs = [(word, text) for word in WORDS]
        fitted = Translator(**settings).fit(pairs, test=pairs).evaluate()
        assert next(iter(fitted.models[0].scores)) == first
