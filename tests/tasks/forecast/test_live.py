"""Rows of a live stream: what they may hold, and how a stream goes on after a restart."""

import datetime as dt
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.forecast.stream_example import CONTEXT, HORIZON, fitted, series

from recurra import Forecaster
from recurra.errors import ArtifactError, ConfigError, DamagedError, DataError
from recurra.inputs.series.recent import MOST_NUMBERS, rows_kept
from recurra.streaming import Activation, Affine, Program
from recurra.streaming.live import number
from recurra.tasks.forecast.live import LiveForecast
from recurra.tasks.forecast.stream_program import run_program


@pytest.fixture(scope="module")
def program() -> Program:
    frame = series("a", 40).vstack(series("b", 40, seed=5))
    return fitted(frame, past=("price",)).to_program()


def row(shop: Any = "a", sales: Any = 50.0, price: Any = 3.0) -> dict[str, Any]:
    return {"shop": shop, "sales": sales, "price": price}


def test_columns_and_outputs_are_those_of_training(program: Program) -> None:
    live = LiveForecast(program)
    assert live.columns == ("shop", "sales", "price")
    assert live.step({**row(), "other": "x"})["forecast"].shape == (HORIZON,)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shop": "a", "sales": 1.0}, "a row without 'price'; expected the columns shop, sales, price"),
        ({"sales": 1.0, "price": 1.0}, "a row without 'shop'"),
        (row(sales="much"), "'sales' holds 'much'; expected a finite number"),
        (row(sales=True), "'sales' holds True"),
        (row(sales=[1.0]), "'sales' holds"),
        (row(sales=1e39), "'sales' holds 1e\\+39"),
        (row(sales=10**400), "'sales' holds 1000"),
        (row(price="-inf"), "'price' holds '-inf'"),
        (row(shop=None), "'shop' holds None; expected the name or number"),
        (row(shop=""), "'shop' holds ''"),
        (row(shop=1.5), "'shop' holds 1.5"),
    ],
)
def test_a_wrong_row_leaves_the_stream_as_it_was(
    program: Program, wrong: dict[str, Any], message: str
) -> None:
    live = LiveForecast(program)
    live.step(row())
    before = live.snapshot()
    with pytest.raises(DataError, match=message):
        live.step(wrong)
    assert live.snapshot() == before


@pytest.mark.parametrize("given", [None, "", "nan", math.nan])
def test_what_counts_as_missing(given: Any) -> None:
    assert math.isnan(number("y", given))


def test_numbers_may_be_text() -> None:
    assert [number("y", given) for given in ("1.5", " 2 ", 3, np.float32(4), "-1e3")] == [1.5, 2, 3, 4, -1000]


def test_a_missing_covariate_counts_as_its_mean_in_training(program: Program) -> None:
    mean = program.metadata["past_mean"][0]
    left, right = LiveForecast(program), LiveForecast(program)
    found, expected = left.step(row(price=None)), right.step(row(price=mean))
    np.testing.assert_array_equal(found["forecast"], expected["forecast"])


def test_a_stream_goes_on_to_the_bit(program: Program) -> None:
    rows = [row(shop, 50 + step * 0.7, step) for step in range(9) for shop in ("a", 7)]
    whole, first, second = LiveForecast(program), LiveForecast(program), LiveForecast(program)
    for one in rows[:11]:
        first.step(one)
    second.restore(first.snapshot())
    expected = [whole.step(one)["forecast"] for one in rows]
    found = [second.step(one)["forecast"] for one in rows[11:]]
    np.testing.assert_array_equal(found, expected[11:])
    assert second.snapshot() == whole.snapshot()


def test_a_damaged_snapshot_is_refused(program: Program) -> None:
    live = LiveForecast(program)
    live.step(row())
    (kept,) = live.snapshot().values()
    with pytest.raises(ArtifactError):
        live.restore({"a": kept._replace(content=kept.content[:-1])})
    for value in (math.nan, math.inf, 1e300):
        with pytest.raises(ArtifactError, match="a last value of"):
            live.restore({"a": kept._replace(last=value)})
    with pytest.raises(ArtifactError, match="another kind of program"):
        live.restore({"a": kept._replace(marks=())})


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return fitted(series("a", 40, gaps=3).vstack(series("b", 33, seed=5)), past=("price",))


@pytest.fixture(scope="module")
def of_run(forecaster: Forecaster) -> Program:
    """The program as a run keeps it."""
    return run_program(forecaster.fitted_)


def test_a_run_s_program_starts_warm_with_the_forecast_of_predict(
    forecaster: Forecaster, of_run: Program
) -> None:
    frame = series("a", 40, gaps=3).vstack(series("b", 33, seed=5))
    levels = (80.0, 87.0, 95.0, 99.0, 20.0)
    expected = forecaster.predict(level=levels)
    for shop in ("a", "b"):
        last = frame.filter(pl.col("shop") == shop).drop_nulls("sales").to_dicts()[-1]
        found = LiveForecast(of_run, level=levels).predict(last)
        own = expected.filter(pl.col("shop") == shop)
        assert found.notes == ()
        assert found.values["forecast-day"].tolist() == own["day"].cast(pl.String).to_list()
        for name in own.columns[2:]:
            np.testing.assert_allclose(found.values[name], own[name], rtol=1e-5, err_msg=name)
    assert LiveForecast(of_run).outputs == ("forecast",)
    shown = LiveForecast(of_run).predict(last).values["forecast"]
    np.testing.assert_allclose(shown, own["forecast"], rtol=1e-5)


def test_steps_without_a_row_count_as_missing_ones(of_run: Program) -> None:
    days = [dt.date(2024, 3, 1) + dt.timedelta(days=step) for step in range(5)]
    one, other = LiveForecast(of_run), LiveForecast(of_run)
    rows = [row(sales=50 + step) | {"day": day} for step, day in enumerate(days)]
    missing = [row(sales=None, price=None) | {"day": day} for day in days]
    one.step(rows[0])
    for given in (rows[0], missing[1], missing[2], missing[3]):
        other.step(given)
    found, expected = one.step(rows[4]), other.step(rows[4])
    np.testing.assert_array_equal(found["forecast"], expected["forecast"])
    assert one.snapshot() == other.snapshot()


@pytest.mark.parametrize("day", ["yesterday", "2024-03-01", "2024-02-01", "2024-07-01", None, 5])
def test_a_wrong_time_leaves_the_stream_as_it_was(of_run: Program, day: Any) -> None:
    live = LiveForecast(of_run)
    live.step(row() | {"day": "2024-03-01"})
    before = {name: kept._replace(marks=kept.marks[:2]) for name, kept in live.snapshot().items()}
    with pytest.raises(DataError, match="'day' holds"):
        live.step(row() | {"day": day})
    after = {name: kept._replace(marks=kept.marks[:2]) for name, kept in live.snapshot().items()}
    assert after == before


def test_a_stream_with_times_goes_on_to_the_bit(of_run: Program) -> None:
    rows = [
        row(sales=50 + step % 4) | {"day": dt.date(2024, 2, 10) + dt.timedelta(days=step)}
        for step in range(9)
    ]
    whole, first, second = (LiveForecast(of_run) for _ in range(3))
    for one in rows[:4]:
        first.step(one)
    second.restore(first.snapshot())
    expected = [whole.step(one)["forecast"] for one in rows]
    np.testing.assert_array_equal([second.step(one)["forecast"] for one in rows[4:]], expected[4:])
    assert second.snapshot() == whole.snapshot()
    with pytest.raises(DataError, match="not after 2024-02-18"):
        second.step(rows[8])


def test_intervals_that_a_program_lacks_are_told(forecaster: Forecaster) -> None:
    with pytest.raises(ConfigError, match="--level 50 of a program without these; expected levels 80"):
        LiveForecast(forecaster.to_program(level=(80,)), level=(50.0,))
    with pytest.raises(ConfigError, match="without intervals"):
        LiveForecast(forecaster.to_program(), level=(50.0,))
    mean = run_program(fitted(series("a", 40), point="mean").fitted_)
    assert len(LiveForecast(mean, level=(60.0,)).step({"sales": 3.0})) == 3
    with pytest.raises(ConfigError, match="expected levels 50 and above"):
        LiveForecast(mean, level=(20.0,))


@pytest.fixture(scope="module")
def of_distribution() -> Program:
    return run_program(fitted(series("a", 40), head="student_t").fitted_)


@pytest.mark.parametrize("head", ["quantile", "student_t", "negative_binomial"])
@pytest.mark.parametrize("adaptive", [None, 0.3])
def test_nothing_that_is_told_of_sales_is_negative(head: str, adaptive: float | None) -> None:
    sold = np.random.default_rng(1).poisson(0.6, 60)
    sales = pl.DataFrame({"ds": range(60), "y": sold.astype(float)})
    settings = {"head": head, "preset": "streaming", "max_epochs": 1, "steps_per_epoch": 2}
    forecaster = Forecaster(horizon=HORIZON, season_length=1, seed=3, **settings).fit(sales)
    asked = forecaster.predict(level=(80.0, 99.0)).select(pl.selectors.numeric().exclude("ds")).to_numpy()
    live = LiveForecast(forecaster.to_program(level=(80.0, 99.0)), level=(80.0, 99.0), adaptive=adaptive)
    told = np.array([[*live.step({"y": value}).values()] for value in (0.0, 2.0, 0.0, 0.0)])
    assert asked.min() == 0
    assert told.min() == 0


def test_the_point_alone_is_shown_of_a_distribution_too(of_distribution: Program) -> None:
    assert LiveForecast(of_distribution).outputs == ("forecast",)
    assert len(LiveForecast(of_distribution, level=(33.0,)).step({"sales": 3.0})) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"head": "normal"},
        {"head": ["student_t"]},
        {"head": None},
        {"head": "negative_binomial"},
        {"outputs": ["forecast", "forecast-lo-80", "forecast-hi-80"]},
        {"shown": None},
        {"shown": ["location"]},
        {"point": None},
        *({name: None} for name in ("mean", "unit", "widening")),
        {"unit": 0.0},
        {"widening": 5},
        {"widening": [1.0]},
        {"widening": [1.0] * (HORIZON - 1) + ["1"]},
    ],
    ids=str,
)
def test_what_it_says_of_its_distribution_is_checked(
    of_distribution: Program, change: dict[str, Any]
) -> None:
    with pytest.raises(DamagedError, match="the program of a forecaster with"):
        LiveForecast(Program(of_distribution.layers, of_distribution.metadata | change))


def test_what_a_run_keeps_is_bounded(forecaster: Forecaster, of_run: Program) -> None:
    kept = of_run.metadata["recent"]
    assert kept["lengths"] == [CONTEXT, CONTEXT]
    assert rows_kept(series=2, columns=2, context=CONTEXT) == CONTEXT
    assert rows_kept(series=100_000, columns=2, context=168) == MOST_NUMBERS // 200_000
    assert rows_kept(series=2_000_000, columns=1, context=168) == 0
    assert forecaster.to_program().metadata.get("recent") is None


@pytest.mark.parametrize(
    "change",
    [
        {"shown": ["forecast", "other"]},
        {"shown": "forecast"},
        {"point": "mode"},
        *({"clock": clock} for clock in (5, [], {}, {"column": "day"}, "x")),
        *({"recent": recent} for recent in (5, [], {}, "x")),
        *(
            {"recent": {name: own}}
            for name in ("series", "starts", "lengths", "values")
            for own in (None, 5, "x", [1.5])
        ),
    ],
    ids=lambda change: str(change)[:40],
)
def test_what_a_run_s_program_says_of_itself_is_checked(of_run: Program, change: dict[str, Any]) -> None:
    metadata = dict(of_run.metadata)
    if isinstance(change.get("recent"), dict) and change["recent"]:
        change = {"recent": metadata["recent"] | change["recent"]}
    with pytest.raises(DamagedError, match="the program of a forecaster with"):
        LiveForecast(Program(of_run.layers, metadata | change))


def test_programs_of_something_else_are_refused() -> None:
    other = Program([Affine(np.ones((1, 1), np.float32)), Activation("tanh")])
    with pytest.raises(ConfigError, match="not of a forecaster"):
        LiveForecast(other)


@pytest.mark.parametrize(
    "change",
    [
        *({name: None} for name in ("outputs", "horizon", "target", "time", "series", "past", "centre")),
        {"outputs": "forecast"},
        {"outputs": []},
        {"outputs": ["forecast", "forecast"]},
        {"outputs": ["forecast", "other"]},
        {"outputs": [["forecast"]]},
        {"outputs": [5]},
        {"horizon": 0},
        {"floor": "low"},
        {"horizon": -HORIZON},
        {"horizon": float(HORIZON)},
        {"horizon": True},
        {"horizon": HORIZON + 1},
        {"horizon": 1 << 62},
        {"target": ""},
        {"target": ["sales"]},
        {"time": {}},
        {"unique_id": 5},
        {"unique_id": ""},
        {"series": "2"},
        {"past": []},
        {"past": "p"},
        {"past": ["price", "price"]},
        {"past": ["price", "other"], "past_mean": [1.0, 2.0]},
        {"past_mean": []},
        {"past_mean": 1.0},
        {"past_mean": [1e300]},
        {"past_mean": [10**400]},
        {"past_mean": ["1"]},
        {"past_mean": [None]},
        {"centre": "median"},
        {"centre": ["last"]},
    ],
    ids=lambda change: str(change)[:40],
)
def test_what_a_program_says_of_itself_is_checked(program: Program, change: dict[str, Any]) -> None:
    with pytest.raises(DamagedError, match="the program of a forecaster with"):
        LiveForecast(Program(program.layers, program.metadata | change))


def test_a_program_that_says_nothing_but_its_task_is_refused(program: Program) -> None:
    with pytest.raises(DamagedError, match="with outputs=None; expected a list of names"):
        LiveForecast(Program(program.layers, {"task": "forecast"}))


def test_neither_torch_nor_polars_is_needed(program: Program, tmp_path: Path) -> None:
    program.save(tmp_path / "program")
    script = (
        "import sys; from recurra.streaming import Program;"
        "from recurra.tasks.forecast.live import LiveForecast;"
        f"LiveForecast(Program.load({str(tmp_path / 'program')!r})).step({row()!r});"
        "sys.exit(any(name in sys.modules for name in ('torch', 'polars', 'pydantic', 'typer')))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env=dict(os.environ))
