import re
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from recurra.cli.score_table import print_scores
from recurra.metrics.metric import metric
from recurra.report.record import MetricRecord, MetricsRecord, ModelRecord

METRICS = ["mase", "mae", "owa", "coverage_80", "width_80"]
BOLD = "\033[1m"


def model(label: str, kind: str, **scores: float | None) -> ModelRecord:
    return ModelRecord(name=label.lower(), label=label, kind=kind, scores=scores)


NAIVE = model("Last value", "naive", mase=1.25, mae=1234.5, owa=None, coverage_80=None)
CONVOLUTIONAL = model("Convolutional net", "neural", mase=0.5, mae=700.0, coverage_80=0.95, width_80=3.0)
RECURRENT = model("LSTM", "recurrent", mase=0.75, mae=float("nan"), coverage_80=0.78, width_80=5.0)


class Printed(NamedTuple):
    title: str
    header: str
    rule: str
    rows: list[str]
    ending: str
    lines: list[str]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def with_width(columns: int, *models: ModelRecord, notes: Sequence[str] = ()) -> Printed:
        monkeypatch.setenv("COLUMNS", str(columns))
        metrics = MetricsRecord(
            task="forecast",
            metrics=[MetricRecord.of(metric(name)) for name in METRICS],
            models=list(models),
            title="sales, 7 days ahead",
            judged="1\u202f300 forecasts in the test part",
            notes=list(notes),
        )
        print_scores(metrics)
        text = capsys.readouterr().out
        title, table, ending = text.split("\n\n")
        header, rule, *rows = table.splitlines()
        return Printed(title, header, rule, rows, ending, text.splitlines())

    return with_width


def test_the_recurrent_net_comes_first_and_columns_are_aligned(printed) -> None:
    shown = printed(80, NAIVE, CONVOLUTIONAL, RECURRENT)
    assert shown.header.split() == ["MASE", "MAE", "in", "80%", "Width", "80"]  # nobody has an OWA
    assert set(shown.rule) == {"─"}
    assert [row.split()[0] for row in shown.rows] == ["LSTM", "Convolutional", "Last"]
    end = shown.header.index("MASE") + len("MASE")
    assert [row[:end].split()[-1] for row in shown.rows] == ["0.750", "0.500", "1.250"]


def test_the_title_says_what_was_forecast_and_the_ending_what_came_out(printed) -> None:
    shown = printed(80, NAIVE, CONVOLUTIONAL, RECURRENT)
    assert shown.title == "sales, 7 days ahead: scores of 1,300 forecasts in the test part"
    assert "LSTM" in shown.ending or "Convolutional net" in shown.ending
    assert "last value" in shown.ending


def test_how_to_read_the_scores_stands_below_the_verdict(printed) -> None:
    notes = ["Forecasts are those of theta.", "Of the 1\u202f300 forecasts few do not overlap."]
    shown = printed(80, NAIVE, RECURRENT, notes=notes)
    assert shown.lines[-2:] == ["Forecasts are those of theta.", "Of the 1,300 forecasts few do not overlap."]


def test_a_linear_model_stands_between_nets_and_naive_ones(printed) -> None:
    linear = model("Bag of words", "linear", mase=0.7)
    shown = printed(80, NAIVE, linear, CONVOLUTIONAL, RECURRENT)
    assert [row.split()[0] for row in shown.rows] == ["LSTM", "Convolutional", "Bag", "Last"]


def test_what_is_not_known_is_a_dash_and_signs_are_plain(printed) -> None:
    shown = printed(80, RECURRENT, NAIVE)
    assert shown.rows[0].split()[2] == "-"
    assert shown.rows[1].split()[-1] == "-"
    assert "1,234" in shown.rows[1]
    assert "\n".join(shown.lines).replace("─", "").isascii()


@pytest.mark.parametrize("columns", [25, 40, 80, 120])
def test_the_table_fits_the_terminal_and_says_what_it_leaves_out(printed, columns: int) -> None:
    shown = printed(columns, NAIVE, CONVOLUTIONAL, RECURRENT)
    assert all(len(line) <= columns for line in shown.lines[1:])
    known = ["MASE", "MAE", "in 80%", "Width 80"]
    present = [title for title in known if title in shown.header]
    assert present == known[: len(present)] != []
    hidden = len(known) - len(present)
    assert (f"{hidden} more columns" in shown.ending.replace("\n", " ")) == (hidden > 0)


def test_the_best_of_a_column_is_bold_on_a_terminal(printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    recurrent, convolutional, naive = printed(80, NAIVE, CONVOLUTIONAL, RECURRENT).rows
    assert recurrent.count(BOLD) == 2  # its label, and the coverage nearest to its level
    assert re.search(r"\033\[1m *78\.0%", recurrent)
    assert convolutional.count(BOLD) == 2  # MASE and MAE; no width is best
    assert re.search(r"\033\[1m *0\.500", convolutional)
    assert BOLD not in naive
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in "".join(printed(80, NAIVE, CONVOLUTIONAL, RECURRENT).lines)
