"""Learnt numbers for categories."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class Embeddings(nn.Module):
    """One table of learnt numbers for each of several categorical covariates, their rows side by side.

    Args:
        counts: For each covariate, how many codes it has; code 0 stands for missing and unknown values, and
            begins as zeros, the middle of the others.
    """

    def __init__(self, counts: tuple[int, ...]) -> None:
        super().__init__()
        tables = [nn.Embedding(count, embedding_size(count)) for count in counts]
        for table in tables:
            nn.init.normal_(table.weight, std=0.1)
            nn.init.zeros_(table.weight[0].detach())
        self.tables = nn.ModuleList(tables)
        self.output_size = sum(embedding_size(count) for count in counts)

    def forward(self, codes: Int[Tensor, "*steps covariates"]) -> Float[Tensor, "*steps features"]:
        """Map codes `(..., covariates)` to `(..., output_size)`."""
        if not self.tables:
            return codes.new_zeros((*codes.shape[:-1], 0), dtype=torch.float32)
        return torch.cat([table(codes[..., index]) for index, table in enumerate(self.tables)], dim=-1)


def embedding_size(count: int) -> int:
    """How many numbers stand for one of `count` categories."""
    return min(16, max(2, round(1.6 * math.sqrt(count))))
