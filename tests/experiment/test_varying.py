"""Training sees examples varied, and mixed with others of the same truth only."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from recurra.data.table import Table
from recurra.errors import DataError
from recurra.experiment.examples import encoded_part
from recurra.experiment.varying import Varying
from recurra.inputs.examples import Examples
from recurra.inputs.input import Encoding

CONTENTS = [[1.0], [2.0], [3.0], [4.0], [5.0]]
TARGETS = [np.int64(0), np.int64(1), np.int64(0), np.int64(1), np.int64(2)]


class Adding(Encoding):
    """Variations are ten more; mixtures hold both."""

    def __init__(self, mixing: float) -> None:
        self.mixing = mixing

    def encode(self, content: Any) -> np.ndarray:
        return np.array(content, np.float32)[:, None]

    def vary(self, content: Any, random: np.random.Generator) -> Any:
        del random
        return [one + 10 for one in content]

    def mix(self, content: Any, other: Any, random: np.random.Generator) -> Any:
        del random
        return [*content, *other]

    def to_dict(self) -> dict[str, Any]:
        return {}


class Plain(Encoding):
    """Nothing is varied."""

    def encode(self, content: Any) -> np.ndarray:
        return np.array(content, np.float32)[:, None]

    def to_dict(self) -> dict[str, Any]:
        return {}


def varying(encoding: Encoding, targets: Sequence[Any] | None = TARGETS) -> Varying:
    columns = pl.DataFrame({"row": range(len(CONTENTS))})
    places = [f"row {number}" for number in range(len(CONTENTS))]
    examples = Examples(CONTENTS, columns, places, Table(columns, "polars", "here"))
    return Varying(encoded_part(examples, encoding, targets), encoding)


def test_rows_are_mixed_with_those_of_the_same_truth() -> None:
    row, random = varying(Adding(1.0)), np.random.default_rng(0)
    found = {
        number: {tuple(row(number, random)[:, 0].tolist()) for _ in range(40)}
        for number in range(len(CONTENTS))
    }
    assert found[0] == {(11, 11), (11, 13)}
    assert found[1] == {(12, 12), (12, 14)}
    assert found[4] == {(15, 15)}
    hot = [np.array(one, np.float32) for one in ([1, 0], [0, 1], [1, 1], [0, 1], [1, 0])]
    row = varying(Adding(1.0), hot)
    assert {float(row(3, random)[1, 0]) for _ in range(40)} == {12, 14}


def test_as_many_are_mixed_as_is_said() -> None:
    random = np.random.default_rng(0)
    for share in (0.0, 0.3):
        row = varying(Adding(share))
        mixed = np.mean([len(row(0, random)) == 2 for _ in range(1_000)])
        assert mixed == pytest.approx(share, abs=0.05)
    row = varying(Plain())
    assert row(2, random) is row.part.encoded[2]


def test_the_truth_must_be_known() -> None:
    with pytest.raises(DataError, match="without what is to be told"):
        varying(Plain(), None)
