"""The task of speaking: characters to frames of sound, many to many of unequal lengths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recurra.config import validated
from recurra.data.labelled import Labelled
from recurra.data.naming import counted, listed
from recurra.errors import DataError
from recurra.experiment.examples import Data, Part, encoded_part
from recurra.experiment.labelling import ExampleSchema, Labelling
from recurra.experiment.task import Fitted, Task
from recurra.inputs import registry
from recurra.inputs.copied import SymbolEncoder, SymbolEncoding
from recurra.inputs.examples import Examples
from recurra.layers.attention import guided_attention_loss
from recurra.metrics.speech import METRICS, mel_cepstral_distortion
from recurra.models.sequence_body import make_body
from recurra.models.text_to_spectrogram import TextToSpectrogram
from recurra.tasks.speak.baseline import learn, naive
from recurra.tasks.speak.config import SpeakAnswer, SpeakConfig
from recurra.tasks.speak.recordings import TEXT, read_alone, read_recordings, sounds_of
from recurra.tasks.speak.show import describe, show
from recurra.tasks.speak.synthesis import SpeakPart, Speech, answer, write
from recurra.tasks.speak.target import Target
from recurra.training.contract import Loss
from recurra.types import valid_steps

_END_WEIGHT = 5.0  # of the step with the last frame, which is one of many


def learn_encoding(data: Data, train: Examples, target: Target) -> SymbolEncoding:
    """Characters as symbols of the alphabet."""
    del train
    alphabet, config = target.alphabet, data.config
    own = {"max_length": config.max_length + 1, "embedding_size": config.embedding_size}
    return SymbolEncoding(alphabet, alphabet, copies=False, **own)


LABELLING = Labelling(
    config=SpeakConfig,
    aligned=False,
    unequal=True,
    learn=Target.learn,
    revive_target=Target.from_dict,
    metrics=lambda _: (),
    learn_encoding=learn_encoding,
)


def read(source: Any, settings: Mapping[str, Any], validation: Any, test: Any) -> Data:
    """Read recordings and what is said in them.

    Raises:
        DataError: There are none, or a text is missing.
        ConfigError: A setting is wrong.
    """
    if source is None:
        raise DataError("no data", "a path, sample:NAME or a frame", "Give the data to learn from.")
    config: Any = validated(SpeakConfig, settings)
    train = read_recordings(source, config)
    config = config.model_copy(update={**train.settings, "input": "text"})
    others = [None if one is None else read_recordings(one, config) for one in (validation, test)]
    return Data(registry.get("text"), config, train, *others)


def revive(document: Mapping[str, Any]) -> tuple[Any, ExampleSchema]:
    """Settings and schema from what a run folder holds."""
    own = document["schema"]
    target = Target.from_dict(own["target"])
    encoding = SymbolEncoding.from_dict(own["encoding"], target.alphabet)
    return validated(SpeakConfig, document["config"]), ExampleSchema(own["input"], encoding, target)


def build(config: Any, schema: ExampleSchema) -> TextToSpectrogram:
    """The net that settings and data ask for, with fresh weights."""
    encoder = SymbolEncoder(len(schema.target.alphabet), config.embedding_size)
    body = make_body("recurrent", encoder.output_size, config.recurrence)
    names = ("reduction", "attention", "attention_size", "prenet_size", "prenet_dropout")
    own = {name: getattr(config, name) for name in (*names, "postnet_size", "postnet_blocks")}
    return TextToSpectrogram(encoder, body, body.output_size, config.num_mels, config.recurrence, **own)


@dataclass(frozen=True)
class Objective:
    """The summed distance of frames, with what guides attention and what ends speech.

    Of each frame the mean absolute and squared distance of its bands, before and after the post-net; of each
    step how far off the diagonal it looks, and the cross-entropy of whether the last frame is among its own,
    both by its frames. Attention is not guided in validation, which is of what is heard.

    Attributes:
        guidance: How much it costs to look off the diagonal.
        spread: How far off is near.
        until: Share of training after which it costs nothing; None: it always does.
    """

    guidance: float
    spread: float
    until: float | None

    def paced(self, progress: float) -> "Objective":
        """See `recurra.training.contract.PacedObjective`."""
        left = 1.0 if self.until is None else max(0.0, 1 - progress / self.until)
        return replace(self, guidance=self.guidance * left)

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        del state
        net, truth, told = cast("TextToSpectrogram", model), batch.target[..., :-1], batch.target[..., -1]
        lengths = told.sum(dim=1).long()
        steps = (lengths + net.reduction - 1) // net.reduction
        given = net(batch.sequences, truth, lengths)
        time = truth.shape[1]
        total = sum(_distance(one[:, :time], truth, told) for one in (given.frames, given.refined))
        guided = guided_attention_loss(given.weights, steps, batch.sequences.lengths, self.spread).sum()
        guidance = self.guidance if net.training else 0.0
        counts = valid_steps(steps, given.stop.shape[1])
        ends = torch.zeros_like(given.stop).scatter(1, (steps - 1).clamp(min=0).unsqueeze(1), 1.0)
        weight = torch.full((), _END_WEIGHT, device=ends.device)
        missed = functional.binary_cross_entropy_with_logits(
            given.stop, ends, counts.to(ends.dtype), reduction="sum", pos_weight=weight
        )
        return Loss(total + net.reduction * (guidance * guided + missed), told.sum())


def _distance(told: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
    apart = told - truth
    return ((apart.abs() + apart.square()).mean(dim=-1) * counts).sum()


def part(source: Any, fitted: Fitted, options: Any) -> Part:
    """Other texts, with their recordings where they are to be judged (options None).

    Characters that training did not meet are left out, which is said.

    Raises:
        DataError: There are none, or a text holds no known character.
    """
    target: Target = fitted.schema.target
    config = fitted.config
    examples = read_recordings(source, config) if options is None else read_alone(source, config)
    unknown = [target.unknown(one) for one in examples.contents]
    contents = [
        target.spoken(one) if own else one for one, own in zip(examples.contents, unknown, strict=True)
    ]
    silent = next((row for row, one in enumerate(contents) if not one.strip()), None)
    if silent is not None:
        raise DataError(
            f"{examples.places[silent]}: no character of {examples.columns[TEXT][silent]!r} is known",
            f"characters of the training texts: {listed(map(repr, target.known), 40)}",
            "Write it with these.",
        )
    repairs = examples.repairs
    if any(unknown):
        names = listed(dict.fromkeys(repr(one) for own in unknown for one in own))
        texts = counted(sum(bool(own) for own in unknown), "text")
        repairs = (
            *repairs,
            f"characters that training did not meet, and that are not spoken, in {texts}: {names}",
        )
    examples = replace(examples, contents=contents, repairs=repairs)
    own = encoded_part(examples, fitted.schema.encoding, target.encode(examples) if options is None else None)
    return SpeakPart(own.examples, own.encoded, own.targets, options or SpeakAnswer())


def score(schema: ExampleSchema, part: Part, given: Sequence[Speech]) -> dict[str, float]:
    """Distortion and length beside the recordings; of nets, whether they read in order to the end."""
    part.known()
    target: Target = schema.target
    truth = [target.spectrum(one) for one in sounds_of(part.examples)]
    told = [target.mel.frames(one.samples) for one in given]
    apart = [mel_cepstral_distortion(one, other) for one, other in zip(told, truth, strict=True)]
    lengths = np.array([[len(one), len(other)] for one, other in zip(told, truth, strict=True)])
    scores = {
        "mcd": float(np.mean(apart)),
        "length_error": float(np.mean(np.abs(lengths[:, 0] - lengths[:, 1]) / lengths[:, 1])),
    }
    if all(one.weights is not None for one in given):
        scores["monotone"] = float(np.mean([one.is_monotone for one in given]))
        scores["cut_off"] = float(np.mean([not one.ended for one in given]))
    return scores


SPEAK = Task(
    name="speak",
    config=SpeakConfig,
    answer_config=SpeakAnswer,
    read=read,
    prepare=LABELLING.prepare,
    whole=LABELLING.whole,
    revive=revive,
    build=build,
    objective=lambda config, _: Objective(config.guidance, config.guidance_spread, config.guidance_until),
    part=part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    learn=learn,
    describe=describe,
    show=show,
    metrics=METRICS,
)
