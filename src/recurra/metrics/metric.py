"""How each metric describes itself: what it is called, which way is good, how it is written.

One home for all tasks. A run's records carry these descriptions, so that reports, verdicts and tables need to
know no metric by name.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from recurra.errors import ConfigError


@dataclass(frozen=True)
class Metric:
    """A description of a metric.

    Attributes:
        name: As in records and settings.
        label: As people write it: "sMAPE".
        note: What it is, in a clause.
        better: "low", "high", "target" (as near to `target` as possible), or "none" (neither way is better).
        target: The best value where `better` is "target".
        tolerance: How far from the target a score is still good; 0 leaves it unsaid.
        unit: "" (plain), "share" (0 to 1, shown in percent), "percent" (is in percent), "count" (a whole
            number), "nats" (of a density, which may be below 0) or "target" (in the unit of what is told).
        short: The label where there is little room; empty means `label`.
    """

    name: str
    label: str
    note: str
    better: str = "low"
    target: float = 0.0
    unit: str = ""
    short: str = ""
    tolerance: float = 0.0


_FORECAST = (
    Metric("mase", "MASE", "mean absolute error / that of seasonal naive in the training part"),
    Metric("smape", "sMAPE", "symmetric mean absolute percentage error, 0 to 200 %", unit="percent"),
    Metric("owa", "OWA", "overall weighted average of sMAPE and MASE; 1 = Naive2"),
    Metric("wql", "WQL", "weighted quantile loss, an approximation of the normalised CRPS"),
)
_NUMBER = (
    Metric("mae", "MAE", "mean absolute error, in the unit of the target", unit="target"),
    Metric("rmse", "RMSE", "root of the mean squared error, in the unit of the target", unit="target"),
    Metric("mse", "MSE", "mean squared error"),
    Metric("r2", "R²", "share of the variance that is explained; 0 = the mean, 1 = perfect", "high"),
)
_CLASS = (
    Metric("accuracy", "Accuracy", "share of the answers that are right", "high", unit="share"),
    Metric("balanced_accuracy", "Balanced accuracy", "mean recall of all classes", "high", unit="share"),
    Metric("macro_f1", "Macro F1", "mean F1 of all classes, each counted alike", "high", unit="share"),
    Metric("micro_f1", "Micro F1", "F1 of all decisions together", "high", unit="share"),
    Metric("exact", "Exact match", "share of the examples with every label right", "high", unit="share"),
    Metric(
        "auroc",
        "AUROC",
        "how often a positive example ranks before a negative one; 50 % = by chance",
        "high",
        unit="share",
    ),
    Metric("log_loss", "Log loss", "mean negative log probability of the truth, in nats"),
    Metric(
        "calibration_error",
        "Calibration error",
        "mean distance between stated probability and share that is right",
        unit="share",
    ),
    Metric("precision", "Precision", "share of what was named that is right", "high", unit="share"),
    Metric("recall", "Recall", "share of what there is that was found", "high", unit="share"),
    Metric("f1", "F1", "harmonic mean of precision and recall", "high", unit="share"),
    Metric("support", "Count", "how many there are", "none", unit="count"),
)
_SPAN = (
    Metric(
        "span_f1", "Span F1", "harmonic mean of precision and recall of whole spans", "high", unit="share"
    ),
    Metric(
        "span_precision", "Span precision", "share of the named spans that are right", "high", unit="share"
    ),
    Metric("span_recall", "Span recall", "share of the true spans that were found", "high", unit="share"),
)
_SYMBOL = (
    Metric("perplexity", "Perplexity", "exponential of the mean negative log probability of a symbol"),
    Metric("bits_per_character", "Bits per character", "mean negative log2 probability of a character"),
    Metric(
        "nats_per_step", "Nats per step", "negative log-likelihood of a time step, all its notes together"
    ),
    Metric("nats_per_note", "Nats per note", "negative log-likelihood of all, over the notes that there are"),
    Metric("bits_per_byte", "Bits per byte", "mean negative log2 probability of a byte of UTF-8"),
)
_KNOWN = {one.name: one for one in (*_FORECAST, *_NUMBER, *_CLASS, *_SPAN, *_SYMBOL)}


def metric(name: str, own: Sequence[Metric] = ()) -> Metric:
    """The description of a metric; `coverage_80` and `width_80` may be of any level in percent.

    Args:
        name: Of the metric.
        own: Those of a task, which are known nowhere else.

    Raises:
        ConfigError: There is no such metric; the message lists the nearest.
    """
    known = {**_KNOWN, **{one.name: one for one in own}}
    if name in known:
        return known[name]
    found = re.fullmatch(r"(coverage|width)_(\d+(?:\.\d+)?)", name)
    if found is None or not 0 < float(found[2]) < 100:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        raise ConfigError(
            f"no metric is named {name!r}",
            f"a known one, such as {', '.join(near)}" if near else f"one of {', '.join(sorted(known))}",
            "Correct the name, or describe it in the task's `metrics`: Metric(name, label, note).",
        )
    level = found[2]
    if found[1] == "width":
        return Metric(name, f"Width {level}", f"mean width of the {level} % interval", "none", unit="target")
    note = f"share of the truth inside the {level} % interval; best at {level} %"
    share = float(level) / 100
    tolerance = min(max(0.4 * (1 - share), 0.03), 0.08)
    return Metric(name, f"Coverage {level}", note, "target", share, "share", f"in {level}%", tolerance)
