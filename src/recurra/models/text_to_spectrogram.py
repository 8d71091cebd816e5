"""Many-to-many of unequal lengths: a net reads symbols, another writes frames of sound, some a step."""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from recurra.layers.attention import AttentionName, Memory, make_attention
from recurra.layers.stack import make_stack
from recurra.models.sequence_body import ConvolutionalBody
from recurra.recurrence import Recurrence
from recurra.types import Sequences

_BACK = 1.0  # symbols that attention may go back where it has to go on
_LITTLE = 1e-6  # of a weight
_STOPS = -3.0  # bias of the logit of stopping: at first it goes on

Frames = Float[Tensor, "batch time bands"]


class Written(NamedTuple):
    """What writing gives.

    Attributes:
        frames: (batch, time, bands) as the recurrence writes them.
        refined: (batch, time, bands) after the post-net.
        stop: (batch, steps) the logit that the last frame is among those of a step.
        weights: (batch, steps, symbols) where each step looked.
    """

    frames: Tensor
    refined: Tensor
    stop: Tensor
    weights: Tensor


class _State(NamedTuple):
    """What a step starts from: the layers that listen, those that write, and what the attention keeps."""

    listening: tuple[Any, ...]
    writing: tuple[Any, ...]
    looked: Tensor


class TextToSpectrogram(nn.Module):
    """A recurrent encoder, and two recurrences that attend to what it gives and write frames.

    h_i = listen(prenet(y_{i-1}), h_{i-1}),  c_i = attention(h_i, memory),  s_i = write([h_i; c_i], s_{i-1}),
    Y_i = W [s_i; c_i]

    Y_i are the `reduction` frames of a step, y_i is the last of them, and σ(w · [s_i; c_i]) the probability
    that the last frame of all is among them. The post-net, a residual convolution, adds what it sees around
    each frame.

    Departures from Tacotron: what listens does not read c_{i-1} (as in Tachibana, Uenoyama & Aihara 2018), so
    that training takes all steps of a recurrence at once; the pre-net drops units in training alone, so that
    speech is the same each time.

    Args:
        encoder: From (batch, symbols, ...) to (batch, symbols, output_size).
        body: From these and lengths to the memory, (batch, symbols, output_size).
        memory_size: Features of the memory.
        bands: Numbers of a frame.
        recurrence: Of the layers that write, and of the one that listens; they go in one direction.
        reduction: Frames a step.
        attention: How it looks back.
        attention_size: Of the space where queries and memory meet.
        prenet_size: Units of each of the two layers that a frame goes through.
        prenet_dropout: Share of them dropped in training.
        postnet_size: Channels of the post-net.
        postnet_blocks: Its blocks; 0 for none.

    Source: Wang and others, "Tacotron" (2017); Shen and others, "Natural TTS synthesis by conditioning
    WaveNet on mel spectrogram predictions" (2018).
    """

    def __init__(
        self,
        encoder: nn.Module,
        body: nn.Module,
        memory_size: int,
        bands: int,
        recurrence: Recurrence,
        *,
        reduction: int = 4,
        attention: AttentionName = "location",
        attention_size: int = 64,
        prenet_size: int = 64,
        prenet_dropout: float = 0.5,
        postnet_size: int = 64,
        postnet_blocks: int = 2,
    ) -> None:
        super().__init__()
        own = recurrence.model_copy(update={"bidirectional": False, "residual": False})
        size = recurrence.hidden_size
        self.encoder, self.body = encoder, body
        self.bands, self.reduction = bands, reduction
        layers: list[nn.Module] = []
        for before in (bands, prenet_size):
            layers += [nn.Linear(before, prenet_size), nn.ReLU(), nn.Dropout(prenet_dropout)]
        self.prenet = nn.Sequential(*layers)
        self.listen = make_stack(prenet_size, own.model_copy(update={"num_layers": 1}))
        self.write = make_stack(size + memory_size, own)
        self.attention = make_attention(attention, size, memory_size, attention_size)
        self.output = nn.Linear(size + memory_size, bands * reduction)
        self.stop = nn.Linear(size + memory_size, 1)
        nn.init.constant_(self.stop.bias, _STOPS)
        self.postnet: ConvolutionalBody | None = None
        if postnet_blocks:
            self.postnet = ConvolutionalBody(
                bands, postnet_size, num_blocks=postnet_blocks, dropout=recurrence.dropout
            )
            self.refine = nn.Linear(postnet_size, bands)

    def read(self, source: Sequences) -> tuple[Memory, _State]:
        """What is looked back at, and the state before the first step."""
        rows, lengths = len(source), source.lengths
        memory = self.attention.remember(self.body(self.encoder(source.values, lengths), lengths), lengths)
        states = self.listen.initial_state(rows), self.write.initial_state(rows)
        return memory, _State(*states, self.attention.initial_state(memory))

    def forward(self, source: Sequences, frames: Frames, lengths: Int[Tensor, " batch"]) -> Written:
        """All steps, where each reads the frame that should have been written before it.

        Args:
            source: What is read.
            frames: What should be written; the last step may have fewer than the others.
            lengths: Frames of each row.
        """
        memory, state = self.read(source)
        steps = math.ceil(frames.shape[1] / self.reduction)
        last = frames[:, self.reduction - 1 :: self.reduction][:, : steps - 1]
        told = self.prenet(torch.cat([torch.zeros_like(frames[:, :1]), last], dim=1))
        queries, _ = self.listen(told, state.listening)
        contexts, weights = self._attended(queries, memory, state.looked)
        written, _ = self.write(torch.cat([queries, contexts], dim=-1), state.writing)
        return self._frames(torch.cat([written, contexts], dim=-1), weights, lengths)

    def _attended(self, queries: Tensor, memory: Memory, looked: Tensor) -> tuple[Tensor, Tensor]:
        """Contexts and weights of all steps."""
        if not self.attention.takes_state:
            return self.attention.over(queries, memory)
        found = []
        for query in queries.unbind(dim=1):
            scores = self.attention.scores(query.unsqueeze(1), memory, looked).squeeze(1)
            found.append(self.attention.weigh(scores, memory, looked))
            looked = self.attention.after(found[-1], looked)
        weights = torch.stack(found, dim=1)
        return torch.bmm(weights, memory.values), weights

    @torch.inference_mode()
    def speak(
        self,
        source: Sequences,
        limits: Int[Tensor, " batch"],
        threshold: float = 0.5,
        look_ahead: int | None = None,
    ) -> tuple[Written, Int[Tensor, " batch"], Tensor]:
        """Frames by what was written before, until each row stops or has as many as it may.

        Args:
            source: What is read.
            limits: Most frames of each row.
            threshold: Probability at which it stops.
            look_ahead: Symbols that attention may go ahead of where it has been, by the mean place of a look;
                it then goes back by no more than one (after Tachibana and others 2018). None: anywhere.

        Returns:
            What was written, the frames of each row, and whether each stopped by itself.
        """
        memory, state = self.read(source)
        most = limits.div(self.reduction, rounding_mode="floor").clamp(min=1)
        before = memory.values.new_zeros(len(source), 1, self.bands)
        steps, ended = torch.zeros_like(most), torch.zeros_like(most, dtype=torch.bool)
        places = torch.arange(memory.mask.shape[1], device=memory.mask.device)
        been = memory.values.new_zeros(len(source), 1)
        found, weights = [], []
        while bool((goes := ~ended & (steps < most)).any()):
            query, listening = self.listen(self.prenet(before), state.listening)
            seen = memory
            if look_ahead is not None:
                near = (places >= been - _BACK) & (places <= been + look_ahead)
                seen = memory._replace(mask=memory.mask & near)
            attended = self.attention(query[:, 0], seen, state.looked)
            total = attended.weights.sum(dim=1, keepdim=True).clamp(min=_LITTLE)
            been = torch.maximum(been, (attended.weights @ places.to(been.dtype)).unsqueeze(1) / total)
            context = attended.context.unsqueeze(1)
            written, writing = self.write(torch.cat([query, context], dim=-1), state.writing)
            found.append(torch.cat([written, context], dim=-1))
            weights.append(attended.weights)
            state = _State(listening, writing, attended.state)
            before = self.output(found[-1])[..., -self.bands :]
            steps = steps + goes
            ended = ended | (goes & (torch.sigmoid(self.stop(found[-1])[:, 0, 0]) > threshold))
        lengths = steps * self.reduction
        return self._frames(torch.cat(found, dim=1), torch.stack(weights, dim=1), lengths), lengths, ended

    def _frames(self, both: Tensor, weights: Tensor, lengths: Tensor) -> Written:
        """What all steps write, of which each row has so many frames."""
        frames = self.output(both).reshape(len(both), -1, self.bands)
        refined = frames
        if self.postnet is not None:
            refined = frames + self.refine(self.postnet(frames, lengths))
        return Written(frames, refined, self.stop(both).squeeze(-1), weights)
