"""The course of training on the page: figures with the sentences around them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recurra.report.drawing import Drawing, evened
from recurra.report.history import Course
from recurra.report.number import count, duration, percent, plain
from recurra.report.piece import LegendItem
from recurra.report.training_figure import curve_figure, gradient_figure, rate_figure


@dataclass(frozen=True)
class Training:
    """The course of a run.

    Attributes:
        summary: One sentence: how long it took and which epoch was kept.
        drawings: The figures.
    """

    summary: str
    drawings: list[Drawing]


_CURVES = [LegendItem(label="training", role="ink"), LegendItem(label="validation", role="model")]


def training(course: Course | None, config: Mapping[str, Any], labels: Mapping[str, str]) -> Training | None:
    """Draw the course of a run; None where nothing was recorded.

    Args:
        course: The run.
        config: Its settings.
        labels: Names of metrics -> as people write them.
    """
    if course is None or not (course.steps or course.epochs):
        return None
    losses = [name for name in course.metrics if name.endswith("loss")]
    monitor = config.get("monitor")
    if monitor not in course.metrics:
        monitor = next((name for name in losses if name != "train_loss"), None)
    best = course.best_epoch(monitor, str(config.get("monitor_mode", "min"))) if monitor else None
    drawings = []
    if losses:
        drawings.append(_loss_drawing(course, losses, best if monitor in losses else None, labels))
    if monitor is not None and monitor not in losses:
        drawings.append(_monitor_drawing(course, monitor, best, labels))
    drawings += [*_rate_drawing(course), *_gradient_drawing(course, config.get("gradient_clip"))]
    words = _words(monitor, labels) if monitor else None
    return Training(_summary(course, best, words), evened(drawings))


def _loss_drawing(course: Course, losses: list[str], best: int | None, labels: Mapping[str, str]) -> Drawing:
    kept = f" The best epoch is {best + 1}." if best is not None else ""
    description = f"{' and '.join(_words(name, labels) for name in losses)} by epoch.{kept}"
    svg = curve_figure(course, losses, best, "loss", description, "")
    note = f"Dot: the best epoch, {best + 1}." if best is not None else "Mean loss of every epoch."
    validated = any(name != "train_loss" for name in losses)
    return Drawing("Loss", note, svg, legend=_CURVES if validated else ())


def _monitor_drawing(course: Course, monitor: str, best: int | None, labels: Mapping[str, str]) -> Drawing:
    label = _label(monitor, labels)
    description = f"{label} on the validation part by epoch."
    svg = curve_figure(course, [monitor], best, "monitor", description, "")
    note = f"Dot: the best epoch, {best + 1}." if best is not None else "By epoch."
    return Drawing(f"{label} on the validation part", note, svg)


def _rate_drawing(course: Course) -> list[Drawing]:
    rates = _known(course, "learning_rate")
    if not rates:
        return []
    svg = rate_figure(course, "learning-rate", f"Learning rate, at most {max(rates):.3g}.")
    return [
        Drawing("Learning rate", f"Highest {plain(max(rates), 2)}, {plain(rates[-1], 2)} at the end.", svg)
    ]


def _gradient_drawing(course: Course, clip: Any) -> list[Drawing]:
    norms = _known(course, "gradient_norm")
    if not norms:
        return []
    threshold = float(clip) if isinstance(clip, int | float) else None
    middle = plain(sorted(norms)[len(norms) // 2])
    shares = _known(course, "clipped") or _known(course, "clipped_share")
    if threshold is None:
        note = f"Median {middle}; gradients were not clipped."
    else:
        share = sum(shares) / len(shares) if shares else None
        note = f"Median {middle}; clipped at {threshold:g} (dashed), in {percent(share, 1)} of the steps."
    description = f"Norm of the gradient before clipping. {note}"
    svg = gradient_figure(course, threshold, "gradient", description)
    return [Drawing("Gradient norm before clipping", note, svg)]


def _known(course: Course, name: str) -> list[float]:
    """The finite values of a column, from the steps where they have it."""
    for records in (course.steps, course.epochs):
        values = [record[name] for record in records if math.isfinite(record.get(name, math.nan))]
        if values:
            return values
    return []


def _summary(course: Course, best: int | None, monitor: str | None) -> str:
    epochs = len(course.epochs)
    if not epochs:
        return "The run ended within its first epoch."
    steps = int(course.epochs[-1]["step"])
    text = f"{count(epochs)} epoch{'s' if epochs > 1 else ''}, {count(steps)} optimiser steps"
    if course.seconds:
        text += f" in {duration(course.seconds)} (validation not counted)"
    text += "."
    if best is not None and monitor is not None:
        text += f" Epoch {best + 1} was the best by {monitor}."
    return text


def _words(name: str, labels: Mapping[str, str]) -> str:
    """The name of a metric within a sentence."""
    spelt = {"train_loss": "training loss", "valid_loss": "validation loss"}
    return spelt.get(name, _label(name, labels))


def _label(name: str, labels: Mapping[str, str]) -> str:
    """The name of a metric as people write it: RMSE of "valid_rmse"."""
    bare = name.removeprefix("valid_")
    return labels.get(name) or labels.get(bare) or bare.replace("_", " ").capitalize()
