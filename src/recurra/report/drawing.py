"""Sections as the page draws them: every piece becomes a drawing of a figure, table or text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from recurra.report.figure import SMALL, WIDE, columns_figure, lines_figure, scatter_figure
from recurra.report.medium import Audio, Picture
from recurra.report.number import column, count, fixed, percent
from recurra.report.piece import (
    AnyPiece,
    Bars,
    Columns,
    HeatMap,
    HighlightedText,
    LegendItem,
    Lines,
    Matrix,
    Points,
    Scatter,
    Table,
)
from recurra.report.point_figure import points_figure, slice_figure
from recurra.report.section import Section

MOST_CLASSES = 30
"""Rows and columns of a matrix; more could not be read."""

FEW_COLUMNS, MANY_COLUMNS = 8, 16
"""A matrix with more columns has their names upright, and the room of two drawings or the whole row."""

LYING = 2
"""Letters of a name that lies above its column of a heat map."""

NARROW_COLUMNS = 24
"""A heat map with more columns has the whole row."""


@dataclass(frozen=True)
class MatrixCell:
    """A count, the share of its row in percent, and what it says in words; `against` is the other colour."""

    text: str
    share: float
    spoken: str
    against: bool = False


@dataclass(frozen=True)
class MatrixGrid:
    """A matrix to draw: what is across and down, columns, and rows with names.

    Bare, it is colours alone; signed, there are two of them.
    """

    across: str
    down: str
    columns: list[str]
    rows: list[tuple[str, list[MatrixCell]]]
    upright: bool
    bare: bool = False
    signed: bool = False


@dataclass(frozen=True)
class BarRow:
    """A bar: where it begins and how long it is, in percent of the track."""

    label: str
    text: str
    role: str
    start: float
    length: float


@dataclass(frozen=True)
class TableGrid:
    """A table of texts; `numeric` tells which columns hold numbers."""

    columns: list[str]
    numeric: list[bool]
    rows: list[list[str]]


@dataclass(frozen=True)
class Drawing:
    """One thing to look at, with its title and the sentence beside it.

    Attributes:
        title: A few words.
        note: A sentence.
        svg: The figure, if it is one.
        wide: The same drawn for wide screens, if it is.
        legend: What the colours mean.
        kind: What `content` is: "figure" (there is `svg` instead) or the kind of the piece.
        breadth: "broad" for the room of two drawings beside each other, "full" for all of it; where all of a
            grid are alike, the share of its row: "third", "half" or "whole".
        content: What the template draws.
    """

    title: str
    note: str
    svg: Markup | None = None
    wide: Markup | None = None
    legend: Sequence[LegendItem] = ()
    kind: str = "figure"
    breadth: str = ""
    content: MatrixGrid | TableGrid | Sequence[BarRow] | HighlightedText | Picture | Audio | None = None


@dataclass(frozen=True)
class DrawnSection:
    """A section with its drawings: the large ones, then those that stand beside each other."""

    section: Section
    large: list[Drawing]
    others: list[Drawing]


def drawn_section(section: Section) -> DrawnSection:
    """Draw all pieces of a section."""
    alone = len(section.pieces) == 1 and isinstance(section.pieces[0], Lines)
    first = {"hero": 1, "full": len(section.pieces), "grid": int(alone)}[section.layout]
    drawings = [
        _drawing(piece, f"{section.id}-{index}", wide=index < first, explained=bool(section.legend))
        for index, piece in enumerate(section.pieces)
    ]
    return DrawnSection(section, drawings[:first], evened(drawings[first:]))


def evened(drawings: Sequence[Drawing]) -> list[Drawing]:
    """Share the rows of a grid so that none has room left: three in a row, and two in the last ones."""
    if any(one.breadth for one in drawings):
        return list(drawings)
    halves = {0: 0, 1: 4, 2: 2}[len(drawings) % 3]
    if len(drawings) == 1:
        return [replace(drawings[0], breadth="whole")]
    thirds = len(drawings) - halves
    return [
        replace(one, breadth="third" if number < thirds else "half") for number, one in enumerate(drawings)
    ]


def _drawing(piece: AnyPiece, name: str, *, wide: bool, explained: bool) -> Drawing:
    if isinstance(piece, Lines):
        large = lines_figure(piece, f"{name}-wide", WIDE) if wide else None
        legend = [] if explained else _lines_legend(piece)
        legend += _spans_legend(piece)
        return Drawing(piece.title, piece.note, lines_figure(piece, name, SMALL), large, legend)
    if isinstance(piece, Columns | Scatter | Points):
        return Drawing(piece.title, piece.note, _small_figure(piece, name))
    if isinstance(piece, Matrix | HeatMap):
        return _matrix_drawing(piece) if isinstance(piece, Matrix) else _heat_drawing(piece)
    if isinstance(piece, Bars):
        return Drawing(piece.title, piece.note, kind=piece.kind, content=_bar_rows(piece))
    if isinstance(piece, Table):
        return Drawing(piece.title, piece.note, kind=piece.kind, content=_table_grid(piece))
    return Drawing(piece.title, piece.note, kind=piece.kind, content=piece)


def _small_figure(piece: Columns | Scatter | Points, name: str) -> Markup:
    if isinstance(piece, Columns):
        return columns_figure(piece, name)
    if isinstance(piece, Points):
        return points_figure(piece, name)
    return scatter_figure(piece, name) if piece.equal else slice_figure(piece, name)


def _lines_legend(piece: Lines) -> list[LegendItem]:
    """What lines and bands are, where there are several."""
    named = piece.lines if piece.labels == "legend" else ()
    items = [LegendItem(label=line.label, role=line.role) for line in named]
    widest_first = sorted(piece.bands, key=lambda one: -one.level)
    for number, band in enumerate(widest_first):
        deep = number > 0 or len(widest_first) == 1
        items.append(LegendItem(label=band.label, role=band.role, mark="deep" if deep else "area"))
    return items if len(items) > 1 or (items and not named) else []


def _spans_legend(piece: Lines) -> list[LegendItem]:
    """What shaded stretches are, each once."""
    named = dict.fromkeys((span.label, span.role) for span in piece.spans if span.label)
    return [LegendItem(label=label, role=role, mark="area") for label, role in named]


def _matrix_drawing(piece: Matrix) -> Drawing:
    """The most frequent rows of a matrix, and the columns of the same names."""
    columns = piece.columns or piece.rows
    kept = _most_frequent([sum(row) for row in piece.counts])
    same = columns == piece.rows
    across = (
        kept if same else _most_frequent([sum(row[c] for row in piece.counts) for c in range(len(columns))])
    )
    rows = []
    for r in kept:
        total = sum(piece.counts[r])
        cells = []
        for c in across:
            number = piece.counts[r][c]
            share = number / total if total else 0.0
            spoken = f"{piece.row_label} {piece.rows[r]}, {piece.column_label} {columns[c]}: "
            spoken += f"{count(number)} of {count(total)}"
            cells.append(MatrixCell(count(number), round(100 * share, 1), spoken))
        rows.append((piece.rows[r], cells))
    names = [columns[c] for c in across]
    note = piece.note
    if len(kept) < len(piece.rows):
        note = f"{note} The {len(kept)} most frequent of {len(piece.rows)} are shown.".strip()
    upright = len(names) > FEW_COLUMNS
    grid = MatrixGrid(piece.column_label, piece.row_label, names, rows, upright)
    breadth = ("full" if len(names) > MANY_COLUMNS else "broad") if upright else ""
    return Drawing(piece.title, note, kind=piece.kind, breadth=breadth, content=grid)


def _heat_drawing(piece: HeatMap) -> Drawing:
    """All rows and columns; names of a letter or two lie, longer ones stand."""
    rows = []
    for name, shares in zip(piece.rows, piece.shares, strict=True):
        about = [f"{piece.row_label} {name}, {piece.column_label} {one}: " for one in piece.columns]
        cells = [
            MatrixCell("", round(100 * abs(share), 1), text.strip() + f" {percent(share, 0)}", share < 0)
            for text, share in zip(about, shares, strict=True)
        ]
        rows.append((name, cells))
    upright = max(map(len, piece.columns)) > LYING
    signed = any(share < 0 for shares in piece.shares for share in shares)
    grid = MatrixGrid(
        piece.column_label, piece.row_label, list(piece.columns), rows, upright, bare=True, signed=signed
    )
    breadth = "full" if len(piece.columns) > NARROW_COLUMNS else ""
    return Drawing(piece.title, piece.note, kind="matrix", breadth=breadth, content=grid)


def _most_frequent(totals: Sequence[int]) -> list[int]:
    """Indices of the largest, in their own order."""
    ranked = sorted(range(len(totals)), key=lambda index: -totals[index])
    return sorted(ranked[:MOST_CLASSES])


def _bar_rows(piece: Bars) -> list[BarRow]:
    values = [bar.value for bar in piece.bars]
    low, high = min(0.0, *values), max(0.0, *values)
    width = (high - low) or 1.0
    texts = [percent(value, 1) for value in values] if piece.unit == "share" else column(values)
    return [
        BarRow(
            bar.label,
            text,
            bar.role,
            round(100 * (min(bar.value, 0.0) - low) / width, 2),
            round(100 * abs(bar.value) / width, 2),
        )
        for bar, text in zip(piece.bars, texts, strict=True)
    ]


def _table_grid(piece: Table) -> TableGrid:
    """Texts of a table: the numbers of a column with the same decimals, whole ones as counts."""
    columns = [[row[index] for row in piece.rows] for index in range(len(piece.columns))]
    numeric, texts = [], []
    for values in columns:
        given = [value for value in values if not isinstance(value, str)]
        numbers = [None if value is None else float(value) for value in given]
        known = [value for value in given if value is not None]
        numeric.append(len(numbers) == len(values) and bool(known))
        whole = all(isinstance(value, int) for value in known)
        shown = iter([fixed(number, 0) for number in numbers] if whole else column(numbers))
        texts.append([value if isinstance(value, str) else next(shown) for value in values])
    rows = [[cells[row] for cells in texts] for row in range(len(piece.rows))]
    return TableGrid(list(piece.columns), numeric, rows)
