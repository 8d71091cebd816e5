"""Everything that is settled before a detector trains."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch import nn

from recurra.config import validated
from recurra.data.labelled import LabelledSource, labelled
from recurra.errors import ConfigError, DataError
from recurra.experiment.task import Fitted, Prepared
from recurra.inputs.series.kept import last_rows
from recurra.inputs.series.recent import Recent, from_document, to_document
from recurra.inputs.series.schema import PanelSchema
from recurra.tasks.detect.config import LONGEST_PROBATION, DetectConfig
from recurra.tasks.detect.network import laplace_loss
from recurra.tasks.detect.table import DetectPart, Watched, read_again, read_watched, rows_before
from recurra.tasks.detect.watch import Units

SHARE, FEWEST = 0.15, 50  # of a series: its probation
Piece = tuple[Float32[np.ndarray, "time 2"], Float32[np.ndarray, " time"]]


@dataclass(frozen=True)
class DetectData:
    """Series as they were read, and the settings."""

    config: DetectConfig
    watched: Watched


@dataclass(frozen=True)
class DetectSchema:
    """What a detector knows beside its settings and weights.

    Attributes:
        panel: How tables are read.
        units: By series, what its values are measured in.
        recent: By series, its last rows, from which newer ones go on.
        label: The column of labels, if there is one.
    """

    panel: PanelSchema
    units: dict[str, Units]
    recent: dict[str, Recent]
    label: str | None

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "panel": self.panel.to_dict(),
            "units": {name: one._asdict() for name, one in self.units.items()},
            "recent": to_document(self.recent),
            "label": self.label,
        }


def revive(document: Mapping[str, Any]) -> tuple[DetectConfig, DetectSchema]:
    """Settings and schema from what a run folder holds."""
    own = document["schema"]
    schema = DetectSchema(
        PanelSchema.from_dict(own["panel"]),
        {name: Units(**one) for name, one in own["units"].items()},
        from_document(own["recent"], 1),
        own["label"],
    )
    return validated(DetectConfig, document["config"]), schema


def read(source: Any, settings: Mapping[str, Any], validation: Any, test: Any) -> DetectData:
    """Read the series.

    Raises:
        DataError: The table cannot be used as it is.
        ConfigError: A setting is wrong, or data for validation or test are given.
    """
    for name, given in (("validation", validation), ("test", test)):
        if given is not None:
            raise ConfigError(
                f"--{name} for detection",
                "none: the first rows of every series are learnt from, the others judged",
                "Set probation=ROWS instead, or judge other data with recurra evaluate RUN DATA.",
            )
    config = validated(DetectConfig, settings)
    return DetectData(config, read_watched(source, config))


def prepare(data: DetectData) -> Prepared:
    """Settle how to train on the probation of some series.

    Raises:
        DataError: A series is too short.
    """
    config, panel = data.config, data.watched.panel
    units = {}
    train: list[Piece] = []
    validation: list[Piece] = []
    for index, name in enumerate(panel.ids):
        values = panel.series(index)
        rows = _probation(values, config, name)
        values = values[: _row_of(values, rows)]
        units[name] = Units.learn(values, rows)
        held = int(config.validation_size * len(values))
        train += _pieces(values[: len(values) - held], units[name], config.steps, config.steps // 8 or 1)
        validation += _pieces(values[len(values) - held :], units[name], config.steps, config.steps)
    if not train:
        raise ConfigError(
            f"validation_size is {config.validation_size} of a probation of {rows} rows",
            "a share that leaves two of them to train on",
            "Lower validation_size, or raise probation.",
        )
    schema = DetectSchema(panel.schema, units, last_rows(panel, config.memory), data.watched.label)
    source = LabelledSource(
        [steps for steps, _ in train],
        [changes for _, changes in train],
        aligned=True,
        batch_size=config.batch_size,
        seed=config.seed,
    )
    part = DetectPart(data.watched, {}, units)
    rows = sum(one.probation for one in units.values())
    outline = (
        f"{len(units):,} series, {len(panel.target):,} rows, of which the first {rows:,} are learnt from"
    )
    return Prepared(
        config,
        schema,
        source,
        _Validation(validation, config.batch_size) if validation else None,
        train=part,
        validation=None,
        test=part if len(part) else None,
        repairs=tuple(panel.repairs),
        no_test=None if len(part) else DataError("no row is left to judge", "some", "Lower probation."),
        outline=outline,
    )


def part(source: Any, fitted: Fitted, options: Any) -> DetectPart:
    """Other series of a table, to be watched from their first rows on, or (options None) to be judged.

    Raises:
        DataError: The table does not fit, or holds a series that training did not see.
    """
    if source is None:
        raise ConfigError("no data", "rows to look at", "Name them: recurra predict RUN DATA.")
    schema: DetectSchema = fitted.schema
    watched = read_again(source, schema.panel, fitted.config, schema.label)
    names = watched.panel.ids
    unknown = [name for name in names if name not in schema.units]
    if unknown:
        known = ", ".join(list(schema.units)[:5])
        raise DataError(
            f"series {unknown[0]!r}, which training did not see",
            f"one of those whose normal rows it knows: {known}",
            "Train with its first rows too, or leave it out.",
        )
    longest_gap = max(one.probation for one in schema.units.values())
    before = {
        name: rows_before(schema.recent.get(name), watched.panel, index, longest_gap)
        for index, name in enumerate(names)
    }
    found = DetectPart(watched, before, schema.units)
    if options is None and not len(found):
        raise DataError(
            f"{watched.panel.table.source} has no row behind the probation", "some to judge", "Give more."
        )
    return found


def _probation(values: np.ndarray, config: DetectConfig, name: str) -> int:
    """How many values of a series are taken for normal.

    Raises:
        DataError: It has too few.
    """
    known = int(np.sum(~np.isnan(values)))
    auto = max(FEWEST, min(int(SHARE * known), LONGEST_PROBATION))
    rows = auto if config.probation == "auto" else int(config.probation)
    if known <= rows:
        raise DataError(
            f"series {name!r} has {known} values",
            f"more than the {rows} that are learnt from",
            "Give a longer series, or a smaller probation=ROWS (of 2 at least).",
        )
    return rows


def _row_of(values: np.ndarray, count: int) -> int:
    """The row after so many values."""
    return int(np.flatnonzero(~np.isnan(values))[count - 1]) + 1


def _pieces(values: np.ndarray, units: Units, steps: int, stride: int) -> list[Piece]:
    """Overlapping stretches that the net reads, and what it is to tell."""
    there = ~np.isnan(values)
    if there.sum() < 2:
        return []
    first = int(there.argmax())
    read = as_read(values[first:], units)
    told = np.where(there[first + 1 :], read[1:, 1], np.float32(np.nan))
    begins = range(0, max(1, len(told) - steps + stride), stride)
    return [(read[:-1][begin : begin + steps], told[begin : begin + steps]) for begin in begins]


def as_read(values: Float64[np.ndarray, " rows"], units: Units) -> Float32[np.ndarray, "rows 2"]:
    """Values and their changes as the net reads them; the first is known, a missing one is that before."""
    there = ~np.isnan(values)
    inner = np.array([units.encode(one) if known else 0.0 for one, known in zip(values, there, strict=True)])
    filled = inner.astype(np.float32)[np.maximum.accumulate(np.where(there, np.arange(len(inner)), 0))]
    return np.stack([filled, np.diff(filled, prepend=filled[:1])], axis=1)


@dataclass(frozen=True)
class _Validation:
    pieces: list[Piece]
    batch_size: int

    def __call__(self, model: nn.Module) -> Mapping[str, float]:
        """The loss of the held-out pieces."""
        device = next(model.parameters()).device
        total, count = 0.0, 0.0
        with torch.no_grad():
            for pieces in self._batches():
                batch = labelled(*zip(*pieces, strict=True), aligned=True).to(device)
                loss = laplace_loss(model, batch)
                total, count = total + float(loss.total), count + float(loss.count)
        return {"valid_loss": total / max(count, 1.0)}

    def _batches(self) -> Iterator[list[Piece]]:
        for begin in range(0, len(self.pieces), self.batch_size):
            yield self.pieces[begin : begin + self.batch_size]
