"""What a search for settings began with, kept in its folder so that going on with it needs nothing else."""

import re
from pathlib import Path
from typing import Any

from pydantic import Field

from recurra.errors import ConfigError
from recurra.experiment.comparison_plan import plain
from recurra.files import read_document, write_document
from recurra.report.heading import source_name
from recurra.report.record import Record, validated_record

SEARCH_FILE = "search.json"
VERSION = 1


class Searched(Record):
    """The content of `search.json`.

    Attributes:
        task: Name of the task.
        data: The data, as they were named; `validation` and `test` likewise.
        validation: Data to judge on, if given.
        test: Data kept from the search, if given.
        given: Settings that are fixed.
        only: The settings to search; None: all that have a range.
        storage: URL of the database.
        study: Name of the study.
        trials: How many it is to have.
    """

    task: str
    data: str
    validation: str | None = None
    test: str | None = None
    given: dict[str, Any] = Field(default_factory=dict)
    only: list[str] | None = None
    storage: str
    study: str
    trials: int


def study_name(task: str, data: str) -> str:
    """The name of a study of which no other is given: of task and data, so that machines that join agree."""
    return f"{task}-{re.sub(r'[^A-Za-z0-9_-]+', '-', source_name(data)) or 'data'}"


def new_search(folder: Path) -> None:
    """Make sure that a search may begin in a folder.

    Raises:
        ConfigError: Something is there already.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        holds = "a search" if (folder / SEARCH_FILE).exists() else "something else"
        raise ConfigError(
            f"{folder} holds {holds}", "a new folder", "Choose another, or add --resume to go on with it."
        )


def begin(folder: Path, searched: Searched) -> None:
    """Write down what a search begins with, unless it is there."""
    if (folder / SEARCH_FILE).exists():
        return
    document = {**searched.model_dump(mode="json"), "given": plain(searched.given)}
    write_document(folder / SEARCH_FILE, document, version=VERSION)


def read_search(folder: Path) -> Searched:
    """What a search began with.

    Raises:
        ConfigError: None began there.
        DamagedError: The file was truncated or altered.
    """
    path = folder / SEARCH_FILE
    if not path.exists():
        raise ConfigError(
            f"there is no search in {folder}", "one to resume", "Leave --resume out to begin one."
        )
    return validated_record(path, Searched, read_document(path, version=VERSION))
