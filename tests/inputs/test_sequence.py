import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from recurra.config import validated
from recurra.errors import ConfigError, DamagedError, DataError
from recurra.inputs.choice import suited
from recurra.inputs.examples import Examples, Keep, Kept, keep_nothing
from recurra.inputs.registry import get
from recurra.inputs.sequence.config import SequenceConfig
from recurra.inputs.sequence.encoding import SequenceEncoding
from recurra.inputs.sequence.input import SEQUENCE
from recurra.inputs.sequence.ts import read_ts

LISTS = pl.DataFrame(
    {"x": [[1.0, 2.0, None], [4.0]], "y": [[1, 1, 2], [5]], "name": ["a", "b"], "label": ["u", "v"]}
)
LONG = pl.DataFrame(
    {
        "unique_id": ["b", "a", "b", "a", "b"],
        "time": [3, 1, 1, 2, 2],
        "x": [3.0, 10.0, 1.0, 20.0, 2.0],
        "place": ["p", "q", "p", "q", "p"],
        "label": ["u", "v", "w", "v", "u"],
    }
)


def sequences(source: Any, keep: Keep = keep_nothing, **settings: Any) -> Examples:
    return SEQUENCE.read(source, validated(SequenceConfig, settings), keep)


@pytest.mark.parametrize("kind", ["frame", "jsonl", "parquet", "pyarrow"])
def test_every_list_of_numbers_is_a_channel(kind: str, tmp_path: Path) -> None:
    source: Any = tmp_path / f"a.{kind}"
    if kind == "parquet":
        LISTS.write_parquet(source)
    elif kind == "jsonl":
        LISTS.write_ndjson(source)
    else:
        source = LISTS.to_arrow() if kind == "pyarrow" else LISTS
    found = sequences(source)
    assert found.contents[0].names == ("x", "y")
    np.testing.assert_array_equal(found.contents[0].values, [[1, 1], [2, 1], [np.nan, 2]])
    np.testing.assert_array_equal(found.contents[1].values, [[4, 5]])
    assert found.columns.to_dict(as_series=False) == {"name": ["a", "b"], "label": ["u", "v"]}
    assert found.repairs == ("values are missing in 1 sequence; the net is told where",)
    assert suited(source, ("table", "series", "text"), keep_nothing, get).name == "series"


def test_a_long_table_goes_by_id_and_time() -> None:
    found = sequences(LONG)
    assert [content.values[:, 0].tolist() for content in found.contents] == [[1, 2, 3], [10, 20]]
    assert [content.times.tolist() for content in found.contents] == [[1, 2, 3], [1, 2]]
    assert found.columns["unique_id"].to_list() == ["b", "a"]
    assert found.columns["place"].to_list() == ["p", "q"]  # constant: a single value
    assert found.columns["label"].to_list() == [["w", "u", "u"], ["v", "v"]]  # it changes: a list
    assert found.places[1] == "row 2 (unique_id a)"


def test_a_text_among_numbers_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"x": ["a", 1] if row == 3 else [row, 2, 3], "label": "u"} for row in range(9)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for settings in ({}, {"columns": ["x"]}):
        with pytest.raises(DataError, match=r"a\.jsonl, line 4: x holds 'a'; expected a number"):
            sequences(path, **settings)
    assert suited(path, ("table", "series", "text"), keep_nothing, get).name == "series"
    long = pl.DataFrame({"id": [1, 2] * 8, "x": [*map(str, range(15)), "oops"], "z": range(16)})
    with pytest.raises(DataError, match="row 16: x holds 'oops'"):
        sequences(long)
    digits = pl.DataFrame({"words": [["1", "2"], ["3"]], "label": ["u", "v"]})
    assert suited(digits, ("table", "series", "text"), keep_nothing, get).name == "text"


def test_without_time_rows_keep_their_order() -> None:
    found = sequences(LONG, time="none", columns=["x"])
    assert [content.values[:, 0].tolist() for content in found.contents] == [[3, 1, 2], [10, 20]]
    assert found.contents[0].times is None


def test_what_a_task_keeps_is_not_read_and_stays_one_value_where_it_is_constant() -> None:
    frame = pl.DataFrame({"id": [1, 1, 2, 2], "x": [1, 2, 3, 4], "kind": [7, 7, 8, 8], "same": [5, 5, 6, 6]})
    asked: list[list[str]] = []

    def keep(free: pl.DataFrame) -> Kept:
        asked.append(free.columns)
        return Kept("kind")

    found = sequences(frame, keep)
    assert asked[-1] == ["x", "kind", "same"]  # what it wants most comes first; the id is its own
    assert found.contents[0].names == found.reads == ("x", "same")
    assert found.contents[1].values.tolist() == [[3, 6], [4, 6]]
    assert found.columns["kind"].to_list() == [7, 8]
    with pytest.raises(DataError, match="columns names 'kind' of the table, which is to be told"):
        sequences(frame, keep, columns=["x", "kind"])


def test_what_was_guessed_is_a_setting_for_other_data() -> None:
    frame = LONG.select("unique_id", "time", "x")
    found = sequences(frame)
    assert found.settings == {"columns": ("x",), "unique_id": "unique_id", "time": "time"}
    assert found.reads == ("x", "time")
    for name in frame.columns:
        with pytest.raises(DataError, match=f"no such column as '{name}'"):
            sequences(frame.drop(name).with_columns(more=1.0), **found.settings)
    assert sequences(LISTS).settings == {"columns": ("x", "y"), "unique_id": "none", "time": "none"}
    assert len(sequences(LISTS, unique_id="none", time="none").contents) == 2


def test_lists_beside_a_long_sequence_are_cut_with_it() -> None:
    frame = pl.DataFrame({"x": [[1, 2, 3], [4]], "tags": [["a", "b", "c"], ["a"]]})
    found = sequences(frame, max_length=2)
    assert [len(content) for content in found.contents] == [2, 1]
    assert found.columns["tags"].to_list() == [["a", "b"], ["a"]]
    assert found.repairs == ("cut 1 sequence of more than 2 steps to the first 2",)


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        ({"x": [[1, 2], [3, 4]], "y": [[1, 2], [3]]}, {}, r"row 2: lists of different lengths: x 2, y 1"),
        ({"x": [[1, 2], []]}, {}, "row 2: a sequence without a step"),
        ({"x": [[1, 2], None]}, {}, "row 2: x is missing"),
        ({"x": [[1.0], [float("inf")]]}, {}, "row 2: an infinite number"),
        ({"x": [[1, 2]], "time": [[2, 1]]}, {}, "row 1: times that go back"),
        ({"x": [[1, 2]], "time": [[2, None]]}, {}, "row 1: a time is missing"),
        ({"x": [1, 2], "label": [1, 2]}, {}, "no column with lists of numbers.*x, label"),
        ({"x": [[1]]}, {"columns": ["z"]}, "no such column as 'z'"),
        ({"x": [[1]]}, {"unique_id": "z"}, "no such column as 'z'"),
        ({"x": [[1]]}, {"time": "z"}, "no such column as 'z'"),
        ({"id": ["a", "a", None], "x": [1, 2, 3]}, {}, "row 3: id is empty"),
    ],
)
def test_bad_sequences_are_named(columns: dict[str, Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        sequences(pl.DataFrame(columns, strict=False), **settings)


def test_the_line_of_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"x":[1,2],"y":[1,2]}\n\n{"x":[1,2],"y":[1]}\n')
    with pytest.raises(DataError, match=r"a\.jsonl, line 3: lists of different lengths"):
        sequences(path)


def test_steps_are_scaled_and_gaps_marked() -> None:
    found = sequences(LISTS)
    encoding = SEQUENCE.learn(found.contents, SequenceConfig())
    encoded = encoding.encode(found.contents[0])
    x, y = np.array([1, 2, 4]), np.array([1, 1, 2, 5])
    expected = np.stack(
        [(np.array([1, 2, x.mean()]) - x.mean()) / x.std(), (y[:3] - y.mean()) / y.std(), [0, 0, 1]], axis=1
    )
    np.testing.assert_allclose(encoded, expected, rtol=1e-6)
    assert encoded.dtype == np.float32
    plain = SEQUENCE.learn(found.contents, SequenceConfig(standardize=False)).encode(found.contents[0])
    np.testing.assert_array_equal(plain, [[1, 1, 0], [2, 1, 0], [0, 2, 1]])


@pytest.mark.parametrize(
    ("times", "extra"),
    [
        ([[0, 1, 2], [5, 6, 7]], 0),
        ([[0, 1, 4], [5, 6, 7]], 1),
        ([["2020-01-01", "2020-01-02", "2020-01-05"]] * 2, 1),
    ],
)
def test_steps_of_unequal_length_are_a_channel(times: list[list[Any]], extra: int) -> None:
    found = sequences(pl.DataFrame({"x": [[1, 2, 3], [4, 5, 6]], "time": times}))
    encoding = SEQUENCE.learn(found.contents, SequenceConfig())
    encoded = encoding.encode(found.contents[0])
    assert encoded.shape == (3, 1 + extra)
    encoder = SEQUENCE.encoder(encoding, SequenceConfig())
    assert encoder.output_size == 1 + extra
    if extra:
        assert encoded[0, 1] == 0
        assert encoded[2, 1] > encoded[1, 1]
        with pytest.raises(ConfigError, match="time=none"):
            encoder.stream_modules()
        with pytest.raises(DataError, match="without times"):
            encoding.encode(sequences(pl.DataFrame({"x": [[1, 2]]})).contents[0])
    else:
        assert list(encoder.stream_modules()) == []
    values = torch.from_numpy(encoded)[None]
    assert encoder(values) is values


def test_dates_count_as_seconds() -> None:
    days = [[datetime(2020, 1, 1), datetime(2020, 1, 2)]]
    found = sequences(pl.DataFrame({"x": [[1, 2]], "time": days}))
    assert np.diff(found.contents[0].times).tolist() == [86_400]


def test_an_encoding_is_the_same_after_json_and_takes_channels_by_name() -> None:
    found = sequences(LISTS)
    encoding = SEQUENCE.learn(found.contents, SequenceConfig(noise=0.1))
    revived = SEQUENCE.revive(json.loads(json.dumps(encoding.to_dict())))
    np.testing.assert_array_equal(encoding.encode(found.contents[0]), revived.encode(found.contents[0]))
    turned = sequences(LISTS.select("y", "x", pl.lit("z").alias("label")), columns=["y", "x"])
    np.testing.assert_array_equal(encoding.encode(found.contents[0]), revived.encode(turned.contents[0]))
    with pytest.raises(DataError, match="without 'x'"):
        encoding.encode(sequences(LISTS, columns="y").contents[0])
    with pytest.raises(DamagedError, match="channels"):
        SequenceEncoding.from_dict({"elapsed": None})


def test_augmentation_hides_a_stretch_and_adds_noise() -> None:
    found = sequences(pl.DataFrame({"x": [[1.0] * 50 + [None] * 50, [3.0] * 100]}))
    still = SEQUENCE.learn(found.contents, SequenceConfig())
    encoded = still.encode(found.contents[1])
    assert still.augment(encoded, np.random.default_rng(0)) is encoded
    masked = SEQUENCE.learn(found.contents, SequenceConfig(time_mask=0.5)).augment(
        encoded, np.random.default_rng(1)
    )
    hidden = masked[:, 1] == 1
    assert 0 < hidden.sum() <= 50
    assert (masked[hidden, 0] == 0).all()
    assert (np.diff(np.flatnonzero(hidden)) == 1).all()
    np.testing.assert_array_equal(masked[~hidden], encoded[~hidden])
    noisy = SEQUENCE.learn(found.contents, SequenceConfig(noise=0.5)).augment(
        encoded, np.random.default_rng(1)
    )
    assert 0.3 < (noisy - encoded)[:, 0].std() < 0.7
    np.testing.assert_array_equal(noisy[:, 1], encoded[:, 1])
    wide = SEQUENCE.learn(found.contents, SequenceConfig(scaling=0.5))
    stretched = wide.augment(encoded, np.random.default_rng(0))
    np.testing.assert_allclose(stretched[:, 0] / encoded[:, 0], stretched[0, 0] / encoded[0, 0], rtol=1e-6)
    assert abs(stretched[0, 0] / encoded[0, 0] - 1) > 0.01
    np.testing.assert_array_equal(stretched[:, 1], encoded[:, 1])
    again = SEQUENCE.revive(json.loads(json.dumps(wide.to_dict())))
    np.testing.assert_array_equal(again.augment(encoded, np.random.default_rng(0)), stretched)


TS = """# a comment
@problemName Tiny
@timeStamps false
@classLabel true up down
@data
1,2,?:3,4,5:up
1,2:3,4:down
"""


def test_files_of_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text(TS)
    found = sequences(path)
    np.testing.assert_array_equal(found.contents[0].values, [[1, 3], [2, 4], [np.nan, 5]])
    assert found.columns["label"].to_list() == ["up", "down"]
    assert found.places[1] == "a.ts, line 7"
    assert suited(path, ("table", "series", "text"), keep_nothing, get).name == "series"
    path.write_text(
        "@timeStamps true\n@classLabel false\n@data\n(2020-01-01 00:00:00,1),(2020-01-01 00:01:00,2)\n"
    )
    found = sequences(path)
    assert np.diff(found.contents[0].times).tolist() == [60]
    assert found.contents[0].values.tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("@data\n", "has no sequence"),
        ("1,2\n", "line 1: data before @data"),
        ("@data\n1,2:3\n", "line 2: channels of 1 and 2 values"),
        ("@data\n1,x\n", "line 2: 'x'; expected a number"),
        ("@data\n1:2\n1\n", "line 3: 1 channels; expected 2"),
        ("@timeStamps true\n@data\n(a,1)\n", "line 3: time 'a'"),
        ("@timeStamps true\n@data\n(1,1):(2,1)\n", "line 3: channels at other times"),
    ],
)
def test_bad_lines_of_the_archive_are_named(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_ts(path)


def test_the_summary_holds_what_it_says() -> None:
    found = sequences(
        pl.DataFrame(
            {"x": [[0.0, 2.0, 4.0, 6.0], [None, 5.0], [None, None]], "y": [[1] * 4, [2] * 2, [3] * 2]}
        )
    )
    learnt = SEQUENCE.summary.learn(found.contents)
    summary = SEQUENCE.summary.from_dict(json.loads(json.dumps(learnt.to_dict())))
    rows = summary.numbers(found.contents)
    assert np.array_equal(rows, learnt.numbers(found.contents))
    assert rows.shape == (3, 27)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(rows[0, :2], [3, 1])  # means
    np.testing.assert_allclose(rows[0, 12:14], [2, 0])  # slopes
    np.testing.assert_allclose(rows[:, 14], [0, 0.5, 1])  # share of gaps in x
    np.testing.assert_allclose(rows[:, -1], [4, 2, 2])
    assert summary.numbers([]).shape == (0, 27)
    assert SEQUENCE.show(found.contents[2]) == "2 steps: x all missing, y 3 to 3"
