"""Where words, letters and punctuation of a text begin and end."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal

Unit = Literal["word", "character", "subword"]

# ASCII, general, CJK and full-width punctuation, arrows to symbols, emoji; an underscore is part of a word
_SIGNS = (
    r"!-/:-@\[-\^`{-~\u00a1-\u00bf\u00d7\u00f7\u2010-\u2027\u2030-\u205e\u2190-\u2bff\u3001-\u303f"
    r"\uff01-\uff0f\uff1a-\uff20\U0001f000-\U0001faff"
)
_APOSTROPHE = r"\u2019"  # the typographic one
_LETTERS = rf"[^\s{_SIGNS}]"
_WORD = re.compile(
    rf"\d+(?:[.,:]\d+)+"  # 3.14, 1,000 and 10:30
    rf"|(?<!\w)['{_APOSTROPHE}](?:s|re|ve|ll|d|m|t)\b"  # 's where it stands alone, as in the Penn Treebank
    rf"|{_LETTERS}+(?:['{_APOSTROPHE}]{_LETTERS}+)*"  # don't is one word
    rf"|[{_SIGNS}]",
    re.IGNORECASE,
)


def split_words(text: str) -> list[str]:
    """Words with their contractions, numbers, and each sign of punctuation by itself.

    >>> from recurra.inputs.text.word import split_words
    >>> split_words("Don't pay $3.50, it's well-made!")
    ["Don't", 'pay', '$', '3.50', ',', "it's", 'well', '-', 'made', '!']
    """
    return _WORD.findall(text)


def script_pattern() -> str:
    """The expression of `split_words` in ECMAScript, for the flags g, i and u."""
    text = re.sub(r"\\U000([0-9a-f]{5})", r"\\u{\1}", _WORD.pattern)
    letters = r"[\p{L}\p{N}_]"
    for own, other in ((r"\d", r"\p{Nd}"), (r"(?<!\w)", f"(?<!{letters})"), (r"\b", f"(?!{letters})")):
        text = text.replace(own, other)
    return text


def shortened(text: str, unit: Unit, longest: int) -> str:
    """The beginning of a text with at most so many tokens; of pieces of words at most so many words.

    Nothing beyond that is looked at, so that a text may be of any length.
    """
    if unit == "character":
        return text[:longest]
    if len(text) <= longest:
        return text
    ends = _ends(text, longest + 1)
    return text if len(ends) <= longest else text[: ends[longest - 1]]


def _ends(text: str, most: int) -> list[int]:
    found: Iterator[re.Match[str]] = islice(_WORD.finditer(text), most)
    return [match.end() for match in found]


def lowered(symbol: str) -> str:
    """Small letters, one for each character: "İ" stays a single one."""
    return "".join(letter.lower()[:1] for letter in symbol)
