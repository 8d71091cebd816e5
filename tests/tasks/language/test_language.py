"""The language model: what it learns, tells, makes and keeps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch.nn import functional as F

from recurra import LanguageModel
from recurra.errors import ConfigError, DataError
from recurra.experiment.run import evaluate, train
from recurra.inputs.symbol import END
from recurra.metrics.copying import longest_copy
from recurra.streaming import Program
from recurra.tasks.language import scoring, show, task
from recurra.tasks.language.config import LanguageAnswer
from recurra.tasks.language.live import LiveLanguage
from recurra.tasks.language.task import LANGUAGE, prepare

LINE = "the cat sat on the mat. a dog lay by the log.\n"
SMALL: dict[str, Any] = {
    "hidden_size": 12,
    "num_layers": 1,
    "dropout": 0.0,
    "batch_size": 4,
    "sequence_length": 16,
}


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    """One that has learnt two lines by heart."""
    options = {**SMALL, "hidden_size": 32, "max_epochs": 25, "learning_rate": 1e-2}
    return LanguageModel(**options).fit([LINE * 40])  # type: ignore[return-value]


@pytest.fixture(scope="module")
def of_documents() -> LanguageModel:
    return LanguageModel(**SMALL, tokens="word", max_epochs=2).fit([LINE] * 30 + ["a cat\n"] * 10)  # type: ignore[return-value]


def one_by_one(model: LanguageModel, ids: list[int]) -> np.ndarray:
    """The surprise of a document, computed step by step with torch."""
    net, state, found = model.fitted_.model, None, []
    with torch.no_grad():
        for before, after in zip([END, *ids[:-1]], ids, strict=True):
            logits, state = net(torch.tensor([[before]]), state)
            found.append(float(F.cross_entropy(logits[0], torch.tensor([after]))))
    return np.array(found)


def test_it_learns_what_comes_next_better_than_frequencies(model: LanguageModel) -> None:
    scores = {one.name: one.scores["bits_per_character"] for one in model.evaluate().models}
    assert scores["recurra"] < 0.5 < 3 < scores["unigram"]
    assert set(scores) == {"recurra", "n_grams", "unigram"}


@pytest.mark.parametrize("steps", [3, 1000])
def test_surprise_is_that_of_single_steps(
    of_documents: LanguageModel, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_STEPS", steps)
    part = LANGUAGE.part(["a cat lay\n", "the dog sat by the mat.\n", "a"], of_documents.fitted_, None)
    found = scoring.surprise(of_documents.fitted_.model, part, "cpu", 1)  # type: ignore[arg-type]
    bounds = list(zip(part.starts, part.ends, strict=True))
    for begin, end in bounds:
        expected = one_by_one(of_documents, part.tokens.read(int(begin), int(end)).tolist())
        np.testing.assert_allclose(found[begin:end], expected, rtol=1e-4, atol=1e-5)


def test_rows_of_a_long_text_cover_it(model: LanguageModel) -> None:
    part = LANGUAGE.part([LINE * 5], model.fitted_, None)
    whole = scoring.surprise(model.fitted_.model, part, "cpu", 1)  # type: ignore[arg-type]
    for rows in (2, 7, 64):
        found = scoring.surprise(model.fitted_.model, part, "cpu", rows)  # type: ignore[arg-type]
        length = -(-len(part) // rows)
        np.testing.assert_allclose(found[:length], whole[:length], rtol=1e-4, atol=1e-5)
        assert (found > 0).all()
        assert found.shape == whole.shape


def test_learning_while_reading_lowers_the_surprise_of_a_text_that_repeats_itself(
    model: LanguageModel,
) -> None:
    part = LANGUAGE.part(["log by dog a the on sat " * 20], model.fitted_, None)
    net = model.fitted_.model
    before = {name: one.clone() for name, one in net.state_dict().items()}
    still, moving, pulled = (
        scoring.surprise(net, part, "cpu", dynamic_rate=rate, dynamic_decay=decay)  # type: ignore[arg-type]
        for rate, decay in ((0.0, 0.0), (0.02, 0.0), (0.02, 0.01))
    )
    assert moving.mean() < 0.8 * still.mean()
    assert moving.mean() < pulled.mean() < still.mean()
    first = scoring._DYNAMIC_STEPS
    np.testing.assert_allclose(moving[:first], still[:first], rtol=1e-4, atol=1e-5)
    assert all(bool((one == before[name]).all()) for name, one in net.state_dict().items())


def test_what_is_made_is_the_same_on_the_engine_and_in_torch(model: LanguageModel) -> None:
    text = "".join(model.generate("the ", length=60, temperature=0.0))
    training = model.fitted_.schema.alphabet.ids(LINE * 2)
    assert longest_copy(model.fitted_.schema.alphabet.ids(text), training).length > 20
    again = "".join(model.generate("the ", length=60, temperature=0.0))
    state, logits, made = None, None, []
    with torch.no_grad():
        for symbol in [END, *model.fitted_.schema.alphabet.ids("the ").tolist()]:
            logits, state = model.fitted_.model(torch.tensor([[symbol]]), state)
        for _ in range(60):
            assert logits is not None
            made.append(int(logits[0, -1].argmax()))
            logits, state = model.fitted_.model(torch.tensor([[made[-1]]]), state)
    assert text == again == model.fitted_.schema.alphabet.content(made)
    assert "".join(model.generate(length=40, seed=1)) != "".join(model.generate(length=40, seed=2))
    with pytest.raises(DataError, match=r"a prompt with 'X', 'é'"):
        list(model.generate("Xé"))
    with pytest.raises(ConfigError, match="Did you mean 'temperature'"):
        list(model.generate(temprature=1.0))


def test_a_document_ends_by_itself_where_training_had_ends(
    of_documents: LanguageModel, model: LanguageModel
) -> None:
    assert of_documents.fitted_.schema.has_ends
    assert not model.fitted_.schema.has_ends
    assert len("".join(model.generate(length=300))) == 300
    texts = {"".join(of_documents.generate(length=500, seed=seed)) for seed in range(3)}
    assert min(len(one.split()) for one in texts) < 400


def test_rows_of_an_answer(of_documents: LanguageModel) -> None:
    frame = of_documents.predict(["a cat\n", "the dog and the bird\n"])
    assert frame.columns == ["document", "words", "perplexity", "bits_per_character", "bits_per_byte"]
    assert frame["words"].to_list() == [4, 7]  # with the end of the line, and that of the document
    long = of_documents.predict(["a cat\n", "the bird\n"], long=True)
    assert long["symbol"].to_list() == ["a", "cat", "\n", "<end>", "the", "", "\n", "<end>"]
    assert long["step"].to_list() == [1, 2, 3, 4, 1, 2, 3, 4]
    per_document = long.group_by("document", maintain_order=True).agg(pl.col("bits").mean())
    short = of_documents.predict(["a cat\n", "the bird\n"])
    np.testing.assert_allclose(
        2 ** per_document["bits"].to_numpy(), short["perplexity"].to_numpy(), rtol=1e-3
    )


def test_a_stream_tells_the_bits_of_predict_whatever_the_pieces(model: LanguageModel) -> None:
    live = LiveLanguage(model.to_program())
    whole = LiveLanguage(model.to_program()).predict({"text": LINE})
    pieces = [live.predict({"text": LINE[:7]})]
    kept = live.snapshot()
    live.predict({"text": "a dog"})
    live.restore(kept)
    pieces.append(live.predict({"text": LINE[7:]}))
    total = sum(one.values["bits"] for one in pieces)
    assert total == pytest.approx(whole.values["bits"], abs=1e-3)
    expected = model.predict([LINE])["bits_per_character"][0] * len(LINE)
    assert total == pytest.approx(expected, rel=1e-3)
    assert pieces[1].values["next"] == whole.values["next"]
    named = live.predict({"text": "the", "sequence_id": 7, "sequence_end": True})
    assert named.kept == {"sequence_id": 7}
    assert list(live.snapshot()) == [""]


def test_parts_are_the_ends_of_the_text_and_cut_between_lines_or_documents() -> None:
    text = "".join(f"line {number:03}\n" for number in range(200))
    data = LANGUAGE.read([text], {**SMALL, "test_size": 0.1, "validation_size": 0.2}, None, None)
    prepared = prepare(data)
    alphabet = prepared.schema.alphabet
    parts = [prepared.train, prepared.validation, prepared.test]
    texts = [alphabet.content(part.tokens.read(0, len(part))) for part in parts]
    assert "".join(texts) == text
    assert [len(one) // 9 for one in texts] == [140, 40, 20]
    assert all(one.startswith("line") for one in texts)
    documents = [f"document {number}" for number in range(20)]
    prepared = prepare(
        LANGUAGE.read(documents, {**SMALL, "test_size": 0.1, "validation_size": 0.1}, None, None)
    )
    assert [len(part.ends) for part in (prepared.train, prepared.validation, prepared.test)] == [16, 2, 2]
    given = prepare(LANGUAGE.read(documents, {**SMALL, "test_size": 0.1}, ["document 4"], ["document 5"]))
    assert len(given.train.ends) == 20
    assert len(given.test) == len("document 5") + 1


@pytest.mark.parametrize(
    ("source", "settings", "complaint"),
    [
        (["a"], {}, "a training part of 1 character"),
        (["a b c d"] * 20, {"tokens": "word", "min_count": 99}, "comes 99 times or more"),
        ([LINE * 9], {"bidirectional": True}, "a net in one direction"),
        ([LINE * 9], {"monitor": "valid_accuracy"}, "monitor is 'valid_accuracy'"),
        ([LINE * 9], {"input": "text"}, "gives no stream of symbols"),
        ([LINE * 9], {"cell": "lstmm"}, "cell"),
        (None, {}, "no data"),
    ],
)
def test_what_cannot_be_learnt_is_told(source: Any, settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises((DataError, ConfigError), match=complaint):
        LanguageModel(**{**SMALL, **settings}).fit(source)


def test_a_short_text_is_read_in_fewer_rows_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    run = tmp_path / "run"
    options = {**SMALL, "batch_size": 64, "max_epochs": 1, "tokens": "word", "ngram_order": 1}
    (tmp_path / "book.txt").write_text(LINE * 20)
    train(LANGUAGE, str(tmp_path / "book.txt"), options, run, tell=said.append)
    assert any("are read in" in one and "batch_size=64" in one for one in said)
    assert [one.name for one in evaluate(LANGUAGE, run).models] == ["recurra", "unigram"]
    page = (run / "report.html").read_text()
    assert "Out of nothing" in page
    assert "Least predictable" in page
    again = LanguageModel.load(run)
    live = LiveLanguage(Program.load(run / "stream"))
    assert live.predict({"text": "the cat"}).values["next"]
    other = evaluate(LANGUAGE, run, str(tmp_path / "book.txt"))
    assert [one.name for one in other.models] == ["recurra", "unigram"]
    assert again.fitted_.schema.alphabet.unit == "word"  # type: ignore[attr-defined]
    again_told = {"dynamic_rate": "0.01", "dynamic_decay": "0.001"}
    assert evaluate(LANGUAGE, run, [LINE], again_told).models[0].scores["perplexity"]


def test_n_grams_are_counted_in_what_memory_allows_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "_TRIED", 1000)
    text = "".join(f"{number**3 % 1009} " for number in range(2000))
    prepared = prepare(LANGUAGE.read([text], {**SMALL, "tokens": "word"}, None, None))
    sizes = []
    for kept, label in ((10**9, "4-grams (Kneser-Ney)"), (20_000, "of the last 0.0 million words")):
        monkeypatch.setattr(task, "_KEPT", kept)
        (learnt,) = LANGUAGE.learn(prepared)
        rivals = list(
            LANGUAGE.naive(prepared.schema, {"n_grams": replace(learnt, seconds=7.0)}, prepared.test)
        )
        assert rivals[0].label.endswith(label)
        assert rivals[0].seconds == 7
        sizes.append(sum(one.nbytes for name, one in learnt.arrays.items() if name[0].isdigit()))
    assert sizes[1] < 20_000 < sizes[0]


def test_a_report_shows_no_rows_of_empty_lines_and_no_passage_twice(model: LanguageModel) -> None:
    alphabet = model.fitted_.schema.alphabet
    ids = alphabet.ids("a\n \n\n\n the cat\n\nmat\n")
    assert show._without_gaps(alphabet, ids) == "a\n\n the cat\n\nmat\n"
    part = LANGUAGE.part(["the cat sat.ttthe cat ssta doga dog lay."], model.fitted_, None)
    shown = list(show._distinct(alphabet, part, np.array([0, 1, 2, 3, 1]), 3, 10))
    assert shown == [(0, "the cat sa"), (1, "t.ttthe ca"), (2, "t ssta dog")]
    part = LANGUAGE.part(["the cat...tttheeecat.a dog lay"], model.fitted_, None)
    shown = list(show._distinct(alphabet, part, np.array([0, 0, 2]), 3, 10))
    assert shown == [(0, "the cat..."), (2, ".a dog lay")]


def test_symbols_that_are_unknown_are_told_of_with_an_answer(model: LanguageModel) -> None:
    said = [LANGUAGE.part(["the Ωat"], model.fitted_, one).repairs for one in (None, LanguageAnswer())]
    assert said == [(), ("14.29% of the characters are unknown, and told as one symbol",)]


def test_the_frequency_of_symbols_is_their_frequency() -> None:
    scores = {}
    for order in (1, 3):
        model = LanguageModel(**SMALL, max_epochs=1, ngram_order=order).fit(["aaaaaaab" * 60])
        found = {one.name: one.scores["bits_per_character"] for one in model.evaluate().models}
        scores[order] = found["unigram"]
    entropy = -(7 / 8 * np.log2(7 / 8) + 1 / 8 * np.log2(1 / 8))
    assert scores[1] == scores[3] == pytest.approx(entropy, rel=0.1)


def test_capital_letters_and_ends_of_lines_are_read_alike_everywhere(tmp_path: Path) -> None:
    text = "The cat SAT.\nA dog lay.\n" * 30
    (tmp_path / "book.txt").write_bytes(text.replace("\n", "\r\n").encode())
    model = LanguageModel(**SMALL, max_epochs=1, lowercase=True, ngram_order=1).fit(tmp_path / "book.txt")
    sources = [tmp_path / "book.txt", [text.replace("\n", "\r\n")], [text.lower()]]
    found = [model.predict(one)["perplexity"][0] for one in sources]
    assert found[0] == pytest.approx(found[1]) == pytest.approx(found[2])
    bits = [
        LiveLanguage(model.to_program()).predict({"text": one}).values["bits"] for one in ("The\r\n", "the\n")
    ]
    assert bits[0] == bits[1]
    large, small = ("".join(model.generate(one, length=9, seed=1)) for one in ("THE", "the"))
    assert large == small


def test_documents_without_a_symbol_are_passed_over(of_documents: LanguageModel, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a cat\n")
    (tmp_path / "b.txt").write_text("   ")
    (tmp_path / "c.txt").write_text("")
    assert of_documents.predict(tmp_path)["document"].to_list() == ["a.txt"]
    assert of_documents.predict(["", "the cat", "  "])["document"].to_list() == ["text 2"]
    with pytest.raises(DataError, match="is empty"):
        of_documents.predict(["", " "])


def test_a_text_too_short_to_keep_a_part_is_told_with_all_of_its_size() -> None:
    shares = {"test_size": 0.05, "validation_size": 0.05}
    error = prepare(LANGUAGE.read(["hello"], {**SMALL, **shares}, None, None)).no_test
    assert error is not None
    assert error.got == "5 characters, of which none is left to score"


def test_parts_know_their_own_documents() -> None:
    documents = [f"document {number}" for number in range(20)]
    shares = {"test_size": 0.1, "validation_size": 0.1}
    prepared = prepare(LANGUAGE.read(documents, {**SMALL, **shares}, None, None))
    assert prepared.test is not None
    assert prepared.test.table.frame["document"].to_list() == ["text 19", "text 20"]
    two = ["x" * 110, "y" * 90]
    prepared = prepare(LANGUAGE.read(two, {**SMALL, "test_size": 0.45, "validation_size": 0.0}, None, None))
    assert prepared.test is not None
    assert [len(prepared.train.ends), len(prepared.test.ends)] == [1, 1]
    assert len(prepared.train) + len(prepared.test) == 202


def test_the_end_of_a_sequence_is_told_where_training_had_ends(of_documents: LanguageModel) -> None:
    live = LiveLanguage(of_documents.to_program())
    bits = live.predict({"text": "a cat\n"}).values["bits"]
    bits += live.predict({"sequence_end": True}).values["bits"]
    assert 2 ** (bits / 4) == pytest.approx(of_documents.predict(["a cat\n"])["perplexity"][0], rel=1e-3)
    assert not live.snapshot()


def test_a_text_stops_before_a_text(model: LanguageModel) -> None:
    whole = "".join(model.generate("the ", length=120))
    for stop in ("\n", "at ", "zz"):
        assert "".join(model.generate("the ", length=120, stop=stop)) == whole.split(stop)[0]


def test_processes_share_a_batch() -> None:
    found = LanguageModel(**SMALL, max_epochs=1, devices=2, device="cpu", ngram_order=1).fit([LINE * 20])
    assert len("".join(found.generate(length=5))) == 5
