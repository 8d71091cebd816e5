"""Letters to the features of a word."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.cells import LSTM
from recurra.inputs.text.vocabulary import PADDING
from recurra.layers import Bidirectional

_LETTER_SIZE = 25
_WIDTH = 3


class CharacterLSTM(nn.Module):
    """A word as the last states of an LSTM over its letters, from both ends (Lample and others 2016).

    Args:
        alphabet: How many ids of letters there are.
        size: Features of a word; an odd one becomes the next even one.
    """

    def __init__(self, alphabet: int, size: int) -> None:
        super().__init__()
        half = (size + 1) // 2
        self.output_size = 2 * half
        self.embedding = nn.Embedding(alphabet, _LETTER_SIZE, padding_idx=PADDING)
        self.layer = Bidirectional(LSTM(_LETTER_SIZE, half), LSTM(_LETTER_SIZE, half))

    def forward(self, letters: Int[Tensor, "words letters"]) -> Float[Tensor, "words features"]:
        """Read words, padded with 0; one without letters is 0."""
        lengths = (letters != PADDING).sum(dim=1)
        _, state = self.layer(self.embedding(letters), lengths=lengths)
        return torch.cat([state.forward.hidden, state.backward.hidden], dim=-1)


class CharacterConvolution(nn.Module):
    """A word as the largest outputs of filters over three letters (Ma & Hovy 2016).

    Args:
        alphabet: How many ids of letters there are.
        size: Features of a word.
    """

    def __init__(self, alphabet: int, size: int) -> None:
        super().__init__()
        self.output_size = size
        self.embedding = nn.Embedding(alphabet, _LETTER_SIZE, padding_idx=PADDING)
        self.convolution = nn.Conv1d(_LETTER_SIZE, size, _WIDTH, padding=_WIDTH // 2)

    def forward(self, letters: Int[Tensor, "words letters"]) -> Float[Tensor, "words features"]:
        """Read words, padded with 0; one without letters is 0."""
        found = self.convolution(self.embedding(letters).transpose(1, 2))
        absent = (letters == PADDING).unsqueeze(1)
        largest = found.masked_fill(absent, float("-inf")).amax(dim=2)
        features: Tensor = largest.masked_fill(absent.all(dim=2), 0)
        return features
