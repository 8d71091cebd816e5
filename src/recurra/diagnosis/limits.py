"""How much is looked at, so that a diagnosis takes seconds whatever the net and the data."""

from dataclasses import dataclass, fields

from recurra.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """Bounds of the work. All that is measured within them is exact, where nothing else is said.

    Attributes:
        rows: Rows of the batch, which are taken evenly.
        evidence: Rows, of all batches, from which it is told what data depend on and what the net missed.
        steps: Steps that are gone back over, from the last one on.
        sources: Steps whose gradient is followed back.
        lags: Steps that it is followed.
        points: Steps, of all rows together, whose Jacobian is written out.
        directions: Directions in which growth is followed: so many Lyapunov exponents are told.
        positions: Steps whose input is replaced, and steps whose output is differentiated.

    Raises:
        ConfigError: One is less than 1.
    """

    rows: int = 8
    evidence: int = 256
    steps: int = 512
    sources: int = 32
    lags: int = 256
    points: int = 8
    directions: int = 8
    positions: int = 8

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value < 1:
                raise ConfigError(f"{one.name} is {value}", "at least 1", f"Leave {one.name} out.")


def evenly(first: int, last: int, number: int) -> list[int]:
    """At most so many whole numbers from the first to the last, both among them if there is more than one."""
    count = last - first + 1
    if count <= number:
        return list(range(first, last + 1))
    if number == 1:
        return [last]
    return [first + round(place * (count - 1) / (number - 1)) for place in range(number)]
