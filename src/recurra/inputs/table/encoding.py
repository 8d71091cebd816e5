"""Columns of a table as numbers: scaled, or one for each category."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.input import Encoding, Feature, Summary

MOST_CATEGORIES = 100  # of a column; rarer ones count as unknown
FEW_ROWS = 20


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes:
        name: The column.
        mean, deviation: In the training part.
        missing: Whether a value is missing there, so that a second feature says where.
    """

    name: str
    mean: float
    deviation: float
    missing: bool

    @property
    def size(self) -> int:
        """Features."""
        return 1 + self.missing

    def encode(self, value: Any) -> list[float]:
        """A value in deviations from the mean, 0 where it is missing; then 1 if it is."""
        number = as_number(value, self.name)
        absent = math.isnan(number)
        scaled = 0.0 if absent else (number - self.mean) / self.deviation
        return [scaled, float(absent)] if self.missing else [scaled]


@dataclass(frozen=True)
class Categories:
    """A column of categories.

    Attributes:
        name: The column.
        values: The categories of the training part, the most frequent ones first.
    """

    name: str
    values: tuple[str, ...]

    @property
    def size(self) -> int:
        """Features."""
        return len(self.values)

    def encode(self, value: Any) -> list[float]:
        """1 for the category, 0 for all others; an unknown or missing one is 0 everywhere."""
        text = _category(value)
        return [float(text == one) for one in self.values]


class TableEncoding(Encoding, Summary):
    """How rows become arrays (1, features), for a net and for baselines.

    Args:
        columns: What was learnt of each column.
    """

    one_step = True

    def __init__(self, columns: Sequence[Numbers | Categories]) -> None:
        self.columns = tuple(columns)
        self.size = sum(column.size for column in self.columns)

    @classmethod
    def learn(cls, rows: Sequence[Mapping[str, Any]]) -> "TableEncoding":
        """Learn from the rows of the training part.

        Raises:
            DataError: No column holds anything that tells rows apart.
        """
        found = [_learnt(name, [row[name] for row in rows]) for name in rows[0]]
        columns = [column for column in found if column is not None and column.size]
        if not columns:
            raise DataError(
                f"the columns {listed(rows[0])} hold no numbers or categories that repeat",
                "a column that tells something of a row",
                "Add one, or name others with columns=.",
            )
        return cls(columns)

    def encode(self, content: Mapping[str, Any]) -> Float32[np.ndarray, "1 features"]:
        """A row as one step.

        Raises:
            DataError: A column is missing, or holds a text where the training part held numbers.
        """
        missing = [column.name for column in self.columns if column.name not in content]
        if missing:
            raise DataError(
                f"a row without {listed(repr(name) for name in missing)}",
                f"the columns {listed((column.name for column in self.columns), 30)}",
                "Add them, empty where they are not known.",
            )
        features = [number for column in self.columns for number in column.encode(content[column.name])]
        return np.array([features], np.float32)

    def features(self) -> list[Feature]:
        """The columns."""
        return [
            Feature(one.name, one.size, one.mean, one.deviation)
            if isinstance(one, Numbers)
            else Feature(one.name, one.size, math.nan)
            for one in self.columns
        ]

    def numbers(self, contents: Sequence[Mapping[str, Any]]) -> Float[np.ndarray, "_ features"]:
        """See `recurra.inputs.input.Summary.numbers`."""
        return np.concatenate([np.zeros((0, self.size)), *(self.encode(row) for row in contents)])

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs."""
        return {
            "columns": [
                {"kind": "numbers" if isinstance(one, Numbers) else "categories", **asdict(one)}
                for one in self.columns
            ]
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "TableEncoding":
        """The encoding that `to_dict` described."""
        columns: list[Numbers | Categories] = []
        for one in description["columns"]:
            fields = {key: value for key, value in one.items() if key != "kind"}
            if one["kind"] == "numbers":
                columns.append(Numbers(**fields))
            else:
                columns.append(Categories(fields["name"], tuple(fields["values"])))
        return cls(columns)


def as_number(value: Any, name: str) -> float:
    """A value as a number, NaN where it is missing; times count in days.

    Raises:
        DataError: It is a text, or infinite.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return math.nan
    if isinstance(value, datetime):
        return value.timestamp() / 86_400
    if isinstance(value, date):
        return float(value.toordinal())
    if isinstance(value, timedelta):
        return value.total_seconds() / 86_400
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.inf
    if math.isinf(number):
        raise DataError(
            f"column {name!r} holds {value!r}",
            "a finite number, as in training",
            "Correct it, or leave it empty.",
        )
    return number


def _learnt(name: str, values: Sequence[Any]) -> Numbers | Categories | None:
    """What a column holds; None when it holds nothing, or a text of its own in every row."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    if any(isinstance(value, str) for value in known):
        counts = Counter(_category(value) for value in known)
        if len(counts) == len(known) and len(known) > FEW_ROWS:
            return None
        ordered = sorted(counts, key=lambda one: (-counts[one], one))
        return Categories(name, tuple(ordered[:MOST_CATEGORIES]))
    numbers = np.array([as_number(value, name) for value in values])
    absent = np.isnan(numbers)
    if absent.all():
        return None
    mean, deviation = float(numbers[~absent].mean()), float(numbers[~absent].std())
    return Numbers(
        name, mean, deviation if deviation > 1e-12 * max(abs(mean), 1e-30) else 1.0, bool(absent.any())
    )


def _category(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)
