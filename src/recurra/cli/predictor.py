"""What `recurra stream` runs: a forecaster on rows of a table, or any program on rows of numbers."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recurra.errors import ArtifactError, ConfigError, DamagedError, DataError
from recurra.files import read_document
from recurra.streaming import Program
from recurra.tasks.forecast.live import ONLY, PROGRAM, TASK, LiveForecast, is_names, number, values_of

Values = Mapping[str, np.ndarray[Any, np.dtype[np.float32]]]
States = Mapping[str, tuple[bytes, float | None]]


class Prediction(NamedTuple):
    """What is written for a row.

    Attributes:
        kept: What is repeated of the row: which series, when.
        values: Name -> numbers, (steps,).
    """

    kept: Mapping[str, Any]
    values: Values


class Predictor(ABC):
    """Predicts after every row; what it remembers can be kept as bytes.

    Attributes:
        program: What it runs.
        bare: Whether the names of the values say nothing.
    """

    program: Program
    bare: bool

    @abstractmethod
    def predict(self, row: Mapping[str, Any] | Sequence[Any]) -> Prediction:
        """Take a row.

        Raises:
            DataError: It is none that the program takes; what is remembered stays as it was.
        """

    @abstractmethod
    def snapshot(self) -> States:
        """For each series its session and its last value."""

    @abstractmethod
    def restore(self, states: States) -> None:
        """Go on from a snapshot.

        Raises:
            ArtifactError: It is damaged, or of another program.
        """


class Forecasts(Predictor):
    """A forecaster; a plain list of numbers is a row of its only series."""

    bare = False

    def __init__(self, program: Program, weights: str) -> None:
        self.program = program
        self._live = LiveForecast(program, weights)

    def predict(self, row: Mapping[str, Any] | Sequence[Any]) -> Prediction:
        """See `Predictor.predict`."""
        live = self._live
        if not isinstance(row, Mapping):
            row = values_of(row, live.columns)
        values = live.step(row)
        return Prediction({name: row[name] for name in (live.unique_id, live.time) if name in row}, values)

    def snapshot(self) -> States:
        """See `Predictor.snapshot`."""
        return self._live.snapshot()

    def restore(self, states: States) -> None:
        """See `Predictor.restore`."""
        known = {name: (content, last) for name, (content, last) in states.items() if last is not None}
        if len(known) < len(states):
            raise _wrong_state()
        self._live.restore(known)


class Outputs(Predictor):
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

    def predict(self, row: Mapping[str, Any] | Sequence[Any]) -> Prediction:
        """See `Predictor.predict`."""
        values = self._values(row)
        if not self.program.takes_ids:
            return Prediction({}, {"output": self._session.step(np.array(values, np.float32))})
        if values[0] != int(values[0]):
            raise DataError(f"id {values[0]:g}", "a whole number", "Give the id of a symbol.")
        return Prediction({}, {"output": self._session.step(int(values[0]))})

    def _values(self, row: Mapping[str, Any] | Sequence[Any]) -> list[float]:
        size = self.program.input_size
        names = self._inputs or [f"input {one}" for one in range(1, size + 1)]
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
        """See `Predictor.snapshot`."""
        return {ONLY: (self._session.snapshot(), None)}

    def restore(self, states: States) -> None:
        """See `Predictor.restore`."""
        if list(states) != [ONLY] or states[ONLY][1] is not None:
            raise _wrong_state()
        self._session.restore(states[ONLY][0])


def load_predictor(folder: Path, weights: str) -> Predictor:
    """Load a program's folder, or the program of a run folder.

    Raises:
        DamagedError: A file is missing, truncated or altered.
        ConfigError: The run holds a model that does not stream, or there are no weights of this type.
    """
    program = Program.load(_program_folder(folder))
    kind = Forecasts if program.metadata.get("task") == TASK else Outputs
    return kind(program, weights)


def _program_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise DamagedError(
            f"there is no folder {folder}", "a run folder or an exported program", "Check the path."
        )
    if (folder / PROGRAM).is_dir():
        return folder / PROGRAM
    settings = _settings_of_run(folder)
    if settings is None:
        return folder
    raise ConfigError(
        f"{folder} holds a forecaster of network={settings.get('network')}, which reads whole windows",
        "one that was trained with preset=streaming",
        "Train it: recurra train forecast DATA --horizon STEPS preset=streaming.",
    )


def _settings_of_run(folder: Path) -> Mapping[str, Any] | None:
    """The settings of the forecaster in a run folder; None of any other folder."""
    path = folder / "config.json"
    if not path.exists() and (folder / "config.yaml").exists():
        raise DamagedError(
            f"{folder} holds a run that did not end", "a finished run", "Go on with it: add --resume."
        )
    try:
        is_program = "layers" in json.loads(path.read_bytes())
    except (OSError, ValueError, TypeError, RecursionError):
        return None  # loading it says what is wrong
    if is_program:
        return None
    document = read_document(path, version=1)
    settings = document.get("config")
    return settings if document.get("task") == TASK and isinstance(settings, dict) else None


def _wrong_state() -> ArtifactError:
    return ArtifactError(
        "a state of another kind of program", "one of this program", "Begin anew, without the file."
    )
