"""The task of translation: many to many of unequal lengths, with attention."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from torch import nn

from recurra.config import validated
from recurra.data.labelled import Labelled
from recurra.errors import ConfigError, DataError
from recurra.experiment.config import combined
from recurra.experiment.examples import Data, Part
from recurra.experiment.labelling import ExampleSchema, Labelling
from recurra.experiment.task import Fitted, Prepared, Task
from recurra.inputs import registry
from recurra.inputs.symbol import END
from recurra.metrics.translation import METRICS, translation_scores
from recurra.models.attentive import AttentiveEncoderDecoder
from recurra.models.sequence_body import make_body
from recurra.tasks.translate.baseline import learn, naive
from recurra.tasks.translate.config import TranslateAnswer, TranslateConfig
from recurra.tasks.translate.pairs import SOURCE, TARGET, read_pairs
from recurra.tasks.translate.search import SHOWN, Answer, TranslatePart, answer, write
from recurra.tasks.translate.show import describe, show
from recurra.tasks.translate.target import Target, texts_of
from recurra.training.contract import Loss

_SHORT = 40.0  # characters, on average, up to which texts are read character by character


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
    unit = config.tokens
    if unit == "auto":
        mean = table.frame[SOURCE].str.len_chars().mean()
        unit = "character" if float(cast("float", mean) or 0) <= _SHORT else "subword"
    given = {**settings, "input": "text", "text": SOURCE, "tokens": unit}
    return LABELLING.read(table, given, *others)


def prepare(data: Data) -> Prepared:
    """Split, learn both alphabets, and encode; validation goes by the loss."""
    prepared = LABELLING.prepare(data)
    if prepared.validation is None:
        return prepared
    validate = partial(_validated, prepared=prepared)
    return replace(prepared, validate=validate)


def _validated(net: nn.Module, prepared: Prepared) -> dict[str, float]:
    """The loss of the validation part, without smoothing."""
    device = next(net.parameters()).device
    objective = Objective(smoothing=0.0)
    total, count = 0.0, 0.0
    for batch in prepared.batches(prepared.validation):
        loss = objective(net, cast("Labelled", batch.to(device)))
        total, count = total + float(loss.total), count + float(loss.count)
    return {"valid_loss": total / max(count, 1)}


def build(config: Any, schema: ExampleSchema) -> AttentiveEncoderDecoder:
    """The net that settings and data ask for, with fresh weights."""
    encoder = schema.encoder(config)
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
    )


class Objective:
    """The summed loss of every symbol to write, each after those that should stand before it."""

    def __init__(self, smoothing: float) -> None:
        self._smoothing = smoothing

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        del state
        net = cast("AttentiveEncoderDecoder", model)
        before = torch.full_like(batch.target[:, :1], END)
        ids = torch.cat([before, batch.target[:, :-1]], dim=1).clamp(min=0)
        outputs = net(batch.sequences, ids)
        total = net.loss(outputs, batch.target, self._smoothing)
        return Loss(total, (batch.target >= 0).sum())


def part(source: Any, fitted: Fitted, options: Any) -> Part:
    """Other texts, with those to write where they are to be judged (options None)."""
    if source is None:
        raise DataError("no data", "a path, sample:NAME or texts", "Give the texts to translate.")
    config = fitted.config
    table = read_pairs(source, config.target, config.target_file, told=options is None)
    own = LABELLING.part(table, fitted, options)
    return TranslatePart(own.examples, own.encoded, own.targets, options or SHOWN)


def score(schema: ExampleSchema, part: Part, given: Answer) -> dict[str, float]:
    """BLEU and chrF, and how many are right to the letter; of short texts that counts first."""
    part.known()
    scores = translation_scores(given.texts, texts_of(part.examples))
    if schema.target.alphabet.unit == "character":
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
    objective=lambda config, _: Objective(config.label_smoothing),
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
