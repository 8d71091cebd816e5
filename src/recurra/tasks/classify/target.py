"""What a classifier tells: one class of several, any number of them, or a number."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.examples import Examples

Kind = Literal["multiclass", "multilabel", "regression"]
LABEL_NAMES = ("label", "labels", "class", "target", "category", "sentiment", "y")
MOST_CLASSES = 10_000
_MANY = 20  # whole numbers with more values than this, over half of the rows, are numbers, not classes


@dataclass(frozen=True)
class Target:
    """What was learnt of the column that is to be told.

    Attributes:
        column: Its name.
        kind: What kind of telling.
        labels: The classes, in their order; empty of numbers.
        counts: How often each came in the training part.
        rows: How many examples that part held.
        mean, deviation: Of numbers, in the training part.
    """

    column: str
    kind: Kind
    labels: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    rows: int = 0
    mean: float = 0.0
    deviation: float = 1.0

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Target":
        """Make it from its fields, as JSON has them."""
        lists = {key: tuple(description[key]) for key in ("labels", "counts")}
        return cls(**{**description, **lists})

    def to_dict(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)

    @property
    def size(self) -> int:
        """Outputs of a net."""
        return 1 if self.kind == "regression" else len(self.labels)

    def encode(self, examples: Examples) -> list[Any]:
        """The targets of examples as numbers: a class's index, 0 and 1 for each class, or a number.

        Raises:
            DataError: One is missing, or a class that training did not see.
        """
        values = label_values(examples, self.column)
        index = {label: number for number, label in enumerate(self.labels)}
        return [
            self._encoded(value, index, place) for value, place in zip(values, examples.places, strict=True)
        ]

    def _encoded(self, value: Any, index: dict[str, int], place: str) -> Any:
        if self.kind == "regression":
            return np.float32(_number(value, self.column, place))
        names = _names(value, self.kind, self.column, place)
        for name in names:
            if name not in index:
                raise DataError(
                    f"{place}: {self.column} is {name!r}, which the training part does not hold",
                    f"one of {listed(self.labels, 20)}",
                    "Correct it, or train with examples of it.",
                )
        if self.kind == "multiclass":
            return np.int64(index[names[0]])
        hot = np.zeros(len(self.labels), np.float32)
        hot[[index[name] for name in names]] = 1
        return hot


def find_label(frame: pl.DataFrame) -> str | None:
    """The column that is to be told: one with a known name, else the last.

    One class is preferred to lists of them, and numbers in lists are no classes, if nobody says so.
    """
    single = [one.name for one in frame if not one.dtype.is_nested()]
    lists = [one.name for one in frame if isinstance(one.dtype, pl.List) and one.dtype.inner == pl.String]
    for names in (single, lists):
        by_lower = {name.lower(): name for name in names}
        known = next((by_lower[name] for name in LABEL_NAMES if name in by_lower), None)
        if known is not None:
            return known
    others = [name for name in (*lists, *single) if name != frame.columns[0]]
    return others[-1] if others else None


def label_column(examples: Examples) -> str:
    """The name of the column that is to be told.

    Raises:
        DataError: It is not there, or there is none.
    """
    names, found = examples.columns.columns, examples.kept.told
    if found is None:
        raise DataError(
            f"{examples.table.source} has no column of labels",
            "one beside what the net reads",
            "Add a column `label`, or name it with label=.",
        )
    if found not in names:
        raise DataError(
            f"{examples.table.source} has no column {found!r}",
            f"one of {listed(names, 30)}" if names else "a column beside what the net reads",
            "Name the column with label=.",
        )
    return found


def learn_target(examples: Examples, column: str, kind: Kind | Literal["auto"], train: Examples) -> Target:
    """Learn the classes of examples; how often each comes, or mean and spread, of those that are trained on.

    Raises:
        DataError: A label is missing, there is one class only, or there are more than can be told apart.
    """
    values = label_values(train, column)
    resolved = kind_of(examples, column, kind)
    if resolved == "regression":
        numbers = np.array([_number(v, column, p) for v, p in zip(values, train.places, strict=True)])
        mean, deviation = float(numbers.mean()), float(numbers.std()) or 1.0
        return Target(column, "regression", rows=len(values), mean=mean, deviation=deviation)

    def names_of(some: Examples) -> list[list[str]]:
        given = zip(label_values(some, column), some.places, strict=True)
        return [_names(value, resolved, column, place) for value, place in given]

    labels = sorted({name for row in names_of(examples) for name in row}, key=_natural)
    if len(labels) < 2:
        shown = f"{labels[0]!r} everywhere" if labels else "no class at all"
        raise DataError(
            f"column {column!r} holds {shown}", "two classes at least", "Give examples of another."
        )
    if len(labels) > MOST_CLASSES:
        raise DataError(
            f"column {column!r} holds {len(labels)} classes", f"at most {MOST_CLASSES}", "Check label=."
        )
    counts = Counter(name for row in names_of(train) for name in row)
    return Target(column, resolved, tuple(labels), tuple(counts[label] for label in labels), len(values))


def kind_of(examples: Examples, column: str, wanted: Kind | Literal["auto"]) -> Kind:
    """What kind of telling a column asks for, unless one is named."""
    if wanted != "auto":
        return wanted
    values, dtype = label_values(examples, column), examples.columns[column].dtype
    if isinstance(dtype, pl.List | pl.Array):
        return "multilabel"
    if not dtype.is_numeric():
        return "multiclass"
    distinct = len(set(values))
    if dtype.is_float() and any(not float(value).is_integer() for value in values):
        return "regression"
    return "regression" if distinct > max(_MANY, len(values) // 2) else "multiclass"


def label_values(examples: Examples, column: str) -> list[Any]:
    """The column of labels.

    Raises:
        DataError: It is not there, or a value is missing.
    """
    if column not in examples.columns.columns:
        raise DataError(f"{examples.table.source} has no column {column!r}", "the labels", "Add it.")
    values = examples.columns[column].to_list()
    for value, place in zip(values, examples.places, strict=True):
        if value is None or value == "":
            raise DataError(f"{place}: {column} is empty", "a label", "Fill it in, or drop the row.")
    return values


def _names(value: Any, kind: Kind, column: str, place: str) -> list[str]:
    """The classes of an example.

    Raises:
        DataError: It is a list where there should be one class, or none where there should be a list, or a
            class is missing in it.
    """
    if isinstance(value, list) != (kind == "multilabel"):
        wanted, other = ("a list of classes", "multiclass") if kind == "multilabel" else ("one", "multilabel")
        raise DataError(
            f"{place}: {column} is {value!r}",
            f"{wanted}, since kind is {kind}",
            f"Correct it, or set kind={other}.",
        )
    classes = value if isinstance(value, list) else [value]
    if any(one is None or one == "" for one in classes):
        raise DataError(f"{place}: {column} holds an empty class in {value!r}", "names", "Take it out.")
    return [label_text(one) for one in classes]


def label_text(value: Any) -> str:
    """A label as text: whole numbers without a point, so that 1 and 1.0 are the same class."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(value: Any, column: str, place: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(number):
        raise DataError(
            f"{place}: {column} is {value!r}", "a finite number, since kind is regression", "Correct it."
        )
    return number


def _natural(label: str) -> tuple[int, float, str]:
    """Numbers by their size, then words by their letters."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)
