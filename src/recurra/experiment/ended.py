"""Whether the run in a folder ended; told without torch, since help and streams ask it too."""

from pathlib import Path

from recurra.errors import DamagedError
from recurra.files import MANIFEST

SETTINGS = "config.yaml"


def check_ended(run: Path) -> None:
    """Make sure that a folder is there, and that a run in it, if it holds one, has ended.

    Raises:
        DamagedError: It is not there, or its run did not end.
    """
    if not run.is_dir():
        raise DamagedError(f"there is no folder {run}", "a run folder", "Check the path.")
    if not (run / MANIFEST).exists() and (run / SETTINGS).exists():
        raise DamagedError(
            f"{run} holds a run that did not end",
            "a finished run",
            "Go on with it: add --resume to its command.",
        )
