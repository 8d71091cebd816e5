"""Which answers are to be explained: rows, and what of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from recurra.data.naming import counted, listed, suggestion
from recurra.errors import ConfigError, DataError


@dataclass(frozen=True)
class Wanted:
    """What is asked.

    Attributes:
        rows: How many of the first rows, where none are named.
        named: Rows by what they are called: their numbers from 1 on, or the ids of series.
        outcome: The class, tag or symbol whose evidence is asked for; None: that of the answer.
        step: The step of the answer, from 1 on; None: all of them, or the last one.
    """

    rows: int = 8
    named: tuple[str, ...] = ()
    outcome: str | None = None
    step: int | None = None

    def chosen(self, names: Sequence[str]) -> list[int]:
        """Places of the rows that are asked for.

        Args:
            names: What all rows are called.

        Raises:
            ConfigError: No row is called so, or none is asked for.
            DataError: There are no rows.
        """
        if not len(names):
            raise DataError("data without a row", "at least one", "Give data.")
        if self.rows < 1:
            raise ConfigError(f"{self.rows} rows", "at least 1", "Leave rows out.")
        if not self.named:
            return list(range(min(self.rows, len(names))))
        places = {name: place for place, name in enumerate(names)}
        for name in self.named:
            if name not in places:
                if names[-1] == str(len(names)):
                    raise ConfigError(f"row {name!r}", f"1 to {len(names)}", "Choose one of these.")
                remedy = suggestion(name, list(names), "Choose one of these.")
                raise ConfigError(f"row {name!r}", f"one of {listed(names, 20)}", remedy)
        return [places[name] for name in dict.fromkeys(self.named)]

    def outcome_among(self, names: Sequence[str], kind: str) -> int | None:
        """The number of the outcome that is named; None where none is.

        Args:
            names: All that there are.
            kind: What they are: "class".

        Raises:
            ConfigError: There is none of that name.
        """
        if self.outcome is None:
            return None
        if self.outcome not in names:
            raise ConfigError(
                f"{kind} {self.outcome!r}",
                f"one of {listed(names, 20)}",
                suggestion(self.outcome, list(names), "Choose one of these."),
            )
        return list(names).index(self.outcome)

    def place_among(self, steps: int, what: str = "step") -> int | None:
        """The place, from 0 on, of the step that is named; None where none is.

        Raises:
            ConfigError: There are not so many.
        """
        if self.step is None:
            return None
        if not 1 <= self.step <= steps:
            raise ConfigError(
                f"step {self.step} of {counted(steps, what)}", f"1 to {steps}", "Choose one of these."
            )
        return self.step - 1

    def refuse(self, what: str, why: str) -> None:
        """Make sure that an option is not given.

        Args:
            what: "outcome" or "step".
            why: What stands against it.

        Raises:
            ConfigError: It is given.
        """
        given = getattr(self, what)
        if given is not None:
            raise ConfigError(f"{what} {given}", f"none: {why}", f"Leave {what} out.")
