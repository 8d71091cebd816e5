"""What tasks have in common that learn to tell a column of examples, whatever is in it and in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from torch import nn

from recurra.config import validated
from recurra.data.labelled import Labelled, LabelledSource, batches_by_length, labelled
from recurra.data.naming import counted
from recurra.errors import ConfigError, DataError
from recurra.experiment.config import TaskConfig, combined
from recurra.experiment.examples import (
    Data,
    Part,
    by_steps,
    columns_read,
    encoded_part,
    no_test_part,
    read_examples,
    resolved_monitor,
    resolved_network,
    split,
    without_empty,
)
from recurra.experiment.live import FRONT
from recurra.experiment.task import Fitted, Prepared
from recurra.experiment.truth import Beside, Find, find_nothing, keeping_column, nothing_beside
from recurra.experiment.varying import Varying
from recurra.export import to_program
from recurra.inputs import registry
from recurra.inputs.examples import Examples
from recurra.inputs.input import Encoder, Encoding
from recurra.metrics.metric import Metric
from recurra.streaming import Program
from recurra.version import __version__


class Target(Protocol):
    """What was learnt of the column that is to be told: its classes, tags, words, ...

    Attributes:
        column: Its name.
    """

    @property
    def column(self) -> str:
        """Its name."""

    def encode(self, examples: Examples) -> Sequence[Any]:
        """For each example what the loss compares with; a DataError says what cannot be."""

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""


@dataclass(frozen=True)
class ExampleSchema:
    """What was learnt without gradients: how contents become arrays, and what is told of them."""

    input: str
    encoding: Encoding
    target: Any

    def to_dict(self) -> dict[str, Any]:
        """See `recurra.experiment.task.Schema`."""
        return {"input": self.input, "encoding": self.encoding.to_dict(), "target": self.target.to_dict()}

    def encoder(self, config: Any) -> Encoder:
        """What stands before the recurrence, with fresh weights."""
        return registry.get(self.input).encoder(self.encoding, config)


def of_input(data: Data, train: Examples, target: Any) -> Encoding:
    """What the input itself learns of the contents."""
    del target
    return data.input.learn(train.contents, data.config)


def of_input_again(input: str, description: Mapping[str, Any], target: Any) -> Encoding:
    """The same from what its `to_dict` gave."""
    del target
    return registry.get(input).revive(description)


def as_given(config: Any, schema: ExampleSchema) -> Any:
    """No setting depends on what was learnt."""
    del schema
    return config


def as_read(examples: Examples, config: Any, told: str | None) -> Examples:
    """Every row is an example."""
    del config, told
    return examples


def no_strata(data: Data) -> None:
    """Parts are drawn from all examples alike."""
    del data


@dataclass(frozen=True)
class Labelling:
    """The functions of a `recurra.experiment.task.Task` that read and prepare examples with a truth.

    Where there is a truth for each step, contents are lists of steps; those of none are not trained on.

    Attributes:
        config: The task's settings.
        aligned: Whether there is a truth for each step of an example, or one for each example.
        unequal: Whether the truth of an example is a sequence of a length of its own.
        learn: (data, training examples) -> Target: what can be told, from all that is given to train on
            (`data.train`), so that no part of it holds what is unknown; how often, from the training part.
        revive_target: The target again from what its `to_dict` gave.
        metrics: (schema) -> names of the scores that validation reports.
        settle: (config, schema) -> settings, every "auto" of the task's own resolved.
        strata: (data) -> a key for each example; every part gets the same share of each key.
        own_metrics: Those of `metrics` that only the task knows, as in `Task.metrics`.
        learn_encoding: (data, training examples, target) -> how contents become arrays.
        revive_encoding: (input, what its `to_dict` gave, target) -> the same again.
        find: (columns) -> the one that is told where the settings name none, so that no input reads it.
        beside: (columns, the one that is told) -> others that hold its truth, too.
        gather: (examples with their truth, settings, the column that is told) -> the examples to tell of,
            where one may take several rows.
    """

    config: type[TaskConfig]
    aligned: bool
    unequal: bool = field(default=False, kw_only=True)
    learn: Callable[[Data, Examples], Target]
    revive_target: Callable[[Mapping[str, Any]], Target]
    metrics: Callable[[ExampleSchema], Sequence[str]]
    settle: Callable[[Any, ExampleSchema], Any] = as_given
    strata: Callable[[Data], Sequence[Any] | None] = no_strata
    own_metrics: Sequence[Metric] = ()
    find: Find = find_nothing
    beside: Beside = nothing_beside
    gather: Callable[[Examples, Any, str | None], Examples] = as_read
    learn_encoding: Callable[[Data, Examples, Any], Encoding] = of_input
    revive_encoding: Callable[[str, Mapping[str, Any], Any], Encoding] = of_input_again

    def read(self, source: Any, settings: Mapping[str, Any], validation: Any, test: Any) -> Data:
        """Read the data with the input that suits them."""
        data = read_examples(self.config, self.find, source, settings, validation, test, self.beside)
        told = data.train.kept.told
        given = {"train": data.train, "validation": data.validation, "test": data.test}
        ready: dict[str, Any] = {
            name: self.gather(one, data.config, told) for name, one in given.items() if one is not None
        }
        if self.aligned:
            ready = {
                name: without_empty(by_steps(one, data.input, data.config)) for name, one in ready.items()
            }
        return replace(data, **ready)

    def prepare(self, data: Data) -> Prepared:
        """Split, learn encoding and target from the training part, and encode.

        Raises:
            DataError: The truth of an example is missing, unknown, or does not fit it.
            ConfigError: A setting does not fit the data.
        """
        strata = self.strata(data)
        parts = split(data, strata)
        train = parts[0]
        target = self.learn(data, train)
        encoding = self.learn_encoding(data, train, target)
        schema = ExampleSchema(data.input.name, encoding, target)
        config = self.settle(resolved_network(data.config, encoding, data.input.name), schema)
        self._check_truncation(config)
        config = resolved_monitor(config, self.metrics(schema), self.own_metrics)
        first = encoded_part(train, encoding, target.encode(train))
        validation, test = (
            encoded_part(one, encoding, target.encode(one)) if one else None for one in parts[1:]
        )
        source = LabelledSource(
            first.encoded,
            first.known(),
            aligned=self.aligned or self.unequal,
            batch_size=config.batch_size,
            seed=config.seed,
            varied=Varying(first, encoding),
        )
        batches = partial(self._batches, batch_size=config.batch_size)
        repairs = (_columns_said(train, target.column), *data.train.repairs)
        return Prepared(
            config,
            schema,
            source,
            None,
            first,
            validation,
            test,
            repairs,
            batches=batches,
            no_test=no_test_part(data, by_class=strata is not None),
            outline=_outline(parts),
        )

    def whole(self, data: Data, prepared: Prepared, changes: Mapping[str, Any]) -> Prepared:
        """All of the data to train on, but what was given for validation and test, with other settings."""
        config = prepared.config.model_copy(update=dict(changes))
        return self.prepare(replace(data, config=config, validation=None, test=None))

    def _check_truncation(self, config: Any) -> None:
        """Make sure that a state goes from chunk to chunk, and that each has a truth, if there are chunks."""
        if config.tbptt_steps is None:
            return
        got = f"tbptt_steps is {config.tbptt_steps}"
        if not self.aligned:
            raise ConfigError(
                f"{got} with one target a sequence",
                "none: only the whole sequence can be held to its target",
                "Leave tbptt_steps out, or set max_length.",
            )
        if config.network != "recurrent" or config.bidirectional:
            raise ConfigError(
                f"{got} with network={config.network} bidirectional={config.bidirectional}",
                "a recurrent net in one direction, whose state goes from chunk to chunk",
                "Set network=recurrent bidirectional=false, or leave tbptt_steps out.",
            )

    def _batches(self, part: Part, batch_size: int) -> Iterator[Labelled]:
        targets = part.known()
        for rows, _ in batches_by_length(part.encoded, batch_size):
            own = [part.encoded[row] for row in rows]
            yield labelled(own, [targets[row] for row in rows], aligned=self.aligned or self.unequal)

    def revive(self, document: Mapping[str, Any]) -> tuple[Any, ExampleSchema]:
        """Settings and schema from what a run folder holds."""
        own = document["schema"]
        config = validated(combined(self.config, registry.config(own["input"])), document["config"])
        target = self.revive_target(own["target"])
        encoding = self.revive_encoding(own["input"], own["encoding"], target)
        return config, ExampleSchema(own["input"], encoding, target)

    def part(self, source: Any, fitted: Fitted, options: Any) -> Part:
        """Other data, with their truth where they are to be judged (options None) and hold it.

        Raises:
            DataError: There are none, or they do not fit those of training.
        """
        if source is None:
            raise DataError("no data", "a path, sample:NAME or a frame", "Give the data to tell of.")
        schema: ExampleSchema = fitted.schema
        kind = registry.get(schema.input)
        column = schema.target.column
        examples = kind.read(source, fitted.config, keeping_column(column, self.beside))
        if self.aligned:
            examples = by_steps(examples, kind, fitted.config)
        judged = options is None and column in examples.columns.columns
        if judged:
            examples = self.gather(examples, fitted.config, column)
        return encoded_part(examples, schema.encoding, schema.target.encode(examples) if judged else None)


def _outline(parts: Sequence[Examples | None]) -> str:
    """How many examples each part has."""
    uses = ("train on", "choose the epoch", "score")
    sizes = [(len(one), use) for one, use in zip(parts, uses, strict=True) if one is not None]
    total = counted(sum(size for size, _ in sizes), "example")
    return f"{total}: " + ", ".join(f"{size:,} to {use}" for size, use in sizes)


def _columns_said(examples: Examples, told: str) -> str:
    facts = columns_read(examples, told)
    return ", ".join(f"{verb.lower()} {names}" for verb, names in facts)


def program_of(
    task: str,
    fitted: Fitted,
    modules: Sequence[nn.Module],
    about: Mapping[str, Any],
    arrays: Mapping[str, Any] | None = None,
) -> Program:
    """A stream program for a `recurra.experiment.live.LiveSequences`.

    Args:
        task: Name of the task.
        fitted: The net.
        modules: What a step runs through.
        about: What the live form has to know beside the input.
        arrays: Numbers that it needs, float32 in NumPy, by name.

    Raises:
        ConfigError: The input does not stream, or a module does not.
    """
    schema: ExampleSchema = fitted.schema
    encoding = schema.encoding.to_dict()
    registry.live(schema.input).from_dict(encoding)
    own: dict[str, Any] = {
        "task": task,
        "input": schema.input,
        "encoding": encoding,
        "recurra": __version__,
    }
    if schema.encoding.step_seconds is not None:
        own["step_seconds"] = schema.encoding.step_seconds
    before = getattr(fitted.model, "encoder", None)
    front = before.stream_arrays() if isinstance(before, Encoder) else {}
    named = {f"{FRONT}{name}": array for name, array in front.items()}
    return to_program(list(modules), metadata={**own, **about}, arrays={**named, **(arrays or {})})
