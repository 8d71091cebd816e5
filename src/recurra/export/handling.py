"""How people give a net its steps and read what it gives, for where one tries it by hand."""

from typing import Literal, NamedTuple

from recurra.data.cutting import Cutting

Reading = Literal["plain", "change", "surprise"]
Told = Literal["probabilities", "shares", "scores", "next", "path", "surprise", "numbers"]


class Handling(NamedTuple):
    """What stands between people's values and the numbers of a step.

    Attributes:
        inputs: What people give at a step, by names; none where they give a text.
        usual: What these are on average, or none.
        cutting: How a text becomes the ids of steps, where it does and can be told.
        first: The id of the step that comes before those of a text, if there is one.
        reading: "plain": values as they are. "change": the first less its value in the step before, 0 in the
            first. "surprise": asinh((value - centre) / scale) / spread of one value, at most 50 either
            way, and its change since the step before.
        told: "probabilities": of one of the outputs. "shares": of each by itself. "scores": the highest one
            tells. "next": the same of the symbol that comes next. "path": forecasts, then the lower and the
            upper ends of intervals; with "change" to be added to the first value. "surprise": the change
            that is expected, and the doubt. "numbers": as they are.
    """

    inputs: tuple[str, ...] = ()
    usual: tuple[float, ...] = ()
    cutting: Cutting | None = None
    first: int | None = None
    reading: Reading = "plain"
    told: Told = "numbers"
