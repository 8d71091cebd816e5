"""How much better or worse one score is than another, in the terms that suit the metric."""

import math
from dataclasses import dataclass

from recurra.report.number import NARROW_SPACE, NOT_DEFINED, count, fixed, plain, signed_percent
from recurra.report.record import MetricRecord

_COUNTED = 1e5  # times another score, from where on two digits are enough
MANY = 10  # times another score, from where on a share of it says nothing
_PAR = {"ratio": 0.01, "share": 0.005, "difference": 0.005}
"""Changes below these are called on a par: of 1 %, half a percentage point, half a hundredth."""


@dataclass(frozen=True)
class Change:
    """What lies between a score and the one that it is compared with.

    Attributes:
        gain: How much better it is; negative is worse. A share of the other score, or, where more is better,
            the difference.
        size: How much, without a sign: "23 %", "3.5 points".
        signed: What became of the score itself: "−23 %", "+3.5 points", "×2 160".
        is_par: Whether it is too little to speak of.
        times: What the score is of the other, where shares say nothing: "2,160 times as large"; else empty.
    """

    gain: float
    size: str
    signed: str
    is_par: bool
    times: str = ""


def change_of(metric: MetricRecord, score: float | None, base: float | None) -> Change | None:
    """Compare two scores of a metric; None where that says nothing.

    Errors are compared by their ratio, since half the error is twice as good wherever it begins. Shares, nats
    of densities and scores of which more is better by their difference: those have no such zero.
    """
    if score is None or base is None or metric.better not in {"low", "high"}:
        return None
    if metric.unit == "share":
        return _made(metric, score - base, "share")
    if metric.better == "high" or metric.unit == "nats":
        return _made(metric, score - base, "difference")
    return None if base <= 0 else _made(metric, score / base - 1, "ratio")


def _made(metric: MetricRecord, change: float, kind: str) -> Change:
    size, signed = _texts(change, kind)
    gain = -change if metric.better == "low" else change
    times = ""
    if kind == "ratio" and change >= MANY - 1 and math.isfinite(change):
        number = plain(change + 1, 2) if change >= _COUNTED else count(round(change + 1))
        times, signed = f"{number} times as large", f"\N{MULTIPLICATION SIGN}{number}"
    return Change(gain, size, signed, abs(gain) < _PAR[kind], times)


def _texts(change: float, kind: str) -> tuple[str, str]:
    if not math.isfinite(change):
        return NOT_DEFINED, NOT_DEFINED
    if kind == "ratio":
        return f"{abs(change):.0%}".replace("%", f"{NARROW_SPACE}%"), signed_percent(change)
    if kind == "difference":
        size = plain(abs(change), 2)
        return size, f"+{size}" if change > 0 else plain(change, 2)
    size = fixed(abs(100 * change), 1)
    sign = "+" if round(100 * change, 1) > 0 else ""
    return f"{size} percentage points", f"{sign}{fixed(100 * change, 1)}{NARROW_SPACE}pp"
