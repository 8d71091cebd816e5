"""What a tagger says: a tag for every step."""

from functools import partial
from typing import Any, cast

import numpy as np
from torch import nn

from recurra.experiment.examples import Part, run_over
from recurra.experiment.task import Fitted
from recurra.models.tagger import SequenceTagger
from recurra.types import Sequences

Answer = list[np.ndarray]
"""For each row the indices of its tags."""


def answer(fitted: Fitted, part: Part) -> Answer:
    """The tags of every row; none of a row without a step."""
    rows = run_over(fitted.model, part, fitted.config, partial(_decoded, fitted.config.look_ahead))
    return [row[: len(content)] for row, content in zip(rows, part.examples.contents, strict=True)]


def _decoded(look_ahead: int, model: nn.Module, sequences: Sequences) -> list[Any]:
    net = cast("SequenceTagger", model)
    scores = net(sequences.extended(look_ahead)).float()[:, look_ahead:]
    best = scores.argmax(dim=-1) if net.crf is None else net.crf.decode(scores, sequences.lengths)
    found = best.cpu().numpy()
    return [row[:length] for row, length in zip(found, sequences.lengths.tolist(), strict=True)]
