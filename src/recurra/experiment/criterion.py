"""The two ways of steps and symbols to go together: nets, losses, and how texts are read out of outputs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor, nn

from recurra.data.labelled import Labelled
from recurra.decoding.connectionist import Connectionist
from recurra.decoding.transcription import Outputs, Reading
from recurra.decoding.transducer import Predict, Transducer
from recurra.errors import ConfigError, MissingDependencyError
from recurra.experiment.reading import predict_by, told_about
from recurra.export import to_program
from recurra.layers.connectionist import ctc_loss
from recurra.layers.transducer import transducer_loss
from recurra.models.tagger import SequenceTagger
from recurra.models.transducer import RecurrentTransducer
from recurra.recurrence import Recurrence
from recurra.training.contract import Loss, Objective
from recurra.types import Sequences

_BEGINNING, _BESIDE = 0.5, 0.5  # of a transducer's training, and how much the other loss counts after it


class StreamForm(NamedTuple):
    """What a live step runs through, and what `reading_of` needs to know of it."""

    modules: Sequence[nn.Module]
    about: Mapping[str, Any]
    arrays: Mapping[str, Any]


class Criterion(ABC):
    """How steps and symbols go together.

    Attributes:
        loss: The summed loss of a batch of texts, counted by their symbols; one without any counts as one.
    """

    loss: Objective

    @abstractmethod
    def make(
        self, encoder: nn.Module, body: Any, labels: int, recurrence: Recurrence, dropout: float
    ) -> nn.Module:
        """A net with fresh weights."""

    @abstractmethod
    def steps_needed(self, numbers: Sequence[np.ndarray]) -> Int64[np.ndarray, " rows"]:
        """The fewest steps for each text."""

    @abstractmethod
    def outputs(self, model: nn.Module, sequences: Sequences) -> list[Outputs]:
        """What the net says of the steps of each sequence."""

    @abstractmethod
    def reading(self, model: nn.Module) -> Reading:
        """How texts are read out of that."""

    @abstractmethod
    def evidence(
        self,
        model: nn.Module,
        sequences: Sequences,
        text: Int[Tensor, " symbols"],
        steps: Int[Tensor, " symbols"],
    ) -> Float[Tensor, "rows symbols labels"]:
        """Scores of all labels where each symbol of a text is told: at its step, after the symbols before."""

    @abstractmethod
    def stream_form(self, model: nn.Module) -> StreamForm:
        """The same for streams.

        Raises:
            ConfigError: The net needs more than its state and a step.
        """


def _connectionist_loss(model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
    del state
    losses, symbols = ctc_loss(model(batch.sequences).float(), batch.sequences.lengths, batch.target)
    return Loss(losses.sum(), symbols.clamp(min=1).sum())


@dataclass(frozen=True)
class _TransducerLoss:
    """In training the steps by themselves are to tell the symbols, too, by a connectionist loss.

    Without it a net first learns which symbols follow each other, and for long nothing else.

    Attributes:
        begins: Whether nothing else counts yet.
    """

    begins: bool = False

    def paced(self, progress: float) -> "_TransducerLoss":
        """See `recurra.training.contract.PacedObjective`."""
        return _TransducerLoss(progress < _BEGINNING)

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        del state
        scores, alone = model(batch.sequences, batch.target)
        lengths, target = batch.sequences.lengths, batch.target
        by_steps, fitting = ctc_loss(alone.float(), lengths, target)
        if self.begins and model.training:
            return Loss(by_steps.sum(), fitting.clamp(min=1).sum())
        losses, symbols = transducer_loss(scores.float(), lengths, target)
        if model.training:
            losses = losses + _BESIDE * by_steps
        return Loss(losses.sum(), symbols.clamp(min=1).sum())


class _Connectionist(Criterion):
    """Symbols or the blank at every step, independent of each other."""

    loss = staticmethod(_connectionist_loss)

    def make(
        self, encoder: nn.Module, body: Any, labels: int, recurrence: Recurrence, dropout: float
    ) -> SequenceTagger:
        """See `Criterion.make`."""
        del recurrence
        return SequenceTagger(encoder, body, labels, dropout)

    def steps_needed(self, numbers: Sequence[np.ndarray]) -> Int64[np.ndarray, " rows"]:
        """See `Criterion.steps_needed`: one a symbol, and a blank between two that are the same."""
        needed = [len(own) + int((own[1:] == own[:-1]).sum()) for own in numbers]
        return np.maximum(np.array(needed, np.int64), 1)

    def outputs(self, model: nn.Module, sequences: Sequences) -> list[Outputs]:
        """See `Criterion.outputs`: log probabilities of all labels."""
        return _rows(torch.log_softmax(model(sequences).float(), dim=-1), sequences)

    def reading(self, model: nn.Module) -> Connectionist:
        """See `Criterion.reading`."""
        del model
        return Connectionist()

    def evidence(self, model: nn.Module, sequences: Sequences, text: Tensor, steps: Tensor) -> Tensor:
        """See `Criterion.evidence`: what comes before does not count."""
        del text
        scores: Tensor = model(sequences)
        return scores[:, steps].float()

    def stream_form(self, model: nn.Module) -> StreamForm:
        """See `Criterion.stream_form`."""
        net = cast("SequenceTagger", model)
        return StreamForm([*net.stream_modules(), nn.LogSoftmax(dim=-1)], {}, {})


class _Transducer(Criterion):
    """A symbol or the blank at every step, each after those before."""

    loss = _TransducerLoss()

    def make(
        self, encoder: nn.Module, body: Any, labels: int, recurrence: Recurrence, dropout: float
    ) -> RecurrentTransducer:
        """See `Criterion.make`."""
        return RecurrentTransducer(encoder, body, labels, recurrence, dropout)

    def steps_needed(self, numbers: Sequence[np.ndarray]) -> Int64[np.ndarray, " rows"]:
        """See `Criterion.steps_needed`: one a symbol."""
        return np.array([max(len(own), 1) for own in numbers], np.int64)

    def outputs(self, model: nn.Module, sequences: Sequences) -> list[Outputs]:
        """See `Criterion.outputs`: what steps bring to the joint layer."""
        return _rows(cast("RecurrentTransducer", model).read(sequences).float(), sequences)

    def reading(self, model: nn.Module) -> Transducer:
        """See `Criterion.reading`; on the engine, or in torch where there is none."""
        net = cast("RecurrentTransducer", model)
        try:
            predict = predict_by(to_program(net.told_modules()))
        except (ConfigError, MissingDependencyError):
            predict = _in_torch(net)
        return Transducer(predict, *_joint(net))

    def evidence(self, model: nn.Module, sequences: Sequences, text: Tensor, steps: Tensor) -> Tensor:
        """See `Criterion.evidence`."""
        scores, _ = model(sequences, text.expand(len(sequences), -1))
        found: Tensor = scores[:, steps, torch.arange(len(text), device=text.device)]
        return found.float()

    def stream_form(self, model: nn.Module) -> StreamForm:
        """See `Criterion.stream_form`."""
        net = cast("RecurrentTransducer", model)
        return StreamForm(net.stream_modules(), *told_about(to_program(net.told_modules()), *_joint(net)))


CRITERIA: Mapping[str, Criterion] = MappingProxyType({"ctc": _Connectionist(), "transducer": _Transducer()})


def _rows(outputs: Tensor, sequences: Sequences) -> list[Outputs]:
    rows = outputs.cpu().numpy()
    return [row[:length] for row, length in zip(rows, sequences.lengths.tolist(), strict=True)]


def _joint(net: RecurrentTransducer) -> tuple[Any, Any]:
    """Weight and bias of the last layer."""
    weight, bias = (one.detach().float().cpu().numpy() for one in (net.output.weight, net.output.bias))
    return weight, bias


def _in_torch(net: RecurrentTransducer) -> Predict:
    net.eval()

    @torch.inference_mode()
    def predict(symbol: int, memory: Any) -> tuple[Any, Any]:
        told, after = net.predict(torch.tensor([[symbol]], device=net.output.weight.device), memory)
        return told[0, 0].float().cpu().numpy(), after

    return predict
