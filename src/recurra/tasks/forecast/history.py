"""The rows of a live series that windows are cut from, on their grid: what a stream of windows keeps."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy
from jaxtyping import Float, Float32, Int32

from recurra.data.decimal import pointed
from recurra.errors import ArtifactError, DataError
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.schema import PanelSchema
from recurra.streaming.live import number

BY_ROW = ("target", "past", "future", "past_codes", "future_codes")


class History(NamedTuple):
    """A series; NaN is missing, and code 0. Rows after the present one hold what is known ahead.

    Attributes:
        length: Rows up to the present one.
        target: What is forecast.
        past, future: Numeric covariates of every row.
        past_codes, future_codes: Categorical covariates of every row.
        static, static_codes: Those of the series.
    """

    length: int
    target: Float[np.ndarray, " rows"]
    past: Float32[np.ndarray, "rows past"]
    future: Float32[np.ndarray, "rows future"]
    past_codes: Int32[np.ndarray, "rows past_categories"]
    future_codes: Int32[np.ndarray, "rows future_categories"]
    static: Float32[np.ndarray, "1 static"]
    static_codes: Int32[np.ndarray, "1 static_categories"]

    @classmethod
    def of(cls, panel: Panel, index: int) -> "History":
        """A series of a panel, its known future included."""
        own = slice(int(panel.offsets[index]), int(panel.offsets[index + 1]))
        rows = {name: getattr(panel, name)[own] for name in BY_ROW}
        one = slice(index, index + 1)
        return cls(
            int(panel.lengths[index]),
            **rows,
            static=panel.static[one],
            static_codes=panel.static_codes[one],
        )

    @classmethod
    def empty(cls, panel: Panel) -> "History":
        """A series of which nothing is known, with the columns of a panel."""
        rows = {name: getattr(panel, name)[:0] for name in BY_ROW}
        static, codes = np.full_like(panel.static[:1], np.nan), np.zeros_like(panel.static_codes[:1])
        return cls(0, **rows, static=static, static_codes=codes)

    @property
    def arrays(self) -> dict[str, Any]:
        """All of them by their names."""
        return {name: value for name, value in self._asdict().items() if name != "length"}

    def first(self, rows: int) -> "History":
        """As it was after so many rows; with all up to the present one, what is known ahead too."""
        if rows >= self.length:
            return self
        return self._replace(length=rows, **{name: getattr(self, name)[:rows] for name in BY_ROW})

    def last(self, rows: int) -> "History":
        """The last rows up to the present one, and what is known ahead."""
        drop = max(0, self.length - rows)
        if not drop:
            return self
        kept = {name: getattr(self, name)[drop:] for name in BY_ROW}
        return self._replace(length=self.length - drop, **kept)

    def followed_by(
        self, missing: int, target: float, row: Mapping[str, Any], schema: PanelSchema, horizon: int
    ) -> "History":
        """With a row more, after some missing ones.

        Args:
            missing: Steps before it that got no row.
            target: Its target.
            row: What else it holds: covariates by their columns.
            schema: Which there are.
            horizon: Steps ahead that are of use.

        Raises:
            DataError: A covariate holds something else than a number where it is one.
        """
        place = self.length + missing
        ahead = {name: _ahead(name, row, horizon) for name in schema.columns.future}
        rows = max(len(self.target), place + 1 + horizon * bool(ahead or schema.holidays.places))
        new = self._replace(length=place + 1, **{name: _grown(getattr(self, name), rows) for name in BY_ROW})
        new.target[place] = target
        for at, name in enumerate(schema.numeric("past")):
            new.past[place, at] = number(name, pointed(row[name], schema.decimal))
        for at, name in enumerate(schema.categorical("past")):
            new.past_codes[place, at] = _code(row[name], schema.vocabularies[name])
        for at, name in enumerate(schema.numeric("future")):
            for step, value in enumerate(ahead.get(name, ())):
                known = number(name, pointed(value, schema.decimal))
                if not np.isnan(known):
                    new.future[place + step, at] = known
        for at, name in enumerate(schema.categorical("future")):
            for step, value in enumerate(ahead[name]):
                if value is not None and value != "":
                    new.future_codes[place + step, at] = _code(value, schema.vocabularies[name])
        return new._with_static(row, schema)

    def _with_static(self, row: Mapping[str, Any], schema: PanelSchema) -> "History":
        """With the covariates of the series that a row gives."""
        if not any(name in row for name in schema.columns.static):
            return self
        static, codes = self.static.copy(), self.static_codes.copy()
        for at, name in enumerate(schema.numeric("static")):
            static[0, at] = number(name, pointed(row[name], schema.decimal)) if name in row else static[0, at]
        for at, name in enumerate(schema.categorical("static")):
            codes[0, at] = _code(row[name], schema.vocabularies[name]) if name in row else codes[0, at]
        return self._replace(static=static, static_codes=codes)

    def dated(self, schema: PanelSchema, start: int) -> "History":
        """With the covariates known ahead that times alone give.

        Args:
            schema: Which there are.
            start: Grid time of the first row.
        """
        rows = np.arange(len(self.target))
        shares = schema.holidays.shares(schema.grid, np.full(len(rows), start), rows)
        named = self.future.shape[1] - shares.shape[1]
        return self._replace(future=np.concatenate([self.future[:, :named], shares], axis=1))

    def unknown_ahead(self, schema: PanelSchema, horizon: int) -> list[str]:
        """The covariates known ahead of which not all of the horizon is known."""
        ahead = slice(self.length, self.length + horizon)
        numbers = zip(schema.numeric("future"), np.isnan(self.future[ahead]).any(axis=0), strict=True)
        codes = zip(schema.categorical("future"), (self.future_codes[ahead] == 0).any(axis=0), strict=True)
        return [name for name, is_unknown in (*numbers, *codes) if is_unknown]

    def to_bytes(self) -> bytes:
        """All but the length."""
        return safetensors.numpy.save({name: np.ascontiguousarray(one) for name, one in self.arrays.items()})

    @classmethod
    def from_bytes(cls, content: bytes, length: int, panel: Panel) -> "History":
        """What `to_bytes` gave.

        Raises:
            ArtifactError: It is damaged, or of another forecaster.
        """
        wrong = ArtifactError("rows of a series that are damaged", "as --state left them", "Begin anew.")
        try:
            arrays = safetensors.numpy.load(content)
        except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
            raise wrong from error
        blank = cls.empty(panel).arrays
        rows = len(arrays.get("target", ()))
        for name, one in blank.items():
            shape = (rows if name in BY_ROW else 1, *one.shape[1:])
            if name not in arrays or arrays[name].shape != shape or arrays[name].dtype != one.dtype:
                raise wrong
        if not 0 < length <= rows or len(arrays) != len(blank):
            raise wrong
        return cls(length, **arrays)


def _grown(values: np.ndarray, rows: int) -> np.ndarray:
    """A copy with room for so many rows; the new ones are missing."""
    missing = np.nan if np.issubdtype(values.dtype, np.floating) else 0
    more = np.full((rows - len(values), *values.shape[1:]), missing, values.dtype)
    return np.concatenate([values, more])


def _ahead(name: str, row: Mapping[str, Any], horizon: int) -> list[Any]:
    """What a row says of a covariate known ahead: now, then the steps ahead; None is unknown.

    Raises:
        DataError: There are more values than steps.
    """
    given = row.get(name)
    if isinstance(given, list):
        if len(given) > horizon + 1:
            raise DataError(
                f"{name!r} holds {len(given)} values",
                f"at most {horizon + 1}: now, then each step ahead",
                "Leave out what lies beyond the horizon.",
            )
        return given
    return [given, *(row.get(f"{name}-{step}") for step in range(1, horizon + 1))]


def _code(value: object, words: Sequence[str]) -> int:
    """The number of a category; 0 of a missing or unknown one."""
    word = str(value).lower() if isinstance(value, bool) else str(value)
    return words.index(word) + 1 if word in words else 0
