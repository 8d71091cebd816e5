import builtins
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.config import validated
from recurra.errors import ConfigError, DamagedError, DataError, MissingDependencyError
from recurra.inputs.text.codec import MAX_WORD, TextCodec
from recurra.inputs.text.config import TextConfig
from recurra.inputs.text.encoding import TextEncoding
from recurra.inputs.text.summary import WordSummary
from recurra.inputs.text.vectors import read_vectors
from recurra.inputs.text.vocabulary import Vocabulary
from recurra.inputs.text.word import shortened, split_words

TRAINED = ["The film was good, good!", "the plot wasn't", ["New York", "is", "good"]]


def learnt(contents: Any = TRAINED, **settings: Any) -> TextEncoding:
    return TextEncoding.learn(contents, validated(TextConfig, settings))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't stop", ["don't", "stop"]),
        ("wo n't 's it", ["wo", "n't", "'s", "it"]),
        ("it\u2019s 3.14, or 1,000!", ["it\u2019s", "3.14", ",", "or", "1,000", "!"]),
        ("well-made (snake_case)", ["well", "-", "made", "(", "snake_case", ")"]),
        ("great😀…", ["great", "😀", "…"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        (" \n\t\u2028\u3000\u202f", []),
    ],
)
def test_words_keep_contractions_and_split_punctuation(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(st.text(), st.integers(1, 5))
def test_a_shortened_text_has_the_first_words(text: str, longest: int) -> None:
    assert split_words(shortened(text, "word", longest)) == split_words(text)[:longest]
    assert shortened(text, "character", longest) == text[:longest]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_splitting_loses_nothing_but_space(text: str) -> None:
    assert "".join(split_words(text)) == "".join(text.split())


def test_a_vocabulary_goes_by_frequency_then_letters() -> None:
    vocabulary = Vocabulary.from_counts({"b": 2, "a": 2, "c": 5, "d": 1}, max_size=3, min_count=2)
    assert vocabulary.symbols == ("c", "a", "b")
    assert vocabulary.ids(["a", "d", "c", "e"]) == [3, 1, 2, 1]
    assert Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict()))).symbols == vocabulary.symbols
    assert ("a" in vocabulary, "d" in vocabulary, len(vocabulary)) == (True, False, 5)
    with pytest.raises(DataError, match="'a' twice"):
        Vocabulary(["a", "b", "a"])
    with pytest.raises(DamagedError):
        Vocabulary.from_dict({"symbols": [3]})


@pytest.mark.parametrize(
    "settings", [{}, {"tokens": "character"}, {"characters": "lstm"}, {"lowercase": False}]
)
def test_an_encoding_is_the_same_after_json(settings: dict[str, Any]) -> None:
    encoding = learnt(**settings)
    revived = TextEncoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    for content in [*TRAINED, "unseen GOOD", ""]:
        encoded = encoding.encode(content)
        assert encoded.dtype == np.int64
        assert encoded.shape == (len(encoded), 1 + MAX_WORD * ("characters" in settings))
        np.testing.assert_array_equal(encoded, revived.encode(content))
    assert revived.embedding_size == encoding.embedding_size


def test_ids_are_those_of_the_training_part() -> None:
    encoding = learnt()
    good = encoding.encode("GOOD")[0, 0]
    assert good == 2  # the most frequent one
    assert encoding.encode("good unseen film")[:, 0].tolist()[:2] == [2, 1]
    assert encoding.encode("").tolist() == [[1]]
    assert encoding.encode([]).tolist() == [[1]]
    assert encoding.encode(["New York", "york"])[:, 0].tolist() == [
        encoding.codec.vocabulary.ids(["new york"])[0],
        1,
    ]
    assert learnt(lowercase=False).encode("GOOD").tolist() == [[1]]
    assert learnt(["good"], max_length=2).encode("good good good").tolist() == [[2], [2]]
    assert learnt(max_vocabulary=1, min_count=2).encode("good the").tolist() == [[2], [1]]


def test_capital_letters_stay_one_step_each() -> None:
    encoding = learnt(["İstanbul"], tokens="character")
    assert len(encoding.encode("İstanbul")) == 8
    assert encoding.encode("İ").tolist() == encoding.encode("i").tolist()


def test_letters_stand_beside_their_word() -> None:
    encoding = learnt(characters="conv")
    encoded = encoding.encode("Good " + "x" * 30)
    alphabet = encoding.codec.alphabet
    assert alphabet is not None
    assert encoded[0, 1:6].tolist() == [*alphabet.ids("Good"), 0]
    assert (encoded[1, 1:] == 1).all()  # twenty letters that training did not see


@pytest.mark.parametrize("content", [3, None, [1, 2], {"a": "b"}])
def test_what_is_no_text_is_refused(content: Any) -> None:
    with pytest.raises(DataError, match="a text, or a list of tokens"):
        learnt().encode(content)


def test_words_are_dropped_at_the_given_rate_and_letters_stay() -> None:
    encoding = learnt(characters="lstm", word_dropout=0.3)
    encoded = np.full((5000, 1 + MAX_WORD), 7)
    varied = encoding.augment(encoded, np.random.default_rng(0))
    assert 0.27 < (varied[:, 0] == 1).mean() < 0.33
    assert (varied[:, 1:] == 7).all()
    assert (encoded == 7).all()
    assert (learnt(word_dropout=0.0).augment(encoded, np.random.default_rng(0)) == 7).all()


def test_pieces_of_words_write_any_text() -> None:
    pytest.importorskip("tokenizers")
    encoding = learnt(["low lower lowest", "new newer newest"] * 5, tokens="subword", max_vocabulary=280)
    revived = TextEncoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    for text in ("lowest newest", "日本語 \x00", "LOW"):
        encoded = encoding.encode(text)
        np.testing.assert_array_equal(encoded, revived.encode(text))
        assert encoded.min() >= 2
        assert encoded.max() < len(encoding.codec.vocabulary)
    assert len(encoding.encode("low")) < len(encoding.encode("xyz"))
    assert encoding.encode("").tolist() == [[1]]
    assert len(learnt(["low"], tokens="subword", max_length=3).encode("xyz" * 9)) == 3
    with pytest.raises(ConfigError, match="for lists of tokens"):
        learnt([["a", "b"]], tokens="subword")
    with pytest.raises(DataError, match="tokens is subword"):
        encoding.encode(["a"])


def test_without_tokenizers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("tokenizers"):
            raise ImportError(name)
        return imported(name, *arguments, **options)

    for name in [name for name in sys.modules if name.startswith("tokenizers")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingDependencyError, match=r"recurra\[text\]"):
        learnt(["a"], tokens="subword")


def test_a_damaged_encoding_says_what_it_lacks() -> None:
    whole = learnt().to_dict()
    for key in ("unit", "vocabulary", "embedding_size"):
        with pytest.raises(DamagedError, match=key):
            TextEncoding.from_dict({name: value for name, value in whole.items() if name != key})
    assert TextCodec.from_dict(whole).max_length == 400


@pytest.mark.parametrize("compressed", [False, True])
def test_embeddings_of_the_vocabulary_are_kept(compressed: bool, tmp_path: Path) -> None:
    path = tmp_path / ("v.vec.gz" if compressed else "v.vec")
    content = b"4 3\ngood 1 2 3\nother 9 9 9\nnew york 4 5 6\ngood 7 7 7\n"
    path.write_bytes(gzip.compress(content) if compressed else content)
    encoding = learnt(embeddings=str(path), embedding_size=50)
    vectors, vocabulary = encoding.vectors, encoding.codec.vocabulary
    assert vectors is not None
    assert isinstance(vocabulary, Vocabulary)
    assert vectors.shape == (len(vocabulary), encoding.embedding_size) == (len(vocabulary), 3)
    np.testing.assert_array_equal(vectors[vocabulary.ids(["good", "new york"])], [[1, 2, 3], [4, 5, 6]])
    assert not vectors[0].any()
    assert np.abs(vectors[vocabulary.ids(["film"])]).max() > 0
    assert TextEncoding.from_dict(encoding.to_dict()).embedding_size == 3  # the file is not needed again


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("good 1 2\nother 1\n", r"line 2: 1 numbers; expected 2"),
        ("other 1 2\ngood 1 x\n", r"line 2: could not convert"),
        ("good 1 nan\n", r"line 1: a number that is not finite"),
        ("other 1 2\n", r"none of the \d+ tokens, such as good"),
    ],
)
def test_damaged_embeddings_name_the_line(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_vectors(path, Vocabulary(["good"]))
    with pytest.raises(DataError, match="does not exist"):
        read_vectors(tmp_path / "missing.txt", Vocabulary(["good"]))


def test_the_summary_knows_words_and_pairs_but_no_order_beyond() -> None:
    learnt = WordSummary.learn(["a b c", "c d"])
    summary = WordSummary.from_dict(json.loads(json.dumps(learnt.to_dict())))
    first, second = summary.numbers(["a b c", "b c a"]), summary.numbers(["unseen"])
    assert abs(first - learnt.numbers(["a b c", "b c a"])).sum() == 0
    assert first.shape[1] == second.shape[1] == 7  # a b c d, "a b", "b c", "c d"
    assert second.nnz == 0
    assert abs(first[[0]] - first[[1]]).sum() > 0  # "b c" and "a b" against "b c"
    lists = WordSummary.learn([["a", "b"], ["c"]])
    assert (lists.numbers([["a", "b"]]).nnz, lists.numbers([]).shape[0]) == (3, 0)
    nothing = WordSummary.from_dict(WordSummary.learn(["", "  "]).to_dict())
    assert nothing.numbers([["a"]]).shape == (1, 1)
    assert nothing.numbers([["a"]]).nnz == 0
