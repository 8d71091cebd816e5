"""What a run's scores say, in sentences: better, worse or on a par, with the numbers, and no more."""

from dataclasses import dataclass

from recurra.report.metric import metric
from recurra.report.number import NARROW_SPACE, percent
from recurra.report.record import MetricsRecord, ModelRecord

ON_A_PAR = 0.01
"""Scores whose ratio is within so much of 1 are called on a par."""


@dataclass(frozen=True)
class Verdict:
    """The judgement at the top of a report.

    Attributes:
        headline: One sentence: the subject beside the reference.
        details: Sentences on the other models, the intervals and the series.
        gain: Share by which the subject's error is below the reference's; None where they cannot be compared.
        outcome: "better", "worse", "par" or "unknown".
    """

    headline: str
    details: list[str]
    gain: float | None
    outcome: str


def subject_of(metrics: MetricsRecord) -> ModelRecord:
    """The model that a run is about."""
    trained = [model for model in metrics.models if model.kind != "naive"]
    return next((m for m in metrics.models if m.name == metrics.subject), (trained or metrics.models)[0])


def reference_of(metrics: MetricsRecord) -> ModelRecord | None:
    """The model that others are compared with; None where there is no naive one beside the subject."""
    subject = subject_of(metrics)
    for name in (metrics.reference, "seasonal_naive"):
        for model in metrics.models:
            if model.name == name and model is not subject:
                return model
    return next((m for m in metrics.models if m.kind == "naive" and m is not subject), None)


def relative(metrics: MetricsRecord, model: ModelRecord, name: str) -> float | None:
    """How much larger a model's error is than the reference's, as a share; None where that says nothing."""
    reference = reference_of(metrics)
    score = model.scores.get(name)
    base = reference.scores.get(name) if reference else None
    if score is None or not base or base < 0 or metric(name).better not in {"low", "high"}:
        return None
    return score / base - 1


def verdict(metrics: MetricsRecord) -> Verdict:
    """Judge the subject of a run by its first metric."""
    first = metric(metrics.metrics[0])
    subject, reference = subject_of(metrics), reference_of(metrics)
    score = subject.scores.get(first.name)
    change = relative(metrics, subject, first.name)
    details = [*_rank(metrics), *_intervals(metrics), *_series(metrics)]
    if reference is None or change is None or score is None:
        shown = first.texts([score])[0]
        return Verdict(f"{subject.label} reaches {first.label} {shown}.", details, None, "unknown")
    gain = -change if first.better == "low" else change
    numbers = " against ".join(first.texts([score, reference.scores[first.name]]))
    names = subject.label, within(reference.label)
    if abs(gain) < ON_A_PAR:
        sentence = f"{names[0]} and {names[1]} are on a par in {first.label} ({numbers})."
        return Verdict(sentence, details, gain, "par")
    verb, outcome = ("beats", "better") if gain > 0 else ("loses to", "worse")
    size = f"{abs(change):.0%}".replace("%", f"{NARROW_SPACE}%")
    return Verdict(
        f"{names[0]} {verb} {names[1]} by {size} in {first.label} ({numbers}).", details, gain, outcome
    )


def wins(metrics: MetricsRecord) -> tuple[int, int] | None:
    """On how many series the subject's first metric is better than the reference's, and of how many."""
    pairs = series_pairs(metrics)
    if not pairs:
        return None
    judge = metric(metrics.metrics[0])
    return sum(judge.badness(own) < judge.badness(base) for base, own in pairs), len(pairs)


def series_pairs(metrics: MetricsRecord) -> list[tuple[float, float]]:
    """(reference, subject): the first metric of every series for which both are known."""
    reference = reference_of(metrics)
    if reference is None:
        return []
    name = metrics.metrics[0]
    base = {row["unique_id"]: row.get(name) for row in metrics.per_series.get(reference.name, [])}
    rows = metrics.per_series.get(subject_of(metrics).name, [])
    pairs = [(base.get(row["unique_id"]), row.get(name)) for row in rows]
    return [(float(one), float(two)) for one, two in pairs if one is not None and two is not None]


def _rank(metrics: MetricsRecord) -> list[str]:
    first = metric(metrics.metrics[0])
    subject = subject_of(metrics)
    ranked = [model for model in metrics.models if model.scores.get(first.name) is not None]
    if len(ranked) < 3 or first.better == "none" or subject not in ranked:
        return []
    best = min(ranked, key=lambda model: first.badness(model.scores[first.name]))
    if best is subject:
        return [f"It is the best of the {len(ranked)} models compared."]
    own = first.badness(subject.scores[first.name])
    ahead = sum(first.badness(model.scores[first.name]) < own for model in ranked)
    best_score = first.texts([best.scores[first.name]])[0]
    others = f"{ahead} of the {len(ranked) - 1} other models"
    best_text = f"{within(best.label)} ({best_score})"
    if ahead == 1:
        return [f"{others} does better: {best_text}."]
    return [f"{others} do better; the best is {best_text}."]


def _intervals(metrics: MetricsRecord) -> list[str]:
    sentences = []
    for one in metrics.calibration:
        if one.level == 80 or len(metrics.calibration) == 1:
            level = f"{one.level:g}{NARROW_SPACE}%"
            sentences.append(f"Its {level} interval held {percent(one.coverage)} of the truth.")
    return sentences


def _series(metrics: MetricsRecord) -> list[str]:
    counted, reference = wins(metrics), reference_of(metrics)
    if counted is None or reference is None or counted[1] < 2:
        return []
    return [f"It is ahead of {within(reference.label)} on {counted[0]} of {counted[1]} series."]


def within(label: str) -> str:
    """A label as it stands within a sentence: "Seasonal naive" becomes "seasonal naive", "LSTM" stays."""
    return label[:1].lower() + label[1:] if label[1:] == label[1:].lower() else label
