"""Questions about examples that an input has encoded, for the tasks that read them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recurra.diagnosis import LOG_ODDS, Column, Question, reading_at
from recurra.experiment.examples import Part
from recurra.experiment.task import Fitted
from recurra.inputs.input import Encoding
from recurra.types import Sequences


def rows_of(part: Part, places: list[int]) -> Part:
    """Some rows of a part, without their targets."""
    return Part(part.examples.rows(np.array(places, np.int64)), [part.encoded[one] for one in places], None)


def question_of(
    fitted: Fitted,
    part: Part,
    place: int,
    result: Callable[[Any, Sequences], Tensor],
    *,
    row: str,
    prediction: str,
    output: str,
    unit: str = LOG_ODDS,
) -> Question:
    """A question about what a net with an `encoder` and a `body` said of an example.

    It takes hold where the body reads: at scaled numbers as they are, at symbols by their embeddings. What is
    known of nothing are zeros: the mean of the training part, or no token.

    Args:
        fitted: The net.
        part: The examples.
        place: Which of them.
        result: (net, the example n times) -> (n,) the number that is explained.
        row: What the example is called.
        prediction: The answer, in words.
        output: What the number is.
        unit: What it is counted in.
    """
    net: Any = fitted.model
    encoding: Encoding = fitted.schema.encoding
    encoded, content = part.encoded[place], part.examples.contents[place]
    values = torch.as_tensor(encoded).unsqueeze(0).to(next(net.parameters()).device)

    def run(count: int) -> Tensor:
        repeated = values.expand(count, *values.shape[1:])
        lengths = torch.full((count,), len(encoded), device=values.device)
        return result(net, Sequences(repeated, lengths))

    function, read = reading_at(net.body, run, len(encoded))
    pieces, features = encoding.pieces(content)[: len(encoded)], encoding.features()
    columns = tuple(Column(one.name, one.size) for one in features) or (Column("", read.shape[-1]),)
    return Question(
        row,
        prediction,
        output,
        unit,
        function,
        read,
        torch.zeros_like(read),
        "the mean of the training part" if features else "embeddings of zeros",
        tuple(pieces) or tuple(str(step + 1) for step in range(len(encoded))),
        columns,
        _as_known(encoding, encoded),
        (" " if any(len(one) > 1 for one in pieces) else "") if pieces else None,
    )


def _as_known(encoding: Encoding, encoded: np.ndarray) -> np.ndarray | None:
    """The values of each named feature, where it is a number."""
    features = encoding.features()
    if not features:
        return None
    first = np.cumsum([0, *(one.size for one in features)])[:-1]
    scale = np.array([one.deviation for one in features]), np.array([one.mean for one in features])
    return np.asarray(encoded[:, first] * scale[0] + scale[1], np.float64)
