"""What a net that draws has to show: drawings at several biases, and what surprises it."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from recurra.data.naming import counted
from recurra.experiment.examples import Part, columns_read
from recurra.experiment.task import Description, Fitted, Rival
from recurra.report.heading import source_name
from recurra.report.medium import Picture
from recurra.report.number import count
from recurra.report.record import MetricsRecord
from recurra.report.section import Section
from recurra.tasks.draw.config import Drawing
from recurra.tasks.draw.made import Drawn, Pen
from recurra.tasks.draw.target import Target, texts_of

BIASES = (0.0, 0.5, 1.0, 3.0)
_ACROSS, _WRITTEN = 8, 4  # drawings beside each other, texts below each other
_LONGEST = 700  # points
_SURPRISES = 4
_MOST_NATS = 4.0  # above the mean, the strongest colour
_INK = "0.15"
_NOTE = (
    "NLL is that of a density, in nats, where the moves of the training part deviate by 1 along an axis (of "
    "{unit:.3g} in the data); it may be below 0. The first point of each is where it begins, and is not told."
)


def describe(fitted: Fitted, part: Part) -> Description:
    """What was told, and of how many points."""
    target, source = fitted.schema.target, part.examples.table.source
    points = sum(len(one) - 1 for one in part.encoded)
    reads = [fact for fact in columns_read(part.examples, target.column) if fact[0] == "Reads"]
    texts = [("Writes", f"the texts of {target.label}, of {target.symbols} symbols")]
    facts = [
        ("Examples judged", count(len(part))),
        ("Points judged", count(points)),
        *reads,
        *(texts if target.alphabet is not None else []),
        ("Tells", f"the next point, by {fitted.config.components} Gaussians, and what the pen does there"),
    ]
    return Description(
        title=f"{source_name(source)}, drawn point by point",
        judged=f"{count(points)} points",
        facts=tuple(facts),
        source=source,
        target=target.column,
        notes=(_NOTE.format(unit=fitted.schema.encoding.unit),),
    )


def show(fitted: Fitted, part: Part, rivals: Sequence[Rival], metrics: MetricsRecord) -> list[Section]:
    """Drawings out of nothing or of texts, and examples coloured by surprise."""
    del metrics
    return [_samples(fitted, part), _surprise(part, rivals[0].answer)]


def _samples(fitted: Fitted, part: Part) -> Section:
    target, pen = fitted.schema.target, Pen(fitted)
    pieces: list[Any] = []
    known = [""] * len(part) if target.alphabet is None else _known_texts(target, part)
    able = np.flatnonzero([bool(one) or target.alphabet is None for one in known])
    left = len(part) - len(able)
    most = _ACROSS if target.alphabet is None else _WRITTEN
    rows = able[np.linspace(0, len(able) - 1, min(len(able), most)).round().astype(int)].tolist()
    texts = [""] * _ACROSS if target.alphabet is None else [known[row] for row in rows]
    across = 2 if target.alphabet is not None else _ACROSS
    real = [_strokes(part.encoded[row]) for row in rows]
    if real:
        pieces.append(_picture(real, across, "Real ones", "Examples of what was judged."))
    looked: Drawn | None = None
    for bias in BIASES if texts else ():
        made = [
            pen.draw(Drawing(prompt=text, seed=seed, bias=bias, length=_LONGEST))
            for seed, text in enumerate(texts)
        ]
        ended = sum(one.ended for one in made)
        note = (
            f"{ended} of {len(made)} ended by themselves; seeds 0 to {len(made) - 1}, nothing chosen by hand."
        )
        pieces.append(_picture([one.strokes for one in made], across, f"Bias {bias:g}", note))
        looked = made[0] if bias == 1 else looked
    if looked is not None and looked.weights is not None:
        pieces.append(_attention(looked))
    return Section(
        id="samples",
        heading="Written by itself" if target.alphabet is not None else "Out of nothing",
        lead="What it draws; with a larger bias likelier, and so neater and more alike.",
        pieces=pieces,
        layout="full",
        notes=[f"Left out: {counted(left, 'example')} of texts without a known character."] if left else (),
    )


def _known_texts(target: Target, part: Part) -> list[str]:
    """The texts, without characters that training did not meet."""
    texts = texts_of(part.examples, target.label)
    strangers = dict.fromkeys(map(ord, target.unknown("".join(texts))))
    return [" ".join(one.translate(strangers).split()) for one in texts]


def _strokes(moves: np.ndarray) -> list[np.ndarray]:
    points = np.cumsum(moves[:, :2], axis=0)
    return [one for one in np.split(points, np.flatnonzero(moves[:, 2] > 0) + 1) if len(one)]


def _canvas(rows: int, across: int, size: tuple[float, float]) -> tuple[Figure, Any]:
    figure = Figure(figsize=(size[0] * across, size[1] * rows), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.array(figure.subplots(rows, across)).reshape(-1)
    for one in axes:
        one.set_axis_off()
    return figure, axes


def _picture(drawings: Sequence[Sequence[np.ndarray]], across: int, title: str, note: str) -> Picture:
    rows = -(-len(drawings) // across)
    figure, axes = _canvas(rows, across, (9 / across, 1.2))
    for own, strokes in zip(axes, drawings, strict=False):
        for stroke in strokes:
            own.plot(*stroke.T, "-" if len(stroke) > 1 else "o", color=_INK, linewidth=1.3, markersize=1.5)
        own.set_aspect("equal")
        own.invert_yaxis()
    return _png(figure, title, note)


def _png(figure: Figure, title: str, note: str) -> Picture:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return Picture.of(file.getvalue(), title=title, note=note)


def _attention(drawn: Drawn) -> Picture:
    weights = np.asarray(drawn.weights)
    figure = Figure(figsize=(7, 2.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.imshow(weights.T, aspect="auto", cmap="Blues", origin="lower", interpolation="nearest")
    axes.set_yticks(range(weights.shape[1]), [*drawn.text.replace(" ", "␣"), "⊣"], fontsize=7)
    axes.set(xlabel="point", ylabel="looks at")
    note = "Which character each point looked at, from the first at the bottom to the end of the text."
    return _png(figure, f"The window over {drawn.text!r}", note)


def _surprise(part: Part, given: Sequence[np.ndarray]) -> Section:
    means = np.array([one.sum(axis=1).mean() for one in given])
    order = np.argsort(means, kind="stable").tolist()
    chosen = list(dict.fromkeys([*order[::-1][:_SURPRISES], *order[:_SURPRISES]]))
    figure, axes = _canvas(-(-len(chosen) // _SURPRISES), _SURPRISES, (2.2, 2.0))
    usual = float(np.concatenate(given).sum(axis=1).mean())
    for own, row in zip(axes, chosen, strict=False):
        moves, surprise = part.encoded[row], given[row].sum(axis=1)
        points = np.cumsum(moves[:, :2], axis=0)
        drawn = np.flatnonzero(moves[:-1, 2] == 0)
        for at in drawn:
            own.plot(*points[at : at + 2].T, color="0.75", linewidth=1.2, zorder=1)
        own.scatter(*points[1:].T, c=surprise, cmap="inferno_r", s=7, vmin=usual - 1, vmax=usual + _MOST_NATS)
        own.set_aspect("equal")
        own.invert_yaxis()
        own.set_title(f"{part.examples.places[row]}: {means[row]:.2f}"[-34:], fontsize=7)
    note = f"Dark points are those that it did not expect: {_MOST_NATS:g} nats above the mean and more."
    return Section(
        id="surprise",
        heading="What surprises it",
        lead="The examples that it expected least, and below them those that it expected most, each with its "
        "mean in nats.",
        pieces=[_png(figure, "Point by point", note)],
        layout="full",
    )
