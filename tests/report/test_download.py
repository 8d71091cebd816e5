"""Tables to take along: what the page holds is what the records say."""

import base64
import csv
import io

from tests.report.document import Document
from tests.report.run_folder import write_run

from recurra.report import download
from recurra.report.download import Download
from recurra.report.page import write_report
from recurra.report.record import read_metrics
from recurra.report.section import Section, write_sections


def tables_of(page):
    """Name -> rows of every table behind a link."""
    document = Document(page.read_text())
    found = {}
    for name, link in zip(document.attributes("download"), links(document), strict=True):
        text = base64.b64decode(link.removeprefix("data:text/csv;charset=utf-8;base64,")).decode()
        found[name] = list(csv.DictReader(io.StringIO(text)))
    return found


def links(document):
    return [link for link in document.attributes("href") if link.startswith("data:text/csv")]


def test_scores_of_models_and_groups_are_behind_links(finished_run):
    metrics, tables = read_metrics(finished_run), tables_of(finished_run / "report.html")
    rows = tables["scores.csv"]
    assert [row["model"] for row in rows] == [model.name for model in metrics.models]
    assert [row["mase"] for row in rows] == [str(model.scores["mase"]) for model in metrics.models]
    groups = tables["scores-by-group.csv"]
    assert len(groups) == sum(len(own) for own in metrics.per_group.values())
    first = metrics.per_group["recurra"][0]
    found = next(row for row in groups if (row["model"], row["series"]) == ("recurra", first["group"]))
    assert float(found["mase"]) == float(f"{first['mase']:.6g}")


def test_what_is_too_much_for_a_page_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MOST_ROWS", 5)
    page = write_report(write_run(tmp_path / "many"))
    assert list(tables_of(page)) == ["scores.csv"]
    assert "Scores of all 12 series are in metrics.json" in page.read_text()


def test_a_section_may_have_tables_of_its_own(tmp_path):
    names = [["a,b", 1.5], ["ü\nc", None]]
    made = Download.of("Take it", "own-table.csv", ["name", "value"], names)
    write_sections(tmp_path, [Section(id="one", heading="One", downloads=[made])])
    page = write_report(tmp_path)
    assert tables_of(page) == {
        "own-table.csv": [{"name": "a,b", "value": "1.5"}, {"name": "ü\nc", "value": ""}]
    }


def test_contents_lead_to_every_section(finished_run):
    document = Document((finished_run / "report.html").read_text())
    targets = [link.removeprefix("#") for link in document.attributes("href") if link.startswith("#")]
    sections = document.attributes("aria-labelledby")
    assert targets[: len(sections)] == sections  # what follows are parts of figures
