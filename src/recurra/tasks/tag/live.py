"""A tagger on a live stream: rows in, tags out, without torch."""

from collections.abc import Mapping, Sequence
from typing import Any

from recurra.experiment.live import LiveSequences
from recurra.streaming import Prediction, Program
from recurra.streaming.live import Stepping


class LiveTagger(LiveSequences):
    """After every step the tag of that step, or of the one that lies the look-ahead before it.

    With a look-ahead the first tags of a sequence are None, since there is no step that they are of; the last
    ones come with the row that ends it: `{"sequence_end": true}`, with or without a step.

    Args:
        program: What `Tagger.to_program` made.
        weights: "float32", "bfloat16" or "int8".

    Attributes:
        look_ahead: By how many steps tags come later than what they are of.

    Raises:
        DamagedError: What the program says of itself does not fit its layers.
    """

    def __init__(self, program: Program, weights: str = "float32") -> None:
        self.look_ahead = int(program.metadata.get("look_ahead", 0))
        super().__init__(program, weights, "tags", delay=self.look_ahead)

    def answering(self, row: Mapping[str, Any] | Sequence[Any]) -> Stepping[Prediction]:
        """See `Live.answering`: `tags`, one for each step of the row, and by how many steps they lag."""
        kept, outputs = yield from self.outputs(row)
        tags = [None if scores is None else self.labels[int(scores.argmax())] for scores in outputs]
        lag = {"look_ahead": self.look_ahead} if self.look_ahead else {}
        return Prediction(kept, {"tags": tags, **lag})
