"""The task of a vocoder: frames of sound to its samples, many to many."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from torch import nn

from recurra.config import validated
from recurra.data.labelled import Labelled
from recurra.decoding.vocoding import TASK
from recurra.errors import DataError
from recurra.experiment.examples import Data, Part, encoded_part
from recurra.experiment.labelling import ExampleSchema, Labelling
from recurra.experiment.learnt import Learnt
from recurra.experiment.task import Fitted, Rival, Task
from recurra.inputs import registry
from recurra.inputs.examples import Examples, keep_nothing
from recurra.metrics.speech import METRICS, mel_cepstral_distortion
from recurra.models.vocoder import Vocoder
from recurra.tasks.vocode.answer import Samples, VocodePart, answer, write
from recurra.tasks.vocode.config import VocodeAnswer, VocodeConfig
from recurra.tasks.vocode.encoding import FrameEncoding
from recurra.tasks.vocode.program import program
from recurra.tasks.vocode.show import describe, show
from recurra.tasks.vocode.target import Target
from recurra.training.contract import Loss
from recurra.types import valid_steps


def _frames_of(data: Data, train: Examples, target: Target) -> FrameEncoding:
    del data, train
    return target.frames


LABELLING = Labelling(
    config=VocodeConfig,
    aligned=True,
    learn=Target.learn,
    revive_target=Target.from_dict,
    metrics=lambda _: (),
    learn_encoding=_frames_of,
)


def _recordings(source: Any, config: Any) -> Examples:
    audio = validated(registry.config("audio"), config.of_recordings)
    return registry.get("audio").read(source, audio, keep_nothing)


def read(source: Any, settings: Mapping[str, Any], validation: Any, test: Any) -> Data:
    """Read recordings.

    Raises:
        DataError: There are none.
        ConfigError: A setting is wrong.
    """
    if source is None:
        raise DataError("no data", "a path, sample:NAME or a frame", "Give the data to learn from.")
    config: Any = validated(VocodeConfig, settings)
    train = _recordings(source, config)
    config = config.model_copy(update={**train.settings, "input": "audio"})
    others = [None if one is None else _recordings(one, config) for one in (validation, test)]
    return Data(registry.get("audio"), config, train, *others)


def revive(document: Mapping[str, Any]) -> tuple[Any, ExampleSchema]:
    """Settings and schema from what a run folder holds."""
    own = document["schema"]
    target = Target.from_dict(own["target"])
    return validated(VocodeConfig, document["config"]), ExampleSchema(own["input"], target.frames, target)


def build(config: Any, schema: ExampleSchema) -> Vocoder:
    """The net that settings and data ask for, with fresh weights."""
    target: Target = schema.target
    sizes = target.frames.size, target.steps, target.bands.count
    own = {name: getattr(config, name) for name in ("history", "condition_size")}
    return Vocoder(*sizes, config.recurrence, **own)


@dataclass(frozen=True)
class Objective:
    """The summed negative log density of all samples, in nats, a band's deviation being 1.

    Attributes:
        shape: Steps of a frame, and bands.
    """

    shape: tuple[int, int]

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        frames, (steps, bands) = batch.sequences, self.shape
        rows, time = batch.target.shape[:2]
        truth = batch.target.reshape(rows, time * steps, bands)
        drawn, state = cast("Vocoder", model)(frames.values, truth, state, frames.lengths)
        apart = (truth - drawn.mean) * (-drawn.log_deviation).exp()
        surprise = 0.5 * apart.square() + drawn.log_deviation + 0.5 * math.log(2 * math.pi)
        counts = valid_steps(frames.lengths * steps, time * steps).unsqueeze(-1)
        total = surprise.masked_fill(~counts, 0).sum()
        return Loss(total, frames.lengths.sum() * steps * bands, state)


def part(source: Any, fitted: Fitted, options: Any) -> Part:
    """Other recordings, which are their own truth.

    Raises:
        DataError: There are none.
    """
    if source is None:
        raise DataError("no data", "a path, sample:NAME or a frame", "Give recordings.")
    examples, schema = _recordings(source, fitted.config), fitted.schema
    own = encoded_part(examples, schema.encoding, schema.target.encode(examples))
    return VocodePart(own.examples, own.encoded, own.targets, options or VocodeAnswer())


def score(schema: ExampleSchema, part: Part, given: Sequence[Samples]) -> dict[str, float]:
    """Distortion beside the recordings."""
    frames: FrameEncoding = schema.target.frames
    truth = [frames.mel.frames(frames.sound(one)) for one in part.examples.contents]
    told = [frames.mel.frames(one) for one in given]
    apart = [mel_cepstral_distortion(one, other) for one, other in zip(told, truth, strict=True)]
    return {"mcd": float(np.mean(apart))}


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """Griffin and Lim's way, which learns nothing."""
    del learnt
    frames: FrameEncoding = schema.target.frames
    heard = [frames.mel.frames(frames.sound(one)) for one in part.examples.contents]
    yield Rival("griffin_lim", "Griffin-Lim", "naive", [frames.mel.waveform(one) for one in heard])


VOCODE = Task(
    name=TASK,
    config=VocodeConfig,
    answer_config=VocodeAnswer,
    read=read,
    prepare=LABELLING.prepare,
    whole=LABELLING.whole,
    revive=revive,
    build=build,
    objective=lambda _, schema: Objective((schema.target.steps, schema.target.bands.count)),
    part=part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    describe=describe,
    show=show,
    metrics=METRICS,
    program=program,
)
