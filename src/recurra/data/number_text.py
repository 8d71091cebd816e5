"""Numbers as text: with a decimal comma, thousands apart, a sign of money or percent beside all of them."""

import re

import polars as pl

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-")
_LOOKED_AT = 1000
_DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"
_THOUSANDS_COMMA = r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$"
_SPACED = r"^[+-]?(\d{1,3}([ '\u00a0\u2009\u202f]\d{3})+|\d+)([.,]\d+)?$"
_SPACES = r"[ '\u00a0\u2009\u202f]"
_SIGNS = re.compile(r"[$€£¥₹%]")


def as_numbers(column: pl.Series, separator: str) -> pl.Series:
    """A text column as numbers when all of it is numbers or words for a missing value, but not only these.

    Args:
        column: The texts.
        separator: What separates the columns of the file, since a comma that does is rarely a decimal one.
    """
    for part in (column.head(_LOOKED_AT), column):
        known = part.str.strip_chars()
        known = known.set(known.is_in(MISSING_WORDS), None)
        numbers = known.cast(pl.Float64, strict=False)
        if numbers.null_count() > known.null_count():
            known = _with_point(_bare(known), separator)
            numbers = known.cast(pl.Float64, strict=False)
        if numbers.null_count() > known.null_count():
            return column
    return column if numbers.null_count() == len(numbers) > 0 else numbers


def _bare(texts: pl.Series) -> pl.Series:
    """Numbers without the sign of money or percent that all of them bear, and without spaces in them."""
    found = _SIGNS.search(next(iter(texts.drop_nulls()), ""))
    if found:
        sign = texts.str.contains(found[0], literal=True)
        if sign.all() and (texts.str.count_matches(re.escape(found[0])) == 1).all():
            texts = texts.str.replace(found[0], "", literal=True).str.strip_chars()
            texts = texts.str.replace(r"^([+-])\s+", "$1")
    return texts.str.replace_all(_SPACES, "") if texts.str.contains(_SPACED).all() else texts


def _with_point(texts: pl.Series, separator: str) -> pl.Series:
    """Numbers as they are written elsewhere, 1.234,5 or 1,234.5, with a decimal point and no other sign.

    Where both readings fit (1,234), a comma is a decimal one unless it separates columns too.
    """
    for pattern, drop, comma in _readings(separator):
        if texts.str.contains(pattern).all():
            return texts.str.replace_all(drop, "", literal=True).str.replace(comma, ".", literal=True)
    return texts


def _readings(separator: str) -> list[tuple[str, str, str]]:
    decimal, thousands = (_DECIMAL_COMMA, ".", ","), (_THOUSANDS_COMMA, ",", ".")
    return [thousands, decimal] if separator == "," else [decimal, thousands]
