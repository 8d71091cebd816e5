"""The task of describing: an encoder of any input, and a decoder that attends to its steps."""

from dataclasses import replace
from functools import partial
from typing import Any

from recurra.data.naming import counted
from recurra.experiment.examples import Data, Part
from recurra.experiment.labelling import ExampleSchema, Labelling
from recurra.experiment.task import Fitted, Prepared, Task
from recurra.experiment.writing import WritingObjective, validation_loss
from recurra.experiment.writing_question import questions
from recurra.experiment.written_text import Answer, WritingPart
from recurra.inputs.symbol import END
from recurra.metrics.captioning import METRICS, caption_scores
from recurra.models.attentive import AttentiveEncoderDecoder
from recurra.models.sequence_body import make_body
from recurra.tasks.caption.baseline import learn, naive
from recurra.tasks.caption.config import CaptionAnswer, CaptionConfig
from recurra.tasks.caption.search import answer, write
from recurra.tasks.caption.show import describe, show
from recurra.tasks.caption.target import Target, find_sentences, gather, others_beside


def settle(config: Any, schema: ExampleSchema) -> Any:
    """The column is known now."""
    return config.model_copy(update={"label": schema.target.column})


LABELLING = Labelling(
    config=CaptionConfig,
    aligned=False,
    unequal=True,
    learn=Target.learn,
    revive_target=Target.from_dict,
    metrics=lambda _: (),
    settle=settle,
    find=find_sentences,
    beside=others_beside,
    gather=gather,
)


def prepare(data: Data) -> Prepared:
    """Split, learn the alphabet, and encode; validation goes by the loss."""
    prepared = LABELLING.prepare(data)
    cut = sum(int(one[-1]) != END for one in prepared.train.targets)
    if cut:
        said = f"of sentences of {counted(cut, 'example')} the beginnings are trained on (max_target)"
        prepared = replace(prepared, repairs=(*prepared.repairs, said))
    if prepared.validation is None:
        return prepared
    return replace(prepared, validate=partial(validation_loss, prepared=prepared, several=True))


def build(config: Any, schema: ExampleSchema) -> AttentiveEncoderDecoder:
    """The net that settings and data ask for, with fresh weights."""
    encoder = schema.encoder(config)
    body = make_body(config.network, encoder.output_size, config.recurrence)
    return AttentiveEncoderDecoder(
        encoder,
        body,
        body.output_size,
        len(schema.target.alphabet),
        config.target_size,
        config.recurrence,
        attention=config.attention,
        input_feeding=config.input_feeding,
        output_dropout=config.output_dropout,
    )


def objective(config: Any, _: Any) -> WritingObjective:
    """The loss that the settings ask for."""
    return WritingObjective(
        config.label_smoothing,
        evenness=config.evenness,
        several=True,
        sampling=config.scheduled_sampling,
        schedule=config.sampling_schedule,
    )


def part(source: Any, fitted: Fitted, options: Any) -> Part:
    """Other examples, with their sentences where they are to be judged (options None)."""
    own = LABELLING.part(source, fitted, options)
    return WritingPart(own.examples, own.encoded, own.targets, options or WritingPart.options)


def score(schema: ExampleSchema, part: Part, given: Answer) -> dict[str, float]:
    """CIDEr, BLEU and chrF, and how many are right to the letter."""
    part.known()
    return caption_scores(given.texts, schema.target.truths(part.examples))


CAPTION = Task(
    name="caption",
    config=CaptionConfig,
    answer_config=CaptionAnswer,
    read=LABELLING.read,
    prepare=prepare,
    whole=LABELLING.whole,
    revive=LABELLING.revive,
    build=build,
    objective=objective,
    part=part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    learn=learn,
    describe=describe,
    show=show,
    metrics=METRICS,
    columns=("cider", "bleu_4", "chrf", "exact_match"),
    explain=partial(questions, answer),
)
