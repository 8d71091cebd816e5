"""One series, row by row: what the net expected, how far out the row lies, and whether that is an alarm.

Three things may be out of the ordinary in a row: its value, the level of the last values, and how much it
surprises the net. Each is held against its own past (`Tail`); the farthest out of them tells. What comes
later never enters. Nothing here imports torch.
"""

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy

from recurra.errors import ArtifactError
from recurra.metrics.tail import Tail
from recurra.streaming import Session
from recurra.streaming.live import Memory, Step, Stepping

LEVEL = 20  # rows whose mean is the level
TAILS = (("value", 0.001, 1.0), ("level", 0.001, 0.9), ("surprise", 0.0, 0.9))
"""What may be out of the ordinary, the share of its past that is as far out, and what it counts."""

MOST_UNITS = 50.0
SMALLEST_SCALE = 1e-2  # of the net's own doubt, in its units


class Units(NamedTuple):
    """What the values of a series are to the net: asinh((value - centre) / scale) / spread.

    The inverse hyperbolic sine leaves ordinary values as they are, and takes the logarithm of wild ones.

    Attributes:
        centre: The median of the probation.
        scale: A robust deviation of it.
        spread: Deviation of what comes out.
        probation: Rows that are taken for normal.
    """

    centre: float
    scale: float
    spread: float
    probation: int

    @classmethod
    def learn(cls, values: np.ndarray, probation: int) -> "Units":
        """The units of some values, of which some may be missing."""
        known = values[~np.isnan(values)]
        if not len(known):
            return cls(0.0, 1.0, 1.0, probation)
        low, centre, high = np.percentile(known, [25, 50, 75])
        scale = max((high - low) / 1.35, 0.1 * float(known.std()), 1e-9 * max(1.0, abs(centre)))
        raw = np.arcsinh((known - centre) / scale)
        return cls(float(centre), float(scale), max(float(raw.std()), 1e-3), probation)

    def encode(self, value: float) -> float:
        """A value as the net sees it."""
        inner = math.asinh((value - self.centre) / self.scale) / self.spread
        return min(max(inner, -MOST_UNITS), MOST_UNITS)

    def decode(self, inner: float) -> float:
        """The value that the net means."""
        inner = min(max(inner, -MOST_UNITS), MOST_UNITS) * self.spread
        return self.centre + self.scale * math.sinh(min(max(inner, -MOST_UNITS), MOST_UNITS))


class Rules(NamedTuple):
    """When a score is an alarm.

    Attributes:
        threshold: From which score on a row is flagged.
        rest: Rows after an alarm in which only a higher score is another; None: 0.3 of the probation.
        memory: Values that a new one is held against.
    """

    threshold: float
    rest: int | None
    memory: int


class Reading(NamedTuple):
    """What is told of a row.

    Attributes:
        score: 0 to 1; 0.5: as far out as the farthest of a thousand. NaN where the row has no value.
        onset: The score where no row of the rest before had one as high, else 0.
        flag: Whether the row is out of the ordinary.
        alarm: Whether it is the first one to say so.
        expected: What the net expected, in the unit of the values; NaN of the first row.
    """

    score: float
    onset: float
    flag: bool
    alarm: bool
    expected: float


class Watch:
    """What is known of a series up to its present row.

    Args:
        units: Of the series.
        rules: When a score is an alarm.
        session: A fresh session of the net's program.
    """

    def __init__(self, units: Units, rules: Rules, session: Session) -> None:
        self.units, self.rules, self.session = units, rules, session
        self.tails = [Tail(rules.memory, share) for _, share, _ in TAILS]
        self.recent: deque[float] = deque(maxlen=LEVEL)
        self.seen = 0  # values
        self.row = 0
        self.last = math.nan  # value, as the net sees it
        self.told = (0.0, 0.0)  # what the net put out after it
        self.highest: deque[tuple[int, float]] = deque()  # rows of the rest whose score no later one reaches

    @property
    def rest(self) -> int:
        """Rows after an alarm in which only a higher score is another."""
        return int(0.3 * self.units.probation) if self.rules.rest is None else self.rules.rest

    def take(self, value: float) -> Stepping[Reading]:
        """The next row; NaN: it has no value, and nothing is learnt of it."""
        self.row += 1
        expected, doubt = self._expected()
        shown = self.units.decode(expected) if self.seen else math.nan
        if math.isnan(value):
            if self.seen:
                yield from self._step(self.last)
            return Reading(math.nan, 0.0, flag=False, alarm=False, expected=shown)
        inner = float(np.float32(self.units.encode(value)))
        self.recent.append(value)
        level = math.fsum(self.recent) / len(self.recent)
        surprise = (inner - expected) / doubt if self.seen else 0.0
        farthest = 0.0
        for tail, number, (_, _, weight) in zip(self.tails, (value, level, surprise), TAILS, strict=True):
            farthest = max(farthest, weight * tail.distance(number))
            tail.add(number)
        yield from self._step(inner)
        self.seen += 1
        score = farthest / (1 + farthest)
        onset = self._onset(score)
        ready = self.seen > self.units.probation
        flag = ready and score >= self.rules.threshold
        return Reading(score, onset, flag, flag and onset > 0, shown)

    def _expected(self) -> tuple[float, float]:
        """What the net expects next, as it sees values, and how far off it expects to be."""
        change, raw = self.told
        doubt = math.log1p(math.exp(-abs(raw))) + max(raw, 0.0)
        return self.last + change, doubt + SMALLEST_SCALE

    def _step(self, inner: float) -> Stepping[None]:
        change = inner - self.last if self.seen else 0.0
        output = yield Step(self.session, np.array([inner, change], np.float32))
        self.last, self.told = inner, (float(output[0]), float(output[1]))

    def _onset(self, score: float) -> float:
        """The score if it is higher than that of every row of the rest before it, else 0."""
        highest = self.highest
        while highest and highest[0][0] < self.row - self.rest:
            highest.popleft()
        is_onset = not highest or score > highest[0][1]
        while highest and highest[-1][1] <= score:
            highest.pop()
        highest.append((self.row, score))
        return score if is_onset else 0.0

    def memory(self, marks: tuple[int, ...]) -> Memory:
        """All of it, for `restored`; the marks say where in time it is."""
        arrays = {
            **{name: np.array(tail.numbers) for tail, (name, _, _) in zip(self.tails, TAILS, strict=True)},
            "recent": np.array(self.recent),
            "highest": np.array(self.highest).reshape(-1, 2),
            "present": np.array([self.seen, self.row, self.last, *self.told]),
        }
        return Memory(self.session.snapshot(), None, marks, safetensors.numpy.save(arrays))

    def restore(self, memory: Memory) -> None:
        """Go on from what `memory` gave.

        Raises:
            ArtifactError: It is damaged, or of another program.
        """
        try:
            arrays: dict[str, Any] = safetensors.numpy.load(memory.beside)
            seen, row, last, *told = arrays["present"].tolist()
            numbers = [arrays[name].tolist() for name, _, _ in TAILS]
            self.recent.extend(arrays["recent"].tolist())
            self.highest.extend((int(at), score) for at, score in arrays["highest"].tolist())
        except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                "a state of a series that is damaged", "as --state left it", "Begin anew."
            ) from error
        self.session.restore(memory.content)
        self.tails = [
            Tail(self.rules.memory, tail.share, own) for tail, own in zip(self.tails, numbers, strict=True)
        ]
        self.seen, self.row, self.last, self.told = int(seen), int(row), last, (told[0], told[1])
