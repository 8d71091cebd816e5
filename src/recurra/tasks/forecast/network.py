"""The forecasting network: scale the window, read its history, write its horizon, scale back.

    forecast = base + unit * (linear(history) + body(history, horizon))

The linear part sees the scaled history at once and learns what a ridge regression would (the autoregressive
highway of LSTNet); the body, recurrent by default, learns the rest. Both give all steps of the horizon
directly: no step waits for, or inherits the error of, the forecast of another. The base is the centre of the
window, or what a classical method forecasts (`recurra.tasks.forecast.base`), measured in how far that is off.

Source: Lai, Chang, Yang and Liu, "Modeling long- and short-term temporal patterns with deep neural networks"
(2018), for the linear part; Sutskever, Vinyals and Le (2014), for encoder and decoder.
"""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.inputs.series.window import WindowBatch
from recurra.models.encoder_decoder import EncoderDecoder
from recurra.models.feed_forward import FeedForward
from recurra.models.temporal_convolution import TemporalConvolution
from recurra.recurrence import Recurrence
from recurra.tasks.forecast.feature import (
    Embeddings,
    WindowScale,
    beside,
    character,
    fill_missing,
    lagged,
    patches,
    scale_history,
    window_scale,
)
from recurra.tasks.forecast.head import Head

POSITION_SIZE = 8  # learnt numbers that tell the patches of the horizon apart

NetworkName = Literal["recurrent", "feed_forward", "convolutional"]

HistorySteps = Float[Tensor, "batch history_steps history_size"]
HorizonSteps = Float[Tensor, "batch horizon_steps horizon_size"]
HiddenSteps = Float[Tensor, "batch horizon_steps hidden"]


class FeedForwardBody(nn.Module):
    """All steps side by side through a multilayer perceptron."""

    def __init__(
        self,
        history_shape: tuple[int, int],
        horizon_shape: tuple[int, int],
        hidden_size: int,
        *,
        num_layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.horizon_steps = horizon_shape[0]
        size = history_shape[0] * history_shape[1] + horizon_shape[0] * horizon_shape[1]
        outputs = self.horizon_steps * hidden_size
        self.network = FeedForward(size, 2 * hidden_size, outputs, num_layers=num_layers, dropout=dropout)

    def forward(self, history: HistorySteps, horizon: HorizonSteps) -> HiddenSteps:
        """One hidden vector for each step of the horizon."""
        output: Tensor = self.network(torch.cat([history.flatten(1), horizon.flatten(1)], dim=1))
        return output.view(output.shape[0], self.horizon_steps, -1)


class ConvolutionalBody(nn.Module):
    """The history, then the horizon, through causal convolutions; the last steps' outputs count."""

    def __init__(
        self,
        history_shape: tuple[int, int],
        horizon_shape: tuple[int, int],
        hidden_size: int,
        *,
        dropout: float,
    ) -> None:
        super().__init__()
        self.horizon_steps = horizon_shape[0]
        self.history_projection = nn.Linear(history_shape[1], hidden_size)
        self.horizon_projection = nn.Linear(horizon_shape[1], hidden_size)
        span = history_shape[0] + horizon_shape[0]
        self.network = TemporalConvolution(hidden_size, hidden_size, span=span, dropout=dropout)

    def forward(self, history: HistorySteps, horizon: HorizonSteps) -> HiddenSteps:
        """One hidden vector for each step of the horizon."""
        steps = torch.cat([self.history_projection(history), self.horizon_projection(horizon)], dim=1)
        output: Tensor = self.network(F.gelu(steps))
        return output[:, -self.horizon_steps :]


def make_body(
    network: NetworkName,
    history_shape: tuple[int, int],
    horizon_shape: tuple[int, int],
    recurrence: Recurrence,
) -> nn.Module:
    """Make a body by its name; the shapes are `(steps, features)`.

    Each maps the steps of the history and those of the horizon to one hidden vector for each step of the
    horizon. They share everything else (inputs, heads, training), so that a comparison compares only them.
    """
    hidden_size, dropout = recurrence.hidden_size, recurrence.dropout
    if network == "feed_forward":
        layers = recurrence.num_layers + 1
        return FeedForwardBody(history_shape, horizon_shape, hidden_size, num_layers=layers, dropout=dropout)
    if network == "convolutional":
        return ConvolutionalBody(history_shape, horizon_shape, hidden_size, dropout=dropout)
    return EncoderDecoder(history_shape[1], horizon_shape[1], recurrence)


class InputSizes(NamedTuple):
    """How many features of each kind a window carries.

    Attributes:
        calendar: Features of the time stamps.
        past: Numeric covariates known up to the present.
        future: Numeric covariates known ahead.
        static: Numeric covariates of the series.
        past_codes: For each categorical covariate known up to the present, how many codes it has.
        future_codes: The same of those known ahead.
        static_codes: The same of those of the series.
        series: Number of series, where each gets an embedding of its own; else 0.
    """

    calendar: int = 0
    past: int = 0
    future: int = 0
    static: int = 0
    past_codes: tuple[int, ...] = ()
    future_codes: tuple[int, ...] = ()
    static_codes: tuple[int, ...] = ()
    series: int = 0


class Output(NamedTuple):
    """Parameters of the head for each step of the horizon, and what each window is measured in.

    Attributes:
        parameters: Of the head, in the units of the data.
        unit: What a window's forecast is measured in.
        scale: Level and spread of a window's history.
    """

    parameters: Float[Tensor, "batch horizon size"]
    unit: Float[Tensor, "batch 1"]
    scale: WindowScale


class ForecastNetwork(nn.Module):
    """A global forecasting network: one set of weights for all series.

    Args:
        head: What is put out for each step.
        sizes: What a window carries.
        context: Steps of history.
        horizon: Steps ahead.
        season: Steps of a season.
        lags: Distances, in steps, at which the horizon looks back.
        patch: Steps that the body takes at once.
        centre: Whether a window is measured from its mean or from its last value.
        scaling: Whether a window is measured in its own spread, or in one unit for all (`unit`).
        unit: The unit where `scaling` is "global", in the units of the data.
        smallest: The smallest spread that a window may have, in the units of the data.
        scale_span: How many of the last steps tell a window's scale.
        base_spread: How far the base of a window is off at each step ahead, in units of the window; empty:
            the base is the centre.
        base_quantiles: How it is off, in such spreads, at each of the trained quantiles; empty: normally.
        linear: Whether there is a linear part.
        network: Kind of body.
        recurrence: Of the body; the others take its sizes and its dropout.
    """

    def __init__(
        self,
        head: Head,
        sizes: InputSizes,
        *,
        context: int,
        horizon: int,
        season: int,
        lags: tuple[int, ...],
        patch: int = 1,
        centre: Literal["mean", "last"] = "mean",
        scaling: Literal["window", "global"] = "window",
        unit: float = 1.0,
        smallest: float = 1e-6,
        scale_span: int,
        base_spread: tuple[float, ...] = (),
        base_quantiles: tuple[float, ...] = (),
        linear: bool = True,
        network: NetworkName = "recurrent",
        recurrence: Recurrence,
    ) -> None:
        super().__init__()
        self.head, self.sizes = head, sizes
        self.context, self.horizon, self.season, self.lags, self.patch = context, horizon, season, lags, patch
        self.centre, self.scaling = centre, scaling
        self.scale_span = scale_span
        self.unit: Tensor
        self.smallest: Tensor
        self.register_buffer("unit", torch.tensor(float(unit)), persistent=False)
        self.register_buffer("smallest", torch.tensor(float(smallest)), persistent=False)
        self.base_spread: Tensor
        self.register_buffer("base_spread", torch.tensor(base_spread), persistent=False)
        self.neutral: Tensor
        neutral = head.neutral_at(base_quantiles) if base_quantiles else head.neutral
        self.register_buffer("neutral", torch.tensor(neutral), persistent=False)
        self.share: Tensor
        self.register_buffer("share", torch.ones(()))
        self.widening: Tensor
        self.register_buffer("widening", torch.ones(horizon))
        self.past_codes = Embeddings(sizes.past_codes)
        self.future_codes = Embeddings(sizes.future_codes)
        self.static_codes = Embeddings(sizes.static_codes)
        self.series = Embeddings((sizes.series + 1,) if sizes.series else ())
        self.position = nn.Parameter(0.1 * torch.randn(-(-horizon // patch), POSITION_SIZE))
        self.body = make_body(network, *self._shapes(), recurrence)
        last = nn.Linear(recurrence.hidden_size, patch * head.size)
        self.linear = nn.Linear(context, horizon) if linear else None
        _begin_at_the_base(last, self.linear)
        if base_spread:
            with torch.no_grad():
                last.bias.copy_(self.neutral.repeat(patch))
        self.output = nn.Sequential(nn.Dropout(recurrence.dropout), last)

    def forward(self, window: WindowBatch) -> Output:
        """Forecast the horizon of each window from its history."""
        observed = window.observed[:, : self.context]
        values = fill_missing(window.target[:, : self.context], observed, self.season)
        scale = window_scale(
            values, observed, span=self.scale_span, season=self.season, smallest=self.smallest
        )
        unit = scale.spread if self.scaling == "window" else self.unit.expand_as(scale.spread)
        scaled = scale_history(values, scale, centre=self.centre, unit=unit)

        static = self._static(window, scale)
        known = self._known(window)
        history = [scaled.values.unsqueeze(-1), observed.unsqueeze(-1), *self._past(window)]
        history_steps = torch.cat([*history, known[:, : self.context]], dim=-1)
        back = lagged(scaled.values, self.lags, self.horizon, self.season)
        horizon_steps = patches(torch.cat([back, known[:, self.context :]], dim=-1), self.patch)
        position = self.position.expand(horizon_steps.shape[0], -1, -1)
        hidden = self.body(
            beside(patches(history_steps, self.patch), static),
            torch.cat([beside(horizon_steps, static), position], dim=-1),
        )

        raw = self.output(hidden).reshape(hidden.shape[0], -1, self.head.size)[:, : self.horizon]
        middle, spread = scaled.centre.expand(-1, self.horizon), unit
        if len(self.base_spread):
            middle, spread = _begin(window, unit * self.base_spread)
            raw = self.neutral + self.share * (raw - self.neutral)
        if self.linear is not None:
            middle = middle + self.share * spread * self.linear(scaled.values)
        return Output(self.head.parameters(raw.float(), middle.float(), spread), unit, scale)

    def _shapes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Steps and features of the history, and of the horizon, as the body sees them."""
        sizes, patch = self.sizes, self.patch
        static = 2 + sizes.static + self.static_codes.output_size + self.series.output_size
        known = sizes.calendar + 2 * sizes.future + self.future_codes.output_size
        past = 2 + 2 * sizes.past + self.past_codes.output_size
        history = (-(-self.context // patch), patch * (past + known) + static)
        horizon = (len(self.position), patch * (len(self.lags) + known) + static + POSITION_SIZE)
        return history, horizon

    def _known(self, window: WindowBatch) -> Float[Tensor, "batch window known"]:
        """What is known of history and horizon alike: calendar and covariates known ahead."""
        codes = self.future_codes(window.future_codes)
        calendar = window.calendar[..., : self.sizes.calendar]
        return torch.cat([calendar, window.future, window.future_observed, codes], dim=-1)

    def _past(self, window: WindowBatch) -> list[Tensor]:
        """Covariates known up to the present."""
        return [window.past, window.past_observed, self.past_codes(window.past_codes)]

    def _static(self, window: WindowBatch, scale: WindowScale) -> Float[Tensor, "batch static"]:
        """What does not change with time: the window's character and the covariates of its series."""
        codes = self.static_codes(window.static_codes)
        series = self.series(window.series.unsqueeze(-1) + 1)
        return torch.cat([character(scale), window.static, codes, series], dim=1)


def _begin(
    window: WindowBatch, spread: Float[Tensor, "batch horizon"]
) -> tuple[Float[Tensor, "batch horizon"], Float[Tensor, "batch horizon"]]:
    """Base and spread of each step, with the effect of covariates; wider where these are not known."""
    if not window.effect.shape[1]:
        return window.base, spread
    codes = window.future_codes[:, window.context :]
    known = window.future_observed[:, window.context :].all(dim=-1) & (codes > 0).all(dim=-1)
    return window.base + window.effect, torch.where(known, spread, torch.hypot(spread, window.doubt))


def _begin_at_the_base(output: nn.Linear, linear: nn.Linear | None) -> None:
    """Small outputs and no linear part, so that the first forecasts are the base of each window."""
    with torch.no_grad():
        output.weight.mul_(0.1)
        nn.init.zeros_(output.bias)
        if linear is not None:
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)
