"""The live form of a run, or of any program on rows of numbers."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recurra.errors import ConfigError, DamagedError, DataError
from recurra.experiment.ended import check_ended
from recurra.files import checksum, damage_told, parse_json, read_bytes, read_document
from recurra.streaming import PROGRAM, Live, Prediction, Program
from recurra.streaming.live import (
    ONLY,
    Memory,
    States,
    Step,
    Stepping,
    is_names,
    number,
    values_of,
    wrong_state,
)
from recurra.tasks.registry import Entry, entry

Values = Mapping[str, np.ndarray[Any, np.dtype[np.float32]]]


class Outputs(Live):
    """Any program: its outputs for each row, whose columns its metadata may name ("inputs").

    Raises:
        DamagedError: The metadata name other columns than the program takes.
    """

    bare = True

    def __init__(self, program: Program, weights: str) -> None:
        names = program.metadata.get("inputs")
        if names is not None and not (is_names(names) and len(names) == program.input_size):
            raise DamagedError(
                f"a program whose metadata say inputs={names!r}",
                f"a list of {program.input_size} names, or none",
                "Restore it from a copy, or export the model again.",
            )
        self.program, self.digest = program, program.digest
        self._blank = program.session(weights)
        self._session = self._blank.fork()
        self._inputs: list[str] | None = names

    @property
    def columns(self) -> tuple[str, ...]:
        """The inputs, by their names if the program has any."""
        return tuple(self._inputs or [f"input {one}" for one in range(1, self.program.input_size + 1)])

    def check_columns(self, names: Sequence[str]) -> None:
        """See `Live.check_columns`; inputs without names are told by their order."""
        if self._inputs:
            super().check_columns(names)
        else:
            values_of(names, self.columns)

    def answering(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[Prediction]:
        """See `Live.answering`."""
        values = self._values(row)
        step: Any = np.array(values, np.float32)
        if self.program.takes_ids:
            step = int(values[0])
            if values[0] != step:
                raise DataError(f"id {values[0]:g}", "a whole number", "Give the id of a symbol.")
        return Prediction({}, {"output": (yield Step(self._session, step))})

    def _values(self, row: Mapping[str, Any] | Sequence[Any]) -> list[float]:
        names = self.columns
        if isinstance(row, Mapping) and self._inputs:
            row = [row.get(name) for name in names]
        elif isinstance(row, Mapping):
            row = list(row.values())
        values = [number(name, given) for name, given in values_of(row, names).items()]
        absent = [name for name, value in zip(names, values, strict=True) if value != value]  # noqa: PLR0124
        if absent:
            raise DataError(f"no value of {absent[0]!r}", "a number for each input", "Give the missing one.")
        return values

    @property
    def names(self) -> Collection[str]:
        """See `Live.names`."""
        return (ONLY,)

    def snapshot(self) -> States:
        """See `Live.snapshot`."""
        return {ONLY: Memory(self._session.snapshot())}

    def restore(self, states: States) -> None:
        """See `Live.restore`."""
        if not states:
            self._session = self._blank.fork()
            return
        if list(states) != [ONLY] or states[ONLY][1:] != (None, (), b""):
            raise wrong_state()
        self._session.restore(states[ONLY].content)


def load_predictor(
    folder: Path,
    weights: str,
    level: Sequence[float] = (),
    adaptive: float | None = None,
    kept_as: type[Program] = Program,
) -> Live:
    """Load a program's folder, or what a run folder streams with: its program, else its net.

    Args:
        folder: Of a program or a run.
        weights: "float32", "bfloat16" or "int8".
        level: Intervals to give, in percent.
        adaptive: How fast these follow what comes; None: not at all.
        kept_as: The class of the program, if there is one: `PooledProgram` where many live on.

    Raises:
        DamagedError: A file is missing, truncated or altered.
        ConfigError: The run holds a model that does not stream, or there are no such weights or intervals.
    """
    if not folder.is_dir():
        raise DamagedError(
            f"there is no folder {folder}", "a run folder or an exported program", "Check the path."
        )
    place = program_folder(folder)
    if place is None:
        return _of_net(folder, str(_task_of_run(folder)), weights, level, adaptive)
    program = kept_as.load(place)
    name = program.metadata.get("task")
    if name is not None and not entry(str(name)).live:
        raise ConfigError(
            f"rows for a run of task {name}, which does not tell of rows as they come",
            "sound, where it reads recordings",
            "Add --audio - or --microphone; of other data, use predict.",
        )
    kind = Outputs if name is None else entry(str(name)).load("live")
    if level and not kind.takes_level:
        what = "of no task" if name is None else f"of task {name}"
        raise ConfigError(f"--level for a program {what}", "one of a forecaster", "Leave --level out.")
    options = {"level": level, "adaptive": adaptive} if level else {}
    with damage_told(folder):
        live: Live = kind(program, weights, **options)
    return live


def speaker_of(folder: Path) -> Entry | None:
    """The task of a run that speaks what comes; None of any other folder."""
    if (folder / PROGRAM).is_dir() or not (folder / "config.json").is_file():
        return None
    task = _task_of_run(folder)
    found = None if task is None else entry(task)
    return found if found is not None and found.voice else None


def program_of(folder: Path) -> Program:
    """The stream program of a run folder, or that which a folder holds itself.

    Raises:
        DamagedError: A file is missing, truncated or altered.
        ConfigError: The run holds a model that does not stream, in its words.
    """
    place = program_folder(folder)
    if place is None:
        raise _obstacle(folder, entry(str(_task_of_run(folder))))
    return Program.load(place)


def program_folder(folder: Path) -> Path | None:
    """Where the stream program of a run folder is, or any other folder itself; None of a run without one."""
    if (folder / PROGRAM).is_dir():
        return folder / PROGRAM
    return folder if _task_of_run(folder) is None else None


def _of_net(folder: Path, task: str, weights: str, level: Sequence[float], adaptive: float | None) -> Live:
    """What streams with the net of a run that holds no program.

    Raises:
        ConfigError: The task has no such stream, in its words; or there are no such weights.
    """
    one = entry(task)
    if not one.live_net:
        raise _obstacle(folder, one)
    if weights != "float32":
        raise ConfigError(
            f"--weights {weights} of a run without a stream program",
            "float32",
            f"Leave --weights out, or train one: {one.streams_with}.",
        )
    from recurra.experiment.artifact import load_fitted  # noqa: PLC0415 - needs torch

    fitted = load_fitted(one.load("task"), folder, device="cpu")
    with damage_told(folder):
        digest = checksum(read_bytes(folder / "config.json"))
        live: Live = one.load("live_net")(fitted, digest, level, adaptive)
    return live


def _obstacle(folder: Path, one: Entry) -> ConfigError:
    """What stands against a stream of a run that holds no program, in the words of its task."""
    from recurra.experiment.artifact import load_fitted  # noqa: PLC0415 - needs torch

    got, expected = "it reads whole sequences at once", "one whose state alone goes from step to step"
    remedy = f"Train it: {one.streams_with}." if one.streams_with else "Use predict."
    program = one.load("task").program
    if program is not None:
        try:
            program(load_fitted(one.load("task"), folder, device="cpu"))
        except ConfigError as error:
            got, expected, remedy = error.got, error.expected, error.remedy
            if "predict" not in remedy and one.streams_with:
                remedy = f"{remedy} As in: {one.streams_with}."
    return ConfigError(
        f"{folder} holds a net of task {one.name} that does not stream: {got}", expected, remedy
    )


def _task_of_run(folder: Path) -> str | None:
    """The task of a run folder; None of any other folder."""
    path = folder / "config.json"
    check_ended(folder)
    try:
        is_program = "layers" in parse_json(path.read_bytes())
    except (OSError, ValueError, TypeError):
        return None  # loading it says what is wrong
    task = None if is_program else read_document(path, version=1).get("task")
    return task if isinstance(task, str) else None
