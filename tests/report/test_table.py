"""The tables: order, the best in bold, bars on the right side, all series or the hardest."""

from recurra.metrics.metric import metric
from recurra.report.record import MetricRecord, MetricsRecord
from recurra.report.table import MOST_GROUPS, group_table, leaders, score_rows


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
        name: [{"group": f"s{index}", "mase": values[0] * (index + 1)} for index in range(series)]
        for name, values in scores.items()
    }
    described = [MetricRecord.of(metric(name)) for name in metrics]
    content = {"task": "forecast", "metrics": described, "models": models, "group": "series"}
    content |= {"reference": "seasonal_naive" if "seasonal_naive" in scores else "", "per_group": rows}
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
    assert group_table(record(SCORES, series=1)) is None


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
    table = group_table(record(SCORES, series=7))
    assert [row.name for row in table.worst] == [f"s{index}" for index in (6, 5, 4, 3, 2, 1, 0)]
    assert table.best == table.rows == []
    assert [column.name for column in table.columns] == ["mase"]
    assert table.worst[0].change.text == "\u221225\u202f%"


def test_many_series_are_shown_from_both_ends():
    table = group_table(record(SCORES, series=MOST_GROUPS + 7))
    assert [row.name for row in table.best[:2]] == ["s0", "s1"]
    assert table.worst[0].name == f"s{MOST_GROUPS + 6}"
    assert len(table.rows) == MOST_GROUPS
    assert table.total == MOST_GROUPS + 7


def test_no_series_no_table():
    assert group_table(record(SCORES)) is None


def test_series_without_a_score_come_last():
    metrics = record(SCORES, series=5)
    metrics.per_group["net"][4]["mase"] = None
    table = group_table(metrics)
    assert table.worst[-1].name == "s4"
    assert table.worst[-1].change.side == "none"


def test_shares_are_compared_in_points_and_more_is_better():
    scores = {"net": (0.75,), "naive": (0.5,), "other": (0.25,)}
    metrics = record(scores, metrics=("accuracy",)).model_copy(update={"reference": "naive"})
    rows = score_rows(metrics)
    assert [row.label for row in rows] == ["NET", "NAIVE", "OTHER"]
    assert [row.bar.side for row in rows] == ["better", "none", "worse"]
    assert [row.bar.text for row in rows] == ["+25.0\u202fpp", "0.0\u202fpp", "\u221225.0\u202fpp"]


def test_groups_may_have_metrics_of_their_own():
    rows = [
        {"group": "cat", "f1": 0.9, "support": 12.0},
        {"group": "dog", "f1": 0.4, "support": 1500.0},
    ]
    described = [MetricRecord.of(metric(name)) for name in ("f1", "recall", "support")]
    metrics = record(SCORES).model_copy(
        update={"group": "class", "group_metrics": described, "per_group": {"net": rows}}
    )
    table = group_table(metrics)
    assert (table.group, table.groups, table.compared) == ("class", "classes", False)
    assert [column.name for column in table.columns] == ["f1", "support"]
    assert [[cell.text for cell in row.cells] for row in table.worst] == [
        ["40.0\u202f%", "1\u202f500"],
        ["90.0\u202f%", "12"],
    ]
