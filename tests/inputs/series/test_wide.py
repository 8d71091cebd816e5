"""Wide tables: each column is a series."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from recurra.errors import DataError
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.schema import PanelSchema

DAYS = [date(2024, 1, 1) + timedelta(days=step) for step in range(20)]


def table(*names: str, **more: Any) -> pl.DataFrame:
    return pl.DataFrame({"day": DAYS, **{name: range(at, at + 20) for at, name in enumerate(names)}, **more})


def test_columns_that_differ_in_a_number_are_series() -> None:
    panel = Panel.read(table("store_10", "store_2", "store_3"))
    assert panel.ids == ["store_10", "store_2", "store_3"]
    assert panel.series(1).tolist() == list(range(1, 21))
    assert panel.repairs[0].startswith("3 series, one a column (store_10, store_2, store_3), as their names")
    assert "--no-wide" in panel.repairs[0]
    schema = PanelSchema.from_dict(panel.schema.to_dict())
    assert Panel.build(table("store_10", "store_2", "store_3").tail(9), schema=schema).ids == panel.ids
    with pytest.raises(DataError, match="store_3"):
        Panel.build(table("store_10", "store_2"), schema=schema)


@pytest.mark.parametrize(
    "frame",
    [
        table("sales", "price"),  # may be a target and a covariate
        table("store_1", "price_2"),
        table("store_1", "store_2", "price"),
        table("store_1", "store_2", note="x"),
        table("north", "south", "east"),
    ],
)
def test_what_may_mean_something_else_is_no_series(frame: pl.DataFrame) -> None:
    with pytest.raises(DataError, match=r"--wide \(in Python wide=True\) takes all as series"):
        Panel.read(frame)


def test_a_table_whose_columns_are_clear_is_as_it_was() -> None:
    assert Panel.read(table("lag_1", "y")).ids == ["series"]
    assert Panel.read(table("lag_1", "lag_2", y=range(20))).columns.target == "y"
    assert Panel.read(table("x1", "x2"), target="x1").columns.target == "x1"
    named = table("x1", "x2").with_columns(unique_id=pl.lit("a"))
    with pytest.raises(DataError, match="x1, x2 are all numeric"):
        Panel.read(named)
    with pytest.raises(DataError, match="x1, x2 are all numeric"):
        Panel.read(table("x1", "x2"), wide=False)
    with pytest.raises(DataError, match="x1,x2"):
        Panel.read(table("x1", "x2"), target="x1,x2", wide=False)
    assert Panel.read(table("x1", "x2", "x3"), future=("x3",), target="x1, x2").ids == ["x1", "x2"]


def test_all_numbers_are_series_when_asked() -> None:
    frame = table("north", "south", "promotion", note="x")
    panel = Panel.read(frame, wide=True, future=("promotion",))
    assert panel.ids == ["north", "south"]
    assert panel.columns.future == ("promotion",)
    assert panel.repairs[:2] == ["2 series, one a column (north, south)", "left out what is no number: note"]
    assert Panel.read(table("north"), wide=True).ids == ["north"]
    assert Panel.read(frame, wide=True, target="south").ids == ["south"]
    assert Panel.read(table("y", "z"), wide=True).ids == ["y", "z"]
    static = pl.DataFrame({"unique_id": ["south", "north", "promotion"], "size": [2.0, 1.0, 0.0]})
    assert Panel.read(frame, wide=True, static_table=static).static[:, 0].tolist() == [1.0, 0.0, 2.0]


def test_what_cannot_be_a_series_is_told() -> None:
    odd = table("north", south=["1.5"] * 7 + ["n.a.!"] + ["2"] * 12)
    with pytest.raises(DataError, match=r"'south' holds 'n\.a\.!' in row 8"):
        Panel.read(odd, wide=True)
    with pytest.raises(DataError, match="no column of day, note is left to be a series"):
        Panel.read(table(note="x"), wide=True)
    with pytest.raises(DataError, match="names series"):
        Panel.read(table("north").with_columns(unique_id=pl.lit("a")), wide=True)
