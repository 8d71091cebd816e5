"""Verbs over tasks by name, for Python: `recurra.compare("classify", "reviews.csv")`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from recurra.experiment import compare as comparing
from recurra.experiment import tune as tuning
from recurra.experiment.budget import parse_budget, parse_duration
from recurra.experiment.contestant import USUAL
from recurra.experiment.search_file import study_name
from recurra.tasks.registry import entry

if TYPE_CHECKING:
    from recurra.experiment.compare import Compared
    from recurra.experiment.tune import Tuned


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


def tune(
    task: str,
    data: Any,
    folder: str | Path,
    *,
    trials: int = 50,
    budget: str | None = None,
    search: Sequence[str] | None = None,
    storage: str | None = None,
    study: str | None = None,
    validation: Any = None,
    test: Any = None,
    scale: Literal["none", "ray"] = "none",
    show_progress: bool | None = None,
    **settings: Any,
) -> "Tuned":
    """Search for the settings that do best on the validation part, as `recurra tune` does.

    Args:
        task: Its name: "classify", "forecast", ...
        data: As the task's estimator takes it.
        folder: Gets `best.yaml`, `tune.json`, `report.html`, and `study.db` where no storage is named; where
            they are there, the search goes on.
        trials: How many the study is to have.
        budget: Time that this process may take: "1h"; None: until there are as many trials.
        search: The settings to search; None: all that have a range.
        storage: URL of the study's database.
        study: Its name; None: of task and data.
        validation: Data to judge on; None: a share of `data`.
        test: Data that are kept from the search.
        scale: Where trials run: here, one after another, or at once on a Ray cluster.
        show_progress: Whether to draw bars; None: where stderr is a terminal.
        settings: Keys of the task's config that are fixed.

    Raises:
        ConfigError: A setting is wrong, there is no validation part, or the study is about something else.
        DataError: The data cannot be used as they are.
        MissingDependencyError: Optuna is not installed: pip install 'recurra[tune]'; or Ray is not.
        StorageError: The database is locked, gone, or cannot be reached.
    """
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    named = data if isinstance(data, str | Path) else "data"
    return tuning.tune(
        entry(task).load("task"),
        data,
        settings,
        out,
        storage=storage or f"sqlite:///{(out / 'study.db').absolute()}",
        study=study or study_name(task, str(named)),
        trials=trials,
        seconds=None if budget is None else parse_duration(budget, "budget"),
        only=search,
        validation=validation,
        test=test,
        scale=scale,
        show_progress=show_progress,
    )
