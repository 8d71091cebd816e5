"""What a task itself has to show: sections of pieces, kept in `sections.json` of the run folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from recurra.files import read_document, write_document
from recurra.report.download import Download
from recurra.report.piece import AnyPiece, LegendItem
from recurra.report.record import Record, validated_record

SECTIONS_FILE = "sections.json"
VERSION = 1
"""Format of the file."""

TAKEN = frozenset({"scores", "groups", "training", "data", "again"})
"""Ids of the sections that every report has."""


class Section(Record):
    """A section of the report.

    Attributes:
        id: Unique within the page: small letters, digits and hyphens.
        heading: A few words.
        lead: A sentence beneath the heading.
        legend: What the colours of all pieces mean; empty lets each piece say it for itself.
        pieces: What there is to see.
        layout: "hero" (the first large, the others beside each other), "grid" (all beside each other) or
            "full" (each as wide as the page).
        notes: Sentences at the end, such as what is not shown and why.
        downloads: Tables behind links at the end.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    heading: str
    lead: str = ""
    legend: Sequence[LegendItem] = Field(default_factory=list)
    pieces: Sequence[AnyPiece] = Field(default_factory=list)
    layout: Literal["hero", "grid", "full"] = "grid"
    notes: Sequence[str] = Field(default_factory=list)
    downloads: Sequence[Download] = Field(default_factory=list)


class SectionsRecord(Record):
    """The content of `sections.json`: sections in the order of the page."""

    sections: Sequence[Section] = Field(default_factory=list)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "SectionsRecord":
        ids = [section.id for section in self.sections]
        if len(set(ids)) < len(ids):
            raise ValueError("two sections have the same id")
        if taken := TAKEN.intersection(ids):
            raise ValueError(f"the id {min(taken)!r} is that of a section which every report has")
        return self


def write_sections(folder: Path, sections: Sequence[Section]) -> None:
    """Write `sections.json` into a run folder, whole or not at all.

    Raises:
        ValueError: Two sections have the same id, or one that is taken.
        StorageError: The disk is full, or the place cannot be written.
    """
    record = SectionsRecord(sections=list(sections))
    write_document(folder / SECTIONS_FILE, record.model_dump(), version=VERSION)


def read_sections(folder: Path) -> SectionsRecord:
    """Read `sections.json` from a run folder.

    Raises:
        DamagedError: The file is missing, truncated or altered, or does not hold what it should.
        NewerFormatError: A newer version of recurra wrote it.
    """
    path = folder / SECTIONS_FILE
    return validated_record(path, SectionsRecord, read_document(path, version=VERSION))
