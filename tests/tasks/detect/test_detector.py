"""A detector: what it finds, that nothing of the future enters, and that labels are never learnt from."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recurra import Detector
from recurra.data.sample import sample_path
from recurra.errors import ConfigError, DataError
from recurra.inputs.generated_series import FAULTS, pump_rows

SETTINGS = {"hidden_size": 4, "max_epochs": 2, "probation": 200}
ROWS, SPIKE, SHIFT = 700, 400, 600


def readings(rows: int = ROWS, seed: int = 0) -> pl.DataFrame:
    """A noisy wave with a spike and, from a row on, another level."""
    random = np.random.default_rng(seed)
    values = np.sin(np.arange(rows) / 4) + random.normal(0, 0.1, rows)
    values[SPIKE : SPIKE + 1] += 5
    values[SHIFT:] += 4
    label = np.zeros(rows, int)
    label[SPIKE : SPIKE + 1] = 1
    label[SHIFT : SHIFT + 10] = 1
    return pl.DataFrame({"ds": np.arange(rows), "y": values, "label": label})


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(**SETTINGS).fit(readings(), show_progress=False)


def test_planted_anomalies_raise_an_alarm(detector: Detector) -> None:
    told = detector.predict(readings())
    assert told.columns == ["unique_id", "ds", "y", "expected", "score", "flag", "alarm"]
    alarms = told.filter("alarm")["ds"].to_list()
    assert SPIKE in alarms
    assert any(SHIFT <= row < SHIFT + 20 for row in alarms)
    assert not told["flag"][:200].any()  # taken for normal
    assert told["flag"].mean() < 0.05
    assert told["score"].is_between(0, 1).all()


def test_scores_do_not_change_when_later_rows_do(detector: Detector) -> None:
    rows = readings()
    other = rows.with_columns(pl.when(pl.col("ds") < 500).then("y").otherwise(-pl.col("y")).alias("y"))
    columns = ["expected", "score", "flag", "alarm"]
    assert detector.predict(rows)[columns][:500].equals(detector.predict(other)[columns][:500])
    assert detector.predict(rows[:500])[columns].equals(detector.predict(rows)[columns][:500])


def test_what_was_expected_is_explained(detector: Detector) -> None:
    rows = readings()
    told = detector.predict(rows)
    (found,) = detector.explain(rows).rows
    highest = told.filter(pl.col("score") == told["score"].max())["ds"][0]
    assert found.output == f"y expected at {highest}"
    assert found.steps[-1] == str(highest - 1)
    (early,) = detector.explain(rows, step=40).rows
    assert early.result == pytest.approx(told["expected"][39], rel=1e-4)  # the net began at the same row
    assert early.steps == tuple(str(row) for row in range(39))
    np.testing.assert_allclose(early.values[:, 0], rows["y"][:39], atol=1e-5)
    assert abs(early.error) < 0.02 * abs(early.result - early.without)
    assert np.abs(early.by_step[-3:]).sum() > np.abs(early.by_step[:-3]).sum()
    with pytest.raises(DataError, match="without anything to explain"):
        detector.explain(rows, step=1)


def test_labels_are_scored_with_and_never_read(detector: Detector) -> None:
    rows = readings()
    turned = rows.with_columns(1 - pl.col("label"))
    twin = Detector(**SETTINGS).fit(turned, show_progress=False)
    told = ["expected", "score", "flag"]
    assert twin.predict(rows)[told].equals(detector.predict(rows.drop("label"))[told])
    scores = {one.name: one.scores for one in detector.evaluate().models}
    assert set(scores) == {"recurra", "windowed_gaussian", "spectral_residual"}
    assert scores["recurra"]["auc_pr"] > 0.2
    assert scores["recurra"]["nab"] > 50
    without = Detector(**SETTINGS, label="none").fit(rows, show_progress=False).evaluate().models[0].scores
    assert without["auc_pr"] is None
    assert without["flagged"] == scores["recurra"]["flagged"]


def test_stretches_have_a_row_each(detector: Detector) -> None:
    found = detector.predict(readings(), spans=True)
    assert found.columns == ["unique_id", "begin", "end", "rows", "score"]
    assert (found["end"] - found["begin"] + 1 == found["rows"]).all()
    assert SPIKE in found["begin"].to_list()


def test_newer_rows_go_on_from_those_of_training(detector: Detector) -> None:
    later = readings(50, seed=3).with_columns(pl.col("ds") + ROWS, pl.lit(4.0).alias("y"))[:5]
    told = detector.predict(later)
    assert told["score"].null_count() == 0
    assert told["expected"].null_count() == 0  # the first row too: the net has read what came before
    assert not told["flag"].any()


def test_a_loaded_detector_tells_the_same(detector: Detector, tmp_path: Path) -> None:
    again = Detector.load(detector.save(tmp_path / "net"), device="cpu")
    assert again.predict(readings()).equals(detector.predict(readings()))


def test_columns_are_series_of_their_own() -> None:
    rows = readings()
    wide = rows.select("ds", pl.col("y").alias("north"), pl.col("y").reverse().alias("south"))
    several = Detector(**SETTINGS, target="north,south").fit(wide, show_progress=False)
    told = several.predict(wide)
    assert sorted(told["unique_id"].unique()) == ["north", "south"]
    alone = told.filter(pl.col("unique_id") == "north", "alarm")
    assert SPIKE in alone["ds"].to_list()
    with pytest.raises(DataError, match="training did not see"):
        several.predict(
            pl.DataFrame({"unique_id": ["east"] * 3, "ds": [0, 1, 2], "y": [1.0, 2.0, 3.0]}).rename(
                {"y": several.fitted_.schema.panel.columns.target}
            )
        )


def test_missing_values_have_no_score_and_change_nothing_else(detector: Detector) -> None:
    rows = readings().with_columns(pl.when(pl.col("ds") == 450).then(None).otherwise("y").alias("y"))
    told = detector.predict(rows)
    assert told["score"][450] is None
    assert not told["flag"][450]
    assert told["score"][451] is not None


def test_a_series_that_never_changed_flags_the_first_change() -> None:
    values = [7.0] * 300
    values[250] = 7.5
    rows = pl.DataFrame({"ds": range(300), "y": values})
    told = Detector(**SETTINGS).fit(rows, show_progress=False).predict(rows)
    assert told.filter("alarm")["ds"].to_list() == [250]
    assert told["score"].is_finite().all()


@pytest.mark.parametrize(
    ("rows", "settings", "said"),
    [
        (readings(3), {"probation": "auto"}, "3 values"),
        (readings(150), {}, "more than the 200"),
        (readings().with_columns(pl.lit("odd").alias("label")), {}, "holds 'odd'"),
        (readings().with_columns(pl.lit(float("inf")).alias("y")), {}, "inf"),
        (readings().drop("y"), {"label": "label"}, "numeric"),
        (readings(), {"label": "fault"}, "'fault'"),
        (readings().rename({"y": "score"}), {}, "'score' is the id, time or target"),
        (readings().with_columns(pl.lit(None, pl.String).alias("y")), {"target": "y"}, "single target value"),
    ],
)
def test_what_cannot_be_watched_is_refused(rows: pl.DataFrame, settings: dict, said: str) -> None:
    with pytest.raises(DataError) as error:
        Detector(**{**SETTINGS, **settings}).fit(rows, show_progress=False)
    assert said in str(error.value)


def test_settings_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(ConfigError, match="leaves two of them to train on"):
        Detector(**SETTINGS, validation_size=0.995).fit(readings(), show_progress=False)
    for name, value in (("probation", 1), ("time_zone", "Nowhere"), ("time_format", "%Q")):
        with pytest.raises(ConfigError, match=name):
            Detector(**{**SETTINGS, name: value})


def test_a_net_that_sees_later_rows_is_refused() -> None:
    with pytest.raises(ConfigError, match="later"):
        Detector(bidirectional=True)
    with pytest.raises(ConfigError, match="validation"):
        Detector(**SETTINGS).fit(readings(), validation=readings())


def test_the_sample_is_what_it_is_said_to_be() -> None:
    kept, made = pl.read_csv(sample_path("pump")), pump_rows()
    assert kept.drop("unique_id").equals(made)
    assert int(made["label"].sum()) == sum(end - begin for begin, end in FAULTS)


def test_a_report_shows_series_scores_and_the_strongest(detector: Detector, tmp_path: Path) -> None:
    page = detector.report(tmp_path / "page.html").read_text()
    for words in ("The strongest anomalies", "known anomaly", "Scores of y"):
        assert words in page
