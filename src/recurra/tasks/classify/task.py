"""The task of classifying: many steps to one answer (or one step to one, on a table)."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np
import polars as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recurra.data.labelled import Labelled
from recurra.experiment.examples import Data, Part, with_columns
from recurra.experiment.labelling import ExampleSchema, Labelling
from recurra.experiment.learnt import Learnt
from recurra.experiment.task import Fitted, Prepared, Rival, Task
from recurra.inputs.examples import Examples
from recurra.layers.pooling import Pooling
from recurra.metrics import classification
from recurra.models.classifier import SequenceClassifier
from recurra.models.committee import CommitteeBody
from recurra.models.sequence_body import make_body
from recurra.tasks.classify.answer import Answer, answer, raw
from recurra.tasks.classify.baseline import learn_linear, linear, majority
from recurra.tasks.classify.config import ClassifyAnswer, ClassifyConfig
from recurra.tasks.classify.explain import explain
from recurra.tasks.classify.program import exportable, program
from recurra.tasks.classify.show import describe, groups, show
from recurra.tasks.classify.target import (
    Target,
    find_label,
    kind_of,
    label_column,
    label_values,
    learn_target,
)
from recurra.training.contract import Loss

METRICS = {
    "multiclass": ("accuracy", "macro_f1", "auroc", "log_loss", "calibration_error"),
    "multilabel": ("micro_f1", "macro_f1", "exact", "auroc"),
    "regression": ("mae", "rmse", "r2"),
}


def learn(data: Data, train: Examples) -> Target:
    """The labels of all data and how often the training part holds each, or what it says of numbers."""
    return learn_target(data.train, label_column(data.train), data.config.kind, train)


def strata(data: Data) -> list[Any] | None:
    """Of every class the same share goes to each part."""
    column = label_column(data.train)
    kind = kind_of(data.train, column, data.config.kind)
    return label_values(data.train, column) if kind == "multiclass" else None


def settle(config: Any, schema: ExampleSchema) -> Any:
    """Column, kind and pooling are known now."""
    found = {"label": schema.target.column, "kind": schema.target.kind}
    if config.pooling == "auto":
        found["pooling"] = "attention" if config.bidirectional else "last"
    return config.model_copy(update=found)


LABELLING = Labelling(
    config=ClassifyConfig,
    aligned=False,
    learn=learn,
    revive_target=Target.from_dict,
    metrics=lambda schema: METRICS[schema.target.kind],
    settle=settle,
    strata=strata,
    find=find_label,
)


def build(config: Any, schema: ExampleSchema) -> SequenceClassifier:
    """The net that settings and data ask for, with fresh weights."""
    encoder = schema.encoder(config)
    recurrent = config.network == "recurrent"
    body: Any = (
        CommitteeBody(encoder.output_size, config.recurrence, config.members)
        if recurrent and config.members > 1
        else make_body(config.network, encoder.output_size, config.recurrence)
    )
    name = config.pooling if recurrent else "max" if config.network == "convolutional" else "mean"
    pooling = Pooling(name, body.output_size, bidirectional=recurrent and config.bidirectional)
    return SequenceClassifier(
        encoder, body, pooling, schema.target.size, config.dropout, input_dropout=config.input_dropout
    )


class Objective:
    """The summed loss of a batch: cross-entropy of classes, squared error of numbers in their spread.

    Of several members it is the mean of their losses, each of which learns by itself.
    """

    def __init__(self, config: Any, schema: ExampleSchema) -> None:
        self.target, self.smoothing = schema.target, config.label_smoothing
        counts = torch.tensor(schema.target.counts or [1], dtype=torch.float32).clamp(min=1)
        balanced = config.class_weight == "balanced"
        self.weight = counts.sum() / (len(counts) * counts) if balanced else None

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        del state
        members = getattr(model, "members", 1)
        if members == 1:
            return self._loss(model(batch.sequences).float(), batch)
        each = [
            self._loss(one, batch) for one in cast("SequenceClassifier", model).each(batch.sequences).float()
        ]
        return Loss(torch.stack([one.total for one in each]).mean(), each[0].count)

    def _loss(self, output: Tensor, batch: Labelled) -> Loss:
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


def score(schema: ExampleSchema, part: Part, given: Answer) -> dict[str, float]:
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


def calibrate(model: nn.Module, prepared: Prepared) -> None:
    """Temper the probabilities on the validation part (Guo and others, 2017)."""
    config, schema = prepared.config, prepared.schema
    if not config.calibrate or prepared.validation is None or schema.target.kind != "multiclass":
        return
    part = prepared.validation
    temperature = classification.fit_temperature(raw(model, config, part), np.stack(part.known()))
    cast("SequenceClassifier", model).temperature.fill_(temperature)


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


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """The majority, and a linear model over what sums up an example."""
    yield majority(schema.target, len(part))
    for one in learnt.values():
        yield linear(one, schema.target, part)


CLASSIFY = Task(
    name="classify",
    config=ClassifyConfig,
    answer_config=ClassifyAnswer,
    read=LABELLING.read,
    prepare=LABELLING.prepare,
    revive=LABELLING.revive,
    build=build,
    objective=Objective,
    part=LABELLING.part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    learn=learn_linear,
    describe=describe,
    show=show,
    calibrate=calibrate,
    calibrated=("temperature",),
    whole=LABELLING.whole,
    groups=lambda schema, part, given: groups(schema.target, part, given),
    program=program,
    exportable=exportable,
    explain=explain,
)
