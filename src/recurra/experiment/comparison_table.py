"""A comparison as a table of texts, the same in the terminal and on the page, and in a sentence."""

from collections.abc import Sequence
from typing import NamedTuple

from recurra.experiment.comparison import ComparisonRecord, ContestantRecord, Spread
from recurra.report.number import NARROW_SPACE, NOT_DEFINED, count, decimals_for, duration, fixed, plain
from recurra.report.record import MetricRecord
from recurra.report.verdict import within

PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
NANOSECOND = 1e-9


class TextColumn(NamedTuple):
    """A heading, and a text for each row."""

    heading: str
    texts: list[str]


def columns_of(record: ComparisonRecord) -> list[TextColumn]:
    """Names, scores with their spread over seeds, sizes and times: the best net first, then the baselines."""
    nets, baselines = record.ranked, record.baselines
    rest = [NOT_DEFINED] * len(baselines)
    found = [TextColumn("", [*(one.label for one in nets), *(one.label for one in baselines)])]
    for metric in record.metrics:
        spreads = [one.spread(metric.name) for one in nets]
        spreads += [_alone(one.scores.get(metric.name)) for one in baselines]
        if any(one.values for one in spreads):
            found.append(TextColumn(metric.short or metric.label, spread_texts(metric, spreads)))
    found += [
        TextColumn("Parameters", [*(_whole(one, "parameters") for one in nets), *rest]),
        TextColumn("Hidden units", [*(count(one.hidden_size) for one in nets), *rest]),
        TextColumn("Epochs", [*(_whole(one, "epochs") for one in nets), *rest]),
        TextColumn("Training", [*(_time(one, "seconds") for one in nets), *rest]),
        TextColumn("Step", [*(_time(one, "step_seconds") for one in nets), *rest]),
        TextColumn("Sequence", [*(_time(one, "sequence_seconds") for one in nets), *rest]),
    ]
    for name in measurements_of(record):
        texts = [_with_spread(one.measurement(name)) for one in nets]
        found.append(TextColumn(name, [*texts, *rest]))
    return [one for one in found if not one.heading or set(one.texts) != {NOT_DEFINED}]


def measurements_of(record: ComparisonRecord) -> list[str]:
    """What diagnosis told of any run, by name."""
    return list(dict.fromkeys(name for one in record.models for run in one.runs for name in run.measured))


def spread_texts(metric: MetricRecord, spreads: Sequence[Spread]) -> list[str]:
    """Mean and standard deviation of the scores of one column."""
    means = [one.mean for one in spreads]
    decimals = {"share": 1, "percent": 1, "count": 0}.get(metric.unit, decimals_for(means))
    scale = 100.0 if metric.unit == "share" else 1.0
    unit = f"{NARROW_SPACE}%" if metric.unit in ("share", "percent") else ""
    texts = []
    for one in spreads:
        if one.mean is None:
            texts.append(NOT_DEFINED)
            continue
        mean = fixed(scale * one.mean, decimals)
        spread = "" if one.deviation is None else f" {PLUS_MINUS} {fixed(scale * one.deviation, decimals)}"
        texts.append(f"{mean}{spread}{unit}")
    return texts


def verdict_of(record: ComparisonRecord) -> str:
    """Who is best by the first metric, and whether the next one's seeds are apart."""
    metric, ranked = record.metrics[0], record.ranked
    best = ranked[0]
    told, second = (
        best.spread(metric.name),
        next((one for one in ranked[1:] if one.spread(metric.name).values), None),
    )
    if not told.values:
        return "No net came to a score."
    if second is None:
        return f"{best.label}: {within(metric.label)} {spread_texts(metric, [told])[0]}."
    other = second.spread(metric.name)
    texts = spread_texts(metric, [told, other])
    worst = max(metric.badness(one) for one in told.values)
    apart = worst < min(metric.badness(one) for one in other.values)
    if len(told.values) < 2:
        how = "from one seed, which tells nothing of luck"
    elif apart:
        how = "and each of its seeds is ahead of each of the other's"
    else:
        how = "and seeds of both overlap, so that it may be luck"
    return (
        f"{best.label} is best by {within(metric.label)}: {texts[0]}; "
        f"next is {second.label} with {texts[1]}, {how}."
    )


def remarks_of(record: ComparisonRecord) -> list[str]:
    """Whether the best net is worth its time: how the best of those that are no nets does."""
    metric, best = record.metrics[0], record.ranked[0]
    known = [one for one in record.baselines if one.scores.get(metric.name) is not None]
    if not known or not best.spread(metric.name).values:
        return []
    rival = min(known, key=lambda one: metric.badness(one.scores[metric.name]))
    told = _alone(rival.scores[metric.name])
    ahead = metric.badness(best.spread(metric.name).mean) < metric.badness(told.mean)
    text = f"{within(rival.label)} ({spread_texts(metric, [told])[0]})"
    if ahead:
        return [f"The best of what is no net is {text}."]
    return [f"No net is ahead of {text}, which is none."]


def notes_of(record: ComparisonRecord) -> list[str]:
    """How to read the table."""
    seeds = "one seed" if record.seeds == 1 else f"{record.seeds} seeds"
    found = [
        f"Scores are mean {PLUS_MINUS} standard deviation over {seeds}, of the same part of the same data"
        if record.seeds > 1
        else "Scores are of one seed each: more (--seeds) would tell how much of a difference is luck"
    ]
    found.append(
        f"Each net was given {record.budget}. Training time leaves out validation; Step is one step of a "
        "live session, Sequence a forward pass over one row, both on this machine"
    )
    if any(run.measured for one in record.models for run in one.runs):
        found.append(
            "Gradient half-life is after how many steps back half of a gradient is left, Memory how many "
            "steps back an input still changes the output by 1 %"
        )
    for one in record.models:
        failed = sum(bool(run.failed) for run in one.runs)
        if failed:
            found.append(f"{one.label}: {failed} of {len(one.runs)} seeds have no net ({one.runs[0].failed})")
    return [*(f"{sentence}." for sentence in found), *(f"{note}." for note in record.notes)]


def time_text(seconds: float | None) -> str:
    """A time, also one of microseconds."""
    if seconds is None or seconds >= 1e-3:
        return duration(seconds)
    unit, scale = ("µs", 1e6) if seconds >= 1e-6 else ("ns", 1 / NANOSECOND)
    return f"{plain(seconds * scale, 2)}{NARROW_SPACE}{unit}"


def _alone(score: float | None) -> Spread:
    return Spread(values=[] if score is None else [score])


def _whole(net: ContestantRecord, attribute: str) -> str:
    mean = net.over_seeds(attribute).mean
    return count(None if mean is None else round(mean))


def _time(net: ContestantRecord, attribute: str) -> str:
    return time_text(net.over_seeds(attribute).mean)


def _with_spread(spread: Spread) -> str:
    if spread.mean is None or spread.deviation is None:
        return plain(spread.mean)
    return f"{plain(spread.mean)} {PLUS_MINUS} {plain(spread.deviation, 1)}"
