"""A classifier on a live stream: rows in, labels and probabilities out, without torch."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from recurra.experiment.live import LiveSequences
from recurra.streaming import Prediction, Program
from recurra.streaming.live import Stepping


class LiveClassifier(LiveSequences):
    """After every row what the sequence would be, if it ended there.

    Args:
        program: What `Classifier.to_program` made.
        weights: "float32", "bfloat16" or "int8".

    Raises:
        DamagedError: What the program says of itself does not fit its layers.
    """

    def __init__(self, program: Program, weights: str = "float32") -> None:
        super().__init__(program, weights, "labels")
        self.kind, self.column = program.metadata.get("kind"), str(program.metadata.get("column"))

    def answering(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[Prediction]:
        """See `Live.answering`: `prediction`, and the probability of every class."""
        kept, outputs = yield from self.outputs(row)
        last = cast("np.ndarray[Any, np.dtype[np.float32]]", outputs[-1])
        if self.kind == "regression":
            return Prediction(kept, {"prediction": float(last[0])})
        shares = {f"p_{label}": share for label, share in zip(self.labels, last, strict=True)}
        if self.kind == "multilabel":
            told = [self.labels[one] for one in np.flatnonzero(last > 0.5)]
            return Prediction(kept, {"prediction": " ".join(told), **shares})
        return Prediction(kept, {"prediction": self.labels[int(last.argmax())], **shares})
