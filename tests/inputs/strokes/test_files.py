"""Files of ink: InkML and UNIPEN, whole, damaged and hostile."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recurra.config import validated
from recurra.errors import DataError, RecurraError
from recurra.inputs import registry
from recurra.inputs.choice import suited
from recurra.inputs.examples import Examples, keep_nothing
from recurra.inputs.strokes.config import StrokesConfig
from recurra.inputs.strokes.inkml import parse_inkml
from recurra.inputs.strokes.input import STROKES
from recurra.inputs.strokes.live import LiveStrokes
from recurra.inputs.strokes.unipen import parse_unipen

INKML = """<?xml version="1.0"?>
<ink xmlns="http://www.w3.org/2003/InkML">
  <annotation type="UI">2013</annotation>
  <annotation type="truth">ab &amp; c</annotation>
  <traceFormat><channel name="X" type="decimal"/><channel name="Y"/><channel name="T"/></traceFormat>
  <trace id="0">10 20 0, 11 22 1</trace>
  <trace id="1" type="penUp">50 50 2</trace>
  <trace id="2">13 21 5, 14 -2.5e1 6, 15 0 7</trace>
  <traceGroup><annotation type="truth">a</annotation></traceGroup>
</ink>"""
UNIPEN = """.VERSION 1.0
.COORD X Y T
.SEGMENT CHARACTER 0-2 OK "a"
.SEGMENT CHARACTER 3 OK "b \\"c\\""
.PEN_DOWN
1 2 0
3 4 1
.PEN_UP
9 9 2
.PEN_DOWN
5 5 3
.PEN_DOWN
7 7 4
8 6 5
"""


def read(source: Path) -> Examples:
    return STROKES.read(source, validated(StrokesConfig, {}), keep_nothing)


def test_inkml() -> None:
    ink, text = parse_inkml(INKML.encode(), "a")
    assert text == "ab & c"
    np.testing.assert_array_equal(ink.points, [[0, 0], [1, 2], [3, 1], [4, -45], [5, -20]])
    np.testing.assert_array_equal(ink.lifts, [False, True, False, False, True])
    assert ink.seconds is not None
    np.testing.assert_array_equal(ink.seconds, [0, 1, 5, 6, 7])


def test_differences_of_inkml() -> None:
    """The example of the standard: explicit values, first and second differences."""
    content = "<ink><trace>1125 18432,'23'43,\"7\"-8,3-5,7 -3,6 2,6 8,3 6</trace></ink>"
    expected = [(1125, 18432), (1148, 18475), (1178, 18510), (1211, 18540), (1251, 18567)]
    expected += [(1297, 18596), (1349, 18633), (1404, 18676)]
    points = parse_inkml(content.encode(), "a").ink.points + np.array([1125, 18432])
    np.testing.assert_array_equal(points, expected)


def test_second_differences_after_values_go_on_from_their_last_step() -> None:
    points = parse_inkml(b'<ink><trace>10 10, 12 12, "1 "1</trace></ink>', "a").ink.points
    np.testing.assert_array_equal(points, [[0, 0], [2, 2], [5, 5]])
    alone = parse_inkml(b'<ink><trace>10 10, "1 "1, 1 1</trace></ink>', "a").ink.points
    np.testing.assert_array_equal(alone, [[0, 0], [1, 1], [3, 3]])


def test_spaces_cost_no_time() -> None:
    wide = " " * 100_000
    ink = parse_inkml(
        f"<ink><trace>{wide}1{wide}2{wide},{wide}'{wide}3'4{wide}</trace></ink>".encode(), "a"
    ).ink
    np.testing.assert_array_equal(ink.points, [[0, 0], [3, 4]])
    for value in ("*", "?", f"* {wide}?", "1 x"):
        with pytest.raises(DataError, match="are not read"):
            parse_inkml(f"<ink><trace>1 2, {wide}{value}{wide}</trace></ink>".encode(), "a")


def test_a_trace_has_the_channels_of_its_context() -> None:
    def context(name: str, channels: str) -> str:
        own = "".join(f"<channel name='{one}'/>" for one in channels)
        return f"<context xml:id='{name}'><traceFormat>{own}</traceFormat></context>"

    same = f"<ink>{context('a', 'XY')}{context('b', 'XY')}<trace>1 2, 2 4</trace></ink>"
    np.testing.assert_array_equal(parse_inkml(same.encode(), "a").ink.points, [[0, 0], [1, 2]])
    other = "<trace contextRef='#b'>0 2 1, 1 4 2</trace><trace>3 6 5</trace>"
    ink = parse_inkml(f"<ink>{context('a', 'XYT')}{context('b', 'TYX')}{other}</ink>".encode(), "a").ink
    np.testing.assert_array_equal(ink.points, [[0, 0], [1, 2], [2, 4]])
    np.testing.assert_array_equal(ink.seconds, [0, 1, 5])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read"),
        (b"<ink><trace>1 2", "cannot be read"),
        (b"<ink/>", "no trace"),
        (b"<ink><trace> </trace></ink>", "ink without a point"),
        (b"<ink><trace>1 2, 3</trace></ink>", "trace 1: '3'; expected 2 numbers for each point"),
        (b"<ink><trace>1 2, a b</trace></ink>", "'a b'"),
        (b"<ink><trace>1 2, * ?</trace></ink>", r"as other points have them \(\*, \?\) are not read"),
        (b"<ink><trace>1 1e999</trace></ink>", "no finite place"),
        (
            b"<ink><traceFormat><channel name='X'/></traceFormat><trace>1</trace></ink>",
            "channels X; expected X and Y",
        ),
    ],
)
def test_inkml_that_is_none(content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        parse_inkml(content, "a.inkml")


def test_entities_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("1 2")
    grows = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 20))
    for declared in (
        f'<!ENTITY a0 "1 2">{grows}',
        f'<!ENTITY a19 SYSTEM "file://{secret}">',
        '<!ENTITY % p "x">',
    ):
        content = f"<!DOCTYPE ink [{declared}]><ink><trace>&a19;</trace></ink>"
        with pytest.raises(DataError, match="XML that declares entities"):
            parse_inkml(content.encode(), "a")
    deep = b"<ink>" + b"<g>" * 100_000 + b"</g>" * 100_000 + b"<trace>1 2</trace></ink>"
    assert len(parse_inkml(deep, "a").ink) == 1


def test_unipen() -> None:
    (first, label, _), (second, other, place) = parse_unipen(UNIPEN, "a")
    assert (label, other, place) == ("a", 'b "c"', "a, segment 2")
    np.testing.assert_array_equal(first.points, [[0, 0], [2, -2], [4, -3]])
    np.testing.assert_array_equal(first.lifts, [False, True, True])
    np.testing.assert_array_equal(second.points, [[0, 0], [1, 1]])
    assert second.seconds is not None
    ((whole, nothing, _),) = parse_unipen(UNIPEN.replace(".SEGMENT", ".COMMENT"), "a")
    assert nothing is None
    assert whole.lifts.sum() == 3
    until = [f'.SEGMENT DIGIT ? "{one}"\n.PEN_DOWN\n1 2\n.PEN_UP\n.DT 5\n' for one in "83"]
    assert [text for _, text, _ in parse_unipen("".join(until), "a")] == ["8", "3"]
    ((ink, said, _),) = parse_unipen('.SEGMENT TEXT ? OK "7 of 9"\n.PEN_DOWN\n1 2\n', "a")
    assert (said, len(ink)) == ("7 of 9", 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "no points"),
        (".PEN_DOWN\n.PEN_UP\n", "no points"),
        (".PEN_DOWN\n1 x\n", "line 2: '1 x'"),
        (".COORD X Y T\n.PEN_DOWN\n1 2\n", "line 3: 2 numbers; expected 3"),
        (".COORD X T\n.PEN_DOWN\n1 2\n", "coordinates X, T; expected X and Y"),
        ('.SEGMENT A 0-9 OK "a"\n.PEN_DOWN\n1 2\n', "component 9; expected 0 to 0"),
        ('.SEGMENT A 1 OK "a"\n.PEN_DOWN\n1 2\n.PEN_UP\n', "segment 1: ink without a point"),
        (".PEN_DOWN\nnan 2\n", "no finite place"),
        (".PEN_DOWN\n1 2\n.COORD X Y T\n", "line 3: .COORD after points"),
        ('.SEGMENT A 0:1-0:5 OK "a"\n.PEN_DOWN\n1 2\n', "components '0:1-0:5'.*points of components"),
        (f'.SEGMENT A {"9" * 5000} OK "a"\n.PEN_DOWN\n1 2\n', "line 1: components '9999"),
        ('.SEGMENT A 0-0,0 OK "a"\n.PEN_DOWN\n1 2\n', "components that come again"),
    ],
)
def test_unipen_that_is_none(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        parse_unipen(text, "a.unp")


def nested_values() -> st.SearchStrategy[Any]:
    leaf = st.none() | st.booleans() | st.text(max_size=3) | st.floats() | st.integers(-(10**400), 10**400)
    keys = st.sampled_from(["x", "y", "pen", "strokes"])
    return st.recursive(
        leaf, lambda own: st.lists(own, max_size=6) | st.dictionaries(keys, own, max_size=3), max_leaves=25
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nested_values(), st.sampled_from(["auto", "axes"]), st.sampled_from(["lift", "touch"]))
@example({"strokes": [{"x": [1.0], "y": [2.0]}]}, "auto", "lift")
@example([[[1.0, 2.0]], {"x": [1.0]}], "auto", "lift")
@example([[[], []]], "axes", "lift")
@example([[[1.0, 2.0], [1.0, 2.0]], [[], []]], "axes", "lift")
def test_of_json_only_errors_of_ours_come(tmp_path: Path, given: Any, layout: str, pen: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(given))
    (tmp_path / "index.csv").write_text("path\na.json\n")
    try:
        found = STROKES.read(
            tmp_path / "index.csv", validated(StrokesConfig, {"layout": layout, "pen": pen}), keep_nothing
        )
    except RecurraError:
        return
    assert np.isfinite(found.contents[0].points).all()


LINES = st.sampled_from([
    ".PEN_DOWN", ".PEN_UP", ".PEN_DOWN 1 2", ".COORD X Y T", ".COORD Y X", ".COORD", "1 2", "1 2 3",
    "1e300 2", "-1e300 0", "inf 0", '.SEGMENT A 0-1 OK "a"', '.SEGMENT A 0 ? "\\"', ".SEGMENT", ".SEGMENT 1",
    "x", "",
])  # fmt: skip


@given(st.lists(LINES, max_size=12))
def test_of_unipen_only_errors_of_ours_come(lines: list[str]) -> None:
    try:
        found = parse_unipen("\n".join(lines), "a")
    except RecurraError:
        return
    assert all(np.isfinite(ink.points).all() for ink, _, _ in found)


@pytest.mark.parametrize(
    "array",
    [
        np.array([["a", "b", "c"]]),
        np.array([(1, 2)], [("x", "f4"), ("y", "f4")]),
        np.array(1.0),
        np.array([1.0, 2.0, 0.0]),
        np.array([[1j, 2, 0]]),
        np.zeros((0, 3)),
        np.zeros((1, 2, 3)),
        np.array([[1e308, 0, 0], [-1e308, 0, 1]]),
    ],
)
def test_arrays_that_are_no_ink_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    (tmp_path / "index.csv").write_text("path\na.npy\n")
    with pytest.raises(DataError, match=r"a\.npy"):
        read(tmp_path / "index.csv")


@pytest.mark.parametrize(
    ("points", "lengths"),
    [
        (np.zeros((3, 3)), np.array(3)),
        (np.zeros((0, 3)), np.array([], np.int64)),
        (np.zeros((3, 3)), np.array([], np.int64)),
        (np.zeros((2, 3)), np.array([2**63, 2**63, 2], np.uint64)),
        (np.zeros((3, 3)), np.array(["3"])),
    ],
)
def test_lengths_that_do_not_fit_are_refused(tmp_path: Path, points: np.ndarray, lengths: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", strokes=points, lengths=lengths)
    with pytest.raises(DataError, match="`lengths` that do not fit"):
        read(tmp_path / "a.npz")


def test_files_folders_and_tables_of_paths(tmp_path: Path) -> None:
    alone = tmp_path / "a_1.inkml"
    alone.write_text(INKML)
    found = read(alone)
    assert found.columns.rows(named=True) == [{"label": "a", "file": "a_1.inkml", "text": "ab & c"}]
    assert suited(alone, ("strokes", "table"), keep_nothing, registry.get).name == "strokes"
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.inkml").write_text(INKML.replace("ab &amp; c", name * 2))
    (tmp_path / "y" / "1.txt").write_text("beside\n")
    found = read(tmp_path)
    assert suited(tmp_path, ("strokes", "motion"), keep_nothing, registry.get).name == "strokes"
    assert found.columns["label"].to_list() == [tmp_path.name, "x", "y"]
    assert found.columns["text"].to_list() == ["ab & c", "xx", "beside"]
    (tmp_path / "both.unp").write_text(UNIPEN)
    assert read(tmp_path / "both.unp").columns["label"].to_list() == ["a", 'b "c"']
    np.save(tmp_path / "c.npy", np.array([[0.0, 0, 0], [1, 1, 1]]))
    (tmp_path / "d.json").write_text("[[[0, 0], [1, 1]]]")
    table = pl.DataFrame({"path": ["x/1.inkml", "c.npy", "d.json"], "label": ["x", "c", "d"]})
    table.write_csv(tmp_path / "index.csv")
    found = read(tmp_path / "index.csv")
    assert [len(one) for one in found.contents] == [5, 2, 2]
    assert suited(tmp_path / "index.csv", ("strokes", "text"), keep_nothing, registry.get).name == "strokes"
    table.with_columns(path=pl.lit("none.inkml")).write_csv(tmp_path / "wrong.csv")
    with pytest.raises(DataError, match=r"none\.inkml cannot be read"):
        read(tmp_path / "wrong.csv")
    (tmp_path / "d.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match="too deeply"):
        read(tmp_path / "index.csv")


def test_an_array_whose_head_is_damaged_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ink.npy"
    np.save(path, np.zeros((4, 3)))
    path.write_bytes(path.read_bytes().replace(b"(4, 3)", b"(4, 3 "))
    pl.DataFrame({"path": ["ink.npy"]}).write_csv(tmp_path / "index.csv")
    with pytest.raises(DataError, match=r"ink\.npy cannot be read"):
        read(tmp_path / "index.csv")


@pytest.mark.parametrize("y_axis", ["auto", "up", "down"])
def test_points_come_live_as_they_stand_in_the_files_of_training(tmp_path: Path, y_axis: str) -> None:
    (tmp_path / "both.unp").write_text(UNIPEN)
    (tmp_path / "one.inkml").write_text(INKML)
    config = validated(StrokesConfig, {"y_axis": y_axis, "size": "data", "spacing": 0})
    points = {".unp": [(1, 2, 0), (3, 4, 1)], ".inkml": [(10, 20, 0), (11, 22, 1)]}
    for name in ("both.unp", "one.inkml"):
        first = STROKES.read(tmp_path / name, config, keep_nothing).contents
        encoding = STROKES.learn(first, config)
        live = LiveStrokes.from_dict(encoding.to_dict())
        x, y, pen = (list(one) for one in zip(*points[Path(name).suffix], strict=True))
        steps = np.stack(live.steps({"x": x, "y": y, "pen": pen}))
        np.testing.assert_array_equal(steps[:, :4], encoding.encode(first[0])[: len(steps), :4])
