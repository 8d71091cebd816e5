"""Small windows, networks and tables that the tests of forecasting share."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from recurra.inputs.series.window import WindowBatch
from recurra.recurrence import Recurrence
from recurra.tasks.forecast.head import make_head
from recurra.tasks.forecast.network import ForecastNetwork, InputSizes

CONTEXT, HORIZON, SEASON = 12, 5, 3
SIZES = InputSizes(
    calendar=4, past=2, future=3, static=1, past_codes=(4,), future_codes=(3,), static_codes=(5,), series=6
)
QUICK: dict[str, Any] = {
    "max_epochs": 2,
    "steps_per_epoch": 3,
    "batch_size": 8,
    "hidden_size": 4,
    "log_every": 1,
}

TOO_LARGE: dict[str, Any] = {  # 12 TiB
    "context": 2_700_000,
    "horizon": 1_200_000,
    "test_size": 1_200_000,
    "season_length": 1,
}


def long_series(length: int = 2_700_000) -> pl.DataFrame:
    """A series that is long enough for sizes of which no memory holds the network."""
    return pl.select(ds=pl.int_range(length), y=pl.int_range(length).mod(7).cast(pl.Float32))


def windows(count: int = 4, *, sizes: InputSizes = SIZES, seed: int = 0) -> WindowBatch:
    """Random windows of positive whole numbers, all observed."""
    random = torch.Generator().manual_seed(seed)
    window = CONTEXT + HORIZON

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random)

    def codes(counts: tuple[int, ...], *shape: int) -> Tensor:
        drawn = [torch.randint(0, one, shape, generator=random) for one in counts]
        return torch.stack(drawn, dim=-1) if drawn else torch.zeros((*shape, 0), dtype=torch.int64)

    def seen(*shape: int) -> Tensor:
        return torch.ones(shape, dtype=torch.bool)

    return WindowBatch(
        target=torch.randint(0, 9, (count, window), generator=random).float(),
        observed=seen(count, window),
        calendar=normal(count, window, sizes.calendar),
        past=normal(count, CONTEXT, sizes.past),
        past_observed=seen(count, CONTEXT, sizes.past),
        past_codes=codes(sizes.past_codes, count, CONTEXT),
        future=normal(count, window, sizes.future),
        future_observed=seen(count, window, sizes.future),
        future_codes=codes(sizes.future_codes, count, window),
        static=normal(count, sizes.static),
        static_observed=seen(count, sizes.static),
        static_codes=codes(sizes.static_codes, count),
        series=torch.randint(-1, max(sizes.series, 1), (count,), generator=random),
        origin=torch.full((count,), CONTEXT),
        base=torch.zeros(count, 0),
        effect=torch.zeros(count, 0),
        doubt=torch.zeros(count, 0),
    )


def with_target(batch: WindowBatch, target: Tensor, observed: Tensor | None = None) -> WindowBatch:
    return replace(batch, target=target, observed=batch.observed if observed is None else observed)


def rows(batch: WindowBatch, index: Any) -> WindowBatch:
    return WindowBatch(*(getattr(batch, field.name)[index] for field in fields(batch)))


def network(head: str = "quantile", *, sizes: InputSizes = SIZES, **settings: Any) -> ForecastNetwork:
    """A network with fresh weights, in evaluation mode; its linear part is not zero, as it begins."""
    torch.manual_seed(3)
    recurrence = {key: settings.pop(key) for key in Recurrence.model_fields if key in settings}
    model = ForecastNetwork(
        make_head(head),
        sizes,
        **{
            "context": CONTEXT,
            "horizon": HORIZON,
            "season": SEASON,
            "lags": (2, 3, 6),
            "patch": 3,
            "scale_span": 9,
            **settings,
        },
        recurrence=Recurrence(**{"hidden_size": 7, "dropout": 0.0, **recurrence}),
    )
    if model.linear is not None:
        torch.nn.init.normal_(model.linear.weight, std=0.1)
    return model.eval()


def hourly(
    lengths: dict[str, int], *, start: datetime = datetime(2024, 2, 27, 5), seed: int = 0
) -> pl.DataFrame:
    """Hourly series of noise around 10."""
    random = np.random.default_rng(seed)
    return pl.concat(
        pl.DataFrame(
            {
                "unique_id": [name] * length,
                "ds": [start + timedelta(hours=step) for step in range(length)],
                "y": 10 + random.normal(size=length),
            }
        )
        for name, length in lengths.items()
    )


def integer_series(values: Any) -> pl.DataFrame:
    """One series on integer time."""
    return pl.DataFrame({"ds": range(len(values)), "y": values})


def seasonal(length: int, season: int = 6, *, trend: float = 0.05) -> np.ndarray:
    """A trend and a season without noise."""
    step = np.arange(length)
    return trend * step + 3 * np.sin(2 * np.pi * step / season) + np.cos(4 * np.pi * step / season)
