"""The pieces that a section of a report is made of: a task fills them, and the page draws them.

A piece is told from another by its `kind`, so that it is the same in JSON as in Python. Every piece has a
title and a sentence; what is drawn is also described, for those who do not see it.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from recurra.report.medium import Audio, Picture
from recurra.report.record import Number, Piece, Record, Time

Role = Literal["model", "reference", "third", "fourth", "ink", "muted"]
"""Colours: the model that the run is about, what it is compared with, others, the truth, asides."""

Colour = Literal["", "model", "reference", "third", "fourth", "muted", "right", "wrong"]
"""Colours of words; none is plain text."""

Place = Annotated[int | FiniteFloat | Time, Field(union_mode="smart")]
"""Where a value lies: a number, or a date and time in ISO 8601."""


class LegendItem(Record):
    """What a colour means: a line, or an area of it ("deep" is the darker of two)."""

    label: str
    role: Role | Literal["right", "wrong"] = "model"
    mark: Literal["line", "area", "deep"] = "line"


class Line(Record):
    """A line of `Lines`.

    Attributes:
        label: What it is, for the legend.
        role: Its colour and dashes.
        start: Index of the place of its first value.
        y: Values at consecutive places; null leaves a gap.
    """

    label: str
    role: Role
    start: int = Field(default=0, ge=0)
    y: Sequence[Number]


class Band(Record):
    """An interval around a line of `Lines`: its level in percent, and its lower and upper ends."""

    label: str
    level: float
    role: Role = "model"
    start: int = Field(default=0, ge=0)
    lower: Sequence[Number]
    upper: Sequence[Number]


class Span(Record):
    """A stretch of the horizontal axis of `Lines`, such as the part that is held out, or one without data.

    Attributes:
        label: For the legend; "" where that need not say it.
        role: Its colour.
        strength: How much of that.
        begin, end: Where it lies.
    """

    label: str
    role: Role = "muted"
    strength: float = Field(default=0.14, ge=0, le=1)
    begin: Place
    end: Place


class Lines(Piece):
    """Lines over numbers or times, the first of them uppermost.

    Attributes:
        x: Places, in order.
        lines: The lines.
        bands: Intervals, drawn beneath the lines.
        spans: Stretches of the horizontal axis, shaded.
        labels: Whether lines are named in a legend or at their right ends, kept apart where they overlap.
        marker: A place to mark with a dotted line, such as the last one known.
        small_start: Index of the place where the drawing begins when there is little room.
        x_label: What the horizontal axis is.
        y_label: What the vertical axis is.
        log_x: Whether the horizontal axis is logarithmic.
        log_y: Whether the vertical one is.
        from_zero: Whether the vertical axis begins at zero.
        unit: Of the vertical axis: "" or "share" (0 to 1, shown in percent).
    """

    kind: Literal["lines"] = "lines"
    x: Sequence[Place] = Field(min_length=1)
    lines: Sequence[Line] = Field(min_length=1)
    bands: Sequence[Band] = Field(default_factory=list)
    spans: Sequence[Span] = Field(default_factory=list)
    labels: Literal["legend", "ends"] = "legend"
    marker: Place | None = None
    small_start: int = Field(default=0, ge=0)
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    log_y: bool = False
    from_zero: bool = False
    unit: Literal["", "share"] = ""

    @model_validator(mode="after")
    def _lengths_agree(self) -> "Lines":
        ends = [(line.start, line.y) for line in self.lines]
        ends += [(band.start, values) for band in self.bands for values in (band.lower, band.upper)]
        if any(start + len(values) > len(self.x) for start, values in ends):
            raise ValueError("more values than places")
        if any(len(band.lower) != len(band.upper) for band in self.bands):
            raise ValueError("an interval has unequal ends")
        if self.small_start >= len(self.x):
            raise ValueError("small_start is past the last place")
        places = [*self.x, *([] if self.marker is None else [self.marker])]
        places += [place for span in self.spans for place in (span.begin, span.end)]
        if len({isinstance(place, str) for place in places}) > 1:
            raise ValueError("some places are numbers and some are dates")
        return self


class Columns(Piece):
    """Values as columns from zero over numbers at equal distances: a histogram, an autocorrelation.

    Attributes:
        x: The middles of the columns.
        heights: Their heights; null leaves one out.
        limit: Draw a dashed line this far above and below zero, such as what luck alone gives.
        x_label: What the horizontal axis is.
        y_label: What the vertical axis is.
        unit: Of the vertical axis: "" or "share" (0 to 1, shown in percent).
    """

    kind: Literal["columns"] = "columns"
    x: Sequence[FiniteFloat] = Field(min_length=1)
    heights: Sequence[Number]
    limit: FiniteFloat | None = None
    x_label: str = ""
    y_label: str = ""
    unit: Literal["", "share"] = ""

    @model_validator(mode="after")
    def _lengths_agree(self) -> "Columns":
        if len(self.heights) != len(self.x):
            raise ValueError("heights are not one per place")
        return self


class Scatter(Piece):
    """Points, and the diagonal on which both numbers are equal, where they can be.

    Attributes:
        points: (across, up).
        diagonal: Whether to draw the line where both are equal.
        connected: Whether to connect the points, from left to right.
        equal: Whether both axes have the same scale, as both numbers are of one kind.
        log_x: Whether the horizontal axis of unequal ones is logarithmic.
        above: What it means to lie above the diagonal, written there.
        below: What it means to lie below.
        x_label: What the horizontal axis is.
        y_label: What the vertical axis is.
        unit: Of both axes: "" or "share" (0 to 1, shown in percent, and drawn whole).
    """

    kind: Literal["scatter"] = "scatter"
    points: Sequence[tuple[FiniteFloat, FiniteFloat]] = Field(min_length=1)
    diagonal: bool = True
    connected: bool = False
    equal: bool = True
    log_x: bool = False
    above: str = ""
    below: str = ""
    x_label: str = ""
    y_label: str = ""
    unit: Literal["", "share"] = ""


class Matrix(Piece):
    """How often each row met each column, coloured by the share of its row: a confusion matrix.

    Attributes:
        rows: Names of the rows.
        columns: Names of the columns; empty means those of the rows.
        counts: One list per row. Of many, the page shows those of the most frequent rows.
        row_label: What the rows are: "truth".
        column_label: What the columns are: "answer".
    """

    kind: Literal["matrix"] = "matrix"
    rows: Sequence[str] = Field(min_length=1)
    columns: Sequence[str] = Field(default_factory=list)
    counts: Sequence[Sequence[int]]
    row_label: str = "truth"
    column_label: str = "answer"

    @model_validator(mode="after")
    def _is_rectangular(self) -> "Matrix":
        width = len(self.columns or self.rows)
        if len(self.counts) != len(self.rows) or any(len(row) != width for row in self.counts):
            raise ValueError("counts are not one per row and column")
        if any(count < 0 for row in self.counts for count in row):
            raise ValueError("a count is negative")
        return self


class HeatMap(Piece):
    """Shares as colours alone, rows and columns in their order: where attention looked.

    Attributes:
        rows: Names of the rows.
        columns: Names of the columns.
        shares: One list per row, each share between 0 and 1, or down to -1 in another colour.
        row_label: What the rows are.
        column_label: What the columns are.
    """

    kind: Literal["heat"] = "heat"
    rows: Sequence[str] = Field(min_length=1)
    columns: Sequence[str] = Field(min_length=1)
    shares: Sequence[Sequence[Annotated[float, Field(ge=-1, le=1)]]]
    row_label: str = ""
    column_label: str = ""

    @model_validator(mode="after")
    def _is_rectangular(self) -> "HeatMap":
        if len(self.shares) != len(self.rows) or any(len(row) != len(self.columns) for row in self.shares):
            raise ValueError("shares are not one per row and column")
        return self


class Bar(Record):
    """A named value of `Bars`."""

    label: str
    value: FiniteFloat
    role: Role = "model"


class Bars(Piece):
    """Named values as bars from zero; `unit` is "" or "share" (0 to 1, shown in percent)."""

    kind: Literal["bars"] = "bars"
    bars: Sequence[Bar] = Field(min_length=1)
    unit: Literal["", "share"] = ""


class Point(Record):
    """A named quantity of `Points` that was measured several times."""

    label: str
    values: Sequence[FiniteFloat] = Field(min_length=1)
    role: Role = "model"


class Points(Piece):
    """Means as dots, with whiskers of a standard deviation; `unit` is "" or "share" (0 to 1, in percent).

    Attributes:
        log: Whether the axis is logarithmic.
    """

    kind: Literal["points"] = "points"
    points: Sequence[Point] = Field(min_length=1)
    unit: Literal["", "share"] = ""
    log: bool = False


class Table(Piece):
    """A table: names of the columns, and rows of texts and numbers; null is shown as a dash."""

    kind: Literal["table"] = "table"
    columns: Sequence[str] = Field(min_length=1)
    rows: Sequence[Sequence[int | Number | str]]

    @model_validator(mode="after")
    def _is_rectangular(self) -> "Table":
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a row has another length than the columns")
        return self


class Token(Record):
    """A piece of text of `HighlightedText`: its colour and how strong that is, and a word about it."""

    text: str
    role: Colour = ""
    label: str = ""
    strength: float = Field(default=0.2, ge=0, le=1)


class HighlightedText(Piece):
    """A text in which words are coloured and labelled; `separator` stands between the tokens."""

    kind: Literal["text"] = "text"
    tokens: Sequence[Token]
    separator: str = " "


AnyPiece = Annotated[
    Lines | Columns | Scatter | Matrix | HeatMap | Bars | Points | Table | HighlightedText | Picture | Audio,
    Field(discriminator="kind"),
]
"""One of the kinds of pieces."""
