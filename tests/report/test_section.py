"""Sections: what is written is read, what is wrong is named, and every kind of piece is drawn."""

import io
import math
import re
import wave

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.report.document import Document

from recurra.errors import DamagedError
from recurra.files import write_document
from recurra.report.drawing import MOST_CLASSES, Drawing, drawn_section, evened
from recurra.report.page import write_report
from recurra.report.piece import (
    Audio,
    Bar,
    Bars,
    Columns,
    HeatMap,
    HighlightedText,
    LegendItem,
    Line,
    Lines,
    Matrix,
    Picture,
    Scatter,
    Span,
    Table,
    Token,
)
from recurra.report.section import Section, SectionsRecord, read_sections, write_sections


def png():
    file = io.BytesIO()
    Figure(figsize=(0.5, 0.5)).savefig(file, format="png")
    return file.getvalue()


def wav():
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes((3000 * np.sin(np.arange(800))).astype("<i2").tobytes())
    return file.getvalue()


LINES = {"kind": "lines", "x": [1, 2], "lines": [{"label": "a", "role": "model", "y": [1.0, None]}]}


def pieces():
    return [
        Lines(title="Curve", x=[1, 2], lines=[Line(label="ours", role="model", y=[1, 2])]),
        Columns(title="Spread", x=[-1, 0, 1], heights=[0.2, None, 0.5], limit=0.1, unit="share"),
        Scatter(title="Points", points=[(0.1, 0.2)]),
        Matrix(title="Confusion", rows=["cat", "<dog>"], counts=[[9, 1], [0, 0]]),
        HeatMap(title="Looks", rows=["a", "b"], columns=["x", "<y>"], shares=[[0.5, 0.5], [0, 1]]),
        Bars(title="Weights", bars=[Bar(label="good", value=2.0), Bar(label="bad", value=-1.0)]),
        Table(title="Errors", columns=["text", "certainty"], rows=[["a <b>", 0.5], ["c", None]]),
        HighlightedText(title="Tags", tokens=[Token(text="Ann", role="third", label="PER")]),
        Picture.of(png(), title="Digit", note="a seven"),
        Audio.of(wav(), title="Word", note="yes"),
    ]  # fmt: skip


def section(**change):
    return Section(**{"id": "one", "heading": "One", "pieces": pieces()} | change)


@pytest.mark.parametrize("layout", ["hero", "grid", "full"])
def test_what_is_written_is_read_and_drawn(tmp_path, layout):
    one = section(layout=layout, lead="A lead.", notes=["A note."], legend=[LegendItem(label="ours")])
    write_sections(tmp_path, [one])
    assert read_sections(tmp_path).sections == [one]
    page = write_report(tmp_path).read_text()
    document = Document(page)
    for text in ("A lead.", "A note.", "ours", "Ann", "PER", "a <b>", "<dog>", *(p.title for p in pieces())):
        assert text in document.text
    assert document.count("img") == document.count("audio") == 1
    assert all(value.startswith("data:") for value in document.attributes("src"))
    assert "a seven" in document.attributes("alt")[0]
    assert "media-src data:" in page
    assert document.count("svg") == {"hero": 4, "grid": 3, "full": 4}[layout]


def test_sections_come_in_their_order(tmp_path):
    write_sections(
        tmp_path, [section(id="b", heading="Second-named"), section(id="a", heading="First-named")]
    )
    text = Document(write_report(tmp_path).read_text()).text
    assert text.index("Second-named") < text.index("First-named") < text.index("Training")


def test_what_is_not_finite_becomes_null(tmp_path):
    line = Line(label="a", role="model", y=[1.0, math.nan])
    write_sections(tmp_path, [section(pieces=[Lines(x=[1, 2], lines=[line])])])
    assert read_sections(tmp_path).sections[0].pieces[0].lines[0].y == [1.0, None]


def test_integer_times_stay_integers(tmp_path):
    write_sections(tmp_path, [section(pieces=[LINES])])
    assert [type(place) for place in read_sections(tmp_path).sections[0].pieces[0].x] == [int, int]


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (LINES | {"x": [1]}, "more values than places"),
        (LINES | {"x": []}, "lines.x"),
        (LINES | {"x": [1, "2025-01-01"]}, "some places are numbers and some are dates"),
        (LINES | {"marker": "2025-01-01"}, "some places are numbers and some are dates"),
        (LINES | {"x": ["noon", "night"]}, "lines.x.0"),
        (LINES | {"small_start": 2}, "past the last"),
        (LINES | {"bands": [{"label": "b", "level": 80, "lower": [1], "upper": [1, 2]}]}, "unequal ends"),
        (LINES | {"lines": [{"label": "a", "role": "model", "y": ["high"]}]}, "y.0"),
        (LINES | {"lines": [{"label": "a", "role": "red", "y": [1]}]}, "role"),
        ({"kind": "scatter", "points": []}, "points"),
        ({"kind": "matrix", "rows": ["a", "b"], "counts": [[1, 2]]}, "one per row and column"),
        ({"kind": "matrix", "rows": ["a"], "counts": [[-1]]}, "negative"),
        ({"kind": "heat", "rows": ["a"], "columns": ["b"], "shares": [[1, 0]]}, "one per row and column"),
        ({"kind": "heat", "rows": ["a"], "columns": ["b"], "shares": [[1.5]]}, "less than or equal to 1"),
        ({"kind": "table", "columns": ["a"], "rows": [[1, 2]]}, "another length"),
        ({"kind": "picture", "content": "AAAA"}, "is not PNG"),
        ({"kind": "picture", "content": "\"><script>"}, "not base64"),
        ({"kind": "audio", "content": "AAAA"}, "is not WAV or OGG"),
        ({"kind": "video"}, "kind"),
    ],
)  # fmt: skip
def test_wrong_pieces_are_named(tmp_path, piece, message):
    sections = [{"id": "one", "heading": "One", "pieces": [piece]}]
    write_document(tmp_path / "sections.json", {"sections": sections}, version=1)
    with pytest.raises(DamagedError, match=message):
        read_sections(tmp_path)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", "a"], "the same id"),
        (["scores"], "every report has"),
        (['"x'], "pattern"),
        (["A b"], "pattern"),
    ],
)
def test_ids_are_unique_and_free(ids, message):
    with pytest.raises(ValueError, match=message):
        SectionsRecord.model_validate({"sections": [{"id": one, "heading": "One"} for one in ids]})


def drawn(piece):
    made = drawn_section(section(pieces=[piece]))
    return [*made.large, *made.others][0]


def test_a_matrix_is_normalised_by_row():
    rows = drawn(Matrix(rows=["a", "b"], counts=[[3, 1], [0, 0]])).content.rows
    assert [[cell.share for cell in cells] for _, cells in rows] == [[75.0, 25.0], [0.0, 0.0]]
    assert rows[0][1][1].spoken == "truth a, answer b: 1 of 4"


def test_of_many_classes_the_most_frequent_are_shown():
    size = MOST_CLASSES + 3
    counts = np.eye(size, dtype=int) * np.arange(1, size + 1)
    drawing = drawn(Matrix(rows=[f"c{i}" for i in range(size)], counts=counts.tolist()))
    assert (
        drawing.content.columns
        == [name for name, _ in drawing.content.rows]
        == [f"c{i}" for i in range(3, size)]
    )
    assert f"{MOST_CLASSES} most frequent of {size}" in drawing.note


def test_a_matrix_may_have_other_columns_than_rows():
    drawing = drawn(Matrix(rows=["a"], columns=["x", "y", "z"], counts=[[1, 0, 5]]))
    assert drawing.content.columns == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("columns", "breadth"), [(3, "whole"), (8, "whole"), (9, "broad"), (16, "broad"), (17, "full")]
)
def test_a_matrix_gets_the_room_that_its_columns_need(columns, breadth):
    size = range(columns)
    piece = Matrix(rows=[f"c{row}" for row in size], counts=[[1 for _ in size] for _ in size])
    assert drawn(piece).breadth == breadth


def test_a_heat_map_keeps_its_order_and_shows_no_numbers():
    shares = [[0.1, 0.9], [0.7, 0.3]]
    piece = HeatMap(rows=["c", "c"], columns=["a", "a"], shares=shares, row_label="to", column_label="from")
    grid = drawn(piece).content
    assert grid.bare
    assert not grid.upright
    assert [(name, [cell.share for cell in cells]) for name, cells in grid.rows] == [
        ("c", [10.0, 90.0]),
        ("c", [70.0, 30.0]),
    ]
    assert all(cell.text == "" for _, cells in grid.rows for cell in cells)
    assert grid.rows[0][1][1].spoken == "to c, from a: 90\u202f%"
    assert drawn(piece.model_copy(update={"columns": ["a", "word"]})).content.upright


@pytest.mark.parametrize("values", [[1.0, 2.0], [-1.0, 3.0], [0.0], [-2.0, -1.0]])
def test_bars_begin_at_zero_and_stay_in_their_track(values):
    bars = drawn(Bars(bars=[Bar(label="a", value=value) for value in values])).content
    for bar, value in zip(bars, values, strict=True):
        assert 0 <= bar.start <= bar.start + bar.length <= 100.01
        assert (bar.length > 0) == (value != 0)
    zero = {
        round(bar.start + (bar.length if value < 0 else 0), 1)
        for bar, value in zip(bars, values, strict=True)
    }
    assert len(zero) == 1


def test_numbers_of_a_column_have_the_same_decimals_and_whole_ones_none():
    rows = [["a", 1200, 0.5, None], ["b", 3, 12.25, 1.0], ["c", None, "none", 2.0]]
    grid = drawn(Table(columns=["name", "count", "mixed", "gap"], rows=rows)).content
    assert grid.numeric == [False, True, False, True]
    assert [row[1] for row in grid.rows] == ["1\u202f200", "3", "\u2013"]
    assert [row[3] for row in grid.rows] == ["\u2013", "1.00", "2.00"]
    assert grid.rows[2][2] == "none"


def test_lines_explain_themselves_where_the_section_does_not():
    lines = [Line(label=name, role="model", y=[1]) for name in ("ours", "theirs")]
    piece = Lines(x=[1], lines=lines)
    assert [item.label for item in drawn(piece).legend] == ["ours", "theirs"]
    assert drawn(Lines(x=[1], lines=lines[:1])).legend == []
    explained = drawn_section(section(pieces=[piece], legend=[LegendItem(label="all")]))
    assert explained.large[0].legend == []


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 7, 8])
def test_rows_of_a_grid_are_filled(number):
    widths = {"third": 1 / 3, "half": 1 / 2, "whole": 1.0}
    shares = [widths[one.breadth] for one in evened([Drawing("a", "")] * number)]
    filled = 0.0
    for share in shares:
        filled += share
        assert filled < 1.01  # none is cut by the end of its row
        filled = 0.0 if filled > 0.99 else filled
    assert filled == 0


def test_stretches_are_shaded_and_named_once():
    spans = [Span(label="no value", begin=1, end=2), Span(label="no value", begin=4, end=5)]
    lines = [Line(label="ours", role="model", y=[1, 2, 3, 4, 5])]
    bare = drawn(Lines(x=[1, 2, 3, 4, 5], lines=lines))
    shaded = drawn(Lines(x=[1, 2, 3, 4, 5], lines=lines, spans=spans))
    assert [item.label for item in shaded.legend] == ["no value"]
    assert len(shaded.svg) > len(bare.svg)
    with pytest.raises(ValueError, match="some are dates"):
        Lines(
            x=[1, 2],
            lines=lines[:0] or [LINES["lines"][0]],
            spans=[Span(label="a", begin="2025-01-01", end=2)],
        )


def test_names_at_the_ends_of_lines_that_lie_upon_each_other_are_apart():
    names = ("ours", "theirs", "another")
    lines = [Line(label=name, role="model", y=[1.0, 2.0]) for name in names]
    made = drawn(Lines(x=[1, 2], lines=lines, labels="ends"))
    assert made.legend == []
    heights = [
        float(
            re.search(r"translate\(\S+ ([\d.]+)\)|y=\"([\d.]+)\"", found[0])[0]
            .strip(')"')
            .split()[-1]
            .split('"')[-1]
        )
        for name in names
        if (found := re.search(rf"<text[^>]*>{name}", made.svg))
    ]
    assert len(heights) == len(names)
    assert min(abs(one - other) for i, one in enumerate(heights) for other in heights[:i]) > 11
