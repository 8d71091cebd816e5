"""The tables: order, the best in bold, bars on the right side, all series or the hardest."""

from recurra.report.record import MetricsRecord
from recurra.report.table import MOST_SERIES, leaders, score_rows, series_table


def record(scores, series=0, metrics=("mase", "coverage_80", "width_80")):
    models = [
        {
            "name": name,
            "label": name.upper(),
            "kind": "naive" if "naive" in name else "recurrent",
            "scores": dict(zip(metrics, values, strict=False)),
        }
        for name, values in scores.items()
    ]
    rows = {
        name: [{"unique_id": f"s{index}", "mase": values[0] * (index + 1)} for index in range(series)]
        for name, values in scores.items()
    }
    content = {"task": "forecast", "metrics": list(metrics), "models": models, "per_series": rows}
    return MetricsRecord.model_validate(content)


SCORES = {
    "seasonal_naive": (2.0, None, None),
    "net": (1.5, 0.7, 9.0),
    "gru": (1.0, 0.95, 4.0),
    "naive": (9.0, None, None),
}


def test_models_are_ordered_and_the_best_is_bold():
    rows = score_rows(record(SCORES))
    assert [row.label for row in rows] == ["GRU", "NET", "SEASONAL_NAIVE", "NAIVE"]
    assert [[cell.best for cell in row.cells] for row in rows[:2]] == [
        [True, False, False],
        [False, True, False],
    ]
    assert [row.is_subject for row in rows] == [False, True, False, False]
    assert [row.is_reference for row in rows] == [False, False, True, False]
    assert rows[2].cells[1].value is None


def test_a_score_without_another_is_not_the_best():
    rows = score_rows(record({"net": (1.0, 0.5), "seasonal_naive": (2.0, None)}, metrics=("mase", "wql")))
    assert [[cell.best for cell in row.cells] for row in rows] == [[True, False], [False, False]]


def test_one_series_needs_no_table_of_its_own():
    assert series_table(record(SCORES, series=1)) is None


def test_equal_scores_are_all_bold():
    rows = score_rows(record({"a": (1.0,), "b": (1.0,), "seasonal_naive": (2.0,)}, metrics=("mase",)))
    assert [row.cells[0].best for row in rows] == [True, True, False]


def test_bars_point_to_the_right_side():
    bars = [row.bar for row in score_rows(record(SCORES))]
    assert [bar.side for bar in bars] == ["better", "better", "none", "worse"]
    assert [bar.length for bar in bars] == [50.0, 25.0, 0.0, 100.0]
    assert [bar.beyond for bar in bars] == [False, False, False, True]
    assert bars[0].text == "\u221250\u202f%"


def test_leaders_are_subject_reference_and_the_best_others():
    assert [one.name for one in leaders(record(SCORES), 3)] == ["net", "seasonal_naive", "gru"]


def test_few_series_are_shown_at_once():
    table = series_table(record(SCORES, series=7))
    assert [row.unique_id for row in table.worst] == [f"s{index}" for index in (6, 5, 4, 3, 2, 1, 0)]
    assert table.best == table.rows == []
    assert [column.name for column in table.columns] == ["mase"]
    assert table.worst[0].change.text == "\u221225\u202f%"


def test_many_series_are_shown_from_both_ends():
    table = series_table(record(SCORES, series=MOST_SERIES + 7))
    assert [row.unique_id for row in table.best[:2]] == ["s0", "s1"]
    assert table.worst[0].unique_id == f"s{MOST_SERIES + 6}"
    assert len(table.rows) == MOST_SERIES
    assert table.total == MOST_SERIES + 7


def test_no_series_no_table():
    assert series_table(record(SCORES)) is None


def test_series_without_a_score_come_last():
    metrics = record(SCORES, series=5)
    metrics.per_series["net"][4]["mase"] = None
    table = series_table(metrics)
    assert table.worst[-1].unique_id == "s4"
    assert table.worst[-1].change.side == "none"
