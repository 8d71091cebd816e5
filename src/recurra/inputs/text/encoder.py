"""Ids of tokens, and of their letters, to features."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.inputs.input import Encoder
from recurra.inputs.text.character import CharacterConvolution, CharacterLSTM
from recurra.inputs.text.vocabulary import PADDING
from recurra.layers import VariationalDropout

_SPREAD = 0.1  # of fresh embeddings: small enough that training moves them far


class TextEncoder(Encoder):
    """Embeddings of tokens, beside what their letters say.

    Args:
        vocabulary: How many ids of tokens there are.
        embedding_size: Features of a token.
        characters: "none", "lstm" or "conv".
        alphabet: How many ids of letters there are, if they are read.
        character_size: Features that letters give.
        embedding_dropout: Share of the vocabulary that is dropped in training (Gal & Ghahramani 2016).
        locked_dropout: Share of features that are dropped in training, the same at all steps of a row.
        vectors: What the embeddings start from.

    Raises:
        ConfigError: `characters` is unknown, or there is no alphabet for it.
    """

    def __init__(
        self,
        vocabulary: int,
        embedding_size: int,
        *,
        characters: str = "none",
        alphabet: int = 0,
        character_size: int = 50,
        embedding_dropout: float = 0.0,
        locked_dropout: float = 0.0,
        vectors: Float32[np.ndarray, "vocabulary features"] | None = None,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding_size, padding_idx=PADDING)
        with torch.no_grad():
            if vectors is None:
                nn.init.normal_(self.embedding.weight, std=_SPREAD)
                self.embedding.weight[PADDING] = 0
            else:
                self.embedding.weight.copy_(torch.from_numpy(vectors))
        self.characters = _character_encoder(characters, alphabet, character_size)
        self.embedding_dropout = embedding_dropout
        self.dropout = VariationalDropout(locked_dropout)
        self.output_size = embedding_size + (0 if self.characters is None else self.characters.output_size)

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map ids (batch, time, 1 or 1 + letters) to (batch, time, output_size)."""
        del lengths
        ids = values[:, :, 0]
        features = self.embedding(ids)
        if self.training and self.embedding_dropout:
            kept = features.new_ones(self.embedding.num_embeddings, 1)
            features = features * F.embedding(ids, F.dropout(kept, self.embedding_dropout))
        if self.characters is not None:
            of_letters = self.characters(values[:, :, 1:].flatten(0, 1))
            features = torch.cat([features, of_letters.unflatten(0, ids.shape)], dim=-1)
        dropped: Tensor = self.dropout(features)
        return dropped

    def stream_modules(self) -> Sequence[nn.Module]:
        """The embedding.

        Raises:
            ConfigError: Letters are read too, which a live step does not have.
        """
        if self.characters is not None:
            raise ConfigError(
                "a net that reads the letters of words", "one that reads words alone", "Set characters=none."
            )
        return [self.embedding]


def _character_encoder(name: str, alphabet: int, size: int) -> CharacterLSTM | CharacterConvolution | None:
    if name == "none":
        return None
    if name not in ("lstm", "conv"):
        raise ConfigError(f"characters is {name!r}", "none, lstm or conv", "Choose one of these.")
    if alphabet <= 0:
        raise ConfigError(
            f"characters is {name!r} without an alphabet", "how many letters there are", "Give it."
        )
    return CharacterLSTM(alphabet, size) if name == "lstm" else CharacterConvolution(alphabet, size)
