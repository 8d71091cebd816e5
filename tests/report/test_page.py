"""The page: whole, offline, escaped, true to its records, and clear about what is missing or damaged."""

import json
import subprocess
import sys

import pytest
import yaml
from tests.report.document import Document
from tests.report.run_folder import write_run

from recurra.errors import ArtifactError, DamagedError, NewerFormatError
from recurra.files import write_document
from recurra.report.page import write_report
from recurra.report.record import read_metrics

RECORDS = {
    "config.yaml": "no config.yaml",
    "history.jsonl": "no history.jsonl",
    "metrics.json": "no metrics.json",
    "sections.json": "no sections.json",
}


def page_of(folder):
    return write_report(folder).read_text()


def test_the_page_is_well_formed_html(finished_run):
    document = Document((finished_run / "report.html").read_text())
    assert document.count("h1") == 1
    assert document.count("svg") == 1 + 7 + 3 + 3
    ids = document.attributes("id")
    assert len(set(ids)) == len(ids)
    assert set(document.attributes("aria-labelledby")) <= set(ids)
    used = [value[1:] for value in document.attributes("href") if value.startswith("#")]
    assert set(used) <= set(ids)


def test_the_page_needs_nothing_else(finished_run):
    page = (finished_run / "report.html").read_text()
    document = Document(page)
    assert "http" not in page.replace('http-equiv="', "").lower()
    assert document.count("script") == document.count("img") == document.count("iframe") == 0
    assert all(value.startswith(("#", "data:")) for value in document.attributes("href"))
    assert document.attributes("src") == []
    assert "@import" not in page
    assert "url(" not in page.replace("url(#", "")


def test_every_figure_says_what_it_shows(finished_run):
    document = Document((finished_run / "report.html").read_text())
    figures = [attributes for tag, attributes in document.tags if tag == "svg"]
    assert all(one["role"] == "img" and len(one["aria-label"]) > 20 for one in figures)


def test_figures_take_the_colours_and_the_font_of_the_page(finished_run):
    page = (finished_run / "report.html").read_text()
    figures = page[page.index("<svg") : page.rindex("</svg>")]
    assert "#0c0c" not in figures
    assert "font-family" not in figures
    assert "var(--model)" in figures


def test_the_numbers_are_those_of_the_records(finished_run):
    document = Document((finished_run / "report.html").read_text())
    metrics = read_metrics(finished_run)
    shown = {float(value) for value in document.attributes("value")}
    stated = {score for model in metrics.models for score in model.scores.values() if score is not None}
    named = {
        model.scores[one.name]
        for model in metrics.models
        for one in metrics.metrics
        if one.name in model.scores
    }
    assert named <= shown
    series = {
        value for row in metrics.per_group["recurra"] for value in row.values() if isinstance(value, float)
    }
    assert shown <= stated | series


def test_every_series_and_every_model_is_named(finished_run):
    metrics = read_metrics(finished_run)
    texts = [text.strip() for text in Document((finished_run / "report.html").read_text()).texts]
    assert {row["group"] for row in metrics.per_group["recurra"]} <= set(texts)
    assert {model.label for model in metrics.models} <= set(texts)


def test_settings_versions_repairs_and_command_are_there(finished_run):
    text = Document((finished_run / "report.html").read_text()).text
    metrics = read_metrics(finished_run)
    for expected in (*metrics.data.repairs, metrics.command, "torch 2.13.0", "columns.id", "All 15 settings"):
        assert expected in text


def test_names_are_escaped(tmp_path):
    ids = [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "a & b ' \" $x_1$",
        "日本語",
        "ω" * 90,
    ]
    page = page_of(write_run(tmp_path / "<b>run", ids=ids, horizon=5))
    document = Document(page)
    assert document.count("script") == document.count("img") == document.count("b") - page.count("<b>") == 0
    assert "<script" not in page
    texts = [text.strip() for text in document.texts]
    assert set(ids) <= set(texts)


@pytest.mark.parametrize("missing", RECORDS)
def test_a_missing_record_leaves_its_section_out_and_says_why(run, missing):
    (run / missing).unlink()
    document = Document(page_of(run))
    assert RECORDS[missing] in document.text
    assert not any(sentence in document.text for name, sentence in RECORDS.items() if name != missing)


def test_a_run_that_was_only_trained_still_has_its_curves(run):
    for name in ("metrics.json", "sections.json"):
        (run / name).unlink()
    document = Document(page_of(run))
    assert "has not been judged yet" in document.text
    assert document.count("svg") == 3


def test_one_series_has_no_table_of_series_and_misses_none(tmp_path):
    text = Document(page_of(write_run(tmp_path / "run", ids=["only"], horizon=5))).text
    assert "hardest first" not in text
    assert "Scores by series were not recorded" not in text


def test_optional_parts_may_be_absent(run):
    mae = {"name": "mae", "label": "MAE"}
    metrics = {"task": "forecast", "metrics": [mae], "group": "series", "models": [
        {"name": "recurra", "label": "GRU", "kind": "recurrent", "scores": {"mae": 1.5}}]}  # fmt: skip
    write_document(run / "metrics.json", metrics, version=1)
    text = Document(page_of(run)).text
    for sentence in (
        "GRU reaches MAE 1.50.",
        "Scores by series were not recorded",
        "command of this run",
    ):
        assert sentence in text


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_a_truncated_record_is_our_error(run, name, share):
    content = (run / name).read_bytes()
    kept = content[: int(share * len(content))]
    if name == "history.jsonl" and share == 0:
        kept = b"{"
    if name == "config.yaml" and share > 0:
        kept += b"\n: ["
    (run / name).write_bytes(kept)
    page = (run / "report.html").read_bytes()
    with pytest.raises(DamagedError, match=name):
        write_report(run)
    assert (run / "report.html").read_bytes() == page


@pytest.mark.parametrize("name", ["metrics.json", "sections.json"])
def test_every_flipped_byte_is_found(run, name):
    content = bytearray((run / name).read_bytes())
    for place in range(7, len(content) - 2, max(1, len(content) // 20)):
        altered = bytearray(content)
        altered[place] ^= 0x04
        (run / name).write_bytes(bytes(altered))
        if json_or_none(altered) == json.loads(content):
            continue  # white space became other white space
        with pytest.raises(ArtifactError, match=name):
            write_report(run)


def json_or_none(content):
    try:
        return json.loads(bytes(content))
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("history.jsonl", "[1, 2]"),
        ("history.jsonl", '{"step": 1}'),
        ("history.jsonl", '{"kind": "epoch", "epoch": 1}'),
        ("history.jsonl", '{"kind": "step", "step": "x"}'),
        ("history.jsonl", '{"kind": ["step"], "step": 1}'),
        ("config.yaml", "- 1\n- 2"),
        ("config.yaml", "just text"),
        ("config.yaml", "a: [1"),
        ("config.yaml", "a: \x00"),
    ],
)
def test_wrong_content_is_our_error(run, name, line):
    (run / name).write_text(line + "\n")
    with pytest.raises(DamagedError, match=name):
        write_report(run)


def test_bytes_that_are_no_text_are_our_error(run):
    for name in RECORDS:
        content = (run / name).read_bytes()
        (run / name).write_bytes(b"\xff\xfe\x00" + content)
        with pytest.raises(DamagedError, match=name):
            write_report(run)
        (run / name).write_bytes(content)


@pytest.mark.parametrize("name", ["metrics.json", "sections.json"])
def test_a_newer_format_is_our_error(run, name):
    write_document(run / name, {}, version=2)
    with pytest.raises(NewerFormatError, match=name):
        write_report(run)


def test_a_folder_without_records_is_our_error(tmp_path):
    with pytest.raises(ArtifactError, match="holds no records"):
        write_report(tmp_path)
    with pytest.raises(ArtifactError, match="is not there"):
        write_report(tmp_path / "nowhere")


def test_unknown_keys_and_kinds_are_passed_over(run):
    with (run / "history.jsonl").open("a") as file:
        file.write('{"kind": "event", "what": "resumed"}\n')
    config = yaml.safe_load((run / "config.yaml").read_text())
    (run / "config.yaml").write_text(yaml.safe_dump(config | {"a_new_setting": [None, True]}))
    assert "none, yes" in Document(page_of(run)).text


def test_400_series_make_a_page_of_moderate_size(tmp_path):
    run = write_run(tmp_path / "many", series=414, horizon=48)
    page = page_of(run)
    assert len(page) < 700_000  # 100,000 of them are the table of all scores to take along
    assert {f"H{index + 1}" for index in range(414)} <= {text.strip() for text in Document(page).texts}


def test_the_same_records_give_the_same_page(finished_run, run):
    before = (finished_run / "report.html").read_text()
    assert page_of(run) == before


def test_reports_need_no_torch():
    code = "import sys, recurra.report.page; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_records_need_no_matplotlib():
    code = (
        "import sys, recurra.report.record; sys.exit('matplotlib' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
