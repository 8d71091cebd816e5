"""The page: a run's records in, one offline HTML file out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jinja2
import yaml

from recurra.errors import ArtifactError, DamagedError
from recurra.files import read_bytes, read_document, write_text
from recurra.report.control import visible
from recurra.report.download import group_downloads, score_downloads
from recurra.report.drawing import DrawnSection, drawn_section
from recurra.report.heading import data_facts, heading
from recurra.report.history import HISTORY_FILE, Course, read_course
from recurra.report.record import METRICS_FILE, MetricsRecord, read_metrics, validated_record
from recurra.report.section import SECTIONS_FILE, SectionsRecord, read_sections
from recurra.report.table import GroupTable, group_table, score_rows
from recurra.report.training_section import training
from recurra.report.verdict import group_columns, reference_of, subject_of, within

CONFIG_FILE = "config.yaml"
REPORT_FILE = "report.html"
TEMPLATES = Path(__file__).parent / "templates"
DIAGNOSIS_FILE = "diagnosis.json"
"""What `recurra doctor` found, with sections for the page under "sections"."""

T = TypeVar("T")


@dataclass(frozen=True)
class Records:
    """What a run folder holds; None for a file that is not there."""

    folder: Path
    config: dict[str, Any] | None
    course: Course | None
    metrics: MetricsRecord | None
    sections: SectionsRecord | None
    diagnosis: SectionsRecord | None = None


def write_report(run_folder: Path) -> Path:
    """Write `report.html` into a run folder, from the records there; a section without records says so.

    Args:
        run_folder: Folder with any of config.yaml, history.jsonl, metrics.json, sections.json and
            diagnosis.json (`recurra.report.record`, `.section` and `.history` say what they hold).

    Returns:
        The path of the report: one file that needs nothing else, neither network nor scripts.

    Raises:
        ArtifactError: The folder is not there, or holds none of the records.
        DamagedError: A record is truncated or altered, or does not hold what it should.
        NewerFormatError: A newer version of recurra wrote it.
        StorageError: The report could not be written.
    """
    return write_page(run_folder / REPORT_FILE, read_records(run_folder))


def write_page(path: Path, records: Records) -> Path:
    """Write the page of some records to any place.

    Raises:
        StorageError: It could not be written.
    """
    write_text(path, render(records))
    return path


def read_records(run_folder: Path) -> Records:
    """Read what there is; errors as `write_report`."""
    if not run_folder.is_dir():
        raise ArtifactError(
            f"{run_folder} is not there", "the folder of a run", "Pass the folder that recurra train wrote."
        )
    records = Records(
        run_folder,
        _read_if_there(run_folder, CONFIG_FILE, _read_config),
        _read_if_there(run_folder, HISTORY_FILE, read_course),
        _read_if_there(run_folder, METRICS_FILE, read_metrics),
        _read_if_there(run_folder, SECTIONS_FILE, read_sections),
        _read_if_there(run_folder, DIAGNOSIS_FILE, _read_diagnosis),
    )
    if records.course is None and records.metrics is None and records.sections is None:
        names = f"{METRICS_FILE}, {SECTIONS_FILE} or {HISTORY_FILE}"
        raise ArtifactError(
            f"{run_folder} holds no records of a run",
            f"a folder with {names}",
            "Pass the folder that recurra train wrote.",
        )
    return records


def render(records: Records) -> str:
    """The page as HTML."""
    metrics, config = records.metrics, records.config or {}
    known = [one for one in (records.sections, records.diagnosis) if one is not None]
    sections = [drawn_section(one) for record in known for one in record.sections]
    groups = group_table(metrics) if metrics else None
    return template("page.html.j2").render(
        heading=heading(metrics, records.folder.resolve().name),
        metrics=metrics,
        columns=metrics.metrics if metrics else [],
        scores=score_rows(metrics) if metrics else [],
        reference=reference_of(metrics) if metrics else None,
        subject=subject_of(metrics) if metrics else None,
        sections=sections,
        groups=groups,
        contents=_contents(sections, groups, metrics),
        score_downloads=score_downloads(metrics) if metrics else [],
        group_downloads=group_downloads(metrics, group_columns(metrics)) if metrics and groups else [],
        training=training(records.course, config, _labels(metrics)),
        settings=setting_rows(config),
        facts=data_facts(metrics) if metrics else [],
    )


def template(name: str) -> jinja2.Template:
    """A template of a page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,  # what is markup stays
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["within"] = within
    return environment.get_template(name)


def _contents(
    sections: list[DrawnSection], groups: GroupTable | None, metrics: MetricsRecord | None
) -> list[tuple[str, str]]:
    """The sections in the order of the page, as (id, heading)."""
    own = [(one.section.id, one.section.heading) for one in sections]
    grouped = [("groups", f"{groups.group.capitalize()} by {groups.group}")] if groups else []
    data = [("data", "Data")] if metrics else []
    return [*own, ("scores", "Scores"), *grouped, ("training", "Training"), *data, ("again", "Reproduce")]


def _labels(metrics: MetricsRecord | None) -> dict[str, str]:
    """Names of metrics -> as people write them."""
    return {one.name: one.label for one in metrics.metrics} if metrics else {}


def _read_if_there(folder: Path, name: str, read: Callable[[Path], T]) -> T | None:
    return read(folder) if (folder / name).exists() else None


def _read_diagnosis(folder: Path) -> SectionsRecord:
    path = folder / DIAGNOSIS_FILE
    return validated_record(path, SectionsRecord, read_document(path, version=1))


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG_FILE
    try:
        config = yaml.safe_load(read_bytes(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        config = str(error)
    if not isinstance(config, dict):
        raise DamagedError(
            f"{path} holds no settings",
            "a YAML mapping of names to values",
            "Restore it from a copy, or train again.",
        )
    return config


def setting_rows(config: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Settings as (name, value), those of a group after its name and a dot."""
    rows = []
    for name, value in config.items():
        if name == "given":  # what was typed; the others are what came of it
            continue
        if isinstance(value, dict):
            rows += setting_rows(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", _setting_text(value)))
    return rows


def _setting_text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_setting_text(item) for item in value) or "none"
    return str(value)
