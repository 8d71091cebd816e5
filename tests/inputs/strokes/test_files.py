"""Files of ink: InkML and UNIPEN, whole, damaged and hostile."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recurra.config import validated
from recurra.errors import DataError
from recurra.inputs import registry
from recurra.inputs.choice import suited
from recurra.inputs.examples import Examples, keep_nothing
from recurra.inputs.strokes.config import StrokesConfig
from recurra.inputs.strokes.inkml import parse_inkml
from recurra.inputs.strokes.input import STROKES
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
    ],
)
def test_unipen_that_is_none(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        parse_unipen(text, "a.unp")


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
