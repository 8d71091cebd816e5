"""The forecasting network that runs as a stream: all that it knows of the past is its state.

    forecast = centre + unit * net(inputs up to now)

With centre "last" the inputs are the changes from step to step and the forecast is measured from the last
value: the level of a series plays no part. With centre "mean" both are values, measured from the mean of the
training data. Nothing else is taken from the window as a whole: its own scale, seasonal lags, or a linear map
of it would need all of its values at every step.
"""

from typing import Any, Literal, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.inputs.series.schema import PanelSchema
from recurra.inputs.series.window import WindowBatch
from recurra.models.many_to_one import ManyToOne
from recurra.recurrence import Recurrence
from recurra.tasks.forecast.config import ForecastConfig
from recurra.tasks.forecast.feature import fill_missing, window_scale
from recurra.tasks.forecast.head import Head
from recurra.tasks.forecast.network import ForecastNetwork, Output
from recurra.tasks.forecast.unit import Units


class StreamingNetwork(nn.Module):
    """Reads the observed part of a window step by step, from the zero state, and forecasts after the last.

    A missing value counts as the one before it, and what comes before the first value is not read.

    Args:
        head: What is put out for each step.
        units: What values, changes and forecasts are measured in.
        past: Number of numeric covariates known up to the present.
        context: Steps of history.
        horizon: Steps ahead.
        season: Steps of a season; losses may be weighted by the seasonal error.
        scale_span: How many of the last steps tell a window's scale; of use to such losses alone.
        centre: Whether inputs are changes ("last") or values ("mean").
        recurrence: The stack that reads.

    Attributes:
        input_mean, input_scale: What an input of the target is measured from and in.
        output_mean, output_scale: The same of what the net puts out.
        widening: What distances of quantiles from the median are multiplied by, for each step ahead.
    """

    def __init__(
        self,
        head: Head,
        units: Units,
        *,
        past: int,
        context: int,
        horizon: int,
        season: int,
        scale_span: int,
        centre: Literal["mean", "last"],
        recurrence: Recurrence,
    ) -> None:
        super().__init__()
        self.head, self.context, self.horizon = head, context, horizon
        self.season, self.scale_span, self.centre = season, scale_span, centre
        self.smallest: Tensor
        self.register_buffer("smallest", torch.tensor(float(units.smallest)), persistent=False)
        last = centre == "last"
        self.widening: Tensor
        self.register_buffer("widening", torch.ones(horizon))
        self.input_mean, self.input_scale = (0.0, units.change) if last else (units.level, units.spread)
        self.output_mean, self.output_scale = (0.0, units.reach) if last else (units.level, units.spread)
        self.net = ManyToOne(1 + past, horizon * head.size, recurrence)
        with torch.no_grad():  # small outputs, so that the first forecasts are the centre
            self.net.output.weight.mul_(0.1)
            nn.init.zeros_(self.net.output.bias)

    def forward(self, window: WindowBatch) -> Output:
        """Forecast the horizon of each window from its history."""
        observed = window.observed[:, : self.context]
        target = window.target[:, : self.context]
        values = fill_missing(target, observed, 1)
        scale = window_scale(
            fill_missing(target, observed, self.season),
            observed,
            span=self.scale_span,
            season=self.season,
            smallest=self.smallest,
        )
        first = torch.where(observed.any(dim=1), observed.byte().argmax(dim=1), self.context)
        steps = torch.cat([self._inputs(values, first).unsqueeze(-1), window.past], dim=-1)
        raw = self.net(_begun_at(steps, first), lengths=self.context - first)
        raw = raw.reshape(len(window), self.horizon, self.head.size)
        unit = torch.full_like(scale.spread, self.output_scale)
        middle = values[:, -1:] if self.centre == "last" else torch.full_like(unit, self.output_mean)
        middle = middle.expand(-1, self.horizon)
        return Output(self.head.parameters(raw.float(), middle.float(), unit), unit, scale)

    def _inputs(
        self, values: Float[Tensor, "batch context"], first: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch context"]:
        """Values or changes, in units; nothing is known of the change to a row's first value, so it is 0."""
        if self.centre == "last":
            step = torch.arange(1, values.shape[1], device=values.device)
            changes = values.diff(dim=1).masked_fill(step <= first.unsqueeze(1), 0)
            values = torch.cat([torch.zeros_like(values[:, :1]), changes], dim=1)
        return (values - self.input_mean) / self.input_scale


def _begun_at(
    steps: Float[Tensor, "batch time features"], first: Int[Tensor, " batch"]
) -> Float[Tensor, "batch time features"]:
    """Move the steps from a row's first one on to the beginning; what follows them is padding."""
    time = steps.shape[1]
    index = (torch.arange(time, device=steps.device) + first.unsqueeze(1)).clamp(max=time - 1)
    return steps.gather(1, index.unsqueeze(-1).expand(-1, -1, steps.shape[2]))


Network: TypeAlias = ForecastNetwork | StreamingNetwork
"""Either kind, which training and forecasting treat alike."""


REASONS: dict[str, tuple[Any, str]] = {
    "scaling": ("global", "a stream has no whole window whose spread it could measure"),
    "linear": (False, "a linear map of the history needs all of it at every step"),
    "calendar": (False, "the horizon's calendar would have to be computed from the time of every row"),
    "bidirectional": (False, "its second direction would begin at the last step"),
    "patch": (1, "a stream goes on by single steps"),
    "series_embedding": (False, "a stream may bring series that training did not see"),
    "future": ((), "a row does not bring what comes later"),
    "holidays": ((), "the horizon's calendar would have to be computed from the time of every row"),
    "static": ((), "a row does not bring what never changes"),
}
"""For each setting the value that it must have, and why."""


def check_streamable(config: ForecastConfig, schema: PanelSchema) -> None:
    """Make sure that a forecaster with these settings can run as a stream.

    Raises:
        ConfigError: It cannot; the message names the setting and says why.
    """
    if config.network != "streaming":
        raise ConfigError(
            f"network is {config.network!r}, which reads a whole window at once: its scale, lags and patches",
            "network=streaming, whose state alone goes from step to step",
            "Train with preset=streaming, which sets it and what goes with it.",
        )
    for name, (needed, reason) in REASONS.items():
        given = getattr(config, name)
        if given == needed:
            continue
        other = "train the default network, which runs as a stream too."
        if needed == ():
            raise ConfigError(
                f"network is 'streaming' and {name} is {','.join(given)}",
                f"no {name}, since {reason}",
                f"Leave {name} out, or {other}",
            )
        wanted = f"{name}={str(needed).lower()}"
        raise ConfigError(
            f"network is 'streaming' and {name} is {str(given).lower()}",
            f"{wanted}, since {reason}",
            f"Set {wanted}, or {other}",
        )
    words = schema.categorical("past")
    if words:
        raise ConfigError(
            f"network is 'streaming' and the covariate {words[0]!r} is categorical",
            "numeric ones",
            "Leave it out, or encode it as numbers.",
        )
