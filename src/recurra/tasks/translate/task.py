"""The task of translation: many to many of unequal lengths, with attention."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from recurra.config import validated
from recurra.data.naming import counted
from recurra.errors import ConfigError, DataError
from recurra.experiment.config import combined
from recurra.experiment.examples import Data, Part
from recurra.experiment.labelling import ExampleSchema, Labelling
from recurra.experiment.task import Fitted, Prepared, Task
from recurra.experiment.writing import WritingObjective, validation_loss
from recurra.experiment.writing_question import questions
from recurra.experiment.written_text import Answer, WritingPart
from recurra.inputs import registry
from recurra.inputs.symbol import UNKNOWN
from recurra.metrics.translation import METRICS, translation_scores
from recurra.models.attentive import AttentiveEncoderDecoder
from recurra.models.sequence_body import make_body
from recurra.tasks.translate.baseline import learn, naive
from recurra.tasks.translate.config import TranslateAnswer, TranslateConfig
from recurra.tasks.translate.pairs import SOURCE, TARGET, read_pairs
from recurra.tasks.translate.search import answer, is_written_for, write
from recurra.tasks.translate.show import describe, show
from recurra.tasks.translate.source import (
    learn_source,
    revive_source,
    settled,
    shares_symbols,
    source_encoder,
)
from recurra.tasks.translate.target import Target, texts_of, usual_unit


def settle(config: Any, schema: ExampleSchema) -> Any:
    """What texts are made of is known now; the file of those to write is that of the training data alone."""
    return config.model_copy(update={"target_tokens": schema.target.alphabet.unit, "target_file": None})


LABELLING = Labelling(
    config=TranslateConfig,
    aligned=False,
    unequal=True,
    learn=Target.learn,
    revive_target=Target.from_dict,
    metrics=lambda _: (),
    settle=settle,
    find=lambda frame: TARGET if TARGET in frame.columns else None,
    learn_encoding=learn_source,
    revive_encoding=revive_source,
)


def read(source: Any, settings: Mapping[str, Any], validation: Any, test: Any) -> Data:
    """Read pairs, and their first texts with the input for texts.

    Raises:
        DataError: There are none, or lines do not match.
        ConfigError: A setting is wrong.
    """
    if source is None:
        raise DataError("no data", "a path, sample:NAME or a frame", "Give the data to learn from.")
    if settings.get("input", "auto") not in ("auto", "text"):
        raise ConfigError(f"input is {settings['input']!r}", "auto or text", "Leave input out.")
    config: Any = validated(combined(TranslateConfig, registry.config("text")), settings)
    table = read_pairs(source, config.target, config.target_file)
    given_too = ((validation, config.validation_target), (test, config.test_target))
    others = [None if one is None else read_pairs(one, config.target, file) for one, file in given_too]
    unit = config.tokens if config.tokens != "auto" else usual_unit(table.frame[SOURCE].to_list())
    own: dict[str, Any] = {"tokens": unit}
    if shares_symbols(config):
        units = {usual_unit(table.frame[name].to_list()) for name in (SOURCE, TARGET)}
        own = settled(config, settings, units.pop() if len(units) == 1 else "subword")
    return LABELLING.read(table, {**settings, "input": "text", "text": SOURCE, **own}, *others)


def prepare(data: Data) -> Prepared:
    """Split, learn both alphabets, and encode; validation goes by the loss."""
    prepared = LABELLING.prepare(data)
    cut = prepared.schema.target.cut(prepared.train.targets)
    if cut:
        most = f"{prepared.config.max_target:,} {prepared.config.target_tokens}s"
        said = f"of {counted(cut, 'text')} to write the first {most} are trained on (max_target)"
        prepared = replace(prepared, repairs=(*prepared.repairs, said))
    if prepared.validation is None:
        return prepared
    validate = partial(validation_loss, prepared=prepared)
    return replace(prepared, validate=validate)


def build(config: Any, schema: ExampleSchema) -> AttentiveEncoderDecoder:
    """The net that settings and data ask for, with fresh weights."""
    encoder = source_encoder(schema, config)
    body = make_body("recurrent", encoder.output_size, config.recurrence)
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
        copying=config.copying,
        joint=config.joint_vocabulary,
        unknown=UNKNOWN,
    )


_BLEU_WORDS = 4  # of its longest n-grams


def objective(config: Any, _: Any) -> WritingObjective:
    """The loss that the settings ask for."""
    return WritingObjective(
        config.label_smoothing,
        config.coverage,
        sampling=config.scheduled_sampling,
        schedule=config.sampling_schedule,
    )


def part(source: Any, fitted: Fitted, options: Any) -> Part:
    """Other texts, with those to write where they are to be judged (options None)."""
    if source is None:
        raise DataError("no data", "a path, sample:NAME or texts", "Give the texts to translate.")
    config = fitted.config
    table = read_pairs(source, config.target, config.target_file, told=options is None)
    own = LABELLING.part(table, fitted, options)
    unknown = sum(bool((one[:, 0] == UNKNOWN).any()) for one in own.encoded)
    blank = sum(not is_written_for(one) for one in own.examples.contents)  # is read as something unknown
    examples = own.examples
    if unknown > blank:
        said = f"{config.unit}s that training did not meet in {counted(unknown - blank, 'text')}"
        examples = replace(examples, repairs=(*examples.repairs, said))
    return WritingPart(examples, own.encoded, own.targets, options or WritingPart.options)


def score(schema: ExampleSchema, part: Part, given: Answer) -> dict[str, float]:
    """BLEU and chrF, and how many are right to the letter; of short texts that counts first.

    Short are those written character by character, and those mostly of fewer words than BLEU counts together.
    """
    part.known()
    truth = texts_of(part.examples)
    scores = translation_scores(given.texts, truth)
    words = float(np.median([len(text.split()) for text in truth]))
    if schema.target.alphabet.unit == "character" or words < _BLEU_WORDS:
        return dict(reversed(scores.items()))
    return scores


TRANSLATE = Task(
    name="translate",
    config=TranslateConfig,
    answer_config=TranslateAnswer,
    read=read,
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
    explain=partial(questions, answer),
)
