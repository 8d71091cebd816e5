"""An input from outside the package: a text file with numbers in every line, its last column the truth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from torch import Tensor

from recurra.config import Config
from recurra.data.table import Table
from recurra.inputs.examples import Examples
from recurra.inputs.input import Encoder, Encoding, Input


class ToyConfig(Config):
    """How to read them.

    Attributes:
        scale: What numbers are divided by.
    """

    scale: float = 1.0


class ToyEncoding(Encoding):
    def __init__(self, scale: float) -> None:
        self.scale = scale

    def encode(self, content: Any) -> np.ndarray:
        return np.array(content, np.float32)[:, None] / self.scale

    def to_dict(self) -> dict[str, Any]:
        return {"scale": self.scale}


class ToyEncoder(Encoder):
    output_size = 1

    def forward(self, values: Tensor) -> Tensor:
        return values


def read(source: Any, config: ToyConfig) -> Examples:
    rows = [[float(one) for one in line.split()] for line in Path(source).read_text().splitlines()]
    places = [f"{source}, line {number}" for number in range(1, len(rows) + 1)]
    columns = pl.DataFrame({"truth": [row[-1] for row in rows]})
    return Examples([row[:-1] for row in rows], columns, places, Table(columns, source=str(source)))


def revive(document: Mapping[str, Any]) -> ToyEncoding:
    return ToyEncoding(document["scale"])


TOY = Input(
    name="numbers",
    suits=lambda source: str(source).endswith(".numbers"),
    read=read,
    learn=lambda contents, config: ToyEncoding(config.scale),
    revive=revive,
    encoder=lambda encoding, config: ToyEncoder(),
    summary=lambda fitted, contents: [np.array([[sum(one)] for one in part]) for part in contents],
    summary_label="Sum",
    show=str,
)
