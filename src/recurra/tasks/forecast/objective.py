"""What training minimises and what validation reports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import Scaling
from recurra.inputs.series.split import Split
from recurra.inputs.series.window import BaseForecast, WindowBatch, targets_after, window_batches
from recurra.metrics.forecast import M4_HOURLY, M4_REFERENCES, smape_terms
from recurra.tasks.forecast.config import Weighting
from recurra.tasks.forecast.network import Output
from recurra.tasks.forecast.resolution import Resolved
from recurra.tasks.forecast.streaming_network import Network
from recurra.training.contract import Loss

METRICS = ("valid_loss", "valid_mae", "valid_rmse", "valid_smape")
VALIDATION_WINDOWS = 4000
SMALLEST_SHARE = 0.01  # of a window's magnitude: errors of smaller values are shares of this


def forecast_loss(
    model: Network, batch: WindowBatch, state: Any = None, *, weighting: Weighting = "unit"
) -> Loss:
    """The head's loss over the observed steps of the horizon."""
    del state
    return output_loss(model, model(batch), batch, weighting)


def output_loss(model: Network, output: Output, batch: WindowBatch, weighting: Weighting = "unit") -> Loss:
    """The loss of a network's output."""
    target = batch.target[:, batch.context :]
    observed = batch.observed[:, batch.context :]
    weight = step_weights(output, target, weighting, model.season)
    losses = model.head.loss(output.parameters, target, weight)
    return Loss(torch.where(observed, losses, 0).sum(), observed.sum())


def step_weights(
    output: Output, target: Float[Tensor, "batch horizon"], weighting: Weighting, season: int
) -> Float[Tensor, "batch horizon"]:
    """What the error of each step is multiplied by.

    "unit" divides by the unit of the window. "owa" is the overall weighted average of the M4 competition:
    half the absolute error in seasonal errors of the window (MASE), half in shares of the value (sMAPE), each
    relative to the error of Naive2 on the series of that season, or the hourly ones where there were none.
    """
    if weighting == "unit":
        return (1 / output.unit).expand_as(target)
    scaled = 1 / output.scale.seasonal_error
    share = 100 / target.abs().maximum(SMALLEST_SHARE * output.scale.magnitude)
    naive2 = M4_REFERENCES.get(season, M4_HOURLY)
    return (scaled / naive2.mase + share / naive2.smape) / 2


@dataclass(frozen=True)
class Validation:
    """Scores the weights on held-out windows after every epoch.

    Attributes:
        panel: The series.
        origins: Where the windows' horizons begin.
        context: Steps of history.
        horizon: Steps ahead.
        batch_size: Windows at once.
        scaling: Of the covariates.
        weighting: Of the loss.
        base: What the forecast of a window begins from.
    """

    panel: Panel
    origins: Origins
    context: int
    horizon: int
    batch_size: int
    scaling: Scaling
    weighting: Weighting = "unit"
    base: BaseForecast | None = None

    def windows(self) -> Iterator[WindowBatch]:
        """The held-out windows, a batch at a time."""
        return window_batches(
            self.panel,
            self.origins,
            context=self.context,
            horizon=self.horizon,
            batch_size=self.batch_size,
            scaling=self.scaling,
            base=self.base,
        )

    def __call__(self, model: nn.Module) -> Mapping[str, float]:
        """The METRICS: `valid_loss` as in training, the others of the point forecast."""
        network = cast("Network", model)
        device = next(network.parameters()).device
        loss = count = 0.0
        errors, terms = [], []
        for batch in self.windows():
            windows = batch.to(device)
            output = network(windows)
            part = output_loss(network, output, windows, self.weighting)
            loss, count = loss + float(part.total), count + float(part.count)
            forecast = network.head.point_forecast(output.parameters).cpu().numpy()
            observed = batch.observed[:, self.context :].numpy()
            truth = batch.target[:, self.context :].numpy()
            level = self.panel.levels[batch.series.numpy()][:, None]
            errors.append(forecast[observed] - truth[observed].astype(np.float64))
            terms.append(smape_terms((truth + level)[observed], (forecast + level)[observed]))
        error = np.concatenate(errors)
        return {
            "valid_loss": loss / count,
            "valid_mae": float(np.abs(error).mean()),
            "valid_rmse": float(np.sqrt(np.square(error).mean())),
            "valid_smape": float(np.concatenate(terms).mean()),
        }


def make_validation(panel: Panel, split: Split, resolved: Resolved, scaling: Scaling) -> Validation | None:
    """Validation on at most about 4,000 windows; None where there is no such part, or no value in it."""
    if resolved.validation_size == 0:
        return None
    every = split.origins("validation", resolved.horizon)
    stride = max(1, -(-len(every.series) // VALIDATION_WINDOWS))
    origins = split.origins("validation", resolved.horizon, stride)
    observed = ~np.isnan(targets_after(panel, origins, resolved.horizon)).all(axis=1)
    if not observed.any():
        return None
    origins = Origins(*(values[observed] for values in origins))
    config = resolved.config
    return Validation(
        panel,
        origins,
        resolved.context,
        resolved.horizon,
        config.batch_size,
        scaling,
        config.weighting,
        resolved.base,
    )
