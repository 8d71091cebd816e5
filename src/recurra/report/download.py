"""Data to take along: tables as CSV that lie in the page itself, behind links; no server is needed."""

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field

from recurra.report.number import plural
from recurra.report.record import MetricRecord, MetricsRecord, Record

MOST_ROWS = 20_000
"""Of a table that is put into the page; one with more is left to the files of the run."""


class Download(Record):
    """A CSV file behind a link: what the link says, the name that the file is kept under, and its content."""

    label: str
    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+\.csv$")]
    content: str

    @classmethod
    def of(
        cls, label: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[str | int | float | None]]
    ) -> "Download":
        """A table with a header; what is not known is left empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
        return cls(label=label, name=name, content=text.getvalue())

    @property
    def address(self) -> str:
        """The file as the address of a link."""
        return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(self.content.encode()).decode()}"


def score_downloads(metrics: MetricsRecord) -> list[Download]:
    """The scores of all models."""
    names = list(dict.fromkeys(name for model in metrics.models for name in model.scores))
    columns = ["model", "label", "kind", *names, "seconds", "parameters"]
    rows = [
        [
            one.name,
            one.label,
            one.kind,
            *(one.scores.get(name) for name in names),
            one.seconds,
            one.parameters,
        ]
        for one in metrics.models
    ]
    return [Download.of("Scores of all models (CSV)", "scores.csv", columns, rows)]


def group_downloads(metrics: MetricsRecord, columns: Sequence[MetricRecord]) -> list[Download]:
    """The scores by group of the models that have them; nothing where they are more than a page can hold."""
    found = [(name, row) for name, rows in metrics.per_group.items() for row in rows]
    if not found or len(found) > MOST_ROWS:
        return []
    names = [column.name for column in columns]
    rows = [[row["group"], model, *(_short(row.get(name)) for name in names)] for model, row in found]
    label = f"Scores of all {plural(metrics.group)} (CSV)"
    return [Download.of(label, "scores-by-group.csv", [metrics.group, "model", *names], rows)]


def _short(score: str | float | None) -> str | int | float | None:
    """Six digits of a number, which tell as much as a score can."""
    return f"{score:.6g}" if isinstance(score, float) else score
