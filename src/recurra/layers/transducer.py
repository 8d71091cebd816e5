"""The loss of a transducer: a text's probability over all ways to tell it while steps go by."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from recurra.errors import ShapeError

Scores = Float[Tensor, "batch time places labels"]
Grid = Float[Tensor, "batch time places"]


def transducer_loss(
    scores: Scores, lengths: Int[Tensor, " batch"], target: Int[Tensor, "batch symbols"]
) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
    """The negative log probability of each text, summed over all alignments.

    At a step, after so many symbols of the text (a place), the net tells either the next symbol and stays at
    the step, or the blank and goes on to the next. The blank at the last step, after the whole text, ends it.

    Training needs the memory of the scores twice, for them and their gradient, and grids without labels. The
    grid of steps and places is gone through diagonal by diagonal, time + symbols in all, each at once.

    Args:
        scores: Of each label at each step and place, the blank first; they need not be normalised. There is a
            place more than symbols.
        lengths: Steps of each row.
        target: Labels of each row's text, from 1 on; negative past its end. There may be none.

    Returns:
        The losses, 0 without a gradient of a row without steps; and the symbols of each text, 0 there.

    Raises:
        ShapeError: A label is the blank, or is none, or there is another number of places.

    Source: Graves, "Sequence transduction with recurrent neural networks" (2012).
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
    return losses, symbols * (lengths > 0)


class _Loss(torch.autograd.Function):
    """Sums over the grid from both ends; the gradient is the softmax less what is told there on average."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, lengths: Tensor, target: Tensor, symbols: Tensor) -> Tensor:
        """The losses (batch,)."""
        blank, told = _grids(scores, lengths, target, symbols)
        before = _before(blank, told)
        rows, last = torch.arange(len(scores), device=scores.device), (lengths - 1).clamp(min=0)
        total = before[rows, last, symbols] + blank[rows, last, symbols]
        ctx.save_for_backward(scores, lengths, target, symbols, before, total)
        return torch.where(lengths > 0, -total, 0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *wanted: Tensor) -> tuple[Tensor, None, None, None]:
        """The gradient of the scores."""
        scores, lengths, target, symbols, before, total = ctx.saved_tensors
        blank, told = _grids(scores, lengths, target, symbols)
        after_blank, after_told = _after(blank, told, lengths, symbols)
        reached = before - total[:, None, None]
        blank, told = (reached + blank + after_blank).exp(), (reached + told + after_told).exp()
        counts = wanted[0][:, None, None] * _inside(scores, lengths, symbols)
        blank, told = (torch.where(counts != 0, one * counts, 0) for one in (blank, told))
        met = (blank + told).unsqueeze(-1)
        gradient = scores.softmax(dim=-1).mul_(met).masked_fill_(met == 0, 0)
        gradient[..., 0] -= blank
        places = _widened(target, scores).unsqueeze(-1)
        gradient.scatter_add_(3, places, -told.unsqueeze(-1))
        return gradient, None, None, None


def _inside(scores: Tensor, lengths: Tensor, symbols: Tensor) -> Bool[Tensor, "batch time places"]:
    """Which steps and places are those of a row and its text."""
    steps, places = (torch.arange(size, device=scores.device) for size in scores.shape[1:3])
    return (steps < lengths[:, None])[:, :, None] & (places <= symbols[:, None])[:, None, :]


def _widened(target: Tensor, scores: Tensor) -> Int[Tensor, "batch time places"]:
    """The symbol that follows each place; 0 where none does."""
    next_symbols = torch.nn.functional.pad(target, (0, 1))
    return next_symbols[:, None, :].expand(scores.shape[:3])


def _grids(scores: Tensor, lengths: Tensor, target: Tensor, symbols: Tensor) -> tuple[Tensor, Tensor]:
    """Log probabilities of the blank, and of the next symbol, at each step and place; never past the ends."""
    inside = _inside(scores, lengths, symbols)
    whole = scores.logsumexp(dim=-1)
    told = scores.gather(3, _widened(target, scores).unsqueeze(-1)).squeeze(-1) - whole
    ends = torch.arange(scores.shape[2], device=scores.device) == symbols[:, None]
    blank = (scores[..., 0] - whole).masked_fill(~inside, -torch.inf)
    return blank, told.masked_fill(~inside | ends[:, None, :], -torch.inf)


def _skewed(grid: Grid) -> Float[Tensor, "diagonals batch places"]:
    """The diagonals of a grid: of the n-th the entries whose step and place sum up to n."""
    time, places = grid.shape[1:]
    steps, own = _diagonals(time, places, grid.device)
    found = grid[:, steps.clamp(0, time - 1), own]
    return found.masked_fill((steps < 0) | (steps >= time), -torch.inf).transpose(0, 1).contiguous()


def _upright(skewed: Tensor, time: int) -> Grid:
    """A grid again from its diagonals."""
    places = torch.arange(skewed.shape[2], device=skewed.device)
    steps = torch.arange(time, device=skewed.device)[:, None]
    return skewed[steps + places, :, places].permute(2, 0, 1)


def _diagonals(time: int, places: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Step and place of every entry of every diagonal; the steps are out of range where there is none."""
    own = torch.arange(places, device=device)
    return torch.arange(time + places - 1, device=device)[:, None] - own, own


def _before(blank: Grid, told: Grid) -> Grid:
    """Log probability of coming to each step and place."""
    by_blank, by_symbol = _skewed(blank), _skewed(told)
    found = torch.full_like(by_blank, -torch.inf)
    found[0, :, 0] = 0
    for number in range(1, len(found)):
        waited = found[number - 1] + by_blank[number - 1]
        said = (found[number - 1] + by_symbol[number - 1])[:, :-1]
        found[number, :, 0] = waited[:, 0]
        torch.logaddexp(waited[:, 1:], said, out=found[number, :, 1:])
    return _upright(found, blank.shape[1])


def _after(blank: Grid, told: Grid, lengths: Tensor, symbols: Tensor) -> tuple[Grid, Grid]:
    """Log probabilities of what is left after the blank at each step and place, and after the next symbol."""
    by_blank, by_symbol = _skewed(blank), _skewed(told)
    rows = torch.arange(len(lengths), device=blank.device)
    waited, said = torch.full_like(by_blank, -torch.inf), torch.full_like(by_blank, -torch.inf)
    last = (lengths - 1).clamp(min=0) + symbols
    waited[last, rows, symbols] = 0  # the blank that ends the text
    for number in range(len(waited) - 2, -1, -1):
        left = torch.logaddexp(
            waited[number + 1] + by_blank[number + 1], said[number + 1] + by_symbol[number + 1]
        )
        waited[number] = torch.logaddexp(waited[number], left)
        said[number, :, :-1] = left[:, 1:]
    time = blank.shape[1]
    return _upright(waited, time), _upright(said, time)
