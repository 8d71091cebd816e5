"""Which columns of a table hold ink."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from recurra.inputs.glance import is_list_of_numbers
from recurra.inputs.long_table import time_name
from recurra.inputs.rows import file_kind, path_of

NESTED = ("strokes", "ink", "drawing", "handwriting", "pen_strokes", "trajectory")
_LIFTS = ("pen", "pen_up", "penup", "lift", "lifted", "eos")
_STROKE = ("stroke", "stroke_id")
_PRESSURE = ("pressure", "force", "p")
_PATHS = ("path", "file", "filename", "ink")
INK_KINDS = (".inkml", ".unp", ".unipen", ".upen")
FILE_KINDS = (*INK_KINDS, ".npy", ".json")
_STROKES_DEEP, _POINTS_DEEP = 3, 2


class Channels(NamedTuple):
    """Columns of the points of ink.

    Attributes:
        x, y: Where the pen is.
        lifts: Whether it is lifted afterwards; None where `stroke` numbers strokes.
        stroke: The number of a stroke.
        time, pressure: If they are known.
    """

    x: str
    y: str
    lifts: str | None
    stroke: str | None
    time: str | None
    pressure: str | None

    @property
    def names(self) -> list[str]:
        """Those that there are."""
        return [one for one in self if one is not None]


def depth_of(column: pl.Series) -> int:
    """How deep its lists of numbers are nested; 0 of anything else."""
    depth, inner = 0, column.dtype
    while isinstance(inner, pl.List | pl.Array):
        depth, inner = depth + 1, inner.inner  # type: ignore[assignment]
    return depth if inner.is_numeric() or inner == pl.Null else 0


def strokes_column(frame: pl.DataFrame) -> str | None:
    """The first column of lists that is called as ink is, or whose strokes have different numbers of points.

    Joints in frames, of which each has as many, are motion.
    """
    deep = {column.name: depth_of(column) for column in frame}
    named = [
        one for one in frame.columns if one.lower() in NESTED and deep[one] in (_STROKES_DEEP, _POINTS_DEEP)
    ]
    ragged = (one for one, depth in deep.items() if depth == _STROKES_DEEP and _is_ragged(frame[one]))
    return next(iter(named), None) or next(ragged, None)


def _is_ragged(column: pl.Series) -> bool:
    outer = column.dtype
    if not (isinstance(outer, pl.List) and isinstance(outer.inner, pl.List)):  # arrays are all of one size
        return False
    sizes = column.list.eval(pl.element().list.len().n_unique())
    return bool((sizes.explode().drop_nulls() > 1).any())


def channels_of(frame: pl.DataFrame) -> Channels | None:
    """The columns x, y and pen (or stroke), with time and pressure where they are; None: there are none."""
    able = {
        one.name.lower(): one.name
        for one in frame
        if one.dtype.is_numeric() or one.dtype in (pl.Boolean, pl.Null) or is_list_of_numbers(one)
    }

    def first(names: Sequence[str]) -> str | None:
        return next((able[one] for one in names if one in able), None)

    x, y = first(("x",)), first(("y",))
    lifts, stroke = first(_LIFTS), first(_STROKE)
    if x is None or y is None or (lifts is None and stroke is None):
        return None
    time = time_name(able.values())
    return Channels(x, y, lifts, None if lifts else stroke, time, first(_PRESSURE))


def path_column(frame: pl.DataFrame) -> str | None:
    """The first column that holds names of files of ink."""
    for name in (one for one in frame.columns if one.lower() in _PATHS and frame[one].dtype == pl.String):
        known = frame[name].drop_nulls().head(20).to_list()
        paths = [path_of(one) for one in known]
        if known and all(one is not None and file_kind(one) in FILE_KINDS for one in paths):
            return name
    return None
