"""What the history of a run says of its training: clipping, step sizes, spikes, plateaus, overfitting.

Losses may be negative (densities) and differ in scale, so what is told of them is in shares of how far the
loss came down, or of its usual scatter.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from recurra.diagnosis.measurement import Measurement

_BEFORE = 10  # records that a spike stands out from
_SCATTERS = 8.0  # median absolute deviations: one in millions if losses were normally distributed
_LEAST = 0.1  # of the way that the loss came down: smaller spikes matter to nobody
_PROGRESS = 0.01  # of that way: less is none

Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class TrainingHealth(Measurement):
    """The course of a training; NaN where the history does not tell.

    Attributes:
        epochs: How many were trained.
        clipped: The share of optimiser steps whose gradient was clipped.
        clipped_late: The same in the last quarter of the epochs.
        gradient_norm: The median of the norms before clipping.
        largest_gradient: The largest of them in relation to the median.
        gradient_growth: Median norm of the last quarter in relation to that of the first.
        update_ratio: The median length of an update in relation to that of the weights; 1e-3 is usual.
        spikes: Numbers of the optimiser steps whose loss stood out from the ten records before: by eight of
            their median absolute deviations, and a tenth of the way that the loss came down.
        plateau: Epochs since the training loss last fell by 1 % of that way.
        best_epoch: The epoch, from 0, with the lowest validation loss; None where there is none.
        gap: Validation loss minus training loss in that epoch, in shares of the way the training loss came
            down. With dropout the training loss is the higher one.
        overfitting: How far the validation loss has risen since its best epoch, and stands over the training
            loss, in shares of the way it came down, while the training loss went on falling; 0 where it did
            not fall.
        worsening: How far the training loss stands over its lowest, in the same shares: 1 is where it began.
        learnt: How far the training loss came down, in relation to its first value; negative values count by
            their size.
        lowest: The lowest training loss of an epoch.
        risen: How far it stands over its lowest at the end, in relation to its first value.
        above: How far it stands over its first value at the end, in relation to that; negative below it.
        not_finite: Records whose loss or gradient is no finite number.
    """

    epochs: int
    clipped: float
    clipped_late: float
    gradient_norm: float
    largest_gradient: float
    gradient_growth: float
    update_ratio: float
    spikes: tuple[int, ...]
    plateau: int
    best_epoch: int | None
    gap: float
    overfitting: float
    worsening: float
    learnt: float
    lowest: float
    risen: float
    above: float
    not_finite: int


def training_health(steps: Records, epochs: Records) -> TrainingHealth:
    """Read the records of a history.

    Args:
        steps: Those of kind "step", as `recurra.training.history.History.steps` has them.
        epochs: Those of kind "epoch".
    """
    train, valid = _column(epochs, "train_loss"), _column(epochs, "valid_loss")
    records = steps or epochs
    norms = _column(records, "gradient_norm")
    clipped = _column(epochs, "clipped_share")
    median = _median(norms)
    known = ("loss", "train_loss", "gradient_norm")
    bad = [one for one in (*steps, *epochs) if any(key in one and not _finite(one[key]) for key in known)]
    losses = _with_first(steps, train)
    best = int(np.nanargmin(valid)) if np.isfinite(valid).any() else None
    return TrainingHealth(
        epochs=len(epochs),
        clipped=_mean(clipped),
        clipped_late=_mean(clipped[-_quarter(clipped) :]),
        gradient_norm=median,
        largest_gradient=float(np.nanmax(norms)) / median if median > 0 else math.nan,
        gradient_growth=_growth(norms),
        update_ratio=_median(_column(steps, "update_ratio")),
        spikes=_spikes(steps),
        plateau=_plateau(train),
        best_epoch=best,
        gap=math.nan if best is None else float(valid[best] - train[best]) / (_way(train) or math.nan),
        overfitting=math.nan if best is None else _overfitting(train, valid, best, losses[:1]),
        worsening=_worsening(train, losses[:1]),
        learnt=_in_first(losses, lambda known: known[0] - known.min()),
        lowest=float(np.nanmin(train)) if np.isfinite(train).any() else math.nan,
        risen=_in_first(losses, lambda known: known[-1] - known[1:].min(initial=known[-1])),
        above=_in_first(losses, lambda known: known[-1] - known[0]),
        not_finite=len(bad),
    )


def _column(records: Records, name: str) -> Float64[np.ndarray, " records"]:
    """A number of every record; NaN where it is missing or no finite one."""
    values: list[Any] = [one.get(name) for one in records]
    return np.array([float(value) if _finite(value) else math.nan for value in values], dtype=np.float64)


def _finite(value: Any) -> bool:
    return value is not None and math.isfinite(value)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _median(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else math.nan


def _quarter(values: np.ndarray) -> int:
    return max(1, len(values) // 4)


def _growth(norms: np.ndarray) -> float:
    first, last = _median(norms[: _quarter(norms)]), _median(norms[-_quarter(norms) :])
    return last / first if first > 0 else math.nan


def _way(losses: np.ndarray) -> float:
    """How far a loss came down from where it began; NaN where it never was a number."""
    known = losses[~np.isnan(losses)]
    return float(known[0] - known.min()) if len(known) else math.nan


def _spikes(steps: Records) -> tuple[int, ...]:
    losses, found = _column(steps, "loss"), []
    way = _way(losses)
    for place in range(_BEFORE, len(losses)):
        before = losses[place - _BEFORE : place]
        middle = _median(before)
        scatter = _median(np.abs(before - middle))
        if losses[place] - middle > max(_SCATTERS * scatter, _LEAST * way):
            found.append(int(steps[place]["step"]))
    return tuple(found)


def _plateau(losses: np.ndarray) -> int:
    way, lowest, since = _way(losses), math.inf, 0
    for loss in losses:
        if loss < lowest - _PROGRESS * way:
            lowest, since = loss, 0
        else:
            since += 1
    return since


def _overfitting(train: np.ndarray, valid: np.ndarray, best: int, first: np.ndarray) -> float:
    last = valid[~np.isnan(valid)][-1]
    risen = float(min(last - valid[best], last - train[-1]))
    if not (risen > 0 and train[-1] < train[best]):
        return 0.0
    way = _whole_way(valid, first)
    return risen / way if way > 0 else math.inf


def _with_first(steps: Records, train: np.ndarray) -> np.ndarray:
    """The losses of epochs after that of the first step, where it is known."""
    known: np.ndarray = np.concatenate([_column(steps[:1], "loss"), train])
    return np.asarray(known[~np.isnan(known)])


def _in_first(losses: np.ndarray, distance: Callable[[np.ndarray], float]) -> float:
    """A distance between losses in relation to the first."""
    if len(losses) < 2 or losses[0] == 0:
        return math.nan
    return float(distance(losses) / abs(losses[0]))


def _worsening(train: np.ndarray, first: np.ndarray) -> float:
    known = train[~np.isnan(train)]
    if not len(known):
        return math.nan
    risen = float(known[-1] - known.min())
    if risen == 0:
        return 0.0
    way = _whole_way(known, first)
    return risen / way if way > 0 else math.inf


def _whole_way(losses: np.ndarray, first: np.ndarray) -> float:
    """How far losses came down from the first, or from that of the first step: an epoch may do most of it."""
    return float(np.nanmax([losses[0], *first]) - np.nanmin(losses))
