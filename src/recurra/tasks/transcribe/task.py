"""The task of transcription: unaligned many to many."""

from dataclasses import replace
from typing import Any

from torch import nn

from recurra.data.naming import counted
from recurra.data.on_demand import lengths_of
from recurra.errors import DataError
from recurra.experiment.criterion import CRITERIA
from recurra.experiment.examples import Data, Part
from recurra.experiment.labelling import ExampleSchema, Labelling, program_of
from recurra.experiment.task import Fitted, Prepared, Task
from recurra.metrics.transcription import METRICS, transcription_scores
from recurra.models.sequence_body import make_body
from recurra.streaming import Program
from recurra.tasks.transcribe.baseline import learn, naive
from recurra.tasks.transcribe.config import TranscribeAnswer, TranscribeConfig
from recurra.tasks.transcribe.explain import explain
from recurra.tasks.transcribe.search import Answer, TranscribePart, answer, write
from recurra.tasks.transcribe.show import describe, show
from recurra.tasks.transcribe.target import Target, find_text


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
    needed = CRITERIA[data.config.criterion].steps_needed(train.known())
    long = int((needed > lengths_of(train.encoded)).sum())
    if long == len(train):
        raise DataError(
            f"{counted(long, 'text')} with more symbols than there are steps",
            "a step for each symbol at least (with criterion=ctc one more between two that are the same)",
            "Make steps shorter (stack=1), or symbols longer (target_tokens=subword).",
        )
    if not long:
        return prepared
    said = f"{counted(long, 'text')} with more symbols than steps: nothing is learnt from there (stack=1)"
    return replace(prepared, repairs=(*prepared.repairs, said))


def build(config: Any, schema: ExampleSchema) -> nn.Module:
    """The net that settings and data ask for, with fresh weights."""
    encoder = schema.encoder(config)
    body = make_body(config.network, encoder.output_size, config.recurrence, window=config.context)
    make = CRITERIA[config.criterion].make
    return make(encoder, body, schema.target.size, config.recurrence, config.dropout)


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
    """A program of what the criterion's `reading_of` reads after every step.

    Raises:
        ConfigError: A setting does not allow it; the message says which.
    """
    form = CRITERIA[fitted.config.criterion].stream_form(fitted.model)
    about = {"alphabet": fitted.schema.target.alphabet.to_dict(), **form.about}
    return program_of("transcribe", fitted, form.modules, about, form.arrays)


TRANSCRIBE = Task(
    name="transcribe",
    config=TranscribeConfig,
    answer_config=TranscribeAnswer,
    read=LABELLING.read,
    prepare=prepare,
    whole=LABELLING.whole,
    revive=LABELLING.revive,
    build=build,
    objective=lambda config, _: CRITERIA[config.criterion].loss,
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
