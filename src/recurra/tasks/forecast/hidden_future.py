"""Training windows of which some do not show their covariates known ahead.

Who asks for a forecast may not know all of them, or none. A network that always saw them would then take
their absence for a value that it never met, and be wrong and sure of it.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from recurra.inputs.series.window import WindowBatch, WindowSource

WHOLLY, PARTLY = 0.1, 0.05  # shares of windows that hide the whole horizon, or all from a random step on
_STREAM = 1  # of random numbers; the source itself draws from stream 0


@dataclass(frozen=True)
class HiddenFuture:
    """The batches of a source, with hidden futures; as pure as the source.

    Attributes:
        source: Where the windows come from.
    """

    source: WindowSource

    def __len__(self) -> int:
        return len(self.source)

    def batch(self, epoch: int, index: int) -> WindowBatch:
        """A batch of the source; which futures it hides follows from the seed, the epoch and the index."""
        batch = self.source.batch(epoch, index)
        random = np.random.Generator(
            np.random.Philox(key=self.source.seed, counter=[0, _STREAM, index, epoch])
        )
        chance = random.random(len(batch))
        first = random.integers(batch.horizon, size=len(batch))
        first[chance < WHOLLY] = 0
        first[chance >= WHOLLY + PARTLY] = batch.horizon
        step = torch.arange(batch.target.shape[1]) - batch.context
        hidden = (step >= torch.from_numpy(first)[:, None]).unsqueeze(-1)
        return replace(
            batch,
            future=batch.future.masked_fill(hidden, 0),
            future_observed=batch.future_observed & ~hidden,
            future_codes=batch.future_codes.masked_fill(hidden, 0),
        )
