"""What is found of a net: a verdict with its figure, its threshold, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from recurra.diagnosis.measurement import Measurement

HEALTHY = "healthy"


class Remedy(NamedTuple):
    """A change of settings.

    Attributes:
        change: Settings by name, with the values to train again with.
        why: What it does against the fault, in a sentence.
    """

    change: Mapping[str, Any]
    why: str

    @property
    def text(self) -> str:
        """As it is typed: "cell=lstm chrono_steps=90"."""
        return " ".join(
            f"{key}={'none' if value is None else str(value).lower() if isinstance(value, bool) else value}"
            for key, value in self.change.items()
        )


@dataclass(frozen=True, eq=False)
class Finding(Measurement):
    """One question that was asked of a net, and its answer.

    Attributes:
        kind: The fault that was looked for: "vanishing", "exploding", ...; docs/doctor.md has a heading for
            each, which says why its threshold is where it is.
        verdict: "healthy", or the fault.
        measured: What the figure is.
        figure: The figure; NaN where nothing tells it.
        threshold: Where the fault begins.
        below: Whether figures below the threshold are the fault, and not those above it.
        sentence: What it means, in plain words.
        remedies: Settings that help, the best first; none of a healthy net.
    """

    kind: str
    verdict: str
    measured: str
    figure: float
    threshold: float
    below: bool
    sentence: str
    remedies: tuple[Remedy, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether the fault was not found."""
        return self.verdict == HEALTHY


def changes_of(findings: tuple[Finding, ...]) -> dict[str, Any]:
    """The first remedies of all faults together; where two name a setting, the first fault's stands."""
    together: dict[str, Any] = {}
    for one in findings:
        for key, value in (one.remedies[0].change if one.remedies else {}).items():
            together.setdefault(key, value)
    return together
