"""The toy task on a stream; a file of its own, as a stream starts without torch."""

from recurra.experiment.live import LiveSequences
from recurra.streaming import Prediction


class LiveSign(LiveSequences):
    def __init__(self, program, weights="float32"):
        super().__init__(program, weights, "labels")

    def answering(self, row):
        kept, outputs = yield from self.outputs(row)
        return Prediction(kept, {"above": bool(outputs[-1][0] > 0)})
