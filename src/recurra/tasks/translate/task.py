"""The task of translation: many to many of unequal lengths, with attention."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from recurra.config import validated
from recurra.data.labelled import Labelled, batches_by_length
from recurra.decoding.beam import Beam, Hypothesis, Step, beam_search
from recurra.errors import ConfigError, DataError
from recurra.experiment.config import combined
from recurra.experiment.examples import Data, Part
from recurra.experiment.labelling import ExampleSchema, Labelling
from recurra.experiment.learnt import Learnt
from recurra.experiment.task import Fitted, Prepared, Rival, Task
from recurra.inputs import registry
from recurra.inputs.symbol import END, PADDING, UNKNOWN, Alphabet
from recurra.metrics.translation import METRICS, translation_scores
from recurra.models.attentive import AttentiveEncoderDecoder, WriterState, memory_of
from recurra.models.sequence_body import make_body
from recurra.tasks.translate.config import TranslateAnswer, TranslateConfig
from recurra.tasks.translate.pairs import SOURCE, TARGET, read_pairs
from recurra.tasks.translate.show import describe, show
from recurra.tasks.translate.target import Target, texts_of
from recurra.training.contract import Loss
from recurra.training.device import choose_device
from recurra.types import Sequences

_SHORT = 40.0  # characters, on average, up to which texts are read character by character
_DIGITS = 4
_WRITTEN_AT_ONCE = 64  # texts


class Answer(NamedTuple):
    """What is written.

    Attributes:
        texts: Of each row the best one.
        found: Of each row the hypotheses, the best first, where a net wrote it.
    """

    texts: Sequence[str]
    found: Sequence[Sequence[Hypothesis]] = ()


SHOWN = TranslateAnswer(attention=True)
"""How what is judged is written: the report shows where it looked."""


@dataclass(frozen=True)
class TranslatePart(Part):
    """Texts to translate, and how.

    Attributes:
        options: How to search.
    """

    options: TranslateAnswer = field(default=TranslateAnswer())


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


def answer(fitted: Fitted, part: Part) -> Answer:
    """The best text for every row."""
    options = part.options if isinstance(part, TranslatePart) else SHOWN
    target: Target = fitted.schema.target
    longest = [
        target.longest_of(one) if options.max_length == "auto" else options.max_length
        for one in part.examples.contents
    ]
    beam = Beam(
        size=max(options.beam, options.n_best),
        length_penalty=options.length_penalty,
        n_best=options.n_best,
        forbidden=(PADDING, UNKNOWN),
        keeps_weights=options.attention,
    )
    device = choose_device(fitted.config.device)
    net = cast("AttentiveEncoderDecoder", fitted.model).to(device).eval()
    found: list[list[Hypothesis]] = [[] for _ in longest]
    for rows, batch in batches_by_length(part.encoded, _WRITTEN_AT_ONCE):
        limits = [longest[row] for row in rows]
        for row, own in zip(rows, written(net, batch.to(device), beam, limits), strict=True):
            found[row] = own
    texts = [target.alphabet.content(row[0].symbols) if row else "" for row in found]
    return Answer(texts, found)


@torch.inference_mode()
def written(
    net: AttentiveEncoderDecoder, source: Sequences, beam: Beam, limits: Sequence[int]
) -> list[list[Hypothesis]]:
    """The likeliest texts for a batch, each of so many symbols at most."""
    memory, start = net.read(source)
    rows = torch.arange(len(source), device=source.values.device)
    kept = [rows, memory]  # the memory of the rows that are gone on with, which beams of one row share

    def step(last: Tensor, state: tuple[Tensor, WriterState]) -> Step:
        own, before = state
        if not torch.equal(own, cast("Tensor", kept[0])):
            kept[:] = [own, memory_of(memory, own)]
        outputs, weights, after = net.step(last, cast("Any", kept[1]), before)
        return Step(net.logits(outputs).log_softmax(dim=-1), (own, after), weights)

    return beam_search(
        step, (rows, start), batch=len(source), start=END, end=END, beam=beam, max_lengths=limits
    )


def score(schema: ExampleSchema, part: Part, given: Answer) -> dict[str, float]:
    """BLEU and chrF, and how many are right to the letter; of short texts that counts first."""
    part.known()
    scores = translation_scores(given.texts, texts_of(part.examples))
    if schema.target.alphabet.unit == "character":
        return dict(reversed(scores.items()))
    return scores


def write(fitted: Fitted, part: Part, given: Answer, options: TranslateAnswer) -> pl.DataFrame:
    """The best text of each row; of several those that follow, with their scores; and where it looked."""
    alphabet = fitted.schema.target.alphabet
    columns: dict[str, Any] = {SOURCE: part.examples.contents, "prediction": given.texts}
    if options.n_best > 1:
        columns["alternatives"] = [[alphabet.content(one.symbols) for one in row] for row in given.found]
        columns["scores"] = [[round(one.score, _DIGITS) for one in row] for row in given.found]
    if options.attention:
        columns["symbols"] = [_symbols(alphabet, row[0]) if row else [] for row in given.found]
        columns["attention"] = [
            [] if not row or row[0].weights is None else row[0].weights.argmax(dim=1).add(1).tolist()
            for row in given.found
        ]
    return pl.DataFrame(columns)


def _symbols(alphabet: Alphabet, best: Hypothesis) -> list[str]:
    """What was written step by step, the end among it."""
    steps = 0 if best.weights is None else len(best.weights)
    return [*alphabet.symbols(best.symbols), "<end>"][:steps]


def learn(prepared: Prepared) -> Iterable[Learnt]:
    """The pairs of the training part, among which the nearest one is looked up."""
    examples = prepared.train.examples
    contents = [str(one) for one in examples.contents]
    yield Learnt("nearest", {"read": contents, "written": texts_of(examples)})


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """The text of the nearest one that was trained on, what is read, and the most frequent text."""
    contents = [str(one) for one in part.examples.contents]
    if "nearest" in learnt:
        own = learnt["nearest"].description
        texts = _nearest(own["read"], own["written"], contents)
        yield Rival("nearest", "Text of the nearest example", "linear", Answer(texts))
    yield Rival("copy", "What is read, as it stands", "naive", Answer(contents))
    likely = [schema.target.likely] * len(contents)
    yield Rival("most_frequent", "Most frequent text", "naive", Answer(likely))


def _nearest(read: Sequence[str], written_texts: Sequence[str], contents: Sequence[str]) -> list[str]:
    """Of each text that of the training text whose n-grams of letters are most alike."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow to import

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), lowercase=True, min_df=1)
    known = vectors.fit_transform(read)
    found: list[str] = []
    for begin in range(0, len(contents), 256):
        alike = vectors.transform(contents[begin : begin + 256]) @ known.T
        best = np.asarray(alike.argmax(axis=1)).ravel()
        found += [written_texts[one] for one in best]
    return found


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
