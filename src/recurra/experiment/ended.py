"""Whether the run in a folder ended; told without torch, since help and streams ask it too."""

import warnings
from pathlib import Path

from recurra.data.naming import counted, listed
from recurra.errors import DamagedError, DataWarning
from recurra.files import MANIFEST, put_back

SETTINGS = "config.yaml"
MODEL = "config.json"  # of a run that ended, or of a saved model


def check_ended(run: Path) -> None:
    """Make sure that a folder is there, and that a run in it, if it holds one, has ended.

    Raises:
        DamagedError: It is not there, or its run did not end.
    """
    check_is_one(run)
    if not (run / MANIFEST).exists() and (run / SETTINGS).exists():
        raise DamagedError(
            f"{run} holds a run that did not end",
            "a finished run",
            "Go on with it: add --resume to its command.",
        )


def restore(run: Path) -> None:
    """Put a run back, with a warning, where the process that was to replace it was killed as it did so."""
    if put_back(run):
        warnings.warn(
            f"{run} was put back as it was: what was to replace it was killed at its last step; "
            "a run finishes that when its command is given with --overwrite --resume",
            DataWarning,
            stacklevel=3,
        )


def check_is_one(run: Path) -> None:
    """Make sure that a folder is there, and is no folder of runs.

    Raises:
        DamagedError: It is.
    """
    restore(run)
    if not run.is_dir():
        what = f"{run} is a file" if run.is_file() else f"there is no folder {run}"
        raise DamagedError(what, "a run folder", "Check the path.")
    if not any((run / name).exists() for name in (MANIFEST, SETTINGS, MODEL)):
        inside = sorted(path.parent for path in run.glob(f"*/{SETTINGS}"))
        if inside:
            raise DamagedError(
                f"{run} is no run, but a folder of {counted(len(inside), 'run')}",
                f"one of them: {listed(path.name for path in inside)}",
                f"Name it, as in {max(inside, key=lambda path: path.stat().st_mtime_ns)}, the newest.",
            )
