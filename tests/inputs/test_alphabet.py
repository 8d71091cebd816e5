"""Texts as symbols and back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import DamagedError, DataError
from recurra.inputs.alphabet import learn_alphabet, plain, revive_alphabet
from recurra.inputs.symbol import END, RESERVED, UNKNOWN

PROSE = "the cat sat on the mat\nthe dog sat on the log\n" * 8


@given(st.text(min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_characters_come_back_whatever_they_are(text: str) -> None:
    alphabet = learn_alphabet(iter([text]), "character", max_size=10_000)
    assert alphabet.content(alphabet.ids(text)) == plain(text)


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_pieces_of_words_write_any_text_after_training_on_another(text: str) -> None:
    alphabet = SUBWORDS
    text = text.encode("utf-8", "replace").decode()
    assert alphabet.content(alphabet.ids(text)) == plain(text)
    assert all(len(alphabet) > number >= RESERVED for number in alphabet.ids(text))


SUBWORDS = learn_alphabet(iter([PROSE]), "subword", max_size=300)


@pytest.mark.parametrize("unit", ["character", "word", "subword"])
def test_an_alphabet_comes_back_from_its_description(unit: str) -> None:
    alphabet = learn_alphabet(iter([PROSE]), unit, max_size=300)  # type: ignore[arg-type]
    again = revive_alphabet(alphabet.to_dict())
    assert again.ids(PROSE).tolist() == alphabet.ids(PROSE).tolist()
    assert len(again) == len(alphabet) > RESERVED
    assert alphabet.content([END]) == "" == alphabet.content([])


def test_words_end_lines_and_have_a_space_between() -> None:
    alphabet = learn_alphabet(iter([PROSE]), "word", max_size=300)
    numbers = alphabet.ids("the  mat \r\n cat\n")
    assert alphabet.content(numbers) == "the mat\ncat\n"
    assert alphabet.ids("the bird").tolist()[1] == UNKNOWN


def test_rare_symbols_are_unknown() -> None:
    alphabet = learn_alphabet(iter(["aaabbc"]), "character", max_size=2, min_count=1)
    assert alphabet.ids("abc").tolist() == [RESERVED, RESERVED + 1, UNKNOWN]
    with pytest.raises(DataError, match="comes 9 times or more"):
        learn_alphabet(iter(["aaabbc"]), "character", max_size=5, min_count=9)


def test_a_character_of_many_bytes_is_written_when_its_last_byte_is_there() -> None:
    writer = SUBWORDS.writer()
    written = [writer.put(int(number)) for number in SUBWORDS.ids("日本")]
    assert "".join(written) == "日本"
    assert "" in written
    writer.put(int(SUBWORDS.ids("日")[0]))
    assert writer.finish() == "�"


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"unit": "word"} | {"symbols": ["a", "a"]},
        {"unit": "character", "symbols": ["ab"]},
        {"unit": "note", "symbols": ["a"]},
    ],
)
def test_a_damaged_alphabet_is_told(description: dict[str, object]) -> None:
    with pytest.raises(DamagedError, match="an alphabet of unit"):
        revive_alphabet(description)
