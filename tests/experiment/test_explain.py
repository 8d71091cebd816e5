"""Answers of every task explained: shares add up, planted inputs are found, mistakes are told."""

import json

import numpy as np
import polars as pl
import pytest
from tests.diagnosis.test_task import SOURCES, prepared_of
from tests.experiment.toy_task import TOY

from recurra import Classifier, Forecaster, LanguageModel
from recurra.errors import ConfigError, DataError, NonFiniteError
from recurra.experiment.explain import explain
from recurra.experiment.fit import fresh_net
from recurra.experiment.task import Fitted
from recurra.experiment.wanted import Wanted


def untrained_of(name):
    task, prepared = prepared_of(name)
    return task, Fitted(prepared.config, prepared.schema, fresh_net(task, prepared).eval())


@pytest.fixture(params=[name for name in SOURCES if name != "draw"])  # a drawing is no answer to its input
def untrained(request):
    return untrained_of(request.param)


def data_of(name):
    """Data without what is to be told."""
    source = SOURCES[name][0]()
    return (
        source.drop("label", "tags", "target", strict=False) if isinstance(source, pl.DataFrame) else source
    )


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_every_task_explains_rows_without_their_truth(untrained, method):
    task, fitted = untrained
    step = None if task.name in ("classify", "detect") else 1
    found = explain(task, fitted, data_of(task.name), Wanted(2, step=step), method=method)
    assert 1 <= len(found.rows) <= 2
    for one in found.rows:
        assert one.shares.shape == (len(one.steps), len(one.columns))
        assert np.isfinite(one.shares).all()
        assert one.traces
        if method == "integrated_gradients":
            assert abs(one.error) <= 0.03 * abs(one.result - one.without) + 1e-3
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_draws_says_that_it_explains_nothing():
    with pytest.raises(ConfigError, match=r"task draw.*expected a task that explains"):
        explain(*untrained_of("draw"), data_of("draw"), Wanted(1))


def test_pages_of_every_task(untrained, tmp_path):
    task, fitted = untrained
    found = explain(task, fitted, data_of(task.name), Wanted(1))
    page = found.write(tmp_path / "page.html").read_text()
    assert found.rows[0].prediction[:20].replace("'", "&#39;") in page
    assert "Steps that count most" in page
    assert "Unit " in page
    assert "srcdoc" in found._repr_html_()


def signs(count=120):
    """The first step's sign is the class; what follows is noise."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, count)
    signals = random.normal(0, 0.3, (count, 6))
    signals[:, 0] += np.where(labels, 1.5, -1.5)
    other = random.normal(0, 1, (count, 6))
    return pl.DataFrame(
        {
            "signal": signals.tolist(),
            "noise": other.tolist(),
            "label": ["up" if one else "down" for one in labels],
        }
    )


@pytest.fixture(scope="module")
def trained():
    own = {"hidden_size": 8, "max_epochs": 12, "learning_rate": 0.02, "batch_size": 16, "seed": 0}
    return Classifier(**own).fit(signs(), show_progress=False)


def test_the_planted_step_and_channel_get_most(trained):
    found = trained.explain(signs(), rows=12)
    first = [one for one in found.rows if abs(one.result - one.without) > 1]
    assert len(first) >= 4
    for one in first:
        assert one.columns == ("signal", "noise")
        assert np.unravel_index(np.abs(one.shares).argmax(), one.shares.shape) == (0, 0)
    one = found.rows[0]
    np.testing.assert_allclose(one.values[:, 0], signs()["signal"][0].to_list(), atol=1e-5)


def test_the_other_class_is_the_opposite(trained):
    up, down = (trained.explain(signs(), named=(3,), outcome=name).rows[0] for name in ("up", "down"))
    assert up.row == down.row == "3"
    np.testing.assert_allclose(up.shares, -down.shares, atol=1e-3)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(outcome="sideways"), "class 'sideways'"),
        (Wanted(step=2), "one answer for a whole example"),
        (Wanted(named=("121",)), "1 to 120"),
        (Wanted(rows=0), "0 rows"),
    ],
)
def test_what_is_not_there_is_told(trained, wanted, message):
    with pytest.raises(ConfigError, match=message):
        explain(trained.task, trained.fitted_, signs(), wanted)


def test_methods_tasks_and_weights_that_cannot_explain(trained):
    with pytest.raises(ConfigError, match="Did you mean 'occlusion'"):
        trained.explain(signs(), method="oclusion")
    with pytest.raises(ConfigError, match="task sign"):
        explain(TOY, trained.fitted_, signs())
    with pytest.raises(DataError):
        trained.explain(signs().head(0))
    weight = trained.fitted_.model.output.weight.data
    kept = weight.clone()
    weight[0, 0] = np.nan
    with pytest.raises(NonFiniteError):
        trained.explain(signs(), rows=1)
    weight.copy_(kept)


@pytest.mark.parametrize(
    ("name", "wanted", "message"),
    [
        ("forecast", Wanted(outcome="x"), "one number a step"),
        ("forecast", Wanted(step=8), "1 to 7"),
        ("forecast", Wanted(named=("nowhere",)), "row 'nowhere'"),
        ("tag", Wanted(outcome="N"), "name the step"),
        ("tag", Wanted(outcome="V", step=1), "tag 'V'"),
        ("tag", Wanted(step=40), "step 40"),
        ("language", Wanted(outcome="qq"), "qq"),
        ("language", Wanted(step=10_000), "step 10000"),
        ("translate", Wanted(outcome="a"), "what was written"),
        ("caption", Wanted(outcome="a"), "what was written"),
        ("caption", Wanted(step=1000), "step 1000"),
        ("detect", Wanted(outcome="x"), "one number"),
        ("detect", Wanted(step=500), "1 to 200"),
        ("transcribe", Wanted(outcome="a"), "name the step"),
        ("transcribe", Wanted(step=1, outcome="q"), "'q'"),
        ("transcribe", Wanted(step=100), "step 100"),
    ],
)
def test_every_task_tells_what_it_cannot_answer(name, wanted, message):
    task, prepared = prepared_of(name)
    fitted = Fitted(prepared.config, prepared.schema, fresh_net(task, prepared).eval())
    with pytest.raises(ConfigError, match=message):
        explain(task, fitted, data_of(name), wanted)


def test_a_table_of_single_steps_and_no_recurrence():
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "width": random.normal(5, 2, 80),
            "colour": random.choice(["red", "blue"], 80).tolist(),
            "label": random.choice(["a", "b"], 80).tolist(),
        }
    )
    net = Classifier(max_epochs=1, hidden_size=4).fit(frame, show_progress=False)
    found = net.explain(frame, rows=1).rows[0]
    assert found.columns == ("width", "colour")
    assert found.steps == ("1",)
    assert found.traces == ()
    assert found.values[0, 0] == pytest.approx(frame["width"][0], rel=1e-4)
    assert "Columns that count most" in net.explain(frame, rows=1)._repr_html_()


def shops():
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 4, 9), "1d", eager=True)
    number = np.arange(len(days))
    sales = np.sin(number / 3) + 2.0 * (number % 9 == 0)
    return pl.DataFrame(
        {
            "time": days,
            "sales": [float(one) if row < 95 else None for row, one in enumerate(sales)],
            "price": np.cos(number / 5),
            "promo": ["yes" if row % 9 == 0 else "no" for row in number],
            "visitors": number % 4 * 1.0,
        }
    )


def test_every_column_of_a_forecast_has_its_share():
    own = {"future": ("price", "promo"), "past": ("visitors",), "target": "sales", "base": "none"}
    small = {"hidden_size": 6, "max_epochs": 1, "steps_per_epoch": 3, "context": 21, "season_length": 7}
    forecaster = Forecaster(5, **own, **small, time="time").fit(shops(), show_progress=False)
    (found,) = forecaster.explain(step=2).rows
    assert found.columns == ("sales", "visitors", "price", "promo", "calendar")
    assert len(found.steps) == 26
    assert all(np.abs(found.by_column) > 0)
    assert abs(found.error) < 0.02 * np.abs(found.shares).sum()
    assert not found.shares[21:, :2].any()
    np.testing.assert_allclose(found.values[:21, 0], shops()["sales"][74:95], atol=1e-5)
    point = forecaster.predict()["forecast"][1]
    assert found.result == pytest.approx(point, rel=1e-4)
    assert not forecaster.fitted_.model.future_codes._forward_hooks


def test_rows_keep_their_numbers_where_empty_ones_are_skipped(tmp_path):
    lines = tmp_path / "texts.txt"
    lines.write_text("\n\na fine film\n\na dull film\n")
    table = tmp_path / "texts.csv"
    table.write_text("text,label\na fine film,1\n,\n\na dull film,0\n")
    small = {"hidden_size": 3, "max_epochs": 1, "baselines": ()}
    reviews = pl.DataFrame({"text": ["a fine film", "a dull film"] * 20, "label": ["good", "bad"] * 20})
    classifier = Classifier(**small).fit(reviews, show_progress=False)
    model = LanguageModel(**small).fit(["the cat sat on the mat. " * 20] * 3, show_progress=False)
    for net, source, expected in (
        (classifier, lines, ("3", "5")),
        (classifier, table, ("1", "4")),
        (model, pl.DataFrame({"text": ["the cat", None, " ", "the mat"]}), ("1", "4")),
        (model, ["the cat", "", "", "the mat"], ("1", "4")),
    ):
        assert tuple(one.row for one in net.explain(source).rows) == expected
        (last,) = net.explain(source, named=(expected[1],)).rows
        assert last.row == expected[1]
        with pytest.raises(ConfigError, match="row '2'"):
            net.explain(source, named=(2,))
