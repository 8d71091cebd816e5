"""What a task is: a frozen value of plain functions, and the small values that they hand to each other.

The verbs (`recurra.experiment.run`, `recurra.experiment.estimator`) are written once over it. A task that is
a package of its own says so with an entry point of the group "recurra.tasks" (see `recurra.tasks.registry`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import polars as pl
from torch import nn

from recurra.config import Config
from recurra.data.table import Table
from recurra.diagnosis import Question
from recurra.errors import RecurraError
from recurra.experiment.config import NetConfig
from recurra.experiment.corpus_place import CorpusPlace
from recurra.experiment.learnt import Learnt
from recurra.experiment.wanted import Wanted
from recurra.export.exportable import Exportable
from recurra.metrics.metric import Metric
from recurra.report.record import MetricsRecord, TileRecord
from recurra.report.section import Section
from recurra.streaming import Program
from recurra.training.contract import Batch, BatchSource, Objective, Validate


class Schema(Protocol):
    """What was learnt from the training part without gradients: vocabulary, labels, scaling."""

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it; `Task.revive` makes it again."""


@runtime_checkable
class Part(Protocol):
    """Some of the data as a net sees them: what the verbs ask of a part, whatever the task keeps in it."""

    @property
    def table(self) -> Table:
        """Where it came from, for results in the caller's library."""

    @property
    def repairs(self) -> Sequence[str]:
        """What was put right in it, in sentences."""

    def __len__(self) -> int:
        """How many answers it asks for."""


def no_batches(part: Any) -> Iterable[Batch]:
    """Validation is the task's own."""
    del part
    return ()


@dataclass(frozen=True)
class Prepared:
    """Everything that is settled before training begins, so that a mistake is told before a file is written.

    Attributes:
        config: The settings, every "auto" resolved; of the class `Task.config`.
        schema: What was learnt without gradients.
        source: The batches to train on.
        validate: Scores the weights after every epoch in a way of its own; None: by the loss and the scores.
        train: The training part.
        validation: The validation part, if any.
        test: The part that is kept for the final score, if any.
        repairs: What was found and put right in the data, in sentences.
        batches: Cuts a part into batches for the loss, where `validate` is None.
        no_test: Why there is no test part, for those who want a score; None: what is usual is said.
        outline: The data and their parts in a sentence.
    """

    config: Any
    schema: Any
    source: BatchSource
    validate: Validate | None
    train: Any
    validation: Any
    test: Part | None
    repairs: tuple[str, ...] = ()
    batches: Callable[[Any], Iterable[Batch]] = no_batches
    no_test: RecurraError | None = None
    outline: str = ""


@dataclass(frozen=True)
class Fitted:
    """A trained net with what an answer needs, and nothing of the training.

    Attributes:
        config: The settings it was made with.
        schema: What was learnt from the data without gradients.
        model: The net, in evaluation mode.
    """

    config: Any
    schema: Any
    model: nn.Module

    @property
    def num_parameters(self) -> int:
        """How many numbers training chose."""
        return sum(parameter.numel() for parameter in self.model.parameters())


@dataclass(frozen=True)
class Rival:
    """What a net is compared with: a name, and its answer for the part that is judged.

    Attributes:
        name: "recurra", "majority", ...
        label: As people read it.
        kind: "recurrent", "neural", "linear" (learnt, and no net) or "naive".
        answer: What the task's `answer` gives.
        seconds: Time to train, else to answer.
        parameters: How many numbers training chose.
    """

    name: str
    label: str
    kind: str
    answer: Any
    seconds: float | None = None
    parameters: int | None = None


@dataclass(frozen=True)
class Description:
    """What a report says of the data, in words.

    Attributes:
        title: What was done, on what: "reviews, 2 classes".
        judged: What was scored: "1,821 texts".
        facts: Name and text.
        source: What to call the data.
        rows: How many there were.
        target: What is to be told.
        notes: How to read the scores, in sentences.
    """

    title: str
    judged: str
    facts: tuple[tuple[str, str], ...] = ()
    source: str = ""
    rows: int | None = None
    target: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Groups:
    """Scores of parts of what is judged.

    Attributes:
        noun: What they are, in the singular: "class".
        metrics: Names of the scores, the first the most important.
        scores: Name -> metric -> score.
    """

    noun: str
    metrics: tuple[str, ...]
    scores: Mapping[str, Mapping[str, float]]


def nothing_large(data: Any, place: CorpusPlace) -> Any:
    """Leave data as they were read, in memory."""
    del place
    return data


def nothing_to_learn(prepared: Prepared) -> Iterable[Learnt]:
    """No baseline needs more than the schema holds."""
    del prepared
    return ()


def nothing_to_calibrate(model: nn.Module, prepared: Prepared) -> None:
    """Leave a net as it was trained."""
    del model, prepared


def no_tables(schema: Any) -> Mapping[str, pl.DataFrame]:
    """All that was learnt is in the schema's document."""
    del schema
    return {}


def no_highlights(scores: Mapping[str, float]) -> tuple[Sequence[TileRecord], Sequence[str]]:
    """The scores say enough."""
    del scores
    return (), ()


def no_outlook(fitted: Any, source: Any) -> Sequence[Section]:
    """Nothing lies ahead."""
    del fitted, source
    return ()


def no_groups(schema: Any, part: Any, answer: Any) -> None:
    """Scores of all rows together are enough."""
    del schema, part, answer


Whole = Callable[[Any, Prepared, Mapping[str, Any]], Prepared]


@dataclass(frozen=True)
class Task:
    """A task.

    Attributes:
        name: As in `recurra train NAME`.
        config: Its settings; beside its own ones how to train, which net, and which others beside it.
        answer_config: The options of an answer (levels, beams, temperature).
        read: (source, settings, validation, test) -> data, a dataclass with the parsed settings as `config`;
            picks the input.
        prepare: data -> Prepared.
        revive: (document) -> (config, schema), from what `Schema.to_dict` and the config gave.
        build: (config, schema) -> net with fresh weights. Nothing else, so that loading works.
        objective: (config, schema) -> the loss of a chunk.
        part: (source, Fitted, options of an answer, or None to judge it) -> a part of other data, read as
            those of the training were; source None: what the schema holds, if it holds any.
        answer: (Fitted, part) -> numbers for each of its rows.
        write: (Fitted, part, answer, options) -> a table for people.
        score: (schema, part, answer) -> metric -> score; the first metric decides who is best.
        naive: (schema, what `learn` learnt, by name, part) -> what needs no net. Of a net that is saved alone
            nothing is kept of `learn`, and its rivals are missing.
        describe: (Fitted, part) -> words about data and protocol.
        show: (Fitted, part, rivals, record of the scores) -> sections of the report.
        outlook: (Fitted, source) -> sections that come first in the report: what the net that is kept says of
            what is not known yet; source None: what the schema holds.
        learn: Prepared -> baselines that are learnt from the training part; they are kept with a run.
        metrics: Scores of its own, where `recurra.metrics.metric` does not know them.
        calibrate: (net, Prepared) -> what is learnt with the trained net, written into its buffers: after
            training, and before the scores of validation.
        calibrated: Names of the buffers that `calibrate` writes.
        whole: (data of `read`, what was prepared of them, settings that change) -> the same without parts
            that are held out; None: the task cannot refit.
        groups: (schema, part, answer) -> scores by class, tag or the like, if that has sense.
        highlights: (scores of the net) -> more numbers for the report's top, and sentences after its verdict.
        columns: The scores that tables show, where there are more than these.
        placed: (data of `read`, place) -> the same; what is larger than memory is to lie in the place.
        tables: (schema) -> tables that are kept beside the model; `revive` finds them under "tables".
        program: Fitted -> stream program; a ConfigError says what stands against it.
        exportable: Fitted -> the net as exports need it; a ConfigError says what stands against it. None:
            there is no net that stands by itself.
        explain: (Fitted, part, what is wanted) -> a question for each row: what its answer is, and the net as
            a function of what it read of the row; no truth is needed. None: answers cannot be explained.
    """

    name: str
    config: type[NetConfig]
    answer_config: type[Config]
    read: Callable[[Any, Mapping[str, Any], Any, Any], Any]
    prepare: Callable[[Any], Prepared]
    revive: Callable[[Mapping[str, Any]], tuple[Any, Any]]
    build: Callable[[Any, Any], nn.Module]
    objective: Callable[[Any, Any], Objective]
    part: Callable[[Any, Fitted, Any], Part]
    answer: Callable[[Fitted, Any], Any]
    write: Callable[[Fitted, Any, Any, Any], pl.DataFrame]
    score: Callable[[Any, Any, Any], Mapping[str, float]]
    naive: Callable[[Any, Mapping[str, Learnt], Any], Iterable[Rival]]
    describe: Callable[[Fitted, Any], Description]
    show: Callable[[Fitted, Any, Sequence[Rival], MetricsRecord], Sequence[Section]]
    outlook: Callable[[Fitted, Any], Sequence[Section]] = no_outlook
    learn: Callable[[Prepared], Iterable[Learnt]] = nothing_to_learn
    metrics: Sequence[Metric] = ()
    calibrate: Callable[[nn.Module, Prepared], None] = nothing_to_calibrate
    calibrated: Sequence[str] = ()
    whole: Whole | None = None
    groups: Callable[[Any, Any, Any], Groups | None] = no_groups
    highlights: Callable[[Mapping[str, float]], tuple[Sequence[TileRecord], Sequence[str]]] = no_highlights
    columns: Sequence[str] = ()
    placed: Callable[[Any, CorpusPlace], Any] = nothing_large
    tables: Callable[[Any], Mapping[str, pl.DataFrame]] = no_tables
    program: Callable[[Fitted], Program] | None = None
    exportable: Callable[[Fitted], Exportable] | None = None
    explain: Callable[[Fitted, Any, Wanted], Iterable[Question]] | None = None
