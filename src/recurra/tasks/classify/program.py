"""A fitted classifier as a stream program: after every step what it would say if the sequence ended there."""

import copy
from typing import Any, cast

import torch
from torch import nn

from recurra.errors import ConfigError
from recurra.experiment.labelling import program_of
from recurra.experiment.task import Fitted
from recurra.models.classifier import SequenceClassifier
from recurra.streaming import Program


def program(fitted: Fitted) -> Program:
    """Turn a fitted classifier into a program; `recurra.tasks.classify.live.LiveClassifier` runs it.

    Raises:
        ConfigError: A setting does not allow it; the message says which.
    """
    schema, model = fitted.schema, cast("SequenceClassifier", fitted.model)
    if schema.encoding.one_step:
        raise ConfigError(
            f"input {schema.input!r}, whose rows are single steps", "sequences", "Use predict for rows."
        )
    modules = [*model.stream_modules()]
    modules[-1] = _scaled(modules[-1], fitted)
    ends: dict[str, nn.Module] = {"multiclass": nn.Softmax(dim=-1), "multilabel": nn.Sigmoid()}
    if schema.target.kind in ends:
        modules.append(ends[schema.target.kind])
    target = schema.target
    about = {"kind": target.kind, "column": target.column, "labels": list(target.labels)}
    return program_of("classify", fitted, modules, about)


def _scaled(module: Any, fitted: Fitted) -> nn.Linear:
    """The last map, with the temperature, or the unit of a number, in its weights."""
    target = fitted.schema.target
    output: nn.Linear = copy.deepcopy(module)
    with torch.no_grad():
        if target.kind == "regression":
            output.weight.mul_(target.deviation)
            output.bias.mul_(target.deviation).add_(target.mean)
        elif target.kind == "multiclass":
            temperature = float(cast("SequenceClassifier", fitted.model).temperature)
            output.weight.div_(temperature)
            output.bias.div_(temperature)
    return output
