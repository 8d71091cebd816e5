"""What a race found."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from recurra.bench.case import Case
from recurra.bench.parity import Difference
from recurra.bench.stopwatch import Timing


class Standing(NamedTuple):
    """What one race found.

    Attributes:
        case: The cell, the size and the threads.
        ours: Our time.
        peers: The times of the peers that agree with ours, by name.
        refused: The peers that do not, with what differs.
        rate: What ours did in a second: floating-point operations, or bytes read.
        limit_share: That as a share of what the machine can do.
    """

    case: Case
    ours: Timing
    peers: Mapping[str, Timing]
    refused: Mapping[str, Sequence[Difference]]
    rate: float
    limit_share: float

    def ratio(self, peer: str) -> float:
        """How many times as fast as a peer ours is."""
        return self.peers[peer].microseconds / self.ours.microseconds

    @property
    def pace(self) -> float:
        """Seconds that ours and the peers together take for one operation, or byte."""
        return (1 + sum(map(self.ratio, self.peers))) / self.rate


def rows(standings: Sequence[Standing]) -> list[dict[str, Any]]:
    """The figures for programs: one row for every race and peer, times in microseconds."""
    return [
        {
            **standing.case._asdict(),
            "peer": peer,
            "ours_us": round(standing.ours.microseconds, 3),
            "peer_us": round(timing.microseconds, 3),
            "ratio": round(standing.ratio(peer), 3),
        }
        for standing in standings
        for peer, timing in standing.peers.items()
    ]
