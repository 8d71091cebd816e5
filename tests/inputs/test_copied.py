"""Symbols that are read, and their numbers where they are written."""

import numpy as np
import pytest

from recurra.inputs.alphabet import CharacterAlphabet, WordAlphabet, learn_alphabet
from recurra.inputs.copied import Copier, SymbolEncoder, SymbolEncoding
from recurra.inputs.symbol import RESERVED, UNKNOWN
from recurra.types import Sequences

READ, WRITTEN = WordAlphabet(["I", "am", "Bob"]), WordAlphabet(["you", "are", "am", "Bob"])


def encoding(*, copies: bool = True, symbol_dropout: float = 0.0) -> SymbolEncoding:
    return SymbolEncoding(
        READ, WRITTEN, copies=copies, max_length=5, embedding_size=3, symbol_dropout=symbol_dropout
    )


def test_each_symbol_has_both_numbers() -> None:
    found = encoding().encode("I am Zoe of Zoe too")
    assert found.tolist() == [[3, 7], [4, 5], [1, 8], [1, 9], [1, 8]]
    assert encoding(copies=False).encode("I am").tolist() == [[3], [4]]
    assert encoding().encode("").tolist() == [[UNKNOWN, UNKNOWN]]
    assert encoding().pieces("I  am\nBob") == ["I", "am", "␣", "Bob"]


def test_numbers_past_the_alphabet_are_written_with_their_texts() -> None:
    numbers, own = Copier(WRITTEN).numbers(["Zoe", "are", "Eve"])
    assert WRITTEN.content(numbers, own) == "Zoe are Eve"
    letters = CharacterAlphabet("ab")
    numbers, own = Copier(letters).numbers(letters.texts("abç d"))
    assert own == ["ç", " ", "d"]
    assert letters.content(numbers, own) == "abç d"
    assert letters.symbols(numbers, own) == ["a", "b", "ç", " ", "d"]


def test_pieces_of_words_are_those_of_the_same_text() -> None:
    pytest.importorskip("tokenizers")
    read = learn_alphabet(iter(["the cat sat", "the mat"] * 9), "subword", max_size=300)
    written = learn_alphabet(iter(["the dog sat"] * 9), "subword", max_size=300)
    texts = read.texts("the cat sat é")
    numbers, own = Copier(written).numbers(texts)
    assert own == []
    same = [text for text, number in zip(texts, numbers, strict=True) if number >= RESERVED]
    assert written.symbols([number for number in numbers if number >= RESERVED]) == same
    assert "".join(same).startswith("the")


def test_dropped_symbols_can_be_copied_all_the_same() -> None:
    own = encoding(symbol_dropout=0.5)
    before = own.encode("I am Bob I am")
    after = own.augment(before, np.random.default_rng(0))
    assert 0 < (after[:, 0] == UNKNOWN).sum() < len(after)
    assert (after[:, 1] == before[:, 1]).all()
    assert encoding().augment(before, np.random.default_rng(0)) is before


@pytest.mark.parametrize("joint", [True, False])
def test_it_is_the_same_when_it_is_kept(joint: bool) -> None:
    own = SymbolEncoding(
        WRITTEN if joint else READ, WRITTEN, copies=True, max_length=5, embedding_size=3, symbol_dropout=0.1
    )
    kept = own.to_dict()
    assert (kept["alphabet"] is None) == joint
    again = SymbolEncoding.from_dict(kept, WRITTEN)
    assert again.to_dict() == kept
    assert again.encode("I am Zoe").tolist() == own.encode("I am Zoe").tolist()


def test_the_encoder_reads_the_first_column_alone() -> None:
    encoder = SymbolEncoder(6, 3, embedding_dropout=0.9).eval()
    own = Sequences.from_list([encoding().encode("I am Zoe")]).values
    other = own.clone()
    other[:, :, 1] = 0
    assert bool((encoder(own) == encoder(other)).all())
    assert encoder(own).shape == (1, 3, 3)
    assert bool((encoder.train()(own) == 0).any())
