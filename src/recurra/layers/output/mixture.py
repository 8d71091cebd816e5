"""Several softmaxes, weighted anew at each step."""

import torch
from torch import Tensor, nn

from recurra.layers.linear_cross_entropy import IGNORED, linear_cross_entropy, token_losses
from recurra.layers.output.full import FullOutput
from recurra.layers.output.layer import Features, OutputLayer, StreamForm, Table, Targets, numbers


class MixtureOutput(OutputLayer):
    """p = sum_k a_k softmax(W tanh(U_k x) + b), a = softmax(V x): what one softmax cannot say.

    Args:
        input_size: Features.
        vocabulary: Symbols.
        components: Softmaxes; the layer takes so many times as long as a full one, and a third more.
        tied_size: Numbers of an embedding that is W; None: W is the layer's own.

    Source: Yang and others, "Breaking the softmax bottleneck" (2018); b is beside it.
    """

    def __init__(
        self, input_size: int, vocabulary: int, *, components: int, tied_size: int | None = None
    ) -> None:
        super().__init__()
        width = tied_size or input_size
        self.components = components
        self.full = FullOutput(width, vocabulary, tied_size)
        self.latent = nn.Linear(input_size, components * width)
        self.prior = nn.Linear(input_size, components)

    def loss(
        self, features: Features, targets: Targets, table: Table | None = None, smoothing: float = 0.0
    ) -> Tensor:
        """See `OutputLayer.loss`; it spreads nothing.

        Each component learns in proportion to its share in what the right symbol was given, which is the
        gradient of the mixture.
        """
        del smoothing
        latent, log_shares = self._latent(features)
        joint = log_shares - self._each(latent.detach(), targets, table)
        told = (targets != IGNORED)[:, None]
        posterior = (joint.detach().softmax(dim=-1) * told).T
        weight, repeated = self.full.rows(table), targets.repeat(self.components)
        by_component = linear_cross_entropy(
            latent.flatten(0, 1), weight, self.full.bias, repeated, shares=posterior.flatten()
        )
        learnt = by_component - (posterior * log_shares.T).sum()
        total = -(joint.detach().logsumexp(dim=-1, keepdim=True) * told).sum()
        return learnt + (total - learnt).detach()

    @torch.no_grad()
    def losses(self, features: Features, targets: Targets, table: Table | None = None) -> Tensor:
        """See `OutputLayer.losses`."""
        latent, log_shares = self._latent(features)
        joint = log_shares - self._each(latent, targets, table)
        return -joint.logsumexp(dim=-1).masked_fill(targets == IGNORED, 0)

    def logits(self, features: Tensor, table: Table | None = None) -> Tensor:
        """See `OutputLayer.logits`: logarithms of probabilities."""
        latent, log_shares = self._latent(features)
        each = self.full.logits(latent, table).log_softmax(dim=-1)
        return torch.logsumexp(each + log_shares.movedim(-1, 0).unsqueeze(-1), dim=0)

    def stream_form(self, table: Table | None = None) -> StreamForm:
        """The engine gives the features; the rest is a product for each component."""
        arrays = {"weight": self.full.rows(table), "bias": self.full.bias}
        for name, layer in (("latent", self.latent), ("prior", self.prior)):
            arrays |= {f"{name}.weight": layer.weight, f"{name}.bias": layer.bias}
        return StreamForm([], {"kind": "mixture"}, {name: numbers(one) for name, one in arrays.items()})

    def _latent(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features of each component, (components, ..., width), and the logarithms of their shares."""
        latent = torch.tanh(self.latent(features)).view(*features.shape[:-1], self.components, -1)
        return latent.movedim(-2, 0), self.prior(features).log_softmax(dim=-1)

    @torch.no_grad()
    def _each(self, latent: Tensor, targets: Targets, table: Table | None) -> Tensor:
        """The cross-entropy of every component by itself, (steps, components)."""
        repeated = targets.repeat(self.components)
        found = token_losses(latent.flatten(0, 1), self.full.rows(table), self.full.bias, repeated)
        return found.view(self.components, -1).T
