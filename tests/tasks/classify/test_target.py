"""What is told: classes and their counts, and values that are none."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from recurra.data.table import Table
from recurra.errors import DataError
from recurra.inputs.examples import Examples
from recurra.tasks.classify.baseline import majority
from recurra.tasks.classify.target import Target, learn_target


def examples(values: list[Any]) -> Examples:
    columns = pl.DataFrame({"label": values})
    places = [f"a.jsonl, line {line}" for line in range(1, len(values) + 1)]
    return Examples(["x"] * len(values), columns, places, Table(columns))


def learned(all_of_them: Examples, kind: Any = "auto") -> Target:
    return learn_target(all_of_them, "label", kind, all_of_them)


def test_the_majority_names_every_class_that_most_rows_hold() -> None:
    target = learned(examples([["all", "odd"], ["all"], ["all"], ["all", "odd"], ["all"]]))
    assert (target.labels, target.counts, target.rows) == (("all", "odd"), (5, 2), 5)
    np.testing.assert_allclose(majority(target, 2).answer, [[1.0, 0.4]] * 2)
    assert Target.from_dict(target.to_dict()) == target


def test_the_majority_of_one_class_of_several_is_its_share() -> None:
    target = learned(examples(["a", "b", "b", "b"]))
    np.testing.assert_allclose(majority(target, 1).answer, [[0.25, 0.75]])


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([["a"], ["b", None]], "auto", r"a\.jsonl, line 2: label holds an empty class in \['b', None\]"),
        ([["a"], ["b", ""]], "auto", r"line 2: label holds an empty class"),
        (["ab", "c"], "multilabel", r"line 1: label is 'ab'; expected a list of classes.*kind=multiclass"),
        ([["a"], ["b"]], "multiclass", r"line 1: label is \['a'\]; expected one, .*kind=multilabel"),
    ],
)
def test_values_that_are_no_classes_are_named(values: list[Any], kind: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        learned(examples(values), kind)


def test_an_empty_class_in_other_data_is_named() -> None:
    target = learned(examples([["a"], ["b"]]))
    with pytest.raises(DataError, match="line 1: label holds an empty class"):
        target.encode(examples([["a", None]]))
