"""Drawings that a net makes, and the files that they are kept in."""

import html
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float64

from recurra.errors import ConfigError, DataError
from recurra.experiment.task import Fitted
from recurra.models.next_step import NextStep
from recurra.tasks.draw.config import Drawing
from recurra.tasks.draw.target import Target

_GOES_ON, _LIFTS, _ENDS = range(3)
_HEIGHT, _MARGIN, _WIDTH = 100.0, 20.0, 2.0  # of a drawing in a file, in its pixels
_LINES = (".jsonl", ".ndjson", ".json")
_WIDEST = 8.0  # heights that a drawing in a file is wide at most
_FINE = 3  # digits that the numbers of a drawing have beyond those of a usual move
_SHOWN = 5


class Drawn(NamedTuple):
    """A drawing.

    Attributes:
        strokes: The points of each, in the numbers of the training data, from the first point, y down.
        text: What it says, if it says something.
        ended: Whether the net ended it by itself.
        weights: (points, symbols) where each point looked; None: there is no text.
        unit: How long a usual move is, in the numbers of the training data.
    """

    strokes: list[Float64[np.ndarray, "points 2"]]
    text: str
    ended: bool
    weights: np.ndarray | None = None
    unit: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """As a row that `input=strokes` reads again, rounded to a thousandth of a usual move or finer."""
        digits = math.ceil(_FINE - math.log10(self.unit))
        own: dict[str, Any] = {"text": self.text} if self.text else {}
        return {**own, "strokes": [one.round(digits).tolist() for one in self.strokes], "ended": self.ended}


class Pen:
    """Draws what a fitted net expects, point by point.

    Args:
        fitted: The net.

    Attributes:
        options: The class of what `generate` takes.
        repeats: Whether what is asked for stands before what is made.
    """

    options = Drawing
    repeats = False

    def __init__(self, fitted: Fitted) -> None:
        self._net = cast("NextStep", fitted.model.cpu().eval())
        self._target: Target = fitted.schema.target
        self._unit: float = fitted.schema.encoding.unit

    def generate(self, options: Drawing) -> Iterator[str]:
        """A drawing as a line of JSON. Errors as of `draw`."""
        yield json.dumps(self.draw(options).to_dict(), ensure_ascii=False)

    @torch.inference_mode()
    def draw(self, options: Drawing) -> Drawn:
        """A drawing of its own, or of a text.

        Raises:
            ConfigError: A text for a net that writes none, or none for one that does.
            DataError: The text holds characters that training did not meet.
        """
        prompt = self._checked(" ".join(options.prompt.split()))
        ids = torch.from_numpy(self._target.numbers(prompt)).unsqueeze(0)
        text = self._net.read(ids, torch.tensor([ids.shape[1]]))
        generator = torch.Generator().manual_seed(options.seed)
        move, state = torch.zeros(1, 1, 3), None
        moves, weights = [move[0, 0].numpy()], []
        while len(moves) < options.length and moves[-1][2] != _ENDS:
            told = self._net(move, text, state)
            state = told.state
            where, pen = told.density.draw(generator, options.bias)
            move = torch.cat([where, pen.unsqueeze(-1).to(where.dtype)], dim=-1)
            moves.append(move[0, 0].numpy())
            weights += [] if told.weights is None else [told.weights[0, 0].numpy()]
        every = np.stack(moves).astype(np.float64)
        points = np.cumsum(every[:, :2], axis=0) * self._unit
        strokes = np.split(points, np.flatnonzero(every[:, 2] == _LIFTS) + 1)
        looked = np.stack(weights) if weights else None
        ended = bool(every[-1, 2] == _ENDS)
        return Drawn([one for one in strokes if len(one)], prompt, ended, looked, self._unit)

    def _checked(self, prompt: str) -> str:
        target = self._target
        if bool(prompt) != (target.alphabet is not None):
            raise ConfigError(
                f"a text for a net that draws by itself ({prompt[:40]!r})" if prompt else "no text",
                "none" if prompt else "the text to write, for a net that writes texts",
                "Leave prompt out, or train with texts (label=)." if prompt else "Give it: --prompt TEXT.",
            )
        strangers = target.unknown(prompt)
        if strangers:
            raise DataError(
                f"a text with {', '.join(map(repr, strangers[:_SHOWN]))}, which the net never saw written",
                "characters of the training texts",
                "Write it otherwise.",
            )
        return prompt

    @staticmethod
    def row(piece: str) -> Mapping[str, Any]:
        """What was made, as JSON has it."""
        found: Mapping[str, Any] = json.loads(piece)
        return found

    @staticmethod
    def beginning(prompt: str) -> str:
        """The text to be written, as it is."""
        return prompt

    @staticmethod
    def check_suffix(suffix: str) -> None:
        """Make sure that drawings can be written to a file whose name ends so.

        Raises:
            ConfigError: The file is to be of another kind.
        """
        if suffix not in (".svg", *_LINES):
            raise ConfigError(
                f"a drawing in a file {suffix or 'without an ending'}", ".svg or .jsonl", "Rename it."
            )

    @staticmethod
    def files(prompt: str, made: Sequence[str], suffix: str, options: Drawing) -> Sequence[bytes]:
        """A file of what was made: SVG, or a line of JSON for each; of a kind that `check_suffix` allows."""
        del prompt, options
        if suffix == ".svg":
            return [svg([json.loads(one) for one in made]).encode()]
        return ["".join(one + "\n" for one in made).encode()]


def svg(drawings: Sequence[Mapping[str, Any]]) -> str:
    """Drawings below each other, each as high as the others, but for those that are nearly flat."""
    lines, width, at = [], 0.0, 0.0
    for one in drawings:
        strokes = [np.array(stroke, np.float64) for stroke in one["strokes"]]
        every = np.concatenate(strokes)
        low, size = every.min(axis=0), np.ptp(every, axis=0)
        scale = _HEIGHT / (max(size[1], size[0] / _WIDEST) or 1.0)
        title = f"<title>{html.escape(one['text'])}</title>" if one.get("text") else ""
        paths = "".join(_path((stroke - low) * scale + [_MARGIN, at + _MARGIN]) for stroke in strokes)
        lines.append(f"<g>{title}{paths}</g>")
        width = max(width, size[0] * scale + 2 * _MARGIN)
        at += _HEIGHT + 2 * _MARGIN
    style = (
        f'fill="none" stroke="black" stroke-width="{_WIDTH:g}" stroke-linecap="round" stroke-linejoin="round"'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{at:.0f}" '
        f'viewBox="0 0 {width:.1f} {at:.1f}">'
        f'<rect width="100%" height="100%" fill="white"/><g {style}>' + "\n".join(lines) + "</g></svg>\n"
    )


def _path(points: Float64[np.ndarray, "points 2"]) -> str:
    """A stroke; a single point is a dot."""
    points = np.concatenate([points, points]) if len(points) == 1 else points
    return '<path d="M' + " L".join(f"{x:.1f} {y:.1f}" for x, y in points) + '"/>'
