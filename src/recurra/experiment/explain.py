"""The verb `explain`: which inputs made the answers of a net, for any task."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from recurra.config import validated
from recurra.data.naming import counted, listed, suggestion
from recurra.diagnosis import METHODS, Explanation, explained
from recurra.errors import ConfigError, DataError
from recurra.experiment.artifact import load_fitted
from recurra.experiment.explanation_section import sections_of
from recurra.experiment.run import given_again
from recurra.experiment.run_folder import check_model
from recurra.experiment.task import Fitted, Task
from recurra.experiment.wanted import Wanted
from recurra.report.sheet import Sheet, sheet_html, write_sheet

EXPLANATION_FILE = "explain.html"
_HEIGHT = 640  # pixels of a frame in a notebook


@dataclass(frozen=True)
class Explanations:
    """Which inputs made some answers.

    Attributes:
        task: Name of the task.
        source: What to call the data.
        rows: An explanation for each row.
        repairs: What was put right in the data, in sentences.
        command: What was typed, if anything.
    """

    task: str
    source: str
    rows: tuple[Explanation, ...]
    repairs: tuple[str, ...] = ()
    command: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {"task": self.task, "data": self.source, "rows": [one.to_dict() for one in self.rows]}

    def write(self, path: str | Path) -> Path:
        """Write a page of it: one HTML file that needs nothing else.

        Raises:
            StorageError: It cannot be written.
        """
        return write_sheet(Path(path), self._sheet())

    def _sheet(self) -> Sheet:
        one = len(self.rows) == 1
        told = f"{counted(len(self.rows), 'answer')} about {self.source}"
        return Sheet(
            title=f"What made {'this answer' if one else 'these answers'}",
            kind=f"{self.task} explained",
            headline=f"{told}, by {self.rows[0].method_text}.",
            sections=sections_of(self.rows),
            command=self.command,
        )

    def _repr_html_(self) -> str:
        page = escape(sheet_html(self._sheet()), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:{_HEIGHT}px;border:0"></iframe>'


def explain(
    task: Task,
    fitted: Fitted,
    source: Any,
    wanted: Wanted = Wanted(),  # noqa: B008
    *,
    method: str = "integrated_gradients",
    options: Mapping[str, Any] = MappingProxyType({}),
) -> Explanations:
    """Which inputs made a net's answers; their truth need not be known.

    Args:
        task: The task.
        fitted: Its net.
        source: The data, as of `predict`.
        wanted: Which answers, and what of them.
        method: "integrated_gradients", which add up to the answer, or "occlusion".
        options: Of the answer.

    Raises:
        ConfigError: The task cannot explain, or there is no such method, row, outcome or step.
        DataError: The data do not fit those of training, or have no rows.
        NonFiniteError: Weights of the net are no numbers.
    """
    if task.explain is None:
        raise ConfigError(
            f"task {task.name}, which says nothing of what its answers are made of",
            "a task that explains",
            "Use predict.",
        )
    if method not in METHODS:
        raise ConfigError(
            f"method {method!r}", f"one of {listed(METHODS)}", suggestion(method, METHODS, "Choose one.")
        )
    part = task.part(source, fitted, validated(task.answer_config, dict(options)))
    rows = tuple(explained(fitted.model, one, method) for one in task.explain(fitted, part, wanted))
    if not rows:
        raise DataError("rows without anything to explain", "a row with an answer", "Choose other rows.")
    return Explanations(task.name, part.table.source, rows, tuple(part.repairs))


def explain_run(
    task: Task,
    run: Path,
    source: Any,
    wanted: Wanted,
    *,
    method: str = "integrated_gradients",
    options: Mapping[str, Any] = MappingProxyType({}),
    again: Mapping[str, Any] = MappingProxyType({}),
) -> Explanations:
    """The same of a run folder or saved model; `again` as for `recurra.experiment.run.evaluate`.

    Raises:
        DamagedError: A file of the run is missing, truncated or altered.
    """
    check_model(run)
    fitted = given_again(load_fitted(task, run), again)
    return explain(task, fitted, source, wanted, method=method, options=options)


class Explaining(ABC):
    """An estimator whose answers can be explained."""

    task: ClassVar[Task]

    @property
    @abstractmethod
    def fitted_(self) -> Fitted:
        """The fitted net."""

    def explain(
        self,
        data: Any = None,
        *,
        rows: int = 8,
        named: tuple[Any, ...] = (),
        outcome: str | None = None,
        step: int | None = None,
        method: str = "integrated_gradients",
    ) -> Explanations:
        """Which inputs made its answers: arrays, `to_dict()`, `write("page.html")`, a page in notebooks.

        Args:
            data: As of `predict`.
            rows: How many of the first rows.
            named: Rows by number, from 1 on, or by the id of a series, instead of these.
            outcome: The class, tag or symbol whose evidence is asked for; None: that of the answer.
            step: The step of the answer, from 1 on; None: all of them, or the last one.
            method: "integrated_gradients" or "occlusion".

        Raises:
            NotFittedError: `fit` was not called.
            ConfigError: There is no such method, row, outcome or step.
            DataError: The data do not fit those of training.
        """
        wanted = Wanted(rows, tuple(str(one) for one in named), outcome, step)
        return explain(self.task, self.fitted_, data, wanted, method=method)
