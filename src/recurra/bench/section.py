"""Races that share a table."""

from collections.abc import Sequence
from typing import NamedTuple

from recurra.bench.race import Race


class Section(NamedTuple):
    """Races that share a table.

    Attributes:
        title: What is raced, in a few words.
        races: In the order of importance.
        peers: Everybody who is raced against in them.
        unit: Of the rate: "GFLOP/s" or "GB/s".
        limit: What the rate is compared with.
        weight: The share of the time that these races get, relative to other sections.
    """

    title: str
    races: Sequence[Race]
    peers: Sequence[str]
    unit: str
    limit: str
    weight: float
