"""The README.md of an export: what the net is, how good it is, where it ends, how to call it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from recurra.export.exportable import Exportable
from recurra.export.target.target import Snippet
from recurra.report.record import MetricsRecord
from recurra.version import __version__

_BETTER = {"low": "lower is better", "high": "higher is better"}


def card(
    title: str,
    exported: tuple[Exportable, Sequence[str]] | None,
    snippets: Sequence[Snippet],
    scores: MetricsRecord | None,
    facts: Mapping[str, Any],
) -> str:
    """The text, in Markdown.

    Args:
        title: What the export is called.
        exported: What was exported, and what people should know of how; None where a net stays as it is.
        snippets: How to call it.
        scores: Of the run; None where there are none.
        facts: Name -> text, about the net.
    """
    made = "made" if exported is None else "exported"
    parts = [f"# {title}", f"A recurrent net, {made} by recurra {__version__}."]
    parts += [_table([("", "")], [(key, str(value)) for key, value in facts.items()])]
    parts += _of_steps(*exported) if exported is not None else []
    parts += ["## How to call it", *(["From this folder:"] if exported is not None else [])]
    for one in snippets:
        parts.append(f"{one.title}:\n\n```{one.language}\n{one.text}\n```")
    parts += _of_data(scores)
    parts += _limits(scores)
    return "\n\n".join(parts) + "\n"


def _of_steps(net: Exportable, notes: Sequence[str]) -> list[str]:
    """What a step takes and gives."""
    return [
        "## What goes in and comes out",
        f"* A step takes {net.reads}\n* A step gives {net.gives}\n* Of whole sequences: {net.tells}",
        "`metadata.json` has what belongs to it: labels, vocabulary, scaling, columns.",
        *(f"* {one}" for one in notes),
    ]


def _of_data(scores: MetricsRecord | None) -> list[str]:
    """What the net was made on, and its scores beside those of others."""
    if scores is None:
        return [
            "## Scores",
            "None were taken: no part of the data was held out, or the model was saved alone.",
        ]
    data = scores.data
    facts = [("source", data.source), ("target", data.target), ("rows", data.rows), *data.facts]
    shown = [(name, str(text)) for name, text in facts if text is not None]
    texts = {
        one.name: one.texts([model.scores.get(one.name) for model in scores.models]) for one in scores.metrics
    }
    heads = [("", ""), *((one.label, _BETTER.get(one.better, "")) for one in scores.metrics)]
    rows = [
        (model.label, *(texts[one.name][number] for one in scores.metrics))
        for number, model in enumerate(scores.models)
    ]
    parts = ["## Data", _table([("", "")], shown)]
    parts += [f"* {sentence}" for sentence in data.repairs]
    judged = (
        f"Of {scores.judged}, beside baselines on the same part:" if scores.judged else "Beside baselines:"
    )
    return [*parts, "## Scores", judged, _table(heads, rows), *(f"* {sentence}" for sentence in scores.notes)]


def _limits(scores: MetricsRecord | None) -> list[str]:
    """What the records say of where the net ends."""
    sentences = [
        "It knows what its training data hold, and nothing else; scores are of one part of these data.",
        "It says nothing of inputs that are unlike them: it answers those as well.",
    ]
    if scores is not None:
        first = scores.metrics[0]
        net, *others = scores.models
        own = first.badness(net.scores.get(first.name))
        better = [one.label for one in others if first.badness(one.scores.get(first.name)) <= own]
        sentences += [f"{', '.join(better)} did as well or better by {first.label}."] if better else []
        sentences += list(scores.remarks)
    return ["## Limits", "\n".join(f"* {sentence}" for sentence in sentences)]


def _table(heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; the first column is of names."""
    if not rows:
        return "Nothing was recorded."
    wide = max(map(len, rows))
    titles = [f"{name} ({note})" if note else name for name, note in heads]
    titles += [""] * (wide - len(titles))
    lines = [titles, ["---"] * wide, *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;")
