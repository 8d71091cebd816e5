"""What a run's scores say, in sentences: better, worse or on a par, with the numbers, and no more."""

import statistics
from dataclasses import dataclass

from recurra.report.comparison import Change, change_of
from recurra.report.number import plural
from recurra.report.record import MetricRecord, MetricsRecord, ModelRecord

BASELINE_KINDS = ("naive", "linear")
"""Kinds of models that are no nets."""

DIVERGED = 1_000
"""Times the score of most other models that a trained one reaches only where its training went wrong."""


@dataclass(frozen=True)
class Verdict:
    """The judgement at the top of a report.

    Attributes:
        headline: One sentence: the subject beside the reference.
        details: Sentences on the other models, those of the task, and on the groups.
        gain: How much better the subject is than the reference, as in `Change`; None where they cannot be
            compared.
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
    others = [model for model in metrics.models if model is not subject]
    named = [model for model in others if model.name == metrics.reference]
    return next(iter([*named, *(model for model in others if model.kind == "naive")]), None)


def relative(metrics: MetricsRecord, model: ModelRecord) -> Change | None:
    """A model's first metric beside the reference's; None where that says nothing."""
    reference, first = reference_of(metrics), metrics.metrics[0]
    if reference is None:
        return None
    return change_of(first, model.scores.get(first.name), reference.scores.get(first.name))


def verdict(metrics: MetricsRecord) -> Verdict:
    """Judge the subject of a run by its first metric."""
    first = metrics.metrics[0]
    subject, reference = subject_of(metrics), reference_of(metrics)
    score, change = subject.scores.get(first.name), relative(metrics, subject)
    details = [*_rank(metrics), *metrics.remarks, *_groups(metrics)]
    if reference is None or change is None:
        shown = first.texts([score])[0]
        return Verdict(f"{subject.label} reaches {first.label} {shown}.", details, None, "unknown")
    numbers = " against ".join(first.texts([score, reference.scores[first.name]]))
    names = subject.label, _named(metrics, reference)
    label = within(first.label)
    if change.is_par:
        sentence = f"{names[0]} and {names[1]} are on a par in {label} ({numbers})."
        return Verdict(sentence, details, change.gain, "par")
    verb, outcome = ("beats", "better") if change.gain > 0 else ("loses to", "worse")
    if change.times and _diverged(metrics):
        far = f"its {label} is {change.times} as that of {names[1]} ({numbers})"
        sentence = f"The training of {names[0]} diverged: {far}."
        return Verdict(sentence, details, change.gain, outcome)
    if change.times:
        sentence = f"{names[0]} {verb} {names[1]}: its {label} is {change.times} ({numbers})."
    else:
        sentence = f"{names[0]} {verb} {names[1]} by {change.size} in {label} ({numbers})."
    return Verdict(sentence, details, change.gain, outcome)


def _diverged(metrics: MetricsRecord) -> bool:
    """Whether a trained subject is so much worse than most of the others that its training went wrong."""
    first, subject = metrics.metrics[0], subject_of(metrics)
    scores = [model.scores.get(first.name) for model in metrics.models if model is not subject]
    known = [score for score in scores if score is not None]
    if not known or subject.kind in BASELINE_KINDS:
        return False
    change = change_of(first, subject.scores.get(first.name), statistics.median(known))
    return change is not None and change.gain <= 1 - DIVERGED


def _named(metrics: MetricsRecord, reference: ModelRecord) -> str:
    """The reference within a sentence, and whether it is the best of several that are no nets."""
    first, label = metrics.metrics[0], within(reference.label)
    others = [model for model in metrics.models if model.kind in BASELINE_KINDS and model is not reference]
    own = first.badness(reference.scores.get(first.name))
    if not others or any(first.badness(model.scores.get(first.name)) < own for model in others):
        return label
    return f"the best baseline ({label})"


def wins(metrics: MetricsRecord) -> tuple[int, int] | None:
    """On how many groups the subject's score is better than the reference's, and of how many."""
    pairs = group_pairs(metrics)
    if not pairs:
        return None
    judge = group_columns(metrics)[0]
    return sum(judge.badness(own) < judge.badness(base) for base, own in pairs), len(pairs)


def group_columns(metrics: MetricsRecord) -> list[MetricRecord]:
    """The metrics of the groups that a row of the subject has, the one that decides first."""
    rows = metrics.per_group.get(subject_of(metrics).name, [])
    known = metrics.group_metrics or metrics.metrics
    return [one for one in known if any(row.get(one.name) is not None for row in rows)]


def group_pairs(metrics: MetricsRecord) -> list[tuple[float, float]]:
    """(reference, subject): the deciding score of every group for which both are known."""
    reference, columns = reference_of(metrics), group_columns(metrics)
    if reference is None or not columns or columns[0].better == "none":
        return []
    name = columns[0].name
    base = {row["group"]: row.get(name) for row in metrics.per_group.get(reference.name, [])}
    rows = metrics.per_group.get(subject_of(metrics).name, [])
    pairs = [(base.get(row["group"]), row.get(name)) for row in rows]
    return [(float(one), float(two)) for one, two in pairs if one is not None and two is not None]


def _rank(metrics: MetricsRecord) -> list[str]:
    first = metrics.metrics[0]
    subject = subject_of(metrics)
    ranked = [model for model in metrics.models if model.scores.get(first.name) is not None]
    if len(ranked) < 3 or first.better == "none" or subject not in ranked:
        return []
    best = min(ranked, key=lambda model: first.badness(model.scores[first.name]))
    own = first.badness(subject.scores[first.name])
    ahead = sum(first.badness(model.scores[first.name]) < own for model in ranked)
    equal = sum(first.badness(model.scores[first.name]) == own for model in ranked) - 1
    if not ahead and not equal:
        return [f"It is the best of the {len(ranked)} models compared."]
    if not ahead:
        others = f"{equal} of the {len(ranked) - 1} other models {'does' if equal == 1 else 'do'}"
        return [f"No model does better, and {others} as well."]
    best_score = first.texts([best.scores[first.name]])[0]
    others = f"{ahead} of the {len(ranked) - 1} other models"
    best_text = f"{within(best.label)} ({best_score})"
    if ahead == 1:
        return [f"{others} does better: {best_text}."]
    return [f"{others} do better; the best is {best_text}."]


def _groups(metrics: MetricsRecord) -> list[str]:
    counted, reference = wins(metrics), reference_of(metrics)
    if counted is None or reference is None or counted[1] < 2:
        return []
    groups = plural(metrics.group)
    return [f"It is ahead of {within(reference.label)} on {counted[0]} of {counted[1]} {groups}."]


def within(label: str) -> str:
    """A label as it stands within a sentence: "Seasonal naive" becomes "seasonal naive", "LSTM" stays."""
    return label[:1].lower() + label[1:] if label[1:].islower() else label
