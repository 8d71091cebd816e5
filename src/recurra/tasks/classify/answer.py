"""What a classifier says: probabilities, or numbers."""

from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from recurra.experiment.examples import Part, run_over
from recurra.experiment.task import Fitted
from recurra.models.classifier import SequenceClassifier

Answer = Float[np.ndarray, "rows outputs"]
"""Probabilities of the classes; of numbers the number."""


def answer(fitted: Fitted, part: Part) -> Answer:
    """Probabilities of the classes for each row; of numbers the number."""
    target, found = fitted.schema.target, raw(fitted.model, fitted.config, part)
    if target.kind == "regression":
        numbers: Answer = found * target.deviation + target.mean
        return numbers
    scaled = torch.from_numpy(found) / float(cast("SequenceClassifier", fitted.model).temperature)
    shares: Answer = (scaled.sigmoid() if target.kind == "multilabel" else scaled.softmax(dim=-1)).numpy()
    return shares


def raw(model: nn.Module, config: Any, part: Part) -> Answer:
    """What the net puts out for each row."""
    rows = run_over(model, part, config, lambda net, one: net(one).float().cpu().double().numpy())
    stacked: Answer = np.stack(rows)
    return stacked
