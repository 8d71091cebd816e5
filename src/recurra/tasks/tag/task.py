"""The task of tagging: a label for every step, aligned many to many."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np
import polars as pl
import torch.nn.functional as F
from torch import Tensor, nn

from recurra.data.labelled import Labelled
from recurra.errors import ConfigError
from recurra.experiment.examples import Part, with_columns
from recurra.experiment.labelling import ExampleSchema, Labelling, program_of
from recurra.experiment.learnt import Learnt
from recurra.experiment.standalone import of_examples
from recurra.experiment.task import Fitted, Rival, Task
from recurra.export.exportable import Exportable
from recurra.layers.crf import LinearChainCRF
from recurra.layers.tag_scheme import allowed_transitions
from recurra.metrics.span import span_scores
from recurra.models.sequence_body import make_body
from recurra.models.tagger import SequenceTagger
from recurra.streaming import Program
from recurra.tasks.tag.answer import Answer, answer
from recurra.tasks.tag.config import TagAnswer, TagConfig
from recurra.tasks.tag.explain import explain
from recurra.tasks.tag.show import describe, groups, show, shown
from recurra.tasks.tag.tag_set import TagSet, find_tags, learn_tags, tag_column
from recurra.training.contract import Loss

_DIGITS = 6  # of numbers that are written
_LISTS = pl.List(pl.String)


def settle(config: Any, schema: ExampleSchema) -> Any:
    """Column and output are known now.

    Raises:
        ConfigError: The tags are to wait for steps that the net sees anyway, or for those of another chunk.
    """
    output = config.output
    if output == "auto":
        output = "softmax" if schema.target.scheme == "plain" else "crf"
    if config.look_ahead and (config.bidirectional or output == "crf"):
        raise ConfigError(
            f"look_ahead is {config.look_ahead} with bidirectional={config.bidirectional} output={output}",
            "a net that reads in one direction and tells each tag by itself",
            "Set bidirectional=false output=softmax, or leave look_ahead out.",
        )
    if config.tbptt_steps is not None and (config.look_ahead or output == "crf"):
        raise ConfigError(
            f"tbptt_steps is {config.tbptt_steps} with look_ahead={config.look_ahead} output={output}",
            "tags that need no step of another chunk",
            "Set look_ahead=0 output=softmax, or leave tbptt_steps out.",
        )
    return config.model_copy(update={"label": schema.target.column, "output": output})


def metric_names(schema: ExampleSchema) -> tuple[str, ...]:
    """Spans are judged as spans; single tags by the share that is right."""
    if schema.target.scheme == "plain":
        return ("accuracy",)
    return ("span_f1", "span_precision", "span_recall", "accuracy")


LABELLING = Labelling(
    config=TagConfig,
    aligned=True,
    learn=lambda data, train: learn_tags(data.train, train, tag_column(data.train)),
    revive_target=TagSet.from_dict,
    metrics=metric_names,
    settle=settle,
    find=find_tags,
)


def build(config: Any, schema: ExampleSchema) -> SequenceTagger:
    """The net that settings and data ask for, with fresh weights."""
    encoder = schema.encoder(config)
    body = make_body(config.network, encoder.output_size, config.recurrence, window=config.window)
    tags = schema.target.tags
    crf = LinearChainCRF(len(tags), allowed=allowed_transitions(tags)) if config.output == "crf" else None
    return SequenceTagger(encoder, body, len(tags), config.dropout, crf)


class Objective:
    """The summed loss of a batch: of every tag by itself, or of the whole sequence of tags."""

    def __init__(self, config: Any) -> None:
        self.look_ahead = config.look_ahead
        self.in_chunks = config.tbptt_steps is not None

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        net = cast("SequenceTagger", model)
        if self.in_chunks:
            scores, state = net.carry_on(batch.sequences, state)
            return self._of_each(scores.float(), batch, state)
        scores = net(batch.sequences.extended(self.look_ahead)).float()[:, self.look_ahead :]
        if net.crf is None:
            return self._of_each(scores, batch)
        lengths = batch.sequences.lengths
        losses = net.crf.negative_log_likelihood(scores, batch.target.clamp(min=0), lengths)
        return Loss(losses.sum(), lengths.sum())

    def _of_each(self, scores: Tensor, batch: Labelled, state: Any = None) -> Loss:
        total = F.cross_entropy(scores.flatten(0, 1), batch.target.flatten(), reduction="sum")
        return Loss(total, batch.sequences.lengths.sum(), state)


def score(schema: ExampleSchema, part: Part, given: Answer) -> dict[str, float]:
    """The share of tags that are right; of spans F1, as conlleval counts them."""
    truth = part.known()
    right = sum(int((one == two).sum()) for one, two in zip(given, truth, strict=True))
    found = {"accuracy": right / max(sum(len(one) for one in truth), 1)}
    if schema.target.scheme != "plain":
        names = np.array(schema.target.tags)
        spans = span_scores([list(names[one]) for one in truth], [list(names[one]) for one in given])
        found |= {f"span_{name}": spans[name] for name in ("f1", "precision", "recall")}
    return {name: found[name] for name in metric_names(schema)}


def write(fitted: Fitted, part: Part, given: Answer, options: TagAnswer) -> pl.DataFrame:
    """The tags of each row, beside what they are of."""
    names = fitted.schema.target.tags
    tags = [[names[one] for one in row] for row in given]
    tokens = [[shown(symbol, _DIGITS) for symbol in content] for content in part.examples.contents]
    if not options.long:
        lists = {"tokens": tokens, "prediction": tags}
        return with_columns(part, [pl.Series(name, own, _LISTS) for name, own in lists.items()])
    rows = [(row, step) for row, own in enumerate(tags) for step in range(len(own))]
    return pl.DataFrame(
        {
            "row": [row + 1 for row, _ in rows],
            "step": [step + 1 for _, step in rows],
            "token": [tokens[row][step] for row, step in rows],
            "prediction": [tags[row][step] for row, step in rows],
        }
    )


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """The most frequent tag of each word, and the most frequent tag of all."""
    del learnt
    tags: TagSet = schema.target
    contents, likely = part.examples.contents, int(np.argmax(tags.counts))
    if tags.by_symbol:
        rows = [
            np.array([tags.by_symbol.get(symbol, likely) for symbol in content], np.int64)
            for content in contents
        ]
        yield Rival("most_frequent", "Most frequent tag of the word", "naive", rows)
    rows = [np.full(len(content), likely) for content in contents]
    yield Rival("majority", "Most frequent tag", "naive", rows)


def program(fitted: Fitted) -> Program:
    """A program of the scores of all tags after every step; `recurra.tasks.tag.live.LiveTagger` runs it.

    Raises:
        ConfigError: A setting does not allow it; the message says which.
    """
    model = cast("SequenceTagger", fitted.model)
    return program_of("tag", fitted, model.stream_modules(), _about(fitted))


def exportable(fitted: Fitted) -> Exportable:
    """A fitted tagger as exports need it.

    Raises:
        ConfigError: Something stands before the net that only its own code does.
    """
    model, wait = cast("SequenceTagger", fitted.model), fitted.config.look_ahead
    joined = ConfigError(
        "output is 'crf', whose tags follow from all scores together", "softmax", "Train with output=softmax."
    )
    of_step = f"the step that lies {wait} before it" if wait else "that step"
    gives = f"the score of each tag of {of_step}; the highest one tells."
    return of_examples(
        fitted,
        model.output if model.crf is None else joined,
        program,
        _about(fitted),
        gives=gives,
        tells=f"after each step {gives}",
        told="scores",
        outputs=tuple(fitted.schema.target.tags),
    )


def _about(fitted: Fitted) -> dict[str, Any]:
    return {"tags": list(fitted.schema.target.tags), "look_ahead": fitted.config.look_ahead}


TAG = Task(
    name="tag",
    config=TagConfig,
    answer_config=TagAnswer,
    read=LABELLING.read,
    prepare=LABELLING.prepare,
    whole=LABELLING.whole,
    revive=LABELLING.revive,
    build=build,
    objective=lambda config, _: Objective(config),
    part=LABELLING.part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    describe=describe,
    show=show,
    groups=groups,
    program=program,
    exportable=exportable,
    explain=explain,
)
