"""A softmax that is trained on a sample of the symbols."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from recurra.layers.linear_cross_entropy import IGNORED
from recurra.layers.output.full import FullOutput
from recurra.layers.output.layer import Features, OutputLayer, StreamForm, Table, Targets


class Candidates(NamedTuple):
    """Symbols that stand for all.

    Attributes:
        symbols: (samples,), each once.
        log_counts: (samples,) the logarithm of how often each is expected to be among them.
    """

    symbols: Int[Tensor, " samples"]
    log_counts: Float[Tensor, " samples"]


class SampledOutput(OutputLayer):
    """A full softmax, trained as if there were but the right symbol and some that are drawn for a batch.

    loss = log(exp(s_y) + sum over drawn i but y of exp(s_i) / c_i) - s_y, where c_i is how often i is
    expected to be drawn. The sum is right in the mean, and exact where all symbols are drawn. They are drawn
    by Zipf's law, log((r + 2) / (r + 1)) for rank r, without putting back, by torch's generator. In
    evaluation all symbols count.

    Args:
        input_size: Features.
        vocabulary: Symbols.
        samples: Symbols drawn for a batch; where there are no more than that, all count without a draw.
        tied_size: As of `FullOutput`.
        order: The symbols from the most frequent to the rarest; None: they are in this order.

    Source: Jean and others, "On using very large target vocabulary for neural machine translation" (2015);
    the sample and its counts: Cohen & Kaplan, "Summarizing data using bottom-k sketches" (2007).
    """

    def __init__(
        self,
        input_size: int,
        vocabulary: int,
        *,
        samples: int,
        tied_size: int | None = None,
        order: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.full = FullOutput(input_size, vocabulary, tied_size)
        self.samples = min(samples, vocabulary)
        ranks = torch.arange(vocabulary, dtype=torch.float64)
        rates = torch.log((ranks + 2) / (ranks + 1)) / torch.log(ranks[-1] + 2)
        if order is not None:
            rates = rates[torch.as_tensor(order).argsort()]
        self.rates: Tensor
        self.register_buffer("rates", rates.float(), persistent=False)

    def loss(
        self, features: Features, targets: Targets, table: Table | None = None, smoothing: float = 0.0
    ) -> Tensor:
        """See `OutputLayer.loss`; it spreads nothing."""
        del smoothing
        if not self.training or self.samples == len(self.rates):
            return self.full.loss(features, targets, table)
        narrow = self.full.projection(features)
        return sampled_cross_entropy(
            narrow, self.full.rows(table), self.full.bias, targets, draw(self.rates, self.samples)
        )

    def losses(self, features: Features, targets: Targets, table: Table | None = None) -> Tensor:
        """See `OutputLayer.losses`: over all symbols."""
        return self.full.losses(features, targets, table)

    def logits(self, features: Tensor, table: Table | None = None) -> Tensor:
        """See `OutputLayer.logits`: of all symbols."""
        return self.full.logits(features, table)

    def stream_form(self, table: Table | None = None) -> StreamForm:
        """That of a full softmax."""
        return self.full.stream_form(table)


def draw(rates: Float[Tensor, " vocabulary"], samples: int) -> Candidates:
    """Draw symbols without putting them back: each arrives after a time, and the first are taken.

    Times are exponential, at the rate of each symbol. Given when the first that is not taken arrives, a
    symbol is among those before it with a probability that is known, and sums divided by it are right in the
    mean.

    Args:
        rates: (vocabulary,) how likely each is, in proportion.
        samples: How many; all where there are no more.
    """
    if samples >= len(rates):
        every = torch.arange(len(rates), device=rates.device)
        return Candidates(every, torch.zeros_like(rates))
    times = torch.empty_like(rates).exponential_() / rates
    first = times.topk(samples + 1, largest=False, sorted=True)
    symbols = first.indices[:-1]
    return Candidates(symbols, torch.log(-torch.expm1(-rates[symbols] * first.values[-1])))


def sampled_cross_entropy(
    features: Features,
    weight: Float[Tensor, "vocabulary features"],
    bias: Float[Tensor, " vocabulary"],
    targets: Targets,
    candidates: Candidates,
) -> Float[Tensor, ""]:
    """The summed cross-entropy against the right symbol and the candidates, in nats.

    Args:
        features: (steps, features).
        weight: (vocabulary, features).
        bias: (vocabulary,).
        targets: (steps,); -100 counts for nothing.
        candidates: What stands for all symbols; a right one among them counts once.
    """
    counts = targets != IGNORED
    right = targets.clamp(min=0)
    own, others = F.embedding(torch.cat([right, candidates.symbols]), weight).tensor_split([len(right)])
    kind = torch.promote_types(features.dtype, torch.float32)
    told = (features * own).sum(dim=1).to(kind) + bias[right]
    scores = F.linear(features, others, bias[candidates.symbols]).to(kind) - candidates.log_counts
    scores = scores.masked_fill(right[:, None] == candidates.symbols, -torch.inf)
    total = torch.logaddexp(told, scores.logsumexp(dim=1))
    return ((total - told) * counts).sum()
