"""The task of classifying: many steps to one answer (or one step to one, on a table)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import polars as pl
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recurra.config import validated
from recurra.data.labelled import Labelled, LabelledSource
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
from recurra.layers.pooling import Pooling
from recurra.metrics import classification
from recurra.models.classifier import SequenceClassifier
from recurra.models.sequence_body import make_body
from recurra.tasks.classify.baseline import linear, majority
from recurra.tasks.classify.config import ClassifyAnswer, ClassifyConfig
from recurra.tasks.classify.program import program
from recurra.tasks.classify.show import describe, groups, show
from recurra.tasks.classify.target import Target, label_column, label_values, learn_target
from recurra.training.contract import Loss

Answer = Float[np.ndarray, "rows outputs"]
"""Probabilities of the classes; of numbers the number."""
INPUTS = ("table", "series", "text")
METRICS = {
    "multiclass": ("accuracy", "macro_f1", "auroc", "log_loss", "calibration_error"),
    "multilabel": ("micro_f1", "macro_f1", "exact", "auroc"),
    "regression": ("mae", "rmse", "r2"),
}


@dataclass(frozen=True)
class ClassifySchema:
    """What was learnt without gradients: how contents become arrays, and what the labels are."""

    input: str
    encoding: Encoding
    target: Target

    def to_dict(self) -> dict[str, Any]:
        """See `recurra.experiment.task.Schema`."""
        return {"input": self.input, "encoding": self.encoding.to_dict(), "target": asdict(self.target)}


def prepare(data: Data) -> Prepared:
    """Split, learn encoding and labels from the training part, and encode.

    Raises:
        DataError: A label is missing or unknown, or there is one class only.
        ConfigError: A setting does not fit the data.
    """
    given = data.config
    column = label_column(data.train, given.label)
    strata = label_values(data.train, column)
    kind = learn_target(data.train, column, given.kind).kind
    train, validation, test = split(data, strata if kind == "multiclass" else None)
    target = learn_target(train, column, kind)
    encoding = data.input.learn(train.contents, given)
    config: Any = resolved_network(given, encoding, data.input.name).model_copy(
        update={"label": column, "kind": kind}
    )
    if config.pooling == "auto":
        config = config.model_copy(update={"pooling": "attention" if config.bidirectional else "last"})
    config = resolved_monitor(config, METRICS[kind])
    schema = ClassifySchema(data.input.name, encoding, target)
    parts = [
        encoded_part(one, encoding, target.encode(one)) if one else None for one in (train, validation, test)
    ]
    first = cast("Part", parts[0])
    source = LabelledSource(
        first.encoded,
        first.known(),
        aligned=False,
        batch_size=config.batch_size,
        seed=config.seed,
        augment=encoding.augment,
    )
    validate = None
    if parts[1] is not None:
        validate = PartLoss(
            parts[1],
            config.batch_size,
            objective(config, schema),
            partial(_scores, config, schema),
            aligned=False,
        )
    return Prepared(config, schema, source, validate, first, parts[1], parts[2], data.train.repairs)


def revive(document: Mapping[str, Any]) -> tuple[Any, ClassifySchema]:
    """Settings and schema from what a run folder holds."""
    own = document["schema"]
    kind = registry.get(own["input"])
    config = validated(combined(ClassifyConfig, registry.config(kind.name)), document["config"])
    return config, ClassifySchema(kind.name, kind.revive(own["encoding"]), Target.from_dict(own["target"]))


def build(config: Any, schema: ClassifySchema) -> SequenceClassifier:
    """The net that settings and data ask for, with fresh weights."""
    encoder = registry.get(schema.input).encoder(schema.encoding, config)
    body = make_body(config.network, encoder.output_size, config.recurrence)
    recurrent = config.network == "recurrent"
    name = config.pooling if recurrent else "max" if config.network == "convolutional" else "mean"
    pooling = Pooling(name, body.output_size, bidirectional=recurrent and config.bidirectional)
    return SequenceClassifier(encoder, body, pooling, schema.target.size, config.dropout)


class Objective:
    """The summed loss of a batch: cross-entropy of classes, squared error of numbers in their spread."""

    def __init__(self, config: Any, schema: ClassifySchema) -> None:
        self.target, self.smoothing = schema.target, config.label_smoothing
        counts = torch.tensor(schema.target.counts or [1], dtype=torch.float32).clamp(min=1)
        balanced = config.class_weight == "balanced"
        self.weight = counts.sum() / (len(counts) * counts) if balanced else None

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        del state
        output: Tensor = model(batch.sequences).float()
        weight = None if self.weight is None else self.weight.to(output.device)
        if self.target.kind == "regression":
            wanted = (batch.target - self.target.mean) / self.target.deviation
            return Loss(F.mse_loss(output[:, 0], wanted, reduction="sum"), float(len(batch)))
        if self.target.kind == "multilabel":
            losses = F.binary_cross_entropy_with_logits(
                output, batch.target, pos_weight=weight, reduction="sum"
            )
            return Loss(losses, float(batch.target.numel()))
        count = float(len(batch)) if weight is None else weight[batch.target].sum()
        total = F.cross_entropy(
            output, batch.target, weight=weight, reduction="sum", label_smoothing=self.smoothing
        )
        return Loss(total, count)


def objective(config: Any, schema: ClassifySchema) -> Objective:
    """The loss."""
    return Objective(config, schema)


def answer(fitted: Fitted, part: Part) -> Answer:
    """Probabilities of the classes for each row; of numbers the number."""
    return _answer(fitted.model, fitted.config, fitted.schema, part)


def _answer(model: nn.Module, config: Any, schema: ClassifySchema, part: Part) -> Answer:
    raw = np.stack(run_over(model, part, config, lambda net, one: net(one).float().cpu().double().numpy()))
    if schema.target.kind == "regression":
        return raw * schema.target.deviation + schema.target.mean
    scaled = torch.from_numpy(raw) / float(cast("SequenceClassifier", model).temperature)
    found = scaled.sigmoid() if schema.target.kind == "multilabel" else scaled.softmax(dim=-1)
    return found.numpy()


def score(schema: ClassifySchema, part: Part, given: Answer) -> dict[str, float]:
    """The metrics of the kind of target."""
    truth = np.stack(part.known())
    names = METRICS[schema.target.kind]
    if schema.target.kind == "multiclass":
        found = classification.multiclass_scores(given, truth)
    elif schema.target.kind == "multilabel":
        found = classification.multilabel_scores(given, truth)
    else:
        found = classification.regression_scores(given[:, 0], truth)
    return {name: found[name] for name in names}


def _scores(config: Any, schema: ClassifySchema, model: nn.Module, part: Part) -> dict[str, float]:
    return score(schema, part, _answer(model, config, schema, part))


def calibrate(model: nn.Module, prepared: Prepared) -> None:
    """Temper the probabilities on the validation part (Guo and others, 2017)."""
    config, schema = prepared.config, prepared.schema
    if not config.calibrate or prepared.validation is None or schema.target.kind != "multiclass":
        return
    part = prepared.validation
    raw = np.stack(run_over(model, part, config, lambda net, one: net(one).float().cpu().double().numpy()))
    temperature = classification.fit_temperature(raw, np.stack(part.known()))
    cast("SequenceClassifier", model).temperature.fill_(temperature)


def part(source: Any, fitted: Fitted) -> Part:
    """Other data, with their truth where they hold it."""
    schema = fitted.schema
    examples = registry.get(schema.input).read(source, fitted.config)
    known = schema.target.column in examples.columns.columns
    return encoded_part(examples, schema.encoding, schema.target.encode(examples) if known else None)


def write(fitted: Fitted, part: Part, given: Answer, options: ClassifyAnswer) -> pl.DataFrame:
    """The label of each row, and the probability of every class."""
    target: Target = fitted.schema.target
    if target.kind == "regression":
        return with_columns(part, [pl.Series("prediction", given[:, 0])])
    if target.kind == "multilabel":
        names = [[target.labels[one] for one in np.flatnonzero(row > 0.5)] for row in given]
        columns = [pl.Series("prediction", [" ".join(own) for own in names])]
    else:
        columns = [pl.Series("prediction", [target.labels[one] for one in given.argmax(axis=1)])]
    if options.probabilities:
        columns += [pl.Series(f"p_{label}", given[:, one]) for one, label in enumerate(target.labels)]
    return with_columns(part, columns)


def naive(fitted: Fitted, prepared: Prepared | None, part: Part) -> Iterable[Rival]:
    """The majority; where there is a training part, a linear model over what sums up an example."""
    schema = fitted.schema
    yield majority(schema.target, len(part))
    if prepared is not None:
        kind = registry.get(schema.input)
        yield from linear(kind, schema.target, prepared.train, prepared.validation, part)


def read(source: Any, settings: Mapping[str, Any], validation: Any, test: Any) -> Data:
    """Read the data with the input that suits them."""
    return read_examples(ClassifyConfig, INPUTS, source, settings, validation, test)


CLASSIFY = Task(
    name="classify",
    config=ClassifyConfig,
    answer_config=ClassifyAnswer,
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
    reference="linear",
    describe=describe,
    show=show,
    calibrate=calibrate,
    groups=lambda schema, part, given: groups(schema.target, part, given),
    program=program,
)
