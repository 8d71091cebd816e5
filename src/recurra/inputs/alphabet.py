"""Texts as symbols: characters, words between spaces, pieces of words; nothing here needs torch."""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from recurra.data.cutting import EVERY_CHARACTER, EVERY_WORD, Cutting
from recurra.errors import DamagedError, DataError
from recurra.inputs.subword import Subwords
from recurra.inputs.symbol import RESERVED, UNKNOWN, Alphabet, Ids, Writer

Unit = Literal["character", "word", "subword"]
_CODE_POINTS = 0x110000
_WORD = re.compile(r"\S+|\n")
_NEWLINE = "\n"
_REMEDY = "Write it otherwise, or train with tokens=subword, which can write anything."


class _Joined(Writer):
    """Texts of symbols, each as it stands."""

    def __init__(self, texts: Sequence[str], own: Sequence[str]) -> None:
        self._texts, self._own = texts, own

    def put(self, number: int) -> str:
        """See `Writer.put`."""
        place = number - RESERVED
        return self._texts[place] if place < len(self._texts) else self._own[place - len(self._texts)]


class _Spaced(_Joined):
    """Words with a space between, but at the beginning and the end of a line."""

    def __init__(self, texts: Sequence[str], own: Sequence[str]) -> None:
        super().__init__(texts, own)
        self._begins = True

    def put(self, number: int) -> str:
        """See `Writer.put`."""
        text = super().put(number)
        space = "" if self._begins or text == _NEWLINE else " "
        self._begins = text == _NEWLINE
        return space + text


class _Bytes(Writer):
    """Pieces of bytes; a character is written when its last byte is there."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def put(self, number: int) -> str:
        """See `Writer.put`."""
        return self._decoder.decode(self._pieces[number])

    def finish(self) -> str:
        """See `Writer.finish`."""
        return self._decoder.decode(b"", final=True)


class CharacterAlphabet(Alphabet):
    """Every character is a symbol, spaces and ends of lines too.

    >>> from recurra.inputs.alphabet import CharacterAlphabet
    >>> alphabet = CharacterAlphabet("abn")
    >>> numbers = alphabet.ids("banana!")
    >>> numbers.tolist(), alphabet.content(numbers)
    ([4, 3, 5, 3, 5, 3, 1], 'banana')
    """

    unit = "character"
    remedy = _REMEDY
    usual_order = 6

    def __init__(self, symbols: Sequence[str], *, lowercase: bool = False) -> None:
        self.known, self.lowercase = tuple(symbols), lowercase
        points = [ord(symbol) for symbol in self.known]
        self._numbers = np.full(_CODE_POINTS, UNKNOWN, np.int32)
        self._numbers[points] = np.arange(RESERVED, RESERVED + len(points))

    def ids(self, content: Any) -> Ids:
        """See `Alphabet.ids`."""
        points = np.frombuffer(
            plain(content, lowercase=self.lowercase).encode("utf-32-le", "surrogatepass"), "<u4"
        )
        numbers: Ids = self._numbers[points]
        return numbers

    def texts(self, content: Any) -> list[str]:
        """See `Alphabet.texts`."""
        return list(plain(content, lowercase=self.lowercase))

    def __len__(self) -> int:
        return RESERVED + len(self.known)

    def cutting(self) -> Cutting:
        """See `Alphabet.cutting`."""
        return Cutting(EVERY_CHARACTER, ("",) * RESERVED + self.known, UNKNOWN, self.lowercase)

    def writer(self, own: Sequence[str] = ()) -> Writer:
        """See `Alphabet.writer`."""
        return _Joined(self.known, own)

    def to_dict(self) -> dict[str, Any]:
        """See `Alphabet.to_dict`."""
        return {"unit": self.unit, "lowercase": self.lowercase, "symbols": list(self.known)}


class WordAlphabet(Alphabet):
    r"""What stands between spaces is a symbol, and so is the end of a line; numbers of spaces are lost.

    >>> from recurra.inputs.alphabet import WordAlphabet
    >>> alphabet = WordAlphabet(["a", "cat", "\n"])
    >>> numbers = alphabet.ids("a  cat\na dog")
    >>> numbers.tolist(), alphabet.content(numbers)
    ([3, 4, 5, 3, 1], 'a cat\na')
    """

    unit = "word"
    remedy = _REMEDY
    separator = " "
    metrics = ("perplexity", "bits_per_character", "bits_per_byte")

    def __init__(self, symbols: Sequence[str], *, lowercase: bool = False) -> None:
        self.known, self.lowercase = tuple(symbols), lowercase
        self._numbers = {symbol: number for number, symbol in enumerate(self.known, start=RESERVED)}

    def ids(self, content: Any) -> Ids:
        """See `Alphabet.ids`."""
        numbers = self._numbers
        return np.array(
            [numbers.get(word, UNKNOWN) for word in words(plain(content, lowercase=self.lowercase))], np.int32
        )

    def texts(self, content: Any) -> list[str]:
        """See `Alphabet.texts`."""
        return words(plain(content, lowercase=self.lowercase))

    def __len__(self) -> int:
        return RESERVED + len(self.known)

    def cutting(self) -> Cutting:
        """See `Alphabet.cutting`."""
        return Cutting(EVERY_WORD, ("",) * RESERVED + self.known, UNKNOWN, self.lowercase, self.separator)

    def writer(self, own: Sequence[str] = ()) -> Writer:
        """See `Alphabet.writer`."""
        return _Spaced(self.known, own)

    def to_dict(self) -> dict[str, Any]:
        """See `Alphabet.to_dict`."""
        return {"unit": self.unit, "lowercase": self.lowercase, "symbols": list(self.known)}


class SubwordAlphabet(Alphabet):
    """Pieces of words by byte-pair encoding, of which any text can be made."""

    unit = "subword"

    def __init__(self, pieces: Subwords, *, lowercase: bool = False) -> None:
        self._subwords, self.lowercase = pieces, lowercase
        self._bytes = pieces.bytes_of_pieces()

    def ids(self, content: Any) -> Ids:
        """See `Alphabet.ids`."""
        return np.array(
            self._subwords.ids(_without_surrogates(plain(content, lowercase=self.lowercase))), np.int32
        )

    def texts(self, content: Any) -> list[str]:
        """See `Alphabet.texts`; a piece that is no whole character has a sign of its own."""
        return self.symbols(self.ids(content))

    def __len__(self) -> int:
        return len(self._subwords)

    def writer(self, own: Sequence[str] = ()) -> Writer:
        """See `Alphabet.writer`; all texts are made of pieces that are known: there are no `own` ones."""
        del own
        return _Bytes(self._bytes)

    def to_dict(self) -> dict[str, Any]:
        """See `Alphabet.to_dict`."""
        return {"unit": self.unit, "lowercase": self.lowercase, **self._subwords.to_dict()}


def words(text: str) -> list[str]:
    """What stands between spaces, and the ends of lines."""
    return _WORD.findall(text)


def learn_alphabet(
    texts: Iterator[str], unit: Unit, *, max_size: int, min_count: int = 1, lowercase: bool = False
) -> Alphabet:
    """The alphabet of the texts of the training part.

    Args:
        texts: The texts, gone through once.
        unit: What a symbol is.
        max_size: At most so many symbols, the most frequent ones.
        min_count: How often each came at least.
        lowercase: Whether capital letters are read as small ones.

    Raises:
        DataError: There is no symbol in them.
        MissingDependencyError: Pieces of words need tokenizers, which is not installed.
    """
    read = (plain(text, lowercase=lowercase) for text in texts)
    if unit == "subword":
        pieces = Subwords.train(
            map(_without_surrogates, read),
            max_size=max_size,
            min_count=min_count,
            reserved=RESERVED,
            prefix=False,
        )
        return SubwordAlphabet(pieces, lowercase=lowercase)
    counts: Counter[str] = Counter()
    for text in read:
        counts.update(text if unit == "character" else words(text))
    kept = _most_frequent(counts, max_size, min_count)
    if not kept:
        raise DataError(
            f"a training part without a {unit} that comes {min_count} times or more",
            "one at least",
            "Give more text, or lower min_count; min_count=1 leaves none out.",
        )
    kind = CharacterAlphabet if unit == "character" else WordAlphabet
    return kind(kept, lowercase=lowercase)


def revive_alphabet(description: Mapping[str, Any]) -> Alphabet:
    """The alphabet that `to_dict` described.

    Raises:
        DamagedError: A part is missing or of another kind.
    """
    unit, given = description.get("unit"), description.get("symbols")
    lowercase = bool(description.get("lowercase"))
    if unit == "subword" and isinstance(description.get("tokenizer"), Mapping):
        return SubwordAlphabet(Subwords.from_dict(description), lowercase=lowercase)
    symbols = given if isinstance(given, list) else []
    good = all(isinstance(one, str) and one for one in symbols) and len(set(symbols)) == len(symbols)
    if unit == "character" and good and all(len(one) == 1 for one in symbols):
        return CharacterAlphabet(symbols, lowercase=lowercase)
    if unit == "word" and good:
        return WordAlphabet(symbols, lowercase=lowercase)
    raise DamagedError(
        f"an alphabet of unit {unit!r}", "a unit and its symbols, each once", "Restore the file."
    )


def _most_frequent(counts: Mapping[str, int], most: int, min_count: int) -> list[str]:
    ordered: Iterable[str] = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
    return [symbol for symbol in ordered if counts[symbol] >= min_count][:most]


def plain(content: Any, *, lowercase: bool = False) -> str:
    """A text whose lines end in a line feed, in small letters if wanted.

    Raises:
        DataError: It is no text.
    """
    if not isinstance(content, str):
        raise DataError(f"a content of type {type(content).__name__}", "a text", "Convert it to text.")
    text = content.replace("\r\n", "\n").replace("\r", "\n") if "\r" in content else content
    return text.lower() if lowercase else text


def _without_surrogates(text: str) -> str:
    """A text without halves of characters, which tokenizers does not take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
