"""The task of tagging: a label for every step, aligned many to many."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import polars as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recurra.config import validated
from recurra.data.labelled import Labelled, LabelledSource
from recurra.errors import ConfigError
from recurra.experiment.config import combined
from recurra.experiment.examples import (
    Data,
    Part,
    PartLoss,
    encoded_part,
    read_examples,
    resolved_monitor,
    resolved_network,
    run_over,
    split,
    with_columns,
)
from recurra.experiment.task import Fitted, Prepared, Rival, Task
from recurra.inputs import registry
from recurra.inputs.input import Encoding
from recurra.layers.crf import LinearChainCRF
from recurra.layers.tag_scheme import allowed_transitions
from recurra.metrics.span import span_scores
from recurra.models.sequence_body import make_body
from recurra.models.tagger import SequenceTagger
from recurra.tasks.tag.config import TagAnswer, TagConfig
from recurra.tasks.tag.program import program
from recurra.tasks.tag.show import describe, groups, show
from recurra.tasks.tag.tag_set import TagSet, learn_tags, tag_column
from recurra.training.contract import Loss
from recurra.types import Sequences

Answer = list[np.ndarray]
"""For each row the indices of its tags."""
INPUTS = ("series", "text")


@dataclass(frozen=True)
class TagSchema:
    """What was learnt without gradients: how contents become arrays, and what the tags are."""

    input: str
    encoding: Encoding
    tags: TagSet

    def to_dict(self) -> dict[str, Any]:
        """See `recurra.experiment.task.Schema`."""
        return {"input": self.input, "encoding": self.encoding.to_dict(), "tags": asdict(self.tags)}


def read(source: Any, settings: Mapping[str, Any], validation: Any, test: Any) -> Data:
    """Read the data with the input that suits them."""
    return read_examples(TagConfig, INPUTS, source, settings, validation, test)


def prepare(data: Data) -> Prepared:
    """Split, learn encoding and tags from the training part, and encode.

    Raises:
        DataError: Steps and tags do not match, or a tag is unknown.
        ConfigError: A setting does not fit the data or another.
    """
    column = tag_column(data.train, data.config.label)
    train, validation, test = split(data)
    tags = learn_tags(train, column)
    encoding = data.input.learn(train.contents, data.config)
    config: Any = resolved_network(data.config, encoding, data.input.name).model_copy(
        update={"label": column}
    )
    if config.output == "auto":
        config = config.model_copy(update={"output": "softmax" if tags.scheme == "plain" else "crf"})
    if config.look_ahead and (config.bidirectional or config.output == "crf"):
        raise ConfigError(
            f"look_ahead is {config.look_ahead} with bidirectional={config.bidirectional} and "
            f"output={config.output}",
            "a net that reads in one direction and tells each tag by itself",
            "Set bidirectional=false output=softmax, or leave look_ahead out.",
        )
    schema = TagSchema(data.input.name, encoding, tags)
    config = resolved_monitor(config, metric_names(schema))
    parts = [
        encoded_part(one, encoding, tags.encode(one)) if one else None for one in (train, validation, test)
    ]
    first = cast("Part", parts[0])
    source = LabelledSource(
        first.encoded,
        first.known(),
        aligned=True,
        batch_size=config.batch_size,
        seed=config.seed,
        augment=encoding.augment,
    )
    validate = None
    if parts[1] is not None:
        own = partial(_scores, config, schema)
        validate = PartLoss(parts[1], config.batch_size, objective(config, schema), own, aligned=True)
    return Prepared(config, schema, source, validate, first, parts[1], parts[2], data.train.repairs)


def metric_names(schema: TagSchema) -> tuple[str, ...]:
    """Spans are judged as spans; single tags by the share that is right."""
    if schema.tags.scheme == "plain":
        return ("accuracy",)
    return ("span_f1", "span_precision", "span_recall", "accuracy")


def revive(document: Mapping[str, Any]) -> tuple[Any, TagSchema]:
    """Settings and schema from what a run folder holds."""
    own = document["schema"]
    kind = registry.get(own["input"])
    config = validated(combined(TagConfig, registry.config(kind.name)), document["config"])
    return config, TagSchema(kind.name, kind.revive(own["encoding"]), TagSet.from_dict(own["tags"]))


def build(config: Any, schema: TagSchema) -> SequenceTagger:
    """The net that settings and data ask for, with fresh weights."""
    encoder = registry.get(schema.input).encoder(schema.encoding, config)
    body = make_body(config.network, encoder.output_size, config.recurrence, window=config.window)
    tags = schema.tags.tags
    crf = LinearChainCRF(len(tags), allowed=allowed_transitions(tags)) if config.output == "crf" else None
    return SequenceTagger(encoder, body, len(tags), config.dropout, crf)


class Objective:
    """The summed loss of a batch: of every tag by itself, or of the whole sequence of tags."""

    def __init__(self, config: Any) -> None:
        self.look_ahead = config.look_ahead

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        del state
        net = cast("SequenceTagger", model)
        sequences = batch.sequences if not self.look_ahead else _extended(batch.sequences, self.look_ahead)
        scores: Tensor = net(sequences).float()[:, self.look_ahead :]
        count = batch.sequences.lengths.sum()
        if net.crf is not None:
            tags = batch.target.clamp(min=0)
            return Loss(net.crf.negative_log_likelihood(scores, tags, batch.sequences.lengths).sum(), count)
        total = F.cross_entropy(scores.flatten(0, 1), batch.target.flatten(), reduction="sum")
        return Loss(total, count)


def _extended(sequences: Sequences, steps: int) -> Sequences:
    """Sequences that go on, repeating nothing: zeros stand for what a stream has not seen yet."""
    values = sequences.values.masked_fill(_past(sequences), 0)
    more = values.new_zeros(len(values), steps, *values.shape[2:])
    return Sequences(torch.cat([values, more], dim=1), sequences.lengths + steps)


def _past(sequences: Sequences) -> Tensor:
    mask = ~sequences.mask()
    return mask.view(*mask.shape, *[1] * (sequences.values.dim() - 2))


def objective(config: Any, schema: TagSchema) -> Objective:
    """The loss."""
    del schema
    return Objective(config)


def answer(fitted: Fitted, part: Part) -> Answer:
    """The tags of every row."""
    return _answer(fitted.model, fitted.config, part)


def _answer(model: nn.Module, config: Any, part: Part) -> Answer:
    return run_over(model, part, config, partial(_decoded, config.look_ahead))


def _decoded(look_ahead: int, model: nn.Module, sequences: Sequences) -> list[Any]:
    net = cast("SequenceTagger", model)
    extended = _extended(sequences, look_ahead) if look_ahead else sequences
    scores = net(extended).float()[:, look_ahead:]
    best = scores.argmax(dim=-1) if net.crf is None else net.crf.decode(scores, sequences.lengths)
    found = best.cpu().numpy()
    return [row[:length] for row, length in zip(found, sequences.lengths.tolist(), strict=True)]


def score(schema: TagSchema, part: Part, given: Answer) -> dict[str, float]:
    """The share of tags that are right; of spans F1, as conlleval counts them."""
    truth = part.known()
    right = sum(int((one == two).sum()) for one, two in zip(given, truth, strict=True))
    found = {"accuracy": right / max(sum(len(one) for one in truth), 1)}
    if schema.tags.scheme != "plain":
        names = np.array(schema.tags.tags)
        spans = span_scores([list(names[one]) for one in truth], [list(names[one]) for one in given])
        found |= {f"span_{name}": spans[name] for name in ("f1", "precision", "recall")}
    return {name: found[name] for name in metric_names(schema)}


def _scores(config: Any, schema: TagSchema, model: nn.Module, part: Part) -> dict[str, float]:
    return score(schema, part, _answer(model, config, part))


def part(source: Any, fitted: Fitted) -> Part:
    """Other data, with their tags where they hold them."""
    schema = fitted.schema
    examples = registry.get(schema.input).read(source, fitted.config)
    known = schema.tags.column in examples.columns.columns
    return encoded_part(examples, schema.encoding, schema.tags.encode(examples) if known else None)


def write(fitted: Fitted, part: Part, given: Answer, options: TagAnswer) -> pl.DataFrame:
    """The tags of each row, beside what they are of."""
    names = fitted.schema.tags.tags
    tags = [[names[one] for one in row] for row in given]
    contents = [list(content) for content in part.examples.contents]
    if not options.long:
        words = [" ".join(map(str, content)) for content in contents]
        joined = [" ".join(row) for row in tags]
        return with_columns(part, [pl.Series("tokens", words), pl.Series("prediction", joined)])
    rows = [(row, step) for row, own in enumerate(tags) for step in range(len(own))]
    return pl.DataFrame(
        {
            "row": [row + 1 for row, _ in rows],
            "step": [step + 1 for _, step in rows],
            "token": [str(contents[row][step]) for row, step in rows],
            "prediction": [tags[row][step] for row, step in rows],
        }
    )


def naive(fitted: Fitted, prepared: Prepared | None, part: Part) -> Iterable[Rival]:
    """The most frequent tag of each word, and the most frequent tag of all."""
    del prepared
    tags: TagSet = fitted.schema.tags
    likely = int(np.argmax(tags.counts))
    if tags.by_symbol:
        rows = [
            np.array([tags.by_symbol.get(symbol, likely) for symbol in content], np.int64)
            for content in part.examples.contents
        ]
        yield Rival("most_frequent", "Most frequent tag of the word", "naive", rows)
    yield Rival("majority", "Most frequent tag", "naive", [np.full(len(one), likely) for one in part.encoded])


TAG = Task(
    name="tag",
    config=TagConfig,
    answer_config=TagAnswer,
    inputs=INPUTS,
    read=read,
    prepare=prepare,
    revive=revive,
    build=build,
    objective=objective,
    part=part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    reference="most_frequent",
    describe=describe,
    show=show,
    groups=groups,
    program=program,
)
