"""A fitted classifier as a stream program: after every step what it would say if the sequence ended there."""

import copy
from typing import Any, cast

import torch
from torch import nn

from recurra.errors import ConfigError
from recurra.experiment.exporting import of_examples
from recurra.experiment.labelling import program_of
from recurra.experiment.task import Fitted
from recurra.export.exportable import Exportable
from recurra.models.classifier import SequenceClassifier
from recurra.streaming import Program

_ENDS: dict[str, nn.Module] = {"multiclass": nn.Softmax(dim=-1), "multilabel": nn.Sigmoid()}


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
    if schema.target.kind in _ENDS:
        modules.append(_ENDS[schema.target.kind])
    return program_of("classify", fitted, modules, _about(fitted))


def exportable(fitted: Fitted) -> Exportable:
    """A fitted classifier as exports need it.

    Raises:
        ConfigError: Something stands before the net that only its own code does.
    """
    target = fitted.schema.target
    output = _scaled(cast("SequenceClassifier", fitted.model).averaging_output(), fitted)
    of_number = f"{target.column}, a number"
    told = of_number if target.kind == "regression" else f"the probability of each {target.column}"
    return of_examples(
        fitted,
        nn.Sequential(output, _ENDS.get(target.kind, nn.Identity())),
        program,
        _about(fitted),
        gives=f"{told}, if the sequence ended there.",
        tells=f"{told} of each row.",
        outputs=(target.column,) if target.kind == "regression" else tuple(map(str, target.labels)),
    )


def _about(fitted: Fitted) -> dict[str, Any]:
    target = fitted.schema.target
    return {"kind": target.kind, "column": target.column, "labels": list(target.labels)}


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
