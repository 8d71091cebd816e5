from datetime import date

import polars as pl
import pytest

from recurra.errors import DataError
from recurra.inputs.series.columns import Columns, Wanted, resolve_columns


def frame(**columns: object) -> pl.DataFrame:
    values = {"text": ["a", "b"], "day": [date(2024, 1, 1), date(2024, 1, 2)], "number": [1.0, 2.0]}
    return pl.DataFrame({name: values[str(kind)] for name, kind in columns.items()})


def test_conventional_names_need_no_words() -> None:
    columns, notes = resolve_columns(
        frame(unique_id="text", ds="day", y="number", other="number", late="day")
    )
    assert columns == Columns("unique_id", "ds", "y")
    assert notes == []


def test_what_is_clear_is_found_and_told() -> None:
    columns, notes = resolve_columns(frame(date="day", demand="number", weather="text"))
    assert columns == Columns(None, "date", "demand")
    assert notes == [
        "no column 'unique_id': all rows are one series",
        "time is column 'date', the only one that holds dates",
        "target is column 'demand', the only numeric one without another role",
    ]


def test_covariates_are_no_candidates() -> None:
    table = frame(date="day", opened="day", demand="number", price="number")
    columns, _ = resolve_columns(table, Wanted(future=["price"], past=["opened"]))
    assert (columns.time, columns.target) == ("date", "demand")


def test_text_that_is_written_like_dates_is_time() -> None:
    table = pl.DataFrame({"when": ["2024-01-01", "2024-01-02"], "what": ["a", "b"], "y": [1, 2]})
    assert resolve_columns(table)[0].time == "when"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"a": "day", "b": "day", "y": "number"},
            r"time open: a, b all hold dates.*--time COLUMN \(in Python time=\.\.\.\); its columns are a, b",
        ),
        ({"a": "text", "y": "number"}, r"time open: no column 'ds' and none that holds dates"),
        ({"ds": "day", "a": "number", "b": "number"}, r"target open: a, b are all numeric.*target=\.\.\."),
        ({"ds": "day", "a": "text"}, r"target open: no column 'y' and none that is numeric"),
    ],
)
def test_what_is_not_clear_is_an_error_with_the_candidates(columns: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        resolve_columns(frame(**columns))


@pytest.mark.parametrize("role", ["unique_id", "time", "target", "past", "future", "static"])
def test_a_named_column_that_is_not_there(role: str) -> None:
    table = frame(unique_id="text", ds="day", y="number", price="number")
    name = "prise" if role in ("unique_id", "time", "target") else ["prise"]
    with pytest.raises(
        DataError, match=r"file\.csv has no column 'prise'; .*unique_id, ds, y, price.*'price'"
    ):
        resolve_columns(table, Wanted(**{role: name}), source="file.csv")


def test_a_column_has_one_role() -> None:
    table = frame(unique_id="text", ds="day", y="number", price="number")
    with pytest.raises(DataError, match="column 'price' has two roles"):
        resolve_columns(table, Wanted(past=["price"], future=["price"]))
    with pytest.raises(DataError, match="column 'y' has two roles"):
        resolve_columns(table, Wanted(target="y", past=["y"]))


def test_categorical_columns_are_covariates() -> None:
    with pytest.raises(DataError, match=r"categorical column 'y' is no covariate; expected one of .* price"):
        Columns("unique_id", "ds", "y", future=("price",), categorical=("y",))


def test_static_columns_of_a_table_of_their_own() -> None:
    table = frame(unique_id="text", ds="day", y="number")
    static = frame(unique_id="text", size="number", kind="text")
    assert resolve_columns(table, static=static)[0].static == ("size", "kind")
    assert resolve_columns(table, Wanted(static=["kind"]), static=static)[0].static == ("kind",)


def test_a_description_gives_the_same_columns() -> None:
    columns = Columns(None, "day", "y", ("a",), ("b", "c"), (), ("b",))
    assert Columns.from_dict(columns.to_dict()) == columns
    assert columns.names == ("day", "y", "a", "b", "c")
