"""Where in a map something is, as numbers: the mean of the places, weighted by what is found there."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Points(nn.Module):
    """Of each channel of a map the point where it is large, and how large it is at most.

    w = softmax(s m) over all places of a channel m,  point = Σ w (right, down),  and max m

    Places go from -1 to 1, so that whatever moves by a share of the map moves its point by the same share,
    wherever it is. The sharpness s of each channel is learnt.

    Args:
        channels: Of a map.
        sharpness: Where s begins.

    Source: Levine, Finn, Darrell and Abbeel, "End-to-end training of deep visuomotor policies" (2016), for
    the points; Finn and others, "Deep spatial autoencoders for visuomotor learning" (2016).

    >>> import torch
    >>> from recurra.layers.points import Points
    >>> points, largest = Points(3)(torch.zeros(2, 5, 7, 3))
    >>> points.shape, largest.shape
    (torch.Size([2, 3, 2]), torch.Size([2, 3]))
    """

    def __init__(self, channels: int, sharpness: float = 1.0) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.full((channels,), sharpness).log())

    def forward(
        self, maps: Float[Tensor, "maps height width channels"]
    ) -> tuple[Float[Tensor, "maps channels 2"], Float[Tensor, "maps channels"]]:
        """The points (maps, channels, 2), right and down from the middle, and the largest values."""
        height, width = maps.shape[1:3]
        weights = (maps * self.sharpness.exp()).flatten(1, 2).softmax(dim=1).view_as(maps)
        right = torch.einsum("nhwc,w->nc", weights, _places(width, maps))
        down = torch.einsum("nhwc,h->nc", weights, _places(height, maps))
        return torch.stack([right, down], dim=-1), maps.amax(dim=(1, 2))


def _places(count: int, like: Tensor) -> Float[Tensor, " count"]:
    """The middles of so many places from -1 to 1."""
    return (2 * torch.arange(count, dtype=like.dtype, device=like.device) + 1) / count - 1
