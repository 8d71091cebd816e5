"""The verb `cure`: train again with what helps against the faults that were found."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from recurra.diagnosis import Limits, changes_of
from recurra.errors import ConfigError
from recurra.experiment.diagnose import Diagnosis, diagnose
from recurra.experiment.run import silent, train
from recurra.experiment.run_folder import GIVEN, begun, has_begun
from recurra.experiment.task import Task
from recurra.files import MANIFEST


def cure(
    task: Task,
    found: Diagnosis,
    out: Path,
    *,
    show_progress: bool | None = None,
    command: str | None = None,
    tell: Callable[[str], None] = silent,
    limits: Limits = Limits(),  # noqa: B008
) -> Diagnosis | None:
    """Train on the same data with the first remedy of every fault, and diagnose the new net.

    What was interrupted is gone on with, and a run that is there already is only diagnosed.

    Args:
        task: The task.
        found: The diagnosis of a run.
        out: The folder of the new one.
        show_progress: As for `recurra.experiment.run.train`.
        command: What was typed.
        tell: As there.
        limits: How much is looked at.

    Returns:
        The diagnosis of the new run; None where Ctrl-C stopped its training.

    Raises:
        ConfigError: There is nothing to cure, or the folder holds another run.
        DataError: The data are gone.
        NonFiniteError: The new training diverged, too.
    """
    changes = changes_of(found.findings)
    if not changes:
        raise ConfigError(
            f"nothing to change in {found.run}: its verdict is {found.verdict!r}",
            "a fault with a remedy among its settings",
            "Leave --apply out.",
        )
    settings = {**found.began.get(GIVEN, {}), **changes}
    if not (out / MANIFEST).exists() or not _is_cured(out, changes):
        summary = train(
            task,
            found.data,
            settings,
            out,
            validation=found.began.get("validation"),
            test=found.began.get("test"),
            resume=has_begun(out),
            show_progress=show_progress,
            command=command,
            tell=tell,
        )
        if summary.interrupted:
            return None
    return diagnose(task, out, found.data, limits=limits)


def _is_cured(out: Path, changes: Mapping[str, Any]) -> bool:
    """Whether the run in a folder was trained with these changes."""
    given = begun(out, overwrite=False).get(GIVEN, {})
    return all(key in given and given[key] == value for key, value in changes.items())
