"""Scores of a fitted network beside the baselines, all on the same windows and the same observed steps."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64

from recurra.errors import ConfigError, DataError
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.window import WindowBatch
from recurra.metrics.forecast import OwaReference, Scores, forecast_scores
from recurra.metrics.forecast_baseline import BASELINES
from recurra.metrics.forecast_scale import InSampleScale, in_sample_scale
from recurra.metrics.naive2 import naive2
from recurra.tasks.forecast.fitted import Fitted
from recurra.tasks.forecast.head import TRAINED_QUANTILES

Reference = OwaReference | str
CELL_LABELS = {"lstm": "LSTM", "gru": "GRU", "elman": "Elman", "elman_relu": "Elman (ReLU)"}
NETWORK_LABELS = {"feed_forward": "Feed-forward net", "convolutional": "Convolutional net"}


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


@dataclass
class _Collected:
    """What all models are scored against."""

    truth: list[np.ndarray] = field(default_factory=list)
    observed: list[np.ndarray] = field(default_factory=list)
    series: list[np.ndarray] = field(default_factory=list)
    points: dict[str, list[np.ndarray]] = field(default_factory=dict)
    quantiles: list[np.ndarray] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def evaluate(
    fitted: Fitted,
    panel: Panel,
    origins: Origins,
    *,
    device: torch.device,
    rivals: Mapping[str, tuple[Fitted, float]] | None = None,
    seconds: float | None = None,
    reference: Reference | None = None,
) -> Evaluation:
    """Score a fitted network, its rivals, and the baselines that need no training.

    Args:
        fitted: The network.
        panel: The series.
        origins: Moments to forecast from.
        device: Where the networks run.
        rivals: Networks to compare with, and the seconds that training took, by name.
        seconds: How long training took.
        reference: Scores that have OWA 1, or "naive2" for those of Naive2 on the same windows; adds `owa`.

    Raises:
        DataError: There is nothing to score.
        ConfigError: There is no such reference.
    """
    rivals = rivals or {}
    if len(origins.series) == 0:
        raise DataError(
            "no series is long enough to be scored",
            f"more steps than are scored, and at least the horizon, {fitted.resolved.horizon}",
            "Give longer series, or score fewer steps.",
        )
    collected = _collect(fitted, panel, origins, device)
    for name, (rival, _) in rivals.items():
        parts = rival.forecasts(panel, origins, TRAINED_QUANTILES, device=device)
        collected.points[name] = [part.point for part in parts]
    scale = in_sample_scale(_known_before(panel, origins), panel.season_length)
    judged = _Judge(collected, scale, _reference(reference, panel, origins, collected, scale))
    cell = fitted.resolved.config.cell
    kind, label = "recurrent", CELL_LABELS.get(cell, cell)
    if fitted.resolved.config.network in NETWORK_LABELS:
        kind, label = "neural", NETWORK_LABELS[fitted.resolved.config.network]
    models = [Judged("recurra", label, kind, judged.network(), seconds, _size(fitted))]
    for name, (rival, took) in rivals.items():
        models.append(Judged(name, NETWORK_LABELS[name], "neural", judged.point(name), took, _size(rival)))
    for name, baseline in BASELINES.items():
        models.append(Judged(name, baseline.label, "naive", judged.point(name), collected.seconds[name]))
    return Evaluation(models, panel.ids, len(origins.series), origins, scale)


class _Judge:
    """Scores points and quantiles of the same windows."""

    def __init__(self, collected: _Collected, scale: InSampleScale, reference: OwaReference | None) -> None:
        self.collected = collected
        self.truth = np.concatenate(collected.truth)
        self.observed = np.concatenate(collected.observed)
        self.series = np.concatenate(collected.series)
        self.scale, self.reference = scale, reference

    def point(self, name: str) -> Scores:
        """Scores of a model that gives points only."""
        return self._scores(name, None)

    def network(self) -> Scores:
        """Scores of the network, intervals included."""
        values = np.concatenate(self.collected.quantiles)
        return self._scores(
            "recurra", {one: values[..., index] for index, one in enumerate(TRAINED_QUANTILES)}
        )

    def _scores(
        self, name: str, quantiles: Mapping[float, Float[np.ndarray, "windows horizon"]] | None
    ) -> Scores:
        return forecast_scores(
            self.truth,
            np.concatenate(self.collected.points[name]),
            self.observed,
            self.series,
            self.scale.values,
            quantiles=quantiles,
            reference=self.reference,
        )


def _reference(
    reference: Reference | None, panel: Panel, origins: Origins, collected: _Collected, scale: InSampleScale
) -> OwaReference | None:
    """The scores that have OWA 1."""
    if reference is None or isinstance(reference, OwaReference):
        return reference
    if reference != "naive2":
        raise ConfigError(
            f"reference is {reference!r}", "'naive2' or an OwaReference", "Choose one of these."
        )
    horizon = collected.truth[0].shape[1]
    points = [
        naive2(panel.series(series)[:position], horizon, panel.season_length)
        for series, position in zip(*(values.tolist() for values in origins), strict=True)
    ]
    collected.points[reference] = [np.stack(points)]
    overall = _Judge(collected, scale, None).point(reference).overall
    return OwaReference(smape=overall["smape"], mase=overall["mase"])


def _collect(fitted: Fitted, panel: Panel, origins: Origins, device: torch.device) -> _Collected:
    collected = _Collected(points={name: [] for name in ("recurra", *BASELINES)})
    collected.seconds = dict.fromkeys(BASELINES, 0.0)
    for part in fitted.forecasts(panel, origins, TRAINED_QUANTILES, device=device):
        target, there = part.windows.target.numpy(), part.windows.observed.numpy()
        context = part.windows.context
        truth, seen = target[:, context:], there[:, :context].any(axis=1, keepdims=True)
        history, known = history_of(panel, part.windows)
        collected.truth.append(truth)
        collected.observed.append(there[:, context:] & seen)
        collected.series.append(part.windows.series.numpy())
        collected.points["recurra"].append(part.point)
        collected.quantiles.append(part.quantiles)
        for name, baseline in BASELINES.items():
            began = time.perf_counter()
            points = baseline(history, known, truth.shape[1], panel.season_length)
            collected.points[name].append(points)
            collected.seconds[name] += time.perf_counter() - began
    return collected


def history_of(
    panel: Panel, windows: WindowBatch
) -> tuple[Float[np.ndarray, "batch steps"], Bool[np.ndarray, "batch steps"]]:
    """What the baselines see before each window, and what was observed of it.

    That is as much as the network sees, and two seasons at least: a seasonal naive forecast of less would be
    none.
    """
    steps = max(windows.context, 2 * panel.season_length)
    series, positions = (
        windows.series.numpy()[:, None],
        windows.origin.numpy()[:, None] + np.arange(-steps, 0),
    )
    values = panel.target[np.where(positions >= 0, panel.offsets[series] + positions, 0)]
    known = (positions >= 0) & ~np.isnan(values)
    return np.where(known, values, 0), known


def _known_before(panel: Panel, origins: Origins) -> list[Float[np.ndarray, " steps"]]:
    """Each series up to the first moment it is forecast from; whole where it is not."""
    ends: Int64[np.ndarray, " series"] = panel.lengths.copy()
    np.minimum.at(ends, origins.series, origins.position)
    return [panel.series(index)[:end] for index, end in enumerate(ends)]


def _size(fitted: Fitted) -> int:
    return sum(parameter.numel() for parameter in fitted.network.parameters())
