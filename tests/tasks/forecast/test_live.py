"""Rows of a live stream: what they may hold, and how a stream goes on after a restart."""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tasks.forecast.stream_example import HORIZON, fitted, series

from recurra.errors import ArtifactError, ConfigError, DamagedError, DataError
from recurra.streaming import Activation, Affine, Program
from recurra.tasks.forecast.live import LiveForecast, number


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
    ((content, last),) = live.snapshot().values()
    with pytest.raises(ArtifactError):
        live.restore({"a": (content[:-1], last)})
    for value in (math.nan, math.inf, 1e300):
        with pytest.raises(ArtifactError, match="a last value of"):
            live.restore({"a": (content, value)})


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
