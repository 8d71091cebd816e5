"""What tasks over examples share: reading them with an input, splitting them, running a net over them."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import torch
from jaxtyping import Int64
from torch import nn

from recurra.config import validated
from recurra.data.labelled import batches_by_length
from recurra.data.naming import counted, listed
from recurra.data.on_demand import OnDemand
from recurra.data.table import Table
from recurra.errors import ConfigError, DataError
from recurra.experiment.config import TaskConfig, combined
from recurra.experiment.truth import Beside, Find, keeping, keeping_column, nothing_beside
from recurra.inputs import registry
from recurra.inputs.choice import suited
from recurra.inputs.examples import Examples, Keep, placed
from recurra.inputs.input import Encoding, Input
from recurra.metrics.metric import Metric, metric
from recurra.training.device import choose_device


@dataclass(frozen=True)
class Data:
    """Examples as they were read, before anything is learnt from them.

    Attributes:
        input: The kind of input.
        config: The settings of task and input; those of the input have no "auto".
        train: What to learn from; what is not given of the others is split off from it.
        validation: What chooses the best epoch, if given.
        test: What the final score is of, if given.
    """

    input: Input
    config: Any
    train: Examples
    validation: Examples | None
    test: Examples | None


def read_examples(
    task: type[TaskConfig],
    find: Find,
    source: Any,
    settings: Mapping[str, Any],
    validation: Any = None,
    test: Any = None,
    beside: Beside = nothing_beside,
) -> Data:
    """Pick the input, parse the settings once, and read all data with them, other data as the training's.

    Raises:
        ConfigError: A setting is wrong, or the task does not take such an input.
        DataError: The data cannot be used as they are.
    """
    if source is None:
        raise DataError("no data", "a path, sample:NAME or a frame", "Give the data to learn from.")
    keep = keeping(find, settings, beside)
    kind = _input(_named(settings), task.needs, source, keep)
    config = validated(combined(task, registry.config(kind.name)), {**settings, "input": kind.name})
    train = kind.enrich(asked(kind.read(source, config, keep), keep), config)
    config = config.model_copy(update=dict(train.settings))
    if train.kept.told is not None:
        keep = keeping_column(train.kept.told, beside)
    parts = [None if one is None else kind.read(one, config, keep) for one in (validation, test)]
    return Data(kind, config, train, parts[0], parts[1])


def asked(examples: Examples, keep: Keep) -> Examples:
    """Examples with what the task keeps of them, also where the input, which has no columns, did not ask."""
    if examples.kept.told is not None:
        return examples
    contents = pl.Series("", range(len(examples)))
    return dataclasses.replace(examples, kept=keep(pl.DataFrame([contents, *examples.columns])))


def _named(settings: Mapping[str, Any]) -> str:
    """The input that settings name, or mean by one that no other input has; else "auto"."""
    named = settings.get("input", "auto")
    return registry.signed(settings) or named if named == "auto" else named


def _input(name: str, need: str, source: Any, keep: Keep) -> Input:
    """The input of a name, or the one that a source looks like.

    Raises:
        ConfigError: There is none of that name, or it does not give what the task needs.
        DataError: The source looks like none.
    """
    names = registry.giving(need)
    if name == "auto":
        return suited(source, names, keep, registry.get)
    found = registry.get(name)
    if name not in names:
        raise ConfigError(
            f"input is {name!r}, which gives no {need}", f"auto or one of {listed(names)}", "Change input."
        )
    return found


def split(
    data: Data, strata: Sequence[Any] | None = None
) -> tuple[Examples, Examples | None, Examples | None]:
    """Training, validation and test examples; of each stratum (class) the same share goes to each.

    Raises:
        DataError: Nothing is left to train on.
    """
    config, train = data.config, data.train
    kept = np.arange(len(train))
    parts: list[Examples | None] = []
    keys = np.zeros(len(train), np.int64)
    if strata is not None:
        keys = np.unique(np.array([repr(one) for one in strata]), return_inverse=True)[1]
    seed = config.seed if config.split_seed is None else config.split_seed
    random = np.random.Generator(np.random.Philox(key=seed, counter=[0, 4, 0, 0]))
    for given, share in ((data.test, config.test_size), (data.validation, config.validation_size)):
        if given is not None or share == 0:
            parts.append(given)
            continue
        chosen = _chosen(kept, keys, round(share * len(train)), random)
        parts.append(train.rows(np.sort(chosen)) if len(chosen) else None)
        kept = np.setdiff1d(kept, chosen)
    if len(kept) < 2:
        raise DataError(
            counted(len(train), "example"),
            "two to train on at least, beside those that are held out",
            "Give more, or validation and test data of their own.",
        )
    return (train if len(kept) == len(train) else train.rows(kept)), parts[1], parts[0]


def _chosen(
    kept: Int64[np.ndarray, " rows"],
    keys: Int64[np.ndarray, " all"],
    count: int,
    random: np.random.Generator,
) -> Int64[np.ndarray, " chosen"]:
    """About `count` rows, spread over the strata; a stratum keeps one row at least."""
    chosen: list[int] = []
    share = count / max(len(kept), 1)
    for key in np.unique(keys[kept]):
        own = random.permutation(kept[keys[kept] == key])
        wanted = share * len(own)
        number = int(wanted) + int(random.random() < wanted - int(wanted))
        chosen += own[: min(number, len(own) - 1)].tolist()
    return np.array(chosen, np.int64)


@dataclass(frozen=True)
class Part:
    """Examples as a net sees them, with their targets where they are known.

    Attributes:
        examples: The examples.
        encoded: An array (time, ...) for each.
        targets: For each its target; None where the truth is not known.
    """

    examples: Examples
    encoded: Sequence[np.ndarray]
    targets: Sequence[Any] | None

    def __len__(self) -> int:
        return len(self.encoded)

    @property
    def table(self) -> Table:
        """Where the examples came from."""
        return self.examples.table

    @property
    def repairs(self) -> Sequence[str]:
        """What was put right in them."""
        return self.examples.repairs

    def known(self) -> Sequence[Any]:
        """The targets.

        Raises:
            DataError: They are not known.
        """
        if self.targets is None:
            raise DataError(
                f"{self.examples.table.source} without what is to be told",
                "the column of the truth",
                "Add it, or predict, which needs none.",
            )
        return self.targets


def encoded_part(examples: Examples, encoding: Encoding, targets: Sequence[Any] | None) -> Part:
    """Encode every example, or those that are asked for where that is how the input does it.

    Raises:
        DataError: One cannot be encoded; the message says where it stands.
    """
    if not encoding.on_demand:
        every = [_made(examples, encoding.encode, row) for row in range(len(examples))]
        return Part(examples, every, targets)
    lengths = np.array([encoding.length(content) for content in examples.contents], np.int64)
    keep = partial(_made, examples, encoding.keep)
    return Part(examples, OnDemand(keep, lengths, unfold=encoding.unfold), targets)


def _made(examples: Examples, make: Callable[[Any], np.ndarray], row: int) -> np.ndarray:
    try:
        return make(examples.contents[row])
    except DataError as error:
        raise placed(examples.places[row], error) from error


@torch.inference_mode()
def run_over(
    model: nn.Module, part: Part, config: TaskConfig, read: Callable[[nn.Module, Any], Sequence[Any]]
) -> list[Any]:
    """What `read` makes of the net for every row of a part, in their order; batches are made by length."""
    device = choose_device(config.device)
    model.to(device).eval()
    found: list[Any] = [None] * len(part)
    for rows, sequences in batches_by_length(part.encoded, max(config.batch_size, 64)):
        for row, one in zip(rows.tolist(), read(model, sequences.to(device)), strict=True):
            found[row] = one
    return found


def resolved_monitor(config: TaskConfig, names: Sequence[str], own: Sequence[Metric] = ()) -> TaskConfig:
    """Settings whose `monitor_mode` follows the metric that is watched.

    Args:
        config: The settings.
        names: Of the scores that validation reports.
        own: Those of them that only the task knows.

    Raises:
        ConfigError: Validation does not report it.
    """
    known = ("train_loss", "valid_loss", *(f"valid_{name}" for name in names))
    if config.monitor not in known:
        raise ConfigError(f"monitor is {config.monitor!r}", f"one of {', '.join(known)}", "Change monitor.")
    name = config.monitor.removeprefix("valid_")
    if config.monitor.endswith("_loss") and name not in names:
        return config
    return config.model_copy(update={"monitor_mode": "max" if metric(name, own).better == "high" else "min"})


def resolved_network(config: TaskConfig, encoding: Encoding, input: str) -> TaskConfig:
    """Settings whose network is no longer "auto"; where there is one step only, recurrence has no sense.

    Raises:
        ConfigError: A recurrent or convolutional net is asked for where there is no time.
    """
    if not encoding.one_step:
        network = "recurrent" if config.network == "auto" else config.network
        return config.model_copy(update={"network": network})
    if config.network in ("recurrent", "convolutional"):
        raise ConfigError(
            f"network is {config.network!r} for input={input}, whose rows are single steps",
            "feed_forward, since there is no time to go through",
            "Leave network out, or give sequences.",
        )
    return config.model_copy(update={"network": "feed_forward", "baselines": ()})


def columns_read(examples: Examples, told: str) -> list[tuple[str, str]]:
    """Which columns the net reads and which one it tells, as facts of a report."""
    reads = [("Reads", listed(examples.reads))] if examples.reads else []
    return [*reads, ("Tells", told)]


def text_column(examples: Examples, found: str | None, remedy: str) -> str:
    """The name of a column of texts, which is there.

    Args:
        examples: What was read.
        found: The name that was asked for, or looked for; None where none was found.
        remedy: How to name another.

    Raises:
        DataError: There is no such column of texts.
    """
    texts = [one.name for one in examples.columns if one.dtype == pl.String]
    if found is None or found not in texts:
        raise DataError(
            f"{examples.table.source} has no column of texts" + (f" {found!r}" if found else ""),
            f"one of {listed(texts, 20)}"
            if texts
            else "a table with a text for each row, or NAME.txt beside each recording",
            remedy,
        )
    return found


def with_columns(part: Part, columns: Sequence[pl.Series]) -> pl.DataFrame:
    """The columns of the examples that are plain values, and results beside them."""
    plain = [one for one in part.examples.columns if not one.dtype.is_nested()]
    names = {one.name for one in columns}
    return pl.DataFrame([*(one for one in plain if one.name not in names), *columns])


def by_steps(examples: Examples, input: Input, config: Any) -> Examples:
    """The same examples, the content of each as a list of its steps."""
    return dataclasses.replace(
        examples, contents=[input.steps(content, config) for content in examples.contents]
    )


def without_empty(examples: Examples) -> Examples:
    """Examples of a step at least; those that are left out are said."""
    kept = np.flatnonzero([len(content) > 0 for content in examples.contents])
    empty = len(examples) - len(kept)
    if not empty:
        return examples
    sentence = f"left out {counted(empty, 'example')} without a step"
    return dataclasses.replace(examples.rows(kept), repairs=(*examples.repairs, sentence))


def no_test_part(data: Data, *, by_class: bool) -> DataError | None:
    """Why nothing is left for the final score, where it is not because nobody wants it.

    Args:
        data: What was read.
        by_class: Whether one of each class at least is trained on.
    """
    if data.test is not None or data.config.test_size == 0:
        return None
    return DataError(
        f"{counted(len(data.train), 'example')}, of which test_size={data.config.test_size:g} takes none"
        + (": one of each class at least is trained on" if by_class else ""),
        "enough for a part that is kept for the final score",
        "Give more examples, raise test_size, or give test data.",
    )
