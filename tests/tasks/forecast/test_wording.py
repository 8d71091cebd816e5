"""Time steps and times in words."""

import pytest
from tests.tasks.forecast.example import hourly

from recurra.inputs.series.panel import Panel
from recurra.inputs.series.split import split_by_size
from recurra.tasks.forecast.wording import frequency_text, highlights, outline_of, span_text, steps_text


@pytest.mark.parametrize(
    ("share", "miss", "said"),
    [(0.6, "below", "too narrow"), (0.95, "above", "too wide"), (0.78, "", "")],
)
def test_poor_intervals_are_marked_where_they_are_told(share: float, miss: str, said: str):
    (tile,), (remark,) = highlights({"coverage_80": share})
    assert tile.miss == miss
    assert said in tile.note
    assert said in remark
    assert ("too" in tile.note) == bool(said)


@pytest.mark.parametrize(
    ("frequency", "text"),
    [("1h", "1 hour"), ("15min", "15 minutes"), ("1mo", "1 month"), ("3q", "3 quarters"), ("odd", "odd")],
)
def test_frequencies_are_spelt_out(frequency: str, text: str):
    assert frequency_text(frequency) == text


@pytest.mark.parametrize(
    ("steps", "frequency", "text"),
    [
        (24, "1h", "24 hours"),
        (1, "1d", "1 day"),
        (8, "15min", "8 steps of 15 minutes"),
        (12, "1", "12 steps"),
    ],
)
def test_steps_are_counted_in_their_unit(steps: int, frequency: str, text: str):
    assert steps_text(steps, frequency) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (3, 9, "3 to 9"),
        ("2025-03-01", "2025-03-04", "1 March 2025 to 4 March 2025"),
        ("2025-03-01", "2025-03-01", "1 March 2025"),
        ("2025-03-01T05:00:00", "2025-03-01T09:30:00", "1 March 2025, 05:00 to 09:30"),
        ("2025-03-01T00:00:00", "2025-03-02T09:30:00", "1 March 2025, 00:00 to 2 March 2025, 09:30"),
    ],
)
def test_spans_name_clocks_and_days_no_more_than_needed(start: int | str, end: int | str, text: str):
    assert span_text(start, end) == text


@pytest.mark.parametrize(
    ("lengths", "begins"),
    [
        ({"a": 4, "b": 30, "c": 20}, "2 series, the longest of 30 steps of 1 hour"),
        ({"a": 4, "b": 30}, "1 series of 30 steps of 1 hour"),
    ],
)
def test_series_that_are_left_out_are_not_counted(lengths: dict[str, int], begins: str):
    panel = Panel.build(hourly(lengths))
    split = split_by_size(panel, 3, validation=3, test=3)
    assert split.repairs[0].startswith(f"left out 1 of {len(lengths)} series")
    assert outline_of(panel, split).startswith(begins)
