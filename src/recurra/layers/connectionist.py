"""The loss of connectionist temporal classification."""

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from recurra.errors import ShapeError


def ctc_loss(
    scores: Float[Tensor, "batch time labels"],
    lengths: Int[Tensor, " batch"],
    target: Int[Tensor, "batch symbols"],
) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
    """The negative log probability of each text, summed over all alignments.

    Args:
        scores: Of each label at each step, the blank first; they need not be normalised.
        lengths: Steps of each row.
        target: Labels of each row's text, from 1 on; negative past its end. There may be none.

    Returns:
        The losses, 0 without a gradient where a text needs more steps than there are; and the symbols of each
        text, 0 where it does so. A text needs a step for each symbol, and one between two that are the same.

    Raises:
        ShapeError: A label is the blank, or is none.

    Source: Graves and others (2006), by torch.
    """
    if (target.numel() and not -1 < int(target.max()) < scores.shape[2]) or (target == 0).any():
        raise ShapeError(
            f"a target with labels up to {int(target.max())}",
            f"1 to {scores.shape[2] - 1}, negative past the end",
            "0 is the blank, which no text holds.",
        )
    known = target >= 0
    symbols = known.sum(dim=1)
    repeats = ((target[:, 1:] == target[:, :-1]) & known[:, 1:]).sum(dim=1)
    fits = symbols + repeats <= lengths
    losses = F.ctc_loss(
        scores.log_softmax(dim=-1).transpose(0, 1),
        target[known],
        lengths,
        symbols,
        reduction="none",
        zero_infinity=True,
    )
    return losses, symbols * fits
