"""What `recurra stream` runs: the live form of a task, or any program on rows of numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recurra.errors import ConfigError, DamagedError, DataError
from recurra.experiment.ended import check_ended
from recurra.files import damage_told, parse_json, read_document
from recurra.streaming import PROGRAM, Live, Prediction, Program
from recurra.streaming.live import ONLY, States, is_names, number, values_of, wrong_state
from recurra.tasks.registry import entry

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
        self.program = program
        self._session = program.session(weights)
        self._inputs: list[str] | None = names

    @property
    def columns(self) -> tuple[str, ...]:
        """The inputs, by their names if the program has any."""
        return tuple(self._inputs or [f"input {one}" for one in range(1, self.program.input_size + 1)])

    def predict(self, row: Mapping[str, Any] | Sequence[Any]) -> Prediction:
        """See `Live.predict`."""
        values = self._values(row)
        if not self.program.takes_ids:
            return Prediction({}, {"output": self._session.step(np.array(values, np.float32))})
        if values[0] != int(values[0]):
            raise DataError(f"id {values[0]:g}", "a whole number", "Give the id of a symbol.")
        return Prediction({}, {"output": self._session.step(int(values[0]))})

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

    def snapshot(self) -> States:
        """See `Live.snapshot`."""
        return {ONLY: (self._session.snapshot(), None)}

    def restore(self, states: States) -> None:
        """See `Live.restore`."""
        if list(states) != [ONLY] or states[ONLY][1] is not None:
            raise wrong_state()
        self._session.restore(states[ONLY][0])


def load_predictor(folder: Path, weights: str) -> Live:
    """Load a program's folder, or the program of a run folder.

    Raises:
        DamagedError: A file is missing, truncated or altered.
        ConfigError: The run holds a model that does not stream, or there are no weights of this type.
    """
    program = Program.load(_program_folder(folder))
    task = program.metadata.get("task")
    kind = Outputs if task is None else entry(str(task)).load("live")
    with damage_told(folder):
        live: Live = kind(program, weights)
    return live


def _program_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise DamagedError(
            f"there is no folder {folder}", "a run folder or an exported program", "Check the path."
        )
    if (folder / PROGRAM).is_dir():
        return folder / PROGRAM
    task = _task_of_run(folder)
    if task is None:
        return folder
    raise _obstacle(folder, task)


def _obstacle(folder: Path, task: str) -> ConfigError:
    """What stands against a stream of a run that holds no program, in the words of its task."""
    from recurra.experiment.artifact import load_fitted

    one = entry(task)
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
    return ConfigError(f"{folder} holds a net of task {task} that does not stream: {got}", expected, remedy)


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
