"""Explanations in the terminal: a coloured text, and what counted most for and against."""

import sys
from typing import TYPE_CHECKING

from recurra.cli import screen
from recurra.report.control import visible

if TYPE_CHECKING:
    from recurra.diagnosis import Explanation
    from recurra.experiment.explain import Explanations

_FOR, _AGAINST = "34", "33"
_SEEN, _STRONG = 0.2, 0.6  # of the largest share: what is coloured, what is bold as well
_NAMED = 5
_LETTERS = 600


def say_explanations(found: "Explanations") -> None:
    """Write them on stdout."""
    from recurra.experiment.explanation_section import effect_text, row_text, sum_text

    room = screen.width(sys.stdout, 100)
    for one in found.rows:
        heading = f"{row_text(one)}: {one.prediction}"
        heading = heading if len(heading) <= room else heading[: room - 1] + "…"
        heading = visible(heading[:1].upper() + heading[1:])
        screen.say(screen.paint(heading, screen.BOLD, sys.stdout))
        screen.say(screen.filled(visible(effect_text(one)), room, "  "))
        if one.separator is not None and screen.has_colour(sys.stdout):
            screen.say(f"  {_coloured(one)}")
        for label, sign in (("for", 1.0), ("against", -1.0)):
            if parts := _strongest(one, sign):
                screen.say(screen.filled(", ".join(parts), room, f"  {label:<8}  "))
        screen.say(screen.filled(sum_text(one), room, "  "))
        screen.say()


def _strongest(one: "Explanation", sign: float) -> list[str]:
    """The largest shares of one sign, each with where it is from."""
    from recurra.experiment.diagnosis_section import figure_text
    from recurra.experiment.explanation_section import step_text, strongest

    shares = one.shares.clip(min=0) if sign > 0 else one.shares.clip(max=0)
    parts = []
    for place in strongest(shares.ravel(), _NAMED):
        step, column = divmod(place, len(one.columns))
        name = one.steps[step] if one.separator is None else f'"{step_text(one.steps[step])}"'
        if one.columns[column]:
            name = one.columns[column] + (f" at {name}" if len(one.steps) > 1 else "")
        parts.append(f"{visible(name)} {'+' if sign > 0 else ''}{figure_text(shares[step, column])}")
    return parts


def _coloured(one: "Explanation") -> str:
    """The text, what counted coloured."""
    largest = abs(one.by_step).max() or 1.0
    found, letters = [], 0
    for name, share in zip(one.steps, (one.by_step / largest).tolist(), strict=True):
        text = visible(name.replace("\n", "↵"))
        letters += len(text)
        if letters > _LETTERS:
            found.append("…")
            break
        colour = _FOR if share > 0 else _AGAINST
        bold = f"{screen.BOLD};" if abs(share) > _STRONG else ""
        found.append(screen.paint(text, bold + colour, sys.stdout) if abs(share) > _SEEN else text)
    return (one.separator or "").join(found)
