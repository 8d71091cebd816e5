"""A fitted forecaster: everything that a forecast needs, and nothing of the training."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import torch
from jaxtyping import Float, Int64

from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import Scaling
from recurra.inputs.series.schema import PanelSchema
from recurra.inputs.series.window import WindowBatch, window_batches
from recurra.tasks.forecast.head import make_head
from recurra.tasks.forecast.network import ForecastNetwork, InputSizes
from recurra.tasks.forecast.resolution import Resolved
from recurra.tasks.forecast.streaming_network import Network, StreamingNetwork
from recurra.tasks.forecast.unit import Units


@dataclass(frozen=True)
class Fitted:
    """A network with the data's description.

    Attributes:
        resolved: The settings it was made with.
        schema: How tables are read.
        scaling: Of the covariates, learnt on the training part.
        series: Ids of the series that training saw.
        units: What the training targets are measured in.
        network: The network, in evaluation mode.
        recent: The last rows of every series, for forecasts that are given no data.
    """

    resolved: Resolved
    schema: PanelSchema
    scaling: Scaling
    series: tuple[str, ...]
    units: Units
    network: Network
    recent: pl.DataFrame

    def forecasts(
        self, panel: Panel, origins: Origins, probabilities: tuple[float, ...], *, device: torch.device
    ) -> Iterator["Forecasts"]:
        """Forecast some origins of a panel, a batch at a time and in their order."""
        network = self.network.to(device)
        place = self._places(panel)
        for batch in window_batches(
            panel,
            origins,
            context=self.resolved.context,
            horizon=self.resolved.horizon,
            batch_size=self.resolved.config.batch_size,
            scaling=self.scaling,
        ):
            with torch.inference_mode():
                known = replace(batch, series=torch.from_numpy(place[batch.series.numpy()]))
                parameters = network(known.to(device)).parameters
                point = network.head.point_forecast(parameters)
                quantiles = network.head.quantiles(parameters, probabilities)
            yield Forecasts(batch, point.cpu().numpy(), quantiles.cpu().numpy())

    def _places(self, panel: Panel) -> Int64[np.ndarray, " series"]:
        """Where training saw each series of a panel; -1 for those it did not see."""
        known = {name: index for index, name in enumerate(self.series)}
        return np.array([known.get(name, -1) for name in panel.ids], dtype=np.int64)


@dataclass(frozen=True)
class Forecasts:
    """Some windows and what is forecast for them, in the units of the data."""

    windows: WindowBatch
    point: Float[np.ndarray, "batch horizon"]
    quantiles: Float[np.ndarray, "batch horizon quantiles"]


def build_network(resolved: Resolved, schema: PanelSchema, *, series: int, units: Units) -> Network:
    """The network that settings and data ask for, with fresh weights."""
    config = resolved.config
    if config.network == "streaming":
        return _streaming_network(resolved, schema, units)
    sizes = InputSizes(
        calendar=2 * len(schema.cycles) if config.calendar else 0,
        past=len(schema.numeric("past")),
        future=len(schema.numeric("future")),
        static=len(schema.numeric("static")),
        past_codes=schema.category_counts("past"),
        future_codes=schema.category_counts("future"),
        static_codes=schema.category_counts("static"),
        series=series if config.series_embedding else 0,
    )
    return ForecastNetwork(
        make_head(config.head, config.point),
        sizes,
        context=resolved.context,
        horizon=config.horizon,
        season=schema.season_length,
        lags=resolved.lags,
        patch=resolved.patch,
        centre=config.centre,
        scaling=config.scaling,
        unit=units.spread,
        smallest=units.smallest,
        scale_span=resolved.scale_span,
        linear=config.linear,
        network=config.network,
        cell=config.cell,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        dropout=config.dropout,
        recurrent_dropout=config.recurrent_dropout,
        zoneout=config.zoneout,
    )


def _streaming_network(resolved: Resolved, schema: PanelSchema, units: Units) -> StreamingNetwork:
    config = resolved.config
    return StreamingNetwork(
        make_head(config.head, config.point),
        units,
        past=len(schema.numeric("past")),
        context=resolved.context,
        horizon=config.horizon,
        season=schema.season_length,
        scale_span=resolved.scale_span,
        centre=config.centre,
        cell=config.cell,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        dropout=config.dropout,
        recurrent_dropout=config.recurrent_dropout,
        zoneout=config.zoneout,
    )
