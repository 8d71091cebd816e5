"""Figures of a training run, each as SVG for the page."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from markupsafe import Markup
from matplotlib.axes import Axes

from recurra.report.figure import SMALL
from recurra.report.history import Course
from recurra.report.style import colour, drawing, fit_margins, inline_svg, plain_log_axis, whole_ticks

_BINS = 240
_LOG_RATIO = 30


def curve_figure(
    course: Course, metrics: Sequence[str], best: int | None, name: str, description: str, y_label: str
) -> Markup:
    """Metrics by epoch; training's in ink, validation's in the model's colour, the best epoch marked.

    Args:
        course: The run.
        metrics: Which of its metrics to draw; the losses of single steps go beneath `train_loss`.
        best: Index of the epoch whose weights were kept.
        name: Unique within the page.
        description: For those who do not see it.
        y_label: What the vertical axis is.
    """
    with drawing(*SMALL) as (figure, axes):
        if "train_loss" in metrics and course.steps:
            _band(axes, _place(course), _column(course.steps, "loss"), "muted")
        epochs = np.arange(1, len(course.epochs) + 1)
        for metric in metrics:
            values = _column(course.epochs, metric)
            role = "ink" if metric == "train_loss" else "model"
            marker = "o" if len(epochs) == 1 else ""
            width = 1.8 if role == "model" else 1.3
            axes.plot(epochs, values, color=colour(role), linewidth=width, marker=marker)
            if best is not None and role == "model":
                axes.plot(epochs[best], values[best], "o", color=colour("model"), markersize=7)
                axes.axvline(epochs[best], color=colour("model"), linewidth=1, linestyle=(0, (1, 2)))
        _scale(axes)
        whole_ticks(axes)
        fit_margins(figure, axes, x_label="epoch", y_label=y_label)
        return inline_svg(figure, name, description)


def rate_figure(course: Course, name: str, description: str) -> Markup:
    """Learning rate over the run."""
    with drawing(*SMALL) as (figure, axes):
        records, place = (course.steps, _place(course)) if course.steps else (course.epochs, _epochs(course))
        rates = _column(records, "learning_rate")
        axes.plot(place, rates, color=colour("model"), linewidth=1.8, marker="o" if len(rates) == 1 else "")
        axes.set_ylim(bottom=0)
        whole_ticks(axes)
        fit_margins(figure, axes, x_label=_x_label(course))
        return inline_svg(figure, name, description)


def gradient_figure(course: Course, clip: float | None, name: str, description: str) -> Markup:
    """Norm of the gradient before clipping, and the norm at which it is clipped."""
    with drawing(*SMALL) as (figure, axes):
        records, place = (course.steps, _place(course)) if course.steps else (course.epochs, _epochs(course))
        norms = _column(records, "gradient_norm")
        _band(axes, place, norms, "model")
        if clip is not None:
            axes.axhline(clip, color=colour("reference"), linewidth=1.4, linestyle=(0, (4, 2)))
        _scale(axes)
        whole_ticks(axes)
        fit_margins(figure, axes, x_label=_x_label(course))
        return inline_svg(figure, name, description)


def _band(axes: Axes, place: Float[np.ndarray, "_"], values: Float[np.ndarray, "_"], role: str) -> None:
    """Many values as their mean in bins, with a band from the smallest to the largest of each bin."""
    known = np.isfinite(values)
    place, values = place[known], values[known]
    groups = np.array_split(np.arange(len(values)), min(_BINS, len(values)) or 1)
    if not len(values):
        return
    middle = np.array([place[group].mean() for group in groups])
    means = np.array([values[group].mean() for group in groups])
    if len(values) > len(groups):
        low = [values[group].min() for group in groups]
        high = [values[group].max() for group in groups]
        axes.fill_between(middle, low, high, color=colour(role), alpha=0.18, linewidth=0)
    alpha, marker = 0.6 if role == "muted" else 1, "o" if len(means) == 1 else ""
    axes.plot(middle, means, color=colour(role), linewidth=1.1, alpha=alpha, marker=marker)


def _scale(axes: Axes) -> None:
    """A logarithmic axis where values span orders of magnitude, else one that starts where the values do."""
    drawn = [np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines]
    values = np.concatenate([*drawn, []])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() / values.min() > _LOG_RATIO:
        axes.set_yscale("log")
        plain_log_axis(axes, "y")


def _x_label(course: Course) -> str:
    return "epoch" if course.epochs else "step"


def _epochs(course: Course) -> Float[np.ndarray, "_"]:
    return np.arange(1.0, len(course.epochs) + 1)


def _place(course: Course) -> Float[np.ndarray, "_"]:
    """Where the steps lie on the axis of epochs (an epoch's last at its number), or the steps themselves."""
    place = _column(course.steps, "step")
    if course.epochs:
        ends = _column(course.epochs, "step")
        place = np.interp(place, np.concatenate([[0], ends]), np.arange(len(ends) + 1.0))
    return place


def _column(records: Sequence[dict[str, float]], name: str) -> Float[np.ndarray, "_"]:
    return np.array([record.get(name, np.nan) for record in records], dtype=np.float64)
