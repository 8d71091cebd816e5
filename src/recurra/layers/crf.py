"""A linear chain over tags: the most likely sequence as a whole, not each tag by itself."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.errors import ConfigError, ShapeError
from recurra.layers.tag_scheme import Allowed
from recurra.types import check_lengths, valid_steps, values_are_hidden

Scores = Float[Tensor, "batch time tags"]
Lengths = Int[Tensor, " batch"]
Tags = Int[Tensor, "batch time"]

_FORBIDDEN = -1e4  # a score that no real one outweighs, and that no sum overflows with


class LinearChainCRF(nn.Module):
    """A conditional random field whose neighbours are the tags before and after.

        score(y) = start[y_1] + sum_t scores[t, y_t] + sum_t transitions[y_t-1, y_t] + end[y_T]
        p(y) = exp(score(y)) / sum over all y' of exp(score(y'))

    Args:
        tags: Number of tags.
        allowed: Which tags may begin, end and follow each other; None: any.

    Raises:
        ConfigError: There are no tags, or `allowed` is for another number of them.

    Source: Lafferty, McCallum and Pereira, "Conditional random fields" (2001); Lample and others, "Neural
    architectures for named entity recognition" (2016).

    >>> import torch
    >>> from recurra.layers.crf import LinearChainCRF
    >>> crf = LinearChainCRF(3)
    >>> crf.decode(torch.randn(2, 5, 3), torch.tensor([5, 4]))[1, 4]
    tensor(-1)
    """

    def __init__(self, tags: int, allowed: Allowed | None = None) -> None:
        super().__init__()
        if tags < 1:
            raise ConfigError(f"a chain over {tags} tags", "at least one", "Give the number of tags.")
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))
        self.transitions = nn.Parameter(torch.zeros(tags, tags))
        for name in Allowed._fields:
            shape = (tags, tags) if name == "transitions" else (tags,)
            mask = torch.zeros(shape) if allowed is None else torch.from_numpy(~getattr(allowed, name))
            if mask.shape != shape:
                raise ConfigError(
                    f"allowed.{name} of shape {tuple(mask.shape)}",
                    f"{shape}, for {tags} tags",
                    "Make it of the same list of tags: allowed_transitions(tags).",
                )
            self.register_buffer(f"forbidden_{name}", mask.bool(), persistent=False)

    def negative_log_likelihood(
        self, scores: Scores, tags: Tags, lengths: Lengths
    ) -> Float[Tensor, " batch"]:
        """-log p of the true tags, (batch,); 0 for a row of length 0. What lies past a length is not read.

        Tags that `allowed` forbids have a loss of some ten thousands, not infinity.

        Raises:
            ShapeError: A shape, type or device is wrong, or a length or tag is out of range.
        """
        scores = self._checked(scores, lengths)
        valid = valid_steps(lengths, scores.shape[1])
        if tags.shape != valid.shape:
            raise ShapeError(
                f"tags of shape {tuple(tags.shape)}", f"{tuple(valid.shape)}", "Give every step one tag."
            )
        tags = tags.masked_fill(~valid, 0)
        count = scores.shape[2]
        if tags.numel() and not values_are_hidden() and not 0 <= int(tags.min()) <= int(tags.max()) < count:
            raise ShapeError(
                f"tags between {int(tags.min())} and {int(tags.max())}",
                f"between 0 and {count - 1}",
                "Give the index of a tag at every valid step.",
            )
        start, end, transitions = self._weights()
        own = scores.gather(2, tags.unsqueeze(-1)).squeeze(-1).masked_fill(~valid, 0).sum(dim=1)
        moves = transitions[tags[:, :-1], tags[:, 1:]].masked_fill(~valid[:, 1:], 0).sum(dim=1)
        last = tags.gather(1, (lengths - 1).clamp(min=0).unsqueeze(1)).squeeze(1)
        path = start[tags[:, 0]] + own + moves + end[last]
        total = (self._forward(scores, lengths)[0] + end).logsumexp(dim=1)
        return torch.where(lengths > 0, total - path, 0)

    def decode(self, scores: Scores, lengths: Lengths) -> Tags:
        """The most likely tags (Viterbi), (batch, time), -1 past a row's length.

        Raises:
            ShapeError: A shape, type or device is wrong, or a length is out of range.
        """
        scores = self._checked(scores, lengths)
        start, end, transitions = self._weights()
        best = start + scores[:, 0]
        pointers = []
        for step in range(1, scores.shape[1]):
            reached, pointer = (best.unsqueeze(2) + transitions).max(dim=1)
            going = (step < lengths).unsqueeze(1)
            best = torch.where(going, reached + scores[:, step], best)
            stay = torch.arange(best.shape[1], device=best.device).expand_as(pointer)
            pointers.append(torch.where(going, pointer, stay))
        tag = (best + end).argmax(dim=1, keepdim=True)
        path = [tag]
        for pointer in reversed(pointers):
            tag = pointer.gather(1, tag)
            path.append(tag)
        found = torch.cat(path[::-1], dim=1)
        return found.masked_fill(~valid_steps(lengths, scores.shape[1]), -1)

    def marginals(self, scores: Scores, lengths: Lengths) -> Scores:
        """The probability of each tag at each step, (batch, time, tags), zero past a row's length.

        Raises:
            ShapeError: A shape, type or device is wrong, or a length is out of range.
        """
        scores = self._checked(scores, lengths)
        _, end, transitions = self._weights()
        last, ahead = self._forward(scores, lengths)
        total = (last + end).logsumexp(dim=1)
        behind = end.expand(len(scores), -1)
        found = []
        for step in reversed(range(scores.shape[1])):
            found.append((ahead[step] + behind - total.unsqueeze(1)).exp())
            before = (transitions + (scores[:, step] + behind).unsqueeze(1)).logsumexp(dim=2)
            behind = torch.where((step < lengths).unsqueeze(1), before, behind)
        stacked = torch.stack(found[::-1], dim=1)
        return stacked.masked_fill(~valid_steps(lengths, scores.shape[1]).unsqueeze(-1), 0)

    def _forward(self, scores: Scores, lengths: Lengths) -> tuple[Tensor, list[Tensor]]:
        """Log of the summed scores of all beginnings: at each row's last step, and at every step."""
        start, _, transitions = self._weights()
        alpha = start + scores[:, 0]
        alphas = [alpha]
        for step in range(1, scores.shape[1]):
            reached = (alpha.unsqueeze(2) + transitions).logsumexp(dim=1) + scores[:, step]
            alpha = torch.where((step < lengths).unsqueeze(1), reached, alpha)
            alphas.append(alpha)
        return alpha, alphas

    def _checked(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """Scores whose padding is zero: NaN there would reach the gradients of all weights."""
        count = len(self.start)
        if scores.dim() != 3 or scores.shape[2] != count or scores.shape[1] == 0:
            raise ShapeError(
                f"scores of shape {tuple(scores.shape)}",
                f"(batch, time, {count}) with at least one step",
                f"Give scores of all {count} tags at every step.",
            )
        check_lengths(lengths, scores)
        return scores.masked_fill(~valid_steps(lengths, scores.shape[1]).unsqueeze(-1), 0)

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Start, end and transitions, those that are forbidden far below all others."""
        start, end, transitions = (
            weight.masked_fill(getattr(self, f"forbidden_{name}"), _FORBIDDEN)
            for name, weight in (
                ("start", self.start),
                ("end", self.end),
                ("transitions", self.transitions),
            )
        )
        return start, end, transitions
