"""The verbs of a task or of a run's task, for commands that know none."""

from pathlib import Path

from recurra.experiment.task import Task
from recurra.experiment.verbs import TaskVerbs, Verbs
from recurra.tasks.registry import Entry, entry_of_run


def verbs_of(entry: Entry) -> Verbs:
    """What can be done with a task."""
    found = entry.load("verbs")
    return TaskVerbs(found) if isinstance(found, Task) else found


def verbs_of_run(run: Path) -> Verbs:
    """What can be done with the task of a run folder; errors as of `entry_of_run`."""
    return verbs_of(entry_of_run(run))
