"""A fitted net on the disk: `config.json`, `model.safetensors`, tables, and what it streams with.

Loading runs no code from them.
"""

import io
from pathlib import Path
from typing import Any

import polars as pl
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes

from recurra.diagnosis.undisturbed import check_finite
from recurra.errors import ConfigError, DamagedError, StorageError
from recurra.experiment.task import Fitted, Task
from recurra.files import (
    checksum,
    damage_told,
    read_checked,
    read_document,
    whole_folder,
    write_bytes,
    write_document,
)
from recurra.streaming import PROGRAM
from recurra.version import __version__

FORMAT = 1
CONFIG, WEIGHTS, TABLE = "config.json", "model.safetensors", ".parquet"


def save_fitted(task: Task, fitted: Fitted, folder: Path, *, overwrite: bool) -> Path:
    """Write a fitted net into a folder of its own; only a folder that holds nothing else may be replaced.

    Raises:
        StorageError: The folder exists and may not be replaced, or the disk is full.
    """
    if overwrite and folder.exists():
        inside = [path for path in folder.rglob("*") if not path.is_dir()] if folder.is_dir() else [folder]
        names = {path.relative_to(folder).as_posix() for path in inside}
        program = (f"{PROGRAM}/{name}" for name in (CONFIG, WEIGHTS))
        if not names <= {CONFIG, WEIGHTS, *program, *table_files(task, fitted)}:
            raise StorageError(
                f"{folder} holds other files", "a saved model to replace", "Choose another folder."
            )
    with whole_folder(folder, overwrite=overwrite) as filling:
        write_program(task, fitted, filling)
        write_fitted(task, fitted, filling)
    return folder


def write_fitted(task: Task, fitted: Fitted, folder: Path) -> list[str]:
    """Write the files into a folder that is there, `config.json` last, as it vouches for the others.

    Returns:
        Their names.
    """
    state = fitted.model.state_dict()
    contents = {WEIGHTS: tensors_to_bytes({name: value.contiguous() for name, value in state.items()})}
    contents |= table_files(task, fitted)
    for name, content in contents.items():
        write_bytes(folder / name, content)
    document = {
        "task": task.name,
        "config": fitted.config.model_dump(mode="json"),
        "schema": fitted.schema.to_dict(),
        "files": {name: checksum(content) for name, content in contents.items()},
        "recurra": __version__,
    }
    write_document(folder / CONFIG, document, version=FORMAT)
    return [*contents, CONFIG]


def write_program(task: Task, fitted: Fitted, folder: Path) -> list[str]:
    """Write the stream program of a net that streams into a folder that is there.

    Returns:
        The names of its files; none for a net that does not stream.
    """
    if task.program is None:
        return []
    try:
        program = task.program(fitted)
    except ConfigError:
        return []  # `recurra stream` says what stands against it
    program.save(folder / PROGRAM, overwrite=True)
    return [f"{PROGRAM}/{path.name}" for path in sorted((folder / PROGRAM).iterdir())]


def table_files(task: Task, fitted: Fitted) -> dict[str, bytes]:
    """The tables that are kept beside the weights, as Parquet, by the names of their files."""
    found = {}
    for name, frame in task.tables(fitted.schema).items():
        content = io.BytesIO()
        frame.write_parquet(content)
        found[f"{name}{TABLE}"] = content.getvalue()
    return found


def load_fitted(task: Task, folder: Path, *, device: str = "auto") -> Fitted:
    """Read a fitted net, to run on a device, whatever it was trained on.

    Raises:
        DamagedError: A file is missing, truncated or altered, or is of another task.
        NewerFormatError: A newer version of recurra wrote it.
        NonFiniteError: Weights are no numbers.
    """
    document = read_model_document(folder)
    if document.get("task") != task.name:
        raise DamagedError(
            f"{folder / CONFIG} is of task {document.get('task')!r}",
            f"one of task {task.name!r}",
            "Load it as what it is.",
        )
    with damage_told(folder / CONFIG):
        contents = {name: read_checked(folder / name, stated) for name, stated in document["files"].items()}
        weights = tensors_from_bytes(contents.pop(WEIGHTS))
        tables = {
            name.removesuffix(TABLE): pl.read_parquet(io.BytesIO(content))
            for name, content in contents.items()
        }
        settings = {**document["config"], "device": device}
        config, schema = task.revive({**document, "config": settings, "tables": tables})
        model = task.build(config, schema)
        model.load_state_dict(weights)
    check_finite(model)
    return Fitted(config, schema, model.eval())


def read_model_document(folder: Path) -> dict[str, Any]:
    """The `config.json` of a run folder or saved model.

    Raises:
        DamagedError: There is none, or it was altered.
        NewerFormatError: A newer version of recurra wrote it.
    """
    if not folder.is_dir():
        raise DamagedError(f"there is no folder {folder}", "a run folder or a saved model", "Check the path.")
    return read_document(folder / CONFIG, version=FORMAT)
