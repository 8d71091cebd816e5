"""Public holidays of countries and their parts, from the package `holidays`, an extra.

No NumPy is needed to tell that a place is unknown, so that the command line answers at once.
"""

import difflib
from datetime import date
from functools import lru_cache
from types import ModuleType

from recurra.data.naming import listed
from recurra.errors import MissingDependencyError

_EPOCH = date(1970, 1, 1)
_MOST_NEAR = 3


def as_place(text: str) -> str:
    """The code of a place, as "DE" or "DE-BY", whatever the case it is written in.

    Raises:
        ValueError: There is no such place; the message says what is expected, and names what is near.
        MissingDependencyError: The package is not installed.
    """
    country, _, part = text.strip().partition("-")
    known = _package(text).list_supported_countries(include_aliases=True)
    code: str | None = {one.lower(): one for one in known}.get(country.lower())
    if code is None:
        raise ValueError(
            f"codes of countries such as DE, or DE-BY for a part of one; {country!r} is none{_near(country)}"
        )
    if not part:
        return code
    parts = {one.lower(): one for one in known[code]}
    if part.lower() not in parts:
        raise ValueError(
            f"a part of {code}, of which {part!r} is none: {listed(known[code], 60)}"
            if parts
            else f"{code} alone: nothing is known of its parts"
        )
    return f"{code}-{parts[part.lower()]}"


@lru_cache(maxsize=4096)
def days_off(place: str, year: int) -> tuple[int, ...]:
    """The public holidays of a place in a year, as days since 1970-01-01.

    Args:
        place: As of `as_place`.
        year: From 1 to 9999.

    Raises:
        MissingDependencyError: The package is not installed.
    """
    country, _, part = place.partition("-")
    found = _package(place).country_holidays(country, subdiv=part or None, years=year)
    return tuple(sorted((day - _EPOCH).days for day in found))


def _near(country: str) -> str:
    """The codes of countries whose code or name is like a text."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415 - an extra

    codes = {}
    for name, (_, code, *others) in COUNTRIES.items():
        codes.update({one.lower(): code for one in (name, code, *others)})
    near = difflib.get_close_matches(country.lower().replace(" ", "_"), codes, n=_MOST_NEAR, cutoff=0.6)
    return f" (near: {', '.join(dict.fromkeys(codes[one] for one in near))})" if near else ""


def _package(place: str) -> ModuleType:
    try:
        import holidays  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingDependencyError(
            f"holidays of {place} need the package holidays",
            "it to be installed",
            "Run: pip install 'recurra[holidays]'",
        ) from error
    return holidays
