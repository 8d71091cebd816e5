"""Made pairs of texts: dates in many forms and as ISO 8601, numbers and their words."""

import datetime as dt

import numpy as np

_FIRST, _LAST = dt.date(1900, 1, 1), dt.date(2099, 12, 31)
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((1_000_000, "million"), (1000, "thousand"), (100, "hundred"))
_FORMS = (
    "{month} {day}, {year}",
    "{month} {ordinal}, {year}",
    "{day} {month} {year}",
    "{ordinal} of {month} {year}",
    "the {ordinal} of {month}, {year}",
    "{weekday}, {month} {day}, {year}",
    "{weekday} {day} {month} {year}",
    "{abbreviated} {day} {year}",
    "{abbreviated}. {ordinal}, {year}",
    "{day}-{abbreviated}-{year}",
    "{day}. {month} {year}",
    "{day}.{number}.{year}",
    "{day:02}.{number:02}.{year}",
    "{number}/{day}/{year}",
    "{number:02}/{day:02}/{year}",
    "{year}/{number:02}/{day:02}",
    "{year} {month} {day}",
    "{year}{number:02}{day:02}",
    "{year}-{abbreviated}-{day}",
)


def date_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Dates between 1900 and 2099 in 19 forms, each once, and as ISO 8601."""
    random = np.random.Generator(np.random.Philox(key=seed))
    days = (_LAST - _FIRST).days
    found: dict[str, str] = {}
    while len(found) < count:
        date = _FIRST + dt.timedelta(days=int(random.integers(days + 1)))
        found.setdefault(_as_text(date, _FORMS[int(random.integers(len(_FORMS)))], random), date.isoformat())
    return list(found.items())


def _as_text(date: dt.date, form: str, random: np.random.Generator) -> str:
    text = form.format(
        day=date.day,
        ordinal=f"{date.day}{_ending(date.day)}",
        month=date.strftime("%B"),
        abbreviated=date.strftime("%b"),
        weekday=date.strftime("%A"),
        number=date.month,
        year=date.year,
    )
    case = random.random()
    return text.lower() if case < 0.2 else text.upper() if case < 0.3 else text


def _ending(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def number_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Whole numbers below a thousand million, each once, and their words."""
    random = np.random.Generator(np.random.Philox(key=seed))
    found: dict[int, str] = {}
    while len(found) < count:
        number = int(10 ** (9 * random.random()))
        found.setdefault(number, words_of(number))
    return [(f"{number:,}" if number % 2 else str(number), text) for number, text in found.items()]


def words_of(number: int) -> str:
    """A whole number in English.

    >>> from recurra.inputs.generated_text import words_of
    >>> words_of(1_042_917)
    'one million forty-two thousand nine hundred seventeen'
    """
    for size, name in _SCALES:
        if number >= size:
            whole, rest = divmod(number, size)
            return f"{words_of(whole)} {name}" + (f" {words_of(rest)}" if rest else "")
    if number < len(_ONES):
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
