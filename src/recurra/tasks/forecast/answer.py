"""What is forecast, in the units of the data: as a table, and scored beside the baselines.

All are scored on the same windows and the same observed steps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl
import torch
from jaxtyping import Float
from torch import Tensor

from recurra.errors import ConfigError
from recurra.experiment.task import Fitted, Groups, Rival
from recurra.inputs.series.origin import Origins
from recurra.metrics.forecast import OwaReference, Scores, forecast_scores
from recurra.metrics.forecast_scale import InSampleScale
from recurra.metrics.naive2 import naive2
from recurra.tasks.forecast.config import check_reach
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.streaming_network import Network
from recurra.training.device import choose_device

Reference = OwaReference | str
METRICS = ("mase", "smape", "mae", "rmse", "wql", "coverage_80", "coverage_95")
REFERENCE = "seasonal_naive"


class Answer(NamedTuple):
    """Forecasts of some windows.

    Attributes:
        point: The point forecasts.
        quantiles: Those of the part's probabilities; None of who gives points only.
    """

    point: Float[np.ndarray, "windows horizon"]
    quantiles: Float[np.ndarray, "windows horizon quantiles"] | None


def answer(fitted: Fitted, part: ForecastPart) -> Answer:
    """Forecast a part, a batch at a time."""
    device = choose_device(fitted.config.device)
    network = cast("Network", fitted.model.to(device).eval())
    places = fitted.schema.places(part.panel)
    points, quantiles = [], []
    for batch in part.windows():
        with torch.inference_mode():
            known = replace(batch, series=torch.from_numpy(places[batch.series.numpy()]))
            parameters = network(known.to(device)).parameters
            points.append(network.head.point_forecast(parameters).cpu().numpy())
            quantiles.append(_quantiles(network, parameters, part.probabilities))
    point, quantile = np.concatenate(points), np.concatenate(quantiles)
    levels = part.panel.levels[part.origins.series]
    if levels.any():
        point, quantile = point + levels[:, None], quantile + levels[:, None, None]
    if fitted.schema.floor is not None:
        point, quantile = (np.maximum(values, fitted.schema.floor) for values in (point, quantile))
    return Answer(point, quantile)


def _quantiles(
    network: Network, parameters: Tensor, probabilities: Sequence[float]
) -> Float[np.ndarray, "batch horizon quantiles"]:
    """Quantiles, stretched around the median as far as calibration asks for."""
    found = network.head.quantiles(parameters, (*probabilities, 0.5)).cpu().numpy()
    quantiles: np.ndarray = found[..., :-1]
    if bool((network.widening != 1).any()):
        widening = network.widening.cpu().numpy()
        quantiles = found[..., -1:] + widening[:, None] * (quantiles - found[..., -1:])
    return quantiles


def forecast_frame(
    part: ForecastPart,
    given: Answer,
    level: Sequence[float],
    horizon: Any = None,
    *,
    written: bool = False,
) -> pl.DataFrame:
    """Id, time, `forecast` and the intervals (`forecast-lo-80`) of each step, or of the first ones.

    Args:
        part: What was forecast.
        given: The forecasts.
        level: Of the intervals, in percent.
        horizon: How many of the steps; None: all.
        written: Whether times are written as the table has them, or typed.

    Raises:
        ConfigError: The horizon is no whole number from 1 to the one that was trained for.
    """
    trained = part.resolved.horizon
    check_reach(horizon, trained)
    series, steps = _places(part)
    index = part.panel.index_frame(series, steps, written=written)
    frame = pl.concat([index, _values(given, level)], how="horizontal")
    if horizon is None:
        return frame
    return frame.filter(pl.int_range(pl.len()) % trained < int(horizon))


def backtest_frame(
    part: ForecastPart, given: Answer, level: Sequence[float], *, written: bool = False
) -> pl.DataFrame:
    """Id, `cutoff` (the last time known), time, the target, `forecast` and the intervals of each step."""
    series, steps = _places(part)
    panel, truth, horizon = part.panel, part.truth, part.resolved.horizon
    time = panel.columns.time
    before = part.origins.position.repeat(horizon) - 1
    cutoff = panel.index_frame(series, before, written=written)[time].alias("cutoff")
    values = np.where(truth.observed, truth.values, np.nan).ravel()
    target = pl.Series(panel.columns.target, values).fill_nan(None)
    index = panel.index_frame(series, steps, written=written)
    index = index.insert_column(index.columns.index(time), cutoff).with_columns(target)
    return pl.concat([index, _values(given, level)], how="horizontal")


def _places(part: ForecastPart) -> tuple[np.ndarray, np.ndarray]:
    """Series and step of every row."""
    horizon, (series, position) = part.resolved.horizon, part.origins
    return series.repeat(horizon), (position[:, None] + np.arange(horizon)).ravel()


def _values(given: Answer, level: Sequence[float]) -> pl.DataFrame:
    columns = [pl.Series("forecast", given.point.ravel())]
    if given.quantiles is not None:
        quantiles = given.quantiles.reshape(given.point.size, -1)
        for index, one in enumerate(level):
            columns.append(pl.Series(f"forecast-lo-{one:g}", quantiles[:, 2 * index]))
            columns.append(pl.Series(f"forecast-hi-{one:g}", quantiles[:, 2 * index + 1]))
    return pl.DataFrame(columns)


def checked_levels(level: Any) -> tuple[float, ...]:
    """Levels as they are asked for, each once.

    Raises:
        ConfigError: There is no list of them, or one is no number between 0 and 100.
    """
    if level is None:
        return ()
    if isinstance(level, str) or not isinstance(level, Iterable):
        raise ConfigError(f"level is {level!r}", "percentages such as (80, 95)", "Pass level=(80,).")
    levels = tuple(level)
    for one in levels:
        if not isinstance(one, Real) or not 0 < float(one) < 100:
            raise ConfigError(f"level {one!r}", "a percentage between 0 and 100", "Pass level=(80, 95).")
    return tuple(dict.fromkeys(float(one) for one in levels))


def interval_probabilities(level: Sequence[float]) -> tuple[float, ...]:
    """The lower and upper probability of every interval."""
    return tuple(side for one in level for side in ((100 - one) / 200, (100 + one) / 200))


@dataclass(frozen=True)
class Judged:
    """One model and its scores.

    Attributes:
        name: "recurra", "feed_forward", "seasonal_naive", ...
        label: As people read it.
        kind: "recurrent", "neural" or "naive".
        scores: On all windows.
        seconds: Time to train where it was trained, else to forecast.
        parameters: How many numbers training chose.
    """

    name: str
    label: str
    kind: str
    scores: Scores
    seconds: float | None = None
    parameters: int | None = None


@dataclass(frozen=True)
class Evaluation:
    """Scores of all models.

    Attributes:
        models: The network first.
        ids: Names of the series, in the order of `Scores.per_series`.
        windows: How many forecasts were scored.
        origins: From where they started.
        scale: What MASE divides by.
    """

    models: list[Judged]
    ids: list[str]
    windows: int
    origins: Origins
    scale: InSampleScale

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Model -> metric -> score over all series."""
        return {model.name: dict(model.scores.overall) for model in self.models}

    def to_frame(self) -> pl.DataFrame:
        """A row for each model: name, label, kind and every score over all series."""
        return pl.DataFrame([
            {"model": one.name, "label": one.label, "kind": one.kind, **one.scores.overall}
            for one in self.models
        ])  # fmt: skip


def evaluation_of(
    part: ForecastPart, rivals: Sequence[Rival], reference: Reference | None = None
) -> Evaluation:
    """Score what was forecast for a part.

    Args:
        part: Series and moments.
        rivals: The network and what it is compared with, and their answers.
        reference: Scores that have OWA 1, or "naive2" for those of Naive2 on the same windows; adds `owa`.

    Raises:
        DataError: There is nothing to score.
        ConfigError: There is no such reference.
    """
    known = _reference(reference, part)
    models = [
        Judged(
            one.name, one.label, one.kind, all_scores(part, one.answer, known), one.seconds, one.parameters
        )
        for one in rivals
    ]
    return Evaluation(models, part.panel.ids, len(part), part.origins, part.truth.scale)


def all_scores(part: ForecastPart, given: Answer, reference: OwaReference | None = None) -> Scores:
    """All scores of an answer: over all windows, of each series, and by step ahead."""
    truth, quantiles = part.truth, None
    if given.quantiles is not None:
        quantiles = {one: given.quantiles[..., index] for index, one in enumerate(part.probabilities)}
    return forecast_scores(
        truth.values,
        given.point,
        truth.judged,
        truth.series,
        truth.scale.values,
        quantiles=quantiles,
        reference=reference,
    )


def score(schema: object, part: ForecastPart, given: Answer) -> dict[str, float]:
    """The scores over all windows, the most telling first."""
    del schema
    overall = all_scores(part, given).overall
    first = {name: overall[name] for name in METRICS if name in overall}
    return {**first, **{name: value for name, value in overall.items() if name not in first}}


def groups(schema: object, part: ForecastPart, given: Answer) -> Groups:
    """The scores of each series."""
    del schema
    scores = {}
    for row in all_scores(part, given).rows(part.panel.ids):
        values: dict[str, Any] = {name: value for name, value in row.items() if name != "unique_id"}
        scores[str(row["unique_id"])] = values
    return Groups("series", (), scores)


def _reference(reference: Reference | None, part: ForecastPart) -> OwaReference | None:
    """The scores that have OWA 1."""
    if reference is None or isinstance(reference, OwaReference):
        return reference
    if reference != "naive2":
        raise ConfigError(
            f"reference is {reference!r}", "'naive2' or an OwaReference", "Choose one of these."
        )
    panel, horizon = part.panel, part.resolved.horizon
    points = [
        naive2(panel.series(series)[:position], horizon, panel.season_length)
        for series, position in zip(*(values.tolist() for values in part.origins), strict=True)
    ]
    overall = all_scores(part, Answer(np.stack(points), None)).overall
    return OwaReference(smape=overall["smape"], mase=overall["mase"])
