"""A fitted forecaster as a stream program: the network, the scaling around it, and what its head gives."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch

from recurra.errors import ConfigError
from recurra.experiment.task import Fitted
from recurra.export import to_program
from recurra.export.program import stream_layers
from recurra.inputs.series.scaling import Statistics
from recurra.streaming import Activation, Affine, Layer, Program, Scaling
from recurra.tasks.forecast.answer import interval_probabilities
from recurra.tasks.forecast.head import TRAINED_QUANTILES, QuantileHead
from recurra.tasks.forecast.live import TASK
from recurra.tasks.forecast.recent import Recent, rows_kept, to_document
from recurra.tasks.forecast.schema import read_panel_again
from recurra.tasks.forecast.stream_interval import output_names
from recurra.tasks.forecast.streaming_network import StreamingNetwork, check_streamable
from recurra.version import __version__

TRAINED_LEVELS = tuple(round(100 * (1 - 2 * one), 6) for one in TRAINED_QUANTILES if one < 0.5)

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]


def run_program(fitted: Fitted) -> Program:
    """The program that a run keeps: it shows the point, can give intervals of any level, and starts warm.

    Raises:
        ConfigError: A setting does not allow a program.
    """
    quantiles = isinstance(getattr(fitted.model, "head", None), QuantileHead)
    return forecast_program(fitted, TRAINED_LEVELS if quantiles else (), for_run=True)


def forecast_program(fitted: Fitted, level: Sequence[float] = (), *, for_run: bool = False) -> Program:
    """Turn a fitted forecaster into a program; `LiveForecast` runs it, on rows of a table.

    A step takes the target's value (centre "mean") or its change since the last step (centre "last"), then
    the covariates known up to the present, all in the units of the data. It gives the horizon's point
    forecasts, then for each level the horizon's lower and upper ends: as values (centre "mean") or as
    differences from the last value (centre "last").

    Args:
        fitted: A forecaster whose settings are those of preset "streaming".
        level: Intervals to give, in percent; head quantile only.
        for_run: Whether it shows the point alone unless a level is asked for, and keeps the last rows of the
            series, so that they start warm.

    Raises:
        ConfigError: A setting does not allow it; the message says which.
    """
    schema, network = fitted.schema, fitted.model
    check_streamable(fitted.config, schema.panel)
    if not isinstance(network, StreamingNetwork):
        raise TypeError(f"network=streaming made a {type(network).__name__}")
    names = output_names(level)
    layers = [
        _input_scaling(network, schema.scaling.past),
        *to_program([network.net.projection, network.net.encoder]).layers,
        *_output(network, interval_probabilities(level)),
        _output_scaling(network, len(names)),
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
            "clock": schema.panel.clock(int(fitted.config.context)).to_dict(),
            **(_of_run(fitted) if for_run else {}),
            "recurra": __version__,
        },
    )


def _of_run(fitted: Fitted) -> dict[str, Any]:
    """What only the program of a run says."""
    panel = read_panel_again(fitted.schema.recent, fitted.schema.panel)
    rows = rows_kept(len(panel), 1 + panel.past.shape[1], int(fitted.config.context))
    recent = {}
    for index, name in enumerate(panel.ids):
        length = int(panel.lengths[index])
        first, begin = max(0, length - rows), int(panel.offsets[index])
        own = slice(begin + first, begin + length)
        values = np.concatenate([panel.target[own, None], panel.past[own]], axis=1).astype(np.float32)
        start = panel.schema.grid.advance(panel.starts[index : index + 1], np.array([first]))
        if len(values):
            recent[name] = Recent(int(start[0]), values)
    return {"shown": output_names(()), "recent": to_document(recent)}


def _input_scaling(network: StreamingNetwork, past: Statistics) -> Scaling:
    mean = [network.input_mean, *past.mean]
    return Scaling(np.array(mean, np.float32), np.array([network.input_scale, *past.deviation], np.float32))


def _output_scaling(network: StreamingNetwork, outputs: int) -> Scaling:
    mean, scale = (
        np.full(outputs * network.horizon, one, np.float32)
        for one in (network.output_mean, network.output_scale)
    )
    return Scaling(mean, scale, inverse=True)


def _output(network: StreamingNetwork, probabilities: Sequence[float]) -> list[Layer]:
    """From the last hidden layer to points and quantiles in units, all steps of the first, then the next."""
    head, horizon = network.head, network.horizon
    affine = stream_layers(network.net.output)[0]
    if not isinstance(affine, Affine) or affine.bias is None:
        raise TypeError(f"a linear map with bias was exported as {affine!r}")
    weight = affine.weight.reshape(horizon, head.size, -1)
    bias = affine.bias.reshape(horizon, head.size)
    if not probabilities:
        return [Affine(weight[:, 0].copy(), bias[:, 0].copy())]
    if not isinstance(head, QuantileHead):
        raise ConfigError(
            f"level with a head of {type(head).__name__}",
            "head=quantile, whose intervals are functions that programs have",
            "Leave level out, or train with head=quantile.",
        )
    into, out = _quantile_maps(head, probabilities)
    features = np.einsum("fs,hsk->fhk", into, weight).reshape(len(into) * horizon, -1)
    shifts = np.einsum("fs,hs->fh", into, bias).ravel()
    return [
        Affine(features, shifts),
        Activation("softplus"),
        Affine(np.kron(out, np.eye(horizon, dtype=np.float32))),
    ]


def _quantile_maps(head: QuantileHead, probabilities: Sequence[float]) -> tuple[Array, Array]:
    """What stands before and behind a softplus so that it makes the quantiles that the head makes.

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
    return into, np.concatenate([centre[None], quantiles]).astype(np.float32)
