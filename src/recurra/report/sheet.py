"""A page of sections about what is no single run: a comparison, a search. One offline HTML file as well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recurra.files import write_text
from recurra.report.drawing import drawn_section
from recurra.report.heading import time_text
from recurra.report.page import setting_rows, template
from recurra.report.section import Section


@dataclass(frozen=True)
class Sheet:
    """What is on the page.

    Attributes:
        title: What was done, on what.
        kind: A few words above it.
        headline: The sentence that matters most.
        sections: What there is to see.
        finished: When it ended, in ISO 8601.
        details: Sentences after the headline.
        command: What to type to get it again.
        settings: What it was made with.
        versions: Package -> version.
    """

    title: str
    kind: str
    headline: str
    sections: Sequence[Section]
    finished: str = ""
    details: Sequence[str] = ()
    command: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def write_sheet(path: Path, sheet: Sheet) -> Path:
    """Write the page.

    Raises:
        StorageError: It cannot be written.
    """
    write_text(path, sheet_html(sheet))
    return path


def sheet_html(sheet: Sheet) -> str:
    """The page as HTML."""
    return template("sheet.html.j2").render(
        sheet=sheet,
        finished=time_text(sheet.finished) if sheet.finished else "",
        sections=[drawn_section(one) for one in sheet.sections],
        contents=[*((one.id, one.heading) for one in sheet.sections), ("again", "Reproduce")],
        settings=setting_rows(dict(sheet.settings)),
    )
