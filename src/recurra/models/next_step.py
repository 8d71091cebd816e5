"""A net that tells the next move of a pen: many-to-many, and one-to-many when it goes on alone."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.layers.mixture_density import Density, MixtureDensity
from recurra.layers.soft_window import SoftWindow
from recurra.layers.stack import make_stack
from recurra.recurrence import Recurrence
from recurra.types import valid_steps

_PLANE = 2


class Text(NamedTuple):
    """What is to be written.

    Attributes:
        symbols: (batch, symbols, size).
        mask: (batch, symbols) which there are.
    """

    symbols: Tensor
    mask: Tensor


class Told(NamedTuple):
    """What the net says of steps.

    Attributes:
        density: Of the move after each.
        state: After the last of each row.
        weights: (batch, time, symbols) where each step looked; None: there is no text.
    """

    density: Density
    state: Any
    weights: Tensor | None = None


class NextStep(nn.Module):
    """Recurrent layers over moves, and a mixture density of the next one; with a text a window goes along it.

    Without a text h_t = stack(x_t), with one g_t = listen(x_t), w_t = window(g_t) and
    h_t = stack([x_t; g_t; w_t]).

    Departure from the source: what moves the window does not read w_{t-1}, so that training takes all steps
    of a recurrence at once.

    Args:
        recurrence: The layers that write; the one that listens is like them.
        components: Gaussians of the density.
        states: What a pen can do.
        least_deviation: Smallest deviation of a Gaussian.
        symbols: How many symbols texts are made of; 0: there is no text.
        embedding_size: Numbers that stand for a symbol.
        window: Gaussians of the window.
        pace: Symbols that it goes on at a step, at first.
        output_dropout: Share of the last layer's outputs that are dropped in training.

    Raises:
        ConfigError: The recurrence is refused (`make_stack`).

    Source: Graves, "Generating sequences with recurrent neural networks" (2013), sections 4 and 5.
    """

    def __init__(
        self,
        recurrence: Recurrence,
        *,
        components: int = 20,
        states: int = 3,
        least_deviation: float = 0.01,
        symbols: int = 0,
        embedding_size: int = 32,
        window: int = 8,
        pace: float = 0.1,
        output_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.states, self.input_size = states, _PLANE + states
        self.listen = self.window = self.embedding = None
        size = self.input_size
        if symbols:
            self.embedding = nn.Embedding(symbols, embedding_size)
            self.listen = make_stack(size, recurrence.model_copy(update={"num_layers": 1, "residual": False}))
            self.window = SoftWindow(self.listen.output_size, window, pace)
            size += self.listen.output_size + embedding_size
        self.stack = make_stack(size, recurrence)
        self.dropout = nn.Dropout(output_dropout)
        self.head = MixtureDensity(self.stack.output_size, components, states, least_deviation)

    def read(self, ids: Int[Tensor, "batch symbols"], lengths: Int[Tensor, " batch"]) -> Text | None:
        """A text, as `forward` takes it; None where the net knows of none."""
        if self.embedding is None:
            return None
        return Text(self.embedding(ids), valid_steps(lengths, ids.shape[1]))

    def forward(
        self,
        moves: Float[Tensor, "batch time 3"],
        text: Text | None = None,
        state: Any = None,
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> Told:
        """What is expected after each of some moves.

        Args:
            moves: (dx, dy, number of the pen's state).
            text: What is to be written.
            state: After the moves before; None at the beginning.
            lengths: Moves of each row; None: all.
        """
        pen = F.one_hot(moves[..., _PLANE].long(), self.states)
        read = torch.cat([moves[..., :_PLANE], pen.to(moves.dtype)], dim=-1)
        heard, place, own = (None, None, None) if state is None else state
        weights = None
        if self.listen is not None and self.window is not None and text is not None:
            steps, heard = self.listen(read, heard, lengths=lengths)
            seen, weights, place = self.window(steps, text.symbols, text.mask, place, lengths)
            read = torch.cat([read, steps, seen], dim=-1)
        outputs, own = self.stack(read, own, lengths=lengths)
        return Told(self.head(self.dropout(outputs)), (heard, place, own), weights)
