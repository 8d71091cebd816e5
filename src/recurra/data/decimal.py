"""Which sign is the decimal one in numbers as text, and such a text with a decimal point; no polars."""

import re
from dataclasses import dataclass, field

_GROUPED = r"[1-9]\d{0,2}(?:\%s\d{3})+"
DECIMAL_COMMA = rf"^[+-]?(?:{_GROUPED % '.'}|\d+)(?:,\d+)?$"
THOUSANDS_COMMA = rf"^[+-]?(?:{_GROUPED % ','}|\d+)(?:\.\d+)?$"
PATTERNS = {",": DECIMAL_COMMA, ".": THOUSANDS_COMMA}
"""Numbers by their decimal sign; the other one sets thousands apart, whose groups never begin with 0."""
THOUSANDS = {",": ".", ".": ","}


@dataclass
class Decimals:
    """The decimal sign of a file.

    Attributes:
        sign: "." or ","; "" until it is found, or where no number has one.
        doubtful: Columns whose numbers can be read in two ways, each with such a number: 1.234 is one, or a
            thousand.
    """

    sign: str = ""
    doubtful: dict[str, str] = field(default_factory=dict)


def pointed(given: object, sign: str) -> object:
    """A text with a decimal point and no sign between thousands, if it is a number with a decimal sign.

    Anything else stays as it is.

    >>> pointed("1.030,2", ","), pointed("1,030.2", "."), pointed("1030.2", ",")
    ('1030.2', '1030.2', '1030.2')
    """
    if isinstance(given, str) and sign in PATTERNS and re.fullmatch(PATTERNS[sign], given.strip()):
        return given.replace(THOUSANDS[sign], "").replace(sign, ".")
    return given
