import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from recurra.config import validated
from recurra.errors import DataError
from recurra.inputs.examples import Keep, Kept, keep_nothing
from recurra.inputs.table.config import TableConfig
from recurra.inputs.table.input import TABLE

FRAME = pl.DataFrame(
    {
        "id": [10, 11, 12, 13],
        "size": [1.0, 3.0, None, 5.0],
        "color": ["red", "blue", "red", None],
        "on": [True, False, True, True],
        "label": ["x", "y", "x", "y"],
    }
)


def keep_label(frame: pl.DataFrame) -> Kept:
    return Kept("label")


def rows(source: Any, keep: Keep = keep_label, **settings: Any) -> Any:
    return TABLE.read(source, validated(TableConfig, settings), keep)


def test_all_columns_but_the_one_to_tell_and_row_numbers_are_read() -> None:
    found = rows(FRAME)
    assert found.contents[1] == {"size": 3.0, "color": "blue", "on": False}
    assert found.columns.columns == ["id", "label"]
    assert found.places[1] == "row 2"
    assert list(rows(FRAME, columns="size").contents[0]) == ["size"]
    assert list(rows(FRAME.drop("label"), columns=["on", "size"]).contents[0]) == ["on", "size"]


def test_what_is_read_is_a_setting_for_other_data() -> None:
    found = rows(FRAME)
    assert found.settings == {"columns": ("size", "color", "on")}
    assert (found.reads, found.kept.told) == (("size", "color", "on"), "label")
    assert rows(FRAME.drop("label"), **found.settings).reads == found.reads
    with pytest.raises(DataError, match="no such column as 'on'"):
        rows(FRAME.drop("on"), **found.settings)
    with pytest.raises(DataError, match="columns names 'label' of the table, which is to be told"):
        rows(FRAME, columns=["size", "label"])


def test_columns_that_tell_nothing_are_left_out_and_said() -> None:
    frame = pl.DataFrame(
        {
            "id": range(30),
            "name": [f"name {number}" for number in range(30)],
            "none": [None] * 30,
            "pixels": [[1, 2]] * 30,
            "size": range(30),
        }
    )
    found = rows(frame, keep_nothing)
    assert found.reads == ("size",)
    (sentence,) = found.repairs
    assert sentence.startswith("left out id (another in every row), name (a text of its own in every row), ")
    assert sentence.endswith("none (without any value), pixels (lists)")


def test_a_text_among_numbers_is_named_by_its_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("size,label\n" + "".join(f"{'oops' if row == 8 else row * 0.5},x\n" for row in range(60)))
    with pytest.raises(DataError, match=r"a\.csv, line 10: size holds 'oops'; expected a number"):
        rows(path)
    path.write_text(
        "grade,label\n" + "".join(f"{'other' if row % 9 == 8 else row % 3},x\n" for row in range(60))
    )
    assert rows(path).contents[8] == {"grade": "other"}  # categories that happen to be numbers


def test_numbers_are_scaled_gaps_marked_and_categories_spread() -> None:
    encoding = TABLE.learn(rows(FRAME).contents, TableConfig())
    assert encoding.one_step
    encoded = [encoding.encode(content) for content in rows(FRAME).contents]
    deviation = np.std([1, 3, 5])
    on = (1 - 0.75) / np.std([1, 0, 1, 1])
    np.testing.assert_allclose(encoded[0], [[(1 - 3) / deviation, 0, 1, 0, on]], rtol=1e-6)
    np.testing.assert_allclose(encoded[2], [[0, 1, 1, 0, on]], rtol=1e-6)
    assert encoded[3][0, 2:4].tolist() == [0, 0]
    unseen = encoding.encode({"size": 3, "color": "green", "on": None, "more": 1})
    assert unseen.tolist() == [[0, 0, 0, 0, 0]]
    assert unseen.dtype == np.float32
    values = torch.from_numpy(unseen)[None]
    encoder = TABLE.encoder(encoding, TableConfig())
    assert encoder(values) is values
    assert encoder.output_size == 5


def test_an_encoding_is_the_same_after_json() -> None:
    contents = rows(FRAME).contents
    encoding = TABLE.learn(contents, TableConfig())
    revived = TABLE.revive(json.loads(json.dumps(encoding.to_dict())))
    for content in contents:
        np.testing.assert_array_equal(encoding.encode(content), revived.encode(content))


def test_constant_and_empty_columns_do_no_harm() -> None:
    frame = pl.DataFrame(
        {"same": [2.0, 2.0], "none": [None, None], "day": [date(2020, 1, 1), date(2020, 1, 3)], "y": [0, 1]}
    )
    found = rows(frame, lambda _: Kept("y"))
    assert found.repairs == ("left out none (without any value)",)
    encoding = TABLE.learn(found.contents, TableConfig())
    np.testing.assert_allclose([encoding.encode(one)[0] for one in found.contents], [[0, -1], [0, 1]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"size": "big", "color": "red", "on": 1}, "column 'size' holds 'big'"),
        ({"size": float("inf"), "color": "red", "on": 1}, "column 'size' holds inf"),
        ({"color": "red"}, "a row without 'size', 'on'"),
    ],
)
def test_rows_that_do_not_fit_are_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        TABLE.learn(rows(FRAME).contents, TableConfig()).encode(content)


def test_bad_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such column as 'z'"):
        rows(FRAME, columns=["z"])
    with pytest.raises(DataError, match="no column to read from beside a"):
        rows(pl.DataFrame({"a": [1, 2]}), lambda _: Kept("a"))
    names = [f"name {number}" for number in range(30)]
    with pytest.raises(DataError, match="hold no numbers or categories that repeat"):
        TABLE.learn([{"name": name} for name in names], TableConfig())
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,label\n1,caf\xe9\n2,b\n")
    with pytest.raises(DataError, match="line 2: byte 0xe9 at position 13"):
        rows(path)


def test_the_summary_and_how_a_row_looks() -> None:
    contents = rows(FRAME).contents
    learnt = TABLE.summary.learn(contents)
    summary = TABLE.summary.from_dict(json.loads(json.dumps(learnt.to_dict())))
    assert np.array_equal(summary.numbers(contents), learnt.numbers(contents))
    assert (summary.numbers(contents).shape, summary.numbers([]).shape) == ((4, 5), (0, 5))
    assert TABLE.show(contents[2]) == "size=?, color=red, on=True"
