"""How a message lists names and points to the nearest one."""

import difflib
from collections.abc import Iterable


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Names as one clause: all of them, or the first `limit` and how many more there are."""
    names = list(names)
    shown = ", ".join(names[:limit]) or "none"
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def suggestion(name: str, names: Iterable[str], otherwise: str) -> str:
    """A remedy that names the nearest of the known names, or `otherwise` when none is near."""
    known = {candidate.lower(): candidate for candidate in names}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f"Did you mean {known[near[0]]!r}?" if near else otherwise


def counted(count: int, noun: str) -> str:
    """A number and its noun: "1 row", "2,043 rows"."""
    return f"{count:,} {noun}" if count == 1 or noun == "series" else f"{count:,} {noun}s"
