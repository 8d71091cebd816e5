"""An estimator in words: its settings and, once they are known, its scores beside those of its rivals."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from recurra.report.number import NARROW_SPACE
from recurra.report.record import MetricsRecord

SHOWN_METRICS = 6


def as_text(name: str, settings: Mapping[str, Any], facts: str, metrics: MetricsRecord | None) -> str:
    """The call that makes it; below, what training came to and a table of scores.

    Args:
        name: Of the class.
        settings: As given.
        facts: What training came to, in a line; "" before training.
        metrics: The scores, if they are known.
    """
    lines = [f"{name}({', '.join(f'{key}={value!r}' for key, value in settings.items())})"]
    if facts:
        lines.append(f"  {facts}")
    if metrics is not None:
        lines += [f"  {line}" for line in _aligned(_cells(metrics))]
    return "\n".join(lines)


def as_html(name: str, settings: Mapping[str, Any], facts: str, metrics: MetricsRecord | None) -> str:
    """The same for a notebook."""
    given = ", ".join(f"{key}={value!r}" for key, value in settings.items())
    parts = [f"<code>{html.escape(f'{name}({given})')}</code>"]
    if facts:
        parts.append(f"<div>{html.escape(facts)}</div>")
    if metrics is not None:
        head, *rows = _cells(metrics)
        parts.append(f"<table><thead>{_row(head, 'th')}</thead><tbody>")
        parts += [*(_row(cells, "td") for cells in rows), "</tbody></table>"]
    return f"<div>{''.join(parts)}</div>"


def _cells(metrics: MetricsRecord) -> list[list[str]]:
    """A row of titles, and a row for each model."""
    shown = metrics.metrics[:SHOWN_METRICS]
    columns = [one.texts([model.scores.get(one.name) for model in metrics.models]) for one in shown]
    titles = ["", *(one.short or one.label for one in shown)]
    rows = [[model.label, *(column[row] for column in columns)] for row, model in enumerate(metrics.models)]
    return [[text.replace(NARROW_SPACE, "") for text in row] for row in (titles, *rows)]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
