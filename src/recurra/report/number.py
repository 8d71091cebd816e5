"""Numbers as people read them: as many digits as carry meaning, and units where they belong."""

import math
from collections.abc import Iterable, Sequence

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
NOT_DEFINED = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def decimals_for(values: Iterable[float | None], digits: int = 3) -> int | None:
    """Decimals that give the smallest number so many digits; None where powers of ten read better."""
    sizes = [abs(value) for value in values if value is not None and math.isfinite(value) and value != 0]
    if not sizes:
        return digits - 1
    largest, smallest = max(sizes), min(sizes)
    if largest < 1e-4 or largest >= 1e9:
        return None
    smallest = max(smallest, largest / 100)
    return max(0, digits - 1 - math.floor(math.log10(smallest)))


def fixed(value: float | None, decimals: int | None) -> str:
    """A number with so many decimals, thousands apart; in powers of ten where decimals is None."""
    if value is None or not math.isfinite(value):
        return NOT_DEFINED
    if decimals is None:
        if value == 0:
            return "0"
        exponent = math.floor(math.log10(abs(value)))
        if 0 <= exponent < 3:
            return fixed(value, 2 - exponent)
        text = f"{value / 10**exponent:.2f}\N{MULTIPLICATION SIGN}10{str(exponent).translate(_SUPERSCRIPTS)}"
    else:
        text = f"{round(value, decimals) + 0.0:,.{decimals}f}".replace(",", NARROW_SPACE)
    return text.replace("-", _MINUS)


def column(values: Sequence[float | None], digits: int = 3) -> list[str]:
    """Numbers of one column, all with the same decimals, so that they can be compared at a glance."""
    decimals = decimals_for(values, digits)
    return [fixed(value, decimals) for value in values]


def plain(value: float | None, digits: int = 3) -> str:
    """A number alone, with so many significant digits."""
    return "0" if value == 0 else fixed(value, decimals_for([value], digits))


def percent(share: float | None, decimals: int = 0) -> str:
    """A share of 1 in percent."""
    return NOT_DEFINED if share is None else f"{fixed(100 * share, decimals)}{NARROW_SPACE}%"


def signed_percent(share: float | None) -> str:
    """A change in percent, with its sign; a tenth is shown below 10 percent."""
    if share is None or not math.isfinite(share):
        return NOT_DEFINED
    decimals = 1 if abs(share) < 0.0995 else 0
    sign = "+" if round(100 * share, decimals) > 0 else ""
    return sign + percent(share, decimals)


def count(value: int | None) -> str:
    """A whole number, thousands apart."""
    return NOT_DEFINED if value is None else fixed(float(value), 0)


def duration(seconds: float | None) -> str:
    """A time in the units that people would say."""
    if seconds is None or not math.isfinite(seconds):
        return NOT_DEFINED
    if seconds < 1:
        return f"{max(1, round(1000 * seconds))}{NARROW_SPACE}ms" if seconds > 0 else f"0{NARROW_SPACE}s"
    if seconds < 99.5:
        return f"{seconds:.{1 if seconds < 9.95 else 0}f}{NARROW_SPACE}s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes}{NARROW_SPACE}min"
    return f"{minutes // 60}{NARROW_SPACE}h {minutes % 60:02d}{NARROW_SPACE}min"


def plural(noun: str) -> str:
    """Several of a noun: "classes", "tags", "series"."""
    if noun.endswith("series"):
        return noun
    if noun.endswith("y") and noun[-2:-1] not in set("aeiou"):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")
