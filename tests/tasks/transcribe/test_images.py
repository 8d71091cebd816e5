"""Lines of digits to texts, through the transcriber and its command."""

from pathlib import Path

import polars as pl
import pytest
from tests.cli.program import call

from recurra import Transcriber
from recurra.inputs.samples import load_sample

ROWS = load_sample("digit_lines").head(40)


def test_lines_are_read_in_columns_and_reports_show_where_each_symbol_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    ROWS.write_ndjson(tmp_path / "lines.jsonl")
    given = ("hidden_size=8", "max_epochs=1", "front_width=2", "stack=1")
    assert call(capsys, "train", "transcribe", tmp_path / "lines.jsonl", "--out", run, *given).code == 0
    page = (run / "report.html").read_text()
    assert "Where it told what" in page
    assert page.count("data:image/png;base64,") >= 3
    found = call(capsys, "predict", run, tmp_path / "lines.jsonl")
    assert found.code == 0
    one_way = ("hidden_size=8", "max_epochs=1", "front_width=2", "bidirectional=false")
    other = tmp_path / "other"
    assert call(capsys, "train", "transcribe", tmp_path / "lines.jsonl", "--out", other, *one_way).code == 0
    refused = call(capsys, "stream", other)
    assert refused.code == 2
    assert "rows for a run of task transcribe" in refused.err
    assert "use predict" in refused.err
    heard = call(capsys, "stream", other, "--audio", "-")
    assert heard.code == 2
    assert "whose input is images" in heard.err


def test_lines_of_different_widths_are_learnt() -> None:
    settings = {"hidden_size": 32, "num_layers": 1, "front_width": 8, "stack": 1, "batch_size": 8}
    rows = pl.concat([ROWS.head(12)] * 6)
    transcriber = Transcriber(**settings, max_epochs=30, learning_rate=1e-2, dropout=0.0, seed=1)
    transcriber.fit(rows, validation=ROWS.head(12), test=ROWS.head(12))
    assert transcriber.config_.view == "columns"
    assert transcriber.score() < 0.5
