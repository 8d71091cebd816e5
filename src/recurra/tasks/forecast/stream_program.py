"""A fitted forecaster as a stream program: the network, the scaling around it, and what its head gives."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias, cast

import numpy as np
import torch

from recurra.errors import ConfigError
from recurra.experiment.standalone import of_program
from recurra.experiment.task import Fitted
from recurra.export import to_program
from recurra.export.exportable import Exportable
from recurra.export.handling import Handling
from recurra.export.program import stream_layers
from recurra.inputs.series.kept import last_rows
from recurra.inputs.series.reading import read_panel_again
from recurra.inputs.series.recent import to_document
from recurra.inputs.series.scaling import Statistics
from recurra.streaming import Activation, Affine, Layer, Program, Scaling
from recurra.tasks.forecast.answer import interval_probabilities
from recurra.tasks.forecast.head import TRAINED_QUANTILES, QuantileHead
from recurra.tasks.forecast.live import TASK
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.stream_interval import DISTRIBUTIONS, output_names
from recurra.tasks.forecast.streaming_network import StreamingNetwork, check_streamable
from recurra.version import __version__

TRAINED_LEVELS = tuple(round(100 * (1 - 2 * one), 6) for one in TRAINED_QUANTILES if one < 0.5)

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]


def run_program(fitted: Fitted) -> Program:
    """The program that a run keeps: it shows the point, can give intervals of any level, and starts warm.

    Raises:
        ConfigError: A setting does not allow a program.
    """
    return forecast_program(fitted, TRAINED_LEVELS, for_run=True)


def forecast_program(fitted: Fitted, level: Sequence[float] = (), *, for_run: bool = False) -> Program:
    """Turn a fitted forecaster into a program; `LiveForecast` runs it, on rows of a table.

    A step takes the target's value (centre "mean") or its change since the last step (centre "last"), then
    the covariates known up to the present, all in the units of the data. It gives the horizon's point
    forecasts, then for each level the horizon's lower and upper ends: as values (centre "mean") or as
    differences from the last value (centre "last"). With a head of a distribution it gives the raw numbers of
    each parameter instead, of which `LiveForecast` makes points and intervals of any level.

    Args:
        fitted: A forecaster whose settings are those of preset "streaming".
        level: Intervals to give, in percent.
        for_run: Whether it shows the point alone unless a level is asked for, and keeps the last rows of the
            series, so that they start warm.

    Raises:
        ConfigError: A setting does not allow it; the message says which.
    """
    schema, network = fitted.schema, fitted.model
    check_streamable(fitted.config, schema.panel)
    if not isinstance(network, StreamingNetwork):
        raise TypeError(f"network=streaming made a {type(network).__name__}")
    _, parameters = DISTRIBUTIONS.get(fitted.config.head, ("", ()))
    names = list(parameters) or output_names(level)
    layers = [
        _input_scaling(network, schema.scaling.past),
        *to_program([network.net.projection, network.net.encoder]).layers,
        *(_parameters(network) if parameters else _quantiles(network, level)),
    ]
    columns = schema.panel.columns
    return Program(
        layers,
        metadata={
            "task": TASK,
            "target": columns.target,
            "time": columns.time,
            "unique_id": columns.unique_id,
            "series": len(schema.series),
            "wide": list(columns.wide),
            "past": list(columns.past),
            "past_mean": list(schema.scaling.past.mean),
            "centre": network.centre,
            "horizon": network.horizon,
            "outputs": names,
            "point": network.head.point,
            "floor": schema.floor,
            **(_of_distribution(fitted, level) if parameters else {}),
            "decimal": schema.panel.decimal,
            "clock": schema.panel.clock(int(fitted.config.context)).to_dict(),
            **(_of_run(fitted) if for_run else {}),
            "recurra": __version__,
        },
    )


def exportable(fitted: Fitted) -> Exportable:
    """A forecaster that streams, as exports need it: its point and an interval of 80 %.

    Raises:
        ConfigError: It does not stream, or its head gives parameters of a distribution.
    """
    if fitted.config.head != "quantile":
        raise ConfigError(
            f"head={fitted.config.head}, whose parameters are yet to be read",
            "quantile",
            "Train with head=quantile.",
        )
    columns, is_change = fitted.schema.panel.columns, fitted.config.centre == "last"
    first = (
        f"{columns.target} less its value in the row before, 0 in the first" if is_change else columns.target
    )
    added = f"; all to be added to the last {columns.target}" if is_change else ""
    told = "the horizon's forecasts, then the lower and the upper ends of intervals of 80 %"
    return of_program(
        lambda one: forecast_program(one, (80.0,)),
        fitted,
        reads=f"{'; '.join([first, *columns.past])}, in the units of the data. None may be missing.",
        gives=f"{told}{added}. recurra cuts them off at `floor` in the metadata, if that is a number.",
        handling=Handling(
            (columns.target, *columns.past), reading="change" if is_change else "plain", told="path"
        ),
        steps=partial(_steps, is_change=is_change),
        outputs=tuple(
            f"{name} {step + 1}"
            for name in output_names((80.0,))
            for step in range(int(fitted.config.horizon))
        ),
    )


def _steps(part: ForecastPart, *, is_change: bool) -> Iterator[Any]:
    """The rows of each series from its first judged forecast on, as the net takes them."""
    panel = part.panel
    for series in np.unique(part.origins.series):
        begin = int(panel.offsets[series])
        first = begin + int(part.origins.position[part.origins.series == series].min())
        rows = slice(first, begin + int(panel.lengths[series]))
        values = panel.target[rows]
        own = np.diff(values, prepend=values[:1]) if is_change else values
        steps = np.column_stack([own, panel.past[rows]]).astype(np.float32)
        yield steps[np.isfinite(steps).all(axis=1)]


def _of_run(fitted: Fitted) -> dict[str, Any]:
    """What only the program of a run says."""
    panel = read_panel_again(fitted.schema.recent, fitted.schema.panel)
    recent = to_document(last_rows(panel, int(fitted.config.context)))
    return {"shown": output_names(()), "recent": recent}


def _input_scaling(network: StreamingNetwork, past: Statistics) -> Scaling:
    mean = [network.input_mean, *past.mean]
    return Scaling(np.array(mean, np.float32), np.array([network.input_scale, *past.deviation], np.float32))


def _of_distribution(fitted: Fitted, level: Sequence[float]) -> dict[str, Any]:
    """What it takes to read the parameters of a distribution."""
    network = cast("StreamingNetwork", fitted.model)
    return {
        "head": fitted.config.head,
        "mean": network.output_mean,
        "unit": network.output_scale,
        "widening": network.widening.tolist(),
        "shown": output_names(level),
    }


def _last_map(network: StreamingNetwork) -> tuple[Array, Array]:
    """Weights (horizon, size, hidden) and biases (horizon, size) of the map from the last hidden layer."""
    affine = stream_layers(network.net.output)[0]
    if not isinstance(affine, Affine) or affine.bias is None:
        raise TypeError(f"a linear map with bias was exported as {affine!r}")
    shape = (network.horizon, network.head.size)
    return affine.weight.reshape(*shape, -1), affine.bias.reshape(shape)


def _parameters(network: StreamingNetwork) -> list[Layer]:
    """From the last hidden layer to raw parameters, all steps of the first, then the next."""
    weight, bias = _last_map(network)
    return [Affine(weight.swapaxes(0, 1).reshape(bias.size, -1).copy(), bias.T.ravel().copy())]


def _quantiles(network: StreamingNetwork, level: Sequence[float]) -> list[Layer]:
    """From the last hidden layer to points and quantiles, all steps of the first, then the next."""
    head, horizon, (weight, bias) = network.head, network.horizon, _last_map(network)
    if not isinstance(head, QuantileHead):
        raise TypeError(f"a program of the quantiles of a {type(head).__name__}")
    names = 1 + 2 * len(level)
    mean, scale = (
        np.full(names * horizon, one, np.float32) for one in (network.output_mean, network.output_scale)
    )
    scaling = Scaling(mean, scale, inverse=True)
    if not level:
        return [Affine(weight[:, 0].copy(), bias[:, 0].copy()), scaling]
    into, out, middle = _quantile_maps(head, interval_probabilities(level))
    features = np.einsum("fs,hsk->fhk", into, weight).reshape(len(into) * horizon, -1)
    shifts = np.einsum("fs,hs->fh", into, bias).ravel()
    widening = network.widening.numpy()[:, None, None]
    ends = middle + widening * (out[1:] - middle)
    each = np.concatenate([np.broadcast_to(out[:1], (horizon, 1, len(into))), ends], axis=1)
    apart = np.einsum("hnf,hg->nhfg", each, np.eye(horizon)).reshape(names * horizon, -1)
    return [Affine(features, shifts), Activation("softplus"), Affine(apart.astype(np.float32)), scaling]


def _quantile_maps(head: QuantileHead, probabilities: Sequence[float]) -> tuple[Array, Array, Array]:
    """What stands before and behind a softplus so that it makes what the head makes: all, and the median.

    The head takes the softplus of the distances alone. What it takes as it is goes in twice, since
    c = softplus(c) - softplus(-c).
    """
    size, count = head.size, len(TRAINED_QUANTILES)
    plain = [0] if head.point == "median" else [0, size - 1]
    identity = np.eye(size, dtype=np.float32)
    into = np.concatenate([identity[plain], -identity[plain], identity[1:count]])
    features = len(into)
    back = np.eye(features, dtype=np.float32)
    centre = back[0] - back[len(plain)]
    middle = centre if head.point == "median" else centre + back[1] - back[len(plain) + 1]
    distances = back[2 * len(plain) :] * head.gaps.numpy()[:, None]
    below, above = distances[: head.middle], distances[head.middle :]
    lower = middle - np.cumsum(below[::-1], axis=0)[::-1]
    trained = np.concatenate([lower, middle[None], middle + np.cumsum(above, axis=0)])
    wanted = torch.special.ndtri(torch.tensor(probabilities, dtype=torch.float64)).numpy()
    right = np.clip(np.searchsorted(head.scores.numpy(), wanted), 1, count - 1)
    scores = head.scores.double().numpy()
    share = ((wanted - scores[right - 1]) / (scores[right] - scores[right - 1]))[:, None]
    quantiles = (1 - share) * trained[right - 1] + share * trained[right]
    out = np.concatenate([centre[None], quantiles])
    return into, out.astype(np.float32), middle.astype(np.float32)
