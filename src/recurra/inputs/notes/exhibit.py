"""Notes in a report: their roll and a player, and what can be counted of them beside others."""

import importlib.util
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from recurra.data.sound import file_of
from recurra.inputs.notes.notation import Notation
from recurra.inputs.notes.scale import durations_of, key_name, key_of, scale_of
from recurra.inputs.notes.synthesiser import RATE, sound
from recurra.inputs.notes.tune import Tune, name_of
from recurra.inputs.symbol import END, Numbers
from recurra.report.medium import Audio, Picture
from recurra.report.piece import HeatMap, Table
from recurra.report.record import Piece
from recurra.report.section import Section

_SECONDS = 20  # that are drawn and embedded
_INK, _COPIED = "#3b5b92", "0.88"
_DEGREES = ("1", "♭2", "2", "♭3", "3", "4", "♯4", "5", "♭6", "6", "♭7", "7")
_WIDEST = 12  # semitones of an interval, more counts as this
_LENGTHS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)  # beats, the last for more


def exhibit(
    notation: Notation, numbers: Numbers, title: str, note: str = "", copied: tuple[int, int] | None = None
) -> Sequence[Piece]:
    """The roll of some symbols, and how they sound; of what is long the beginning.

    Args:
        notation: The symbols.
        numbers: Those to show.
        title: What they are.
        note: What is to be said of them.
        copied: Which of them, from the first to before the second, are shaded.
    """
    whole = notation.tune(numbers)
    steps = max(1, round(_SECONDS * notation.tempo * notation.resolution / 60))
    tune = whole.halved(steps)[0] if whole.steps > steps else whole
    if not len(tune):
        return ()
    shaded = None if copied is None else _span(notation, numbers, *copied)
    cut = f" The first {_SECONDS} seconds." if whole.steps > steps else ""
    picture = Picture.of(_drawn(tune, notation.resolution, shaded), title=title, note=(note + cut).strip())
    if importlib.util.find_spec("soundfile") is None:
        return (picture,)
    samples = sound(tune, notation.resolution, notation.tempo)
    told = f"At {notation.tempo:g} beats a minute, by a few harmonics that fade."
    return (picture, Audio.of(file_of(samples, RATE, ".ogg"), title=title, note=told))


def _span(notation: Notation, numbers: Numbers, begin: int, end: int) -> tuple[int, int]:
    """From the step of the first note among some symbols to where the last one ends."""
    own, passed = notation.tune(numbers[begin:end]), notation.passed(numbers[:begin])
    return passed + int(own.onsets.min(initial=own.steps)), passed + own.steps


def _drawn(tune: Tune, resolution: int, shaded: Sequence[int] | None) -> bytes:
    own = tune.joined()
    figure = Figure(figsize=(6, 2.2), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    if shaded is not None and shaded[1] > shaded[0]:
        axes.axvspan(shaded[0] / resolution, min(shaded[1], own.steps) / resolution, color=_COPIED)
    axes.barh(
        own.keys, np.maximum(own.durations - 0.12, 0.3) / resolution, 0.8, own.onsets / resolution,
        color=_INK, linewidth=0,
    )  # fmt: skip
    low, high = int(own.keys.min()) - 2, int(own.keys.max()) + 2
    octaves = [key for key in range(low, high + 1) if key % 12 == 0]
    axes.set(xlim=(0, own.steps / resolution), ylim=(low, high), xlabel="beats")
    axes.set_yticks(octaves, [name_of(key) for key in octaves])
    axes.xaxis.set_minor_locator(MultipleLocator(1))
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def compare(notation: Notation, given: Mapping[str, Numbers]) -> Section:
    """What is counted of several stretches of symbols, each of one tune or more, in one section.

    Args:
        notation: The symbols.
        given: What each is -> its symbols, END after each tune.
    """
    tunes = {label: _tunes(notation, numbers) for label, numbers in given.items()}
    found = {label: own for label, own in tunes.items() if own}
    pieces: list[Any] = [
        Table(
            title="Counts",
            note="In key is the time that notes of the scale of the likeliest key sound, minor with its "
            "raised sixth and seventh.",
            columns=["", "notes", "steps", "keys at a time", "in key", "key", "keys from", "to"],
            rows=[[label, *_counts(own)] for label, own in found.items()],
        )
    ]
    beats = [*(f"{one:g}" for one in _LENGTHS[:-1]), f"{_LENGTHS[-1]:g}+"]
    semitones = [*map(str, range(_WIDEST)), f"{_WIDEST}+"]
    heats: tuple[tuple[str, str, Sequence[str], Any], ...] = (
        ("Degrees of the scale", "Time that each sounds, in the likeliest key.", _DEGREES, _degrees),
        ("Steps of the highest voice", "Semitones between notes, up or down.", semitones, _intervals),
        ("Lengths of notes", "In beats.", beats, _lengths),
    )
    for title, note, columns, counted in heats:
        rows = [_shares(sum(counted(one, notation.resolution) for one in own)) for own in found.values()]
        pieces.append(HeatMap(title=title, note=note, rows=list(found), columns=list(columns), shares=rows))
    return Section(
        id="statistics",
        heading="Counted beside the data",
        lead="What was judged, and what was made above; the latter is little, so that small differences are "
        "chance.",
        pieces=pieces,
        layout="full",
    )


def _tunes(notation: Notation, numbers: Numbers) -> list[Tune]:
    every = np.asarray(numbers)
    cuts = np.flatnonzero(every == END)
    tunes = [notation.tune(own) for own in np.split(every, cuts)]
    return [one.joined() for one in tunes if len(one)]


def _counts(tunes: Sequence[Tune]) -> list[int | float | str]:
    steps = sum(one.steps for one in tunes)
    sounding = sum(int(one.durations.sum()) for one in tunes)
    inside = sum(float(durations_of(one)[sorted(scale_of(key_of(one)))].sum()) for one in tunes)
    keys = np.concatenate([one.keys for one in tunes])
    named = key_name(key_of(tunes[0])) if len(tunes) == 1 else "several"
    return [
        len(keys),
        steps,
        round(sounding / max(steps, 1), 2),
        f"{inside / sounding:.0%}",
        named,
        name_of(int(keys.min())),
        name_of(int(keys.max())),
    ]


def _degrees(tune: Tune, resolution: int) -> Float64[np.ndarray, " degrees"]:
    del resolution
    return np.roll(durations_of(tune), -key_of(tune)[0])


def _intervals(tune: Tune, resolution: int) -> Float64[np.ndarray, " intervals"]:
    del resolution
    steps, keys, struck = tune.sounding()
    highest = np.unique(steps, return_index=True)[1]
    line = keys[highest][struck[highest]]  # without what only sounds on below a rest
    return _counted(np.minimum(np.abs(np.diff(line)), _WIDEST), _WIDEST + 1)


def _lengths(tune: Tune, resolution: int) -> Float64[np.ndarray, " lengths"]:
    nearest = np.abs(tune.durations[:, None] / resolution - np.array(_LENGTHS)).argmin(axis=1)
    return _counted(nearest, len(_LENGTHS))


def _counted(numbers: np.ndarray, size: int) -> Float64[np.ndarray, " size"]:
    return np.bincount(numbers, minlength=size).astype(np.float64)


def _shares(counts: Float64[np.ndarray, " size"]) -> list[float]:
    shares: list[float] = (counts / max(float(counts.sum()), 1.0)).tolist()
    return shares
