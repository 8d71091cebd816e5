"""The task of transcription: unaligned many to many, by connectionist temporal classification."""

from dataclasses import replace
from typing import Any, cast

from torch import nn

from recurra.data.labelled import Labelled
from recurra.data.naming import counted
from recurra.data.on_demand import lengths_of
from recurra.errors import DataError
from recurra.experiment.examples import Data, Part
from recurra.experiment.labelling import ExampleSchema, Labelling, program_of
from recurra.experiment.task import Fitted, Prepared, Task
from recurra.layers.connectionist import ctc_loss
from recurra.metrics.transcription import METRICS, transcription_scores
from recurra.models.sequence_body import make_body
from recurra.models.tagger import SequenceTagger
from recurra.streaming import Program
from recurra.tasks.transcribe.baseline import learn, naive
from recurra.tasks.transcribe.config import TranscribeAnswer, TranscribeConfig
from recurra.tasks.transcribe.explain import explain
from recurra.tasks.transcribe.search import Answer, TranscribePart, answer, write
from recurra.tasks.transcribe.show import describe, show
from recurra.tasks.transcribe.target import Target, find_text, steps_needed
from recurra.training.contract import Loss


def settle(config: Any, schema: ExampleSchema) -> Any:
    """The column is known now."""
    return config.model_copy(update={"label": schema.target.column})


LABELLING = Labelling(
    config=TranscribeConfig,
    aligned=False,
    unequal=True,
    learn=Target.learn,
    revive_target=Target.from_dict,
    metrics=lambda _: tuple(one.name for one in METRICS),
    settle=settle,
    own_metrics=METRICS,
    find=find_text,
)


def prepare(data: Data) -> Prepared:
    """Split, learn the alphabet, and encode; texts without room in their steps are not learnt from.

    Raises:
        DataError: No text has room.
    """
    prepared = LABELLING.prepare(data)
    train = prepared.train
    long = int((steps_needed(train.known()) > lengths_of(train.encoded)).sum())
    if long == len(train):
        raise DataError(
            f"{counted(long, 'text')} with more symbols than there are steps",
            "a step for each symbol at least, and one between two that are the same",
            "Make steps shorter (stack=1), or symbols longer (target_tokens=subword).",
        )
    if not long:
        return prepared
    said = f"{counted(long, 'text')} with more symbols than steps: nothing is learnt from there (stack=1)"
    return replace(prepared, repairs=(*prepared.repairs, said))


def build(config: Any, schema: ExampleSchema) -> SequenceTagger:
    """A net that scores all labels at every step, with fresh weights."""
    encoder = schema.encoder(config)
    body = make_body(config.network, encoder.output_size, config.recurrence, window=config.context)
    return SequenceTagger(encoder, body, schema.target.size, config.dropout)


def loss(model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
    """The summed loss of the texts of a batch, counted by their symbols; one without any counts as one."""
    del state
    scores = cast("SequenceTagger", model)(batch.sequences).float()
    losses, symbols = ctc_loss(scores, batch.sequences.lengths, batch.target)
    return Loss(losses.sum(), symbols.clamp(min=1).sum())


def part(source: Any, fitted: Fitted, options: Any) -> Part:
    """Other sequences, with their texts where they are to be judged (options None)."""
    own = LABELLING.part(source, fitted, options)
    examples, target = own.examples, fitted.schema.target
    unknown = target.unknown(examples) if own.targets is not None else 0
    if unknown:
        unit = target.alphabet.unit
        said = f"{unit}s that training did not meet, and that are not told, in {counted(unknown, 'text')}"
        examples = replace(examples, repairs=(*examples.repairs, said))
    return TranscribePart(examples, own.encoded, own.targets, options or TranscribeAnswer())


def score(schema: ExampleSchema, part: Part, given: Answer) -> dict[str, float]:
    """Rates of wrong words and characters, and how many texts are right as a whole."""
    part.known()
    return transcription_scores(given.texts, schema.target.truths(part.examples))


def program(fitted: Fitted) -> Program:
    """A program of log probabilities of all labels after every step.

    Raises:
        ConfigError: A setting does not allow it; the message says which.
    """
    model, schema = cast("SequenceTagger", fitted.model), fitted.schema
    about = {"alphabet": schema.target.alphabet.to_dict()}
    modules = [*model.stream_modules(), nn.LogSoftmax(dim=-1)]
    return program_of("transcribe", fitted, modules, about)


TRANSCRIBE = Task(
    name="transcribe",
    config=TranscribeConfig,
    answer_config=TranscribeAnswer,
    read=LABELLING.read,
    prepare=prepare,
    whole=LABELLING.whole,
    revive=LABELLING.revive,
    build=build,
    objective=lambda *_: loss,
    part=part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    learn=learn,
    describe=describe,
    show=show,
    metrics=METRICS,
    program=program,
    explain=explain,
)
