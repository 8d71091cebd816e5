"""The folder of a run: opened for a new or resumed run, checked before it is used.

While a run trains, the folder holds `config.yaml`, `history.jsonl` and `checkpoints/`, from which it can be
resumed; the rest appears at the end, and `manifest.json` last, which vouches for every file but the report
and checkpoints.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from recurra.errors import ConfigError, DamagedError, UsageError
from recurra.experiment.config import idle
from recurra.experiment.ended import MODEL, SETTINGS, check_ended, restore
from recurra.files import MANIFEST, read_bytes, verify_manifest, whole_folder, write_bytes, write_text
from recurra.report.page import DIAGNOSIS_FILE
from recurra.training.config import TrainingConfig
from recurra.training.snapshot import FREE_TO_CHANGE, shortens

CONFIG, HISTORY = SETTINGS, "history.jsonl"
GIVEN = "given"
"""Key of the settings as they were given; the others are those that came of them."""


def check_run(run: Path) -> None:
    """Make sure that a run folder is there, finished, and as it was written.

    Raises:
        DamagedError: It is not.
        NewerFormatError: A newer version of recurra wrote it.
    """
    check_ended(run)
    verify_manifest(run)


def check_model(folder: Path) -> None:
    """The same of a run folder, or of a saved model, whose `config.json` vouches for its files as it is read.

    Raises:
        DamagedError: It is neither, or not as it was written.
        NewerFormatError: A newer version of recurra wrote it.
    """
    check_ended(folder)
    if (folder / MANIFEST).exists() or not (folder / MODEL).exists():
        verify_manifest(folder)


def check_folder(out: Path, *, overwrite: bool, resume: bool) -> None:
    """Make sure that a run may begin, or go on, in a folder.

    Raises:
        ConfigError: The folder exists and is neither to be replaced nor resumed, or holds something else.
    """
    restore(out)
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file", "a folder for the run", "Choose another name.")
    if overwrite and resume and replacement(out).exists():
        return
    if not out.exists() or not any(out.iterdir()):
        if resume:
            raise ConfigError(
                f"there is no run in {out}", "one to resume", "Leave --resume out to begin one."
            )
        return
    if not (out / CONFIG).exists() or "task" not in _read_config(out / CONFIG):
        raise ConfigError(f"{out} holds something else than a run", "a new folder", "Choose another name.")
    if not (overwrite or resume):
        raise ConfigError(
            f"{out} holds a run",
            "a new folder",
            "Choose another, or add --overwrite, or --resume to go on with it.",
        )


def replacement(out: Path) -> Path:
    """Where a run grows that is to replace the one in a folder."""
    return out.with_name(f".{out.name}.new")


def workplace(out: Path, *, overwrite: bool, resume: bool) -> Path:
    """Where to train: in the folder itself, or beside it while an old run is there.

    Raises:
        ConfigError: What is to be gone on with is no run.
    """
    beside = replacement(out)
    if not overwrite or (resume and not beside.exists()) or not (out / CONFIG).exists():
        return out
    return beside


def has_begun(out: Path) -> bool:
    """Whether there is a run that did not end, in a folder or beside it."""
    places = (out, replacement(out))
    return any((place / CONFIG).exists() and not (place / MANIFEST).exists() for place in places)


def begun(out: Path, *, overwrite: bool) -> dict[str, Any]:
    """What the run in a folder began with: "task", "data", perhaps "validation" and "test", and "given".

    Raises:
        ConfigError: There is no run to go on with.
        DamagedError: Its settings cannot be read.
    """
    if (out / MODEL).exists() and not (out / CONFIG).exists():
        raise ConfigError(
            f"{out} holds a saved model, which knows nothing of its training",
            "the folder of a run",
            "Give the one that recurra train wrote, or train again.",
        )
    check_folder(out, overwrite=overwrite, resume=True)
    return _read_config(workplace(out, overwrite=overwrite, resume=True) / CONFIG)


@contextmanager
def put_back_when_refused(out: Path) -> Iterator[None]:
    """Leave a run that cannot be resumed in this way as it was: finished, perhaps."""
    kept = {path: read_bytes(path) for path in (out / CONFIG, out / MANIFEST) if path.exists()}
    try:
        yield
    except UsageError:
        for path, content in kept.items():
            write_bytes(path, content)
        raise


def open_folder(
    out: Path,
    config: TrainingConfig,
    given: Mapping[str, Any],
    settings: Mapping[str, Any],
    *,
    resume: bool,
) -> None:
    """Make the folder, or make sure that the run in it is the one that is asked for.

    Args:
        out: The folder.
        config: The settings.
        given: What else tells one run from another: task and data.
        settings: Those that were given, so that resuming needs none.
        resume: Whether there is a run to go on with.

    Raises:
        ConfigError: The run in it began with other settings.
    """
    dumped = config.model_dump(mode="json")
    asked = {key: "auto" if settings[key] == "auto" else dumped[key] for key in settings if key in dumped}
    document = {**given, **{key: dumped[key] for key in dumped if key not in idle(config)}, GIVEN: asked}
    if not resume:
        shutil.rmtree(out, ignore_errors=True)
        with whole_folder(out) as filling:
            write_text(filling / CONFIG, yaml.safe_dump(dict(document), sort_keys=False))
        return
    before = _read_config(out / CONFIG)
    free = {*FREE_TO_CHANGE, GIVEN, *(() if shortens(before, dumped, config) else ("max_epochs",))}
    for key, value in document.items():
        if before.get(key, value if key in dumped else None) != value and key not in free:
            raise ConfigError(
                f"{key} is {value!r} now and was {before.get(key)!r}",
                "the settings that the run began with",
                "Give the same ones, or begin a new run.",
            )
    for stale in (MANIFEST, DIAGNOSIS_FILE):
        (out / stale).unlink(missing_ok=True)
    write_text(out / CONFIG, yaml.safe_dump(dict(document), sort_keys=False))


def _read_config(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(read_bytes(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DamagedError(
            f"{path} is not valid YAML", "the file as it was written", "Begin a new run."
        ) from error
    if not isinstance(document, dict):
        raise DamagedError(f"{path} holds no settings", "the file as it was written", "Begin a new run.")
    return document
