"""An input from outside the package: a text file with numbers in every line, its last column the truth."""

from pathlib import Path

import numpy as np
import polars as pl

from recurra.config import Config
from recurra.data.table import Table
from recurra.inputs.examples import Examples
from recurra.inputs.input import Encoder, Encoding, Input, Summary
from recurra.inputs.live import LiveInput


class ToyConfig(Config):
    """Attributes:
    divisor: What numbers are divided by."""

    divisor: float = 1.0


class ToyEncoding(Encoding):
    def __init__(self, divisor):
        self.divisor = divisor

    def encode(self, content):
        return np.array(content, np.float32)[:, None] / self.divisor

    def to_dict(self):
        return {"divisor": self.divisor}


class ToyEncoder(Encoder):
    output_size = 1

    def forward(self, values, *_):
        return values

    def stream_modules(self):
        return []


class Sum(Summary):
    @classmethod
    def learn(cls, _):
        return cls()

    from_dict = learn

    def to_dict(self):
        return {}

    def numbers(self, contents):
        return np.array([[sum(one)] for one in contents])


class LiveToy(LiveInput):
    columns = ("number",)

    def __init__(self, divisor):
        self.divisor = divisor

    @classmethod
    def from_dict(cls, metadata):
        return cls(metadata["divisor"])

    def steps(self, row):
        return [np.array([row["number"] / self.divisor], np.float32)]


def read(source, config, keep):
    rows = [[float(one) for one in line.split()] for line in Path(source).read_text().splitlines()]
    columns = pl.DataFrame({"truth": [row[-1] for row in rows]})
    places = [f"{source}, line {number}" for number in range(1, len(rows) + 1)]
    return Examples([row[:-1] for row in rows], columns, places, Table(columns, "polars", str(source)))


TOY = Input(
    name="numbers",
    suits=lambda source, keep: str(source).endswith(".numbers"),
    read=read,
    learn=lambda contents, config: ToyEncoding(config.divisor),
    revive=lambda document: ToyEncoding(document["divisor"]),
    encoder=lambda encoding, config: ToyEncoder(),
    summary=Sum,
    summary_label="Sum",
    show=str,
)
