"""Numbers as text: with a decimal comma, thousands apart, a sign of money or percent beside all of them."""

import re

import polars as pl

from recurra.data.decimal import PATTERNS, THOUSANDS

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-")
_LOOKED_AT = 1000
_NUMBER = r"^[+-]?[\d.,]+$"
_SPACED = r"^[+-]?(\d{1,3}([ '\u00a0\u2009\u202f]\d{3})+|\d+)([.,]\d+)?$"
_SPACES = r"[ '\u00a0\u2009\u202f]"
_SIGNS = re.compile(r"[$€£¥₹%]")


def as_numbers(column: pl.Series, separator: str, sign: str = "") -> pl.Series:
    """A text column as numbers when all of it is numbers or words for a missing value, but not only these.

    Args:
        column: The texts.
        separator: What separates the columns of the file, since a comma that does is rarely a decimal one.
        sign: The decimal one, "." or ",", where it is known.
    """
    for part in (column.head(_LOOKED_AT), column):
        known = _known(part)
        if sign == "," and _bare(known).str.contains(PATTERNS[sign]).all():
            known = _with_point(_bare(known), sign)
        numbers = known.cast(pl.Float64, strict=False)
        if numbers.null_count() > known.null_count():
            known = _with_point(_bare(known), sign or _usual(separator))
            numbers = known.cast(pl.Float64, strict=False)
        if numbers.null_count() > known.null_count():
            return column
    return column if numbers.null_count() == len(numbers) > 0 else numbers


def signs(column: pl.Series) -> str:
    """The decimal signs with which a text column may have been written; none where it holds no sign.

    A sign sets thousands apart only where all numbers from 1000 on have it.

    >>> signs(pl.Series(["987", "1.234"])), signs(pl.Series(["1.234", "1.5"])), signs(pl.Series(["0,750"]))
    (',.', '.', ',')
    """
    texts = _bare(_known(column).drop_nulls())
    signed = texts.str.contains("[.,]")
    if not signed.any() or not texts.str.contains(_NUMBER).all():
        return ""
    long = bool(texts.str.contains(r"^[+-]?\d{4}").any())

    def fits(sign: str) -> bool:
        grouped = bool(texts.str.contains(THOUSANDS[sign], literal=True).any())
        return bool(texts.str.contains(PATTERNS[sign]).all()) and not (grouped and long)

    return "".join(filter(fits, PATTERNS))


def likely_sign(column: pl.Series, separator: str) -> str:
    """Of a column that fits both: the decimal sign that is meant; "" where that is a guess.

    It is a point where all numbers have one and no semicolon separates, as it does beside decimal commas, and
    where a comma that separates is in the numbers too.
    """
    texts = _bare(_known(column).drop_nulls())
    if texts.str.contains(",", literal=True).any():
        return "." if separator == "," else ""
    return "." if separator != ";" and texts.str.contains(".", literal=True).all() else ""


def example(column: pl.Series) -> str:
    """A number of a column that has a sign."""
    return str(column.filter(column.str.contains("[.,]"))[0])


def _known(column: pl.Series) -> pl.Series:
    """Texts without spaces around them; null where they mean a missing value."""
    texts = column.str.strip_chars()
    return texts.set(texts.is_in(MISSING_WORDS), None)


def _bare(texts: pl.Series) -> pl.Series:
    """Numbers without the sign of money or percent that all of them bear, and without spaces in them."""
    found = _SIGNS.search(next(iter(texts.drop_nulls()), ""))
    if found:
        sign = texts.str.contains(found[0], literal=True)
        if sign.all() and (texts.str.count_matches(re.escape(found[0])) == 1).all():
            texts = texts.str.replace(found[0], "", literal=True).str.strip_chars()
            texts = texts.str.replace(r"^([+-])\s+", "$1")
    return texts.str.replace_all(_SPACES, "") if texts.str.contains(_SPACED).all() else texts


def _with_point(texts: pl.Series, likely: str) -> pl.Series:
    """Numbers as they are written elsewhere, 1.234,5 or 1,234.5, with a decimal point and no other sign.

    Where both readings fit (1,234), it is that of the likely sign.
    """
    for sign in (likely, THOUSANDS[likely]):
        if texts.str.contains(PATTERNS[sign]).all():
            bare = texts.str.replace_all(THOUSANDS[sign], "", literal=True)
            return bare.str.replace(sign, ".", literal=True)
    return texts


def _usual(separator: str) -> str:
    """The decimal sign beside what separates columns: a comma unless it does that too."""
    return "." if separator == "," else ","
