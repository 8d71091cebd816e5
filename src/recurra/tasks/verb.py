"""Verbs over tasks by name, for Python: `recurra.compare("classify", "reviews.csv")`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.experiment import compare as comparing
from recurra.experiment.budget import parse_budget
from recurra.experiment.contestant import USUAL
from recurra.tasks.registry import entry

if TYPE_CHECKING:
    from recurra.experiment.compare import Compared


def compare(
    task: str,
    data: Any,
    folder: str | Path,
    *,
    models: Sequence[str] = USUAL,
    seeds: int = 3,
    budget: str | None = None,
    validation: Any = None,
    test: Any = None,
    resume: bool = False,
    show_progress: bool | None = None,
    **settings: Any,
) -> "Compared":
    """Train nets on the same data with the same parts and budget, as `recurra compare` does.

    Args:
        task: Its name: "classify", "forecast", ...
        data: As the task's estimator takes it.
        folder: Gets every run, `compare.json` and `report.html`.
        models: Cells, "bi" and a cell, "feed_forward", "convolutional".
        seeds: How many seeds each is trained from.
        budget: "10m", "parameters=50000", or both; None: as many epochs as the settings say.
        validation: Data that choose the best epoch; None: a share of `data`.
        test: Data that all are scored on; None: a share of `data`.
        resume: Go on with the comparison in the folder.
        show_progress: Whether to draw bars; None: where stderr is a terminal.
        settings: Keys of the task's config that all nets share.

    Raises:
        ConfigError: A setting or name is wrong, the budget is too small, or the folder is another's.
        DataError: The data cannot be used as they are.
    """
    return comparing.compare(
        entry(task).load("task"),
        data,
        settings,
        Path(folder),
        models=models,
        seeds=seeds,
        budget=parse_budget(budget),
        validation=validation,
        test=test,
        resume=resume,
        show_progress=show_progress,
    )
