"""The options of `recurra stream`, and how a plain call is read without typer."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from recurra.data.epoch import FORMATS, is_format
from recurra.errors import ConfigError

COMMAND = "stream"
RATE = 0.05
"""Of adaptive intervals: one that misses grows by 4 % (level 80), one that holds shrinks by 1 %."""
NAMES = (
    "--weights", "--format", "--state", "--save-every", "--on-error", "--level", "--time-format",
    "--adaptive-rate",
)  # fmt: skip
FLAGS = ("--json", "--adaptive")


class Options(NamedTuple):
    """What `recurra stream` was given.

    Attributes:
        folder: Of the run or the program.
        weights: "float32", "bfloat16" or "int8".
        format: "jsonl", "csv", or "auto".
        state: The file of the state, if any.
        save_every: How many rows ("1000") or seconds ("30s") are lost at most; None: saved at the end.
        on_error: What becomes of a row that cannot be used: "emit", "skip" or "stop".
        as_json: Whether predictions are JSON Lines, whatever form rows have.
        level: Intervals of forecasts ("80,95"); None: what the model gives by itself.
        time_format: How times are written; None: as in training, or as times themselves tell.
        adaptive: Whether intervals follow what comes.
        adaptive_rate: How fast; None: as fast as they do by default.
        audio: Where sound comes from in place of rows: a file, or "-" for stdin.
        sound_rate: Samples a second of raw sound; None: those that the net was trained with.
        pairs: Settings of a task that listens or speaks, as KEY=VALUE.
        microphone: Whether sound comes from the microphone in place of rows.
        output: Where speech goes; None: to stdout.
        video: Where frames come from in place of rows: a file, a camera, an address, or "-" for stdin.
    """

    folder: Path
    weights: str = "float32"
    format: str = "auto"
    state: Path | None = None
    save_every: str | None = None
    on_error: str = "emit"
    as_json: bool = False
    level: str | None = None
    time_format: str | None = None
    adaptive: bool = False
    adaptive_rate: str | None = None
    audio: str | None = None
    sound_rate: int | None = None
    pairs: tuple[str, ...] = ()
    microphone: bool = False
    output: Path | None = None
    video: str | None = None

    def check_time_format(self) -> None:
        """Make sure that a way to write times is one.

        Raises:
            ConfigError: It is none.
        """
        if self.time_format is not None and not is_format(self.time_format):
            raise ConfigError(
                f"--time-format is {self.time_format!r}",
                f"a pattern such as %d/%m/%Y, or one of {', '.join(FORMATS)}",
                "Use the letters of strftime: %Y year, %m month, %d day, %H:%M:%S clock.",
            )

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels of intervals in percent, each once, in ascending order.

        Raises:
            ConfigError: One is no percentage.
        """
        if self.level in (None, "none"):
            return ()
        try:
            levels = tuple(sorted({float(part) for part in str(self.level).split(",")}))
        except ValueError:
            levels = (0.0,)
        if not all(0 < one < 100 for one in levels):
            raise ConfigError(
                f"--level is {self.level!r}",
                "percentages between 0 and 100 with commas between, or none",
                "Write it like 80,95.",
            )
        return levels

    @property
    def rate(self) -> float | None:
        """How fast intervals follow what comes; None: not at all.

        Raises:
            ConfigError: It is no number above 0 and up to 1, or there are no intervals.
        """
        if not self.adaptive and self.adaptive_rate is None:
            return None
        if not self.levels:
            raise ConfigError("--adaptive without --level", "intervals that adapt", "Add --level 80.")
        try:
            rate = RATE if self.adaptive_rate is None else float(self.adaptive_rate)
        except ValueError:
            rate = 0.0
        if not 0 < rate <= 1:
            raise ConfigError(
                f"--adaptive-rate is {self.adaptive_rate!r}", "above 0, at most 1", f"Try {RATE:g}."
            )
        return rate


def plain_stream(arguments: Sequence[str]) -> Options | None:
    """The options of `recurra stream RUN --name value ...`; None for anything else."""
    if arguments[:1] != [COMMAND]:
        return None
    given: dict[str, str] = {}
    rest = list(arguments[1:])
    while rest:
        name, sign, value = rest.pop(0).partition("=")
        if not name.startswith("-"):
            name, value = "RUN", name + sign + value
        elif name in NAMES and (sign or (rest and not rest[0].startswith("-"))):
            value = value if sign else rest.pop(0)
        elif name not in FLAGS or sign:
            return None
        if name in given:
            return None
        given[name] = value
    if "RUN" not in given:
        return None
    state = given.get("--state")
    return Options(
        Path(given["RUN"]),
        given.get("--weights", "float32"),
        given.get("--format", "auto"),
        None if state is None else Path(state),
        given.get("--save-every"),
        given.get("--on-error", "emit"),
        "--json" in given,
        given.get("--level"),
        given.get("--time-format"),
        "--adaptive" in given,
        given.get("--adaptive-rate"),
    )
