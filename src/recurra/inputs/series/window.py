"""Windows cut from a panel when they are needed, for training (drawn at random) and for judging (in order).

Training draws with replacement from all allowed origins. The draw of a batch is a function of (seed, epoch,
index) alone: a Philox generator is keyed by the seed and starts at a counter made of the epoch and the index,
so any batch can be made again without those before it, and no list of windows is kept or shuffled.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int64
from torch import Tensor

from recurra.errors import ConfigError, DataError
from recurra.inputs.series.origin import OriginIndex, Origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import Scaling, Statistics


class Beginning(NamedTuple):
    """What the forecasts of some windows begin from.

    Attributes:
        base: Forecasts that know no covariates.
        effect: What the covariates known ahead add to them; width 0 where none do.
        doubt: How far a step may move by covariates of which nothing is known, as a standard deviation; width
            0 where none do.
    """

    base: Float[np.ndarray, "windows horizon"]
    effect: Float[np.ndarray, "windows effects"]
    doubt: Float[np.ndarray, "windows doubts"]


BaseForecast = Callable[[Panel, Origins], Beginning]
"""Gives windows what their forecasts begin from."""


@dataclass(frozen=True)
class WindowBatch:
    """Windows of `context` steps before an origin and `horizon` steps from it on.

    Values are 0 where `..._observed` is False: before the series' beginning, in gaps, and after its end.
    Targets are raw, but relative to the level of their series (`Panel.levels`), and so is the base;
    covariates are scaled when a scaling was given. Roles without columns have width 0.

    Attributes:
        target, observed: Context and horizon; the horizon is what training aims at.
        calendar: Calendar features of context and horizon.
        past, past_observed, past_codes: Covariates of the context.
        future, future_observed, future_codes: Known-future covariates of context and horizon.
        static, static_observed, static_codes: Covariates of the series.
        series: Which series of the panel each window is of.
        origin: The position in it of the first step of the horizon.
        base, effect, doubt: As of `Beginning`; all of width 0 where forecasts begin from nothing.
    """

    target: Float32[Tensor, "batch window"]
    observed: Bool[Tensor, "batch window"]
    calendar: Float32[Tensor, "batch window cycles"]
    past: Float32[Tensor, "batch context past"]
    past_observed: Bool[Tensor, "batch context past"]
    past_codes: Int64[Tensor, "batch context past_categories"]
    future: Float32[Tensor, "batch window future"]
    future_observed: Bool[Tensor, "batch window future"]
    future_codes: Int64[Tensor, "batch window future_categories"]
    static: Float32[Tensor, "batch static"]
    static_observed: Bool[Tensor, "batch static"]
    static_codes: Int64[Tensor, "batch static_categories"]
    series: Int64[Tensor, " batch"]
    origin: Int64[Tensor, " batch"]
    base: Float32[Tensor, "batch base"]
    effect: Float32[Tensor, "batch effects"]
    doubt: Float32[Tensor, "batch doubts"]

    def __len__(self) -> int:
        return len(self.origin)

    @property
    def context(self) -> int:
        """Steps before the origin."""
        return self.past.shape[1]

    @property
    def horizon(self) -> int:
        """Steps from the origin on."""
        return self.target.shape[1] - self.context

    def to(self, device: torch.device | str) -> "WindowBatch":
        """The same windows on a device."""
        return type(self)(
            *(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self))
        )

    def shard(self, rank: int, world_size: int) -> "WindowBatch":
        """The windows that fall to one of several processes: every `world_size`-th from `rank` on."""
        return type(self)(*(getattr(self, field.name)[rank::world_size] for field in fields(self)))

    def repeated(self, count: int) -> "WindowBatch":
        """Its windows so many times, one copy after another."""
        return type(self)(
            *(
                own.repeat(count, *[1] * (own.dim() - 1))
                for own in (getattr(self, f.name) for f in fields(self))
            )
        )

    def chunks(self, steps: int) -> Iterator["WindowBatch"]:
        """Forecast windows are trained whole.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            f"tbptt_steps is {steps} for forecast windows",
            "no truncation: a window is short and is trained whole",
            "Remove tbptt_steps, or shorten the context.",
        )


class WindowSource:
    """Random windows of the training parts of a panel's series.

    Args:
        panel: The series.
        context: Steps before the origin; windows may begin before their series, where nothing is observed.
        horizon: Steps from the origin on.
        ends: Where the training part of each series ends (`Split.train_end`); nothing later is seen.
        batch_size: Windows in a batch.
        batches: Batches in an epoch; None: as many as show as many windows as there are.
        min_history: Values that must be there in the context.
        seed: Of the draws.
        scaling: Applied to the covariates.
        base: Gives each window what its forecast begins from.

    Raises:
        ConfigError: A number is too small.
        DataError: No window fits into any training part.
    """

    def __init__(
        self,
        panel: Panel,
        *,
        context: int,
        horizon: int,
        ends: Int64[np.ndarray, " series"],
        batch_size: int,
        batches: int | None = None,
        min_history: int = 1,
        seed: int = 0,
        scaling: Scaling | None = None,
        base: BaseForecast | None = None,
    ) -> None:
        _check_sizes(context=context, horizon=horizon, batch_size=batch_size, min_history=min_history)
        self.panel, self.context, self.horizon = panel, context, horizon
        self.batch_size, self.seed, self.scaling = batch_size, seed, scaling
        self.index = OriginIndex(
            panel.target, panel.offsets, ends, context=context, horizon=horizon, min_history=min_history
        )
        if len(self.index) == 0:
            raise DataError(
                f"no window fits: the longest training part has {int(ends.max())} steps",
                f"at least {min_history} values and {horizon} steps to forecast after them",
                "Shorten the horizon, or give longer series.",
            )
        self._batches = batches or -(-len(self.index) // batch_size)
        self._begin = None if base is None else base(panel, self.index[np.arange(len(self.index))])

    def __len__(self) -> int:
        return self._batches

    def origins(self, epoch: int, index: int) -> Origins:
        """The origins of a batch: a function of the seed, the epoch and the index alone."""
        return self.index[self._numbers(epoch, index)]

    def _numbers(self, epoch: int, index: int) -> Int64[np.ndarray, " batch"]:
        random = np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 0, index, epoch]))
        return random.integers(len(self.index), size=self.batch_size)

    def batch(self, epoch: int, index: int) -> WindowBatch:
        """The windows of a batch; the same for the same seed, epoch and index."""
        numbers = self._numbers(epoch, index)
        begin = None if self._begin is None else Beginning(*(values[numbers] for values in self._begin))
        return cut_windows(self.panel, self.index[numbers], self.context, self.horizon, self.scaling, begin)


def window_batches(
    panel: Panel,
    origins: Origins,
    *,
    context: int,
    horizon: int,
    batch_size: int,
    scaling: Scaling | None = None,
    base: BaseForecast | None = None,
) -> Iterator[WindowBatch]:
    """The windows of some origins in their order, a batch at a time; the last may be smaller.

    Raises:
        ConfigError: A number is too small.
    """
    _check_sizes(context=context, horizon=horizon, batch_size=batch_size)
    for begin in range(0, len(origins.series), batch_size):
        part = Origins(*(values[begin : begin + batch_size] for values in origins))
        yield cut_windows(panel, part, context, horizon, scaling, None if base is None else base(panel, part))


def history_before(
    panel: Panel, origins: Origins, steps: int
) -> tuple[Float[np.ndarray, "windows steps"], Bool[np.ndarray, "windows steps"]]:
    """The last `steps` targets before each origin, and which are known; the others are 0."""
    series, positions = origins.series[:, None], origins.position[:, None] + np.arange(-steps, 0)
    values = panel.target[np.where(positions >= 0, panel.offsets[series] + positions, 0)]
    known = (positions >= 0) & ~np.isnan(values)
    return np.where(known, values, 0), known


def targets_after(panel: Panel, origins: Origins, steps: int) -> Float64[np.ndarray, "windows steps"]:
    """The targets of the first `steps` steps from each origin on, NaN where none is known.

    Origins leave so many steps to the end of their series.
    """
    rows = panel.offsets[origins.series] + origins.position
    targets: Float64[np.ndarray, "windows steps"] = panel.target[rows[:, None] + np.arange(steps)]
    return targets


def cut_windows(
    panel: Panel,
    origins: Origins,
    context: int,
    horizon: int,
    scaling: Scaling | None = None,
    begin: Beginning | None = None,
) -> WindowBatch:
    """The windows of some origins as one batch."""
    series, origin = origins
    column = series[:, None]
    positions = origin[:, None] + np.arange(-context, horizon)
    inside = (positions >= 0) & (positions < panel.extents[column])
    rows = np.where(inside, panel.offsets[column] + positions, 0)
    level = panel.levels[column]
    target = panel.target[rows] - level
    observed = inside & ~np.isnan(target)
    before, inside_before = rows[:, :context], inside[:, :context]
    everywhere = np.ones_like(column, dtype=bool)
    past_scale, future_scale, static_scale = (
        (None, None, None) if scaling is None else (scaling.past, scaling.future, scaling.static)
    )
    past, past_observed = _gather(panel.past, before, inside_before, past_scale)
    future, future_observed = _gather(panel.future, rows, inside, future_scale)
    static, static_observed = _gather(panel.static, column, everywhere, static_scale)
    arrays = (
        np.where(observed, target, 0).astype(np.float32),
        observed,
        panel.calendar(column, positions),
        past,
        past_observed,
        _gather_codes(panel.past_codes, before, inside_before),
        future,
        future_observed,
        _gather_codes(panel.future_codes, rows, inside),
        static[:, 0],
        static_observed[:, 0],
        panel.static_codes[series].astype(np.int64),
        series,
        origin,
        *_beginning(begin, level),
    )
    return WindowBatch(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))


def _beginning(
    begin: Beginning | None, level: Float64[np.ndarray, "windows 1"]
) -> Iterator[Float32[np.ndarray, "windows _"]]:
    if begin is None:
        begin = Beginning(*(np.zeros((len(level), 0)) for _ in range(3)))
    else:
        begin = begin._replace(base=begin.base - level)
    yield from (values.astype(np.float32) for values in begin)


def _gather(
    values: np.ndarray, rows: np.ndarray, inside: np.ndarray, scale: Statistics | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Values of some rows, 0 where they are missing or outside, and where they are there."""
    if values.shape[1] == 0:
        empty = np.zeros((*rows.shape, 0), dtype=np.float32)
        return empty, empty.astype(bool)
    own = values[rows]
    observed = inside[..., None] & ~np.isnan(own)
    if scale is not None:
        own = scale.applied(own)
    own[~observed] = 0.0
    return own, observed


def _gather_codes(values: np.ndarray, rows: np.ndarray, inside: np.ndarray) -> np.ndarray:
    if values.shape[1] == 0:
        return np.zeros((*rows.shape, 0), dtype=np.int64)
    return np.where(inside[..., None], values[rows], 0).astype(np.int64)


def _check_sizes(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ConfigError(f"{name} is {size}", "a whole number of at least 1", f"Raise {name}.")
