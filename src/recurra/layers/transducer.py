"""The loss of a transducer: a text's probability over all ways to tell it while steps go by."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from recurra.errors import ShapeError

Scores = Float[Tensor, "batch time places labels"]
Grid = Float[Tensor, "time batch places"]
Moments = Float[Tensor, "time+1 batch places"]


def transducer_loss(
    scores: Scores, lengths: Int[Tensor, " batch"], target: Int[Tensor, "batch symbols"]
) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
    """The negative log probability of each text, summed over all alignments.

    At a step, after so many symbols of the text (a place), the net tells either the next symbol or the blank,
    and goes on to the next step. So a step has one symbol at most, and whatever was told was told at a step
    before: where several are allowed, a net does not know whether the symbol that it hears is told already,
    and leaves out what is said twice.

    Training needs the memory of the scores twice, for them and their gradient, and grids without labels. All
    places of a step are gone through at once.

    Args:
        scores: Of each label at each step and place, the blank first; they need not be normalised. There is a
            place more than symbols.
        lengths: Steps of each row.
        target: Labels of each row's text, from 1 on; negative past its end. There may be none.

    Returns:
        The losses, 0 without a gradient where a text needs more steps than there are; and the symbols of each
        text, 0 there.

    Raises:
        ShapeError: A label is the blank, or is none, or there is another number of places.

    Source: Graves, "Sequence transduction with recurrent neural networks" (2012); one symbol at a step as in
    Tripathi and others, "Monotonic recurrent neural network transducer and decoding strategies" (2019).
    """
    labels, places = scores.shape[3], scores.shape[2]
    if (target.numel() and not -1 < int(target.max()) < labels) or (target == 0).any():
        raise ShapeError(
            f"a target with labels up to {int(target.max())}",
            f"1 to {labels - 1}, negative past the end",
            "0 is the blank, which no text holds.",
        )
    if places != target.shape[1] + 1:
        raise ShapeError(
            f"scores of {places} places for up to {target.shape[1]} symbols",
            f"{target.shape[1] + 1}: before the first symbol, and after each",
            "Score a place more than there are symbols.",
        )
    symbols = (target >= 0).sum(dim=1)
    losses: Tensor = _Loss.apply(scores, lengths, target.clamp(min=0), symbols)  # type: ignore[no-untyped-call]
    return losses, symbols * (symbols <= lengths)


class _Loss(torch.autograd.Function):
    """Sums over the grid from both ends; the gradient is the softmax less what is told there on average."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, lengths: Tensor, target: Tensor, symbols: Tensor) -> Tensor:
        """The losses (batch,)."""
        before = _before(*_grids(scores, lengths, target, symbols))
        total = before[lengths, torch.arange(len(scores), device=scores.device), symbols]
        ctx.save_for_backward(scores, lengths, target, symbols, before, total)
        return torch.where(symbols <= lengths, -total, 0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *wanted: Tensor) -> tuple[Tensor, None, None, None]:
        """The gradient of the scores."""
        scores, lengths, target, symbols, before, total = ctx.saved_tensors
        blank, told = _grids(scores, lengths, target, symbols)
        after = _after(blank, told, lengths, symbols)
        reached = before[:-1] - total[:, None]
        blank, told = (reached + blank + after[1:]).exp(), (reached + told + _next_place(after[1:])).exp()
        counts = wanted[0] * (symbols <= lengths)
        inside = _inside(scores, lengths, symbols) & (counts != 0)[:, None, None]
        blank, told = (
            torch.where(inside, one.transpose(0, 1) * counts[:, None, None], 0) for one in (blank, told)
        )
        met = (blank + told).unsqueeze(-1)
        gradient = scores.softmax(dim=-1).mul_(met).masked_fill_(met == 0, 0)
        gradient[..., 0] -= blank
        gradient.scatter_add_(3, _widened(target, scores).unsqueeze(-1), -told.unsqueeze(-1))
        return gradient, None, None, None


def _inside(scores: Tensor, lengths: Tensor, symbols: Tensor) -> Bool[Tensor, "batch time places"]:
    """Which steps and places are those of a row and its text."""
    steps, places = (torch.arange(size, device=scores.device) for size in scores.shape[1:3])
    return (steps < lengths[:, None])[:, :, None] & (places <= symbols[:, None])[:, None, :]


def _widened(target: Tensor, scores: Tensor) -> Int[Tensor, "batch time places"]:
    """The symbol that follows each place; 0 where none does."""
    next_symbols = torch.nn.functional.pad(target, (0, 1))
    return next_symbols[:, None, :].expand(scores.shape[:3])


def _grids(scores: Tensor, lengths: Tensor, target: Tensor, symbols: Tensor) -> tuple[Grid, Grid]:
    """Log probabilities of the blank, and of the next symbol, at each step and place; never past the ends."""
    inside = _inside(scores, lengths, symbols)
    whole = scores.logsumexp(dim=-1)
    told = scores.gather(3, _widened(target, scores).unsqueeze(-1)).squeeze(-1) - whole
    ends = torch.arange(scores.shape[2], device=scores.device) == symbols[:, None]
    blank = (scores[..., 0] - whole).masked_fill(~inside, -torch.inf)
    told = told.masked_fill(~inside | ends[:, None, :], -torch.inf)
    return blank.transpose(0, 1).contiguous(), told.transpose(0, 1).contiguous()


def _before(blank: Grid, told: Grid) -> Moments:
    """Log probability of coming to each place before each step, and after the last."""
    found = blank.new_full((len(blank) + 1, *blank.shape[1:]), -torch.inf)
    found[0, :, 0] = 0
    for step in range(len(blank)):
        waited, said = found[step] + blank[step], (found[step] + told[step])[:, :-1]
        found[step + 1, :, 0] = waited[:, 0]
        torch.logaddexp(waited[:, 1:], said, out=found[step + 1, :, 1:])
    return found


def _after(blank: Grid, told: Grid, lengths: Tensor, symbols: Tensor) -> Moments:
    """Log probability of what is left of the text from each place on before each step, and after the last."""
    found = blank.new_full((len(blank) + 1, *blank.shape[1:]), -torch.inf)
    found[lengths, torch.arange(len(lengths), device=blank.device), symbols] = 0
    for step in range(len(blank) - 1, -1, -1):
        waited, said = found[step + 1] + blank[step], _next_place(found[step + 1]) + told[step]
        torch.logaddexp(found[step], torch.logaddexp(waited, said), out=found[step])
    return found


def _next_place(values: Float[Tensor, "*rows places"]) -> Float[Tensor, "*rows places"]:
    """What stands at the place after each; none after the last."""
    return torch.nn.functional.pad(values[..., 1:], (0, 1), value=-torch.inf)
