"""What a report knows of each metric: how it is called, which way is good, how it is written."""

import math
import re
from dataclasses import dataclass

from recurra.report.number import NARROW_SPACE, column, percent


@dataclass(frozen=True)
class Metric:
    """How a metric is shown.

    Attributes:
        name: As in the records.
        label: As people write it: "sMAPE".
        note: What it is, in a clause.
        better: "low", "high", "target" (as near to `target` as possible), or "none" (neither way is better).
        target: The best value where `better` is "target".
        unit: "" (plain), "share" (0 to 1, shown in percent) or "percent" (is in percent).
    """

    name: str
    label: str
    note: str
    better: str = "low"
    target: float = 0.0
    unit: str = ""

    def badness(self, score: float | None) -> float:
        """A number that is smaller for a better score; infinite where it is not defined or comparable."""
        if score is None or self.better == "none":
            return math.inf
        return {"low": score, "high": -score, "target": abs(score - self.target)}[self.better]

    def texts(self, scores: list[float | None]) -> list[str]:
        """Scores of one column as people read them."""
        if self.unit == "share":
            return [percent(score, 1) for score in scores]
        texts = column(scores)
        return [f"{text}{NARROW_SPACE}%" for text in texts] if self.unit == "percent" else texts


_KNOWN = {
    metric.name: metric
    for metric in (
        Metric("mase", "MASE", "mean absolute error / that of seasonal naive in the training part"),
        Metric("smape", "sMAPE", "symmetric mean absolute percentage error, 0 to 200 %", unit="percent"),
        Metric("owa", "OWA", "overall weighted average of sMAPE and MASE; 1 = Naive2"),
        Metric("mae", "MAE", "mean absolute error, in the unit of the target"),
        Metric("rmse", "RMSE", "root of the mean squared error, in the unit of the target"),
        Metric("mse", "MSE", "mean squared error"),
        Metric("wql", "WQL", "weighted quantile loss, an approximation of the normalised CRPS"),
    )
}


def metric(name: str) -> Metric:
    """What is known of a metric; an unknown one is shown by its name, and neither way is called better."""
    if name in _KNOWN:
        return _KNOWN[name]
    if found := re.fullmatch(r"coverage_([\d.]+)", name):
        note = f"share of the truth inside the {found[1]} % interval; best at {found[1]} %"
        return Metric(name, f"Coverage {found[1]}", note, "target", float(found[1]) / 100, "share")
    if found := re.fullmatch(r"width_([\d.]+)", name):
        return Metric(name, f"Width {found[1]}", f"mean width of the {found[1]} % interval", "none")
    better = "low" if name.endswith("loss") else "none"
    return Metric(name, name.replace("_", " ").capitalize(), "", better)
